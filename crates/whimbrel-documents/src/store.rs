//! The store: connections, sessions and cursors, and the way of a command through them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bson::{Document, RawDocumentBuf};
use tempfile::TempDir;
use whimbrel_engine::document::{
    CommandError, CommandResult, Commands, Deployment, SessionId, Topology, WholeTransactions,
};
use whimbrel_engine::{EngineError, ServerDescription};

use crate::command::{self, Access, Work};
use crate::cursor::Cursors;
use crate::expiry;
use crate::limits::{self, Depth};
use crate::options::{DocumentOptions, Location};
use crate::raw_reply::RawReply;
use crate::refusal::not_implemented;
use crate::session::{Scope, Sessions};
use crate::storage::{Gate, Link, Place};
use crate::usage::Usage;

mod transactions;
mod turns;

use turns::Patience;

/// The stack of a deeply nested command; only what is used of it takes memory.
const LARGE_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Commands whose rules are kept, and evaluated by later commands.
const KEPT: [&str; 3] = ["create", "collMod", "createIndexes"];

/// A document database in one file.
#[derive(Clone)]
pub struct DocumentStore {
    inner: Arc<Inner>,
    database: String,
    deployment: Deployment,
}

/// What every handle on a store shares.
pub(crate) struct Inner {
    pub(crate) place: Place,
    readers: Mutex<Vec<Link>>,
    writer: Mutex<Option<Link>>,
    gate: Gate,
    sessions: Sessions,
    pub(crate) cursors: Cursors,
    pub(crate) usage: Usage,
    /// Whether a deeply nested command has been run, which a cursor may go on with.
    has_deep: AtomicBool,
    pub(crate) is_closed: Arc<AtomicBool>,
    /// The folder of a store that lasts no longer than it is open.
    _folder: Option<TempDir>,
}

impl std::fmt::Debug for DocumentStore {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DocumentStore")
            .field("path", &self.inner.place.path)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

impl DocumentStore {
    /// Opens a store, and deletes what has expired in it.
    ///
    /// # Errors
    /// The file is missing and shall not be made, is none of ours, is damaged, or cannot be written.
    pub fn open(options: &DocumentOptions) -> Result<Arc<Self>, EngineError> {
        let (place, folder) = place_of(options)?;
        Link::prepare(&place, options.create)?;
        let first = Link::open(&place)?;
        if !options.read_only {
            // A copy by `VACUUM INTO` has no log of its own. Where another process works on it already, that one sees to it.
            drop(first.sqlite.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())));
        }
        let deployment = deployment(&place, &options.database);
        let inner = Arc::new(Inner {
            place,
            readers: Mutex::new(vec![first]),
            writer: Mutex::new(None),
            gate: Gate::default(),
            sessions: Sessions::default(),
            cursors: Cursors::default(),
            usage: Usage::default(),
            has_deep: AtomicBool::new(false),
            is_closed: Arc::default(),
            _folder: folder,
        });
        if !options.read_only {
            // Another process that writes just now will sweep, or the next round here.
            drop(inner.sweep());
            expiry::keep_sweeping(&inner, options.expiry_interval)?;
        }
        Ok(Arc::new(Self { inner, database: options.database.clone(), deployment }))
    }

    /// Deletes the documents whose time has come, and says how many they were.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sweep(&self) -> CommandResult<u64> {
        self.inner.sweep()
    }

    /// Runs a command on the project's database and gives its reply as bytes: the documents of a result are copied as they
    /// are stored, and none is decoded. Whoever reads many documents reads them with half the work.
    ///
    /// # Errors
    /// As [`Commands::run_on`].
    pub async fn run_raw(
        &self,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<RawDocumentBuf> {
        let database = self.database.clone();
        let told = self.blocking(move |inner| {
            let mut raw = RawReply::to(&command);
            let reply = inner.run(&database, command, session, Some(&mut raw))?;
            Ok(raw.finish(reply)?)
        });
        told.await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> CommandResult<T> + Send + 'static,
    ) -> CommandResult<T> {
        let inner = Arc::clone(&self.inner);
        match tokio::task::spawn_blocking(move || work(&inner)).await {
            Ok(result) => result,
            Err(error) => Err(CommandError::from(EngineError::Refused {
                doing: "a command of the embedded document engine".to_owned(),
                reason: error.to_string(),
            })),
        }
    }
}

#[async_trait]
impl Commands for DocumentStore {
    fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    fn database(&self) -> &str {
        &self.database
    }

    fn on_database(&self, database: &str) -> Arc<dyn Commands> {
        let mut deployment = self.deployment.clone();
        database.clone_into(&mut deployment.server.database);
        Arc::new(Self { inner: Arc::clone(&self.inner), database: database.to_owned(), deployment })
    }

    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document> {
        let command = match session {
            None => match self.inner.look_up(database, command) {
                Ok(done) => return done,
                Err(command) => command,
            },
            Some(_) => command,
        };
        let database = database.to_owned();
        self.blocking(move |inner| inner.run(&database, command, session, None)).await
    }

    async fn start_session(&self) -> CommandResult<SessionId> {
        Ok(self.inner.sessions.start())
    }

    async fn session_key(&self, _session: SessionId) -> Option<Document> {
        // A session lives in this process alone, and ends with it.
        None
    }

    async fn start_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.blocking(move |inner| inner.start_transaction(session, Scope::Documents)).await
    }

    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.blocking(move |inner| inner.commit_transaction(session)).await
    }

    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.blocking(move |inner| inner.abort_transaction(session)).await
    }

    async fn end_session(&self, session: SessionId) {
        drop(self.blocking(move |inner| inner.end_session(session)).await);
    }

    fn whole_transactions(&self) -> Option<&dyn WholeTransactions> {
        Some(self)
    }
}

