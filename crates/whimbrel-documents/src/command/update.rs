//! `update`.

use std::sync::Arc;

use bson::{Bson, Document, RawDocument, doc};

use super::Work;
use super::changes::{check, ensure};
use super::delete::stored;
use super::fields::{Fields, documents};
use super::find::note_use;
use crate::answer::{count, ok, with_context, write_error};
use crate::catalog::Collection;
use crate::limits::{encoded, storable, unreadable};
use crate::matcher::Matcher;
use crate::pipeline::check_stage_names;
use crate::planner::{Hint, parse_hint};
use crate::query::Query;
use crate::refusal::{Refusal, failed_to_parse, not_implemented, refuse, type_mismatch};
use crate::storage::{Failure, Outcome};
use crate::update::{Update, reject_upsert_filter};
use crate::writer::Writer;

/// One element of `updates`.
pub(super) struct Change {
    pub(super) filter: Document,
    pub(super) update: Bson,
    pub(super) array_filters: Vec<Bson>,
    pub(super) sort: Document,
    pub(super) hint: Hint,
    pub(super) is_multi: bool,
    pub(super) is_upsert: bool,
}

/// The updates of a command.
pub(super) struct Changes {
    pub(super) collection: String,
    pub(super) changes: Vec<Change>,
    is_ordered: bool,
    bypass: bool,
}

/// What one update has done.
#[derive(Default)]
struct Done {
    matched: i32,
    modified: i32,
    upserted: Option<Bson>,
}

/// Reads the command.
///
/// # Errors
/// A field is not what it should be.
pub(super) fn parse(command: Document) -> Outcome<Changes> {
    let mut fields = Fields::of_command("update", command);
    let collection = fields.collection()?;
    let Bson::Array(batch) = fields.require("updates")? else {
        return Err(
            type_mismatch("BSON field 'update.updates' is the wrong type, expected type 'array'").into()
        );
    };
    let is_ordered = fields.optional_flag("ordered")?.unwrap_or(true);
    let bypass = fields.flag("bypassDocumentValidation")?;
    fields.refuse_options(&["let"])?;
    fields.ignore(&["stmtId", "stmtIds", "txnNumber"]);
    fields.finish()?;
    let parts = documents("update", "updates", batch)?;
    let changes = parts.into_iter().map(parse_change).collect::<Outcome<_>>()?;
    Ok(Changes { collection, changes, is_ordered, bypass })
}

fn parse_change(part: Document) -> Outcome<Change> {
    let mut part = Fields::of_part("update.updates", part);
    let filter = match part.document("q")? {
        Some(filter) => filter,
        None => part.require("q").map(|_| Document::new())?,
    };
    let update = part.require("u")?;
    if !matches!(update, Bson::Document(_) | Bson::Array(_)) {
        return Err(failed_to_parse("Update argument must be either an object or an array").into());
    }
    if let Bson::Array(stages) = &update {
        check_stage_names(stages)?;
    }
    let change = Change {
        filter,
        update,
        array_filters: part.array("arrayFilters")?.unwrap_or_default(),
        sort: part.document("sort")?.unwrap_or_default(),
        hint: parse_hint(part.take("hint").as_ref())?,
        is_multi: part.flag("multi")?,
        is_upsert: part.flag("upsert")?,
    };
    if part.document("c")?.is_some() {
        return Err(not_implemented("the option c of an update").into());
    }
    part.refuse_collation()?;
    part.refuse_options(&["upsertSupplied"])?;
    part.finish()?;
    if change.is_multi && !change.sort.is_empty() {
        return Err(failed_to_parse("Cannot specify sort with multi=true").into());
    }
    Ok(change)
}

