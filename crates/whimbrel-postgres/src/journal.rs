//! The journal of a file that cannot be one transaction.

use async_trait::async_trait;
use whimbrel_engine::{
    Applied, EngineError, HistoryChange, Journal, JournalEntry, JournalState, OutsideTransactions, Result,
    Source, Statement, StatementReport, Verdict, Watch,
};

use crate::apply::{Closing, shown};
use crate::companion::milliseconds_since;
use crate::connection::{Postgres, Session};
use crate::failure::is_missing_table;
use crate::quote::{literal, optional_literal};
use crate::result_set::RowText;

/// What became of a statement outside a transaction that failed.
const CUT_OFF: &str = "what stood before it still stands, and the journal knows: the next run clears away what is left of it and goes on there";

#[async_trait]
impl Journal for Postgres {
    async fn entries(&mut self) -> Result<Vec<JournalEntry>> {
        let sql = format!(
            "SELECT version, direction, position, checksum, state, cursor, rows, duration_ms FROM {} ORDER BY position",
            self.journal_table()
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
            })
        })
        .collect()
    }

    async fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        self.run_fenced(&[self.journal_sql(entry)], "writing the journal").await
    }

    async fn run_together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        entry: &JournalEntry,
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        self.run_transaction(source, statements, Closing::Journal(entry), watch).await
    }

    async fn finish(&mut self, change: &HistoryChange, duration_ms: i64) -> Result<()> {
        let mut change = change.clone();
        if let HistoryChange::Insert(entry) = &mut change {
            entry.duration_ms = duration_ms;
        }
        let statements =
            [self.reset.clone(), self.finish_sql(&change), format!("DELETE FROM {}", self.journal_table())];
        self.run_fenced(&statements, "changing the migration history").await
    }

    async fn discard(&mut self) -> Result<()> {
        let statements = [format!("DELETE FROM {}", self.journal_table())];
        self.run_fenced(&statements, "emptying the journal").await
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
        self.lift_lock_timeout().await?;
        let started = std::time::Instant::now();
        let mut companion = self.take_companion();
        let answer = companion.watch_over(watch, self.try_run_bare(&statement.sql)).await;
        let waits = self.put_back(companion);
        let duration_ms = milliseconds_since(started);
        let limited = self.limit_locks_again().await;
        if let Err(error) = answer {
            return Err(self.statement_failed(source, statement, &error, CUT_OFF));
        }
        limited?;
        let report = StatementReport {
            statement: shown(&statement.sql),
            duration_ms: duration_ms.unsigned_abs(),
            rows: None,
        };
        Ok(Applied { duration_ms, statements: vec![report], waits })
    }

    async fn verify(&mut self, source: &Source, statement: &Statement) -> Result<Verdict> {
        self.look_for(source, statement).await
    }

    async fn repair(&mut self, statements: &[String]) -> Result<()> {
        self.lift_lock_timeout().await?;
        let mut outcome = Ok(());
        for sql in statements {
            let answer = self.try_run_bare(sql).await;
            outcome =
                answer.map(drop).map_err(|error| self.failed(&error, "clearing away what a crash has left"));
            if outcome.is_err() {
                break;
            }
        }
        let limited = self.limit_locks_again().await;
        outcome.and(limited)
    }
}

impl Postgres {
    /// Lets a statement outside a transaction wait for its locks: a time-out would leave an INVALID index behind.
    async fn lift_lock_timeout(&self) -> Result<()> {
        match self.session {
            Session::Own { .. } => self.run("SET lock_timeout = 0", "lifting lock_timeout").await.map(drop),
            // The pooler's sessions have the server's own setting outside Whimbrel's transactions.
            Session::Pooled { .. } => Ok(()),
        }
    }

    async fn limit_locks_again(&self) -> Result<()> {
        match self.session {
            Session::Own { .. } => {
                self.run("RESET lock_timeout", "setting lock_timeout again").await.map(drop)
            }
            Session::Pooled { .. } => Ok(()),
        }
    }

    /// The statement that keeps the row in place of the one before.
    pub(crate) fn journal_sql(&self, entry: &JournalEntry) -> String {
        format!(
            "INSERT INTO {table} (version, direction, position, checksum, state, cursor, rows, duration_ms) \
             VALUES ({}, {}, {}, {}, {}, {}, {}, {}) \
             ON CONFLICT (version, direction, position) DO UPDATE SET checksum = excluded.checksum, \
             state = excluded.state, cursor = excluded.cursor, rows = excluded.rows, \
             duration_ms = excluded.duration_ms, recorded_at = clock_timestamp()",
            literal(&entry.version),
            literal(&entry.direction),
            entry.position,
            literal(&entry.checksum),
            literal(entry.state.as_str()),
            optional_literal(entry.cursor.as_deref()),
            entry.rows,
            entry.duration_ms,
            table = self.journal_table(),
        )
    }

    /// As `change_sql`, with the duration that the entry brings.
    fn finish_sql(&self, change: &HistoryChange) -> String {
        match change {
            HistoryChange::Insert(entry) => self.insert_sql(entry, &entry.duration_ms.to_string()),
            HistoryChange::Remove { .. } => self.change_sql(change),
        }
    }
}
