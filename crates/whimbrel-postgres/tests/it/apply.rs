//! A step is one transaction: all of it with its row in the history, or nothing.

use std::time::Duration;

use whimbrel_engine::{
    Applied, Engine as _, EngineError, HistoryChange, Notice, Relational as _, Unwatched, Watch,
};
use whimbrel_testkit::PostgresVersion;

use crate::support::{VERSIONS, code, connect, entry, fresh, help, labelled, step};

async fn versions(postgres: &mut whimbrel_postgres::Postgres) -> Vec<String> {
    postgres.history().await.unwrap().into_iter().map(|entry| entry.version).collect()
}

#[tokio::test]
async fn a_step_and_its_history_row_are_applied_and_taken_back() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        assert!(postgres.prepare().await.unwrap());
        let up =
            step("0001", &["CREATE TABLE a (id int)", "SELECT pg_sleep(0.05)", "INSERT INTO a VALUES (7)"]);
        let duration = postgres.apply(&up, &mut Unwatched).await.unwrap().duration_ms;
        assert!((50..5_000).contains(&duration), "{duration}");
        assert_eq!(database.psql("SELECT id FROM a").unwrap().trim(), "7");
        let history = postgres.history().await.unwrap();
        assert_eq!(history.len(), 1);
        assert_eq!((history[0].version.as_str(), history[0].duration_ms), ("0001", duration));
        assert!(history[0].applied_at.starts_with("20") && history[0].applied_at.ends_with('Z'));
        let mut down = step("0001", &["DROP TABLE a"]);
        down.history = HistoryChange::Remove { version: "0001".to_owned() };
        postgres.apply(&down, &mut Unwatched).await.unwrap();
        assert!(versions(&mut postgres).await.is_empty());
        assert!(database.psql("SELECT id FROM a").is_err());
    }
}

#[tokio::test]
async fn a_failing_statement_leaves_nothing_and_is_pointed_at() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        postgres.prepare().await.unwrap();
        let cases = [
            // The server names a place after characters that are longer than a byte.
            ("INSERT INTO a SELECT 'né', colour FROM a", "colour", "42703"),
            ("CREAT TABLE b (id int)", "CREAT", "42601"),
            ("SELECT 'ünfinished", "'ünfinished", "42601"),
            // It names none: the whole statement.
            ("INSERT INTO a VALUES (1), (1)", "INSERT INTO a VALUES (1), (1)", "23505"),
            ("SELECT 1/0", "SELECT 1/0", "22012"),
        ];
        for (sql, expected, state) in cases {
            let failing =
                step("0001", &["CREATE TABLE a (id int PRIMARY KEY)", sql, "CREATE TABLE c (id int)"]);
            let error = postgres.apply(&failing, &mut Unwatched).await.unwrap_err();
            assert_eq!(code(&error), "migrate::statement_failed");
            assert_eq!(labelled(&error, &failing), expected, "{error}");
            assert!(error.to_string().contains(state), "{error}");
            assert!(help(&error).contains("nothing of the file stands"), "{}", help(&error));
            assert!(versions(&mut postgres).await.is_empty());
            assert!(database.psql("SELECT 1 FROM a").is_err());
        }
        // The session is usable.
        postgres.apply(&step("0001", &["CREATE TABLE a (id int)"]), &mut Unwatched).await.unwrap();
        assert_eq!(versions(&mut postgres).await, ["0001"]);
    }
}

#[tokio::test]
async fn the_servers_detail_and_hint_are_in_the_help() {
    let (_database, mut postgres) = fresh(PostgresVersion::V17).await;
    postgres.prepare().await.unwrap();
    let duplicate = step("0001", &["CREATE TABLE a (id int PRIMARY KEY)", "INSERT INTO a VALUES (4), (4)"]);
    let error = postgres.apply(&duplicate, &mut Unwatched).await.unwrap_err();
    assert!(help(&error).contains("detail: Key (id)=(4) already exists."), "{}", help(&error));
    let misspelt = step("0001", &["CREATE TABLE a (name text)", "SELECT nam FROM a"]);
    let error = postgres.apply(&misspelt, &mut Unwatched).await.unwrap_err();
    assert!(help(&error).contains("hint: Perhaps you meant to reference the column"), "{}", help(&error));
}

