//! Several stores on one file, as several processes have them: each sees what the others have done.

use std::sync::Arc;

use bson::doc;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_lose_nothing() {
    const WRITERS: i32 = 4;
    const EACH: i32 = 40;
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        // A store of its own shares nothing with the others but the file.
        let store: Arc<DocumentStore> = DocumentStore::open(&options).unwrap();
        tasks.push(tokio::spawn(async move {
            if writer == 0 {
                let index = doc! { "key": { "n": 1 }, "name": "n", "unique": true };
                store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
            }
            for number in 0..EACH {
                let n = writer * EACH + number;
                let reply =
                    store.run(doc! { "insert": "c", "documents": [{ "_id": n, "n": n }] }).await.unwrap();
                assert_eq!(reply.get_i32("n").unwrap(), 1, "{reply}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let store = DocumentStore::open(&options).unwrap();
    assert_eq!(store.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), WRITERS * EACH);
    let report = store.run(doc! { "validate": "c" }).await.unwrap();
    assert!(report.get_bool("valid").unwrap(), "{report}");
    assert_eq!(report.get_document("keysPerIndex").unwrap().get_i32("n").unwrap(), WRITERS * EACH);
}

#[tokio::test]
async fn a_change_of_the_catalogue_is_seen_by_other_stores() {
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let (one, other) = (DocumentStore::open(&options).unwrap(), DocumentStore::open(&options).unwrap());
    one.run(doc! { "insert": "c", "documents": [{ "_id": 1, "a": 1 }] }).await.unwrap();
    assert_eq!(other.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), 1);
    let index = doc! { "key": { "a": 1 }, "name": "a", "unique": true };
    one.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    let reply = other.run(doc! { "insert": "c", "documents": [{ "_id": 2, "a": 1 }] }).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    other.run(doc! { "collMod": "c", "validator": { "a": { "$gt": 5 } } }).await.unwrap();
    let reply = one.run(doc! { "insert": "c", "documents": [{ "_id": 3, "a": 2 }] }).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    other.run(doc! { "drop": "c" }).await.unwrap();
    assert_eq!(one.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), 0);
}
