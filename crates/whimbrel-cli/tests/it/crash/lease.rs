//! A holder of the deployers' lock that died, one that is stopped and comes back, and one that only pauses.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use whimbrel_testkit::{PgBouncer, PgBouncerOptions, PostgresVersion, server_url};

use super::{
    DOWN, UP, crash_at, driver, ended, finish, in_parallel, prepared_with, standing, start, wait_until,
};
use crate::faults::query;
use crate::project::{Engine, Project};

const POSTGRES: PostgresVersion = PostgresVersion::V17;
/// Long enough to see that a lease is waited for, short enough for a test.
const SHORT: &str = "[pool]\nlease = \"2s\"\n";
const SHORT_LEASE: Duration = Duration::from_secs(2);
/// Longer than any test.
const LONG: &str = "[pool]\nlease = \"1h\"\n";
/// What is left for the work itself, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(30);
/// The ways into a database.
const POOLERS: [bool; 2] = [false, true];

fn prepared(engine: Engine, settings: &str) -> Project {
    prepared_with(engine, &format!("{UP}\n{DOWN}"), settings)
}

fn pooler(ignores_options: bool) -> PgBouncer {
    let options = PgBouncerOptions { ignores_options, ..PgBouncerOptions::default() };
    PgBouncer::start_with(&server_url(POSTGRES).unwrap(), options).unwrap()
}

fn through(pooler: &PgBouncer, project: &mut Project) {
    let url = pooler.url(project.database().name());
    project.sandbox.env("WHIMBREL_URL", url);
}

fn direct(project: &mut Project) {
    let url = project.url().to_owned();
    project.sandbox.env("WHIMBREL_URL", url);
}

/// What must stand in the end.
fn expected(base: &Project) -> String {
    let project = base.copy();
    project.run(&["migrate"], 0);
    standing(&project)
}

/// The moments at which a holder is cut off: after a transaction, before what runs in none, between two batches, at the end.
const MOMENTS_ON_POSTGRES: [(usize, &str); 4] =
    [(3, "unit 2 done"), (4, "unit 3 intended"), (8, "unit 4 batched"), (20, "unit 9 done")];
const MOMENTS_ON_SQLITE: [(usize, &str); 3] =
    [(3, "unit 2 done"), (6, "unit 4 batched"), (16, "unit 9 done")];

#[test]
fn the_lease_of_a_dead_holder_runs_out_behind_a_pooler() {
    let base = prepared(Engine::Postgres(POSTGRES), SHORT);
    let expected = expected(&base);
    for ignores_options in POOLERS {
        let pooler = pooler(ignores_options);
        let mut project = base.copy();
        through(&pooler, &mut project);
        assert!(crash_at(&project, "up", 8));
        let begin = Instant::now();
        let output = project.sandbox.run(["migrate", "--lock-timeout", "100ms"]).unwrap();
        ended(&output, 4);
        for word in ["migrate::lock_timeout", "process ", "since ", "renews its lease"] {
            assert!(output.stderr.contains(word), "no {word:?} in {}", output.stderr);
        }
        project.run(&["migrate"], 0);
        assert!(begin.elapsed() < SHORT_LEASE + AT_ONCE, "{:?}", begin.elapsed());
        assert_eq!(standing(&project), expected);
    }
}

#[test]
fn a_dead_holder_on_sqlite_is_known_to_be_dead() {
    dead_holder(Engine::Sqlite, 6);
}

#[test]
fn a_dead_session_holds_nothing() {
    dead_holder(Engine::Postgres(POSTGRES), 8);
}

fn dead_holder(engine: Engine, moment: usize) {
    let base = prepared(engine, LONG);
    let expected = expected(&base);
    let project = base.copy();
    assert!(crash_at(&project, "up", moment));
    let begin = Instant::now();
    project.run(&["migrate"], 0);
    assert!(begin.elapsed() < AT_ONCE, "{:?}", begin.elapsed());
    assert_eq!(standing(&project), expected);
}

