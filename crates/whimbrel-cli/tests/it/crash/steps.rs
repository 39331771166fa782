//! Killed at every moment of the journal, one run a moment.

use whimbrel_testkit::PostgresVersion;

use super::{check_status, crash_at, in_parallel, journal, moments, prepared, standing};
use crate::faults::query;
use crate::project::{Engine, Project};

/// Begun and done; six units that are one transaction each; two concurrent ones with intent, run and done; six batches and
/// the end of them; the history.
const UP_ON_POSTGRES: usize = 2 + 6 + 2 * 3 + (6 + 1) + 1;
/// There every statement runs in a transaction.
const UP_ON_SQLITE: usize = 2 + 6 + 2 + (6 + 1) + 1;
const DOWN_ON_POSTGRES: usize = 2 + 5 + 2 * 3 + (6 + 1) + 1;
const DOWN_ON_SQLITE: usize = 2 + 5 + 2 + (6 + 1) + 1;
const UNITS_UP: usize = 9;
const UNITS_DOWN: usize = 8;

/// A way to go: the driver's word, the command that finishes it, and its moments.
struct Way {
    direction: &'static str,
    command: &'static [&'static str],
    moments: usize,
    units: usize,
}

const fn up(moments: usize) -> Way {
    Way { direction: "up", command: &["migrate"], moments, units: UNITS_UP }
}

const fn down(moments: usize) -> Way {
    Way { direction: "down", command: &["migrate", "--to", "0001"], moments, units: UNITS_DOWN }
}

impl Way {
    /// A project at its beginning.
    fn begin(&self, base: &Project) -> Project {
        base.copy()
    }

    fn base(&self, engine: Engine) -> Project {
        let project = prepared(engine);
        if self.direction == "down" {
            project.run(&["migrate"], 0);
        }
        project
    }

    fn uninterrupted(&self, base: &Project) -> String {
        let project = self.begin(base);
        let seen = moments(&project, self.direction);
        assert_eq!(seen.len(), self.moments, "{seen:#?}");
        check_counters(&project, self.direction);
        standing(&project)
    }
}

/// Nothing ran twice, and nothing was left out.
fn check_counters(project: &Project, direction: &str) {
    let counters = query(project, "SELECT name || ' ' || n FROM counters ORDER BY name");
    let down = usize::from(direction == "down");
    assert_eq!(counters, ["alone 1".to_owned(), format!("down {down}"), "group 1".to_owned()]);
    let rows = query(
        project,
        "SELECT count(*) || ' ' || min(tries) || ' ' || max(tries) || ' ' || min(returns) || ' ' || max(returns) FROM items",
    );
    assert_eq!(rows, [format!("50 1 1 {down} {down}")]);
}

fn at_every_moment(engine: Engine, way: &Way) {
    let base = way.base(engine);
    let expected = way.uninterrupted(&base);
    in_parallel(way.moments, |number| {
        let moment = number + 1;
        let project = way.begin(&base);
        assert!(crash_at(&project, way.direction, moment), "moment {moment} did not come");
        check_status(&project, way.units);
        let left = journal(&project);
        project.run(way.command, 0);
        check_counters(&project, way.direction);
        assert_eq!(standing(&project), expected, "killed at moment {moment}, with the journal {left:?}");
        check_status(&project, way.units);
        let again = project.run(way.command, 0);
        assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    });
}

/// Killed, and the run that goes on killed as well, some moments later, and that one too.
fn again_and_again(engine: Engine, way: &Way) {
    let base = way.base(engine);
    let expected = way.uninterrupted(&base);
    in_parallel(way.moments.div_ceil(2), |number| {
        let first = 2 * number + 1;
        let project = way.begin(&base);
        assert!(crash_at(&project, way.direction, first), "moment {first} did not come");
        for later in [1 + first % 4, 2 + first % 3] {
            crash_at(&project, way.direction, later);
        }
        project.run(way.command, 0);
        check_counters(&project, way.direction);
        assert_eq!(standing(&project), expected, "killed at moment {first}, and twice after it");
    });
}

#[test]
fn upwards_on_postgres_15() {
    at_every_moment(Engine::Postgres(PostgresVersion::V15), &up(UP_ON_POSTGRES));
}

#[test]
fn upwards_on_postgres_18() {
    at_every_moment(Engine::Postgres(PostgresVersion::V18), &up(UP_ON_POSTGRES));
}

#[test]
fn upwards_on_sqlite() {
    at_every_moment(Engine::Sqlite, &up(UP_ON_SQLITE));
}

#[test]
fn downwards_on_postgres() {
    at_every_moment(Engine::Postgres(PostgresVersion::V15), &down(DOWN_ON_POSTGRES));
}

#[test]
fn downwards_on_sqlite() {
    at_every_moment(Engine::Sqlite, &down(DOWN_ON_SQLITE));
}

#[test]
fn several_times_on_postgres() {
    again_and_again(Engine::Postgres(PostgresVersion::V18), &up(UP_ON_POSTGRES));
}

#[test]
fn several_times_on_sqlite() {
    again_and_again(Engine::Sqlite, &up(UP_ON_SQLITE));
}
