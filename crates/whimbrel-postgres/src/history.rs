//! Whimbrel's own tables: the history and the recorded documents.

use tokio_postgres::Error;
use tokio_postgres::error::SqlState;
use whimbrel_engine::{EngineError, HistoryChange, HistoryEntry, HistoryKind, Result};

use crate::connection::Postgres;
use crate::failure::is_missing_table;
use crate::quote::{identifier, literal, optional_literal, qualified};
use crate::result_set::RowText;

const HISTORY: &str = "whimbrel_history";
const STATE: &str = "whimbrel_state";
const JOURNAL: &str = "whimbrel_journal";
/// RFC 3339 in UTC, as `to_char` writes it.
const INSTANT: &str = r#"YYYY-MM-DD"T"HH24:MI:SS.US"Z""#;

/// The milliseconds since the transaction began, counted by the server.
const ELAPSED_MS: &str =
    "round(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint";

impl Postgres {
    fn history_table(&self) -> String {
        qualified(&self.schema, HISTORY)
    }

    fn state_table(&self) -> String {
        qualified(&self.schema, STATE)
    }

    pub(crate) fn journal_table(&self) -> String {
        qualified(&self.schema, JOURNAL)
    }

    pub(crate) async fn read_history(&self) -> Result<Vec<HistoryEntry>> {
        let sql = format!(
            "SELECT version, name, checksum, chain, schema_hash, kind, \
             to_char(applied_at AT TIME ZONE 'UTC', '{INSTANT}'), duration_ms, applied_by \
             FROM {} ORDER BY seq",
            self.history_table()
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
        let sql = self.create_tables_sql();
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
            literal(&self.history_table()),
            literal(&self.state_table()),
            literal(&self.journal_table())
        );
        let sets = self.run(&sql, doing).await?;
        Ok(sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)))
    }

    /// What makes the schema of Whimbrel's tables where it is missing.
    pub(crate) fn create_schema_sql(&self) -> String {
        // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where the schema exists.
        if self.schema == "public" {
            return String::new();
        }
        let name = identifier(&self.schema);
        format!(
            "DO $whimbrel$ BEGIN IF to_regnamespace({}) IS NULL THEN CREATE SCHEMA {name}; END IF; END $whimbrel$; ",
            literal(&name)
        )
    }

    /// One simple query is one transaction: all tables come to be, or none.
    pub(crate) fn create_tables_sql(&self) -> String {
        let schema = self.create_schema_sql();
        format!(
            "{schema}CREATE TABLE IF NOT EXISTS {history} (\
             version text PRIMARY KEY, \
             seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY, \
             name text NOT NULL, \
             checksum text NOT NULL, \
             chain text NOT NULL, \
             schema_hash text, \
             kind text NOT NULL, \
             applied_at timestamptz NOT NULL DEFAULT clock_timestamp(), \
             duration_ms bigint NOT NULL, \
             applied_by text NOT NULL); \
             CREATE TABLE IF NOT EXISTS {state} (\
             key text PRIMARY KEY, \
             document text NOT NULL, \
             recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()); \
             CREATE TABLE IF NOT EXISTS {journal} (\
             version text NOT NULL, \
             direction text NOT NULL, \
             position bigint NOT NULL, \
             checksum text NOT NULL, \
             state text NOT NULL, \
             cursor text, \
             rows bigint NOT NULL, \
             duration_ms bigint NOT NULL, \
             recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(), \
             PRIMARY KEY (version, direction, position))",
            history = self.history_table(),
            state = self.state_table(),
            journal = self.journal_table(),
        )
    }

    pub(crate) async fn read_document(&self, key: &str) -> Result<Option<String>> {
        let sql = format!("SELECT document FROM {} WHERE key = {}", self.state_table(), literal(key));
        match self.try_run(&sql).await {
            Ok(sets) => Ok(sets.first().and_then(|set| set.rows.first()).and_then(|row| row.optional(0))),
            Err(error) if is_missing_table(&error) => Ok(None),
            Err(error) => Err(self.failed(&error, &format!("reading `{key}` in {STATE}"))),
        }
    }

    pub(crate) async fn write_document(&self, key: &str, document: &str) -> Result<()> {
        let sql = format!(
            "INSERT INTO {} (key, document) VALUES ({}, {}) \
             ON CONFLICT (key) DO UPDATE SET document = excluded.document, recorded_at = clock_timestamp()",
            self.state_table(),
            literal(key),
            literal(document)
        );
        self.run_fenced(&[sql], &format!("keeping `{key}` in {STATE}")).await
    }

    pub(crate) async fn mark_history(&self, entries: &[HistoryEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let inserts: Vec<String> = entries.iter().map(|entry| self.insert_sql(entry, "0")).collect();
        self.run_fenced(&inserts, "marking versions in the migration history").await
    }

    /// The statement that makes the change.
    pub(crate) fn change_sql(&self, change: &HistoryChange) -> String {
        match change {
            HistoryChange::Insert(entry) => self.insert_sql(entry, ELAPSED_MS),
            HistoryChange::Remove { version } => {
                format!("DELETE FROM {} WHERE version = {}", self.history_table(), literal(version))
            }
        }
    }

    /// The statement that makes the change and returns the step's duration in milliseconds.
    pub(crate) fn history_sql(&self, change: &HistoryChange) -> String {
        let duration = match change {
            HistoryChange::Insert(_) => "duration_ms",
            HistoryChange::Remove { .. } => ELAPSED_MS,
        };
        format!("{} RETURNING {duration}", self.change_sql(change))
    }

    pub(crate) fn insert_sql(&self, entry: &HistoryEntry, duration: &str) -> String {
        format!(
            "INSERT INTO {} (version, name, checksum, chain, schema_hash, kind, duration_ms, applied_by) \
             VALUES ({}, {}, {}, {}, {}, {}, {duration}, {})",
            self.history_table(),
            literal(&entry.version),
            literal(&entry.name),
            literal(&entry.checksum),
            literal(&entry.chain),
            optional_literal(entry.schema_hash.as_deref()),
            literal(entry.kind.as_str()),
            literal(&entry.applied_by),
        )
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
