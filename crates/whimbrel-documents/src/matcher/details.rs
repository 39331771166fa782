//! Why a document does not pass a filter, in the shape of MongoDB's error 121.

use std::cell::RefCell;

use bson::{Bson, Document, RawDocument, doc};

use super::{Comparison, Matcher, Node, Run, Test};
use crate::value::{DocRef, Path, ValueRef, type_name, visit_path};

impl Matcher {
    /// The `details` of error 121: what a document that does not pass breaks.
    pub(crate) fn details(&self, document: &RawDocument) -> Document {
        self.root.details(DocRef::Raw(document), true)
    }
}

impl Node {
    /// Says why the node fails, or with `expected: false` why it holds although it should not.
    fn details(&self, document: DocRef<'_>, expected: bool) -> Document {
        match self {
            Node::And(nodes) => clauses("$and", nodes, document, expected),
            Node::Or(nodes) => clauses("$or", nodes, document, expected),
            Node::Nor(nodes) => clauses("$nor", nodes, document, !expected),
            Node::Not(inner) => match &**inner {
                Node::Field { path, test } if test.negated_name().is_some() => {
                    let name = test.negated_name().unwrap_or_default();
                    let mut details = field_details(name, path, test, document, !expected);
                    if matches!(test, Test::Exists) {
                        let mut stated = Document::new();
                        stated.insert(path.as_str(), doc! { "$exists": false });
                        details.insert("specifiedAs", stated);
                    }
                    details
                }
                inner => doc! { "operatorName": "$not", "details": inner.details(document, !expected) },
            },
            Node::Field { path, test } => field_details(test.name(), path, test, document, expected),
            Node::Expr(expression) => {
                let result = expression.evaluate_on(document).ok().flatten();
                let mut details = doc! { "operatorName": "$expr" };
                details.insert("specifiedAs", doc! { "$expr": expression.stated() });
                details.insert(
                    "reason",
                    if expected { "expression did not match" } else { "expression did match" },
                );
                details.extend(result.map(|result| ("expressionResult".to_owned(), result)));
                details
            }
            Node::Schema(schema) if expected => schema.details(document),
            Node::Schema(_) => doc! { "operatorName": "$jsonSchema", "reason": "schema matched" },
            Node::Text(_) => doc! { "operatorName": "$text" },
            Node::Always(true) => {
                doc! { "operatorName": "$alwaysTrue", "reason": "expression always evaluates to true" }
            }
            Node::Always(false) => {
                doc! { "operatorName": "$alwaysFalse", "reason": "expression always evaluates to false" }
            }
        }
    }
}

/// The clauses that do not come out as they should.
fn clauses(name: &str, nodes: &[Node], document: DocRef<'_>, expected: bool) -> Document {
    let run = Run { variables: None, trouble: RefCell::new(None) };
    let failing: Vec<Bson> = (0i32..)
        .zip(nodes)
        .filter(|(_, node)| node.matches(document, &run) != expected)
        .map(|(at, node)| {
            let mut clause = doc! { "index": at };
            if let Node::Schema(schema) = node {
                schema.describe(&mut clause);
            }
            clause.insert("details", node.details(document, expected));
            Bson::Document(clause)
        })
        .collect();
    let key = if expected { "clausesNotSatisfied" } else { "clausesSatisfied" };
    let mut details = doc! { "operatorName": name };
    details.insert(key, failing);
    details
}

fn field_details(name: &str, path: &Path, test: &Test, document: DocRef<'_>, expected: bool) -> Document {
    let mut details = doc! { "operatorName": name };
    let mut stated = Document::new();
    stated.insert(path.as_str(), test.stated(name));
    details.insert("specifiedAs", stated);
    let mut considered = Vec::new();
    let mut found = false;
    visit_path(document, path, false, &mut |value| {
        found |= value.is_some();
        match value {
            Some(ValueRef::Array(items)) if test.looks_into_arrays() => {
                considered.extend(items.values().map(ValueRef::to_bson));
            }
            value => considered.extend(value.map(ValueRef::to_bson)),
        }
        false
    });
    if !found && !matches!(test, Test::Exists) {
        details.insert("reason", "field was missing");
        return details;
    }
    let types = test.expected_types();
    let has_type = |value: &Bson| types.contains(&type_name(value.into()));
    let wrong_type = expected && !types.is_empty() && !considered.iter().any(has_type);
    details.insert("reason", if wrong_type { "type did not match" } else { test.reason(expected) });
    if matches!(test, Test::Exists) {
        return details;
    }
    let mut considered_types: Vec<&str> = considered.iter().map(|value| type_name(value.into())).collect();
    considered_types.sort_unstable();
    considered_types.dedup();
    let tell_types = |details: &mut Document| match considered_types.as_slice() {
        [] => {}
        [single] => _ = details.insert("consideredType", *single),
        several => _ = details.insert("consideredTypes", several.to_vec()),
    };
    if wrong_type {
        tell_types(&mut details);
        match types {
            [single] => _ = details.insert("expectedType", *single),
            several => _ = details.insert("expectedTypes", several.to_vec()),
        }
    }
    match considered.as_slice() {
        [] if !found => {}
        [single] => _ = details.insert("consideredValue", single.clone()),
        many => _ = details.insert("consideredValues", many.to_vec()),
    }
    if matches!(test, Test::Type(_)) {
        tell_types(&mut details);
    }
    details
}

