//! The declared schema as PostgreSQL's catalogue would hold it.
//!
//! [`lower`] fills in every name, type and option that the declaration leaves to custom. It checks only what
//! it cannot do without; [`crate::check`] is what tells a user of a mistake, with its place in the source.

mod columns;
mod constraints;
mod error;
mod expression;
mod indexes;
mod names;

use std::collections::BTreeSet;

pub use constraints::EMAIL_PATTERN;
pub use error::LowerError;

use crate::catalog::{
    Catalog, DEFAULT_SCHEMA, EnumDefinition, QualifiedName, SequenceDefinition, Table, View,
};
use crate::model::{EnumStore, EnumType, Field, Model, Schema, Sequence, Storage, snake_case};
use crate::rename::Rename;
pub(crate) use columns::now_sql;
use names::NameTaker;
pub(crate) use names::shortened;

/// A schema as a catalogue, and the renames that its declaration asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lowered {
    /// What the database should hold.
    pub catalog: Catalog,
    /// What `was = "…"` says, tables first, then columns, types and values.
    pub renames: Vec<Rename>,
}

/// The catalogue of a relational schema.
///
/// A database type is made for an enum that some column holds natively, and for one that is declared
/// `store = native` itself, whether or not a column holds it.
///
/// # Errors
///
/// Where the schema holds a collection, or names something that it does not declare.
pub fn lower(schema: &Schema) -> Result<Lowered, LowerError> {
    let native = schema.enums.iter().filter(|declared| declared.store == Some(EnumStore::Native));
    let mut lowering = Lowering {
        schema,
        names: NameTaker::new(schema),
        enums: native.map(|declared| declared.name.clone()).collect(),
        catalog: Catalog::default(),
    };
    for model in &schema.models {
        match &model.storage {
            Storage::Table => {
                let table = lowering.table(model)?;
                lowering.catalog.tables.push(table);
            }
            Storage::Collection => return Err(LowerError::Collection { model: model.name.clone() }),
            Storage::View { query, materialized } => {
                let view = view(model, query, *materialized)?;
                lowering.catalog.views.push(view);
            }
        }
    }
    lowering.catalog.sequences = schema.sequences.iter().map(sequence).collect();
    lowering.catalog.enums = schema
        .enums
        .iter()
        .filter(|declared| lowering.enums.contains(&declared.name))
        .map(|declared| EnumDefinition {
            name: enum_name(declared),
            values: declared.variants.iter().map(crate::model::Variant::stored).collect(),
            comment: None,
        })
        .collect();
    let renames = renames(schema, &lowering.enums);
    let mut catalog = lowering.catalog;
    catalog.schemas = other_schemas(&catalog);
    catalog.sort();
    Ok(Lowered { catalog, renames })
}

/// The table's name in the database.
#[must_use]
pub fn table_name(model: &Model) -> QualifiedName {
    in_schema(model.schema.as_deref(), &model.table)
}

/// The name of the enum's type in the database.
#[must_use]
pub fn enum_name(declared: &EnumType) -> QualifiedName {
    in_schema(declared.schema.as_deref(), declared.type_name())
}

struct Lowering<'a> {
    schema: &'a Schema,
    names: NameTaker,
    /// The Rust names of the enums that a column holds as a database type.
    enums: BTreeSet<String>,
    catalog: Catalog,
}

impl<'a> Lowering<'a> {
    fn table(&mut self, model: &'a Model) -> Result<Table, LowerError> {
        let mut table = Table::new(table_name(model));
        table.comment.clone_from(&model.comment);
        table.with = sorted(&model.with);
        for field in &model.fields {
            table.columns.push(self.column(model, field)?);
        }
        table.primary_key = self.primary_key(model);
        table.uniques = self.uniques(model)?;
        table.foreign_keys = self.foreign_keys(model)?;
        table.checks = self.checks(model)?;
        table.indexes = self.indexes(model)?;
        Ok(table)
    }

