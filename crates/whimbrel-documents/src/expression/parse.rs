//! Parsing expressions.

use bson::{Bson, Document};

use super::form;
use super::table::{self, Arguments, Codes, Function};
use super::{Expression, Node, Scope, walk_value};
use crate::refusal::{Result, at_location, failed_to_parse, not_implemented, refuse};
use crate::value::{DocRef, show, type_name};

/// The conversions of one argument, which word the refusal of another number of them in their own way.
const CONVERSIONS: [&str; 8] =
    ["$toInt", "$toLong", "$toDouble", "$toDecimal", "$toBool", "$toString", "$toDate", "$toObjectId"];
/// The parts of dates, which do so too.
const PARTS: [&str; 13] = [
    "$year",
    "$month",
    "$dayOfMonth",
    "$dayOfWeek",
    "$dayOfYear",
    "$hour",
    "$minute",
    "$second",
    "$millisecond",
    "$week",
    "$isoWeek",
    "$isoWeekYear",
    "$isoDayOfWeek",
];
/// The variables that are always there.
const SYSTEM_VARIABLES: [&str; 4] = ["ROOT", "CURRENT", "NOW", "REMOVE"];
/// How deep expressions may nest.
const MAX_DEPTH: usize = 200;
/// Operators that MongoDB knows and this engine refuses by name.
const REFUSED: [&str; 23] = [
    "$acos",
    "$acosh",
    "$asin",
    "$asinh",
    "$atan",
    "$atan2",
    "$atanh",
    "$bitAnd",
    "$bitNot",
    "$bitOr",
    "$bitXor",
    "$cosh",
    "$function",
    "$median",
    "$meta",
    "$percentile",
    "$rand",
    "$sinh",
    "$tanh",
    "$toHashedIndexKey",
    "$toUUID",
    "$tsIncrement",
    "$tsSecond",
];
/// System variables that MongoDB knows and this engine refuses by name.
const REFUSED_VARIABLES: [&str; 3] = ["CLUSTER_TIME", "USER_ROLES", "SEARCH_META"];

/// A parser that knows which variables are in sight.
#[derive(Clone, Debug)]
pub(crate) struct Parser {
    /// The variables in sight, the innermost last, with the values of those that are constants.
    names: Vec<(String, Option<Bson>)>,
    depth: usize,
    /// What `$$NOW` stands for: one instant for a whole command.
    now: bson::DateTime,
    /// Whether calls of constants are computed at once, which the server does not do in an update.
    folds: bool,
}

impl Parser {
    /// A parser that knows the system's variables only.
    pub(crate) fn new() -> Self {
        Parser { names: Vec::new(), depth: 0, now: bson::DateTime::now(), folds: true }
    }

    /// A parser of an update's stages, whose constants are computed for each document.
    pub(crate) fn of_update() -> Self {
        Parser { folds: false, ..Self::new() }
    }

    /// The same parser with more variables in sight.
    pub(crate) fn with_names(&self, names: impl IntoIterator<Item = String>) -> Self {
        let mut parser = self.clone();
        parser.names.extend(names.into_iter().map(|name| (name, None)));
        parser
    }

    /// The same parser with a `$let`'s variables in sight.
    pub(super) fn with_variables(&self, variables: &[(String, Node)]) -> Self {
        let mut parser = self.clone();
        parser.names.extend(variables.iter().map(|(name, node)| match node {
            Node::Literal(value) if self.folds => (name.clone(), Some(value.clone())),
            _ => (name.clone(), None),
        }));
        parser
    }

    /// The same parser that computes no constants.
    pub(super) fn without_folding(&self) -> Self {
        Parser { folds: false, ..self.clone() }
    }

    pub(super) fn folds(&self) -> bool {
        self.folds
    }

    fn variable(&self, name: &str) -> Option<&(String, Option<Bson>)> {
        self.names.iter().rev().find(|(known, _)| known == name)
    }

    /// Parses an expression.
    pub(crate) fn parse(&self, stated: &Bson) -> Result<Expression> {
        Ok(Expression { node: self.node(stated)? })
    }

    pub(super) fn node(&self, stated: &Bson) -> Result<Node> {
        match stated {
            Bson::String(text) if text.starts_with('$') => self.path(text),
            Bson::Document(document) => self.document(document),
            Bson::Array(items) => {
                items.iter().map(|item| self.node(item)).collect::<Result<_>>().map(Node::Array)
            }
            Bson::Undefined => Ok(Node::Literal(Bson::Undefined)),
            other => Ok(Node::Literal(other.clone())),
        }
    }

