//! Arrays as sets.

use std::collections::HashSet;

use bson::Bson;

use super::table::{Arguments, Function};
use super::{Node, Value, is_nullish, is_true, type_of};
use crate::refusal::{Refusal, Result, at_location};
use crate::value::{HashedKey, compare_bson};

const TWO: Arguments = Arguments::Exactly(2);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$setUnion", arguments: Arguments::Any, apply: union },
    Function { name: "$setIntersection", arguments: Arguments::Any, apply: intersection },
    Function { name: "$setDifference", arguments: TWO, apply: difference },
    Function { name: "$setEquals", arguments: Arguments::Any, apply: equals },
    Function { name: "$setIsSubset", arguments: TWO, apply: is_subset },
    Function { name: "$anyElementTrue", arguments: Arguments::Exactly(1), apply: any_true },
    Function { name: "$allElementsTrue", arguments: Arguments::Exactly(1), apply: any_true },
];

/// Refuses what the server finds wrong with constants before it sees a document, and puts the constants of what
/// may be reordered last, as the server does.
pub(super) fn prepared(name: &str, mut nodes: Vec<Node>) -> Result<Vec<Node>> {
    let constant = |node: &Node| matches!(node, Node::Literal(_));
    if name == "$setEquals" && nodes.len() < 2 {
        let message = format!("$setEquals needs at least two arguments had: {}", nodes.len());
        return Err(at_location(17045, message));
    }
    if nodes.iter().all(constant) && name != "$setEquals" {
        return Ok(nodes);
    }
    let wrong = |node: &Node| match node {
        Node::Literal(Bson::Array(_)) => None,
        Node::Literal(value) => Some(type_of(&Some(value.clone()))),
        _ => None,
    };
    match name {
        "$setUnion" | "$setIntersection" => nodes.sort_by_key(constant),
        "$setEquals" => {
            if let Some((at, found)) =
                nodes.iter().enumerate().find_map(|(at, node)| Some((at, wrong(node)?)))
            {
                return Err(not_a_set(5_887_502, at, found));
            }
        }
        "$setIsSubset" => {
            if let Some(found) = nodes.get(1).and_then(wrong) {
                return Err(at_location(
                    17311,
                    format!(
                        "both operands of $setIsSubset must be arrays. Second argument is of type: {found}"
                    ),
                ));
            }
        }
        "$indexOfArray" => {
            if let Some(found) = nodes.first().and_then(wrong).filter(|found| *found != "null") {
                return Err(at_location(
                    50809,
                    format!(
                        "First operand of $indexOfArray must be an array. First argument is of type: {found}"
                    ),
                ));
            }
        }
        _ => {}
    }
    Ok(nodes)
}

fn not_a_set(code: i32, at: usize, found: &str) -> Refusal {
    at_location(
        code,
        format!("All operands of $setEquals must be arrays. {}-th argument is of type: {found}", at + 1),
    )
}

fn keys(items: &[Bson]) -> HashSet<HashedKey> {
    items.iter().cloned().map(HashedKey).collect()
}

fn sorted(set: HashSet<HashedKey>) -> Value {
    let mut items: Vec<Bson> = set.into_iter().map(|key| key.0).collect();
    items.sort_by(compare_bson);
    Some(Bson::Array(items))
}

fn union(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut all = HashSet::new();
    for value in values {
        match value {
            Some(Bson::Array(items)) => {
                for item in items {
                    all.insert(HashedKey(item));
                }
            }
            value if is_nullish(&value) => return Ok(Some(Bson::Null)),
            value => {
                let found = type_of(&value);
                return Err(at_location(
                    17043,
                    format!("All operands of $setUnion must be arrays. One argument is of type: {found}"),
                ));
            }
        }
    }
    Ok(sorted(all))
}

fn intersection(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut common: Option<HashSet<HashedKey>> = None;
    for value in &values {
        match value {
            Some(Bson::Array(items)) => {
                let other = keys(items);
                common = Some(match common {
                    None => other,
                    Some(known) => known.into_iter().filter(|key| other.contains(key)).collect(),
                });
            }
            value if is_nullish(value) => return Ok(Some(Bson::Null)),
            value => {
                let found = type_of(value);
                return Err(at_location(
                    17047,
                    format!(
                        "All operands of $setIntersection must be arrays. One argument is of type: {found}"
                    ),
                ));
            }
        }
    }
    Ok(sorted(common.unwrap_or_default()))
}

/// The two arrays of a call; the codes are those of a first and a second that is none.
fn pair<'v>(name: &str, values: &'v [Value], codes: (i32, i32)) -> Result<(&'v [Bson], &'v [Bson])> {
    match values {
        [Some(Bson::Array(left)), Some(Bson::Array(right))] => Ok((left, right)),
        [Some(Bson::Array(_)), other] => Err(at_location(
            codes.1,
            format!("both operands of {name} must be arrays. Second argument is of type: {}", type_of(other)),
        )),
        _ => Err(at_location(
            codes.0,
            format!(
                "both operands of {name} must be arrays. First argument is of type: {}",
                type_of(&values[0])
            ),
        )),
    }
}

fn difference(name: &'static str, values: Vec<Value>) -> Result<Value> {
    if values.iter().any(is_nullish) {
        return Ok(Some(Bson::Null));
    }
    let (left, right) = pair(name, &values, (17048, 17049))?;
    let mut seen = keys(right);
    Ok(Some(Bson::Array(
        left.iter().filter(|item| seen.insert(HashedKey((*item).clone()))).cloned().collect(),
    )))
}

fn is_subset(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let (left, right) = pair(name, &values, (17046, 17042))?;
    let all = keys(right);
    Ok(Some(Bson::Boolean(keys(left).iter().all(|key| all.contains(key)))))
}

fn equals(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let mut first: Option<HashSet<HashedKey>> = None;
    let mut equal = true;
    for (at, value) in values.iter().enumerate() {
        let Some(Bson::Array(items)) = value else {
            return Err(not_a_set(17044, at, type_of(value)));
        };
        let set = keys(items);
        match &first {
            None => first = Some(set),
            Some(known) => equal &= *known == set,
        }
    }
    Ok(Some(Bson::Boolean(equal)))
}

fn any_true(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let any = name == "$anyElementTrue";
    let Some(Bson::Array(items)) = &values[0] else {
        let code = if any { 17041 } else { 17040 };
        let found = type_of(&values[0]);
        return Err(at_location(code, format!("{name}'s argument must be an array, but is {found}")));
    };
    let mut truths = items.iter().map(|item| is_true(Some(item)));
    Ok(Some(Bson::Boolean(if any { truths.any(|truth| truth) } else { truths.all(|truth| truth) })))
}
