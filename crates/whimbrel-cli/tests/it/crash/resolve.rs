//! An unfinished file that is edited, deleted, left aside, or resolved by hand.

use super::{DOWN, UP, crash_at, ended, journal, prepared, prepared_with, standing};
use crate::faults::query;
use crate::project::{Engine, Project};

const SECOND: &str = "migrations/0002-second.sql";

/// The file after its first unit, on SQLite.
fn begun() -> Project {
    let project = prepared(Engine::Sqlite);
    cut(&project, "up", 2);
    project
}

fn cut(project: &Project, direction: &str, moment: usize) {
    assert!(crash_at(project, direction, moment));
    assert!(!journal(project).is_empty());
}

fn fails(project: &Project, arguments: &[&str], words: &[&str]) {
    let before = standing(project);
    let output = project.run(arguments, 1);
    let text = output.stderr.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    assert_eq!(standing(project), before, "`{}` changed something", arguments.join(" "));
}

#[test]
fn nothing_else_is_done_while_a_file_is_unfinished() {
    let project = begun();
    let words =
        ["migrate::unfinished", "0002 was begun", "whimbrel migrate --to 0002", "resolve 0002 --undone"];
    fails(&project, &["rollback"], &words);
    fails(&project, &["migrate", "--to", "0001"], &words);
    fails(&project, &["migrate", "baseline", "0002"], &words);
    let dry = project.run(&["migrate", "--dry-run"], 0);
    assert!(dry.stdout.contains("0002-second.sql") && dry.stdout.contains("items_price"), "{}", dry.stdout);
    assert!(!dry.stdout.contains("ADD COLUMN state"), "what stands would not run again: {}", dry.stdout);
    fails(&project, &["migrate", "--sql"], &words);
}

#[test]
fn what_was_undone_by_hand_begins_anew() {
    let project = begun();
    let whole = prepared(Engine::Sqlite);
    whole.run(&["migrate"], 0);
    let connection = rusqlite::Connection::open(project.database_path()).unwrap();
    connection.execute("ALTER TABLE items DROP COLUMN state", []).unwrap();
    drop(connection);
    let output = project.run(&["migrate", "resolve", "0002", "--undone"], 0);
    assert!(
        output.stdout.contains("unfinished, 1 of 9 units") && output.stdout.contains("not applied"),
        "{}",
        output.stdout
    );
    let status = project.run(&["migrate", "status"], 0);
    assert!(status.stdout.contains("pending") && journal(&project).is_empty(), "{}", status.stdout);
    project.run(&["migrate"], 0);
    let counters = |project: &Project| query(project, "SELECT name || ' ' || n FROM counters ORDER BY name");
    assert_eq!(counters(&project), counters(&whole));
}

#[test]
fn what_was_done_by_hand_counts_as_applied() {
    let project = begun();
    let output = project.run(&["--json", "migrate", "resolve", "0002", "--applied"], 0);
    assert!(output.stdout.contains("\"applied\""), "{}", output.stdout);
    assert_eq!(
        query(&project, "SELECT version || ' ' || kind FROM whimbrel_history ORDER BY version"),
        ["0001 applied", "0002 baseline"]
    );
    assert!(journal(&project).is_empty());
    let output = project.run(&["migrate"], 0);
    assert!(output.stdout.contains("Nothing to do"), "{}", output.stdout);
}

#[test]
fn a_way_down_is_resolved_too() {
    for (word, versions) in [("--undone", vec!["0001"]), ("--applied", vec!["0001", "0002"])] {
        let project = prepared(Engine::Sqlite);
        project.run(&["migrate"], 0);
        cut(&project, "down", 3);
        let words = ["migrate::unfinished", "rolling back", "whimbrel rollback"];
        fails(&project, &["migrate"], &words);
        project.run(&["migrate", "resolve", "2", word], 0);
        assert_eq!(query(&project, "SELECT version FROM whimbrel_history ORDER BY version"), versions);
        assert!(journal(&project).is_empty());
    }
}

