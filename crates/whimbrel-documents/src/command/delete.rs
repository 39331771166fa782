//! `delete`.

use bson::{Bson, Document, doc};

use super::Work;
use super::fields::{Fields, documents};
use super::find::note_use;
use crate::answer::{ok, write_error};
use crate::planner::{Hint, document_of, parse_hint};
use crate::query::Query;
use crate::refusal::failed_to_parse;
use crate::storage::{Failure, Outcome};
use crate::writer::Writer;

/// One element of `deletes`.
pub(super) struct Deletion {
    pub(super) filter: Document,
    pub(super) hint: Hint,
    is_single: bool,
}

/// The deletes of a command: the collection, the deletes, and whether the first failure ends it.
pub(super) fn parse(command: Document) -> Outcome<(String, Vec<Deletion>, bool)> {
    let mut fields = Fields::of_command("delete", command);
    let name = fields.collection()?;
    let Bson::Array(batch) = fields.require("deletes")? else {
        return Err(crate::refusal::type_mismatch(
            "BSON field 'delete.deletes' is the wrong type, expected type 'array'",
        )
        .into());
    };
    let is_ordered = fields.optional_flag("ordered")?.unwrap_or(true);
    fields.refuse_options(&["let"])?;
    fields.ignore(&["bypassDocumentValidation", "stmtId", "stmtIds", "txnNumber"]);
    fields.finish()?;
    let mut deletions = Vec::new();
    for part in documents("delete", "deletes", batch)? {
        let mut part = Fields::of_part("delete.deletes", part);
        let filter = part.document("q")?;
        let filter = match filter {
            Some(filter) => filter,
            None => part.require("q").map(|_| Document::new())?,
        };
        let limit = match part.integer("limit")? {
            Some(limit) => limit,
            None => part.require("limit").map(|_| 0)?,
        };
        if !matches!(limit, 0 | 1) {
            return Err(failed_to_parse(format!(
                "The limit field in delete objects must be 0 or 1. Got {limit}"
            ))
            .into());
        }
        let hint = parse_hint(part.take("hint").as_ref())?;
        part.refuse_collation()?;
        part.finish()?;
        deletions.push(Deletion { filter, hint, is_single: limit == 1 });
    }
    Ok((name, deletions, is_ordered))
}

/// Deletes documents.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let (name, deletions, is_ordered) = parse(command)?;
    let mut deleted: i32 = 0;
    let mut errors = Vec::new();
    for (index, deletion) in deletions.iter().enumerate() {
        match delete(work, &name, deletion) {
            Ok(number) => deleted += number,
            Err(Failure::Refused(refusal)) => {
                errors.push(Bson::Document(write_error(index, &refusal)));
                if is_ordered {
                    break;
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    let mut reply = doc! { "n": deleted };
    if !errors.is_empty() {
        reply.insert("writeErrors", errors);
    }
    Ok(ok(reply))
}

fn delete(work: &mut Work<'_>, name: &str, deletion: &Deletion) -> Outcome<i32> {
    let Some(collection) = work.collection(name)? else {
        crate::matcher::Matcher::parse(&deletion.filter)?;
        return Ok(0);
    };
    let query = Query::new(&collection, &deletion.filter, &Document::new(), &deletion.hint)?;
    note_use(work.store, &query.plan);
    let rows = query.rows(work.link, &collection, deletion.is_single.then_some(1))?;
    let mut deleted = 0;
    let mut writer = Writer::new(work.link, collection);
    for row in rows {
        if let Some(document) = stored(&writer, row)? {
            writer.delete(row, &document)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}

/// A document by its row.
pub(crate) fn stored(writer: &Writer<'_>, row: i64) -> Outcome<Option<bson::RawDocumentBuf>> {
    let mut statement = writer.link.sqlite.prepare_cached(&writer.collection.by_row_sql)?;
    let mut rows = statement.query([row])?;
    match rows.next()? {
        Some(row) => Ok(Some(document_of(row, 0)?.to_owned())),
        None => Ok(None),
    }
}
