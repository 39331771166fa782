//! What an update does to one value.

use bson::{Bson, Document};

use super::apply::Context;
use super::arrays::{Pull, Push, add_to_set, pop};
use super::parse::show_field;
use super::path::{Step, UpdatePath};
use crate::matcher::exact_integer;
use crate::refusal::{Refusal, Result, bad_value, failed_to_parse, type_mismatch};
use crate::value::{Number, ValueRef, compare_bson, show, truncated_i64, type_name};

/// One operator with its argument.
#[derive(Clone, Debug)]
pub(super) enum Action {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    Increment(Number),
    Multiply(Number),
    Min(Bson),
    Max(Bson),
    CurrentDate { timestamp: bool },
    Rename { from: String, to: String },
    Push(Push),
    AddToSet(Vec<Bson>),
    Pop { first: bool },
    Pull(Pull),
    Bit(Vec<(BitOperation, Number)>),
}

/// A bitwise operation.
#[derive(Clone, Copy, Debug)]
pub(super) enum BitOperation {
    And,
    Or,
    Xor,
}

/// Where a value stands.
pub(super) struct Slot<'s> {
    pub(super) value: Option<&'s Bson>,
    /// The whole path.
    pub(super) path: &'s str,
    /// Its last name.
    pub(super) name: &'s str,
}

/// What becomes of a value.
pub(super) enum Outcome {
    Same,
    Value(Bson),
    Gone,
}

impl Action {
    /// Parses the argument of an operator.
    pub(super) fn parse(operator: &str, path: &UpdatePath, argument: &Bson) -> Result<Self> {
        let number = |verb: &str| {
            Number::of(argument.into()).ok_or_else(|| {
                let field = show_field(&path.text, argument.into());
                type_mismatch(format!("Cannot {verb} with non-numeric argument: {field}"))
            })
        };
        Ok(match operator {
            "$set" => Action::Set(argument.clone()),
            "$setOnInsert" => Action::SetOnInsert(argument.clone()),
            "$unset" => Action::Unset,
            "$inc" => Action::Increment(number("increment")?),
            "$mul" => Action::Multiply(number("multiply")?),
            "$min" => Action::Min(argument.clone()),
            "$max" => Action::Max(argument.clone()),
            "$currentDate" => Action::CurrentDate { timestamp: parse_current_date(argument)? },
            "$rename" => parse_rename(path, argument)?,
            "$push" => Action::Push(Push::parse(argument)?),
            "$addToSet" => Action::AddToSet(parse_add_to_set(argument)?),
            "$pop" => Action::Pop { first: parse_pop(path, argument)? },
            "$pull" => Action::Pull(Pull::parse(argument)?),
            "$pullAll" => match argument {
                Bson::Array(values) => Action::Pull(Pull::Values(values.clone())),
                other => {
                    let found = type_name(other.into());
                    return Err(bad_value(format!(
                        "$pullAll requires an array argument but was given a {found}"
                    )));
                }
            },
            _ => Action::Bit(parse_bit(argument)?),
        })
    }

    /// Whether it makes a value where there is none.
    pub(super) fn creates(&self, context: &Context<'_>) -> bool {
        match self {
            Action::Unset | Action::Pop { .. } | Action::Pull(_) | Action::Rename { .. } => false,
            Action::SetOnInsert(_) => context.inserting,
            _ => true,
        }
    }

    /// Whether a path that cannot be followed is refused rather than passed over.
    pub(super) fn needs_viable_path(&self) -> bool {
        matches!(self, Action::Pop { .. } | Action::Pull(_))
    }

    /// What becomes of a value.
    pub(super) fn apply(&self, slot: Slot<'_>, context: &Context<'_>) -> Result<Outcome> {
        let set = |value: &Bson| match slot.value {
            Some(known) if identical(known, value) => Outcome::Same,
            _ => Outcome::Value(value.clone()),
        };
        let better = |value: &Bson, wanted: std::cmp::Ordering| match slot.value {
            Some(known) if compare_bson(value, known) != wanted => Outcome::Same,
            _ => Outcome::Value(value.clone()),
        };
        Ok(match self {
            Action::Set(value) => set(value),
            Action::SetOnInsert(value) if context.inserting => set(value),
            Action::SetOnInsert(_) | Action::Rename { .. } => Outcome::Same,
            Action::Unset => slot.value.map_or(Outcome::Same, |_| Outcome::Gone),
            Action::Increment(by) => {
                let known = current_number(&slot, "$inc", context)?;
                let sum = known.map_or(Some(*by), |known| known.add_strictly(*by));
                computed(&slot, sum.ok_or_else(|| overflow(&slot, "$inc", context))?)
            }
            Action::Multiply(by) => {
                let known = current_number(&slot, "$mul", context)?;
                let product = known.unwrap_or(Number::Int32(0)).multiply_strictly(*by);
                computed(&slot, product.ok_or_else(|| overflow(&slot, "$mul", context))?)
            }
            Action::Min(value) => better(value, std::cmp::Ordering::Less),
            Action::Max(value) => better(value, std::cmp::Ordering::Greater),
            Action::CurrentDate { timestamp } => Outcome::Value(now(*timestamp)),
            Action::Push(push) if push.always_changes(&slot) => Outcome::Value(push.apply(&slot, context)?),
            Action::Push(push) => changed(&slot, push.apply(&slot, context)?),
            Action::AddToSet(values) => changed(&slot, add_to_set(values, &slot)?),
            Action::Pop { first } => pop(*first, &slot)?.map_or(Outcome::Same, Outcome::Value),
            Action::Pull(pull) => pull.apply(&slot)?.map_or(Outcome::Same, Outcome::Value),
            Action::Bit(operations) => set(&apply_bits(operations, &slot, context)?),
        })
    }
}

