//! `$type`: sets of BSON types.

use bson::Bson;

use crate::refusal::{Result, bad_value, failed_to_parse, type_mismatch};
use crate::value::{Number, ValueRef, show, type_number};

/// The types that a value may have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TypeSet {
    numbers: Vec<i32>,
}

/// The names of types and their numbers.
const NAMES: [(&str, i32); 21] = [
    ("double", 1),
    ("string", 2),
    ("object", 3),
    ("array", 4),
    ("binData", 5),
    ("undefined", 6),
    ("objectId", 7),
    ("bool", 8),
    ("date", 9),
    ("null", 10),
    ("regex", 11),
    ("dbPointer", 12),
    ("javascript", 13),
    ("symbol", 14),
    ("javascriptWithScope", 15),
    ("int", 16),
    ("timestamp", 17),
    ("long", 18),
    ("decimal", 19),
    ("minKey", -1),
    ("maxKey", 127),
];

/// The types that the alias `number` stands for.
pub(super) const NUMERIC: [i32; 4] = [1, 16, 18, 19];

impl TypeSet {
    /// Reads the argument of `$type`, or of a schema's `bsonType`, which stands at `path`.
    pub(super) fn parse(path: &str, argument: &Bson) -> Result<Self> {
        let mut numbers = Vec::new();
        match argument {
            Bson::Array(items) => {
                for item in items {
                    add_type(&mut numbers, item)?;
                }
            }
            single => add_type(&mut numbers, single)?,
        }
        if numbers.is_empty() {
            return Err(failed_to_parse(format!("{path} must match at least one type")));
        }
        Ok(TypeSet { numbers })
    }

    /// Reads the name of one type, as schemas do.
    pub(super) fn parse_name(name: &str) -> Result<Vec<i32>> {
        let mut numbers = Vec::new();
        add_type(&mut numbers, &Bson::String(name.to_owned()))?;
        Ok(numbers)
    }

    /// The set of these numbers.
    pub(super) fn of(numbers: Vec<i32>) -> Self {
        TypeSet { numbers }
    }

    /// Whether one of the types is among these, by their numbers.
    pub(super) fn meets(&self, numbers: &[i32]) -> bool {
        self.numbers.iter().any(|number| numbers.contains(number))
    }

    /// Whether a value has one of the types.
    pub(crate) fn contains(&self, value: ValueRef<'_>) -> bool {
        self.numbers.contains(&type_number(value))
    }
}

fn add_type(numbers: &mut Vec<i32>, argument: &Bson) -> Result<()> {
    let value = ValueRef::from(argument);
    if let Bson::String(name) = argument {
        if name == "number" {
            numbers.extend(NUMERIC);
            return Ok(());
        }
        let known = NAMES.iter().find(|(known, _)| known == name);
        let (_, number) = known.ok_or_else(|| bad_value(format!("Unknown type name alias: {name}")))?;
        numbers.push(*number);
        return Ok(());
    }
    let Some(number) = Number::of(value) else {
        return Err(type_mismatch("type must be represented as a number or a string"));
    };
    if number.is_zero() {
        return Err(bad_value("Invalid numerical type code: 0. Instead use {$exists:false}."));
    }
    let whole = number.as_exact_i64().and_then(|whole| i32::try_from(whole).ok());
    match whole.filter(|whole| NAMES.iter().any(|(_, known)| known == whole)) {
        Some(whole) => numbers.push(whole),
        None => return Err(bad_value(format!("Invalid numerical type code: {}", show(value)))),
    }
    Ok(())
}
