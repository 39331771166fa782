//! The safe forms of a list of operations: those under which a table in use stays usable.
//!
//! What is instant is done together, in one transaction, as far as the order allows. What reads or writes all rows
//! of a table comes after it, each by itself and in a form that lets readers and writers through. Where there is no
//! such form, the plain one is written, with a caution.

mod cost;
mod expansion;
mod facts;
mod names;
mod replacement;
mod swap;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Catalog, CheckConstraint, Column, IndexDefinition, QualifiedName, Table};
use crate::operation::{Operation, StoredType, word_occurs};

use super::column::alter;
use super::constraint;
use super::quote::{quote_identifier, quote_qualified};
use super::section::{Section, Unit};
use super::statements;
use expansion::Expansion;
use facts::{BatchKey, Facts};
use names::derived;
use replacement::{Key, Replacement};

/// A list of operations in their safe forms.
pub(super) struct Written {
    pub(super) section: Section,
    /// Where no safe form was found, and why.
    pub(super) cautions: Vec<String>,
    /// The catalogue after all operations.
    pub(super) after: Catalog,
}

/// Writes operations on this catalogue in their safe forms.
pub(super) fn write(operations: &[Operation], before: &Catalog) -> Written {
    let facts = Facts::of(operations);
    let found = expansion::find(&facts, before);
    let consumed: BTreeSet<usize> =
        found.expansions.iter().flat_map(|expansion| expansion.consumed.iter().copied()).collect();
    let mut replacements = replacement::find(&facts);
    // What comes with a column's new type cannot come beside its namesake as well: that one goes early.
    replacements.retain(|added_at, replacement| {
        !consumed.contains(added_at) && !consumed.contains(&replacement.dropped_at)
    });
    let dropped_later = replacements.values().map(|replacement| replacement.dropped_at);
    let mut planner = Planner {
        work: before.clone(),
        taken_over: consumed.iter().copied().chain(dropped_later).collect(),
        expansions: found.expansions,
        replacements,
        facts,
        units: Vec::new(),
        is_open: false,
        later: Vec::new(),
        cautions: found.cautions,
    };
    for (position, operation) in operations.iter().enumerate() {
        planner.take(position, operation);
        // What does not fit is the difference's concern.
        let _ = operation.apply(&mut planner.work);
    }
    planner.flush(operations.len());
    let section = Section { units: planner.units };
    Written { section, cautions: planner.cautions, after: planner.work }
}

/// A unit that can wait until what is instant is done.
struct Later {
    table: QualifiedName,
    kind: LaterKind,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum LaterKind {
    /// Reads rows, or builds what nothing else is built on.
    Plain,
    /// Gives the table a key that a foreign key may refer to.
    Key,
    /// Gives the table its primary key, which a view may build on as well.
    PrimaryKey,
    /// Changes the type of columns.
    Expansion,
}

struct Planner<'a> {
    facts: Facts<'a>,
    /// The catalogue before the operation at hand, as the difference planned it.
    work: Catalog,
    expansions: Vec<Expansion>,
    /// What is built beside its namesake, by the position of the operation that adds it.
    replacements: BTreeMap<usize, Replacement>,
    /// The positions of operations that are carried out elsewhere.
    taken_over: BTreeSet<usize>,
    units: Vec<Unit>,
    /// Whether what is instant can join the last unit.
    is_open: bool,
    later: Vec<Later>,
    cautions: Vec<String>,
}

