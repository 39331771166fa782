//! A steady load on a PostgreSQL database: workers, each with a connection of its own, whose statements are timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// How long the load runs before and after what is done under it.
const MARGIN: Duration = Duration::from_millis(150);
/// How long the connections may take to be there.
const READY_TIMEOUT: Duration = Duration::from_secs(20);

/// How often is looked for statements that wait for a lock.
const WATCH_INTERVAL: Duration = Duration::from_millis(5);
/// What the load's connections call themselves.
const NAMED: &str = "SET application_name = 'whimbrel_test_load'";
/// The longest present wait of the load for a lock, in milliseconds, and the statement. PostgreSQL 14 knows since when.
const WAITING: &str = "SELECT round(extract(epoch FROM clock_timestamp() - l.waitstart) * 1000), a.query
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND a.datname = current_database() AND a.application_name = 'whimbrel_test_load'
        AND l.waitstart IS NOT NULL
    ORDER BY 1 DESC LIMIT 1";

/// A worker's connection.
pub(crate) struct Connection {
    runtime: Runtime,
    client: Client,
    measured: Measured,
}

/// What the load met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// How many statements ran.
    pub(crate) statements: u64,
    /// How long the longest of them took.
    pub(crate) longest: Duration,
    /// How long one waited for a lock at most, as the server knows it.
    pub(crate) blocked: Duration,
    /// That statement.
    pub(crate) most_blocked: String,
    /// The statements that failed, and why.
    pub(crate) failed: Vec<String>,
}

impl Connection {
    fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        let connection = Connection { runtime, client, measured: Measured::default() };
        connection.runtime.block_on(connection.client.batch_execute(NAMED)).unwrap();
        connection
    }

    /// Runs one statement and gives its rows as text; one that fails is kept, and ends its transaction.
    pub(crate) fn run(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let begun = Instant::now();
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let messages = answer.unwrap_or_else(|error| {
            self.measured.failed.push(format!("{sql}: {error:?}"));
            self.runtime.block_on(self.client.batch_execute("ROLLBACK")).unwrap();
            Vec::new()
        });
        let took = begun.elapsed();
        self.measured.statements += 1;
        self.measured.longest = self.measured.longest.max(took);
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
            }
            _ => None,
        });
        rows.collect()
    }
}

/// Repeats `step` with each worker on a connection of its own, `pause` apart, as long as `work` takes.
/// Gives the workers back, what they met, and what the work gave.
pub(crate) fn under_load<W: Send, T>(
    url: &str,
    workers: Vec<W>,
    pause: Duration,
    step: impl Fn(&mut W, &mut Connection) + Sync,
    work: impl FnOnce() -> T,
) -> (Vec<W>, Measured, T) {
    let stop = Arc::new(AtomicBool::new(false));
    let ready = AtomicUsize::new(0);
    let expected = workers.len() + 1;
    thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                let (stop, step, ready) = (Arc::clone(&stop), &step, &ready);
                scope.spawn(move || {
                    let mut connection = Connection::open(url);
                    ready.fetch_add(1, Ordering::Relaxed);
                    while !stop.load(Ordering::Relaxed) {
                        step(&mut worker, &mut connection);
                        thread::sleep(pause);
                    }
                    (worker, connection.measured)
                })
            })
            .collect();
        let watcher = scope.spawn({
            let (stop, ready) = (Arc::clone(&stop), &ready);
            move || watch(url, &stop, ready)
        });
        let begun = Instant::now();
        while ready.load(Ordering::Relaxed) < expected && begun.elapsed() < READY_TIMEOUT {
            thread::sleep(WATCH_INTERVAL);
        }
        thread::sleep(MARGIN);
        // The load ends also when the work fails.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        thread::sleep(MARGIN);
        stop.store(true, Ordering::Relaxed);
        let mut workers = Vec::new();
        let mut measured = Measured::default();
        for one in running {
            let (worker, met) = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            workers.push(worker);
            measured.statements += met.statements;
            measured.longest = measured.longest.max(met.longest);
            measured.failed.extend(met.failed);
        }
        (measured.blocked, measured.most_blocked) =
            watcher.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (workers, measured, done)
    })
}

/// Looks for the longest wait for a lock until the load stops.
fn watch(url: &str, stop: &AtomicBool, ready: &AtomicUsize) -> (Duration, String) {
    let mut connection = Connection::open(url);
    ready.fetch_add(1, Ordering::Relaxed);
    let mut longest = (Duration::ZERO, String::new());
    while !stop.load(Ordering::Relaxed) {
        for row in connection.run(WAITING) {
            let [Some(waited_ms), query] = row.as_slice() else { continue };
            let waited = Duration::from_millis(waited_ms.parse().unwrap());
            if waited > longest.0 {
                longest = (waited, query.clone().unwrap_or_default());
            }
        }
        thread::sleep(WATCH_INTERVAL);
    }
    longest
}
