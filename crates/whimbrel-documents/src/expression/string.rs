//! Text: joining, cutting, counting, case.

use bson::Bson;

use super::arithmetic::{number_of, to_long};
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Result, at_location};

const TRIM: Arguments = Arguments::Named(
    &[("input", true), ("chars", false)],
    Codes { not_object: 50696, unknown: 50694, missing: 50695 },
);
const ONE: Arguments = Arguments::Exactly(1);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$concat", arguments: Arguments::Any, apply: concat },
    Function { name: "$toLower", arguments: ONE, apply: case },
    Function { name: "$toUpper", arguments: ONE, apply: case },
    Function { name: "$strcasecmp", arguments: Arguments::Exactly(2), apply: compare_folded },
    Function { name: "$strLenCP", arguments: ONE, apply: length },
    Function { name: "$strLenBytes", arguments: ONE, apply: length },
    Function { name: "$substr", arguments: Arguments::Exactly(3), apply: substring_bytes },
    Function { name: "$substrBytes", arguments: Arguments::Exactly(3), apply: substring_bytes },
    Function { name: "$substrCP", arguments: Arguments::Exactly(3), apply: substring_points },
    Function { name: "$indexOfCP", arguments: Arguments::Between(2, 4), apply: index_of },
    Function { name: "$indexOfBytes", arguments: Arguments::Between(2, 4), apply: index_of },
    Function { name: "$trim", arguments: TRIM, apply: trim },
    Function { name: "$ltrim", arguments: TRIM, apply: trim },
    Function { name: "$rtrim", arguments: TRIM, apply: trim },
];

fn text(result: impl Into<String>) -> Result<Value> {
    Ok(Some(Bson::String(result.into())))
}

fn concat(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut joined = String::new();
    for value in &values {
        match value {
            Some(Bson::String(part)) => joined.push_str(part),
            value if is_nullish(value) => return Ok(Some(Bson::Null)),
            value => {
                return Err(at_location(
                    16702,
                    format!("$concat only supports strings, not {}", type_of(value)),
                ));
            }
        }
    }
    text(joined)
}

/// The text of a value where one is expected: numbers and dates are written out, null is empty.
fn coerced(value: &Value) -> Result<String> {
    match value {
        Some(Bson::String(text) | Bson::Symbol(text) | Bson::JavaScriptCode(text)) => Ok(text.clone()),
        value if is_nullish(value) => Ok(String::new()),
        Some(Bson::DateTime(date)) => super::date_text::converted(date.timestamp_millis()),
        Some(Bson::Double(number)) => Ok(crate::value::show_brief_double(*number)),
        Some(Bson::Timestamp(timestamp)) => Ok(super::date_text::timestamp_text(*timestamp)),
        value if number_of(value).is_some() => {
            value.as_ref().map_or_else(|| Ok(String::new()), |value| Ok(super::convert::number_text(value)))
        }
        value => {
            Err(at_location(16007, format!("can't convert from BSON type {} to String", type_of(value))))
        }
    }
}

fn case(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let source = coerced(values.first().unwrap_or(&None))?;
    text(if name == "$toLower" { source.to_ascii_lowercase() } else { source.to_ascii_uppercase() })
}

fn compare_folded(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [left, right] = values.as_slice() else { return Ok(None) };
    let (left, right) = (coerced(left)?.to_ascii_uppercase(), coerced(right)?.to_ascii_uppercase());
    Ok(Some(Bson::Int32(left.cmp(&right) as i32)))
}

fn length(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let value = values.first().unwrap_or(&None);
    let Some(Bson::String(source)) = value else {
        let code = if name == "$strLenCP" { 34471 } else { 34473 };
        return Err(at_location(
            code,
            format!("{name} requires a string argument, found: {}", type_of(value)),
        ));
    };
    let count = if name == "$strLenCP" { source.chars().count() } else { source.len() };
    Ok(Some(super::array::int(count)))
}

fn substring_bytes(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [source, start, count] = values.as_slice() else { return Ok(None) };
    let source = coerced(source)?;
    let whole = |value: &Value, what: &str, code| {
        let number = number_of(value).ok_or_else(|| {
            at_location(
                code,
                format!("{name}:  {what} must be a numeric type (is BSON type {})", type_of(value)),
            )
        })?;
        to_long(number, value)
    };
    let start = whole(start, "starting index", 16034)?;
    let count = whole(count, "length", 16035)?;
    let Ok(start) = usize::try_from(start) else {
        return Err(at_location(
            50752,
            format!("{name}:  starting index must be non-negative (got: {start})"),
        ));
    };
    if start >= source.len() {
        return text("");
    }
    // A negative length takes all that is left.
    let end =
        usize::try_from(count).map_or(source.len(), |count| start.saturating_add(count).min(source.len()));
    if !source.is_char_boundary(start) {
        return Err(at_location(
            28656,
            format!("{name}:  Invalid range, starting index is a UTF-8 continuation byte."),
        ));
    }
    if !source.is_char_boundary(end) {
        return Err(at_location(
            28657,
            format!("{name}:  Invalid range, ending index is in the middle of a UTF-8 character."),
        ));
    }
    text(&source[start..end])
}