#[test]
fn only_what_is_unfinished_is_resolved() {
    let project = begun();
    fails(
        &project,
        &["migrate", "resolve", "0001", "--undone"],
        &["migrate::not_unfinished", "migrate status"],
    );
    project.run(&["migrate", "resolve", "0002"], 2);
    project.run(&["migrate", "resolve", "0002", "--undone", "--applied"], 2);
    project.run(&["migrate"], 0);
    fails(&project, &["migrate", "resolve", "0002", "--undone"], &["migrate::not_unfinished"]);
}

#[test]
fn a_protected_environment_asks_for_the_flag() {
    let mut project = prepared_with(
        Engine::Sqlite,
        &format!("{UP}\n{DOWN}"),
        "[lint]\nlevel = \"advise\"\n[environments.production]\n",
    );
    project.sandbox.env("WHIMBREL_ENV", "production");
    cut(&project, "up", 2);
    let output = project.run(&["migrate", "resolve", "0002", "--undone"], 5);
    assert!(output.stderr.contains("--allow-destructive"), "{}", output.stderr);
    assert!(!journal(&project).is_empty());
    project.run(&["migrate", "resolve", "0002", "--undone", "--allow-destructive"], 0);
    assert!(journal(&project).is_empty());
}

#[test]
fn an_edit_of_what_ran_is_found() {
    let project = begun();
    let edited = UP.replace("ADD COLUMN state text", "ADD COLUMN state varchar(10)");
    project.sandbox.write(SECOND, format!("{edited}\n{DOWN}")).unwrap();
    fails(&project, &["migrate"], &["migrate::journal_mismatch", "unit 1", "varchar(10)"]);
    let edited = UP
        .replace("ADD COLUMN state text", "ADD  COLUMN state text /* why */")
        .replace("n = n + 1 WHERE name = 'alone'", "n = n + 1 WHERE name IN ('alone')");
    project.sandbox.write(SECOND, format!("{edited}\n{DOWN}")).unwrap();
    project.run(&["migrate"], 0);
}

/// A file that is one transaction knows no journal: it would run what stands a second time.
#[test]
fn an_edit_that_makes_it_one_transaction_is_found() {
    let project = begun();
    let statements =
        |line: &&str| !line.starts_with("-- whimbrel:batch") && !line.starts_with("-- whimbrel:transaction");
    let whole: Vec<&str> = UP.lines().filter(statements).collect();
    project.sandbox.write(SECOND, whole.join("\n")).unwrap();
    fails(&project, &["migrate"], &["migrate::journal_mismatch", "restore the statements"]);
}

#[test]
fn a_file_that_is_gone_is_named() {
    let project = begun();
    std::fs::remove_file(project.sandbox.path(SECOND)).unwrap();
    let words = ["migrate::unfinished", "0002", "restore its file", "resolve 0002 --undone"];
    fails(&project, &["migrate"], &words);
    project
        .sandbox
        .write("migrations/0003-third.sql", "-- whimbrel:up\nCREATE TABLE third (id integer);\n")
        .unwrap();
    fails(&project, &["migrate"], &words);
    ended(&project.run(&["migrate", "resolve", "0002", "--undone"], 0), 0);
    project.run(&["migrate"], 0);
}

#[test]
fn status_shows_what_is_unfinished() {
    let project = begun();
    project.declare("#[derive(Model)]\n#[db(table = \"counters\")]\npub struct Counter {\n    #[db(id)]\n    pub name: String,\n    pub n: i32,\n}\n");
    let status = project.run(&["status"], 0);
    assert!(status.stdout.contains("0002: unfinished, 1 of 9 units"), "{}", status.stdout);
    assert!(status.stdout.contains("version 0002 is not finished"), "{}", status.stdout);
    project.run(&["status", "--exit-code"], 3);
    project.run(&["migrate", "status", "--exit-code"], 3);
    let json = project.run(&["--json", "migrate", "status"], 0);
    let versions: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(versions[1]["unfinished"]["done"], 1, "{versions}");
    assert_eq!(versions[1]["unfinished"]["total"], 9, "{versions}");
}
