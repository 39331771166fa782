//! Sessions: what a transaction sees, what others see of it, and what it conflicts with.

use std::sync::Arc;

use bson::doc;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{Commands, SessionId};

fn store() -> Arc<DocumentStore> {
    DocumentStore::open(&DocumentOptions::new(Location::Memory, "test")).unwrap()
}

async fn count(store: &DocumentStore, session: Option<SessionId>) -> usize {
    let reply = store.run_on("test", doc! { "find": "c" }, session).await.unwrap();
    reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().len()
}

async fn begun(store: &DocumentStore) -> SessionId {
    let session = store.start_session().await.unwrap();
    store.start_transaction(session).await.unwrap();
    session
}

fn insert(id: i32) -> bson::Document {
    doc! { "insert": "c", "documents": [{ "_id": id }] }
}

#[tokio::test]
async fn a_transaction_is_seen_by_nobody_before_it_commits() {
    let store = store();
    store.run(insert(1)).await.unwrap();
    let session = begun(&store).await;
    store.run_on("test", insert(2), Some(session)).await.unwrap();
    assert_eq!((count(&store, Some(session)).await, count(&store, None).await), (2, 1));
    store.commit_transaction(session).await.unwrap();
    assert_eq!(count(&store, None).await, 2);
    // The answer of a commit may have been lost: it is sent again.
    store.commit_transaction(session).await.unwrap();
    assert_eq!(store.abort_transaction(session).await.unwrap_err().code(), Some(256));
}

#[tokio::test]
async fn what_is_aborted_or_forgotten_leaves_nothing() {
    let store = store();
    let session = begun(&store).await;
    store.run_on("test", insert(1), Some(session)).await.unwrap();
    store.abort_transaction(session).await.unwrap();
    let refused = store.commit_transaction(session).await.unwrap_err();
    assert_eq!(refused.code(), Some(251));
    store.start_transaction(session).await.unwrap();
    store.run_on("test", insert(2), Some(session)).await.unwrap();
    store.end_session(session).await;
    assert_eq!(count(&store, None).await, 0);
    // The right to write has been given back.
    store.run(insert(3)).await.unwrap();
}

#[tokio::test]
async fn a_transaction_reads_the_state_in_which_it_began() {
    let store = store();
    store.run(insert(1)).await.unwrap();
    let session = begun(&store).await;
    assert_eq!(count(&store, Some(session)).await, 1);
    store.run(insert(2)).await.unwrap();
    assert_eq!((count(&store, Some(session)).await, count(&store, None).await), (1, 2));
    let refused = store.run_on("test", insert(3), Some(session)).await.unwrap_err();
    assert_eq!(refused.code(), Some(112));
    assert!(refused.has_label("TransientTransactionError"));
    let refused = store.run_on("test", doc! { "find": "c" }, Some(session)).await.unwrap_err();
    assert_eq!(refused.code(), Some(251));
}

#[tokio::test]
async fn two_transactions_that_write_conflict() {
    let store = store();
    store.run(insert(1)).await.unwrap();
    let (first, second) = (begun(&store).await, begun(&store).await);
    let delete = doc! { "delete": "c", "deletes": [{ "q": { "_id": 1 }, "limit": 1 }] };
    store.run_on("test", delete.clone(), Some(first)).await.unwrap();
    let refused = store.run_on("test", delete.clone(), Some(second)).await.unwrap_err();
    assert_eq!(refused.code(), Some(112));
    assert!(refused.has_label("TransientTransactionError"));
    store.commit_transaction(first).await.unwrap();
    store.start_transaction(second).await.unwrap();
    let reply = store.run_on("test", delete, Some(second)).await.unwrap();
    assert_eq!(reply.get_i32("n").unwrap(), 0);
    store.commit_transaction(second).await.unwrap();
}

#[tokio::test]
async fn a_failed_write_ends_the_transaction() {
    let store = store();
    store.run(insert(1)).await.unwrap();
    let session = begun(&store).await;
    store.run_on("test", insert(2), Some(session)).await.unwrap();
    let reply = store.run_on("test", insert(1), Some(session)).await.unwrap();
    assert!(reply.contains_key("writeErrors"));
    assert_eq!(store.commit_transaction(session).await.unwrap_err().code(), Some(251));
    assert_eq!(count(&store, None).await, 1);
}

#[tokio::test]
async fn what_no_transaction_may_hold_is_refused() {
    let store = store();
    let session = begun(&store).await;
    let refused = store.run_on("test", doc! { "drop": "c" }, Some(session)).await.unwrap_err();
    assert_eq!(refused.code(), Some(263));
    assert_eq!(store.start_transaction(SessionId(999)).await.unwrap_err().code(), Some(206));
}
