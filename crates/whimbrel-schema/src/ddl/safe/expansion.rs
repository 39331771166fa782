//! Changes of type that are made beside the old column: which ones can be, and what takes part in them.

use std::collections::BTreeMap;

use crate::catalog::{
    Catalog, CheckConstraint, Column, IndexDefinition, QualifiedName, Table, UnmanagedKind,
};
use crate::operation::{
    Operation, StoredType, Validated, index_column_names, index_expression_names, word_occurs,
};

use super::cost::rewrites;
use super::facts::{BatchKey, Facts};

/// The columns of one table that change their type together, in one pass over its rows.
pub(super) struct Expansion {
    pub(super) table: Table,
    /// The position of the last operation on the columns.
    pub(super) at: usize,
    /// The positions of all operations that it stands for.
    pub(super) consumed: Vec<usize>,
    pub(super) columns: Vec<Retyped>,
    pub(super) checks: Vec<Rebuilt<CheckConstraint>>,
    pub(super) indexes: Vec<Rebuilt<IndexDefinition>>,
    pub(super) key: Option<String>,
}

/// A column on its way to another type.
pub(super) struct Retyped {
    pub(super) from: StoredType,
    pub(super) after: Column,
}

/// What is built for the new columns.
pub(super) struct Rebuilt<T> {
    pub(super) definition: T,
    /// Whether one of this name stands until the old columns go.
    pub(super) stands: bool,
}

/// What was found among a list's operations.
#[derive(Default)]
pub(super) struct Found {
    pub(super) expansions: Vec<Expansion>,
    pub(super) cautions: Vec<String>,
}

/// Finds the changes of type that rewrite a table in use, and tells of those that cannot be made otherwise.
pub(super) fn find(facts: &Facts<'_>, before: &Catalog) -> Found {
    let mut found = Found::default();
    let rewriting = |operation: &Operation| match operation {
        Operation::ChangeColumnType { table, from, to, .. } => !facts.is_own(table) && worth_it(from, to),
        _ => false,
    };
    if !facts.operations.iter().any(rewriting) {
        return found;
    }
    let mut work = before.clone();
    let mut ends: BTreeMap<usize, (QualifiedName, String, StoredType)> = BTreeMap::new();
    for (position, operation) in facts.operations.iter().enumerate() {
        if let Operation::ChangeColumnType { table, column, from, to, .. } = operation
            && rewriting(operation)
            && (rewrites(from, to) || has_index_over(&work, table, column))
        {
            match obstacle(facts, &work, position) {
                None => {
                    let end = facts.operations.iter().rposition(|other| is_about(other, table, column));
                    let end = end.unwrap_or(position);
                    ends.insert(end, (table.clone(), column.clone(), from.clone()));
                }
                Some(reason) => found.cautions.push(format!(
                    "the new type of {table}.{column} makes readers and writers of {table} wait while all its rows are written anew: {reason}"
                )),
            }
        }
        // What does not fit is the difference's concern.
        let _ = operation.apply(&mut work);
        if let Some((table, column, from)) = ends.get(&position)
            && let Some(table) = work.table(table)
            && let Some(after) = table.column(column)
        {
            take_in(
                &mut found.expansions,
                table,
                position,
                Retyped { from: from.clone(), after: after.clone() },
            );
        }
    }
    found.expansions.iter_mut().for_each(|expansion| expansion.complete(facts));
    found
}

/// A change of collation alone is worth it where an index is built over the column.
fn worth_it(from: &StoredType, to: &StoredType) -> bool {
    rewrites(from, to) || from.collation != to.collation
}

fn has_index_over(work: &Catalog, table: &QualifiedName, column: &str) -> bool {
    work.table(table).is_some_and(|table| table.indexes.iter().any(|index| index_names(index, column)))
}

fn index_names(index: &IndexDefinition, column: &str) -> bool {
    index_column_names(index, column) || index_expression_names(index, column)
}

/// Whether the operation is one of those that a change of type is made together with.
fn is_about(operation: &Operation, table: &QualifiedName, column: &str) -> bool {
    match operation {
        Operation::SetDefault { table: of, column: name, .. }
        | Operation::SetNullable { table: of, column: name, .. }
        | Operation::SetColumnComment { table: of, column: name, .. }
        | Operation::ChangeColumnType { table: of, column: name, .. } => of == table && name == column,
        _ => false,
    }
}

