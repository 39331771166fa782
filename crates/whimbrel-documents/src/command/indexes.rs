//! `createIndexes`, `dropIndexes` and `listIndexes`.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use whimbrel_engine::document::Refusal;

use super::Work;
use super::collections::{bytes_of, make, not_found};
use super::fields::{Fields, check_collection_name};
use super::index_spec::{normalised, shown};
use crate::answer::{ok, with_context};
use crate::catalog::{Collection, Index, IndexKind};
use crate::cursor::{Cursor, Feed, first_reply};
use crate::index::{Entries, duplicate_key, entries, put};
use crate::planner::{document_of, same_pattern};
use crate::refusal::{bad_value, failed_to_parse, refuse, type_mismatch};
use crate::storage::{Failure, Link, Outcome};

/// How many indexes a collection may have.
const MOST_INDEXES: usize = 64;

/// How many rows are read at a time while an index is built.
const BUILD_STEP_ROWS: i64 = 1_000;

/// Makes the indexes that do not stand yet.
pub(super) fn create(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("createIndexes", command);
    let name = fields.collection()?;
    let Bson::Array(given) = fields.require("indexes")? else {
        return Err(type_mismatch(
            "BSON field 'createIndexes.indexes' is the wrong type, expected type 'array'",
        )
        .into());
    };
    fields.ignore(&["commitQuorum", "ignoreUnknownIndexOptions"]);
    fields.finish()?;
    if given.is_empty() {
        return Err(bad_value("Must specify at least one index to create").into());
    }
    let mut specs = Vec::with_capacity(given.len());
    for spec in &given {
        let Bson::Document(spec) = spec else {
            return Err(type_mismatch("an element of createIndexes.indexes is not an object").into());
        };
        specs.push(normalised(spec)?);
    }
    check_collection_name(work.database, &name)?;
    let standing = work.collection(&name)?;
    let is_new = standing.is_none();
    let mut collection = match standing {
        Some(collection) => collection,
        None => make(work, &name, &Document::new())?,
    };
    let before = collection.indexes.len() + 1;
    for spec in specs {
        if stands(&collection, &spec)? {
            continue;
        }
        if collection.indexes.len() + 1 >= MOST_INDEXES {
            let message = format!(
                "add index fails, too many indexes for {} key:{}",
                collection.namespace(),
                shown(spec.get_document("key").unwrap_or(&Document::new()))
            );
            return Err(refuse(67, "CannotCreateIndex", message).into());
        }
        build(work, &collection, spec)?;
        collection = work.collection(&name)?.ok_or_else(|| not_found(work.database, &name))?;
    }
    let after = collection.indexes.len() + 1;
    let counted = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let mut reply = doc! { "numIndexesBefore": counted(before), "numIndexesAfter": counted(after) };
    if before == after && !is_new {
        reply.insert("note", "all indexes already exist");
    } else {
        reply.insert("createdCollectionAutomatically", is_new);
    }
    Ok(ok(reply))
}

/// Makes the indexes of a collection that takes another's place.
pub(super) fn rebuilt(
    work: &mut Work<'_>,
    collection: Arc<Collection>,
    specs: Vec<Document>,
) -> Outcome<Arc<Collection>> {
    for spec in specs {
        build(work, &collection, spec)?;
    }
    let standing = work.collection(&collection.name)?;
    Ok(standing.ok_or_else(|| not_found(&collection.database, &collection.name))?)
}

/// Whether this very index stands.
///
/// # Errors
/// Another one stands in its way.
fn stands(collection: &Collection, spec: &Document) -> Outcome<bool> {
    let empty = Document::new();
    let key = spec.get_document("key").unwrap_or(&empty);
    let name = spec.get_str("name").unwrap_or_default();
    if key.len() == 1 && key.contains_key("_id") && !key.values().any(|value| value.as_str().is_some()) {
        return Ok(true);
    }
    if name == "_id_" {
        let message = format!(
            "The index name '_id_' is reserved for the _id index, which must have key pattern {{_id: 1}}, found key: {}",
            shown(key)
        );
        return Err(bad_value(message).into());
    }
    if let Some(known) = collection.index(name) {
        if known.spec == *spec || same_but_visibility(&known.spec, spec) {
            return Ok(true);
        }
        let message = format!(
            "An existing index has the same name as the requested index. When index names are not specified, they are \
             auto generated and can cause conflicts. Please refer to our documentation. Requested index: {}, existing \
             index: {}",
            shown(spec),
            shown(&known.spec)
        );
        return Err(refuse(86, "IndexKeySpecsConflict", message).into());
    }
    let equivalent = collection.indexes.iter().find(|known| {
        let is_text = matches!(known.kind, IndexKind::Text(_)) && key.contains_key("_fts");
        is_text
            || (same_pattern(&known.key_pattern(), key)
                && known.spec.get("partialFilterExpression") == spec.get("partialFilterExpression")
                && known.spec.get("sparse") == spec.get("sparse")
                && known.spec.get("unique") == spec.get("unique"))
    });
    let Some(known) = equivalent else { return Ok(false) };
    let mut renamed = known.spec.clone();
    renamed.insert("name", name);
    let message = if same_options(&renamed, spec) {
        format!("Index already exists with a different name: {}", known.name)
    } else {
        format!(
            "An equivalent index already exists with a different name and options. Requested index: {}, existing \
             index: {}",
            shown(spec),
            shown(&known.spec)
        )
    };
    Err(refuse(85, "IndexOptionsConflict", message).into())
}

