//! The second connection: it looks at the first one while a statement takes long.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use whimbrel_engine::{LockWait, Notice, Watch};

use crate::connection::{Postgres, Session};
use crate::options::PostgresOptions;
use crate::result_set::RowText;

/// What takes no longer than this is not looked at.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(250);
/// Blockers that a message names.
const NAMED_BLOCKERS: usize = 3;

/// The second connection as far as it is there, and what it is for.
pub(crate) struct Companion {
    connection: Option<Box<Postgres>>,
    options: PostgresOptions,
    pid: i32,
    waits: Vec<LockWait>,
}

impl Postgres {
    /// Takes the companion out for the time of one piece of work.
    pub(crate) fn take_companion(&mut self) -> Companion {
        let pid = match self.session {
            Session::Own { pid } => pid,
            Session::Pooled { .. } => 0,
        };
        Companion { connection: self.companion.take(), options: self.options.clone(), pid, waits: Vec::new() }
    }

    /// Puts it back; gives the waits that it saw.
    pub(crate) fn put_back(&mut self, companion: Companion) -> Vec<LockWait> {
        self.companion = companion.connection;
        companion.waits
    }
}

impl Companion {
    /// Waits for the work, and tells what it waits for and how far it is.
    pub(crate) async fn watch_over<F>(&mut self, watch: &mut dyn Watch, work: F) -> F::Output
    where
        F: Future + Send,
        F::Output: Send,
    {
        let mut work = pin!(work);
        if let Poll::Ready(output) = poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
            return output;
        }
        // The connection's own task sends what was asked.
        tokio::task::yield_now().await;
        watch.under_way();
        let mut pause = PATIENCE;
        loop {
            match tokio::time::timeout(pause, work.as_mut()).await {
                Ok(output) => return output,
                // Behind a pooler nobody knows which session it is.
                Err(_) if self.pid != 0 => self.look(watch).await,
                Err(_) => {}
            }
            pause = INTERVAL;
        }
    }

    /// What cannot be seen is not told: the work itself does not depend on it.
    async fn look(&mut self, watch: &mut dyn Watch) {
        if self.connection.is_none() {
            self.connection = Postgres::connect(&self.options).await.ok().map(Box::new);
        }
        let Some(connection) = &self.connection else { return };
        let Ok(sets) = connection.try_run(&look_sql(self.pid)).await else {
            self.connection = None;
            return;
        };
        let mut sets = sets.into_iter();
        for row in sets.next().into_iter().flat_map(|set| set.rows) {
            let wait = LockWait {
                mode: row.string(0),
                object: row.string(1),
                holder: row.string(2),
                waited_ms: row.number(3),
            };
            match self.waits.iter_mut().find(|seen| seen.object == wait.object && seen.mode == wait.mode) {
                Some(seen) => seen.waited_ms = seen.waited_ms.max(wait.waited_ms),
                None => {
                    self.waits.push(wait.clone());
                    watch.notice(Notice::Waits(wait));
                }
            }
        }
        for row in sets.next().into_iter().flat_map(|set| set.rows) {
            let total: u64 = row.number(2);
            watch.notice(Notice::Progress {
                phase: row.string(0),
                done: row.number(1),
                total: (total > 0).then_some(total),
            });
        }
    }
}

/// Two queries: the lock that the process waits for, and how far an index build is.
fn look_sql(pid: i32) -> String {
    format!(
        "SELECT l.mode, CASE WHEN l.relation IS NOT NULL THEN l.relation::regclass::text \
         WHEN l.locktype IN ('virtualxid', 'transactionid') THEN 'older transactions' ELSE l.locktype END, \
         coalesce((SELECT string_agg(concat_ws(' ', 'process', b.pid, nullif(a.application_name, ''), a.state, \
         'since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC'), '; ') \
         FROM (SELECT DISTINCT pid FROM unnest(pg_blocking_pids({pid})) AS u(pid) LIMIT {NAMED_BLOCKERS}) b \
         LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid), 'unknown'), \
         round(extract(epoch FROM clock_timestamp() - coalesce(s.query_start, clock_timestamp())) * 1000)::bigint \
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity s ON s.pid = l.pid \
         WHERE l.pid = {pid} AND NOT l.granted; \
         SELECT phase, CASE WHEN tuples_total > 0 THEN tuples_done ELSE blocks_done END, \
         CASE WHEN tuples_total > 0 THEN tuples_total ELSE blocks_total END \
         FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {pid}"
    )
}

/// The time since a moment, in milliseconds.
pub(crate) fn milliseconds_since(start: Instant) -> i64 {
    i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX)
}
