//! The deployers' lock: a lease in `whimbrel_lock` that its owner renews.
//!
//! One document with a fixed `_id` says who holds it, by a random token, and until when; the server's clock
//! judges that, so that the deployers' own clocks do not matter. One command takes a free or expired lease,
//! tells its holder otherwise, and raises the fencing number with each new owner.
//!
//! A second document carries the fencing number alone. A transaction of the owner's writes to it, and so does
//! whoever takes the lease over, before he does anything else: either the transaction is committed first, and
//! its effects are seen, or it fails. The renewals do not touch that document, so that they and the owner's
//! transactions are never in each other's way.
//!
//! The lease also names the sessions that its owner opens transactions in. A server keeps the transaction of a client
//! that died for a minute, with everything that it wrote, so whoever takes an expired lease over ends them first.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bson::{Bson, Document, doc};

use super::ask::{Ask, text};
use super::commands::{CommandError, Commands, SessionId};
use super::failure::{code, integer};
use super::own::LOCK;
use super::runtime::{Runtime, Task, within};
use crate::{EngineError, Result};

/// The document that says who holds the lease.
const LEASE_ID: &str = "migrate";
/// The document that carries the fencing number for transactions.
const FENCE_ID: &str = "fence";
/// How often a lease is renewed while it lasts: two renewals may fail before it is lost.
const BEATS: u32 = 3;
/// The part of a lease for which a confirmed renewal is trusted without asking again.
const TRUSTED_PART: u32 = 2;
/// How long an attempt may take the server, so that it does not outlast the wait for the lock.
const ATTEMPT_LIMIT_MS: i32 = 500;
/// The pause after the first attempt that found the lock taken; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(25);
/// The longest pause between two attempts: so long may a free lock stand unnoticed.
const LONGEST_PAUSE: Duration = Duration::from_millis(400);
const TAKING: &str = "taking the migration lock";
const KEEPING: &str = "renewing the migration lock";

/// Who asks for the lock, and for how long it holds without a sign of life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseOptions {
    /// How long it holds after each renewal.
    pub duration: Duration,
    /// What the others are told of this deployer: `process 7 of ana@host, whimbrel/wayra`.
    pub holder: String,
}

/// A lease that is held.
#[derive(Debug)]
pub(crate) struct Lease {
    shared: Arc<Shared>,
    /// Ends with the lease.
    _heartbeat: Task,
}

/// What the owner and the heartbeat share.
struct Shared {
    commands: Arc<dyn Commands>,
    token: String,
    fence: i64,
    duration: Duration,
    confirmed: Mutex<Moment>,
    lost: AtomicBool,
    /// The sessions that the lease names.
    announced: Mutex<Vec<Document>>,
}

/// A moment by both of this machine's clocks: one stands still while it is suspended, the other may be set.
#[derive(Clone, Copy, Debug)]
struct Moment(Instant, SystemTime);

impl Moment {
    fn now() -> Self {
        Moment(Instant::now(), SystemTime::now())
    }

    /// How long ago it was, by the clock that says more.
    fn elapsed(self) -> Duration {
        self.0.elapsed().max(self.1.elapsed().unwrap_or_default())
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Lease").field("fence", &self.fence).finish_non_exhaustive()
    }
}

/// What an attempt came to.
enum Attempt {
    Taken { fence: i64, asked: Moment, former: Vec<Bson> },
    Held { holder: String },
}

impl Lease {
    /// Takes the lease, waiting `timeout` at most.
    ///
    /// # Errors
    /// [`EngineError::LockTimeout`] names the holder.
    pub(crate) async fn take(
        commands: &Arc<dyn Commands>,
        runtime: &Arc<dyn Runtime>,
        options: &LeaseOptions,
        timeout: Duration,
    ) -> Result<Lease> {
        let ask = Ask::plainly(commands.as_ref());
        let session = match commands.deployment().transactions {
            true => Some(ask.told(commands.start_session().await, TAKING)?),
            false => None,
        };
        let taken = Lease::taken(commands, runtime, options, timeout, session).await;
        if let Some(session) = session {
            commands.end_session(session).await;
        }
        let shared = Arc::new(taken?);
        let heartbeat = runtime.spawn(Box::pin(beat(Arc::clone(&shared), Arc::clone(runtime))));
        Ok(Lease { shared, _heartbeat: heartbeat })
    }

