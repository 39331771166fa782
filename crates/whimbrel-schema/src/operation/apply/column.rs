//! Operations on the columns and the properties of one table.

use crate::catalog::{Catalog, Column, IndexPartTarget, QualifiedName, Table};
use crate::operation::{Operation, StoredType, expression};

use super::{
    Applied, ApplyError, enum_is_known, exists, expect_equal, for_each_condition, in_use, missing, table_mut,
};

/// Carries the operation out; false where it is none of a column's or a table's own.
pub(super) fn apply(operation: &Operation, catalog: &mut Catalog) -> Result<bool, ApplyError> {
    match operation {
        Operation::SetTableComment { table, from, to } => {
            let known = table_mut(catalog, table)?;
            expect_equal(&known.comment, from, &format!("comment of table {table}"))?;
            known.comment.clone_from(to);
        }
        Operation::SetTableStorage { table, from, to } => {
            let known = table_mut(catalog, table)?;
            expect_equal(&known.with, from, &format!("storage parameters of table {table}"))?;
            known.with.clone_from(to);
        }
        Operation::AddColumn { table, column } => add(catalog, table, column)?,
        Operation::DropColumn { table, column } => drop(catalog, table, column)?,
        Operation::ReplaceColumn { table, from, to } => {
            drop(catalog, table, from)?;
            add(catalog, table, to)?;
        }
        Operation::RenameOwnedSequence { table, .. } => {
            table_mut(catalog, table)?;
        }
        Operation::RenameColumn { table, from, to } => rename(catalog, table, from, to)?,
        _ => return change(operation, catalog),
    }
    Ok(true)
}

/// Carries out an operation on one property of a column.
fn change(operation: &Operation, catalog: &mut Catalog) -> Result<bool, ApplyError> {
    match operation {
        Operation::ChangeColumnType { table, column, from, to, .. } => {
            enum_is_known(&to.ty, catalog)?;
            let known = column_mut(catalog, table, column)?;
            expect_equal(&StoredType::of(known), from, &format!("type of {table}.{column}"))?;
            known.ty = to.ty.clone();
            known.collation.clone_from(&to.collation);
        }
        Operation::SetNullable { table, column, nullable } => {
            let known = column_mut(catalog, table, column)?;
            expect_equal(&known.nullable, &!nullable, &format!("nullability of {table}.{column}"))?;
            known.nullable = *nullable;
        }
        Operation::SetDefault { table, column, from, to } => {
            let known = column_mut(catalog, table, column)?;
            expect_equal(&known.default, from, &format!("default of {table}.{column}"))?;
            known.default.clone_from(to);
        }
        Operation::SetSerial { table, column, serial, .. } => {
            let known = column_mut(catalog, table, column)?;
            expect_equal(&known.serial, &!serial, &format!("sequence of {table}.{column}"))?;
            known.serial = *serial;
        }
        Operation::SetIdentity { table, column, from, to } => {
            let known = column_mut(catalog, table, column)?;
            expect_equal(&known.identity, from, &format!("identity of {table}.{column}"))?;
            known.identity = *to;
        }
        Operation::DropGeneratedExpression { table, column } => {
            let known = column_mut(catalog, table, &column.name)?;
            expect_equal(known, column, &format!("column {table}.{}", column.name))?;
            known.generated = None;
        }
        Operation::SetColumnComment { table, column, from, to } => {
            let known = column_mut(catalog, table, column)?;
            expect_equal(&known.comment, from, &format!("comment of {table}.{column}"))?;
            known.comment.clone_from(to);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn add(catalog: &mut Catalog, table: &QualifiedName, column: &Column) -> Applied {
    enum_is_known(&column.ty, catalog)?;
    let known = table_mut(catalog, table)?;
    if known.column(&column.name).is_some() {
        return Err(exists(format!("column {table}.{}", column.name)));
    }
    known.columns.push(column.clone());
    Ok(())
}

fn drop(catalog: &mut Catalog, table: &QualifiedName, column: &Column) -> Applied {
    let what = format!("column {table}.{}", column.name);
    let referring = catalog
        .tables
        .iter()
        .flat_map(|other| &other.foreign_keys)
        .find(|key| key.references == *table && key.referenced_columns.contains(&column.name));
    if let Some(key) = referring {
        return Err(in_use(what, format!("foreign key {}", key.name)));
    }
    let known = table_mut(catalog, table)?;
    let place = known.columns.iter().position(|candidate| candidate.name == column.name);
    let place = place.ok_or_else(|| missing(&what))?;
    if let Some(user) = user_of_column(known, &column.name) {
        return Err(in_use(what, user));
    }
    expect_equal(&known.columns[place], column, &what)?;
    known.columns.remove(place);
    Ok(())
}

/// A constraint or index of the table that names the column in its list.
fn user_of_column(table: &Table, column: &str) -> Option<String> {
    let names = |columns: &[String]| columns.iter().any(|name| name == column);
    let key = table.primary_key.iter().find(|key| names(&key.columns)).map(|key| &key.name);
    let unique = || table.uniques.iter().find(|each| names(&each.columns) || names(&each.include));
    let foreign = || table.foreign_keys.iter().find(|each| names(&each.columns));
    let index = || {
        table.indexes.iter().find(|index| {
            names(&index.include)
                || index
                    .keys
                    .iter()
                    .any(|part| matches!(&part.target, IndexPartTarget::Column(name) if name == column))
        })
    };
    key.or_else(|| unique().map(|each| &each.name))
        .or_else(|| foreign().map(|each| &each.name))
        .or_else(|| index().map(|each| &each.name))
        .cloned()
}

fn rename(catalog: &mut Catalog, table: &QualifiedName, from: &str, to: &str) -> Applied {
    let known = table_mut(catalog, table)?;
    if known.column(to).is_some() {
        return Err(exists(format!("column {table}.{to}")));
    }
    to.clone_into(&mut column_mut(catalog, table, from)?.name);
    let known = table_mut(catalog, table)?;
    let lists = known
        .primary_key
        .iter_mut()
        .map(|key| &mut key.columns)
        .chain(known.uniques.iter_mut().flat_map(|each| [&mut each.columns, &mut each.include]))
        .chain(known.foreign_keys.iter_mut().map(|each| &mut each.columns))
        .chain(known.indexes.iter_mut().map(|each| &mut each.include));
    lists.for_each(|names| rename_in(names, from, to));
    for part in known.indexes.iter_mut().flat_map(|index| &mut index.keys) {
        if let IndexPartTarget::Column(name) = &mut part.target {
            rename_in(std::slice::from_mut(name), from, to);
        }
    }
    for_each_condition(known, |text| *text = expression::rename_column(text, from, to));
    for key in catalog.tables.iter_mut().flat_map(|other| &mut other.foreign_keys) {
        if key.references == *table {
            rename_in(&mut key.referenced_columns, from, to);
        }
    }
    Ok(())
}

fn rename_in(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}

fn column_mut<'a>(
    catalog: &'a mut Catalog,
    table: &QualifiedName,
    column: &str,
) -> Result<&'a mut Column, ApplyError> {
    table_mut(catalog, table)?
        .columns
        .iter_mut()
        .find(|candidate| candidate.name == column)
        .ok_or_else(|| missing(format!("column {table}.{column}")))
}
