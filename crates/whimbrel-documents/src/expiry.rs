//! Documents whose time has come.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bson::{DateTime, RawBsonRef};
use whimbrel_engine::EngineError;

use crate::catalog::{Collection, Index};
use crate::command::stored;
use crate::key::{invert, key_of, tag};
use crate::planner::{Access, Plan, Ranges, Scan, Tree, successor};
use crate::storage::{Link, Outcome};
use crate::store::Inner;
use crate::writer::Writer;

/// How many documents are deleted at a time, so that other writers come in between.
const STEP_DOCUMENTS: usize = 1_000;

/// Sweeps again and again for as long as the store is open.
pub(crate) fn keep_sweeping(inner: &Arc<Inner>, interval: Duration) -> Result<(), EngineError> {
    /// How soon the task notices that the store has been closed.
    const NOTICE: Duration = Duration::from_millis(500);
    let weak: Weak<Inner> = Arc::downgrade(inner);
    let is_closed = Arc::clone(&inner.is_closed);
    let task = move || {
        let mut waited = Duration::ZERO;
        while !is_closed.load(Ordering::Relaxed) {
            let pause = NOTICE.min(interval);
            std::thread::sleep(pause);
            waited += pause;
            if waited >= interval {
                waited = Duration::ZERO;
                let Some(inner) = weak.upgrade() else { return };
                // What stands in the way now will be gone in the next round.
                drop(inner.sweep());
            }
        }
    };
    let started = std::thread::Builder::new().name("whimbrel-expiry".to_owned()).spawn(task);
    started.map(drop).map_err(|error| EngineError::Refused {
        doing: "starting the task that deletes expired documents".to_owned(),
        reason: error.to_string(),
    })
}

/// Deletes what has expired in every collection, and says how much that was.
pub(crate) fn sweep(store: &Inner) -> Outcome<u64> {
    let catalog = store.read(Link::catalog)?;
    let mut targets: Vec<(Arc<Collection>, Arc<Index>)> = Vec::new();
    for database in catalog.databases() {
        for collection in catalog.collections(database) {
            let expiring = collection.indexes.iter().filter(|index| index.expire_after_seconds.is_some());
            targets.extend(expiring.map(|index| (Arc::clone(collection), Arc::clone(index))));
        }
    }
    let mut deleted = 0;
    for (collection, index) in targets {
        loop {
            let rows = store.read(|link| expired(link, &collection, &index))?;
            if rows.is_empty() {
                break;
            }
            deleted += store.write(|link| delete(link, &collection, &index))?;
            if rows.len() < STEP_DOCUMENTS {
                break;
            }
        }
    }
    Ok(deleted)
}

/// The rows whose date, or the earliest of whose dates, lies far enough back.
fn expired(link: &Link, collection: &Collection, index: &Arc<Index>) -> Outcome<Vec<i64>> {
    let Some(seconds) = index.expire_after_seconds else { return Ok(Vec::new()) };
    let now = DateTime::now().timestamp_millis();
    let latest = DateTime::from_millis(now.saturating_sub(seconds.saturating_mul(1000)));
    let mut range = (vec![tag::DATE], successor(&key_of(RawBsonRef::DateTime(latest))));
    if index.extraction.parts.first().is_some_and(|part| part.is_descending) {
        let inverted = |mut bytes: Vec<u8>| {
            invert(&mut bytes);
            successor(&bytes)
        };
        range = (inverted(range.1), inverted(range.0));
    }
    let access = Access::Ranges(Ranges {
        tree: Tree::Index(Arc::clone(index)),
        ranges: vec![range],
        bounds: Vec::new(),
    });
    let mut rows = Vec::new();
    let plan = Plan { access, is_reverse: false, is_sorted: false };
    Scan::new(&plan).run(link, collection, &mut |candidate| {
        rows.push(candidate.row);
        Ok(rows.len() < STEP_DOCUMENTS)
    })?;
    Ok(rows)
}

fn delete(link: &mut Link, collection: &Arc<Collection>, index: &Arc<Index>) -> Outcome<u64> {
    // The collection may have been dropped, or the index changed, since the rows were seen.
    let catalog = link.catalog()?;
    let standing = catalog.collection(&collection.database, &collection.name);
    let Some(standing) = standing.filter(|standing| standing.id == collection.id) else { return Ok(0) };
    let Some(index) = standing.indexes.iter().find(|known| known.id == index.id) else { return Ok(0) };
    let rows = expired(link, standing, index)?;
    let mut writer = Writer::new(link, Arc::clone(standing));
    let mut deleted = 0;
    for row in rows {
        if let Some(document) = stored(&writer, row)? {
            writer.delete(row, &document)?;
            deleted += 1;
        }
    }
    Ok(deleted)
}
