//! Columns of a table that stays.

use crate::catalog::{Catalog, Column, QualifiedName};
use crate::ddl::cast;
use crate::operation::{Operation, StoredType};

use super::Plan;
use super::tables::{self, TablePlan};

/// Adds, alters and drops the columns of one table, in this order; generated columns come last, since
/// they are made from the others.
pub(super) fn change(plan: &mut Plan, table: &TablePlan, to: &Catalog) {
    let Some(wanted) = tables::find(to, &table.name) else { return };
    let present = |plan: &Plan, column: &str| {
        tables::find(&plan.work, &table.name).and_then(|known| known.column(column)).cloned()
    };
    let add = |column: &Column| Operation::AddColumn { table: table.name.clone(), column: column.clone() };

    for column in wanted.columns.iter().filter(|column| column.generated.is_none()) {
        if present(plan, &column.name).is_none() {
            plan.push(add(column));
        }
    }
    for column in &wanted.columns {
        if let Some(known) = present(plan, &column.name) {
            plan.extend(alterations(&table.name, known, column));
        }
    }
    for column in wanted.columns.iter().filter(|column| column.generated.is_some()) {
        if present(plan, &column.name).is_none() {
            plan.push(add(column));
        }
    }
    let known = tables::find(&plan.work, &table.name).map(|known| known.columns.clone()).unwrap_or_default();
    for column in known {
        let goes = wanted.column(&column.name).is_none();
        if goes {
            plan.push(Operation::DropColumn { table: table.name.clone(), column });
        }
    }
}

/// The operations that take a column to another form under the same name.
fn alterations(table: &QualifiedName, known: Column, wanted: &Column) -> Vec<Operation> {
    let mut alteration = Alteration { table, column: known, operations: Vec::new() };
    if alteration.column.generated.is_some() && wanted.generated.is_none() {
        alteration.make_plain();
    }
    alteration.let_go(wanted);
    alteration.change_type(wanted);
    if alteration.column.nullable != wanted.nullable {
        alteration.set_nullable(wanted.nullable);
    }
    alteration.take_up(wanted);
    alteration.operations
}

/// A column on its way to another form.
struct Alteration<'a> {
    table: &'a QualifiedName,
    column: Column,
    operations: Vec<Operation>,
}

impl Alteration<'_> {
    fn make_plain(&mut self) {
        let column = self.column.clone();
        self.column.generated = None;
        self.operations.push(Operation::DropGeneratedExpression { table: self.table.clone(), column });
    }

    /// Takes away what does not stay, and what cannot stay over a change of type.
    fn let_go(&mut self, wanted: &Column) {
        if self.column.identity.is_some() && wanted.identity.is_none() {
            self.set_identity(None);
        }
        if self.column.serial && !wanted.serial {
            self.set_serial(false);
        }
        // A default that stays over a change of type stays one of the old type, and prints so.
        let other_type = !cast::differ_in_length_only(&self.column.ty, &wanted.ty);
        let retyped = StoredType::of(&self.column) != StoredType::of(wanted);
        let changes = self.column.default != wanted.default;
        let goes = wanted.default.is_none() || other_type || (retyped && changes);
        if self.column.default.is_some() && goes {
            self.set_default(None);
        }
    }

    fn change_type(&mut self, wanted: &Column) {
        let (from, to) = (StoredType::of(&self.column), StoredType::of(wanted));
        if from == to {
            return;
        }
        self.column.ty = wanted.ty.clone();
        self.column.collation.clone_from(&wanted.collation);
        self.operations.push(Operation::ChangeColumnType {
            table: self.table.clone(),
            column: self.column.name.clone(),
            serial: self.column.serial && from.ty != to.ty,
            from,
            to,
        });
    }

    /// Gives what comes.
    fn take_up(&mut self, wanted: &Column) {
        if self.column.default != wanted.default {
            self.set_default(wanted.default.clone());
        }
        if wanted.serial && !self.column.serial {
            self.set_serial(true);
        }
        if self.column.identity != wanted.identity {
            self.set_identity(wanted.identity);
        }
        if self.column.comment != wanted.comment {
            self.operations.push(Operation::SetColumnComment {
                table: self.table.clone(),
                column: self.column.name.clone(),
                from: self.column.comment.clone(),
                to: wanted.comment.clone(),
            });
        }
    }

    fn set_nullable(&mut self, nullable: bool) {
        self.column.nullable = nullable;
        let (table, column) = (self.table.clone(), self.column.name.clone());
        self.operations.push(Operation::SetNullable { table, column, nullable });
    }

    fn set_default(&mut self, to: Option<String>) {
        let from = std::mem::replace(&mut self.column.default, to.clone());
        let (table, column) = (self.table.clone(), self.column.name.clone());
        self.operations.push(Operation::SetDefault { table, column, from, to });
    }

    fn set_serial(&mut self, serial: bool) {
        self.column.serial = serial;
        let (table, column) = (self.table.clone(), self.column.name.clone());
        let ty = self.column.ty.clone();
        self.operations.push(Operation::SetSerial { table, column, ty, serial });
    }

    fn set_identity(&mut self, to: Option<crate::catalog::Identity>) {
        let from = std::mem::replace(&mut self.column.identity, to);
        let (table, column) = (self.table.clone(), self.column.name.clone());
        self.operations.push(Operation::SetIdentity { table, column, from, to });
    }
}
