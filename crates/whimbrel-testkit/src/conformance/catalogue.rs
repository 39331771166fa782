//! Introspection, inventory, databases beside.

use std::time::Duration;

use bson::doc;
use serde_json::{Value, json};
use whimbrel_engine::{Documents as _, Engine as _, EngineError, Scope};
use whimbrel_schema::document::{CollectionIndex, KeyKind, ValidationAction, ValidationLevel};

use super::Place;

const LEASE: Duration = Duration::from_secs(15);

async fn index(place: &Place, specification: bson::Document) {
    place.run(doc! { "createIndexes": "trips", "indexes": [specification] }).await;
}

fn keys(index: &CollectionIndex) -> Vec<(&str, KeyKind)> {
    index.keys.iter().map(|(path, kind)| (path.as_str(), *kind)).collect()
}

pub async fn collections_are_read_as_they_were_made(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    let rule = doc! { "$jsonSchema": { "required": ["a"], "properties": { "a": { "minimum": 0.0 } } } };
    place
        .run(doc! {
            "create": "trips", "validator": rule, "validationLevel": "moderate", "validationAction": "warn",
        })
        .await;
    place.run(doc! { "create": "plain" }).await;
    let catalog = engine.introspect().await.unwrap();
    let names: Vec<&str> = catalog.collections.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["plain", "trips"]);
    assert!(catalog.collections.iter().all(|found| found.options.is_empty()), "{catalog:?}");
    let trips = catalog.collection("trips").unwrap();
    let validator = trips.validator.as_ref().unwrap();
    assert_eq!(
        validator.rule,
        json!({ "$jsonSchema": { "required": ["a"], "properties": { "a": { "minimum": 0 } } } })
    );
    assert_eq!((validator.level, validator.action), (ValidationLevel::Moderate, ValidationAction::Warn));
    assert!(catalog.collections.iter().all(|found| found.indexes.is_empty()), "{catalog:?}");
}

/// What a collection can be besides a collection.
fn other_kinds() -> [bson::Document; 3] {
    [
        doc! { "create": "log", "capped": true, "size": 4096 },
        doc! { "create": "readings", "timeseries": { "timeField": "t", "metaField": "m" } },
        doc! { "create": "seen", "viewOn": "trips", "pipeline": [] },
    ]
}

pub async fn collections_of_other_kinds_are_read_as_they_were_made(place: &Place) {
    for command in other_kinds() {
        place.run(command).await;
    }
    let catalog = place.engine("a", LEASE).introspect().await.unwrap();
    let names: Vec<&str> = catalog.collections.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["log", "readings"]);
    assert_eq!(catalog.views, ["seen"]);
    let options = |name: &str| Value::Object(catalog.collection(name).unwrap().options.clone());
    assert_eq!(options("log"), json!({ "capped": true, "size": 4096 }));
    assert_eq!(options("readings"), json!({ "timeseries": { "timeField": "t", "metaField": "m" } }));
}

pub async fn collections_of_other_kinds_are_refused_by_name(place: &Place) {
    for (command, option) in other_kinds().into_iter().zip(["capped", "timeseries", "viewOn"]) {
        let error = place.commands.run(command).await.unwrap_err();
        assert_eq!(error.code(), Some(238), "{error}");
        assert!(error.to_string().contains(option), "{error}");
    }
    assert!(place.engine("a", LEASE).introspect().await.unwrap().collections.is_empty());
}