/// A number in place of another: the same one only where the type is the same too, and never where it is none.
fn computed(slot: &Slot<'_>, number: Number) -> Outcome {
    let value = number.to_bson();
    match slot.value {
        Some(known)
            if known.element_type() == value.element_type()
                && !number.is_nan()
                && compare_bson(known, &value).is_eq() =>
        {
            Outcome::Same
        }
        _ => Outcome::Value(value),
    }
}

fn changed(slot: &Slot<'_>, value: Bson) -> Outcome {
    match slot.value {
        Some(known) if identical(known, &value) => Outcome::Same,
        _ => Outcome::Value(value),
    }
}

fn now(timestamp: bool) -> Bson {
    let date = bson::DateTime::now();
    if !timestamp {
        return Bson::DateTime(date);
    }
    let time = u32::try_from(date.timestamp_millis() / 1000).unwrap_or(u32::MAX);
    Bson::Timestamp(bson::Timestamp { time, increment: 1 })
}

/// The `_id` as messages show it.
fn shown_id(context: &Context<'_>) -> String {
    context.id.as_ref().map_or_else(|| "no id".to_owned(), |id| format!("_id: {}", show(id.into())))
}

fn current_number(slot: &Slot<'_>, operator: &str, context: &Context<'_>) -> Result<Option<Number>> {
    let Some(value) = slot.value else { return Ok(None) };
    Number::of(value.into()).map(Some).ok_or_else(|| {
        let (id, name, found) = (shown_id(context), slot.name, type_name(value.into()));
        type_mismatch(format!(
            "Cannot apply {operator} to a value of non-numeric type. {{{id}}} has the field '{name}' of non-numeric type {found}"
        ))
    })
}

fn overflow(slot: &Slot<'_>, operator: &str, context: &Context<'_>) -> Refusal {
    let shown = match slot.value {
        Some(Bson::Int32(number)) => format!("(NumberInt){number}"),
        Some(Bson::Int64(number)) => format!("(NumberLong){number}"),
        other => other.map_or_else(String::new, |value| show(value.into())),
    };
    bad_value(format!(
        "Failed to apply {operator} operations to current value ({shown}) for document {{{}}}",
        shown_id(context)
    ))
}

/// Whether two values are the same to the last bit, types and order of fields included.
pub(super) fn identical(left: &Bson, right: &Bson) -> bool {
    match (left, right) {
        (Bson::Document(left), Bson::Document(right)) => identical_documents(left, right),
        (Bson::Array(left), Bson::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| identical(left, right))
        }
        (Bson::Double(left), Bson::Double(right)) => left.to_bits() == right.to_bits(),
        (left, right) => left == right,
    }
}

/// Whether two documents have the same fields in the same order.
pub(super) fn identical_documents(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|((name, left), (other, right))| name == other && identical(left, right))
}

fn parse_current_date(argument: &Bson) -> Result<bool> {
    let wrong_kind = || {
        bad_value(
            "The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {field : {$type: 'date'}}}",
        )
    };
    match argument {
        Bson::Boolean(_) => Ok(false),
        Bson::Document(options) => {
            if let Some(key) = options.keys().find(|key| *key != "$type") {
                return Err(bad_value(format!("Unrecognized $currentDate option: {key}")));
            }
            match options.get("$type") {
                Some(Bson::String(kind)) if kind == "date" => Ok(false),
                Some(Bson::String(kind)) if kind == "timestamp" => Ok(true),
                _ => Err(wrong_kind()),
            }
        }
        other => Err(bad_value(format!(
            "{} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({{$type: 'timestamp/date'}}).",
            type_name(other.into())
        ))),
    }
}

