//! Backfills in batches hold back for others: replicas that fall behind, and sessions that hold locks on the rows.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_postgres::NoTls;
use whimbrel_testkit::{PostgresServer, PostgresVersion, Sandbox};

use crate::project::{Engine, Project};

const PROJECT: &str = "name = \"case\"\nmodel = \"relational\"\n";
/// Every wait of these tests ends after this at the latest.
const PATIENCE: Duration = Duration::from_secs(40);

/// `whimbrel migrate --json` while it runs.
struct Run {
    child: Child,
    events: Arc<Mutex<Vec<Value>>>,
    reader: Option<JoinHandle<()>>,
}

impl Run {
    fn start(sandbox: &Sandbox) -> Self {
        let mut command = sandbox.command();
        command.args(["migrate", "--json"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let events: Arc<Mutex<Vec<Value>>> = Arc::default();
        let (lines, heard) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&events));
        let reader = thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                heard.lock().unwrap().push(event);
            }
        });
        Run { child, events, reader: Some(reader) }
    }

    /// The events so far whose `key` has this value.
    fn events(&self, key: &str, value: &str) -> Vec<Value> {
        let events = self.events.lock().unwrap();
        events.iter().filter(|event| event[key] == value).cloned().collect()
    }

    /// Waits until there are so many of these.
    fn wait_for(&mut self, key: &str, value: &str, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.events(key, value).len() < count {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{ended:?}, no {value}: {:#?}",
                self.events
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end, which is a good one.
    fn finish(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not end: {:#?}", self.events);
            thread::sleep(Duration::from_millis(10));
        };
        self.reader.take().unwrap().join().unwrap();
        assert!(status.success(), "{status}: {:#?}", self.events);
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // After a good end there is nothing left to end.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn batches_wait_for_a_replica_that_falls_behind() {
    let primary = PostgresServer::start(PostgresVersion::V15).unwrap();
    let replica = primary.start_replica().unwrap();
    primary.create_database("app").unwrap();
    let table = "CREATE TABLE items (id bigint PRIMARY KEY, price int, cents int)";
    primary.psql("app", table).unwrap();
    let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
    sandbox.env("WHIMBREL_URL", primary.url("app"));
    sandbox.write("whimbrel.toml", PROJECT).unwrap();
    let file = "-- whimbrel:up\n-- whimbrel:batch size=20 pause=40ms\nUPDATE items SET cents = price * 100 WHERE cents IS NULL;\n-- whimbrel:down\n";
    sandbox.write("migrations/0001-cents.sql", file).unwrap();

    replica.psql("postgres", "SELECT pg_wal_replay_pause()").unwrap();
    let rows = "INSERT INTO items SELECT id, id, NULL FROM generate_series(1, 3000) AS id";
    primary.psql("app", rows).unwrap();
    // The batches after this take six seconds without the waiting, so that the limit of five is passed among them.
    thread::sleep(Duration::from_secs(2));
    let mut run = Run::start(&sandbox);
    run.wait_for("event", "throttled", 1);
    let batches = run.events("event", "batch");
    assert!(!batches.is_empty() && batches.len() < 150, "{}", batches.len());
    let seen = run.events("event", "throttled").len();
    run.wait_for("event", "throttled", seen + 2);
    let throttled = run.events("event", "throttled");
    assert!(throttled.iter().all(|event| event["lag_ms"].as_u64().unwrap() >= 5_000), "{throttled:?}");
    assert_eq!(run.events("event", "batch").len(), batches.len(), "the batches do not wait");
    let changed = "SELECT count(*) FROM items WHERE cents = price * 100";
    assert_eq!(primary.psql("app", changed).unwrap(), (batches.len() * 20).to_string());

    replica.psql("postgres", "SELECT pg_wal_replay_resume()").unwrap();
    run.finish();
    assert_eq!(primary.psql("app", changed).unwrap(), "3000");
    assert_eq!(run.events("event", "step_done").len(), 1);
}

#[test]
fn batches_that_meet_locks_are_tried_again_and_become_smaller() {
    let project = Project::new(Engine::Postgres(PostgresVersion::V17));
    // Shorter than the time after which the second connection looks what a statement waits for.
    let toml = format!("{PROJECT}\n[pool]\nlock_timeout = \"150ms\"\n");
    project.sandbox.write("whimbrel.toml", toml).unwrap();
    let file = "-- whimbrel:up\n-- whimbrel:batch size=64\nUPDATE items SET changed = changed + 1;\n-- whimbrel:down\n";
    project.sandbox.write("migrations/0001-changed.sql", file).unwrap();
    let table = "CREATE TABLE items (id bigint PRIMARY KEY, changed int NOT NULL, note text);
        INSERT INTO items SELECT id, 0, '' FROM generate_series(1, 1000) AS id";
    project.database().psql(table).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (other, connection) = runtime.block_on(tokio_postgres::connect(project.url(), NoTls)).unwrap();
    runtime.spawn(connection);
    let hold = "BEGIN; UPDATE items SET note = 'theirs' WHERE id BETWEEN 100 AND 110";
    runtime.block_on(other.batch_execute(hold)).unwrap();
    let mut run = Run::start(&project.sandbox);
    run.wait_for("notice", "retry", 2);
    let changed = "SELECT count(*) FROM items WHERE changed = 1";
    assert_eq!(project.database().psql(changed).unwrap(), "64", "what stands before the locked rows");
    runtime.block_on(other.batch_execute("COMMIT")).unwrap();
    run.finish();

    let sizes: Vec<u64> =
        run.events("event", "batch").iter().map(|event| event["size"].as_u64().unwrap()).collect();
    assert_eq!(sizes[..4], [64, 64, 32, 41], "{sizes:?}");
    assert!(sizes[4..].contains(&64), "they grow again: {sizes:?}");
    assert_eq!(project.database().psql(changed).unwrap(), "1000", "each row is changed once");
    let theirs = "SELECT count(*) FROM items WHERE note = 'theirs'";
    assert_eq!(project.database().psql(theirs).unwrap(), "11");
    let done = &run.events("event", "step_done")[0];
    assert_eq!(done["statements"][0]["rows"], 1000, "{done}");
}
