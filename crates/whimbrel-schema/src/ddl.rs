//! PostgreSQL's statements for typed operations.
//!
//! Every statement is one string without its semicolon, the same for the same operation. Names are
//! quoted only where they must be; expressions are written as they are in the catalogue.

pub mod cast;
mod column;
mod constraint;
mod enumeration;
pub mod quote;
mod safe;
mod script;
mod section;
mod sequence;
mod table;
mod types;

pub use script::{MigrationText, migration_file, script};
pub use section::{BATCH_ROWS, BatchRows, Forms, Section, Unit, UnitStatement};
pub use sequence::owned_sequence_name;
pub use types::type_name;

use crate::catalog::{IndexDefinition, QualifiedName, View};
use crate::operation::Operation;
use quote::{quote_identifier, quote_literal, quote_qualified};

/// Writes an operation as PostgreSQL's statements.
#[must_use]
pub fn statements(operation: &Operation) -> Vec<String> {
    match operation {
        Operation::NothingToUndo { .. } => Vec::new(),
        Operation::CreateSchema { name } => vec![format!("CREATE SCHEMA {}", quote_identifier(name))],
        Operation::DropSchema { name } => vec![format!("DROP SCHEMA {}", quote_identifier(name))],
        Operation::CreateView { view } => create_view(view),
        Operation::DropView { view } => {
            vec![format!("DROP {} {}", view_kind(view.materialized), quote_qualified(&view.name))]
        }
        Operation::SetViewComment { name, materialized, to, .. } => {
            vec![comment(view_kind(*materialized), &quote_qualified(name), to.as_deref())]
        }
        other => enumeration::statements(other)
            .or_else(|| sequence::statements(other))
            .or_else(|| table::statements(other))
            .or_else(|| column::statements(other))
            .or_else(|| constraint::statements(other))
            .unwrap_or_default(),
    }
}

/// `CREATE INDEX …`, by the form that lets writers go on where `concurrently`.
#[must_use]
pub fn index_build(table: &QualifiedName, index: &IndexDefinition, concurrently: bool) -> String {
    let build = if concurrently { constraint::Build::Concurrent } else { constraint::Build::Blocking };
    constraint::create_index(table, index, build)
}

/// `DROP INDEX …`, by the form that lets readers and writers go on where `concurrently`.
#[must_use]
pub fn index_removal(table: &QualifiedName, index: &str, concurrently: bool) -> String {
    let concurrently = if concurrently { "CONCURRENTLY " } else { "" };
    format!("DROP INDEX {concurrently}{}", constraint::index_name(table, index))
}

/// The parts of an index after `ON table`: `(user_id, created_at DESC) WHERE …`, and `USING …` before them.
#[must_use]
pub fn index_parts(index: &IndexDefinition) -> String {
    constraint::index_parts(index)
}

fn create_view(view: &View) -> Vec<String> {
    let kind = view_kind(view.materialized);
    let name = quote_qualified(&view.name);
    let query = view.query.trim().trim_end_matches(';');
    let mut statements = vec![format!("CREATE {kind} {name} AS\n{query}")];
    statements.extend(view.comment.as_deref().map(|text| comment(kind, &name, Some(text))));
    statements
}

fn view_kind(materialized: bool) -> &'static str {
    if materialized { "MATERIALIZED VIEW" } else { "VIEW" }
}

/// `COMMENT ON …`; no text removes the comment.
fn comment(kind: &str, name: &str, text: Option<&str>) -> String {
    let text = text.map_or_else(|| "NULL".to_owned(), quote_literal);
    format!("COMMENT ON {kind} {name} IS {text}")
}

/// `fillfactor = 70, …`
fn parameters(with: &[(String, String)]) -> String {
    let pairs: Vec<String> = with.iter().map(|(key, value)| parameter(key, value)).collect();
    pairs.join(", ")
}

fn parameter(key: &str, value: &str) -> String {
    let is_plain = !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        || value.parse::<f64>().is_ok();
    if is_plain { format!("{key} = {value}") } else { format!("{key} = {}", quote_literal(value)) }
}

/// The `SET (…)` and `RESET (…)` that lead from some storage parameters to others.
fn storage_changes(subject: &str, from: &[(String, String)], to: &[(String, String)]) -> Vec<String> {
    let set: Vec<(String, String)> = to.iter().filter(|pair| !from.contains(pair)).cloned().collect();
    let reset: Vec<&str> = from
        .iter()
        .map(|(key, _)| key.as_str())
        .filter(|key| !to.iter().any(|(kept, _)| kept == key))
        .collect();
    let mut statements = Vec::new();
    if !set.is_empty() {
        statements.push(format!("{subject} SET ({})", parameters(&set)));
    }
    if !reset.is_empty() {
        statements.push(format!("{subject} RESET ({})", reset.join(", ")));
    }
    statements
}
