//! Statements on constraints and indexes.

use crate::catalog::{
    CheckConstraint, Deferral, ForeignKeyConstraint, IndexDefinition, IndexPart, IndexPartTarget, PrimaryKey,
    QualifiedName, ReferentialAction, UniqueConstraint,
};
use crate::operation::{Operation, Validated};

use super::quote::{quote_identifier, quote_list, quote_qualified};
use super::{parameters, storage_changes};

/// A constraint as CREATE TABLE and ADD write it, without NOT VALID.
pub(super) trait Inline {
    /// `CONSTRAINT name …`
    fn inline(&self) -> String;
}

impl Inline for PrimaryKey {
    fn inline(&self) -> String {
        format!("CONSTRAINT {} PRIMARY KEY ({})", quote_identifier(&self.name), quote_list(&self.columns))
    }
}

impl Inline for UniqueConstraint {
    fn inline(&self) -> String {
        let nulls = if self.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
        format!(
            "CONSTRAINT {} UNIQUE{nulls} ({}){}{}",
            quote_identifier(&self.name),
            quote_list(&self.columns),
            include(&self.include),
            deferral(self.deferral)
        )
    }
}

impl Inline for ForeignKeyConstraint {
    fn inline(&self) -> String {
        format!(
            "CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}){}{}{}",
            quote_identifier(&self.name),
            quote_list(&self.columns),
            quote_qualified(&self.references),
            quote_list(&self.referenced_columns),
            action(" ON DELETE", self.on_delete),
            action(" ON UPDATE", self.on_update),
            deferral(self.deferral)
        )
    }
}

impl Inline for CheckConstraint {
    fn inline(&self) -> String {
        format!("CONSTRAINT {} CHECK ({})", quote_identifier(&self.name), self.expression)
    }
}

/// The statements; none where the operation is about something else.
pub(super) fn statements(operation: &Operation) -> Option<Vec<String>> {
    let statement = match operation {
        Operation::AddPrimaryKey { table, key } => add(table, key, false),
        Operation::DropPrimaryKey { table, key } => drop(table, &key.name),
        Operation::AddUnique { table, constraint } => add(table, constraint, false),
        Operation::DropUnique { table, constraint } => drop(table, &constraint.name),
        Operation::AddForeignKey { table, constraint } => add(table, constraint, constraint.not_valid),
        Operation::DropForeignKey { table, constraint } => drop(table, &constraint.name),
        Operation::AddCheck { table, constraint } => add(table, constraint, constraint.not_valid),
        Operation::DropCheck { table, constraint } => drop(table, &constraint.name),
        Operation::ValidateConstraint { table, constraint } => validate(table, constraint.name()),
        Operation::InvalidateConstraint { table, constraint } => {
            let added = match constraint {
                Validated::Check(check) => add(table, check, true),
                Validated::ForeignKey(key) => add(table, key, true),
            };
            return Some(vec![drop(table, constraint.name()), added]);
        }
        Operation::RenameConstraint { table, from, to } => format!(
            "ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
            quote_qualified(table),
            quote_identifier(from),
            quote_identifier(to)
        ),
        other => return index_statements(other),
    };
    Some(vec![statement])
}

fn index_statements(operation: &Operation) -> Option<Vec<String>> {
    let statement = match operation {
        Operation::CreateIndex { table, index } => create_index(table, index, Build::Blocking),
        Operation::DropIndex { table, index } => format!("DROP INDEX {}", index_name(table, &index.name)),
        Operation::RenameIndex { table, from, to } => {
            format!("ALTER INDEX {} RENAME TO {}", index_name(table, from), quote_identifier(to))
        }
        Operation::RebuildIndex { table, index } => format!("REINDEX INDEX {}", index_name(table, index)),
        Operation::SetIndexStorage { table, index, from, to } => {
            let subject = format!("ALTER INDEX {}", index_name(table, index));
            return Some(storage_changes(&subject, from, to));
        }
        _ => return None,
    };
    Some(vec![statement])
}

/// An index's name with its schema.
pub(super) fn index_name(table: &QualifiedName, index: &str) -> String {
    quote_qualified(&table.sibling(index))
}

/// `ALTER TABLE … ADD CONSTRAINT …`
pub(super) fn add(table: &QualifiedName, constraint: &impl Inline, not_valid: bool) -> String {
    let not_valid = if not_valid { " NOT VALID" } else { "" };
    format!("ALTER TABLE {} ADD {}{not_valid}", quote_qualified(table), constraint.inline())
}

