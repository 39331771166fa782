//! The difference between two catalogues, as typed operations in an order that works.
//!
//! The plan is made on a working copy of the present catalogue: each operation is carried out there
//! as it is found, so what an operation carries is what stands at that moment. The order is:
//! new schemas, views away, declared renames, foreign keys away, other constraints and indexes away,
//! sequences and types, columns, constraints and indexes, new tables, foreign keys, views, and at
//! last the tables, types, sequences and schemas that go.
//!
//! The order of a table's columns is no difference; what is unmanaged is never looked at.

mod columns;
mod disturbance;
mod enums;
mod pairing;
mod renames;
mod tables;
mod views;

use std::collections::BTreeSet;

use crate::catalog::{Catalog, QualifiedName, SequenceDefinition, Table};
use crate::operation::{Operation, enum_of};
use crate::rename::Rename;

use disturbance::Disturbance;
use tables::{TablePlan, creation_order, dropping_order};

/// Finds the operations that take one catalogue to another.
///
/// A rename counts where its old name stands only in `from` and its new one only in `to`.
#[must_use]
pub fn diff(from: &Catalog, to: &Catalog, renames: &[Rename]) -> Vec<Operation> {
    if from == to {
        return Vec::new();
    }
    let mut to = to.clone();
    to.sort();
    let mut plan = Plan::new(from);
    plan.run(&to, renames);
    plan.operations
}

/// Tells what operations do, one line each, in plain words.
#[must_use]
pub fn describe(operations: &[Operation]) -> Vec<String> {
    operations.iter().map(Operation::summary).collect()
}

/// The catalogue as it stands after the operations found so far.
struct Plan {
    work: Catalog,
    operations: Vec<Operation>,
}

impl Plan {
    fn new(from: &Catalog) -> Self {
        let mut work = from.clone();
        work.sort();
        Plan { work, operations: Vec::new() }
    }

    /// Takes an operation into the plan.
    ///
    /// An operation that does not fit stands in the plan all the same: whoever validates the plan
    /// with [`crate::operation::apply_all`] learns which one it is, and why.
    fn push(&mut self, operation: Operation) {
        // The difference itself cannot fail: see above.
        let _ = operation.apply(&mut self.work);
        self.operations.push(operation);
    }

    fn extend(&mut self, operations: impl IntoIterator<Item = Operation>) {
        operations.into_iter().for_each(|operation| self.push(operation));
    }

    fn run(&mut self, to: &Catalog, renames: &[Rename]) {
        let new_schemas: Vec<String> =
            to.schemas.iter().filter(|name| !self.work.schemas.contains(name)).cloned().collect();
        self.extend(new_schemas.into_iter().map(|name| Operation::CreateSchema { name }));

        let (renamed, rename_operations) = renames::declared(&self.work, to, renames);
        let disturbance = Disturbance::between(&renamed, to);
        let views = views::changes(&self.work, to, &disturbance.tables(renames));
        self.extend(views.dropped.into_iter().map(|view| Operation::DropView { view }));
        for operation in rename_operations {
            let sequences = renames::of_sequences(&self.work, &operation);
            self.push(operation);
            self.extend(sequences);
        }

        let plans = tables::plans(&self.work, to, &disturbance);
        let dropped = dropped_tables(&self.work, to);
        let (early, late) = dropping_times(&self.work, to, &dropped);
        self.drop_foreign_keys(&plans, &dropped, &disturbance);
        self.drop_tables(&early);
        plans.iter().for_each(|plan| self.extend(plan.drops()));
        self.rename_constraints(&plans);

        self.change_sequences(to);
        self.extend(disturbance.column_drops(&self.work));
        enums::change(self, to);
        plans.iter().for_each(|plan| columns::change(self, plan, to));
        plans.iter().for_each(|plan| self.extend(plan.additions()));
        self.create_tables(to);
        plans.iter().for_each(|plan| self.extend(plan.foreign_key_additions()));
        self.extend(views.created.into_iter().map(|view| Operation::CreateView { view }));
        self.extend(views.commented);
        self.drop_tables(&late);
        self.drop_the_rest(to);
    }

    /// Foreign keys of tables that stay, and those of tables that go which would hold something up.
    fn drop_foreign_keys(
        &mut self,
        plans: &[TablePlan],
        dropped: &[QualifiedName],
        disturbance: &Disturbance,
    ) {
        plans.iter().for_each(|plan| self.extend(plan.foreign_key_drops()));
        let in_circles = dropping_order(&self.work, dropped).in_circles;
        let mut drops = Vec::new();
        for table in self.work.tables.iter().filter(|table| dropped.contains(&table.name)) {
            for key in &table.foreign_keys {
                let holds_up = in_circles.contains(&(table.name.clone(), key.name.clone()))
                    || disturbance.disturbs_foreign_key(&table.name, key)
                    || plans.iter().any(|plan| plan.drops_key_of(key));
                if holds_up {
                    drops.push(Operation::DropForeignKey {
                        table: table.name.clone(),
                        constraint: key.clone(),
                    });
                }
            }
        }
        self.extend(drops);
    }

    fn drop_tables(&mut self, names: &[QualifiedName]) {
        for name in dropping_order(&self.work, names).tables {
            if let Some(table) = tables::find(&self.work, &name).cloned() {
                self.push(Operation::DropTable { table });
            }
        }
    }

