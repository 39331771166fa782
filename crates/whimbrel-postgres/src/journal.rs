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
            })
        })
        .collect()
    }

    async fn write(&mut self, entry: &JournalEntry) -> Result<()> {
        self.run_fenced(&[self.own().journal_sql(entry)], "writing the journal").await
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
    /// Lets the session wait for locks as long as it takes; gives the setting before.
    async fn lift_lock_timeout(&self) -> Result<String> {
        let sql = "SHOW lock_timeout; SET lock_timeout = 0";
        let sets = self.run(sql, "lifting lock_timeout").await?;
        Ok(sets.first().and_then(|set| set.rows.first()).map(|row| row.string(0)).unwrap_or_default())
    }

    async fn set_lock_timeout(&self, to: &str) -> Result<()> {
        let sql = format!("SET lock_timeout = {}", literal(to));
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
        // A time-out would leave an INVALID index behind. A pooled session has none here.
        let before = match self.session {
            Session::Own { .. } => Some(self.lift_lock_timeout().await?),
            Session::Pooled { .. } => None,
        };
        let started = std::time::Instant::now();
        let mut companion = self.take_companion();
        let answer = companion.watch_over(watch, self.try_run_bare(&statement.sql)).await;
        let waits = self.put_back(companion);
        let duration_ms = milliseconds_since(started);
        let limited = match before.filter(|_| !statement.sql.to_lowercase().contains("lock_timeout")) {
            Some(before) => self.set_lock_timeout(&before).await,
            None => Ok(()),
        };
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
        let doing = "clearing away what a crash has left";
        let before = match self.session {
            Session::Own { .. } => Some(self.lift_lock_timeout().await?),
            Session::Pooled { .. } => None,
        };
        let mut outcome = Ok(());
        for sql in statements {
            outcome = self.try_run_bare(sql).await.map(drop).map_err(|error| self.failed(&error, doing));
            if outcome.is_err() {
                break;
            }
        }
        let limited = match before {
            Some(before) => self.set_lock_timeout(&before).await,
            None => Ok(()),
        };
        outcome.and(limited)
    }
}
