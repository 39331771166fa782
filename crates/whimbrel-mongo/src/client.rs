//! The driver behind the command primitive.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bson::Document;
use mongodb::options::{
    Acknowledgment, ClientOptions, ReadConcern, ReadPreference, SelectionCriteria, ServerAddress, Tls,
    TransactionOptions, WriteConcern,
};
use mongodb::{Client, ClientSession};
use whimbrel_engine::document::{
    CommandError, CommandResult, Commands, Deployment, Refusal, SessionId, Topology,
};
use whimbrel_engine::{EngineError, Result};

use crate::capability::{self, Detected, Known};
use crate::failure::{self, Secrets};
use crate::options::{self, MongoOptions};
use crate::session::{Sessions, Shared};
use crate::wait::Waits;

/// How often a commit of unknown outcome is sent again; a server forgets a transaction after a while, and says so.
const COMMIT_ATTEMPTS: u32 = 8;
/// The pause before a commit is sent again; it doubles each time.
const COMMIT_PAUSE: Duration = Duration::from_millis(50);
/// The label of a commit whose outcome is not known.
const UNKNOWN_OUTCOME: &str = "UnknownTransactionCommitResult";
/// Commands that change nothing: they are sent again where the connection was found broken.
const READS: [&str; 12] = [
    "find",
    "aggregate",
    "count",
    "distinct",
    "listcollections",
    "listindexes",
    "listdatabases",
    "hello",
    "buildinfo",
    "collstats",
    "dbstats",
    "ping",
];

/// Commands that write and take a write concern.
const WRITES: [&str; 12] = [
    "insert",
    "update",
    "delete",
    "findandmodify",
    "create",
    "createindexes",
    "drop",
    "dropindexes",
    "dropdatabase",
    "renamecollection",
    "collmod",
    "clonecollectionascapped",
];

/// A connected MongoDB deployment.
#[derive(Clone)]
pub struct Mongo {
    shared: Arc<Connection>,
    deployment: Deployment,
    database: String,
}

struct Connection {
    client: Client,
    sessions: Sessions,
    has_sessions: bool,
    secrets: Secrets,
    /// The write concern that the URL asks for.
    concern: Option<Document>,
    waits: Waits,
    /// Where a cursor lives on one of several routers, every command goes to the same one.
    router: Option<SelectionCriteria>,
}

impl Mongo {
    /// Connects, and finds out what the deployment can do.
    ///
    /// # Errors
    /// [`EngineError::Unreachable`], [`EngineError::Authentication`], [`EngineError::Tls`],
    /// [`EngineError::TooOld`], or [`EngineError::Setting`]; none of them holds a password.
    pub async fn connect(options: &MongoOptions) -> Result<Self> {
        let (driver, database) = options.driver().await?;
        let secrets = Secrets::of_url(&options.url);
        let known = known(&driver);
        let concern = driver.write_concern.as_ref().and_then(options::concern);
        let (location, user) = (known.location.clone(), known.user.clone());
        let told = |error| failure::of_connecting(&error, &secrets, &location, user.as_deref());
        let waits = Waits::new(&driver, options.statement_timeout);
        let client = Client::with_options(driver).map_err(&told)?;
        let project = client.database(&database);
        let detected = waits.for_detection(capability::detect(&project, known)).await;
        let Detected { deployment, sessions: has_sessions } = detected.map_err(&told)??;
        let router = (deployment.topology == Topology::Sharded).then(one_router);
        let shared = Arc::new(Connection {
            client,
            sessions: Sessions::default(),
            has_sessions,
            secrets,
            concern,
            waits,
            router,
        });
        Ok(Mongo { shared, deployment, database })
    }

    fn failed(&self, error: &mongodb::error::Error) -> CommandError {
        let server = &self.deployment.server;
        failure::of_command(error, &self.shared.secrets, &server.location, server.user.as_deref())
    }

    fn session(&self, id: SessionId) -> CommandResult<Shared> {
        self.shared.sessions.find(id).ok_or_else(|| unknown_session(id))
    }

    async fn send(
        &self,
        database: &str,
        mut command: Document,
        session: Option<&mut ClientSession>,
    ) -> std::result::Result<Document, mongodb::error::Error> {
        let database = self.shared.client.database(database);
        // The driver leaves a bare command alone; a transaction has its own concern.
        if let Some(concern) = &self.shared.concern
            && session.is_none()
            && has_concern(&command)
            && !command.contains_key("writeConcern")
        {
            command.insert("writeConcern", concern.clone());
        }
        let waits = &self.shared.waits;
        let mut action = database.run_command(waits.limited(command));
        match session {
            // A transaction stays with the router that it began on.
            Some(session) => waits.for_command(action.session(session).into_future()).await,
            None => {
                if let Some(router) = &self.shared.router {
                    action = action.selection_criteria(router.clone());
                }
                waits.for_command(action.into_future()).await
            }
        }
    }
}

/// What the driver's options say of a deployment.
fn known(options: &ClientOptions) -> Known {
    let hosts: Vec<String> = options.hosts.iter().map(ToString::to_string).collect();
    Known {
        location: hosts.join(","),
        user: options::user(options.credential.as_ref()),
        encrypted: matches!(options.tls, Some(Tls::Enabled(_))),
    }
}

/// Always chooses the router that was chosen first.
fn one_router() -> SelectionCriteria {
    let chosen: Mutex<Option<ServerAddress>> = Mutex::new(None);
    SelectionCriteria::Predicate(Arc::new(move |server| {
        let mut chosen = chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.get_or_insert_with(|| server.address().clone()) == server.address()
    }))
}

