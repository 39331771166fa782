//! Preflight: read-only queries that count, before a statement runs, the rows that would make it fail and the
//! rows that it would take away.
//!
//! This module writes the queries, in PostgreSQL's SQL; whoever has a database runs them. A query is written only
//! where its answer is still true when the statement runs: the table and its columns stand, and no statement
//! before it in the same transaction changes them. Everywhere else the server decides.

use std::collections::HashSet;
use std::ops::Range;

use crate::catalog::{Catalog, QualifiedName, UnmanagedKind};
use crate::statement::{Action, actions};

mod constraint;
mod loss;

/// What a count stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Rows that make the statement fail.
    Violation,
    /// Rows or values that the statement takes away.
    Loss,
}

/// A column whose values an example shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleColumn {
    /// What stands above it.
    pub label: String,
    /// The columns of the probe's table that the value shows something of.
    pub shows: Vec<String>,
}

/// One count, with what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The statement's place in the list.
    pub statement: usize,
    /// The action's place in the statement's text, in bytes.
    pub span: Range<usize>,
    /// What the count stands for.
    pub kind: ProbeKind,
    /// The table that is read.
    pub table: QualifiedName,
    /// The words behind the number one.
    pub one: String,
    /// The words behind every other number.
    pub many: String,
    /// The query that counts: one row, one number.
    pub count: String,
    /// The query that lists all, with [`Probe::columns`] as its columns; none where the count says it all.
    pub list: Option<String>,
    /// The columns of `list`.
    pub columns: Vec<ExampleColumn>,
}

impl Probe {
    /// The count in words.
    #[must_use]
    pub fn words(&self, number: u64) -> String {
        if number == 1 { format!("1 {}", self.one) } else { format!("{number} {}", self.many) }
    }
}

/// Whether a statement has anything to count; a cheap look before the catalogue is read.
#[must_use]
pub fn is_worth_probing(sql: &str) -> bool {
    let mut words = sql.split_whitespace().map(str::to_lowercase);
    let may = match words.next().as_deref() {
        Some("alter" | "drop" | "truncate") => true,
        Some("create") => {
            words.next().is_some_and(|word| word == "unique" || word.contains("--") || word.contains("/*"))
        }
        // A comment within the statement may stand before its first word.
        Some(word) => word.contains("--") || word.contains("/*"),
        None => false,
    };
    if !may {
        return false;
    }
    actions(sql).iter().any(|act| match &act.action {
        Action::AddColumn { column, .. } => column.not_null || !column.constraints.is_empty(),
        Action::CreateIndex(index) => index.unique,
        Action::AddConstraint { constraint, .. } => !constraint.not_valid,
        Action::ValidateConstraint { .. }
        | Action::SetNotNull { .. }
        | Action::AlterType { .. }
        | Action::DropTable { .. }
        | Action::DropColumn { .. }
        | Action::Truncate { .. } => true,
        _ => false,
    })
}

/// The counts to take before these statements, which are one transaction, run over this catalogue.
#[must_use]
pub fn probes(statements: &[&str], catalog: &Catalog) -> Vec<Probe> {
    let mut unit =
        Unit { catalog, changed: HashSet::new(), opaque: false, added: Vec::new(), acts: Vec::new() };
    for (index, sql) in statements.iter().enumerate() {
        unit.acts.extend(actions(sql).into_iter().map(|act| (index, act)));
    }
    let mut found = Vec::new();
    for position in 0..unit.acts.len() {
        let (statement, act) = unit.acts[position].clone();
        let mut written = constraint::probes(&unit, &act.action);
        written.extend(loss::probes(&unit, position, &act.action));
        found.extend(written.into_iter().map(|probe| Probe { statement, span: act.span.clone(), ..probe }));
        unit.take(&act.action);
    }
    found
}

/// The statements of one transaction, as far as they have been looked at.
struct Unit<'c> {
    catalog: &'c Catalog,
    /// Tables whose rows or columns are not what the catalogue and a query say.
    changed: HashSet<QualifiedName>,
    /// Whether anything may have been changed.
    opaque: bool,
    /// Constraints that the transaction added without checking them.
    added: Vec<(QualifiedName, crate::statement::NewConstraint)>,
    /// Every action with its statement.
    acts: Vec<(usize, crate::statement::Act)>,
}

impl Unit<'_> {
    /// The table as it stands, where a query about it is still true when the action runs.
    fn table(&self, name: &QualifiedName) -> Option<&crate::catalog::Table> {
        if self.opaque || self.changed.contains(name) { None } else { self.catalog.table(name) }
    }

    /// Whether a later action gives its values a new home under this name.
    fn is_swapped_in(&self, position: usize, table: &QualifiedName, column: &str) -> bool {
        self.acts[position + 1..].iter().any(|(_, act)| {
            matches!(&act.action, Action::RenameColumn { table: own, to, .. } if own == table && to == column)
        })
    }

    fn take(&mut self, action: &Action) {
        match action {
            Action::Opaque | Action::DropSchema { .. } => self.opaque = true,
            Action::Insert { table }
            | Action::Update { table, .. }
            | Action::Delete { table, .. }
            | Action::Truncate { table, .. } => self.change_rows(&table.clone()),
            Action::AddColumn { table, .. }
            | Action::DropColumn { table, .. }
            | Action::AlterType { table, .. }
            | Action::RenameColumn { table, .. }
            | Action::DropTable { table, .. }
            | Action::CreateTable { table, .. } => {
                self.changed.insert(table.clone());
            }
            Action::RenameTable { table, to } => {
                self.changed.insert(table.clone());
                self.changed.insert(to.clone());
            }
            Action::AttachPartition { table, partition }
            | Action::DetachPartition { table, partition, .. } => {
                self.changed.insert(table.clone());
                self.changed.insert(partition.clone());
            }
            Action::AddConstraint { table, constraint } if constraint.not_valid => {
                self.added.push((table.clone(), constraint.clone()));
            }
            _ => {}
        }
    }

    /// Rows of a table change, and by its foreign keys those of others; a trigger may change any.
    fn change_rows(&mut self, table: &QualifiedName) {
        let has_trigger = self.catalog.unmanaged.iter().any(|other| {
            matches!(other.kind, UnmanagedKind::Trigger | UnmanagedKind::Rule)
                && other.name.schema == table.schema
                && other.name.name.split('.').next() == Some(table.name.as_str())
        });
        if has_trigger {
            self.opaque = true;
        }
        if !self.changed.insert(table.clone()) {
            return;
        }
        let catalog = self.catalog;
        let referring = catalog
            .tables
            .iter()
            .filter(|other| other.foreign_keys.iter().any(|key| key.references == *table))
            .map(|other| other.name.clone());
        for other in referring {
            self.change_rows(&other);
        }
    }
}

#[cfg(test)]
mod tests;
