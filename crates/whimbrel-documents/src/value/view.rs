//! One view over a value, whether it stands in raw bytes or has been decoded.

use bson::oid::ObjectId;
use bson::raw::{CString, RawDbPointerRef, RawIter};
use bson::{
    Binary, Bson, DbPointer, Decimal128, Document, RawBsonRef, RawDocument, RawDocumentBuf, Timestamp,
};

/// A borrowed BSON value. Copying it copies no content.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ValueRef<'a> {
    MinKey,
    Undefined,
    Null,
    Int32(i32),
    Int64(i64),
    Double(f64),
    Decimal(Decimal128),
    String(&'a str),
    Symbol(&'a str),
    Document(DocRef<'a>),
    Array(DocRef<'a>),
    Binary(u8, &'a [u8]),
    ObjectId(ObjectId),
    Boolean(bool),
    /// Milliseconds since 1970.
    Date(i64),
    Timestamp(Timestamp),
    Regex(&'a str, &'a str),
    Pointer(Pointer<'a>),
    Code(&'a str),
    CodeWithScope(&'a str, DocRef<'a>),
    MaxKey,
}

/// A deprecated reference to another collection's document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pointer<'a> {
    Raw(RawDbPointerRef<'a>),
    Parsed(&'a DbPointer),
}

/// A borrowed document, or an array seen as a document whose keys are its positions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DocRef<'a> {
    Raw(&'a RawDocument),
    Parsed(&'a Document),
    Items(&'a [Bson]),
}

impl<'a> From<&'a Bson> for ValueRef<'a> {
    fn from(value: &'a Bson) -> Self {
        match value {
            Bson::Double(number) => ValueRef::Double(*number),
            Bson::String(text) => ValueRef::String(text),
            Bson::Array(items) => ValueRef::Array(DocRef::Items(items)),
            Bson::Document(document) => ValueRef::Document(DocRef::Parsed(document)),
            Bson::Boolean(value) => ValueRef::Boolean(*value),
            Bson::Null => ValueRef::Null,
            Bson::RegularExpression(regex) => ValueRef::Regex(regex.pattern.as_str(), regex.options.as_str()),
            Bson::JavaScriptCode(code) => ValueRef::Code(code),
            Bson::JavaScriptCodeWithScope(code) => {
                ValueRef::CodeWithScope(&code.code, DocRef::Parsed(&code.scope))
            }
            Bson::Int32(number) => ValueRef::Int32(*number),
            Bson::Int64(number) => ValueRef::Int64(*number),
            Bson::Timestamp(timestamp) => ValueRef::Timestamp(*timestamp),
            Bson::Binary(Binary { subtype, bytes }) => ValueRef::Binary((*subtype).into(), bytes),
            Bson::ObjectId(id) => ValueRef::ObjectId(*id),
            Bson::DateTime(date) => ValueRef::Date(date.timestamp_millis()),
            Bson::Symbol(text) => ValueRef::Symbol(text),
            Bson::Decimal128(number) => ValueRef::Decimal(*number),
            Bson::Undefined => ValueRef::Undefined,
            Bson::MaxKey => ValueRef::MaxKey,
            Bson::MinKey => ValueRef::MinKey,
            Bson::DbPointer(pointer) => ValueRef::Pointer(Pointer::Parsed(pointer)),
        }
    }
}

impl<'a> From<RawBsonRef<'a>> for ValueRef<'a> {
    fn from(value: RawBsonRef<'a>) -> Self {
        match value {
            RawBsonRef::Double(number) => ValueRef::Double(number),
            RawBsonRef::String(text) => ValueRef::String(text),
            RawBsonRef::Array(items) => ValueRef::Array(
                RawDocument::from_bytes(items.as_bytes()).map_or(DocRef::Items(&[]), DocRef::Raw),
            ),
            RawBsonRef::Document(document) => ValueRef::Document(DocRef::Raw(document)),
            RawBsonRef::Boolean(value) => ValueRef::Boolean(value),
            RawBsonRef::Null => ValueRef::Null,
            RawBsonRef::RegularExpression(regex) => {
                ValueRef::Regex(regex.pattern.as_str(), regex.options.as_str())
            }
            RawBsonRef::JavaScriptCode(code) => ValueRef::Code(code),
            RawBsonRef::JavaScriptCodeWithScope(code) => {
                ValueRef::CodeWithScope(code.code, DocRef::Raw(code.scope))
            }
            RawBsonRef::Int32(number) => ValueRef::Int32(number),
            RawBsonRef::Int64(number) => ValueRef::Int64(number),
            RawBsonRef::Timestamp(timestamp) => ValueRef::Timestamp(timestamp),
            RawBsonRef::Binary(binary) => ValueRef::Binary(binary.subtype.into(), binary.bytes),
            RawBsonRef::ObjectId(id) => ValueRef::ObjectId(id),
            RawBsonRef::DateTime(date) => ValueRef::Date(date.timestamp_millis()),
            RawBsonRef::Symbol(text) => ValueRef::Symbol(text),
            RawBsonRef::Decimal128(number) => ValueRef::Decimal(number),
            RawBsonRef::Undefined => ValueRef::Undefined,
            RawBsonRef::MaxKey => ValueRef::MaxKey,
            RawBsonRef::MinKey => ValueRef::MinKey,
            RawBsonRef::DbPointer(pointer) => ValueRef::Pointer(Pointer::Raw(pointer)),
        }
    }
}

impl<'a> ValueRef<'a> {
    /// Decodes the value.
    pub(crate) fn to_bson(self) -> Bson {
        match self {
            ValueRef::MinKey => Bson::MinKey,
            ValueRef::Undefined => Bson::Undefined,
            ValueRef::Null => Bson::Null,
            ValueRef::Int32(number) => Bson::Int32(number),
            ValueRef::Int64(number) => Bson::Int64(number),
            ValueRef::Double(number) => Bson::Double(number),
            ValueRef::Decimal(number) => Bson::Decimal128(number),
            ValueRef::String(text) => Bson::String(text.to_owned()),
            ValueRef::Symbol(text) => Bson::Symbol(text.to_owned()),
            ValueRef::Document(document) => Bson::Document(document.to_document()),
            ValueRef::Array(items) => Bson::Array(items.to_items()),
            ValueRef::Binary(subtype, bytes) => {
                Bson::Binary(Binary { subtype: subtype.into(), bytes: bytes.to_vec() })
            }
            ValueRef::ObjectId(id) => Bson::ObjectId(id),
            ValueRef::Boolean(value) => Bson::Boolean(value),
            ValueRef::Date(millis) => Bson::DateTime(bson::DateTime::from_millis(millis)),
            ValueRef::Timestamp(timestamp) => Bson::Timestamp(timestamp),
            ValueRef::Regex(pattern, options) => regex_bson(pattern, options),
            ValueRef::Pointer(Pointer::Parsed(pointer)) => Bson::DbPointer(pointer.clone()),
            ValueRef::Pointer(Pointer::Raw(pointer)) => {
                Bson::try_from(RawBsonRef::DbPointer(pointer)).unwrap_or(Bson::Undefined)
            }
            ValueRef::Code(code) => Bson::JavaScriptCode(code.to_owned()),
            ValueRef::CodeWithScope(code, scope) => {
                Bson::JavaScriptCodeWithScope(bson::JavaScriptCodeWithScope {
                    code: code.to_owned(),
                    scope: scope.to_document(),
                })
            }
            ValueRef::MaxKey => Bson::MaxKey,
        }
    }

    /// The embedded document, where it is one.
    pub(crate) fn as_document(self) -> Option<DocRef<'a>> {
        match self {
            ValueRef::Document(document) => Some(document),
            _ => None,
        }
    }

    /// The array, where it is one.
    pub(crate) fn as_array(self) -> Option<DocRef<'a>> {
        match self {
            ValueRef::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// A regular expression as a value; a NUL, which BSON cannot hold there, makes it undefined.
fn regex_bson(pattern: &str, options: &str) -> Bson {
    let text = |part: &str| CString::try_from(part.to_owned()).ok();
    match (text(pattern), text(options)) {
        (Some(pattern), Some(options)) => Bson::RegularExpression(bson::Regex { pattern, options }),
        _ => Bson::Undefined,
    }
}

/// Encodes a document; a key or text with a NUL, which BSON cannot hold, leaves it empty.
pub(crate) fn raw_of(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap_or_default()
}

impl<'a> DocRef<'a> {
    /// The value of a key.
    pub(crate) fn get(self, key: &str) -> Option<ValueRef<'a>> {
        match self {
            DocRef::Raw(raw) => super::raw::find(raw, key),
            DocRef::Parsed(document) => document.get(key).map(ValueRef::from),
            DocRef::Items(items) => {
                key.parse::<usize>().ok().and_then(|index| items.get(index)).map(ValueRef::from)
            }
        }
    }

    /// The value at a position, for an array.
    pub(crate) fn at(self, index: usize) -> Option<ValueRef<'a>> {
        match self {
            DocRef::Items(items) => items.get(index).map(ValueRef::from),
            _ => self.iter().nth(index).map(|(_, value)| value),
        }
    }

    /// Its keys and values, in order.
    pub(crate) fn iter(self) -> Fields<'a> {
        match self {
            DocRef::Raw(raw) => Fields::Raw(raw.iter_elements()),
            DocRef::Parsed(document) => Fields::Parsed(document.iter()),
            DocRef::Items(items) => Fields::Items(items.iter()),
        }
    }

    /// Its values, in order.
    pub(crate) fn values(self) -> impl Iterator<Item = ValueRef<'a>> {
        self.iter().map(|(_, value)| value)
    }

    /// How many keys it has.
    pub(crate) fn len(self) -> usize {
        match self {
            DocRef::Raw(raw) => raw.iter_elements().count(),
            DocRef::Parsed(document) => document.len(),
            DocRef::Items(items) => items.len(),
        }
    }

    /// Decodes it as a document.
    pub(crate) fn to_document(self) -> Document {
        match self {
            DocRef::Parsed(document) => document.clone(),
            DocRef::Raw(raw) => Document::try_from(raw).unwrap_or_default(),
            DocRef::Items(items) => {
                items.iter().enumerate().map(|(at, item)| (at.to_string(), item.clone())).collect()
            }
        }
    }

    /// Decodes it as an array.
    pub(crate) fn to_items(self) -> Vec<Bson> {
        match self {
            DocRef::Items(items) => items.to_vec(),
            _ => self.values().map(ValueRef::to_bson).collect(),
        }
    }
}

/// The keys and values of a document. The keys of a decoded array are empty: nobody reads them.
pub(crate) enum Fields<'a> {
    Raw(RawIter<'a>),
    Parsed(bson::document::Iter<'a>),
    Items(std::slice::Iter<'a, Bson>),
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, ValueRef<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Fields::Raw(fields) => {
                let element = fields.next()?.ok()?;
                Some((element.key().as_str(), element.value().ok()?.into()))
            }
            Fields::Parsed(fields) => fields.next().map(|(key, value)| (key.as_str(), value.into())),
            Fields::Items(items) => items.next().map(|value| ("", value.into())),
        }
    }
}