/// Starts the driver and waits until it has stopped itself.
fn stopped(project: &Project, direction: &str, (moment, words): (usize, &str)) -> Child {
    let mut command = driver(project, &[direction, &moment.to_string(), "stop"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    wait_until(&format!("the holder stops at {words}"), || {
        let text = std::fs::read_to_string(&stat).unwrap_or_default();
        text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    });
    child
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Lets the stopped one go on: it must find that it has lost the lock, and change nothing.
fn is_fenced_off(project: &Project, child: Child, words: &str) {
    let before = standing(project);
    signal(&child, Signal::SIGCONT);
    let output = finish(child);
    ended(&output, 1);
    assert!(output.stderr.contains("migrate::lock_lost"), "stopped at {words}: {}", output.stderr);
    assert!(output.stderr.contains(&format!("at {words}")), "not stopped at {words}: {}", output.stderr);
    assert_eq!(standing(project), before, "stopped at {words}, it wrote afterwards");
}

#[test]
fn a_stopped_holder_behind_a_pooler_is_fenced_off() {
    let base = prepared(Engine::Postgres(POSTGRES), SHORT);
    let expected = expected(&base);
    let poolers = POOLERS.map(pooler);
    in_parallel(MOMENTS_ON_POSTGRES.len(), |number| {
        let moment = MOMENTS_ON_POSTGRES[number];
        let mut project = base.copy();
        through(&poolers[number % 2], &mut project);
        let holder = stopped(&project, "up", moment);
        project.run(&["migrate"], 0);
        assert_eq!(standing(&project), expected, "stopped at {}", moment.1);
        is_fenced_off(&project, holder, moment.1);
    });
}

/// The other one has a session of its own, and the advisory lock.
#[test]
fn a_stopped_holder_behind_a_pooler_is_fenced_off_by_a_session() {
    let base = prepared(Engine::Postgres(POSTGRES), SHORT);
    let expected = expected(&base);
    let pooler = pooler(false);
    in_parallel(MOMENTS_ON_POSTGRES.len(), |number| {
        let moment = MOMENTS_ON_POSTGRES[number];
        let mut project = base.copy();
        through(&pooler, &mut project);
        let holder = stopped(&project, "up", moment);
        direct(&mut project);
        project.run(&["migrate"], 0);
        assert_eq!(standing(&project), expected, "stopped at {}", moment.1);
        is_fenced_off(&project, holder, moment.1);
    });
}

#[test]
fn a_stopped_holder_on_sqlite_is_fenced_off() {
    let base = prepared(Engine::Sqlite, SHORT);
    let expected = expected(&base);
    in_parallel(MOMENTS_ON_SQLITE.len(), |number| {
        let moment = MOMENTS_ON_SQLITE[number];
        let project = base.copy();
        let holder = stopped(&project, "up", moment);
        project.run(&["migrate"], 0);
        assert_eq!(standing(&project), expected, "stopped at {}", moment.1);
        is_fenced_off(&project, holder, moment.1);
    });
}

/// A session keeps its lock while its client is stopped: the others are told of it, and it may go on.
#[test]
fn a_stopped_session_keeps_its_lock() {
    let base = prepared(Engine::Postgres(POSTGRES), SHORT);
    let expected = expected(&base);
    let project = base.copy();
    let holder = stopped(&project, "up", (8, "unit 4 batched"));
    let pid = query(
        &project,
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    std::thread::sleep(SHORT_LEASE);
    let output = project.sandbox.run(["migrate", "--lock-timeout", "1s"]).unwrap();
    ended(&output, 4);
    for word in ["migrate::lock_timeout", &format!("process {}", pid[0]), "whimbrel", "since "] {
        assert!(output.stderr.contains(word), "no {word:?} in {}", output.stderr);
    }
    signal(&holder, Signal::SIGCONT);
    ended(&finish(holder), 0);
    assert_eq!(standing(&project), expected);
}

/// A pause between two batches that is longer than the lease is not taken for death.
fn pauses(engine: Engine, pooled: bool) {
    let text =
        "-- whimbrel:up\n-- whimbrel:batch size=25 key=id pause=3s\nUPDATE items SET tries = tries + 1;\n";
    let mut project = prepared_with(engine, text, SHORT);
    let pooler = pooled.then(|| pooler(false));
    if let Some(pooler) = &pooler {
        through(pooler, &mut project);
    }
    let first = start(&project, &["migrate"]);
    wait_until("a batch stands", || !query(&project, "SELECT position FROM whimbrel_journal").is_empty());
    let second = start(&project, &["migrate"]);
    let (first, second) = (finish(first), finish(second));
    ended(&first, 0);
    ended(&second, 0);
    assert!(first.stdout.contains("1 migration applied"), "{}", first.stdout);
    assert!(second.stdout.contains("Nothing to do"), "{}", second.stdout);
    assert_eq!(query(&project, "SELECT min(tries) + max(tries) FROM items"), ["2"]);
}

#[test]
fn a_pause_keeps_the_lease_behind_a_pooler() {
    pauses(Engine::Postgres(POSTGRES), true);
}

#[test]
fn a_pause_keeps_the_lease_on_sqlite() {
    pauses(Engine::Sqlite, false);
}

/// Another deployer that went beyond the target while this one waited: the way down is guarded then, too.
#[test]
fn a_way_down_that_comes_while_waiting_is_guarded() {
    let mut project = prepared(
        Engine::Sqlite,
        "[pool]\nlease = \"1h\"\n[lint]\nlevel = \"advise\"\n[environments.production]\n",
    );
    project.sandbox.env("WHIMBREL_ENV", "production");
    project
        .sandbox
        .write(
            "migrations/0003-third.sql",
            "-- whimbrel:up\nCREATE TABLE third (id integer);\n-- whimbrel:down\nDROP TABLE third;\n",
        )
        .unwrap();
    project.run(&["migrate", "seal"], 0);
    let holder = stopped(&project, "up", (1, "step started"));
    let waiting = start(&project, &["migrate", "--to", "0002"]);
    std::thread::sleep(Duration::from_millis(500));
    signal(&holder, Signal::SIGCONT);
    ended(&finish(holder), 0);
    let output = finish(waiting);
    ended(&output, 5);
    assert!(output.stderr.contains("guard::protected_environment"), "{}", output.stderr);
    assert_eq!(
        query(&project, "SELECT version FROM whimbrel_history ORDER BY version"),
        ["0001", "0002", "0003"]
    );
}

/// What another deployer is rolling back is not unfinished: it is waited for.
#[test]
fn a_way_down_under_way_is_waited_for() {
    let project = prepared(Engine::Sqlite, LONG);
    project.run(&["migrate"], 0);
    let holder = stopped(&project, "down", (6, "unit 4 done"));
    let waiting = start(&project, &["migrate"]);
    std::thread::sleep(Duration::from_millis(500));
    signal(&holder, Signal::SIGCONT);
    ended(&finish(holder), 0);
    let output = finish(waiting);
    ended(&output, 0);
    assert!(output.stdout.contains("1 migration applied"), "{}", output.stdout);
}
