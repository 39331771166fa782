//! The functions that expressions call: name, arguments, and what they compute.

use super::{
    Value, arithmetic, array, boolean, convert, date, date_parts, date_text, math, object, pattern, set,
    statistics, string,
};
use crate::refusal::Result;

/// A function of evaluated arguments.
#[derive(Debug)]
pub(crate) struct Function {
    pub(super) name: &'static str,
    pub(super) arguments: Arguments,
    pub(super) apply: fn(&'static str, Vec<Value>) -> Result<Value>,
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
