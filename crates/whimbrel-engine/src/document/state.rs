//! The documents kept by key in `whimbrel_state`.

use bson::doc;

use super::ask::Ask;
use super::own::STATE;
use crate::{EngineError, Result};

/// The document under a key.
pub(crate) async fn recorded(ask: Ask<'_>, key: &str) -> Result<Option<String>> {
    let found = ask.all(doc! { "find": STATE, "filter": { "_id": key }, "limit": 1 }).await;
    let found = ask.told(found, "reading what was recorded")?;
    let Some(document) = found.first() else { return Ok(None) };
    match document.get_str("document") {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(error) => {
            Err(EngineError::UnreadableHistory { table: STATE, reason: format!("the key {key}: {error}") })
        }
    }
}

/// Keeps a document under a key.
pub(crate) async fn record(ask: Ask<'_>, key: &str, document: &str) -> Result<()> {
    let update = doc! { "q": { "_id": key }, "u": { "$set": { "document": document } }, "upsert": true };
    let written = ask.write(doc! { "update": STATE, "updates": [update] }).await;
    ask.told(written, "recording a document").map(drop)
}