fn same_but_visibility(known: &Document, spec: &Document) -> bool {
    let without = |spec: &Document| {
        let mut spec = spec.clone();
        spec.remove("hidden");
        spec
    };
    same_options(&without(known), &without(spec))
}

/// Whether two specifications say the same, whatever type their numbers have.
fn same_options(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .all(|(name, value)| right.get(name).is_some_and(|other| crate::value::equal_bson(value, other)))
}

/// Makes an index and puts every document into it.
fn build(work: &mut Work<'_>, collection: &Arc<Collection>, spec: Document) -> Outcome<()> {
    work.link.execute(
        "INSERT INTO indexes (collection, name, spec, is_multikey) VALUES (?1, ?2, ?3, 0)",
        (collection.id, spec.get_str("name").unwrap_or_default(), bytes_of(&spec)?),
    )?;
    let index = Index::new(work.link.sqlite.last_insert_rowid(), spec, false)?;
    work.link.sqlite.execute_batch(&index.create_sql())?;
    let is_multikey = fill(work.link, collection, &index).map_err(|failure| match failure {
        Failure::Refused(refusal) => {
            let context = format!(
                "Index build failed: {}: Collection {} ( {} )",
                bson::Uuid::new(),
                collection.namespace(),
                bson::Uuid::from_bytes(collection.uuid)
            );
            Failure::from(with_context(*refusal, &context))
        }
        other => other,
    })?;
    if is_multikey {
        work.link.execute("UPDATE indexes SET is_multikey = 1 WHERE id = ?1", [index.id])?;
    }
    work.link.catalog_changed()
}

/// Puts every document into a new index; says whether an array stands in one of its paths.
fn fill(link: &Link, collection: &Collection, index: &Index) -> Outcome<bool> {
    if matches!(index.kind, IndexKind::Ordered | IndexKind::Hashed) {
        return fill_in_order(link, collection, index);
    }
    let mut after = i64::MIN;
    loop {
        let sql = format!(
            "SELECT r, doc FROM {} WHERE r > ?1 ORDER BY r LIMIT {BUILD_STEP_ROWS}",
            collection.table
        );
        let mut statement = link.sqlite.prepare_cached(&sql)?;
        let mut rows = statement.query([after])?;
        let mut has_rows = false;
        while let Some(row) = rows.next()? {
            has_rows = true;
            after = row.get(0)?;
            put(link, index, after, &entries(index, document_of(row, 1)?)?, &Entries::None)?;
        }
        if !has_rows {
            return Ok(false);
        }
    }
}

/// Sorts the keys before they are put, so that the table grows at its end.
fn fill_in_order(link: &Link, collection: &Collection, index: &Index) -> Outcome<bool> {
    /// Keys in memory before a run of them is put.
    const RUN_KEYS: usize = 2_000_000;
    let mut is_multikey = false;
    let mut pending: Vec<(Vec<u8>, i64)> = Vec::new();
    let sql = format!("SELECT r, doc FROM {} ORDER BY r", collection.table);
    let mut statement = link.sqlite.prepare(&sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        if let Entries::Keys(keys) = entries(index, document_of(row, 1)?)? {
            is_multikey |= keys.is_multikey;
            pending.extend(keys.keys.into_iter().map(|key| (key, number)));
        }
        if pending.len() >= RUN_KEYS {
            put_run(link, collection, index, &mut pending)?;
        }
    }
    put_run(link, collection, index, &mut pending)?;
    Ok(is_multikey)
}

