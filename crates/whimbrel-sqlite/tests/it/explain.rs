//! Plans of SQLite in plain words, what is refused, and that nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use whimbrel_engine::{EngineError, ExplainRequest, Plan, Relational as _, Source};
use whimbrel_sqlite::Sqlite;

use crate::support::{apply, full, memory, wait};

const TABLES: &str = "
CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL, name text, born date, CONSTRAINT users_email_key UNIQUE (email));
CREATE TABLE trips (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, status text, made timestamptz);
CREATE INDEX trips_user ON trips (user_id, made);
INSERT INTO users (email, name) VALUES ('a@b', 'ann'), ('c@d', 'bob');
INSERT INTO trips (user_id, status) VALUES (1, 'draft'), (1, 'open'), (2, 'draft');
";

fn engine() -> Sqlite {
    let mut engine = memory();
    apply(&mut engine, "1", TABLES).unwrap_or_else(|error| panic!("{}", full(&error)));
    engine
}

fn explain(
    engine: &mut Sqlite,
    query: &str,
    parameters: &[&str],
    analyze: bool,
) -> Result<Plan, EngineError> {
    let request = ExplainRequest {
        source: Source { name: "the query".to_owned(), text: Arc::from(query) },
        parameters: parameters.iter().map(|value| (*value).to_owned()).collect(),
        parameter_count: usize::from(query.contains("$1")),
        analyze,
        writes: !query.starts_with("SELECT"),
        timeout: Duration::from_secs(20),
    };
    wait(engine.explain(&request))
}

fn words(plan: &Plan) -> Vec<String> {
    let mut found = Vec::new();
    plan.root.visit(&mut |node| found.push(node.what.clone()));
    found
}

#[test]
fn plans_are_told_in_plain_words() {
    let mut engine = engine();
    for (query, expected) in [
        (
            "SELECT * FROM users WHERE email = 'a@b'",
            &["reads the index users_email_key of users for (email = 'a@b')"][..],
        ),
        ("SELECT * FROM users WHERE id = $1", &["reads the index users_pkey of users for (id = $1)"]),
        (
            "SELECT * FROM users u WHERE u.name = 'ann' AND u.id > 3",
            &["reads the index users_pkey of users for (u.id > 3), keeping rows where u.name = 'ann'"],
        ),
        (
            "SELECT * FROM trips WHERE status = 'draft' ORDER BY made",
            &[
                "sorts what comes out, beside the tables",
                "scans the whole table trips keeping rows where status = 'draft'",
            ],
        ),
        (
            "SELECT u.name FROM users u JOIN trips t ON t.user_id = u.id WHERE t.made > '2020-01-01'",
            &[
                "joins: for each row of the first, the rows of the next",
                "reads the whole index trips_user of trips, keeping rows where t.made > '2020-01-01', without the table",
                "reads the index users_pkey of users for (t.user_id = u.id)",
            ],
        ),
        (
            "DELETE FROM trips WHERE user_id = 1",
            &[
                "deletes from trips",
                "reads the index trips_user of trips for (user_id = 1), without the table",
            ],
        ),
        ("SELECT user_id FROM trips", &["reads the whole index trips_user of trips, without the table"]),
        ("INSERT INTO users (email) VALUES ('x')", &["inserts into users"]),
    ] {
        let plan = explain(&mut engine, query, &[], false).unwrap_or_else(|error| panic!("{}", full(&error)));
        assert_eq!(words(&plan), expected, "{query}");
        assert!(!plan.analyzed && plan.rows_returned.is_none());
    }
}

#[test]
fn a_run_is_counted_and_rolled_back() {
    let mut engine = engine();
    let plan = explain(&mut engine, "SELECT * FROM trips WHERE user_id = $1", &["1"], true).unwrap();
    assert_eq!(plan.rows_returned, Some(2));
    for (query, changed) in [
        ("INSERT INTO users (email) VALUES ('x'), ('y')", "changed 2 rows"),
        ("UPDATE trips SET status = 'gone'", "changed 3 rows"),
        ("DELETE FROM trips", "changed 3 rows"),
    ] {
        let plan = explain(&mut engine, query, &[], true).unwrap();
        assert!(plan.notes.join("\n").contains(changed), "{query}: {:?}", plan.notes);
        let rows = wait(engine.rows(
            "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM trips WHERE status <> 'gone')",
        ));
        assert_eq!(rows.unwrap(), [[Some("2".to_owned()), Some("3".to_owned())]], "{query}");
    }
}

#[test]
fn what_is_refused_is_pointed_at() {
    let mut engine = engine();
    for (query, at, words) in [
        ("SELECT colour FROM users WHERE id = $1", "colour", "no such column"),
        ("SELECT * FROM users WHERE id = $1 AND nowhere = 2", "nowhere", "no such column"),
        ("SELECT * FROM elsewhere", "elsewhere", "no such table"),
        ("SELECT * FROM users WHERE", "", "syntax error"),
        ("SELECT array_agg(name ORDER BY id) FROM users", "", "SQLite"),
    ] {
        let error = explain(&mut engine, query, &[], false).unwrap_err();
        assert_eq!(miette::Diagnostic::code(&error).unwrap().to_string(), "explain::refused", "{error}");
        let EngineError::QueryRefused { span, reason, .. } = &error else { panic!("{error}") };
        assert!(reason.contains(words), "{reason}");
        if !at.is_empty() {
            assert_eq!(&query[span.offset()..span.offset() + span.len()], at);
        }
    }
}

#[test]
fn a_run_ends_in_time() {
    let mut engine = engine();
    let joins: String = ('a'..'r').map(|name| format!(" CROSS JOIN trips {name}")).collect();
    let query = format!("SELECT count(*) FROM trips{joins}");
    let request = ExplainRequest {
        source: Source { name: "the query".to_owned(), text: Arc::from(query) },
        parameters: Vec::new(),
        parameter_count: 0,
        analyze: true,
        writes: false,
        timeout: Duration::from_millis(100),
    };
    let error = wait(engine.explain(&request)).unwrap_err();
    assert!(
        full(&error).contains("--timeout") || full(&error).contains("SQLite cannot run"),
        "{}",
        full(&error)
    );
}
