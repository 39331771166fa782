//! Dotted paths, and how they walk through arrays.

use super::view::{DocRef, ValueRef};

/// A dotted path: `items.0.price`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Path {
    text: Box<str>,
    parts: Box<[Part]>,
}

/// One component of a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Part {
    name: Box<str>,
    index: Option<usize>,
}

impl Path {
    /// Splits a dotted path at its dots.
    pub(crate) fn new(text: &str) -> Self {
        let parts =
            text.split('.').map(|name| Part { name: name.into(), index: array_index(name) }).collect();
        Path { text: text.into(), parts }
    }

    /// The path as it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its components.
    pub(crate) fn names(&self) -> impl DoubleEndedIterator<Item = &str> + ExactSizeIterator {
        self.parts.iter().map(|part| &*part.name)
    }
}

/// The position that a component names: digits without a leading zero.
fn array_index(name: &str) -> Option<usize> {
    let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
    (digits && (name == "0" || !name.starts_with('0'))).then(|| name.parse().ok()).flatten()
}

/// What an array at the end of a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Itself,
    /// Its elements, and itself.
    All,
    /// Its elements only.
    Elements,
}

/// Calls `visit` with every value that a path leads to, `None` for a missing one, until it says `true`.
///
/// A non-final array is walked through element by element, and a numeric component also names a position in it. With
/// `expand`, an array at the end yields each of its elements before itself.
pub(crate) fn visit_path<'a>(
    document: DocRef<'a>,
    path: &Path,
    expand: bool,
    visit: &mut dyn FnMut(Option<ValueRef<'a>>) -> bool,
) -> bool {
    walk(document, &path.parts, if expand { Last::All } else { Last::Itself }, visit)
}

/// As [`visit_path`], with the elements of an array at the end of the path in its place. An array that is itself an element,
/// which the path names by its position, is not taken apart.
pub(crate) fn visit_elements<'a>(
    document: DocRef<'a>,
    path: &Path,
    visit: &mut dyn FnMut(Option<ValueRef<'a>>) -> bool,
) -> bool {
    walk(document, &path.parts, Last::Elements, visit)
}

fn walk<'a>(
    mut document: DocRef<'a>,
    mut parts: &[Part],
    last: Last,
    visit: &mut dyn FnMut(Option<ValueRef<'a>>) -> bool,
) -> bool {
    while let Some((part, rest)) = parts.split_first() {
        let value = document.get(&part.name);
        match value {
            Some(ValueRef::Array(items)) if rest.is_empty() => {
                let in_elements = last != Last::Itself && items.values().any(|item| visit(Some(item)));
                return in_elements || (last != Last::Elements && visit(value));
            }
            _ if rest.is_empty() => return visit(value),
            Some(ValueRef::Document(inner)) => {
                document = inner;
                parts = rest;
            }
            Some(ValueRef::Array(items)) => return walk_array(items, rest, last, visit),
            _ => return visit(None),
        }
    }
    false
}

/// Whether a path goes by a number into an array inside another one and ends there without a value.
///
/// To MongoDB such a path leads somewhere, though there is nothing: the field counts neither as missing nor as null.
pub(crate) fn ends_in_nested_array(document: DocRef<'_>, path: &Path) -> bool {
    let mut current = document;
    let mut parts = &*path.parts;
    while let Some((part, rest)) = parts.split_first() {
        match current.get(&part.name) {
            Some(ValueRef::Document(inner)) => {
                current = inner;
                parts = rest;
            }
            Some(ValueRef::Array(items)) => return is_dead_end(items, rest),
            _ => return false,
        }
    }
    false
}

fn is_dead_end(items: DocRef<'_>, parts: &[Part]) -> bool {
    let Some((part, rest)) = parts.split_first() else { return false };
    let Some(next) = rest.first() else { return false };
    let Some(ValueRef::Array(inner)) = part.index.and_then(|at| items.values().nth(at)) else { return false };
    let plain = |item: ValueRef<'_>| !matches!(item, ValueRef::Document(_) | ValueRef::Array(_));
    next.index.is_some() || !inner.values().any(plain)
}

/// Walks the elements of an array that is not the end of its path.
fn walk_array<'a>(
    items: DocRef<'a>,
    parts: &[Part],
    last: Last,
    visit: &mut dyn FnMut(Option<ValueRef<'a>>) -> bool,
) -> bool {
    let Some((part, rest)) = parts.split_first() else { return false };
    for (at, item) in items.values().enumerate() {
        if let ValueRef::Document(inner) = item
            && walk(inner, parts, last, visit)
        {
            return true;
        }
        if part.index != Some(at) {
            // To a name, what is neither a document nor an array is a document without the field.
            let plain = !matches!(item, ValueRef::Document(_) | ValueRef::Array(_));
            if plain && part.index.is_none() && visit(None) {
                return true;
            }
            continue;
        }
        let done = match item {
            _ if rest.is_empty() => visit(Some(item)),
            ValueRef::Document(inner) => walk(inner, rest, last, visit),
            ValueRef::Array(inner) => walk_array(inner, rest, last, visit),
            _ => false,
        };
        if done {
            return true;
        }
    }
    false
}
