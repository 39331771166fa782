//! What is too large, too deep or malformed: clear errors, and nothing half-written.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

fn store() -> Arc<DocumentStore> {
    DocumentStore::open(&DocumentOptions::new(Location::Memory, "test")).unwrap()
}

async fn inserted(store: &DocumentStore, document: Document) -> Result<(), i32> {
    let reply = store.run(doc! { "insert": "c", "documents": [document] }).await.unwrap();
    match reply.get_array("writeErrors") {
        Ok(errors) => Err(errors[0].as_document().unwrap().get_i32("code").unwrap()),
        Err(_) => Ok(()),
    }
}

fn nested(levels: usize) -> Bson {
    (0..levels).fold(Bson::Int32(1), |inner, _| Bson::Document(doc! { "a": inner }))
}

#[tokio::test]
async fn a_document_has_a_largest_size_and_depth() {
    let store = store();
    let megabyte = 1024 * 1024;
    assert_eq!(inserted(&store, doc! { "_id": 1, "s": "x".repeat(17 * megabyte) }).await, Err(10334));
    assert_eq!(inserted(&store, doc! { "_id": 2, "s": "x".repeat(16 * megabyte - 100) }).await, Ok(()));
    // MongoDB's engine takes 180 levels below the document, and refuses one more.
    assert_eq!(inserted(&store, doc! { "_id": 3, "a": nested(180) }).await, Ok(()));
    assert_eq!(inserted(&store, doc! { "_id": 4, "a": nested(181) }).await, Err(15));
    assert_eq!(inserted(&store, doc! { "_id": 5, "a": nested(200) }).await, Err(15));
    let reply = store.run(doc! { "count": "c" }).await.unwrap();
    assert_eq!(reply.get_i32("n").unwrap(), 2);
}

#[tokio::test]
async fn names_with_dots_and_dollars_are_stored_and_a_nul_is_refused() {
    let store = store();
    assert_eq!(inserted(&store, doc! { "_id": 1, "$x": 1, "a.b": 2 }).await, Ok(()));
    assert_eq!(inserted(&store, doc! { "_id": 2, "a\u{0}b": 1 }).await, Err(22));
    assert_eq!(inserted(&store, doc! { "_id": 3, "a": { "b\u{0}": 1 } }).await, Err(22));
    let reply = store.run(doc! { "find": "c" }).await.unwrap();
    let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().clone();
    assert_eq!(batch, vec![Bson::Document(doc! { "_id": 1, "$x": 1, "a.b": 2 })]);
}

#[tokio::test]
async fn damage_in_the_file_is_said_and_not_passed_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.db");
    let options = DocumentOptions::new(Location::File(path.clone()), "test");
    let store = DocumentStore::open(&options).unwrap();
    for id in 0..3 {
        assert_eq!(inserted(&store, doc! { "_id": id, "s": "text" }).await, Ok(()));
    }
    drop(store);
    let sqlite = rusqlite::Connection::open(&path).unwrap();
    let table: String = sqlite
        .query_row("SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'c[0-9]*'", [], |row| {
            row.get(0)
        })
        .unwrap();
    // Truncated BSON, and text that is no UTF-8.
    sqlite.execute(&format!("UPDATE {table} SET doc = substr(doc, 1, 9) WHERE r = 1"), []).unwrap();
    let broken = bson::doc! { "_id": 1, "s": "text" }.to_vec().unwrap();
    let mut broken = broken;
    let at = broken.windows(4).position(|window| window == b"text").unwrap();
    broken[at] = 0xff;
    sqlite.execute(&format!("UPDATE {table} SET doc = ?1 WHERE r = 2"), [broken]).unwrap();
    drop(sqlite);
    let store = DocumentStore::open(&options).unwrap();
    for id in 0..2 {
        let found = store.run(doc! { "find": "c", "filter": { "_id": id } }).await;
        assert_eq!(found.unwrap_err().code(), Some(22), "{id}");
    }
    assert!(store.run(doc! { "find": "c", "filter": { "_id": 2 } }).await.is_ok());
    let report = store.run(doc! { "validate": "c" }).await.unwrap();
    assert!(!report.get_bool("valid").unwrap());
    assert_eq!(report.get_i32("nInvalidDocuments").unwrap(), 2);
}

#[tokio::test]
async fn a_file_that_cannot_be_used_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let mut options = DocumentOptions::new(Location::File(missing.clone()), "test");
    options.create = false;
    let error = DocumentStore::open(&options).unwrap_err().to_string();
    assert!(error.contains("missing.db") && !missing.exists(), "{error}");
    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "this is no database, and long enough to be looked at as one of SQLite's".repeat(20),
    )
    .unwrap();
    let error =
        DocumentStore::open(&DocumentOptions::new(Location::File(text), "test")).unwrap_err().to_string();
    assert!(error.contains("text.db"), "{error}");
    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
    let error =
        DocumentStore::open(&DocumentOptions::new(Location::File(other), "test")).unwrap_err().to_string();
    assert!(error.contains("not a document database"), "{error}");
}

#[tokio::test]
async fn a_read_only_store_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let store = DocumentStore::open(&options).unwrap();
    assert_eq!(inserted(&store, doc! { "_id": 1 }).await, Ok(()));
    options.read_only = true;
    let reader = DocumentStore::open(&options).unwrap();
    assert_eq!(reader.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), 1);
    let refused = reader.run(doc! { "insert": "c", "documents": [{ "_id": 2 }] }).await.unwrap_err();
    assert!(refused.to_string().contains("cannot be written"), "{refused}");
}

/// What is nested as deeply as it may be neither ends the process nor loses anything; what is deeper is refused.
#[tokio::test]
async fn a_command_has_a_largest_depth() {
    let store = store();
    assert_eq!(inserted(&store, doc! { "_id": 1, "a": 1 }).await, Ok(()));
    let negated = |levels: usize| {
        let inner = (0..levels).fold(doc! { "$gt": 0 }, |inner, _| doc! { "$not": inner });
        doc! { "a": inner }
    };
    let added =
        |levels: usize| (0..levels).fold(Bson::from("$a"), |inner, _| doc! { "$add": [inner] }.into());
    for (levels, expected) in [(20, Ok(1)), (180, Ok(1)), (1_000, Err(15))] {
        let found = store.run(doc! { "count": "c", "query": negated(levels) }).await;
        let found = found.map(|reply| reply.get_i32("n").unwrap()).map_err(|error| error.code().unwrap());
        assert_eq!(found, expected, "{levels} levels");
    }
    for (levels, code) in [(10, None), (90, None), (1_000, Some(15))] {
        let pipeline = vec![doc! { "$set": { "b": added(levels) } }];
        let done = store.run(doc! { "aggregate": "c", "pipeline": pipeline, "cursor": {} }).await;
        assert_eq!(done.err().and_then(|error| error.code()), code, "{levels} levels");
    }
    // A rule is evaluated by every later write, on whatever stack that has.
    let refused = store.run(doc! { "create": "d", "validator": negated(100) }).await.unwrap_err();
    assert_eq!(refused.code(), Some(238), "{refused}");
    assert!(refused.to_string().contains("nested deeper than"), "{refused}");
    let reply = store.run(doc! { "count": "c" }).await.unwrap();
    assert_eq!(reply.get_i32("n").unwrap(), 1);
}
