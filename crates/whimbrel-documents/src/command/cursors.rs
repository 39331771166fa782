//! `getMore` and `killCursors`.

use bson::{Bson, Document, doc};

use super::Work;
use super::fields::Fields;
use crate::answer::ok;
use crate::refusal::{bad_value, refuse, type_mismatch};
use crate::storage::Outcome;
use crate::value::{ValueRef, type_name};

/// Fetches the next batch.
pub(super) fn get_more(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("getMore", command);
    let id = match fields.require("getMore")? {
        Bson::Int64(id) => id,
        other => return Err(wrong_id("getMore.getMore", &other).into()),
    };
    let collection = fields.require("collection")?.as_str().unwrap_or_default().to_owned();
    let batch_size = fields.integer("batchSize")?;
    fields.finish()?;
    let most = match batch_size {
        None | Some(0) => None,
        Some(size) => Some(u64::try_from(size).map_err(|_| {
            bad_value(format!("BSON field 'batchSize' value must be >= 0, actual value '{size}'"))
        })?),
    };
    let mut cursor = work.store.cursors.take(id)?;
    if cursor.database != work.database || cursor.collection != collection {
        let message = format!(
            "Requested getMore on namespace '{}.{collection}', but cursor belongs to a different namespace {}",
            work.database,
            cursor.namespace()
        );
        work.store.cursors.put_back(id, cursor);
        return Err(refuse(13, "Unauthorized", message).into());
    }
    if cursor.session != work.session {
        work.store.cursors.put_back(id, cursor);
        let message = format!("cursor id {id} belongs to another session or transaction");
        return Err(refuse(50737, "Location50737", message).into());
    }
    let standing = work.collection(&collection)?;
    if standing.is_none() && matches!(cursor.feed, crate::cursor::Feed::Scan(_)) {
        return Err(refuse(175, "QueryPlanKilled", "collection dropped between getMore calls").into());
    }
    let batch = cursor.feed.batch(work.link, standing.as_deref(), most, work.raw.as_deref_mut())?;
    let namespace = cursor.namespace();
    let next = if cursor.feed.is_finished() {
        0
    } else {
        work.store.cursors.put_back(id, cursor);
        id
    };
    Ok(doc! { "cursor": { "nextBatch": batch, "id": next, "ns": namespace }, "ok": 1.0 })
}

/// Ends cursors before their end.
pub(super) fn kill_cursors(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("killCursors", command);
    fields.require("killCursors")?;
    let Bson::Array(ids) = fields.require("cursors")? else {
        return Err(type_mismatch(
            "BSON field 'killCursors.cursors' is the wrong type, expected type 'array'",
        )
        .into());
    };
    fields.finish()?;
    let mut killed = Vec::new();
    let mut unknown = Vec::new();
    for (index, id) in ids.into_iter().enumerate() {
        let Bson::Int64(number) = id else {
            return Err(wrong_id(&format!("killCursors.cursors.{index}"), &id).into());
        };
        if work.store.cursors.kill(number) { &mut killed } else { &mut unknown }.push(id);
    }
    Ok(ok(doc! {
        "cursorsKilled": killed, "cursorsNotFound": unknown, "cursorsAlive": [], "cursorsUnknown": [],
    }))
}

fn wrong_id(field: &str, found: &Bson) -> whimbrel_engine::document::Refusal {
    let kind = type_name(ValueRef::from(found));
    type_mismatch(format!("BSON field '{field}' is the wrong type '{kind}', expected type 'long'"))
}
