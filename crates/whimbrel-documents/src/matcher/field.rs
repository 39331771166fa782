//! Parsing what a filter says about one field.

use bson::{Bson, Document};

use super::geo::{GeoTest, Near};
use super::parse::{Place, parse_filter};
use super::{BitTest, Comparison, InList, Node, Pattern, Test, TypeSet};
use crate::refusal::{Result, at_location, bad_value};
use crate::value::{Number, Path, ValueRef, show};

/// Parses `path: value`, where the value is a document of operators, a pattern, or something to be equal to.
pub(super) fn parse_field(path: &Path, value: &Bson) -> Result<Vec<Node>> {
    match value {
        Bson::Document(operators) if is_operators(operators) => parse_operators(path, operators),
        Bson::RegularExpression(regex) => {
            let pattern = Pattern::new(regex.pattern.as_str(), regex.options.as_str())?;
            Ok(vec![field(path, Test::Regex(pattern))])
        }
        Bson::Undefined => Err(bad_value("cannot compare to undefined")),
        other => Ok(vec![field(path, Test::Compare(Comparison::Equal, other.clone()))]),
    }
}

/// Parses the operators of an `$elemMatch` over values, or of a `$pull`.
pub(super) fn parse_value_tests(operators: &Document) -> Result<Vec<Node>> {
    parse_operators(&Path::new(""), operators)
}

/// Whether a document holds operators: its first key starts with `$` and begins no reference.
pub(super) fn is_operators(document: &Document) -> bool {
    let Some(first) = document.keys().next() else { return false };
    let reference = matches!(first.as_str(), "$ref" | "$id") && document.len() > 1;
    first.starts_with('$') && !reference
}

/// The operators that a field's value may begin with.
pub(crate) const OPERATORS: [&str; 31] = [
    "$eq",
    "$ne",
    "$lt",
    "$lte",
    "$gt",
    "$gte",
    "$in",
    "$nin",
    "$exists",
    "$type",
    "$mod",
    "$size",
    "$all",
    "$elemMatch",
    "$not",
    "$regex",
    "$options",
    "$bitsAllSet",
    "$bitsAllClear",
    "$bitsAnySet",
    "$bitsAnyClear",
    "$geoWithin",
    "$within",
    "$geoIntersects",
    "$near",
    "$nearSphere",
    "$geoNear",
    "$minDistance",
    "$maxDistance",
    "$where",
    "$comment",
];

/// Whether a document begins with an operator that MongoDB knows.
pub(crate) fn begins_with_operator(document: &Document) -> bool {
    document.keys().next().is_some_and(|key| OPERATORS.contains(&key.as_str()))
}

fn field(path: &Path, test: Test) -> Node {
    Node::Field { path: path.clone(), test }
}

fn parse_operators(path: &Path, operators: &Document) -> Result<Vec<Node>> {
    let mut nodes = Vec::with_capacity(operators.len());
    for (operator, argument) in operators {
        match operator.as_str() {
            "$geoWithin" | "$within" | "$geoIntersects" if operators.len() > 1 => {
                let (extra, value) = operators.iter().nth(1).unwrap_or((operator, argument));
                return Err(bad_value(format!("can't parse extra field: {extra}: {}", show(value.into()))));
            }
            "$regex" => nodes.push(parse_regex(path, argument, operators.get("$options"))?),
            "$options" if operators.contains_key("$regex") => {}
            "$options" => return Err(bad_value("$options needs a $regex")),
            "$near" | "$nearSphere" | "$geoNear" => {
                let near = Near::parse(operator, argument, operators)?;
                return Ok(vec![field(path, Test::Near(Box::new(near)))]);
            }
            "$maxDistance" | "$minDistance" if has_near(operators) => {}
            _ => nodes.push(parse_operator(path, operator, argument)?),
        }
    }
    Ok(nodes)
}

fn has_near(operators: &Document) -> bool {
    ["$near", "$nearSphere", "$geoNear"].iter().any(|near| operators.contains_key(near))
}

