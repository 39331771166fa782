//! Whimbrel's own tables: the history, the documents, and what this engine notes about each object it made.
//!
//! A note holds an object as PostgreSQL's catalogue would, beside a hash of SQLite's own text of it.
//! While the two belong together the note is what stands there; once somebody changed the object by
//! other means the hash differs, and the object is read from SQLite's text instead.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use whimbrel_engine::{HistoryChange, HistoryEntry, HistoryKind, JournalEntry, JournalState};
use whimbrel_schema::catalog::Table;

use crate::quote::text_literal;

pub(crate) const HISTORY: &str = "whimbrel_history";
pub(crate) const STATE: &str = "whimbrel_state";
pub(crate) const JOURNAL: &str = "whimbrel_journal";

const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS whimbrel_history (
  position INTEGER PRIMARY KEY AUTOINCREMENT,
  version TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  chain TEXT NOT NULL,
  schema_hash TEXT,
  kind TEXT NOT NULL,
  applied_at TEXT NOT NULL,
  duration_ms INTEGER NOT NULL,
  applied_by TEXT NOT NULL
)";

const CREATE_STATE: &str = "CREATE TABLE IF NOT EXISTS whimbrel_state (
  key TEXT NOT NULL PRIMARY KEY,
  document TEXT NOT NULL
)";

const CREATE_JOURNAL: &str = "CREATE TABLE IF NOT EXISTS whimbrel_journal (
  version TEXT NOT NULL,
  direction TEXT NOT NULL,
  position INTEGER NOT NULL,
  checksum TEXT NOT NULL,
  state TEXT NOT NULL,
  cursor TEXT,
  rows INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  PRIMARY KEY (version, direction, position)
)";

/// What a note is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Noted {
    Table,
    View,
    Enum,
}

impl Noted {
    fn key(self, name: &str) -> String {
        match self {
            Noted::Table => format!("sqlite:table:{name}"),
            Noted::View => format!("sqlite:view:{name}"),
            Noted::Enum => format!("sqlite:enum:{name}"),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Note<T> {
    hash: String,
    /// The hashes of a table's own text and of each of its indexes' by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
    object: T,
}

/// The hashes of the texts that a table is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parts {
    /// Of the table without its indexes.
    pub(crate) table: String,
    /// Of each index by name.
    pub(crate) indexes: BTreeMap<String, String>,
}

/// A hash of SQLite's text of an object.
pub(crate) fn hash(text: &str) -> String {
    let digest = sha2::Sha256::digest(text.as_bytes());
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1")?
        .exists([name])
}

/// Makes the tables. Says whether one was missing.
pub(crate) fn prepare(connection: &Connection) -> rusqlite::Result<bool> {
    if has_table(connection, HISTORY)? && has_table(connection, STATE)? && has_table(connection, JOURNAL)? {
        return Ok(false);
    }
    connection.execute(CREATE_HISTORY, [])?;
    connection.execute(CREATE_STATE, [])?;
    connection.execute(CREATE_JOURNAL, [])?;
    Ok(true)
}

/// A row of the history as stored; the kind is none where its word is not known.
pub(crate) type StoredEntry = (HistoryEntry, Option<String>);

pub(crate) fn history(connection: &Connection) -> rusqlite::Result<Vec<StoredEntry>> {
    if !has_table(connection, HISTORY)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT version, name, checksum, chain, schema_hash, kind, applied_at, duration_ms, applied_by
         FROM whimbrel_history ORDER BY position",
    )?;
    let rows = statement.query_map([], |row| {
        let word: String = row.get(5)?;
        let kind = HistoryKind::from_stored(&word);
        let entry = HistoryEntry {
            version: row.get(0)?,
            name: row.get(1)?,
            checksum: row.get(2)?,
            chain: row.get(3)?,
            schema_hash: row.get(4)?,
            kind: kind.unwrap_or(HistoryKind::Applied),
            applied_at: row.get(6)?,
            duration_ms: row.get(7)?,
            applied_by: row.get(8)?,
        };
        Ok((entry, kind.is_none().then_some(word)))
    })?;
    rows.collect()
}

pub(crate) fn insert(
    connection: &Connection,
    entry: &HistoryEntry,
    duration_ms: i64,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO whimbrel_history
               (version, name, checksum, chain, schema_hash, kind, applied_at, duration_ms, applied_by)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), ?7, ?8)",
        )?
        .execute(params![
            entry.version,
            entry.name,
            entry.checksum,
            entry.chain,
            entry.schema_hash,
            entry.kind.as_str(),
            duration_ms,
            entry.applied_by
        ])?;
    Ok(())
}

