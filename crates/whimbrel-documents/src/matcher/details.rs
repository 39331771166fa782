//! Why a document does not pass a validator, in the shape of MongoDB's error 121.

use bson::{Bson, Document, RawDocument, doc};

use super::validator::{Clause, FieldClause, Join};
use super::{GeoTest, Geometry, Node, Test, Validator};
use crate::value::{DocRef, Path, ValueRef, show, type_name, visit_elements, visit_path};

/// How many values of a path are told of.
const MOST_CONSIDERED: usize = 10;

const NUMBERS: [&str; 4] = ["decimal", "double", "int", "long"];
const NUMBERS_OR_BYTES: [&str; 5] = ["binData", "decimal", "double", "int", "long"];
const TEXTS: [&str; 3] = ["regex", "string", "symbol"];

impl Validator {
    /// The `errInfo` of error 121: which document does not pass, and what it breaks.
    pub(crate) fn details(&self, document: &RawDocument) -> Document {
        let document = DocRef::Raw(document);
        let id = document.get("_id").map_or(Bson::Null, ValueRef::to_bson);
        let Some(untold) = self.clause.untold() else {
            return doc! { "failingDocumentId": id, "details": self.clause.details(document, true) };
        };
        let told = doc! {
            "code": 4_994_600,
            "codeName": "Location4994600",
            "errmsg": format!(
                "Cannot generate validation error details: no annotation found for expression {}",
                show(ValueRef::Document(DocRef::Parsed(untold)))
            ),
        };
        doc! { "failingDocumentId": id, "note": "failed to generate document validation error", "details": told }
    }
}

impl Clause {
    /// Says why the clause fails, or with `expected: false` why it holds although it should not.
    fn details(&self, document: DocRef<'_>, expected: bool) -> Document {
        match self {
            Clause::Joined { join: join @ Join::Nor, clauses } => join.details(clauses, document, !expected),
            Clause::Joined { join, clauses } => join.details(clauses, document, expected),
            Clause::Not(inner) => {
                doc! { "operatorName": "$not", "details": inner.details(document, !expected) }
            }
            Clause::Field(field) => field.details(document, expected != field.negated),
            Clause::Whole { node: Node::Schema(schema), .. } if expected => schema.details(document),
            Clause::Whole { node: Node::Schema(_), .. } => {
                doc! { "operatorName": "$jsonSchema", "reason": "schema matched" }
            }
            Clause::Whole { node, stated } => whole_details(node, stated, document, expected),
        }
    }

    /// The first condition that MongoDB has nothing to tell of, and because of which it tells nothing of the others either.
    fn untold(&self) -> Option<&Document> {
        match self {
            Clause::Joined { clauses, .. } => clauses.iter().find_map(Clause::untold),
            Clause::Whole { node: Node::Always(_), stated } => Some(stated),
            _ => None,
        }
    }

    /// Whether the clause does not come out as it should; one that fails altogether does not.
    fn is_told(&self, document: DocRef<'_>, expected: bool) -> bool {
        self.matches(document) != Ok(expected)
    }
}

impl Join {
    fn details(self, clauses: &[Clause], document: DocRef<'_>, expected: bool) -> Document {
        // Where all of the clauses have to have the wrong outcome they are not asked once more.
        let asks_none = (self == Join::And) != expected;
        let told: Vec<Bson> = (0i32..)
            .zip(clauses)
            .filter(|(_, clause)| asks_none || clause.is_told(document, expected))
            .map(|(at, clause)| {
                let mut told = doc! { "index": at };
                if let Clause::Whole { node: Node::Schema(schema), .. } = clause {
                    schema.describe(&mut told);
                }
                told.insert("details", clause.details(document, expected));
                Bson::Document(told)
            })
            .collect();
        let name = match self {
            Join::And => "$and",
            Join::Or => "$or",
            Join::Nor => "$nor",
        };
        let key = if expected { "clausesNotSatisfied" } else { "clausesSatisfied" };
        doc! { "operatorName": name, key: told }
    }
}

/// What is told of a condition on the whole document.
fn whole_details(node: &Node, stated: &Document, document: DocRef<'_>, expected: bool) -> Document {
    let operator = stated.keys().next().map_or("", String::as_str);
    let mut details = doc! { "operatorName": operator, "specifiedAs": stated };
    let Node::Expr(expression) = node else { return details };
    match expression.evaluate_on(document) {
        Ok(result) => {
            let reason = if expected { "expression did not match" } else { "expression did match" };
            details.insert("reason", reason);
            details.extend(result.map(|result| ("expressionResult".to_owned(), result)));
        }
        Err(refusal) => {
            details.insert("reason", "failed to evaluate aggregation expression");
            let told =
                doc! { "code": refusal.code, "codeName": refusal.code_name, "errmsg": refusal.message };
            details.insert("details", told);
        }
    }
    details
}

/// The values that a path leads to.
struct Considered {
    values: Vec<Bson>,
    /// Whether more were there than are told of.
    truncated: bool,
}

impl Considered {
    /// Collects the values up to the first missing one; none where the path leads to nothing.
    ///
    /// With `into_arrays`, an array at the end of the path stands for its elements.
    fn of(document: DocRef<'_>, path: &Path, into_arrays: bool) -> Option<Self> {
        let mut considered = Considered { values: Vec::new(), truncated: false };
        let mut add = |value: Option<ValueRef<'_>>| value.is_none_or(|value| considered.add(value));
        if into_arrays {
            visit_elements(document, path, &mut add);
        } else {
            visit_path(document, path, false, &mut add);
        }
        (!considered.values.is_empty() || leads_somewhere(document, path)).then_some(considered)
    }

