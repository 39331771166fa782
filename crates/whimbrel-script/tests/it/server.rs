//! Scripts over real servers, on a fresh database per test.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use bson::{Document, doc};
use whimbrel_engine::Source;
use whimbrel_engine::document::{CommandResult, Commands, Deployment, SessionId};
use whimbrel_mongo::{Mongo, MongoOptions};
use whimbrel_script::{CommandsHost, Entry, ScriptError, Settings, run};
pub(crate) use whimbrel_testkit::MongoKind as Server;
use whimbrel_testkit::{MongoDatabase, mongo_database};

/// A database of one test, dropped with the value; it counts the sessions that are open.
pub(crate) struct Database {
    inner: Arc<dyn Commands>,
    open: AtomicUsize,
    _database: MongoDatabase,
}

impl Database {
    pub(crate) async fn fresh(server: Server) -> Arc<Self> {
        let database = mongo_database(server).expect("the test servers are given");
        let mongo =
            Mongo::connect(&MongoOptions::new(database.url())).await.expect("the test server answers");
        Arc::new(Database { inner: Arc::new(mongo), open: AtomicUsize::new(0), _database: database })
    }

    /// The documents of a collection, by `_id`.
    pub(crate) async fn documents(&self, collection: &str) -> Vec<Document> {
        let reply = self
            .run(doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": 10_000 })
            .await
            .expect("a collection can be read");
        let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
        batch
            .expect("a reply with a batch")
            .iter()
            .filter_map(|document| document.as_document().cloned())
            .collect()
    }

    /// How many sessions are open.
    pub(crate) fn open_sessions(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Commands for Database {
    fn deployment(&self) -> &Deployment {
        self.inner.deployment()
    }

    fn database(&self) -> &str {
        self.inner.database()
    }

    fn on_database(&self, database: &str) -> Arc<dyn Commands> {
        self.inner.on_database(database)
    }

    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document> {
        self.inner.run_on(database, command, session).await
    }

    async fn start_session(&self) -> CommandResult<SessionId> {
        let session = self.inner.start_session().await?;
        self.open.fetch_add(1, Ordering::Relaxed);
        Ok(session)
    }

    async fn session_key(&self, session: SessionId) -> Option<Document> {
        self.inner.session_key(session).await
    }

    async fn start_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.inner.start_transaction(session).await
    }

    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.inner.commit_transaction(session).await
    }

    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.inner.abort_transaction(session).await
    }

    async fn end_session(&self, session: SessionId) {
        self.inner.end_session(session).await;
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) fn source(text: &str) -> Source {
    Source { name: "migrations/0003-test.js".to_owned(), text: text.into() }
}

/// What a run gave and wrote.
pub(crate) struct Ran {
    pub(crate) result: Result<bson::Bson, ScriptError>,
    pub(crate) output: Vec<String>,
}

impl Ran {
    /// What it gave, as relaxed Extended JSON.
    pub(crate) fn json(self) -> serde_json::Value {
        let output = self.output.join("\n");
        match self.result {
            Ok(value) => value.into_relaxed_extjson(),
            Err(error) => panic!("{}\n{output}", explained(&error)),
        }
    }
}

/// An error with its help, stack and place.
pub(crate) fn explained(error: &ScriptError) -> String {
    let help = miette::Diagnostic::help(error).map(|help| help.to_string()).unwrap_or_default();
    let stack = error.failure().map(|failure| failure.stack.join("\n")).unwrap_or_default();
    format!("{}: {error}\n{help}\n{stack}", error.stable_code())
}

/// Runs an entry over a database.
pub(crate) async fn play(database: &Arc<Database>, text: &str, entry: Entry) -> Ran {
    play_with(database, text, entry, &Settings::default()).await
}

pub(crate) async fn play_with(
    database: &Arc<Database>,
    text: &str,
    entry: Entry,
    settings: &Settings,
) -> Ran {
    let mut host = CommandsHost::new(Arc::clone(database) as Arc<dyn Commands>);
    let result = run(&source(text), entry, &mut host, settings).await;
    Ran { result, output: host.take_output().into_iter().map(|(_, line)| line).collect() }
}