impl Test {
    /// The types of the values that it can be asked of, where it cannot be asked of all.
    fn expected_types(&self) -> &'static [&'static str] {
        match self {
            Test::Mod { .. } => &["decimal", "double", "int", "long"],
            Test::Bits(_) => &["binData", "decimal", "double", "int", "long"],
            Test::Regex(_) => &["regex", "string", "symbol"],
            Test::Size(_) | Test::ElementObject(_) | Test::ElementValue(_) => &["array"],
            _ => &[],
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Test::Compare(comparison, _) => comparison.name(),
            Test::In(_) => "$in",
            Test::Exists => "$exists",
            Test::Type(_) => "$type",
            Test::Regex(_) => "$regex",
            Test::Mod { .. } => "$mod",
            Test::Size(_) => "$size",
            Test::ElementObject(_) | Test::ElementValue(_) => "$elemMatch",
            Test::Bits(_) => "$bits",
            Test::Geo(_) => "$geoWithin",
            Test::Near(_) => "$near",
        }
    }

    /// The operator that is the negation of this test.
    fn negated_name(&self) -> Option<&'static str> {
        match self {
            Test::Compare(Comparison::Equal, _) => Some("$ne"),
            Test::In(_) => Some("$nin"),
            Test::Exists => Some("$exists"),
            _ => None,
        }
    }

    fn stated(&self, name: &str) -> Bson {
        let argument = match self {
            // Equality is mostly stated by the value alone.
            Test::Compare(Comparison::Equal, with) if name == "$eq" => return with.clone(),
            Test::Compare(_, with) => with.clone(),
            Test::In(list) => Bson::Array(list.values().to_vec()),
            Test::Exists => Bson::Boolean(true),
            Test::Type(types) => types.stated(),
            Test::Regex(pattern) => return pattern.stated(),
            Test::Mod { divisor, remainder } => Bson::Array(vec![whole(*divisor), whole(*remainder)]),
            Test::Size(length) => whole(*length),
            _ => return Bson::Document(Document::new()),
        };
        let mut stated = Document::new();
        stated.insert(name, argument);
        Bson::Document(stated)
    }

    fn reason(&self, expected: bool) -> &'static str {
        match (self, expected) {
            (Test::Compare(..), true) => "comparison failed",
            (Test::Compare(..), false) => "comparison succeeded",
            (Test::In(_), true) => "no matching value found in array",
            (Test::In(_), false) => "matching value found in array",
            (Test::Exists, true) => "path does not exist",
            (Test::Exists, false) => "path does exist",
            (Test::Type(_), true) => "type did not match",
            (Test::Type(_), false) => "type did match",
            (Test::Regex(_), true) => "regular expression did not match",
            (Test::Regex(_), false) => "regular expression did match",
            (Test::Mod { .. }, true) => "$mod did not evaluate to expected remainder",
            (Test::Mod { .. }, false) => "$mod did evaluate to expected remainder",
            (Test::Size(_), true) => "array length was not equal to given size",
            (Test::Size(_), false) => "array length was equal to given size",
            (Test::ElementObject(_) | Test::ElementValue(_), true) => {
                "array did not satisfy the child predicate"
            }
            (Test::ElementObject(_) | Test::ElementValue(_), false) => {
                "array did satisfy the child predicate"
            }
            (Test::Bits(_), true) => "bitwise operator failed to match",
            (Test::Bits(_), false) => "bitwise operator matched successfully",
            (Test::Geo(_) | Test::Near(_), true) => {
                "none of the considered geometries was contained within the expression's geometry"
            }
            (Test::Geo(_) | Test::Near(_), false) => {
                "at least one of considered geometries was contained within the expression's geometry"
            }
        }
    }
}

fn whole(number: i64) -> Bson {
    i32::try_from(number).map_or(Bson::Int64(number), Bson::Int32)
}

impl Comparison {
    fn name(self) -> &'static str {
        match self {
            Comparison::Equal => "$eq",
            Comparison::Less => "$lt",
            Comparison::LessOrEqual => "$lte",
            Comparison::Greater => "$gt",
            Comparison::GreaterOrEqual => "$gte",
        }
    }
}