fn put_run(
    link: &Link,
    collection: &Collection,
    index: &Index,
    pending: &mut Vec<(Vec<u8>, i64)>,
) -> Outcome<()> {
    pending.sort_unstable();
    let mut statement = link.sqlite.prepare_cached(&index.insert_sql)?;
    for (key, row) in pending.drain(..) {
        match statement.execute((&key, row)) {
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                return Err(duplicate_in(link, collection, index, row, &key)?.into());
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn duplicate_in(
    link: &Link,
    collection: &Collection,
    index: &Index,
    row: i64,
    key: &[u8],
) -> Outcome<Refusal> {
    let mut statement = link.sqlite.prepare_cached(&collection.by_row_sql)?;
    let mut rows = statement.query([row])?;
    let Some(row) = rows.next()? else { return Err(crate::limits::unreadable().into()) };
    Ok(duplicate_key(collection, index, document_of(row, 0)?, key))
}

/// Drops indexes by name, by key pattern, or all of them.
pub(super) fn drop(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("dropIndexes", rename_first(command));
    let name = fields.collection()?;
    let which = fields.require("index")?;
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else {
        return Err(not_found(work.database, &name).into());
    };
    let were = i32::try_from(collection.indexes.len() + 1).unwrap_or(i32::MAX);
    let is_all = which.as_str() == Some("*");
    let mut dropped: Vec<&Arc<Index>> = Vec::new();
    match &which {
        Bson::String(_) if is_all => dropped.extend(&collection.indexes),
        Bson::String(name) => dropped.extend(named(&collection, name)?),
        Bson::Document(pattern) => {
            if pattern.len() == 1 && pattern.contains_key("_id") {
                return Err(refuse(72, "InvalidOptions", "cannot drop _id index").into());
            }
            dropped.extend(
                collection.indexes.iter().filter(|index| same_pattern(&index.key_pattern(), pattern)),
            );
        }
        Bson::Array(names) => {
            for name in names {
                let Some(name) = name.as_str() else {
                    return Err(type_mismatch(
                        "BSON field 'dropIndexes.index' is an array, and one of its elements is no string",
                    )
                    .into());
                };
                dropped.extend(named(&collection, name)?);
            }
        }
        _ => {
            return Err(
                failed_to_parse("dropIndexes takes a name, a key pattern or an array of names").into()
            );
        }
    }
    for index in dropped {
        work.link.sqlite.execute_batch(&format!("DROP TABLE IF EXISTS {}", index.table))?;
        work.link.execute("DELETE FROM indexes WHERE id = ?1", [index.id])?;
    }
    work.link.catalog_changed()?;
    let mut reply = doc! { "nIndexesWas": were };
    if is_all {
        reply.insert("msg", "non-_id indexes dropped for collection");
    }
    Ok(ok(reply))
}

/// The command's older name stands for the same thing.
fn rename_first(mut command: Document) -> Document {
    if let Some(collection) = command.remove("deleteIndexes") {
        command.insert("dropIndexes", collection);
    }
    command
}

fn named<'c>(collection: &'c Collection, name: &str) -> Outcome<Option<&'c Arc<Index>>> {
    if name == "_id_" {
        return Err(refuse(72, "InvalidOptions", "cannot drop _id index").into());
    }
    // What is not there is as good as dropped.
    Ok(collection.index(name))
}

/// Lists a collection's indexes.
pub(super) fn list(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("listIndexes", command);
    let name = fields.collection()?;
    let batch_size = batch_size(&mut fields)?;
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else {
        let message = format!("ns does not exist: {}.{name}", work.database);
        return Err(refuse(26, "NamespaceNotFound", message).into());
    };
    let id = doc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" };
    let specs = std::iter::once(id).chain(collection.indexes.iter().map(|index| index.spec.clone()));
    listed(work, &name, Feed::Ready(specs.collect()), batch_size)
}

/// Takes `cursor.batchSize`.
pub(super) fn batch_size(fields: &mut Fields) -> Outcome<Option<u64>> {
    let Some(cursor) = fields.document("cursor")? else { return Ok(None) };
    let mut cursor = Fields::of_part("cursor", cursor);
    let size = cursor.count("batchSize")?;
    cursor.finish()?;
    Ok(size)
}

/// The first batch of a result that has been made.
pub(super) fn listed(
    work: &mut Work<'_>,
    collection: &str,
    mut feed: Feed,
    batch_size: Option<u64>,
) -> Outcome<Document> {
    let batch = feed.batch(work.link, None, batch_size, work.raw.as_deref_mut())?;
    let namespace = format!("{}.{collection}", work.database);
    let id = if feed.is_finished() {
        0
    } else {
        work.store.cursors.keep(Cursor::new(work.database, collection, feed, work.session))
    };
    Ok(first_reply(&namespace, id, batch))
}
