//! Many deployers at once, one that dies with the lease, clocks that are wrong, and a stopped owner that comes back.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bson::{Document, doc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::crash::crash_at;
use super::scripts::{ONCE, STEPPED, first_file};
use super::{Kind, Project, items};
use crate::crash::{ended, finish, in_parallel, wait_until};

/// How many start together.
const DEPLOYERS: usize = 16;
/// Long enough to see that a lease is waited for, short enough for a test.
const SHORT: &str = "[pool]\nlease = \"2s\"\n";
const SHORT_LEASE: Duration = Duration::from_secs(2);
/// Longer than any test.
const LONG: &str = "[pool]\nlease = \"1h\"\n";
/// What is left for the work itself, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(30);
/// How far a wrong clock is off, in seconds.
const OFF_BY: [i64; 3] = [-86_400, 0, 86_400];
/// Shifts the clock of the process that it is loaded into.
const SKEW: &str = include_str!("../fixtures/skewed_clock.c");

/// Starts sixteen, each with the environment that `prepare` gives it.
fn at_once(kind: Kind, mut prepare: impl FnMut(&mut Project, usize)) {
    let whole = Project::prepared(kind, ONCE, "");
    whole.run(&["migrate"], 0);
    let mut project = Project::new(kind);
    project.file("0001-first.js", &first_file());
    project.file("0002-second.js", ONCE);
    project.run(&["migrate", "seal"], 0);
    let mut children = Vec::new();
    for number in 0..DEPLOYERS {
        prepare(&mut project, number);
        children.push(project.start(&["migrate"]));
    }
    let outputs: Vec<_> = children.into_iter().map(finish).collect();
    let mut applied = 0;
    for output in &outputs {
        ended(output, 0);
        applied += output.stderr.lines().filter(|line| line.starts_with("applied ")).count();
        let nothing = output.stdout.contains("Nothing to do");
        assert!(nothing || output.stdout.contains("applied"), "{}{}", output.stdout, output.stderr);
    }
    assert_eq!(applied, 2, "two files, each applied by one of them");
    assert_eq!(project.standing(), whole.standing());
}

#[test]
fn sixteen_on_secantusdb() {
    at_once(Kind::SecantusDb, |_, _| ());
}

#[test]
fn sixteen_on_the_engine() {
    at_once(Kind::Engine, |_, _| ());
}

#[test]
fn sixteen_on_the_embedded_engine() {
    at_once(Kind::Embedded, |_, _| ());
}

/// Compiles what shifts a clock into the project's folder.
fn skewed_clock(project: &Project) -> String {
    project.sandbox.write("skewed_clock.c", SKEW).unwrap();
    let library = project.sandbox.path("skewed_clock.so");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library);
    let output = compiler.arg(project.sandbox.path("skewed_clock.c")).arg("-ldl").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library.display().to_string()
}

fn with_clock(project: &mut Project, library: &str, seconds: i64) {
    project.sandbox.env("LD_PRELOAD", library);
    project.sandbox.env("SKEW_SECONDS", seconds.to_string());
}

/// A third of the deployers is a day behind, another a day ahead. Without a server all of them go by the clock of the one
/// machine that the file lies on.
#[test]
fn sixteen_with_wrong_clocks() {
    for kind in Kind::SERVERS {
        let library = std::cell::OnceCell::new();
        at_once(kind, |project, number| {
            let library: &String = library.get_or_init(|| skewed_clock(project));
            with_clock(project, library, OFF_BY[number % OFF_BY.len()]);
        });
    }
}

/// A live lease holds against a clock that is ahead, and a dead one ends for a clock that is behind.
#[test]
fn the_servers_clock_judges_a_lease() {
    for kind in Kind::SERVERS {
        for (holder, other) in [(0, 86_400), (-86_400, 0), (86_400, -86_400)] {
            let mut project = Project::prepared(kind, STEPPED, SHORT);
            let library = skewed_clock(&project);
            with_clock(&mut project, &library, holder);
            let child = stopped(&project, 3);
            with_clock(&mut project, &library, other);
            let output = project.run(&["migrate", "--lock-timeout", "200ms"], 4);
            assert!(output.stderr.contains("migrate::lock_timeout"), "{}", output.stderr);
            let begin = Instant::now();
            project.run(&["migrate"], 0);
            assert!(begin.elapsed() < SHORT_LEASE + AT_ONCE, "{:?}", begin.elapsed());
            signal(&child, Signal::SIGKILL);
            finish(child);
        }
    }
}

