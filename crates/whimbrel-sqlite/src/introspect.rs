//! The catalogue as the database holds it.

mod definition;
mod foreign;

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use whimbrel_schema::catalog::{Catalog, QualifiedName, Table, Unmanaged, UnmanagedKind, View};

use crate::ledger::{self, Noted, Parts};

/// One row of `sqlite_master`.
struct Entry {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

fn entries(connection: &Connection, table: Option<&str>) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = connection.prepare_cached(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master
         WHERE (?1 IS NULL OR tbl_name = ?1) AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
           AND tbl_name NOT LIKE 'whimbrel\\_%' ESCAPE '\\' AND name NOT LIKE 'whimbrel\\_%' ESCAPE '\\'
         ORDER BY name",
    )?;
    let rows = statement.query_map([table], |row| {
        Ok(Entry { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    rows.collect()
}

fn is_virtual(entry: &Entry) -> bool {
    let mut words = entry.sql.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("create"))
        && words.next().is_some_and(|word| word.eq_ignore_ascii_case("virtual"))
}

/// SQLite's text of a table and of its indexes.
pub(crate) struct TableText {
    sql: String,
    /// Each index with its text, sorted by name.
    pub(crate) indexes: Vec<(String, String)>,
}

impl TableText {
    /// The hashes of its texts.
    pub(crate) fn parts(&self) -> Parts {
        let indexes = self.indexes.iter().map(|(name, sql)| (name.clone(), ledger::hash(sql)));
        Parts { table: ledger::hash(&self.sql), indexes: indexes.collect() }
    }

    /// What a note's hash is taken of.
    pub(crate) fn whole(&self) -> String {
        let mut text = self.sql.clone();
        for (_, index) in &self.indexes {
            text.push('\n');
            text.push_str(index);
        }
        text
    }
}

/// SQLite's texts of everything, by name.
#[derive(Default)]
pub(crate) struct Texts {
    /// The tables besides virtual ones.
    pub(crate) tables: BTreeMap<String, TableText>,
    /// Those among the tables in which virtual tables keep their data.
    pub(crate) shadows: BTreeSet<String>,
    pub(crate) views: BTreeMap<String, String>,
    virtual_tables: Vec<String>,
    /// Each trigger as `table.trigger`.
    triggers: Vec<String>,
}

pub(crate) fn texts(connection: &Connection) -> rusqlite::Result<Texts> {
    let mut texts = Texts::default();
    let mut indexes: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for entry in entries(connection, None)? {
        match entry.kind.as_str() {
            "table" if is_virtual(&entry) => texts.virtual_tables.push(entry.name),
            "table" => {
                texts.tables.insert(entry.name, TableText { sql: entry.sql, indexes: Vec::new() });
            }
            // An index that SQLite makes for a constraint by itself has no text.
            "index" if !entry.sql.is_empty() => {
                indexes.entry(entry.table).or_default().push((entry.name, entry.sql));
            }
            "trigger" => texts.triggers.push(format!("{}.{}", entry.table, entry.name)),
            "view" => {
                texts.views.insert(entry.name, entry.sql);
            }
            _ => {}
        }
    }
    for (table, indexes) in indexes {
        if let Some(text) = texts.tables.get_mut(&table) {
            text.indexes = indexes;
        }
    }
    let shadows = texts.tables.keys().filter(|name| is_shadow(name, &texts.virtual_tables));
    texts.shadows = shadows.cloned().collect();
    Ok(texts)
}

/// The names of all tables, views and indexes.
pub(crate) fn names(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare_cached("SELECT name FROM sqlite_master WHERE type <> 'trigger'")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}

/// The table as its note describes it, or its text where the note is not of this text.
pub(crate) fn described(connection: &Connection, name: &str, text: &TableText) -> rusqlite::Result<Table> {
    if let Some(noted) = ledger::noted(connection, Noted::Table, name, &ledger::hash(&text.whole()))? {
        return Ok(noted);
    }
    // Where only indexes were changed by other means, the note still tells of the table.
    match ledger::noted_without_indexes(connection, name, &text.parts())? {
        Some(mut table) => {
            foreign::add_indexes(connection, &mut table, &text.indexes)?;
            table.sort();
            Ok(table)
        }
        None => foreign::table(connection, name, &text.sql, &text.indexes),
    }
}

/// Every table, sorted by name.
pub(crate) fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    Ok(catalog(connection)?.tables)
}

/// The triggers of a table, with their texts.
pub(crate) fn triggers(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let all = entries(connection, Some(table))?;
    Ok(all.into_iter().filter(|entry| entry.kind == "trigger").map(|entry| (entry.name, entry.sql)).collect())
}

/// The whole catalogue, sorted.
pub(crate) fn catalog(connection: &Connection) -> rusqlite::Result<Catalog> {
    let texts = texts(connection)?;
    let mut catalog = Catalog { enums: ledger::all(connection, Noted::Enum)?, ..Catalog::default() };
    for (kind, names) in
        [(UnmanagedKind::VirtualTable, texts.virtual_tables), (UnmanagedKind::Trigger, texts.triggers)]
    {
        let unmanaged = names.into_iter().map(|name| Unmanaged { kind, name: QualifiedName::plain(name) });
        catalog.unmanaged.extend(unmanaged);
    }
    for (name, text) in texts.tables.iter().filter(|(name, _)| !texts.shadows.contains(*name)) {
        catalog.tables.push(described(connection, name, text)?);
    }
    for (name, text) in &texts.views {
        catalog.views.push(view(connection, name, text)?);
    }
    catalog.sort();
    Ok(catalog)
}

/// The view as its note describes it, or its text where the note is not of this text.
pub(crate) fn view(connection: &Connection, name: &str, text: &str) -> rusqlite::Result<View> {
    let noted = ledger::noted(connection, Noted::View, name, &ledger::hash(text))?;
    Ok(noted.unwrap_or_else(|| View {
        name: QualifiedName::plain(name),
        query: definition::view_query(text),
        materialized: false,
        comment: None,
    }))
}

/// The tables in which a virtual table keeps its data: `name_data`, `name_idx` and so on.
fn is_shadow(name: &str, virtual_tables: &[String]) -> bool {
    const ENDINGS: &[&str] = &[
        "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent",
        "rowid",
    ];
    virtual_tables.iter().any(|owner| {
        name.strip_prefix(owner.as_str())
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|ending| ENDINGS.contains(&ending))
    })
}