impl Planner<'_> {
    fn take(&mut self, position: usize, operation: &Operation) {
        if let Some(expansion) = self.expansions.iter().find(|expansion| expansion.at == position) {
            let table = expansion.table.name.clone();
            let units = swap::units(expansion, self.facts.operations);
            self.cautions.extend(expansion.columns.iter().map(|column| {
                let name = &column.after.name;
                format!("{table}.{name} becomes the last column of {table}; rights on that column alone are not carried over")
            }));
            self.later(&table, LaterKind::Expansion, units);
        }
        if self.taken_over.contains(&position) {
            return;
        }
        if self.later.iter().any(|later| waits_for(operation, later)) {
            self.flush(position);
        }
        if let Operation::DropTable { table } = operation {
            return self.drop_table(position, operation, table);
        }
        if operation.table().is_some_and(|table| self.facts.is_own(table)) {
            return self.at_once(statements(operation));
        }
        match operation {
            Operation::CreateIndex { table, index } => self.add_key(position, table, Key::Index(index)),
            Operation::AddUnique { table, constraint } => {
                self.add_key(position, table, Key::Unique(constraint));
            }
            Operation::AddPrimaryKey { table, key } if self.is_never_null(table, &key.columns) => {
                self.add_key(position, table, Key::Primary(key));
            }
            Operation::AddPrimaryKey { table, .. } => {
                self.cautions.push(format!(
                    "the primary key makes readers and writers of {table} wait while it is built: a column of it may hold NULL"
                ));
                self.at_once(statements(operation));
            }
            Operation::DropIndex { table, index } => self.drop_index(position, table, index),
            Operation::RebuildIndex { table, index } => {
                let name = constraint::index_name(table, index);
                let unit = Unit::alone(format!("REINDEX INDEX CONCURRENTLY {name}"));
                self.later(table, LaterKind::Plain, [unit]);
            }
            Operation::AddCheck { table, constraint } if !constraint.not_valid => {
                self.at_once([constraint::add(table, constraint, true)]);
                self.validate(table, &constraint.name);
            }
            Operation::AddForeignKey { table, constraint } if !constraint.not_valid => {
                self.at_once([constraint::add(table, constraint, true)]);
                self.validate(table, &constraint.name);
            }
            Operation::ValidateConstraint { table, constraint } => self.validate(table, constraint.name()),
            Operation::SetNullable { table, column, nullable: false } => self.refuse_null(table, column),
            Operation::AddColumn { table, column } => self.add_column(operation, table, column),
            Operation::ChangeColumnType { table, column, from, to, .. } => {
                self.change_type(operation, table, column, from, to);
            }
            other => self.at_once(statements(other)),
        }
    }

    /// Joins the transaction of what is instant.
    fn at_once(&mut self, statements: impl IntoIterator<Item = String>) {
        let mut unit = Unit::together(statements);
        if unit.statements.is_empty() {
            return;
        }
        match self.units.last_mut() {
            Some(last) if self.is_open => last.statements.append(&mut unit.statements),
            _ => self.units.push(unit),
        }
        self.is_open = true;
    }

    fn later(&mut self, table: &QualifiedName, kind: LaterKind, units: impl IntoIterator<Item = Unit>) {
        self.later.extend(units.into_iter().map(|unit| Later { table: table.clone(), kind, unit }));
    }

    /// Does now what waits.
    fn flush(&mut self, position: usize) {
        if self.later.is_empty() {
            return;
        }
        if self.facts.is_without_views(position) {
            self.cautions.push(
                "views that are created anew are away while this runs: it is not one transaction".to_owned(),
            );
        }
        self.units.extend(self.later.drain(..).map(|later| later.unit));
        self.is_open = false;
    }

    fn validate(&mut self, table: &QualifiedName, constraint: &str) {
        self.later(table, LaterKind::Plain, [Unit::alone(constraint::validate(table, constraint))]);
    }

    fn add_key(&mut self, position: usize, table: &QualifiedName, key: Key<'_>) {
        let replaced = self.replacements.get(&position).map(|replacement| replacement.drop.clone());
        let kind = match key {
            Key::Index(index) if !index.unique => LaterKind::Plain,
            Key::Index(_) | Key::Unique(_) => LaterKind::Key,
            Key::Primary(_) => LaterKind::PrimaryKey,
        };
        let is_taken = |name: &str| {
            self.work.table(table).is_some_and(|table| table.indexes.iter().any(|index| index.name == name))
        };
        self.later(table, kind, replacement::units(table, key, replaced, is_taken));
    }

    /// A drop takes the tables that it refers to away from everybody as well: each for itself, and first.
    fn drop_table(&mut self, position: usize, operation: &Operation, table: &Table) {
        let others = table.foreign_keys.iter().filter(|key| !self.facts.is_own(&key.references));
        let drops: Vec<Unit> =
            others.map(|key| Unit::alone(constraint::drop(&table.name, &key.name))).collect();
        if !drops.is_empty() && !self.facts.is_without_views(position) {
            self.units.extend(drops);
            self.is_open = false;
        }
        self.at_once(statements(operation));
    }

    fn drop_index(&mut self, position: usize, table: &QualifiedName, index: &IndexDefinition) {
        let name = constraint::index_name(table, &index.name);
        if self.facts.is_without_views(position) {
            return self.at_once([format!("DROP INDEX {name}")]);
        }
        self.units.push(Unit::alone(format!("DROP INDEX CONCURRENTLY {name}")));
        self.is_open = false;
    }

    fn is_never_null(&self, table: &QualifiedName, columns: &[String]) -> bool {
        let Some(table) = self.work.table(table) else { return false };
        columns.iter().all(|name| table.column(name).is_some_and(|column| !column.nullable))
    }

    /// SET NOT NULL reads every row unless a check says already that none is NULL.
    fn refuse_null(&mut self, table: &QualifiedName, column: &str) {
        let (add, units) = self.by_check(table, column);
        self.at_once([add]);
        self.later(table, LaterKind::Plain, units);
    }

    /// The check that a column holds no NULL, and what makes it NOT NULL by that.
    fn by_check(&self, table: &QualifiedName, column: &str) -> (String, [Unit; 2]) {
        let known = self.work.table(table);
        let check = CheckConstraint {
            name: derived(&format!("{}_{column}", table.name), "__not_null", |name| {
                known.is_some_and(|known| known.checks.iter().any(|check| check.name == name))
            }),
            expression: format!("{} IS NOT NULL", quote_identifier(column)),
            not_valid: true,
        };
        let units = [
            Unit::alone(constraint::validate(table, &check.name)),
            Unit::together([
                format!("{} SET NOT NULL", alter(table, column)),
                constraint::drop(table, &check.name),
            ]),
        ];
        (constraint::add(table, &check, true), units)
    }

    fn add_column(&mut self, operation: &Operation, table: &QualifiedName, column: &Column) {
        let volatile = column.default.as_ref().filter(|default| cost::is_volatile(default));
        let reason = cost::reason_for_rewrite(column).map(str::to_owned);
        let (Some(default), None) = (volatile, &reason) else {
            if let Some(reason) = reason {
                self.cautions.push(added_anew(table, column, &reason));
            }
            return self.at_once(statements(operation));
        };
        let key = match self.work.table(table).and_then(BatchKey::of) {
            _ if expansion::unmanaged_on(&self.work, table).is_some() => {
                Err("a backfill would set off its triggers".to_owned())
            }
            Some(key) => Ok(key),
            None => Err(format!("{table} has no key of one column to fill it by")),
        };
        match key {
            Ok(key) => self.add_volatile(table, column, default, key),
            Err(reason) => {
                self.cautions.push(added_anew(table, column, &reason));
                self.at_once(statements(operation));
            }
        }
    }

    /// New rows take the default, those that are there get theirs in batches.
    fn add_volatile(&mut self, table: &QualifiedName, column: &Column, default: &str, key: BatchKey) {
        let bare = Column { nullable: true, default: None, ..column.clone() };
        let mut statements = super::column::add(table, &bare);
        statements.insert(1, format!("{} SET DEFAULT {default}", alter(table, &column.name)));
        self.at_once(statements);
        let (quoted, name) = (quote_qualified(table), quote_identifier(&column.name));
        let fill = format!("UPDATE {quoted} SET {name} = {default} WHERE {name} IS NULL");
        let mut units = vec![Unit::in_batches(fill, key.named())];
        if !column.nullable {
            let (add, by_check) = self.by_check(table, &column.name);
            units.push(Unit::alone(add));
            units.extend(by_check);
        }
        self.later(table, LaterKind::Plain, units);
    }

    /// A change that rewrites nothing still reads every row for the checks over the column.
    fn change_type(
        &mut self,
        operation: &Operation,
        table: &QualifiedName,
        column: &str,
        from: &StoredType,
        to: &StoredType,
    ) {
        let over = |check: &&CheckConstraint| !check.not_valid && word_occurs(&check.expression, column);
        let checks: Vec<CheckConstraint> = match self.work.table(table) {
            Some(known) if !cost::rewrites(from, to) => known.checks.iter().filter(over).cloned().collect(),
            _ => Vec::new(),
        };
        self.at_once(checks.iter().map(|check| constraint::drop(table, &check.name)));
        self.at_once(statements(operation));
        for check in &checks {
            self.at_once([constraint::add(table, check, true)]);
            self.validate(table, &check.name);
        }
    }
}

