//! Sorting documents: by several keys, with MongoDB's rule for arrays.

use std::cmp::Ordering;

use bson::{Bson, Document, RawDocument};

use crate::index::unindexable;
use crate::key::{Extraction, KeyPart, Unindexable, extract};
use crate::refusal::{Result, at_location, bad_value, not_implemented};
use crate::value::{DocRef, Number, ValueRef, compare, raw_of};

/// The keys of a sort, the most significant first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SortKeys {
    extraction: Extraction,
}

/// How many keys a sort may have, as compound indexes may.
const MOST_KEYS: usize = 32;

impl SortKeys {
    /// Parses `{a: 1, b: -1}`.
    ///
    /// # Errors
    /// MongoDB's code for a direction that is none.
    pub(crate) fn parse(stated: &Document) -> Result<Self> {
        if stated.is_empty() {
            return Err(at_location(15976, "$sort stage must have at least one sort key"));
        }
        if stated.len() > MOST_KEYS {
            return Err(bad_value("too many compound keys"));
        }
        let mut parts = Vec::with_capacity(stated.len());
        for (path, direction) in stated {
            if path.is_empty() {
                return Err(at_location(40352, "FieldPath cannot be constructed with empty string"));
            }
            crate::expression::field_path(path)?;
            if let Bson::Document(meta) = direction {
                return Err(match meta.contains_key("$meta") {
                    true => not_implemented("a sort by $meta in a pipeline"),
                    false => at_location(17312, "$meta is the only expression supported by $sort right now"),
                });
            }
            parts.push(KeyPart {
                path: path.split('.').map(str::to_owned).collect(),
                is_descending: !is_ascending(path, direction)?,
            });
        }
        Ok(SortKeys { extraction: Extraction { parts, is_sparse: false } })
    }

    /// What a document is ordered by: bytes in whose order documents come. Of an array the least key counts.
    ///
    /// # Errors
    /// Two keys lead through different arrays, or a number in a path may be a place and a name.
    pub(crate) fn key_of(&self, document: DocRef<'_>) -> Result<Vec<u8>> {
        match document {
            DocRef::Raw(document) => self.key_of_raw(document),
            other => self.key_of_raw(&raw_of(&self.needed_of(other))),
        }
    }

    fn key_of_raw(&self, document: &RawDocument) -> Result<Vec<u8>> {
        let found = extract(document, &self.extraction).map_err(|trouble| match trouble {
            Unindexable::ParallelArrays(..) => bad_value("cannot sort with keys that are parallel arrays"),
            other @ Unindexable::AmbiguousField(..) => unindexable(&other),
        })?;
        Ok(found.keys.into_iter().next().unwrap_or_default())
    }

    /// The fields of a decoded document at which a path begins.
    fn needed_of(&self, document: DocRef<'_>) -> Document {
        let mut needed = Document::new();
        for part in &self.extraction.parts {
            if let Some(name) = part.path.first()
                && let Some(value) = document.get(name)
            {
                needed.insert(name, value.to_bson());
            }
        }
        needed
    }
}

fn is_ascending(path: &str, direction: &Bson) -> Result<bool> {
    let wrong = || at_location(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)");
    let Some(number) = Number::of(direction.into()) else {
        let found = crate::value::show(direction.into());
        return Err(at_location(15974, format!("Illegal key in $sort specification: {path}: {found}")));
    };
    match number.truncated() {
        Some(1) => Ok(true),
        Some(-1) => Ok(false),
        _ => Err(wrong()),
    }
}

/// Orders two elements of an array by what stands at the paths in them; arrays count as wholes here.
pub(crate) fn compare_by(keys: &SortKeys, left: &Document, right: &Document) -> Ordering {
    for part in &keys.extraction.parts {
        let of = |document| value_at(ValueRef::Document(DocRef::Parsed(document)), &part.path);
        let order = compare(of(left).unwrap_or(ValueRef::Null), of(right).unwrap_or(ValueRef::Null));
        if order.is_ne() {
            return if part.is_descending { order.reverse() } else { order };
        }
    }
    Ordering::Equal
}

/// The value at a path; a number is a place in an array.
fn value_at<'v>(value: ValueRef<'v>, path: &[String]) -> Option<ValueRef<'v>> {
    path.iter().try_fold(value, |value, name| match value {
        ValueRef::Document(inner) => inner.get(name),
        ValueRef::Array(items) => items.values().nth(name.parse().ok()?),
        _ => None,
    })
}
