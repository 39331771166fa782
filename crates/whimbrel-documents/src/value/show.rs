//! How MongoDB names types and writes values inside its messages.

use super::decimal;
use super::view::{DocRef, ValueRef};

/// The name of a value's type: `int`, `string`, `objectId`.
pub(crate) fn type_name(value: ValueRef<'_>) -> &'static str {
    match value {
        ValueRef::MinKey => "minKey",
        ValueRef::Undefined => "undefined",
        ValueRef::Null => "null",
        ValueRef::Int32(_) => "int",
        ValueRef::Int64(_) => "long",
        ValueRef::Double(_) => "double",
        ValueRef::Decimal(_) => "decimal",
        ValueRef::String(_) => "string",
        ValueRef::Symbol(_) => "symbol",
        ValueRef::Document(_) => "object",
        ValueRef::Array(_) => "array",
        ValueRef::Binary(..) => "binData",
        ValueRef::ObjectId(_) => "objectId",
        ValueRef::Boolean(_) => "bool",
        ValueRef::Date(_) => "date",
        ValueRef::Timestamp(_) => "timestamp",
        ValueRef::Regex(..) => "regex",
        ValueRef::Pointer(_) => "dbPointer",
        ValueRef::Code(_) => "javascript",
        ValueRef::CodeWithScope(..) => "javascriptWithScope",
        ValueRef::MaxKey => "maxKey",
    }
}

/// The number of a value's type, as `$type` takes it.
pub(crate) fn type_number(value: ValueRef<'_>) -> i32 {
    match value {
        ValueRef::Double(_) => 1,
        ValueRef::String(_) => 2,
        ValueRef::Document(_) => 3,
        ValueRef::Array(_) => 4,
        ValueRef::Binary(..) => 5,
        ValueRef::Undefined => 6,
        ValueRef::ObjectId(_) => 7,
        ValueRef::Boolean(_) => 8,
        ValueRef::Date(_) => 9,
        ValueRef::Null => 10,
        ValueRef::Regex(..) => 11,
        ValueRef::Pointer(_) => 12,
        ValueRef::Code(_) => 13,
        ValueRef::Symbol(_) => 14,
        ValueRef::CodeWithScope(..) => 15,
        ValueRef::Int32(_) => 16,
        ValueRef::Timestamp(_) => 17,
        ValueRef::Int64(_) => 18,
        ValueRef::Decimal(_) => 19,
        ValueRef::MinKey => -1,
        ValueRef::MaxKey => 127,
    }
}

/// Writes a document as MongoDB's messages do: `{ a: 1, b: "x" }`.
pub(crate) fn show_document(document: DocRef<'_>) -> String {
    let fields: Vec<String> = document.iter().map(|(key, value)| format!("{key}: {}", show(value))).collect();
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

/// Writes a value as MongoDB's messages do.
pub(crate) fn show(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::MinKey => "MinKey".to_owned(),
        ValueRef::MaxKey => "MaxKey".to_owned(),
        ValueRef::Undefined => "undefined".to_owned(),
        ValueRef::Null => "null".to_owned(),
        ValueRef::Int32(number) => number.to_string(),
        ValueRef::Int64(number) => number.to_string(),
        ValueRef::Double(number) => show_double(number),
        ValueRef::Decimal(number) => decimal::text(decimal::quad(number)),
        ValueRef::String(text) | ValueRef::Symbol(text) => format!("\"{text}\""),
        ValueRef::Document(document) => show_document(document),
        ValueRef::Array(items) => {
            let items: Vec<String> = items.values().map(show).collect();
            if items.is_empty() { "[]".to_owned() } else { format!("[ {} ]", items.join(", ")) }
        }
        ValueRef::Binary(subtype, bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("BinData({subtype}, {hex})")
        }
        ValueRef::ObjectId(id) => format!("ObjectId('{}')", id.to_hex()),
        ValueRef::Boolean(value) => value.to_string(),
        ValueRef::Date(millis) => format!("new Date({millis})"),
        ValueRef::Timestamp(timestamp) => format!("Timestamp({}, {})", timestamp.time, timestamp.increment),
        ValueRef::Regex(pattern, options) => format!("/{pattern}/{options}"),
        ValueRef::Pointer(_) => "DBRef".to_owned(),
        ValueRef::Code(code) | ValueRef::CodeWithScope(code, _) => code.to_owned(),
    }
}

/// Writes a double so that it is seen to be one: `1.0`.
fn show_double(number: f64) -> String {
    if number.is_nan() {
        "nan".to_owned()
    } else if number.is_infinite() {
        if number < 0.0 { "-inf".to_owned() } else { "inf".to_owned() }
    } else {
        with_signed_exponent(&format!("{number:?}"))
    }
}

/// An exponent as the C library writes it: with its sign and two digits at least.
fn with_signed_exponent(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once('e') else { return text.to_owned() };
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// Writes a double in six digits, as the C library's `%g` does.
pub(crate) fn show_brief_double(number: f64) -> String {
    const DIGITS: i32 = 6;
    if !number.is_finite() || number == 0.0 {
        return match number {
            number if number.is_nan() => "nan".to_owned(),
            number if number == f64::INFINITY => "inf".to_owned(),
            number if number == f64::NEG_INFINITY => "-inf".to_owned(),
            number if number.is_sign_negative() => "-0".to_owned(),
            _ => "0".to_owned(),
        };
    }
    let scientific = format!("{number:.*e}", 5);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..DIGITS).contains(&power) {
        let places = usize::try_from(DIGITS - 1 - power).unwrap_or(0);
        return trimmed(&format!("{number:.places$}"));
    }
    with_signed_exponent(&format!("{}e{exponent}", trimmed(mantissa)))
}

/// Writes a value as the messages of expressions do, which differ from those of all else: `[1, "x"]`, `{a: 1}`.
pub(crate) fn show_result(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Double(number) => show_brief_double(number),
        ValueRef::Document(document) => {
            let fields: Vec<String> =
                document.iter().map(|(key, value)| format!("{key}: {}", show_result(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
        ValueRef::Array(items) => {
            let items: Vec<String> = items.values().map(show_result).collect();
            format!("[{}]", items.join(", "))
        }
        ValueRef::Binary(subtype, bytes) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
            format!("BinData({subtype}, \"{hex}\")")
        }
        ValueRef::ObjectId(id) => id.to_hex(),
        ValueRef::Date(millis) => crate::expression::iso_text(millis),
        other => show(other),
    }
}
