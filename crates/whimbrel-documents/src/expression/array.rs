//! Arrays: elements, slices, membership, ranges.

use bson::Bson;

use super::arithmetic::number_of;
use super::string::position;
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Refusal, Result, at_location};
use crate::value::{compare_bson, equal_bson};

const ONE: Arguments = Arguments::Exactly(1);
const N_OF: Arguments = Arguments::Named(
    &[("n", true), ("input", true)],
    Codes { not_object: 5_787_801, unknown: 5_787_901, missing: 5_787_906 },
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$size", arguments: ONE, apply: size },
    Function { name: "$isArray", arguments: ONE, apply: is_array },
    Function { name: "$arrayElemAt", arguments: Arguments::Exactly(2), apply: element_at },
    Function { name: "$first", arguments: ONE, apply: end_element },
    Function { name: "$last", arguments: ONE, apply: end_element },
    Function { name: "$slice", arguments: Arguments::Between(2, 3), apply: slice },
    Function { name: "$concatArrays", arguments: Arguments::Any, apply: concat },
    Function { name: "$in", arguments: Arguments::Exactly(2), apply: contains },
    Function { name: "$indexOfArray", arguments: Arguments::Between(2, 4), apply: index_of },
    Function { name: "$range", arguments: Arguments::Between(2, 3), apply: range },
    Function { name: "$reverseArray", arguments: ONE, apply: reverse },
];

/// The functions that select so many elements.
pub(super) const SELECTIONS: &[Function] = &[
    Function { name: "$firstN", arguments: N_OF, apply: select },
    Function { name: "$lastN", arguments: N_OF, apply: select },
    Function { name: "$maxN", arguments: N_OF, apply: select },
    Function { name: "$minN", arguments: N_OF, apply: select },
];

/// A count as BSON's smallest integer that holds it.
pub(super) fn int(count: usize) -> Bson {
    i32::try_from(count).map_or_else(|_| Bson::Int64(i64::try_from(count).unwrap_or(i64::MAX)), Bson::Int32)
}

fn size(_: &'static str, values: Vec<Value>) -> Result<Value> {
    match &values[0] {
        Some(Bson::Array(items)) => Ok(Some(int(items.len()))),
        value => {
            let found = type_of(value);
            Err(at_location(
                17124,
                format!("The argument to $size must be an array, but was of type: {found}"),
            ))
        }
    }
}

fn is_array(_: &'static str, values: Vec<Value>) -> Result<Value> {
    Ok(Some(Bson::Boolean(matches!(values[0], Some(Bson::Array(_))))))
}

/// The position counted from the end where it is negative.
fn resolve(index: i64, length: usize) -> Option<usize> {
    let length = i64::try_from(length).ok()?;
    let at = if index < 0 { index + length } else { index };
    usize::try_from(at).ok().filter(|_| at < length)
}

fn small_integer(value: &Value) -> Option<i64> {
    number_of(value)?.as_exact_i64().filter(|whole| i32::try_from(*whole).is_ok())
}

fn element_at(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    if is_nullish(&values[0]) || is_nullish(&values[1]) {
        return Ok(Some(Bson::Null));
    }
    let Some(Bson::Array(items)) = &mut values[0] else {
        let found = type_of(&values[0]);
        return Err(at_location(
            28689,
            format!("$arrayElemAt's first argument must be an array, but is {found}"),
        ));
    };
    let items = std::mem::take(items);
    if number_of(&values[1]).is_none() {
        let found = type_of(&values[1]);
        return Err(at_location(
            28690,
            format!("$arrayElemAt's second argument must be a numeric value, but is {found}"),
        ));
    }
    let index = small_integer(&values[1]).ok_or_else(|| {
        let found = number_of(&values[1]).map_or(f64::NAN, crate::value::Number::to_f64);
        let found = crate::value::show_brief_double(found);
        at_location(
            28691,
            format!("$arrayElemAt's second argument must be representable as a 32-bit integer: {found}"),
        )
    })?;
    Ok(resolve(index, items.len()).and_then(|at| items.into_iter().nth(at)))
}

fn end_element(name: &'static str, mut values: Vec<Value>) -> Result<Value> {
    match values[0].take() {
        Some(Bson::Array(mut items)) => Ok(match name {
            "$first" if items.is_empty() => None,
            "$first" => Some(items.swap_remove(0)),
            _ => items.pop(),
        }),
        value if is_nullish(&value) => Ok(Some(Bson::Null)),
        value => {
            Err(at_location(28689, format!("{name}'s argument must be an array, but is {}", type_of(&value))))
        }
    }
}

fn slice(_: &'static str, values: Vec<Value>) -> Result<Value> {
    if values.iter().any(is_nullish) {
        return Ok(Some(Bson::Null));
    }
    let Some(Bson::Array(items)) = &values[0] else {
        let found = type_of(&values[0]);
        return Err(at_location(
            28724,
            format!("First argument to $slice must be an array, but is of type: {found}"),
        ));
    };
    let whole = |at: usize, which: &str, codes: (i32, i32)| {
        let value = &values[at];
        if number_of(value).is_none() {
            let found = type_of(value);
            return Err(at_location(
                codes.0,
                format!("{which} argument to $slice must be a numeric value, but is of type: {found}"),
            ));
        }
        small_integer(value).ok_or_else(|| {
            let found = shown(value);
            at_location(
                codes.1,
                format!("{which} argument to $slice can't be represented as a 32-bit integer: {found}"),
            )
        })
    };
    let second = whole(1, "Second", (28725, 28726))?;
    let length = items.len();
    let distance = |number: i64| usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX).min(length);
    let (start, count) = if values.len() == 3 {
        let count = whole(2, "Third", (28727, 28728))?;
        if count <= 0 {
            return Err(at_location(28729, format!("Third argument to $slice must be positive: {count}")));
        }
        (if second < 0 { length - distance(second) } else { distance(second) }, distance(count))
    } else if second < 0 {
        (length - distance(second), distance(second))
    } else {
        (0, distance(second))
    };
    Ok(Some(Bson::Array(items.iter().skip(start).take(count).cloned().collect())))
}

