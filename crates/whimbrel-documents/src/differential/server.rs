//! MongoDB's engine, in a database of its own for each test.

use bson::Document;
use mongodb::error::ErrorKind;
use mongodb::{Client, Database};

use crate::refusal::{Refusal, refuse};

/// A connection to the engine.
pub(crate) struct Server {
    database: Database,
}

impl Server {
    pub(crate) async fn start(name: &str) -> Self {
        let url = std::env::var("WHIMBREL_TEST_MONGODB_ENGINE_URL").expect(
            "WHIMBREL_TEST_MONGODB_ENGINE_URL has to name MongoDB's engine: cargo xtask test starts it",
        );
        let client = Client::with_uri_str(&url).await.expect("MongoDB's engine");
        let database = client.database(&format!("evaluator_{name}_{}", std::process::id()));
        database.drop().await.expect("dropping a database");
        Server { database }
    }

    /// The name of the database.
    pub(crate) fn name(&self) -> &str {
        self.database.name()
    }

    pub(crate) async fn load(&self, collection: &str, documents: &[Document]) {
        self.database.create_collection(collection).await.expect("creating a collection");
        if !documents.is_empty() {
            self.database.collection::<Document>(collection).insert_many(documents).await.expect("inserting");
        }
    }

    /// Runs a command; a write error comes as the refusal that it is.
    pub(crate) async fn run(&self, command: &Document) -> Result<Document, Refusal> {
        let reply = self.database.run_command(command.clone()).await.map_err(|error| match &*error.kind {
            ErrorKind::Command(stated) => {
                let mut refusal = refuse(stated.code, &stated.code_name, stated.message.clone());
                let reply = error.server_response().and_then(|reply| Document::try_from(reply).ok());
                refusal.reply = reply.unwrap_or(refusal.reply);
                refusal
            }
            // The server cuts a long message of the date parser in the middle of a character.
            ErrorKind::InvalidResponse { .. } => {
                refuse(241, "ConversionFailure", "a message that is not UTF-8")
            }
            other => panic!("the connection failed on {command}: {other}"),
        })?;
        write_error(reply)
    }

    pub(crate) async fn stop(self) {
        self.database.drop().await.expect("dropping a database");
    }
}

/// The first error of a reply's writes, in place of the reply.
pub(super) fn write_error(reply: Document) -> Result<Document, Refusal> {
    let first = reply
        .get_array("writeErrors")
        .ok()
        .and_then(|errors| errors.first())
        .and_then(|error| error.as_document());
    let Some(error) = first else { return Ok(reply) };
    let mut refusal =
        refuse(error.get_i32("code").expect("a code"), "", error.get_str("errmsg").expect("a message"));
    refusal.reply = error.clone();
    Err(refusal)
}
