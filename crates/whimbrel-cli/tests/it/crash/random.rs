//! Killed from outside at random times.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};

use whimbrel_testkit::PostgresVersion;

use super::{KILLED, check_status, in_parallel, journal, prepared, standing, start};
use crate::faults::query;
use crate::project::{Engine, Project};

/// How often a run is killed; `WHIMBREL_TEST_CRASHES` asks for another number.
const CRASHES: usize = 200;
/// Runs that are timed: under the same load as those that are killed.
const TIMED: usize = 8;
/// So many kinds of moments must have been hit: nothing, the end, and some between.
const KINDS: usize = 4;
/// The second file's units.
const UNITS: usize = 9;

/// One engine's project before the migration, and what must stand after it.
struct Base {
    project: Project,
    expected: String,
    duration: Duration,
}

impl Base {
    fn of(engine: Engine) -> Self {
        let project = prepared(engine);
        let times = Mutex::new(Vec::new());
        let expected = Mutex::new(String::new());
        in_parallel(TIMED, |number| {
            let copy = project.copy();
            let begin = Instant::now();
            copy.run(&["migrate"], 0);
            times.lock().unwrap().push(begin.elapsed());
            if number == 0 {
                *expected.lock().unwrap() = standing(&copy);
            }
        });
        let mut times = times.into_inner().unwrap();
        times.sort();
        Base { project, expected: expected.into_inner().unwrap(), duration: times[TIMED / 2] }
    }
}

#[test]
fn at_random_times() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seed = number("WHIMBREL_TEST_SEED").unwrap_or_else(now);
    let crashes = number("WHIMBREL_TEST_CRASHES").map_or(CRASHES, |number| usize::try_from(number).unwrap());
    println!("seed {seed}: WHIMBREL_TEST_SEED={seed} repeats the times");
    let bases = [Engine::Sqlite, Engine::Postgres(PostgresVersion::V17)].map(Base::of);
    let hits = Mutex::new(BTreeMap::<String, usize>::new());
    in_parallel(crashes, |run| {
        let base = &bases[run % bases.len()];
        let delay = base.duration.mul_f64(fraction(seed, run));
        let kind = crash_after(base, delay);
        *hits.lock().unwrap().entry(kind).or_default() += 1;
    });
    let hits = hits.into_inner().unwrap();
    println!("uninterrupted: {:?} and {:?}", bases[0].duration, bases[1].duration);
    for (kind, count) in &hits {
        println!("{count:4} {kind}");
    }
    assert_eq!(hits.values().sum::<usize>(), crashes);
    assert!(hits.len() >= KINDS, "seed {seed} hit too few kinds of moments: {hits:?}");
}

/// Kills a run after the delay, lets the next one finish, and tells how far the first one had come.
fn crash_after(base: &Base, delay: Duration) -> String {
    let project = base.project.copy();
    let mut child = start(&project, &["migrate"]);
    std::thread::sleep(delay);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(KILLED);
    assert!(killed || status.success(), "{status}");
    let left = journal(&project);
    let applied = query(&project, "SELECT version FROM whimbrel_history WHERE version = '0002'").len();
    let kind = match (left.len(), applied) {
        (0, 0) => "0 nothing had begun".to_owned(),
        (0, _) if killed => "8 the history had it".to_owned(),
        (0, _) => "9 the run had ended".to_owned(),
        (rows, _) => format!("{} of the journal's rows", rows.min(7)),
    };
    check_status(&project, UNITS);
    project.run(&["migrate"], 0);
    assert_eq!(standing(&project), base.expected, "killed after {delay:?}: {kind}, {left:?}");
    kind
}

/// A number from 0 to 1, always the same for a seed and a run.
pub(crate) fn fraction(seed: u64, run: usize) -> f64 {
    // SplitMix64.
    let mut state = seed.wrapping_add((run as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let high = u32::try_from((state ^ (state >> 31)) >> 32).unwrap();
    f64::from(high) / f64::from(u32::MAX)
}
