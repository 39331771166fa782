//! `count`.

use bson::{Bson, Document, doc};

use super::Work;
use super::fields::Fields;
use super::find::note_use;
use crate::answer::ok;
use crate::catalog::Collection;
use crate::matcher::exact_integer;
use crate::planner::{Hint, Scan, parse_hint};
use crate::query::Query;
use crate::refusal::{bad_value, failed_to_parse};
use crate::storage::{Link, Outcome};
use crate::value::{Number, ValueRef, show};

/// A `count` that has been read.
pub(super) struct Count {
    pub(super) collection: String,
    pub(super) filter: Document,
    pub(super) hint: Hint,
    skip: u64,
    limit: Option<u64>,
}

impl Count {
    /// Reads the command.
    ///
    /// # Errors
    /// A field is not what it should be.
    pub(super) fn parse(command: Document) -> Outcome<Self> {
        let mut fields = Fields::of_command("count", command);
        let count = Self {
            collection: fields.collection()?,
            filter: fields.document("query")?.unwrap_or_default(),
            skip: fields.count("skip")?.unwrap_or(0),
            limit: parse_limit(fields.take("limit").as_ref())?,
            hint: parse_hint(fields.take("hint").as_ref())?,
        };
        fields.refuse_collation()?;
        fields.ignore(&["fields"]);
        fields.finish()?;
        Ok(count)
    }
}

/// The largest count; a negative limit stands for itself without its sign, and zero for none.
fn parse_limit(limit: Option<&Bson>) -> Outcome<Option<u64>> {
    let Some(limit) = limit.map(ValueRef::from) else { return Ok(None) };
    if Number::of(limit).is_none() {
        return Err(bad_value("limit value is not a valid number").into());
    }
    let shown = format!("limit: {}", show(limit));
    let limit = exact_integer(limit, &shown).map_err(failed_to_parse)?;
    if limit == i64::MIN {
        return Err(bad_value("limit value for count cannot be min long").into());
    }
    Ok(Some(limit.unsigned_abs()).filter(|limit| *limit > 0))
}

/// Counts documents.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let count = Count::parse(command)?;
    let Some(collection) = work.collection(&count.collection)? else {
        crate::matcher::Matcher::parse(&count.filter)?;
        return Ok(ok(doc! { "n": 0 }));
    };
    let query = Query::new(&collection, &count.filter, &Document::new(), &count.hint)?;
    note_use(work.store, &query.plan);
    let found = if query.matcher.is_trivial() && matches!(count.hint, Hint::None) {
        whole(work.link, &collection)?
    } else {
        matches(work.link, &collection, &query, count.limit.map(|limit| limit.saturating_add(count.skip)))?
    };
    let left = found.saturating_sub(count.skip);
    let number = count.limit.map_or(left, |limit| left.min(limit));
    let number = match i32::try_from(number) {
        Ok(number) => Bson::Int32(number),
        Err(_) => Bson::Int64(i64::try_from(number).unwrap_or(i64::MAX)),
    };
    Ok(ok(doc! { "n": number }))
}

/// How many documents a collection holds.
pub(super) fn whole(link: &Link, collection: &Collection) -> Outcome<u64> {
    let sql = format!("SELECT count(*) FROM {}", collection.table);
    let number: i64 = link.sqlite.prepare_cached(&sql)?.query_row([], |row| row.get(0))?;
    Ok(u64::try_from(number).unwrap_or_default())
}

fn matches(link: &Link, collection: &Collection, query: &Query, most: Option<u64>) -> Outcome<u64> {
    let mut found = 0;
    Scan::new(&query.plan).run(link, collection, &mut |candidate| {
        found += u64::from(query.accepts(candidate.document)?);
        Ok(most != Some(found))
    })?;
    Ok(found)
}