fn take_in(expansions: &mut Vec<Expansion>, table: &Table, at: usize, column: Retyped) {
    match expansions.iter_mut().find(|expansion| expansion.table.name == table.name) {
        Some(expansion) => {
            expansion.table = table.clone();
            expansion.at = at;
            expansion.columns.push(column);
        }
        None => expansions.push(Expansion {
            table: table.clone(),
            at,
            consumed: Vec::new(),
            columns: vec![column],
            checks: Vec::new(),
            indexes: Vec::new(),
            key: BatchKey::of(table).and_then(BatchKey::named),
        }),
    }
}

impl Expansion {
    fn names(&self, names: impl Fn(&str) -> bool) -> bool {
        self.columns.iter().any(|column| names(&column.after.name))
    }

    fn has_check(&self, check: &CheckConstraint) -> bool {
        self.names(|column| word_occurs(&check.expression, column))
    }

    fn has_index(&self, index: &IndexDefinition) -> bool {
        self.names(|column| index_names(index, column))
    }

    /// Takes in the checks and indexes over the columns: those that stand, and those that come.
    fn complete(&mut self, facts: &Facts<'_>) {
        let table = &self.table.name;
        let standing_checks = self.table.checks.iter().filter(|check| self.has_check(check)).cloned();
        let standing_indexes = self.table.indexes.iter().filter(|index| self.has_index(index)).cloned();
        let mut checks: Vec<_> =
            standing_checks.map(|definition| Rebuilt { definition, stands: true }).collect();
        let mut indexes: Vec<_> =
            standing_indexes.map(|definition| Rebuilt { definition, stands: true }).collect();
        let mut consumed = Vec::new();
        let drops = |wanted: &dyn Fn(&Operation) -> bool| facts.operations.iter().position(wanted);
        for (position, operation) in facts.operations.iter().enumerate() {
            match operation {
                Operation::AddCheck { table: of, constraint }
                    if of == table && self.has_check(constraint) =>
                {
                    let dropped = drops(&|other| {
                        matches!(other, Operation::DropCheck { table: of, constraint: old }
                            if of == table && old.name == constraint.name && self.has_check(old))
                    });
                    consumed.extend(dropped);
                    consumed.push(position);
                    checks.push(Rebuilt { definition: constraint.clone(), stands: dropped.is_some() });
                }
                Operation::CreateIndex { table: of, index } if of == table && self.has_index(index) => {
                    let dropped = drops(&|other| {
                        matches!(other, Operation::DropIndex { table: of, index: old }
                            if of == table && old.name == index.name && self.has_index(old))
                    });
                    consumed.extend(dropped);
                    consumed.push(position);
                    indexes.push(Rebuilt { definition: index.clone(), stands: dropped.is_some() });
                }
                other if self.names(|column| is_about(other, table, column)) => consumed.push(position),
                _ => {}
            }
        }
        consumed.sort_unstable();
        (self.checks, self.indexes, self.consumed) = (checks, indexes, consumed);
    }
}

/// Why the change at this position cannot be made beside the old column; none where it can.
fn obstacle(facts: &Facts<'_>, work: &Catalog, position: usize) -> Option<String> {
    let Operation::ChangeColumnType { table: name, column, serial, .. } = &facts.operations[position] else {
        return None;
    };
    let table = work.table(name)?;
    let known = table.column(column)?;
    let reason = if facts.is_without_views(position)
        || work.views.iter().any(|view| word_occurs(&view.query, &name.name))
    {
        format!("views read {name}")
    } else if *serial || known.serial || known.identity.is_some() || known.generated.is_some() {
        "the column makes its values itself".to_owned()
    } else if let Some(key) = key_over(facts, work, name, column) {
        format!("{key} is built on the column")
    } else if let Some(generated) = generated_over(facts, table, column) {
        format!("the generated column {generated} is made from it")
    } else if facts.operations.iter().any(|other| changes_besides(other, name, column)) {
        "more than its type changes".to_owned()
    } else if let Some(object) = unmanaged_on(work, name) {
        format!("{object} would take part in copying it")
    } else if BatchKey::of(table).is_none() {
        format!("{name} has no key of one column to copy it by")
    } else {
        return None;
    };
    Some(reason)
}

