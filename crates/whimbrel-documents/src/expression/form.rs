//! The operators that do not evaluate all their arguments, or that bind variables.

use bson::{Bson, Document};

use super::object;
use super::parse::{Parser, check_variable_name, coded, object_argument};
use super::{Node, Scope, Value, is_nullish, is_true, shown, type_of};
use crate::refusal::{Result, at_location};
use crate::sort::{SortKeys, compare_by};
use crate::value::{compare_bson, truncated_i64, type_name};

/// An operator with a shape of its own.
#[derive(Clone, Debug)]
pub(super) enum Form {
    And(Vec<Node>),
    Or(Vec<Node>),
    Cond { test: Node, yes: Node, no: Node },
    IfNull(Vec<Node>),
    Switch { branches: Vec<(Node, Node)>, otherwise: Option<Node> },
    Let { variables: Vec<(String, Node)>, body: Node },
    Map { input: Node, name: String, body: Node },
    Filter { input: Node, name: String, test: Node, limit: Node },
    Reduce { input: Node, initial: Node, body: Node },
    SortArray { input: Node, order: Order },
    Zip { inputs: Vec<Node>, longest: bool, defaults: Option<Node> },
}

/// How `$sortArray` orders.
#[derive(Clone, Debug)]
pub(super) enum Order {
    Whole { ascending: bool },
    By(SortKeys),
}

/// Parses a form; `None` where the name is none of a form.
pub(super) fn parse(parser: &Parser, name: &str, argument: &Bson) -> Result<Option<Node>> {
    let form = match name {
        "$literal" | "$const" => return Ok(Some(Node::Literal(argument.clone()))),
        "$and" | "$or" => {
            let nodes = many(parser, argument)?;
            // A constant that decides is all that is looked at.
            let decides = |node: &Node| node.constant_truth() == Some(name == "$or");
            if parser.folds() && nodes.iter().any(decides) {
                return Ok(Some(Node::Literal(Bson::Boolean(name == "$or"))));
            }
            if parser.folds() && nodes.iter().all(|node| node.constant_truth().is_some()) {
                return Ok(Some(Node::Literal(Bson::Boolean(name == "$and"))));
            }
            if name == "$and" { Form::And(nodes) } else { Form::Or(nodes) }
        }
        "$ifNull" => {
            let nodes = many(parser, argument)?;
            if nodes.len() < 2 {
                let message = format!("$ifNull needs at least two arguments, had: {}", nodes.len());
                return Err(at_location(1_257_300, message));
            }
            if parser.folds() {
                return Ok(Some(folded_if_null(nodes)));
            }
            Form::IfNull(nodes)
        }
        "$cond" => match parse_cond(parser, argument)? {
            Form::Cond { test, yes, no } if parser.folds() => match test.constant_truth() {
                Some(decided) => return Ok(Some(if decided { yes } else { no })),
                None => Form::Cond { test, yes, no },
            },
            form => form,
        },
        "$switch" => return parse_switch(parser, argument).map(Some),
        "$let" => return parse_let(parser, argument).map(Some),
        "$map" => {
            let document = object_argument(name, argument, 16878)?;
            let (name, body) = element_body(parser, "$map", document, "in", 16882, 16879)?;
            Form::Map { input: required(parser, "$map", document, "input", 16880)?, name, body }
        }
        "$filter" => {
            let document = object_argument(name, argument, 28646)?;
            let (name, test) = element_body(parser, "$filter", document, "cond", 28650, 28647)?;
            let input = required(parser, "$filter", document, "input", 28648)?;
            Form::Filter { input, name, test, limit: optional(parser, document, "limit")? }
        }
        "$reduce" => parse_reduce(parser, argument)?,
        "$getField" => return object::parse_get_field(parser, argument).map(Some),
        "$sortArray" => parse_sort_array(parser, argument)?,
        "$zip" => parse_zip(parser, argument)?,
        _ => return Ok(None),
    };
    Ok(Some(Node::Form(Box::new(form))))
}

fn many(parser: &Parser, argument: &Bson) -> Result<Vec<Node>> {
    match argument {
        Bson::Array(items) => items.iter().map(|item| parser.node(item)).collect(),
        single => Ok(vec![parser.node(single)?]),
    }
}

fn optional(parser: &Parser, document: &Document, key: &str) -> Result<Node> {
    document.get(key).map_or(Ok(Node::Absent), |value| parser.node(value))
}

