//! The acts of a script under the journal: what an earlier run left, and what this one adds.

use std::collections::BTreeMap;

use whimbrel_engine::{ActKind, JournalEntry, JournalState, ScriptAct};

use crate::error::Result;
use crate::journal::direction_word;
use crate::migration::{MigrationError, PlannedStep};

/// The rows of one script's journal.
#[derive(Clone, Debug, Default)]
pub(super) struct Acts {
    version: String,
    direction: &'static str,
    checksum: String,
    /// Steps and batches by kind and name.
    kept: BTreeMap<(bool, String), JournalEntry>,
    /// The position of the newest row.
    last: i64,
    /// The time that the rows' acts took, in milliseconds.
    duration_ms: i64,
}

impl Acts {
    /// Takes what an earlier run left, where the script may go on from it.
    ///
    /// # Errors
    /// The file was changed since, or something that was begun would change by being repeated.
    pub(super) fn resume(planned: &PlannedStep, entries: Vec<JournalEntry>) -> Result<Self> {
        let checksum = file_checksum(planned);
        let file = || planned.file_name.clone();
        if entries.iter().any(|entry| entry.checksum != checksum) {
            return Err(MigrationError::ScriptChanged { file: file(), acts: listed(&entries) }.into());
        }
        let unsafe_act = entries.iter().find(|entry| {
            let act = entry.act.as_ref();
            let is_over = act.is_some_and(|act| act.kind != ActKind::Command) && super::is_done(entry);
            !is_over && act.is_some_and(|act| !act.idempotent)
        });
        if let Some(stopped) = unsafe_act {
            return Err(MigrationError::ScriptInterrupted {
                file: file(),
                version: planned.version.to_string(),
                act: named(stopped),
                acts: listed(&entries),
            }
            .into());
        }
        let mut acts = Acts {
            version: planned.version.as_str().to_owned(),
            direction: direction_word(planned.direction),
            checksum,
            last: entries.iter().map(|entry| entry.position).max().unwrap_or_default(),
            duration_ms: entries.iter().map(|entry| entry.duration_ms).sum(),
            kept: BTreeMap::new(),
        };
        for entry in entries {
            if let Some(act) = entry.act.as_ref().filter(|act| act.kind != ActKind::Command) {
                acts.kept.insert((act.kind == ActKind::Batch, act.what.clone()), entry);
            }
        }
        Ok(acts)
    }

    /// Whether any row was written.
    pub(super) fn has_rows(&self) -> bool {
        self.last > 0
    }

    /// How long the acts of earlier runs took, in milliseconds.
    pub(super) fn duration_ms(&self) -> i64 {
        self.duration_ms
    }

    /// The row of a step or batch that an earlier run, or this one, has written.
    pub(super) fn kept(&self, kind: ActKind, name: &str) -> Option<&JournalEntry> {
        self.kept.get(&(kind == ActKind::Batch, name.to_owned()))
    }

    /// A row for a step or batch: the one that stands, or a new one.
    pub(super) fn row(&mut self, kind: ActKind, name: &str, state: JournalState) -> JournalEntry {
        let standing = self.kept(kind, name).cloned();
        let mut entry = standing.unwrap_or_else(|| self.new_row(kind, name, true));
        entry.state = state;
        entry
    }

    /// A row for a command.
    pub(super) fn new_row(&mut self, kind: ActKind, what: &str, idempotent: bool) -> JournalEntry {
        self.last += 1;
        JournalEntry {
            version: self.version.clone(),
            direction: self.direction.to_owned(),
            position: self.last,
            checksum: self.checksum.clone(),
            state: JournalState::Intended,
            cursor: None,
            rows: 0,
            duration_ms: 0,
            act: Some(ScriptAct { kind, what: what.to_owned(), idempotent, result: None }),
        }
    }

    /// Keeps in mind that a step's or batch's row was written.
    pub(super) fn keep(&mut self, entry: &JournalEntry) {
        if let Some(act) = entry.act.as_ref().filter(|act| act.kind != ActKind::Command) {
            self.kept.insert((act.kind == ActKind::Batch, act.what.clone()), entry.clone());
        }
    }
}

/// The checksum by which the journal knows a script again.
fn file_checksum(planned: &PlannedStep) -> String {
    planned.checksum.clone()
}

/// An act in words.
fn named(entry: &JournalEntry) -> String {
    let Some(act) = &entry.act else { return format!("unit {}", entry.position) };
    match act.kind {
        ActKind::Command => act.what.clone(),
        ActKind::Step => format!("step \"{}\"", act.what),
        ActKind::Batch => format!("batch \"{}\"", act.what),
    }
}

fn was_refused(entry: &JournalEntry) -> bool {
    let act = entry.act.as_ref().filter(|act| act.kind == ActKind::Command);
    act.and_then(|act| act.result.as_deref()) == Some(super::host::REFUSED)
}

/// The acts as a message lists them, a line each.
fn listed(entries: &[JournalEntry]) -> String {
    let lines = entries.iter().map(|entry| {
        let state = match entry.state {
            JournalState::Done if was_refused(entry) => "refused by the database".to_owned(),
            JournalState::Done => "done".to_owned(),
            JournalState::Running => format!("begun, {} documents done", entry.rows),
            JournalState::Intended => "begun; it may have run".to_owned(),
        };
        format!("\n  {}: {state}", named(entry))
    });
    lines.collect()
}
