//! The server itself is killed in the middle of a migration, and comes back.

use whimbrel_testkit::{PostgresServer, PostgresVersion, Sandbox};

use super::{finish, first_file, wait_until};
use crate::catalogue::server_words;

/// What takes long enough to be cut off in: an index build, batches with pauses, a transaction.
const SECOND: &str = "-- whimbrel:up
UPDATE counters SET n = n + 1 WHERE name = 'alone';
CREATE INDEX CONCURRENTLY items_slow ON items (slow(price));
-- whimbrel:batch size=10 pause=200ms
UPDATE items SET tries = tries + 1;
-- whimbrel:transaction on
CREATE TABLE notes (id integer PRIMARY KEY);
UPDATE counters SET n = n + 1 WHERE name = 'group';
SELECT pg_sleep(2);
-- whimbrel:transaction off
ALTER TABLE items ADD CONSTRAINT items_tried CHECK (tries = 1) NOT VALID;
ALTER TABLE items VALIDATE CONSTRAINT items_tried;
";
const SLOW_FUNCTION: &str = "-- whimbrel:up\nCREATE FUNCTION slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS \
                             $$ BEGIN PERFORM pg_sleep(0.04); RETURN $1; END $$;\n";
/// When the server is killed: a query that then gives something.
const MOMENTS: [(&str, &str); 3] = [
    ("the index is built", "SELECT pid FROM pg_stat_progress_create_index"),
    ("two batches stand", "SELECT position FROM whimbrel_journal WHERE cursor = '20'"),
    (
        "the transaction is open",
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE 'SELECT pg_sleep(2)%'",
    ),
];
const HISTORY: &str = "SELECT version, kind FROM whimbrel_history ORDER BY version; SELECT * FROM whimbrel_journal; \
                       SELECT document FROM whimbrel_state WHERE key = 'reached'";

fn project() -> Sandbox {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
    sandbox.write("whimbrel.toml", "name = \"case\"\nmodel = \"relational\"\n").unwrap();
    sandbox.write("migrations/0001-first.sql", first_file()).unwrap();
    sandbox.write("migrations/0002-slow.sql", SLOW_FUNCTION).unwrap();
    sandbox.write("migrations/0003-second.sql", SECOND).unwrap();
    sandbox
}

fn server_is_killed(version: PostgresVersion) {
    let mut server = PostgresServer::start_durable(version).unwrap();
    let mut sandbox = project();
    server.create_database("whole").unwrap();
    sandbox.env("WHIMBREL_URL", server.url("whole"));
    let output = sandbox.run(["migrate"]).unwrap();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let standing = |server: &PostgresServer, database: &str| {
        let words = server.psql(database, &server_words()).unwrap();
        format!("{words}\n{}", server.psql(database, HISTORY).unwrap())
    };
    let expected = standing(&server, "whole");
    for (number, (moment, query)) in MOMENTS.into_iter().enumerate() {
        let database = format!("cut{number}");
        server.create_database(&database).unwrap();
        sandbox.env("WHIMBREL_URL", server.url(&database));
        let pipe = std::process::Stdio::piped;
        let child = sandbox.command().arg("migrate").stdout(pipe()).stderr(pipe()).spawn().unwrap();
        wait_until(moment, || server.psql(&database, query).is_ok_and(|rows| !rows.trim().is_empty()));
        server.kill9().unwrap();
        let output = finish(child);
        assert_eq!(output.code, Some(1), "{moment}: {}", output.stderr);
        assert!(output.stderr.contains("connect::lost"), "{moment}: {}", output.stderr);
        server.restart().unwrap();
        let output = sandbox.run(["migrate"]).unwrap();
        assert_eq!(output.code, Some(0), "{moment}: {}", output.stderr);
        assert_eq!(standing(&server, &database), expected, "killed when {moment}");
    }
}

#[test]
fn server_15_is_killed() {
    server_is_killed(PostgresVersion::V15);
}

#[test]
fn server_18_is_killed() {
    server_is_killed(PostgresVersion::V18);
}
