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
        format!("{number:?}")
    }
}
