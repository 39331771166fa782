//! The suite that every document engine passes, on both servers that stand for MongoDB.

use std::sync::Arc;

use whimbrel_mongo::{Mongo, MongoOptions};
use whimbrel_testkit::conformance::Place;
use whimbrel_testkit::{MongoKind, mongo_database};

/// A fresh database, which is dropped with the value.
async fn place(kind: MongoKind) -> Place {
    let database = mongo_database(kind).unwrap();
    let commands = Mongo::connect(&MongoOptions::new(database.url())).await.unwrap();
    Place::new(Arc::new(commands), true, database)
}

/// MongoDB's own engine.
mod engine {
    async fn place() -> super::Place {
        super::place(super::MongoKind::Engine).await
    }

    whimbrel_testkit::document_conformance!(super::place: every, collations, wildcard_indexes, no_transactions, text_indexes, other_kinds_of_collections);
}

/// SecantusDB.
mod secantusdb {
    async fn place() -> super::Place {
        super::place(super::MongoKind::SecantusDb).await
    }

    whimbrel_testkit::document_conformance!(
        super::place: every, collations, wildcard_indexes, transactions, transactions_beside_each_other, other_kinds_of_collections
    );
}
