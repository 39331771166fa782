//! Conversion between types.

use bson::Bson;
use bson::oid::ObjectId;

use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Refusal, Result, bad_value, failed_to_parse, not_implemented, refuse};
use crate::value::{Number, decimal};

const ONE: Arguments = Arguments::Exactly(1);

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "$convert",
        arguments: Arguments::Named(
            &[("input", true), ("to", true), ("onError", false), ("onNull", false)],
            Codes { not_object: 9, unknown: 9, missing: 9 },
        ),
        apply: convert,
    },
    Function { name: "$toInt", arguments: ONE, apply: shorthand },
    Function { name: "$toLong", arguments: ONE, apply: shorthand },
    Function { name: "$toDouble", arguments: ONE, apply: shorthand },
    Function { name: "$toDecimal", arguments: ONE, apply: shorthand },
    Function { name: "$toBool", arguments: ONE, apply: shorthand },
    Function { name: "$toString", arguments: ONE, apply: shorthand },
    Function { name: "$toDate", arguments: ONE, apply: shorthand },
    Function { name: "$toObjectId", arguments: ONE, apply: shorthand },
];

fn failure(message: impl Into<String>) -> Refusal {
    refuse(241, "ConversionFailure", message)
}

fn shorthand(name: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let target = match name {
        "$toInt" => "int",
        "$toLong" => "long",
        "$toDouble" => "double",
        "$toDecimal" => "decimal",
        "$toBool" => "bool",
        "$toString" => "string",
        "$toDate" => "date",
        _ => "objectId",
    };
    match values[0].take() {
        value if is_nullish(&value) => Ok(Some(Bson::Null)),
        Some(value) => convert_to(&value, target).map(Some),
        None => Ok(Some(Bson::Null)),
    }
}

fn convert(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let target = target_type(&values[1])?;
    if is_nullish(&values[0]) {
        return Ok(values[3].take().or(Some(Bson::Null)));
    }
    let (Some(value), Some(target)) = (&values[0], target) else { return Ok(Some(Bson::Null)) };
    match convert_to(value, target) {
        Err(refusal) if refusal.code == 241 => values[2].take().map(Some).ok_or(refusal),
        other => other.map(Some),
    }
}

const TARGETS: [(&str, i64); 8] = [
    ("double", 1),
    ("string", 2),
    ("objectId", 7),
    ("bool", 8),
    ("date", 9),
    ("int", 16),
    ("long", 18),
    ("decimal", 19),
];

fn target_type(value: &Value) -> Result<Option<&'static str>> {
    match value {
        value if is_nullish(value) => Ok(None),
        Some(Bson::String(name)) => match TARGETS.iter().find(|(known, _)| known == name) {
            Some((known, _)) => Ok(Some(known)),
            None if ["binData", "object", "array"].contains(&name.as_str()) => {
                Err(not_implemented(&format!("$convert to {name}")))
            }
            None => Err(bad_value(format!("Unknown type name: {name}"))),
        },
        Some(other) => {
            let Some(number) = Number::of(other.into()) else {
                return Err(failed_to_parse(format!(
                    "$convert's 'to' argument must be a string or number, but is {}",
                    type_of(value)
                )));
            };
            let whole = number
                .as_exact_i64()
                .ok_or_else(|| failed_to_parse("In $convert, numeric 'to' argument is not an integer"))?;
            match TARGETS.iter().find(|(_, known)| *known == whole) {
                Some((known, _)) => Ok(Some(known)),
                None => Err(failed_to_parse(format!(
                    "In $convert, numeric value for 'to' does not correspond to a BSON type: {whole}"
                ))),
            }
        }
        None => Ok(None),
    }
}

fn unsupported(value: &Bson, target: &str) -> Refusal {
    let found = crate::value::type_name(value.into());
    failure(format!("Unsupported conversion from {found} to {target} in $convert with no onError value"))
}

fn convert_to(value: &Bson, target: &'static str) -> Result<Bson> {
    match target {
        "int" => to_integer(value, target),
        "long" => to_integer(value, target),
        "double" => to_double(value),
        "decimal" => to_decimal(value),
        "bool" => Ok(Bson::Boolean(super::is_true(Some(value)))),
        "string" => to_text(value),
        "date" => to_date(value),
        _ => to_object_id(value),
    }
}

fn to_integer(value: &Bson, target: &'static str) -> Result<Bson> {
    let overflow = || {
        let found = overflow_text(value);
        failure(format!("Conversion would overflow target type in $convert with no onError value: {found}"))
    };
    let whole = match value {
        Bson::Boolean(flag) => i64::from(*flag),
        Bson::String(text) => parse_integer(text, target)?,
        Bson::DateTime(date) if target == "long" => date.timestamp_millis(),
        other => {
            let number = Number::of(other.into()).ok_or_else(|| unsupported(value, target))?;
            if !number.to_f64().is_finite() {
                return Err(failure(format!(
                    "Attempt to convert {} value to integer type in $convert with no onError value",
                    if number.is_nan() { "NaN" } else { "infinity" }
                )));
            }
            number.truncated().ok_or_else(overflow)?
        }
    };
    if target == "long" {
        return Ok(Bson::Int64(whole));
    }
    i32::try_from(whole).map(Bson::Int32).map_err(|_| overflow())
}

