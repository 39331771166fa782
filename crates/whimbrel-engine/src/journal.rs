//! The journal of a file that cannot be one transaction: which of its units stand.

use serde::{Deserialize, Serialize};

/// How far a unit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalState {
    /// It is about to run outside a transaction: after a crash the catalogue tells what became of it.
    Intended,
    /// Some of its batches stand, up to the cursor.
    Running,
    /// It stands.
    Done,
}

impl JournalState {
    /// The word stored in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            JournalState::Intended => "intended",
            JournalState::Running => "running",
            JournalState::Done => "done",
        }
    }

    /// The state that a stored word stands for.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [JournalState::Intended, JournalState::Running, JournalState::Done]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// What a part of a script is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActKind {
    /// A command outside every step and batch.
    Command,
    /// `step(name, fn)`.
    Step,
    /// `batch({ … }, fn)`.
    Batch,
}

impl ActKind {
    /// The word stored in the journal.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            ActKind::Command => "command",
            ActKind::Step => "step",
            ActKind::Batch => "batch",
        }
    }

    /// The kind that a stored word stands for.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [ActKind::Command, ActKind::Step, ActKind::Batch].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a script did, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptAct {
    /// What it is.
    pub kind: ActKind,
    /// A command in words, `updateMany users`, or the name of the step or batch.
    pub what: String,
    /// Whether doing what was begun of it again leaves what doing it once leaves.
    pub idempotent: bool,
    /// The result that a finished step gave, as relaxed Extended JSON.
    pub result: Option<String>,
}

/// One row of `whimbrel_journal`. The table holds the units of at most one file: the one that was begun
/// and has not reached the history yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalEntry {
    /// The file's version.
    pub version: String,
    /// `up` or `down`.
    pub direction: String,
    /// The unit's place in the file, from 1.
    pub position: i64,
    /// The checksum over the unit's statements, lower-case hex.
    pub checksum: String,
    /// How far it came.
    pub state: JournalState,
    /// The key up to which its batches stand.
    pub cursor: Option<String>,
    /// The rows that it changed so far.
    pub rows: i64,
    /// How long it took so far, in milliseconds.
    pub duration_ms: i64,
    /// What it is, where it is part of a script; statements are found in their file.
    pub act: Option<ScriptAct>,
}

/// What a look at the catalogue says of a statement that was meant to run outside a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing of it stands, or running it again does no harm.
    NotDone,
    /// It stands, whole.
    Done,
    /// It was cut off halfway, such as an INVALID index.
    Broken {
        /// What was found, in words.
        what: String,
        /// The statements that clear it away; then it runs again.
        repair: Vec<String>,
    },
}
