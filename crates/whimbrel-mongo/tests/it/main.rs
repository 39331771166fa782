//! The MongoDB engine on real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod catalogue;
mod commands;
mod connect;
mod history;
mod lease;
mod old_server;
mod silence;
mod survey;

use std::sync::Arc;
use std::time::Duration;

use whimbrel_engine::document::{Commands, DocumentEngine, LeaseOptions};
use whimbrel_mongo::{Mongo, MongoOptions, TokioRuntime};
use whimbrel_testkit::{MongoDatabase, MongoKind, mongo_database};

/// A fresh database and the commands over it; it is dropped with the value.
struct Place {
    commands: Arc<dyn Commands>,
    database: MongoDatabase,
}

impl Place {
    async fn new(kind: MongoKind) -> Self {
        let database = mongo_database(kind).unwrap();
        let commands = Arc::new(Mongo::connect(&MongoOptions::new(database.url())).await.unwrap());
        Place { commands, database }
    }

    async fn both() -> [Self; 2] {
        [Self::new(MongoKind::Engine).await, Self::new(MongoKind::SecantusDb).await]
    }

    /// An engine whose lease is short.
    fn engine(&self, holder: &str, lease: Duration) -> DocumentEngine {
        let options = LeaseOptions { duration: lease, holder: holder.to_owned() };
        DocumentEngine::new(Arc::clone(&self.commands), Arc::new(TokioRuntime), options)
    }

    async fn run(&self, command: bson::Document) -> bson::Document {
        self.commands.run(command).await.unwrap()
    }

    /// The documents of a collection, by `_id`.
    async fn documents(&self, collection: &str) -> Vec<bson::Document> {
        let reply = self.run(bson::doc! { "find": collection, "sort": { "_id": 1 } }).await;
        let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
        batch.iter().map(|document| document.as_document().unwrap().clone()).collect()
    }
}
