//! The engine: transactions, history, documents, lock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::Connection;
use whimbrel_engine::{
    Engine, EngineError, HistoryChange, HistoryEntry, Inventory, Relational, Result, Scope,
    ServerDescription, Step,
};

use crate::connection::{self, Location, SqliteOptions, classify};
use crate::ledger::{self, HISTORY};
use crate::lock::{self, DeployLock};
use crate::trouble::Trouble;
use crate::workspace::Workspace;
use crate::{PRODUCT, clear, interpret, inventory};

/// A SQLite database as a relational engine.
#[derive(Debug)]
pub struct Sqlite {
    options: SqliteOptions,
    server: ServerDescription,
    /// None until the first write, where the file does not exist and was not to be made at once.
    connection: Mutex<Option<Connection>>,
    lock: Option<DeployLock>,
}

impl Sqlite {
    /// Opens a database.
    ///
    /// # Errors
    /// [`EngineError::NotWritable`] and [`EngineError::Unusable`] say what is wrong with the file or its folder.
    pub fn open(options: &SqliteOptions) -> Result<Self> {
        let exists = match &options.location {
            Location::Memory => true,
            Location::File(path) => path.exists(),
        };
        let connection = (exists || (options.create && !options.read_only))
            .then(|| connection::open(options))
            .transpose()?;
        let server = ServerDescription {
            product: PRODUCT.to_owned(),
            version: rusqlite::version().to_owned(),
            database: options.display(),
            location: "embedded".to_owned(),
            user: None,
            encrypted: None,
        };
        Ok(Sqlite { options: options.clone(), server, connection: Mutex::new(connection), lock: None })
    }

    /// Lets the database grow to so many pages and no further; beyond, a write fails as on a full disk.
    ///
    /// # Errors
    /// SQLite's, where it does not take the limit.
    pub fn limit_pages(&mut self, pages: u32) -> Result<()> {
        let database = self.database();
        let connection = self.writer()?;
        connection
            .query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .map_err(|error| classify(&error, &database, "limiting its size"))
    }

    /// The connection for reading; none where there is no file yet.
    pub(crate) fn reader(&mut self) -> Result<Option<&Connection>> {
        let missing = self.slot().is_none();
        if missing && matches!(&self.options.location, Location::File(path) if path.exists()) {
            let opened = connection::open(&self.options)?;
            *self.slot() = Some(opened);
        }
        Ok(self.slot().as_ref())
    }

    /// The connection for writing; the file is made where it does not exist.
    pub(crate) fn writer(&mut self) -> Result<&Connection> {
        if self.options.read_only {
            return Err(EngineError::NotWritable {
                database: self.options.display(),
                doing: "opening it for writing".to_owned(),
                reason: "it was opened for reading only".to_owned(),
            });
        }
        if self.slot().is_none() {
            let opened = connection::open(&self.options)?;
            *self.slot() = Some(opened);
        }
        Ok(self.slot().as_ref().expect("the connection was opened just before"))
    }

