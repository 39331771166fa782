//! What the documents of a collection leave in its indexes.

mod entries;
mod sphere;
mod words;

pub(crate) use entries::{Entries, duplicate_id, duplicate_key, entries, put, remove, taken, unindexable};
pub(crate) use sphere::{Cap, Cube};
pub(crate) use words::search_expression;
