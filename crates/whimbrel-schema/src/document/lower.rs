//! The declared schema as a document database would hold it.
//!
//! [`lower_documents`] writes the normal form: what the server would print for the same collections, sorted, with
//! every option that is the server's default left out. It checks only what it cannot do without;
//! [`crate::check`] is what tells a user of a mistake, with its place in the source.

mod condition;
mod indexes;
mod literal;
mod schema;
mod walk;

use super::path::FieldPath;
use super::{Collection, DocumentCatalog, ValidationLevel, Validator};
use crate::lower::LowerError;
use crate::model::{Field, Model, Schema, Storage};
use serde_json::{Map, Value, json};

pub use indexes::default_name;
pub use schema::{BLIND_INDEX_SUFFIX, TIME_PATTERN};
pub(super) use schema::{decimal_bounds, geo_point};

/// A schema as a catalogue, and what its declaration knows beyond it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lowered {
    /// What the database should hold.
    pub catalog: DocumentCatalog,
    /// What `was = "…"` and `default = …` say.
    pub intent: Intent,
}

/// What a declaration says about the way from one catalogue to another, which no catalogue holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intent {
    /// The renames: collections first, then fields with the outer before the inner, then stored values.
    pub renames: Vec<DocumentRename>,
    /// The values of fields that have a default.
    pub defaults: Vec<FieldDefault>,
}

/// One rename, carried beside the catalogue because a catalogue knows no history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentRename {
    /// A collection.
    Collection {
        /// Its old name.
        from: String,
        /// Its new name.
        to: String,
    },
    /// A field.
    Field {
        /// The collection, by its new name.
        collection: String,
        /// What holds the field, by new names; the document itself where the path is empty.
        within: FieldPath,
        /// The field's old name.
        from: String,
        /// The field's new name.
        to: String,
    },
    /// A stored value of an enumeration.
    Value {
        /// The collection, by its new name.
        collection: String,
        /// The field or the list's elements that hold it, by new names.
        path: FieldPath,
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
}

/// The default of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldDefault {
    /// The collection.
    pub collection: String,
    /// The field.
    pub path: FieldPath,
    /// Its value.
    pub value: DefaultValue,
}

/// What a field gets where nothing is given.
#[derive(Clone, Debug, PartialEq)]
pub enum DefaultValue {
    /// A value, as Extended JSON.
    Value(Value),
    /// The time of the write.
    Now,
    /// A new random UUID for each document.
    Uuid,
}

/// The catalogue of a schema of collections.
///
/// A field with a default is required all the same: the application that writes the document sets it.
///
/// # Errors
///
/// Where the schema holds something that documents cannot, or names something that it does not declare.
pub fn lower_documents(schema: &Schema) -> Result<Lowered, LowerError> {
    if let Some(sequence) = schema.sequences.first() {
        return Err(LowerError::NotInDocuments {
            what: format!("the sequence `{}` has no place in a document database", sequence.name),
            help: "remove it, and count in a document with `$inc`".into(),
        });
    }
    let mut lowered = Lowered::default();
    for model in &schema.models {
        if model.storage != Storage::Collection {
            return Err(LowerError::NotACollection { model: model.name.clone() });
        }
        references_exist(schema, model)?;
        let lowering = Lowering { schema, model };
        let indexes = lowering.indexes()?;
        lowered.catalog.collections.push(Collection {
            name: model.table.clone(),
            options: Map::new(),
            validator: lowering.validator()?,
            indexes,
        });
    }
    for model in &schema.models {
        if let Some(was) = &model.was {
            let rename = DocumentRename::Collection { from: was.clone(), to: model.table.clone() };
            lowered.intent.renames.push(rename);
        }
    }
    for model in &schema.models {
        Lowering { schema, model }.intent(&mut lowered.intent)?;
    }
    // The values come last: their paths are those after every rename of a field.
    lowered.intent.renames.sort_by_key(|rename| matches!(rename, DocumentRename::Value { .. }));
    lowered.catalog.sort();
    Ok(lowered)
}

/// A reference makes nothing in the database, but it must lead somewhere.
fn references_exist(schema: &Schema, model: &Model) -> Result<(), LowerError> {
    for reference in model.fields.iter().filter_map(|field| field.references.as_ref()) {
        let target = schema.model(&reference.model).ok_or_else(|| LowerError::UnknownModel {
            model: model.name.clone(),
            name: reference.model.clone(),
        })?;
        crate::lower::field(target, &reference.field)?;
    }
    Ok(())
}

/// One model on its way into the catalogue.
#[derive(Clone, Copy)]
struct Lowering<'a> {
    schema: &'a Schema,
    model: &'a Model,
}

impl<'a> Lowering<'a> {
    fn validator(&self) -> Result<Option<Validator>, LowerError> {
        let validation = self.model.validation.unwrap_or_default();
        // Built in any case, so that a mistake shows whether or not the database checks.
        let structure = self.structure()?;
        let conditions = self.conditions()?;
        if validation.level == ValidationLevel::Off {
            return Ok(None);
        }
        let structure = json!({ "$jsonSchema": structure });
        let rule = if conditions.is_empty() {
            structure
        } else {
            let parts: Vec<Value> = std::iter::once(structure).chain(conditions).collect();
            json!({ "$and": parts })
        };
        Ok(Some(Validator { rule, level: validation.level, action: validation.action }))
    }
}

/// The name that a field is stored under: a document's id is `_id`.
pub(super) fn stored_name(field: &Field) -> &str {
    if field.id { "_id" } else { field.column_name() }
}

#[cfg(test)]
mod tests;
