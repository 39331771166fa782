//! What a declaration of documents becomes.

use serde_json::{Value, json};

use super::*;
use crate::read::read_schema;

fn schema(text: &str) -> Schema {
    read_schema("schema.rs", &|asked| (asked == "schema.rs").then(|| text.to_owned()))
        .unwrap_or_else(|error| panic!("{error:?}"))
}

fn lowered(text: &str) -> Lowered {
    lower_documents(&schema(text)).unwrap_or_else(|error| panic!("{error}"))
}

fn model(head: &str, fields: &str) -> String {
    format!(
        "#[derive(Model)]\n#[db(collection = \"users\"{head})]\npub struct User {{\n#[db(id)] pub id: ObjectId,\n{fields}\n}}"
    )
}

fn property(fields: &str, name: &str) -> Value {
    let lowered = lowered(&model("", fields));
    let rule = &lowered.catalog.collections[0].validator.as_ref().expect("there is a validator").rule;
    rule.get("$jsonSchema").unwrap_or(&rule["$and"][0]["$jsonSchema"])["properties"][name].clone()
}

#[test]
fn every_scalar_has_its_types() {
    for (field, expected) in [
        ("pub a: Uuid", json!({ "bsonType": "binData" })),
        ("pub a: ObjectId", json!({ "bsonType": "objectId" })),
        (
            "#[db(min_len = 1, len = 9)] pub a: String",
            json!({ "bsonType": "string", "minLength": 1, "maxLength": 9 }),
        ),
        (
            "#[db(email)] pub a: Option<String>",
            json!({ "bsonType": ["string", "null"], "pattern": crate::lower::EMAIL_PATTERN }),
        ),
        ("pub a: Date", json!({ "bsonType": "date" })),
        ("pub a: Time", json!({ "bsonType": "string", "pattern": TIME_PATTERN })),
        ("pub a: bool", json!({ "bsonType": "bool" })),
        (
            "#[db(min = 0)] pub a: i32",
            json!({ "bsonType": ["int", "long", "double"], "multipleOf": 1, "minimum": 0, "maximum": i32::MAX }),
        ),
        ("pub a: i64", json!({ "bsonType": ["int", "long", "double"], "multipleOf": 1 })),
        ("#[db(min = 0.5)] pub a: f64", json!({ "bsonType": "number", "minimum": 0.5 })),
        (
            "#[db(decimal(4, 2), min = 0)] pub a: Decimal",
            json!({
                "bsonType": "decimal",
                "multipleOf": { "$numberDecimal": "0.01" },
                "minimum": 0,
                "maximum": { "$numberDecimal": "99.99" },
            }),
        ),
        ("pub a: Json", json!({})),
        (
            "#[db(len = 3)] pub a: Vec<String>",
            json!({ "bsonType": "array", "items": { "bsonType": "string" }, "maxItems": 3 }),
        ),
        ("#[db(encrypted)] pub a: String", json!({ "bsonType": "binData" })),
        (
            "#[db(comment = \"In euros.\")] pub a: bool",
            json!({ "bsonType": "bool", "description": "In euros." }),
        ),
    ] {
        assert_eq!(property(field, "a"), expected, "{field}");
    }
}

#[test]
fn required_is_what_is_always_stored() {
    let lowered = lowered(&model(
        "",
        "pub b: bool, pub a: Option<bool>, #[db(null)] pub c: Option<bool>, #[db(default = 1)] pub d: i32,",
    ));
    let rule = &lowered.catalog.collections[0].validator.as_ref().unwrap().rule;
    assert_eq!(rule["$jsonSchema"]["required"], json!(["b", "c", "d"]));
    assert_eq!(rule["$jsonSchema"]["properties"]["_id"], json!({ "bsonType": "objectId" }));
    assert_eq!(lowered.intent.defaults[0].value, DefaultValue::Value(json!(1)));
}

fn condition(check: &str) -> Value {
    let lowered = lowered(&model(
        &format!(", check(c = {check})"),
        "pub a: i32, pub b: Option<i32>, pub t: Option<String>, pub on: bool, pub l: Vec<String>, pub s: Date,",
    ));
    lowered.catalog.collections[0].validator.as_ref().unwrap().rule["$and"][1]["$expr"].clone()
}

