//! What a pulled catalogue becomes.

use serde_json::json;

use super::*;
use crate::document::{CollectionIndex, KeyKind};
use crate::generate::random_documents;
use crate::print::print_rust;
use crate::read::read_text;

fn reread(schema: &Schema) -> Schema {
    let printed = print_rust(schema);
    read_text("schema.rs", &printed).unwrap_or_else(|error| {
        panic!("{:?}\n{printed}", error.problems.iter().map(|problem| &problem.message).collect::<Vec<_>>())
    })
}

#[test]
fn a_lowered_catalogue_comes_back() {
    const SEEDS: u64 = 150;
    for seed in 0..SEEDS {
        let (schema, _) = random_documents(seed, 3);
        // The catalogue of a schema without validators does not tell its fields, but keeps its indexes.
        let catalog = lower_documents(&schema).unwrap_or_else(|error| panic!("seed {seed}: {error}")).catalog;
        let raised = raise_documents(&catalog, &BTreeMap::new());
        let again = lower_documents(&reread(&raised.schema))
            .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}", print_rust(&raised.schema)))
            .catalog;
        let is_without_validator =
            |name: &str| catalog.collection(name).is_some_and(|found| found.validator.is_none());
        for (one, other) in catalog.collections.iter().zip(&again.collections) {
            if is_without_validator(&one.name) {
                continue;
            }
            let alone = |collection: &Collection| DocumentCatalog {
                collections: vec![collection.clone()],
                views: Vec::new(),
            };
            assert!(
                alone(one).is_same(&alone(other)),
                "seed {seed}: {}\nbecomes\n{}\n{}",
                serde_json::to_string_pretty(one).unwrap(),
                serde_json::to_string_pretty(other).unwrap(),
                print_rust(&raised.schema)
            );
        }
    }
}

fn trips() -> Vec<Value> {
    (0..60)
        .map(|number: u32| {
            json!({
                "_id": { "$oid": format!("65a1b2c3d4e5f60718293{number:03x}") },
                "title": format!("Trip {number}"),
                "status": (["planning", "booked", "completed"][number as usize % 3]),
                "owner": { "$oid": "65a1b2c3d4e5f60718293a4b" },
                "userId": { "$oid": "65a1b2c3d4e5f60718293a4b" },
                "budget": { "total": if number.is_multiple_of(2) { json!(1200) } else { json!(99.5) }, "currency": "LKR" },
                "place": { "type": "Point", "coordinates": [79.86, 6.9] },
                "collaborators": [{ "userId": { "$oid": "65a1b2c3d4e5f60718293a4b" }, "role": "editor" }],
                "tags": ["beach"],
                "extra": if number.is_multiple_of(2) { json!("text") } else { json!(5) },
                "createdAt": { "$date": "2025-01-23T00:00:00Z" },
                "views": { "$numberLong": "5" },
                "deletedAt": null,
            })
        })
        .collect()
}

#[test]
fn a_sample_shows_the_fields() {
    let collections =
        ["trips", "users"].map(|name| Collection { name: name.into(), ..Collection::default() });
    let mut catalog = DocumentCatalog { collections: collections.to_vec(), views: vec!["recent".into()] };
    catalog.collections[0].indexes = vec![
        CollectionIndex {
            name: "collaborators.userId_1".into(),
            keys: vec![("collaborators.userId".into(), KeyKind::Ascending)],
            ..CollectionIndex::default()
        },
        CollectionIndex {
            name: "createdAt_-1".into(),
            keys: vec![("createdAt".into(), KeyKind::Descending)],
            ..CollectionIndex::default()
        },
        CollectionIndex {
            name: "$**_1".into(),
            keys: vec![("$**".into(), KeyKind::Ascending)],
            ..CollectionIndex::default()
        },
    ];
    catalog.collections[1].indexes = vec![CollectionIndex {
        name: "preferences.budgetRange.currency_1".into(),
        keys: vec![("preferences.budgetRange.currency".into(), KeyKind::Ascending)],
        ..CollectionIndex::default()
    }];
    let samples = BTreeMap::from([("trips".to_owned(), Sample::collect(&trips()))]);
    let raised = raise_documents(&catalog, &samples);
    let text = print_rust(&raised.schema);
    for expected in [
        "#[db(collection = \"trips\", validation(level = off))]",
        "index(collaborators.user_id)",
        "pub id: ObjectId",
        "pub status: Status",
        "/// Perhaps the id of a `User`.",
        "#[db(name = \"userId\")]",
        "pub budget: Budget",
        "pub total: f64",
        "pub place: GeoPoint",
        "pub collaborators: Vec<Collaborator>",
        "pub tags: Vec<String>",
        "/// Seen as whole number 30 times, string 30 times.",
        "pub extra: Json",
        "#[db(name = \"createdAt\", index(desc))]",
        "pub created_at: Timestamp",
        "pub views: i64",
        "/// Only null was seen.",
        "pub deleted_at: Option<Json>",
        "index(preferences.budgetRange.currency)",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(
        raised.notes,
        [
            "the index `$**_1` of `trips` stays unmanaged",
            "`users` has no validator and no documents to learn from: its fields are not known",
            "the view `recent` stays unmanaged",
        ]
    );
    let again = lower_documents(&reread(&raised.schema)).expect("it can be lowered").catalog;
    assert_eq!(crate::document::differences(&catalog, &again, &Default::default()).unwrap(), []);
}

#[test]
fn what_others_wrote_is_told_where_it_differs() {
    let rule = json!({ "$jsonSchema": {
        "bsonType": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": { "_id": {}, "name": { "bsonType": "string" }, "age": { "bsonType": "int", "minimum": 0 } },
    } });
    let validator = Validator { rule, level: ValidationLevel::Strict, action: ValidationAction::Error };
    let collection =
        Collection { name: "people".into(), validator: Some(validator), ..Collection::default() };
    let catalog = DocumentCatalog { collections: vec![collection], views: Vec::new() };
    let documents = [json!({ "_id": 1, "name": "A", "nick": "a" })];
    let samples = BTreeMap::from([("people".to_owned(), Sample::collect(&documents))]);
    let raised = raise_documents(&catalog, &samples);
    let text = print_rust(&raised.schema);
    assert!(text.contains("pub age: Option<i32>"), "{text}");
    assert_eq!(
        raised.notes,
        [
            "documents of `people` have fields that its validator does not name: nick",
            "the validator of `people` is not quite what the schema says: `whimbrel schema diff` shows how they differ",
        ]
    );
}
