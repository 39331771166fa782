//! The lock where no session lasts: a row with an owner, a time until which it holds, and a fencing number.
//!
//! The owner renews it over a second connection. Every transaction that writes begins with the fence: it
//! fails unless the row still carries this owner and this number, and while it is open nobody can take the
//! lease over, since the number belongs to a unique key that the transaction holds a share of.

use std::hash::{BuildHasher as _, RandomState};
use whimbrel_engine::{EngineError, Result};

use crate::connection::Postgres;
use crate::lock::{Guard, Lease};
use crate::quote::{literal, qualified};
use crate::result_set::RowText;

/// The table.
pub(crate) const LOCK: &str = "whimbrel_lock";
/// How often a lease is renewed while it lasts: several renewals may fail before it is lost.
const BEATS: u32 = 5;
/// How long an attempt waits for a transaction of the holder's: an attempt must not outlast the wait for the lock.
const ATTEMPT_LIMIT_MS: u32 = 500;
/// The SQLSTATE that the fence raises; the class is none of the server's.
pub(crate) const FENCED: &str = "WB001";
const TAKING: &str = "taking the migration lock";

impl Postgres {
    fn lock_table(&self) -> String {
        qualified(&self.schema, LOCK)
    }

    /// An expression that says whether the table exists.
    pub(crate) fn has_lock_table(&self) -> String {
        // The catalogue itself is asked: `to_regclass` may answer from before another's commit.
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relname = {})",
            literal(&self.schema),
            literal(LOCK)
        )
    }

    /// One attempt; the holder where another has the lock.
    pub(crate) async fn try_lease(&mut self) -> Result<Option<String>> {
        self.make_lock_table().await?;
        let owner = format!("{}-{:x}", std::process::id(), RandomState::new().hash_one(LOCK));
        let sql = format!(
            "SET LOCAL lock_timeout = {ATTEMPT_LIMIT_MS}; INSERT INTO {table} AS l (name, fence, owner, holder, acquired_at, expires_at) \
             VALUES ('migrate', 1, {owner}, {holder}, clock_timestamp(), clock_timestamp() + {lease}) \
             ON CONFLICT (name) DO UPDATE SET fence = l.fence + 1, owner = excluded.owner, \
             holder = excluded.holder, acquired_at = excluded.acquired_at, expires_at = excluded.expires_at \
             WHERE l.owner IS NULL OR l.expires_at < clock_timestamp() RETURNING fence",
            table = self.lock_table(),
            owner = literal(&owner),
            holder = literal(&self.own_name()),
            lease = self.lease_interval(),
        );
        let sets = match self.try_run(&sql).await {
            Ok(sets) => sets,
            // A transaction of the holder is open; it lasts longer than the lock is waited for.
            Err(error) if is_locked(&error) => Vec::new(),
            Err(error) => return Err(self.failed(&error, TAKING)),
        };
        let Some(row) = sets.last().and_then(|set| set.rows.first()) else {
            let holder = self.lease_holder().await?;
            return Ok(Some(
                holder.unwrap_or_else(|| "it gave the lock back in this very moment".to_owned()),
            ));
        };
        let fence = row.number(0);
        let renewal = self.renewal(&owner, fence);
        let heartbeat = tokio::spawn(beat(self.options.clone(), renewal.clone()));
        let lease = Lease { owner, fence, renewal, heartbeat };
        if let Some(holder) = self.advisory_holder().await? {
            self.end_lease(&lease).await?;
            return Ok(Some(holder));
        }
        self.guard = Some(Guard::Lease(lease));
        Ok(None)
    }

    pub(crate) async fn end_lease(&self, lease: &Lease) -> Result<()> {
        lease.heartbeat.abort();
        let sql = format!(
            "UPDATE {} SET owner = NULL, holder = NULL WHERE name = 'migrate' AND owner = {} AND fence = {}",
            self.lock_table(),
            literal(&lease.owner),
            lease.fence
        );
        match self.try_run(&sql).await {
            // `reset` has dropped the schema that it stood in.
            Err(error) if crate::failure::is_missing_table(&error) => Ok(()),
            Err(error) => Err(self.failed(&error, "giving the migration lock back")),
            Ok(_) => Ok(()),
        }
    }

    /// The holder of a lease that has not expired, in words.
    pub(crate) async fn lease_holder(&self) -> Result<Option<String>> {
        let sql = format!(
            "SELECT holder, to_char(acquired_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), \
             round(extract(epoch FROM expires_at - clock_timestamp())) \
             FROM {} WHERE name = 'migrate' AND owner IS NOT NULL AND expires_at > clock_timestamp()",
            self.lock_table()
        );
        let sets = self.run(&sql, TAKING).await?;
        let row = sets.first().and_then(|set| set.rows.first());
        Ok(row.map(|row| {
            format!(
                "{}, since {} UTC; unless it renews its lease, that ends in {} s",
                row.string(0),
                row.string(1),
                row.string(2)
            )
        }))
    }

    /// Ends a lease that has run out, in favour of a session that has the advisory lock: its owner, should it
    /// come back, is fenced off. Says whether that could be done: not while a transaction of the owner's is open.
    pub(crate) async fn end_expired_lease(&self) -> Result<bool> {
        let sql = format!(
            "SET LOCAL lock_timeout = {ATTEMPT_LIMIT_MS}; UPDATE {} SET fence = fence + 1, owner = NULL, holder = NULL \
             WHERE name = 'migrate' AND owner IS NOT NULL AND expires_at < clock_timestamp()",
            self.lock_table()
        );
        match self.try_run(&sql).await {
            Ok(_) => Ok(true),
            Err(error) if is_locked(&error) => Ok(false),
            Err(error) => Err(self.failed(&error, TAKING)),
        }
    }

    /// The statement that fails unless the lease is still held; none where a session holds the lock.
    pub(crate) fn fence(&self) -> Option<String> {
        let Some(Guard::Lease(lease)) = &self.guard else { return None };
        Some(format!(
            "DO $whimbrel$ BEGIN PERFORM 1 FROM {} WHERE name = 'migrate' AND owner = {} AND fence = {} \
             FOR KEY SHARE; IF NOT FOUND THEN RAISE EXCEPTION 'the migration lock has passed to another deployer' \
             USING ERRCODE = '{FENCED}'; END IF; END $whimbrel$",
            self.lock_table(),
            literal(&lease.owner),
            lease.fence
        ))
    }

    /// The error of a fence that did not hold.
    pub(crate) async fn lock_lost(&self) -> EngineError {
        let holder = self.lease_holder().await.ok().flatten();
        EngineError::LockLost { holder: holder.unwrap_or_else(|| "it is free again".to_owned()) }
    }

    /// Runs statements as one transaction behind the fence, which renews the lease besides.
    pub(crate) async fn run_fenced(&self, statements: &[String], doing: &str) -> Result<()> {
        let mut all = vec![crate::apply::AS_OURSELVES.to_owned()];
        all.extend(self.fence());
        all.extend_from_slice(statements);
        if let Some(Guard::Lease(lease)) = &self.guard {
            all.push(lease.renewal.clone());
        }
        match self.try_run(&all.join("; ")).await {
            Ok(_) => Ok(()),
            Err(error) if is_fenced(&error) => Err(self.lock_lost().await),
            Err(error) => Err(self.failed(&error, doing)),
        }
    }

    fn lease_interval(&self) -> String {
        format!("interval '{} milliseconds'", self.options.lease.as_millis())
    }

    fn renewal(&self, owner: &str, fence: i64) -> String {
        format!(
            "UPDATE {} SET expires_at = clock_timestamp() + {} WHERE name = 'migrate' AND owner = {} AND fence = {fence}",
            self.lock_table(),
            self.lease_interval(),
            literal(owner)
        )
    }

    async fn make_lock_table(&self) -> Result<()> {
        let sets = self.run(&format!("SELECT {}", self.has_lock_table()), TAKING).await?;
        if sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)) {
            return Ok(());
        }
        let sql = format!(
            "{}CREATE TABLE IF NOT EXISTS {} (\
             name text PRIMARY KEY, \
             fence bigint NOT NULL, \
             owner text, \
             holder text, \
             acquired_at timestamptz, \
             expires_at timestamptz, \
             UNIQUE (name, fence))",
            self.own().create_schema_sql(),
            self.lock_table()
        );
        match self.try_run(&sql).await {
            Ok(_) => Ok(()),
            // Another deployer has created it at the same moment.
            Err(error) if crate::history::is_duplicate(&error) => Ok(()),
            Err(error) => Err(self.failed(&error, TAKING)),
        }
    }

    /// What the others are told of this deployer.
    fn own_name(&self) -> String {
        let host = whoami::hostname().unwrap_or_else(|_| "an unknown host".to_owned());
        let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
        format!("process {} of {user}@{host}, {}", std::process::id(), self.options.application_name)
    }
}

/// Whether a row's lock could not be had in time.
fn is_locked(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == "55P03")
}

/// Whether the fence has raised the error.
pub(crate) fn is_fenced(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| code.code() == FENCED)
}

/// Renews the lease until the task is aborted. A renewal that fails is tried again: while it fails the lease
/// runs out, and the fence tells.
async fn beat(options: crate::PostgresOptions, renewal: String) {
    let pause = options.lease / BEATS;
    let mut connection = None;
    loop {
        tokio::time::sleep(pause).await;
        // A connection that neither answers nor breaks must not be the end of it.
        let renewed = tokio::time::timeout(pause, renew(&mut connection, &options, &renewal)).await;
        if !matches!(renewed, Ok(true)) {
            connection = None;
        }
    }
}

/// One renewal over a connection that is made where there is none; whether it was sent.
async fn renew(connection: &mut Option<Postgres>, options: &crate::PostgresOptions, renewal: &str) -> bool {
    if connection.is_none() {
        *connection = Postgres::connect(options).await.ok();
    }
    match connection {
        Some(open) => open.try_run(renewal).await.is_ok(),
        None => false,
    }
}
