//! Whether a filter lets through only documents that a partial index holds.

use bson::Bson;

use super::bounds::{Interval, predicate};
use crate::matcher::{Node, Test};
use crate::value::equal_bson;

/// The conjuncts of a filter: what all holds for every match.
pub(crate) fn conjuncts(node: &Node) -> Vec<&Node> {
    match node {
        Node::And(nodes) => nodes.iter().flat_map(conjuncts).collect(),
        other => vec![other],
    }
}

/// Whether what holds for every match includes what the index asks for. A doubt is a no.
pub(crate) fn implies(known: &[&Node], needed: &Node) -> bool {
    match needed {
        Node::And(nodes) => nodes.iter().all(|node| implies(known, node)),
        Node::Or(nodes) => nodes.iter().any(|node| implies(known, node)),
        Node::Always(holds) => *holds,
        Node::Field { path, test } => known.iter().any(|node| {
            matches!(node, Node::Field { path: other, test: given } if other == path && test_implies(given, test))
        }),
        _ => false,
    }
}

fn test_implies(given: &Test, needed: &Test) -> bool {
    match (given, needed) {
        (Test::Compare(comparison, value), Test::Compare(other, wanted))
            if comparison == other && equal_bson(value, wanted) =>
        {
            true
        }
        (_, Test::Exists) => predicate(given).is_some_and(|given| !given.accepts_missing),
        (_, Test::Compare(_, wanted)) if *wanted != Bson::Null => {
            let Some(given) = predicate(given).filter(|given| !given.accepts_missing) else { return false };
            let Some(needed) = predicate(needed) else { return false };
            match (given.intervals, needed.intervals) {
                (Some(given), Some(needed)) => given.iter().all(|one| is_within(one, &needed)),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_within(one: &Interval, others: &[Interval]) -> bool {
    others.iter().any(|other| other.low <= one.low && one.high <= other.high)
}
