//! How a filter finds its documents: by an index where one narrows the search, else by reading the collection.
//!
//! A plan may propose documents that do not match, and must never leave out one that does: bounds are only made
//! from predicates whose matches all lie within them, whatever arrays the documents hold.

mod bounds;
mod choose;
mod implication;
mod scan;

use std::sync::Arc;

pub(crate) use bounds::{Bound, Interval, successor};
pub(crate) use choose::{Hint, Request, choose, parse_hint, same_pattern};
pub(crate) use scan::{Candidate, Scan, Statistics, document_of};

use crate::catalog::Index;
use crate::index::Cube;

/// Where the candidates of a query come from.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) access: Access,
    /// From the last one to the first.
    pub(crate) is_reverse: bool,
    /// Whether they come in the order that the query asks for.
    pub(crate) is_sorted: bool,
}

/// A way to the candidates.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    /// The whole collection in the order of insertion.
    Collection,
    /// Ranges of an ordered index.
    Ranges(Ranges),
    /// Whatever one of several ways finds.
    Union(Vec<Access>),
    /// The words of a text index; none where the search names nothing.
    Words { index: Arc<Index>, expression: Option<String> },
    /// Overlap with a box on the globe.
    Space { index: Arc<Index>, cube: Cube },
}

/// Ranges of an ordered index.
#[derive(Clone, Debug)]
pub(crate) struct Ranges {
    pub(crate) tree: Tree,
    /// From the lower key, included, to the upper, excluded; in order, without overlap.
    pub(crate) ranges: Vec<(Vec<u8>, Vec<u8>)>,
    /// The bounds of each part, to be shown.
    pub(crate) bounds: Vec<(String, Vec<Interval>)>,
}

/// An ordered index.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// The one over `_id`, which stands beside the documents.
    Id,
    /// A secondary one.
    Index(Arc<Index>),
}

impl Plan {
    /// A scan of the collection.
    pub(crate) fn collection(is_reverse: bool) -> Self {
        Self { access: Access::Collection, is_reverse, is_sorted: false }
    }
}
