//! The store: connections, sessions and cursors, and the way of a command through them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use bson::{Bson, Document, RawDocumentBuf};
use tempfile::TempDir;
use whimbrel_engine::document::{
    CommandError, CommandResult, Commands, Deployment, Refusal, SessionId, Topology, WholeTransactions,
};
use whimbrel_engine::{EngineError, ServerDescription};

use crate::command::{self, Access, Verb, Work};
use crate::cursor::Cursors;
use crate::expiry;
use crate::limits::{self, Depth};
use crate::options::{DocumentOptions, Location};
use crate::raw_reply::RawReply;
use crate::refusal::{not_implemented, refuse};
use crate::session::{Scope, Sessions, Transaction, no_such_transaction};
use crate::storage::{Failure, Gate, Holder, Link, Outcome, Place, busy, is_busy};
use crate::usage::Usage;

/// Connections for reading that are kept open.
const IDLE_READERS: usize = 8;

/// How long a transaction waits for another one's writes before it says that they conflict.
const TRANSACTION_WAIT: Duration = Duration::from_millis(100);

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
    is_closed: Arc<AtomicBool>,
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
            keep_sweeping(&inner, options.expiry_interval)?;
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

    /// Runs a command in a session's transaction, which ends without effect where the command fails.
    fn execute_in(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> CommandResult<Document> {
        let Some(scope) = transaction.scope() else {
            return Err(no_such_transaction("Transaction was aborted.").into());
        };
        let done = if scope == Scope::Everything {
            self.run_in_whole(database, (verb, command), session, transaction, raw)
        } else if verb.in_transaction {
            self.run_in(database, (verb, command), session, transaction, raw)
        } else {
            let message = format!("Cannot run '{}' in a multi-document transaction.", verb.name);
            Err(refuse(263, "OperationNotSupportedInTransaction", message).into())
        };
        let is_over = match (&done, scope) {
            (Ok(reply), Scope::Documents) => reply.contains_key("writeErrors"),
            (Ok(_), Scope::Everything) => false,
            // It goes on where SQLite has not ended it.
            (Err(Failure::Refused(_)), Scope::Everything) => !is_open(transaction),
            (Err(_), _) => true,
        };
        if is_over {
            self.abandon(session, transaction);
        }
        let doing = format!("running {} in a transaction", verb.name);
        done.map_err(|failure| failure.into_command_error(&self.place.text(), &doing, true))
    }

    /// Runs a command in a transaction that takes every one. It holds the right to write from the first one on.
    fn run_in_whole(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> Outcome<Document> {
        if !matches!(transaction, Transaction::Open { .. }) {
            if !self.gate.enter(Holder::Transaction(session), self.place.busy_timeout) {
                return Err(busy(true).into());
            }
            let link = self.opened(true)?;
            *transaction = Transaction::Open { link, is_writer: true, scope: Scope::Everything };
        }
        let Transaction::Open { link, .. } = transaction else { unreachable!("opened above") };
        link.execute("SAVEPOINT command", [])?;
        let before = word_tables(link)?;
        let done = (verb.run)(&mut self.work(database, link, Some(session), raw), command);
        if done.is_err() && !link.sqlite.is_autocommit() {
            // FTS5 writes to its tables at each savepoint, to those too that were rolled back and are gone: unless they
            // are dropped before.
            for made in word_tables(link)?.iter().filter(|table| !before.contains(table)) {
                link.sqlite.execute_batch(&format!("DROP TABLE \"{made}\""))?;
            }
            link.execute("ROLLBACK TO command", [])?;
            // What the command made is forgotten: this link may have read it.
            link.catalog()?;
        }
        if !link.sqlite.is_autocommit() {
            link.execute("RELEASE command", [])?;
        }
        done
    }

    fn run_in(
        &self,
        database: &str,
        (verb, command): (&Verb, Document),
        session: SessionId,
        transaction: &mut Transaction,
        raw: Option<&mut RawReply>,
    ) -> Outcome<Document> {
        let writes = verb.access_of(&command) == Access::Write;
        let holder = Holder::Transaction(session);
        if writes && !matches!(transaction, Transaction::Open { is_writer: true, .. }) {
            if !self.gate.enter(holder, TRANSACTION_WAIT) {
                return Err(busy(true).into());
            }
            match transaction {
                Transaction::Open { link, is_writer, .. } => {
                    *is_writer = true;
                    // Fails where somebody has written since this transaction first read.
                    link.execute("UPDATE format SET version = version", [])?;
                }
                _ => match self.opened(true) {
                    Ok(link) => {
                        *transaction = Transaction::Open { link, is_writer: true, scope: Scope::Documents }
                    }
                    Err(failure) => {
                        self.gate.leave(holder);
                        return Err(failure);
                    }
                },
            }
        }
        if !matches!(transaction, Transaction::Open { .. }) {
            let link = self.opened(false)?;
            *transaction = Transaction::Open { link, is_writer: false, scope: Scope::Documents };
        }
        let Transaction::Open { link, .. } = transaction else { unreachable!("opened above") };
        (verb.run)(&mut self.work(database, link, Some(session), raw), command)
    }

    fn opened(&self, is_writer: bool) -> Outcome<Link> {
        let link = self.reader()?;
        link.begin(is_writer)?;
        Ok(link)
    }

    fn start_transaction(&self, session: SessionId, scope: Scope) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        if transaction.scope().is_some() {
            return Err(refuse(50911, "Location50911", "a transaction is already in progress").into());
        }
        *transaction = Transaction::Begun(scope);
        Ok(())
    }

    fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        match &mut *transaction {
            Transaction::None => return Err(no_such_transaction("there is no transaction to commit").into()),
            Transaction::Aborted => return Err(no_such_transaction("Transaction was aborted.").into()),
            // A commit that is sent again answers as the first one did.
            Transaction::Committed => return Ok(()),
            Transaction::Begun(_) => {}
            Transaction::Open { link, .. } => {
                if let Err(failure) = link.commit() {
                    self.abandon(session, &mut transaction);
                    let doing = "committing a transaction";
                    return Err(failure.into_command_error(&self.place.text(), doing, true));
                }
            }
        }
        if let Transaction::Open { link, .. } = std::mem::replace(&mut *transaction, Transaction::Committed) {
            self.give_back(link);
        }
        self.gate.leave(Holder::Transaction(session));
        Ok(())
    }

    fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        let transaction = self.sessions.transaction(session)?;
        let mut transaction = locked(&transaction);
        match *transaction {
            Transaction::None => Err(no_such_transaction("there is no transaction to abort").into()),
            Transaction::Aborted => Err(no_such_transaction("Transaction was aborted.").into()),
            Transaction::Committed => Err(refuse(
                256,
                "TransactionCommitted",
                "the transaction has been committed and cannot be aborted any more",
            )
            .into()),
            Transaction::Begun(_) | Transaction::Open { .. } => {
                self.abandon(session, &mut transaction);
                Ok(())
            }
        }
    }

    fn end_session(&self, session: SessionId) -> CommandResult<()> {
        if let Some(transaction) = self.sessions.end(session) {
            self.abandon(session, &mut locked(&transaction));
        }
        self.cursors.end_session(session);
        Ok(())
    }

    /// Ends a transaction without effect.
    fn abandon(&self, session: SessionId, transaction: &mut Transaction) {
        if let Transaction::Open { mut link, .. } = std::mem::replace(transaction, Transaction::Aborted) {
            link.rollback();
            self.give_back(link);
        }
        self.gate.leave(Holder::Transaction(session));
    }

    /// Runs a piece of work that sees one state of the database.
    pub(crate) fn read<T>(&self, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        self.read_on(self.reader()?, work)
    }

    fn read_on<T>(&self, mut link: Link, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        link.begin(false)?;
        let done = work(&mut link);
        if done.is_ok() {
            link.commit()?
        } else {
            link.rollback()
        }
        self.give_back(link);
        done
    }

    /// Runs a piece of work that writes: all of it, or nothing.
    pub(crate) fn write<T>(&self, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        let busy_timeout = self.place.busy_timeout;
        self.write_within(&Patience { wait: busy_timeout, is_own: false }, work)
    }

    fn write_within<T>(&self, patience: &Patience, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        if !self.gate.enter(Holder::Command, patience.wait) {
            return Err(patience.over().into());
        }
        // A command that panics gives the right to write back too.
        let _turn = Turn(&self.gate);
        self.write_inside(patience, work)
    }

    fn write_inside<T>(&self, patience: &Patience, work: impl FnOnce(&mut Link) -> Outcome<T>) -> Outcome<T> {
        let mut writer = locked(&self.writer);
        let mut link = match writer.take() {
            Some(link) => link,
            None => Link::open(&self.place)?,
        };
        if patience.is_own {
            link.sqlite.busy_timeout(patience.wait)?;
        }
        let begun = link.begin(true);
        if patience.is_own {
            link.sqlite.busy_timeout(self.place.busy_timeout)?;
        }
        if let Err(failure) = begun {
            *writer = Some(link);
            return Err(patience.told(failure));
        }
        let done = work(&mut link).and_then(|value| link.commit().map(|()| value));
        if done.is_err() {
            link.rollback();
        }
        *writer = Some(link);
        done
    }

    fn reader(&self) -> Outcome<Link> {
        let idle = locked(&self.readers).pop();
        match idle {
            Some(link) => Ok(link),
            None => Ok(Link::open(&self.place)?),
        }
    }

    fn give_back(&self, link: Link) {
        let mut idle = locked(&self.readers);
        if idle.len() < IDLE_READERS && link.sqlite.is_autocommit() {
            idle.push(link);
        }
    }

    fn sweep(&self) -> CommandResult<u64> {
        expiry::sweep(self).map_err(|failure| {
            failure.into_command_error(&self.place.text(), "deleting expired documents", false)
        })
    }
}

