//! The engine under test, as a store in memory.

use std::sync::Arc;

use bson::{Document, doc};
use whimbrel_engine::document::{CommandError, Commands as _};

use super::server::write_error;
use crate::refusal::Refusal;
use crate::{DocumentOptions, DocumentStore, Location};

/// A store of its own for each test.
pub(crate) struct Embedded(Arc<DocumentStore>);

impl Embedded {
    pub(crate) fn start() -> Self {
        Self::named("evaluator")
    }

    /// A store whose database has a name of its own.
    pub(crate) fn named(database: &str) -> Self {
        let options = DocumentOptions::new(Location::Memory, database);
        Embedded(DocumentStore::open(&options).expect("a store in memory"))
    }

    pub(crate) async fn load(&self, collection: &str, documents: &[Document]) {
        self.0.run(doc! { "create": collection }).await.expect("creating a collection");
        if !documents.is_empty() {
            let insert = doc! { "insert": collection, "documents": documents };
            let reply = self.0.run(insert).await.expect("inserting");
            assert!(!reply.contains_key("writeErrors"), "{reply}");
        }
    }

    /// Runs a command; a write error comes as the refusal that it is.
    pub(crate) async fn run(&self, command: &Document) -> Result<Document, Refusal> {
        match self.0.run(command.clone()).await {
            Ok(reply) => write_error(reply),
            Err(CommandError::Refused(refusal)) => Err(*refusal),
            Err(error) => panic!("the store failed on {command}: {error}"),
        }
    }
}