#[test]
fn a_check_passes_where_a_part_is_missing() {
    let none = |field: &str| json!({ "$eq": [{ "$ifNull": [field, null] }, null] });
    for (check, expected) in [
        ("a > 0", json!({ "$gt": ["$a", 0] })),
        ("b > a", json!({ "$or": [none("$b"), { "$gt": ["$b", "$a"] }] })),
        ("!(b > a)", json!({ "$or": [none("$b"), { "$lte": ["$b", "$a"] }] })),
        ("!(a > 0 && on)", json!({ "$or": [{ "$lte": ["$a", 0] }, { "$eq": ["$on", false] }] })),
        (
            "b.is_none() || a / 2 == 1",
            json!({ "$or": [none("$b"), { "$eq": [{ "$trunc": { "$divide": ["$a", 2] } }, 1] }] }),
        ),
        ("b.is_some()", json!({ "$ne": [{ "$ifNull": ["$b", null] }, null] })),
        (
            "[\"$x\", \"y\"].contains(&t)",
            json!({ "$or": [none("$t"), { "$in": ["$t", [{ "$literal": "$x" }, "y"]] }] }),
        ),
        ("l.len() < 3", json!({ "$lt": [{ "$size": { "$ifNull": ["$l", []] } }, 3] })),
        ("s > \"2024-01-01\"", json!({ "$gt": ["$s", { "$date": "2024-01-01T00:00:00Z" }] })),
    ] {
        assert_eq!(condition(check), expected, "{check}");
    }
}

const NESTED: &str = "#[derive(Embedded)]\npub struct Member {\n#[db(name = \"userId\", was = \"user\")] pub user_id: ObjectId,\n#[db(check(young = age < 200))] pub age: Option<i32>,\npub role: Role,\n}\n#[derive(Enum)]\npub enum Role { Owner, #[db(was = \"viewer\")] Guest }\n";

#[test]
fn nested_fields_have_paths_by_stored_names() {
    let text = format!(
        "{NESTED}{}",
        model(
            ", was = \"people\", index(collaborators.user_id, at desc), geo(location.coordinates), text(bio = 5, about)",
            "pub collaborators: Vec<Member>, pub at: Timestamp, pub location: GeoPoint, pub bio: String, pub about: String,",
        )
    );
    let lowered = lowered(&text);
    let collection = &lowered.catalog.collections[0];
    let names: Vec<&str> = collection.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(
        names,
        ["bio_text_about_text", "collaborators.userId_1_at_-1", "location.coordinates_2dsphere"]
    );
    let text_keys: Vec<&str> = collection.indexes[0].keys.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(text_keys, ["about", "bio"], "as the server prints them");
    assert_eq!(collection.indexes[0].weights, Map::from_iter([("bio".to_owned(), json!(5))]));
    let each = FieldPath::root().field("collaborators").each();
    assert_eq!(
        lowered.intent.renames,
        [
            DocumentRename::Collection { from: "people".into(), to: "users".into() },
            DocumentRename::Field {
                collection: "users".into(),
                within: each.clone(),
                from: "user".into(),
                to: "userId".into()
            },
            DocumentRename::Value {
                collection: "users".into(),
                path: each.field("role"),
                from: "viewer".into(),
                to: "guest".into()
            },
        ]
    );
    let condition = &collection.validator.as_ref().unwrap().rule["$and"][1]["$expr"];
    assert_eq!(condition["$allElementsTrue"]["$map"]["input"], json!({ "$ifNull": ["$collaborators", []] }));
    assert_eq!(condition["$allElementsTrue"]["$map"]["in"]["$or"][1], json!({ "$lt": ["$$each0.age", 200] }));
}

#[test]
fn one_index_serves_what_stands_on_a_field() {
    let lowered = lowered(&model(
        ", unique(a, b), index(c, where = r#\"{\"c\": {\"$exists\": true}}\"#), hashed(d)",
        "#[db(unique, sparse)] pub a: Option<String>, #[db(index(desc))] pub b: i32, pub c: i32, pub d: i32, #[db(ttl = \"30d\", index)] pub e: Timestamp, #[db(unique, encrypted(blind_index))] pub f: String,",
    ));
    let found: Vec<String> = (lowered.catalog.collections[0].indexes.iter())
        .map(|index| {
            let mut words = vec![index.name.clone()];
            words.extend(index.unique.then(|| "unique".to_owned()));
            words.extend(index.sparse.then(|| "sparse".to_owned()));
            words.extend(index.expire_after_seconds.map(|seconds| seconds.to_string()));
            words.extend(index.partial_filter.as_ref().map(Value::to_string));
            words.join(" ")
        })
        .collect();
    assert_eq!(
        found,
        [
            "a_1 unique sparse",
            "a_1_b_1 unique",
            "b_-1",
            "c_1 {\"c\":{\"$exists\":true}}",
            "d_hashed",
            "e_1 2592000",
            "f_blind_index_1 unique"
        ]
    );
}

