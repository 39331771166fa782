//! What stands in a document database as a declared schema: what `whimbrel schema pull` writes.
//!
//! A collection with a validator gets the fields that the validator describes; one without gets those that a
//! sample of its documents shows, and `validation(level = off)`. Lowering the result gives the same catalogue
//! again, apart from what the notes name.

mod fields;
mod indexes;
mod sampled;

use std::collections::BTreeMap;

use serde_json::Value;

use super::lower::lower_documents;
use super::sample::Sample;
use super::shape::structure;
use super::{Collection, DocumentCatalog, ValidationAction, ValidationLevel, Validator, is_same};
use crate::model::{
    Check, Condition, Embedded, EnumType, Field, FieldType, Model, Scalar, Schema, Storage, Validation,
    Variant, snake_case,
};
use crate::raise::Raised;
use crate::raise::names::NameMaker;

/// The declared schema of a catalogue of documents, with samples by the collection's name.
#[must_use]
pub fn raise_documents(catalog: &DocumentCatalog, samples: &BTreeMap<String, Sample>) -> Raised {
    let mut catalog = catalog.clone();
    catalog.normalize();
    let mut raising = Raising { types: NameMaker::types(), schema: Schema::new(), notes: Vec::new() };
    let names: Vec<String> =
        catalog.collections.iter().map(|collection| raising.types.model(&collection.name)).collect();
    for (collection, name) in catalog.collections.iter().zip(&names) {
        let model = raising.model(collection, name, samples.get(&collection.name), &names);
        raising.schema.models.push(model);
    }
    raising.compare(&catalog);
    for view in &catalog.views {
        raising.notes.push(format!("the view `{view}` stays unmanaged"));
    }
    Raised { schema: raising.schema, notes: raising.notes }
}

struct Raising {
    types: NameMaker,
    schema: Schema,
    notes: Vec<String>,
}

/// The fields of one struct on their way: their Rust names, each once.
struct Names(NameMaker);

impl Names {
    fn new() -> Self {
        Names(NameMaker::fields())
    }

    /// A field stored under this name.
    fn field(&mut self, stored: &str, ty: FieldType) -> Field {
        let name = self.0.field(stored);
        let column = (name != stored).then(|| stored.to_owned());
        Field { column, ..Field::new(name, ty) }
    }
}

impl Raising {
    fn model(
        &mut self,
        collection: &Collection,
        name: &str,
        sample: Option<&Sample>,
        models: &[String],
    ) -> Model {
        let mut model = Model::new(name, Storage::Collection, collection.name.clone());
        let mut names = Names::new();
        // Before every other, so that no other takes its name.
        let mut id = names.field("id", FieldType::Scalar(Scalar::ObjectId));
        id.id = true;
        model.fields.push(id);
        match &collection.validator {
            Some(validator) => self.read_validator(collection, validator, &mut model, &mut names),
            None => model.validation = Some(off()),
        }
        match sample {
            Some(sample) if collection.validator.is_none() => {
                self.read_sample(sample, &mut model, &mut names, models);
            }
            Some(sample) => self.note_unvalidated(sample, &model),
            None if collection.validator.is_none() => self.notes.push(format!(
                "`{}` has no validator and no documents to learn from: its fields are not known",
                collection.name
            )),
            None => {}
        }
        if !collection.options.is_empty() {
            let options: Vec<&str> = collection.options.keys().map(String::as_str).collect();
            self.notes.push(format!(
                "the options of `{}` ({}) stay unmanaged",
                collection.name,
                options.join(", ")
            ));
        }
        self.indexes(collection, &mut model, &mut names);
        model
    }

