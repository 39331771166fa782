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
    walk(document, &path.parts, if expand { Last::All } else { Last::Itself }, &mut |value, _| visit(value))
}

/// As [`visit_path`], and with the place in an array that MongoDB ascribes to each value: that of the outermost
/// array whose element the path does not name itself.
pub(crate) fn visit_places<'a>(
    document: DocRef<'a>,
    path: &Path,
    expand: bool,
    visit: &mut Visit<'_, 'a>,
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
    walk(document, &path.parts, Last::Elements, &mut |value, _| visit(value))
}

/// What is called with a value and its place, and says whether to stop.
type Visit<'v, 'a> = dyn FnMut(Option<ValueRef<'a>>, Option<usize>) -> bool + 'v;

fn walk<'a>(mut document: DocRef<'a>, mut parts: &[Part], last: Last, visit: &mut Visit<'_, 'a>) -> bool {
    while let Some((part, rest)) = parts.split_first() {
        let value = document.get(&part.name);
        match value {
            Some(ValueRef::Array(items)) if rest.is_empty() => {
                let mut items = items.values().enumerate();
                let in_elements = last != Last::Itself && items.any(|(at, item)| visit(Some(item), Some(at)));
                return in_elements || (last != Last::Elements && visit(value, None));
            }
            _ if rest.is_empty() => return visit(value, None),
            Some(ValueRef::Document(inner)) => {
                document = inner;
                parts = rest;
            }
            Some(ValueRef::Array(items)) => {
                // Past an array in which nothing has the rest of the path, the field is missing.
                let mut leads_somewhere = false;
                return walk_array(items, rest, last, &mut leads_somewhere, visit)
                    || (!leads_somewhere && visit(None, None));
            }
            _ => return visit(None, None),
        }
    }
    false
}

/// Walks the elements of an array that is not the end of its path.
fn walk_array<'a>(
    items: DocRef<'a>,
    parts: &[Part],
    last: Last,
    leads_somewhere: &mut bool,
    visit: &mut Visit<'_, 'a>,
) -> bool {
    let Some((part, rest)) = parts.split_first() else { return false };
    for (at, item) in items.values().enumerate() {
        if let ValueRef::Document(inner) = item {
            *leads_somewhere = true;
            if walk(inner, parts, last, &mut |value, _| visit(value, Some(at))) {
                return true;
            }
        }
        if part.index != Some(at) {
            // To a name, what is neither a document nor an array is a document without the field, at no place.
            let plain = !matches!(item, ValueRef::Document(_) | ValueRef::Array(_));
            if plain && part.index.is_none() {
                *leads_somewhere = true;
                if visit(None, None) {
                    return true;
                }
            }
            continue;
        }
        let done = match item {
            _ if rest.is_empty() => {
                *leads_somewhere = true;
                visit(Some(item), None)
            }
            ValueRef::Document(inner) => walk(inner, rest, last, visit),
            // To MongoDB a path by a number into an array inside another one leads somewhere, though there be nothing.
            ValueRef::Array(inner) => {
                *leads_somewhere = true;
                walk_array(inner, rest, last, leads_somewhere, visit)
            }
            _ => false,
        };
        if done {
            return true;
        }
    }
    false
}
