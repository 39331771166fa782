//! Statements on whole tables.

use crate::catalog::{Column, Identity, Table};
use crate::operation::Operation;

use super::constraint::{self, Build, Inline};
use super::quote::{quote_identifier, quote_qualified};
use super::{comment, parameters, storage_changes};

const INDENT: &str = "    ";

/// The statements; none where the operation is about something else.
pub(super) fn statements(operation: &Operation) -> Option<Vec<String>> {
    let statements = match operation {
        Operation::CreateTable { table } => create(table),
        Operation::DropTable { table } => vec![format!("DROP TABLE {}", quote_qualified(&table.name))],
        Operation::RenameTable { from, to } => {
            vec![format!("ALTER TABLE {} RENAME TO {}", quote_qualified(from), quote_identifier(&to.name))]
        }
        Operation::MoveTable { from, to } => {
            vec![format!("ALTER TABLE {} SET SCHEMA {}", quote_qualified(from), quote_identifier(&to.schema))]
        }
        Operation::SetTableComment { table, to, .. } => {
            vec![comment("TABLE", &quote_qualified(table), to.as_deref())]
        }
        Operation::SetTableStorage { table, from, to } => {
            storage_changes(&format!("ALTER TABLE {}", quote_qualified(table)), from, to)
        }
        _ => return None,
    };
    Some(statements)
}

fn create(table: &Table) -> Vec<String> {
    let name = quote_qualified(&table.name);
    let mut lines: Vec<String> = table.columns.iter().map(column).collect();
    lines.extend(table.primary_key.iter().map(|key| key.inline()));
    lines.extend(table.uniques.iter().map(|unique| unique.inline()));
    // What is not valid yet is added afterwards: in CREATE TABLE it would count as checked.
    lines.extend(table.foreign_keys.iter().filter(|key| !key.not_valid).map(|key| key.inline()));
    lines.extend(table.checks.iter().filter(|check| !check.not_valid).map(|check| check.inline()));

    let body = lines.iter().map(|line| format!("{INDENT}{line}")).collect::<Vec<_>>().join(",\n");
    let with =
        if table.with.is_empty() { String::new() } else { format!(" WITH ({})", parameters(&table.with)) };
    let mut statements = vec![if lines.is_empty() {
        format!("CREATE TABLE {name} (){with}")
    } else {
        format!("CREATE TABLE {name} (\n{body}\n){with}")
    }];
    for column in table.columns.iter().filter(|column| column.serial && column.nullable) {
        let column = quote_identifier(&column.name);
        statements.push(format!("ALTER TABLE {name} ALTER COLUMN {column} DROP NOT NULL"));
    }
    let unchecked_keys = table.foreign_keys.iter().filter(|key| key.not_valid).map(|key| key.inline());
    let unchecked = table.checks.iter().filter(|check| check.not_valid).map(|check| check.inline());
    for definition in unchecked_keys.chain(unchecked) {
        statements.push(format!("ALTER TABLE {name} ADD {definition} NOT VALID"));
    }
    statements.extend(
        table.indexes.iter().map(|index| constraint::create_index(&table.name, index, Build::Blocking)),
    );
    statements.extend(table.comment.as_deref().map(|text| comment("TABLE", &name, Some(text))));
    for column in &table.columns {
        let target = format!("{name}.{}", quote_identifier(&column.name));
        statements.extend(column.comment.as_deref().map(|text| comment("COLUMN", &target, Some(text))));
    }
    statements
}

/// A column as CREATE TABLE and ADD COLUMN write it.
pub(super) fn column(column: &Column) -> String {
    let mut text = format!("{} {}", quote_identifier(&column.name), stored_type(column));
    if let Some(collation) = &column.collation {
        text.push_str(&format!(" COLLATE {}", quote_identifier(collation)));
    }
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = &column.default {
        text.push_str(&format!(" DEFAULT {default}"));
    }
    if let Some(identity) = column.identity {
        text.push_str(&format!(" GENERATED {} AS IDENTITY", identity_words(identity)));
    }
    if let Some(expression) = &column.generated {
        text.push_str(&format!(" GENERATED ALWAYS AS ({expression}) STORED"));
    }
    text
}

fn stored_type(column: &Column) -> String {
    use crate::catalog::ColumnType as T;
    match (column.serial, &column.ty) {
        (true, T::SmallInt) => "smallserial".to_owned(),
        (true, T::Integer) => "serial".to_owned(),
        (true, T::BigInt) => "bigserial".to_owned(),
        (_, ty) => super::type_name(ty),
    }
}

/// `ALWAYS` or `BY DEFAULT`.
pub(super) fn identity_words(identity: Identity) -> &'static str {
    match identity {
        Identity::Always => "ALWAYS",
        Identity::ByDefault => "BY DEFAULT",
    }
}
