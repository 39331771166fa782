//! The command primitive: MongoDB's own commands and replies, whoever answers them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bson::Document;
use thiserror::Error;

use crate::{EngineError, ServerDescription};

/// The result of a command.
pub type CommandResult<T> = std::result::Result<T, CommandError>;

/// A server-side session that commands may belong to; it holds at most one open transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionId(pub u64);

/// How the servers of a deployment stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server without replication.
    Standalone,
    /// A replica set, of one member or more.
    ReplicaSet,
    /// Shards behind routers.
    Sharded,
    /// No server: the embedded engine.
    Embedded,
}

/// What a deployment is, and what it can do. Found out once, by asking it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What it is connected to.
    pub server: ServerDescription,
    /// How its servers stand to each other.
    pub topology: Topology,
    /// Whether several commands can be one transaction.
    pub transactions: bool,
    /// Whether a collection's options can be changed after it was made (`collMod`).
    pub collection_changes: bool,
    /// Whether changes can be followed.
    pub change_streams: bool,
    /// Whether an index over words can be made.
    pub text_indexes: bool,
    /// Whether an index can be hidden from the planner.
    pub hidden_indexes: bool,
}

/// Why a command did not succeed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The deployment refused the command, or the transaction that it was part of.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// The deployment could not be asked, or it is not known what became of the command.
    #[error(transparent)]
    Engine(Box<EngineError>),
}

/// What a deployment says when it refuses a command.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// MongoDB's error code: 11000.
    pub code: i32,
    /// Its name: `DuplicateKey`.
    pub code_name: String,
    /// The message.
    pub message: String,
    /// The error labels, such as `TransientTransactionError`.
    pub labels: Vec<String>,
    /// The whole reply.
    pub reply: Document,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} {})", self.message, self.code_name, self.code)
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        CommandError::Engine(Box::new(error))
    }
}

impl From<Refusal> for CommandError {
    fn from(refusal: Refusal) -> Self {
        CommandError::Refused(Box::new(refusal))
    }
}

impl CommandError {
    /// The code of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self {
            CommandError::Refused(refusal) => Some(refusal.code),
            CommandError::Engine(_) => None,
        }
    }

    /// Whether a refusal bears this label.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        matches!(self, CommandError::Refused(refusal) if refusal.labels.iter().any(|known| known == label))
    }
}

/// A document database that answers MongoDB's commands.
///
/// The reply is the one of the wire protocol: `ok: 1`, cursors with `firstBatch` and `nextBatch`, and
/// `writeErrors` inside a successful reply. A reply with `ok: 0` comes as [`CommandError::Refused`].
#[async_trait]
pub trait Commands: Send + Sync {
    /// What answers, and what it can do.
    fn deployment(&self) -> &Deployment;

    /// The database that the project lives in.
    fn database(&self) -> &str;

    /// The same deployment with another database in the project's place.
    fn on_database(&self, database: &str) -> Arc<dyn Commands>;

    /// Runs a command on a database, in a session's open transaction where one is given.
    ///
    /// The command holds no `lsid`, `txnNumber` or `$db`: the session says these.
    ///
    /// # Errors
    /// [`CommandError::Refused`] with the server's code, or [`CommandError::Engine`] where the connection broke.
    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document>;

    /// Runs a command on the project's database, outside any session.
    ///
    /// # Errors
    /// As [`Commands::run_on`].
    async fn run(&self, command: Document) -> CommandResult<Document> {
        self.run_on(self.database(), command, None).await
    }

    /// Opens a session.
    ///
    /// # Errors
    /// The deployment has no sessions.
    async fn start_session(&self) -> CommandResult<SessionId>;

    /// What the deployment knows a session by (its `lsid`), so that another process can end it by `killSessions`; none
    /// where no other process can.
    async fn session_key(&self, session: SessionId) -> Option<Document>;

    /// Opens a transaction in a session, with majority read and write concern.
    ///
    /// # Errors
    /// The deployment has no transactions, or one is open.
    async fn start_transaction(&self, session: SessionId) -> CommandResult<()>;

    /// Commits a session's transaction; a commit whose outcome is unknown is sent again a bounded number of times.
    ///
    /// # Errors
    /// The transaction did not become durable, or nobody knows.
    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()>;

    /// Ends a session's transaction without effect.
    ///
    /// # Errors
    /// None is open.
    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()>;

    /// Gives a session back; an open transaction ends without effect.
    async fn end_session(&self, session: SessionId);

    /// Transactions that take every command; none where some commands stand alone, as on a MongoDB server.
    fn whole_transactions(&self) -> Option<&dyn WholeTransactions> {
        None
    }
}

/// Transactions that take every command: on collections and indexes too, and on every database of the deployment.
///
/// They hold the only right to write from their first command on. A refused command takes back what it did itself, and the
/// transaction goes on.
#[async_trait]
pub trait WholeTransactions: Send + Sync {
    /// Opens such a transaction in a session; it ends as any other does.
    ///
    /// # Errors
    /// A transaction is open already.
    async fn start_whole_transaction(&self, session: SessionId) -> CommandResult<()>;
}
