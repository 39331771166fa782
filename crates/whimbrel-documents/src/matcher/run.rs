//! Asking a filter's tree of one document.

use std::cmp::Ordering;

use bson::Bson;

use super::{Comparison, Node, Run, Test};
use crate::value::{DocRef, Number, Path, ValueRef, canonical_rank, compare, is_nan, visit_path};

impl Node {
    pub(super) fn matches(&self, document: DocRef<'_>, run: &Run<'_>) -> bool {
        match self {
            Node::And(nodes) => nodes.iter().all(|node| node.matches(document, run)),
            Node::Or(nodes) => nodes.iter().any(|node| node.matches(document, run)),
            Node::Nor(nodes) => !nodes.iter().any(|node| node.matches(document, run)),
            Node::Not(node) => !node.matches(document, run),
            Node::Field { path, test } => test.matches_path(document, path, run),
            Node::Expr(expression) => match expression.is_true(document, run.variables) {
                Ok(result) => result,
                Err(refusal) => run.fail(refusal),
            },
            Node::Schema(schema) => schema.matches(document),
            Node::Text(_) => true,
            Node::Always(result) => *result,
        }
    }

    /// Asks one value, as `$elemMatch` over values does: paths do not count here.
    pub(super) fn matches_value(&self, value: ValueRef<'_>, run: &Run<'_>) -> bool {
        match self {
            Node::And(nodes) => nodes.iter().all(|node| node.matches_value(value, run)),
            Node::Or(nodes) => nodes.iter().any(|node| node.matches_value(value, run)),
            Node::Nor(nodes) => !nodes.iter().any(|node| node.matches_value(value, run)),
            Node::Not(node) => !node.matches_value(value, run),
            Node::Field { test, .. } => test.matches(Some(value), run),
            Node::Always(result) => *result,
            Node::Schema(_) | Node::Expr(_) | Node::Text(_) => {
                value.as_document().is_some_and(|document| self.matches(document, run))
            }
        }
    }
}

impl Test {
    fn matches_path(&self, document: DocRef<'_>, path: &Path, run: &Run<'_>) -> bool {
        match self {
            Test::Geo(test) => test.matches(document, path),
            Test::Near(near) => near.matches(document, path),
            _ => visit_path(document, path, self.looks_into_arrays(), &mut |value| self.matches(value, run)),
        }
    }

    /// Whether the elements of an array at the end of the path are asked beside the array itself.
    pub(super) fn looks_into_arrays(&self) -> bool {
        !matches!(self, Test::Exists | Test::Size(_) | Test::ElementObject(_) | Test::ElementValue(_))
    }

    pub(super) fn matches(&self, value: Option<ValueRef<'_>>, run: &Run<'_>) -> bool {
        match self {
            Test::Compare(comparison, with) => comparison.holds(value, with),
            Test::In(list) => list.contains(value, run),
            Test::Exists => value.is_some(),
            Test::Type(types) => value.is_some_and(|value| types.contains(value)),
            Test::Regex(pattern) => value.is_some_and(|value| pattern.matches_value(value, run)),
            Test::Mod { divisor, remainder } => value.is_some_and(|value| {
                Number::of(value)
                    .and_then(Number::truncated)
                    .is_some_and(|number| number.wrapping_rem(*divisor) == *remainder)
            }),
            Test::Size(length) => {
                let items = value.and_then(ValueRef::as_array);
                items.is_some_and(|items| i64::try_from(items.len()) == Ok(*length))
            }
            Test::ElementObject(node) => value.and_then(ValueRef::as_array).is_some_and(|items| {
                items.values().any(|item| match item {
                    ValueRef::Document(inner) | ValueRef::Array(inner) => node.matches(inner, run),
                    _ => false,
                })
            }),
            Test::ElementValue(nodes) => value.and_then(ValueRef::as_array).is_some_and(|items| {
                items.values().any(|item| nodes.iter().all(|node| node.matches_value(item, run)))
            }),
            Test::Bits(bits) => value.is_some_and(|value| bits.matches(value)),
            Test::Geo(test) => value.is_some_and(|value| test.matches_value(value)),
            Test::Near(near) => value.is_some_and(|value| near.matches_value(value)),
        }
    }
}

impl Comparison {
    /// Whether a value compares so; values of another type do not, but for null, missing, and the two extremes.
    fn holds(self, value: Option<ValueRef<'_>>, with: &Bson) -> bool {
        let with = ValueRef::from(with);
        let rank = value.map_or(0, canonical_rank);
        let with_rank = canonical_rank(with);
        if rank != with_rank {
            return self.holds_across_types(rank, with_rank);
        }
        let Some(value) = value else { return self.includes_equal() };
        if rank == 10 && (is_nan(value) || is_nan(with)) {
            return self.includes_equal() && is_nan(value) && is_nan(with);
        }
        self.accepts(compare(value, with))
    }

    fn holds_across_types(self, rank: i8, with_rank: i8) -> bool {
        const MIN_KEY: i8 = -1;
        const MAX_KEY: i8 = 127;
        const MISSING: i8 = 0;
        const NULL: i8 = 5;
        if matches!((rank, with_rank), (MISSING, NULL) | (NULL, MISSING)) {
            return self.includes_equal();
        }
        match self {
            Comparison::Equal => false,
            Comparison::Less | Comparison::LessOrEqual => with_rank == MAX_KEY,
            Comparison::Greater | Comparison::GreaterOrEqual => with_rank == MIN_KEY,
        }
    }

    fn includes_equal(self) -> bool {
        matches!(self, Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual)
    }

    fn accepts(self, order: Ordering) -> bool {
        match self {
            Comparison::Equal => order == Ordering::Equal,
            Comparison::Less => order == Ordering::Less,
            Comparison::LessOrEqual => order != Ordering::Greater,
            Comparison::Greater => order == Ordering::Greater,
            Comparison::GreaterOrEqual => order != Ordering::Less,
        }
    }
}
