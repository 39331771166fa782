//! Carries operations out on a catalogue in memory, as strictly as a server would.

mod column;
mod constraint;

use miette::Diagnostic;
use thiserror::Error;

use crate::catalog::{Catalog, ColumnType, EnumDefinition, QualifiedName, Table};

use super::{EnumUsage, Operation, enum_of, enum_usage, expression};

/// Why an operation does not fit the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[non_exhaustive]
pub enum ApplyError {
    /// What the operation works on is not there.
    #[error("{what} does not exist")]
    #[diagnostic(code(schema::operation::missing), help("compare the plan with `whimbrel schema diff`"))]
    Missing {
        /// The object, with its kind.
        what: String,
    },
    /// What the operation creates is there already.
    #[error("{what} exists already")]
    #[diagnostic(code(schema::operation::exists), help("compare the plan with `whimbrel schema diff`"))]
    Exists {
        /// The object, with its kind.
        what: String,
    },
    /// What the operation drops is still used.
    #[error("{what} is still used by {user}")]
    #[diagnostic(code(schema::operation::in_use), help("drop the user first"))]
    InUse {
        /// The object, with its kind.
        what: String,
        /// What uses it.
        user: String,
    },
    /// What stands there is not what the operation says.
    #[error("{what} is not as the operation expects it")]
    #[diagnostic(code(schema::operation::mismatch), help("compare the plan with `whimbrel schema diff`"))]
    Mismatch {
        /// The object, with its kind.
        what: String,
    },
}

type Applied = Result<(), ApplyError>;

fn missing(what: impl Into<String>) -> ApplyError {
    ApplyError::Missing { what: what.into() }
}

fn exists(what: impl Into<String>) -> ApplyError {
    ApplyError::Exists { what: what.into() }
}

fn in_use(what: impl Into<String>, user: impl Into<String>) -> ApplyError {
    ApplyError::InUse { what: what.into(), user: user.into() }
}

fn expect_equal<T: PartialEq>(found: &T, expected: &T, what: &str) -> Applied {
    if found == expected { Ok(()) } else { Err(ApplyError::Mismatch { what: what.to_owned() }) }
}

impl Operation {
    /// Carries the operation out on a catalogue in memory.
    ///
    /// # Errors
    /// When the catalogue does not hold what the operation expects; the catalogue may then be half
    /// changed and is of no further use.
    pub fn apply(&self, catalog: &mut Catalog) -> Result<(), ApplyError> {
        match self {
            Operation::NothingToUndo { .. } => {}
            Operation::CreateSchema { .. } | Operation::DropSchema { .. } => apply_schema(self, catalog)?,
            Operation::CreateSequence { .. }
            | Operation::AlterSequence { .. }
            | Operation::DropSequence { .. } => apply_sequence(self, catalog)?,
            Operation::CreateView { .. } | Operation::DropView { .. } | Operation::SetViewComment { .. } => {
                apply_view(self, catalog)?;
            }
            Operation::CreateTable { .. }
            | Operation::DropTable { .. }
            | Operation::RenameTable { .. }
            | Operation::MoveTable { .. } => apply_table(self, catalog)?,
            operation if operation.table().is_some() => {
                if !column::apply(operation, catalog)? {
                    constraint::apply(operation, catalog)?;
                }
            }
            operation => apply_enum(operation, catalog)?,
        }
        sort_touched(self, catalog);
        Ok(())
    }
}

