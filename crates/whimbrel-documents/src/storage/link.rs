//! One connection to the file, and the catalogue as it last saw it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use whimbrel_engine::EngineError;

use super::Outcome;
use super::failure::{classify, is_busy};
use crate::catalog::Catalog;
use crate::options::Synchronous;

/// Says that a file is ours: "WHDO".
const APPLICATION_ID: i64 = 0x5748_444f;

/// The form of the tables; a file of a later form is not touched.
const FORMAT: i64 = 1;

/// The page size that measured best for documents of up to a few kilobytes.
const PAGE_SIZE_BYTES: u32 = 8192;

/// Pages that one connection keeps, in KiB; they are taken as they are read.
const CACHE_KIB: u32 = 64 * 1024;

/// Pages that the log may hold before a writer moves them into the file.
const CHECKPOINT_PAGES: u32 = 4000;

/// Statements that a connection keeps prepared: a few for each table of a usual project.
const PREPARED_STATEMENTS: usize = 512;

const TABLES: &str = "
    CREATE TABLE format (version INTEGER NOT NULL);
    CREATE TABLE collections (
        id INTEGER PRIMARY KEY AUTOINCREMENT, database TEXT NOT NULL, name TEXT NOT NULL,
        uuid BLOB NOT NULL, options BLOB NOT NULL, UNIQUE (database, name)
    );
    CREATE TABLE indexes (
        id INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, name TEXT NOT NULL,
        spec BLOB NOT NULL, is_multikey INTEGER NOT NULL, UNIQUE (collection, name)
    );";

/// Where the file is, and how it is opened.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) path: PathBuf,
    pub(crate) synchronous: Synchronous,
    pub(crate) busy_timeout: Duration,
    pub(crate) read_only: bool,
}

impl Place {
    /// The path, in messages.
    pub(crate) fn text(&self) -> String {
        self.path.display().to_string()
    }
}

/// The pause before a file is opened again that another process makes.
const BETWEEN_OPENINGS: Duration = Duration::from_millis(5);

/// A file that could not be opened.
struct Opening {
    /// Whether another process is at it.
    is_busy: bool,
    error: EngineError,
}

impl From<EngineError> for Opening {
    fn from(error: EngineError) -> Self {
        Opening { is_busy: false, error }
    }
}

/// One connection.
pub(crate) struct Link {
    pub(crate) sqlite: Connection,
    catalog: Option<(i64, Arc<Catalog>)>,
}