    fn path(&self, text: &str) -> Result<Node> {
        let Some(variable) = text.strip_prefix("$$") else {
            return Ok(Node::Field(field_path(text.strip_prefix('$').unwrap_or(text))?));
        };
        let (name, rest) =
            variable.split_once('.').map_or((variable, None), |(name, rest)| (name, Some(rest)));
        if name.is_empty() {
            return Err(failed_to_parse("empty variable names are not allowed"));
        }
        let path = rest.map(field_path).transpose()?.unwrap_or_default();
        if REFUSED_VARIABLES.contains(&name) {
            return Err(not_implemented(&format!("$${name}")));
        }
        if matches!(name, "ROOT" | "CURRENT") && !path.is_empty() && self.variable(name).is_none() {
            return Ok(Node::Field(path));
        }
        if name == "NOW" && path.is_empty() {
            return Ok(Node::Literal(Bson::DateTime(self.now)));
        }
        let known = self.variable(name);
        if let Some(value) = known.and_then(|(_, value)| walk_value(value.as_ref()?.into(), &path)) {
            return Ok(Node::Literal(value));
        }
        if !SYSTEM_VARIABLES.contains(&name) && known.is_none() {
            return Err(at_location(17276, format!("Use of undefined variable: {name}")));
        }
        Ok(Node::Variable { name: name.into(), path })
    }

    fn document(&self, document: &Document) -> Result<Node> {
        let parser =
            Parser { names: self.names.clone(), depth: self.depth + 1, now: self.now, folds: self.folds };
        if parser.depth > MAX_DEPTH {
            return Err(refuse(15, "Overflow", "exceeded maximum depth of an expression"));
        }
        match document.iter().next() {
            Some((name, argument)) if name.starts_with('$') && document.len() == 1 => {
                parser.operator(name, argument)
            }
            _ => {
                let mut fields = Vec::with_capacity(document.len());
                for (name, value) in document {
                    check_field_name(name)?;
                    fields.push((name.clone(), parser.node(value)?));
                }
                Ok(Node::Object(fields))
            }
        }
    }

    fn operator(&self, name: &str, argument: &Bson) -> Result<Node> {
        if let Some(form) = form::parse(self, name, argument)? {
            return Ok(form);
        }
        if REFUSED.contains(&name) {
            return Err(not_implemented(name));
        }
        let Some(function) = table::find(name) else {
            return Err(refuse(168, "InvalidPipelineOperator", format!("Unrecognized expression '{name}'")));
        };
        let unfolding;
        let parser = if function.folds() {
            self
        } else {
            unfolding = self.without_folding();
            &unfolding
        };
        let arguments = match &function.arguments {
            Arguments::Named(names, codes) => parser.named(function, names, *codes, argument)?,
            Arguments::NamedOrPlain(names, codes) => match argument {
                Bson::Document(document)
                    if !document.keys().next().is_some_and(|key| key.starts_with('$')) =>
                {
                    parser.named(function, names, *codes, argument)?
                }
                plain => {
                    let mut nodes = parser.positional(function, plain, 1, 1)?;
                    nodes.resize_with(names.len(), || Node::Absent);
                    nodes
                }
            },
            Arguments::Exactly(count) => parser.positional(function, argument, *count, *count)?,
            Arguments::Between(low, high) => parser.positional(function, argument, *low, *high)?,
            Arguments::Any => parser.positional(function, argument, 0, usize::MAX)?,
        };
        let is_constant = self.folds && function.folds() && arguments.iter().all(Node::is_constant);
        let call = Node::Call { function, arguments };
        if !is_constant {
            return Ok(call);
        }
        // What the document does not matter for is computed now, and refused now, as the server does.
        let nothing = Document::new();
        let value = call.evaluate(&Scope { root: DocRef::Parsed(&nothing), frame: None })?;
        Ok(value.map_or(call, Node::Literal))
    }

    fn positional(&self, function: &Function, argument: &Bson, low: usize, high: usize) -> Result<Vec<Node>> {
        let nodes: Vec<Node> = match argument {
            Bson::Array(items) => items.iter().map(|item| self.node(item)).collect::<Result<_>>()?,
            single => vec![self.node(single)?],
        };
        check_count(function.name, nodes.len(), low, high)?;
        super::set::prepared(function.name, nodes)
    }

    fn named(
        &self,
        function: &Function,
        names: &[(&str, bool)],
        codes: Codes,
        argument: &Bson,
    ) -> Result<Vec<Node>> {
        let name = function.name;
        let Bson::Document(document) = argument else {
            return Err(coded(codes.not_object, no_object(name, argument)));
        };
        if let Some(key) = document.keys().find(|key| !names.iter().any(|(known, _)| known == key)) {
            if name == "$dateFromParts" && matches!(key.as_str(), "isoWeekYear" | "isoWeek" | "isoDayOfWeek")
            {
                return Err(not_implemented(&format!("the argument {key} of {name}")));
            }
            return Err(coded(codes.unknown, unknown_argument(name, key)));
        }
        names
            .iter()
            .map(|(key, required)| match document.get(key) {
                Some(value) => self.node(value),
                None if *required => Err(coded(codes.missing, missing_argument(name, key))),
                None => Ok(Node::Absent),
            })
            .collect()
    }
}

/// A refusal by number; the small numbers have names.
pub(super) fn coded(code: i32, message: String) -> crate::refusal::Refusal {
    match code {
        9 => failed_to_parse(message),
        _ => at_location(code, message),
    }
}