#[test]
fn the_lease_of_a_dead_holder_runs_out() {
    for kind in Kind::ALL {
        let whole = Project::prepared(kind, STEPPED, SHORT);
        whole.run(&["migrate"], 0);
        let project = Project::prepared(kind, STEPPED, SHORT);
        crash_at(&project, 4);
        let begin = Instant::now();
        let output = project.run(&["migrate", "--lock-timeout", "100ms"], 4);
        // The message is broken where its numbers let it be.
        let said = output.stderr.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
        for word in ["migrate::lock_timeout", "process ", "since ", "its lease ends at"] {
            assert!(said.contains(word), "no {word:?} in {said}");
        }
        project.run(&["migrate"], 0);
        assert!(begin.elapsed() < SHORT_LEASE + AT_ONCE, "{:?}", begin.elapsed());
        assert_eq!(project.standing(), whole.standing());
    }
}

/// A lease that nobody can still hold by the clock of the server, and one that somebody may.
#[test]
fn a_lease_ends_when_the_server_says_so() {
    for kind in Kind::ALL {
        let project = Project::prepared(kind, ONCE, LONG);
        let hold = |milliseconds: i64| {
            let until = doc! { "$add": [{ "$toLong": "$$NOW" }, milliseconds] };
            let set =
                doc! { "$set": { "token": "another", "holder": "process 1 of a@test", "expires_ms": until } };
            let update = doc! { "q": { "_id": "migrate" }, "u": [set], "upsert": true };
            project.database.run(doc! { "update": "whimbrel_lock", "updates": [update] }).unwrap();
        };
        hold(600_000);
        let output = project.run(&["migrate", "--lock-timeout", "100ms"], 4);
        assert!(output.stderr.contains("process 1 of a@test"), "{}", output.stderr);
        hold(-1);
        project.run(&["migrate", "--lock-timeout", "5s"], 0);
    }
}