fn unknown_session(id: SessionId) -> CommandError {
    refusal(206, "NoSuchSession", format!("session {} is not open", id.0))
}

fn illegal(message: &str) -> CommandError {
    refusal(20, "IllegalOperation", message.to_owned())
}

/// What a server would say, said without asking it.
fn refusal(code: i32, code_name: &str, message: String) -> CommandError {
    let code_name = code_name.to_owned();
    Refusal { code, code_name, message, labels: Vec::new(), reply: Document::new() }.into()
}

/// Whether a command only reads, so that it may be sent twice.
fn only_reads(command: &Document) -> bool {
    let Some(name) = command.keys().next() else { return false };
    READS.contains(&name.to_ascii_lowercase().as_str()) && !ends_in_writing(command)
}

/// Whether a pipeline writes what it finds.
fn ends_in_writing(command: &Document) -> bool {
    command.get_array("pipeline").is_ok_and(|stages| {
        let last = stages.last().and_then(bson::Bson::as_document);
        last.is_some_and(|stage| stage.contains_key("$out") || stage.contains_key("$merge"))
    })
}

/// Whether a command writes, and takes a write concern.
fn has_concern(command: &Document) -> bool {
    let Some(name) = command.keys().next() else { return false };
    WRITES.contains(&name.to_ascii_lowercase().as_str()) || ends_in_writing(command)
}

#[async_trait]
impl Commands for Mongo {
    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn on_database(&self, database: &str) -> Arc<dyn Commands> {
        let mut other = self.clone();
        database.clone_into(&mut other.database);
        database.clone_into(&mut other.deployment.server.database);
        Arc::new(other)
    }

    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document> {
        let sent = match session {
            Some(id) => {
                let session = self.session(id)?;
                let mut session = session.lock().await;
                self.send(database, command, Some(&mut session)).await
            }
            None if only_reads(&command) => match self.send(database, command.clone(), None).await {
                // A connection from the pool may have died while it was idle.
                Err(error) if failure::is_network(&error) && !failure::is_silence(&error) => {
                    self.send(database, command, None).await
                }
                sent => sent,
            },
            None => self.send(database, command, None).await,
        };
        sent.map_err(|error| self.failed(&error))
    }

    async fn start_session(&self) -> CommandResult<SessionId> {
        if !self.shared.has_sessions {
            return Err(illegal("this server has no sessions"));
        }
        let session = self.shared.client.start_session().await.map_err(|error| self.failed(&error))?;
        Ok(self.shared.sessions.keep(session))
    }

    async fn session_key(&self, session: SessionId) -> Option<Document> {
        let session = self.shared.sessions.find(session)?;
        let session = session.lock().await;
        Some(session.id().clone())
    }

    async fn start_transaction(&self, session: SessionId) -> CommandResult<()> {
        if !self.deployment.transactions {
            return Err(illegal("transactions need a replica set or shards"));
        }
        let options = TransactionOptions::builder()
            .read_concern(ReadConcern::majority())
            .write_concern(WriteConcern::builder().w(Acknowledgment::Majority).build())
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .build();
        let session = self.session(session)?;
        let mut session = session.lock().await;
        session.start_transaction().with_options(options).await.map_err(|error| self.failed(&error))
    }

    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        let session = self.session(session)?;
        let mut session = session.lock().await;
        let mut pause = COMMIT_PAUSE;
        for attempt in 1.. {
            match self.shared.waits.for_command(session.commit_transaction().into_future()).await {
                Ok(()) => break,
                Err(error) if attempt < COMMIT_ATTEMPTS && error.contains_label(UNKNOWN_OUTCOME) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Err(error) if error.contains_label(UNKNOWN_OUTCOME) || failure::is_silence(&error) => {
                    return Err(self.undecided(&error));
                }
                Err(error) => return Err(self.failed(&error)),
            }
        }
        Ok(())
    }

    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        let session = self.session(session)?;
        let mut session = session.lock().await;
        let aborted = self.shared.waits.for_end(session.abort_transaction().into_future()).await;
        aborted.map_err(|error| self.failed(&error))
    }

    async fn end_session(&self, session: SessionId) {
        let Some(session) = self.shared.sessions.remove(session) else { return };
        // The driver aborts beside the caller, and the caller wants to know it done; without a transaction it refuses.
        let mut session = session.lock().await;
        drop(self.shared.waits.for_end(session.abort_transaction().into_future()).await);
    }
}

impl Mongo {
    /// The error of a commit that may have been made.
    fn undecided(&self, error: &mongodb::error::Error) -> CommandError {
        match self.failed(error) {
            CommandError::Engine(error) => match *error {
                EngineError::ConnectionLost { location, reason, .. } => EngineError::ConnectionLost {
                    location,
                    doing: "committing a transaction, of which nobody knows whether it stands".to_owned(),
                    reason,
                }
                .into(),
                other => other.into(),
            },
            refused => refused,
        }
    }
}

impl std::fmt::Debug for Mongo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Mongo").field("server", &self.deployment.server).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn only_what_reads_is_sent_twice() {
        for (command, expected) in [
            (doc! { "find": "a" }, true),
            (doc! { "listCollections": 1 }, true),
            (doc! { "aggregate": "a", "pipeline": [{ "$match": {} }] }, true),
            (doc! { "aggregate": "a", "pipeline": [{ "$match": {} }, { "$out": "b" }] }, false),
            (doc! { "aggregate": "a", "pipeline": [{ "$merge": "b" }] }, false),
            (doc! { "insert": "a" }, false),
            (doc! { "getMore": 1_i64, "collection": "a" }, false),
            (doc! {}, false),
        ] {
            assert_eq!(only_reads(&command), expected, "{command}");
        }
    }
}
