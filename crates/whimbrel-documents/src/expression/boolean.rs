//! Comparison and negation.

use std::cmp::Ordering;

use bson::Bson;

use super::table::{Arguments, Function};
use super::{Value, is_true};
use crate::refusal::Result;
use crate::value::{canonical_rank, compare_bson};

const TWO: Arguments = Arguments::Exactly(2);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$eq", arguments: TWO, apply: comparison },
    Function { name: "$ne", arguments: TWO, apply: comparison },
    Function { name: "$gt", arguments: TWO, apply: comparison },
    Function { name: "$gte", arguments: TWO, apply: comparison },
    Function { name: "$lt", arguments: TWO, apply: comparison },
    Function { name: "$lte", arguments: TWO, apply: comparison },
    Function { name: "$cmp", arguments: TWO, apply: comparison },
    Function { name: "$not", arguments: Arguments::Exactly(1), apply: negation },
];

/// Compares two results: a missing one stands before everything but the least key.
pub(super) fn compare_values(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) => compare_bson(left, right),
        (None, None) => Ordering::Equal,
        (None, Some(right)) => 0.cmp(&canonical_rank(right.into())),
        (Some(left), None) => canonical_rank(left.into()).cmp(&0),
    }
}

fn comparison(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [left, right] = values.as_slice() else { return Ok(None) };
    let order = compare_values(left, right);
    Ok(Some(Bson::Boolean(match name {
        "$eq" => order.is_eq(),
        "$ne" => order.is_ne(),
        "$gt" => order.is_gt(),
        "$gte" => order.is_ge(),
        "$lt" => order.is_lt(),
        "$lte" => order.is_le(),
        _ => return Ok(Some(Bson::Int32(order as i32))),
    })))
}

fn negation(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let value = values.first().and_then(Option::as_ref);
    Ok(Some(Bson::Boolean(!is_true(value))))
}
