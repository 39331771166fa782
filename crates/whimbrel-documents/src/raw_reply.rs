//! Replies as bytes, with documents that are copied as they are stored.

use std::io::Write;

use bson::spec::ElementType;
use bson::{Bson, Document, RawDocument, RawDocumentBuf};
use whimbrel_engine::document::Refusal;

use crate::limits::{encoded, unreadable};

/// The bytes of a length.
const LENGTH_BYTES: usize = 4;

/// A reply on its way. Its documents are written at once where they stand in the reply, which begins with its cursor, and
/// the cursor with its batch; what follows them is known when the command has run.
#[derive(Debug)]
pub(crate) struct RawReply {
    bytes: Vec<u8>,
    batch: &'static str,
    /// Where the cursor begins, and where its batch does.
    cursor_at: usize,
    batch_at: usize,
    documents: usize,
}

impl RawReply {
    /// Begins the reply to a command.
    pub(crate) fn to(command: &Document) -> Self {
        let is_next = command.keys().next().is_some_and(|name| name == "getMore");
        let batch = if is_next { "nextBatch" } else { "firstBatch" };
        let mut bytes = vec![0; LENGTH_BYTES];
        let cursor_at = begin(&mut bytes, ElementType::EmbeddedDocument, "cursor");
        let batch_at = begin(&mut bytes, ElementType::Array, batch);
        Self { bytes, batch, cursor_at, batch_at, documents: 0 }
    }

    /// Adds a document to the batch.
    pub(crate) fn push(&mut self, document: &RawDocument) {
        self.bytes.push(ElementType::EmbeddedDocument as u8);
        write!(self.bytes, "{}", self.documents).expect("a vector takes what is written to it");
        self.bytes.push(0);
        self.bytes.extend_from_slice(document.as_bytes());
        self.documents += 1;
    }

    /// Ends it with what the command has replied, which lacks the documents that were added here.
    ///
    /// # Errors
    /// The reply cannot be BSON, or is larger than BSON can be.
    pub(crate) fn finish(mut self, mut reply: Document) -> Result<RawDocumentBuf, Refusal> {
        if self.documents == 0 {
            return encoded(&reply);
        }
        end(&mut self.bytes, self.batch_at)?;
        if let Some(Bson::Document(mut cursor)) = reply.remove("cursor") {
            cursor.remove(self.batch);
            extend(&mut self.bytes, &cursor)?;
        }
        end(&mut self.bytes, self.cursor_at)?;
        extend(&mut self.bytes, &reply)?;
        end(&mut self.bytes, 0)?;
        RawDocumentBuf::from_bytes(self.bytes).map_err(|_| unreadable())
    }
}

/// Begins a document or an array and says where.
fn begin(bytes: &mut Vec<u8>, kind: ElementType, name: &str) -> usize {
    bytes.push(kind as u8);
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    let at = bytes.len();
    bytes.extend_from_slice(&[0; LENGTH_BYTES]);
    at
}

/// Ends what begins there.
fn end(bytes: &mut Vec<u8>, at: usize) -> Result<(), Refusal> {
    bytes.push(0);
    let length = i32::try_from(bytes.len() - at).map_err(|_| unreadable())?;
    bytes[at..at + LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    Ok(())
}

/// Adds the fields of a document.
fn extend(bytes: &mut Vec<u8>, fields: &Document) -> Result<(), Refusal> {
    let fields = encoded(fields)?;
    let fields = fields.as_bytes();
    bytes.extend_from_slice(&fields[LENGTH_BYTES..fields.len() - 1]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn the_documents_stand_in_the_batch_of_the_reply() {
        for (command, batch) in
            [(doc! { "find": "c" }, "firstBatch"), (doc! { "getMore": 5_i64 }, "nextBatch")]
        {
            let mut raw = RawReply::to(&command);
            let documents = [doc! { "_id": 1 }, doc! {}, doc! { "text": "grün", "inner": [{ "a": null }] }];
            let whole = |documents: &[Document]| {
                doc! { "cursor": { batch: documents.to_vec(), "id": 7_i64, "ns": "d.c" }, "ok": 1.0 }
            };
            for document in &documents {
                raw.push(&encoded(document).unwrap());
            }
            let finished = raw.finish(whole(&[])).unwrap();
            assert_eq!(Document::try_from(&*finished).unwrap(), whole(&documents));
        }
    }

    #[test]
    fn a_reply_without_documents_is_the_reply() {
        for reply in
            [doc! { "n": 1, "ok": 1.0 }, doc! { "cursor": { "firstBatch": [], "id": 0_i64 }, "ok": 1.0 }]
        {
            let finished = RawReply::to(&doc! { "find": "c" }).finish(reply.clone()).unwrap();
            assert_eq!(Document::try_from(&*finished).unwrap(), reply);
        }
    }
}
