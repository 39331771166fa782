//! The operators over arrays: `$push`, `$addToSet`, `$pop`, `$pull`.

use bson::{Bson, Document};

use super::action::Slot;
use super::apply::Context;
use crate::matcher::{Matcher, Node, Pattern, begins_with_operator};
use crate::refusal::{Result, bad_value, type_mismatch};
use crate::sort::{SortKeys, compare_by};
use crate::value::{DocRef, Number, compare_bson, equal_bson, show, type_name};

/// A `$push` with its clauses.
#[derive(Clone, Debug)]
pub(super) struct Push {
    values: Vec<Bson>,
    slice: Option<i64>,
    sort: Option<PushSort>,
    position: Option<i64>,
}

/// How `$push` sorts the array.
#[derive(Clone, Debug)]
enum PushSort {
    Whole { ascending: bool },
    By(SortKeys),
}

impl Push {
    /// Reads a value, or `{$each: […], …}`.
    pub(super) fn parse(argument: &Bson) -> Result<Self> {
        let plain = || Push { values: vec![argument.clone()], slice: None, sort: None, position: None };
        let Bson::Document(clauses) = argument else { return Ok(plain()) };
        if !clauses.contains_key("$each") {
            return Ok(plain());
        }
        let mut push = Push { values: Vec::new(), slice: None, sort: None, position: None };
        for (clause, value) in clauses {
            match clause.as_str() {
                "$each" => match value {
                    Bson::Array(values) => push.values.clone_from(values),
                    other => {
                        let found = type_name(other.into());
                        return Err(bad_value(format!(
                            "The argument to $each in $push must be an array but it was of type: {found}"
                        )));
                    }
                },
                "$slice" => {
                    push.slice = Some(integer(value).ok_or_else(|| {
                        let found = type_name(value.into());
                        bad_value(format!(
                            "The value for $slice must be an integer value but was given type: {found}"
                        ))
                    })?);
                }
                "$position" => {
                    push.position = Some(integer(value).ok_or_else(|| {
                        let found = type_name(value.into());
                        bad_value(format!(
                            "The value for $position must be an integer value, not of type: {found}"
                        ))
                    })?);
                }
                "$sort" => push.sort = Some(parse_sort(value)?),
                _ => return Err(bad_value(format!("Unrecognized clause in $push: {clause}"))),
            }
        }
        Ok(push)
    }

    /// Whether it counts as a change whatever comes of it.
    pub(super) fn always_changes(&self, slot: &Slot<'_>) -> bool {
        let sorts_something =
            self.sort.is_some() && matches!(slot.value, Some(Bson::Array(items)) if !items.is_empty());
        !self.values.is_empty() || sorts_something
    }

    /// The array after the push.
    pub(super) fn apply(&self, slot: &Slot<'_>, context: &Context<'_>) -> Result<Bson> {
        let mut items = match slot.value {
            None => Vec::new(),
            Some(Bson::Array(items)) => items.clone(),
            Some(other) => {
                let found = type_name(other.into());
                let id = context
                    .id
                    .as_ref()
                    .map_or_else(|| "no id".to_owned(), |id| format!("_id: {}", show(id.into())));
                return Err(bad_value(format!(
                    "The field '{}' must be an array but is of type {found} in document {{{id}}}",
                    slot.path
                )));
            }
        };
        let length = items.len();
        let at = match self.position {
            None => length,
            Some(position) if position < 0 => length.saturating_sub(distance(position)),
            Some(position) => distance(position).min(length),
        };
        items.splice(at..at, self.values.iter().cloned());
        match &self.sort {
            None => {}
            Some(PushSort::Whole { ascending: true }) => items.sort_by(compare_bson),
            Some(PushSort::Whole { ascending: false }) => {
                items.sort_by(|left, right| compare_bson(right, left))
            }
            Some(PushSort::By(keys)) => sort_by_keys(&mut items, keys),
        }
        match self.slice {
            None => {}
            Some(limit) if limit < 0 => {
                let skip = items.len().saturating_sub(distance(limit));
                items.drain(..skip);
            }
            Some(limit) => items.truncate(distance(limit)),
        }
        Ok(Bson::Array(items))
    }
}

fn distance(number: i64) -> usize {
    usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX)
}

fn integer(value: &Bson) -> Option<i64> {
    Number::of(value.into())?.as_exact_i64()
}

