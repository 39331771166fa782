//! Writing steps as a script for an engine's own client.

use std::time::Duration;

use crate::{HistoryChange, JournalEntry, Result, Source, Statement, Step};

/// A statement that a script runs in batches, with places for what only the server knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchTemplate {
    /// The table, as the statement writes it.
    pub table: String,
    /// The column that the ranges are of; none means the primary key's only one.
    pub key: Option<String>,
    /// The statement as the file has it.
    pub whole: String,
    /// The statement for the rows above one key and up to another.
    pub bounded: String,
    /// What stands in `bounded` for the column's name, quotes included.
    pub key_place: String,
    /// The condition in `bounded` for the rows above a key.
    pub above: String,
    /// The condition in `bounded` for the rows up to a key.
    pub up_to: String,
    /// How many rows a batch covers.
    pub size: u64,
    /// The pause between two batches.
    pub pause: Duration,
}

/// The word that stands for a key's value in [`BatchTemplate::above`] and [`BatchTemplate::up_to`], within its quotes.
pub const BATCH_VALUE: &str = "whimbrel:value";

/// What a writer made of a statement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The lines, each statement with its semicolon.
    pub text: String,
    /// What the script does otherwise than a connected run would.
    pub warnings: Vec<String>,
}

impl From<String> for Written {
    fn from(text: String) -> Self {
        Written { text, warnings: Vec::new() }
    }
}

/// Writes steps as a script for an engine's own client. It asks no connection for anything.
pub trait ScriptWriter {
    /// The engine's word in file names and directives.
    fn dialect(&self) -> &'static str;

    /// What begins a script: it stops at the first error, waits for other deployers, and makes Whimbrel's tables.
    fn opening(&mut self) -> String;

    /// What stops the script where the newest version of the history is another one; none means an empty history.
    fn guard(&mut self, newest: Option<&str>) -> String;

    /// Takes a step as done before the script begins.
    ///
    /// # Errors
    /// The writer follows what the steps build, and cannot follow this one.
    fn assume(&mut self, step: &Step) -> Result<()>;

    /// Whether the statement cannot run in a transaction.
    fn runs_outside(&self, statement: &Statement) -> bool;

    /// Statements that are one transaction, with the changes that belong to it.
    ///
    /// # Errors
    /// A statement cannot be written.
    fn together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        history: Option<&HistoryChange>,
        journal: Option<&JournalEntry>,
    ) -> Result<Written>;

    /// A statement that runs outside a transaction, between its intent and its end in the journal.
    fn outside(&mut self, statement: &Statement, intent: &JournalEntry, done: &JournalEntry) -> Written;

    /// A statement that runs in batches, each with the journal's cursor.
    ///
    /// # Errors
    /// The statement cannot be written.
    fn batched(
        &mut self,
        source: &Source,
        batch: &BatchTemplate,
        running: &JournalEntry,
        done: &JournalEntry,
    ) -> Result<Written>;

    /// The change to the history after the last unit, which empties the journal.
    fn finish(&mut self, change: &HistoryChange) -> String;
}
