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
    // Kept by MongoDB, and of no effect.
    "background",
    // The relevance of words, which is not promised.
    "score",
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
        Self::with("WHIMBREL_TEST_MONGODB_ENGINE_URL").await
    }

    /// Connects to SecantusDB instead, which has what MongoDB's engine has not.
    pub(crate) async fn with_secantusdb() -> Self {
        Self::with("WHIMBREL_TEST_SECANTUSDB_URL").await
    }

    async fn with(variable: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = std::env::var(variable).unwrap_or_else(|_| {
            panic!(
                "this test compares with the server of {variable}: run `cargo xtask test`, or set what \
                 `cargo xtask test --servers` prints"
            )
        });
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let database = format!("whimbrel_documents_{}_{number}", std::process::id());
        let client = Client::with_uri_str(&url).await.expect("the server answers");
        client.database(&database).drop().await.expect("the database is dropped");
        let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, &database)).unwrap();
        Self { store, client, database }
    }

    /// Runs a command on both, and returns what is compared of each reply: MongoDB's first.
    pub(crate) async fn run(&self, database: &str, command: &Document) -> (Bson, Bson) {
        let database = if database.is_empty() { &self.database } else { database };
        let theirs = self.on_server(database, command).await;
        let ours = self.on_store(database, command).await;
        (compared(Bson::Document(theirs)), compared(Bson::Document(ours)))
    }

    /// Runs a command on the server.
    pub(crate) async fn on_server(&self, database: &str, command: &Document) -> Document {
        match self.client.database(database).run_command(command.clone()).await {
            Ok(reply) => reply,
            Err(error) => refusal(&error, command),
        }
    }

    /// Runs a command on the store.
    pub(crate) async fn on_store(&self, database: &str, command: &Document) -> Document {
        match self.store.run_on(database, command.clone(), None).await {
            Ok(reply) => reply,
            Err(CommandError::Refused(refusal)) => refusal.reply,
            Err(error) => panic!("{command}: {error}"),
        }
    }

    /// What two transactions that write the same document are told: the code and labels of the second one's refusal.
    pub(crate) async fn conflict(&self) -> ((i32, Vec<String>), (i32, Vec<String>)) {
        let insert = doc! { "insert": "c", "documents": [{ "_id": 1 }] };
        let delete = doc! { "delete": "c", "deletes": [{ "q": { "_id": 1 }, "limit": 1 }] };
        self.run("", &insert).await;
        let database = self.client.database(&self.database);
        let mut first = self.client.start_session().await.unwrap();
        let mut second = self.client.start_session().await.unwrap();
        first.start_transaction().await.unwrap();
        second.start_transaction().await.unwrap();
        database.run_command(delete.clone()).session(&mut first).await.unwrap();
        let refused = database.run_command(delete.clone()).session(&mut second).await.unwrap_err();
        let ErrorKind::Command(refusal) = &*refused.kind else { panic!("{refused:?}") };
        let theirs = (refusal.code, refused.labels().iter().cloned().collect());
        first.abort_transaction().await.unwrap();
        let (first, second) =
            (self.store.start_session().await.unwrap(), self.store.start_session().await.unwrap());
        self.store.start_transaction(first).await.unwrap();
        self.store.start_transaction(second).await.unwrap();
        self.store.run_on(&self.database, delete.clone(), Some(first)).await.unwrap();
        let refused = self.store.run_on(&self.database, delete, Some(second)).await.unwrap_err();
        let CommandError::Refused(refusal) = refused else { panic!("{refused}") };
        (theirs, (refusal.code, refusal.labels))
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
pub(crate) fn compared(value: Bson) -> Bson {
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
