//! The engine: transactions, history, documents, lock.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rusqlite::Connection;
use whimbrel_engine::{
    Applied, Documents, Engine, EngineError, HistoryEntry, IndexUse, Inventory, Journal, Relational, Result,
    Scope, ServerDescription, Source, Statement, Step,
};

use crate::connection::{self, Location, SqliteOptions, classify};
use crate::ledger::{self, HISTORY};
use crate::lock::{self, Lease};
use crate::transaction::{self, Closing};
use crate::{PRODUCT, clear, index_use, inventory};

/// A SQLite database as a relational engine.
#[derive(Debug)]
pub struct Sqlite {
    options: SqliteOptions,
    server: ServerDescription,
    /// None until the first write, where the file does not exist and was not to be made at once.
    connection: Mutex<Option<Connection>>,
    lease: Option<Lease>,
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
        Ok(Sqlite { options: options.clone(), server, connection: Mutex::new(connection), lease: None })
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

    /// Runs statements in one transaction that ends with the closing.
    pub(crate) fn run_transaction(
        &mut self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
    ) -> Result<Applied> {
        let database = self.database();
        let lease = self.lease.clone();
        let connection = self.writer()?;
        let work =
            transaction::Work { source, statements, closing, lease: lease.as_ref(), database: &database };
        work.run(connection)
    }

    /// Writes in a transaction of its own that renews the lease, where one is held.
    pub(crate) fn write_fenced(
        &mut self,
        doing: &str,
        work: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        let database = self.database();
        let lease = self.lease.clone();
        let connection = self.writer()?;
        let written = transaction(connection, |connection| {
            if let Some(lease) = &lease
                && !lock::renew(connection, lease)?
            {
                return Ok(false);
            }
            work(connection).map(|()| true)
        });
        match written {
            Ok(true) => Ok(()),
            Ok(false) => Err(lock::lost(connection)),
            Err(error) => Err(classify(&error, &database, doing)),
        }
    }

    pub(crate) fn preview_now(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>> {
        let database = self.database();
        if self.reader()?.is_none() {
            let empty = connection::open(&SqliteOptions::memory())?;
            return transaction::preview(&empty, steps, &database);
        }
        transaction::preview(self.writer()?, steps, &database)
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        let Some(lease) = self.lease.take() else { return };
        if let Some(connection) = self.slot() {
            // Where this fails the others wait until the lease runs out, or this process has ended.
            let _ = lock::release(connection, &lease);
        }
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
        transaction::roll_back(connection);
    }
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
        self.write_fenced("writing whimbrel_state", |connection| {
            ledger::prepare(connection)?;
            ledger::keep(connection, key, document)
        })
    }

    async fn lock(&mut self, timeout: Duration) -> Result<()> {
        if self.options.location == Location::Memory || self.lease.is_some() {
            return Ok(());
        }
        let database = self.database();
        let lasts = self.options.lease;
        let until = Instant::now() + timeout;
        loop {
            match lock::attempt(self.writer()?, &database, lasts)? {
                lock::Attempt::Taken(lease) => {
                    self.lease = Some(lease);
                    return Ok(());
                }
                lock::Attempt::Held(holder) => match lock::pause(until) {
                    Some(pause) => std::thread::sleep(pause),
                    None => return Err(EngineError::LockTimeout { holder }),
                },
            }
        }
    }

    async fn keep_lock(&mut self) -> Result<()> {
        match self.lease {
            Some(_) => self.write_fenced("keeping the migration lock", |_| Ok(())),
            None => Ok(()),
        }
    }

    async fn unlock(&mut self) -> Result<()> {
        let Some(lease) = self.lease.take() else { return Ok(()) };
        let database = self.database();
        let connection = self.writer()?;
        lock::release(connection, &lease)
            .map_err(|error| classify(&error, &database, "giving the migration lock back"))
    }

    fn journal(&mut self) -> &mut dyn Journal {
        self
    }

    async fn mark(&mut self, entries: &[HistoryEntry]) -> Result<()> {
        self.write_fenced("changing the history", |connection| {
            ledger::prepare(connection)?;
            entries.iter().try_for_each(|entry| ledger::insert(connection, entry, 0))
        })
    }

    async fn inventory(&mut self, _scope: &Scope) -> Result<Inventory> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(Inventory::default()) };
        inventory::inventory(connection).map_err(|error| classify(&error, &database, "counting rows"))
    }

    async fn index_use(&mut self, _scope: &Scope) -> Result<Vec<IndexUse>> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(Vec::new()) };
        index_use::index_use(connection).map_err(|error| classify(&error, &database, "measuring the indexes"))
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

    fn documents(&mut self) -> Option<&mut dyn Documents> {
        None
    }
}
