//! Migrations that are cut off: whatever moment it is, the next run finishes, and nothing runs twice.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use whimbrel_testkit::RunOutput;

use crate::catalogue::dump;
use crate::faults::query;
use crate::project::{Engine, Project};

mod deployers;
mod index;
mod lease;
pub(crate) mod random;
mod resolve;
mod server;
mod steps;

/// How long a test waits for something that another process does.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// SIGKILL's number.
pub(crate) const KILLED: i32 = 9;
/// Rows of the table that is filled in batches.
const ROWS: usize = 50;

/// Ten statements in nine units: what cannot run in a transaction, a backfill of six batches, a group of two.
/// Every counter must end at one: it tells what ran twice, or not at all.
const UP: &str = "-- whimbrel:up
ALTER TABLE items ADD COLUMN state text;
UPDATE counters SET n = n + 1 WHERE name = 'alone';
CREATE INDEX CONCURRENTLY items_price ON items (price);
-- whimbrel:batch size=10 key=id
UPDATE items SET state = 'new', tries = tries + 1;
DROP INDEX CONCURRENTLY items_label;
-- whimbrel:transaction on
CREATE TABLE notes (id integer PRIMARY KEY, item_id integer NOT NULL);
UPDATE counters SET n = n + 1 WHERE name = 'group';
-- whimbrel:transaction off
ALTER TABLE items ADD CONSTRAINT items_state CHECK (state IS NOT NULL) NOT VALID;
ALTER TABLE items VALIDATE CONSTRAINT items_state;
ALTER TABLE items ALTER COLUMN state SET NOT NULL;
";

/// The way back, in eight units.
const DOWN: &str = "-- whimbrel:down
ALTER TABLE items ALTER COLUMN state DROP NOT NULL;
ALTER TABLE items DROP CONSTRAINT items_state;
DROP TABLE notes;
CREATE INDEX CONCURRENTLY items_label ON items (label);
-- whimbrel:batch size=10 key=id
UPDATE items SET returns = returns + 1;
UPDATE counters SET n = n + 1 WHERE name = 'down';
DROP INDEX CONCURRENTLY items_price;
ALTER TABLE items DROP COLUMN state;
";

/// What both files begin with.
fn first_file() -> String {
    let rows: Vec<String> =
        (1..=ROWS).map(|row| format!("({row}, 'item {row}', {})", row * 7 % 11)).collect();
    format!(
        "-- whimbrel:up\n\
         CREATE TABLE items (id integer PRIMARY KEY, label text NOT NULL, price integer NOT NULL, \
         tries integer NOT NULL DEFAULT 0, returns integer NOT NULL DEFAULT 0);\n\
         CREATE INDEX items_label ON items (label);\n\
         INSERT INTO items (id, label, price) VALUES {};\n\
         CREATE TABLE counters (name text PRIMARY KEY, n integer NOT NULL);\n\
         INSERT INTO counters (name, n) VALUES ('alone', 0), ('group', 0), ('down', 0);\n\
         -- whimbrel:down\nDROP TABLE counters;\nDROP TABLE items;\n",
        rows.join(", ")
    )
}

/// A project whose first file is applied and whose second one is the ten-statement file.
fn prepared(engine: Engine) -> Project {
    prepared_with(engine, &format!("{UP}\n{DOWN}"), "")
}

/// The same with another second file, and more in whimbrel.toml.
fn prepared_with(engine: Engine, second: &str, settings: &str) -> Project {
    let project = Project::new(engine);
    let name = "name = \"case\"\nmodel = \"relational\"\n";
    project.sandbox.write("whimbrel.toml", format!("{name}{settings}")).unwrap();
    project.sandbox.write("migrations/0001-first.sql", first_file()).unwrap();
    project.sandbox.write("migrations/0002-second.sql", second).unwrap();
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--to", "0001"], 0);
    project
}

/// The driver that ends itself.
fn driver(project: &Project, arguments: &[&str]) -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_whimbrel")).with_file_name("examples").join("crash");
    assert!(program.exists(), "build the driver: `cargo build -p whimbrel-cli --examples`");
    let environment = project.sandbox.command();
    let mut command = Command::new(program);
    command.current_dir(project.sandbox.root()).env_clear().stdin(Stdio::null()).args(arguments);
    command.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// The moments of an uninterrupted run.
fn moments(project: &Project, direction: &str) -> Vec<String> {
    let output = driver(project, &[direction, "0"]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    text(output.stdout).lines().map(str::to_owned).collect()
}

/// Runs the driver until it ends itself at the moment. Says whether it came so far.
fn crash_at(project: &Project, direction: &str, moment: usize) -> bool {
    let output = driver(project, &[direction, &moment.to_string()]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    match output.status.signal() {
        Some(KILLED) => true,
        _ => {
            assert_eq!(output.status.code(), Some(0), "moment {moment}: {}: {stderr}", output.status);
            false
        }
    }
}

/// Everything that must be as after an uninterrupted run: objects, rows, history, journal, and the record of
/// what was reached.
fn standing(project: &Project) -> String {
    let history =
        query(project, "SELECT version || ' ' || name || ' ' || kind FROM whimbrel_history ORDER BY version");
    let reached = query(project, "SELECT document FROM whimbrel_state WHERE key = 'reached'");
    format!("{}\n{history:?}\n{:?}\n{reached:?}", dump(project), journal(project))
}

/// The rows of the journal.
fn journal(project: &Project) -> Vec<String> {
    query(
        project,
        "SELECT version || ' ' || direction || ' ' || position || ' ' || state || ' ' || coalesce(cursor, '') \
         FROM whimbrel_journal ORDER BY position",
    )
}

/// What `migrate status` must say of version 0002.
fn expected_state(project: &Project, units: usize) -> String {
    let journal = journal(project);
    let done = journal.iter().filter(|row| row.contains(" done")).count();
    let applied = query(project, "SELECT version FROM whimbrel_history ORDER BY version").len() == 2;
    match journal.first() {
        Some(row) if row.contains(" up ") => format!("unfinished, {done} of {units} units"),
        Some(_) => format!("unfinished on its way down, {done} of {units} units"),
        None if applied => "applied".to_owned(),
        None => "pending".to_owned(),
    }
}

/// Checks that `migrate status` says what stands.
fn check_status(project: &Project, units: usize) {
    let expected = expected_state(project, units);
    let output = project.run(&["migrate", "status"], 0);
    let line = output.stdout.lines().find(|line| line.contains("0002")).unwrap_or_default();
    assert!(line.contains(&expected), "not `{expected}`:\n{}", output.stdout);
}

/// Starts the binary and does not wait for it.
pub(crate) fn start(project: &Project, arguments: &[&str]) -> Child {
    project.sandbox.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of a started run.
pub(crate) fn finish(child: Child) -> RunOutput {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    RunOutput { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() }
}

/// Checks that a run ended with this exit code.
pub(crate) fn ended(output: &RunOutput, code: i32) {
    assert_eq!(output.code, Some(code), "{}{}", output.stdout, output.stderr);
}

/// Waits until something is so.
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}

/// Calls `work` with each number below `count`, on a few threads.
pub(crate) fn in_parallel(count: usize, work: impl Fn(usize) + Sync) {
    const THREADS: usize = 4;
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if number >= count {
                        break;
                    }
                    work(number);
                }
            });
        }
    });
}
