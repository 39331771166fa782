//! MongoDB's own engine beside the embedded one: the same command to both, and what is compared of the replies.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bson::{Bson, Document, doc};
use mongodb::Client;
use mongodb::error::ErrorKind;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{CommandError, Commands};

/// What is not compared: what the one measures and the other does not, and what a later version has added.
const DROPPED: &[&str] = &[
    "$clusterTime",
    "2dsphereIndexVersion",
    "alreadyHasObj",
    "collation",
    "command",
    "dupsDropped",
    "dupsTested",
    "executionTimeMicros",
    "executionTimeMillis",
    "executionTimeMillisEstimate",
    "isEOF",
    "maxIndexedAndSolutionsReached",
    "maxIndexedOrSolutionsReached",
    "maxScansToExplodeReached",
    "needTime",
    "needYield",
    "advanced",
    "operationTime",
    "optimizationTimeMicros",
    "optimizationTimeMillis",
    "parsedQuery",
    "peakTrackedMemBytes",
    "planCacheKey",
    "planCacheShapeHash",
    "prunedSimilarIndexes",
    "queryHash",
    "restoreState",
    "saveState",
    "seeks",
    "serverInfo",
    "serverParameters",
    "uuid",
    "works",
    // Statistics of the storage.
    "avgObjSize",
    "fastCountType",
    "freeStorageSize",
    "fsTotalSize",
    "fsUsedSize",
    "indexBuilds",
    "indexDetails",
    "indexSize",
    "indexSizes",
    "nindexes",
    "size",
    "sizeOnDisk",
    "storageSize",
    "totalIndexSize",
    "totalSize",
    "totalSizeMb",
    "wiredTiger",
];

/// Both engines, each with an empty database of the same name.
pub(crate) struct Pair {
    store: Arc<DocumentStore>,
    client: Client,
    pub(crate) database: String,
}

impl Pair {
    /// Connects to MongoDB's engine, which the tests need, and opens a store.
    pub(crate) async fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var("WHIMBREL_TEST_MONGODB_ENGINE_URL").expect(
            "this test compares with MongoDB's engine: run `cargo xtask test`, or set what \
             `cargo xtask test --servers` prints",
        );
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("whimbrel_documents_{}_{number}", std::process::id());
        let client = Client::with_uri_str(&url).await.expect("MongoDB's engine answers");
        client.database(&database).drop().await.expect("the database is dropped");
        let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, &database)).unwrap();
        Self { store, client, database }
    }

    /// Runs a command on both, and returns what is compared of each reply: MongoDB's first.
    pub(crate) async fn run(&self, database: &str, command: &Document) -> (Bson, Bson) {
        let database = if database.is_empty() { &self.database } else { database };
        let theirs = match self.client.database(database).run_command(command.clone()).await {
            Ok(reply) => reply,
            Err(error) => refusal(&error, command),
        };
        let ours = match self.store.run_on(database, command.clone(), None).await {
            Ok(reply) => reply,
            Err(CommandError::Refused(refusal)) => refusal.reply,
            Err(error) => panic!("{command}: {error}"),
        };
        (compared(Bson::Document(theirs)), compared(Bson::Document(ours)))
    }

    /// Drops the database.
    pub(crate) async fn finish(self) {
        self.client.database(&self.database).drop().await.expect("the database is dropped");
    }
}

fn refusal(error: &mongodb::error::Error, command: &Document) -> Document {
    if let Some(response) = error.server_response() {
        return Document::try_from(response).expect("the reply is BSON");
    }
    match &*error.kind {
        ErrorKind::Command(refused) => {
            doc! { "ok": 0.0, "code": refused.code, "codeName": &refused.code_name, "errmsg": &refused.message }
        }
        other => panic!("{command}: {other:?}"),
    }
}

/// What is compared of a value.
fn compared(value: Bson) -> Bson {
    match value {
        Bson::Document(document) => {
            let is_cursor = document.contains_key("firstBatch") || document.contains_key("nextBatch");
            let kept = document.into_iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
            let compared = kept.filter_map(|(name, value)| {
                let value = match (name.as_str(), value) {
                    ("errmsg", Bson::String(message)) => Bson::String(read_part(&message)?),
                    // Which number a cursor has says nothing; that it has ended does.
                    ("id", Bson::Int64(id)) if is_cursor => Bson::Boolean(id == 0),
                    ("id", Bson::Int32(id)) if is_cursor => Bson::Boolean(id == 0),
                    ("underlyingReason", _) => return None,
                    (_, value) => compared(value),
                };
                Some((name, value))
            });
            // The order of a document's fields is compared; that of a reply's is not.
            let mut fields: Vec<(String, Bson)> = compared.collect();
            if fields.iter().any(|(name, _)| name == "ok") || is_cursor {
                fields.sort_by(|one, other| one.0.cmp(&other.0));
            }
            Bson::Document(fields.into_iter().collect())
        }
        Bson::Array(values) => Bson::Array(values.into_iter().map(compared).collect()),
        other => other,
    }
}

/// The part of a message that a program reads: which key was there already.
fn read_part(message: &str) -> Option<String> {
    message.find("E11000").map(|start| message[start..].to_owned())
}