    fn slot(&mut self) -> &mut Option<Connection> {
        self.connection.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(crate) fn database(&self) -> String {
        self.options.display()
    }

    fn prepare_now(&mut self) -> Result<bool> {
        let database = self.database();
        let connection = self.writer()?;
        transaction(connection, ledger::prepare)
            .map_err(|error| classify(&error, &database, "making whimbrel's tables"))
    }

    fn apply_now(&mut self, step: &Step) -> Result<i64> {
        let database = self.database();
        let connection = self.writer()?;
        let started = Instant::now();
        match attempt(connection, step, &database, true, started) {
            // Foreign keys cannot be switched inside a transaction, so the step begins again without them.
            Err(Attempt::NeedsForeignKeysOff) => attempt(connection, step, &database, false, started),
            other => other,
        }
        .map_err(Attempt::into_error)
    }

    fn preview_now(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>> {
        let database = self.database();
        if self.reader()?.is_none() {
            let empty = connection::open(&SqliteOptions::memory())?;
            return preview(&empty, steps, &database);
        }
        preview(self.writer()?, steps, &database)
    }
}

/// Runs `work` in a transaction of its own, which ends with it.
pub(crate) fn transaction<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = work(connection).and_then(|value| connection.execute_batch("COMMIT").map(|()| value));
    if result.is_err() {
        roll_back(connection);
    }
    result
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit() {
        // SQLite has rolled back by itself where this fails; there is nothing else to undo.
        let _ = connection.execute_batch("ROLLBACK");
    }
}

enum Attempt {
    NeedsForeignKeysOff,
    Failed(EngineError),
}

impl Attempt {
    fn into_error(self) -> EngineError {
        match self {
            Attempt::Failed(error) => error,
            Attempt::NeedsForeignKeysOff => EngineError::Refused {
                doing: "rebuilding a table".to_owned(),
                reason: "foreign keys could not be switched off".to_owned(),
            },
        }
    }
}

/// One attempt at a step; the transaction has ended when it returns.
fn attempt(
    connection: &Connection,
    step: &Step,
    database: &str,
    enforced: bool,
    started: Instant,
) -> std::result::Result<i64, Attempt> {
    let doing = format!("running {}", step.source.name);
    let failed = |error: &rusqlite::Error| Attempt::Failed(classify(error, database, &doing));
    connection.pragma_update(None, "foreign_keys", enforced).map_err(|error| failed(&error))?;
    let result = connection
        .execute_batch("BEGIN IMMEDIATE")
        .map_err(|error| failed(&error))
        .and_then(|()| in_transaction(connection, step, database, enforced, started))
        .and_then(|duration_ms| {
            connection.execute_batch("COMMIT").map(|()| duration_ms).map_err(|error| failed(&error))
        });
    if result.is_err() {
        roll_back(connection);
    }
    if !enforced {
        connection.pragma_update(None, "foreign_keys", true).map_err(|error| failed(&error))?;
    }
    result
}

fn in_transaction(
    connection: &Connection,
    step: &Step,
    database: &str,
    enforced: bool,
    started: Instant,
) -> std::result::Result<i64, Attempt> {
    let doing = format!("recording {}", step.source.name);
    let failed = |error: rusqlite::Error| Attempt::Failed(classify(&error, database, &doing));
    ledger::prepare(connection).map_err(failed)?;
    let mut workspace = Workspace::new(connection, enforced);
    carry_out(&mut workspace, step, database)?;
    if !enforced {
        check_foreign_keys(connection, step, database)?;
    }
    let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    let unknown = ledger::change(connection, &step.history, duration_ms).map_err(failed)?;
    if let Some(version) = unknown {
        return Err(Attempt::Failed(EngineError::Refused {
            doing,
            reason: format!("the history has no version {version}"),
        }));
    }
    Ok(duration_ms)
}

fn carry_out(workspace: &mut Workspace<'_>, step: &Step, database: &str) -> std::result::Result<(), Attempt> {
    for (position, statement) in step.statements.iter().enumerate() {
        workspace.position = position;
        interpret::carry_out(workspace, &statement.sql).map_err(|trouble| match trouble {
            Trouble::NeedsForeignKeysOff => Attempt::NeedsForeignKeysOff,
            other => Attempt::Failed(other.in_statement(&step.source, statement, database)),
        })?;
    }
    workspace.settle().map_err(|(position, trouble)| {
        Attempt::Failed(trouble.in_statement(&step.source, &step.statements[position], database))
    })?;
    workspace.write_notes().map_err(|error| {
        Attempt::Failed(classify(&error, database, &format!("noting what {} made", step.source.name)))
    })
}

/// Where foreign keys were off, every row must refer to one that is there before the commit.
fn check_foreign_keys(
    connection: &Connection,
    step: &Step,
    database: &str,
) -> std::result::Result<(), Attempt> {
    let broken = first_violation(connection)
        .map_err(|error| Attempt::Failed(classify(&error, database, "checking foreign keys")))?;
    match broken {
        None => Ok(()),
        Some((table, references, count)) => Err(Attempt::Failed(EngineError::Refused {
            doing: format!("running {}", step.source.name),
            reason: format!(
                "{count} rows of `{table}` refer to rows of `{references}` that do not exist; nothing of the file stands. \
                 A file that both alters tables and deletes or renumbers rows that others refer to must be split in two: \
                 SQLite rebuilds tables with foreign keys off, so ON DELETE and ON UPDATE do nothing in it"
            ),
        })),
    }
}

fn first_violation(connection: &Connection) -> rusqlite::Result<Option<(String, String, u64)>> {
    let mut statement = connection.prepare(
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 1",
    )?;
    let mut rows = statement.query([])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let count: i64 = row.get(2)?;
    Ok(Some((row.get(0)?, row.get(1)?, count.unsigned_abs())))
}

/// Runs the steps in a transaction that is always rolled back.
fn preview(connection: &Connection, steps: &[Step], database: &str) -> Result<Vec<Vec<String>>> {
    let failed = |error: &rusqlite::Error| classify(error, database, "previewing the migration");
    connection.pragma_update(None, "foreign_keys", false).map_err(|error| failed(&error))?;
    let result = connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| failed(&error)).and_then(|()| {
        ledger::prepare(connection).map_err(|error| failed(&error))?;
        steps
            .iter()
            .map(|step| {
                let mut workspace = Workspace::new(connection, false);
                carry_out(&mut workspace, step, database).map_err(Attempt::into_error)?;
                Ok(workspace.script())
            })
            .collect()
    });
    roll_back(connection);
    connection.pragma_update(None, "foreign_keys", true).map_err(|error| failed(&error))?;
    result
}