    async fn taken(
        commands: &Arc<dyn Commands>,
        runtime: &Arc<dyn Runtime>,
        options: &LeaseOptions,
        timeout: Duration,
        session: Option<SessionId>,
    ) -> Result<Shared> {
        let token = format!("{}-{}", std::process::id(), bson::Uuid::new());
        let started = Instant::now();
        let mut pause = FIRST_PAUSE;
        let ask = Ask::plainly(commands.as_ref());
        let key = match session {
            Some(session) => commands.session_key(session).await,
            None => None,
        };
        let (fence, asked) = loop {
            let (taken, holder) = match attempt(ask, options, &token, key.as_ref()).await? {
                Attempt::Taken { fence, asked, former } => {
                    end_former(ask, &token, former).await?;
                    if raise_fence(ask, fence, session).await? {
                        break (fence, asked);
                    }
                    let holder = "a transaction of a deployer whose lease has run out is still open";
                    (Some(fence), holder.to_owned())
                }
                Attempt::Held { holder } => (None, holder),
            };
            let left = timeout.saturating_sub(started.elapsed());
            if left.is_zero() {
                if let Some(fence) = taken {
                    release(ask, &token, fence).await?;
                }
                return Err(EngineError::LockTimeout { holder });
            }
            runtime.sleep(jittered(pause).min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        };
        Ok(Shared {
            commands: Arc::clone(commands),
            token,
            fence,
            duration: options.duration,
            confirmed: Mutex::new(asked),
            lost: AtomicBool::new(false),
            announced: Mutex::new(key.into_iter().collect()),
        })
    }

    /// Makes sure that the lease is still held. It asks the server only where the last renewal is too long ago.
    ///
    /// # Errors
    /// [`EngineError::LockLost`] names the new holder.
    pub(crate) async fn keep(&self) -> Result<()> {
        if !self.shared.lost.load(Ordering::Relaxed)
            && self.shared.confirmed().elapsed() < self.shared.duration / TRUSTED_PART
        {
            return Ok(());
        }
        self.renew().await
    }

    /// Renews the lease now.
    pub(crate) async fn renew(&self) -> Result<()> {
        let ask = Ask::plainly(self.shared.commands.as_ref());
        let renewed = self.shared.renew().await;
        if ask.told(renewed, KEEPING)? { Ok(()) } else { Err(self.lost().await) }
    }

    /// Names a session in the lease before a transaction is opened in it.
    pub(crate) async fn announce(&self, session: SessionId) -> Result<()> {
        self.keep().await?;
        let shared = &self.shared;
        let Some(key) = shared.commands.session_key(session).await else { return Ok(()) };
        if shared.announced().contains(&key) {
            return Ok(());
        }
        let ask = Ask::plainly(shared.commands.as_ref());
        let update = doc! {
            "q": { "_id": LEASE_ID, "token": &shared.token, "fence": shared.fence },
            "u": { "$addToSet": { "sessions": &key } },
        };
        let written = ask.write(doc! { "update": LOCK, "updates": [update] }).await;
        let reply = ask.told(written, "naming a transaction in the migration lock")?;
        if integer(reply.get("n")) != Some(1) {
            return Err(self.lost().await);
        }
        shared.announced().push(key);
        Ok(())
    }

    /// Binds a transaction to the lease: it cannot be committed once another has taken it over.
    pub(crate) async fn fence(&self, session: SessionId) -> Result<()> {
        // A transaction that holds the only right to write keeps every renewal waiting, and nobody takes the lease over
        // before it has ended: its own write says all.
        if self.shared.commands.whole_transactions().is_none() {
            self.keep().await?;
        }
        let ask = Ask { commands: self.shared.commands.as_ref(), session: Some(session) };
        let update = doc! {
            "q": { "_id": FENCE_ID, "number": self.shared.fence },
            "u": { "$inc": { "transactions": 1_i64 } },
        };
        match ask.write(doc! { "update": LOCK, "updates": [update] }).await {
            Ok(reply) if integer(reply.get("n")) == Some(1) => Ok(()),
            Ok(_) => Err(self.lost().await),
            // Nobody but a new owner writes to it beside this transaction.
            Err(error) if error.code() == Some(code::WRITE_CONFLICT) => {
                self.renew().await?;
                Err(ask.failed(error, "binding the transaction to the migration lock"))
            }
            Err(error) => Err(ask.failed(error, "binding the transaction to the migration lock")),
        }
    }

    /// Gives the lease back, unless it has passed to another.
    pub(crate) async fn release(self) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        drop(self);
        release(Ask::plainly(shared.commands.as_ref()), &shared.token, shared.fence).await
    }

    /// Gives the lease back by dropping the collection that it stands in.
    pub(crate) async fn release_with_collection(self) -> Result<()> {
        self.renew().await?;
        let shared = Arc::clone(&self.shared);
        drop(self);
        let ask = Ask::plainly(shared.commands.as_ref());
        match ask.write(doc! { "drop": LOCK }).await {
            Err(error) if error.code() != Some(code::NAMESPACE_NOT_FOUND) => {
                Err(ask.failed(error, "giving the migration lock back"))
            }
            _ => Ok(()),
        }
    }

