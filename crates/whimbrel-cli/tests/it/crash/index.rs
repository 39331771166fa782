//! Concurrent index builds that are cut off, or fail.

use whimbrel_testkit::PostgresVersion;

use super::{ended, finish, prepared_with, start, wait_until};
use crate::faults::query;
use crate::project::{Engine, Project};

/// An index whose build takes about as many hundredths of a second as the table has rows.
const SLOW_FUNCTION: &str = "CREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS \
                             $$ BEGIN PERFORM pg_sleep(0.02); RETURN $1; END $$";
const SLOW_INDEX: &str = "-- whimbrel:up\nUPDATE counters SET n = n + 1 WHERE name = 'alone';\n\
                          CREATE INDEX CONCURRENTLY items_slow ON items (slow(price));\n\
                          UPDATE counters SET n = n + 1 WHERE name = 'group';\n";
const UNIQUE_INDEX: &str = "-- whimbrel:up\nUPDATE counters SET n = n + 1 WHERE name = 'alone';\n\
                            CREATE UNIQUE INDEX CONCURRENTLY items_once ON items (returns, price);\n\
                            UPDATE counters SET n = n + 1 WHERE name = 'group';\n";
/// The back ends that build an index here.
const BUILDERS: &str = "SELECT pid FROM pg_stat_progress_create_index WHERE datname = current_database()";

fn indexes(project: &Project, name: &str) -> Vec<String> {
    query(
        project,
        &format!(
            "SELECT indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname = '{name}'"
        ),
    )
}

fn slow(version: PostgresVersion) -> Project {
    let project = prepared_with(Engine::Postgres(version), SLOW_INDEX, "");
    query(&project, SLOW_FUNCTION);
    project
}

fn ran_once(project: &Project) {
    let counters = query(project, "SELECT name || ' ' || n FROM counters ORDER BY name");
    assert_eq!(counters, ["alone 1", "down 0", "group 1"]);
}

fn cut_off(version: PostgresVersion) {
    let project = slow(version);
    let child = start(&project, &["migrate"]);
    wait_until("the index is built", || !query(&project, BUILDERS).is_empty());
    query(&project, &BUILDERS.replace("SELECT pid", "SELECT pg_terminate_backend(pid)"));
    let output = finish(child);
    ended(&output, 1);
    assert!(output.stderr.contains("connect::lost"), "{}", output.stderr);
    assert_eq!(indexes(&project, "items_slow"), ["f"], "the build was cut off halfway");
    let status = project.run(&["migrate", "status"], 0);
    assert!(status.stdout.contains("unfinished, 1 of 3 units"), "{}", status.stdout);
    let output = project.run(&["migrate"], 0);
    assert!(output.stderr.contains("items_slow was left INVALID"), "{}", output.stderr);
    assert_eq!(indexes(&project, "items_slow"), ["t"]);
    ran_once(&project);
}

#[test]
fn cut_off_on_postgres_15() {
    cut_off(PostgresVersion::V15);
}

#[test]
fn cut_off_on_postgres_18() {
    cut_off(PostgresVersion::V18);
}

/// The server builds on for a client that is gone; the next deployer waits for it, and does not build twice.
#[test]
fn the_deployer_is_killed_and_the_server_builds_on() {
    let project = slow(PostgresVersion::V17);
    let mut child = start(&project, &["migrate"]);
    wait_until("the index is built", || !query(&project, BUILDERS).is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
    let built = query(&project, "SELECT oid FROM pg_class WHERE relname = 'items_slow'");
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT oid FROM pg_class WHERE relname = 'items_slow'"), built);
    assert_eq!(indexes(&project, "items_slow"), ["t"]);
    ran_once(&project);
}

/// Rows that stand there are found before anything is built.
#[test]
fn duplicates_are_found_before_the_build() {
    let project = prepared_with(Engine::Postgres(PostgresVersion::V17), UNIQUE_INDEX, "");
    let output = project.run(&["migrate"], 1);
    assert!(output.stderr.contains("migrate::violations"), "{}", output.stderr);
    assert_eq!(indexes(&project, "items_once"), Vec::<String>::new());
    query(&project, "UPDATE items SET returns = id");
    project.run(&["migrate"], 0);
    assert_eq!(indexes(&project, "items_once"), ["t"]);
    ran_once(&project);
}

/// A duplicate that comes in while the index is built fails the build in its second half.
#[test]
fn a_duplicate_fails_the_build_and_nothing_of_it_stays() {
    let key = "slow(price + id * 100)";
    let text = UNIQUE_INDEX.replace("(returns, price)", &format!("({key})"));
    let project = prepared_with(Engine::Postgres(PostgresVersion::V17), &text, "");
    query(&project, SLOW_FUNCTION);
    let child = start(&project, &["migrate"]);
    wait_until("the index is built", || {
        !query(&project, &format!("{BUILDERS} AND phase LIKE 'building index%'")).is_empty()
    });
    // The row of number 50 has the price 9.
    project.database().psql("INSERT INTO items (id, label, price) VALUES (51, 'twice', -91)").unwrap();
    let output = finish(child);
    ended(&output, 1);
    for word in ["migrate::statement_failed", "23505", "=(5009)", "INVALID and is dropped", "the next run"] {
        assert!(output.stderr.contains(word), "no {word:?} in {}", output.stderr);
    }
    assert_eq!(indexes(&project, "items_once"), Vec::<String>::new());
    let status = project.run(&["migrate", "status"], 0);
    assert!(status.stdout.contains("unfinished, 1 of 3 units"), "{}", status.stdout);
    project.database().psql("DELETE FROM items WHERE id = 51").unwrap();
    project.run(&["migrate"], 0);
    assert_eq!(indexes(&project, "items_once"), ["t"]);
    ran_once(&project);
}

/// `IF NOT EXISTS` takes an INVALID index for a whole one.
#[test]
fn an_invalid_index_is_no_index_to_if_not_exists() {
    let text = UNIQUE_INDEX.replace("CONCURRENTLY", "CONCURRENTLY IF NOT EXISTS");
    let project = prepared_with(Engine::Postgres(PostgresVersion::V17), &text, "");
    let sql = "CREATE UNIQUE INDEX CONCURRENTLY items_once ON items (returns, price)";
    assert!(project.database().psql(sql).is_err(), "the rows are no duplicates");
    assert_eq!(indexes(&project, "items_once"), ["f"]);
    query(&project, "UPDATE items SET returns = id");
    project.run(&["migrate"], 0);
    assert_eq!(indexes(&project, "items_once"), ["t"]);
    ran_once(&project);
}

/// The journal is written by the user who connected, whatever role the file has taken on.
#[test]
fn a_role_that_the_file_takes_on_writes_no_journal() {
    let text = "-- whimbrel:up\nSET ROLE pg_monitor;\nSELECT 1;\nRESET ROLE;\n\
                CREATE INDEX CONCURRENTLY items_price ON items (price);\nSET ROLE pg_monitor;\nSELECT 2;\n";
    let project = prepared_with(
        Engine::Postgres(PostgresVersion::V15),
        &format!("{text}RESET ROLE;\nUPDATE counters SET n = n + 1 WHERE name IN ('alone', 'group');\n"),
        "",
    );
    project.run(&["migrate"], 0);
    ran_once(&project);
}