pub async fn indexes_are_read_as_they_were_made(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    index(place, doc! { "key": { "b": 1.0, "a": -1 }, "name": "two", "unique": true, "sparse": true }).await;
    index(place, doc! { "key": { "t": 1 }, "name": "ttl", "expireAfterSeconds": 3600.0, "background": true })
        .await;
    index(place, doc! { "key": { "g": "2dsphere" }, "name": "geo" }).await;
    index(
        place,
        doc! { "key": { "p": 1 }, "name": "part", "partialFilterExpression": { "p": { "$gt": 3.0 } } },
    )
    .await;
    index(place, doc! { "key": { "h": 1 }, "name": "unseen", "hidden": true }).await;
    let catalog = engine.introspect().await.unwrap();
    let trips = catalog.collection("trips").unwrap();
    let names: Vec<&str> = trips.indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(names, ["geo", "part", "ttl", "two", "unseen"]);
    let find = |name: &str| trips.index(name).unwrap();
    let two = find("two");
    assert_eq!(keys(two), [("b", KeyKind::Ascending), ("a", KeyKind::Descending)]);
    assert!(two.unique && two.sparse && !two.hidden && two.collation.is_none());
    assert_eq!(find("ttl").expire_after_seconds, Some(3600));
    assert_eq!(keys(find("geo")), [("g", KeyKind::Sphere)]);
    assert_eq!(find("part").partial_filter, Some(json!({ "p": { "$gt": 3 } })));
    assert!(find("unseen").hidden);
    assert!(trips.indexes.iter().all(|index| index.options.is_empty()), "{trips:?}");
}

pub async fn a_wildcard_index_is_read_as_it_was_made(place: &Place) {
    index(place, doc! { "key": { "$**": 1 }, "name": "wild" }).await;
    let catalog = place.engine("a", LEASE).introspect().await.unwrap();
    let wild = catalog.collection("trips").unwrap().index("wild").unwrap();
    assert_eq!(keys(wild), [("$**", KeyKind::Ascending)]);
}

pub async fn a_wildcard_index_is_refused_by_name(place: &Place) {
    let wild = doc! { "key": { "$**": 1 }, "name": "wild" };
    let error = place.commands.run(doc! { "createIndexes": "trips", "indexes": [wild] }).await.unwrap_err();
    assert_eq!(error.code(), Some(238), "{error}");
    assert!(error.to_string().contains("wildcard index"), "{error}");
}

pub async fn a_text_index_is_read_as_it_was_made(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    let key = doc! { "c": 1, "a.b": "text", "d": "text", "e": -1 };
    index(place, doc! { "key": key, "name": "words", "weights": { "d": 5 }, "default_language": "spanish" })
        .await;
    place
        .run(doc! { "createIndexes": "all", "indexes": [{ "key": { "$**": "text" }, "name": "every" }] })
        .await;
    index(place, doc! { "key": { "h": "hashed" }, "name": "hash" }).await;
    let catalog = engine.introspect().await.unwrap();
    let trips = catalog.collection("trips").unwrap();
    let words = trips.index("words").unwrap();
    assert_eq!(
        keys(words),
        [("c", KeyKind::Ascending), ("a.b", KeyKind::Text), ("d", KeyKind::Text), ("e", KeyKind::Descending)]
    );
    assert_eq!(Value::Object(words.weights.clone()), json!({ "d": 5 }));
    assert_eq!(Value::Object(words.options.clone()), json!({ "default_language": "spanish" }));
    assert_eq!(keys(trips.index("hash").unwrap()), [("h", KeyKind::Hashed)]);
    let every = catalog.collection("all").unwrap().index("every").unwrap();
    assert_eq!(keys(every), [("$**", KeyKind::Text)]);
    assert!(every.weights.is_empty() && every.options.is_empty(), "{every:?}");
}

pub async fn collations_are_read_as_they_were_given(place: &Place) {
    place.run(doc! { "create": "trips", "collation": { "locale": "en", "strength": 2 } }).await;
    index(place, doc! { "key": { "s": 1 }, "name": "fold", "collation": { "locale": "en", "strength": 1 } })
        .await;
    let catalog = place.engine("a", LEASE).introspect().await.unwrap();
    let trips = catalog.collection("trips").unwrap();
    let options = Value::Object(trips.options.clone());
    assert_eq!(options, json!({ "collation": { "locale": "en", "strength": 2 } }));
    let fold = trips.index("fold").unwrap();
    assert_eq!(fold.collation, Some(json!({ "locale": "en", "strength": 1 })));
}

