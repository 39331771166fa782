//! `$add`, `$subtract`, `$multiply`, `$divide`, `$mod`.

use bson::Bson;
use dec::{Context, Decimal128 as Quad};

use super::table::{Arguments, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Refusal, Result, at_location, bad_value, refuse, type_mismatch};
use crate::value::{Number, decimal};

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$add", arguments: Arguments::Any, apply: add },
    Function { name: "$subtract", arguments: Arguments::Exactly(2), apply: subtract },
    Function { name: "$multiply", arguments: Arguments::Any, apply: multiply },
    Function { name: "$divide", arguments: Arguments::Exactly(2), apply: divide },
    Function { name: "$mod", arguments: Arguments::Exactly(2), apply: modulo },
];

/// The number that a result is.
pub(super) fn number_of(value: &Value) -> Option<Number> {
    value.as_ref().and_then(|value| Number::of(value.into()))
}

/// The integer that stands for a number where one is wanted.
pub(super) fn to_long(number: Number, value: &Value) -> Result<i64> {
    number.coerced().ok_or_else(|| {
        let (kind, shown) = match number {
            Number::Double(number) => ("value", crate::value::show_brief_double(number)),
            _ => ("decimal value", shown(value)),
        };
        at_location(31109, format!("Can't coerce out of range {kind} {shown} to long"))
    })
}

fn date_overflow() -> Refusal {
    refuse(15, "Overflow", "date overflow")
}

/// A number as whole milliseconds to add to a date, rounded as the server rounds.
fn as_millis(number: Number) -> Result<i64> {
    let whole = match number {
        Number::Double(number) => Number::Double(number.round()).truncated(),
        other => other.coerced(),
    };
    whole.ok_or_else(date_overflow)
}

fn later(date: i64, number: Number) -> Result<i64> {
    date.checked_add(as_millis(number)?).ok_or_else(date_overflow)
}

fn add(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut sum = Number::Int32(0);
    let mut date: Option<i64> = None;
    if let Some(bad) = values
        .iter()
        .take_while(|value| !is_nullish(value))
        .find(|value| number_of(value).is_none() && !matches!(value, Some(Bson::DateTime(_))))
    {
        return Err(type_mismatch(format!("$add only supports numeric or date types, not {}", type_of(bad))));
    }
    for value in &values {
        match value {
            Some(Bson::DateTime(_)) if date.is_some() => {
                return Err(at_location(16612, "only one date allowed in an $add expression"));
            }
            Some(Bson::DateTime(when)) => date = Some(later(when.timestamp_millis(), sum)?),
            value => match (number_of(value), date) {
                // What stands before the date is rounded once, what stands behind it one by one.
                (Some(number), Some(sofar)) => date = Some(later(sofar, number)?),
                (Some(number), None) => sum = sum.add(number),
                (None, _) => return Ok(Some(Bson::Null)),
            },
        }
    }
    Ok(Some(date.map_or_else(|| sum.to_bson(), |date| Bson::DateTime(bson::DateTime::from_millis(date)))))
}

fn subtract(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [left, right] = values.as_slice() else { return Ok(None) };
    if is_nullish(left) || is_nullish(right) {
        return Ok(Some(Bson::Null));
    }
    let from = if matches!(left, Some(Bson::DateTime(_))) { "Date" } else { type_of(left) };
    let refuse = || type_mismatch(format!("can't $subtract {} from {from}", type_of(right)));
    match (left, right) {
        (Some(Bson::DateTime(left)), Some(Bson::DateTime(right))) => {
            let millis =
                left.timestamp_millis().checked_sub(right.timestamp_millis()).ok_or_else(date_overflow)?;
            Ok(Some(Bson::Int64(millis)))
        }
        (Some(Bson::DateTime(left)), right) => {
            let number = number_of(right).ok_or_else(refuse)?;
            let millis = left.timestamp_millis().checked_sub(as_millis(number)?).ok_or_else(date_overflow)?;
            Ok(Some(Bson::DateTime(bson::DateTime::from_millis(millis))))
        }
        (left, right) => {
            let (Some(left), Some(right)) = (number_of(left), number_of(right)) else { return Err(refuse()) };
            Ok(Some(left.subtract(right).to_bson()))
        }
    }
}

fn multiply(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut product = Number::Int32(1);
    for value in &values {
        if is_nullish(value) {
            return Ok(Some(Bson::Null));
        }
        let number = number_of(value).ok_or_else(|| {
            type_mismatch(format!("$multiply only supports numeric types, not {}", type_of(value)))
        })?;
        product = product.multiply(number);
    }
    Ok(Some(product.to_bson()))
}

fn two_numbers(
    values: &[Value],
    refuse: impl Fn(&Value, &Value) -> Refusal,
) -> Result<Option<(Number, Number)>> {
    let [left, right] = values else { return Ok(None) };
    match (number_of(left), number_of(right)) {
        (Some(left), Some(right)) => Ok(Some((left, right))),
        _ if is_nullish(left) || is_nullish(right) => Ok(None),
        _ => Err(refuse(left, right)),
    }
}

fn divide(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let numbers = two_numbers(&values, |left, right| {
        type_mismatch(format!(
            "$divide only supports numeric types, not {} and {}",
            type_of(left),
            type_of(right)
        ))
    })?;
    let Some((left, right)) = numbers else { return Ok(Some(Bson::Null)) };
    if right.is_zero() {
        return Err(bad_value("can't $divide by zero"));
    }
    if matches!(left, Number::Decimal(_)) || matches!(right, Number::Decimal(_)) {
        let quotient = decimal::combine(left.to_quad(), right.to_quad(), Context::<Quad>::div);
        return Ok(Some(Bson::Decimal128(decimal::decimal(quotient))));
    }
    Ok(Some(Bson::Double(left.to_f64() / right.to_f64())))
}

fn modulo(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let numbers = two_numbers(&values, |left, right| {
        at_location(
            16611,
            format!("$mod only supports numeric types, not {} and {}", type_of(left), type_of(right)),
        )
    })?;
    let Some((left, right)) = numbers else { return Ok(Some(Bson::Null)) };
    if right.is_zero() {
        let exact = matches!(left, Number::Decimal(_)) || matches!(right, Number::Decimal(_));
        return Err(at_location(if exact { 5_733_415 } else { 16610 }, "can't $mod by zero"));
    }
    Ok(Some(match (left, right) {
        (Number::Decimal(_), _) | (_, Number::Decimal(_)) => {
            let remainder = decimal::combine(left.to_quad(), right.to_quad(), Context::<Quad>::rem);
            Bson::Decimal128(decimal::decimal(remainder))
        }
        (Number::Double(_), _) | (_, Number::Double(_)) => Bson::Double(left.to_f64() % right.to_f64()),
        (left, right) => {
            let (Some(whole), Some(divisor)) = (left.as_exact_i64(), right.as_exact_i64()) else {
                return Ok(None);
            };
            let remainder = whole.wrapping_rem(divisor);
            match (left, right, i32::try_from(remainder)) {
                (Number::Int32(_), Number::Int32(_), Ok(small)) => Bson::Int32(small),
                _ => Bson::Int64(remainder),
            }
        }
    }))
}
