//! Documents as values: their fields, merging, and their types.

use bson::{Bson, Document, doc};

use super::array::int;
use super::table::{Arguments, Codes, Function};
use super::{Node, Parser, Value, is_nullish, shown, type_of};
use crate::refusal::{Result, at_location};
use crate::value::Number;

const ONE: Arguments = Arguments::Exactly(1);
const SET_FIELD: Arguments = Arguments::Named(
    &[("field", true), ("input", true), ("value", true)],
    Codes { not_object: 4_161_100, unknown: 4_161_101, missing: 4_161_102 },
);
const UNSET_FIELD: Arguments = Arguments::Named(
    &[("field", true), ("input", true)],
    Codes { not_object: 4_161_100, unknown: 4_161_101, missing: 4_161_102 },
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$mergeObjects", arguments: Arguments::Any, apply: merge },
    Function { name: "$objectToArray", arguments: ONE, apply: to_array },
    Function { name: "$arrayToObject", arguments: ONE, apply: from_array },
    Function { name: "$setField", arguments: SET_FIELD, apply: set_field },
    Function { name: "$unsetField", arguments: UNSET_FIELD, apply: unset_field },
    Function { name: "$type", arguments: ONE, apply: type_text },
    Function { name: "$isNumber", arguments: ONE, apply: is_number },
    Function { name: "$bsonSize", arguments: ONE, apply: bson_size },
    Function { name: "$binarySize", arguments: ONE, apply: binary_size },
];

fn merge(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut merged = Document::new();
    let values = match <[Value; 1]>::try_from(values) {
        Ok([Some(Bson::Array(items))]) => items.into_iter().map(Some).collect(),
        Ok([single]) => vec![single],
        Err(values) => values,
    };
    for value in values {
        match value {
            Some(Bson::Document(document)) => merged.extend(document),
            value if is_nullish(&value) => {}
            value => {
                let (found, kind) = (shown(&value), type_of(&value));
                return Err(at_location(
                    40400,
                    format!("$mergeObjects requires object inputs, but input {found} is of type {kind}"),
                ));
            }
        }
    }
    Ok(Some(Bson::Document(merged)))
}

fn to_array(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    match values[0].take() {
        Some(Bson::Document(document)) => {
            let pairs =
                document.into_iter().map(|(key, value)| Bson::Document(doc! { "k": key, "v": value }));
            Ok(Some(Bson::Array(pairs.collect())))
        }
        value if is_nullish(&value) => Ok(Some(Bson::Null)),
        value => {
            let found = type_of(&value);
            Err(at_location(40390, format!("$objectToArray requires a document input, found: {found}")))
        }
    }
}

fn from_array(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let items = match values[0].take() {
        Some(Bson::Array(items)) => items,
        value if is_nullish(&value) => return Ok(Some(Bson::Null)),
        value => {
            let found = type_of(&value);
            return Err(at_location(
                40386,
                format!("$arrayToObject requires an array input, found: {found}"),
            ));
        }
    };
    let mut document = Document::new();
    for item in items {
        let (key, value) = pair_of(item)?;
        document.insert(key, value);
    }
    Ok(Some(Bson::Document(document)))
}

fn pair_of(item: Bson) -> Result<(String, Bson)> {
    match item {
        Bson::Array(pair) => {
            let length = pair.len();
            let Ok([key, value]) = <[Bson; 2]>::try_from(pair) else {
                return Err(at_location(
                    40397,
                    format!(
                        "$arrayToObject requires an array of size 2 arrays,found array of size: {length}"
                    ),
                ));
            };
            match key {
                Bson::String(key) => Ok((key, value)),
                other => {
                    let found = type_of(&Some(other));
                    Err(at_location(
                        40395,
                        format!(
                            "$arrayToObject requires an array of key-value pairs, where the key must be of type string. Found key type: {found}"
                        ),
                    ))
                }
            }
        }
        Bson::Document(mut pair) => {
            if pair.len() != 2 {
                return Err(at_location(
                    40392,
                    format!(
                        "$arrayToObject requires an object keys of 'k' and 'v'. Found incorrect number of keys:{}",
                        pair.len()
                    ),
                ));
            }
            let (Some(key), Some(value)) = (pair.remove("k"), pair.remove("v")) else {
                return Err(at_location(
                    40393,
                    "$arrayToObject requires an object with keys 'k' and 'v'. Missing either or both keys from: ",
                ));
            };
            match key {
                Bson::String(key) => Ok((key, value)),
                other => {
                    let found = type_of(&Some(other));
                    Err(at_location(
                        40394,
                        format!(
                            "$arrayToObject requires an object with keys 'k' and 'v', where the value of 'k' must be of type string. Found type: {found}"
                        ),
                    ))
                }
            }
        }
        other => {
            let found = type_of(&Some(other));
            Err(at_location(40398, format!("Unrecognised input type format for $arrayToObject: {found}")))
        }
    }
}