fn substring_points(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [source, start, count] = values.as_slice() else { return Ok(None) };
    let source = coerced(source)?;
    let whole = |value: &Value, what: &str, codes: (i32, i32)| {
        let number = number_of(value).ok_or_else(|| {
            at_location(
                codes.0,
                format!("$substrCP: {what} must be a numeric type (is BSON type {})", type_of(value)),
            )
        })?;
        number.as_exact_i64().filter(|whole| i32::try_from(*whole).is_ok()).ok_or_else(|| {
            let value = shown(value);
            at_location(
                codes.1,
                format!("$substrCP: {what} cannot be represented as a 32-bit integral value: {value}"),
            )
        })
    };
    let start = whole(start, "starting index", (34450, 34451))?;
    let count = whole(count, "length", (34452, 34453))?;
    let Ok(count) = usize::try_from(count) else {
        return Err(at_location(34454, "$substrCP: length must be a nonnegative integer."));
    };
    let Ok(start) = usize::try_from(start) else {
        return Err(at_location(34455, "$substrCP: the starting index must be nonnegative integer."));
    };
    text(source.chars().skip(start).take(count).collect::<String>())
}

fn index_of(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let points = name == "$indexOfCP";
    let source = match &values[0] {
        Some(Bson::String(source)) => source,
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let code = if points { 40093 } else { 40091 };
            return Err(at_location(
                code,
                format!("{name} requires a string as the first argument, found: {}", type_of(value)),
            ));
        }
    };
    let Some(Bson::String(wanted)) = &values[1] else {
        let code = if points { 40094 } else { 40092 };
        return Err(at_location(
            code,
            format!("{name} requires a string as the second argument, found: {}", type_of(&values[1])),
        ));
    };
    let start = position(name, values.get(2), "starting")?.unwrap_or(0);
    let length = if points { source.chars().count() } else { source.len() };
    let end = position(name, values.get(3), "ending")?.unwrap_or(length).min(length);
    if start > length || end < start {
        return Ok(Some(Bson::Int32(-1)));
    }
    let (from, to) = if points { (byte_at(source, start), byte_at(source, end)) } else { (start, end) };
    let found =
        source.as_bytes()[from..to].windows(wanted.len().max(1)).position(|part| part == wanted.as_bytes());
    let found = if wanted.is_empty() { Some(0) } else { found };
    Ok(Some(found.map_or(Bson::Int32(-1), |at| {
        super::array::int(if points { source[..from + at].chars().count() } else { from + at })
    })))
}

fn byte_at(source: &str, point: usize) -> usize {
    source.char_indices().nth(point).map_or(source.len(), |(at, _)| at)
}

/// A position that an argument gives, zero or more.
pub(super) fn position(name: &str, value: Option<&Value>, which: &str) -> Result<Option<usize>> {
    let Some(value) = value else { return Ok(None) };
    let number = number_of(value).and_then(|number| number.as_exact_i64()).ok_or_else(|| {
        let found = shown(value);
        at_location(
            40096,
            format!(
                "{name} requires an integral {which} index, found a value of type: {}, with value: {found}",
                type_of(value)
            ),
        )
    })?;
    let code = if name == "$indexOfArray" { 9_711_601 } else { 40097 };
    usize::try_from(number).map(Some).map_err(|_| {
        at_location(code, format!("{name} requires a nonnegative {which} index, found: {number}"))
    })
}

/// What `$trim` takes away when it is not told: MongoDB's own list of blanks.
const BLANKS: &[char] = &[
    '\0', '\t', '\n', '\x0B', '\x0C', '\r', ' ', '\u{a0}', '\u{1680}', '\u{2000}', '\u{2001}', '\u{2002}',
    '\u{2003}', '\u{2004}', '\u{2005}', '\u{2006}', '\u{2007}', '\u{2008}', '\u{2009}', '\u{200a}',
];

fn trim(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let source = match &values[0] {
        Some(Bson::String(source)) => source,
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let (found, kind) = (shown(value), type_of(value));
            return Err(at_location(
                50699,
                format!("{name} requires its input to be a string, got {found} (of type {kind}) instead."),
            ));
        }
    };
    let letters: Vec<char> = match &values[1] {
        None => BLANKS.to_vec(),
        Some(Bson::String(chars)) => chars.chars().collect(),
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let (found, kind) = (shown(value), type_of(value));
            return Err(at_location(
                50700,
                format!("{name} requires 'chars' to be a string, got {found} (of type {kind}) instead."),
            ));
        }
    };
    let of = |letter: char| letters.contains(&letter);
    text(match name {
        "$ltrim" => source.trim_start_matches(of),
        "$rtrim" => source.trim_end_matches(of),
        _ => source.trim_matches(of),
    })
}
