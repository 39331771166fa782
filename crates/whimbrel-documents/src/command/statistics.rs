//! `collStats`, `dbStats` and `validate`.

use bson::{Bson, Document, doc};

use super::Work;
use super::fields::Fields;
use crate::answer::{count, ok};
use crate::catalog::{Collection, Index, IndexKind};
use crate::index::{Entries, entries};
use crate::planner::document_of;
use crate::refusal::refuse;
use crate::storage::{Link, Outcome};

/// The size of the file, in bytes.
pub(super) fn file_bytes(link: &Link) -> Outcome<i64> {
    let pages: i64 = link.sqlite.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let page: i64 = link.sqlite.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    Ok(pages.saturating_mul(page))
}

/// How many documents a collection holds, and their size in bytes.
fn documents(link: &Link, collection: &Collection) -> Outcome<(i64, i64)> {
    let sql = format!("SELECT count(*), coalesce(sum(length(doc)), 0) FROM {}", collection.table);
    Ok(link.sqlite.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// The size of an index's entries, in bytes.
fn index_bytes(link: &Link, index: &Index) -> Outcome<i64> {
    let sql = match index.kind {
        IndexKind::Ordered | IndexKind::Hashed => {
            format!("SELECT coalesce(sum(length(k) + 8), 0) FROM {}", index.table)
        }
        IndexKind::Text(_) => format!("SELECT coalesce(sum(length(block)), 0) FROM {}_data", index.table),
        IndexKind::Sphere(_) => format!("SELECT coalesce(sum(length(data)), 0) FROM {}_node", index.table),
    };
    Ok(link.sqlite.query_row(&sql, [], |row| row.get(0))?)
}

fn id_index_bytes(link: &Link, collection: &Collection) -> Outcome<i64> {
    let sql = format!("SELECT coalesce(sum(length(id) + 8), 0) FROM {}", collection.table);
    Ok(link.sqlite.query_row(&sql, [], |row| row.get(0))?)
}

fn number(value: i64) -> Bson {
    i32::try_from(value).map_or(Bson::Int64(value), Bson::Int32)
}

/// Takes `scale`, at least 1.
fn scale(fields: &mut Fields) -> Outcome<i64> {
    Ok(fields.integer("scale")?.unwrap_or(1).max(1))
}

/// Counts a collection's documents and bytes.
pub(super) fn coll_stats(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("collStats", rename_first(command, "collstats", "collStats"));
    let name = fields.collection()?;
    let scale = scale(&mut fields)?;
    fields.finish()?;
    let standing = work.collection(&name)?;
    let namespace = format!("{}.{name}", work.database);
    let Some(collection) = standing else {
        return Ok(ok(doc! {
            "ns": namespace, "size": 0, "count": 0, "numOrphanDocs": 0, "storageSize": 0, "totalSize": 0,
            "nindexes": 0, "totalIndexSize": 0, "indexDetails": {}, "indexSizes": {}, "scaleFactor": number(scale),
        }));
    };
    let stats = of_collection(work.link, &collection, scale)?;
    Ok(ok(stats))
}

/// The statistics of one collection.
pub(super) fn of_collection(link: &Link, collection: &Collection, scale: i64) -> Outcome<Document> {
    let (count, size) = documents(link, collection)?;
    let mut sizes = doc! { "_id_": number(id_index_bytes(link, collection)? / scale) };
    let mut total = id_index_bytes(link, collection)?;
    for index in &collection.indexes {
        let bytes = index_bytes(link, index)?;
        total += bytes;
        sizes.insert(&index.name, number(bytes / scale));
    }
    let mut stats =
        doc! { "ns": collection.namespace(), "size": number(size / scale), "count": number(count) };
    if count > 0 {
        stats.insert("avgObjSize", number(size / count));
    }
    stats.extend(doc! {
        "numOrphanDocs": 0,
        "storageSize": number(size / scale),
        "freeStorageSize": 0,
        "capped": false,
        "nindexes": crate::answer::count(collection.indexes.len() + 1),
        "indexBuilds": [],
        "totalIndexSize": number(total / scale),
        "totalSize": number((size + total) / scale),
        "indexSizes": sizes,
        "scaleFactor": number(scale),
    });
    Ok(stats)
}

/// A number of things in 64 bits, as a database's statistics count them.
fn whole(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Counts a database's documents and bytes.
pub(super) fn db_stats(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("dbStats", rename_first(command, "dbstats", "dbStats"));
    fields.require("dbStats")?;
    let scale = scale(&mut fields)?;
    fields.ignore(&["freeStorage"]);
    fields.finish()?;
    let catalog = work.link.catalog()?;
    let (mut collections, mut objects, mut size, mut indexes, mut index_size) = (0_usize, 0, 0, 0_usize, 0);
    for collection in catalog.collections(work.database) {
        collections += 1;
        indexes += collection.indexes.len() + 1;
        let (count, bytes) = documents(work.link, collection)?;
        objects += count;
        size += bytes;
        index_size += id_index_bytes(work.link, collection)?;
        for index in &collection.indexes {
            index_size += index_bytes(work.link, index)?;
        }
    }
    let ratio = |value: i64, divisor: i64| {
        #[expect(clippy::cast_precision_loss, reason = "sizes are told as doubles")]
        let ratio = value as f64 / divisor as f64;
        ratio
    };
    Ok(ok(doc! {
        "db": work.database,
        "collections": whole(collections),
        "views": 0_i64,
        "objects": objects,
        "avgObjSize": if objects > 0 { ratio(size, objects) } else { 0.0 },
        "dataSize": ratio(size, scale),
        "storageSize": ratio(size, scale),
        "indexes": whole(indexes),
        "indexSize": ratio(index_size, scale),
        "totalSize": ratio(size + index_size, scale),
        "scaleFactor": scale,
    }))
}

/// Looks at every document and every entry of every index.
pub(super) fn validate(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("validate", command);
    let name = fields.collection()?;
    fields.refuse_options(&["repair", "metadata"])?;
    fields.ignore(&["full", "background", "checkBSONConformance", "enforceFastCount"]);
    fields.finish()?;
    let Some(collection) = work.collection(&name)? else {
        let message = format!("Collection '{}.{name}' does not exist to validate.", work.database);
        return Err(refuse(26, "NamespaceNotFound", message).into());
    };
    let mut findings = Findings::default();
    examine(work.link, &collection, &mut findings)?;
    let mut keys = doc! { "_id_": number(findings.records) };
    let mut details = doc! {
        "_id_": { "valid": true, "spec": { "v": 2, "key": { "_id": 1 }, "name": "_id_" }, "isMultikey": false },
    };
    for (index, expected) in collection.indexes.iter().zip(&findings.entries) {
        let stored = stored_entries(work.link, index)?;
        let is_valid = stored == *expected;
        if !is_valid {
            let message = format!("index {} holds {stored} entries instead of {expected}", index.name);
            findings.errors.push(Bson::String(message));
        }
        keys.insert(&index.name, number(stored));
        details.insert(
            &index.name,
            doc! { "valid": is_valid, "spec": index.spec.clone(), "isMultikey": index.is_multikey },
        );
    }
    let keys: Document = std::collections::BTreeMap::from_iter(keys).into_iter().collect();
    let mut warnings: Vec<Bson> = Vec::new();
    if findings.noncompliant > 0 {
        warnings.push("Detected one or more documents not compliant with the collection's schema.".into());
    }
    Ok(ok(doc! {
        "valid": findings.errors.is_empty(),
        "repaired": false,
        "repairMode": "None",
        "ns": collection.namespace(),
        "uuid": bson::Uuid::from_bytes(collection.uuid),
        "warnings": warnings,
        "errors": findings.errors,
        "extraIndexEntries": [],
        "missingIndexEntries": [],
        "nInvalidDocuments": number(findings.invalid),
        "nNonCompliantDocuments": number(findings.noncompliant),
        "nrecords": number(findings.records),
        "corruptRecords": [],
        "nIndexes": count(collection.indexes.len() + 1),
        "keysPerIndex": keys,
        "indexDetails": details,
    }))
}

/// What an examination has found.
#[derive(Default)]
struct Findings {
    records: i64,
    invalid: i64,
    noncompliant: i64,
    errors: Vec<Bson>,
    /// How many entries each index ought to hold.
    entries: Vec<i64>,
}

fn examine(link: &Link, collection: &Collection, findings: &mut Findings) -> Outcome<()> {
    findings.entries = vec![0; collection.indexes.len()];
    let damage: String = link.sqlite.query_row(
        &format!("SELECT group_concat(quick_check, '; ') FROM pragma_quick_check('{}')", collection.table),
        [],
        |row| row.get(0),
    )?;
    if damage != "ok" {
        findings.errors.push(Bson::String(damage));
    }
    let mut statement =
        link.sqlite.prepare(&format!("SELECT r, doc FROM {} ORDER BY r", collection.table))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        findings.records += 1;
        let Ok(document) = document_of(row, 1) else {
            findings.invalid += 1;
            continue;
        };
        if Document::try_from(document).is_err() {
            findings.invalid += 1;
            let number: i64 = row.get(0)?;
            findings.errors.push(Bson::String(format!("the document in row {number} is not valid BSON")));
            continue;
        }
        if let Some(validation) = &collection.validation
            && !validation.validator.passes(document)
        {
            findings.noncompliant += 1;
        }
        for (expected, index) in findings.entries.iter_mut().zip(&collection.indexes) {
            *expected += match entries(index, document)? {
                Entries::None => 0,
                Entries::Keys(keys) => i64::try_from(keys.keys.len()).unwrap_or(i64::MAX),
                Entries::Words(_) | Entries::Space(_) => 1,
            };
        }
    }
    Ok(())
}

fn stored_entries(link: &Link, index: &Index) -> Outcome<i64> {
    let table = match index.kind {
        IndexKind::Text(_) => format!("{}_docsize", index.table),
        _ => index.table.clone(),
    };
    Ok(link.sqlite.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?)
}

/// Gives a command's first field the name that the command is known by.
fn rename_first(mut command: Document, alias: &str, name: &str) -> Document {
    if let Some(value) = command.remove(alias) {
        command.insert(name, value);
    }
    command
}
