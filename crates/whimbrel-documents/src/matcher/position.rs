//! Which element of an array a filter matched: what the positional `$` stands for.

use std::cell::RefCell;

use super::{Comparison, Matcher, Node, Run, Test};
use crate::refusal::Result;
use crate::value::{DocRef, Path, ValueRef, visit_path};

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
    let names: Vec<&str> = path.names().collect();
    let mut value = ValueRef::Document(document);
    for (at, name) in names.iter().enumerate() {
        value = value.as_document()?.get(name)?;
        let Some(items) = value.as_array() else { continue };
        let rest = &names[at + 1..];
        for (at, item) in items.values().enumerate() {
            if element_passes(test, item, rest, run) {
                return Some(at);
            }
            // An element that is no document has nothing at the path: it may match, and is no place.
            if lacks(item, rest) && test.matches(None, run) {
                return None;
            }
        }
        return None;
    }
    None
}

fn lacks(item: ValueRef<'_>, rest: &[&str]) -> bool {
    let is_field = |name: &&str| rest.len() == 1 && !name.starts_with(|first: char| first.is_ascii_digit());
    rest.first().is_some_and(is_field) && item.as_document().is_none()
}

fn element_passes(test: &Test, item: ValueRef<'_>, rest: &[&str], run: &Run<'_>) -> bool {
    if rest.is_empty() {
        return match test {
            Test::ElementObject(node) => match item {
                ValueRef::Document(inner) | ValueRef::Array(inner) => node.matches(inner, run),
                _ => false,
            },
            Test::ElementValue(nodes) => nodes.iter().all(|node| node.matches_value(item, run)),
            Test::Exists => true,
            Test::Size(_) => false,
            _ => test.matches(Some(item), run),
        };
    }
    // A place that the path names itself is no match of its own.
    item.as_document().is_some_and(|document| {
        visit_path(document, &Path::new(&rest.join(".")), test.looks_into_arrays(), &mut |value| {
            test.matches(value, run)
        })
    })
}