fn concat(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut joined = Vec::new();
    for value in values {
        match value {
            Some(Bson::Array(items)) => joined.extend(items),
            value if is_nullish(&value) => return Ok(Some(Bson::Null)),
            value => {
                return Err(at_location(
                    28664,
                    format!("$concatArrays only supports arrays, not {}", type_of(&value)),
                ));
            }
        }
    }
    Ok(Some(Bson::Array(joined)))
}

fn contains(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(Bson::Array(items)) = &values[1] else {
        let found = type_of(&values[1]);
        return Err(at_location(
            40081,
            format!("$in requires an array as a second argument, found: {found}"),
        ));
    };
    let found = values[0].as_ref().is_some_and(|wanted| items.iter().any(|item| equal_bson(item, wanted)));
    Ok(Some(Bson::Boolean(found)))
}

fn index_of(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let items = match &values[0] {
        Some(Bson::Array(items)) => items,
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let found = type_of(value);
            return Err(at_location(
                40090,
                format!("$indexOfArray requires an array as a first argument, found: {found}"),
            ));
        }
    };
    let start = position(name, values.get(2), "starting")?.unwrap_or(0);
    let end = position(name, values.get(3), "ending")?.unwrap_or(items.len());
    let found = values[1]
        .as_ref()
        .and_then(|wanted| (start..end.min(items.len())).find(|at| equal_bson(&items[*at], wanted)));
    Ok(Some(found.map_or(Bson::Int32(-1), int)))
}

fn range(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let whole = |at: usize, which: &str, codes: (i32, i32)| -> Result<i64> {
        let value = &values[at];
        if number_of(value).is_none() {
            let found = type_of(value);
            return Err(at_location(
                codes.0,
                format!("$range requires a numeric {which} value, found value of type: {found}"),
            ));
        }
        small_integer(value).ok_or_else(|| {
            let found = shown(value);
            at_location(codes.1, format!("$range requires a {which} value that can be represented as a 32-bit integer, found value: {found}"))
        })
    };
    let start = whole(0, "starting", (34443, 34444))?;
    let end = whole(1, "ending", (34445, 34446))?;
    let step = if values.len() == 3 { whole(2, "step", (34447, 34448))? } else { 1 };
    if step == 0 {
        return Err(at_location(34449, "$range requires a non-zero step value"));
    }
    /// How many numbers a range may hold: what fits the server's limit of 64 MB for one.
    const MOST: i64 = 4_000_000;
    if (end - start) / step > MOST {
        return Err(crate::refusal::refuse(
            146,
            "ExceededMemoryLimit",
            "$range would use too much memory (more than 67108864 bytes)",
        ));
    }
    let mut items = Vec::new();
    let mut at = start;
    while if step > 0 { at < end } else { at > end } {
        items.push(i32::try_from(at).map_or(Bson::Int64(at), Bson::Int32));
        at += step;
    }
    Ok(Some(Bson::Array(items)))
}

fn reverse(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    match values[0].take() {
        Some(Bson::Array(mut items)) => {
            items.reverse();
            Ok(Some(Bson::Array(items)))
        }
        value if is_nullish(&value) => Ok(Some(Bson::Null)),
        value => {
            let found = type_of(&value);
            Err(at_location(
                34435,
                format!("The argument to $reverseArray must be an array, but was of type: {found}"),
            ))
        }
    }
}

/// The `n` of `$firstN` and its kin.
pub(super) fn checked_count(value: &Value) -> Result<usize> {
    let refuse = |code, message: String| -> Refusal { at_location(code, message) };
    if number_of(value).is_none() {
        return Err(refuse(
            5_787_902,
            format!("Value for 'n' must be of integral type, but found {}", shown(value)),
        ));
    }
    let whole = number_of(value).and_then(|number| number.as_exact_i64()).ok_or_else(|| {
        refuse(5_787_903, format!("Value for 'n' must be of integral type, but found {}", shown(value)))
    })?;
    usize::try_from(whole)
        .ok()
        .filter(|count| *count > 0)
        .ok_or_else(|| refuse(5_787_908, format!("'n' must be greater than 0, found {whole}")))
}

fn select(name: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let count = checked_count(&values[0])?;
    let Some(Bson::Array(mut items)) = values[1].take() else {
        return Err(at_location(5_788_200, "Input must be an array"));
    };
    match name {
        "$lastN" => {
            let skip = items.len().saturating_sub(count);
            items.drain(..skip);
        }
        "$minN" | "$maxN" => {
            items.retain(|item| !matches!(item, Bson::Null | Bson::Undefined));
            items.sort_by(compare_bson);
            if name == "$maxN" {
                items.reverse();
            }
        }
        _ => {}
    }
    items.truncate(count);
    Ok(Some(Bson::Array(items)))
}
