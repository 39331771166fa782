//! The ways to one answer: replies as bytes, finds that are answered at once, and batches.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

const DOCUMENTS: i32 = 250;

/// A collection with a document of every usual type, and a unique index that holds arrays too.
async fn store() -> Arc<DocumentStore> {
    let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, "d")).unwrap();
    let documents: Vec<Document> = (0..DOCUMENTS)
        .map(|id| {
            let key = match id % 5 {
                0 => Bson::Int32(id),
                1 => Bson::Double(f64::from(id)),
                2 => Bson::String(format!("key {id}")),
                3 => Bson::Array(vec![Bson::Int64(i64::from(id)), Bson::Int32(-id)]),
                _ => Bson::Document(doc! { "id": id }),
            };
            doc! { "_id": id, "key": key, "group": id % 7, "inner": { "list": [id, "x", null], "none": {} } }
        })
        .collect();
    store.run(doc! { "insert": "c", "documents": documents }).await.unwrap();
    let index = doc! { "name": "key_1", "key": { "key": 1 }, "unique": true };
    store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    store
}

/// Every batch of a result, by either way.
async fn batches(store: &DocumentStore, command: Document, as_bytes: bool) -> Vec<Document> {
    let ask = async |command: Document| {
        if as_bytes {
            let raw = store.run_raw(command, None).await.unwrap();
            Document::try_from(&*raw).unwrap()
        } else {
            store.run(command).await.unwrap()
        }
    };
    let mut replies = vec![ask(command).await];
    loop {
        let cursor = replies.last_mut().unwrap().get_document_mut("cursor").unwrap();
        let id = cursor.get_i64("id").unwrap();
        // The number is another one for each cursor.
        cursor.insert("id", id.signum());
        if id == 0 {
            return replies;
        }
        let more = doc! { "getMore": id, "collection": "c", "batchSize": 70 };
        replies.push(ask(more).await);
    }
}

#[tokio::test]
async fn a_reply_as_bytes_says_what_the_decoded_one_says() {
    let store = store().await;
    let commands = [
        doc! { "find": "c" },
        doc! { "find": "c", "batchSize": 0 },
        doc! { "find": "c", "filter": { "group": 3 }, "projection": { "key": 1, "inner.list": { "$slice": 1 } } },
        doc! { "find": "c", "sort": { "group": -1, "_id": 1 }, "skip": 5, "limit": 120 },
        doc! { "find": "c", "filter": { "_id": -1 } },
        doc! { "find": "missing" },
        doc! { "aggregate": "c", "pipeline": [{ "$match": { "group": 2 } }], "cursor": { "batchSize": 4 } },
        doc! { "aggregate": "c", "pipeline": [{ "$group": { "_id": "$group", "n": { "$sum": 1 } } }], "cursor": {} },
        doc! { "listIndexes": "c" },
    ];
    for command in commands {
        let decoded = batches(&store, command.clone(), false).await;
        assert_eq!(batches(&store, command.clone(), true).await, decoded, "{command}");
        assert!(decoded.iter().all(|reply| reply.get_f64("ok").unwrap() == 1.0), "{command}");
    }
    for (command, code) in [
        (doc! { "find": "c", "filter": { "$no": 1 } }, 2),
        (doc! { "getMore": 5_i64, "collection": "c" }, 43),
    ] {
        assert_eq!(store.run_raw(command, None).await.unwrap_err().code(), Some(code));
    }
    let session = store.start_session().await.unwrap();
    store.start_transaction(session).await.unwrap();
    store.run_on("d", doc! { "insert": "c", "documents": [{ "_id": "new" }] }, Some(session)).await.unwrap();
    let find = doc! { "find": "c", "filter": { "_id": "new" } };
    let seen = async |session| {
        let raw = store.run_raw(find.clone(), session).await.unwrap();
        raw.get_document("cursor").unwrap().get_array("firstBatch").unwrap().into_iter().count()
    };
    assert_eq!((seen(Some(session)).await, seen(None).await), (1, 0));
}

#[tokio::test]
async fn a_find_that_is_answered_at_once_finds_what_any_other_finds() {
    let store = store().await;
    let sought = [
        Bson::Int32(5),
        Bson::Double(5.0),
        Bson::Int64(6),
        Bson::Int32(-8),
        Bson::Int64(8),
        Bson::String("key 7".to_owned()),
        Bson::String("key 8".to_owned()),
        Bson::Boolean(true),
        Bson::MinKey,
        Bson::Null,
        Bson::Array(vec![Bson::Int32(8), Bson::Int32(-8)]),
        Bson::Document(doc! { "id": 9 }),
        Bson::Document(doc! { "$gt": 5, "$lt": 9 }),
    ];
    let mut found = 0;
    for path in ["key", "_id", "group", "inner.list", "key.0"] {
        for value in &sought {
            let find = doc! { "find": "c", "filter": { path: value.clone() } };
            let at_once = batches(&store, find.clone(), false).await;
            let mut sorted = find.clone();
            sorted.insert("sort", doc! { "_id": 1 });
            let mut in_order = find.clone();
            in_order.insert("hint", doc! { "$natural": 1 });
            let other = if path == "key" { in_order } else { sorted };
            assert_eq!(batches(&store, other, false).await, at_once, "{find}");
            found += at_once[0].get_document("cursor").unwrap().get_array("firstBatch").unwrap().len();
        }
    }
    assert!(found > 10, "{found}");
    let refused = doc! { "find": "c", "filter": { "_id": 1 }, "projection": { "a": 1, "b": 0 } };
    assert_eq!(store.run(refused).await.unwrap_err().code(), Some(31254));
    let unknown = doc! { "find": "c", "filter": { "_id": 1 }, "nonsense": 1 };
    assert_eq!(store.run(unknown).await.unwrap_err().code(), Some(40415));
}
