//! The traits that an engine implements.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::document::DocumentCatalog;

use crate::document::{Commands, SessionId};
use crate::{
    Applied, HistoryChange, HistoryEntry, IndexUse, Inventory, JournalEntry, Result, Source, Statement, Step,
    Verdict, Watch,
};

/// What an engine is connected to; nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerDescription {
    /// The product: `PostgreSQL`, `SQLite`.
    pub product: String,
    /// The server's version, as it says it: `15.18`.
    pub version: String,
    /// The database's name, or the file's path.
    pub database: String,
    /// Where it is: `127.0.0.1:5432`, a socket's folder, or `embedded`.
    pub location: String,
    /// The user, where there is one.
    pub user: Option<String>,
    /// Whether the connection is encrypted; none where there is no connection to encrypt.
    pub encrypted: Option<bool>,
}

/// Which part of a database a project manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The database schemas, the default one first.
    pub schemas: Vec<String>,
}

/// How large a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSize {
    /// Its rows.
    pub rows: u64,
    /// Whether the rows were counted, or taken from the server's statistics.
    pub is_exact: bool,
    /// Its size on disk with its indexes, in bytes; none where the engine does not keep account of it.
    pub bytes: Option<u64>,
}

/// What a writing transaction locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// The tables that it works on, each as strongly as the statement needs.
    Tables,
    /// The whole database, against other writers.
    Database,
}

/// A connected datastore.
///
/// Whimbrel keeps tables of its own in it: `whimbrel_history`, one row a migration; `whimbrel_state`, a few
/// documents by key; `whimbrel_journal`, the units of a file that was begun and is not finished; and, where
/// the lock is a lease, `whimbrel_lock`. None appears in an introspected catalogue or an inventory.
#[async_trait]
pub trait Engine: Send {
    /// What it is connected to.
    fn server(&self) -> &ServerDescription;

    /// The word that stands for it in `NAME.<dialect>.sql` and `-- whimbrel:engine <dialect>`: `postgres`, `sqlite`.
    fn dialect(&self) -> &'static str;

    /// The history in the order of application; empty where there is no history table yet.
    /// Changes nothing.
    async fn history(&mut self) -> Result<Vec<HistoryEntry>>;

    /// Makes sure that Whimbrel's tables exist. Says whether it had to make them.
    async fn prepare(&mut self) -> Result<bool>;

    /// The document kept under `key` in `whimbrel_state`; none where there is no such table or key.
    async fn recorded(&mut self, key: &str) -> Result<Option<String>>;

    /// Keeps a document under `key`, in place of the one before.
    async fn record(&mut self, key: &str, document: &str) -> Result<()>;

    /// Takes the deployers' lock, waiting `timeout` at most.
    ///
    /// # Errors
    /// [`crate::EngineError::LockTimeout`] names the holder as far as it is known.
    async fn lock(&mut self, timeout: Duration) -> Result<()>;

    /// Tells the others that this deployer still works. Call it in every pause.
    ///
    /// # Errors
    /// [`crate::EngineError::LockLost`] where the lock has passed to another.
    async fn keep_lock(&mut self) -> Result<()>;

    /// Gives the deployers' lock back.
    async fn unlock(&mut self) -> Result<()>;

    /// The journal of a file that cannot be one transaction.
    fn journal(&mut self) -> &mut dyn Journal;

    /// Changes the history alone, one transaction for all entries (`migrate baseline`).
    async fn mark(&mut self, entries: &[HistoryEntry]) -> Result<()>;

    /// What stands in the database.
    async fn inventory(&mut self, scope: &Scope) -> Result<Inventory>;

    /// Every index with its size and use, those of constraints too, sorted by table and name. Whimbrel's own are left out.
    async fn index_use(&mut self, scope: &Scope) -> Result<Vec<IndexUse>>;

    /// Drops everything in scope, Whimbrel's own tables included, and says in words what it dropped.
    async fn clear(&mut self, scope: &Scope) -> Result<Vec<String>>;

    /// An empty private database of the same kind that vanishes with the value, where that costs next to
    /// nothing. Migrations are replayed in it to see what they build.
    async fn scratch(&self) -> Result<Option<Box<dyn Engine>>>;

    /// An empty database of the same kind beside the connected one, made for a proof whatever that costs. It is
    /// given back with [`Engine::drop_beside`].
    async fn beside(&self) -> Result<Box<dyn Engine>>;

    /// Drops a database that [`Engine::beside`] made.
    async fn drop_beside(&self, beside: Box<dyn Engine>) -> Result<()>;

    /// The relational side, where the data model is relational.
    fn relational(&mut self) -> Option<&mut dyn Relational>;

    /// The document side, where the data model is documents.
    fn documents(&mut self) -> Option<&mut dyn Documents>;
}

/// Running a file that cannot be one transaction, unit by unit, so that a run after a crash goes on where
/// the one before ended. Call it under the lock only.
#[async_trait]
pub trait Journal: Send {
    /// The rows of the journal by position; empty where no file is unfinished. Changes nothing.
    async fn entries(&mut self) -> Result<Vec<JournalEntry>>;

