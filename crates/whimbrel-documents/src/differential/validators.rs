//! Validators of every operator and keyword over documents that break them: the details of the refusals.

use bson::{Bson, Document, bson, doc};

use super::values::{decimal, regex};
use super::{Case, run};

/// Documents that lead to values of many kinds, and to none.
fn documents() -> Vec<Document> {
    let many: Vec<i32> = (0..12).collect();
    let wide: Vec<Document> = (0..11).map(|number| doc! { "b": number }).collect();
    let mut gaps = wide.clone();
    gaps.insert(3, doc! {});
    vec![
        doc! {},
        doc! { "a": 5 },
        doc! { "a": -4 },
        doc! { "a": Bson::Int64(7) },
        doc! { "a": 1.5 },
        doc! { "a": decimal("2.5") },
        doc! { "a": "abc" },
        doc! { "a": "xyz" },
        doc! { "a": Bson::Null },
        doc! { "a": true },
        doc! { "a": regex("^a", "i") },
        doc! { "a": { "b": 1, "c": "x" } },
        doc! { "a": { "b": "abc" } },
        doc! { "a": [] },
        doc! { "a": [5] },
        doc! { "a": [1, "abc", Bson::Null] },
        doc! { "a": [[1, 2], []] },
        doc! { "a": [[]] },
        doc! { "a": many.clone() },
        doc! { "a": many[..10].to_vec() },
        doc! { "a": [{ "b": 1 }, { "b": 5, "c": 1 }] },
        doc! { "a": [{ "c": 1 }, { "b": 5 }] },
        doc! { "a": [{ "b": 1 }, {}, { "b": 5 }] },
        doc! { "a": [{ "b": 1 }, 7, { "b": 5 }] },
        doc! { "a": [7, { "b": 5 }] },
        doc! { "a": [[{ "b": 5 }], { "b": 1 }] },
        doc! { "a": [{ "b": [] }, {}] },
        doc! { "a": [{ "b": [1, 2] }, { "b": [5, [6]] }] },
        doc! { "a": [{ "b": Bson::Null }] },
        doc! { "a": [{ "b": "abc" }, {}, { "b": 4 }] },
        doc! { "a": [{}, { "b": 4 }] },
        doc! { "a": wide },
        doc! { "a": gaps },
        doc! { "a": { "0": 3, "b": [1, 2, 3] } },
    ]
}

/// What is said about a field.
fn predicates() -> Vec<Bson> {
    vec![
        bson!(5),
        bson!("xyz"),
        bson!({ "b": 1 }),
        bson!([5]),
        Bson::Null,
        regex("^a", ""),
        regex("B", "i"),
        bson!({ "$in": [9, regex("^a", ""), 5, "z", 5] }),
        bson!({ "$in": [] }),
        bson!({ "$nin": [regex("b", ""), 7, 5, Bson::Null] }),
        bson!({ "$exists": true }),
        bson!({ "$exists": false }),
        bson!({ "$exists": 0 }),
        bson!({ "$exists": "x" }),
        bson!({ "$type": "string" }),
        bson!({ "$type": 2 }),
        bson!({ "$type": ["int", 2, "number"] }),
        bson!({ "$type": "array" }),
        bson!({ "$mod": [2, 0] }),
        bson!({ "$mod": [2.5, 1] }),
        bson!({ "$size": 2 }),
        bson!({ "$size": 1.0 }),
        bson!({ "$all": [5, 1] }),
        bson!({ "$all": [regex("c$", "")] }),
        bson!({ "$all": [] }),
        bson!({ "$all": [[1, 2]] }),
        bson!({ "$all": [{ "$elemMatch": { "b": 5 } }, { "$elemMatch": { "$gt": 4 } }] }),
        bson!({ "$elemMatch": { "$gt": 3, "$lt": 6 } }),
        bson!({ "$elemMatch": { "b": { "$gt": 3 } } }),
        bson!({ "$elemMatch": { "$or": [{ "b": 5 }, { "c": 1 }] } }),
        bson!({ "$elemMatch": {} }),
        bson!({ "$elemMatch": { "$not": { "$gt": 3 } } }),
        bson!({ "$regex": "^a" }),
        bson!({ "$options": "i", "$regex": "B" }),
        bson!({ "$regex": "^x", "$gt": "a" }),
        bson!({ "$regex": regex("B", "i") }),
        bson!({ "$regex": regex("B", ""), "$options": "i" }),
        bson!({ "$gt": 3, "$lt": 6 }),
        bson!({ "$ne": 5, "$exists": true }),
        bson!({ "$gte": Bson::MinKey }),
        bson!({ "$lt": Bson::Int64(3) }),
        bson!({ "$eq": regex("^a", "i") }),
    ]
}