    async fn lost(&self) -> EngineError {
        let holder = holder(Ask::plainly(self.shared.commands.as_ref())).await.ok().flatten();
        EngineError::LockLost { holder: holder.unwrap_or_else(|| "it is free again".to_owned()) }
    }
}

impl Shared {
    fn confirmed(&self) -> Moment {
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announced(&self) -> MutexGuard<'_, Vec<Document>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One renewal; whether the lease is still this owner's.
    async fn renew(&self) -> std::result::Result<bool, CommandError> {
        let asked = Moment::now();
        let update = doc! {
            "q": { "_id": LEASE_ID, "token": &self.token, "fence": self.fence },
            "u": [{ "$set": { "renewed_at": "$$NOW", "expires_ms": until(self.duration) } }],
        };
        let ask = Ask::plainly(self.commands.as_ref());
        let reply = ask.write(doc! { "update": LOCK, "updates": [update] }).await?;
        let still = integer(reply.get("n")) == Some(1);
        if still {
            *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        }
        self.lost.store(!still, Ordering::Relaxed);
        Ok(still)
    }
}

/// Renews the lease until it is lost. A renewal that fails is tried again: while it fails the lease runs out.
async fn beat(shared: Arc<Shared>, runtime: Arc<dyn Runtime>) {
    let pause = shared.duration / BEATS;
    loop {
        runtime.sleep(pause).await;
        // A connection that neither answers nor breaks must not be the end of it.
        if let Some(Ok(false)) = within(&runtime, pause, shared.renew()).await {
            return;
        }
    }
}

/// When a lease that begins now ends, by the server's clock: in milliseconds since 1970, since not every server that
/// speaks this protocol compares a stored date with its own clock.
fn until(duration: Duration) -> Document {
    doc! { "$add": [{ "$toLong": "$$NOW" }, i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)] }
}

/// One attempt to take the lease: it is taken where it is free, has expired, or is this one's already because an
/// answer was lost.
async fn attempt(
    ask: Ask<'_>,
    options: &LeaseOptions,
    token: &str,
    session: Option<&Document>,
) -> Result<Attempt> {
    let is_own = doc! { "$eq": ["$token", { "$literal": token }] };
    let is_free = doc! { "$not": [{ "$gt": ["$expires_ms", { "$toLong": "$$NOW" }] }] };
    let next = doc! { "$add": [{ "$ifNull": ["$fence", 0_i64] }, 1_i64] };
    let taken = doc! {
        "_id": "$_id",
        "token": { "$literal": token },
        "holder": { "$literal": &options.holder },
        "fence": { "$cond": [is_own.clone(), "$fence", next] },
        "acquired_at": { "$cond": [is_own.clone(), "$acquired_at", "$$NOW"] },
        "renewed_at": "$$NOW",
        "expires_ms": until(options.duration),
        "sessions": { "$literal": session.into_iter().collect::<Vec<_>>() },
        "former": { "$cond": [is_own.clone(), "$former", { "$concatArrays": [listed("$former"), listed("$sessions")] }] },
    };
    let command = doc! {
        "findAndModify": LOCK,
        "query": { "_id": LEASE_ID },
        "update": [{ "$replaceWith": { "$cond": [{ "$or": [is_own, is_free] }, taken, "$$ROOT"] } }],
        "upsert": true,
        "new": true,
        "maxTimeMS": ATTEMPT_LIMIT_MS,
    };
    let asked = Moment::now();
    let reply = match ask.write(command).await {
        Ok(reply) => reply,
        Err(error) if is_contention(&error) => {
            // Or another writer keeps everybody waiting: most likely whoever holds it.
            let known = holder(ask).await.ok().flatten();
            let unknown = "another deployer asks for it in this very moment";
            return Ok(Attempt::Held { holder: known.unwrap_or_else(|| unknown.to_owned()) });
        }
        Err(error) => return Err(ask.failed(error, TAKING)),
    };
    let stored = reply.get_document("value").ok();
    let own = stored.filter(|stored| text(stored, "token") == Some(token));
    Ok(match (own, stored) {
        (Some(own), _) => Attempt::Taken {
            fence: integer(own.get("fence")).unwrap_or_default(),
            asked,
            former: own.get_array("former").cloned().unwrap_or_default(),
        },
        (None, stored) => Attempt::Held { holder: stored.map_or_else(String::new, described) },
    })
}

/// A field of the lease as a list, where an older version has not written it.
fn listed(field: &str) -> Document {
    doc! { "$ifNull": [field, []] }
}