    /// Writes a row in place of the one before: an intent, or that a statement outside a transaction stands.
    async fn write(&mut self, entry: &JournalEntry) -> Result<()>;

    /// Changes the history and empties the journal, in one transaction.
    async fn finish(&mut self, change: &HistoryChange, duration_ms: i64) -> Result<()>;

    /// Empties the journal.
    async fn discard(&mut self) -> Result<()>;
}

/// What an engine adds that has statements which cannot run in a transaction.
#[async_trait]
pub trait OutsideTransactions: Send {
    /// Runs a statement outside a transaction, waiting for locks as long as it takes.
    async fn run_outside(
        &mut self,
        source: &Source,
        statement: &Statement,
        watch: &mut dyn Watch,
    ) -> Result<Applied>;

    /// What the catalogue says of a statement outside a transaction.
    ///
    /// # Errors
    /// The statement names nothing that could be looked for.
    async fn verify(&mut self, source: &Source, statement: &Statement) -> Result<Verdict>;

    /// Clears away what a crash has left, as [`Verdict::Broken`] says.
    async fn repair(&mut self, statements: &[String]) -> Result<()>;
}

/// What a relational engine adds.
#[async_trait]
pub trait Relational: Send {
    /// Runs a step: its statements and its change to the history are one transaction.
    async fn apply(&mut self, step: &Step, watch: &mut dyn Watch) -> Result<Applied>;

    /// Runs statements in one transaction together with the journal's row. The rows that they changed and
    /// the time that they took are added to those that the row brings.
    async fn run_together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        entry: &JournalEntry,
        watch: &mut dyn Watch,
    ) -> Result<Applied>;

    /// Runs statements that belong to no migration in one transaction: neither history nor journal tells of them.
    async fn run_unrecorded(
        &mut self,
        source: &Source,
        statements: &[Statement],
        watch: &mut dyn Watch,
    ) -> Result<Applied>;

    /// What says of a statement whether it cannot run in a transaction here.
    fn runs_outside(&self) -> fn(&Statement) -> bool;

    /// Running statements outside a transaction, where the engine has such statements.
    fn outside_transactions(&mut self) -> Option<&mut dyn OutsideTransactions>;

    /// The statements that the steps would run, a list a step, as this engine would send them. Changes nothing.
    async fn preview(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>>;

    /// The catalogue of the whole scope as the engine prints it, sorted, Whimbrel's own tables left out.
    async fn introspect(&mut self, scope: &Scope) -> Result<Catalog>;

    /// The desired catalogue as this engine would print it: every object is built in a scratch place that is
    /// gone afterwards, and read back. `introspect` after applying `desired` gives an equal catalogue.
    async fn normalise(&mut self, desired: &Catalog) -> Result<Catalog>;

    /// The rows of one query, written in PostgreSQL's SQL, each value as text. Changes nothing.
    ///
    /// # Errors
    /// The engine refuses the query, or it is none.
    async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>>;

    /// What a statement keeps others waiting for.
    fn locking(&self) -> Locking;

    /// How large a table is; none where there is no such table. Large tables are estimated.
    async fn table_size(&mut self, table: &QualifiedName) -> Result<Option<TableSize>>;

    /// How far the slowest replica is behind; none where there is no replica, or the user may not see it.
    async fn replica_lag(&mut self) -> Result<Option<Duration>>;
}

/// What a document engine adds.
#[async_trait]
pub trait Documents: Send {
    /// What answers the commands of scripts, and of everything that is built on commands alone.
    fn commands(&self) -> Arc<dyn Commands>;

    /// The collections as they stand, sorted, in the form that [`whimbrel_schema::document`] fixes; Whimbrel's own
    /// are left out.
    async fn introspect(&mut self) -> Result<DocumentCatalog>;

    /// Changes the history: in a session's open transaction where one is given, else at once. The duration is in
    /// milliseconds.
    async fn change_history(
        &mut self,
        change: &HistoryChange,
        duration_ms: i64,
        session: Option<SessionId>,
    ) -> Result<()>;

    /// Writes rows of the journal in their order, each in place of the one that stands at its position: in a session's open
    /// transaction where one is given, else at once.
    async fn write_journal(&mut self, entries: &[JournalEntry], session: Option<SessionId>) -> Result<()>;

    /// Writes into the lock that a transaction is about to be opened in this session: should this deployer die, whoever
    /// takes the lock over ends it, and need not wait until the server does.
    ///
    /// # Errors
    /// [`crate::EngineError::LockLost`] where the lock has passed to another.
    async fn announce(&mut self, session: SessionId) -> Result<()>;

    /// Makes sure that the lock is still this deployer's. Within a session's transaction it is made sure that the
    /// transaction cannot be committed once the lock has passed on.
    ///
    /// # Errors
    /// [`crate::EngineError::LockLost`] where the lock has passed to another.
    async fn fence(&mut self, session: Option<SessionId>) -> Result<()>;
}