/// Makes a change to the history. Gives a version that it names and that is not there.
pub(crate) fn change(
    connection: &Connection,
    change: &HistoryChange,
    duration_ms: i64,
) -> rusqlite::Result<Option<String>> {
    match change {
        HistoryChange::Insert(entry) => insert(connection, entry, duration_ms)?,
        HistoryChange::Remove { version } => {
            if !remove(connection, version)? {
                return Ok(Some(version.clone()));
            }
        }
        HistoryChange::Replace { .. } => connection.execute_batch(&change_statement(change))?,
        HistoryChange::Record { key, document } => keep(connection, key, document)?,
        HistoryChange::Nothing => {}
    }
    Ok(None)
}

/// The statements that make the tables, for a script.
pub(crate) fn table_statements() -> Vec<String> {
    vec![CREATE_HISTORY.to_owned(), CREATE_STATE.to_owned(), CREATE_JOURNAL.to_owned()]
}

/// The rows of the journal by position, the word of a state that is not known beside its row.
pub(crate) fn journal(connection: &Connection) -> rusqlite::Result<Vec<(JournalEntry, Option<String>)>> {
    if !has_table(connection, JOURNAL)? {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT version, direction, position, checksum, state, cursor, rows, duration_ms
         FROM whimbrel_journal ORDER BY position",
    )?;
    let rows = statement.query_map([], |row| {
        let word: String = row.get(4)?;
        let state = JournalState::from_stored(&word);
        let entry = JournalEntry {
            version: row.get(0)?,
            direction: row.get(1)?,
            position: row.get(2)?,
            checksum: row.get(3)?,
            state: state.unwrap_or(JournalState::Intended),
            cursor: row.get(5)?,
            rows: row.get(6)?,
            duration_ms: row.get(7)?,
            act: None,
        };
        Ok((entry, state.is_none().then_some(word)))
    })?;
    rows.collect()
}

/// Keeps a row of the journal in place of the one before.
pub(crate) fn write_journal(connection: &Connection, entry: &JournalEntry) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO whimbrel_journal (version, direction, position, checksum, state, cursor, rows, duration_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (version, direction, position) DO UPDATE SET checksum = excluded.checksum,
               state = excluded.state, cursor = excluded.cursor, rows = excluded.rows, duration_ms = excluded.duration_ms",
        )?
        .execute(params![
            entry.version,
            entry.direction,
            entry.position,
            entry.checksum,
            entry.state.as_str(),
            entry.cursor,
            entry.rows,
            entry.duration_ms
        ])?;
    Ok(())
}

/// The statement that keeps a row of the journal, for a script.
pub(crate) fn journal_statement(entry: &JournalEntry) -> String {
    format!(
        "INSERT INTO {JOURNAL} (version, direction, position, checksum, state, rows, duration_ms) \
         VALUES ({}, {}, {}, {}, {}, {}, {}) \
         ON CONFLICT (version, direction, position) DO UPDATE SET state = excluded.state",
        text_literal(&entry.version),
        text_literal(&entry.direction),
        entry.position,
        text_literal(&entry.checksum),
        text_literal(entry.state.as_str()),
        entry.rows,
        entry.duration_ms
    )
}

/// Empties the journal.
pub(crate) fn empty_journal(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM whimbrel_journal", []).map(|_| ())
}

/// The statement that makes a change to the history, for a script; several, joined by semicolons, where entries
/// are replaced.
pub(crate) fn change_statement(change: &HistoryChange) -> String {
    match change {
        HistoryChange::Insert(entry) => {
            let hash = entry.schema_hash.as_deref().map_or_else(|| "NULL".to_owned(), text_literal);
            let texts = [
                &entry.version,
                &entry.name,
                &entry.checksum,
                &entry.chain,
                entry.kind.as_str(),
                &entry.applied_by,
            ]
            .map(text_literal);
            let [version, name, checksum, chain, kind, applied_by] = texts;
            format!(
                "INSERT INTO {HISTORY} (version, name, checksum, chain, schema_hash, kind, applied_at, duration_ms, applied_by) \
                 VALUES ({version}, {name}, {checksum}, {chain}, {hash}, {kind}, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'), 0, {applied_by})"
            )
        }
        HistoryChange::Remove { version } => {
            format!("DELETE FROM {HISTORY} WHERE version = {}", text_literal(version))
        }
        HistoryChange::Replace { versions, entry } => replace_statement(versions, entry),
        HistoryChange::Record { key, document } => format!(
            "INSERT INTO {STATE} (key, document) VALUES ({}, {}) ON CONFLICT (key) DO UPDATE SET document = excluded.document",
            text_literal(key),
            text_literal(document)
        ),
        HistoryChange::Nothing => String::new(),
    }
}

