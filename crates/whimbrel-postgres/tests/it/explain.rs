//! Plans of real servers, what is refused, and that nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use whimbrel_engine::{EngineError, ExplainRequest, Plan, PlanKind, PlanNode, Relational as _, Source};
use whimbrel_postgres::Postgres;
use whimbrel_testkit::TestDatabase;

use crate::support::{VERSIONS, code, fresh, help};

const TABLES: &str =
    "CREATE TABLE users (id int PRIMARY KEY, email varchar(80) UNIQUE, name text, made timestamptz);
    INSERT INTO users SELECT n, 'u' || n || '@x', 'n' || n, now() FROM generate_series(1, 3000) n;
    CREATE TABLE \"Trips\" (id int PRIMARY KEY, user_id int, status text);
    INSERT INTO \"Trips\" SELECT n, n % 100, 'draft' FROM generate_series(1, 5000) n;
    CREATE INDEX trips_user ON \"Trips\" (user_id); ANALYZE users; ANALYZE \"Trips\"";

fn request(query: &str, parameters: &[&str], analyze: bool) -> ExplainRequest {
    let writes = ["INSERT", "UPDATE", "DELETE", "MERGE"].iter().any(|word| query.contains(word));
    ExplainRequest {
        source: Source { name: "the query".to_owned(), text: Arc::from(query) },
        parameters: parameters.iter().map(|value| (*value).to_owned()).collect(),
        parameter_count: (1..9)
            .rev()
            .find(|number| query.contains(&format!("${number}")))
            .unwrap_or_default(),
        analyze,
        writes,
        timeout: Duration::from_secs(20),
    }
}

async fn explained(postgres: &mut Postgres, query: &str, parameters: &[&str], analyze: bool) -> Plan {
    postgres.explain(&request(query, parameters, analyze)).await.unwrap()
}

fn nodes(plan: &Plan) -> Vec<&PlanNode> {
    let mut found = Vec::new();
    plan.root.visit(&mut |node| found.push(node));
    found
}

fn words(plan: &Plan) -> Vec<&str> {
    nodes(plan).into_iter().map(|node| node.what.as_str()).collect()
}

fn labelled(error: &EngineError, query: &str) -> String {
    let labels: Vec<_> = miette::Diagnostic::labels(error).unwrap().collect();
    let span = labels.first().unwrap().inner();
    query[span.offset()..span.offset() + span.len()].to_owned()
}

async fn filled(version: whimbrel_testkit::PostgresVersion) -> (TestDatabase, Postgres) {
    let (database, postgres) = fresh(version).await;
    database.psql(TABLES).unwrap();
    (database, postgres)
}

#[tokio::test]
async fn plans_are_told_in_plain_words() {
    for version in VERSIONS {
        let (_database, mut postgres) = filled(version).await;
        let by_index = explained(&mut postgres, "SELECT * FROM users WHERE email = 'u5@x'", &[], false).await;
        assert_eq!(
            words(&by_index),
            ["reads the index users_email_key of users for ((email)::text = 'u5@x'::text)"]
        );
        assert_eq!(by_index.root.index.as_deref(), Some("users_email_key"));
        assert!(!by_index.analyzed && by_index.rows_returned.is_none());
        let whole = explained(
            &mut postgres,
            "SELECT * FROM \"Trips\" t WHERE status = 'open' ORDER BY t.id + 1 DESC",
            &[],
            false,
        )
        .await;
        assert_eq!(
            words(&whole),
            [
                "sorts by ((id + 1)) DESC",
                "scans the whole table Trips (about 5 000 rows) keeping rows where status = 'open'::text"
            ]
        );
        let scan = &whole.root.children[0];
        assert_eq!(
            (scan.kind, scan.alias.as_deref(), scan.costliest),
            (PlanKind::WholeScan, Some("t"), true)
        );
    }
}