pub async fn collations_are_refused_by_name(place: &Place) {
    let collation = doc! { "locale": "en", "strength": 2 };
    let folded = doc! { "key": { "a": 1 }, "name": "a", "collation": collation.clone() };
    for command in [
        doc! { "create": "trips", "collation": collation.clone() },
        doc! { "createIndexes": "trips", "indexes": [folded] },
        doc! { "find": "trips", "collation": collation.clone() },
        doc! { "aggregate": "trips", "pipeline": [], "cursor": {}, "collation": collation.clone() },
        doc! { "delete": "trips", "deletes": [{ "q": {}, "limit": 0, "collation": collation }] },
    ] {
        let (code, words) = match place.commands.run(command.clone()).await {
            Err(error) => (error.code(), error.to_string()),
            // Some refuse a statement and not the command.
            Ok(reply) => {
                let error = reply.get_array("writeErrors").unwrap()[0].as_document().unwrap().clone();
                (Some(error.get_i32("code").unwrap()), error.get_str("errmsg").unwrap().to_owned())
            }
        };
        assert_eq!(code, Some(238), "{command}: {words}");
        assert!(words.contains("collation"), "{command}: {words}");
    }
    assert!(place.engine("a", LEASE).introspect().await.unwrap().collections.is_empty());
}

pub async fn an_index_with_the_collections_collation_says_nothing_of_it(place: &Place) {
    place.run(doc! { "create": "trips", "collation": { "locale": "en" } }).await;
    index(place, doc! { "key": { "a": 1 }, "name": "own" }).await;
    let catalog = place.engine("a", LEASE).introspect().await.unwrap();
    let own = catalog.collection("trips").unwrap().index("own").unwrap().clone();
    assert_eq!(own.collation, None);
}

pub async fn the_inventory_counts_documents_and_bytes(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    let scope = Scope { schemas: Vec::new() };
    assert!(engine.inventory(&scope).await.unwrap().tables.is_empty());
    engine.prepare().await.unwrap();
    let documents: Vec<_> = (0..120).map(|number| doc! { "_id": number, "text": "x".repeat(200) }).collect();
    place.run(doc! { "insert": "trips", "documents": documents }).await;
    place.run(doc! { "create": "empty" }).await;
    place.make_view("seen", "trips").await;
    let inventory = engine.inventory(&scope).await.unwrap();
    let found: Vec<_> = inventory.tables.iter().map(|table| (table.name.name.as_str(), table.rows)).collect();
    assert_eq!(found, [("empty", 0), ("trips", 120)]);
    assert!(inventory.tables.iter().all(|table| !table.rows_estimated));
    assert!(inventory.tables[1].size_bytes > 0 && inventory.database_size_bytes > 0, "{inventory:?}");
}

pub async fn a_database_beside_comes_and_goes(place: &Place) {
    let engine = place.engine("a", LEASE);
    assert!(engine.scratch().await.unwrap().is_none());
    let mut beside = engine.beside().await.unwrap();
    let name = beside.server().database.clone();
    assert!(name.starts_with("whimbrel_proof_") && name.len() < 64, "{name}");
    beside.prepare().await.unwrap();
    beside.record("key", "there").await.unwrap();
    assert!(place.engine("a", LEASE).recorded("key").await.unwrap().is_none());
    engine.drop_beside(beside).await.unwrap();
    let list = doc! { "listDatabases": 1, "nameOnly": true, "filter": { "name": &name } };
    let reply = place.commands.run_on("admin", list, None).await.unwrap();
    assert!(reply.get_array("databases").unwrap().is_empty(), "{reply}");
    let own = Box::new(place.engine("a", LEASE));
    let error = engine.drop_beside(own).await.unwrap_err();
    assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
}