    /// Renames constraints and indexes; where a new name is taken until another rename frees it, that
    /// other one goes first, and a circle is broken with a name in between.
    fn rename_constraints(&mut self, plans: &[TablePlan]) {
        let mut waiting: Vec<Operation> = plans.iter().flat_map(TablePlan::renames).collect();
        while !waiting.is_empty() {
            let free = waiting.iter().position(|operation| {
                let (table, _, to) = renamed(operation);
                !waiting.iter().any(|other| {
                    let (other_table, from, _) = renamed(other);
                    from == to && other_table.schema == table.schema
                })
            });
            if let Some(place) = free {
                let operation = waiting.remove(place);
                self.push(operation);
            } else {
                let (first, second) = in_two_steps(waiting.remove(0));
                self.push(first);
                waiting.push(second);
            }
        }
    }

    fn change_sequences(&mut self, to: &Catalog) {
        let mut operations = Vec::new();
        for wanted in &to.sequences {
            match sequence(&self.work, &wanted.name) {
                None => operations.push(Operation::CreateSequence { definition: wanted.clone() }),
                Some(known) if known != wanted => {
                    operations.push(Operation::AlterSequence { from: known.clone(), to: wanted.clone() });
                }
                Some(_) => {}
            }
        }
        self.extend(operations);
    }

    fn create_tables(&mut self, to: &Catalog) {
        let (tables, later) = creation_order(&self.work, to);
        self.extend(tables.into_iter().map(|table| Operation::CreateTable { table }));
        self.extend(
            later.into_iter().map(|(table, constraint)| Operation::AddForeignKey { table, constraint }),
        );
    }

    fn drop_the_rest(&mut self, to: &Catalog) {
        let enums =
            self.work.enums.iter().filter(|known| !to.enums.iter().any(|kept| kept.name == known.name));
        let mut operations: Vec<Operation> =
            enums.map(|known| Operation::DropEnum { definition: known.clone() }).collect();
        let sequences = self.work.sequences.iter().filter(|known| sequence(to, &known.name).is_none());
        operations.extend(sequences.map(|known| Operation::DropSequence { definition: known.clone() }));
        let schemas = self.work.schemas.iter().filter(|name| !to.schemas.contains(name));
        operations.extend(schemas.map(|name| Operation::DropSchema { name: name.clone() }));
        self.extend(operations);
    }
}

fn sequence<'a>(catalog: &'a Catalog, name: &QualifiedName) -> Option<&'a SequenceDefinition> {
    catalog.sequences.iter().find(|known| known.name == *name)
}

fn dropped_tables(work: &Catalog, to: &Catalog) -> Vec<QualifiedName> {
    let gone = work.tables.iter().filter(|table| tables::find(to, &table.name).is_none());
    gone.map(|table| table.name.clone()).collect()
}

/// Tables go last, so that a hand-edited migration can still read them, except those that hold a name
/// which something new needs, or that would hold up the change of a type's values.
fn dropping_times(
    work: &Catalog,
    to: &Catalog,
    dropped: &[QualifiedName],
) -> (Vec<QualifiedName>, Vec<QualifiedName>) {
    let wanted: BTreeSet<QualifiedName> = to
        .tables
        .iter()
        .flat_map(tables::relation_names)
        .chain(to.sequences.iter().map(|definition| definition.name.clone()))
        .chain(to.views.iter().map(|view| view.name.clone()))
        .collect();
    let changes = |name: &QualifiedName| {
        let find = |catalog: &Catalog| {
            catalog.enums.iter().find(|known| known.name == *name).map(|known| known.values.clone())
        };
        find(to).is_some_and(|wanted| find(work).is_some_and(|known| known != wanted))
    };
    let in_the_way = |table: &Table| {
        tables::relation_names(table).iter().any(|used| wanted.contains(used))
            || table.columns.iter().filter_map(|column| enum_of(&column.ty)).any(changes)
    };
    let mut early: Vec<QualifiedName> =
        dropped.iter().filter(|name| tables::find(work, name).is_some_and(in_the_way)).cloned().collect();
    // What refers to a table that goes early goes with it.
    loop {
        let more: Vec<QualifiedName> = dropped
            .iter()
            .filter(|name| !early.contains(name))
            .filter(|name| {
                let keys =
                    tables::find(work, name).map(|table| table.foreign_keys.as_slice()).unwrap_or_default();
                keys.iter().any(|key| early.contains(&key.references))
            })
            .cloned()
            .collect();
        if more.is_empty() {
            break;
        }
        early.extend(more);
    }
    let late = dropped.iter().filter(|name| !early.contains(name)).cloned().collect();
    (early, late)
}

/// Table, old and new name of a rename of a constraint or an index.
fn renamed(operation: &Operation) -> (&QualifiedName, &str, &str) {
    match operation {
        Operation::RenameConstraint { table, from, to } | Operation::RenameIndex { table, from, to } => {
            (table, from, to)
        }
        _ => unreachable!("only renames are ordered here"),
    }
}

fn in_two_steps(operation: Operation) -> (Operation, Operation) {
    match operation {
        Operation::RenameConstraint { table, from, to } => {
            let between = format!("{to}__new");
            (
                Operation::RenameConstraint { table: table.clone(), from, to: between.clone() },
                Operation::RenameConstraint { table, from: between, to },
            )
        }
        Operation::RenameIndex { table, from, to } => {
            let between = format!("{to}__new");
            (
                Operation::RenameIndex { table: table.clone(), from, to: between.clone() },
                Operation::RenameIndex { table, from: between, to },
            )
        }
        _ => unreachable!("only renames are ordered here"),
    }
}

#[cfg(test)]
mod tests;
