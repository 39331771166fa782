//! The journal of a file that cannot be one transaction.

use async_trait::async_trait;
use whimbrel_engine::{EngineError, HistoryChange, Journal, JournalEntry, Result};

use crate::connection::classify;
use crate::engine::Sqlite;
use crate::ledger;

#[async_trait]
impl Journal for Sqlite {
    async fn entries(&mut self) -> Result<Vec<JournalEntry>> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(Vec::new()) };
        let stored = ledger::journal(connection)
            .map_err(|error| classify(&error, &database, "reading the journal"))?;
        stored
            .into_iter()
            .map(|(entry, unknown)| match unknown {
                None => Ok(entry),
                Some(word) => Err(EngineError::UnreadableHistory {
                    table: ledger::JOURNAL,
                    reason: format!("version {} has the state `{word}`", entry.version),
                }),
            })
            .collect()
    }

    async fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        self.write_fenced("writing the journal", |connection| ledger::write_journal(connection, entry))
    }

    async fn finish(&mut self, change: &HistoryChange, duration_ms: i64) -> Result<()> {
        self.write_fenced("changing the history", |connection| {
            ledger::change(connection, change, duration_ms)?;
            ledger::empty_journal(connection)
        })
    }

    async fn discard(&mut self) -> Result<()> {
        self.write_fenced("emptying the journal", ledger::empty_journal)
    }
}