fn parse_operator(path: &Path, operator: &str, argument: &Bson) -> Result<Node> {
    let test = match operator {
        "$eq" => Test::Compare(Comparison::Equal, argument.clone()),
        "$ne" => return parse_not_equal(path, argument),
        "$lt" => order(path, Comparison::Less, argument)?,
        "$lte" => order(path, Comparison::LessOrEqual, argument)?,
        "$gt" => order(path, Comparison::Greater, argument)?,
        "$gte" => order(path, Comparison::GreaterOrEqual, argument)?,
        "$in" => Test::In(InList::parse(operator, argument)?),
        "$nin" => return Ok(not(field(path, Test::In(InList::parse(operator, argument)?)))),
        "$exists" if is_truthy(argument) => Test::Exists,
        "$exists" => return Ok(not(field(path, Test::Exists))),
        "$type" => Test::Type(TypeSet::parse(path.as_str(), argument)?),
        "$mod" => parse_mod(argument)?,
        "$size" => Test::Size(parse_size(argument)?),
        "$all" => return parse_all(path, argument),
        "$elemMatch" => parse_elem_match(argument)?,
        "$not" => return parse_not(path, argument),
        "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear" => {
            Test::Bits(BitTest::parse(path.as_str(), operator, argument)?)
        }
        "$geoWithin" | "$within" | "$geoIntersects" => {
            Test::Geo(Box::new(GeoTest::parse(operator, argument)?))
        }
        "$where" => return Err(bad_value("$where cannot be applied to a field")),
        _ => return Err(bad_value(format!("unknown operator: {operator}"))),
    };
    Ok(field(path, test))
}

fn not(node: Node) -> Node {
    Node::Not(Box::new(node))
}

/// Whether a value counts as true where an option is switched: all but false, zero, null and undefined.
pub(crate) fn is_truthy(value: &Bson) -> bool {
    match value {
        Bson::Boolean(flag) => *flag,
        Bson::Null | Bson::Undefined => false,
        other => Number::of(other.into()).is_none_or(|number| !number.is_zero()),
    }
}

fn parse_not_equal(path: &Path, argument: &Bson) -> Result<Node> {
    match argument {
        Bson::RegularExpression(_) => Err(bad_value("Can't have regex as arg to $ne.")),
        other => Ok(not(field(path, Test::Compare(Comparison::Equal, other.clone())))),
    }
}

fn order(path: &Path, comparison: Comparison, argument: &Bson) -> Result<Test> {
    match argument {
        Bson::RegularExpression(_) => Err(bad_value(format!(
            "Can't have RegEx as arg to non-equality predicate over field '{}'.",
            if path.as_str().is_empty() { "(None)" } else { path.as_str() }
        ))),
        Bson::Undefined => Err(bad_value("cannot compare to undefined")),
        other => Ok(Test::Compare(comparison, other.clone())),
    }
}

fn parse_regex(path: &Path, argument: &Bson, options: Option<&Bson>) -> Result<Node> {
    let options = match options {
        None => None,
        Some(Bson::String(text)) => Some(text.as_str()),
        Some(_) => return Err(bad_value("$options has to be a string")),
    };
    let pattern = match argument {
        Bson::String(source) => Pattern::new(source, options.unwrap_or_default())?,
        Bson::RegularExpression(regex) => {
            let own = regex.options.as_str();
            if options.is_some() && !own.is_empty() {
                return Err(at_location(51075, "options set in both $regex and $options"));
            }
            Pattern::new(regex.pattern.as_str(), options.unwrap_or(own))?
        }
        _ => return Err(bad_value("$regex has to be a string")),
    };
    Ok(field(path, Test::Regex(pattern)))
}

fn parse_mod(argument: &Bson) -> Result<Test> {
    let Bson::Array(items) = argument else {
        return Err(bad_value("malformed mod, needs to be an array"));
    };
    let (divisor, remainder) = match items.as_slice() {
        [divisor, remainder] => (divisor, remainder),
        [] | [_] if matches!(items.first().map(|item| Number::of(item.into())), Some(None)) => {
            return Err(bad_value("malformed mod, divisor not a number"));
        }
        [] | [_] => return Err(bad_value("malformed mod, not enough elements")),
        _ => return Err(bad_value("malformed mod, too many elements")),
    };
    let whole = |name: &str, item: &Bson| {
        let number = Number::of(item.into())
            .ok_or_else(|| bad_value(format!("malformed mod, {name} not a number")))?;
        let reason = if number.to_f64().is_finite() {
            "Out of bounds coercing to integral value"
        } else {
            "Unable to coerce NaN/Inf to integral type"
        };
        number.truncated().ok_or_else(|| {
            bad_value(format!("malformed mod, {name} value is invalid :: caused by :: {reason}"))
        })
    };
    let (divisor, remainder) = (whole("divisor", divisor)?, whole("remainder", remainder)?);
    if divisor == 0 {
        return Err(bad_value("divisor cannot be 0"));
    }
    Ok(Test::Mod { divisor, remainder })
}

