//! The deployers' lock.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bson::{Bson, Document, doc};
use whimbrel_engine::document::{
    Boxed, CommandResult, Commands, Deployment, DocumentEngine, LeaseOptions, Runtime, SessionId, Task,
    WholeTransactions,
};
use whimbrel_engine::{Documents as _, Engine as _, EngineError, Scope};

use super::{Place, Tokio};

const LEASE: Duration = Duration::from_millis(900);
const LONG: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// A runtime in which no task ever runs: that of a deployer who was stopped.
struct Stopped;

impl Runtime for Stopped {
    fn sleep(&self, duration: Duration) -> Boxed<()> {
        Tokio.sleep(duration)
    }

    fn spawn(&self, _task: Boxed<()>) -> Task {
        Task::new(|| {})
    }
}

/// Passes commands on, and remembers them.
struct Recorder {
    commands: Arc<dyn Commands>,
    sent: Mutex<Vec<Document>>,
}

#[async_trait]
impl Commands for Recorder {
    fn deployment(&self) -> &Deployment {
        self.commands.deployment()
    }

    fn database(&self) -> &str {
        self.commands.database()
    }

    fn on_database(&self, database: &str) -> Arc<dyn Commands> {
        self.commands.on_database(database)
    }

    async fn run_on(
        &self,
        database: &str,
        command: Document,
        session: Option<SessionId>,
    ) -> CommandResult<Document> {
        self.sent.lock().unwrap().push(command.clone());
        self.commands.run_on(database, command, session).await
    }

    async fn start_session(&self) -> CommandResult<SessionId> {
        self.commands.start_session().await
    }

    async fn session_key(&self, session: SessionId) -> Option<Document> {
        self.commands.session_key(session).await
    }

    async fn start_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.commands.start_transaction(session).await
    }

    async fn commit_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.commands.commit_transaction(session).await
    }

    async fn abort_transaction(&self, session: SessionId) -> CommandResult<()> {
        self.commands.abort_transaction(session).await
    }

    async fn end_session(&self, session: SessionId) {
        self.commands.end_session(session).await;
    }

    fn whole_transactions(&self) -> Option<&dyn WholeTransactions> {
        self.commands.whole_transactions()
    }
}

/// A deployer whose heartbeat has stopped.
fn stopped(place: &Place, holder: &str) -> DocumentEngine {
    let options = LeaseOptions { duration: LEASE, holder: holder.to_owned() };
    DocumentEngine::new(Arc::clone(&place.commands), Arc::new(Stopped), options)
}

pub async fn sixteen_deployers_enter_one_at_a_time(place: &Place) {
    let inside = Arc::new(AtomicU32::new(0));
    let mut deployers = Vec::new();
    for number in 0..16 {
        let mut engine = place.engine(&format!("deployer {number}"), LONG);
        let (inside, commands) = (Arc::clone(&inside), Arc::clone(&place.commands));
        deployers.push(tokio::spawn(async move {
            engine.lock(LONG).await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "another is inside");
            let log = doc! { "insert": "log", "documents": [{ "_id": number }] };
            commands.run(log).await.unwrap();
            engine.keep_lock().await.unwrap();
            assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1, "another is inside");
            engine.unlock().await.unwrap();
        }));
    }
    for deployer in deployers {
        deployer.await.unwrap();
    }
    assert_eq!(place.documents("log").await.len(), 16);
    let stored = place.documents("whimbrel_lock").await;
    let lease = stored.iter().find(|stored| stored.get_str("_id").unwrap() == "migrate").unwrap();
    assert_eq!(lease.get_i64("fence").unwrap(), 16, "each new owner raised it by one");
    assert!(!lease.contains_key("token"), "{lease}");
}

