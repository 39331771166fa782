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
                    field_details(test.negated_name().unwrap_or_default(), path, test, document, !expected)
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
        .map(|(at, node)| Bson::Document(doc! { "index": at, "details": node.details(document, expected) }))
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
    visit_path(document, path, true, &mut |value| {
        considered.extend(value.map(ValueRef::to_bson));
        false
    });
    if considered.is_empty() && expected && !matches!(test, Test::Exists) {
        details.insert("reason", "field was missing");
        return details;
    }
    details.insert("reason", test.reason(expected));
    if matches!(test, Test::Exists) {
        return details;
    }
    match considered.as_slice() {
        [] => {}
        [single] => {
            details.insert("consideredValue", single.clone());
            if matches!(test, Test::Type(_)) {
                details.insert("consideredType", type_name(single.into()));
            }
        }
        [elements @ .., whole @ Bson::Array(items)]
            if elements == items.as_slice() && matches!(test, Test::Size(_)) =>
        {
            details.insert("consideredValue", whole.clone());
        }
        many => {
            details.insert("consideredValues", many.to_vec());
        }
    }
    details
}

impl Test {
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
            Test::Compare(_, with) => with.clone(),
            Test::In(list) => Bson::Array(list.values().to_vec()),
            Test::Exists => Bson::Boolean(true),
            Test::Type(types) => types.stated(),
            Test::Regex(pattern) => Bson::String(pattern.source().to_owned()),
            Test::Mod { divisor, remainder } => Bson::Array(vec![(*divisor).into(), (*remainder).into()]),
            Test::Size(length) => i32::try_from(*length).map_or(Bson::Int64(*length), Bson::Int32),
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
