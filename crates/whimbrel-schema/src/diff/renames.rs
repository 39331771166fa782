//! Renames that the declaration asks for.

use crate::catalog::{Catalog, EnumDefinition, QualifiedName};
use crate::ddl::owned_sequence_name;
use crate::operation::Operation;
use crate::rename::Rename;

use super::tables;

/// The catalogue after the renames that count, and their operations.
pub(super) fn declared(work: &Catalog, to: &Catalog, renames: &[Rename]) -> (Catalog, Vec<Operation>) {
    let mut renamed = work.clone();
    let mut operations = Vec::new();
    // Types come before their values, tables before their columns.
    let ranks = [is_enum, is_enum_value, is_table, is_column];
    for rename in ranks.iter().flat_map(|rank| renames.iter().filter(move |rename| rank(rename))) {
        for operation in one(&renamed, to, rename) {
            if operation.apply(&mut renamed).is_ok() {
                operations.push(operation);
            }
        }
    }
    (renamed, operations)
}

fn is_enum(rename: &Rename) -> bool {
    matches!(rename, Rename::Enum { .. })
}

fn is_enum_value(rename: &Rename) -> bool {
    matches!(rename, Rename::EnumValue { .. })
}

fn is_table(rename: &Rename) -> bool {
    matches!(rename, Rename::Table { .. })
}

fn is_column(rename: &Rename) -> bool {
    matches!(rename, Rename::Column { .. })
}

fn one(work: &Catalog, to: &Catalog, rename: &Rename) -> Vec<Operation> {
    match rename {
        Rename::Table { from, to: name } => {
            let stands = |catalog: &Catalog, name: &QualifiedName| catalog.table(name).is_some();
            if counts(work, to, from, name, stands) { table_steps(work, from, name) } else { Vec::new() }
        }
        Rename::Enum { from, to: name } => {
            let stands = |catalog: &Catalog, name: &QualifiedName| find_enum(catalog, name).is_some();
            if counts(work, to, from, name, stands) { enum_steps(work, from, name) } else { Vec::new() }
        }
        Rename::Column { table, from, to: name } => {
            let stands = |catalog: &Catalog, column: &String| {
                catalog.table(table).is_some_and(|table| table.column(column).is_some())
            };
            let renames = counts(work, to, from, name, stands);
            let rename =
                Operation::RenameColumn { table: table.clone(), from: from.clone(), to: name.clone() };
            if renames { vec![rename] } else { Vec::new() }
        }
        Rename::EnumValue { name: ty, from, to: name } => {
            let stands = |catalog: &Catalog, value: &String| {
                find_enum(catalog, ty).is_some_and(|known| known.values.contains(value))
            };
            let renames = counts(work, to, from, name, stands);
            let rename =
                Operation::RenameEnumValue { name: ty.clone(), from: from.clone(), to: name.clone() };
            if renames { vec![rename] } else { Vec::new() }
        }
    }
}

/// Whether the old name stands only before and the new one only after.
fn counts<N>(
    before: &Catalog,
    after: &Catalog,
    old: &N,
    new: &N,
    stands: impl Fn(&Catalog, &N) -> bool,
) -> bool {
    stands(before, old) && !stands(after, old) && stands(after, new) && !stands(before, new)
}

fn find_enum<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a EnumDefinition> {
    catalog.enums.iter().find(|known| known.name == *name)
}

/// The renames of owned sequences that follow the rename of a table or a column; `work` is the
/// catalogue before it.
pub(super) fn of_sequences(work: &Catalog, operation: &Operation) -> Vec<Operation> {
    let serial = |table: &QualifiedName| {
        let columns = tables::find(work, table).map(|table| table.columns.as_slice()).unwrap_or_default();
        columns.iter().filter(|column| column.serial).map(|column| column.name.as_str())
    };
    let rename = |table: &QualifiedName, from: QualifiedName, to: QualifiedName| {
        Operation::RenameOwnedSequence { table: table.clone(), from, to }
    };
    match operation {
        Operation::RenameTable { from, to } => serial(from)
            .map(|column| rename(to, owned_sequence_name(from, column), owned_sequence_name(to, column)))
            .collect(),
        Operation::RenameColumn { table, from, to } => serial(table)
            .filter(|column| column == from)
            .map(|_| rename(table, owned_sequence_name(table, from), owned_sequence_name(table, to)))
            .collect(),
        _ => Vec::new(),
    }
}

/// A move and a rename are two statements; the one goes first whose outcome is free.
fn steps(
    from: &QualifiedName,
    to: &QualifiedName,
    taken: impl Fn(&QualifiedName) -> bool,
    moved: impl Fn(&QualifiedName, &QualifiedName) -> Operation,
    renamed: impl Fn(&QualifiedName, &QualifiedName) -> Operation,
) -> Vec<Operation> {
    match (from.schema == to.schema, from.name == to.name) {
        (true, _) => vec![renamed(from, to)],
        (false, true) => vec![moved(from, to)],
        (false, false) => {
            let there = QualifiedName::new(to.schema.clone(), from.name.clone());
            if taken(&there) {
                let here = from.sibling(to.name.clone());
                vec![renamed(from, &here), moved(&here, to)]
            } else {
                vec![moved(from, &there), renamed(&there, to)]
            }
        }
    }
}

fn table_steps(work: &Catalog, from: &QualifiedName, to: &QualifiedName) -> Vec<Operation> {
    steps(
        from,
        to,
        |name| work.table(name).is_some(),
        |from, to| Operation::MoveTable { from: from.clone(), to: to.clone() },
        |from, to| Operation::RenameTable { from: from.clone(), to: to.clone() },
    )
}

fn enum_steps(work: &Catalog, from: &QualifiedName, to: &QualifiedName) -> Vec<Operation> {
    steps(
        from,
        to,
        |name| find_enum(work, name).is_some(),
        |from, to| Operation::MoveEnum { from: from.clone(), to: to.clone() },
        |from, to| Operation::RenameEnum { from: from.clone(), to: to.clone() },
    )
}
