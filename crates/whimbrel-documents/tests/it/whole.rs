//! Transactions that take every command: what a refused one takes back, what others see, and who waits for whom.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{Commands, SessionId};

fn store() -> Arc<DocumentStore> {
    DocumentStore::open(&DocumentOptions::new(Location::Memory, "test")).unwrap()
}

async fn begun(store: &DocumentStore) -> SessionId {
    let session = store.start_session().await.unwrap();
    store.whole_transactions().unwrap().start_whole_transaction(session).await.unwrap();
    session
}

/// Every collection with its options, its indexes and its documents.
async fn standing(store: &DocumentStore, session: Option<SessionId>) -> String {
    let batch = |reply: &Document| {
        let cursor = reply.get_document("cursor").unwrap();
        cursor.get_array("firstBatch").unwrap().clone()
    };
    let listed = batch(&store.run_on("test", doc! { "listCollections": 1 }, session).await.unwrap());
    let mut text = String::new();
    for collection in listed {
        let collection = collection.as_document().unwrap();
        let name = collection.get_str("name").unwrap();
        text.push_str(&format!("{name} {}\n", collection.get_document("options").unwrap()));
        for command in [doc! { "listIndexes": name }, doc! { "find": name }] {
            let found = batch(&store.run_on("test", command, session).await.unwrap());
            found.iter().for_each(|each| text.push_str(&format!("  {each}\n")));
        }
    }
    text
}

/// What a migration may do, of every kind.
fn changes() -> Vec<Document> {
    vec![
        doc! { "create": "made", "validator": { "a": { "$gt": 0 } } },
        doc! { "insert": "made", "documents": [{ "_id": 1, "a": 1 }, { "_id": 2, "a": 2 }] },
        doc! { "createIndexes": "made", "indexes": [{ "key": { "a": 1 }, "name": "a", "unique": true }] },
        doc! { "createIndexes": "c", "indexes": [{ "key": { "w": "text" }, "name": "w" }] },
        doc! { "collMod": "c", "validator": { "n": { "$type": "int" } } },
        doc! { "dropIndexes": "c", "index": "n" },
        doc! { "renameCollection": "test.old", "to": "test.new" },
        doc! { "drop": "gone" },
        doc! { "aggregate": "c", "pipeline": [{ "$out": "copy" }], "cursor": {} },
        doc! { "update": "c", "updates": [{ "q": {}, "u": { "$inc": { "n": 1 } }, "multi": true }] },
    ]
}

async fn prepared() -> Arc<DocumentStore> {
    let store = store();
    for name in ["c", "old", "gone"] {
        let document = doc! { "_id": 1, "n": 1, "w": "word" };
        store.run(doc! { "insert": name, "documents": [document] }).await.unwrap();
    }
    let index = doc! { "key": { "n": 1 }, "name": "n" };
    store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    store
}

#[tokio::test]
async fn every_change_is_seen_within_and_nowhere_else_until_it_is_committed() {
    let store = prepared().await;
    let before = standing(&store, None).await;
    for commits in [false, true] {
        let session = begun(&store).await;
        for command in changes() {
            let database = if command.contains_key("renameCollection") { "admin" } else { "test" };
            let reply = store.run_on(database, command.clone(), Some(session)).await;
            assert!(!reply.unwrap().contains_key("writeErrors"), "{command}");
            assert_eq!(standing(&store, None).await, before, "{command}");
        }
        let within = standing(&store, Some(session)).await;
        assert_ne!(within, before);
        if commits {
            store.commit_transaction(session).await.unwrap();
            assert_eq!(standing(&store, None).await, within);
        } else {
            store.abort_transaction(session).await.unwrap();
            assert_eq!(standing(&store, None).await, before);
        }
        store.end_session(session).await;
    }
    for collection in ["c", "made", "new", "copy"] {
        let report = store.run(doc! { "validate": collection }).await.unwrap();
        assert!(report.get_bool("valid").unwrap(), "{report}");
    }
}

#[tokio::test]
async fn a_refused_command_takes_back_what_it_did_and_no_more() {
    let store = prepared().await;
    let session = begun(&store).await;
    let run = |command: Document| store.run_on("test", command, Some(session));
    run(doc! { "insert": "c", "documents": [{ "_id": 2, "n": 7 }, { "_id": 3, "n": 7 }] }).await.unwrap();
    let before = standing(&store, Some(session)).await;
    let unique = doc! { "key": { "n": -1 }, "name": "u", "unique": true };
    let fine = doc! { "key": { "w": 1 }, "name": "w" };
    for (command, code) in [
        (doc! { "create": "c", "validator": { "n": 1 } }, 48),
        (doc! { "createIndexes": "c", "indexes": [fine, unique] }, 11000),
        (doc! { "nonsense": 1 }, 59),
    ] {
        assert_eq!(run(command.clone()).await.unwrap_err().code(), Some(code), "{command}");
        assert_eq!(standing(&store, Some(session)).await, before, "{command}");
    }
    // As outside a transaction: what came before the error stands.
    let reply = run(doc! { "insert": "c", "documents": [{ "_id": 4 }, { "_id": 4 }] }).await.unwrap();
    assert_eq!((reply.get_i32("n").unwrap(), reply.get_array("writeErrors").unwrap().len()), (1, 1));
    let within = standing(&store, Some(session)).await;
    store.commit_transaction(session).await.unwrap();
    assert_eq!(standing(&store, None).await, within);
}

