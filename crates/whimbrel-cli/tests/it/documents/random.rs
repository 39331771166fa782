//! Killed from outside at random times.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use super::scripts::{COLLECTIONS, ONCE, REPEATABLE, STEPPED};
use super::{Kind, Project};
use crate::crash::in_parallel;
use crate::crash::random::fraction;

/// How often a run is killed; `WHIMBREL_TEST_CRASHES` asks for another number.
const CRASHES: usize = 105;
/// One in so many runs of a way is killed before its migration begins.
const EARLY: usize = 5;
/// How often a server is looked at that may still work on a killed process's last command.
const LOOKS: usize = 50;
/// The time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(40);
/// So many kinds of moments must have been hit, of all seven ways together.
const KINDS: usize = 14;
/// A lease that is soon over: so long does the next run wait for the killed one.
const LEASE: &str = "[pool]\nlease = \"1s\"\n";
/// The scripts, and where they are killed.
const WAYS: [(Kind, &str, &str); 7] = [
    (Kind::SecantusDb, "together", ONCE),
    (Kind::Engine, "repeatable", REPEATABLE),
    (Kind::Engine, "stepped", STEPPED),
    (Kind::Engine, "once only", ONCE),
    (Kind::Embedded, "embedded together", ONCE),
    (Kind::Embedded, "embedded collections", COLLECTIONS),
    (Kind::Embedded, "embedded stepped", STEPPED),
];

/// The seed of a run's random times: the environment's, or the time.
pub(super) fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let given = std::env::var("WHIMBREL_TEST_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(now)
}

/// How many runs are killed: the environment's number, or this one.
pub(super) fn crashes(usual: usize) -> usize {
    let given = std::env::var("WHIMBREL_TEST_CRASHES").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(usual)
}

/// What a way leaves when nobody interrupts it, and how long it takes to begin and from there to the end.
struct Base {
    before: String,
    after: String,
    reached: String,
    start: Duration,
    rest: Duration,
}

fn base(kind: Kind, text: &str) -> Base {
    let project = Project::prepared(kind, text, LEASE);
    let before = project.standing();
    let begin = Instant::now();
    let mut child = started(&project);
    let mut lines = moments(&mut child);
    assert!(lines.next().is_some(), "the migration began");
    let start = begin.elapsed();
    assert!(lines.count() > 0, "the migration went on");
    let rest = begin.elapsed() - start;
    assert!(child.wait().unwrap().success());
    Base { before, after: project.standing(), reached: project.reached(), start, rest }
}

/// The driver, which writes a line at every moment of the journal.
fn started(project: &Project) -> Child {
    project.driver(&["up", "0"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

fn moments(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.stdout.take().unwrap()).lines()
}

#[test]
fn at_random_times() {
    let (seed, crashes) = (seed(), crashes(CRASHES));
    println!("seed {seed}: WHIMBREL_TEST_SEED={seed} repeats the times");
    let bases = WAYS.map(|(kind, _, text)| base(kind, text));
    let hits = Mutex::new(BTreeMap::<String, usize>::new());
    in_parallel(crashes, |run| {
        let way = run % WAYS.len();
        // Most of the time goes by before the migration begins; most of the kills come after that.
        let is_early = (run / WAYS.len()).is_multiple_of(EARLY);
        let base = &bases[way];
        let delay = if is_early { base.start } else { base.rest }.mul_f64(fraction(seed, run));
        let kind = crash_after(WAYS[way], base, is_early, delay);
        *hits.lock().unwrap().entry(kind).or_default() += 1;
    });
    let hits = hits.into_inner().unwrap();
    for (kind, count) in &hits {
        println!("{count:4} {kind}");
    }
    assert_eq!(hits.values().sum::<usize>(), crashes);
    assert!(hits.len() >= KINDS, "seed {seed} hit too few kinds of moments: {hits:?}");
}

/// Waits until the server has finished what the killed process had sent: nothing changes any more.
fn settled(project: &Project) {
    let mut seen = project.standing();
    for _ in 0..LOOKS {
        std::thread::sleep(BETWEEN_LOOKS);
        let now = project.standing();
        if now == seen {
            return;
        }
        seen = now;
    }
    panic!("a killed process still changes something");
}

/// Kills a run after the delay, counted from its start or from the beginning of the migration; lets the next one go on,
/// and tells how far the first one had come.
fn crash_after(
    (kind, name, text): (Kind, &str, &str),
    base: &Base,
    is_early: bool,
    delay: Duration,
) -> String {
    let project = Project::prepared(kind, text, LEASE);
    let mut child = started(&project);
    let mut lines = moments(&mut child);
    if !is_early {
        assert!(lines.next().is_some(), "the migration began");
    }
    std::thread::sleep(delay);
    child.kill().unwrap();
    child.wait().unwrap();
    settled(&project);
    let left = project.journal();
    let is_applied = project.history().len() == 2;
    let far = match (left.len(), is_applied) {
        (0, false) => "nothing had begun".to_owned(),
        (_, true) => "the history had it".to_owned(),
        (rows, false) => format!("the journal had {rows} rows"),
    };
    if kind.has_transactions() && text != STEPPED {
        let expected = if is_applied { &base.after } else { &base.before };
        assert_eq!(&project.standing(), expected, "{name}, killed after {delay:?}: {far}");
    }
    if name == "once only" && !left.is_empty() && !is_applied {
        project.fails(&["migrate"], &["migrate::script_interrupted"]);
        project.run(&["migrate", "resolve", "0002", "--applied"], 0);
        assert!(project.journal().is_empty());
    } else {
        project.run(&["migrate"], 0);
        assert_eq!(project.reached(), base.reached, "{name}, killed after {delay:?}: {far}, {left:?}");
        assert!(is_applied || project.journal().is_empty(), "{name}: {:?}", project.journal());
    }
    format!("{name}: {far}")
}
