//! The embedded engine, called in this process as an application calls it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::{Bson, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

use crate::data::{self, COLLECTION};
use crate::{Failed, Side};

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

    /// Reads a result to its end.
    async fn all(&self, command: Document) -> Result<Vec<Document>, Failed> {
        let mut documents = Vec::new();
        let (mut id, batch) = cursor(self.store.run(command).await?, "firstBatch")?;
        documents.extend(batch);
        while id != 0 {
            let reply = self.store.run(doc! { "getMore": id, "collection": COLLECTION }).await?;
            let (next, batch) = cursor(reply, "nextBatch")?;
            documents.extend(batch);
            id = next;
        }
        Ok(documents)
    }
}

/// The number of a cursor, and its batch.
fn cursor(mut reply: Document, batch: &str) -> Result<(i64, impl Iterator<Item = Document> + use<>), Failed> {
    let Some(Bson::Document(mut cursor)) = reply.remove("cursor") else { return Err("no cursor".into()) };
    let Some(Bson::Array(documents)) = cursor.remove(batch) else { return Err("no batch".into()) };
    let documents = documents.into_iter().filter_map(|document| match document {
        Bson::Document(document) => Some(document),
        _ => None,
    });
    Ok((cursor.get_i64("id")?, documents))
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
        Ok(cursor(self.store.run(find).await?, "firstBatch")?.1.next())
    }

    async fn range(&mut self) -> Result<usize, Failed> {
        Ok(self.all(doc! { "find": COLLECTION, "filter": data::range_filter() }).await?.len())
    }

    async fn scan(&mut self) -> Result<usize, Failed> {
        Ok(self.all(doc! { "find": COLLECTION, "filter": data::scan_filter() }).await?.len())
    }

    async fn group(&mut self) -> Result<Vec<Document>, Failed> {
        self.all(doc! { "aggregate": COLLECTION, "pipeline": data::group_pipeline(), "cursor": {} }).await
    }
}
