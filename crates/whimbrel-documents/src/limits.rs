//! How large and how deep a document may be, and what its `_id` may be.

use bson::oid::ObjectId;
use bson::{Bson, Document, RawDocument, RawDocumentBuf, Timestamp};
use whimbrel_engine::document::Refusal;

use crate::refusal::refuse;

/// The size of the largest document: 16 MiB.
pub(crate) const LARGEST_DOCUMENT_BYTES: usize = 16 * 1024 * 1024;

/// How deep a stored document may be nested.
const DEEPEST_STORED: usize = 180;

/// How many documents, updates or deletes a command may hold.
pub(crate) const LARGEST_BATCH: usize = 100_000;

/// Refuses a document that is too large.
pub(crate) fn check_size(document: &RawDocument) -> Result<(), Refusal> {
    let size = document.as_bytes().len();
    if size > LARGEST_DOCUMENT_BYTES {
        let message = format!(
            "BSONObj size: {size} (0x{size:X}) is invalid. Size must be between 0 and {LARGEST_DOCUMENT_BYTES}(16MB)"
        );
        return Err(refuse(10334, "BSONObjectTooLarge", message));
    }
    Ok(())
}

/// A document that could not be read as BSON.
pub(crate) fn unreadable() -> Refusal {
    refuse(22, "InvalidBSON", "the document is not valid BSON")
}

/// Brings a document into the form in which it is stored: `_id` first, made where missing, and empty timestamps set.
///
/// # Errors
/// The document or its `_id` may not be stored.
pub(crate) fn storable(mut document: Document) -> Result<RawDocumentBuf, Refusal> {
    check_depth(&document)?;
    match document.get("_id") {
        None => {
            let mut with_id = Document::new();
            with_id.insert("_id", ObjectId::new());
            with_id.extend(document);
            document = with_id;
        }
        Some(id) => {
            check_id(id)?;
            if document.keys().next().is_some_and(|first| first != "_id") {
                let id = document.remove("_id").unwrap_or(Bson::Null);
                let mut with_id = Document::new();
                with_id.insert("_id", id);
                with_id.extend(document);
                document = with_id;
            }
        }
    }
    for (name, value) in document.iter_mut() {
        if name != "_id" && *value == Bson::Timestamp(Timestamp { time: 0, increment: 0 }) {
            *value = Bson::Timestamp(now());
        }
    }
    encoded(&document)
}

/// Refuses a document that is nested too deeply to be stored.
pub(crate) fn check_depth(document: &Document) -> Result<(), Refusal> {
    if !is_within(document.values(), DEEPEST_STORED) {
        let message = format!("cannot insert document because it exceeds {DEEPEST_STORED} levels of nesting");
        return Err(refuse(15, "Overflow", message));
    }
    Ok(())
}

/// How deeply a command is nested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// As commands are: any stack is large enough.
    Usual,
    /// So deeply that it needs a large stack.
    Deep,
}

/// Says how deeply a command is nested.
///
/// # Errors
/// Code 15: deeper than BSON may be nested.
pub(crate) fn depth_of(command: &Document) -> Result<Depth, Refusal> {
    if is_within(command.values(), USUAL_LEVELS) {
        return Ok(Depth::Usual);
    }
    if is_within(command.values(), DEEPEST_COMMAND) {
        return Ok(Depth::Deep);
    }
    Err(refuse(15, "Overflow", format!("a command cannot be nested deeper than {DEEPEST_COMMAND} levels")))
}

/// A document as bytes.
///
/// # Errors
/// It cannot be BSON, as a field's name holds a NUL.
pub(crate) fn encoded(document: &Document) -> Result<RawDocumentBuf, Refusal> {
    RawDocumentBuf::try_from(document)
        .map_err(|error| refuse(22, "InvalidBSON", format!("the document cannot be stored as BSON: {error}")))
}

/// Refuses an `_id` that MongoDB refuses.
pub(crate) fn check_id(id: &Bson) -> Result<(), Refusal> {
    let kind = match id {
        Bson::Array(_) => "array",
        Bson::RegularExpression(_) => "regex",
        Bson::Undefined => "undefined",
        Bson::Document(document) => {
            return match document.keys().find(|name| name.starts_with('$')) {
                Some(name) => Err(refuse(
                    52,
                    "DollarPrefixedFieldName",
                    format!(
                        "_id fields may not contain '$'-prefixed fields: {name} is not valid for storage."
                    ),
                )),
                None => Ok(()),
            };
        }
        _ => return Ok(()),
    };
    Err(refuse(53, "InvalidIdField", format!("The '_id' value cannot be of type {kind}")))
}

/// The levels that any thread's stack takes.
pub(crate) const USUAL_LEVELS: usize = 32;

/// The levels of a command: more than those of a document that can be stored, which is refused by itself where it is too deep.
const DEEPEST_COMMAND: usize = 250;

/// Whether values are nested no deeper than so many levels; looks no further than one level beyond.
fn is_within<'v>(mut values: impl Iterator<Item = &'v Bson>, levels: usize) -> bool {
    values.all(|value| match value {
        Bson::Document(inner) => levels > 0 && is_within(inner.values(), levels - 1),
        Bson::Array(inner) => levels > 0 && is_within(inner.iter(), levels - 1),
        _ => true,
    })
}

fn now() -> Timestamp {
    let seconds = bson::DateTime::now().timestamp_millis() / 1000;
    Timestamp { time: u32::try_from(seconds).unwrap_or(u32::MAX), increment: 1 }
}
