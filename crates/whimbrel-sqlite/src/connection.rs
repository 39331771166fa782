//! Opening a database file, and telling SQLite's failures apart.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use whimbrel_engine::{EngineError, Result};

use crate::{PRODUCT, register_functions};

/// How long a lease holds unless it is renewed, unless said otherwise.
const LEASE: Duration = Duration::from_secs(15);

/// How much is forced to the disk at a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// Everything: a commit survives a power failure.
    #[default]
    Full,
    /// Less: after a power failure the last commits may be missing, never half of one.
    Normal,
}

/// Where the database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A file.
    File(PathBuf),
    /// Memory: gone with the connection.
    Memory,
}

/// How to open a SQLite database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    /// Where it is.
    pub location: Location,
    /// How much is forced to the disk at a commit.
    pub synchronous: Synchronous,
    /// How long to wait for another connection's write.
    pub busy_timeout: Duration,
    /// How long the deployers' lock holds unless a transaction renews it.
    pub lease: Duration,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// Whether to make the file and its folder at once. Otherwise the first write makes them,
    /// and until then the database reads as empty.
    pub create: bool,
}

impl SqliteOptions {
    /// A file, made with its folder where it does not exist.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        SqliteOptions { location: Location::File(path.into()), ..SqliteOptions::memory() }
    }

    /// A database in memory.
    #[must_use]
    pub fn memory() -> Self {
        SqliteOptions {
            location: Location::Memory,
            synchronous: Synchronous::Full,
            busy_timeout: Duration::from_secs(5),
            lease: LEASE,
            read_only: false,
            create: true,
        }
    }

    /// The file's path, or `:memory:`.
    #[must_use]
    pub fn display(&self) -> String {
        match &self.location {
            Location::File(path) => path.display().to_string(),
            Location::Memory => ":memory:".to_owned(),
        }
    }
}

/// Bigger pages are faster to scan and keep wide rows whole.
const PAGE_SIZE_BYTES: u32 = 8192;

pub(crate) fn open(options: &SqliteOptions) -> Result<Connection> {
    let database = options.display();
    let connection = match &options.location {
        Location::Memory => Connection::open_in_memory(),
        Location::File(path) => open_file(path, options, &database)?,
    };
    let connection = connection.map_err(|error| classify(&error, &database, "opening it"))?;
    configure(&connection, options).map_err(|error| classify(&error, &database, "opening it"))?;
    Ok(connection)
}

fn open_file(path: &Path, options: &SqliteOptions, database: &str) -> Result<rusqlite::Result<Connection>> {
    if path.is_dir() {
        return Err(unusable(database, "it is a folder"));
    }
    let access = if options.read_only {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    } else {
        make_folder(path, database)?;
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    };
    Ok(Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX))
}

fn make_folder(path: &Path, database: &str) -> Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| EngineError::NotWritable {
        database: database.to_owned(),
        doing: format!("making the folder {}", folder.display()),
        reason: error.to_string(),
    })
}

fn configure(connection: &Connection, options: &SqliteOptions) -> rusqlite::Result<()> {
    connection.busy_timeout(options.busy_timeout)?;
    // A misspelt column in double quotes must be an error, not a text.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_prepared_statement_cache_capacity(64);
    register_functions(connection)?;
    // Reads the header: this is where a file that is no database is found out.
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if !options.read_only {
        if tables == 0 {
            connection.pragma_update(None, "page_size", PAGE_SIZE_BYTES)?;
        }
        if options.location != Location::Memory {
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        }
    }
    let synchronous = match options.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// What SQLite says, in one line.
pub(crate) fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn unusable(database: &str, reason: impl Into<String>) -> EngineError {
    EngineError::Unusable { product: PRODUCT, database: database.to_owned(), reason: reason.into() }
}

/// The error where the disk, the file or another process is at fault; none where the statement is.
pub(crate) fn classify_disk(error: &rusqlite::Error, database: &str, doing: &str) -> Option<EngineError> {
    let reason = message(error);
    Some(match error.sqlite_error_code()? {
        ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => unusable(database, reason),
        ErrorCode::ReadOnly
        | ErrorCode::DiskFull
        | ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::PermissionDenied => {
            EngineError::NotWritable { database: database.to_owned(), doing: doing.to_owned(), reason }
        }
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => EngineError::Refused {
            doing: doing.to_owned(),
            reason: format!("{reason}: another connection is writing to {database}"),
        },
        _ => return None,
    })
}

pub(crate) fn classify(error: &rusqlite::Error, database: &str, doing: &str) -> EngineError {
    classify_disk(error, database, doing)
        .unwrap_or_else(|| EngineError::Refused { doing: doing.to_owned(), reason: message(error) })
}