pub async fn who_waits_too_long_is_told_who_holds_it(place: &Place) {
    let mut first = place.engine("process 7 of ana@host, whimbrel/wayra", LONG);
    first.lock(PATIENCE).await.unwrap();
    let mut second = place.engine("process 8 of ben@host, whimbrel/wayra", LONG);
    for patience in [Duration::ZERO, Duration::from_millis(300)] {
        let started = Instant::now();
        let error = second.lock(patience).await.unwrap_err();
        assert!(started.elapsed() >= patience && started.elapsed() < patience + Duration::from_secs(3));
        let EngineError::LockTimeout { holder } = &error else { panic!("{error:?}") };
        assert!(holder.starts_with("process 7 of ana@host, whimbrel/wayra, since 20"), "{holder}");
        assert!(holder.contains("last sign of life was at 20"), "{holder}");
    }
    // What is not held can be given back.
    second.unlock().await.unwrap();
    first.keep_lock().await.unwrap();
    first.unlock().await.unwrap();
    second.lock(Duration::ZERO).await.unwrap();
    second.unlock().await.unwrap();
}

pub async fn a_heartbeat_keeps_the_lease_longer_than_it_lasts(place: &Place) {
    let mut first = place.engine("first", LEASE);
    first.lock(PATIENCE).await.unwrap();
    let mut second = place.engine("second", LEASE);
    let error = second.lock(LEASE * 2).await.unwrap_err();
    assert!(matches!(error, EngineError::LockTimeout { .. }), "{error:?}");
    first.keep_lock().await.unwrap();
    first.unlock().await.unwrap();
}

pub async fn the_lease_of_the_dead_runs_out(place: &Place) {
    let mut first = place.engine("first", LEASE);
    first.lock(PATIENCE).await.unwrap();
    // Its heartbeat ends with it; nobody gave the lock back.
    drop(first);
    let mut second = place.engine("second", LEASE);
    let started = Instant::now();
    second.lock(PATIENCE).await.unwrap();
    let waited = started.elapsed();
    assert!(waited > LEASE / 2 && waited < LEASE + Duration::from_secs(3), "{waited:?}");
    second.unlock().await.unwrap();
}

pub async fn a_stale_owner_writes_nothing(place: &Place) {
    let mut stale = stopped(place, "stale");
    stale.prepare().await.unwrap();
    stale.lock(PATIENCE).await.unwrap();
    stale.record("key", "before").await.unwrap();
    let mut next = place.engine("next", LONG);
    next.lock(PATIENCE).await.unwrap();
    for error in [
        stale.keep_lock().await.unwrap_err(),
        stale.record("key", "after").await.unwrap_err(),
        stale.fence(None).await.unwrap_err(),
        stale.mark(&[]).await.unwrap_err(),
        stale.journal().discard().await.unwrap_err(),
    ] {
        let EngineError::LockLost { holder } = &error else { panic!("{error:?}") };
        assert!(holder.starts_with("next, since 20"), "{holder}");
    }
    assert_eq!(next.recorded("key").await.unwrap().as_deref(), Some("before"));
    // It cannot give back what is another's.
    stale.unlock().await.unwrap();
    next.keep_lock().await.unwrap();
    assert!(matches!(
        place.engine("third", LONG).lock(Duration::ZERO).await,
        Err(EngineError::LockTimeout { .. })
    ));
    next.unlock().await.unwrap();
}

pub async fn an_owner_who_was_slow_and_not_replaced_goes_on(place: &Place) {
    let mut engine = stopped(place, "slow");
    engine.lock(PATIENCE).await.unwrap();
    tokio::time::sleep(LEASE + Duration::from_millis(200)).await;
    engine.keep_lock().await.unwrap();
    // The renewal holds.
    let mut other = place.engine("other", LONG);
    assert!(other.lock(Duration::ZERO).await.is_err());
    engine.unlock().await.unwrap();
}

pub async fn a_bound_transaction_is_waited_for(place: &Place) {
    is_waited_for(place, "is still open").await;
}

/// It holds the only right to write: the lease cannot even be asked for.
pub async fn a_bound_transaction_keeps_every_other_writer_waiting(place: &Place) {
    is_waited_for(place, "owner, since 20").await;
}

