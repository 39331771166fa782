//! The journal of a file that cannot be one transaction.

use async_trait::async_trait;
use whimbrel_engine::{
    Applied, EngineError, HistoryChange, Journal, JournalEntry, JournalState, OutsideTransactions, Result,
    Source, Statement, StatementReport, Verdict, Watch,
};

use crate::companion::milliseconds_since;
use crate::connection::{Postgres, Session};
use crate::failure::is_missing_table;
use crate::quote::literal;
use crate::result_set::RowText;

/// What became of a statement outside a transaction that failed.
const CUT_OFF: &str = "what stood before it still stands, and the journal knows: the next run clears away what is left of it and goes on there";

#[async_trait]
impl Journal for Postgres {
    async fn entries(&mut self) -> Result<Vec<JournalEntry>> {
        let sql = format!(
            "SELECT version, direction, position, checksum, state, cursor, rows, duration_ms FROM {} ORDER BY position",
            self.own().journal_table()
        );
        let sets = match self.try_run(&sql).await {
            Ok(sets) => sets,
            Err(error) if is_missing_table(&error) => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error, "reading the journal")),
        };
        let rows = sets.into_iter().flat_map(|set| set.rows);
        rows.map(|row| {
            let word = row.string(4);
            Ok(JournalEntry {
                version: row.string(0),
                direction: row.string(1),
                position: row.number(2),
                checksum: row.string(3),
                state: JournalState::from_stored(&word).ok_or_else(|| EngineError::UnreadableHistory {
                    table: "whimbrel_journal",
                    reason: format!("the state `{word}` of version {}", row.string(0)),
                })?,
                cursor: row.optional(5),
                rows: row.number(6),
                duration_ms: row.number(7),
                act: None,
            })
        })
        .collect()
    }

    async fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        self.run_fenced(&[self.own().journal_sql(entry)], "writing the journal").await
    }

    async fn finish(&mut self, change: &HistoryChange, duration_ms: i64) -> Result<()> {
        let mut change = change.clone();
        if let HistoryChange::Insert(entry) = &mut change {
            entry.duration_ms = duration_ms;
        }
        let statements = [
            self.reset.clone(),
            self.own().finish_sql(&change),
            format!("DELETE FROM {}", self.own().journal_table()),
        ];
        self.run_fenced(&statements, "changing the migration history").await
    }

    async fn discard(&mut self) -> Result<()> {
        let statements = [format!("DELETE FROM {}", self.own().journal_table())];
        self.run_fenced(&statements, "emptying the journal").await
    }
}

impl Postgres {
    /// Lets a statement outside a transaction wait for its locks, since a time-out would leave an INVALID index
    /// behind; gives the setting before. A pooler's sessions have none of ours outside transactions.
    async fn lift_lock_timeout(&self) -> Result<Option<String>> {
        if matches!(self.session, Session::Pooled { .. }) {
            return Ok(None);
        }
        let sets = self.run("SHOW lock_timeout; SET lock_timeout = 0", "lifting lock_timeout").await?;
        Ok(sets.first().and_then(|set| set.rows.first()).map(|row| row.string(0)))
    }

    async fn limit_locks_again(&self, before: Option<String>) -> Result<()> {
        let Some(before) = before else { return Ok(()) };
        let sql = format!("SET lock_timeout = {}", literal(&before));
        self.run(&sql, "setting lock_timeout again").await.map(drop)
    }
}

#[async_trait]
impl OutsideTransactions for Postgres {
    async fn run_outside(
        &mut self,
        source: &Source,
        statement: &Statement,
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        self.prepared.forget();
        let before = self.lift_lock_timeout().await?;
        let started = std::time::Instant::now();
        let mut companion = self.take_companion();
        let answer = companion.watch_over(watch, self.try_run_bare(&statement.sql)).await;
        let waits = self.put_back(companion);
        let duration_ms = milliseconds_since(started);
        // A setting of the file's own is kept.
        let before = before.filter(|_| !statement.sql.to_lowercase().contains("lock_timeout"));
        let limited = self.limit_locks_again(before).await;
        if let Err(error) = answer {
            return Err(self.statement_failed(source, statement, (&error, 0), CUT_OFF));
        }
        limited?;
        let report = StatementReport {
            statement: StatementReport::shown(&statement.sql),
            duration_ms: duration_ms.unsigned_abs(),
            rows: None,
        };
        Ok(Applied { duration_ms, statements: vec![report], waits })
    }

    async fn verify(&mut self, source: &Source, statement: &Statement) -> Result<Verdict> {
        self.look_for(source, statement).await
    }

    async fn repair(&mut self, statements: &[String]) -> Result<()> {
        let before = self.lift_lock_timeout().await?;
        let mut outcome = Ok(());
        for sql in statements {
            let answer = self.try_run_bare(sql).await;
            outcome =
                answer.map(drop).map_err(|error| self.failed(&error, "clearing away what a crash has left"));
            if outcome.is_err() {
                break;
            }
        }
        let limited = self.limit_locks_again(before).await;
        outcome.and(limited)
    }
}
