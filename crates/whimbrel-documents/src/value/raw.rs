//! Fields of stored documents, found without reading what stands before them.
//!
//! The iterator of the crate checks each field on its way: its key, its length and its form. A search by name only has to
//! know how long each field is, and reads the one that it was looking for.

use bson::oid::ObjectId;
use bson::raw::RawElement;
use bson::spec::ElementType;
use bson::{RawBsonRef, RawDocument};

use super::view::{DocRef, ValueRef};

/// The length that stands before the content of a document or a string.
const LENGTH_BYTES: usize = 4;

/// One field: its type, and where its content begins and ends.
struct Field<'d> {
    kind: u8,
    /// From the first byte of the content to the end of the document.
    rest: &'d [u8],
}

/// The value of a field; none where there is no such one, or where the bytes before it are no BSON.
pub(super) fn find<'d>(document: &'d RawDocument, name: &str) -> Option<ValueRef<'d>> {
    let field = search(document.as_bytes(), name.as_bytes())?;
    match read(&field) {
        Some(value) => Some(value),
        None => element(document, name)?.value().ok().map(ValueRef::from),
    }
}

/// As [`find`], in the form in which the crate tells values.
pub(crate) fn find_raw<'d>(document: &'d RawDocument, name: &str) -> Option<RawBsonRef<'d>> {
    let field = search(document.as_bytes(), name.as_bytes())?;
    match read(&field) {
        Some(ValueRef::Int32(number)) => Some(RawBsonRef::Int32(number)),
        Some(ValueRef::Int64(number)) => Some(RawBsonRef::Int64(number)),
        Some(ValueRef::Double(number)) => Some(RawBsonRef::Double(number)),
        Some(ValueRef::String(text)) => Some(RawBsonRef::String(text)),
        Some(ValueRef::Document(DocRef::Raw(inner))) => Some(RawBsonRef::Document(inner)),
        Some(ValueRef::ObjectId(id)) => Some(RawBsonRef::ObjectId(id)),
        Some(ValueRef::Boolean(value)) => Some(RawBsonRef::Boolean(value)),
        Some(ValueRef::Date(millis)) => Some(RawBsonRef::DateTime(bson::DateTime::from_millis(millis))),
        Some(ValueRef::Null) => Some(RawBsonRef::Null),
        _ => element(document, name)?.value().ok(),
    }
}

/// The field as the crate finds it, for the values that only the crate can tell.
fn element<'d>(document: &'d RawDocument, name: &str) -> Option<RawElement<'d>> {
    document.iter_elements().map_while(Result::ok).find(|element| element.key().as_str() == name)
}

/// Walks over the fields to the one of this name.
fn search<'d>(document: &'d [u8], name: &[u8]) -> Option<Field<'d>> {
    // The key of no field holds the byte that ends it.
    if name.contains(&0) {
        return None;
    }
    let mut bytes = document.get(LENGTH_BYTES..)?;
    loop {
        let (&kind, rest) = bytes.split_first()?;
        if kind == 0 {
            return None;
        }
        let is_sought = rest.get(name.len()) == Some(&0) && rest.starts_with(name);
        let end = if is_sought { name.len() } else { rest.iter().position(|byte| *byte == 0)? };
        let rest = rest.get(end + 1..)?;
        if is_sought {
            return Some(Field { kind, rest });
        }
        bytes = rest.get(length_of(kind, rest)?..)?;
    }
}

/// How many bytes a value takes up.
fn length_of(kind: u8, rest: &[u8]) -> Option<usize> {
    Some(match ElementType::from(kind)? {
        ElementType::Int32 => 4,
        ElementType::Double | ElementType::Int64 | ElementType::DateTime | ElementType::Timestamp => 8,
        ElementType::ObjectId => 12,
        ElementType::Decimal128 => 16,
        ElementType::Boolean => 1,
        ElementType::Null | ElementType::Undefined | ElementType::MinKey | ElementType::MaxKey => 0,
        ElementType::String | ElementType::Symbol | ElementType::JavaScriptCode => {
            LENGTH_BYTES + leading_length(rest)?
        }
        // The length says its own bytes too.
        ElementType::EmbeddedDocument | ElementType::Array | ElementType::JavaScriptCodeWithScope => {
            leading_length(rest)?
        }
        ElementType::Binary => LENGTH_BYTES + 1 + leading_length(rest)?,
        ElementType::DbPointer => LENGTH_BYTES + leading_length(rest)? + 12,
        ElementType::RegularExpression => {
            let pattern = rest.iter().position(|byte| *byte == 0)? + 1;
            pattern + rest.get(pattern..)?.iter().position(|byte| *byte == 0)? + 1
        }
    })
}

fn leading_length(bytes: &[u8]) -> Option<usize> {
    usize::try_from(i32::from_le_bytes(*bytes.first_chunk()?)).ok()
}