fn field_name(value: &Value) -> Result<&str> {
    match value {
        Some(Bson::String(name)) => Ok(name),
        other => {
            let found = type_of(other);
            Err(at_location(
                4_161_107,
                format!("$setField requires 'field' to evaluate to type String, but got {found}"),
            ))
        }
    }
}

fn object_input(value: &Value) -> Result<Option<Document>> {
    match value {
        Some(Bson::Document(document)) => Ok(Some(document.clone())),
        value if is_nullish(value) => Ok(None),
        _ => Err(at_location(4_161_105, "$setField requires 'input' to evaluate to type Object")),
    }
}

/// Parses `$getField`, which names a field by any text, dots and dollars included.
pub(super) fn parse_get_field(parser: &Parser, argument: &Bson) -> Result<Node> {
    // The server computes none of its constants before there is a document.
    let parser = parser.without_folding();
    let current = || Node::Variable { name: "CURRENT".into(), path: Vec::new() };
    let mut field = None;
    let mut input = None;
    match argument {
        Bson::Document(document) if !document.keys().next().is_some_and(|key| key.starts_with('$')) => {
            for (key, value) in document {
                match key.as_str() {
                    "field" => field = Some(parser.node(value)?),
                    "input" => input = Some(parser.node(value)?),
                    _ => {
                        let message = format!("$getField found an unknown argument: {key}");
                        return Err(at_location(3_041_701, message));
                    }
                }
            }
        }
        name => {
            field = Some(parser.node(name)?);
            input = Some(current());
        }
    }
    let missing = |key: &str, code| at_location(code, format!("$getField requires '{key}' to be specified"));
    let field = field.ok_or_else(|| missing("field", 3_041_702))?;
    let input = input.ok_or_else(|| missing("input", 3_041_703))?;
    Ok(Node::Call { function: &GET_FIELD, arguments: vec![field, input] })
}

static GET_FIELD: Function =
    Function { name: "$getField", arguments: Arguments::Exactly(2), apply: get_field };

fn get_field(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let Some(Bson::String(name)) = &values[0] else {
        let found = type_of(&values[0]);
        return Err(at_location(
            3_041_704,
            format!("$getField requires 'field' to evaluate to type String, but got {found}"),
        ));
    };
    let name = name.clone();
    Ok(match values[1].take() {
        Some(Bson::Document(mut document)) => document.remove(&name),
        Some(Bson::Null | Bson::Undefined) => Some(Bson::Null),
        _ => None,
    })
}

fn set_field(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let Some(mut document) = object_input(&values[1])? else { return Ok(Some(Bson::Null)) };
    let value = values[2].take();
    let name = field_name(&values[0])?;
    match value {
        Some(value) => document.insert(name, value),
        None => document.remove(name),
    };
    Ok(Some(Bson::Document(document)))
}

fn unset_field(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(mut document) = object_input(&values[1])? else { return Ok(Some(Bson::Null)) };
    document.remove(field_name(&values[0])?);
    Ok(Some(Bson::Document(document)))
}

fn type_text(_: &'static str, values: Vec<Value>) -> Result<Value> {
    Ok(Some(Bson::String(type_of(&values[0]).to_owned())))
}

fn is_number(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let number = values[0].as_ref().is_some_and(|value| Number::of(value.into()).is_some());
    Ok(Some(Bson::Boolean(number)))
}

fn bson_size(_: &'static str, values: Vec<Value>) -> Result<Value> {
    match &values[0] {
        Some(Bson::Document(document)) => Ok(Some(int(crate::value::raw_of(document).as_bytes().len()))),
        value if is_nullish(value) => Ok(Some(Bson::Null)),
        value => {
            Err(at_location(31393, format!("$bsonSize requires a document input, found: {}", type_of(value))))
        }
    }
}

fn binary_size(_: &'static str, values: Vec<Value>) -> Result<Value> {
    match &values[0] {
        Some(Bson::String(text)) => Ok(Some(int(text.len()))),
        Some(Bson::Binary(binary)) => Ok(Some(int(binary.bytes.len()))),
        value if is_nullish(value) => Ok(Some(Bson::Null)),
        value => {
            let found = type_of(value);
            Err(at_location(
                51276,
                format!("$binarySize requires a string or BinData argument, found: {found}"),
            ))
        }
    }
}