/// How long a command waits for another writer.
struct Patience {
    wait: Duration,
    /// Whether the command says so itself, by `maxTimeMS`.
    is_own: bool,
}

impl Patience {
    /// The command's own limit, where it is shorter than the store's.
    fn of(command: &Document, busy_timeout: Duration) -> Self {
        let limit_ms = match command.get("maxTimeMS") {
            Some(Bson::Int32(limit)) => u64::try_from(*limit).ok(),
            Some(Bson::Int64(limit)) => u64::try_from(*limit).ok(),
            _ => None,
        };
        // Zero is no limit.
        let limit = limit_ms.filter(|limit| *limit > 0).map(Duration::from_millis);
        match limit.filter(|limit| *limit < busy_timeout) {
            Some(wait) => Patience { wait, is_own: true },
            None => Patience { wait: busy_timeout, is_own: false },
        }
    }

    /// The refusal of a command that has waited long enough.
    fn over(&self) -> Refusal {
        if self.is_own {
            return refuse(50, "MaxTimeMSExpired", "operation exceeded time limit");
        }
        busy(false)
    }

    fn told(&self, failure: Failure) -> Failure {
        match failure {
            Failure::Sqlite(error) if is_busy(&error) => self.over().into(),
            other => other,
        }
    }
}

/// A command's right to write, given back at its end.
struct Turn<'g>(&'g Gate);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.leave(Holder::Command);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

