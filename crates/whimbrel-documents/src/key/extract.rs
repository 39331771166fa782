//! The keys that one document leaves in an index.

use bson::{Bson, RawArray, RawBsonRef, RawDocument};

use super::encode_part;
use crate::value::{ValueRef, find_raw, show};

/// What of a document an index keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extraction {
    /// The paths, each with whether it descends.
    pub(crate) parts: Vec<KeyPart>,
    /// Whether a document without any of the paths leaves no key.
    pub(crate) is_sparse: bool,
}

/// One path of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyPart {
    /// The path, in its components.
    pub(crate) path: Vec<String>,
    /// Whether larger values come first.
    pub(crate) is_descending: bool,
}

/// The keys of a document, each once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Keys {
    /// In their order.
    pub(crate) keys: Vec<Vec<u8>>,
    /// Whether an array stands in a path, however many keys that makes.
    pub(crate) is_multikey: bool,
}

/// Why a document has no keys in an index that ought to hold it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unindexable {
    /// Two paths lead through two arrays: the components where the arrays stand, the later one first.
    ParallelArrays(String, String),
    /// A number in a path may be a place in an array and a name in one of its elements: the number, and the array.
    AmbiguousField(String, String),
}

/// Where a path leads in a document.
enum Place<'d> {
    Missing,
    Value(RawBsonRef<'d>),
    /// An array, and how many components lie before it.
    Array(&'d RawArray, usize),
    /// An array that a number at the end of the path names in another array: it counts as a whole.
    Nested(&'d RawArray, usize),
}

/// One combination of values on its way: what each part still looks for, or has found.
#[derive(Clone)]
enum Search<'d> {
    /// Components from this one on are still to be walked.
    From(usize),
    /// The walk has come by a place into an array of its own, before this component.
    Inside(&'d RawArray, usize),
    Found(RawBsonRef<'d>),
    Missing,
}

/// Extracts the keys of a document.
pub(crate) fn extract(document: &RawDocument, wanted: &Extraction) -> Result<Keys, Unindexable> {
    let mut keys = Vec::new();
    let is_multikey = visit(document, wanted, &mut |searches| keys.push(key(searches, wanted)))?;
    if keys.len() > 1 {
        keys.sort_unstable();
        keys.dedup();
    }
    Ok(Keys { keys, is_multikey })
}

/// The values of which a key of a document is made; none where the document has no such key.
pub(crate) fn values_of(document: &RawDocument, wanted: &Extraction, sought: &[u8]) -> Option<Vec<Bson>> {
    let mut found = None;
    let seen = visit(document, wanted, &mut |searches| {
        if found.is_none() && key(searches, wanted) == sought {
            let values = searches.iter().map(|search| Bson::try_from(value(search)).unwrap_or(Bson::Null));
            found = Some(values.collect());
        }
    });
    seen.ok()?;
    found
}

/// Shows each combination of values that leaves a key, and says whether an array stands in a path.
fn visit<'d>(
    document: &'d RawDocument,
    wanted: &Extraction,
    show: &mut dyn FnMut(&[Search<'d>]),
) -> Result<bool, Unindexable> {
    let searches = vec![Search::From(0); wanted.parts.len()];
    let mut walk = Walk { wanted, show, is_multikey: false };
    walk.step(Some(document), searches)?;
    Ok(walk.is_multikey)
}

struct Walk<'w, 'd> {
    wanted: &'w Extraction,
    show: &'w mut dyn FnMut(&[Search<'d>]),
    is_multikey: bool,
}

impl<'d> Walk<'_, 'd> {
    fn step(
        &mut self,
        document: Option<&'d RawDocument>,
        mut searches: Vec<Search<'d>>,
    ) -> Result<(), Unindexable> {
        let first = self.first_array(document, &searches)?;
        let mut arrays = Vec::new();
        let mut nested = Vec::new();
        for (index, (search, part)) in searches.iter_mut().zip(&self.wanted.parts).enumerate() {
            let path = &part.path;
            let (place, from) = match *search {
                Search::From(from) => {
                    (document.map_or(Ok(Place::Missing), |document| descend(document, &path[from..]))?, from)
                }
                Search::Inside(array, from) => (Place::Array(array, 0), from),
                Search::Found(_) | Search::Missing => continue,
            };
            match place {
                Place::Missing => *search = Search::Missing,
                Place::Value(value) => *search = Search::Found(value),
                Place::Array(found, consumed) => {
                    *search = Search::From(from + consumed);
                    arrays.push((found, index));
                }
                Place::Nested(found, consumed) => {
                    *search = Search::From(from + consumed);
                    arrays.push((found, index));
                    nested.push((index, found));
                }
            }
        }
        self.set_inner_aside(first, &mut arrays, &mut searches);
        let mut array: Option<(&'d RawArray, usize)> = None;
        let mut waiting = Vec::new();
        for (found, index) in arrays {
            match array {
                Some((other, earlier)) if !same_array(other, found) => {
                    return Err(self.parallel(index, earlier, &searches));
                }
                _ => _ = array.get_or_insert((found, index)),
            }
            if !nested.iter().any(|(known, _)| *known == index) {
                waiting.push(index);
            }
        }
        for (index, found) in nested {
            let is_empty = found.into_iter().next().is_none();
            let whole = if is_empty { RawBsonRef::Undefined } else { RawBsonRef::Array(found) };
            searches[index] = Search::Found(whole);
        }
        let Some((array, _)) = array else {
            if !(self.wanted.is_sparse && searches.iter().all(|search| matches!(search, Search::Missing))) {
                (self.show)(&searches);
            }
            return Ok(());
        };
        self.is_multikey = true;
        let mut is_empty = true;
        for element in array.into_iter().map_while(Result::ok) {
            is_empty = false;
            self.expand(element, &searches, &waiting)?;
        }
        if is_empty {
            self.expand(RawBsonRef::Undefined, &searches, &waiting)?;
        }
        Ok(())
    }

    /// Lets the paths that have come by a place into a deeper array wait while others go through the elements of the first.
    fn set_inner_aside(
        &self,
        first: Option<&'d RawArray>,
        arrays: &mut Vec<(&'d RawArray, usize)>,
        searches: &mut [Search<'d>],
    ) {
        let Some(first) = first else { return };
        if !arrays.iter().any(|(found, _)| same_array(first, found)) {
            return;
        }
        arrays.retain(|(found, index)| {
            let here = same_array(first, found);
            if !here && let Search::From(upto) = searches[*index] {
                searches[*index] = Search::Inside(found, upto);
            }
            here
        });
    }

    /// The array that every path meets first, where several paths are asked for; two different ones are refused, also where
    /// a path only leads to a place in one of them.
    fn first_array(
        &self,
        document: Option<&'d RawDocument>,
        searches: &[Search<'d>],
    ) -> Result<Option<&'d RawArray>, Unindexable> {
        let mut first: Option<(&'d RawArray, &str)> = None;
        if searches.len() < 2 {
            return Ok(None);
        }
        for (search, part) in searches.iter().zip(&self.wanted.parts) {
            let found = match search {
                Search::From(from) => {
                    document.and_then(|document| first_array(document, &part.path[*from..]))
                }
                Search::Inside(array, upto) => Some((*array, &*part.path[upto - 1])),
                Search::Found(_) | Search::Missing => None,
            };
            let Some((array, name)) = found else { continue };
            match first {
                Some((other, earlier)) if !same_array(other, array) => {
                    return Err(Unindexable::ParallelArrays(name.to_owned(), earlier.to_owned()));
                }
                _ => first = Some((array, name)),
            }
        }
        Ok(first.map(|(array, _)| array))
    }

    /// Goes on with one element of the array that some of the parts wait at.
    fn expand(
        &mut self,
        element: RawBsonRef<'d>,
        searches: &[Search<'d>],
        waiting: &[usize],
    ) -> Result<(), Unindexable> {
        let mut searches = searches.to_vec();
        for &index in waiting {
            if let Search::From(from) = searches[index]
                && from == self.wanted.parts[index].path.len()
            {
                searches[index] = Search::Found(element);
            }
        }
        self.step(element.as_document(), searches)
    }

    fn parallel(&self, later: usize, earlier: usize, searches: &[Search<'d>]) -> Unindexable {
        let name = |part: usize| match searches[part] {
            Search::From(end) => self.wanted.parts[part].path[end - 1].clone(),
            Search::Inside(..) | Search::Found(_) | Search::Missing => String::new(),
        };
        Unindexable::ParallelArrays(name(later), name(earlier))
    }
}

fn value<'d>(search: &Search<'d>) -> RawBsonRef<'d> {
    match search {
        Search::Found(value) => *value,
        Search::Missing | Search::From(_) | Search::Inside(..) => RawBsonRef::Null,
    }
}

fn key(searches: &[Search<'_>], wanted: &Extraction) -> Vec<u8> {
    let mut key = Vec::with_capacity(16 * searches.len());
    for (search, part) in searches.iter().zip(&wanted.parts) {
        encode_part(value(search), part.is_descending, &mut key);
    }
    key
}

/// Follows a path through documents, and into an array where a component is a place in it.
fn descend<'d>(document: &'d RawDocument, path: &[String]) -> Result<Place<'d>, Unindexable> {
    let mut consumed = 1;
    let Some(mut value) = field(document, &path[0]) else { return Ok(Place::Missing) };
    loop {
        match value {
            RawBsonRef::Array(array) => {
                let positioned = match path.get(consumed) {
                    Some(name) => at_position(array, name)?,
                    None => None,
                };
                let Some(element) = positioned else { return Ok(Place::Array(array, consumed)) };
                value = element;
                consumed += 1;
                if let RawBsonRef::Array(inner) = element
                    && consumed == path.len()
                {
                    return Ok(Place::Nested(inner, consumed));
                }
            }
            _ if consumed == path.len() => return Ok(Place::Value(value)),
            RawBsonRef::Document(inner) => {
                let Some(found) = field(inner, &path[consumed]) else { return Ok(Place::Missing) };
                value = found;
                consumed += 1;
            }
            _ => return Ok(Place::Missing),
        }
    }
}

fn same_array(left: &RawArray, right: &RawArray) -> bool {
    std::ptr::eq(left.as_bytes(), right.as_bytes())
}

/// The first array that a path meets, and the name under which it stands.
fn first_array<'d, 'p>(document: &'d RawDocument, path: &'p [String]) -> Option<(&'d RawArray, &'p str)> {
    let mut document = document;
    for name in path {
        match field(document, name)? {
            RawBsonRef::Array(array) => return Some((array, name)),
            RawBsonRef::Document(inner) => document = inner,
            _ => return None,
        }
    }
    None
}

/// The element that a component names by its place.
fn at_position<'d>(array: &'d RawArray, name: &str) -> Result<Option<RawBsonRef<'d>>, Unindexable> {
    let is_place = name == "0" || (!name.starts_with('0') && name.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_place {
        return Ok(None);
    }
    let Some(place) = name.parse::<usize>().ok() else { return Ok(None) };
    let Some(element) = array.into_iter().nth(place).and_then(Result::ok) else { return Ok(None) };
    let is_name_too = array
        .into_iter()
        .map_while(Result::ok)
        .any(|element| element.as_document().is_some_and(|inner| field(inner, name).is_some()));
    if is_name_too {
        return Err(Unindexable::AmbiguousField(name.to_owned(), show_places(array)));
    }
    Ok(Some(element))
}

/// An array with the places of its elements, as MongoDB's message shows it: `{ 0: "a", 1: "b" }`.
fn show_places(array: &RawArray) -> String {
    let elements = array.into_iter().map_while(Result::ok).enumerate();
    let shown = elements.map(|(place, element)| {
        let value = Bson::try_from(element).unwrap_or(Bson::Null);
        format!("{place}: {}", show(ValueRef::from(&value)))
    });
    format!("{{ {} }}", shown.collect::<Vec<_>>().join(", "))
}

/// A field of a stored document.
pub(super) fn field<'d>(document: &'d RawDocument, name: &str) -> Option<RawBsonRef<'d>> {
    find_raw(document, name)
}

#[cfg(test)]
mod tests {
    use bson::{Document, RawDocumentBuf, doc};

    use super::*;
    use crate::key::key_of_bson;

    fn wanted(paths: &[&str], is_sparse: bool) -> Extraction {
        let part = |path: &&str| KeyPart {
            path: path.split('.').map(str::to_owned).collect(),
            is_descending: false,
        };
        Extraction { parts: paths.iter().map(part).collect(), is_sparse }
    }

    fn keys(document: &Document, paths: &[&str], is_sparse: bool) -> Result<Keys, Unindexable> {
        extract(&RawDocumentBuf::try_from(document).unwrap(), &wanted(paths, is_sparse))
    }

    fn combined(values: &[Bson]) -> Vec<u8> {
        values.iter().flat_map(|value| key_of_bson(value).unwrap()).collect()
    }

    #[test]
    fn a_document_leaves_the_keys_that_mongodb_leaves() {
        let undefined = Bson::Undefined;
        /// A document, the paths of an index, its keys, and whether there are several because of an array.
        type Row = (Document, Vec<&'static str>, Vec<Vec<Bson>>, bool);
        let table: Vec<Row> = vec![
            (doc! { "a": 1 }, vec!["a"], vec![vec![1.into()]], false),
            (doc! {}, vec!["a"], vec![vec![Bson::Null]], false),
            (doc! { "a": [3, 1, 3] }, vec!["a"], vec![vec![1.into()], vec![3.into()]], true),
            (doc! { "a": [] }, vec!["a"], vec![vec![undefined.clone()]], true),
            (doc! { "a": [] }, vec!["a.b"], vec![vec![Bson::Null]], true),
            (doc! { "a": [[1, 2]] }, vec!["a"], vec![vec![vec![1, 2].into()]], true),
            (doc! { "a": [{ "b": 1 }, 5] }, vec!["a.b"], vec![vec![Bson::Null], vec![1.into()]], true),
            (doc! { "a": [{ "b": [1, 2] }] }, vec!["a.b"], vec![vec![1.into()], vec![2.into()]], true),
            (doc! { "a": [7, 8] }, vec!["a.1"], vec![vec![8.into()]], false),
            (doc! { "a": [7] }, vec!["a.1"], vec![vec![Bson::Null]], true),
            (doc! { "a": [[7, 8]] }, vec!["a.0"], vec![vec![vec![7, 8].into()]], true),
            (doc! { "a": [[]] }, vec!["a.0"], vec![vec![undefined.clone()]], true),
            (
                doc! { "a": [{ "b": 1, "c": 2 }, { "b": 3 }] , "d": 4 },
                vec!["a.b", "d", "a.c"],
                vec![vec![1.into(), 4.into(), 2.into()], vec![3.into(), 4.into(), Bson::Null]],
                true,
            ),
        ];
        for (document, paths, expected, is_multikey) in table {
            let found = keys(&document, &paths, false).unwrap();
            let mut expected: Vec<Vec<u8>> = expected.iter().map(|values| combined(values)).collect();
            expected.sort();
            assert_eq!(found.keys, expected, "{document} {paths:?}");
            assert_eq!(found.is_multikey, is_multikey, "{document} {paths:?}");
        }
    }

    #[test]
    fn a_sparse_index_leaves_out_what_has_none_of_its_paths() {
        assert!(keys(&doc! { "c": 1 }, &["a", "b"], true).unwrap().keys.is_empty());
        assert_eq!(keys(&doc! { "b": 1 }, &["a", "b"], true).unwrap().keys.len(), 1);
        assert_eq!(keys(&doc! { "a": null }, &["a"], true).unwrap().keys.len(), 1);
    }

    #[test]
    fn two_arrays_have_no_keys() {
        let refused = keys(&doc! { "x": [1], "y": [1] }, &["x", "y"], false);
        assert_eq!(refused, Err(Unindexable::ParallelArrays("y".into(), "x".into())));
        let refused = keys(&doc! { "a": [{ "0": 1 }] }, &["a.0"], false);
        assert_eq!(refused, Err(Unindexable::AmbiguousField("0".into(), "{ 0: { 0: 1 } }".into())));
    }
}