/// The words of the documents before the one that is in the way were written down already.
#[tokio::test]
async fn an_index_over_words_that_is_refused_leaves_the_transaction_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.db");
    let options = DocumentOptions::new(Location::File(path.clone()), "test");
    let store = DocumentStore::open(&options).unwrap();
    let documents: Vec<Document> = (0..20).map(|id| doc! { "_id": id, "w": format!("word{id}") }).collect();
    store.run(doc! { "insert": "c", "documents": documents }).await.unwrap();
    let sqlite = rusqlite::Connection::open(&path).unwrap();
    let id: i64 = sqlite.query_row("SELECT id FROM collections", [], |row| row.get(0)).unwrap();
    sqlite.execute(&format!("UPDATE c{id} SET doc = substr(doc, 1, 9) WHERE r = 15"), []).unwrap();
    let session = begun(&store).await;
    let run = |command: Document| store.run_on("test", command, Some(session));
    let words = doc! { "key": { "w": "text" }, "name": "words" };
    for round in 0..3 {
        let refused = run(doc! { "createIndexes": "c", "indexes": [words.clone()] }).await.unwrap_err();
        assert_eq!(refused.code(), Some(22), "{refused}");
        run(doc! { "insert": "d", "documents": [{ "_id": round }] }).await.unwrap();
    }
    store.commit_transaction(session).await.unwrap();
    assert_eq!(store.run(doc! { "count": "d" }).await.unwrap().get_i32("n").unwrap(), 3);
}

/// A collection that a refused command made within the transaction, and another one that somebody makes later.
#[tokio::test]
async fn what_was_taken_back_is_not_remembered() {
    let store = prepared().await;
    for _ in 0..3 {
        let session = begun(&store).await;
        let both = vec![
            doc! { "key": { "n": 1 }, "name": "first" },
            doc! { "key": { "n": 1, "m": 1 }, "name": "first" },
        ];
        let command = doc! { "createIndexes": "fresh", "indexes": both };
        assert!(store.run_on("test", command, Some(session)).await.is_err());
        store.commit_transaction(session).await.unwrap();
        store.end_session(session).await;
        store.run(doc! { "create": "another" }).await.unwrap();
        let names = standing(&store, None).await;
        assert!(names.contains("another") && !names.contains("fresh"), "{names}");
        store.run(doc! { "drop": "another" }).await.unwrap();
    }
}

#[tokio::test]
async fn another_writer_waits_and_is_told_why_it_waited_in_vain() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    options.busy_timeout = Duration::from_millis(1500);
    // One in this process, and one that shares only the file, as another process does.
    let (store, other) = (DocumentStore::open(&options).unwrap(), DocumentStore::open(&options).unwrap());
    let session = begun(&store).await;
    store.run_on("test", doc! { "create": "c" }, Some(session)).await.unwrap();
    let insert = doc! { "insert": "d", "documents": [{ "_id": 1 }] };
    for writer in [&store, &other] {
        let started = Instant::now();
        assert_eq!(writer.run(insert.clone()).await.unwrap_err().code(), Some(24));
        assert!(started.elapsed() >= options.busy_timeout);
        let mut hurried = insert.clone();
        hurried.insert("maxTimeMS", 100);
        let started = Instant::now();
        assert_eq!(writer.run(hurried).await.unwrap_err().code(), Some(50));
        assert!(started.elapsed() < options.busy_timeout, "{:?}", started.elapsed());
    }
    // A second whole transaction may be tried again.
    let second = begun(&other).await;
    let refused = other.run_on("test", insert.clone(), Some(second)).await.unwrap_err();
    assert!(refused.has_label("TransientTransactionError"), "{refused}");
    store.commit_transaction(session).await.unwrap();
    other.run(insert).await.unwrap();
}

/// A session's ordinary transaction keeps to what MongoDB's take.
#[tokio::test]
async fn an_ordinary_transaction_takes_no_more_than_mongodbs() {
    let store = store();
    let session = store.start_session().await.unwrap();
    store.start_transaction(session).await.unwrap();
    let refused = store.run_on("test", doc! { "drop": "c" }, Some(session)).await.unwrap_err();
    assert_eq!(refused.code(), Some(263));
    store.whole_transactions().unwrap().start_whole_transaction(session).await.unwrap();
    let refused = store.start_transaction(session).await.unwrap_err();
    assert_eq!(refused.code(), Some(50911));
}