async fn is_waited_for(place: &Place, says: &str) {
    let commands = &place.commands;
    place.run(doc! { "create": "trips" }).await;
    let mut owner = stopped(place, "owner");
    owner.lock(PATIENCE).await.unwrap();
    let session = commands.start_session().await.unwrap();
    commands.start_transaction(session).await.unwrap();
    owner.fence(Some(session)).await.unwrap();
    let insert = doc! { "insert": "trips", "documents": [{ "_id": 1 }] };
    commands.run_on(commands.database(), insert, Some(session)).await.unwrap();
    tokio::time::sleep(LEASE + Duration::from_millis(100)).await;

    let mut next = place.engine("next", LONG);
    let error = next.lock(Duration::from_millis(800)).await.unwrap_err();
    let EngineError::LockTimeout { holder } = &error else { panic!("{error:?}") };
    assert!(holder.contains(says), "{holder}");
    commands.commit_transaction(session).await.unwrap();
    commands.end_session(session).await;
    next.lock(PATIENCE).await.unwrap();
    assert_eq!(place.documents("trips").await.len(), 1, "what was committed is seen by the next owner");
    next.unlock().await.unwrap();
}

pub async fn a_transaction_cannot_be_bound_to_a_lease_that_has_passed_on(place: &Place) {
    let commands = &place.commands;
    place.run(doc! { "create": "trips" }).await;
    let mut stale = stopped(place, "stale");
    stale.lock(PATIENCE).await.unwrap();
    let session = commands.start_session().await.unwrap();
    commands.start_transaction(session).await.unwrap();
    let insert = doc! { "insert": "trips", "documents": [{ "_id": 1 }] };
    commands.run_on(commands.database(), insert, Some(session)).await.unwrap();
    let mut next = place.engine("next", LONG);
    next.lock(PATIENCE).await.unwrap();
    let error = stale.fence(Some(session)).await.unwrap_err();
    assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
    commands.end_session(session).await;
    assert!(place.documents("trips").await.is_empty());
    next.unlock().await.unwrap();
}

/// It was begun after another had taken the lease over; before that it would have been waited for.
pub async fn a_later_transaction_cannot_be_bound_to_a_lease_that_has_passed_on(place: &Place) {
    let commands = &place.commands;
    let mut stale = stopped(place, "stale");
    stale.lock(PATIENCE).await.unwrap();
    let mut next = place.engine("next", LONG);
    next.lock(PATIENCE).await.unwrap();
    let session = commands.start_session().await.unwrap();
    commands.whole_transactions().unwrap().start_whole_transaction(session).await.unwrap();
    commands.run_on(commands.database(), doc! { "create": "trips" }, Some(session)).await.unwrap();
    let error = stale.fence(Some(session)).await.unwrap_err();
    assert!(matches!(error, EngineError::LockLost { .. }), "{error:?}");
    commands.end_session(session).await;
    let listed = place.run(doc! { "listCollections": 1, "filter": { "name": "trips" } }).await;
    assert!(listed.get_document("cursor").unwrap().get_array("firstBatch").unwrap().is_empty());
    next.unlock().await.unwrap();
}

pub async fn a_transaction_of_the_owner_outlasts_heartbeats(place: &Place) {
    let (mut owner, session) = outlasting(place).await;
    owner.keep_lock().await.unwrap();
    place.commands.commit_transaction(session).await.unwrap();
    place.commands.end_session(session).await;
    owner.unlock().await.unwrap();
}

/// The heartbeats wait for it, and nobody can take the lease meanwhile.
pub async fn a_transaction_of_the_owner_outlasts_the_heartbeats_that_wait_for_it(place: &Place) {
    let (mut owner, session) = outlasting(place).await;
    place.commands.commit_transaction(session).await.unwrap();
    place.commands.end_session(session).await;
    owner.keep_lock().await.unwrap();
    owner.unlock().await.unwrap();
}

