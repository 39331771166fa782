//! Statements on columns.

use crate::catalog::{Column, ColumnType, Identity, QualifiedName};
use crate::operation::{Operation, StoredType};

use super::quote::{quote_identifier, quote_literal, quote_qualified};
use super::sequence::owned_sequence_name;
use super::table::identity_words;
use super::{cast, comment, table, type_name};

/// The statements; none where the operation is about something else.
pub(super) fn statements(operation: &Operation) -> Option<Vec<String>> {
    let statements = match operation {
        Operation::AddColumn { table, column } => add(table, column),
        Operation::DropColumn { table, column } => vec![drop(table, column)],
        Operation::ReplaceColumn { table, from, to } => {
            let mut statements = vec![drop(table, from)];
            statements.extend(add(table, to));
            statements
        }
        Operation::RenameColumn { table, from, to } => vec![format!(
            "ALTER TABLE {} RENAME COLUMN {} TO {}",
            quote_qualified(table),
            quote_identifier(from),
            quote_identifier(to)
        )],
        Operation::ChangeColumnType { table, column, from, to, serial } => {
            change_type(table, column, from, to, *serial)
        }
        Operation::SetNullable { table, column, nullable } => {
            let verb = if *nullable { "DROP" } else { "SET" };
            vec![format!("{} {verb} NOT NULL", alter(table, column))]
        }
        Operation::SetDefault { table, column, to, .. } => vec![match to {
            Some(expression) => format!("{} SET DEFAULT {expression}", alter(table, column)),
            None => format!("{} DROP DEFAULT", alter(table, column)),
        }],
        Operation::SetSerial { table, column, ty, serial } => set_serial(table, column, ty, *serial),
        Operation::SetIdentity { table, column, from, to } => set_identity(table, column, *from, *to),
        Operation::DropGeneratedExpression { table, column } => {
            vec![format!("{} DROP EXPRESSION", alter(table, &column.name))]
        }
        Operation::SetColumnComment { table, column, to, .. } => {
            vec![comment("COLUMN", &target(table, column), to.as_deref())]
        }
        _ => return None,
    };
    Some(statements)
}

/// `ALTER TABLE … ALTER COLUMN …`
pub(super) fn alter(table: &QualifiedName, column: &str) -> String {
    format!("ALTER TABLE {} ALTER COLUMN {}", quote_qualified(table), quote_identifier(column))
}

/// `table.column`
pub(super) fn target(table: &QualifiedName, column: &str) -> String {
    format!("{}.{}", quote_qualified(table), quote_identifier(column))
}

/// `ALTER TABLE … ADD COLUMN …` with what comes after it.
pub(super) fn add(table: &QualifiedName, column: &Column) -> Vec<String> {
    let name = quote_qualified(table);
    let mut statements = vec![format!("ALTER TABLE {name} ADD COLUMN {}", table::column(column))];
    if column.serial && column.nullable {
        statements.push(format!("{} DROP NOT NULL", alter(table, &column.name)));
    }
    let text = column.comment.as_deref();
    statements.extend(text.map(|text| comment("COLUMN", &target(table, &column.name), Some(text))));
    statements
}

fn drop(table: &QualifiedName, column: &Column) -> String {
    format!("ALTER TABLE {} DROP COLUMN {}", quote_qualified(table), quote_identifier(&column.name))
}

fn change_type(
    table: &QualifiedName,
    column: &str,
    from: &StoredType,
    to: &StoredType,
    serial: bool,
) -> Vec<String> {
    let mut statement = format!("{} TYPE {}", alter(table, column), type_name(&to.ty));
    if let Some(collation) = &to.collation {
        statement.push_str(&format!(" COLLATE {}", quote_identifier(collation)));
    }
    if let Some(expression) = cast::using(&quote_identifier(column), &from.ty, &to.ty) {
        statement.push_str(&format!(" USING {expression}"));
    }
    let mut statements = vec![statement];
    if serial {
        let sequence = quote_qualified(&owned_sequence_name(table, column));
        statements.push(format!("ALTER SEQUENCE IF EXISTS {sequence} AS {}", type_name(&to.ty)));
    }
    statements
}

fn set_serial(table: &QualifiedName, column: &str, ty: &ColumnType, serial: bool) -> Vec<String> {
    let sequence = quote_qualified(&owned_sequence_name(table, column));
    if !serial {
        return vec![
            format!("{} DROP DEFAULT", alter(table, column)),
            format!("DROP SEQUENCE IF EXISTS {sequence}"),
        ];
    }
    let literal = quote_literal(&sequence);
    vec![
        format!("CREATE SEQUENCE {sequence} AS {} OWNED BY {}", type_name(ty), target(table, column)),
        format!("{} SET DEFAULT nextval({literal}::regclass)", alter(table, column)),
        next_value_after(&literal, table, column),
    ]
}

fn set_identity(
    table: &QualifiedName,
    column: &str,
    from: Option<Identity>,
    to: Option<Identity>,
) -> Vec<String> {
    let alter = alter(table, column);
    match (from, to) {
        (_, None) => vec![format!("{alter} DROP IDENTITY")],
        (Some(_), Some(identity)) => vec![format!("{alter} SET GENERATED {}", identity_words(identity))],
        (None, Some(identity)) => {
            let sequence = format!(
                "pg_get_serial_sequence({}, {})",
                quote_literal(&quote_qualified(table)),
                quote_literal(column)
            );
            vec![
                format!("{alter} ADD GENERATED {} AS IDENTITY", identity_words(identity)),
                next_value_after(&sequence, table, column),
            ]
        }
    }
}

/// Lets the sequence go on after the largest value that the column holds.
fn next_value_after(sequence: &str, table: &QualifiedName, column: &str) -> String {
    let (table, column) = (quote_qualified(table), quote_identifier(column));
    format!("SELECT setval({sequence}, (SELECT COALESCE(max({column}), 0) + 1 FROM {table}), false)")
}
