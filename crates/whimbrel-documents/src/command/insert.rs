//! `insert`.

use bson::{Bson, Document, doc};

use super::Work;
use super::changes::{check, ensure};
use super::fields::{Fields, documents};
use crate::answer::{count, ok, write_error};
use crate::limits::storable;
use crate::storage::{Failure, Outcome};
use crate::writer::Writer;

/// Inserts documents: in order up to the first that fails, or every one that does not.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("insert", command);
    let name = fields.collection()?;
    let batch = fields.require("documents")?;
    let Bson::Array(batch) = batch else {
        return Err(crate::refusal::type_mismatch(
            "BSON field 'insert.documents' is the wrong type, expected type 'array'",
        )
        .into());
    };
    let is_ordered = fields.optional_flag("ordered")?.unwrap_or(true);
    let bypass = fields.flag("bypassDocumentValidation")?;
    fields.ignore(&["stmtId", "stmtIds", "txnNumber", "autocommit", "startTransaction"]);
    fields.finish()?;
    let batch = documents("insert", "documents", batch)?;
    let collection = ensure(work, &name)?;
    let mut writer = Writer::new(work.link, collection);
    let mut errors = Vec::new();
    let mut inserted = 0;
    for (index, document) in batch.into_iter().enumerate() {
        match insert_one(&mut writer, document, bypass) {
            Ok(()) => inserted += 1,
            Err(Failure::Refused(refusal)) => {
                errors.push(Bson::Document(write_error(index, &refusal)));
                if is_ordered {
                    break;
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    let mut reply = doc! { "n": count(inserted) };
    if !errors.is_empty() {
        reply.insert("writeErrors", errors);
    }
    Ok(ok(reply))
}

fn insert_one(writer: &mut Writer<'_>, document: Document, bypass: bool) -> Outcome<()> {
    let document = storable(document)?;
    if !bypass {
        check(&writer.collection, &document, None)?;
    }
    writer.insert(&document)?;
    Ok(())
}
