//! How often each index has been used since the store was opened.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bson::DateTime;

/// Uses of the indexes, by the number of the index.
#[derive(Debug)]
pub(crate) struct Usage {
    since: DateTime,
    uses: Mutex<HashMap<i64, i64>>,
}

impl Default for Usage {
    fn default() -> Self {
        Self { since: DateTime::now(), uses: Mutex::default() }
    }
}

impl Usage {
    /// Counts a use.
    pub(crate) fn note(&self, index: i64) {
        *self.uses.lock().unwrap_or_else(PoisonError::into_inner).entry(index).or_default() += 1;
    }

    /// How often an index has been used, and since when that is known.
    pub(crate) fn of(&self, index: i64) -> (i64, DateTime) {
        let uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        (uses.get(&index).copied().unwrap_or_default(), self.since)
    }
}