#[tokio::test]
async fn parameters_have_values_or_the_plan_is_generic() {
    for version in VERSIONS {
        let (database, mut postgres) = filled(version).await;
        let query = "SELECT * FROM users WHERE id = $1 AND made > $2";
        for _ in 0..2 {
            let generic = explained(&mut postgres, query, &[], false).await;
            let condition = generic.root.index_condition.as_deref();
            assert_eq!(condition, Some("(id = $1)"), "{version:?}");
            assert!(generic.notes[0].contains("--param"), "{:?}", generic.notes);
        }
        let bound = explained(&mut postgres, query, &["7", "2001-01-01"], true).await;
        assert_eq!(bound.root.index_condition.as_deref(), Some("(id = 7)"));
        assert_eq!((bound.rows_returned, bound.rows_examined), (Some(1), Some(1)));
        let error = postgres.explain(&request(query, &["seven", "2001-01-01"], false)).await.unwrap_err();
        assert!(error.to_string().contains("\"seven\""), "{error}");
        let error = postgres.explain(&request("SELECT colour FROM users WHERE id = $1", &[], false)).await;
        assert_eq!(labelled(&error.unwrap_err(), "SELECT colour FROM users WHERE id = $1"), "colour");
        assert_eq!(database.psql("SELECT count(*) FROM pg_prepared_statements").unwrap().trim(), "0");
    }
}

#[tokio::test]
async fn a_run_is_counted_and_rolled_back() {
    for version in VERSIONS {
        let (database, mut postgres) = filled(version).await;
        let plan =
            explained(&mut postgres, "SELECT * FROM \"Trips\" WHERE status <> 'draft'", &[], true).await;
        assert_eq!((plan.rows_examined, plan.rows_returned), (Some(5000), Some(0)));
        assert!(plan.execution_ms.is_some() && plan.root.time_ms.is_some());
        for (query, notes) in [
            ("INSERT INTO users SELECT n, 'w' || n FROM generate_series(4000, 4009) n", "changed 10 rows"),
            ("UPDATE users SET name = 'gone'", "changed 3000 rows"),
            ("DELETE FROM \"Trips\"", "changed 5000 rows"),
            ("WITH gone AS (DELETE FROM users RETURNING id) SELECT count(*) FROM gone", ""),
        ] {
            let plan = explained(&mut postgres, query, &[], true).await;
            assert!(plan.notes.join("\n").contains(notes), "{query}: {:?}", plan.notes);
            let counts =
                "SELECT (SELECT count(*) FROM users WHERE name <> 'gone'), (SELECT count(*) FROM \"Trips\")";
            assert_eq!(database.psql(counts).unwrap().trim(), "3000|5000", "{query}");
        }
        // Without a run even a statement that writes is only planned.
        let plan = explained(&mut postgres, "DELETE FROM users WHERE id = 1", &[], false).await;
        assert_eq!((plan.root.kind, plan.root.what.as_str()), (PlanKind::Write, "deletes from users"));
        assert_eq!(database.psql("SELECT count(*) FROM users").unwrap().trim(), "3000");
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_pointed_at() {
    for version in VERSIONS {
        let (database, mut postgres) = filled(version).await;
        database.psql("CREATE SEQUENCE counter").unwrap();
        for (query, at, words) in [
            ("SELECT 'né', colour FROM users", "colour", "42703"),
            ("SELECT * FROM nowhere", "nowhere", "42P01"),
            ("SELECT * FORM users", "FORM", "42601"),
        ] {
            let error = postgres.explain(&request(query, &[], false)).await.unwrap_err();
            assert_eq!(code(&error), "explain::refused");
            assert_eq!(labelled(&error, query), at, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        // The server refuses a second statement whatever was read out of the text.
        let error = postgres.explain(&request("SELECT 1; DROP TABLE users", &[], false)).await.unwrap_err();
        assert!(error.to_string().contains("multiple commands"), "{error}");
        // What is not said to write cannot write.
        let error = postgres.explain(&request("SELECT nextval('counter')", &[], true)).await.unwrap_err();
        assert!(error.to_string().contains("25006") && help(&error).contains("--analyze"), "{error}");
        let mut slow = request("SELECT pg_sleep(20)", &[], true);
        slow.timeout = Duration::from_millis(100);
        let error = postgres.explain(&slow).await.unwrap_err();
        assert!(error.to_string().contains("57014") && help(&error).contains("--timeout"), "{error}");
        // The connection goes on, without an open transaction.
        assert_eq!(explained(&mut postgres, "SELECT 1", &[], true).await.rows_returned, Some(1));
        assert_eq!(database.psql("SELECT count(*) FROM users").unwrap().trim(), "3000");
    }
}
