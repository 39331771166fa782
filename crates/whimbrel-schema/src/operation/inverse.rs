//! What undoes an operation, and what an operation costs that no inverse brings back.

use crate::catalog::ColumnType;
use crate::ddl::cast::{self, Loss};

use super::Operation;

impl Operation {
    /// The operation that undoes this one on the schema; none where nothing can.
    ///
    /// Data that the operation destroys does not come back: see [`Operation::is_destructive`].
    #[must_use]
    pub fn inverse(&self) -> Option<Operation> {
        use Operation as Op;
        let inverse = match self.clone() {
            Op::CreateSchema { name } => Op::DropSchema { name },
            Op::DropSchema { name } => Op::CreateSchema { name },
            Op::CreateEnum { definition } => Op::DropEnum { definition },
            Op::DropEnum { definition } => Op::CreateEnum { definition },
            Op::RenameEnum { from, to } => Op::RenameEnum { from: to, to: from },
            Op::MoveEnum { from, to } => Op::MoveEnum { from: to, to: from },
            Op::AddEnumValue { from, value, position, usage } => {
                let to = position.insert_into(&from, &value)?;
                Op::ReplaceEnum { from: to, to: from, usage }
            }
            Op::RenameEnumValue { name, from, to } => Op::RenameEnumValue { name, from: to, to: from },
            Op::ReplaceEnum { from, to, usage } => Op::ReplaceEnum { from: to, to: from, usage },
            Op::SetEnumComment { name, from, to } => Op::SetEnumComment { name, from: to, to: from },
            Op::CreateSequence { definition } => Op::DropSequence { definition },
            Op::AlterSequence { from, to } => Op::AlterSequence { from: to, to: from },
            Op::DropSequence { definition } => Op::CreateSequence { definition },
            Op::CreateTable { table } => Op::DropTable { table },
            Op::DropTable { table } => Op::CreateTable { table },
            Op::RenameTable { from, to } => Op::RenameTable { from: to, to: from },
            Op::MoveTable { from, to } => Op::MoveTable { from: to, to: from },
            Op::SetTableComment { table, from, to } => Op::SetTableComment { table, from: to, to: from },
            Op::SetTableStorage { table, from, to } => Op::SetTableStorage { table, from: to, to: from },
            Op::CreateView { view } => Op::DropView { view },
            Op::DropView { view } => Op::CreateView { view },
            Op::SetViewComment { name, materialized, from, to } => {
                Op::SetViewComment { name, materialized, from: to, to: from }
            }
            Op::NothingToUndo { done } => Op::NothingToUndo { done },
            other => return other.inverse_of_column().or_else(|| other.inverse_of_constraint()),
        };
        Some(inverse)
    }

    fn inverse_of_column(&self) -> Option<Operation> {
        use Operation as Op;
        let inverse = match self.clone() {
            Op::AddColumn { table, column } => Op::DropColumn { table, column },
            Op::DropColumn { table, column } => Op::AddColumn { table, column },
            Op::RenameColumn { table, from, to } => Op::RenameColumn { table, from: to, to: from },
            Op::ChangeColumnType { table, column, from, to, serial } => {
                Op::ChangeColumnType { table, column, from: to, to: from, serial }
            }
            Op::SetNullable { table, column, nullable } => {
                Op::SetNullable { table, column, nullable: !nullable }
            }
            Op::SetDefault { table, column, from, to } => {
                Op::SetDefault { table, column, from: to, to: from }
            }
            Op::SetSerial { table, column, ty, serial } => {
                Op::SetSerial { table, column, ty, serial: !serial }
            }
            Op::RenameOwnedSequence { table, from, to } => {
                Op::RenameOwnedSequence { table, from: to, to: from }
            }
            Op::SetIdentity { table, column, from, to } => {
                Op::SetIdentity { table, column, from: to, to: from }
            }
            Op::DropGeneratedExpression { table, column } => {
                let mut plain = column.clone();
                plain.generated = None;
                Op::ReplaceColumn { table, from: plain, to: column }
            }
            Op::ReplaceColumn { table, from, to } => Op::ReplaceColumn { table, from: to, to: from },
            Op::SetColumnComment { table, column, from, to } => {
                Op::SetColumnComment { table, column, from: to, to: from }
            }
            _ => return None,
        };
        Some(inverse)
    }

    fn inverse_of_constraint(&self) -> Option<Operation> {
        use Operation as Op;
        let inverse = match self.clone() {
            Op::AddPrimaryKey { table, key } => Op::DropPrimaryKey { table, key },
            Op::DropPrimaryKey { table, key } => Op::AddPrimaryKey { table, key },
            Op::AddUnique { table, constraint } => Op::DropUnique { table, constraint },
            Op::DropUnique { table, constraint } => Op::AddUnique { table, constraint },
            Op::AddForeignKey { table, constraint } => Op::DropForeignKey { table, constraint },
            Op::DropForeignKey { table, constraint } => Op::AddForeignKey { table, constraint },
            Op::AddCheck { table, constraint } => Op::DropCheck { table, constraint },
            Op::DropCheck { table, constraint } => Op::AddCheck { table, constraint },
            Op::ValidateConstraint { table, constraint } => Op::InvalidateConstraint { table, constraint },
            Op::InvalidateConstraint { table, constraint } => Op::ValidateConstraint { table, constraint },
            Op::RenameConstraint { table, from, to } => Op::RenameConstraint { table, from: to, to: from },
            Op::CreateIndex { table, index } => Op::DropIndex { table, index },
            Op::DropIndex { table, mut index } => {
                // What is built anew is valid.
                index.invalid = false;
                Op::CreateIndex { table, index }
            }
            Op::RenameIndex { table, from, to } => Op::RenameIndex { table, from: to, to: from },
            rebuilt @ Op::RebuildIndex { .. } => Op::NothingToUndo { done: rebuilt.summary() },
            Op::SetIndexStorage { table, index, from, to } => {
                Op::SetIndexStorage { table, index, from: to, to: from }
            }
            _ => return None,
        };
        Some(inverse)
    }