#[tokio::test]
async fn transaction_control_is_refused_before_anything_runs() {
    let (database, mut postgres) = fresh(PostgresVersion::V15).await;
    postgres.prepare().await.unwrap();
    for sql in [
        "COMMIT",
        "/* x */ begin",
        "ROLLBACK",
        "START TRANSACTION",
        "END",
        "PREPARE TRANSACTION 'x'",
        "COPY a FROM STDIN",
    ] {
        let refused = step("0001", &["CREATE TABLE a (id int)", sql]);
        let error = postgres.apply(&refused, &mut Unwatched).await.unwrap_err();
        assert_eq!(code(&error), "engine::unsupported", "{sql}");
        assert_eq!(labelled(&error, &refused), sql);
        assert!(database.psql("SELECT 1 FROM a").is_err());
    }
}

#[tokio::test]
async fn a_savepoint_does_not_hide_a_failure() {
    let (database, mut postgres) = fresh(PostgresVersion::V18).await;
    postgres.prepare().await.unwrap();
    let statements =
        ["CREATE TABLE a (id int)", "SAVEPOINT s", "SELECT 1/0", "ROLLBACK TO s", "CREATE TABLE b (id int)"];
    let error = postgres.apply(&step("0001", &statements), &mut Unwatched).await.unwrap_err();
    assert_eq!(code(&error), "migrate::statement_failed");
    assert!(database.psql("SELECT 1 FROM a").is_err() && database.psql("SELECT 1 FROM b").is_err());
    assert!(versions(&mut postgres).await.is_empty());
    let statements = ["SAVEPOINT s", "CREATE TABLE a (id int)", "ROLLBACK TO s", "CREATE TABLE b (id int)"];
    postgres.apply(&step("0001", &statements), &mut Unwatched).await.unwrap();
    assert!(database.psql("SELECT 1 FROM a").is_err() && database.psql("SELECT 1 FROM b").is_ok());
}

#[tokio::test]
async fn what_cannot_run_in_a_transaction_is_said_so() {
    for version in VERSIONS {
        let (_database, mut postgres) = fresh(version).await;
        postgres.prepare().await.unwrap();
        for sql in ["CREATE INDEX CONCURRENTLY i ON a (id)", "VACUUM"] {
            let refused = step("0001", &["CREATE TABLE a (id int)", sql]);
            let error = postgres.apply(&refused, &mut Unwatched).await.unwrap_err();
            assert_eq!(code(&error), "engine::unsupported", "{sql}: {error}");
            assert_eq!(labelled(&error, &refused), sql);
        }
    }
}

#[tokio::test]
async fn a_migration_does_not_change_the_session() {
    let (database, mut postgres) = fresh(PostgresVersion::V15).await;
    postgres.prepare().await.unwrap();
    let meddling = step(
        "0001",
        &[
            "CREATE SCHEMA other",
            "SELECT pg_catalog.set_config('search_path', '', false)",
            "SET lock_timeout = 1",
            "SET ROLE pg_monitor",
        ],
    );
    postgres.apply(&meddling, &mut Unwatched).await.unwrap();
    postgres.apply(&step("0002", &["CREATE TABLE a (id int)"]), &mut Unwatched).await.unwrap();
    assert_eq!(database.psql("SELECT 1 FROM public.a").unwrap(), "");
    assert_eq!(versions(&mut postgres).await, ["0001", "0002"]);
}

#[tokio::test]
async fn a_failure_at_commit_is_a_failure_of_the_file() {
    let (_database, mut postgres) = fresh(PostgresVersion::V17).await;
    postgres.prepare().await.unwrap();
    let deferred = step(
        "0001",
        &[
            "CREATE TABLE a (id int PRIMARY KEY)",
            "CREATE TABLE b (a_id int REFERENCES a DEFERRABLE INITIALLY DEFERRED)",
            "INSERT INTO b VALUES (1)",
        ],
    );
    let error = postgres.apply(&deferred, &mut Unwatched).await.unwrap_err();
    assert_eq!(code(&error), "migrate::statement_failed");
    assert!(error.to_string().contains("at COMMIT") && error.to_string().contains("23503"), "{error}");
    assert!(versions(&mut postgres).await.is_empty());
}