/// An owner and his transaction, which is older than his lease lasts.
async fn outlasting(place: &Place) -> (DocumentEngine, SessionId) {
    let commands = &place.commands;
    let mut owner = place.engine("owner", LEASE);
    owner.lock(PATIENCE).await.unwrap();
    let session = commands.start_session().await.unwrap();
    commands.start_transaction(session).await.unwrap();
    for _ in 0..4 {
        owner.fence(Some(session)).await.unwrap();
        tokio::time::sleep(LEASE / 2).await;
    }
    (owner, session)
}

pub async fn no_clock_but_the_servers_counts(place: &Place) {
    let recorder = Arc::new(Recorder { commands: Arc::clone(&place.commands), sent: Mutex::new(Vec::new()) });
    let options = LeaseOptions { duration: LEASE, holder: "$holder".to_owned() };
    let commands: Arc<dyn Commands> = recorder.clone();
    let mut engine = DocumentEngine::new(commands, Arc::new(Tokio), options);
    engine.lock(PATIENCE).await.unwrap();
    tokio::time::sleep(LEASE).await;
    engine.unlock().await.unwrap();
    let sent = recorder.sent.lock().unwrap();
    assert!(sent.len() > 3, "it was renewed: {sent:?}");
    assert!(sent.iter().all(|command| !holds_date(&Bson::Document(command.clone()))), "{sent:?}");
}

fn holds_date(value: &Bson) -> bool {
    match value {
        Bson::DateTime(_) | Bson::Timestamp(_) => true,
        Bson::Document(document) => document.iter().any(|(_, value)| holds_date(value)),
        Bson::Array(values) => values.iter().any(holds_date),
        _ => false,
    }
}

pub async fn a_fresh_renewal_is_trusted_without_asking(place: &Place) {
    let recorder = Arc::new(Recorder { commands: Arc::clone(&place.commands), sent: Mutex::new(Vec::new()) });
    let options = LeaseOptions { duration: LEASE, holder: "a".to_owned() };
    let commands: Arc<dyn Commands> = recorder.clone();
    let mut engine = DocumentEngine::new(commands, Arc::new(Stopped), options);
    engine.lock(PATIENCE).await.unwrap();
    let count = || recorder.sent.lock().unwrap().len();
    let before = count();
    for _ in 0..10 {
        engine.keep_lock().await.unwrap();
    }
    assert_eq!(count(), before);
    tokio::time::sleep(LEASE / 2).await;
    engine.keep_lock().await.unwrap();
    assert_eq!(count(), before + 1);
}

pub async fn clearing_drops_the_lock_last(place: &Place) {
    let mut engine = place.engine("a", LONG);
    engine.prepare().await.unwrap();
    place.run(doc! { "insert": "trips", "documents": [{ "_id": 1 }] }).await;
    let view = place.make_view("seen", "trips").await;
    engine.lock(PATIENCE).await.unwrap();
    let words = engine.clear(&Scope { schemas: Vec::new() }).await.unwrap();
    let collections = ["trips", "whimbrel_history", "whimbrel_journal", "whimbrel_state"];
    let expected = collections.map(|name| format!("collection {name}"));
    assert_eq!(
        words,
        view.into_iter().map(|name| format!("view {name}")).chain(expected).collect::<Vec<_>>()
    );
    engine.keep_lock().await.unwrap();
    let error = place.engine("b", LONG).lock(Duration::ZERO).await.unwrap_err();
    assert!(matches!(error, EngineError::LockTimeout { .. }), "{error:?}");
    engine.unlock().await.unwrap();
    let reply = place.run(doc! { "listCollections": 1, "nameOnly": true }).await;
    let left = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    let left: Vec<&str> =
        left.iter().map(|stored| stored.as_document().unwrap().get_str("name").unwrap()).collect();
    assert!(left.iter().all(|name| name.starts_with("system.")), "{left:?}");
}