/// A number as the messages of conversions show it.
fn overflow_text(value: &Bson) -> String {
    match value {
        Bson::Double(number) => double_text(*number),
        other => shown(&Some(other.clone())),
    }
}

fn parse_integer(text: &str, target: &str) -> Result<i64> {
    let refuse = |why: &str| {
        failure(format!("Failed to parse number '{text}' in $convert with no onError value: {why}"))
    };
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.starts_with("0x") || digits.starts_with("0X") {
        return Err(failure(format!("Illegal hexadecimal input in $convert with no onError value: {text}")));
    }
    if digits.is_empty() {
        return Err(refuse("No digits"));
    }
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse("Did not consume whole string."));
    }
    let whole: i64 = text.parse().map_err(|_| refuse("Overflow"))?;
    if target == "int" && i32::try_from(whole).is_err() {
        return Err(refuse("Overflow"));
    }
    Ok(whole)
}

fn to_double(value: &Bson) -> Result<Bson> {
    Ok(Bson::Double(match value {
        Bson::Boolean(flag) => f64::from(*flag),
        #[expect(clippy::cast_precision_loss, reason = "a date's milliseconds become the nearest double")]
        Bson::DateTime(date) => date.timestamp_millis() as f64,
        Bson::String(text) => text.parse().ok().filter(|_| !text.is_empty()).ok_or_else(|| {
            failure(format!(
                "Failed to parse number '{text}' in $convert with no onError value: Invalid number"
            ))
        })?,
        other => Number::of(other.into()).ok_or_else(|| unsupported(value, "double"))?.to_f64(),
    }))
}

fn to_decimal(value: &Bson) -> Result<Bson> {
    let number = match value {
        Bson::Boolean(flag) => decimal::from_i64(i64::from(*flag)),
        Bson::DateTime(date) => decimal::from_i64(date.timestamp_millis()),
        Bson::String(text) => decimal::parse(text).ok_or_else(|| {
            failure(format!("Failed to parse number '{text}' in $convert with no onError value: Failed to parse string to decimal"))
        })?,
        other => Number::of(other.into()).ok_or_else(|| unsupported(value, "decimal"))?.to_quad(),
    };
    Ok(Bson::Decimal128(decimal::decimal(number)))
}

/// A number as text.
pub(super) fn number_text(value: &Bson) -> String {
    match value {
        Bson::Double(number) => double_text(*number),
        Bson::Decimal128(number) => decimal::text(decimal::quad(*number)),
        Bson::Int32(number) => number.to_string(),
        Bson::Int64(number) => number.to_string(),
        _ => String::new(),
    }
}

/// A double as the server writes it: the shortest digits that read back, with an exponent beyond 17 places.
fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-Infinity".to_owned() } else { "Infinity".to_owned() };
    }
    if number == 0.0 {
        return if number.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() };
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let significant = digits.bytes().filter(u8::is_ascii_digit).count();
    let plain = format!("{number}");
    if (-5..21).contains(&power) && !(power < -4 && significant > 0) && plain.len() <= 24 {
        plain
    } else {
        let sign = if power < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", power.abs())
    }
}

fn to_text(value: &Bson) -> Result<Bson> {
    Ok(Bson::String(match value {
        Bson::String(text) => text.clone(),
        Bson::Boolean(flag) => flag.to_string(),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::DateTime(date) => super::date_text::converted(date.timestamp_millis())?,
        Bson::Double(_) | Bson::Decimal128(_) | Bson::Int32(_) | Bson::Int64(_) => number_text(value),
        Bson::Document(_) | Bson::Array(_) | Bson::Binary(_) => {
            return Err(not_implemented(&format!("$toString of {}", crate::value::type_name(value.into()))));
        }
        _ => return Err(unsupported(value, "string")),
    }))
}

fn to_date(value: &Bson) -> Result<Bson> {
    let millis = match value {
        Bson::DateTime(date) => date.timestamp_millis(),
        Bson::Int64(millis) => *millis,
        Bson::Double(_) | Bson::Decimal128(_) => {
            Number::of(value.into()).and_then(Number::truncated).ok_or_else(|| {
                let found = overflow_text(value);
                failure(format!(
                    "Conversion would overflow target type in $convert with no onError value: {found}"
                ))
            })?
        }
        Bson::ObjectId(id) => id.timestamp().timestamp_millis(),
        Bson::Timestamp(timestamp) => i64::from(timestamp.time) * 1000,
        Bson::String(text) => super::date_text::parse_iso(text)?,
        _ => return Err(unsupported(value, "date")),
    };
    Ok(Bson::DateTime(bson::DateTime::from_millis(millis)))
}

fn to_object_id(value: &Bson) -> Result<Bson> {
    match value {
        Bson::ObjectId(id) => Ok(Bson::ObjectId(*id)),
        Bson::String(text) => {
            let why = if text.len() == 24 {
                "Invalid character found in hex string".to_owned()
            } else {
                format!("Invalid string length for parsing to OID, expected 24 but found {}", text.len())
            };
            ObjectId::parse_str(text).map(Bson::ObjectId).map_err(|_| {
                failure(format!("Failed to parse objectId '{text}' in $convert with no onError value: {why}"))
            })
        }
        _ => Err(unsupported(value, "objectId")),
    }
}