fn required(parser: &Parser, name: &str, document: &Document, key: &str, code: i32) -> Result<Node> {
    let value =
        document.get(key).ok_or_else(|| coded(code, format!("Missing '{key}' parameter to {name}")))?;
    parser.node(value)
}

fn known_keys(name: &str, document: &Document, keys: &[&str], code: i32) -> Result<()> {
    match document.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => Err(coded(code, format!("Unrecognized parameter to {name}: {key}"))),
        None => Ok(()),
    }
}

fn parse_cond(parser: &Parser, argument: &Bson) -> Result<Form> {
    if let Bson::Document(document) = argument {
        known_keys("$cond", document, &["if", "then", "else"], 17083)?;
        return Ok(Form::Cond {
            test: required(parser, "$cond", document, "if", 17080)?,
            yes: required(parser, "$cond", document, "then", 17081)?,
            no: required(parser, "$cond", document, "else", 17082)?,
        });
    }
    let nodes = many(parser, argument)?;
    let count = nodes.len();
    let [test, yes, no] = <[Node; 3]>::try_from(nodes).map_err(|_| {
        at_location(16020, format!("Expression $cond takes exactly 3 arguments. {count} were passed in."))
    })?;
    Ok(Form::Cond { test, yes, no })
}

/// Without the constants before the last that are null, and without what stands behind one that is not.
fn folded_if_null(nodes: Vec<Node>) -> Node {
    let mut kept = Vec::with_capacity(nodes.len());
    let last = nodes.len() - 1;
    for (at, node) in nodes.into_iter().enumerate() {
        let found =
            node.is_constant().then_some(!matches!(&node, Node::Literal(Bson::Null | Bson::Undefined)));
        if found != Some(false) || at == last {
            kept.push(node);
        }
        if found == Some(true) {
            break;
        }
    }
    if kept.len() > 1 {
        return Node::Form(Box::new(Form::IfNull(kept)));
    }
    kept.pop().unwrap_or(Node::Literal(Bson::Null))
}

fn parse_switch(parser: &Parser, argument: &Bson) -> Result<Node> {
    let document = object_argument("$switch", argument, 40060)?;
    if let Some(key) = document.keys().find(|key| !["branches", "default"].contains(&key.as_str())) {
        return Err(at_location(40067, format!("$switch found an unknown argument: {key}")));
    }
    let items = match document.get("branches") {
        Some(Bson::Array(items)) => items.as_slice(),
        None => &[],
        Some(other) => {
            let found = type_name(other.into());
            return Err(at_location(
                40061,
                format!("$switch expected an array for 'branches', found: {found}"),
            ));
        }
    };
    if items.is_empty() {
        return Err(at_location(40068, "$switch requires at least one branch"));
    }
    let mut branches = Vec::with_capacity(items.len());
    // What a constant case leaves out is read, but none of its constants are computed.
    let idle = parser.without_folding();
    let mut decided = None;
    for item in items {
        let Bson::Document(branch) = item else {
            let found = type_name(item.into());
            return Err(at_location(
                40062,
                format!("$switch expected each branch to be an object, found: {found}"),
            ));
        };
        if let Some(key) = branch.keys().find(|key| !["case", "then"].contains(&key.as_str())) {
            return Err(at_location(40063, format!("$switch found an unknown argument to a branch: {key}")));
        }
        let part = |parser: &Parser, key: &str, code| match branch.get(key) {
            Some(value) => parser.node(value),
            None => {
                Err(at_location(code, format!("$switch requires each branch have a '{key}' expression.")))
            }
        };
        if decided.is_some() {
            part(&idle, "case", 40064)?;
            part(&idle, "then", 40065)?;
            continue;
        }
        let case = part(parser, "case", 40064)?;
        match case.constant_truth().filter(|_| parser.folds()) {
            Some(true) => decided = Some(part(parser, "then", 40065)?),
            Some(false) => _ = part(&idle, "then", 40065)?,
            None => branches.push((case, part(parser, "then", 40065)?)),
        }
    }
    let otherwise = document.get("default").map(|value| parser.node(value)).transpose()?;
    match decided.or(otherwise) {
        Some(only) if branches.is_empty() => Ok(only),
        None if branches.is_empty() => Err(at_location(
            40069,
            "Cannot execute a switch statement where all the cases evaluate to false without a default",
        )),
        otherwise => Ok(Node::Form(Box::new(Form::Switch { branches, otherwise }))),
    }
}

