//! What stands in a database: collections, documents, sizes. And dropping it all.

use bson::{Document, doc};
use whimbrel_schema::catalog::QualifiedName;

use super::ask::{Ask, text};
use super::failure::{code, integer};
use super::own::{LOCK, is_internal, is_own};
use crate::{Inventory, Result, TableUsage};

const LOOKING: &str = "looking at the database";
const DROPPING: &str = "dropping everything";
/// Up to so many documents a collection is counted; beyond, the server's own account is taken.
const COUNTED_UP_TO: u64 = 100_000;

/// The collections with their documents and sizes, sorted by name.
pub(crate) async fn take(ask: Ask<'_>) -> Result<Inventory> {
    let mut tables = Vec::new();
    for stored in list(ask, LOOKING).await? {
        let name = stored.get_str("name").unwrap_or_default();
        if !is_own(name) && !is_internal(name) && text(&stored, "type") != Some("view") {
            tables.push(usage(ask, name).await?);
        }
    }
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    let known: u64 = tables.iter().map(|table| table.size_bytes).sum();
    let database_size_bytes = match ask.run(doc! { "dbStats": 1 }).await {
        Ok(stats) => size(&stats, "storageSize") + size(&stats, "indexSize"),
        // The user may not ask, or the server does not know: what the collections say is left.
        Err(error) if error.code().is_some() => known,
        Err(error) => return Err(ask.failed(error, LOOKING)),
    };
    Ok(Inventory { database_size_bytes, tables })
}

async fn list(ask: Ask<'_>, doing: &str) -> Result<Vec<Document>> {
    let listed = ask.all(doc! { "listCollections": 1, "nameOnly": true }).await;
    ask.told(listed, doing)
}

async fn usage(ask: Ask<'_>, name: &str) -> Result<TableUsage> {
    let stats = match ask.run(doc! { "collStats": name }).await {
        Ok(stats) => Some(stats),
        Err(error) if error.code().is_some() => None,
        Err(error) => return Err(ask.failed(error, LOOKING)),
    };
    let told = stats.as_ref().and_then(|stats| unsigned(stats, "count"));
    // After a crash a server's account may be wrong.
    let (rows, rows_estimated) = match told {
        Some(rows) if rows > COUNTED_UP_TO => (rows, true),
        _ => (count(ask, name, &Document::new(), LOOKING).await?, false),
    };
    let size_bytes =
        stats.as_ref().map_or(0, |stats| size(stats, "storageSize") + size(stats, "totalIndexSize"));
    Ok(TableUsage { name: QualifiedName::plain(name), rows, rows_estimated, size_bytes })
}

/// The documents that match a query, counted.
pub(crate) async fn count(ask: Ask<'_>, collection: &str, query: &Document, doing: &str) -> Result<u64> {
    let pipeline =
        vec![doc! { "$match": query.clone() }, doc! { "$group": { "_id": null, "n": { "$sum": 1 } } }];
    let counted = ask.all(doc! { "aggregate": collection, "pipeline": pipeline, "cursor": {} }).await;
    let counted = ask.told(counted, doing)?;
    Ok(counted.first().and_then(|document| unsigned(document, "n")).unwrap_or_default())
}

fn unsigned(document: &Document, key: &str) -> Option<u64> {
    integer(document.get(key)).and_then(|number| u64::try_from(number).ok())
}

fn size(document: &Document, key: &str) -> u64 {
    unsigned(document, key).unwrap_or_default()
}

/// Drops every view and collection but the lock's, and says in words what it dropped.
pub(crate) async fn clear(ask: Ask<'_>) -> Result<Vec<String>> {
    let mut found: Vec<(bool, String)> = Vec::new();
    for stored in list(ask, DROPPING).await? {
        let name = stored.get_str("name").unwrap_or_default().to_owned();
        if name != LOCK && !is_internal(&name) {
            found.push((text(&stored, "type") != Some("view"), name));
        }
    }
    // Views first: they stand on collections.
    found.sort();
    let mut words = Vec::new();
    for (is_collection, name) in found {
        match ask.write(doc! { "drop": &name }).await {
            Ok(_) => {}
            Err(error) if error.code() == Some(code::NAMESPACE_NOT_FOUND) => continue,
            Err(error) => return Err(ask.failed(error, DROPPING)),
        }
        words.push(format!("{} {name}", if is_collection { "collection" } else { "view" }));
    }
    Ok(words)
}
