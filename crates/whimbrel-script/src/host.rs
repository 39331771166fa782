//! What a script asks of the program that runs it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bson::{Bson, Document};
use whimbrel_engine::document::{CommandError, Refusal, SessionId};

/// The result of what a host was asked for.
pub type HostResult<T> = std::result::Result<T, HostError>;

/// Why a host did not do what it was asked for.
#[derive(Debug)]
#[non_exhaustive]
pub enum HostError {
    /// The database refused: the script sees a `MongoServerError`, and may catch it.
    Refused(Box<Refusal>),
    /// The run ends here, and no `try` of the script can keep it alive. The error comes back from
    /// [`crate::run`] as [`crate::ScriptError::Stopped`].
    Stop(Box<dyn Error + Send + Sync>),
}

impl HostError {
    /// Ends the run with an error.
    pub fn stop(error: impl Error + Send + Sync + 'static) -> Self {
        HostError::Stop(Box::new(error))
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Refused(refusal) => refusal.fmt(formatter),
            HostError::Stop(error) => error.fmt(formatter),
        }
    }
}

impl Error for HostError {}

impl From<CommandError> for HostError {
    /// A refusal is for the script to see; a broken connection ends the run.
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Refused(refusal) => HostError::Refused(refusal),
            other => HostError::stop(other),
        }
    }
}

/// A place in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user knows it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One command that a script sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The database that the script named; `None` is the project's.
    pub database: Option<String>,
    /// The command, without `lsid`, `txnNumber` or `$db`.
    pub command: Document,
    /// The session that the script opened and gave to the call.
    pub session: Option<SessionId>,
    /// Where in the script it was called.
    pub place: Option<Place>,
    /// The method as the script's author knows it: `users.updateMany`.
    pub method: String,
}

/// Whether a step's function is to be run.
#[derive(Clone, Debug, PartialEq)]
pub enum StepDecision {
    /// It has not been finished yet.
    Run,
    /// It was finished by an earlier run; this is what it gave.
    Skip(Bson),
}

/// What `batch({ … }, fn)` goes over.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// What the batch is known by from run to run: its `name`, or the collection and its number among the script's batches.
    pub name: String,
    /// The database that it reads; `None` is the project's.
    pub database: Option<String>,
    /// The collection that it reads.
    pub collection: String,
    /// Which documents it reads.
    pub filter: Document,
    /// The field whose order it follows; its values are unique.
    pub key: String,
    /// How many documents a chunk holds at most.
    pub size: u32,
    /// The pause that the script asks for after each chunk.
    pub pause: Duration,
}

/// Where a batch goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchStart {
    /// At its beginning.
    Beginning,
    /// After this value of the key, with so many documents done.
    After {
        /// The last value of the key that was done.
        key: Bson,
        /// The documents that earlier runs did.
        documents: u64,
    },
    /// Nowhere: an earlier run finished it.
    Finished {
        /// The documents that it covered.
        documents: u64,
    },
}

/// How far a batch has come.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchProgress {
    /// The last value of the key that was done; `None` when nothing matched at all.
    pub last_key: Option<Bson>,
    /// The documents that are done, those of earlier runs among them.
    pub documents: u64,
    /// Whether no document is left.
    pub finished: bool,
}

/// How much a line of output matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleLevel {
    /// `console.debug`.
    Debug,
    /// `console.log`, `console.info`, `print`.
    Info,
    /// `console.warn`.
    Warn,
    /// `console.error`.
    Error,
}

/// The program that runs a script: it answers every command, and keeps what lasts from run to run.
///
/// It is asked one thing at a time, in the order in which the script asks, also where the script uses `Promise.all`.
#[async_trait]
pub trait Host: Send {
    /// The database that `db` is.
    fn database(&self) -> &str;

    /// Answers a command with the wire protocol's reply.
    async fn command(&mut self, call: Call) -> HostResult<Document>;

    /// Opens a session for `client.startSession()`.
    async fn start_session(&mut self) -> HostResult<SessionId>;

    /// Opens a transaction in a session.
    async fn start_transaction(&mut self, session: SessionId) -> HostResult<()>;

    /// Commits a session's transaction.
    async fn commit_transaction(&mut self, session: SessionId) -> HostResult<()>;

    /// Ends a session's transaction without effect.
    async fn abort_transaction(&mut self, session: SessionId) -> HostResult<()>;

    /// Gives a session back. Called for every session, also those that the script left open.
    async fn end_session(&mut self, session: SessionId);

    /// Decides whether the function of `await step(name, fn)` runs.
    async fn step_begin(&mut self, name: &str) -> HostResult<StepDecision>;

    /// Keeps that a step is finished, and what it gave.
    async fn step_done(&mut self, name: &str, result: &Bson) -> HostResult<()>;

    /// A step's function threw: the host takes back what it opened for it.
    async fn step_failed(&mut self, name: &str) -> HostResult<()>;

    /// Says where a batch goes on.
    async fn batch_begin(&mut self, batch: &Batch) -> HostResult<BatchStart>;

    /// A chunk begins: its documents are read and written after this. A host may open a transaction here.
    async fn batch_chunk(&mut self, batch: &Batch) -> HostResult<()>;

    /// A chunk is done, or nothing was left: the host keeps the cursor, commits what it opened, and pauses where more is to come.
    ///
    /// Where the answer is a refusal labelled `TransientTransactionError`, the chunk is run again a bounded number of times,
    /// after [`Host::batch_failed`].
    async fn batch_done(&mut self, batch: &Batch, progress: &BatchProgress) -> HostResult<()>;

    /// A chunk failed: the host takes back what it opened for it.
    async fn batch_failed(&mut self, batch: &Batch) -> HostResult<()>;

    /// Takes a line of the script's output.
    fn console(&mut self, level: ConsoleLevel, text: String);
}
