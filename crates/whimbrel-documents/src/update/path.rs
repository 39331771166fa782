//! The paths of updates, with their array operators.

use std::cmp::Ordering;

use crate::refusal::{Result, bad_value, refuse};

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UpdatePath {
    pub(super) text: String,
    pub(super) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Name(String),
    /// `$`: the element that the filter matched.
    Matched,
    /// `$[]`: every element.
    Every,
    /// `$[id]`: the elements that an array filter passes.
    Filtered(String),
}

impl UpdatePath {
    /// Splits a path into its steps.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(refuse(56, "EmptyFieldName", "An empty update path is not valid."));
        }
        let mut steps = Vec::new();
        for name in text.split('.') {
            if name.is_empty() {
                return Err(refuse(
                    56,
                    "EmptyFieldName",
                    format!("The update path '{text}' contains an empty field name, which is not allowed."),
                ));
            }
            steps.push(step(name));
        }
        match &steps[0] {
            Step::Name(_) => {}
            Step::Matched => {
                return Err(bad_value(format!(
                    "Cannot have positional (i.e. '$') element in the first position in path '{text}'"
                )));
            }
            _ => {
                return Err(bad_value(format!(
                    "Cannot have array filter identifier (i.e. '$[<id>]') element in the first position in path '{text}'"
                )));
            }
        }
        if steps.iter().filter(|step| **step == Step::Matched).count() > 1 {
            return Err(bad_value(format!("Too many positional (i.e. '$') elements found in path '{text}'")));
        }
        Ok(UpdatePath { text: text.to_owned(), steps })
    }

    /// The identifiers of the array filters that it uses.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().filter_map(|step| match step {
            Step::Filtered(identifier) => Some(identifier.as_str()),
            _ => None,
        })
    }

    /// The order in which changes are made: by name, numbers by value.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        for (left, right) in self.steps.iter().zip(&other.steps) {
            let order = match (left, right) {
                (Step::Name(left), Step::Name(right)) => match (left.parse::<u64>(), right.parse::<u64>()) {
                    (Ok(left), Ok(right)) => left.cmp(&right),
                    _ => left.cmp(right),
                },
                (left, right) => left.text().cmp(&right.text()),
            };
            if order != Ordering::Equal {
                return order;
            }
        }
        self.steps.len().cmp(&other.steps.len())
    }

    /// The path at which it conflicts with another, where one lies on the other's way.
    pub(super) fn conflict(&self, other: &Self) -> Option<String> {
        let shared = self.steps.iter().zip(&other.steps).take_while(|(left, right)| left == right).count();
        (shared == self.steps.len().min(other.steps.len()))
            .then(|| self.steps[..shared].iter().map(Step::text).collect::<Vec<_>>().join("."))
    }
}

impl Step {
    fn text(&self) -> String {
        match self {
            Step::Name(name) => name.clone(),
            Step::Matched => "$".to_owned(),
            Step::Every => "$[]".to_owned(),
            Step::Filtered(identifier) => format!("$[{identifier}]"),
        }
    }
}

fn step(name: &str) -> Step {
    match name {
        "$" => Step::Matched,
        "$[]" => Step::Every,
        _ => match name.strip_prefix("$[").and_then(|rest| rest.strip_suffix(']')) {
            Some(identifier) => Step::Filtered(identifier.to_owned()),
            None => Step::Name(name.to_owned()),
        },
    }
}
