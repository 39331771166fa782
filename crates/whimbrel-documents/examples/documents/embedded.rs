//! The embedded engine, called in this process as an application calls it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

use crate::data::{self, COLLECTION};
use crate::{Failed, Side, Visit};

/// The database.
const DATABASE: &str = "bench";

/// The embedded engine on a file.
pub(crate) struct Embedded {
    store: Arc<DocumentStore>,
}

fn options(file: &str) -> DocumentOptions {
    // As they are by default: each commit waits for the disk.
    DocumentOptions::new(Location::File(PathBuf::from(file)), DATABASE)
}

/// Opens a loaded file and finds one document, from the start of the process on.
pub(crate) async fn open(file: &str) -> Result<Duration, Failed> {
    let begun = Instant::now();
    let mut side =
        Embedded { store: DocumentStore::open(&DocumentOptions { create: false, ..options(file) })? };
    let sought = &data::sought()[0];
    side.find_one(sought).await?.ok_or("the document was not found")?;
    Ok(begun.elapsed())
}

impl Embedded {
    pub(crate) fn new(file: &str) -> Result<Self, Failed> {
        Ok(Self { store: DocumentStore::open(&options(file))? })
    }

    async fn checked(&self, command: Document) -> Result<Document, Failed> {
        let reply = self.store.run(command).await?;
        match reply.get("writeErrors") {
            None => Ok(reply),
            Some(errors) => Err(format!("a write failed: {errors}").into()),
        }
    }

    /// Shows every document of a result.
    async fn each(&self, command: Document, visit: &mut Visit<'_>) -> Result<(), Failed> {
        let mut reply = self.store.run_raw(command, None).await?;
        let mut batch = "firstBatch";
        loop {
            let cursor = reply.get_document("cursor")?;
            for document in cursor.get_array(batch)? {
                visit(document?.as_document().ok_or("no document")?)?;
            }
            let id = cursor.get_i64("id")?;
            if id == 0 {
                return Ok(());
            }
            reply = self.store.run_raw(doc! { "getMore": id, "collection": COLLECTION }, None).await?;
            batch = "nextBatch";
        }
    }
}

fn index(name: &str, key: Document, is_unique: bool) -> Document {
    doc! { "name": name, "key": key, "unique": is_unique }
}

impl Side for Embedded {
    async fn prepare(&mut self) -> Result<(), Failed> {
        self.store.run(doc! { "dropDatabase": 1 }).await?;
        let indexes = data::secondary_indexes().map(|(name, key)| index(name, key, false));
        self.store.run(doc! { "createIndexes": COLLECTION, "indexes": indexes.to_vec() }).await?;
        Ok(())
    }

    async fn insert(&mut self, batch: Vec<Document>) -> Result<(), Failed> {
        self.checked(doc! { "insert": COLLECTION, "documents": batch }).await?;
        Ok(())
    }

    async fn drop_unique_index(&mut self) -> Result<(), Failed> {
        self.store.run(doc! { "dropIndexes": COLLECTION, "index": data::unique_index().0 }).await?;
        Ok(())
    }

    async fn build_unique_index(&mut self) -> Result<(), Failed> {
        let (name, key) = data::unique_index();
        self.store.run(doc! { "createIndexes": COLLECTION, "indexes": [index(name, key, true)] }).await?;
        Ok(())
    }

    async fn find_one(&mut self, email: &str) -> Result<Option<Document>, Failed> {
        let find = doc! { "find": COLLECTION, "filter": { "email": email }, "limit": 1, "singleBatch": true };
        let mut reply = self.store.run(find).await?;
        let Some(Bson::Document(mut cursor)) = reply.remove("cursor") else { return Err("no cursor".into()) };
        let Some(Bson::Array(mut batch)) = cursor.remove("firstBatch") else { return Err("no batch".into()) };
        match batch.pop() {
            Some(Bson::Document(document)) => Ok(Some(document)),
            _ => Ok(None),
        }
    }

    async fn range(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        self.each(doc! { "find": COLLECTION, "filter": data::range_filter() }, visit).await
    }

    async fn scan(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        self.each(doc! { "find": COLLECTION, "filter": data::scan_filter() }, visit).await
    }

    async fn group(&mut self, visit: &mut Visit<'_>) -> Result<(), Failed> {
        let pipeline = data::group_pipeline();
        self.each(doc! { "aggregate": COLLECTION, "pipeline": pipeline, "cursor": {} }, visit).await
    }
}
