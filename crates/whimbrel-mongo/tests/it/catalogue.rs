//! Introspection, inventory, databases beside.

use std::time::Duration;

use bson::doc;
use serde_json::{Value, json};
use whimbrel_engine::{Documents as _, Engine as _, EngineError, Scope};
use whimbrel_schema::document::{CollectionIndex, KeyKind, ValidationAction, ValidationLevel};
use whimbrel_testkit::MongoKind;

use crate::Place;

const LEASE: Duration = Duration::from_secs(15);

async fn index(place: &Place, specification: bson::Document) {
    place.run(doc! { "createIndexes": "trips", "indexes": [specification] }).await;
}

fn keys(index: &CollectionIndex) -> Vec<(&str, KeyKind)> {
    index.keys.iter().map(|(path, kind)| (path.as_str(), *kind)).collect()
}

#[tokio::test]
async fn collections_are_read_as_they_were_made() {
    for place in Place::both().await {
        let mut engine = place.engine("a", LEASE);
        engine.prepare().await.unwrap();
        let rule = doc! { "$jsonSchema": { "required": ["a"], "properties": { "a": { "minimum": 0.0 } } } };
        place
            .run(doc! {
                "create": "trips", "validator": rule, "validationLevel": "moderate", "validationAction": "warn",
                "collation": { "locale": "en", "strength": 2 },
            })
            .await;
        place.run(doc! { "create": "log", "capped": true, "size": 4096 }).await;
        place.run(doc! { "create": "readings", "timeseries": { "timeField": "t", "metaField": "m" } }).await;
        place.run(doc! { "create": "seen", "viewOn": "trips", "pipeline": [] }).await;

        let catalog = engine.introspect().await.unwrap();
        let names: Vec<&str> = catalog.collections.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["log", "readings", "trips"]);
        assert_eq!(catalog.views, ["seen"]);
        let options = |name: &str| Value::Object(catalog.collection(name).unwrap().options.clone());
        assert_eq!(options("log"), json!({ "capped": true, "size": 4096 }));
        assert_eq!(options("readings"), json!({ "timeseries": { "timeField": "t", "metaField": "m" } }));
        assert_eq!(options("trips"), json!({ "collation": { "locale": "en", "strength": 2 } }));
        let trips = catalog.collection("trips").unwrap();
        let validator = trips.validator.as_ref().unwrap();
        assert_eq!(
            validator.rule,
            json!({ "$jsonSchema": { "required": ["a"], "properties": { "a": { "minimum": 0 } } } })
        );
        assert_eq!((validator.level, validator.action), (ValidationLevel::Moderate, ValidationAction::Warn));
        assert!(catalog.collections.iter().all(|found| found.indexes.is_empty()), "{catalog:?}");
    }
}

#[tokio::test]
async fn indexes_are_read_as_they_were_made() {
    for place in Place::both().await {
        let mut engine = place.engine("a", LEASE);
        index(&place, doc! { "key": { "b": 1.0, "a": -1 }, "name": "two", "unique": true, "sparse": true })
            .await;
        index(
            &place,
            doc! { "key": { "t": 1 }, "name": "ttl", "expireAfterSeconds": 3600.0, "background": true },
        )
        .await;
        index(&place, doc! { "key": { "g": "2dsphere" }, "name": "geo" }).await;
        index(
            &place,
            doc! { "key": { "p": 1 }, "name": "part", "partialFilterExpression": { "p": { "$gt": 3.0 } } },
        )
        .await;
        index(
            &place,
            doc! { "key": { "s": 1 }, "name": "fold", "collation": { "locale": "en", "strength": 2 } },
        )
        .await;
        index(&place, doc! { "key": { "h": 1 }, "name": "unseen", "hidden": true }).await;
        index(&place, doc! { "key": { "$**": 1 }, "name": "wild" }).await;
        let catalog = engine.introspect().await.unwrap();
        let trips = catalog.collection("trips").unwrap();
        let names: Vec<&str> = trips.indexes.iter().map(|index| index.name.as_str()).collect();
        assert_eq!(names, ["fold", "geo", "part", "ttl", "two", "unseen", "wild"]);
        let find = |name: &str| trips.index(name).unwrap();
        let two = find("two");
        assert_eq!(keys(two), [("b", KeyKind::Ascending), ("a", KeyKind::Descending)]);
        assert!(two.unique && two.sparse && !two.hidden && two.collation.is_none());
        assert_eq!(find("ttl").expire_after_seconds, Some(3600));
        assert_eq!(keys(find("geo")), [("g", KeyKind::Sphere)]);
        assert_eq!(find("part").partial_filter, Some(json!({ "p": { "$gt": 3 } })));
        assert_eq!(find("fold").collation, Some(json!({ "locale": "en", "strength": 2 })));
        assert!(find("unseen").hidden);
        assert_eq!(keys(find("wild")), [("$**", KeyKind::Ascending)]);
        assert!(trips.indexes.iter().all(|index| index.options.is_empty()), "{trips:?}");
    }
}

#[tokio::test]
async fn a_text_index_is_read_as_it_was_made() {
    let place = Place::new(MongoKind::Engine).await;
    let mut engine = place.engine("a", LEASE);
    let key = doc! { "c": 1, "a.b": "text", "d": "text", "e": -1 };
    index(&place, doc! { "key": key, "name": "words", "weights": { "d": 5 }, "default_language": "spanish" })
        .await;
    place
        .run(doc! { "createIndexes": "all", "indexes": [{ "key": { "$**": "text" }, "name": "every" }] })
        .await;
    index(&place, doc! { "key": { "h": "hashed" }, "name": "hash" }).await;
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

#[tokio::test]
async fn an_index_with_the_collections_collation_says_nothing_of_it() {
    for place in Place::both().await {
        place.run(doc! { "create": "trips", "collation": { "locale": "en" } }).await;
        index(&place, doc! { "key": { "a": 1 }, "name": "own" }).await;
        let catalog = place.engine("a", LEASE).introspect().await.unwrap();
        let own = catalog.collection("trips").unwrap().index("own").unwrap().clone();
        assert_eq!(own.collation, None);
    }
}

#[tokio::test]
async fn the_inventory_counts_documents_and_bytes() {
    for place in Place::both().await {
        let mut engine = place.engine("a", LEASE);
        let scope = Scope { schemas: Vec::new() };
        assert!(engine.inventory(&scope).await.unwrap().tables.is_empty());
        engine.prepare().await.unwrap();
        let documents: Vec<_> =
            (0..120).map(|number| doc! { "_id": number, "text": "x".repeat(200) }).collect();
        place.run(doc! { "insert": "trips", "documents": documents }).await;
        place.run(doc! { "create": "empty" }).await;
        place.run(doc! { "create": "seen", "viewOn": "trips", "pipeline": [] }).await;
        let inventory = engine.inventory(&scope).await.unwrap();
        let found: Vec<_> =
            inventory.tables.iter().map(|table| (table.name.name.as_str(), table.rows)).collect();
        assert_eq!(found, [("empty", 0), ("trips", 120)]);
        assert!(inventory.tables.iter().all(|table| !table.rows_estimated));
        assert!(inventory.tables[1].size_bytes > 0 && inventory.database_size_bytes > 0, "{inventory:?}");
    }
}

#[tokio::test]
async fn a_database_beside_comes_and_goes() {
    for place in Place::both().await {
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
}