/// The whole number that an argument is, or what MongoDB says against it; `shown` is the argument with its name.
pub(crate) fn exact_integer(value: ValueRef<'_>, shown: &str) -> std::result::Result<i64, String> {
    match Number::of(value) {
        None => Err(format!("Expected a number in: {shown}")),
        Some(Number::Double(number)) if number.is_nan() => {
            Err(format!("Expected an integer, but found NaN in: {shown}"))
        }
        Some(number) => number.as_exact_i64().ok_or_else(|| match number {
            Number::Double(number) if number.is_finite() && number.fract() != 0.0 => {
                format!("Expected an integer: {shown}")
            }
            _ => format!("Cannot represent as a 64-bit integer: {shown}"),
        }),
    }
}

fn parse_size(argument: &Bson) -> Result<i64> {
    let value = ValueRef::from(argument);
    let shown = format!("$size: {}", show(value));
    let refuse = |why: String| bad_value(format!("Failed to parse $size. {why}"));
    let whole = exact_integer(value, &shown).map_err(refuse)?;
    if i32::try_from(whole).is_err() {
        return Err(refuse(format!("Cannot represent {shown} in an int")));
    }
    if whole < 0 {
        return Err(refuse(format!("Expected a non-negative number in: {shown}")));
    }
    Ok(whole)
}

fn parse_all(path: &Path, argument: &Bson) -> Result<Node> {
    let Bson::Array(items) = argument else { return Err(bad_value("$all needs an array")) };
    let is_elem_match = |item: &Bson| {
        item.as_document().and_then(|document| document.keys().next()).is_some_and(|key| key == "$elemMatch")
    };
    let elements = items.first().is_some_and(is_elem_match);
    let mut nodes = Vec::with_capacity(items.len());
    for item in items {
        match item {
            Bson::Document(document) if elements && is_elem_match(item) => {
                let argument = document.get("$elemMatch").unwrap_or(&Bson::Null);
                nodes.push(field(path, parse_elem_match(argument)?));
            }
            _ if elements => return Err(bad_value("$all/$elemMatch has to be consistent")),
            Bson::Document(document) if begins_with_operator(document) => {
                return Err(bad_value("no $ expressions in $all"));
            }
            Bson::Document(_) => nodes.push(field(path, Test::Compare(Comparison::Equal, item.clone()))),
            other => nodes.extend(parse_field(path, other)?),
        }
    }
    Ok(if nodes.is_empty() { Node::Always(false) } else { Node::And(nodes) })
}

fn parse_elem_match(argument: &Bson) -> Result<Test> {
    let Bson::Document(document) = argument else { return Err(bad_value("$elemMatch needs an Object")) };
    let logical =
        |key: &str| matches!(key, "$and" | "$or" | "$nor" | "$where" | "$expr" | "$jsonSchema" | "$text");
    let values = is_operators(document) && document.keys().next().is_some_and(|key| !logical(key));
    Ok(if values {
        Test::ElementValue(parse_value_tests(document)?)
    } else {
        Test::ElementObject(Box::new(parse_filter(document, Place::Element)?))
    })
}

fn parse_not(path: &Path, argument: &Bson) -> Result<Node> {
    let mut nodes = match argument {
        Bson::RegularExpression(_) => parse_field(path, argument)?,
        Bson::Document(operators) if operators.is_empty() => {
            return Err(bad_value("$not argument must be a non-empty object"));
        }
        Bson::Document(operators) => parse_operators(path, operators)?,
        _ => return Err(bad_value("$not argument must be a regex or an object")),
    };
    Ok(not(if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) }))
}
