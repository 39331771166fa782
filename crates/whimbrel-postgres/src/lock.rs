//! The deployers' lock: a session's advisory lock, asked for again and again; behind a transaction pooler,
//! where no session lasts, a lease.
//!
//! Waiting inside `pg_advisory_lock` would deadlock with a concurrent index build, which waits for every
//! older transaction; a poll holds no transaction open. Each kind of lock respects the other: whoever
//! took one looks for the other afterwards, and gives way where it finds it.

use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use whimbrel_engine::{EngineError, Result};

use crate::connection::{Postgres, Session};
use crate::result_set::RowText;

/// The first pause between two attempts; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts: how late a free lock is noticed at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const TAKING: &str = "taking the migration lock";

/// The lock, while it is held.
#[derive(Debug)]
pub(crate) enum Guard {
    /// The session holds it, and the server frees it when the session ends.
    Advisory,
    /// A row of `whimbrel_lock` says so until it expires.
    Lease(Lease),
}

/// A lease that is held.
#[derive(Debug)]
pub(crate) struct Lease {
    /// Who holds it: no two connections have the same.
    pub(crate) owner: String,
    /// Its number: one more than that of the holder before.
    pub(crate) fence: i64,
    /// The statement that renews it.
    pub(crate) renewal: String,
    /// Renews it over a connection of its own.
    pub(crate) heartbeat: JoinHandle<()>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.heartbeat.abort();
    }
}

impl Postgres {
    pub(crate) async fn take_lock(&mut self, timeout: Duration) -> Result<()> {
        if self.guard.is_some() {
            return Ok(());
        }
        let deadline = Instant::now() + timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let in_the_way = match &self.session {
                Session::Own { .. } => self.try_advisory().await?,
                Session::Pooled { .. } => self.try_lease().await?,
            };
            let Some(holder) = in_the_way else { return Ok(()) };
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(EngineError::LockTimeout { holder });
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(crate) async fn give_lock_back(&mut self) -> Result<()> {
        match self.guard.take() {
            None => Ok(()),
            Some(Guard::Advisory) => self.free_advisory().await,
            Some(Guard::Lease(lease)) => self.end_lease(&lease).await,
        }
    }

    /// One attempt; the holder where another has the lock.
    async fn try_advisory(&mut self) -> Result<Option<String>> {
        // Two statements: the second one sees what was there once the first one had the lock.
        let sql =
            format!("SELECT pg_try_advisory_lock({}); SELECT {}", self.lock_key(), self.has_lock_table());
        let sets = self.run(&sql, TAKING).await?;
        let says =
            |place: usize| sets.get(place).and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0));
        if !says(0) {
            let holder = self.advisory_holder().await?;
            return Ok(Some(
                holder.unwrap_or_else(|| "it gave the lock back in this very moment".to_owned()),
            ));
        }
        if says(1) {
            let in_the_way = match self.end_expired_lease().await {
                Ok(true) => self.lease_holder().await,
                Ok(false) => {
                    Ok(Some("a deployer whose lease has run out, in an open transaction".to_owned()))
                }
                Err(error) => Err(error),
            };
            if !matches!(in_the_way, Ok(None)) {
                self.free_advisory().await?;
                return in_the_way;
            }
        }
        self.guard = Some(Guard::Advisory);
        Ok(None)
    }

    async fn free_advisory(&self) -> Result<()> {
        let sql = format!("SELECT pg_advisory_unlock({})", self.lock_key());
        self.run(&sql, "giving the migration lock back").await.map(drop)
    }

    /// The session that holds the advisory lock, in words.
    pub(crate) async fn advisory_holder(&self) -> Result<Option<String>> {
        let key = self.lock_key();
        let sql = format!(
            "SELECT l.pid, a.application_name, a.usename, a.client_addr, \
             to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 \
             AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database()) \
             AND l.classid::bigint = (({key}::bigint >> 32) & 4294967295) \
             AND l.objid::bigint = ({key}::bigint & 4294967295)"
        );
        let sets = self.run(&sql, TAKING).await?;
        let Some(row) = sets.first().and_then(|set| set.rows.first()) else { return Ok(None) };
        let mut words = vec![format!("process {}", row.string(0))];
        for (label, value) in [("", row.text(1)), ("user ", row.text(2)), ("from ", row.text(3))] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                words.push(format!("{label}{value}"));
            }
        }
        if let Some(since) = row.text(4) {
            words.push(format!("connected since {since} UTC"));
        }
        Ok(Some(words.join(", ")))
    }

    /// The key of this schema's lock; the server keeps the keys of its databases apart.
    fn lock_key(&self) -> i64 {
        lock_key(&self.database, &self.schema)
    }
}

/// The key of a schema's lock in a database.
pub(crate) fn lock_key(database: &str, schema: &str) -> i64 {
    key(&format!("whimbrel/{database}/{schema}"))
}

/// FNV-1a: the same in every version and on every machine.
fn key(text: &str) -> i64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let hash = text.bytes().fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    i64::from_ne_bytes(hash.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn the_key_is_the_published_hash() {
        assert_eq!(key("").cast_unsigned(), 0xcbf2_9ce4_8422_2325);
        assert_eq!(key("a").cast_unsigned(), 0xaf63_dc4c_8601_ec8c);
    }
}
