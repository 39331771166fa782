//! Whimbrel's own collections.

use bson::doc;

use super::ask::{Ask, text};
use super::failure::code;
use crate::Result;

pub(crate) const HISTORY: &str = "whimbrel_history";
pub(crate) const STATE: &str = "whimbrel_state";
pub(crate) const JOURNAL: &str = "whimbrel_journal";
pub(crate) const LOCK: &str = "whimbrel_lock";

/// All of them.
pub const OWN_COLLECTIONS: [&str; 4] = [HISTORY, STATE, JOURNAL, LOCK];

/// Whether a collection is Whimbrel's own.
pub(crate) fn is_own(name: &str) -> bool {
    OWN_COLLECTIONS.contains(&name)
}

/// Whether a collection is the server's own: its views, its buckets of time series.
pub(crate) fn is_internal(name: &str) -> bool {
    name.starts_with("system.")
}

/// Makes the collections that are missing. Says whether one was.
pub(crate) async fn prepare(ask: Ask<'_>) -> Result<bool> {
    let doing = "making whimbrel's collections";
    let names = OWN_COLLECTIONS.map(bson::Bson::from).to_vec();
    let listed = ask
        .all(doc! { "listCollections": 1, "filter": { "name": { "$in": names } }, "nameOnly": true })
        .await;
    let present = ask.told(listed, doing)?;
    let mut made = false;
    for name in OWN_COLLECTIONS {
        if present.iter().any(|collection| text(collection, "name") == Some(name)) {
            continue;
        }
        match ask.write(doc! { "create": name }).await {
            Ok(_) => made = true,
            // Another deployer has made it at the same moment.
            Err(error) if error.code() == Some(code::NAMESPACE_EXISTS) => {}
            Err(error) => return Err(ask.failed(error, doing)),
        }
    }
    Ok(made)
}
