//! What a validator says of each field, by path: what the difference compares to find changes of data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Validator;
use super::path::FieldPath;

/// One field, as a validator describes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// Its BSON types without null; empty where anything may stand.
    pub(super) types: Vec<String>,
    /// Whether null may stand for it.
    pub(super) nullable: bool,
    /// Whether it must be there.
    pub(super) required: bool,
    /// Its values, where they are listed.
    pub(super) values: Option<Vec<String>>,
    /// Whether its own fields are described.
    pub(super) has_fields: bool,
}

pub(super) type Shapes = BTreeMap<FieldPath, Shape>;

/// Every field that a validator describes, the document itself at the empty path.
pub(super) fn shapes(validator: Option<&Validator>) -> Shapes {
    let mut found = Shapes::new();
    if let Some(schema) = validator.and_then(|validator| structure(&validator.rule)) {
        collect(schema, &FieldPath::root(), true, &mut found);
    }
    found
}

/// The `$jsonSchema` of a rule, alone or among its conditions.
pub(super) fn structure(rule: &Value) -> Option<&Map<String, Value>> {
    if let Some(schema) = rule.get("$jsonSchema") {
        return schema.as_object();
    }
    rule.get("$and")?.as_array()?.iter().find_map(|part| part.get("$jsonSchema"))?.as_object()
}

/// The types that a `$jsonSchema` names, null among them.
pub(super) fn types_of(schema: &Map<String, Value>) -> Vec<String> {
    match schema.get("bsonType").or_else(|| schema.get("type")) {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn collect(schema: &Map<String, Value>, path: &FieldPath, required: bool, found: &mut Shapes) {
    let mut types = types_of(schema);
    let nullable = types.is_empty() || types.iter().any(|name| name == "null");
    types.retain(|name| name != "null");
    let values = schema
        .get("enum")
        .and_then(Value::as_array)
        .map(|values| values.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    let properties = schema.get("properties").and_then(Value::as_object);
    let shape = Shape { types, nullable, required, values, has_fields: properties.is_some() };
    found.insert(path.clone(), shape);
    let required: Vec<&str> = (schema.get("required").and_then(Value::as_array))
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    for (name, property) in properties.into_iter().flatten() {
        if let Some(property) = property.as_object() {
            collect(property, &path.field(name), required.contains(&name.as_str()), found);
        }
    }
    if let Some(items) = schema.get("items").and_then(Value::as_object) {
        collect(items, &path.each(), false, found);
    }
}
