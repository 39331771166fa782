//! What a server knows of its indexes: their size, how much they are used, and builds that are under way.

use serde::{Deserialize, Serialize};
use whimbrel_schema::catalog::QualifiedName;

/// One index as its server keeps account of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexUse {
    /// The table or collection.
    pub table: QualifiedName,
    /// The index's name.
    pub name: String,
    /// Whether it belongs to a primary key or a constraint, or is a collection's own on `_id`.
    pub is_constraint: bool,
    /// Its size on disk in bytes, where the engine keeps account of it.
    pub size_bytes: Option<u64>,
    /// How often it was used, where the engine counts that: summed over the servers that were asked.
    pub uses: Option<u64>,
    /// Since when the uses are counted, as RFC 3339; none where they are counted since the index was made, or not at all.
    pub counted_since: Option<String>,
    /// When it was last used, as RFC 3339, where the engine notes that.
    pub last_used: Option<String>,
    /// Pages of it that were found in the server's cache, and pages that were read, where the engine counts them.
    pub pages: Option<Pages>,
    /// The build that is under way.
    pub build: Option<IndexBuild>,
}

/// How pages of an index were come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pages {
    /// Found in the cache.
    pub hits: u64,
    /// Read from outside it.
    pub reads: u64,
}

impl Pages {
    /// The part of the pages that were found in the cache, in thousandths; none where no page was asked for.
    #[must_use]
    pub fn hit_permille(self) -> Option<u64> {
        let asked = self.hits.saturating_add(self.reads);
        let permille = u128::from(self.hits) * 1_000 / u128::from(asked.max(1));
        (asked > 0).then(|| u64::try_from(permille).unwrap_or(1_000))
    }
}

/// An index build that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexBuild {
    /// What it is doing, in the server's words.
    pub phase: String,
    /// The units of work that are done.
    pub done: u64,
    /// All units of work, where they are known.
    pub total: Option<u64>,
    /// How long it has been under way, in milliseconds.
    pub running_ms: u64,
}

impl IndexBuild {
    /// The time left at the speed so far, in milliseconds; none where that cannot be known yet.
    #[must_use]
    pub fn left_ms(&self) -> Option<u64> {
        let total = self.total.filter(|total| *total >= self.done && self.done > 0)?;
        let left = u128::from(self.running_ms) * u128::from(total - self.done) / u128::from(self.done);
        u64::try_from(left).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_and_times_are_known_where_something_was_counted() {
        assert_eq!(Pages { hits: 0, reads: 0 }.hit_permille(), None);
        assert_eq!(Pages { hits: 3, reads: 1 }.hit_permille(), Some(750));
        assert_eq!(Pages { hits: u64::MAX, reads: 0 }.hit_permille(), Some(1_000));
        let build = |done, total| IndexBuild { phase: String::new(), done, total, running_ms: 1_000 };
        for (done, total, left) in [
            (0, Some(10), None),
            (5, None, None),
            (2, Some(10), Some(4_000)),
            (10, Some(10), Some(0)),
            (11, Some(10), None),
        ] {
            assert_eq!(build(done, total).left_ms(), left, "{done} of {total:?}");
        }
    }
}