/// `ALTER TABLE … VALIDATE CONSTRAINT …`
pub(super) fn validate(table: &QualifiedName, name: &str) -> String {
    format!("ALTER TABLE {} VALIDATE CONSTRAINT {}", quote_qualified(table), quote_identifier(name))
}

/// `ALTER TABLE … DROP CONSTRAINT …`
pub(super) fn drop(table: &QualifiedName, name: &str) -> String {
    format!("ALTER TABLE {} DROP CONSTRAINT {}", quote_qualified(table), quote_identifier(name))
}

/// Whether writers wait while an index is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Build {
    /// They do.
    Blocking,
    /// They do not; the statement cannot run in a transaction.
    Concurrent,
}

/// `CREATE INDEX …`
pub(super) fn create_index(table: &QualifiedName, index: &IndexDefinition, build: Build) -> String {
    let concurrently = if build == Build::Concurrent { "CONCURRENTLY " } else { "" };
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!(
        "CREATE {unique}INDEX {concurrently}{} ON {} {}",
        quote_identifier(&index.name),
        quote_qualified(table),
        index_parts(index),
    )
}

/// What stands after `ON table`.
pub(super) fn index_parts(index: &IndexDefinition) -> String {
    let method = if index.method == "btree" { String::new() } else { format!("USING {} ", index.method) };
    let keys: Vec<String> = index.keys.iter().map(part).collect();
    let nulls = if index.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
    let with =
        if index.with.is_empty() { String::new() } else { format!(" WITH ({})", parameters(&index.with)) };
    let condition = index.predicate.as_ref().map_or_else(String::new, |text| format!(" WHERE {text}"));
    format!("{method}({}){}{nulls}{with}{condition}", keys.join(", "), include(&index.include))
}

fn part(part: &IndexPart) -> String {
    let mut text = match &part.target {
        IndexPartTarget::Column(name) => quote_identifier(name),
        IndexPartTarget::Expression(expression) if is_call(expression) => expression.clone(),
        IndexPartTarget::Expression(expression) => format!("({expression})"),
    };
    if let Some(collation) = &part.collation {
        text.push_str(&format!(" COLLATE {}", quote_identifier(collation)));
    }
    if let Some(class) = &part.operator_class {
        text.push_str(&format!(" {class}"));
    }
    match (part.descending, part.nulls_first) {
        (false, false) => {}
        (false, true) => text.push_str(" NULLS FIRST"),
        (true, true) => text.push_str(" DESC"),
        (true, false) => text.push_str(" DESC NULLS LAST"),
    }
    text
}

/// Whether the expression is one call of a function, which needs no parentheses around it.
fn is_call(expression: &str) -> bool {
    let Some((name, arguments)) = expression.split_once('(') else { return false };
    let is_name = !name.is_empty() && quote_identifier(name) == name;
    let mut depth = 1_usize;
    let mut in_literal = false;
    for (position, character) in arguments.char_indices() {
        match character {
            '\'' => in_literal = !in_literal,
            '(' if !in_literal => depth += 1,
            ')' if !in_literal => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return is_name && position + 1 == arguments.len();
        }
    }
    false
}

fn include(columns: &[String]) -> String {
    if columns.is_empty() { String::new() } else { format!(" INCLUDE ({})", quote_list(columns)) }
}

/// ` DEFERRABLE …`, or nothing.
pub(super) fn deferral(deferral: Deferral) -> &'static str {
    match deferral {
        Deferral::NotDeferrable => "",
        Deferral::InitiallyImmediate => " DEFERRABLE",
        Deferral::InitiallyDeferred => " DEFERRABLE INITIALLY DEFERRED",
    }
}

fn action(event: &str, action: ReferentialAction) -> String {
    let words = match action {
        ReferentialAction::NoAction => return String::new(),
        ReferentialAction::Restrict => "RESTRICT",
        ReferentialAction::Cascade => "CASCADE",
        ReferentialAction::SetNull => "SET NULL",
        ReferentialAction::SetDefault => "SET DEFAULT",
    };
    format!("{event} {words}")
}

#[cfg(test)]
mod tests {
    use super::is_call;

    #[test]
    fn only_a_single_call_goes_without_parentheses() {
        for (expression, expected) in [
            ("lower(email)", true),
            ("lower((email)::text)", true),
            ("coalesce(a, 'x)')", false),
            ("date_trunc('day)', a)", true),
            ("lower(a) || lower(b)", false),
            ("(a + b)", false),
            ("a -> 'b'", false),
        ] {
            assert_eq!(is_call(expression), expected, "{expression}");
        }
    }
}
