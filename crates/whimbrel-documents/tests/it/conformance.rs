//! The suite that every document engine passes, and what this one can do.

use std::sync::Arc;

use tempfile::TempDir;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{Commands as _, Topology};
use whimbrel_testkit::conformance::Place;

fn opened() -> (Arc<DocumentStore>, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::File(folder.path().join("documents.db"));
    (DocumentStore::open(&DocumentOptions::new(location, "test")).unwrap(), folder)
}

/// A database in a file of its own; it has no views.
async fn place() -> Place {
    let (store, folder) = opened();
    Place::new(store, false, folder)
}

whimbrel_testkit::document_conformance!(
    super::place: every, no_collations, no_wildcard_indexes, transactions, whole_transactions, text_indexes, no_other_kinds_of_collections
);

#[test]
fn it_says_what_it_can_do() {
    let (store, _folder) = opened();
    let deployment = store.deployment();
    assert_eq!(deployment.topology, Topology::Embedded);
    assert!(deployment.transactions && store.whole_transactions().is_some());
    assert!(deployment.collection_changes && deployment.text_indexes && deployment.hidden_indexes);
    assert!(!deployment.change_streams);
    assert_eq!((deployment.server.product.as_str(), deployment.server.encrypted), ("SQLite", None));
}
