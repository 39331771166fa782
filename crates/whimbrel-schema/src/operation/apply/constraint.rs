//! Operations on the constraints and indexes of one table.

use crate::catalog::{
    Catalog, CheckConstraint, ForeignKeyConstraint, IndexDefinition, QualifiedName, Table, UniqueConstraint,
};
use crate::operation::{Operation, Validated};

use super::{Applied, ApplyError, exists, expect_equal, missing, table_is_known, table_mut};

/// Carries the operation out.
pub(super) fn apply(operation: &Operation, catalog: &mut Catalog) -> Applied {
    match operation {
        Operation::AddPrimaryKey { table, key } => {
            let known = table_mut(catalog, table)?;
            if known.primary_key.is_some() {
                return Err(exists(format!("primary key of {table}")));
            }
            known.primary_key = Some(key.clone());
        }
        Operation::DropPrimaryKey { table, key } => {
            let known = table_mut(catalog, table)?;
            let found = known.primary_key.take().ok_or_else(|| missing(format!("primary key of {table}")))?;
            expect_equal(&found, key, &format!("primary key of {table}"))?;
        }
        Operation::AddUnique { table, constraint } => {
            add(&mut table_mut(catalog, table)?.uniques, constraint)?
        }
        Operation::DropUnique { table, constraint } => {
            drop(&mut table_mut(catalog, table)?.uniques, constraint)?;
        }
        Operation::AddForeignKey { table, constraint } => {
            table_is_known(catalog, &constraint.references)?;
            add(&mut table_mut(catalog, table)?.foreign_keys, constraint)?;
        }
        Operation::DropForeignKey { table, constraint } => {
            drop(&mut table_mut(catalog, table)?.foreign_keys, constraint)?;
        }
        Operation::AddCheck { table, constraint } => add(&mut table_mut(catalog, table)?.checks, constraint)?,
        Operation::DropCheck { table, constraint } => {
            drop(&mut table_mut(catalog, table)?.checks, constraint)?;
        }
        Operation::ValidateConstraint { table, constraint } => {
            set_validity(table_mut(catalog, table)?, constraint, false)?;
        }
        Operation::InvalidateConstraint { table, constraint } => {
            set_validity(table_mut(catalog, table)?, constraint, true)?;
        }
        Operation::RenameConstraint { table, from, to } => rename(table_mut(catalog, table)?, from, to)?,
        _ => apply_index(operation, catalog)?,
    }
    Ok(())
}

fn apply_index(operation: &Operation, catalog: &mut Catalog) -> Applied {
    match operation {
        Operation::CreateIndex { table, index } => {
            let taken = catalog
                .tables
                .iter()
                .filter(|other| other.name.schema == table.schema)
                .any(|other| other.indexes.iter().any(|known| known.name == index.name));
            if taken {
                return Err(exists(format!("index {}", index.name)));
            }
            table_mut(catalog, table)?.indexes.push(index.clone());
        }
        Operation::DropIndex { table, index } => {
            let known = index_mut(catalog, table, &index.name)?;
            let same = IndexDefinition { invalid: index.invalid, ..known.clone() };
            expect_equal(&same, index, &format!("index {}", index.name))?;
            table_mut(catalog, table)?.indexes.retain(|known| known.name != index.name);
        }
        Operation::RenameIndex { table, from, to } => {
            if index_mut(catalog, table, to).is_ok() {
                return Err(exists(format!("index {to}")));
            }
            to.clone_into(&mut index_mut(catalog, table, from)?.name);
        }
        Operation::RebuildIndex { table, index } => index_mut(catalog, table, index)?.invalid = false,
        Operation::SetIndexStorage { table, index, from, to } => {
            let known = index_mut(catalog, table, index)?;
            expect_equal(&known.with, from, &format!("storage parameters of index {index}"))?;
            known.with.clone_from(to);
        }
        _ => {}
    }
    Ok(())
}

fn set_validity(table: &mut Table, constraint: &Validated, not_valid: bool) -> Applied {
    let name = constraint.name();
    let absent = || missing(format!("constraint {name} of {}", table.name));
    let flag = match constraint {
        Validated::Check(_) => {
            table.checks.iter_mut().find(|each| each.name == name).map(|each| &mut each.not_valid)
        }
        Validated::ForeignKey(_) => {
            table.foreign_keys.iter_mut().find(|each| each.name == name).map(|each| &mut each.not_valid)
        }
    };
    *flag.ok_or_else(absent)? = not_valid;
    Ok(())
}

fn rename(table: &mut Table, from: &str, to: &str) -> Applied {
    let mut names: Vec<&mut String> = table
        .primary_key
        .iter_mut()
        .map(|key| &mut key.name)
        .chain(table.uniques.iter_mut().map(|each| &mut each.name))
        .chain(table.foreign_keys.iter_mut().map(|each| &mut each.name))
        .chain(table.checks.iter_mut().map(|each| &mut each.name))
        .collect();
    if names.iter().any(|name| *name == to) {
        return Err(exists(format!("constraint {to}")));
    }
    let name = names.iter_mut().find(|name| ***name == from);
    to.clone_into(name.ok_or_else(|| missing(format!("constraint {from}")))?);
    Ok(())
}

fn index_mut<'a>(
    catalog: &'a mut Catalog,
    table: &QualifiedName,
    name: &str,
) -> Result<&'a mut IndexDefinition, ApplyError> {
    table_mut(catalog, table)?
        .indexes
        .iter_mut()
        .find(|index| index.name == name)
        .ok_or_else(|| missing(format!("index {name} of {table}")))
}

trait Named: Clone + PartialEq {
    fn name(&self) -> &str;
}

impl Named for UniqueConstraint {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for ForeignKeyConstraint {
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for CheckConstraint {
    fn name(&self) -> &str {
        &self.name
    }
}

fn add<T: Named>(list: &mut Vec<T>, constraint: &T) -> Applied {
    if list.iter().any(|known| known.name() == constraint.name()) {
        return Err(exists(format!("constraint {}", constraint.name())));
    }
    list.push(constraint.clone());
    Ok(())
}

fn drop<T: Named>(list: &mut Vec<T>, constraint: &T) -> Applied {
    let what = format!("constraint {}", constraint.name());
    let place = list.iter().position(|known| known.name() == constraint.name());
    let place = place.ok_or_else(|| missing(&what))?;
    expect_equal(&list[place], constraint, &what)?;
    list.remove(place);
    Ok(())
}