fn parse_let(parser: &Parser, argument: &Bson) -> Result<Node> {
    let document = object_argument("$let", argument, 16874)?;
    known_keys("$let", document, &["vars", "in"], 16875)?;
    let Some(vars) = document.get("vars") else {
        return Err(at_location(16876, "Missing 'vars' parameter to $let"));
    };
    let Bson::Document(vars) = vars else {
        return Err(at_location(10065, "invalid parameter: expected an object (vars)"));
    };
    let mut variables = Vec::with_capacity(vars.len());
    for (name, value) in vars {
        check_variable_name(name)?;
        variables.push((name.clone(), parser.node(value)?));
    }
    let inner = parser.with_variables(&variables);
    let body = required(&inner, "$let", document, "in", 16877)?;
    if parser.folds() && body.is_constant() && variables.iter().all(|(_, node)| node.is_constant()) {
        return Ok(body);
    }
    // What nobody asks for is not computed, and not refused.
    let stated = document.get("in").unwrap_or(&Bson::Null);
    variables.retain(|(name, _)| mentions(stated, name));
    Ok(Node::Form(Box::new(Form::Let { variables, body })))
}

/// Whether an expression mentions a variable.
fn mentions(stated: &Bson, variable: &str) -> bool {
    match stated {
        Bson::String(text) => text
            .strip_prefix("$$")
            .and_then(|text| text.strip_prefix(variable))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
        Bson::Array(items) => items.iter().any(|item| mentions(item, variable)),
        Bson::Document(document) => document.values().any(|value| mentions(value, variable)),
        _ => false,
    }
}

/// The variable of `$map` and `$filter`, and what is evaluated for each element.
fn element_body(
    parser: &Parser,
    operator: &str,
    document: &Document,
    key: &str,
    missing: i32,
    unknown: i32,
) -> Result<(String, Node)> {
    let keys: &[&str] =
        if operator == "$map" { &["input", "as", "in"] } else { &["input", "as", "cond", "limit"] };
    known_keys(operator, document, keys, unknown)?;
    let name = match document.get("as") {
        None => "this".to_owned(),
        Some(Bson::String(name)) => {
            check_variable_name(name)?;
            name.clone()
        }
        Some(_) => return Err(at_location(28_651, format!("'as' must be a string in {operator}"))),
    };
    let body = required(&parser.with_names([name.clone()]), operator, document, key, missing)?;
    Ok((name, body))
}

fn parse_reduce(parser: &Parser, argument: &Bson) -> Result<Form> {
    let document = object_argument("$reduce", argument, 40075)?;
    if let Some(key) = document.keys().find(|key| !["input", "initialValue", "in"].contains(&key.as_str())) {
        return Err(at_location(40076, format!("$reduce found an unknown argument: {key}")));
    }
    let inner = parser.with_names(["this".to_owned(), "value".to_owned()]);
    let part = |parser: &Parser, key: &str, code| match document.get(key) {
        Some(value) => parser.node(value),
        None => Err(at_location(code, format!("$reduce requires '{key}' to be specified"))),
    };
    Ok(Form::Reduce {
        input: part(parser, "input", 40077)?,
        initial: part(parser, "initialValue", 40078)?,
        body: part(&inner, "in", 40079)?,
    })
}

fn parse_sort_array(parser: &Parser, argument: &Bson) -> Result<Form> {
    let document = object_argument("$sortArray", argument, 2_942_500)?;
    if let Some(key) = document.keys().find(|key| !["input", "sortBy"].contains(&key.as_str())) {
        return Err(at_location(2_942_501, format!("$sortArray found an unknown argument: {key}")));
    }
    let Some(input) = document.get("input") else {
        return Err(at_location(2_942_502, "$sortArray requires 'input' to be specified"));
    };
    let order = match document.get("sortBy") {
        None => return Err(at_location(2_942_503, "$sortArray requires 'sortBy' to be specified")),
        Some(Bson::Document(keys)) => Order::By(SortKeys::parse(keys)?),
        Some(other) => match truncated_i64(other.into()) {
            Some(1) => Order::Whole { ascending: true },
            Some(-1) => Order::Whole { ascending: false },
            _ => return Err(at_location(2_942_506, "The $sort element value must be either 1 or -1")),
        },
    };
    Ok(Form::SortArray { input: parser.node(input)?, order })
}