/// Updates documents.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let Changes { collection, changes, is_ordered, bypass } = parse(command)?;
    let (mut matched, mut modified) = (0, 0);
    let mut upserted = Vec::new();
    let mut errors = Vec::new();
    for (index, change) in changes.iter().enumerate() {
        let mut done = Done::default();
        let outcome = apply(work, &collection, change, bypass, &mut done);
        matched += done.matched;
        modified += done.modified;
        if let Some(id) = done.upserted {
            matched += 1;
            upserted.push(Bson::Document(doc! { "index": count(index), "_id": id }));
        }
        match outcome {
            Ok(()) => {}
            Err(Failure::Refused(refusal)) => {
                errors.push(Bson::Document(write_error(index, &refusal)));
                if is_ordered {
                    break;
                }
            }
            Err(failure) => return Err(failure),
        }
    }
    let mut reply = doc! { "n": matched };
    if !upserted.is_empty() {
        reply.insert("upserted", upserted);
    }
    reply.insert("nModified", modified);
    if !errors.is_empty() {
        reply.insert("writeErrors", errors);
    }
    Ok(ok(reply))
}

/// Runs one update; what was done before it failed stands, and is said in `done`.
fn apply(work: &mut Work<'_>, name: &str, change: &Change, bypass: bool, done: &mut Done) -> Outcome<()> {
    let update = Update::parse(&change.update, &change.array_filters)?;
    if change.is_multi && update.is_replacement() {
        return Err(failed_to_parse("multi update is not supported for replacement-style update").into());
    }
    let matcher = Matcher::parse(&change.filter)?;
    if change.is_upsert {
        reject_upsert_filter(&matcher)?;
    }
    let Some(collection) = standing(work, name, change.is_upsert)? else { return Ok(()) };
    let query = Query::new(&collection, &change.filter, &change.sort, &change.hint)?;
    note_use(work.store, &query.plan);
    let rows = query.rows(work.link, &collection, (!change.is_multi).then_some(1))?;
    let has_matches = !rows.is_empty();
    let mut writer = Writer::new(work.link, collection);
    for row in rows {
        let Some(old) = stored(&writer, row)? else { continue };
        done.matched += 1;
        let changed = change_one(&mut writer, (row, &old), &update, &matcher, bypass);
        if changed.map_err(|failure| during(failure, "update"))?.is_some() {
            done.modified += 1;
        }
    }
    if !has_matches && change.is_upsert {
        let document = insert_one(&mut writer, &update, &matcher, bypass);
        let document = document.map_err(|failure| during(failure, "update"))?;
        done.upserted = Some(super::find::id_of(&document));
    }
    Ok(())
}

/// The collection that is updated; an upsert makes it.
pub(super) fn standing(work: &mut Work<'_>, name: &str, makes: bool) -> Outcome<Option<Arc<Collection>>> {
    if makes { ensure(work, name).map(Some) } else { work.collection(name) }
}

/// Changes a stored document; none where nothing changes.
pub(super) fn change_one(
    writer: &mut Writer<'_>,
    (row, old): (i64, &RawDocument),
    update: &Update,
    matcher: &Matcher,
    bypass: bool,
) -> Outcome<Option<bson::RawDocumentBuf>> {
    let decoded = Document::try_from(old).map_err(|_| unreadable())?;
    let Some(changed) = update.apply(&decoded, Some(matcher))? else { return Ok(None) };
    crate::limits::check_depth(&changed)?;
    let new = encoded(&changed)?;
    if !bypass {
        check(&writer.collection, &new, Some(old))?;
    }
    writer.replace(row, old, &new)?;
    Ok(Some(new))
}

/// Inserts what an upsert makes of its filter.
pub(super) fn insert_one(
    writer: &mut Writer<'_>,
    update: &Update,
    matcher: &Matcher,
    bypass: bool,
) -> Outcome<bson::RawDocumentBuf> {
    let document = storable(update.upsert(matcher)?)?;
    if !bypass {
        check(&writer.collection, &document, None)?;
    }
    writer.insert(&document)?;
    Ok(document)
}

/// Says that a failure came while documents were changed, as MongoDB does.
pub(super) fn during(failure: Failure, command: &str) -> Failure {
    match failure {
        Failure::Refused(refusal) => {
            Failure::from(with_context(*refusal, &format!("Plan executor error during {command}")))
        }
        other => other,
    }
}

/// A command that changes and removes at once.
pub(super) fn contradiction(message: &str) -> Refusal {
    refuse(9, "FailedToParse", message)
}