#[async_trait]
impl WholeTransactions for DocumentStore {
    async fn start_whole_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.blocking(move |inner| inner.start_transaction(session, Scope::Everything)).await
    }
}

impl Inner {
    /// Runs a command, on a stack that is large enough for it.
    fn run(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
        raw: Option<&mut RawReply>,
    ) -> CommandResult<Document> {
        let is_deep = limits::depth_of(&command)? == Depth::Deep;
        if is_deep && command.keys().next().is_some_and(|name| KEPT.contains(&name.as_str())) {
            // Every later command on the collection would need such a stack too.
            let what = format!("a rule that is nested deeper than {} levels", limits::USUAL_LEVELS);
            return Err(not_implemented(&what).into());
        }
        let continues = self.has_deep.load(Ordering::Relaxed) && command.contains_key("getMore");
        if !is_deep && !continues {
            return self.execute(database, command, session, raw);
        }
        self.has_deep.store(true, Ordering::Relaxed);
        let broken = |reason: String| {
            let doing = "a command of the embedded document engine".to_owned();
            CommandError::from(EngineError::Refused { doing, reason })
        };
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().name("whimbrel-deep".to_owned());
            let work = || self.execute(database, command, session, raw);
            match thread.stack_size(LARGE_STACK_BYTES).spawn_scoped(scope, work) {
                Ok(running) => {
                    running.join().unwrap_or_else(|_| Err(broken("the command panicked".to_owned())))
                }
                Err(error) => Err(broken(error.to_string())),
            }
        })
    }

    /// Runs a command.
    fn execute(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
        raw: Option<&mut RawReply>,
    ) -> CommandResult<Document> {
        let name = command.keys().next().cloned().unwrap_or_default();
        let verb = command::find(&name)?;
        if let Some(session) = session {
            let transaction = self.sessions.transaction(session)?;
            let mut transaction = locked(&transaction);
            if transaction.takes_commands() {
                return self.execute_in(database, (verb, command), session, &mut transaction, raw);
            }
        }
        let doing = format!("running {}", verb.name);
        let done = match verb.access_of(&command) {
            Access::Read => self.read(|link| (verb.run)(&mut self.work(database, link, None, raw), command)),
            Access::Write => {
                let patience = Patience::of(&command, self.place.busy_timeout);
                self.write_within(&patience, |link| {
                    (verb.run)(&mut self.work(database, link, None, raw), command)
                })
            }
        };
        done.map_err(|failure| failure.into_command_error(&self.place.text(), &doing, false))
    }

    /// Answers a `find` on the thread that asks where one document at most can be the answer: to hand it over and to be
    /// woken would take longer than the search. Gives any other command back.
    fn look_up(&self, database: &str, command: Document) -> Result<CommandResult<Document>, Document> {
        // The stack of whoever asks may be small.
        let is_usual = matches!(limits::depth_of(&command), Ok(Depth::Usual));
        if !is_usual || !command::may_be_for_one(&command) {
            return Err(command);
        }
        let Some(link) = locked(&self.readers).pop() else { return Err(command) };
        let mut command = Some(command);
        let done = self.read_on(link, |link| {
            let mut work = self.work(database, link, None, None);
            match command.take_if(|command| command::is_for_one(&mut work, command)) {
                Some(command) => command::find_one(&mut work, command).map(Some),
                None => Ok(None),
            }
        });
        match (done, command) {
            (Ok(Some(reply)), _) => Ok(Ok(reply)),
            (_, Some(command)) => Err(command),
            (Ok(None), None) => unreachable!("what was taken has been run"),
            (Err(failure), None) => {
                Ok(Err(failure.into_command_error(&self.place.text(), "running find", false)))
            }
        }
    }

    fn work<'w>(
        &'w self,
        database: &'w str,
        link: &'w mut Link,
        session: Option<SessionId>,
        raw: Option<&'w mut RawReply>,
    ) -> Work<'w> {
        Work { store: self, database, link, session, raw }
    }

    /// Deletes what has expired.
    pub(crate) fn sweep(&self) -> CommandResult<u64> {
        expiry::sweep(self).map_err(|failure| {
            failure.into_command_error(&self.place.text(), "deleting expired documents", false)
        })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn place_of(options: &DocumentOptions) -> Result<(Place, Option<TempDir>), EngineError> {
    let place = |path| Place {
        path,
        synchronous: options.synchronous,
        busy_timeout: options.busy_timeout,
        read_only: options.read_only,
    };
    match &options.location {
        Location::File(path) => Ok((place(path.clone()), None)),
        Location::Memory => {
            let builder = || {
                let mut builder = tempfile::Builder::new();
                builder.prefix("whimbrel-documents-");
                builder
            };
            let folder = builder().tempdir_in("/dev/shm").or_else(|_| builder().tempdir());
            let folder = folder.map_err(|error| EngineError::NotWritable {
                database: "a database in memory".to_owned(),
                doing: "making its folder".to_owned(),
                reason: error.to_string(),
            })?;
            let mut place = place(folder.path().join("documents.db"));
            place.synchronous = crate::options::Synchronous::Off;
            Ok((place, Some(folder)))
        }
    }
}

fn deployment(place: &Place, database: &str) -> Deployment {
    Deployment {
        server: ServerDescription {
            product: "SQLite".to_owned(),
            version: rusqlite::version().to_owned(),
            database: if database.is_empty() { place.text() } else { database.to_owned() },
            location: "embedded".to_owned(),
            user: None,
            encrypted: None,
        },
        topology: Topology::Embedded,
        transactions: true,
        collection_changes: true,
        change_streams: false,
        text_indexes: true,
        hidden_indexes: true,
    }
}
