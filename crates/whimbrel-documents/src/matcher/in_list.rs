//! The list of an `$in`: values in comparison order, and regular expressions.

use bson::Bson;

use super::{Pattern, Run};
use crate::refusal::{Result, bad_value};
use crate::value::{ValueRef, compare, compare_bson};

/// Values and patterns, one of which has to fit.
#[derive(Clone, Debug)]
pub(crate) struct InList {
    values: Vec<Bson>,
    patterns: Vec<Pattern>,
    null: bool,
}

impl InList {
    /// Reads the argument of `$in` or `$nin`.
    pub(super) fn parse(operator: &str, argument: &Bson) -> Result<Self> {
        let Bson::Array(items) = argument else {
            return Err(bad_value(format!("{operator} needs an array")));
        };
        let mut list = InList { values: Vec::new(), patterns: Vec::new(), null: false };
        for item in items {
            match item {
                Bson::Document(document)
                    if document
                        .keys()
                        .next()
                        .is_some_and(|key| key.starts_with('$') && !is_reference(key)) =>
                {
                    return Err(bad_value("cannot nest $ under $in"));
                }
                Bson::RegularExpression(regex) => {
                    list.patterns.push(Pattern::new(regex.pattern.as_str(), regex.options.as_str())?);
                }
                Bson::Undefined => return Err(bad_value("InMatchExpression equality cannot be undefined")),
                value => list.values.push(value.clone()),
            }
        }
        list.null = list.values.contains(&Bson::Null);
        list.values.sort_by(compare_bson);
        list.values.dedup_by(|left, right| compare_bson(left, right).is_eq());
        Ok(list)
    }

    /// A list of plain values.
    pub(crate) fn of(mut values: Vec<Bson>) -> Self {
        let null = values.contains(&Bson::Null);
        values.sort_by(compare_bson);
        values.dedup_by(|left, right| compare_bson(left, right).is_eq());
        InList { values, patterns: Vec::new(), null }
    }

    /// The values, in comparison order and without duplicates.
    pub(crate) fn values(&self) -> &[Bson] {
        &self.values
    }

    /// Whether regular expressions stand among them.
    pub(crate) fn has_patterns(&self) -> bool {
        !self.patterns.is_empty()
    }

    pub(super) fn contains(&self, value: Option<ValueRef<'_>>, run: &Run<'_>) -> bool {
        let Some(value) = value else { return self.null };
        if matches!(value, ValueRef::Undefined) && self.null {
            return true;
        }
        self.values.binary_search_by(|known| compare(known.into(), value)).is_ok()
            || self.patterns.iter().any(|pattern| pattern.matches_value(value, run))
    }
}

/// Whether a key starts a reference to another document rather than an operator.
fn is_reference(key: &str) -> bool {
    matches!(key, "$ref" | "$id" | "$db")
}
