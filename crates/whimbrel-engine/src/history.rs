//! The migration history and the changes to it.

use serde::{Deserialize, Serialize};

/// How a version came to stand in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// Its file was run.
    Applied,
    /// It was marked as applied without being run (`migrate baseline`).
    Baseline,
}

impl HistoryKind {
    /// The word stored in the history table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            HistoryKind::Applied => "applied",
            HistoryKind::Baseline => "baseline",
        }
    }

    /// The kind that a stored word stands for.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        [HistoryKind::Applied, HistoryKind::Baseline].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One row of the history table, `whimbrel_history`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// The version: the prefix of the file's name.
    pub version: String,
    /// The rest of the file's name, without its ending.
    pub name: String,
    /// The checksum of the file's content when it was applied, lower-case hex.
    pub checksum: String,
    /// The hash of the chain up to and including this file, lower-case hex.
    pub chain: String,
    /// The hash of the schema that it reached, where its revision keeps a snapshot.
    pub schema_hash: Option<String>,
    /// How it came here.
    pub kind: HistoryKind,
    /// When, as RFC 3339 in UTC. Set by the engine on insertion; empty before.
    pub applied_at: String,
    /// How long the statements took, in milliseconds. Set by the engine on insertion.
    pub duration_ms: i64,
    /// Who applied it: `user@host`.
    pub applied_by: String,
}

/// What a step does to the history, in the same transaction as its statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryChange {
    /// Adds this entry.
    Insert(HistoryEntry),
    /// Removes the entry of this version.
    Remove {
        /// The version.
        version: String,
    },
    /// Puts one entry in the place of several: a squashed file took the place of theirs.
    Replace {
        /// The versions that give way, in order; the new entry keeps the time and the deployer of the last one.
        versions: Vec<String>,
        /// The entry that stands for all of them.
        entry: HistoryEntry,
    },
    /// Leaves the entries alone and keeps a document in `whimbrel_state`: a repeatable file has run.
    Record {
        /// The document's key.
        key: String,
        /// The document.
        document: String,
    },
    /// Changes nothing: the statements are those of a hook.
    Nothing,
}