#[async_trait]
impl Engine for Sqlite {
    fn server(&self) -> &ServerDescription {
        &self.server
    }

    fn dialect(&self) -> &'static str {
        "sqlite"
    }

    async fn history(&mut self) -> Result<Vec<HistoryEntry>> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(Vec::new()) };
        let stored = ledger::history(connection)
            .map_err(|error| classify(&error, &database, "reading the history"))?;
        stored
            .into_iter()
            .map(|(entry, unknown)| match unknown {
                None => Ok(entry),
                Some(word) => Err(EngineError::UnreadableHistory {
                    table: HISTORY,
                    reason: format!("version {} has the kind `{word}`", entry.version),
                }),
            })
            .collect()
    }

    async fn prepare(&mut self) -> Result<bool> {
        self.prepare_now()
    }

    async fn recorded(&mut self, key: &str) -> Result<Option<String>> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(None) };
        ledger::document(connection, key)
            .map_err(|error| classify(&error, &database, "reading whimbrel_state"))
    }

    async fn record(&mut self, key: &str, document: &str) -> Result<()> {
        let database = self.database();
        let connection = self.writer()?;
        transaction(connection, |connection| {
            ledger::prepare(connection)?;
            ledger::keep(connection, key, document)
        })
        .map_err(|error| classify(&error, &database, "writing whimbrel_state"))
    }

    async fn lock(&mut self, timeout: Duration) -> Result<()> {
        let Location::File(path) = &self.options.location else { return Ok(()) };
        if self.lock.is_some() {
            return Ok(());
        }
        let path = path.clone();
        let until = Instant::now() + timeout;
        loop {
            if let Some(lock) = lock::attempt(&path)? {
                self.lock = Some(lock);
                return Ok(());
            }
            match lock::pause(until) {
                Some(pause) => std::thread::sleep(pause),
                None => return Err(EngineError::LockTimeout { holder: lock::holder(&path) }),
            }
        }
    }

    async fn unlock(&mut self) -> Result<()> {
        let database = self.database();
        match self.lock.take() {
            Some(lock) => lock.release().map_err(|error| EngineError::NotWritable {
                database,
                doing: "giving the lock back".to_owned(),
                reason: error.to_string(),
            }),
            None => Ok(()),
        }
    }

    async fn apply(&mut self, step: &Step) -> Result<i64> {
        self.apply_now(step)
    }

    async fn mark(&mut self, entries: &[HistoryEntry]) -> Result<()> {
        let database = self.database();
        let connection = self.writer()?;
        transaction(connection, |connection| {
            ledger::prepare(connection)?;
            entries.iter().try_for_each(|entry| ledger::insert(connection, entry, 0))
        })
        .map_err(|error| classify(&error, &database, "changing the history"))
    }

    async fn preview(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>> {
        self.preview_now(steps)
    }

    fn table_statements(&self) -> Vec<String> {
        ledger::table_statements()
    }

    fn history_statement(&self, change: &HistoryChange) -> String {
        ledger::change_statement(change)
    }

    async fn inventory(&mut self, _scope: &Scope) -> Result<Inventory> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(Inventory::default()) };
        inventory::inventory(connection).map_err(|error| classify(&error, &database, "counting rows"))
    }

    async fn clear(&mut self, _scope: &Scope) -> Result<Vec<String>> {
        let database = self.database();
        if self.reader()?.is_none() {
            return Ok(Vec::new());
        }
        let connection = self.writer()?;
        clear::clear(connection).map_err(|error| classify(&error, &database, "dropping everything"))
    }

    async fn beside(&self) -> Result<Box<dyn Engine>> {
        Ok(Box::new(Sqlite::open(&SqliteOptions::memory())?))
    }

    async fn drop_beside(&self, beside: Box<dyn Engine>) -> Result<()> {
        drop(beside);
        Ok(())
    }

    async fn scratch(&self) -> Result<Option<Box<dyn Engine>>> {
        Ok(Some(Box::new(Sqlite::open(&SqliteOptions::memory())?)))
    }

    fn relational(&mut self) -> Option<&mut dyn Relational> {
        Some(self)
    }
}
