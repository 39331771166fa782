//! Commands over the official driver, on a fresh database per test.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bson::{Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::{Client, ClientSession};
use tokio::sync::Mutex;
use whimbrel_engine::document::{
    CommandError, CommandResult, Commands, Deployment, Refusal, SessionId, Topology,
};
use whimbrel_engine::{EngineError, ServerDescription, Source};
use whimbrel_script::{CommandsHost, Entry, ScriptError, Settings, run};

/// The two servers of the development environment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    /// MongoDB's own engine: every command, but no sessions.
    Engine,
    /// SecantusDB: sessions and transactions.
    Secantus,
}

pub(crate) const BOTH: [Server; 2] = [Server::Engine, Server::Secantus];

impl Server {
    fn url(self) -> String {
        let variable = match self {
            Server::Engine => "WHIMBREL_TEST_MONGODB_ENGINE_URL",
            Server::Secantus => "WHIMBREL_TEST_SECANTUSDB_URL",
        };
        std::env::var(variable)
            .unwrap_or_else(|_| panic!("{variable} is not set: this test needs that server"))
    }
}

/// A database of one test.
pub(crate) struct Database {
    client: Client,
    url: String,
    name: String,
    deployment: Deployment,
    sessions: Mutex<HashMap<u64, ClientSession>>,
    next_session: AtomicU64,
}

static DATABASES: AtomicU64 = AtomicU64::new(1);

impl Database {
    pub(crate) async fn fresh(server: Server) -> Arc<Self> {
        let url = server.url();
        let client = Client::with_uri_str(&url).await.expect("the test server answers");
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let name = format!("whimbrel_script_{}_{number}", std::process::id());
        let deployment = Deployment {
            server: ServerDescription {
                product: "MongoDB".into(),
                version: String::new(),
                database: name.clone(),
                location: String::new(),
                user: None,
                encrypted: None,
            },
            topology: Topology::Standalone,
            transactions: matches!(server, Server::Secantus),
            collection_changes: true,
            change_streams: false,
            text_indexes: false,
            hidden_indexes: true,
        };
        Arc::new(Database {
            client,
            url,
            name,
            deployment,
            sessions: Mutex::default(),
            next_session: AtomicU64::new(1),
        })
    }

    /// The documents of a collection, by `_id`.
    pub(crate) async fn documents(&self, collection: &str) -> Vec<Document> {
        let reply = self
            .run(doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": 10_000 })
            .await
            .expect("a collection can be read");
        let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
        batch.iter().map(|document| document.as_document().unwrap().clone()).collect()
    }
}

impl Drop for Database {
    /// Drops the database, also where the test failed. The client belongs to the test's runtime, so that another one asks.
    fn drop(&mut self) {
        let (url, name) = (self.url.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let client = Client::with_uri_str(url).await.expect("the test server answers");
                client.database(&name).drop().await.expect("a test's database can be dropped");
            });
        });
        dropping.join().expect("the database is dropped");
    }
}

fn refusal(error: &Error) -> CommandError {
    let labels = error.labels().iter().cloned().collect();
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Refusal {
            code: command.code,
            code_name: command.code_name.clone(),
            message: command.message.clone(),
            labels,
            reply: error
                .server_response()
                .and_then(|reply| Document::try_from(reply).ok())
                .unwrap_or_default(),
        }
        .into(),
        _ => EngineError::ConnectionLost {
            location: "the test server".into(),
            doing: "a command".into(),
            reason: error.to_string(),
        }
        .into(),
    }
}

#[async_trait]
impl Commands for Database {
    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn database(&self) -> &str {
        &self.name
    }

    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document> {
        let database = self.client.database(database);
        let Some(SessionId(number)) = session else {
            return database.run_command(command).await.map_err(|error| refusal(&error));
        };
        let mut sessions = self.sessions.lock().await;
        let session = sessions.get_mut(&number).expect("the session is open");
        database.run_command(command).session(session).await.map_err(|error| refusal(&error))
    }

    async fn start_session(&self) -> CommandResult<SessionId> {
        let session = self.client.start_session().await.map_err(|error| refusal(&error))?;
        let number = self.next_session.fetch_add(1, Ordering::Relaxed);
        self.sessions.lock().await.insert(number, session);
        Ok(SessionId(number))
    }

    async fn start_transaction(&self, session: SessionId) -> CommandResult<()> {
        let mut sessions = self.sessions.lock().await;
        let session = sessions.get_mut(&session.0).expect("the session is open");
        session.start_transaction().await.map_err(|error| refusal(&error))
    }

    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        let mut sessions = self.sessions.lock().await;
        let session = sessions.get_mut(&session.0).expect("the session is open");
        session.commit_transaction().await.map_err(|error| refusal(&error))
    }

    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        let mut sessions = self.sessions.lock().await;
        let session = sessions.get_mut(&session.0).expect("the session is open");
        session.abort_transaction().await.map_err(|error| refusal(&error))
    }

    async fn end_session(&self, session: SessionId) {
        self.sessions.lock().await.remove(&session.0);
    }
}

impl Database {
    /// How many sessions are open.
    pub(crate) async fn open_sessions(&self) -> usize {
        self.sessions.lock().await.len()
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
