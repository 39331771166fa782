//! A table that other means than a migration made or changed, read from SQLite's pragmas and its text.

use std::collections::BTreeMap;

use rusqlite::Connection;
use whimbrel_schema::catalog::{
    CheckConstraint, Column, ColumnType, Deferral, ForeignKeyConstraint, Identity, IndexDefinition,
    IndexPart, IndexPartTarget, PrimaryKey, QualifiedName, ReferentialAction, Table, UniqueConstraint,
};

use super::definition::{self, Constraint};
use crate::names;
use crate::quote::quoted;
use crate::render::{AUTO_CHECK, TYPE_CHECK};
use crate::types::from_declared;

pub(super) fn table(
    connection: &Connection,
    name: &str,
    sql: &str,
    indexes: &[(String, String)],
) -> rusqlite::Result<Table> {
    let mut table = Table::new(QualifiedName::plain(name));
    let constraints = definition::constraints(sql);
    let mut key: Vec<(i64, String)> = Vec::new();
    let mut statement = connection.prepare(&format!("PRAGMA table_xinfo({})", quoted(name)))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hidden: i64 = row.get("hidden")?;
        if hidden == 1 {
            continue;
        }
        let column_name: String = row.get("name")?;
        let declared: String = row.get("type")?;
        let declared = declared.trim_end_matches("GENERATED ALWAYS").trim();
        let position: i64 = row.get("pk")?;
        if position > 0 {
            key.push((position, column_name.clone()));
        }
        let default: Option<String> = row.get("dflt_value")?;
        let mut column = Column::new(&column_name, from_declared(declared));
        column.nullable = !row.get::<_, bool>("notnull")? && position == 0;
        column.default = default.filter(|text| !text.eq_ignore_ascii_case("null"));
        table.columns.push(column);
    }
    key.sort();
    let key: Vec<String> = key.into_iter().map(|(_, column)| column).collect();
    if !key.is_empty() {
        table.primary_key = Some(PrimaryKey { name: format!("{name}_pkey"), columns: key });
    }
    for constraint in &constraints {
        add(&mut table, constraint);
    }
    foreign_keys(connection, &mut table, &constraints)?;
    add_indexes(connection, &mut table, indexes)?;
    Ok(table)
}

/// Adds the indexes that the table does not know.
pub(super) fn add_indexes(
    connection: &Connection,
    table: &mut Table,
    indexes: &[(String, String)],
) -> rusqlite::Result<()> {
    for (index, sql) in indexes {
        if !table.indexes.iter().any(|known| known.name == *index) {
            let definition = index_definition(connection, table, index, sql)?;
            table.indexes.push(definition);
        }
    }
    Ok(())
}

fn add(table: &mut Table, constraint: &Constraint) {
    let own = table.name.name.clone();
    match constraint {
        Constraint::PrimaryKey { name, columns, autoincrement } => {
            if let (Some(key), Some(name)) = (&mut table.primary_key, name) {
                key.name.clone_from(name);
            }
            let column = table.columns.iter_mut().find(|column| columns.first() == Some(&column.name));
            if let Some(column) = column.filter(|_| *autoincrement) {
                column.ty = ColumnType::BigInt;
                column.identity = Some(Identity::ByDefault);
            }
        }
        Constraint::Unique { name, columns } => {
            let name = name.clone().unwrap_or_else(|| {
                names::chosen(&own, &columns.join("_"), "key", |name| {
                    table.uniques.iter().any(|unique| unique.name == name)
                })
            });
            table.uniques.push(UniqueConstraint {
                name,
                columns: columns.clone(),
                nulls_not_distinct: false,
                deferral: Deferral::NotDeferrable,
                include: Vec::new(),
            });
        }
        Constraint::Check { name: Some(name), .. } if name.starts_with(TYPE_CHECK) => {}
        Constraint::Check { name: Some(name), column: Some(column), .. } if name.starts_with(AUTO_CHECK) => {
            numbered(table, column, &name[AUTO_CHECK.len()..]);
        }
        Constraint::Check { name, column, expression } => {
            let name = name.clone().unwrap_or_else(|| {
                names::chosen(&own, column.as_deref().unwrap_or_default(), "check", |name| {
                    table.checks.iter().any(|check| check.name == name)
                })
            });
            table.checks.push(CheckConstraint { name, expression: expression.clone(), not_valid: false });
        }
        Constraint::Generated { column, expression } => {
            if let Some(column) = table.columns.iter_mut().find(|known| known.name == *column) {
                column.generated = Some(expression.clone());
            }
        }
        Constraint::ForeignKey { .. } => {}
    }
}