/// Comparisons and tests of bits.
fn comparisons() -> Vec<Bson> {
    let mut predicates = Vec::new();
    for name in ["$eq", "$ne", "$lt", "$lte", "$gt", "$gte"] {
        for value in [bson!(4), bson!("abc"), Bson::Null, bson!([1, 2])] {
            predicates.push(bson!({ name: value }));
        }
    }
    for name in ["$bitsAllSet", "$bitsAnySet", "$bitsAllClear", "$bitsAnyClear"] {
        for mask in [bson!(5), bson!([1, 2]), bson!(4.0)] {
            predicates.push(bson!({ name: mask }));
        }
    }
    predicates
}

fn said(predicates: Vec<Bson>) -> Vec<Document> {
    let mut validators = Vec::new();
    for (at, predicate) in predicates.into_iter().enumerate() {
        for path in ["a", "a.b", ["a.0", "a.0.b", "a.b.0", "a.b.c"][at % 4]] {
            validators.push(doc! { path: predicate.clone() });
        }
        let is_operators =
            predicate.as_document().is_some_and(|said| said.keys().all(|name| name.starts_with('$')));
        if is_operators || matches!(predicate, Bson::RegularExpression(_)) {
            validators.push(doc! { ["a", "a.b"][at % 2]: { "$not": predicate.clone() } });
        }
        if is_operators && at % 3 == 0 {
            validators.push(doc! { "a": { "$not": { "$not": predicate } } });
        } else {
            validators.push(doc! { "$nor": [{ "a": predicate }, { "a": 77 }] });
        }
    }
    validators
}

fn joined() -> Vec<Document> {
    vec![
        doc! { "a": 5, "b": 1 },
        doc! { "a": 5, "$comment": "said" },
        doc! { "$comment": "said" },
        doc! { "$and": [{ "a": 5 }] },
        doc! { "$and": [{ "a": 5, "b": 1 }, { "a": { "$gt": 7 } }] },
        doc! { "$or": [{ "a": 6 }, { "$and": [{ "a": 5 }, { "b": 1 }] }] },
        doc! { "$nor": [{ "a": 5 }, { "a": { "$type": "number" } }, { "a": { "$exists": false } }] },
        doc! { "$nor": [{ "$nor": [{ "a": 5 }, { "a": 6 }] }] },
        doc! { "$nor": [{ "$or": [{ "a": 5 }, { "a": { "$type": "int" } }] }] },
        doc! { "$nor": [{ "$and": [{ "a": { "$gt": 3 } }, { "a": { "$type": "int" } }] }] },
        doc! { "$nor": [{ "a": { "$gt": 3, "$lt": 9 } }] },
        doc! { "$and": [{}] },
        doc! { "$nor": [{}] },
        doc! { "$expr": { "$gt": ["$a", 6] } },
        doc! { "$expr": "$a" },
        doc! { "$expr": { "$lt": [{ "$add": ["$a", 1] }, 3] } },
        doc! { "$nor": [{ "$expr": { "$gt": ["$a", 4] } }] },
        doc! { "$or": [{ "$expr": { "$gt": [{ "$divide": [1, "$a"] }, 4] } }, { "a": 1 }] },
        doc! { "$alwaysFalse": 1 },
        doc! { "$nor": [{ "$alwaysTrue": 1 }] },
        doc! { "$and": [{ "$alwaysFalse": 1 }, { "a": 5 }] },
    ]
}

fn titled(mut schema: Document) -> Document {
    schema.insert("title", "a title");
    schema.insert("description", "about it");
    schema
}

