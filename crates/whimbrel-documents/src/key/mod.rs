//! Keys: bytes whose order is the comparison order of BSON.
//!
//! A value is a type byte in the order of the types, then its content in a form that ends by itself, so that values
//! can follow each other in a compound key. A descending part has every byte inverted.

mod extract;
mod number;

use bson::{Bson, RawArray, RawBson, RawBsonRef, RawDocument};

pub(crate) use extract::{Extraction, KeyPart, Keys, Unindexable, extract, values_of};

/// The type bytes, in the order in which BSON compares types.
pub(crate) mod tag {
    /// Ends an object or an array: below every type.
    pub(super) const END: u8 = 0x00;
    /// Below every value.
    pub(crate) const MIN_KEY: u8 = 0x08;
    /// Also what an empty array leaves in an index.
    pub(crate) const UNDEFINED: u8 = 0x10;
    /// Null, and what is missing.
    pub(crate) const NULL: u8 = 0x18;
    /// Every type of number.
    pub(crate) const NUMBER: u8 = 0x20;
    /// Strings and symbols.
    pub(crate) const STRING: u8 = 0x28;
    /// Embedded documents.
    pub(crate) const OBJECT: u8 = 0x30;
    /// Arrays.
    pub(crate) const ARRAY: u8 = 0x38;
    /// Binary data.
    pub(crate) const BINARY: u8 = 0x40;
    /// Object ids.
    pub(crate) const OBJECT_ID: u8 = 0x48;
    /// Booleans.
    pub(crate) const BOOLEAN: u8 = 0x50;
    /// Dates.
    pub(crate) const DATE: u8 = 0x58;
    /// Timestamps.
    pub(crate) const TIMESTAMP: u8 = 0x60;
    /// Regular expressions.
    pub(crate) const REGEX: u8 = 0x68;
    /// Database pointers.
    pub(super) const POINTER: u8 = 0x70;
    /// Code.
    pub(super) const CODE: u8 = 0x74;
    /// Code with a scope.
    pub(super) const CODE_WITH_SCOPE: u8 = 0x78;
    /// Above every value.
    pub(crate) const MAX_KEY: u8 = 0x7e;
}

/// The key of one value.
pub(crate) fn key_of(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(16);
    encode(value, &mut out);
    out
}

/// The key of a value of a command; none where it cannot be BSON, as a string with a NUL in a key's name.
pub(crate) fn key_of_bson(value: &Bson) -> Option<Vec<u8>> {
    let raw = RawBson::try_from(value.clone()).ok()?;
    Some(key_of(raw.as_raw_bson_ref()))
}

/// Writes a value.
pub(crate) fn encode(value: RawBsonRef<'_>, out: &mut Vec<u8>) {
    out.push(type_byte(&value));
    content(value, out);
}

/// Writes a value of an index part, inverted where the part descends.
pub(crate) fn encode_part(value: RawBsonRef<'_>, is_descending: bool, out: &mut Vec<u8>) {
    let start = out.len();
    encode(value, out);
    if is_descending {
        invert(&mut out[start..]);
    }
}

/// Inverts every byte: what was ascending descends.
pub(crate) fn invert(bytes: &mut [u8]) {
    for byte in bytes {
        *byte = !*byte;
    }
}

/// The byte that stands for a value's type.
pub(crate) fn type_byte(value: &RawBsonRef<'_>) -> u8 {
    match value {
        RawBsonRef::MinKey => tag::MIN_KEY,
        RawBsonRef::Undefined => tag::UNDEFINED,
        RawBsonRef::Null => tag::NULL,
        RawBsonRef::Int32(_) | RawBsonRef::Int64(_) | RawBsonRef::Double(_) | RawBsonRef::Decimal128(_) => {
            tag::NUMBER
        }
        RawBsonRef::String(_) | RawBsonRef::Symbol(_) => tag::STRING,
        RawBsonRef::Document(_) => tag::OBJECT,
        RawBsonRef::Array(_) => tag::ARRAY,
        RawBsonRef::Binary(_) => tag::BINARY,
        RawBsonRef::ObjectId(_) => tag::OBJECT_ID,
        RawBsonRef::Boolean(_) => tag::BOOLEAN,
        RawBsonRef::DateTime(_) => tag::DATE,
        RawBsonRef::Timestamp(_) => tag::TIMESTAMP,
        RawBsonRef::RegularExpression(_) => tag::REGEX,
        RawBsonRef::DbPointer(_) => tag::POINTER,
        RawBsonRef::JavaScriptCode(_) => tag::CODE,
        RawBsonRef::JavaScriptCodeWithScope(_) => tag::CODE_WITH_SCOPE,
        RawBsonRef::MaxKey => tag::MAX_KEY,
    }
}

fn content(value: RawBsonRef<'_>, out: &mut Vec<u8>) {
    match value {
        RawBsonRef::MinKey | RawBsonRef::Undefined | RawBsonRef::Null | RawBsonRef::MaxKey => {}
        RawBsonRef::Int32(number) => number::integer(i64::from(number), out),
        RawBsonRef::Int64(number) => number::integer(number, out),
        RawBsonRef::Double(number) => number::double(number, out),
        RawBsonRef::Decimal128(number) => number::decimal(number, out),
        RawBsonRef::String(text) | RawBsonRef::Symbol(text) | RawBsonRef::JavaScriptCode(text) => {
            escaped(text.as_bytes(), out);
        }
        RawBsonRef::Document(document) => object(document, out),
        RawBsonRef::Array(elements) => array(elements, out),
        RawBsonRef::Binary(binary) => {
            out.extend_from_slice(&u32::try_from(binary.bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
            out.push(u8::from(binary.subtype));
            out.extend_from_slice(binary.bytes);
        }
        RawBsonRef::ObjectId(id) => out.extend_from_slice(&id.bytes()),
        RawBsonRef::Boolean(is_true) => out.push(u8::from(is_true)),
        RawBsonRef::DateTime(date) => out.extend_from_slice(&signed(date.timestamp_millis())),
        RawBsonRef::Timestamp(timestamp) => {
            out.extend_from_slice(&timestamp.time.to_be_bytes());
            out.extend_from_slice(&timestamp.increment.to_be_bytes());
        }
        RawBsonRef::RegularExpression(regex) => {
            escaped(regex.pattern.as_str().as_bytes(), out);
            escaped(regex.options.as_str().as_bytes(), out);
        }
        // The crate keeps the pointer's parts to itself; its text says both of them.
        RawBsonRef::DbPointer(pointer) => escaped(format!("{pointer:?}").as_bytes(), out),
        RawBsonRef::JavaScriptCodeWithScope(code) => {
            escaped(code.code.as_bytes(), out);
            object(code.scope, out);
        }
    }
}

/// Signed milliseconds as bytes in order.
fn signed(value: i64) -> [u8; 8] {
    let mut bytes = value.to_be_bytes();
    bytes[0] ^= 0x80;
    bytes
}

/// Bytes that end by themselves: a zero byte is followed by 0xff, the end by what is less.
fn escaped(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.push(0);
}

/// A document: its fields in their order, each by type, then name, then value.
fn object(document: &RawDocument, out: &mut Vec<u8>) {
    // What was stored has been read before; a field that cannot be read ends the key.
    for (name, value) in document.iter().map_while(Result::ok) {
        out.push(type_byte(&value));
        escaped(name.as_str().as_bytes(), out);
        content(value, out);
    }
    out.push(tag::END);
}

fn array(elements: &RawArray, out: &mut Vec<u8>) {
    for value in elements.into_iter().map_while(Result::ok) {
        encode(value, out);
    }
    out.push(tag::END);
}
