//! The journal in `whimbrel_journal`: a document a unit of the one file that was begun and is not finished.

use bson::{Bson, Document, doc};

use super::ask::Ask;
use super::failure::integer;
use super::history;
use super::known::{Known, Rows};
use super::own::JOURNAL;
use crate::{ActKind, EngineError, HistoryChange, JournalEntry, JournalState, Result, ScriptAct};

const WRITING: &str = "writing the journal";

/// The entries by position. What belongs to a file that the history says is finished does not count: its
/// journal was about to be emptied. Says of all rows what a holder of the lock may know of them.
pub(crate) async fn entries(ask: Ask<'_>) -> Result<(Vec<JournalEntry>, Rows)> {
    let found = ask.all(doc! { "find": JOURNAL, "sort": { "_id": 1 } }).await;
    let found = ask.told(found, "reading the journal")?;
    let entries: Vec<JournalEntry> = found.iter().map(entry).collect::<Result<_>>()?;
    let stored: Vec<i64> = entries.iter().map(|entry| entry.position).collect();
    let direction = entries.first().map(|entry| entry.direction.clone()).unwrap_or_default();
    let counting = match entries.first() {
        Some(first) if history::is_made(ask, &first.direction, &first.version).await? => Vec::new(),
        _ => entries,
    };
    let rows = Rows::read(&stored, &direction, &counting);
    Ok((counting, rows))
}

fn entry(document: &Document) -> Result<JournalEntry> {
    let unreadable = |reason: String| EngineError::UnreadableHistory { table: JOURNAL, reason };
    let text = |key: &str| {
        document.get_str(key).map(str::to_owned).map_err(|error| unreadable(format!("`{key}`: {error}")))
    };
    let number = |key: &str| {
        integer(document.get(key)).ok_or_else(|| unreadable(format!("`{key}` is no whole number")))
    };
    let word = text("state")?;
    let act = document.get_document("act").ok().map(act).transpose().map_err(unreadable)?;
    Ok(JournalEntry {
        version: text("version")?,
        direction: text("direction")?,
        position: number("_id")?,
        checksum: text("checksum")?,
        state: JournalState::from_stored(&word)
            .ok_or_else(|| unreadable(format!("a unit has the state `{word}`")))?,
        cursor: document.get_str("cursor").ok().map(str::to_owned),
        rows: number("rows")?,
        duration_ms: number("duration_ms")?,
        act,
    })
}

fn act(stored: &Document) -> std::result::Result<ScriptAct, String> {
    let word = stored.get_str("kind").unwrap_or_default();
    Ok(ScriptAct {
        kind: ActKind::from_stored(word).ok_or_else(|| format!("a part of a script is a `{word}`"))?,
        what: stored.get_str("what").unwrap_or_default().to_owned(),
        idempotent: stored.get_bool("idempotent").unwrap_or(false),
        result: stored.get_str("result").ok().map(str::to_owned),
    })
}

/// Writes entries in place of those that stand at their positions, in their order.
pub(crate) async fn write(ask: Ask<'_>, entries: &[JournalEntry]) -> Result<()> {
    let updates: Vec<Document> = entries.iter().map(update).collect();
    let written = ask.write(doc! { "update": JOURNAL, "updates": updates }).await;
    ask.told(written, WRITING).map(drop)
}

fn update(entry: &JournalEntry) -> Document {
    let act = entry.act.as_ref().map_or(Bson::Null, |act| {
        Bson::Document(doc! { "kind": act.kind.as_str(), "what": &act.what, "idempotent": act.idempotent, "result": &act.result })
    });
    let document = doc! {
        "version": &entry.version,
        "direction": &entry.direction,
        "checksum": &entry.checksum,
        "state": entry.state.as_str(),
        "cursor": &entry.cursor,
        "rows": entry.rows,
        "duration_ms": entry.duration_ms,
        "act": act,
    };
    doc! { "q": { "_id": entry.position }, "u": document, "upsert": true }
}

/// Empties the journal.
pub(crate) async fn discard(ask: Ask<'_>) -> Result<()> {
    let deleted = ask.write(doc! { "delete": JOURNAL, "deletes": [{ "q": {}, "limit": 0 }] }).await;
    ask.told(deleted, WRITING).map(drop)
}

/// Changes the history and empties the journal. Where the two are no transaction, a crash in between leaves rows that
/// [`entries`] passes over; so does a single row that is left for the next file's first one to replace.
pub(crate) async fn finish(
    ask: Ask<'_>,
    change: &HistoryChange,
    duration_ms: i64,
    known: &mut Known,
) -> Result<()> {
    let applies = matches!(change, HistoryChange::Insert(_));
    if known.rows.would_count_after(applies) {
        discard(ask).await?;
        known.rows = Rows::Empty;
    }
    history::change(ask, change, duration_ms, &mut known.newest).await?;
    let finishes = applies || matches!(change, HistoryChange::Remove { .. });
    match known.rows {
        Rows::Empty | Rows::Past { .. } => {}
        Rows::Open { first_only: true } if finishes && !ask.commands.deployment().transactions => {
            known.rows = Rows::Past { first_only: true, applied: applies };
        }
        _ => {
            discard(ask).await?;
            known.rows = Rows::Empty;
        }
    }
    Ok(())
}
