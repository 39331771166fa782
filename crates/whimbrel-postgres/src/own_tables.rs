//! What is written into Whimbrel's own tables, as statements. Nothing here is sent.

use whimbrel_engine::{HistoryChange, HistoryEntry, JournalEntry};

use crate::connection::Postgres;
use crate::quote::{identifier, literal, optional_literal, qualified};

pub(crate) const HISTORY: &str = "whimbrel_history";
pub(crate) const STATE: &str = "whimbrel_state";
pub(crate) const JOURNAL: &str = "whimbrel_journal";

/// The milliseconds since the transaction began, counted by the server.
const ELAPSED_MS: &str =
    "round(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint";

/// Whimbrel's tables in one schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnTables<'a> {
    pub(crate) schema: &'a str,
}

impl Postgres {
    /// Whimbrel's tables in this database.
    pub(crate) fn own(&self) -> OwnTables<'_> {
        OwnTables { schema: &self.schema }
    }
}

impl OwnTables<'_> {
    pub(crate) fn history_table(&self) -> String {
        qualified(self.schema, HISTORY)
    }

    pub(crate) fn state_table(&self) -> String {
        qualified(self.schema, STATE)
    }

    pub(crate) fn journal_table(&self) -> String {
        qualified(self.schema, JOURNAL)
    }

    /// What makes the schema of Whimbrel's tables where it is missing.
    pub(crate) fn create_schema_sql(&self) -> String {
        // CREATE SCHEMA IF NOT EXISTS asks for the right to create even where the schema exists.
        if self.schema == "public" {
            return String::new();
        }
        let name = identifier(self.schema);
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

    pub(crate) fn record_sql(&self, key: &str, document: &str) -> String {
        format!(
            "INSERT INTO {} (key, document) VALUES ({}, {}) \
             ON CONFLICT (key) DO UPDATE SET document = excluded.document, recorded_at = clock_timestamp()",
            self.state_table(),
            literal(key),
            literal(document)
        )
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
    pub(crate) fn replace_sql(&self, versions: &[String], entry: &HistoryEntry) -> String {
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

    /// Prepares what [`Self::execute_insert_sql`] executes.
    pub(crate) fn prepare_insert_sql(&self, name: &str) -> String {
        format!(
            "PREPARE {name} (text, text, text, text, text, text, text) AS \
             INSERT INTO {} (version, name, checksum, chain, schema_hash, kind, duration_ms, applied_by) \
             VALUES ($1, $2, $3, $4, $5, $6, {ELAPSED_MS}, $7) RETURNING duration_ms",
            self.history_table()
        )
    }

    /// Does what [`Self::history_sql`] does for a new entry.
    pub(crate) fn execute_insert_sql(&self, name: &str, entry: &HistoryEntry) -> String {
        format!(
            "EXECUTE {name} ({}, {}, {}, {}, {}, {}, {})",
            literal(&entry.version),
            literal(&entry.name),
            literal(&entry.checksum),
            literal(&entry.chain),
            optional_literal(entry.schema_hash.as_deref()),
            literal(entry.kind.as_str()),
            literal(&entry.applied_by),
        )
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
    pub(crate) fn finish_sql(&self, change: &HistoryChange) -> String {
        match change {
            HistoryChange::Insert(entry) => self.insert_sql(entry, &entry.duration_ms.to_string()),
            _ => self.change_sql(change),
        }
    }
}
