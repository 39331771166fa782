//! Fields as a `$jsonSchema`.
//!
//! The numbers follow what the drivers write for an honest value: JavaScript's writes a whole number as an int and,
//! beyond 32 bits, as a double; Python's as an int or a long; a pipeline's division gives a double. So a
//! whole number may have any of the three types, and a double only without a fraction. A decimal is exact and
//! never a float, so that it is a Decimal128 and nothing else.

use serde_json::{Map, Number, Value, json};

use super::super::path::FieldPath;
use super::{Lowering, stored_name};
use crate::lower::{EMAIL_PATTERN, LowerError};
use crate::model::{Field, FieldType, Scalar};

/// A time of day: MongoDB has no type for it. One text for each value, in whose order the times stand:
/// two digits each, and a fraction of up to three digits without zeros at its end.
pub const TIME_PATTERN: &str = "^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{0,2}[1-9])?$";

/// What follows a field's name in the name of the field that holds its keyed hash (`encrypted(blind_index)`).
pub const BLIND_INDEX_SUFFIX: &str = "_blind_index";

/// Decimal128 keeps this many digits.
const DECIMAL_DIGITS: u32 = 34;

impl<'a> Lowering<'a> {
    /// The `$jsonSchema` of the whole document.
    pub(super) fn structure(&self) -> Result<Value, LowerError> {
        self.object(&self.model.fields, &self.model.name, &mut Vec::new()).map(Value::Object)
    }

    fn object(
        &self,
        fields: &'a [Field],
        owner: &str,
        within: &mut Vec<&'a str>,
    ) -> Result<Map<String, Value>, LowerError> {
        let mut required = Vec::new();
        let mut properties = Map::new();
        for field in fields {
            let name = self.checked_name(field, owner)?.to_owned();
            let property = self.property(field, owner, within)?;
            let is_required = !field.id && (!field.optional || field.null);
            let mut names = vec![name.clone()];
            if field.encrypted.is_some_and(|encryption| encryption.blind_index) {
                names.push(format!("{name}{BLIND_INDEX_SUFFIX}"));
            }
            for name in names {
                if properties.insert(name.clone(), Value::Object(property.clone())).is_some() {
                    return Err(LowerError::NotInDocuments {
                        what: format!("`{owner}` stores two fields as `{name}`"),
                        help: "give one of them another `name`".into(),
                    });
                }
                if is_required {
                    required.push(Value::String(name));
                }
            }
        }
        // Their order says nothing, so that moving a field is no change.
        required.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        let mut object = Map::new();
        object.insert("bsonType".into(), json!("object"));
        if !required.is_empty() {
            object.insert("required".into(), Value::Array(required));
        }
        object.insert("properties".into(), Value::Object(properties));
        Ok(object)
    }

