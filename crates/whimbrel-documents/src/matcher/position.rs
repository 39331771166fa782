//! Which element of an array a filter matched: what the positional `$` stands for.

use std::cell::RefCell;

use super::{Comparison, Matcher, Node, Run, Test};
use crate::refusal::Result;
use crate::value::{DocRef, Path, ValueRef, visit_places};

impl Matcher {
    /// The position of the array element that made a document match; the outermost array counts.
    ///
    /// # Errors
    /// An `$expr` failed.
    pub(crate) fn matched_index(&self, document: DocRef<'_>) -> Result<Option<usize>> {
        let run = Run { variables: None, trouble: RefCell::new(None) };
        let found = index_of(&self.root, document, &run);
        run.finish(true)?;
        Ok(found)
    }
}

/// The last predicate that looked into an array decides; predicates are asked in the server's own order.
fn index_of(node: &Node, document: DocRef<'_>, run: &Run<'_>) -> Option<usize> {
    match node {
        Node::And(nodes) => {
            let mut ordered = Vec::with_capacity(nodes.len());
            nodes.iter().for_each(|node| flatten(node, &mut ordered));
            ordered.sort_by_key(|node| order_of(node));
            ordered.into_iter().filter_map(|node| index_of(node, document, run)).next_back()
        }
        Node::Or(nodes) => {
            let matching = nodes.iter().find(|node| node.matches(document, run))?;
            index_of(matching, document, run)
        }
        Node::Field { path, test } => index_in(test, document, path, run),
        _ => None,
    }
}

/// Conditions joined within joined conditions are all joined alike, and one alone needs no joining.
fn flatten<'n>(node: &'n Node, into: &mut Vec<&'n Node>) {
    match node {
        Node::And(nodes) => nodes.iter().for_each(|node| flatten(node, into)),
        Node::Or(nodes) if nodes.len() == 1 => flatten(&nodes[0], into),
        node => into.push(node),
    }
}

/// The order in which the server asks predicates: by kind, then by path.
fn order_of(node: &Node) -> (u8, &str) {
    match node {
        Node::And(_) => (0, ""),
        Node::Or(_) => (1, ""),
        Node::Field { path, test } => {
            let kind = match test {
                Test::ElementObject(_) => 2,
                Test::ElementValue(_) => 3,
                Test::Size(_) => 4,
                Test::Compare(Comparison::Equal, _) => 5,
                Test::Compare(Comparison::LessOrEqual, _) => 6,
                Test::Compare(Comparison::Less, _) => 7,
                Test::Compare(Comparison::Greater, _) => 8,
                Test::Compare(Comparison::GreaterOrEqual, _) => 9,
                Test::Regex(_) => 10,
                Test::Mod { .. } => 11,
                Test::Exists => 12,
                Test::In(_) => 13,
                _ => 14,
            };
            (kind, path.as_str())
        }
        _ => (20, ""),
    }
}

fn index_in(test: &Test, document: DocRef<'_>, path: &Path, run: &Run<'_>) -> Option<usize> {
    let mut place = None;
    let expand = test.looks_into_arrays() || matches!(test, Test::Exists);
    visit_places(document, path, expand, &mut |value, at| {
        let found = match (test, value) {
            (Test::ElementObject(_) | Test::ElementValue(_), Some(ValueRef::Array(items))) => {
                place = items.values().position(|item| element_passes(test, item, run));
                place.is_some()
            }
            _ => test.matches(value, run),
        };
        if found && at.is_some() {
            place = at;
        }
        found
    });
    place
}

fn element_passes(test: &Test, item: ValueRef<'_>, run: &Run<'_>) -> bool {
    match (test, item) {
        (Test::ElementObject(node), ValueRef::Document(inner) | ValueRef::Array(inner)) => {
            node.matches(inner, run)
        }
        (Test::ElementValue(nodes), item) => nodes.iter().all(|node| node.matches_value(item, run)),
        _ => false,
    }
}