/// The value, where it is one of the usual types and well formed.
fn read<'d>(field: &Field<'d>) -> Option<ValueRef<'d>> {
    let rest = field.rest;
    Some(match ElementType::from(field.kind)? {
        ElementType::Int32 => ValueRef::Int32(i32::from_le_bytes(*rest.first_chunk()?)),
        ElementType::Int64 => ValueRef::Int64(i64::from_le_bytes(*rest.first_chunk()?)),
        ElementType::Double => ValueRef::Double(f64::from_le_bytes(*rest.first_chunk()?)),
        ElementType::DateTime => ValueRef::Date(i64::from_le_bytes(*rest.first_chunk()?)),
        ElementType::ObjectId => ValueRef::ObjectId(ObjectId::from_bytes(*rest.first_chunk()?)),
        ElementType::Boolean => match rest.first()? {
            0 => ValueRef::Boolean(false),
            1 => ValueRef::Boolean(true),
            _ => return None,
        },
        ElementType::Null => ValueRef::Null,
        ElementType::String => {
            let length = leading_length(rest)?;
            let (end, text) = rest.get(LENGTH_BYTES..LENGTH_BYTES.checked_add(length)?)?.split_last()?;
            if *end != 0 {
                return None;
            }
            ValueRef::String(str::from_utf8(text).ok()?)
        }
        ElementType::EmbeddedDocument => ValueRef::Document(DocRef::Raw(inner(rest)?)),
        ElementType::Array => ValueRef::Array(DocRef::Raw(inner(rest)?)),
        _ => return None,
    })
}

fn inner(rest: &[u8]) -> Option<&RawDocument> {
    RawDocument::from_bytes(rest.get(..leading_length(rest)?)?).ok()
}

#[cfg(test)]
mod tests {
    use bson::spec::BinarySubtype;
    use bson::{Binary, Bson, DateTime, RawDocumentBuf, Timestamp, doc};

    use super::*;

    /// A field of every type, each behind the others.
    fn every_type() -> bson::Document {
        let code = bson::JavaScriptCodeWithScope { code: "f()".to_owned(), scope: doc! { "x": 1 } };
        let regex = Bson::RegularExpression(bson::Regex {
            pattern: "a.b".try_into().unwrap(),
            options: "i".try_into().unwrap(),
        });
        doc! {
            "double": 1.5, "text": "grün", "empty": "", "document": { "a": { "b": 1 } }, "array": [1, "two", [3]],
            "binary": Binary { subtype: BinarySubtype::Generic, bytes: vec![0, 1, 2] }, "undefined": Bson::Undefined,
            "id": ObjectId::new(), "true": true, "false": false, "date": DateTime::from_millis(-5), "null": null,
            "regex": regex, "code": Bson::JavaScriptCode("x\u{0}y".to_owned()), "symbol": Bson::Symbol("s".to_owned()),
            "scoped": Bson::JavaScriptCodeWithScope(code), "int": -7, "timestamp": Timestamp { time: 1, increment: 2 },
            "long": i64::MIN, "decimal": "1.5".parse::<bson::Decimal128>().unwrap(), "min": Bson::MinKey,
            "max": Bson::MaxKey, "": "no name", "last": 1,
        }
    }

    #[test]
    fn every_field_is_found_as_the_crate_finds_it() {
        let document = every_type();
        let raw = RawDocumentBuf::try_from(&document).unwrap();
        for (name, value) in &document {
            assert_eq!(find(&raw, name).map(ValueRef::to_bson).as_ref(), Some(value), "{name}");
            let found = find_raw(&raw, name).map(|found| Bson::try_from(found).unwrap());
            assert_eq!(found.as_ref(), Some(value), "{name}");
        }
        for absent in ["las", "lasts", "text\u{0}", "a", "\u{0}"] {
            assert!(find(&raw, absent).is_none(), "{absent:?}");
        }
    }

    #[test]
    fn the_first_of_two_fields_of_one_name_is_found() {
        let mut raw = RawDocumentBuf::new();
        raw.append(bson::raw::cstr!("a"), 1);
        raw.append(bson::raw::cstr!("a"), 2);
        assert!(matches!(find(&raw, "a"), Some(ValueRef::Int32(1))));
    }

    #[test]
    fn bytes_that_are_no_document_hold_no_field() {
        let whole = RawDocumentBuf::try_from(&every_type()).unwrap().into_bytes();
        for position in LENGTH_BYTES..whole.len() - 1 {
            for byte in [0x00, 0x02, 0x03, 0x05, 0x0b, 0x7f, 0xff] {
                let mut damaged = whole.clone();
                damaged[position] = byte;
                // Whatever is found, nothing outside the document is read.
                if let Ok(document) = RawDocument::from_bytes(&damaged) {
                    find(document, "last");
                    find(document, "absent");
                }
            }
        }
    }
}
