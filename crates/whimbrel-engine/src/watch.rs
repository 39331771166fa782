//! What an engine tells while it works.

use serde::Serialize;

/// A lock that a statement waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LockWait {
    /// The kind of lock: `AccessExclusiveLock`.
    pub mode: String,
    /// What it is on: a table, or another kind of object.
    pub object: String,
    /// Who was in the way: process, application, since when.
    pub holder: String,
    /// How long the wait was seen to last, in milliseconds.
    pub waited_ms: u64,
}

/// How one statement went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StatementReport {
    /// The statement's first words.
    pub statement: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The rows that it changed, where the server counts them.
    pub rows: Option<u64>,
}

impl StatementReport {
    /// A statement on one line, cut where it is long, as reports show it.
    #[must_use]
    pub fn shown(sql: &str) -> String {
        /// How much of a statement is shown, in characters.
        const SHOWN: usize = 80;
        let line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}

/// How a transaction or a lone statement went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// Its statements, in order.
    pub statements: Vec<StatementReport>,
    /// The locks that it was seen to wait for.
    pub waits: Vec<LockWait>,
}

/// Something worth telling while a statement runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// A lock was not to be had in time; the transaction was rolled back and runs again after a pause.
    Retry {
        /// What the server said.
        reason: String,
        /// The attempt that failed, from 1.
        attempt: u32,
        /// How many attempts there are.
        attempts: u32,
        /// The pause before the next one, in milliseconds.
        pause_ms: u64,
    },
    /// The statement waits for a lock.
    Waits(LockWait),
    /// How far a long statement has come.
    Progress {
        /// What it is doing: `building index: scanning table`.
        phase: String,
        /// The units of work that are done.
        done: u64,
        /// All units of work, where they are known.
        total: Option<u64>,
    },
    /// What a crash had left was cleared away.
    Repaired {
        /// In words.
        what: String,
    },
}

/// Whoever wants to hear of notices.
pub trait Watch: Send {
    /// Called as it happens.
    fn notice(&mut self, notice: Notice);

    /// Called when a transaction is on its way to the server, or begins where there is none: what need not be done
    /// before it can be done while the server works.
    fn under_way(&mut self) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn notice(&mut self, _notice: Notice) {}
}