/// Ends the transactions that former owners have left open. Where the user may not do that, the server does it by
/// itself after a while.
async fn end_former(ask: Ask<'_>, token: &str, former: Vec<Bson>) -> Result<()> {
    // An empty list would mean every session of the user's.
    if former.is_empty() {
        return Ok(());
    }
    match ask.commands.run(doc! { "killSessions": former }).await {
        Ok(_) | Err(CommandError::Refused(_)) => {}
        Err(error) => return Err(ask.failed(error, TAKING)),
    }
    let update = doc! { "q": { "_id": LEASE_ID, "token": token }, "u": { "$unset": { "former": "" } } };
    let written = ask.write(doc! { "update": LOCK, "updates": [update] }).await;
    ask.told(written, TAKING).map(drop)
}

/// Whether a write failed because another wrote at the same moment, or has a transaction open.
fn is_contention(error: &CommandError) -> bool {
    matches!(
        error.code(),
        Some(code::DUPLICATE_KEY | code::MAX_TIME_EXPIRED | code::WRITE_CONFLICT | code::LOCK_TIMEOUT)
    )
}

/// Raises the number that transactions are bound to. Says whether that was done; not while a transaction of a
/// former owner's is open.
///
/// It is a transaction itself: two of them that write to one document do not wait for each other, the second fails.
async fn raise_fence(ask: Ask<'_>, fence: i64, session: Option<SessionId>) -> Result<bool> {
    let commands = ask.commands;
    let Some(session) = session else { return Ok(true) };
    let update = doc! {
        "q": { "_id": FENCE_ID, "number": { "$lte": fence } },
        "u": { "$set": { "number": fence } },
        "upsert": true,
    };
    let raised = async {
        commands.start_transaction(session).await?;
        let bound = Ask { commands, session: Some(session) };
        bound.write(doc! { "update": LOCK, "updates": [update] }).await?;
        commands.commit_transaction(session).await
    }
    .await;
    let Err(error) = raised else { return Ok(true) };
    // The server has ended it by itself, and says so.
    let _ = commands.abort_transaction(session).await;
    // Or a new owner has raised it further: the next attempt tells who.
    if is_contention(&error) { Ok(false) } else { Err(ask.failed(error, TAKING)) }
}

async fn release(ask: Ask<'_>, token: &str, fence: i64) -> Result<()> {
    let gone = doc! {
        "token": "", "holder": "", "acquired_at": "", "renewed_at": "", "expires_ms": "", "sessions": "", "former": "",
    };
    let update = doc! {
        "q": { "_id": LEASE_ID, "token": token, "fence": fence },
        "u": { "$unset": gone },
    };
    let written = ask.write(doc! { "update": LOCK, "updates": [update] }).await;
    ask.told(written, "giving the migration lock back").map(drop)
}

/// The holder of the lease, in words; none where nobody has it.
async fn holder(ask: Ask<'_>) -> Result<Option<String>> {
    let found = ask.all(doc! { "find": LOCK, "filter": { "_id": LEASE_ID }, "limit": 1 }).await;
    let found = ask.told(found, TAKING)?;
    Ok(found.first().filter(|stored| stored.contains_key("token")).map(described))
}

fn described(stored: &Document) -> String {
    let at = |key: &str| {
        let date = match stored.get(key) {
            Some(Bson::DateTime(date)) => Some(*date),
            milliseconds => integer(milliseconds).map(bson::DateTime::from_millis),
        };
        let written = date.and_then(|date| date.try_to_rfc3339_string().ok());
        written.unwrap_or_else(|| "an unknown time".to_owned())
    };
    format!(
        "{}, since {}; its last sign of life was at {}, and without another its lease ends at {}",
        stored.get_str("holder").unwrap_or("an unknown deployer"),
        at("acquired_at"),
        at("renewed_at"),
        at("expires_ms"),
    )
}

/// The pause, or up to a half less: contenders that began together do not stay in step.
fn jittered(pause: Duration) -> Duration {
    let part = RandomState::new().hash_one(Instant::now()) % 512;
    pause - pause.mul_f64(f64::from(u16::try_from(part).unwrap_or_default()) / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_counts_the_clock_that_says_more() {
        let past = SystemTime::now() - Duration::from_secs(60);
        assert!(Moment(Instant::now(), past).elapsed() >= Duration::from_secs(60), "the machine slept");
        let future = SystemTime::now() + Duration::from_secs(60);
        assert!(Moment(Instant::now(), future).elapsed() < Duration::from_secs(1), "the clock was set back");
    }

    #[test]
    fn pauses_differ_and_stay_below_their_limit() {
        let pauses: Vec<Duration> = (0..50).map(|_| jittered(Duration::from_millis(100))).collect();
        assert!(pauses.iter().all(|pause| (50..=100).contains(&pause.as_millis())), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause != pauses[0]));
    }
}