fn added_anew(table: &QualifiedName, column: &Column, reason: &str) -> String {
    format!(
        "adding {table}.{} makes readers and writers of {table} wait while all its rows are written anew: {reason}",
        column.name
    )
}

/// Whether the operation needs what waits, or takes away what it needs.
fn waits_for(operation: &Operation, later: &Later) -> bool {
    match operation {
        // These build on nothing that waits.
        Operation::CreateSchema { .. }
        | Operation::CreateEnum { .. }
        | Operation::AddEnumValue { .. }
        | Operation::SetEnumComment { .. }
        | Operation::CreateSequence { .. }
        | Operation::AlterSequence { .. }
        | Operation::SetTableComment { .. }
        | Operation::SetTableStorage { .. }
        | Operation::SetColumnComment { .. }
        | Operation::SetDefault { .. }
        | Operation::SetNullable { .. }
        | Operation::AddColumn { .. }
        | Operation::AddCheck { .. }
        | Operation::CreateIndex { .. }
        | Operation::AddUnique { .. }
        | Operation::AddPrimaryKey { .. }
        | Operation::ValidateConstraint { .. }
        | Operation::RebuildIndex { .. }
        | Operation::SetViewComment { .. }
        | Operation::DropView { .. }
        | Operation::NothingToUndo { .. } => false,
        Operation::AddForeignKey { constraint, .. } => gives_key(later, &constraint.references),
        Operation::CreateTable { table } => {
            table.foreign_keys.iter().any(|key| gives_key(later, &key.references))
        }
        Operation::CreateView { .. } => matches!(later.kind, LaterKind::PrimaryKey | LaterKind::Expansion),
        Operation::DropColumn { table, column } => {
            let mentions = |sql: &str| word_occurs(sql, &column.name);
            later.table == *table && later.unit.statements.iter().any(|statement| mentions(&statement.sql))
        }
        // Renames, and what goes for good.
        other => other.table().is_none_or(|table| {
            later.table == *table
                || matches!(other, Operation::RenameTable { .. } | Operation::MoveTable { .. })
        }),
    }
}

fn gives_key(later: &Later, table: &QualifiedName) -> bool {
    later.table == *table && matches!(later.kind, LaterKind::Key | LaterKind::PrimaryKey)
}

#[cfg(test)]
mod tests;
