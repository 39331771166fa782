//! Regular expressions, splitting and replacing.

use bson::{Bson, doc};

use super::array::int;
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::matcher::Pattern;
use crate::refusal::{Refusal, Result, at_location};

const REGEX: Arguments = Arguments::Named(
    &[("input", true), ("regex", true), ("options", false)],
    Codes { not_object: 51103, unknown: 31024, missing: 31023 },
);
const REPLACE: Arguments = Arguments::Named(
    &[("input", true), ("find", true), ("replacement", true)],
    Codes { not_object: 51751, unknown: 51750, missing: 51747 },
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$regexMatch", arguments: REGEX, apply: matches },
    Function { name: "$regexFind", arguments: REGEX, apply: find },
    Function { name: "$regexFindAll", arguments: REGEX, apply: find_all },
    Function { name: "$split", arguments: Arguments::Exactly(2), apply: split },
    Function { name: "$replaceOne", arguments: REPLACE, apply: replace },
    Function { name: "$replaceAll", arguments: REPLACE, apply: replace },
];

/// The text and the pattern of a call; `None` where one of them is null.
fn prepare<'v>(name: &str, values: &'v [Value]) -> Result<Option<(&'v str, Pattern)>> {
    let options = match &values[2] {
        Some(Bson::String(options)) => Some(options.as_str()),
        value if is_nullish(value) => None,
        _ => return Err(at_location(51106, format!("{name} needs 'options' to be of type string"))),
    };
    let pattern = match &values[1] {
        Some(Bson::String(source)) => Some((source.as_str(), options.unwrap_or_default())),
        Some(Bson::RegularExpression(regex)) => {
            let own = regex.options.as_str();
            if options.is_some() && !own.is_empty() {
                return Err(at_location(
                    51107,
                    format!("{name}: found regex option(s) specified in both 'regex' and 'option' fields"),
                ));
            }
            Some((regex.pattern.as_str(), options.unwrap_or(own)))
        }
        value if is_nullish(value) => None,
        _ => return Err(at_location(51105, format!("{name} needs 'regex' to be of type string or regex"))),
    };
    let pattern = pattern.map(|(source, options)| compile(name, source, options)).transpose()?;
    match (&values[0], pattern) {
        (Some(Bson::String(source)), Some(pattern)) => Ok(Some((source, pattern))),
        (value, None) if is_nullish(value) || matches!(value, Some(Bson::String(_))) => Ok(None),
        (value, _) if is_nullish(value) => Ok(None),
        _ => Err(at_location(51104, format!("{name} needs 'input' to be of type string"))),
    }
}

fn compile(name: &str, source: &str, options: &str) -> Result<Pattern> {
    if let Some(flag) = options.chars().find(|flag| !"imsxu".contains(*flag)) {
        return Err(at_location(51108, format!("{name} invalid flag in regex options: {flag}")));
    }
    Pattern::compile(source, options)
        .map_err(|error| at_location(51111, format!("Invalid Regex in {name}: {error}")))
}

fn failed(error: &fancy_regex::Error) -> Refusal {
    at_location(51156, format!("Error occurred while executing the regular expression: {error}"))
}

fn matches(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let matched = match prepare(name, &values)? {
        Some((source, pattern)) => pattern.is_match(source)?,
        None => false,
    };
    Ok(Some(Bson::Boolean(matched)))
}

/// A match as a document; its position is counted in code points.
fn described(source: &str, captures: &fancy_regex::Captures<'_, str>) -> Option<Bson> {
    let whole = captures.get(0)?;
    let groups = (1..captures.len())
        .map(|at| captures.get(at).map_or(Bson::Null, |group| Bson::String(group.as_str().to_owned())));
    let at = int(source[..whole.start()].chars().count());
    Some(Bson::Document(doc! { "match": whole.as_str(), "idx": at, "captures": groups.collect::<Vec<_>>() }))
}

fn find(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some((source, pattern)) = prepare(name, &values)? else { return Ok(Some(Bson::Null)) };
    let captures = pattern.regex().captures(source).map_err(|error| failed(&error))?;
    Ok(Some(captures.and_then(|captures| described(source, &captures)).unwrap_or(Bson::Null)))
}

fn find_all(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some((source, pattern)) = prepare(name, &values)? else { return Ok(Some(Bson::Array(Vec::new()))) };
    let mut found = Vec::new();
    for captures in pattern.regex().captures_iter(source) {
        let captures = captures.map_err(|error| failed(&error))?;
        found.extend(described(source, &captures));
    }
    Ok(Some(Bson::Array(found)))
}

fn split(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [source, separator] = values.as_slice() else { return Ok(None) };
    if is_nullish(source) || is_nullish(separator) {
        return Ok(Some(Bson::Null));
    }
    let Some(Bson::String(source)) = source else {
        return Err(at_location(
            40085,
            format!(
                "$split requires an expression that evaluates to a string as a first argument, found: {}",
                type_of(source)
            ),
        ));
    };
    let parts: Vec<Bson> = match separator {
        Some(Bson::String(separator)) if separator.is_empty() => {
            return Err(at_location(40087, "$split requires a non-empty separator"));
        }
        Some(Bson::String(separator)) => source.split(separator.as_str()).map(Bson::from).collect(),
        Some(Bson::RegularExpression(_)) => {
            return Err(crate::refusal::not_implemented("a regular expression in $split"));
        }
        other => {
            return Err(at_location(
                40086,
                format!(
                    "$split requires an expression that evaluates to a string or regular expression as a second argument, found: {}",
                    type_of(other)
                ),
            ));
        }
    };
    Ok(Some(Bson::Array(parts)))
}

fn replace(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [input, find, replacement] = values.as_slice() else { return Ok(None) };
    if let Some(Bson::RegularExpression(_)) = find {
        return Err(crate::refusal::not_implemented(&format!("a regular expression in {name}")));
    }
    for (value, key, code, what) in [
        (input, "input", 10_503_904, "a string"),
        (find, "find", 10_503_903, "a string or regular expression"),
        (replacement, "replacement", 10_503_902, "a string"),
    ] {
        if !is_nullish(value) && !matches!(value, Some(Bson::String(_))) {
            let found = shown(value);
            return Err(at_location(code, format!("{name} requires that '{key}' be {what}, found: {found}")));
        }
    }
    let (Some(Bson::String(input)), Some(Bson::String(find)), Some(Bson::String(replacement))) =
        (input, find, replacement)
    else {
        return Ok(Some(Bson::Null));
    };
    let replaced = if name == "$replaceOne" {
        input.replacen(find.as_str(), replacement, 1)
    } else {
        input.replace(find.as_str(), replacement)
    };
    Ok(Some(Bson::String(replaced)))
}