    fn model(&self, from: &Model, name: &str) -> Result<&'a Model, LowerError> {
        self.schema
            .model(name)
            .ok_or_else(|| LowerError::UnknownModel { model: from.name.clone(), name: name.to_owned() })
    }
}

pub(crate) fn field<'a>(model: &'a Model, name: &str) -> Result<&'a Field, LowerError> {
    model
        .field(name)
        .ok_or_else(|| LowerError::UnknownField { model: model.name.clone(), name: name.to_owned() })
}

fn column_names(model: &Model, fields: &[String]) -> Result<Vec<String>, LowerError> {
    fields.iter().map(|name| Ok(field(model, name)?.column_name().to_owned())).collect()
}

fn in_schema(schema: Option<&str>, name: impl Into<String>) -> QualifiedName {
    QualifiedName::new(schema.unwrap_or(DEFAULT_SCHEMA), name)
}

fn sorted(options: &[(String, String)]) -> Vec<(String, String)> {
    let mut options = options.to_vec();
    options.sort();
    options
}

fn view(model: &Model, query: &str, materialized: bool) -> Result<View, LowerError> {
    if !model.indexes.is_empty()
        || !model.uniques.is_empty()
        || !model.foreign_keys.is_empty()
        || !model.checks.is_empty()
    {
        return Err(LowerError::ViewConstraint { model: model.name.clone() });
    }
    let query = query.trim().trim_end_matches(';').trim_end().to_owned();
    Ok(View { name: table_name(model), query, materialized, comment: model.comment.clone() })
}

fn sequence(declared: &Sequence) -> SequenceDefinition {
    let increment = declared.increment.unwrap_or(1);
    let (lowest, highest) = if increment > 0 { (1, i64::MAX) } else { (i64::MIN, -1) };
    let min = declared.min.unwrap_or(lowest);
    let max = declared.max.unwrap_or(highest);
    let name = declared.sequence.clone().unwrap_or_else(|| snake_case(&declared.name));
    SequenceDefinition {
        name: in_schema(declared.schema.as_deref(), name),
        start: declared.start.unwrap_or(if increment > 0 { min } else { max }),
        increment,
        min,
        max,
        cache: declared.cache.unwrap_or(1),
        cycle: declared.cycle,
    }
}

fn other_schemas(catalog: &Catalog) -> Vec<String> {
    let names = (catalog.tables.iter().map(|table| &table.name))
        .chain(catalog.views.iter().map(|view| &view.name))
        .chain(catalog.sequences.iter().map(|sequence| &sequence.name))
        .chain(catalog.enums.iter().map(|definition| &definition.name));
    let schemas: BTreeSet<&String> =
        names.filter(|name| !name.in_default_schema()).map(|name| &name.schema).collect();
    schemas.into_iter().cloned().collect()
}

fn renames(schema: &Schema, enums: &BTreeSet<String>) -> Vec<Rename> {
    let mut renames = Vec::new();
    let tables = || schema.models.iter().filter(|model| model.storage == Storage::Table);
    for model in tables() {
        let to = table_name(model);
        if let Some(was) = &model.was {
            renames.push(Rename::Table { from: former_name(was, &to), to });
        }
    }
    for model in tables() {
        let table = table_name(model);
        for field in &model.fields {
            if let Some(from) = field.was.clone() {
                let to = field.column_name().to_owned();
                renames.push(Rename::Column { table: table.clone(), from, to });
            }
        }
    }
    for declared in schema.enums.iter().filter(|declared| enums.contains(&declared.name)) {
        let name = enum_name(declared);
        if let Some(was) = &declared.was {
            renames.push(Rename::Enum { from: former_name(was, &name), to: name.clone() });
        }
        for variant in &declared.variants {
            if let Some(from) = variant.was.clone() {
                renames.push(Rename::EnumValue { name: name.clone(), from, to: variant.stored() });
            }
        }
    }
    renames
}

/// `was = "old"` stands in the same schema, `was = "schema.old"` in that one.
fn former_name(was: &str, now: &QualifiedName) -> QualifiedName {
    match was.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => now.sibling(was),
    }
}

#[cfg(test)]
mod tests;
