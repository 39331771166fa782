//! A connection that drops and a process that is killed in the middle of a file.

use std::process::Child;

use whimbrel_testkit::PostgresVersion;

use super::{FILES, Standing, applied, check_failure, finish, query, standing, start, wait_until};
use crate::project::{Engine, Project};

/// Waits as long as the table `pace` says, between two statements that would leave something behind.
const SLOW: &str = "-- whimbrel:up\nCREATE TABLE second (id integer PRIMARY KEY);\nSELECT pg_sleep(seconds) FROM pace;\n\
                    INSERT INTO second (id) VALUES (2);\n-- whimbrel:down\nDROP TABLE second;\n";
/// Ten million rows: long enough to be killed in.
const HEAVY: &str = "-- whimbrel:up\nCREATE TABLE second (id integer);\nINSERT INTO second (id) SELECT a.id FROM ten a, ten b, ten c, \
                     ten d, ten e, ten f, ten g;\n-- whimbrel:down\nDROP TABLE second;\n";

/// The back ends of this database that sleep within a migration.
const SLEEPERS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                        AND wait_event = 'PgSleep'";

/// The first file is applied; the second one sleeps.
pub(super) fn sleeping(version: PostgresVersion, seconds: u32) -> Project {
    let project = standing(Engine::Postgres(version), "0001");
    project.database().psql("CREATE TABLE pace (seconds integer)").unwrap();
    set_pace(&project, seconds);
    project.sandbox.write(FILES[1].0, SLOW).unwrap();
    project.run(&["migrate", "seal"], 0);
    project
}

pub(super) fn set_pace(project: &Project, seconds: u32) {
    project.database().psql(&format!("DELETE FROM pace; INSERT INTO pace VALUES ({seconds})")).unwrap();
}

/// Starts `migrate` and waits until its statement sleeps.
pub(super) fn start_sleeping(project: &Project) -> Child {
    let child = start(project, &["migrate"]);
    wait_until("the migration sleeps", || !query(project, SLEEPERS).is_empty());
    child
}

fn completes(project: &Project) {
    project.run(&["migrate"], 0);
    assert_eq!(applied(project), ["0001", "0002", "0003"]);
}

fn connection_is_lost(version: PostgresVersion) {
    let project = sleeping(version, 60);
    let before = Standing::of(&project);
    let child = start_sleeping(&project);
    query(&project, &SLEEPERS.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"));
    let output = finish(child);
    check_failure(&project, &["migrate"], &output, (1, "connect::lost", &[]));
    for word in ["0002-second.sql", "127.0.0.1", "run the same command again"] {
        let text = output.stderr.replace("\n        ", " ");
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    assert_eq!(Standing::of(&project), before);
    set_pace(&project, 0);
    completes(&project);
}

#[test]
fn lost_connection_on_postgres_15() {
    connection_is_lost(PostgresVersion::V15);
}

#[test]
fn lost_connection_on_postgres_18() {
    connection_is_lost(PostgresVersion::V18);
}

#[test]
fn killed_on_postgres() {
    let project = sleeping(PostgresVersion::V17, 2);
    let before = Standing::of(&project);
    let mut child = start_sleeping(&project);
    child.kill().unwrap();
    child.wait().unwrap();
    // The next deployer waits until the server has noticed, and finds the file as if it had never begun.
    wait_until("the server notices", || query(&project, SLEEPERS).is_empty());
    wait_until("the session ends", || {
        query(
            &project,
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .is_empty()
    });
    assert_eq!(Standing::of(&project), before);
    set_pace(&project, 0);
    completes(&project);
}

/// A deployer that was killed does not make the next one fail, even while its last statement still runs.
#[test]
fn the_next_deployer_waits_for_a_killed_one() {
    let project = sleeping(PostgresVersion::V17, 2);
    let mut child = start_sleeping(&project);
    set_pace(&project, 0);
    child.kill().unwrap();
    child.wait().unwrap();
    completes(&project);
    assert_eq!(query(&project, "SELECT count(*) FROM second"), ["1"]);
}

#[test]
fn killed_on_sqlite() {
    let project = standing(Engine::Sqlite, "0");
    project
        .sandbox
        .write(
            FILES[0].0,
            "-- whimbrel:up\nCREATE TABLE ten (id integer PRIMARY KEY);\nINSERT INTO ten (id) VALUES \
        (1), (2), (3), (4), (5), (6), (7), (8), (9), (10);\n",
        )
        .unwrap();
    project.run(&["migrate", "--to", "0001"], 0);
    project.sandbox.write(FILES[1].0, HEAVY).unwrap();
    project.run(&["migrate", "seal"], 0);
    let before = Standing::of(&project);
    let mut child = start(&project, &["migrate"]);
    let log = project.sandbox.path("database.db-wal");
    wait_until("rows reach the disk", || std::fs::metadata(&log).is_ok_and(|file| file.len() > 1_000_000));
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), None, "the run ended before it was killed");
    assert_eq!(Standing::of(&project), before);

    let small = HEAVY.replace("ten d, ten e, ten f, ten g", "ten d");
    project.sandbox.write(FILES[1].0, small).unwrap();
    completes(&project);
    assert_eq!(query(&project, "SELECT count(*) FROM second"), ["10000"]);
}