fn parse_rename(path: &UpdatePath, argument: &Bson) -> Result<Action> {
    let shown = format!("{}: {}", path.text, show(argument.into()));
    let Bson::String(target) = argument else {
        return Err(bad_value(format!("The 'to' field for $rename must be a string: {shown}")));
    };
    let to = UpdatePath::parse(target)?;
    for (which, side) in [("source", path), ("destination", &to)] {
        if side.steps.iter().any(|step| !matches!(step, Step::Name(_))) {
            return Err(bad_value(format!(
                "The {which} field for $rename may not be dynamic: {}",
                side.text
            )));
        }
    }
    if path.text == to.text {
        return Err(bad_value(format!("The source and target field for $rename must differ: {shown}")));
    }
    if path.conflict(&to).is_some() {
        return Err(bad_value(format!(
            "The source and target field for $rename must not be on the same path: {shown}"
        )));
    }
    Ok(Action::Rename { from: path.text.clone(), to: target.clone() })
}

fn parse_add_to_set(argument: &Bson) -> Result<Vec<Bson>> {
    let Bson::Document(document) = argument else { return Ok(vec![argument.clone()]) };
    if document.keys().next().is_none_or(|key| key != "$each") {
        return Ok(vec![argument.clone()]);
    }
    if document.len() > 1 {
        return Err(bad_value(format!(
            "Found unexpected fields after $each in $addToSet: {}",
            show(argument.into())
        )));
    }
    match document.get("$each") {
        Some(Bson::Array(values)) => Ok(values.clone()),
        other => {
            let found = other.map_or("missing", |value| type_name(value.into()));
            Err(type_mismatch(format!(
                "The argument to $each in $addToSet must be an array but it was of type {found}"
            )))
        }
    }
}

fn parse_pop(path: &UpdatePath, argument: &Bson) -> Result<bool> {
    let shown = format!("{}: {}", path.text, show(argument.into()));
    match exact_integer(argument.into(), &shown).map_err(failed_to_parse)? {
        1 => Ok(false),
        -1 => Ok(true),
        other => Err(failed_to_parse(format!("$pop expects 1 or -1, found: {other}"))),
    }
}

fn parse_bit(argument: &Bson) -> Result<Vec<(BitOperation, Number)>> {
    let Bson::Document(operations) = argument else {
        return Err(bad_value(format!(
            "The $bit modifier is not compatible with a {}. You must pass in an embedded document: {{$bit: {{field: {{and/or/xor: #}}}}",
            type_name(argument.into())
        )));
    };
    if operations.is_empty() {
        return Err(bad_value(
            "You must pass in at least one bitwise operation. The format is: {$bit: {field: {and/or/xor: #}}",
        ));
    }
    let parse = |(name, value): (&String, &Bson)| {
        let operation = match name.as_str() {
            "and" => BitOperation::And,
            "or" => BitOperation::Or,
            "xor" => BitOperation::Xor,
            _ => {
                return Err(bad_value(format!(
                    "The $bit modifier only supports 'and', 'or', and 'xor', not '{name}' which is an unknown operator: {}",
                    show_field(name, value.into())
                )));
            }
        };
        match Number::of(value.into()) {
            Some(number @ (Number::Int32(_) | Number::Int64(_))) => Ok((operation, number)),
            _ => Err(bad_value(format!(
                "The $bit modifier field must be an Integer(32/64 bit); a '{}' is not supported here: {}",
                type_name(value.into()),
                show_field(name, value.into())
            ))),
        }
    };
    operations.iter().map(parse).collect()
}

fn apply_bits(operations: &[(BitOperation, Number)], slot: &Slot<'_>, context: &Context<'_>) -> Result<Bson> {
    let mut current = match slot.value {
        None => Number::Int32(0),
        Some(value) => match Number::of(ValueRef::from(value)) {
            Some(number @ (Number::Int32(_) | Number::Int64(_))) => number,
            _ => {
                let found = type_name(value.into());
                return Err(bad_value(format!(
                    "Cannot apply $bit to a value of non-integral type.{} has the field {} of non-integer type {found}",
                    shown_id(context),
                    slot.name
                )));
            }
        },
    };
    for (operation, by) in operations {
        let (left, right) = (integer(current), integer(*by));
        let result = match operation {
            BitOperation::And => left & right,
            BitOperation::Or => left | right,
            BitOperation::Xor => left ^ right,
        };
        current = match (current, by, i32::try_from(result)) {
            (Number::Int32(_), Number::Int32(_), Ok(small)) => Number::Int32(small),
            _ => Number::Int64(result),
        };
    }
    Ok(current.to_bson())
}

fn integer(number: Number) -> i64 {
    truncated_i64((&number.to_bson()).into()).unwrap_or(0)
}