/// What is said of an argument that ought to be an object: each family has its own words.
pub(super) fn no_object(name: &str, argument: &Bson) -> String {
    let found = type_name(argument.into());
    match name {
        "$convert" | "$regexMatch" | "$regexFind" | "$regexFindAll" => {
            format!("{name} expects an object of named arguments but found: {found}")
        }
        "$replaceOne" | "$replaceAll" | "$sortArray" | "$reduce" | "$switch" => {
            format!("{name} requires an object as an argument, found: {found}")
        }
        "$dateAdd" | "$dateSubtract" => format!("{name} expects an object as its argument"),
        "$dateFromString" => format!("{name} only supports an object as an argument, found: {found}"),
        "$trim" | "$ltrim" | "$rtrim" | "$zip" => {
            format!("{name} only supports an object as an argument, found {found}")
        }
        "$firstN" | "$lastN" | "$minN" | "$maxN" => {
            format!("specification must be an object; found {name}: {}", show(argument.into()))
        }
        _ => format!("{name} only supports an object as its argument"),
    }
}

fn unknown_argument(name: &str, key: &str) -> String {
    match name {
        "$trim" | "$ltrim" | "$rtrim" | "$replaceOne" | "$replaceAll" => {
            format!("{name} found an unknown argument: {key}")
        }
        "$regexMatch" | "$regexFind" | "$regexFindAll" => {
            format!("{name} found unexpected argument '{key}'")
        }
        _ if key.is_empty() => format!("unrecognized option to {name}"),
        _ if name.starts_with("$date") || name == "$convert" => {
            format!("Unrecognized argument to {name}: {key}")
        }
        _ => format!("unrecognized option to {name}: \"{key}\""),
    }
}

fn missing_argument(name: &str, key: &str) -> String {
    match name {
        "$regexMatch" | "$regexFind" | "$regexFindAll" => format!("{name} requires '{key}' parameter"),
        "$trim" | "$ltrim" | "$rtrim" => format!("{name} requires an '{key}' field"),
        "$replaceOne" | "$replaceAll" | "$getField" | "$setField" | "$unsetField" => {
            format!("{name} requires '{key}' to be specified")
        }
        _ => format!("Missing '{key}' parameter to {name}"),
    }
}

fn check_count(name: &str, count: usize, low: usize, high: usize) -> Result<()> {
    if (low..=high).contains(&count) {
        return Ok(());
    }
    if CONVERSIONS.contains(&name) {
        return Err(at_location(50723, format!("{name} requires a single argument, got {count}")));
    }
    if PARTS.contains(&name) {
        return Err(at_location(
            40536,
            format!("{name} accepts exactly one argument if given an array, but was given {count}"),
        ));
    }
    if low == high {
        return Err(at_location(
            16020,
            format!("Expression {name} takes exactly {low} arguments. {count} were passed in."),
        ));
    }
    Err(at_location(
        28667,
        format!(
            "Expression {name} takes at least {low} arguments, and at most {high}, but {count} were passed in."
        ),
    ))
}

const CONSIDER: &str =
    "Consider using $getField or $setField for a field path with '.' or '$'. :: caused by :: ";

fn check_field_name(name: &str) -> Result<()> {
    if name.is_empty() {
        return Err(at_location(15998, format!("{CONSIDER}FieldPath field names may not be empty strings.")));
    }
    if name.starts_with('$') {
        return Err(at_location(
            16410,
            format!("{CONSIDER}FieldPath field names may not start with '$', given '{name}'."),
        ));
    }
    Ok(())
}

/// Splits a path, and refuses the forms that name no field.
pub(crate) fn field_path(text: &str) -> Result<Vec<Box<str>>> {
    if text.is_empty() {
        return Err(at_location(16872, "'$' by itself is not a valid FieldPath"));
    }
    if text.ends_with('.') {
        return Err(at_location(40353, "FieldPath must not end with a '.'."));
    }
    let mut names = Vec::new();
    for name in text.split('.') {
        check_field_name(name)?;
        names.push(name.into());
    }
    Ok(names)
}

/// Refuses a name that no user's variable may have.
pub(crate) fn check_variable_name(name: &str) -> Result<()> {
    if name == "CURRENT" {
        return Ok(());
    }
    let Some(first) = name.chars().next() else {
        return Err(failed_to_parse("empty variable names are not allowed"));
    };
    if !first.is_ascii_lowercase() && first.is_ascii() {
        return Err(failed_to_parse(format!(
            "'{name}' starts with an invalid character for a user variable name"
        )));
    }
    if let Some(bad) =
        name.chars().find(|letter| letter.is_ascii() && !letter.is_ascii_alphanumeric() && *letter != '_')
    {
        return Err(failed_to_parse(format!(
            "'{name}' contains an invalid character for a variable name: '{bad}'"
        )));
    }
    Ok(())
}

/// The arguments of a form as a document, or the refusal of anything else.
pub(super) fn object_argument<'a>(name: &str, argument: &'a Bson, code: i32) -> Result<&'a Document> {
    argument.as_document().ok_or_else(|| coded(code, no_object(name, argument)))
}