    fn read_validator(
        &mut self,
        collection: &Collection,
        validator: &Validator,
        model: &mut Model,
        names: &mut Names,
    ) {
        if let Some(properties) = structure(&validator.rule)
            .and_then(|structure| structure.get("properties"))
            .and_then(Value::as_object)
        {
            let required = fields::required(structure(&validator.rule));
            for (stored, property) in properties {
                let place = format!("{}.{stored}", collection.name);
                if stored == "_id" {
                    let (ty, _) = self.type_of(property, "id", &place);
                    if matches!(ty, FieldType::Scalar(scalar) if scalar != Scalar::Json && scalar != Scalar::GeoPoint)
                    {
                        model.fields[0].ty = ty;
                    }
                } else {
                    let field =
                        self.field(stored, property, required.contains(&stored.as_str()), names, &place);
                    model.fields.push(field);
                }
            }
        }
        for (place, query) in conditions(&validator.rule).into_iter().enumerate() {
            model.checks.push(Check {
                name: format!("condition_{}", place + 1),
                condition: Condition::Sql(query.to_string()),
            });
        }
        if validator.level == ValidationLevel::Off {
            self.notes.push(format!("the validator of `{}` is off and is left out", collection.name));
            model.checks.clear();
            model.validation = Some(off());
        } else if (validator.level, validator.action) != Default::default() {
            model.validation = Some(Validation { level: validator.level, action: validator.action });
        }
    }

    /// Notes the collections that would get another validator or other indexes.
    fn compare(&mut self, catalog: &DocumentCatalog) {
        for model in &self.schema.models {
            let mut alone = self.schema.clone();
            alone.models.retain(|other| other.name == model.name);
            let Some(standing) = catalog.collection(&model.table) else { continue };
            let made = match lower_documents(&alone) {
                Ok(lowered) => lowered.catalog.collections.into_iter().next(),
                Err(error) => {
                    self.notes.push(format!("the declaration of `{}` needs a hand: {error}", model.table));
                    continue;
                }
            };
            let rules = |collection: Option<&Collection>| {
                collection
                    .and_then(|collection| collection.validator.clone())
                    .filter(|validator| validator.level != ValidationLevel::Off)
            };
            let is_kept = match (rules(Some(standing)), rules(made.as_ref())) {
                (Some(one), Some(other)) => is_same(&one.rule, &other.rule),
                (None, None) => true,
                _ => false,
            };
            if !is_kept {
                self.notes.push(format!(
                    "the validator of `{}` is not quite what the schema says: `whimbrel schema diff` shows how they differ",
                    model.table
                ));
            }
        }
    }

    /// The enumeration with these values, which fields of the same values share.
    fn enumeration(&mut self, field: &str, values: &[String]) -> FieldType {
        let known = self.schema.enums.iter().find(|declared| {
            declared.variants.len() == values.len()
                && declared.variants.iter().zip(values).all(|(variant, value)| variant.stored() == *value)
        });
        if let Some(known) = known {
            return FieldType::Enum(known.name.clone());
        }
        let name = self.types.model(field);
        let mut taken = NameMaker::variants();
        let variants = values
            .iter()
            .map(|value| {
                let name = taken.variant(value);
                let value = (snake_case(&name) != *value).then(|| value.clone());
                Variant { name, doc: None, value, was: None }
            })
            .collect();
        self.schema.enums.push(EnumType {
            name: name.clone(),
            doc: None,
            type_name: None,
            schema: None,
            was: None,
            store: None,
            variants,
        });
        FieldType::Enum(name)
    }

    /// The struct with these fields, which places with the same fields share.
    fn embedded(&mut self, field: &str, fields: Vec<Field>) -> FieldType {
        if let Some(known) = self.schema.embedded.iter().find(|known| known.fields == fields) {
            return FieldType::Embedded(known.name.clone());
        }
        let name = self.types.model(field);
        self.schema.embedded.push(Embedded { name: name.clone(), doc: None, fields });
        FieldType::Embedded(name)
    }
}

fn off() -> Validation {
    Validation { level: ValidationLevel::Off, action: ValidationAction::Error }
}

/// The conditions of a rule beside its `$jsonSchema`.
fn conditions(rule: &Value) -> Vec<Value> {
    match rule.get("$and").and_then(Value::as_array) {
        Some(parts) if structure(rule).is_some() => {
            let mut has_structure = false;
            let is_condition = |part: &&Value| {
                let is_structure = !has_structure && part.get("$jsonSchema").is_some();
                has_structure |= is_structure;
                !is_structure
            };
            parts.iter().filter(is_condition).cloned().collect()
        }
        _ => {
            let mut rest = rule.clone();
            if let Value::Object(entries) = &mut rest {
                entries.shift_remove("$jsonSchema");
                if entries.is_empty() {
                    return Vec::new();
                }
            }
            vec![rest]
        }
    }
}

#[cfg(test)]
mod tests;
