//! Aggregation expressions: parsed once, then evaluated over documents.

mod accumulator;
mod arithmetic;
mod array;
mod boolean;
mod calendar;
mod convert;
mod date;
mod date_parts;
mod date_text;
mod form;
mod math;
mod object;
mod parse;
mod pattern;
mod set;
mod statistics;
mod statistics_state;
mod string;
mod table;
mod variable;

use bson::{Bson, Document};

pub(crate) use accumulator::{Accumulator, AccumulatorState};
pub(crate) use date_text::iso_text;
pub(crate) use parse::{Parser, check_variable_name, field_path};
pub(crate) use variable::Frame;

use crate::refusal::Result;
use crate::value::{DocRef, Number, ValueRef};
use form::Form;

/// The result of an expression: `None` is a missing value, which is not null.
pub(crate) type Value = Option<Bson>;

/// A parsed expression.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    node: Node,
}

/// One node of an expression.
#[derive(Clone, Debug)]
enum Node {
    Literal(Bson),
    /// An argument that was not given.
    Absent,
    /// A path from the document.
    Field(Vec<Box<str>>),
    Variable {
        name: Box<str>,
        path: Vec<Box<str>>,
    },
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
    Call {
        function: &'static table::Function,
        arguments: Vec<Node>,
    },
    Form(Box<Form>),
}

/// What an expression is evaluated in: the document, and variables.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'s> {
    root: DocRef<'s>,
    frame: Option<&'s Frame<'s>>,
}

impl Expression {
    /// Evaluates it over a document, with variables.
    ///
    /// # Errors
    /// What the operators refuse of the document's values.
    pub(crate) fn evaluate(&self, root: DocRef<'_>, frame: Option<&Frame<'_>>) -> Result<Value> {
        self.node.evaluate(&Scope { root, frame })
    }

    /// Evaluates it over a document.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub(crate) fn evaluate_on(&self, root: DocRef<'_>) -> Result<Value> {
        self.evaluate(root, None)
    }

    /// The value that it leads to, where it is a literal or a field outside every array: nothing is decoded for it.
    /// Where it is more than that there is none, and it has to be evaluated.
    pub(crate) fn borrowed<'d>(&'d self, root: DocRef<'d>) -> Option<Option<ValueRef<'d>>> {
        match &self.node {
            Node::Literal(value) => Some(Some(value.into())),
            Node::Field(path) => lead(root, path),
            _ => None,
        }
    }

    /// What it is for every document; `None` where it depends on the document.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub(crate) fn constant(&self) -> Result<Option<Bson>> {
        if !self.node.is_constant() {
            return Ok(None);
        }
        self.evaluate_on(DocRef::Parsed(&Document::new()))
    }

    /// Whether it comes out true.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub(crate) fn is_true(&self, root: DocRef<'_>, frame: Option<&Frame<'_>>) -> Result<bool> {
        Ok(is_true(self.evaluate(root, frame)?.as_ref()))
    }
}

impl Node {
    /// Whether it is the same for every document.
    fn is_constant(&self) -> bool {
        match self {
            Node::Literal(_) | Node::Absent => true,
            Node::Array(items) => items.iter().all(Node::is_constant),
            Node::Object(fields) => fields.iter().all(|(_, node)| node.is_constant()),
            _ => false,
        }
    }

    /// Whether it is true, where it is the same for every document. Arrays and documents are true, empty ones too.
    fn constant_truth(&self) -> Option<bool> {
        match self {
            Node::Literal(value) => Some(is_true(Some(value))),
            Node::Absent => None,
            other => other.is_constant().then_some(true),
        }
    }

    fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        match self {
            Node::Literal(value) => Ok(Some(value.clone())),
            Node::Absent => Ok(None),
            Node::Field(path) => Ok(walk(scope.root, path)),
            Node::Variable { name, path } => Ok(scope.variable(name, path)),
            Node::Object(fields) => {
                let mut document = Document::new();
                for (name, node) in fields {
                    if let Some(value) = node.evaluate(scope)? {
                        document.insert(name, value);
                    }
                }
                Ok(Some(Bson::Document(document)))
            }
            Node::Array(items) => {
                let item = |node: &Node| Ok(node.evaluate(scope)?.unwrap_or(Bson::Null));
                items.iter().map(item).collect::<Result<Vec<_>>>().map(|items| Some(Bson::Array(items)))
            }
            Node::Call { function, arguments } => {
                let mut values = if function.evaluates_last_first() {
                    let mut values = arguments
                        .iter()
                        .rev()
                        .map(|node| node.evaluate(scope))
                        .collect::<Result<Vec<_>>>()?;
                    values.reverse();
                    values
                } else {
                    let mut values = Vec::with_capacity(arguments.len());
                    for node in arguments {
                        match node.evaluate(scope) {
                            Ok(value) => values.push(value),
                            Err(refusal) => return function.after_refusal(values, refusal),
                        }
                    }
                    values
                };
                if !function.has_options() {
                    return (function.apply)(function.name, values);
                }
                // An option that leads nowhere is not one that is not stated.
                for (value, node) in values.iter_mut().zip(arguments) {
                    if value.is_none() && !matches!(node, Node::Absent) {
                        *value = Some(Bson::Undefined);
                    }
                }
                let result = (function.apply)(function.name, values)?;
                Ok(result.filter(|value| *value != Bson::Undefined))
            }
            Node::Form(form) => form.evaluate(scope),
        }
    }
}

impl<'s> Scope<'s> {
    fn variable(&self, name: &str, path: &[Box<str>]) -> Value {
        if let Some(found) = self.frame.and_then(|frame| frame.find(name)) {
            return walk_value(found.as_ref()?.into(), path);
        }
        match name {
            "ROOT" | "CURRENT" if path.is_empty() => Some(Bson::Document(self.root.to_document())),
            "ROOT" | "CURRENT" => walk(self.root, path),
            _ => None,
        }
    }

    /// Runs `body` with one more variable.
    fn with<T>(&self, name: &str, value: Value, body: impl FnOnce(&Scope<'_>) -> T) -> T {
        let frame = Frame::new(name, value, self.frame);
        body(&Scope { root: self.root, frame: Some(&frame) })
    }
}

/// Follows a path through documents alone; none where an array stands in its way.
fn lead<'d>(document: DocRef<'d>, path: &[Box<str>]) -> Option<Option<ValueRef<'d>>> {
    let (first, rest) = path.split_first()?;
    match document.get(first) {
        Some(value) if rest.is_empty() => Some(Some(value)),
        Some(ValueRef::Document(inner)) => lead(inner, rest),
        Some(ValueRef::Array(_)) => None,
        _ => Some(None),
    }
}

/// Follows a path through documents; through an array it collects what its documents hold.
fn walk(document: DocRef<'_>, path: &[Box<str>]) -> Value {
    let (first, rest) = path.split_first()?;
    walk_value(document.get(first)?, rest)
}

fn walk_value(value: ValueRef<'_>, path: &[Box<str>]) -> Value {
    if path.is_empty() {
        return Some(value.to_bson());
    }
    match value {
        ValueRef::Document(document) => walk(document, path),
        ValueRef::Array(items) => {
            let found = items.values().filter_map(|item| walk(item.as_document()?, path));
            Some(Bson::Array(found.collect()))
        }
        _ => None,
    }
}

/// Whether a value counts as true: all but false, zero, null, undefined and missing.
pub(crate) fn is_true(value: Option<&Bson>) -> bool {
    match value {
        None | Some(Bson::Null | Bson::Undefined) => false,
        Some(Bson::Boolean(flag)) => *flag,
        Some(other) => Number::of(other.into()).is_none_or(|number| !number.is_zero()),
    }
}

/// Whether a value is null, undefined or missing.
fn is_nullish(value: &Value) -> bool {
    matches!(value, None | Some(Bson::Null | Bson::Undefined))
}

/// The name of a result's type, for messages.
fn type_of(value: &Value) -> &'static str {
    value.as_ref().map_or("missing", |value| crate::value::type_name(value.into()))
}

/// A result as messages show it.
fn shown(value: &Value) -> String {
    value.as_ref().map_or_else(|| "missing".to_owned(), |value| crate::value::show_result(value.into()))
}
