//! The deployers' lock: a session's advisory lock, asked for again and again.
//!
//! Waiting inside `pg_advisory_lock` would deadlock with a concurrent index build, which waits for every
//! older transaction; a poll holds no transaction open.

use std::time::{Duration, Instant};

use whimbrel_engine::{EngineError, Result};

use crate::connection::Postgres;
use crate::result_set::RowText;

/// The first pause between two attempts; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause between two attempts: how late a free lock is noticed at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

impl Postgres {
    pub(crate) async fn take_lock(&self, timeout: Duration) -> Result<()> {
        let doing = "taking the migration lock";
        let sql = format!("SELECT pg_try_advisory_lock({})", self.lock_key());
        let deadline = Instant::now() + timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let sets = self.run(&sql, doing).await?;
            if sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)) {
                return Ok(());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(EngineError::LockTimeout { holder: self.lock_holder(doing).await? });
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    pub(crate) async fn give_lock_back(&self) -> Result<()> {
        let sql = format!("SELECT pg_advisory_unlock({})", self.lock_key());
        self.run(&sql, "giving the migration lock back").await.map(drop)
    }

    async fn lock_holder(&self, doing: &str) -> Result<String> {
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
        let sets = self.run(&sql, doing).await?;
        let Some(row) = sets.first().and_then(|set| set.rows.first()) else {
            return Ok("it gave the lock back in this very moment".to_owned());
        };
        let mut words = vec![format!("process {}", row.string(0))];
        for (label, value) in [("", row.text(1)), ("user ", row.text(2)), ("from ", row.text(3))] {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                words.push(format!("{label}{value}"));
            }
        }
        if let Some(since) = row.text(4) {
            words.push(format!("connected since {since} UTC"));
        }
        Ok(words.join(", "))
    }

    /// The key of this schema's lock; the server keeps the keys of its databases apart.
    fn lock_key(&self) -> i64 {
        key(&format!("whimbrel/{}/{}", self.target.database, self.schema))
    }
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
