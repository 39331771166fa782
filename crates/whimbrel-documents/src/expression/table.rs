//! The functions that expressions call: name, arguments, and what they compute.

use super::{
    Value, arithmetic, array, boolean, convert, date, date_parts, date_text, is_nullish, math, object,
    pattern, set, statistics, string,
};
use bson::Bson;

use crate::refusal::{Refusal, Result};

/// A function of evaluated arguments.
#[derive(Debug)]
pub(crate) struct Function {
    pub(super) name: &'static str,
    pub(super) arguments: Arguments,
    pub(super) apply: fn(&'static str, Vec<Value>) -> Result<Value>,
}

impl Function {
    /// Whether the server evaluates the last argument first: of two that are refused it decides which is told.
    pub(super) fn evaluates_last_first(&self) -> bool {
        const NAMES: [&str; 10] =
            ["$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$cmp", "$subtract", "$divide", "$mod"];
        NAMES.contains(&self.name)
    }

    /// The result where evaluating one of the arguments was refused: some functions look at each argument before they
    /// evaluate the next, and are done with the first null or the first wrong type.
    pub(super) fn after_refusal(&self, before: Vec<Value>, refusal: Refusal) -> Result<Value> {
        const SEQUENTIAL: [&str; 7] =
            ["$add", "$multiply", "$concat", "$concatArrays", "$setUnion", "$setIntersection", "$setEquals"];
        const FIRST_DECIDES: [&str; 6] =
            ["$indexOfArray", "$indexOfCP", "$indexOfBytes", "$round", "$trunc", "$log"];
        if before.len() == 1 && FIRST_DECIDES.contains(&self.name) {
            if is_nullish(&before[0]) {
                return Ok(Some(Bson::Null));
            }
            // The first argument alone may be refused before the second is evaluated.
            let second = if self.name.ends_with('P') || self.name.ends_with("Bytes") {
                Bson::String(String::new())
            } else {
                Bson::Null
            };
            let first = before.into_iter().chain([Some(second)]).collect();
            return Err((self.apply)(self.name, first).err().unwrap_or(refusal));
        }
        if before.len() == 2 && self.name == "$setField" {
            // What is put into no document, or into something else, is not evaluated.
            let stated = before.into_iter().chain([Some(Bson::Null)]).collect();
            return match (self.apply)(self.name, stated)? {
                Some(Bson::Null) => Ok(Some(Bson::Null)),
                _ => Err(refusal),
            };
        }
        if before.is_empty() || !SEQUENTIAL.contains(&self.name) {
            return Err(refusal);
        }
        match (self.apply)(self.name, before)? {
            Some(Bson::Null) => Ok(Some(Bson::Null)),
            _ => Err(refusal),
        }
    }

    /// Whether a call of constants is computed before there is a document, and the constants among its arguments are.
    pub(super) fn folds(&self) -> bool {
        !matches!(self.name, "$firstN" | "$lastN" | "$minN" | "$maxN" | "$setField" | "$unsetField")
    }

    /// Whether some of its arguments need not be stated.
    pub(super) fn has_options(&self) -> bool {
        match self.arguments {
            Arguments::Named(names, _) | Arguments::NamedOrPlain(names, _) => {
                names.iter().any(|(_, required)| !required)
            }
            _ => false,
        }
    }
}

/// How a function takes its arguments.
#[derive(Debug)]
pub(super) enum Arguments {
    Exactly(usize),
    Between(usize, usize),
    Any,
    /// A document of these names; the flags say which have to be there.
    Named(&'static [(&'static str, bool)], Codes),
    /// A document of these names, or one plain argument for the first.
    NamedOrPlain(&'static [(&'static str, bool)], Codes),
}

/// The codes of a function that takes named arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Codes {
    pub(super) not_object: i32,
    pub(super) unknown: i32,
    pub(super) missing: i32,
}

/// All functions, by family.
const FAMILIES: [&[Function]; 14] = [
    arithmetic::FUNCTIONS,
    math::FUNCTIONS,
    boolean::FUNCTIONS,
    string::FUNCTIONS,
    pattern::FUNCTIONS,
    array::FUNCTIONS,
    set::FUNCTIONS,
    object::FUNCTIONS,
    convert::FUNCTIONS,
    date::FUNCTIONS,
    date_parts::FUNCTIONS,
    date_text::FUNCTIONS,
    statistics::FUNCTIONS,
    array::SELECTIONS,
];

/// Finds a function.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    FAMILIES.iter().flat_map(|family| family.iter()).find(|function| function.name == name)
}
