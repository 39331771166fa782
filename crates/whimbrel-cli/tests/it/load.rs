//! A steady load on a PostgreSQL database: workers, each with a connection of its own, whose statements are timed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// How long the load runs before and after what is done under it.
const MARGIN: Duration = Duration::from_millis(300);

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
    /// That statement.
    pub(crate) slowest: String,
}

impl Connection {
    fn open(url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (client, connection) = runtime.block_on(tokio_postgres::connect(url, NoTls)).unwrap();
        runtime.spawn(connection);
        Connection { runtime, client, measured: Measured::default() }
    }

    /// Runs one statement and gives its rows as text. No statement of a load may fail.
    pub(crate) fn run(&mut self, sql: &str) -> Vec<Vec<Option<String>>> {
        let begun = Instant::now();
        let answer = self.runtime.block_on(self.client.simple_query(sql));
        let messages = answer.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let took = begun.elapsed();
        self.measured.statements += 1;
        if took > self.measured.longest {
            (self.measured.longest, self.measured.slowest) = (took, sql.to_owned());
        }
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
    thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                let (stop, step) = (Arc::clone(&stop), &step);
                scope.spawn(move || {
                    let mut connection = Connection::open(url);
                    while !stop.load(Ordering::Relaxed) {
                        step(&mut worker, &mut connection);
                        thread::sleep(pause);
                    }
                    (worker, connection.measured)
                })
            })
            .collect();
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
            if met.longest > measured.longest {
                (measured.longest, measured.slowest) = (met.longest, met.slowest);
            }
        }
        let done = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (workers, measured, done)
    })
}