/// Sweeps again and again for as long as the store is open.
fn keep_sweeping(inner: &Arc<Inner>, interval: Duration) -> Result<(), EngineError> {
    /// How soon the task notices that the store has been closed.
    const NOTICE: Duration = Duration::from_millis(500);
    let weak: Weak<Inner> = Arc::downgrade(inner);
    let is_closed = Arc::clone(&inner.is_closed);
    let task = move || {
        let mut waited = Duration::ZERO;
        while !is_closed.load(Ordering::Relaxed) {
            let pause = NOTICE.min(interval);
            std::thread::sleep(pause);
            waited += pause;
            if waited >= interval {
                waited = Duration::ZERO;
                let Some(inner) = weak.upgrade() else { return };
                // What stands in the way now will be gone in the next round.
                drop(inner.sweep());
            }
        }
    };
    let started = std::thread::Builder::new().name("whimbrel-expiry".to_owned()).spawn(task);
    started.map(drop).map_err(|error| EngineError::Refused {
        doing: "starting the task that deletes expired documents".to_owned(),
        reason: error.to_string(),
    })
}

/// The tables of the indexes over words.
fn word_tables(link: &Link) -> Outcome<Vec<String>> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%fts5%'";
    let mut statement = link.sqlite.prepare_cached(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<rusqlite::Result<_>>()?)
}

/// Whether a transaction is open in SQLite too, which ends one by itself where the disk is full.
fn is_open(transaction: &Transaction) -> bool {
    matches!(transaction, Transaction::Open { link, .. } if !link.sqlite.is_autocommit())
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
