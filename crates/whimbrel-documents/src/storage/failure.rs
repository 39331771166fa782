//! Why a command did not come to its end inside the engine.

use rusqlite::ErrorCode;
use whimbrel_engine::EngineError;
use whimbrel_engine::document::{CommandError, Refusal};

use crate::answer::with_label;
use crate::refusal::refuse;

/// The result of a piece of a command's work.
pub(crate) type Outcome<T> = Result<T, Failure>;

/// Why a piece of work failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command cannot be done, and MongoDB says so too.
    Refused(Box<Refusal>),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// The store itself failed.
    Engine(Box<EngineError>),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Refused(Box::new(refusal))
    }
}

impl From<Box<Refusal>> for Failure {
    fn from(refusal: Box<Refusal>) -> Self {
        Failure::Refused(refusal)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Sqlite(error)
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Failure::Engine(Box::new(error))
    }
}

impl Failure {
    /// What the caller of a command meets.
    pub(crate) fn into_command_error(self, file: &str, doing: &str, in_transaction: bool) -> CommandError {
        match self {
            Failure::Refused(refusal) => CommandError::Refused(refusal),
            Failure::Engine(error) => CommandError::Engine(error),
            Failure::Sqlite(error) if is_busy(&error) => CommandError::from(busy(in_transaction)),
            Failure::Sqlite(error) => CommandError::from(classify(&error, file, doing)),
        }
    }
}

/// Whether another connection stood in the way.
pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Another writer stood in the way for too long, or has changed what this transaction had read.
pub(crate) fn busy(in_transaction: bool) -> Refusal {
    if in_transaction {
        let message = "Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry \
                       your operation or multi-document transaction.";
        return with_label(refuse(112, "WriteConflict", message), "TransientTransactionError");
    }
    refuse(
        24,
        "LockTimeout",
        "another writer held the database for longer than the busy timeout: end its transaction, or raise the timeout",
    )
}

/// An SQLite error as an engine's error.
pub(crate) fn classify(error: &rusqlite::Error, file: &str, doing: &str) -> EngineError {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(
            ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied,
        ) => EngineError::NotWritable { database: file.to_owned(), doing: doing.to_owned(), reason },
        Some(ErrorCode::CannotOpen | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            EngineError::Unusable { product: "SQLite", database: file.to_owned(), reason }
        }
        _ => EngineError::Refused { doing: format!("{doing} in {file}"), reason },
    }
}
