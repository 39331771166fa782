//! Many deployers at once: each file is applied once, and whoever waits too long hears of the holder.

use std::os::unix::process::ExitStatusExt as _;

use whimbrel_testkit::PostgresVersion;

use super::interruption::{sleeping, start_sleeping};
use super::{FILES, Standing, applied, check_failure, finish, on_both, query, standing, start, wait_until};
use crate::project::{Engine, Project};

on_both! { sixteen_deployers, sixteen_deployers_init }

/// How many start together.
const DEPLOYERS: usize = 16;

fn sixteen_deployers(engine: Engine) {
    at_once(engine, &["migrate"]);
}

fn sixteen_deployers_init(engine: Engine) {
    at_once(engine, &["init"]);
}

fn at_once(engine: Engine, arguments: &[&str]) {
    let project = Project::bare(engine);
    project
        .sandbox
        .write("migrations/0001-runs.sql", "-- whimbrel:up\nCREATE TABLE runs (file integer NOT NULL);\nINSERT INTO runs (file) VALUES (1);\n")
        .unwrap();
    for file in 2..=5 {
        let text = format!("-- whimbrel:up\nINSERT INTO runs (file) VALUES ({file});\n");
        project.sandbox.write(format!("migrations/{file:04}-again.sql"), text).unwrap();
    }
    project.declare(
        "#[derive(Model)]\n#[db(table = \"runs\", keyless)]\npub struct Run {\n    pub file: i32,\n}\n",
    );
    project.run(&["migrate", "seal"], 0);
    let children: Vec<_> = (0..DEPLOYERS).map(|_| start(&project, arguments)).collect();
    let outputs: Vec<_> = children.into_iter().map(finish).collect();
    for output in &outputs {
        assert_eq!(output.code, Some(0), "{}{}", output.stdout, output.stderr);
    }
    assert_eq!(applied(&project), ["0001", "0002", "0003", "0004", "0005"]);
    assert_eq!(query(&project, "SELECT file FROM runs ORDER BY file"), ["1", "2", "3", "4", "5"]);
    let workers = outputs.iter().filter(|output| output.stderr.contains("applied ")).count();
    assert_eq!(workers, 1, "one deployer applies everything, the others find nothing to do");
}

#[test]
fn lock_is_held_on_postgres() {
    let project = sleeping(PostgresVersion::V17, 60);
    let before = Standing::of(&project);
    let holder = start_sleeping(&project);
    let pid = query(
        &project,
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    assert_eq!(pid.len(), 1, "{pid:?}");
    let named = format!("process {}", pid[0]);
    let arguments = ["migrate", "--lock-timeout", "1s", "--json"];
    let begin = std::time::Instant::now();
    let output = project.sandbox.run(arguments).unwrap();
    assert!(begin.elapsed().as_secs() >= 1 && begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
    check_failure(
        &project,
        &arguments,
        &output,
        (4, "migrate::lock_timeout", &[&named, "user postgres", "--lock-timeout"]),
    );
    // A look does not wait.
    project.run(&["migrate", "status"], 0);
    stop(holder);
    query(&project, &format!("SELECT pg_terminate_backend({})", pid[0]));
    wait_until("the lock is free", || {
        query(&project, &format!("SELECT pid FROM pg_stat_activity WHERE pid = {}", pid[0])).is_empty()
    });
    assert_eq!(Standing::of(&project), before);
}

#[test]
fn lock_is_held_on_sqlite() {
    let project = standing(Engine::Sqlite, "0001");
    let text = "-- whimbrel:up\nCREATE TABLE second (id integer);\nINSERT INTO second (id) VALUES (1), (2), (3), (4), (5), (6), \
                (7), (8), (9), (10);\nINSERT INTO second (id) SELECT a.id FROM second a, second b, second c, second d, second e, \
                second f, second g, second h;\n";
    project.sandbox.write(FILES[1].0, text).unwrap();
    project.run(&["migrate", "seal"], 0);
    let before = Standing::of(&project);
    let holder = start(&project, &["migrate"]);
    let log = project.sandbox.path("database.db-wal");
    wait_until("the holder writes", || std::fs::metadata(&log).is_ok_and(|file| file.len() > 100_000));
    let named = format!("process {}", holder.id());
    let arguments = ["migrate", "--lock-timeout", "1s", "--json"];
    let output = project.sandbox.run(arguments).unwrap();
    let status = project.sandbox.run(["migrate", "status"]).unwrap();
    stop(holder);
    check_failure(&project, &arguments, &output, (4, "migrate::lock_timeout", &[&named, "--lock-timeout"]));
    assert_eq!(status.code, Some(0), "a look does not wait: {}", status.stderr);
    assert_eq!(Standing::of(&project), before);
}

/// Kills a run that must still be going on.
fn stop(mut child: std::process::Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(9), "the holder ended too soon: {status}");
}

#[test]
fn lock_timeouts_have_units() {
    let project = standing(Engine::Sqlite, "0001");
    let output = project.run(&["migrate", "--lock-timeout", "1 parsec"], 2);
    assert!(output.stderr.contains("--lock-timeout") && output.stderr.contains("500ms"), "{}", output.stderr);
    assert_eq!(applied(&project), ["0001"]);
}