impl Link {
    /// Opens a connection to a file that stands.
    ///
    /// # Errors
    /// The file cannot be opened, or is not ours.
    pub(crate) fn open(place: &Place) -> Result<Self, EngineError> {
        let failed = |error: rusqlite::Error| classify(&error, &place.text(), "opening it");
        let write = if place.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE
        };
        let flags = write | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let sqlite = Connection::open_with_flags(&place.path, flags).map_err(failed)?;
        configure(&sqlite, place).map_err(failed)?;
        Ok(Self { sqlite, catalog: None })
    }

    /// Makes the file where there is none, and says whether it is one of ours otherwise.
    ///
    /// # Errors
    /// The file is missing and shall not be made, holds something else, or was written by a later version.
    pub(crate) fn prepare(place: &Place, create: bool) -> Result<(), EngineError> {
        let begun = Instant::now();
        loop {
            match Self::prepare_once(place, create) {
                // Another process makes the file just now; the busy handler does not cover all of that.
                Err(Opening { is_busy: true, .. }) if begun.elapsed() < place.busy_timeout => {
                    std::thread::sleep(BETWEEN_OPENINGS);
                }
                outcome => return outcome.map_err(|opening| opening.error),
            }
        }
    }

    fn prepare_once(place: &Place, create: bool) -> Result<(), Opening> {
        let exists = place.path.exists();
        if !exists && (!create || place.read_only) {
            let reason = "there is no such file".to_owned();
            return Err(EngineError::Unusable { product: "SQLite", database: place.text(), reason }.into());
        }
        if !exists {
            make_folder(&place.path, place)?;
        }
        let failed = |error: rusqlite::Error| Opening {
            is_busy: is_busy(&error),
            error: classify(&error, &place.text(), "opening it"),
        };
        let flags = if place.read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let sqlite = Connection::open_with_flags(&place.path, flags).map_err(failed)?;
        sqlite.busy_timeout(place.busy_timeout).map_err(failed)?;
        // In this order: both are written by one transaction, which may come in between.
        let tables: i64 =
            sqlite.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
        let application: i64 =
            sqlite.query_row("PRAGMA application_id", [], |row| row.get(0)).map_err(failed)?;
        if application != APPLICATION_ID && tables > 0 {
            return Err(unusable(place, "it holds tables that are not a document database's").into());
        }
        if tables == 0 && !place.read_only {
            make_tables(&sqlite).map_err(failed)?;
        }
        let format: i64 =
            sqlite.query_row("SELECT version FROM format", [], |row| row.get(0)).map_err(failed)?;
        if format > FORMAT {
            let reason = format!("a newer version of whimbrel wrote it (format {format})");
            return Err(unusable(place, &reason).into());
        }
        Ok(())
    }

    /// Runs a statement that is kept prepared.
    pub(crate) fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Outcome<usize> {
        Ok(self.sqlite.prepare_cached(sql)?.execute(parameters)?)
    }

    /// The catalogue as this transaction sees it.
    pub(crate) fn catalog(&mut self) -> Outcome<Arc<Catalog>> {
        let version = self.catalog_version()?;
        if let Some((known, catalog)) = &self.catalog
            && *known == version
        {
            return Ok(Arc::clone(catalog));
        }
        let catalog = Arc::new(Catalog::load(&self.sqlite)?);
        self.catalog = Some((version, Arc::clone(&catalog)));
        Ok(catalog)
    }

    /// Notes that this transaction has changed the catalogue, for every connection to see.
    pub(crate) fn catalog_changed(&mut self) -> Outcome<()> {
        let next = (self.catalog_version()? + 1) & 0x7fff_ffff;
        self.sqlite.pragma_update(None, "user_version", next)?;
        self.catalog = None;
        Ok(())
    }

    /// Opens a transaction: a writer's takes the lock at once.
    pub(crate) fn begin(&self, is_writer: bool) -> Outcome<()> {
        self.execute(if is_writer { "BEGIN IMMEDIATE" } else { "BEGIN" }, [])?;
        Ok(())
    }

    /// Ends the transaction with effect.
    pub(crate) fn commit(&self) -> Outcome<()> {
        self.execute("COMMIT", [])?;
        Ok(())
    }

    /// Ends the transaction without effect.
    pub(crate) fn rollback(&mut self) {
        self.catalog = None;
        // SQLite has ended it already where the disk is full or the file is broken.
        if !self.sqlite.is_autocommit() {
            drop(self.execute("ROLLBACK", []));
        }
    }

    fn catalog_version(&self) -> Outcome<i64> {
        Ok(self.sqlite.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?)
    }
}

fn configure(sqlite: &Connection, place: &Place) -> rusqlite::Result<()> {
    sqlite.busy_timeout(place.busy_timeout)?;
    sqlite.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    let synchronous = match place.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
        Synchronous::Off => "OFF",
    };
    sqlite.execute_batch(&format!(
        "PRAGMA synchronous = {synchronous}; PRAGMA cache_size = -{CACHE_KIB}; PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))
}

fn make_folder(path: &Path, place: &Place) -> Result<(), EngineError> {
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| EngineError::NotWritable {
        database: place.text(),
        doing: "making its folder".to_owned(),
        reason: error.to_string(),
    })
}

fn unusable(place: &Place, reason: &str) -> EngineError {
    EngineError::Unusable { product: "document", database: place.text(), reason: reason.to_owned() }
}

/// Makes the tables once, whichever of several processes comes first.
fn make_tables(sqlite: &Connection) -> rusqlite::Result<()> {
    sqlite.pragma_update(None, "page_size", PAGE_SIZE_BYTES)?;
    sqlite.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    sqlite.execute_batch("BEGIN IMMEDIATE")?;
    let tables: i64 = sqlite.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables == 0 {
        sqlite.execute_batch(TABLES)?;
        sqlite.execute("INSERT INTO format (version) VALUES (?)", [FORMAT])?;
        sqlite.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    sqlite.execute_batch("COMMIT")
}
