//! The history in `whimbrel_history`: a document a version.
//!
//! `sequence` keeps the order of application. A document that took the place of others names them in `replaces`
//! until they are gone: from its first moment on they no longer count, so that a replacement is whole even
//! where there are no transactions.

use std::collections::HashSet;

use bson::{Bson, Document, doc};

use super::ask::Ask;
use super::failure::integer;
use super::own::HISTORY;
use super::state;
use crate::{EngineError, HistoryChange, HistoryEntry, HistoryKind, Result};

const CHANGING: &str = "changing the history";

/// The entries in the order of application.
pub(crate) async fn read(ask: Ask<'_>) -> Result<Vec<HistoryEntry>> {
    let found = ask.all(doc! { "find": HISTORY, "sort": { "sequence": 1 } }).await;
    let found = ask.told(found, "reading the history")?;
    let replaced: HashSet<&str> = found.iter().flat_map(replaces).collect();
    let standing = found.iter().filter(|document| {
        let version = document.get_str("_id").unwrap_or_default();
        // A version may take the place of itself.
        !replaced.contains(version) || replaces(document).any(|other| other == version)
    });
    standing.map(entry).collect()
}

fn replaces(document: &Document) -> impl Iterator<Item = &str> {
    document.get_array("replaces").into_iter().flatten().filter_map(Bson::as_str)
}

fn entry(document: &Document) -> Result<HistoryEntry> {
    let unreadable = |reason: String| EngineError::UnreadableHistory { table: HISTORY, reason };
    let text = |key: &str| {
        document.get_str(key).map(str::to_owned).map_err(|error| unreadable(format!("`{key}`: {error}")))
    };
    let version = text("_id")?;
    let word = text("kind")?;
    let kind = HistoryKind::from_stored(&word)
        .ok_or_else(|| unreadable(format!("version {version} has the kind `{word}`")))?;
    let applied_at = document
        .get_datetime("applied_at")
        .map_err(|error| unreadable(format!("version {version}: {error}")))?
        .try_to_rfc3339_string()
        .map_err(|error| unreadable(format!("version {version}: {error}")))?;
    Ok(HistoryEntry {
        name: text("name")?,
        checksum: text("checksum")?,
        chain: text("chain")?,
        schema_hash: document.get_str("schema_hash").ok().map(str::to_owned),
        kind,
        applied_at,
        duration_ms: integer(document.get("duration_ms")).unwrap_or_default(),
        applied_by: text("applied_by")?,
        version,
    })
}

/// Changes the history. `newest` is the highest sequence where it is known, and is known afterwards where it was needed.
pub(crate) async fn change(
    ask: Ask<'_>,
    change: &HistoryChange,
    duration_ms: i64,
    newest: &mut Option<i64>,
) -> Result<()> {
    match change {
        HistoryChange::Insert(entry) => insert(ask, entry, duration_ms, newest).await,
        HistoryChange::Remove { version } => remove(ask, &[version.as_str()]).await,
        HistoryChange::Replace { versions, entry } => {
            replace(ask, versions, entry, duration_ms, newest).await
        }
        HistoryChange::Record { key, document } => state::record(ask, key, document).await,
        HistoryChange::Nothing => Ok(()),
    }
}

/// The values of an entry, but for those that the server sets.
fn values(entry: &HistoryEntry, sequence: i64, duration_ms: i64) -> Document {
    doc! {
        "_id": &entry.version,
        "sequence": sequence,
        "name": &entry.name,
        "checksum": &entry.checksum,
        "chain": &entry.chain,
        "schema_hash": &entry.schema_hash,
        "kind": entry.kind.as_str(),
        "duration_ms": duration_ms,
        "applied_by": &entry.applied_by,
    }
}

async fn newest_sequence(ask: Ask<'_>) -> Result<i64> {
    let newest = ask
        .all(
            doc! { "find": HISTORY, "sort": { "sequence": -1 }, "limit": 1, "projection": { "sequence": 1 } },
        )
        .await;
    let newest = ask.told(newest, CHANGING)?;
    Ok(newest.first().and_then(|document| integer(document.get("sequence"))).unwrap_or_default())
}

