//! `index apply` killed at random times, while others write.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use whimbrel_testkit::PostgresVersion;

use crate::crash::random::fraction;
use crate::crash::{KILLED, in_parallel, start, wait_until};
use crate::faults::query;
use crate::load::under_load;
use crate::project::{Engine, Project};

/// How often a run is killed.
const KILLS: usize = 20;
/// About as long as a build takes at most, from the start of the process.
const LONGEST: Duration = Duration::from_millis(1_600);
/// Rows of the table; each takes a hundredth of a second to be indexed, twice.
const ROWS: usize = 40;
const PAUSE: Duration = Duration::from_millis(40);

const FIRST: &str = "-- whimbrel:up
CREATE TABLE items (id integer PRIMARY KEY, price integer NOT NULL);
CREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(0.01); RETURN $1; END $$;
CREATE INDEX items_slow ON items (slow(price));
-- whimbrel:down
DROP TABLE items;
DROP FUNCTION slow(integer);
";
const SCHEMA: &str = "#[derive(Model)]\n#[db(table = \"items\")]\npub struct Item {\n    #[db(id)]\n    pub id: i32,\n    pub price: i32,\n}\n";
const BUILDERS: &str = "SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()";

fn prepared() -> Project {
    let project = Project::bare(Engine::Postgres(PostgresVersion::V17));
    project.declare(SCHEMA);
    project.sandbox.write("migrations/0001-items.sql", FIRST).unwrap();
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate"], 0);
    query(&project, "DROP INDEX items_slow");
    query(&project, &format!("INSERT INTO items SELECT n, n FROM generate_series(1, {ROWS}) n"));
    project
}

fn validity(project: &Project) -> Vec<String> {
    query(
        project,
        "SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'items_slow%'",
    )
}

/// Kills one run, lets the next one finish, and tells what the first had left.
fn kill(base: &Project, seed: u64, run: usize) -> String {
    let project = base.copy();
    let left = under_load(
        project.url(),
        vec![run],
        PAUSE,
        |next, connection| {
            *next += 100;
            connection.run(&format!("INSERT INTO items VALUES ({next}, 1)"));
            connection.run(&format!("DELETE FROM items WHERE id = {next}"));
        },
        |_| {
            let mut child = start(&project, &["index", "apply"]);
            std::thread::sleep(LONGEST.mul_f64(fraction(seed, run)));
            child.kill().unwrap();
            let status = child.wait().unwrap();
            let killed = std::os::unix::process::ExitStatusExt::signal(&status) == Some(KILLED);
            let builds = !query(&project, BUILDERS).is_empty();
            if builds && run.is_multiple_of(2) {
                // The server is cut off as well.
                query(&project, &BUILDERS.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"));
                wait_until("the build has ended", || query(&project, BUILDERS).is_empty());
            }
            let left = match (killed, validity(&project).as_slice()) {
                (false, _) => "it was done before",
                (true, []) => "nothing stood",
                (true, [one]) if one == "t" => "it stood",
                (true, _) if builds && !run.is_multiple_of(2) => "the server built on",
                (true, _) => "it was invalid",
            };
            project.run(&["index", "apply"], 0);
            left.to_owned()
        },
    );
    assert_eq!(validity(&project), ["t"], "seed {seed}, run {run}");
    project.run(&["index", "plan", "--exit-code"], 0);
    left.1
}

#[test]
fn a_killed_build_is_finished_by_the_next_run() {
    let given = std::env::var("WHIMBREL_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seed = given.unwrap_or_else(now);
    println!("seed {seed}: WHIMBREL_TEST_SEED={seed} repeats the times");
    let base = prepared();
    let hits = Mutex::new(BTreeMap::<String, usize>::new());
    in_parallel(KILLS, |run| {
        let left = kill(&base, seed, run);
        *hits.lock().unwrap().entry(left).or_default() += 1;
    });
    let hits = hits.into_inner().unwrap();
    for (left, count) in &hits {
        println!("{count:4} {left}");
    }
    assert_eq!(hits.values().sum::<usize>(), KILLS);
    assert!(hits.len() >= 3, "seed {seed} hit too few kinds of moments: {hits:?}");
}