fn parse_zip(parser: &Parser, argument: &Bson) -> Result<Form> {
    let document = object_argument("$zip", argument, 34460)?;
    if let Some(key) =
        document.keys().find(|key| !["inputs", "useLongestLength", "defaults"].contains(&key.as_str()))
    {
        return Err(at_location(34464, format!("$zip found an unknown argument: {key}")));
    }
    let inputs = match document.get("inputs") {
        Some(Bson::Array(items)) if !items.is_empty() => {
            items.iter().map(|item| parser.node(item)).collect::<Result<Vec<_>>>()?
        }
        None | Some(Bson::Array(_)) => {
            return Err(at_location(34465, "$zip requires at least one input array"));
        }
        Some(other) => {
            let found = type_name(other.into());
            return Err(at_location(34461, format!("inputs must be an array of expressions, found {found}")));
        }
    };
    let longest = match document.get("useLongestLength") {
        None => false,
        Some(Bson::Boolean(flag)) => *flag,
        Some(other) => {
            let found = type_name(other.into());
            return Err(at_location(34463, format!("useLongestLength must be a bool, found {found}")));
        }
    };
    let defaults = document.get("defaults").map(|value| parser.node(value)).transpose()?;
    if defaults.is_some() && !longest {
        return Err(at_location(34466, "cannot specify defaults unless useLongestLength is true"));
    }
    Ok(Form::Zip { inputs, longest, defaults })
}

impl Form {
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        match self {
            Form::And(nodes) => {
                for node in nodes {
                    if !is_true(node.evaluate(scope)?.as_ref()) {
                        return Ok(Some(Bson::Boolean(false)));
                    }
                }
                Ok(Some(Bson::Boolean(true)))
            }
            Form::Or(nodes) => {
                for node in nodes {
                    if is_true(node.evaluate(scope)?.as_ref()) {
                        return Ok(Some(Bson::Boolean(true)));
                    }
                }
                Ok(Some(Bson::Boolean(false)))
            }
            Form::Cond { test, yes, no } => {
                let branch = if is_true(test.evaluate(scope)?.as_ref()) { yes } else { no };
                branch.evaluate(scope)
            }
            Form::IfNull(nodes) => {
                let mut last = None;
                for node in nodes {
                    last = node.evaluate(scope)?;
                    if !is_nullish(&last) {
                        break;
                    }
                }
                Ok(last)
            }
            Form::Switch { branches, otherwise } => evaluate_switch(branches, otherwise.as_ref(), scope),
            Form::Let { variables, body } => evaluate_let(variables, body, scope),
            Form::Map { input, name, body } => evaluate_map(input, name, body, scope),
            Form::Filter { input, name, test, limit } => evaluate_filter(input, name, test, limit, scope),
            Form::Reduce { input, initial, body } => evaluate_reduce(input, initial, body, scope),
            Form::SortArray { input, order } => evaluate_sort(input, order, scope),
            Form::Zip { inputs, longest, defaults } => {
                evaluate_zip(inputs, *longest, defaults.as_ref(), scope)
            }
        }
    }
}

fn evaluate_switch(branches: &[(Node, Node)], otherwise: Option<&Node>, scope: &Scope<'_>) -> Result<Value> {
    for (case, then) in branches {
        if is_true(case.evaluate(scope)?.as_ref()) {
            return then.evaluate(scope);
        }
    }
    match otherwise {
        Some(node) => node.evaluate(scope),
        None => Err(at_location(
            40066,
            "$switch could not find a matching branch for an input, and no default was specified.",
        )),
    }
}

/// Binds the variables one after the other; none sees another of the same `$let`.
fn evaluate_let(variables: &[(String, Node)], body: &Node, scope: &Scope<'_>) -> Result<Value> {
    let values = variables.iter().map(|(_, node)| node.evaluate(scope)).collect::<Result<Vec<_>>>()?;
    fn bind(
        names: &[(String, Node)],
        mut values: std::vec::IntoIter<Value>,
        body: &Node,
        scope: &Scope<'_>,
    ) -> Result<Value> {
        match (names.split_first(), values.next()) {
            (Some(((name, _), rest)), Some(value)) => {
                scope.with(name, value, |scope| bind(rest, values, body, scope))
            }
            _ => body.evaluate(scope),
        }
    }
    bind(variables, values.into_iter(), body, scope)
}

fn evaluate_map(input: &Node, name: &str, body: &Node, scope: &Scope<'_>) -> Result<Value> {
    let items = match input.evaluate(scope)? {
        Some(Bson::Array(items)) => items,
        value if is_nullish(&value) => return Ok(Some(Bson::Null)),
        value => {
            return Err(at_location(
                16883,
                format!("input to $map must be an array not {}", type_of(&value)),
            ));
        }
    };
    let each = |item| Ok(scope.with(name, Some(item), |scope| body.evaluate(scope))?.unwrap_or(Bson::Null));
    items.into_iter().map(each).collect::<Result<Vec<_>>>().map(|items| Some(Bson::Array(items)))
}