fn parse_sort(value: &Bson) -> Result<PushSort> {
    match value {
        Bson::Document(keys) if keys.is_empty() => {
            Err(bad_value("The sort pattern is empty when it should be a set of fields."))
        }
        Bson::Document(keys) => {
            for (_, direction) in keys {
                if !matches!(integer(direction), Some(1 | -1)) {
                    return Err(bad_value("The $sort element value must be either 1 or -1"));
                }
            }
            SortKeys::parse(keys).map(PushSort::By)
        }
        other => match integer(other) {
            Some(1) => Ok(PushSort::Whole { ascending: true }),
            Some(-1) => Ok(PushSort::Whole { ascending: false }),
            Some(_) => Err(bad_value("The $sort element value must be either 1 or -1")),
            None => Err(bad_value(
                "The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields",
            )),
        },
    }
}

fn sort_by_keys(items: &mut [Bson], keys: &SortKeys) {
    let empty = Document::new();
    items.sort_by(|left, right| {
        compare_by(keys, left.as_document().unwrap_or(&empty), right.as_document().unwrap_or(&empty))
    });
}

/// The array with the values that it did not hold yet.
pub(super) fn add_to_set(values: &[Bson], slot: &Slot<'_>) -> Result<Bson> {
    let mut items = match slot.value {
        None => Vec::new(),
        Some(Bson::Array(items)) => items.clone(),
        Some(other) => {
            let found = type_name(other.into());
            return Err(bad_value(format!(
                "Cannot apply $addToSet to non-array field. Field named '{}' has non-array type {found}",
                slot.name
            )));
        }
    };
    for value in values {
        if !items.iter().any(|item| equal_bson(item, value)) {
            items.push(value.clone());
        }
    }
    Ok(Bson::Array(items))
}

/// The array without its first or last element; `None` where there is none.
pub(super) fn pop(first: bool, slot: &Slot<'_>) -> Result<Option<Bson>> {
    match slot.value {
        None => Ok(None),
        Some(Bson::Array(items)) if items.is_empty() => Ok(None),
        Some(Bson::Array(items)) => {
            let kept = if first { &items[1..] } else { &items[..items.len() - 1] };
            Ok(Some(Bson::Array(kept.to_vec())))
        }
        Some(other) => {
            let found = type_name(other.into());
            Err(type_mismatch(format!(
                "Path '{}' contains an element of non-array type '{found}'",
                slot.path
            )))
        }
    }
}

/// Which elements are taken out of an array.
#[derive(Clone, Debug)]
pub(super) enum Pull {
    Values(Vec<Bson>),
    /// Elements that pass tests: `{$gte: 5}`.
    Tests(Box<Matcher>),
    /// Documents that pass a filter.
    Filter(Box<Matcher>),
    Pattern(Pattern),
}

impl Pull {
    /// Reads the condition of a `$pull`.
    pub(super) fn parse(argument: &Bson) -> Result<Self> {
        Ok(match argument {
            Bson::Document(condition) => {
                if begins_with_operator(condition) {
                    let tests = Matcher::parse_value_tests(condition)?;
                    Pull::Tests(Box::new(Matcher::from_node(Node::And(tests))))
                } else {
                    Pull::Filter(Box::new(Matcher::parse(condition)?))
                }
            }
            Bson::RegularExpression(regex) => {
                Pull::Pattern(Pattern::new(regex.pattern.as_str(), regex.options.as_str())?)
            }
            other => Pull::Values(vec![other.clone()]),
        })
    }

    /// The array that is left; `None` where nothing is taken out.
    pub(super) fn apply(&self, slot: &Slot<'_>) -> Result<Option<Bson>> {
        let items = match slot.value {
            None => return Ok(None),
            Some(Bson::Array(items)) => items,
            Some(_) => return Err(bad_value("Cannot apply $pull to a non-array value")),
        };
        let mut kept = Vec::with_capacity(items.len());
        for item in items {
            if !self.takes(item)? {
                kept.push(item.clone());
            }
        }
        Ok((kept.len() < items.len()).then_some(Bson::Array(kept)))
    }

    fn takes(&self, item: &Bson) -> Result<bool> {
        match self {
            Pull::Values(values) => Ok(values.iter().any(|value| equal_bson(value, item))),
            // As a field of no name, so that an array is asked with its elements.
            Pull::Tests(tests) => {
                let wrapped = Document::from_iter([(String::new(), item.clone())]);
                tests.matches_in(DocRef::Parsed(&wrapped), None)
            }
            Pull::Filter(filter) => match item {
                Bson::Document(document) => filter.matches_in(DocRef::Parsed(document), None),
                _ => Ok(false),
            },
            Pull::Pattern(pattern) => match item {
                Bson::String(text) => pattern.is_match(text),
                _ => Ok(false),
            },
        }
    }
}
