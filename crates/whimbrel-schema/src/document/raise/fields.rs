//! Fields from a validator's `$jsonSchema`.

use serde_json::{Map, Value};

use super::super::lower::{TIME_PATTERN, decimal_bounds, geo_point};
use super::super::shape::types_of;
use super::{Names, Raising};
use crate::lower::EMAIL_PATTERN;
use crate::model::{Field, FieldType, Rules, Scalar};

/// Decimal128 keeps this many digits.
const DECIMAL_DIGITS: u32 = 34;

/// What a property says beside its type.
#[derive(Default)]
pub(super) struct Said {
    rules: Rules,
    decimal: Option<(u32, u32)>,
}

/// The names in `required`.
pub(super) fn required(schema: Option<&Map<String, Value>>) -> Vec<&str> {
    (schema.and_then(|schema| schema.get("required")).and_then(Value::as_array))
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

impl Raising {
    pub(super) fn field(
        &mut self,
        stored: &str,
        property: &Value,
        is_required: bool,
        names: &mut Names,
        place: &str,
    ) -> Field {
        let (ty, said) = self.type_of(property, stored, place);
        let mut field = names.field(stored, ty);
        let nullable =
            property.as_object().is_some_and(|property| types_of(property).iter().any(|name| name == "null"));
        field.optional = nullable || !is_required;
        field.null = nullable && is_required;
        field.rules = said.rules;
        field.decimal = said.decimal;
        field.comment = property.get("description").and_then(Value::as_str).map(str::to_owned);
        field
    }

    /// The type of a property, and its rules; anything that has none is JSON.
    pub(super) fn type_of(&mut self, property: &Value, name: &str, place: &str) -> (FieldType, Said) {
        let mut said = Said::default();
        let Some(property) = property.as_object() else {
            return (FieldType::Scalar(Scalar::Json), said);
        };
        let mut types = types_of(property);
        types.retain(|ty| ty != "null");
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let scalar = match types.as_slice() {
            ["objectId"] => Scalar::ObjectId,
            ["bool" | "boolean"] => Scalar::Bool,
            ["date"] => Scalar::Timestamp,
            ["binData"] => Scalar::Bytes,
            ["string"] => {
                if let Some(values) = texts(property) {
                    return (self.enumeration(name, &values), said);
                }
                text(property, &mut said)
            }
            ["decimal"] => {
                decimal(property, &mut said);
                Scalar::Decimal
            }
            ["array"] => {
                length(property, ("minItems", "maxItems"), &mut said);
                let element = match property.get("items") {
                    Some(items @ Value::Object(_)) => {
                        let (element, inner) = self.type_of(items, name, &format!("{place}[]"));
                        said.decimal = inner.decimal;
                        if matches!(element, FieldType::List(_)) {
                            FieldType::Scalar(Scalar::Json)
                        } else {
                            element
                        }
                    }
                    _ => FieldType::Scalar(Scalar::Json),
                };
                return (FieldType::List(Box::new(element)), said);
            }
            ["object"] => return (self.object(property, name, place), said),
            [] if texts(property).is_some_and(|values| !values.is_empty()) && !is_plain(property) => {
                let values = texts(property).unwrap_or_default();
                return (self.enumeration(name, &values), said);
            }
            several if !several.is_empty() && several.iter().all(|ty| is_number(ty)) => {
                numbers(several, property, &mut said)
            }
            [] => Scalar::Json,
            several => {
                self.notes
                    .push(format!("`{place}` may be {}, and the schema says Json", several.join(" or ")));
                Scalar::Json
            }
        };
        (FieldType::Scalar(scalar), said)
    }

    fn object(&mut self, property: &Map<String, Value>, name: &str, place: &str) -> FieldType {
        let mut shape = property.clone();
        shape.retain(|key, _| ["required", "properties"].contains(&key.as_str()));
        let mut point = geo_point();
        point.shift_remove("bsonType");
        if super::is_same(&Value::Object(shape), &Value::Object(point)) {
            return FieldType::Scalar(Scalar::GeoPoint);
        }
        let properties = property.get("properties").and_then(Value::as_object);
        let Some(properties) = properties.filter(|properties| !properties.is_empty()) else {
            return FieldType::Scalar(Scalar::Json);
        };
        let is_required = required(Some(property));
        let mut names = Names::new();
        let fields = properties
            .iter()
            .map(|(stored, property)| {
                let place = format!("{place}.{stored}");
                self.field(stored, property, is_required.contains(&stored.as_str()), &mut names, &place)
            })
            .collect();
        self.embedded(name, fields)
    }
}

/// Whether nothing but the values is said.
fn is_plain(property: &Map<String, Value>) -> bool {
    property.is_empty()
}

fn is_number(ty: &str) -> bool {
    ["int", "long", "double", "number"].contains(&ty)
}

/// The texts of `enum`, where it lists nothing else but null.
fn texts(property: &Map<String, Value>) -> Option<Vec<String>> {
    let values = property.get("enum")?.as_array()?;
    let texts: Vec<String> = values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let is_all = values.iter().all(|value| value.is_string() || value.is_null());
    (is_all && !texts.is_empty() && !texts.iter().any(String::is_empty)).then_some(texts)
}

fn length(property: &Map<String, Value>, names: (&str, &str), said: &mut Said) {
    let of =
        |name: &str| property.get(name).and_then(Value::as_u64).and_then(|length| u32::try_from(length).ok());
    said.rules.min_len = of(names.0);
    said.rules.len = of(names.1);
}

fn text(property: &Map<String, Value>, said: &mut Said) -> Scalar {
    length(property, ("minLength", "maxLength"), said);
    match property.get("pattern").and_then(Value::as_str) {
        Some(TIME_PATTERN) => return Scalar::Time,
        Some(EMAIL_PATTERN) => said.rules.email = true,
        other => said.rules.pattern = other.map(str::to_owned),
    }
    said.rules.email |= property.get("allOf") == Some(&serde_json::json!([{ "pattern": EMAIL_PATTERN }]));
    Scalar::String
}

/// The text of a bound, as a declaration writes it.
fn bound(property: &Map<String, Value>, name: &str) -> Option<String> {
    match property.get(name)? {
        Value::Number(number) => Some(number.to_string()),
        Value::Object(decimal) => decimal.get("$numberDecimal")?.as_str().map(str::to_owned),
        _ => None,
    }
}

fn decimal(property: &Map<String, Value>, said: &mut Said) {
    let (least, most) = (bound(property, "minimum"), bound(property, "maximum"));
    let Some(step) = bound(property, "multipleOf") else {
        (said.rules.min, said.rules.max) = (least, most);
        return;
    };
    let scale = step.split_once('.').map_or(0, |(_, digits)| digits.len());
    let scale = u32::try_from(scale).unwrap_or(DECIMAL_DIGITS);
    let is_of = |precision: &u32| {
        let (largest, _) = decimal_bounds(*precision, scale);
        most.as_deref() == Some(&largest)
            || least.as_deref().and_then(|least| least.strip_prefix('-')) == Some(&largest)
    };
    // Bounds that say nothing of the digits are rules, within as many digits as there are.
    let precision = (scale.max(1)..=DECIMAL_DIGITS).find(is_of).unwrap_or(DECIMAL_DIGITS);
    let (largest, _) = decimal_bounds(precision, scale);
    said.decimal = Some((precision, scale));
    said.rules.min = least.filter(|least| least.strip_prefix('-') != Some(&largest));
    said.rules.max = most.filter(|most| *most != largest);
}

fn numbers(types: &[&str], property: &Map<String, Value>, said: &mut Said) -> Scalar {
    let (least, most) = (bound(property, "minimum"), bound(property, "maximum"));
    let is_whole =
        bound(property, "multipleOf").as_deref() == Some("1") || types == ["int"] || types == ["long"];
    if !is_whole {
        (said.rules.min, said.rules.max) = (least, most);
        return Scalar::F64;
    }
    let ranges = [
        (Scalar::I16, i64::from(i16::MIN), i64::from(i16::MAX)),
        (Scalar::I32, i64::from(i32::MIN), i64::from(i32::MAX)),
    ];
    let within = |text: &Option<String>, from: i64, to: i64| {
        text.as_ref().is_some_and(|text| text.parse().is_ok_and(|number: i64| (from..=to).contains(&number)))
    };
    for (scalar, from, to) in ranges {
        let is_edge = least == Some(from.to_string()) || most == Some(to.to_string());
        if is_edge && within(&least, from, to) && within(&most, from, to) {
            said.rules.min = least.filter(|least| *least != from.to_string());
            said.rules.max = most.filter(|most| *most != to.to_string());
            return scalar;
        }
    }
    (said.rules.min, said.rules.max) = (least, most);
    if types == ["int"] { Scalar::I32 } else { Scalar::I64 }
}