async fn insert(
    ask: Ask<'_>,
    entry: &HistoryEntry,
    duration_ms: i64,
    newest: &mut Option<i64>,
) -> Result<()> {
    let before = match *newest {
        Some(known) => known,
        None => newest_sequence(ask).await?,
    };
    let sequence = before + 1;
    // Numbers order the entries: one that a failure leaves unused does no harm.
    *newest = Some(sequence);
    // The server's clock, and nothing where the version stands there already.
    let stands = doc! { "$ne": [{ "$type": "$sequence" }, "missing"] };
    let literal = doc! { "$literal": values(entry, sequence, duration_ms) };
    let new = doc! { "$mergeObjects": [literal, { "applied_at": "$$NOW" }] };
    let update = doc! {
        "q": { "_id": &entry.version },
        "u": [{ "$replaceWith": { "$cond": [stands, "$$ROOT", new] } }],
        "upsert": true,
    };
    let written = ask.write(doc! { "update": HISTORY, "updates": [update] }).await;
    let reply = ask.told(written, CHANGING)?;
    if reply.get_array("upserted").is_ok_and(|upserted| !upserted.is_empty()) {
        return Ok(());
    }
    Err(EngineError::Refused {
        doing: CHANGING.to_owned(),
        reason: format!("version {} stands in the history already", entry.version),
    })
}

async fn remove(ask: Ask<'_>, versions: &[&str]) -> Result<()> {
    let query =
        doc! { "_id": { "$in": versions.iter().map(|version| Bson::from(*version)).collect::<Vec<_>>() } };
    let deleted = ask.write(doc! { "delete": HISTORY, "deletes": [{ "q": query, "limit": 0 }] }).await;
    ask.told(deleted, CHANGING).map(drop)
}

async fn replace(
    ask: Ask<'_>,
    versions: &[String],
    entry: &HistoryEntry,
    duration_ms: i64,
    newest: &mut Option<i64>,
) -> Result<()> {
    let Some(last) = versions.last() else { return insert(ask, entry, duration_ms, newest).await };
    let found = ask.all(doc! { "find": HISTORY, "filter": { "_id": last }, "limit": 1 }).await;
    let found = ask.told(found, CHANGING)?;
    let Some(kept) = found.first() else {
        return Err(EngineError::Refused {
            doing: CHANGING.to_owned(),
            reason: format!("version {last} is not in the history"),
        });
    };
    let sequence = integer(kept.get("sequence")).unwrap_or_default();
    let mut new = values(entry, sequence, duration_ms);
    for key in ["applied_at", "applied_by"] {
        new.insert(key, kept.get(key).cloned().unwrap_or(Bson::Null));
    }
    new.insert("replaces", versions.iter().map(Bson::from).collect::<Vec<_>>());
    let update = doc! { "q": { "_id": &entry.version }, "u": new, "upsert": true };
    let written = ask.write(doc! { "update": HISTORY, "updates": [update] }).await;
    ask.told(written, CHANGING)?;
    let gone: Vec<&str> =
        versions.iter().map(String::as_str).filter(|version| *version != entry.version).collect();
    remove(ask, &gone).await?;
    let update = doc! { "q": { "_id": &entry.version }, "u": { "$unset": { "replaces": "" } } };
    let written = ask.write(doc! { "update": HISTORY, "updates": [update] }).await;
    ask.told(written, CHANGING).map(drop)
}

/// Whether a version stands in the history.
pub(crate) async fn holds(ask: Ask<'_>, version: &str) -> Result<bool> {
    Ok(read(ask).await?.iter().any(|entry| entry.version == version))
}

/// Whether the change has been made already, as far as it can be told from what stands.
pub(crate) async fn is_made(ask: Ask<'_>, direction: &str, version: &str) -> Result<bool> {
    match direction {
        "up" => holds(ask, version).await,
        "down" => Ok(!holds(ask, version).await?),
        _ => Ok(false),
    }
}