fn schemas() -> Vec<Document> {
    let number = || titled(doc! { "bsonType": "number", "minimum": 2 });
    let rules = vec![
        doc! { "properties": { "a": number() } },
        doc! { "properties": { "a": { "items": number() } } },
        doc! { "properties": { "a": { "items": [number(), number()] } } },
        doc! { "properties": { "a": { "items": [{}], "additionalItems": number() } } },
        doc! { "properties": { "a": titled(doc! { "items": [{}], "additionalItems": false }) } },
        doc! { "properties": { "a": { "properties": { "b": number() } } } },
        doc! { "properties": { "a": { "additionalProperties": number() } } },
        doc! { "properties": { "a": titled(doc! { "additionalProperties": false }) } },
        doc! { "properties": { "a": { "patternProperties": { "^[bc]$": number(), "0": {} } } } },
        doc! { "patternProperties": { "^a": number() }, "additionalProperties": false },
        doc! { "patternProperties": { "a": number(), "_id": { "bsonType": "string" }, "[a_]": { "bsonType": "object" } } },
        doc! { "properties": { "a": { "patternProperties": { "b": { "bsonType": "bool" } }, "additionalProperties": number() } } },
        doc! { "additionalProperties": number() },
        doc! { "properties": { "a": { "allOf": [number(), titled(doc! { "maximum": 3 })] } } },
        doc! { "properties": { "a": { "anyOf": [number(), titled(doc! { "bsonType": "string" })] } } },
        doc! { "properties": { "a": { "oneOf": [number(), titled(doc! { "bsonType": "int" })] } } },
        doc! { "properties": { "a": { "oneOf": [titled(doc! { "bsonType": "int" }), doc! { "minimum": 3 }] } } },
        doc! { "properties": { "a": titled(doc! { "not": number() }) } },
        doc! { "properties": { "a": { "not": { "not": number() } } } },
        doc! { "dependencies": { "a": titled(doc! { "properties": { "a": number() } }) } },
        doc! { "dependencies": { "a": ["b", "_id", "c"], "_id": ["a"] } },
        doc! { "properties": { "a": { "bsonType": "string", "required": ["q"], "dependencies": { "b": ["q"] } } } },
        doc! { "required": ["a", "zz"], "properties": { "a": number() } },
        doc! { "anyOf": [{ "required": ["b"] }, titled(doc! { "properties": { "a": number() } })] },
        doc! { "properties": { "a": { "enum": [5, "abc", { "b": 1 }] } } },
        doc! { "properties": { "a": { "bsonType": ["string", "array"], "minLength": 4, "uniqueItems": true } } },
        doc! { "properties": { "a": { "minItems": 2, "maxItems": 3, "maxLength": 2 } } },
        doc! { "properties": { "a": { "pattern": "^x", "multipleOf": 2, "maxProperties": 1 } } },
        doc! { "properties": { "a": { "type": "string", "pattern": "^x" } } },
        doc! { "properties": { "a": { "minLength": 3 } } },
        doc! { "properties": { "a": { "maxLength": 3 } } },
        doc! { "properties": { "a": { "bsonType": "string", "pattern": "^a", "minLength": 2 } } },
        doc! { "properties": { "a": { "type": ["string"], "pattern": "^x" } } },
        doc! { "properties": { "a": { "type": ["string", "number"], "pattern": "^x" } } },
        doc! { "properties": { "a": { "multipleOf": 1e300 } } },
        doc! { "properties": { "a": { "multipleOf": 1e-300 } } },
        doc! { "minProperties": 3, "maxProperties": 1 },
        doc! { "bsonType": "string" },
        doc! { "anyOf": [titled(doc! { "type": "array" }), { "required": ["b"] }] },
        doc! { "oneOf": [{ "dependencies": { "_id": { "bsonType": "int" } } }, { "enum": [5] }] },
        doc! { "type": "object", "required": ["zz", "a", "b"] },
        doc! { "required": ["a", "a"] },
        doc! { "allOf": [{ "bsonType": ["int", "string"] }, { "minimum": 3 }] },
        doc! { "not": titled(doc! { "bsonType": "object" }) },
        doc! { "required": ["a"], "properties": { "a": { "not": { "minimum": 2 } }, "b": { "not": { "bsonType": "int" } } } },
        doc! { "required": ["a", "b"], "properties": { "a": { "allOf": [{ "bsonType": "int" }, { "enum": [5] }] }, "b": { "oneOf": [{}, {}] } } },
        doc! { "required": ["a"], "properties": { "a": { "anyOf": [{ "bsonType": "int", "minimum": 9 }, { "enum": [1] }], "oneOf": [{ "bsonType": "string" }] } } },
        doc! { "properties": { "a": { "bsonType": ["int"], "minLength": 9, "maximum": 3 } } },
        doc! { "properties": { "a": { "bsonType": ["number"], "minLength": 9, "maximum": 3 } } },
        doc! { "properties": { "a": { "bsonType": "number", "minLength": 9, "maximum": 3, "minimum": 9, "exclusiveMinimum": false } } },
        doc! { "properties": { "a": { "not": {}, "enum": [1], "anyOf": [{ "enum": [2] }], "minItems": 9, "required": ["q"] } } },
        doc! { "enum": [{ "_id": 1 }] },
        doc! { "enum": [1] },
        doc! { "properties": { "a": titled(doc! { "maximum": 4, "exclusiveMaximum": true }) } },
    ];
    let mut validators = Vec::new();
    for schema in rules {
        validators.push(doc! { "$jsonSchema": schema.clone() });
        validators.push(doc! { "$jsonSchema": titled(schema.clone()) });
        validators.push(doc! { "$and": [{ "$jsonSchema": titled(schema.clone()) }, { "a": { "$gt": 1 } }] });
        validators.push(doc! { "$or": [{ "$jsonSchema": schema.clone() }, { "b": 1 }] });
        validators.push(doc! { "$nor": [{ "$jsonSchema": titled(schema) }, { "b": 1 }] });
    }
    validators
}