/// The name of the check tells what the key was declared as: `bigint_serial`.
fn numbered(table: &mut Table, column: &str, marker: &str) {
    let Some(column) = table.columns.iter_mut().find(|known| known.name == column) else { return };
    let Some((ty, word)) = marker.split_once('_') else { return };
    column.ty = ColumnType::parse(ty);
    column.serial = word == "serial";
    column.identity = match word {
        "always" => Some(Identity::Always),
        "by_default" => Some(Identity::ByDefault),
        _ => None,
    };
}

fn foreign_keys(
    connection: &Connection,
    table: &mut Table,
    constraints: &[Constraint],
) -> rusqlite::Result<()> {
    let own = table.name.name.clone();
    let mut statement = connection.prepare(&format!("PRAGMA foreign_key_list({})", quoted(&own)))?;
    let mut found: BTreeMap<i64, ForeignKeyConstraint> = BTreeMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let entry = found.entry(row.get("id")?).or_insert_with(|| ForeignKeyConstraint {
            name: String::new(),
            columns: Vec::new(),
            references: QualifiedName::plain(""),
            referenced_columns: Vec::new(),
            on_delete: ReferentialAction::NoAction,
            on_update: ReferentialAction::NoAction,
            deferral: Deferral::NotDeferrable,
            not_valid: false,
        });
        entry.references = QualifiedName::plain(row.get::<_, String>("table")?);
        entry.columns.push(row.get("from")?);
        entry.on_delete = action(&row.get::<_, String>("on_delete")?);
        entry.on_update = action(&row.get::<_, String>("on_update")?);
        if let Some(to) = row.get::<_, Option<String>>("to")? {
            entry.referenced_columns.push(to);
        }
    }
    // SQLite lists the last first.
    let mut texts = constraints.iter().filter_map(|constraint| match constraint {
        Constraint::ForeignKey { name, deferrable, deferred, .. } => {
            Some((name.clone(), *deferrable, *deferred))
        }
        _ => None,
    });
    for (_, mut key) in found.into_iter().rev() {
        let (name, deferrable, deferred) = texts.next().unwrap_or_default();
        key.name = name.unwrap_or_else(|| {
            names::chosen(&own, &key.columns.join("_"), "fkey", |name| {
                table.foreign_keys.iter().any(|known| known.name == name)
            })
        });
        key.deferral = match (deferrable, deferred) {
            (_, true) => Deferral::InitiallyDeferred,
            (true, false) => Deferral::InitiallyImmediate,
            (false, false) => Deferral::NotDeferrable,
        };
        if key.referenced_columns.is_empty() {
            key.referenced_columns = primary_key(connection, &key.references.name)?;
        }
        table.foreign_keys.push(key);
    }
    table.foreign_keys.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(())
}

fn primary_key(connection: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        connection.prepare("SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk")?;
    let rows = statement.query_map([table], |row| row.get(0))?;
    rows.collect()
}

fn action(word: &str) -> ReferentialAction {
    match word {
        "RESTRICT" => ReferentialAction::Restrict,
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

fn index_definition(
    connection: &Connection,
    table: &Table,
    name: &str,
    sql: &str,
) -> rusqlite::Result<IndexDefinition> {
    let texts = definition::index_keys(sql);
    let mut keys = Vec::new();
    let mut statement = connection
        .prepare("SELECT name, \"desc\" FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno")?;
    let mut rows = statement.query([name])?;
    while let Some(row) = rows.next()? {
        let column: Option<String> = row.get(0)?;
        let descending: bool = row.get(1)?;
        let target = match column {
            Some(column) => IndexPartTarget::Column(column),
            None => IndexPartTarget::Expression(texts.get(keys.len()).cloned().unwrap_or_default()),
        };
        keys.push(IndexPart {
            target,
            descending,
            nulls_first: descending,
            operator_class: None,
            collation: None,
        });
    }
    let unique = connection
        .prepare("SELECT \"unique\" FROM pragma_index_list(?1) WHERE name = ?2")?
        .query_row([&table.name.name, name], |row| row.get(0))?;
    Ok(IndexDefinition {
        name: name.to_owned(),
        method: "btree".to_owned(),
        keys,
        unique,
        nulls_not_distinct: false,
        predicate: definition::index_predicate(sql),
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    })
}