#[tokio::test]
async fn a_version_is_never_applied_twice() {
    let (database, mut postgres) = fresh(PostgresVersion::V17).await;
    postgres.prepare().await.unwrap();
    postgres.apply(&step("0001", &["CREATE TABLE a (id int)"]), &mut Unwatched).await.unwrap();
    let error =
        postgres.apply(&step("0001", &["CREATE TABLE b (id int)"]), &mut Unwatched).await.unwrap_err();
    assert!(matches!(&error, EngineError::Refused { reason, .. } if reason.contains("23505")), "{error}");
    assert!(database.psql("SELECT 1 FROM b").is_err());
}

#[tokio::test]
async fn a_dropped_connection_leaves_nothing() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        postgres.prepare().await.unwrap();
        let long =
            step("0001", &["CREATE TABLE a (id int)", "SELECT pg_sleep(30)", "CREATE TABLE b (id int)"]);
        let end = async {
            let sql =
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'";
            for _ in 0..100 {
                tokio::time::sleep(Duration::from_millis(50)).await;
                if database.psql(sql).unwrap().contains('t') {
                    return;
                }
            }
            panic!("the statement never ran");
        };
        let mut unwatched = Unwatched;
        let (result, ()) = tokio::join!(postgres.apply(&long, &mut unwatched), end);
        let error = result.unwrap_err();
        assert!(matches!(error, EngineError::ConnectionLost { .. }), "{error:?}");
        assert_eq!(code(&error), "connect::lost");
        assert!(postgres.history().await.is_err_and(|error| code(&error) == "connect::lost"));
        let mut again = connect(&database).await;
        assert!(again.history().await.unwrap().is_empty());
        assert!(database.psql("SELECT 1 FROM a").is_err());
    }
}

/// Keeps every notice.
#[derive(Default)]
struct Notices(Vec<Notice>);

impl Watch for Notices {
    fn notice(&mut self, notice: Notice) {
        self.0.push(notice);
    }
}

/// A step that needs a table which another session keeps locked for so many seconds.
async fn behind_a_lock(seconds: f32) -> (Result<Applied, EngineError>, Vec<Notice>) {
    let (database, postgres) = fresh(PostgresVersion::V15).await;
    postgres.close().await;
    database.psql("CREATE TABLE a (id int)").unwrap();
    let mut options = whimbrel_postgres::PostgresOptions::new(database.url());
    options.lock_timeout = Some(Duration::from_millis(100));
    let mut postgres = whimbrel_postgres::Postgres::connect(&options).await.unwrap();
    postgres.prepare().await.unwrap();
    let mut other = connect(&database).await;
    let sleep = format!("SELECT pg_sleep({seconds})");
    let holding = step("0009", &["LOCK TABLE a", &sleep]);
    let mut notices = Notices::default();
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        postgres.apply(&step("0001", &["ALTER TABLE a ADD b int"]), &mut notices).await
    };
    let mut unwatched = Unwatched;
    let (held, waited) = tokio::join!(other.apply(&holding, &mut unwatched), waiting);
    held.unwrap();
    (waited, notices.0)
}

#[tokio::test]
async fn a_lock_that_is_not_free_is_tried_again() {
    let (outcome, notices) = behind_a_lock(1.5).await;
    outcome.unwrap();
    assert!(
        matches!(notices[0], Notice::Retry { attempt: 1, attempts: 6, pause_ms: 250, .. }),
        "{notices:?}"
    );
}

#[tokio::test]
async fn a_lock_that_does_not_become_free_ends_the_step() {
    let (outcome, notices) = behind_a_lock(12.0).await;
    let error = outcome.unwrap_err();
    assert!(error.to_string().contains("55P03") && help(&error).contains("lock_timeout"), "{error}");
    assert_eq!(notices.iter().filter(|notice| matches!(notice, Notice::Retry { .. })).count(), 5);
}

