//! Sorting documents: by several keys, with MongoDB's rule for arrays.

use std::cmp::Ordering;

use bson::{Bson, Document};

use crate::refusal::{Result, at_location, bad_value, not_implemented};
use crate::value::{DocRef, Number, Path, ValueRef, compare, compare_bson, visit_path};

/// The keys of a sort, the most significant first.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SortKeys {
    keys: Vec<SortKey>,
}

/// One key of a sort.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SortKey {
    pub(crate) path: Path,
    pub(crate) ascending: bool,
    /// Whether it orders by `{$meta: "textScore"}` instead of a path.
    pub(crate) text_score: bool,
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
        let mut keys = Vec::with_capacity(stated.len());
        for (path, direction) in stated {
            crate::expression::field_path(path)?;
            let text_score = match direction {
                Bson::Document(meta) => match meta.get("$meta") {
                    Some(Bson::String(name)) if name == "textScore" => true,
                    Some(_) => return Err(not_implemented("a sort by this $meta")),
                    None => {
                        return Err(at_location(
                            17312,
                            "$meta is the only expression supported by $sort right now",
                        ));
                    }
                },
                _ => false,
            };
            let ascending = if text_score { false } else { is_ascending(direction)? };
            keys.push(SortKey { path: Path::new(path), ascending, text_score });
        }
        Ok(SortKeys { keys })
    }

    /// What a document is ordered by: for each key the least value that an ascending order sees in an array, or the
    /// greatest that a descending order sees.
    ///
    /// # Errors
    /// Two keys lead through different arrays.
    pub(crate) fn key_of(&self, document: DocRef<'_>) -> Result<Vec<Bson>> {
        if self.keys.len() > 1 {
            self.check_parallel_arrays(document)?;
        }
        Ok(self.keys.iter().map(|key| key.value_of(document)).collect())
    }

    fn check_parallel_arrays(&self, document: DocRef<'_>) -> Result<()> {
        let mut known: Option<String> = None;
        for key in &self.keys {
            let Some(array) = array_prefix(document, &key.path) else { continue };
            match &known {
                Some(known) if *known != array => {
                    return Err(bad_value("cannot sort with keys that are parallel arrays"));
                }
                _ => known = Some(array),
            }
        }
        Ok(())
    }

    /// Orders two keys.
    pub(crate) fn compare_keys(&self, left: &[Bson], right: &[Bson]) -> Ordering {
        for ((left, right), key) in left.iter().zip(right).zip(&self.keys) {
            let order = compare_bson(left, right);
            if order != Ordering::Equal {
                return if key.ascending { order } else { order.reverse() };
            }
        }
        Ordering::Equal
    }
}

fn is_ascending(direction: &Bson) -> Result<bool> {
    let wrong = || at_location(15975, "$sort key ordering must be 1 (for ascending) or -1 (for descending)");
    let Some(number) = Number::of(direction.into()) else {
        let found = crate::value::show(direction.into());
        return Err(at_location(15974, format!("Illegal key in $sort specification: {found}")));
    };
    match number.truncated() {
        Some(1) => Ok(true),
        Some(-1) => Ok(false),
        _ => Err(wrong()),
    }
}

/// The part of a path that leads to the first array on it.
fn array_prefix(document: DocRef<'_>, path: &Path) -> Option<String> {
    let mut value = ValueRef::Document(document);
    let mut prefix = String::new();
    for name in path.names() {
        value = value.as_document()?.get(name)?;
        if !prefix.is_empty() {
            prefix.push('.');
        }
        prefix.push_str(name);
        if value.as_array().is_some() {
            return Some(prefix);
        }
    }
    None
}

impl SortKey {
    fn value_of(&self, document: DocRef<'_>) -> Bson {
        let mut best = None;
        visit_path(document, &self.path, false, &mut |value| {
            match value {
                Some(ValueRef::Array(items)) if items.len() == 0 => {
                    self.offer(&mut best, ValueRef::Undefined)
                }
                Some(ValueRef::Array(items)) => items.values().for_each(|item| self.offer(&mut best, item)),
                other => self.offer(&mut best, other.unwrap_or(ValueRef::Null)),
            }
            false
        });
        best.map_or(Bson::Null, ValueRef::to_bson)
    }

    /// Keeps the value that comes first in this key's direction.
    fn offer<'a>(&self, best: &mut Option<ValueRef<'a>>, value: ValueRef<'a>) {
        let better = best.is_none_or(|known| {
            let order = compare(value, known);
            if self.ascending { order.is_lt() } else { order.is_gt() }
        });
        if better {
            *best = Some(value);
        }
    }
}

/// Orders two documents; what cannot be ordered counts as equal.
pub(crate) fn compare_by(keys: &SortKeys, left: &Document, right: &Document) -> Ordering {
    let of = |document: &Document| {
        keys.keys.iter().map(|key| key.value_of(DocRef::Parsed(document))).collect::<Vec<_>>()
    };
    keys.compare_keys(&of(left), &of(right))
}
