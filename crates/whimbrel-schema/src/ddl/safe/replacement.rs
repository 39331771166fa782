//! Indexes and the constraints that rest on them: built while writers go on, and put in the place of a namesake.

use std::collections::BTreeMap;

use crate::catalog::{
    IndexDefinition, IndexPart, IndexPartTarget, PrimaryKey, QualifiedName, UniqueConstraint,
};
use crate::ddl::constraint::{self, Build, deferral};
use crate::ddl::quote::{quote_identifier, quote_qualified};
use crate::ddl::section::Unit;
use crate::operation::{Operation, index_column_names, index_expression_names};

use super::facts::Facts;
use super::names::derived;

/// What is built as an index.
#[derive(Clone, Copy)]
pub(super) enum Key<'a> {
    Index(&'a IndexDefinition),
    Unique(&'a UniqueConstraint),
    Primary(&'a PrimaryKey),
}

/// Something that goes only when what comes in its place is built.
pub(super) struct Replacement {
    /// The position of the operation that drops it.
    pub(super) dropped_at: usize,
    /// The statement that drops it.
    pub(super) drop: String,
}

/// The units that build a key; `drop` takes the namesake away that stands until then.
pub(super) fn units(
    table: &QualifiedName,
    key: Key<'_>,
    drop: Option<String>,
    is_taken: impl Fn(&str) -> bool,
) -> Vec<Unit> {
    let mut index = key.index();
    if drop.is_some() {
        index.name = derived(key.name(), "__new", is_taken);
    }
    let build = Unit::alone(constraint::create_index(table, &index, Build::Concurrent));
    let finish: Vec<String> = drop.into_iter().chain(key.finish(table, &index.name)).collect();
    let finish = (!finish.is_empty()).then(|| Unit::together(finish));
    std::iter::once(build).chain(finish).collect()
}

impl Key<'_> {
    fn name(&self) -> &str {
        match self {
            Key::Index(index) => &index.name,
            Key::Unique(unique) => &unique.name,
            Key::Primary(key) => &key.name,
        }
    }

    /// The index that it is or rests on.
    fn index(&self) -> IndexDefinition {
        let over = |columns: &[String]| IndexDefinition {
            name: self.name().to_owned(),
            method: "btree".to_owned(),
            keys: columns.iter().map(|column| ascending(column)).collect(),
            unique: true,
            nulls_not_distinct: false,
            predicate: None,
            include: Vec::new(),
            with: Vec::new(),
            invalid: false,
        };
        match self {
            Key::Index(index) => (*index).clone(),
            Key::Unique(unique) => IndexDefinition {
                nulls_not_distinct: unique.nulls_not_distinct,
                include: unique.include.clone(),
                ..over(&unique.columns)
            },
            Key::Primary(key) => over(&key.columns),
        }
    }

    /// What makes the built index what it is meant to be; none where it is that already.
    fn finish(&self, table: &QualifiedName, built: &str) -> Option<String> {
        let name = quote_identifier(self.name());
        let (kind, deferral) = match self {
            Key::Index(index) => {
                let renamed = index.name != built;
                let from = constraint::index_name(table, built);
                return renamed.then(|| format!("ALTER INDEX {from} RENAME TO {name}"));
            }
            Key::Unique(unique) => ("UNIQUE", deferral(unique.deferral)),
            Key::Primary(_) => ("PRIMARY KEY", ""),
        };
        let (table, built) = (quote_qualified(table), quote_identifier(built));
        Some(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {built}{deferral}"))
    }
}

fn ascending(column: &str) -> IndexPart {
    IndexPart {
        target: IndexPartTarget::Column(column.to_owned()),
        descending: false,
        nulls_first: false,
        operator_class: None,
        collation: None,
    }
}

/// Finds what is dropped and added again on a table in use, so that nobody does without it in between.
/// By the position of the operation that adds it.
pub(super) fn find(facts: &Facts<'_>) -> BTreeMap<usize, Replacement> {
    let mut found = BTreeMap::new();
    for (dropped_at, operation) in facts.operations.iter().enumerate() {
        let Some((table, old)) = dropped(operation).filter(|(table, _)| !facts.is_own(table)) else {
            continue;
        };
        let comes_back =
            |other: &Operation| added(other).is_some_and(|(of, new)| of == table && old.becomes(&new));
        let Some(added_at) = facts.next(dropped_at, comes_back) else { continue };
        let between = &facts.operations[dropped_at + 1..added_at];
        if !between.iter().any(|other| disturbs(other, table, &old)) {
            let drop = match old {
                Key::Index(index) => format!("DROP INDEX {}", constraint::index_name(table, &index.name)),
                Key::Unique(_) | Key::Primary(_) => constraint::drop(table, old.name()),
            };
            found.insert(added_at, Replacement { dropped_at, drop });
        }
    }
    found
}

fn dropped(operation: &Operation) -> Option<(&QualifiedName, Key<'_>)> {
    match operation {
        Operation::DropIndex { table, index } => Some((table, Key::Index(index))),
        Operation::DropUnique { table, constraint } => Some((table, Key::Unique(constraint))),
        Operation::DropPrimaryKey { table, key } => Some((table, Key::Primary(key))),
        _ => None,
    }
}

fn added(operation: &Operation) -> Option<(&QualifiedName, Key<'_>)> {
    match operation {
        Operation::CreateIndex { table, index } => Some((table, Key::Index(index))),
        Operation::AddUnique { table, constraint } => Some((table, Key::Unique(constraint))),
        Operation::AddPrimaryKey { table, key } => Some((table, Key::Primary(key))),
        _ => None,
    }
}

impl Key<'_> {
    /// Whether the other stands in the way of this one as long as it is there.
    fn becomes(&self, new: &Key<'_>) -> bool {
        matches!((self, new), (Key::Primary(_), Key::Primary(_))) || self.name() == new.name()
    }

    fn has(&self, column: &str) -> bool {
        let index = self.index();
        index_column_names(&index, column) || index_expression_names(&index, column)
    }
}

/// Whether what is dropped cannot stay over this operation.
fn disturbs(operation: &Operation, table: &QualifiedName, old: &Key<'_>) -> bool {
    match operation {
        Operation::ReplaceEnum { .. } | Operation::RenameEnumValue { .. } => true,
        Operation::RenameTable { from, .. } | Operation::MoveTable { from, .. } => from == table,
        Operation::RenameColumn { table: of, .. }
        | Operation::RenameIndex { table: of, .. }
        | Operation::RenameConstraint { table: of, .. } => of == table,
        Operation::DropColumn { table: of, column }
        | Operation::DropGeneratedExpression { table: of, column }
        | Operation::ReplaceColumn { table: of, from: column, .. } => of == table && old.has(&column.name),
        Operation::ChangeColumnType { table: of, column, .. }
        | Operation::SetNullable { table: of, column, nullable: true } => of == table && old.has(column),
        _ => false,
    }
}