    /// Whether data goes that the inverse cannot bring back.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        match self {
            Operation::DropTable { .. } | Operation::DropSequence { .. } => true,
            Operation::DropColumn { column, .. } | Operation::ReplaceColumn { from: column, .. } => {
                column.generated.is_none()
            }
            Operation::ChangeColumnType { from, to, .. } => cast::loss(&from.ty, &to.ty) == Loss::Silent,
            _ => false,
        }
    }

    /// Whether the inverse restores all that was, data included.
    #[must_use]
    pub fn is_reversible(&self) -> bool {
        !self.is_destructive() && self.inverse().is_some()
    }

    /// What to think of before the operation runs on tables that hold rows, in plain words.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        match self {
            Operation::DropTable { table } => notes.push(format!("all rows of {} are lost", table.name)),
            Operation::DropSequence { definition } => {
                notes.push(format!("the present value of sequence {} is lost", definition.name));
            }
            Operation::DropColumn { table, column }
            | Operation::ReplaceColumn { table, from: column, .. }
                if column.generated.is_none() =>
            {
                notes.push(format!("all values of {table}.{} are lost", column.name));
                notes.push(format!(
                    "code that still uses {table}.{} fails from then on: deploy code without it first (expand and contract)",
                    column.name
                ));
            }
            Operation::RenameTable { from, to } | Operation::MoveTable { from, to } => {
                notes.push(renamed(&from.to_string(), &to.to_string()));
            }
            Operation::RenameColumn { table, from, to } => {
                notes.push(renamed(&format!("{table}.{from}"), to));
            }
            Operation::AddColumn { table, column } if needs_value(column) => notes.push(format!(
                "{table}.{} is NOT NULL and has no default: this fails when {table} holds rows",
                column.name
            )),
            Operation::SetNullable { table, column, nullable: false } => {
                notes.push(format!("this fails when {table}.{column} holds NULL"));
            }
            Operation::ChangeColumnType { table, column, from, to, .. } => {
                notes.extend(type_note(&format!("{table}.{column}"), &from.ty, &to.ty));
            }
            Operation::AddUnique { table, constraint } => notes.push(format!(
                "this fails when {table} holds equal rows of ({})",
                constraint.columns.join(", ")
            )),
            Operation::AddPrimaryKey { table, key } => notes
                .push(format!("this fails when {table} holds equal rows of ({})", key.columns.join(", "))),
            Operation::CreateIndex { table, index } if index.unique => {
                notes.push(format!("unique index {} fails when {table} holds equal rows", index.name));
            }
            Operation::AddCheck { table, constraint } if !constraint.not_valid => {
                notes.push(format!("this fails when {table} holds rows that break {}", constraint.name))
            }
            Operation::AddForeignKey { table, constraint } if !constraint.not_valid => notes.push(format!(
                "this fails when {table} holds rows that refer to no row of {}",
                constraint.references
            )),
            Operation::ReplaceEnum { from, to, usage } => {
                notes.extend(enum_note(from, to, usage.columns.len()));
            }
            _ => {}
        }
        notes
    }
}

fn renamed(from: &str, to: &str) -> String {
    format!(
        "code that uses {from} fails from then on; where it cannot stop, add {to} beside it and drop {from} later (expand and contract)"
    )
}

fn needs_value(column: &crate::catalog::Column) -> bool {
    !column.nullable
        && column.default.is_none()
        && !column.serial
        && column.identity.is_none()
        && column.generated.is_none()
}

fn type_note(column: &str, from: &ColumnType, to: &ColumnType) -> Option<String> {
    match cast::loss(from, to) {
        Loss::None => None,
        Loss::Silent => Some(format!("values of {column} may be rounded or cut without an error")),
        Loss::Refused => Some(format!("this fails when {column} holds values that do not fit the new type")),
    }
}

fn enum_note(
    from: &crate::catalog::EnumDefinition,
    to: &crate::catalog::EnumDefinition,
    columns: usize,
) -> Option<String> {
    let removed: Vec<&str> =
        from.values.iter().filter(|value| !to.values.contains(value)).map(String::as_str).collect();
    if columns == 0 {
        None
    } else if removed.is_empty() {
        Some(format!("the tables that use {} are written anew", from.name))
    } else {
        Some(format!("this fails when rows hold a value that {} loses: {}", from.name, removed.join(", ")))
    }
}