/// A key, unique constraint or foreign key over the column, now or later.
fn key_over(facts: &Facts<'_>, work: &Catalog, name: &QualifiedName, column: &str) -> Option<String> {
    let has = |columns: &[String]| columns.iter().any(|known| known == column);
    let table = work.table(name)?;
    let keys = table.primary_key.iter().map(|key| (&key.name, &key.columns));
    let uniques = table
        .uniques
        .iter()
        .flat_map(|unique| [(&unique.name, &unique.columns), (&unique.name, &unique.include)].into_iter());
    if let Some((key, _)) = keys.chain(uniques).find(|(_, columns)| has(columns)) {
        return Some(key.clone());
    }
    let foreign =
        work.tables.iter().flat_map(|table| table.foreign_keys.iter().map(|key| (&table.name, key)));
    let changed = facts.operations.iter().filter_map(|operation| match operation {
        Operation::AddForeignKey { table, constraint } | Operation::DropForeignKey { table, constraint } => {
            Some((table, constraint))
        }
        _ => None,
    });
    let over = |(of, key): &(&QualifiedName, &crate::catalog::ForeignKeyConstraint)| {
        (*of == name && has(&key.columns)) || (key.references == *name && has(&key.referenced_columns))
    };
    if let Some((_, key)) = foreign.chain(changed).find(over) {
        return Some(key.name.clone());
    }
    facts.operations.iter().find_map(|operation| match operation {
        Operation::AddPrimaryKey { table, key } | Operation::DropPrimaryKey { table, key }
            if table == name && has(&key.columns) =>
        {
            Some(key.name.clone())
        }
        Operation::AddUnique { table, constraint } | Operation::DropUnique { table, constraint }
            if table == name && (has(&constraint.columns) || has(&constraint.include)) =>
        {
            Some(constraint.name.clone())
        }
        _ => None,
    })
}

/// A generated column that is made from the column, now or later.
fn generated_over(facts: &Facts<'_>, table: &Table, column: &str) -> Option<String> {
    let changed = facts.operations.iter().filter_map(|operation| match operation {
        Operation::AddColumn { table: of, column }
        | Operation::DropColumn { table: of, column }
        | Operation::DropGeneratedExpression { table: of, column }
        | Operation::ReplaceColumn { table: of, to: column, .. }
            if *of == table.name =>
        {
            Some(column)
        }
        _ => None,
    });
    let over = |known: &&Column| known.generated.as_ref().is_some_and(|text| word_occurs(text, column));
    table.columns.iter().chain(changed).find(over).map(|known| known.name.clone())
}

/// Whether the operation changes the column, or what is built on it, in a way that does not go together with
/// its change of type.
fn changes_besides(operation: &Operation, name: &QualifiedName, column: &str) -> bool {
    match operation {
        Operation::SetSerial { table, column: of, .. } | Operation::SetIdentity { table, column: of, .. } => {
            table == name && of == column
        }
        Operation::DropGeneratedExpression { table, column: of } => table == name && of.name == column,
        Operation::ReplaceColumn { table, from, to } => {
            table == name && (from.name == column || to.name == column)
        }
        Operation::ReplaceEnum { usage, .. } => usage.columns.iter().any(|used| used.table == *name),
        Operation::ValidateConstraint { table, constraint: Validated::Check(check) }
        | Operation::InvalidateConstraint { table, constraint: Validated::Check(check) } => {
            table == name && word_occurs(&check.expression, column)
        }
        _ => false,
    }
}

/// Something that the schema does not describe and that copying would set off or leave behind.
pub(super) fn unmanaged_on(work: &Catalog, table: &QualifiedName) -> Option<String> {
    let part = format!("{}.", table.name);
    work.unmanaged.iter().find_map(|object| {
        let is_on = object.name.schema == table.schema && object.name.name.starts_with(&part);
        match object.kind {
            UnmanagedKind::Trigger if is_on => Some(format!("trigger {}", object.name)),
            UnmanagedKind::Policy if is_on => Some(format!("policy {}", object.name)),
            UnmanagedKind::Rule if is_on => Some(format!("rule {}", object.name)),
            UnmanagedKind::ExclusionConstraint if is_on => Some(format!("constraint {}", object.name)),
            UnmanagedKind::VirtualColumn if is_on => Some(format!("generated column {}", object.name)),
            // The catalogue does not tell which table it inherits from.
            UnmanagedKind::InheritedTable => Some(format!("inherited table {}", object.name)),
            _ => None,
        }
    })
}