#[test]
fn validation_is_as_strict_as_it_says() {
    let validator =
        |head: &str| lowered(&model(head, "pub a: bool,")).catalog.collections[0].validator.clone();
    assert!(validator(", validation(level = off)").is_none());
    let moderate = validator(", validation(level = moderate, action = warn)").unwrap();
    assert_eq!(
        (moderate.level, moderate.action),
        (ValidationLevel::Moderate, super::super::ValidationAction::Warn)
    );
}

#[test]
fn what_documents_cannot_hold_is_refused() {
    let refused = |schema: &Schema| {
        use miette::Diagnostic as _;
        let error = lower_documents(schema).expect_err("it cannot be lowered");
        format!("{}: {error}", error.code().expect("every error has a code"))
    };
    let base = || schema(&model("", "#[db(index)] pub a: i32, pub p: GeoPoint,"));
    let mut table = base();
    table.models[0].storage = Storage::Table;
    assert_eq!(
        refused(&table),
        "schema::table_in_documents: `User` is not a collection, and a document database has nothing else"
    );
    let mut generated = base();
    generated.models[0].fields[1].generated = Some("1".into());
    assert_eq!(
        refused(&generated),
        "schema::not_in_documents: `User.a` is computed by the database, which documents are not"
    );
    let mut position = base();
    position.models[0].fields[2].default = Some(crate::model::Default::Text("x".into()));
    assert_eq!(
        refused(&position),
        "schema::not_in_documents: the default of `User.p` is a position, which has none"
    );
    let mut twice = base();
    let index = crate::model::Index {
        name: None,
        kind: crate::model::IndexKind::Ordered,
        keys: vec![crate::model::IndexKey {
            target: crate::model::IndexTarget::Field("a".into()),
            descending: false,
            nulls_first: None,
            operator_class: None,
            collation: None,
            weight: None,
        }],
        unique: false,
        sparse: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
    };
    twice.models[0].indexes.push(index);
    assert_eq!(
        refused(&twice),
        "schema::duplicate_index: the indexes `a_1` and `a_1` of `users` have the same name"
    );
    let mut dotted = base();
    dotted.models[0].fields[1].column = Some("a.b".into());
    assert_eq!(refused(&dotted), "schema::not_in_documents: `User.a` cannot be stored as `a.b`");
}

#[test]
fn a_struct_that_holds_itself_is_described_once() {
    let text = format!(
        "#[derive(Embedded)]\npub struct Comment {{ #[db(was = \"body\", check(short = text.len() < 99))] pub text: String, pub replies: Vec<Comment> }}\n{}",
        model("", "pub comments: Vec<Comment>,")
    );
    let lowered = lowered(&text);
    let rule = &lowered.catalog.collections[0].validator.as_ref().unwrap().rule;
    let comments = &rule["$and"][0]["$jsonSchema"]["properties"]["comments"];
    assert_eq!(comments["items"]["properties"]["replies"]["items"], json!({ "bsonType": "object" }));
    assert_eq!(lowered.intent.renames.len(), 1);
    assert_eq!(rule["$and"].as_array().unwrap().len(), 2);
}

#[test]
fn the_guides_schema_can_be_lowered() {
    let lowered = lowered(include_str!("../../../tests/schemas/guide.rs"));
    let users = lowered.catalog.collection("users").expect("the guide has users");
    let names: Vec<&str> = users.indexes.iter().map(|index| index.name.as_str()).collect();
    assert!(names.contains(&"profile.city_1_createdAt_-1"), "{names:?}");
    assert_eq!(users.validator.as_ref().map(|validator| validator.level), Some(ValidationLevel::Moderate));
}
