//! Whimbrel's own tables: the history and the recorded documents.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use whimbrel_engine::{EngineError, HistoryEntry, HistoryKind, Result};

use crate::connection::Postgres;
use crate::failure::is_missing_table;
use crate::own_tables::{HISTORY, STATE};
use crate::quote::literal;
use crate::result_set::RowText;

/// RFC 3339 in UTC, as `to_char` writes it.
const INSTANT: &str = r#"YYYY-MM-DD"T"HH24:MI:SS.US"Z""#;

impl Postgres {
    pub(crate) async fn read_history(&self) -> Result<Vec<HistoryEntry>> {
        let sql = format!(
            "SELECT version, name, checksum, chain, schema_hash, kind, \
             to_char(applied_at AT TIME ZONE 'UTC', '{INSTANT}'), duration_ms, applied_by \
             FROM {} ORDER BY seq",
            self.own().history_table()
        );
        let sets = match self.try_run(&sql).await {
            Ok(sets) => sets,
            Err(error) if is_missing_table(&error) => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error, "reading the migration history")),
        };
        let rows = sets.into_iter().flat_map(|set| set.rows);
        rows.map(|row| {
            let word = row.text(5).unwrap_or_default();
            Ok(HistoryEntry {
                version: row.string(0),
                name: row.string(1),
                checksum: row.string(2),
                chain: row.string(3),
                schema_hash: row.optional(4),
                kind: HistoryKind::from_stored(word).ok_or_else(|| EngineError::UnreadableHistory {
                    table: HISTORY,
                    reason: format!("the kind `{word}` of version {}", row.string(0)),
                })?,
                applied_at: row.string(6),
                duration_ms: row.number(7),
                applied_by: row.string(8),
            })
        })
        .collect()
    }

    /// Creates what is missing of Whimbrel's tables; says whether something was.
    pub(crate) async fn prepare_tables(&self) -> Result<bool> {
        let doing = "preparing Whimbrel's own tables";
        if self.has_tables(doing).await? {
            return Ok(false);
        }
        let sql = self.own().create_tables_sql();
        match self.try_run(&sql).await {
            Ok(_) => Ok(true),
            // Another deployer has created them at the same moment.
            Err(error) if is_duplicate(&error) && self.has_tables(doing).await? => Ok(false),
            Err(error) => Err(self.failed(&error, doing)),
        }
    }

    async fn has_tables(&self, doing: &str) -> Result<bool> {
        let sql = format!(
            "SELECT to_regclass({}) IS NOT NULL AND to_regclass({}) IS NOT NULL AND to_regclass({}) IS NOT NULL",
            literal(&self.own().history_table()),
            literal(&self.own().state_table()),
            literal(&self.own().journal_table())
        );
        let sets = self.run(&sql, doing).await?;
        Ok(sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)))
    }

    pub(crate) async fn read_document(&self, key: &str) -> Result<Option<String>> {
        let sql = format!("SELECT document FROM {} WHERE key = {}", self.own().state_table(), literal(key));
        match self.try_run(&sql).await {
            Ok(sets) => Ok(sets.first().and_then(|set| set.rows.first()).and_then(|row| row.optional(0))),
            Err(error) if is_missing_table(&error) => Ok(None),
            Err(error) => Err(self.failed(&error, &format!("reading `{key}` in {STATE}"))),
        }
    }

    pub(crate) async fn write_document(&self, key: &str, document: &str) -> Result<()> {
        let sql = self.own().record_sql(key, document);
        self.run_fenced(&[sql], &format!("keeping `{key}` in {STATE}")).await
    }

    pub(crate) async fn mark_history(&self, entries: &[HistoryEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let inserts: Vec<String> = entries.iter().map(|entry| self.own().insert_sql(entry, "0")).collect();
        self.run_fenced(&inserts, "marking versions in the migration history").await
    }
}

/// Whether somebody else has made it meanwhile.
pub(crate) fn is_duplicate(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        [
            SqlState::UNIQUE_VIOLATION,
            SqlState::DUPLICATE_TABLE,
            SqlState::DUPLICATE_SCHEMA,
            SqlState::DUPLICATE_OBJECT,
        ]
        .contains(code)
    })
}
