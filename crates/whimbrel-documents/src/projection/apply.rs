//! Applying projections.

use bson::{Bson, Document};

use super::{Entry, Extras, Mode, Projection, Shape, Tree};
use crate::refusal::{Result, at_location};
use crate::value::{DocRef, ValueRef};

/// Applies a projection to a document.
pub(super) fn apply(projection: &Projection, document: DocRef<'_>, extras: Extras<'_>) -> Result<Document> {
    let mut out = match projection.mode {
        Mode::Include => include(&projection.tree, document),
        Mode::Exclude => exclude(&projection.tree, document),
    };
    compute(&projection.tree, &mut out, document, extras)?;
    for (path, shape) in &projection.shapes {
        apply_shape(shape, path, &mut out, document, extras)?;
    }
    Ok(out)
}

impl Tree {
    fn entry(&self, name: &str) -> Option<&Entry> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, entry)| entry)
    }

    fn computes(&self) -> bool {
        self.fields.iter().any(|(_, entry)| match entry {
            Entry::Computed(_) | Entry::TextScore => true,
            Entry::Nested(tree) => tree.computes(),
            _ => false,
        })
    }
}

fn include(tree: &Tree, document: DocRef<'_>) -> Document {
    let mut out = Document::new();
    for (name, value) in document.iter() {
        match tree.entry(name) {
            Some(Entry::Include) => {
                out.insert(name, value.to_bson());
            }
            Some(Entry::Nested(tree)) => {
                match include_value(tree, value) {
                    Some(value) => _ = out.insert(name, value),
                    // It keeps the place for what is computed below it.
                    None if tree.computes() => _ = out.insert(name, Bson::Null),
                    None => {}
                }
            }
            _ => {}
        }
    }
    out
}

/// What is included of a value below a path: of documents and arrays their insides, of all else nothing.
fn include_value(tree: &Tree, value: ValueRef<'_>) -> Option<Bson> {
    match value {
        ValueRef::Document(document) => Some(Bson::Document(include(tree, document))),
        ValueRef::Array(items) => {
            Some(Bson::Array(items.values().filter_map(|item| include_item(tree, item)).collect()))
        }
        _ => None,
    }
}

/// An element of an array; where fields are computed into it, a plain one stays to be replaced.
fn include_item(tree: &Tree, item: ValueRef<'_>) -> Option<Bson> {
    match item {
        ValueRef::Document(_) | ValueRef::Array(_) => include_value(tree, item),
        _ if tree.computes() => Some(Bson::Null),
        _ => None,
    }
}

fn exclude(tree: &Tree, document: DocRef<'_>) -> Document {
    let mut out = Document::new();
    for (name, value) in document.iter() {
        match tree.entry(name) {
            Some(Entry::Exclude) => {}
            Some(Entry::Nested(tree)) => {
                out.insert(name, exclude_value(tree, value));
            }
            _ => {
                out.insert(name, value.to_bson());
            }
        }
    }
    out
}

fn exclude_value(tree: &Tree, value: ValueRef<'_>) -> Bson {
    match value {
        ValueRef::Document(document) => Bson::Document(exclude(tree, document)),
        ValueRef::Array(items) => Bson::Array(items.values().map(|item| exclude_value(tree, item)).collect()),
        other => other.to_bson(),
    }
}

