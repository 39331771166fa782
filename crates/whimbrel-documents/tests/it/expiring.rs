//! Documents whose time has come.

use std::time::{Duration, Instant};

use bson::{Bson, DateTime, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

fn ago(seconds: i64) -> Bson {
    Bson::DateTime(DateTime::from_millis(DateTime::now().timestamp_millis() - seconds * 1000))
}

#[tokio::test]
async fn what_has_expired_is_deleted_by_a_sweep_and_on_open() {
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let store = DocumentStore::open(&options).unwrap();
    for direction in [1, -1] {
        let name = if direction == 1 { "c2" } else { "c0" };
        let index = doc! { "key": { "at": direction }, "name": "at", "expireAfterSeconds": 60 };
        store.run(doc! { "createIndexes": name, "indexes": [index] }).await.unwrap();
        let documents = vec![
            doc! { "_id": "old", "at": ago(61) },
            doc! { "_id": "young", "at": ago(30) },
            doc! { "_id": "earliest", "at": [ago(1), ago(90)] },
            doc! { "_id": "text", "at": "long ago" },
            doc! { "_id": "number", "at": 0 },
            doc! { "_id": "null", "at": null },
            doc! { "_id": "missing" },
        ];
        store.run(doc! { "insert": name, "documents": documents }).await.unwrap();
    }
    assert_eq!(store.sweep().unwrap(), 4);
    assert_eq!(store.sweep().unwrap(), 0);
    let reply = store.run(doc! { "distinct": "c2", "key": "_id" }).await.unwrap();
    let left: Vec<&str> = reply.get_array("values").unwrap().iter().filter_map(Bson::as_str).collect();
    assert_eq!(left, ["missing", "null", "number", "text", "young"]);
    store.run(doc! { "insert": "c2", "documents": [{ "_id": "late", "at": ago(100) }] }).await.unwrap();
    drop(store);
    let store = DocumentStore::open(&options).unwrap();
    let reply = store.run(doc! { "count": "c2" }).await.unwrap();
    assert_eq!(reply.get_i32("n").unwrap(), 5);
    // A longer time to live begins at once.
    let change = doc! { "collMod": "c2", "index": { "name": "at", "expireAfterSeconds": 10 } };
    let reply = store.run(change).await.unwrap();
    assert_eq!(reply.get_i64("expireAfterSeconds_old").unwrap(), 60);
    assert_eq!(store.sweep().unwrap(), 1);
}

/// Nobody asks for it, and the store is not opened again.
#[tokio::test]
async fn a_task_deletes_what_expires_while_the_store_is_open() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let mut options = DocumentOptions::new(Location::Memory, "test");
    options.expiry_interval = Duration::from_millis(50);
    let store = DocumentStore::open(&options).unwrap();
    let index = doc! { "key": { "at": 1 }, "name": "at", "expireAfterSeconds": 1 };
    store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    let documents = vec![doc! { "_id": "soon", "at": ago(0) }, doc! { "_id": "late", "at": ago(-60) }];
    store.run(doc! { "insert": "c", "documents": documents }).await.unwrap();
    let started = Instant::now();
    loop {
        let reply = store.run(doc! { "distinct": "c", "key": "_id" }).await.unwrap();
        if reply.get_array("values").unwrap() == &[Bson::from("late")] {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{reply}");
        tokio::time::sleep(options.expiry_interval).await;
    }
}
