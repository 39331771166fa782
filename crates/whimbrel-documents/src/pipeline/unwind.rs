//! `$unwind`.

use bson::{Bson, Document};

use super::Record;
use crate::refusal::{Result, at_location};
use crate::value::type_name;

/// A parsed `$unwind`.
#[derive(Clone, Debug)]
pub(crate) struct Unwind {
    path: Vec<String>,
    index: Option<String>,
    keep_empty: bool,
}

impl Unwind {
    /// Parses a path, or `{path, includeArrayIndex, preserveNullAndEmptyArrays}`.
    pub(super) fn parse(argument: &Bson) -> Result<Self> {
        let (path, index, keep_empty) = match argument {
            Bson::String(path) => (path.as_str(), None, false),
            Bson::Document(options) => parse_options(options)?,
            other => {
                let found = type_name(other.into());
                return Err(at_location(
                    15981,
                    format!(
                        "expected either a string or an object as specification for $unwind stage, got {found}"
                    ),
                ));
            }
        };
        if path.is_empty() {
            return Err(at_location(28812, "no path specified to $unwind stage"));
        }
        let Some(path) = path.strip_prefix('$') else {
            return Err(at_location(
                28818,
                format!("path option to $unwind stage should be prefixed with a '$': {path}"),
            ));
        };
        let path = crate::expression::field_path(path)?;
        Ok(Unwind { path: path.into_iter().map(String::from).collect(), index, keep_empty })
    }

    /// The documents that one record becomes.
    pub(super) fn run(&self, record: Record) -> Vec<Document> {
        let mut document = record.into_document();
        let items = match find(&mut document, &self.path) {
            Some(Bson::Array(items)) => std::mem::take(items),
            Some(Bson::Null | Bson::Undefined) | None if !self.keep_empty => return Vec::new(),
            _ => return vec![self.with_index(document, Bson::Null)],
        };
        if items.is_empty() {
            if !self.keep_empty {
                return Vec::new();
            }
            remove(&mut document, &self.path);
            return vec![self.with_index(document, Bson::Null)];
        }
        (0i64..)
            .zip(items)
            .map(|(at, item)| {
                let mut each = document.clone();
                if let Some(slot) = find(&mut each, &self.path) {
                    *slot = item;
                }
                self.with_index(each, Bson::Int64(at))
            })
            .collect()
    }

    fn with_index(&self, mut document: Document, at: Bson) -> Document {
        if let Some(path) = &self.index {
            put(&mut document, path, at);
        }
        document
    }
}

fn parse_options(options: &Document) -> Result<(&str, Option<String>, bool)> {
    let (mut path, mut index, mut keep_empty) = ("", None, false);
    for (key, value) in options {
        let found = type_name(value.into());
        match (key.as_str(), value) {
            ("path", Bson::String(text)) => path = text,
            ("path", _) => {
                return Err(at_location(
                    28808,
                    format!("expected a string as the path for $unwind stage, got {found}"),
                ));
            }
            ("preserveNullAndEmptyArrays", Bson::Boolean(flag)) => keep_empty = *flag,
            ("preserveNullAndEmptyArrays", _) => {
                return Err(at_location(
                    28809,
                    format!(
                        "expected a boolean for the preserveNullAndEmptyArrays option to $unwind stage, got {found}"
                    ),
                ));
            }
            ("includeArrayIndex", Bson::String(text)) if text.starts_with('$') => {
                return Err(at_location(
                    28822,
                    format!(
                        "includeArrayIndex option to $unwind stage should not be prefixed with a '$': {text}"
                    ),
                ));
            }
            ("includeArrayIndex", Bson::String(text)) if !text.is_empty() => index = Some(text.clone()),
            ("includeArrayIndex", _) => {
                return Err(at_location(
                    28810,
                    format!(
                        "expected a non-empty string for the includeArrayIndex  option to $unwind stage, got {found}"
                    ),
                ));
            }
            _ => return Err(at_location(28811, format!("unrecognized option to $unwind stage: {key}"))),
        }
    }
    Ok((path, index, keep_empty))
}

fn find<'d>(document: &'d mut Document, path: &[String]) -> Option<&'d mut Bson> {
    let (first, rest) = path.split_first()?;
    let value = document.get_mut(first)?;
    match value {
        _ if rest.is_empty() => Some(value),
        Bson::Document(inner) => find(inner, rest),
        _ => None,
    }
}

fn remove(document: &mut Document, path: &[String]) {
    match path {
        [] => {}
        [name] => {
            document.remove(name);
        }
        [name, rest @ ..] => {
            if let Some(Bson::Document(inner)) = document.get_mut(name) {
                remove(inner, rest);
            }
        }
    }
}

/// Sets a value at a dotted path, making the documents on its way.
pub(super) fn put(document: &mut Document, path: &str, value: Bson) {
    match path.split_once('.') {
        None => {
            document.insert(path, value);
        }
        Some((name, below)) => {
            if !matches!(document.get(name), Some(Bson::Document(_))) {
                document.insert(name, Document::new());
            }
            if let Some(Bson::Document(inner)) = document.get_mut(name) {
                put(inner, below, value);
            }
        }
    }
}
