//! Statements on enumerated types.

use crate::catalog::{EnumDefinition, QualifiedName};
use crate::operation::{EnumColumn, EnumUsage, Operation, ValuePosition};

use super::comment;
use super::quote::{quote_identifier, quote_literal, quote_qualified};

/// What a type is called while it is built beside the one that it replaces.
const TEMPORARY_SUFFIX: &str = "__new";

/// The statements; none where the operation is about something else.
pub(super) fn statements(operation: &Operation) -> Option<Vec<String>> {
    let statements = match operation {
        Operation::CreateEnum { definition } => create(definition),
        Operation::DropEnum { definition } => {
            vec![format!("DROP TYPE {}", quote_qualified(&definition.name))]
        }
        Operation::RenameEnum { from, to } => vec![rename(from, &to.name)],
        Operation::MoveEnum { from, to } => {
            vec![format!("ALTER TYPE {} SET SCHEMA {}", quote_qualified(from), quote_identifier(&to.schema))]
        }
        Operation::AddEnumValue { from, value, position, .. } => {
            let place = match position {
                ValuePosition::Last => String::new(),
                ValuePosition::Before(neighbour) => format!(" BEFORE {}", quote_literal(neighbour)),
                ValuePosition::After(neighbour) => format!(" AFTER {}", quote_literal(neighbour)),
            };
            let name = quote_qualified(&from.name);
            vec![format!("ALTER TYPE {name} ADD VALUE {}{place}", quote_literal(value))]
        }
        Operation::RenameEnumValue { name, from, to } => vec![format!(
            "ALTER TYPE {} RENAME VALUE {} TO {}",
            quote_qualified(name),
            quote_literal(from),
            quote_literal(to)
        )],
        Operation::ReplaceEnum { from, to, usage } => replace(from, to, usage),
        Operation::SetEnumComment { name, to, .. } => {
            vec![comment("TYPE", &quote_qualified(name), to.as_deref())]
        }
        _ => return None,
    };
    Some(statements)
}

fn create(definition: &EnumDefinition) -> Vec<String> {
    let name = quote_qualified(&definition.name);
    let mut statements = vec![create_as(&definition.name, &definition.values)];
    statements.extend(definition.comment.as_deref().map(|text| comment("TYPE", &name, Some(text))));
    statements
}

fn create_as(name: &QualifiedName, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quote_literal(value)).collect();
    format!("CREATE TYPE {} AS ENUM ({})", quote_qualified(name), values.join(", "))
}

fn rename(from: &QualifiedName, to: &str) -> String {
    format!("ALTER TYPE {} RENAME TO {}", quote_qualified(from), quote_identifier(to))
}

/// Builds the type anew under another name, hands the columns over, and gives it the old name.
///
/// What holds values of the old type in an expression cannot follow, so it goes first and comes back last.
fn replace(from: &EnumDefinition, to: &EnumDefinition, usage: &EnumUsage) -> Vec<String> {
    let temporary = to.name.sibling(format!("{}{TEMPORARY_SUFFIX}", to.name.name));
    let users = operations_on_users(usage);
    let mut statements: Vec<String> =
        users.iter().rev().filter_map(Operation::inverse).flat_map(|drop| super::statements(&drop)).collect();
    let with_default =
        || usage.columns.iter().filter_map(|each| each.default.as_ref().map(|text| (each, text)));

    statements.push(create_as(&temporary, &to.values));
    statements.extend(with_default().map(|(each, _)| format!("{} DROP DEFAULT", alter(each))));
    statements.extend(usage.columns.iter().map(|each| hand_over(each, &temporary)));
    statements.push(format!("DROP TYPE {}", quote_qualified(&from.name)));
    statements.push(rename(&temporary, &to.name.name));
    statements.extend(with_default().map(|(each, text)| format!("{} SET DEFAULT {text}", alter(each))));
    let name = quote_qualified(&to.name);
    statements.extend(to.comment.as_deref().map(|text| comment("TYPE", &name, Some(text))));
    statements.extend(users.iter().flat_map(super::statements));
    statements
}

fn alter(column: &EnumColumn) -> String {
    let table = quote_qualified(&column.table);
    format!("ALTER TABLE {table} ALTER COLUMN {}", quote_identifier(&column.column))
}

fn hand_over(column: &EnumColumn, to: &QualifiedName) -> String {
    let brackets = if column.array { "[]" } else { "" };
    let name = quote_identifier(&column.column);
    let target = format!("{}{brackets}", quote_qualified(to));
    format!("{} TYPE {target} USING {name}::text{brackets}::{target}", alter(column))
}

/// The operations that bring back what uses the type.
fn operations_on_users(usage: &EnumUsage) -> Vec<Operation> {
    let columns = usage.generated.iter().cloned();
    let checks = usage.checks.iter().cloned();
    let indexes = usage.indexes.iter().cloned();
    columns
        .map(|(table, column)| Operation::AddColumn { table, column })
        .chain(checks.map(|(table, constraint)| Operation::AddCheck { table, constraint }))
        .chain(indexes.map(|(table, index)| Operation::CreateIndex { table, index }))
        .chain(usage.views.iter().map(|view| Operation::CreateView { view: view.clone() }))
        .collect()
}