    fn checked_name(&self, field: &'a Field, owner: &str) -> Result<&'a str, LowerError> {
        let refused = |what: String, help: &str| Err(LowerError::NotInDocuments { what, help: help.into() });
        let place = format!("`{owner}.{}`", field.name);
        if field.id && field.column.as_deref().is_some_and(|name| name != "_id") {
            return refused(
                format!("the id {place} is stored as `_id`, under no other name"),
                "remove its `name`",
            );
        }
        let name = stored_name(field);
        if name.starts_with('$') || name.contains(['.', '\0']) {
            return refused(
                format!("{place} cannot be stored as `{name}`"),
                "a document's field holds no dot and begins with no dollar sign",
            );
        }
        if field.generated.is_some() || field.identity.is_some() || field.auto_increment {
            return refused(
                format!("{place} is computed by the database, which documents are not"),
                "compute it in the application",
            );
        }
        if field.sql_type.is_some() || field.varchar.is_some() || field.collation.is_some() {
            return refused(
                format!("{place} has a type or a collation of SQL"),
                "remove `type`, `varchar` and `collate`; `len` limits a text",
            );
        }
        Ok(name)
    }

    fn property(
        &self,
        field: &'a Field,
        owner: &str,
        within: &mut Vec<&'a str>,
    ) -> Result<Map<String, Value>, LowerError> {
        let mut property = if field.encrypted.is_some() {
            typed("binData")
        } else {
            let mut property = self.of_type(&field.ty, field, owner, within)?;
            rules(&mut property, field);
            property
        };
        if field.optional {
            nullable(&mut property);
        }
        if let Some(comment) = &field.comment {
            property.insert("description".into(), json!(comment));
        }
        Ok(property)
    }

    fn of_type(
        &self,
        ty: &'a FieldType,
        field: &'a Field,
        owner: &str,
        within: &mut Vec<&'a str>,
    ) -> Result<Map<String, Value>, LowerError> {
        match ty {
            FieldType::Scalar(Scalar::Decimal) => decimal(field, owner),
            FieldType::Scalar(scalar) => Ok(scalar_schema(*scalar)),
            FieldType::Enum(name) => {
                let declared = self
                    .schema
                    .enum_type(name)
                    .ok_or_else(|| LowerError::UnknownEnum { name: name.clone() })?;
                let mut property = typed("string");
                let values = declared.variants.iter().map(|variant| Value::String(variant.stored()));
                property.insert("enum".into(), values.collect());
                Ok(property)
            }
            FieldType::Embedded(name) => {
                let embedded = self.embedded(name, owner)?;
                if within.contains(&name.as_str()) {
                    // A struct that holds itself: a schema of JSON Schema's draft 4 cannot name itself in MongoDB.
                    return Ok(typed("object"));
                }
                within.push(name);
                let object = self.object(&embedded.fields, name, within);
                within.pop();
                object
            }
            FieldType::List(element) => {
                let mut property = typed("array");
                property.insert("items".into(), Value::Object(self.of_type(element, field, owner, within)?));
                Ok(property)
            }
        }
    }

    pub(super) fn embedded(&self, name: &str, owner: &str) -> Result<&'a crate::model::Embedded, LowerError> {
        self.schema.embedded(name).ok_or_else(|| LowerError::NotInDocuments {
            what: format!("`{owner}` holds a `{name}`, which is not declared"),
            help: "declare it with `#[derive(Embedded)]`".into(),
        })
    }

    /// Whether a default can be no GeoPoint, and the like.
    pub(super) fn no_default(&self, path: &FieldPath, why: &str) -> LowerError {
        LowerError::NotInDocuments {
            what: format!("the default of `{}.{path}` {why}", self.model.name),
            help: "write a literal, `now`, `uuid` or `empty`, or let the application set it".into(),
        }
    }
}

fn typed(name: &str) -> Map<String, Value> {
    Map::from_iter([("bsonType".to_owned(), json!(name))])
}

fn whole(least: Option<i64>, most: Option<i64>) -> Map<String, Value> {
    let mut property = Map::from_iter([("bsonType".to_owned(), json!(["int", "long", "double"]))]);
    property.insert("multipleOf".into(), json!(1));
    for (name, bound) in [("minimum", least), ("maximum", most)] {
        if let Some(bound) = bound {
            property.insert(name.into(), json!(bound));
        }
    }
    property
}

fn scalar_schema(scalar: Scalar) -> Map<String, Value> {
    match scalar {
        Scalar::Uuid | Scalar::Bytes => typed("binData"),
        Scalar::ObjectId => typed("objectId"),
        Scalar::String => typed("string"),
        Scalar::Decimal => typed("decimal"),
        Scalar::Date | Scalar::Timestamp | Scalar::NaiveTimestamp => typed("date"),
        Scalar::Time => {
            let mut property = typed("string");
            property.insert("pattern".into(), json!(TIME_PATTERN));
            property
        }
        Scalar::Bool => typed("bool"),
        Scalar::I16 => whole(Some(i64::from(i16::MIN)), Some(i64::from(i16::MAX))),
        Scalar::I32 => whole(Some(i64::from(i32::MIN)), Some(i64::from(i32::MAX))),
        // A double beyond 64 bits is caught where it is read: as a bound it would only be noise.
        Scalar::I64 => whole(None, None),
        Scalar::F64 => typed("number"),
        Scalar::Json => Map::new(),
        Scalar::GeoPoint => geo_point(),
    }
}

/// GeoJSON: longitude first, in degrees.
pub(in super::super) fn geo_point() -> Map<String, Value> {
    let degrees = |most: i32| json!({ "bsonType": "number", "minimum": -most, "maximum": most });
    let point = json!({
        "bsonType": "object",
        "required": ["coordinates", "type"],
        "properties": {
            "type": { "enum": ["Point"] },
            "coordinates": {
                "bsonType": "array",
                "minItems": 2,
                "maxItems": 2,
                "items": [degrees(180), degrees(90)],
            },
        },
    });
    match point {
        Value::Object(point) => point,
        _ => unreachable!("the literal above is an object"),
    }
}

