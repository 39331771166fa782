//! `find`.

use bson::{Bson, Document, RawDocument};

use super::Work;
use super::fields::Fields;
use crate::cursor::{Cursor, FIRST_BATCH, Feed, Lazy, first_reply};
use crate::matcher::Matcher;
use crate::planner::{Access, Hint, Plan, Scan, Tree, parse_hint};
use crate::query::Query;
use crate::refusal::type_mismatch;
use crate::shape::Shape;
use crate::storage::Outcome;
use crate::store::Inner;

/// A `find` that has been read.
#[derive(Debug)]
pub(super) struct Find {
    pub(super) collection: String,
    pub(super) filter: Document,
    pub(super) projection: Document,
    pub(super) sort: Document,
    pub(super) skip: u64,
    pub(super) limit: Option<u64>,
    pub(super) hint: Hint,
    batch_size: Option<u64>,
    is_single_batch: bool,
}

impl Find {
    /// Reads the command.
    ///
    /// # Errors
    /// A field is not what it should be.
    pub(super) fn parse(command: Document) -> Outcome<Self> {
        let mut fields = Fields::of_command("find", command);
        let collection = fields.collection()?;
        let mut object = |name: &str| match fields.take(name) {
            None => Ok(Document::new()),
            Some(bson::Bson::Document(document)) => Ok(document),
            Some(_) => Err(type_mismatch(format!("Expected field {name} to be of type object"))),
        };
        let (filter, projection, sort) = (object("filter")?, object("projection")?, object("sort")?);
        let skip = fields.count("skip")?.unwrap_or(0);
        let limit = fields.count("limit")?.filter(|limit| *limit > 0);
        let hint = parse_hint(fields.take("hint").as_ref())?;
        let batch_size = fields.count("batchSize")?;
        let is_single_batch = fields.flag("singleBatch")?;
        fields.refuse_collation()?;
        fields.refuse_options(&[
            "tailable",
            "awaitData",
            "returnKey",
            "showRecordId",
            "min",
            "max",
            "let",
        ])?;
        fields.ignore(&["allowDiskUse", "noCursorTimeout", "allowPartialResults", "oplogReplay"]);
        fields.finish()?;
        Ok(Self { collection, filter, projection, sort, skip, limit, hint, batch_size, is_single_batch })
    }
}

/// Finds documents, and begins a cursor.
pub(crate) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let find = Find::parse(command)?;
    let namespace = format!("{}.{}", work.database, find.collection);
    let shape = match Shape::parse(&find.projection, &find.filter) {
        Ok(shape) => shape,
        Err(refusal) => {
            // Of several things that are wrong, the filter is told first.
            Matcher::parse(&find.filter)?;
            return Err(refusal);
        }
    };
    let Some(collection) = work.collection(&find.collection)? else {
        Matcher::parse(&find.filter)?;
        crate::query::Sort::parse(&find.sort)?;
        return Ok(first_reply(&namespace, 0, Vec::new()));
    };
    let query = Query::new(&collection, &find.filter, &find.sort, &find.hint)?;
    note_use(work.store, &query.plan);
    let mut feed = if query.is_blocking() {
        let (found, _) = query.collect(work.link, &collection, find.skip, find.limit)?;
        Feed::Found { found: found.into(), shape: Box::new(shape) }
    } else {
        let scan = Scan::new(&query.plan);
        Feed::Scan(Box::new(Lazy { query, scan, shape, to_skip: find.skip, left: find.limit }))
    };
    let most = match (find.batch_size, find.limit) {
        (Some(size), _) => Some(size),
        (None, Some(limit)) if find.is_single_batch => Some(limit),
        (None, _) => Some(FIRST_BATCH),
    };
    let batch = feed.batch(work.link, Some(&collection), most, work.raw.as_deref_mut())?;
    let id = if feed.is_finished() || find.is_single_batch {
        0
    } else {
        work.store.cursors.keep(Cursor::new(work.database, &find.collection, feed, work.session))
    };
    Ok(first_reply(&namespace, id, batch))
}

/// Whether a command looks like a `find` for the value of one field, in any order and by any index.
pub(crate) fn may_be_for_one(command: &Document) -> bool {
    command.keys().next().is_some_and(|name| name == "find")
        && !command.contains_key("hint")
        && !command.contains_key("sort")
        && sought(command).next().is_some()
}

/// Whether an index makes sure that one document at most has a value that such a `find` is for.
pub(crate) fn is_for_one(work: &mut Work<'_>, command: &Document) -> bool {
    let Ok(name) = command.get_str("find") else { return false };
    let Ok(Some(collection)) = work.collection(name) else { return false };
    sought(command).any(|path| {
        path == "_id"
            || collection.indexes.iter().any(|index| {
                index.is_unique
                    && index.is_ordered()
                    && !index.is_hidden
                    && index.partial.is_none()
                    && matches!(&index.extraction.parts[..], [part] if part.path.iter().map(String::as_str).eq(path.split('.')))
            })
    })
}

/// The paths that the filter of a command wants to be equal to one value, which is nothing's absence and no array's.
fn sought(command: &Document) -> impl Iterator<Item = &str> {
    let filter = command.get_document("filter").into_iter().flatten();
    filter
        .filter(|(path, value)| {
            let has_one_key = !matches!(
                value,
                Bson::Document(_)
                    | Bson::Array(_)
                    | Bson::RegularExpression(_)
                    | Bson::Null
                    | Bson::Undefined
            );
            has_one_key && !path.starts_with('$')
        })
        .map(|(path, _)| path.as_str())
}

/// Counts a use of the indexes of a plan.
pub(super) fn note_use(store: &Inner, plan: &Plan) {
    fn note(store: &Inner, access: &Access) {
        match access {
            Access::Collection => {}
            Access::Ranges(ranges) => match &ranges.tree {
                Tree::Id => {}
                Tree::Index(index) => store.usage.note(index.id),
            },
            Access::Union(members) => members.iter().for_each(|member| note(store, member)),
            Access::Words { index, .. } | Access::Space { index, .. } => store.usage.note(index.id),
        }
    }
    note(store, &plan.access);
}

/// The `_id` of a stored document.
pub(super) fn id_of(document: &RawDocument) -> bson::Bson {
    document
        .get("_id")
        .ok()
        .flatten()
        .and_then(|id| bson::Bson::try_from(id).ok())
        .unwrap_or(bson::Bson::Null)
}
