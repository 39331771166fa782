//! `findAndModify`.

use bson::{Bson, Document, RawDocument, doc};

use super::Work;
use super::delete::stored;
use super::fields::Fields;
use super::find::{id_of, note_use};
use super::update::{change_one, contradiction, during, insert_one, standing};
use crate::answer::ok;
use crate::matcher::Matcher;
use crate::planner::{Hint, parse_hint};
use crate::query::Query;
use crate::refusal::Refusal;
use crate::shape::Shape;
use crate::storage::Outcome;
use crate::update::{Update, reject_upsert_filter};
use crate::writer::Writer;

/// The command.
struct FindAndModify {
    collection: String,
    filter: Document,
    sort: Document,
    shape: Shape,
    hint: Hint,
    update: Option<Update>,
    tells_new: bool,
    is_upsert: bool,
    bypass: bool,
}

/// Changes or removes one document, and tells it.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let command = parse(command)?;
    let matcher = Matcher::parse(&command.filter)?;
    if command.is_upsert {
        reject_upsert_filter(&matcher)?;
    }
    let Some(collection) = standing(work, &command.collection, command.is_upsert)? else {
        return Ok(nothing(&command));
    };
    let query = Query::new(&collection, &command.filter, &command.sort, &command.hint)?;
    note_use(work.store, &query.plan);
    let row = query.rows(work.link, &collection, Some(1))?.into_iter().next();
    let mut writer = Writer::new(work.link, collection);
    let old = match row {
        Some(row) => stored(&writer, row)?.map(|document| (row, document)),
        None => None,
    };
    match (&command.update, old) {
        (None, None) => Ok(nothing(&command)),
        (None, Some((row, old))) => {
            writer.delete(row, &old)?;
            let told = told(&command, &old)?;
            Ok(ok(doc! { "lastErrorObject": { "n": 1 }, "value": told }))
        }
        (Some(update), Some((row, old))) => {
            let changed = change_one(&mut writer, (row, &old), update, &matcher, command.bypass)
                .map_err(|failure| during(failure, "findAndModify"))?;
            let told = match changed.as_ref().filter(|_| command.tells_new) {
                Some(new) => told(&command, new)?,
                None => told(&command, &old)?,
            };
            Ok(ok(doc! { "lastErrorObject": { "n": 1, "updatedExisting": true }, "value": told }))
        }
        (Some(update), None) if command.is_upsert => {
            let new = insert_one(&mut writer, update, &matcher, command.bypass)
                .map_err(|failure| during(failure, "findAndModify"))?;
            let told = if command.tells_new { told(&command, &new)? } else { Bson::Null };
            Ok(ok(doc! {
                "lastErrorObject": { "n": 1, "updatedExisting": false, "upserted": id_of(&new) }, "value": told,
            }))
        }
        (Some(_), None) => Ok(nothing(&command)),
    }
}

fn parse(mut command: Document) -> Outcome<FindAndModify> {
    if let Some(collection) = command.remove("findandmodify") {
        command.insert("findAndModify", collection);
    }
    let mut fields = Fields::of_command("findAndModify", command);
    let collection = fields.collection()?;
    let filter = fields.document("query")?.unwrap_or_default();
    let projection = fields.document("fields")?.unwrap_or_default();
    let array_filters = fields.array("arrayFilters")?;
    let removes = fields.flag("remove")?;
    let update = fields.take("update");
    let tells_new = fields.flag("new")?;
    let is_upsert = fields.flag("upsert")?;
    let sort = fields.document("sort")?.unwrap_or_default();
    let hint = parse_hint(fields.take("hint").as_ref())?;
    let bypass = fields.flag("bypassDocumentValidation")?;
    fields.refuse_collation()?;
    fields.refuse_options(&["let"])?;
    fields.ignore(&["stmtId", "txnNumber"]);
    fields.finish()?;
    check(removes, update.is_some(), tells_new, is_upsert, array_filters.is_some())?;
    let update = match update {
        Some(update) => Some(Update::parse(&update, array_filters.as_deref().unwrap_or_default())?),
        None => None,
    };
    let shape = Shape::parse(&projection, &filter)?;
    Ok(FindAndModify { collection, filter, sort, shape, hint, update, tells_new, is_upsert, bypass })
}

fn check(
    removes: bool,
    updates: bool,
    tells_new: bool,
    is_upsert: bool,
    has_array_filters: bool,
) -> Result<(), Refusal> {
    if !removes && !updates {
        return Err(contradiction("Either an update or remove=true must be specified"));
    }
    if !removes {
        return Ok(());
    }
    if updates {
        return Err(contradiction("Cannot specify both an 'update' and 'remove'=true"));
    }
    if is_upsert {
        return Err(contradiction("Cannot specify both 'upsert'=true and 'remove'=true"));
    }
    if tells_new {
        return Err(contradiction(
            "Cannot specify both 'new'=true and 'remove'=true; 'remove' always returns the deleted document",
        ));
    }
    if has_array_filters {
        return Err(contradiction("Cannot specify 'arrayFilters' and 'remove'=true"));
    }
    Ok(())
}

fn nothing(command: &FindAndModify) -> Document {
    let last = if command.update.is_some() {
        doc! { "n": 0, "updatedExisting": false }
    } else {
        doc! { "n": 0 }
    };
    ok(doc! { "lastErrorObject": last, "value": null })
}

fn told(command: &FindAndModify, document: &RawDocument) -> Outcome<Bson> {
    Ok(Bson::Document(command.shape.apply(document, None)?))
}
