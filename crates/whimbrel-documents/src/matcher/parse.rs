//! Parsing a filter: the operators that stand at its top, and its fields.

use bson::{Bson, Document};

use super::field::parse_field;
use super::schema_parse::parse_schema_of_document;
use super::{Node, TextQuery};
use crate::expression::Parser;
use crate::refusal::{Result, bad_value, not_implemented, refuse, type_mismatch};
use crate::value::{Path, ValueRef, type_name};

/// Where a filter stands: some operators are good only at the top.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// Under `$and`, `$or` or `$nor` at the top.
    Branch,
    /// Inside an `$elemMatch`.
    Element,
}

/// How deep filters may nest, as BSON documents themselves may.
const MAX_DEPTH: usize = 200;

/// Parses a filter.
pub(super) fn parse_filter(filter: &Document, place: Place) -> Result<Node> {
    parse_at(filter, &Reader { place, depth: 0, parser: &Parser::new() })
}

/// Parses a filter whose expressions may use a parser's variables.
pub(super) fn parse_with(filter: &Document, parser: &Parser) -> Result<Node> {
    parse_at(filter, &Reader { place: Place::Top, depth: 0, parser })
}

/// Where a filter is read, and with what.
struct Reader<'p> {
    place: Place,
    depth: usize,
    parser: &'p Parser,
}

fn parse_at(filter: &Document, reader: &Reader<'_>) -> Result<Node> {
    if reader.depth > MAX_DEPTH {
        return Err(refuse(15, "Overflow", "exceeded maximum query tree depth"));
    }
    let mut nodes = Vec::with_capacity(filter.len());
    for (key, value) in filter {
        if key.starts_with('$') {
            nodes.extend(parse_top_operator(key, value, reader)?);
        } else {
            nodes.extend(parse_field(&Path::new(key), value)?);
        }
    }
    Ok(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) })
}

fn parse_top_operator(key: &str, value: &Bson, reader: &Reader<'_>) -> Result<Option<Node>> {
    let place = reader.place;
    let branches = || parse_branches(key, value, reader);
    Ok(Some(match key {
        "$and" => Node::And(branches()?),
        "$or" => Node::Or(branches()?),
        "$nor" => Node::Nor(branches()?),
        "$comment" => return Ok(None),
        "$expr" if place == Place::Element => {
            return Err(bad_value("$expr can only be applied to the top-level document"));
        }
        "$expr" => Node::Expr(Box::new(reader.parser.parse(value)?)),
        "$jsonSchema" => match value {
            Bson::Document(schema) => Node::Schema(Box::new(parse_schema_of_document(schema)?)),
            _ => return Err(type_mismatch("$jsonSchema must be an object")),
        },
        "$text" if place == Place::Element => {
            return Err(bad_value("$text can only be applied to the top-level document"));
        }
        "$text" => Node::Text(parse_text(value)?),
        "$alwaysTrue" => Node::Always(true),
        "$alwaysFalse" => Node::Always(false),
        "$where" | "$sampleRate" => return Err(not_implemented(key)),
        "$not" => {
            return Err(bad_value(
                "unknown top level operator: $not. If you are trying to negate an entire expression, use $nor.",
            ));
        }
        _ => {
            return Err(bad_value(format!(
                "unknown top level operator: {key}. If you have a field name that starts with a '$' symbol, \
                 consider using $getField or $setField."
            )));
        }
    }))
}

fn parse_branches(key: &str, value: &Bson, reader: &Reader<'_>) -> Result<Vec<Node>> {
    let Bson::Array(items) = value else {
        return Err(bad_value(format!("{key} argument must be an array")));
    };
    if items.is_empty() {
        return Err(bad_value(format!("{key} argument must be a non-empty array")));
    }
    let place = if reader.place == Place::Top { Place::Branch } else { reader.place };
    let inner = Reader { place, depth: reader.depth + 1, parser: reader.parser };
    let parse = |item: &Bson| match item {
        Bson::Document(filter) => parse_at(filter, &inner),
        _ => Err(bad_value(format!("{key} argument's entries must be objects"))),
    };
    items.iter().map(parse).collect()
}

fn parse_text(value: &Bson) -> Result<TextQuery> {
    let Bson::Document(arguments) = value else {
        return Err(bad_value("$text expects an object"));
    };
    let mut query = TextQuery {
        search: String::new(),
        language: None,
        case_sensitive: false,
        diacritic_sensitive: false,
    };
    let wrong = |key: &str, expected: &str, value: &Bson| {
        let found = type_name(ValueRef::from(value));
        type_mismatch(format!("\"{key}\" had the wrong type. Expected {expected}, found {found}"))
    };
    for (key, value) in arguments {
        match (key.as_str(), value) {
            ("$search", Bson::String(text)) => query.search.clone_from(text),
            ("$language", Bson::String(text)) => query.language = Some(text.clone()),
            ("$caseSensitive", Bson::Boolean(flag)) => query.case_sensitive = *flag,
            ("$diacriticSensitive", Bson::Boolean(flag)) => query.diacritic_sensitive = *flag,
            ("$search" | "$language", _) => return Err(wrong(key, "string", value)),
            ("$caseSensitive" | "$diacriticSensitive", _) => return Err(wrong(key, "bool", value)),
            _ => return Err(bad_value("extra fields in $text")),
        }
    }
    if !arguments.contains_key("$search") {
        return Err(refuse(4, "NoSuchKey", "Missing expected field \"$search\""));
    }
    Ok(query)
}
