//! A steady load on a PostgreSQL database: workers, each with a connection of its own, whose statements are timed.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// How long the load runs before and after what is done under it.
const MARGIN: Duration = Duration::from_millis(100);
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
    measured: Arc<Mutex<Measured>>,
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

/// A load that runs.
pub(crate) struct Load {
    measured: Arc<Mutex<Measured>>,
}

impl Load {
    /// What was met since the last call, and for a moment more.
    pub(crate) fn take(&self) -> Measured {
        thread::sleep(MARGIN);
        std::mem::take(&mut *self.measured.lock().unwrap())
    }
}

impl Connection {
    fn open(url: &str, measured: Arc<Mutex<Measured>>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        let connection = Connection { runtime, client, measured };
        connection.runtime.block_on(connection.client.batch_execute(NAMED)).unwrap();
        connection
    }

    /// Runs one statement of the load; one that fails is kept, and ends its transaction.
    pub(crate) fn run(&mut self, sql: &str) {
        let begun = Instant::now();
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let took = begun.elapsed();
        let mut measured = self.measured.lock().unwrap();
        measured.statements += 1;
        measured.longest = measured.longest.max(took);
        if let Err(error) = answer {
            measured.failed.push(format!("{sql}: {error:?}"));
            self.runtime.block_on(self.client.batch_execute("ROLLBACK")).unwrap();
        }
    }

    /// Runs one query beside the load and gives its rows as text.
    fn rows(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let messages = self.runtime.block_on(self.client.simple_query(sql)).unwrap();
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
/// Gives the workers back, and what the work gave.
pub(crate) fn under_load<W: Send, T>(
    url: &str,
    workers: Vec<W>,
    pause: Duration,
    step: impl Fn(&mut W, &mut Connection) + Sync,
    work: impl FnOnce(&Load) -> T,
) -> (Vec<W>, T) {
    let stop = AtomicBool::new(false);
    let ready = AtomicUsize::new(0);
    let expected = workers.len() + 1;
    let load = Load { measured: Arc::default() };
    let stopped = || stop.load(Ordering::Relaxed);
    let open = || {
        let connection = Connection::open(url, Arc::clone(&load.measured));
        ready.fetch_add(1, Ordering::Relaxed);
        connection
    };
    let (open, step, stopped) = (&open, &step, &stopped);
    thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                scope.spawn(move || {
                    let mut connection = open();
                    while !stopped() {
                        step(&mut worker, &mut connection);
                        thread::sleep(pause);
                    }
                    worker
                })
            })
            .collect();
        scope.spawn(move || watch(&mut open(), stopped));
        let begun = Instant::now();
        while ready.load(Ordering::Relaxed) < expected && begun.elapsed() < READY_TIMEOUT {
            thread::sleep(WATCH_INTERVAL);
        }
        thread::sleep(MARGIN);
        // The load ends also when the work fails.
        let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&load)));
        stop.store(true, Ordering::Relaxed);
        let workers = running
            .into_iter()
            .map(|one| one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        (workers, done.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// Looks for the longest wait for a lock until the load stops.
fn watch(connection: &mut Connection, stopped: impl Fn() -> bool) {
    while !stopped() {
        for row in connection.rows(WAITING) {
            let [Some(waited_ms), query] = row.as_slice() else { continue };
            let waited = Duration::from_millis(waited_ms.parse().unwrap());
            let mut measured = connection.measured.lock().unwrap();
            if waited > measured.blocked {
                measured.blocked = waited;
                measured.most_blocked = query.clone().unwrap_or_default();
            }
        }
        thread::sleep(WATCH_INTERVAL);
    }
}