fn places() -> Vec<Document> {
    let square =
        || bson!({ "type": "Polygon", "coordinates": [[[-1, -1], [-1, 3], [3, 3], [3, -1], [-1, -1]]] });
    vec![
        doc! { "a": { "$geoWithin": { "$geometry": square() } } },
        doc! { "a": { "$geoWithin": { "$box": [[0, 0], [2, 2]] } } },
        doc! { "a": { "$within": { "$center": [[0, 0], 2] } } },
        doc! { "a.b": { "$geoWithin": { "$centerSphere": [[0, 0], 0.5] } } },
        doc! { "a": { "$geoIntersects": { "$geometry": square() } } },
        doc! { "a": { "$exists": true, "$geoIntersects": { "$geometry": square() } } },
        doc! { "a": { "$not": { "$geoWithin": { "$geometry": square() } } } },
        doc! { "a": { "$not": { "$geoIntersects": { "$geometry": square() } } } },
    ]
}

/// A collection for each validator, and every document into each.
fn cases(validators: Vec<Document>, documents: &[Document]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, validator) in validators.into_iter().enumerate() {
        let kind = validator.keys().next().map_or("", String::as_str).to_owned();
        let name = format!("v{at}");
        cases.push(Case::new(&kind, doc! { "create": &name, "validator": &validator }));
        for (id, document) in (0i32..).zip(documents) {
            let mut numbered = doc! { "_id": id };
            numbered.extend(document.clone());
            // The comment names the validator in the report of a difference.
            let insert = doc! { "insert": &name, "documents": [numbered], "comment": &validator };
            cases.push(Case::new(&kind, insert));
        }
        cases.push(Case::new(&kind, doc! { "drop": &name }));
    }
    cases
}

#[tokio::test]
async fn refusals_by_what_is_said_of_a_field_have_mongodbs_details() {
    let tally = run("validators_of_fields", &[], cases(said(predicates()), &documents())).await;
    assert!(tally.refused_by_both > tally.cases / 3);
}

#[tokio::test]
async fn refusals_by_comparisons_have_mongodbs_details() {
    let tally = run("validators_comparing", &[], cases(said(comparisons()), &documents())).await;
    assert!(tally.refused_by_both > tally.cases / 3);
}

#[tokio::test]
async fn refusals_by_joined_conditions_have_mongodbs_details() {
    run("validators_joined", &[], cases(joined(), &documents())).await;
}

#[tokio::test]
async fn refusals_by_schemas_have_mongodbs_details() {
    run("validators_of_schemas", &[], cases(schemas(), &documents())).await;
}

#[tokio::test]
async fn refusals_by_places_have_mongodbs_details() {
    let mut documents = documents();
    documents.extend([
        doc! { "a": [1, 1] },
        doc! { "a": [9, 9] },
        doc! { "a": { "type": "Point", "coordinates": [1, 1] } },
        doc! { "a": { "type": "Point", "coordinates": [9, 9] } },
        doc! { "a": { "b": { "type": "Point", "coordinates": [80, 80] } } },
        doc! { "a": [{ "type": "Point", "coordinates": [9, 9] }, { "type": "Point", "coordinates": [8, 9] }] },
    ]);
    run("validators_of_places", &[], cases(places(), &documents)).await;
}