/// Starts the driver and waits until it has stopped itself at the moment.
fn stopped(project: &Project, moment: usize) -> Child {
    let mut command = project.driver(&["up", &moment.to_string(), "stop"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let stat = format!("/proc/{}/stat", child.id());
    wait_until(&format!("the holder stops at moment {moment}"), || {
        let text = std::fs::read_to_string(&stat).unwrap_or_default();
        text.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    });
    child
}

fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Lets a stopped owner go on after another has finished its work: it must change nothing.
fn is_fenced_off(kind: Kind, text: &str, moments: &[usize]) {
    let whole = Project::prepared(kind, text, SHORT);
    whole.run(&["migrate"], 0);
    let expected = whole.standing();
    in_parallel(moments.len(), |number| {
        let moment = moments[number];
        let project = Project::prepared(kind, text, SHORT);
        let holder = stopped(&project, moment);
        project.run(&["migrate"], 0);
        assert_eq!(project.standing(), expected, "stopped at moment {moment}");
        signal(&holder, Signal::SIGCONT);
        let output = finish(holder);
        ended(&output, 1);
        assert!(output.stderr.contains("migrate::lock_lost"), "moment {moment}: {}", output.stderr);
        assert_eq!(project.standing(), expected, "stopped at moment {moment}, it wrote afterwards");
    });
}

/// In a step, between two steps, in a batch, between two batches.
#[test]
fn a_stopped_owner_is_fenced_off_without_transactions() {
    is_fenced_off(Kind::Engine, STEPPED, &[1, 4, 8, 14, 15]);
}

/// Between two transactions: before the first command, and after steps and batches.
#[test]
fn a_stopped_owner_is_fenced_off_between_transactions() {
    let text = "exports.up = async (db) => {
  await step('one', () => db.collection('counters').updateOne({ _id: 'first' }, { $inc: { n: 1 } }));
  await batch({ collection: 'items', size: 10 }, async (documents) => {
    for (const { _id } of documents) await db.collection('items').updateOne({ _id }, { $inc: { tries: 1 } });
  });
};\n";
    // Begun; the command and the end of the step; the ten commands and the end of a batch.
    is_fenced_off(Kind::SecantusDb, text, &[1, 3, 14, 25]);
}

/// Its transaction is open, with documents that the other one needs: whoever takes over ends it first.
#[test]
fn a_stopped_owner_is_fenced_off_within_a_transaction() {
    is_fenced_off(Kind::SecantusDb, ONCE, &[2, 6, 11]);
}

/// Between the steps and the chunks, each of which is a transaction.
#[test]
fn a_stopped_owner_is_fenced_off_on_the_embedded_engine() {
    is_fenced_off(Kind::Embedded, STEPPED, &[1, 4, 6, 9, 11]);
}

/// Its transaction holds the only right to write: nobody takes over while it is stopped, and it finishes afterwards.
#[test]
fn a_stopped_owner_is_waited_for_within_a_transaction_of_the_embedded_engine() {
    let whole = Project::prepared(Kind::Embedded, ONCE, SHORT);
    whole.run(&["migrate"], 0);
    for moment in [2, 11] {
        let project = Project::prepared(Kind::Embedded, ONCE, SHORT);
        let before = project.standing();
        let holder = stopped(&project, moment);
        std::thread::sleep(SHORT_LEASE);
        let output = project.run(&["migrate", "--lock-timeout", "1s"], 4);
        assert!(output.stderr.contains("migrate::lock_timeout"), "{}", output.stderr);
        assert_eq!(project.standing(), before, "stopped at moment {moment}");
        signal(&holder, Signal::SIGCONT);
        ended(&finish(holder), 0);
        assert_eq!(project.standing(), whole.standing());
    }
}

/// One transaction that outlasts the lease by far: its renewals wait for it, and so do the others.
#[test]
fn a_transaction_that_outlasts_the_lease_is_finished_on_the_embedded_engine() {
    let text = "exports.up = async (db) => {
  const end = Date.now() + 5000;
  while (Date.now() < end) await db.collection('counters').updateOne({ _id: 'first' }, { $set: { n: 1 } });
  await db.collection('counters').updateOne({ _id: 'second' }, { $inc: { n: 1 } });
};\n";
    let project = Project::prepared(Kind::Embedded, text, SHORT);
    let children = [project.start(&["migrate"]), project.start(&["migrate"])];
    let outputs = children.map(finish);
    for output in &outputs {
        ended(output, 0);
    }
    assert!(outputs.iter().any(|output| output.stdout.contains("Nothing to do")));
    assert_eq!(project.count("counters", doc! { "_id": "second", "n": 1 }), 1);
}

/// A chunk of a batch that outlasts the lease: on the embedded engine its transaction holds the only right to write, and a
/// renewal on its way would wait for itself.
#[test]
fn a_chunk_that_outlasts_the_lease_is_finished() {
    let text = "exports.up = async (db) => {
  await batch({ collection: 'items', size: 25 }, async (documents) => {
    const chosen = { _id: { $in: documents.map((document) => document._id) } };
    const end = Date.now() + 3000;
    while (Date.now() < end) await db.collection('items').updateMany(chosen, { $set: { state: 'open' } });
    await db.collection('items').updateMany(chosen, { $inc: { tries: 1 } });
  });
};\n";
    for kind in Kind::ALL {
        let project = Project::prepared(kind, text, SHORT);
        ended(&finish(project.start(&["migrate"])), 0);
        let once: Document = doc! { "tries": 1 };
        assert_eq!(project.count("items", once), items());
    }
}

/// A command that takes longer than the lease keeps it, and so does a pause between batches.
#[test]
fn work_that_outlasts_the_lease_keeps_it() {
    let text = "exports.up = async (db) => {
  await batch({ collection: 'items', size: 25, pause: '3s' }, async (documents) => {
    const ids = documents.map((document) => document._id);
    await db.collection('items').updateMany({ _id: { $in: ids } }, { $inc: { tries: 1 } });
  });
};\n";
    for kind in Kind::ALL {
        let project = Project::prepared(kind, text, SHORT);
        let first = project.start(&["migrate"]);
        wait_until("a batch stands", || !project.journal().is_empty());
        let second = project.start(&["migrate"]);
        let (first, second) = (finish(first), finish(second));
        ended(&first, 0);
        ended(&second, 0);
        assert!(second.stdout.contains("Nothing to do"), "{}{}", second.stdout, second.stderr);
        let once: Document = doc! { "tries": 1 };
        assert_eq!(project.count("items", once), items());
    }
}