fn decimal(field: &Field, owner: &str) -> Result<Map<String, Value>, LowerError> {
    let mut property = typed("decimal");
    let Some((precision, scale)) = field.decimal else { return Ok(property) };
    if precision > DECIMAL_DIGITS {
        return Err(LowerError::NotInDocuments {
            what: format!("`{owner}.{}` has {precision} digits, and a Decimal128 has 34", field.name),
            help: "write `decimal(34, …)` or less".into(),
        });
    }
    let (largest, step) = decimal_bounds(precision, scale);
    property.insert("multipleOf".into(), json!({ "$numberDecimal": step }));
    property.insert("minimum".into(), json!({ "$numberDecimal": format!("-{largest}") }));
    property.insert("maximum".into(), json!({ "$numberDecimal": largest }));
    Ok(property)
}

/// The largest number of so many digits, and its smallest step: (4, 2) gives 99.99 and 0.01.
pub(in super::super) fn decimal_bounds(precision: u32, scale: u32) -> (String, String) {
    let (precision, scale) = (precision as usize, scale as usize);
    let before = match precision.saturating_sub(scale) {
        0 => "0".to_owned(),
        digits => "9".repeat(digits),
    };
    if scale == 0 {
        return (before, "1".into());
    }
    (format!("{before}.{}", "9".repeat(scale)), format!("0.{}1", "0".repeat(scale - 1)))
}

fn rules(property: &mut Map<String, Value>, field: &Field) {
    let rules = &field.rules;
    let lengths = match &field.ty {
        FieldType::List(_) => Some(("minItems", "maxItems")),
        FieldType::Scalar(Scalar::String) => Some(("minLength", "maxLength")),
        // Of bytes, the length is a condition of its own.
        _ => None,
    };
    if let Some((least, most)) = lengths {
        for (name, length) in [(least, rules.min_len), (most, rules.len)] {
            if let Some(length) = length {
                property.insert(name.into(), json!(length));
            }
        }
    }
    match (&rules.pattern, rules.email) {
        (Some(pattern), is_email) => {
            property.insert("pattern".into(), json!(pattern));
            if is_email {
                property.insert("allOf".into(), json!([{ "pattern": EMAIL_PATTERN }]));
            }
        }
        (None, true) => {
            property.insert("pattern".into(), json!(EMAIL_PATTERN));
        }
        (None, false) => {}
    }
    let is_decimal = field.ty == FieldType::Scalar(Scalar::Decimal);
    for (name, bound, keeps) in [
        ("minimum", &rules.min, f64::lt as fn(&f64, &f64) -> bool),
        ("maximum", &rules.max, f64::gt as fn(&f64, &f64) -> bool),
    ] {
        let Some(bound) = bound else { continue };
        let bound = number(bound, is_decimal);
        let is_tighter = property.get(name).is_none_or(|standing| {
            let size = |value: &Value| numeric(value).unwrap_or(0.0);
            !keeps(&size(&bound), &size(standing))
        });
        if is_tighter {
            property.insert(name.into(), bound);
        }
    }
}

/// A number as written: whole ones as they are, others in the type of the field.
pub(super) fn number(text: &str, is_decimal: bool) -> Value {
    let text = text.replace('_', "");
    if let Ok(number) = text.parse::<i64>() {
        return json!(number);
    }
    match text.parse::<f64>().ok().and_then(Number::from_f64) {
        Some(number) if !is_decimal => Value::Number(number),
        _ => json!({ "$numberDecimal": text }),
    }
}

/// The size of a number, in a decimal's form too.
pub(in super::super) fn numeric(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::Object(decimal) => decimal.get("$numberDecimal")?.as_str()?.parse().ok(),
        _ => None,
    }
}

/// Lets a null stand for the value; what may be anything may be null already.
fn nullable(property: &mut Map<String, Value>) {
    match property.get_mut("bsonType") {
        Some(Value::Array(types)) => types.push(json!("null")),
        Some(one) => *one = json!([one.take(), "null"]),
        None => {}
    }
    if let Some(Value::Array(values)) = property.get_mut("enum") {
        values.push(Value::Null);
    }
}
