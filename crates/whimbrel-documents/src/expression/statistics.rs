//! `$sum`, `$avg`, `$min`, `$max` and deviations over the arguments of an expression.

use bson::Bson;

use super::Value;
use super::accumulator::AccumulatorState;
use super::table::{Arguments, Function};
use crate::refusal::Result;

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$sum", arguments: Arguments::Any, apply: over_arguments },
    Function { name: "$avg", arguments: Arguments::Any, apply: over_arguments },
    Function { name: "$min", arguments: Arguments::Any, apply: over_arguments },
    Function { name: "$max", arguments: Arguments::Any, apply: over_arguments },
    Function { name: "$stdDevPop", arguments: Arguments::Any, apply: over_arguments },
    Function { name: "$stdDevSamp", arguments: Arguments::Any, apply: over_arguments },
];

/// Feeds an accumulator with the arguments, or with the elements of a single one that is an array.
fn over_arguments(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut state = AccumulatorState::simple(name);
    match <[Value; 1]>::try_from(values) {
        Ok([Some(Bson::Array(items))]) => {
            for item in items {
                state.add(Some(item))?;
            }
        }
        Ok([single]) => state.add(single)?,
        Err(values) => {
            for value in values {
                state.add(value)?;
            }
        }
    }
    Ok(Some(state.finish().unwrap_or(Bson::Null)))
}