/// A file of one plain command travels as one message with its transaction.
#[tokio::test]
async fn the_only_statement_of_a_file_is_pointed_at_too() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        database.psql("CREATE TABLE taken (id int)").unwrap();
        postgres.prepare().await.unwrap();
        for (sql, expected, state) in [
            ("CREATE TABLE a (name text DEFAULT 'é', id nothing)", "nothing", "42704"),
            ("CREATE TABLE a (id int,, b int)", ",", "42601"),
            ("CREATE TABLE taken (id int)", "CREATE TABLE taken (id int)", "42P07"),
        ] {
            let failing = step("0001", &[sql]);
            let error = postgres.apply(&failing, &mut Unwatched).await.unwrap_err();
            assert_eq!(
                (code(&error).as_str(), labelled(&error, &failing).as_str()),
                ("migrate::statement_failed", expected)
            );
            assert!(
                error.to_string().contains(state) && help(&error).contains("nothing of the file stands"),
                "{error}"
            );
            assert!(versions(&mut postgres).await.is_empty());
        }
        let deferred = step("0001", &["CREATE TABLE a (id int PRIMARY KEY) -- the end"]);
        let applied = postgres.apply(&deferred, &mut Unwatched).await.unwrap();
        assert_eq!(applied.statements.len(), 1);
        assert_eq!(postgres.history().await.unwrap()[0].duration_ms, applied.duration_ms);
        // The history's own refusal is not the statement's.
        let again = step("0001", &["CREATE TABLE b (id int)"]);
        let error = postgres.apply(&again, &mut Unwatched).await.unwrap_err();
        assert!(error.to_string().contains("history"), "{error}");
        assert!(database.psql("SELECT 1 FROM b").is_err(), "nothing of it stands");
    }
}

#[tokio::test]
async fn marking_is_all_or_nothing() {
    let (_database, mut postgres) = fresh(PostgresVersion::V15).await;
    postgres.prepare().await.unwrap();
    postgres.mark(&[entry("0001"), entry("0002")]).await.unwrap();
    assert!(postgres.mark(&[entry("0003"), entry("0002")]).await.is_err());
    assert_eq!(versions(&mut postgres).await, ["0001", "0002"]);
}

#[tokio::test]
async fn a_long_series_is_recorded_by_a_prepared_statement_that_a_file_may_end() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        postgres.prepare().await.unwrap();
        let mut expected = Vec::new();
        for (index, sql) in ["DEALLOCATE ALL", "SET search_path = pg_catalog", ""].iter().enumerate() {
            for file in 0..12 {
                let name = format!("{index}{file:03}");
                let mut plain = step(&name, &[&format!("CREATE TABLE public.t{name} (id int)")]);
                if let HistoryChange::Insert(entry) = &mut plain.history {
                    entry.name = "o'clock".to_owned();
                    entry.schema_hash = (file % 2 == 0).then(|| "f00d".to_owned());
                }
                let applied = postgres.apply(&plain, &mut Unwatched).await.unwrap();
                assert_eq!(applied.statements.len(), 1);
                let row = postgres.history().await.unwrap().pop().unwrap();
                let HistoryChange::Insert(mut entry) = plain.history else { unreachable!() };
                (entry.applied_at, entry.duration_ms) = (row.applied_at.clone(), applied.duration_ms);
                assert_eq!(row, entry);
                expected.push(name);
            }
            let prepared = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'whimbrel%'";
            let prepared = postgres.relational().unwrap().rows(prepared).await.unwrap();
            assert_ne!(prepared[0][0].as_deref(), Some("0"), "nothing was prepared before {sql}");
            // A failure leaves neither the table nor the row, and is pointed at.
            let failing = step("9999", &["CREATE TABLE public.t0000 (id nothing)"]);
            let error = postgres.apply(&failing, &mut Unwatched).await.unwrap_err();
            assert_eq!(labelled(&error, &failing), "nothing");
            if !sql.is_empty() {
                let name = format!("{index}999");
                postgres.apply(&step(&name, &[*sql]), &mut Unwatched).await.unwrap();
                expected.push(name);
            }
        }
        assert_eq!(versions(&mut postgres).await, expected);
        let tables = "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'";
        assert_eq!(database.psql(tables).unwrap().trim(), "36");
    }
}