/// Restores the canonical order of the lists that the operation may have changed.
fn sort_touched(operation: &Operation, catalog: &mut Catalog) {
    match operation {
        Operation::CreateTable { .. } | Operation::RenameTable { .. } | Operation::MoveTable { .. } => {
            catalog.tables.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Operation::DropTable { .. } | Operation::NothingToUndo { .. } => {}
        operation => match operation.table() {
            Some(name) => {
                if let Some(table) = catalog.tables.iter_mut().find(|table| table.name == *name) {
                    table.sort();
                }
            }
            None => {
                catalog.schemas.sort();
                catalog.enums.sort_by(|a, b| a.name.cmp(&b.name));
                catalog.sequences.sort_by(|a, b| a.name.cmp(&b.name));
                catalog.views.sort_by(|a, b| a.name.cmp(&b.name));
            }
        },
    }
}

/// Carries operations out one after the other.
///
/// # Errors
/// As [`Operation::apply`], for the first operation that does not fit.
pub fn apply_all(operations: &[Operation], catalog: &mut Catalog) -> Result<(), ApplyError> {
    operations.iter().try_for_each(|operation| operation.apply(catalog))
}

fn apply_schema(operation: &Operation, catalog: &mut Catalog) -> Applied {
    match operation {
        Operation::CreateSchema { name } => {
            if catalog.schemas.contains(name) {
                return Err(exists(format!("schema {name}")));
            }
            catalog.schemas.push(name.clone());
        }
        Operation::DropSchema { name } => {
            let names = catalog
                .tables
                .iter()
                .map(|table| &table.name)
                .chain(catalog.enums.iter().map(|definition| &definition.name))
                .chain(catalog.sequences.iter().map(|definition| &definition.name))
                .chain(catalog.views.iter().map(|view| &view.name));
            if let Some(user) = names.into_iter().find(|user| user.schema == *name) {
                return Err(in_use(format!("schema {name}"), user.to_string()));
            }
            let position = catalog.schemas.iter().position(|known| known == name);
            catalog.schemas.remove(position.ok_or_else(|| missing(format!("schema {name}")))?);
        }
        _ => {}
    }
    Ok(())
}

fn apply_sequence(operation: &Operation, catalog: &mut Catalog) -> Applied {
    let place_of = |catalog: &Catalog, name: &QualifiedName| {
        catalog.sequences.iter().position(|known| known.name == *name)
    };
    match operation {
        Operation::CreateSequence { definition } => {
            if place_of(catalog, &definition.name).is_some() {
                return Err(exists(format!("sequence {}", definition.name)));
            }
            catalog.sequences.push(definition.clone());
        }
        Operation::AlterSequence { from, to } => {
            let what = format!("sequence {}", from.name);
            let place = place_of(catalog, &from.name).ok_or_else(|| missing(&what))?;
            expect_equal(&catalog.sequences[place], from, &what)?;
            catalog.sequences[place] = to.clone();
        }
        Operation::DropSequence { definition } => {
            let what = format!("sequence {}", definition.name);
            let place = place_of(catalog, &definition.name).ok_or_else(|| missing(&what))?;
            expect_equal(&catalog.sequences[place], definition, &what)?;
            catalog.sequences.remove(place);
        }
        _ => {}
    }
    Ok(())
}

fn apply_view(operation: &Operation, catalog: &mut Catalog) -> Applied {
    let place_of =
        |catalog: &Catalog, name: &QualifiedName| catalog.views.iter().position(|known| known.name == *name);
    match operation {
        Operation::CreateView { view } => {
            if place_of(catalog, &view.name).is_some() {
                return Err(exists(format!("view {}", view.name)));
            }
            catalog.views.push(view.clone());
        }
        Operation::DropView { view } => {
            let what = format!("view {}", view.name);
            let place = place_of(catalog, &view.name).ok_or_else(|| missing(&what))?;
            expect_equal(&catalog.views[place], view, &what)?;
            catalog.views.remove(place);
        }
        Operation::SetViewComment { name, from, to, .. } => {
            let what = format!("view {name}");
            let place = place_of(catalog, name).ok_or_else(|| missing(&what))?;
            expect_equal(&catalog.views[place].comment, from, &what)?;
            catalog.views[place].comment.clone_from(to);
        }
        _ => {}
    }
    Ok(())
}

fn apply_table(operation: &Operation, catalog: &mut Catalog) -> Applied {
    match operation {
        Operation::CreateTable { table } => create_table(table, catalog),
        Operation::DropTable { table } => drop_table(table, catalog),
        Operation::RenameTable { from, to } | Operation::MoveTable { from, to } => {
            if catalog.table(to).is_some() {
                return Err(exists(format!("table {to}")));
            }
            table_mut(catalog, from)?.name = to.clone();
            for key in catalog.tables.iter_mut().flat_map(|table| &mut table.foreign_keys) {
                if key.references == *from {
                    key.references = to.clone();
                }
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn create_table(table: &Table, catalog: &mut Catalog) -> Applied {
    if catalog.table(&table.name).is_some() {
        return Err(exists(format!("table {}", table.name)));
    }
    for column in &table.columns {
        enum_is_known(&column.ty, catalog)?;
    }
    for key in table.foreign_keys.iter().filter(|key| key.references != table.name) {
        table_is_known(catalog, &key.references)?;
    }
    catalog.tables.push(table.clone());
    Ok(())
}

fn drop_table(table: &Table, catalog: &mut Catalog) -> Applied {
    let what = format!("table {}", table.name);
    let place = catalog.tables.iter().position(|known| known.name == table.name);
    let place = place.ok_or_else(|| missing(&what))?;
    let user = catalog.tables.iter().find(|other| {
        other.name != table.name && other.foreign_keys.iter().any(|key| key.references == table.name)
    });
    if let Some(user) = user {
        return Err(in_use(what, format!("a foreign key of {}", user.name)));
    }
    expect_equal(&by_column_name(&catalog.tables[place]), &by_column_name(table), &what)?;
    catalog.tables.remove(place);
    Ok(())
}

/// The table with its columns in the order of their names: the order of columns tells nothing.
fn by_column_name(table: &Table) -> Table {
    let mut table = table.clone();
    table.columns.sort_by(|a, b| a.name.cmp(&b.name));
    table
}

fn apply_enum(operation: &Operation, catalog: &mut Catalog) -> Applied {
    match operation {
        Operation::CreateEnum { definition } => {
            if enum_mut(catalog, &definition.name).is_ok() {
                return Err(exists(format!("type {}", definition.name)));
            }
            catalog.enums.push(definition.clone());
        }
        Operation::DropEnum { definition } => {
            let what = format!("type {}", definition.name);
            expect_equal(enum_mut(catalog, &definition.name)?, definition, &what)?;
            let usage = enum_usage(catalog, &definition.name);
            if let Some(user) = usage.columns.first() {
                return Err(in_use(what, format!("column {}.{}", user.table, user.column)));
            }
            if let Some((table, column)) = usage.generated.first() {
                return Err(in_use(what, format!("column {table}.{}", column.name)));
            }
            catalog.enums.retain(|known| known.name != definition.name);
        }
        Operation::RenameEnum { from, to } | Operation::MoveEnum { from, to } => {
            if enum_mut(catalog, to).is_ok() {
                return Err(exists(format!("type {to}")));
            }
            enum_mut(catalog, from)?.name = to.clone();
            rename_type(catalog, from, to);
        }
        Operation::AddEnumValue { from, value, position, .. } => {
            let what = format!("type {}", from.name);
            let known = enum_mut(catalog, &from.name)?;
            expect_equal(known, from, &what)?;
            if from.values.contains(value) {
                return Err(exists(format!("value {value} of {what}")));
            }
            *known =
                position.insert_into(from, value).ok_or_else(|| missing(format!("a value of {what}")))?;
        }
        Operation::RenameEnumValue { name, from, to } => rename_enum_value(catalog, name, from, to)?,
        Operation::ReplaceEnum { from, to, usage } => replace_enum(catalog, from, to, usage)?,
        Operation::SetEnumComment { name, from, to } => {
            let known = enum_mut(catalog, name)?;
            expect_equal(&known.comment, from, &format!("comment of type {name}"))?;
            known.comment.clone_from(to);
        }
        _ => {}
    }
    Ok(())
}

fn replace_enum(
    catalog: &mut Catalog,
    from: &EnumDefinition,
    to: &EnumDefinition,
    usage: &EnumUsage,
) -> Applied {
    let what = format!("type {}", from.name);
    expect_equal(&enum_usage(catalog, &from.name), usage, &format!("the use of {what}"))?;
    let known = enum_mut(catalog, &from.name)?;
    expect_equal(known, from, &what)?;
    *known = to.clone();
    Ok(())
}

fn rename_enum_value(catalog: &mut Catalog, name: &QualifiedName, from: &str, to: &str) -> Applied {
    let known = enum_mut(catalog, name)?;
    if known.values.iter().any(|value| value == to) {
        return Err(exists(format!("value {to} of type {name}")));
    }
    let value = known.values.iter_mut().find(|value| *value == from);
    to.clone_into(value.ok_or_else(|| missing(format!("value {from} of type {name}")))?);
    for_each_expression(catalog, |text, column| {
        let of_the_type = column.and_then(enum_of).is_some_and(|ty| ty == name);
        *text = expression::rename_value(text, name, from, to, of_the_type);
    });
    Ok(())
}

fn rename_type(catalog: &mut Catalog, from: &QualifiedName, to: &QualifiedName) {
    for column in catalog.tables.iter_mut().flat_map(|table| &mut table.columns) {
        rename_in_type(&mut column.ty, from, to);
    }
    for_each_expression(catalog, |text, _| *text = expression::rename_type(text, from, to));
}

fn rename_in_type(ty: &mut ColumnType, from: &QualifiedName, to: &QualifiedName) {
    match ty {
        ColumnType::Enum(name) if name == from => *name = to.clone(),
        ColumnType::Array(element) => rename_in_type(element, from, to),
        _ => {}
    }
}

/// Visits every expression of every table; a default comes with its column's type.
fn for_each_expression(catalog: &mut Catalog, mut visit: impl FnMut(&mut String, Option<&ColumnType>)) {
    for table in &mut catalog.tables {
        for column in &mut table.columns {
            if let Some(default) = &mut column.default {
                visit(default, Some(&column.ty));
            }
        }
        for_each_condition(table, |text| visit(text, None));
    }
}

/// Visits every expression of a table that names its columns.
fn for_each_condition(table: &mut Table, mut visit: impl FnMut(&mut String)) {
    table.columns.iter_mut().filter_map(|column| column.generated.as_mut()).for_each(&mut visit);
    table.checks.iter_mut().for_each(|check| visit(&mut check.expression));
    for index in &mut table.indexes {
        index.predicate.iter_mut().for_each(&mut visit);
        for part in &mut index.keys {
            if let crate::catalog::IndexPartTarget::Expression(text) = &mut part.target {
                visit(text);
            }
        }
    }
}

fn enum_is_known(ty: &ColumnType, catalog: &Catalog) -> Applied {
    match enum_of(ty) {
        Some(name) if !catalog.enums.iter().any(|known| known.name == *name) => {
            Err(missing(format!("type {name}")))
        }
        _ => Ok(()),
    }
}

fn enum_mut<'a>(
    catalog: &'a mut Catalog,
    name: &QualifiedName,
) -> Result<&'a mut EnumDefinition, ApplyError> {
    catalog.enums.iter_mut().find(|known| known.name == *name).ok_or_else(|| missing(format!("type {name}")))
}

/// A foreign key may refer to a managed table or to an unmanaged one.
fn table_is_known(catalog: &Catalog, name: &QualifiedName) -> Applied {
    let known = catalog.table(name).is_some() || catalog.unmanaged.iter().any(|other| other.name == *name);
    if known { Ok(()) } else { Err(missing(format!("table {name}"))) }
}

fn table_mut<'a>(catalog: &'a mut Catalog, name: &QualifiedName) -> Result<&'a mut Table, ApplyError> {
    catalog
        .tables
        .iter_mut()
        .find(|table| table.name == *name)
        .ok_or_else(|| missing(format!("table {name}")))
}
