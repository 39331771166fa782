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
            "SELECT to_regclass({}) IS NOT NULL AND to_regclass({}) IS NOT NULL",
            literal(&self.history_table()),
            literal(&self.state_table())
        );
        let sets = self.run(&sql, doing).await?;
        Ok(sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)))
    }

    /// One simple query is one transaction: both tables come to be, or none.
    pub(crate) fn create_tables_sql(&self) -> String {
        // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where the schema exists.
        let schema = if self.schema == "public" {
            String::new()
        } else {
            let name = identifier(&self.schema);
            format!(
                "DO $whimbrel$ BEGIN IF to_regnamespace({}) IS NULL THEN CREATE SCHEMA {name}; END IF; END \
                 $whimbrel$;",
                literal(&name)
            )
        };
        format!(
            "{schema} CREATE TABLE IF NOT EXISTS {history} (\
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
             recorded_at timestamptz NOT NULL DEFAULT clock_timestamp())",
            history = self.history_table(),
            state = self.state_table(),
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
        let sql = self.record_sql(key, document);
        self.run(&sql, &format!("keeping `{key}` in {STATE}")).await.map(drop)
    }

    fn record_sql(&self, key: &str, document: &str) -> String {
        format!(
            "INSERT INTO {} (key, document) VALUES ({}, {}) \
             ON CONFLICT (key) DO UPDATE SET document = excluded.document, recorded_at = clock_timestamp()",
            self.state_table(),
            literal(key),
            literal(document)
        )
    }

    pub(crate) async fn mark_history(&self, entries: &[HistoryEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let inserts: Vec<String> = entries.iter().map(|entry| self.insert_sql(entry, "0")).collect();
        // One simple query is one transaction.
        self.run(&inserts.join("; "), "marking versions in the migration history").await.map(drop)
    }

    /// The statement that makes the change; several, joined by semicolons, where entries are replaced.
    pub(crate) fn change_sql(&self, change: &HistoryChange) -> String {
        match change {
            HistoryChange::Insert(entry) => self.insert_sql(entry, ELAPSED_MS),
            HistoryChange::Remove { version } => {
                format!("DELETE FROM {} WHERE version = {}", self.history_table(), literal(version))
            }
            HistoryChange::Replace { versions, entry } => self.replace_sql(versions, entry),
            HistoryChange::Record { key, document } => self.record_sql(key, document),
            HistoryChange::Nothing => String::new(),
        }
    }

    /// The statement that makes the change and returns the step's duration in milliseconds.
    pub(crate) fn history_sql(&self, change: &HistoryChange) -> String {
        let duration = match change {
            HistoryChange::Insert(_) => "duration_ms",
            HistoryChange::Nothing => return format!("SELECT {ELAPSED_MS}"),
            HistoryChange::Remove { .. } | HistoryChange::Replace { .. } | HistoryChange::Record { .. } => {
                ELAPSED_MS
            }
        };
        format!("{} RETURNING {duration}", self.change_sql(change))
    }

    /// The last of the versions becomes the new entry, so that it keeps its place in the order.
    fn replace_sql(&self, versions: &[String], entry: &HistoryEntry) -> String {
        let table = self.history_table();
        let (last, others) = versions.split_last().expect("a squashed file replaces at least one version");
        let mut sql = String::new();
        if !others.is_empty() {
            let others: Vec<String> = others.iter().map(|version| literal(version)).collect();
            sql = format!("DELETE FROM {table} WHERE version IN ({}); ", others.join(", "));
        }
        sql + &format!(
            "UPDATE {table} SET version = {}, name = {}, checksum = {}, chain = {}, schema_hash = {}, kind = {} \
             WHERE version = {}",
            literal(&entry.version),
            literal(&entry.name),
            literal(&entry.checksum),
            literal(&entry.chain),
            optional_literal(entry.schema_hash.as_deref()),
            literal(entry.kind.as_str()),
            literal(last),
        )
    }

    fn insert_sql(&self, entry: &HistoryEntry, duration: &str) -> String {
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

fn is_duplicate(error: &Error) -> bool {
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