/// The last of the versions becomes the new entry, so that it keeps its place in the order.
fn replace_statement(versions: &[String], entry: &HistoryEntry) -> String {
    let (last, others) = versions.split_last().expect("a squashed file replaces at least one version");
    let mut sql = String::new();
    if !others.is_empty() {
        let others: Vec<String> = others.iter().map(|version| text_literal(version)).collect();
        sql = format!("DELETE FROM {HISTORY} WHERE version IN ({}); ", others.join(", "));
    }
    let hash = entry.schema_hash.as_deref().map_or_else(|| "NULL".to_owned(), text_literal);
    sql + &format!(
        "UPDATE {HISTORY} SET version = {}, name = {}, checksum = {}, chain = {}, schema_hash = {hash}, kind = {} \
         WHERE version = {}",
        text_literal(&entry.version),
        text_literal(&entry.name),
        text_literal(&entry.checksum),
        text_literal(&entry.chain),
        text_literal(entry.kind.as_str()),
        text_literal(last),
    )
}

/// Says whether there was such an entry.
pub(crate) fn remove(connection: &Connection, version: &str) -> rusqlite::Result<bool> {
    let removed =
        connection.prepare_cached("DELETE FROM whimbrel_history WHERE version = ?1")?.execute([version])?;
    Ok(removed > 0)
}

pub(crate) fn document(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    if !has_table(connection, STATE)? {
        return Ok(None);
    }
    connection
        .prepare_cached("SELECT document FROM whimbrel_state WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

pub(crate) fn keep(connection: &Connection, key: &str, document: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO whimbrel_state (key, document) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET document = excluded.document",
        )?
        .execute([key, document])?;
    Ok(())
}

/// Notes an object beside the hash of SQLite's text of it.
pub(crate) fn note<T: Serialize>(
    connection: &Connection,
    about: Noted,
    name: &str,
    hash: String,
    object: &T,
) -> rusqlite::Result<()> {
    keep_note(connection, &about.key(name), &Note { hash, parts: None, object })
}

/// Notes a table beside the hashes of SQLite's texts of it.
pub(crate) fn note_table(
    connection: &Connection,
    name: &str,
    (hash, parts): (String, Parts),
    table: &Table,
) -> rusqlite::Result<()> {
    keep_note(connection, &Noted::Table.key(name), &Note { hash, parts: Some(parts), object: table })
}

fn keep_note<T: Serialize>(connection: &Connection, key: &str, note: &Note<T>) -> rusqlite::Result<()> {
    let document = serde_json::to_string(note)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    keep(connection, key, &document)
}

/// The noted table, and those of its indexes whose texts are the noted ones; none where the table's own text is another.
pub(crate) fn noted_without_indexes(
    connection: &Connection,
    name: &str,
    parts: &Parts,
) -> rusqlite::Result<Option<Table>> {
    let document = document(connection, &Noted::Table.key(name))?;
    let note = document.and_then(|text| serde_json::from_str::<Note<Table>>(&text).ok());
    Ok(note.and_then(|note| {
        let known = note.parts.filter(|known| known.table == parts.table)?;
        let mut table = note.object;
        table.indexes.retain(|index| {
            let hash = parts.indexes.get(&index.name);
            hash.is_some() && hash == known.indexes.get(&index.name)
        });
        Some(table)
    }))
}

/// The noted object, where the note belongs to this text.
pub(crate) fn noted<T: DeserializeOwned>(
    connection: &Connection,
    about: Noted,
    name: &str,
    hash: &str,
) -> rusqlite::Result<Option<T>> {
    let document = document(connection, &about.key(name))?;
    Ok(document
        .and_then(|text| serde_json::from_str::<Note<T>>(&text).ok())
        .filter(|note| note.hash == hash)
        .map(|note| note.object))
}

/// Every noted object of this kind that belongs to no text of SQLite's.
pub(crate) fn all<T: DeserializeOwned>(connection: &Connection, about: Noted) -> rusqlite::Result<Vec<T>> {
    if !has_table(connection, STATE)? {
        return Ok(Vec::new());
    }
    let prefix = about.key("");
    let mut statement = connection
        .prepare_cached("SELECT document FROM whimbrel_state WHERE substr(key, 1, ?2) = ?1 ORDER BY key")?;
    let rows = statement
        .query_map(params![prefix, i64::try_from(prefix.len()).unwrap_or(i64::MAX)], |row| {
            row.get::<_, String>(0)
        })?;
    let mut objects = Vec::new();
    for row in rows {
        if let Ok(note) = serde_json::from_str::<Note<T>>(&row?) {
            objects.push(note.object);
        }
    }
    Ok(objects)
}

pub(crate) fn forget(connection: &Connection, about: Noted, name: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM whimbrel_state WHERE key = ?1")?.execute([about.key(name)])?;
    Ok(())
}