/// Computes fields into a document; expressions see the document as it was.
fn compute(tree: &Tree, out: &mut Document, root: DocRef<'_>, extras: Extras<'_>) -> Result<()> {
    for (name, entry) in &tree.fields {
        match entry {
            Entry::Computed(expression) => match expression.evaluate(root, extras.frame)? {
                Some(value) => {
                    out.insert(name, value);
                }
                None => {
                    out.remove(name);
                }
            },
            Entry::TextScore => match extras.text_score {
                Some(score) => {
                    out.insert(name, score);
                }
                None => {
                    return Err(at_location(
                        40218,
                        "query requires text score metadata, but it is not available",
                    ));
                }
            },
            Entry::Nested(tree) if tree.computes() => {
                let value = compute_value(tree, out.get_mut(name).map(std::mem::take), root, extras)?;
                out.insert(name, value);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Computes fields below a path: into each document of an array, and instead of what is no document.
fn compute_value(tree: &Tree, value: Option<Bson>, root: DocRef<'_>, extras: Extras<'_>) -> Result<Bson> {
    match value {
        Some(Bson::Array(items)) => items
            .into_iter()
            .map(|item| compute_value(tree, Some(item), root, extras))
            .collect::<Result<_>>()
            .map(Bson::Array),
        Some(Bson::Document(mut document)) => {
            compute(tree, &mut document, root, extras)?;
            Ok(Bson::Document(document))
        }
        _ => {
            let mut document = Document::new();
            compute(tree, &mut document, root, extras)?;
            Ok(Bson::Document(document))
        }
    }
}

fn apply_shape(
    shape: &Shape,
    path: &str,
    out: &mut Document,
    document: DocRef<'_>,
    extras: Extras<'_>,
) -> Result<()> {
    match shape {
        Shape::Slice { skip, limit } => slice_at(out, path, *skip, *limit),
        Shape::FirstElement(matcher) => {
            let found = match (matcher.matched_index(document)?, document.get(path)) {
                (Some(at), Some(ValueRef::Array(items))) => items.at(at),
                _ => None,
            };
            match found {
                // Where it stands already, which is in an exclusion, it stays in its place.
                Some(item) => {
                    out.insert(path, vec![item.to_bson()]);
                }
                None => {
                    out.remove(path);
                }
            }
        }
        Shape::Positional => {
            let missing = || {
                at_location(51246, "positional operator '.$' couldn't find a matching element in the array")
            };
            let found = match extras.filter {
                Some(filter) => filter.matched_index(document)?,
                None => None,
            };
            keep_element(out, path, found, &missing)?;
        }
    }
    Ok(())
}

fn keep_element(
    out: &mut Document,
    path: &str,
    at: Option<usize>,
    missing: &dyn Fn() -> crate::refusal::Refusal,
) -> Result<()> {
    let (name, below) = path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
    match (out.get_mut(name), below) {
        (Some(Bson::Document(inner)), Some(below)) => keep_element(inner, below, at, missing),
        (Some(Bson::Array(items)), _) => {
            let at = at.ok_or_else(missing)?;
            // The filter matched an element of another array, of which there are fewer here.
            if at >= items.len() {
                return Err(at_location(51247, "positional operator '.$' element mismatch"));
            }
            let item = items.swap_remove(at);
            *items = vec![item];
            Ok(())
        }
        _ => Ok(()),
    }
}

/// Cuts the arrays at a path.
fn slice_at(out: &mut Document, path: &str, skip: Option<i64>, limit: i64) {
    let (name, below) = path.split_once('.').map_or((path, None), |(name, below)| (name, Some(below)));
    match (out.get_mut(name), below) {
        (Some(Bson::Array(items)), None) => slice(items, skip, limit),
        (Some(Bson::Document(inner)), Some(below)) => slice_at(inner, below, skip, limit),
        (Some(Bson::Array(items)), Some(below)) => {
            for item in items {
                if let Bson::Document(inner) = item {
                    slice_at(inner, below, skip, limit);
                }
            }
        }
        _ => {}
    }
}

fn slice(items: &mut Vec<Bson>, skip: Option<i64>, limit: i64) {
    let length = items.len();
    let distance = |number: i64| usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX).min(length);
    let (start, count) = match skip {
        Some(skip) if skip < 0 => (length - distance(skip), distance(limit)),
        Some(skip) => (distance(skip), distance(limit)),
        None if limit < 0 => (length - distance(limit), distance(limit)),
        None => (0, distance(limit)),
    };
    items.drain(..start);
    items.truncate(count);
}