fn evaluate_filter(input: &Node, name: &str, test: &Node, limit: &Node, scope: &Scope<'_>) -> Result<Value> {
    let items = match input.evaluate(scope)? {
        Some(Bson::Array(items)) => items,
        value if is_nullish(&value) => return Ok(Some(Bson::Null)),
        value => {
            return Err(at_location(
                28651,
                format!("input to $filter must be an array not {}", type_of(&value)),
            ));
        }
    };
    let limit = match limit.evaluate(scope)? {
        value if is_nullish(&value) => usize::MAX,
        value => {
            let whole = value.as_ref().and_then(|value| truncated_i64(value.into()));
            let whole = whole.ok_or_else(|| {
                at_location(
                    327_391,
                    format!(
                        "$filter: limit must be represented as a 32-bit integral value: {}",
                        shown(&value)
                    ),
                )
            })?;
            usize::try_from(whole).ok().filter(|limit| *limit > 0).ok_or_else(|| {
                at_location(327_392, format!("$filter: limit must be greater than 0: {whole}"))
            })?
        }
    };
    let mut kept = Vec::new();
    for item in items {
        if kept.len() == limit {
            break;
        }
        if is_true(scope.with(name, Some(item.clone()), |scope| test.evaluate(scope))?.as_ref()) {
            kept.push(item);
        }
    }
    Ok(Some(Bson::Array(kept)))
}

fn evaluate_reduce(input: &Node, initial: &Node, body: &Node, scope: &Scope<'_>) -> Result<Value> {
    let items = match input.evaluate(scope)? {
        Some(Bson::Array(items)) => items,
        value if is_nullish(&value) => return Ok(Some(Bson::Null)),
        value => {
            return Err(at_location(
                40080,
                format!("$reduce requires that 'input' be an array, found: {}", shown(&value)),
            ));
        }
    };
    let mut value = initial.evaluate(scope)?;
    for item in items {
        value = scope
            .with("value", value, |scope| scope.with("this", Some(item), |scope| body.evaluate(scope)))?;
    }
    Ok(value)
}

fn evaluate_sort(input: &Node, order: &Order, scope: &Scope<'_>) -> Result<Value> {
    let mut items = match input.evaluate(scope)? {
        Some(Bson::Array(items)) => items,
        value if is_nullish(&value) => return Ok(Some(Bson::Null)),
        value => {
            return Err(at_location(
                2_942_504,
                format!(
                    "The input argument to $sortArray must be an array, but was of type: {}",
                    type_of(&value)
                ),
            ));
        }
    };
    match order {
        Order::Whole { ascending: true } => items.sort_by(compare_bson),
        Order::Whole { ascending: false } => items.sort_by(|left, right| compare_bson(right, left)),
        Order::By(keys) => {
            let empty = Document::new();
            items.sort_by(|left, right| {
                let of = |value: &Bson| value.as_document().unwrap_or(&empty).clone();
                compare_by(keys, &of(left), &of(right))
            });
        }
    }
    Ok(Some(Bson::Array(items)))
}

fn evaluate_zip(inputs: &[Node], longest: bool, defaults: Option<&Node>, scope: &Scope<'_>) -> Result<Value> {
    let mut columns = Vec::with_capacity(inputs.len());
    for input in inputs {
        match input.evaluate(scope)? {
            Some(Bson::Array(items)) => columns.push(items),
            value if is_nullish(&value) => return Ok(Some(Bson::Null)),
            value => {
                return Err(at_location(
                    34468,
                    format!("$zip found a non-array expression in input: {}", shown(&value)),
                ));
            }
        }
    }
    let defaults = match defaults.map(|node| node.evaluate(scope)).transpose()?.flatten() {
        Some(Bson::Array(items)) if items.len() == columns.len() => items,
        Some(Bson::Array(_)) => {
            return Err(at_location(34467, "defaults and inputs must have the same length"));
        }
        _ => vec![Bson::Null; columns.len()],
    };
    let lengths = columns.iter().map(Vec::len);
    let length = if longest { lengths.max() } else { lengths.min() }.unwrap_or(0);
    let row = |at: usize| {
        let cells =
            columns.iter().zip(&defaults).map(|(column, default)| column.get(at).unwrap_or(default).clone());
        Bson::Array(cells.collect())
    };
    Ok(Some(Bson::Array((0..length).map(row).collect())))
}