    /// Adds a value, and says whether there is no room for more.
    fn add(&mut self, value: ValueRef<'_>) -> bool {
        self.truncated = self.values.len() == MOST_CONSIDERED;
        if !self.truncated {
            self.values.push(value.to_bson());
        }
        self.truncated
    }

    fn tell_values(self, details: &mut Document) {
        match <[Bson; 1]>::try_from(self.values) {
            Ok([single]) => _ = details.insert("consideredValue", single),
            Err(several) => _ = details.insert("consideredValues", several),
        }
        if self.truncated {
            details.insert("consideredValuesTruncated", true);
        }
    }

    fn has_type_of(&self, types: &[&str]) -> bool {
        self.values.iter().any(|value| types.contains(&type_name(value.into())))
    }

    fn tell_types(&self, details: &mut Document) {
        let mut types: Vec<&str> = self.values.iter().map(|value| type_name(value.into())).collect();
        types.sort_unstable();
        types.dedup();
        match types.as_slice() {
            [] => {}
            [single] => _ = details.insert("consideredType", *single),
            several => _ = details.insert("consideredTypes", several.to_vec()),
        }
    }
}

/// Whether the first that a path leads to is there.
fn leads_somewhere(document: DocRef<'_>, path: &Path) -> bool {
    let mut first = None;
    visit_path(document, path, true, &mut |value| {
        first = Some(value.is_some());
        true
    });
    first == Some(true)
}

impl FieldClause {
    /// Says why the test fails, or with `expected: false` why it holds.
    fn details(&self, document: DocRef<'_>, expected: bool) -> Document {
        let mut details = doc! { "operatorName": &self.operator, "specifiedAs": &self.stated };
        let test = match &self.node {
            Node::Field { test, .. } if self.operator != "$all" => Some(test),
            // An empty `$all`.
            Node::Always(_) => {
                details.insert("reason", "expression always evaluates to false");
                return details;
            }
            _ => None,
        };
        let into_arrays = test.is_some_and(Test::looks_into_arrays);
        if matches!(test, Some(Test::Exists)) {
            details.insert("reason", if expected { "path does not exist" } else { "path does exist" });
            return details;
        }
        let Some(considered) = Considered::of(document, &self.path, into_arrays) else {
            details.insert("reason", "field was missing");
            return details;
        };
        let types = test.map_or(&[][..], Test::expected_types);
        let is_place = |value: ValueRef<'_>| Geometry::of_value(value).is_some();
        if matches!(test, Some(Test::Geo(_)))
            && !considered.values.iter().any(|value| is_place(value.into()))
            && !document.get(self.path.as_str()).is_some_and(is_place)
        {
            details.insert("reason", "could not find a valid geometry at the given path");
        } else if types.is_empty() || considered.has_type_of(types) {
            let (failed, held) = test.map_or(OF_ALL, Test::reasons);
            details.insert("reason", if expected { failed } else { held });
        } else {
            details.insert("reason", "type did not match");
            considered.tell_types(&mut details);
            match types {
                [single] => _ = details.insert("expectedType", *single),
                several => _ = details.insert("expectedTypes", several.to_vec()),
            }
        }
        let mut types = Document::new();
        if matches!(test, Some(Test::Type(_))) {
            considered.tell_types(&mut types);
        }
        considered.tell_values(&mut details);
        details.extend(types);
        details
    }
}

/// Why an `$all` fails, and why it holds.
const OF_ALL: (&str, &str) =
    ("array did not contain all specified values", "array did contain all specified values");

impl Test {
    /// The types of the values that it can be asked of, where it cannot be asked of all.
    fn expected_types(&self) -> &'static [&'static str] {
        match self {
            Test::Mod { .. } => &NUMBERS,
            Test::Bits(_) => &NUMBERS_OR_BYTES,
            Test::Regex(_) => &TEXTS,
            Test::Size(_) | Test::ElementObject(_) | Test::ElementValue(_) => &["array"],
            _ => &[],
        }
    }

    /// Why the test fails, and why it holds.
    fn reasons(&self) -> (&'static str, &'static str) {
        match self {
            Test::Compare(..) => ("comparison failed", "comparison succeeded"),
            Test::In(_) => ("no matching value found in array", "matching value found in array"),
            Test::Exists => ("path does not exist", "path does exist"),
            Test::Type(_) => ("type did not match", "type did match"),
            Test::Regex(_) => ("regular expression did not match", "regular expression did match"),
            Test::Mod { .. } => {
                ("$mod did not evaluate to expected remainder", "$mod did evaluate to expected remainder")
            }
            Test::Size(_) => {
                ("array length was not equal to given size", "array length was equal to given size")
            }
            Test::ElementObject(_) | Test::ElementValue(_) => {
                ("array did not satisfy the child predicate", "array did satisfy the child predicate")
            }
            Test::Bits(_) => ("bitwise operator failed to match", "bitwise operator matched successfully"),
            Test::Geo(test) if matches!(**test, GeoTest::Intersects(_)) => (
                "none of the considered geometries intersected the expression’s geometry",
                "at least one of considered geometries intersected the expression’s geometry",
            ),
            Test::Geo(_) | Test::Near(_) => (
                "none of the considered geometries were contained within the expression’s geometry",
                "at least one of considered geometries was contained within the expression’s geometry",
            ),
        }
    }
}
