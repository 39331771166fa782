//! How far the replicas are behind.
//!
//! The server's own `replay_lag` is taken when a replica reports. That is enough while WAL comes in, and not otherwise: of a
//! replica that stands still on a quiet server it is renewed every ten seconds only, of one that hangs never, and of one
//! that has caught up it stays for a while. So the WAL's end is remembered each time it is asked for: a replica that has
//! not replayed what was there ten seconds ago is ten seconds behind, whatever it says.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use whimbrel_engine::Result;

use crate::connection::Postgres;

/// How many ends of the WAL are remembered: at one a second more than a quarter of an hour, and the oldest ones count.
const REMEMBERED: usize = 1_000;

/// The end of the WAL, the first position that a replica has not replayed, and the lag that the server knows of those that
/// have not replayed everything. A stream without a replay position is no replica but keeps the WAL (`pg_receivewal`); a
/// logical one confirms when its client likes to. Users who may not see the replicas get no position, and so no row.
const REPLICAS: &str = "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_flush_lsn(), '0/0'), \
    min(pg_catalog.pg_wal_lsn_diff(r.replay_lsn, '0/0')), \
    extract(epoch FROM max(r.replay_lag) FILTER (WHERE r.replay_lsn < pg_catalog.pg_current_wal_flush_lsn())) \
    FROM pg_catalog.pg_stat_replication r \
    WHERE r.state IN ('streaming', 'catchup') AND r.replay_lsn IS NOT NULL AND NOT EXISTS (\
    SELECT FROM pg_catalog.pg_replication_slots s WHERE s.active_pid = r.pid AND s.slot_type = 'logical') \
    HAVING count(*) > 0";

/// The ends of the WAL that were seen, and when.
#[derive(Debug, Default)]
pub(crate) struct SeenWal {
    ends: VecDeque<(Instant, u64)>,
}

impl SeenWal {
    /// How long ago the oldest end was seen that is not replayed yet.
    fn age(&mut self, now: Instant, end: u64, replayed: u64) -> Duration {
        while self.ends.front().is_some_and(|(_, seen)| *seen <= replayed) {
            self.ends.pop_front();
        }
        let is_new = self.ends.back().is_none_or(|(_, seen)| *seen < end);
        if end > replayed && is_new && self.ends.len() < REMEMBERED {
            self.ends.push_back((now, end));
        }
        self.ends.front().map_or(Duration::ZERO, |(seen, _)| now.duration_since(*seen))
    }
}

impl Postgres {
    /// How far the slowest replica is behind in replaying, where there is one that can be seen.
    pub(crate) async fn slowest_replica(&mut self) -> Result<Option<Duration>> {
        let asked = Instant::now();
        let rows = self.read_rows(REPLICAS).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let text = |index: usize| row.get(index).and_then(Option::as_deref);
        let position = |index: usize| text(index).and_then(|text| text.parse::<u64>().ok());
        let (Some(end), Some(replayed)) = (position(0), position(1)) else { return Ok(None) };
        let known = text(2).and_then(|text| text.parse::<f64>().ok());
        let known = known.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default();
        Ok(Some(known.max(self.seen_wal.age(asked, end, replayed))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_replayed_grows_older() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut seen = SeenWal::default();
        for (second, end, replayed, expected) in [
            (0, 100, 100, 0),
            (10, 100, 100, 0),
            // One write, then silence: the replica stands still.
            (11, 200, 100, 0),
            (14, 200, 100, 3),
            (15, 300, 100, 4),
            (16, 300, 150, 5),
            // It has come past the first write, not past the second.
            (18, 400, 200, 3),
            (19, 400, 400, 0),
            (60, 500, 400, 0),
        ] {
            assert_eq!(seen.age(at(second), end, replayed).as_secs(), expected, "at second {second}");
        }
    }

    #[test]
    fn the_oldest_ends_are_kept() {
        let start = Instant::now();
        let mut seen = SeenWal::default();
        for second in 1..=3_000 {
            let age = seen.age(start + Duration::from_secs(second), second, 0);
            assert_eq!(age.as_secs(), second - 1);
        }
        assert_eq!(seen.ends.len(), REMEMBERED);
    }
}
