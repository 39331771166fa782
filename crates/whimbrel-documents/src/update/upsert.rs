//! The document that an upsert starts from: the equalities of its filter.

use bson::oid::ObjectId;
use bson::{Bson, Document};

use crate::matcher::{Comparison, Matcher, Node, Test};
use crate::refusal::{Result, refuse};

/// Refuses the filters that no upsert may have.
///
/// # Errors
/// The filter holds an `$expr`.
pub(crate) fn reject_upsert_filter(filter: &Matcher) -> Result<()> {
    if has_expression(filter.root()) {
        return Err(refuse(
            224,
            "QueryFeatureNotAllowed",
            "$expr is not allowed in the query predicate for an upsert",
        ));
    }
    Ok(())
}

fn has_expression(node: &Node) -> bool {
    match node {
        Node::Expr(_) => true,
        Node::And(nodes) | Node::Or(nodes) | Node::Nor(nodes) => nodes.iter().any(has_expression),
        Node::Not(node) => has_expression(node),
        _ => false,
    }
}

/// Builds the document of a filter's equalities.
pub(super) fn base_document(filter: &Matcher) -> Result<Document> {
    reject_upsert_filter(filter)?;
    let mut equalities = Vec::new();
    collect(filter.root(), &mut equalities);
    let mut document = Document::new();
    for (at, (path, value)) in equalities.iter().enumerate() {
        for (other, _) in &equalities[..at] {
            check_apart(path, other)?;
        }
        insert(&mut document, path, value);
    }
    Ok(document)
}

fn collect<'n>(node: &'n Node, equalities: &mut Vec<(&'n str, &'n Bson)>) {
    match node {
        Node::And(nodes) => nodes.iter().for_each(|node| collect(node, equalities)),
        Node::Or(nodes) if nodes.len() == 1 => collect(&nodes[0], equalities),
        Node::Field { path, test: Test::Compare(Comparison::Equal, value) } => {
            equalities.push((path.as_str(), value));
        }
        Node::Field { path, test: Test::In(list) } if list.values().len() == 1 && !list.has_patterns() => {
            equalities.push((path.as_str(), &list.values()[0]));
        }
        _ => {}
    }
}

fn check_apart(path: &str, other: &str) -> Result<()> {
    let message = if path == other {
        format!("cannot infer query fields to set, path '{path}' is matched twice")
    } else if path.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'))
        || other.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))
    {
        format!("cannot infer query fields to set, both paths '{path}' and '{other}' are matched")
    } else {
        return Ok(());
    };
    Err(refuse(54, "NotSingleValueField", message))
}

fn insert(document: &mut Document, path: &str, value: &Bson) {
    match path.split_once('.') {
        None => {
            document.insert(path, value.clone());
        }
        Some((name, below)) => {
            let inner = document.entry(name.to_owned()).or_insert_with(|| Bson::Document(Document::new()));
            if let Bson::Document(inner) = inner {
                insert(inner, below, value);
            }
        }
    }
}

/// Puts `_id` first, and makes one where there is none.
pub(super) fn with_id_first(mut document: Document) -> Document {
    if !document.contains_key("_id") {
        document.insert("_id", ObjectId::new());
    }
    id_to_front(document)
}

/// Puts `_id` first where there is one.
pub(super) fn id_to_front(mut document: Document) -> Document {
    if document.keys().next().is_none_or(|name| name == "_id") {
        return document;
    }
    let Some(id) = document.remove("_id") else { return document };
    let mut whole = Document::from_iter([("_id".to_owned(), id)]);
    whole.extend(document);
    whole
}
