//! The catalogue as the database holds it.

mod definition;
mod foreign;

use std::collections::BTreeMap;

use rusqlite::Connection;
use whimbrel_schema::catalog::{Catalog, QualifiedName, Table, Unmanaged, UnmanagedKind, View};

use crate::ledger::{self, Noted};

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

/// SQLite's text of a table and its indexes; what a note's hash is taken of.
fn text_of(table: &Entry, indexes: &[&Entry]) -> String {
    let mut text = table.sql.clone();
    for index in indexes {
        text.push('\n');
        text.push_str(&index.sql);
    }
    text
}

/// The table's text with its indexes; none where there is no such table.
pub(crate) fn table_text(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let all = entries(connection, Some(name))?;
    let indexes: Vec<&Entry> = all.iter().filter(|entry| is_index(entry)).collect();
    Ok(all.iter().find(|entry| entry.kind == "table").map(|table| text_of(table, &indexes)))
}

pub(crate) fn view_text(connection: &Connection, name: &str) -> rusqlite::Result<Option<String>> {
    let all = entries(connection, Some(name))?;
    Ok(all.into_iter().find(|entry| entry.kind == "view").map(|entry| entry.sql))
}

/// An index that SQLite makes for a constraint by itself has no text.
fn is_index(entry: &Entry) -> bool {
    entry.kind == "index" && !entry.sql.is_empty()
}

fn described(connection: &Connection, table: &Entry, indexes: &[&Entry]) -> rusqlite::Result<Table> {
    let hash = ledger::hash(&text_of(table, indexes));
    match ledger::noted(connection, Noted::Table, &table.name, &hash)? {
        Some(noted) => Ok(noted),
        None => {
            let texts: Vec<(String, String)> =
                indexes.iter().map(|index| (index.name.clone(), index.sql.clone())).collect();
            foreign::table(connection, &table.name, &table.sql, &texts)
        }
    }
}

/// The table of this name; virtual tables are none.
pub(crate) fn table(connection: &Connection, name: &str) -> rusqlite::Result<Option<Table>> {
    let all = entries(connection, Some(name))?;
    let indexes: Vec<&Entry> = all.iter().filter(|entry| is_index(entry)).collect();
    match all.iter().find(|entry| entry.kind == "table" && !is_virtual(entry)) {
        Some(table) => described(connection, table, &indexes).map(Some),
        None => Ok(None),
    }
}

/// Every table, sorted by name.
pub(crate) fn tables(connection: &Connection) -> rusqlite::Result<Vec<Table>> {
    Ok(catalog(connection)?.tables)
}

/// Every view that stands here.
pub(crate) fn views(connection: &Connection) -> rusqlite::Result<Vec<View>> {
    Ok(catalog(connection)?.views)
}

/// The triggers of a table, with their texts.
pub(crate) fn triggers(connection: &Connection, table: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let all = entries(connection, Some(table))?;
    Ok(all.into_iter().filter(|entry| entry.kind == "trigger").map(|entry| (entry.name, entry.sql)).collect())
}

/// The whole catalogue, sorted.
pub(crate) fn catalog(connection: &Connection) -> rusqlite::Result<Catalog> {
    let all = entries(connection, None)?;
    let mut indexes: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    for entry in all.iter().filter(|entry| is_index(entry)) {
        indexes.entry(&entry.table).or_default().push(entry);
    }
    let virtual_tables: Vec<&str> = all
        .iter()
        .filter(|entry| entry.kind == "table" && is_virtual(entry))
        .map(|entry| entry.name.as_str())
        .collect();
    let mut catalog = Catalog { enums: ledger::all(connection, Noted::Enum)?, ..Catalog::default() };
    let mut unmanaged = |kind, name: String| {
        catalog.unmanaged.push(Unmanaged { kind, name: QualifiedName::plain(name) });
    };
    let mut tables = Vec::new();
    let mut views = Vec::new();
    for entry in &all {
        match entry.kind.as_str() {
            "table" if is_virtual(entry) => unmanaged(UnmanagedKind::VirtualTable, entry.name.clone()),
            "table" if is_shadow(&entry.name, &virtual_tables) => {}
            "table" => {
                let own = indexes.get(entry.name.as_str()).map(Vec::as_slice).unwrap_or_default();
                tables.push(described(connection, entry, own)?);
            }
            "trigger" => unmanaged(UnmanagedKind::Trigger, format!("{}.{}", entry.table, entry.name)),
            "view" => views.push(view(connection, entry)?),
            _ => {}
        }
    }
    catalog.tables = tables;
    catalog.views = views;
    catalog.sort();
    Ok(catalog)
}

fn view(connection: &Connection, entry: &Entry) -> rusqlite::Result<View> {
    let noted = ledger::noted(connection, Noted::View, &entry.name, &ledger::hash(&entry.sql))?;
    Ok(noted.unwrap_or_else(|| View {
        name: QualifiedName::plain(&entry.name),
        query: definition::view_query(&entry.sql),
        materialized: false,
        comment: None,
    }))
}

/// The tables in which a virtual table keeps its data: `name_data`, `name_idx` and so on.
fn is_shadow(name: &str, virtual_tables: &[&str]) -> bool {
    const ENDINGS: &[&str] = &[
        "data", "idx", "content", "docsize", "config", "segments", "segdir", "stat", "node", "parent",
        "rowid",
    ];
    virtual_tables.iter().any(|owner| {
        name.strip_prefix(owner)
            .and_then(|rest| rest.strip_prefix('_'))
            .is_some_and(|ending| ENDINGS.contains(&ending))
    })
}
