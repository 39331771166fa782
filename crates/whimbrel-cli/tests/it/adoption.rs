//! Taking over a database that no file knows: everything in it survives, and what the schema cannot say is reported.

use whimbrel_testkit::{PostgresVersion, TRAVYA_SQL};

use crate::catalogue::dump;
use crate::project::{Engine, Project};

const BEYOND: &str = include_str!("fixtures/beyond-the-schema.sql");

#[test]
fn postgres_15() {
    adopt(PostgresVersion::V15);
}

#[test]
fn postgres_17() {
    adopt(PostgresVersion::V17);
}

#[test]
fn postgres_18() {
    adopt(PostgresVersion::V18);
}

/// What an application made in SQLite's own words.
const EMBEDDED: &str = r"
    CREATE TABLE customers (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        email TEXT NOT NULL UNIQUE,
        name VARCHAR(80),
        credit NUMERIC(10, 2) NOT NULL DEFAULT 0,
        CHECK (credit >= 0)
    );
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        customer_id INTEGER NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
        placed_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
        paid BOOLEAN NOT NULL DEFAULT 0
    );
    CREATE INDEX orders_by_customer ON orders (customer_id, placed_at DESC);
    CREATE VIEW unpaid AS SELECT id FROM orders WHERE NOT paid;
    CREATE TRIGGER orders_placed AFTER INSERT ON orders BEGIN
        UPDATE customers SET credit = credit WHERE id = NEW.customer_id;
    END;
    INSERT INTO customers (email) VALUES ('ana@example.org');
    INSERT INTO orders (customer_id) VALUES (1);";

#[test]
fn sqlite() {
    let project = Project::bare(Engine::Sqlite);
    let connection = rusqlite::Connection::open(project.database_path()).unwrap();
    connection.execute_batch(EMBEDDED).unwrap();
    project.run(&["schema", "pull"], 0);
    project.run(&["migrate", "baseline"], 0);
    let status = project.run(&["status", "--exit-code"], 0);
    for object in ["view unpaid", "orders_placed"] {
        assert!(status.stdout.contains(object), "{object} is not named in\n{}", status.stdout);
    }
    project.run(&["migrate", "check"], 0);
    let nothing = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
    let left: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name IN ('unpaid', 'orders_placed')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 2);
}

fn adopt(version: PostgresVersion) {
    let project = Project::bare(Engine::Postgres(version));
    project.database().psql(TRAVYA_SQL).unwrap();
    project.database().psql(BEYOND).unwrap();
    let before = dump(&project);

    let pulled = project.run(&["schema", "pull"], 0);
    assert!(pulled.stdout.contains("src/schema.rs"), "{}", pulled.stdout);
    let baseline = project.run(&["migrate", "baseline"], 0);
    assert!(baseline.stdout.contains("0001-baseline"), "{}", baseline.stdout);

    let status = project.run(&["status", "--exit-code"], 0);
    assert_names_unmanaged(&status.stdout);
    project.run(&["migrate", "check"], 0);
    project.run(&["schema", "diff", "--exit-code"], 0);
    let nothing = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
    project.run(&["migrate"], 0);
    assert_eq!(dump(&project), before);

    a_change_leaves_the_rest_alone(&project);
    an_empty_database_comes_to_the_same(&project, version);
}

/// Each of the objects that the schema cannot express, by its kind and name.
fn assert_names_unmanaged(text: &str) {
    for object in [
        "view open_trips",
        "trigger trips.trips_touched",
        "policy bookings.bookings_in_dollars",
        "partitioned table visits",
        "partition visits_2025",
        "partition visits_2026",
    ] {
        assert!(text.contains(object), "{object} is not named in\n{text}");
    }
}

/// A migration written afterwards changes its table, and nothing else.
fn a_change_leaves_the_rest_alone(project: &Project) {
    let schema = project.sandbox.read("src/schema.rs").unwrap();
    let changed = schema.replacen(
        "pub username: String,",
        "pub username: String,\n    pub nickname: Option<String>,",
        1,
    );
    assert_ne!(schema, changed, "the pulled schema has users.username:\n{schema}");
    project.sandbox.write("src/schema.rs", changed).unwrap();
    project.run(&["migrate", "create", "--auto", "--name", "nickname"], 0);
    let written = project.sandbox.read(project.migration("-nickname.sql")).unwrap();
    let statements: Vec<_> = written.lines().filter(|line| line.ends_with(';')).collect();
    assert_eq!(
        statements,
        ["ALTER TABLE users ADD COLUMN nickname text;", "ALTER TABLE users DROP COLUMN nickname;"]
    );
    project.run(&["migrate"], 0);
    let status = project.run(&["status", "--exit-code"], 0);
    assert_names_unmanaged(&status.stdout);
    let standing = project.database().psql(
        "SELECT 'view', count(*) FROM pg_views WHERE viewname = 'open_trips'
         UNION ALL SELECT 'trigger', count(*) FROM pg_trigger WHERE tgname = 'trips_touched'
         UNION ALL SELECT 'policy', count(*) FROM pg_policies WHERE policyname = 'bookings_in_dollars'
         UNION ALL SELECT 'row security', count(*) FROM pg_class WHERE relname = 'bookings' AND relrowsecurity
         UNION ALL SELECT 'partitions', count(*) FROM pg_inherits WHERE inhparent = 'visits'::regclass
         UNION ALL SELECT 'visits', count(*) FROM visits
         UNION ALL SELECT 'users', count(*) FROM users;",
    );
    assert_eq!(
        standing.unwrap().lines().collect::<Vec<_>>(),
        ["view|1", "trigger|1", "policy|1", "row security|1", "partitions|2", "visits|2", "users|1"]
    );
    project.run(&["rollback"], 0);
    project.sandbox.write("src/schema.rs", schema).unwrap();
    std::fs::remove_file(project.sandbox.path(project.migration("-nickname.sql"))).unwrap();
    std::fs::remove_file(project.sandbox.path("migrations/snapshots/0002.json")).unwrap();
    project.run(&["status", "--exit-code"], 0);
}

/// The written baseline builds the adopted tables from nothing.
fn an_empty_database_comes_to_the_same(project: &Project, version: PostgresVersion) {
    let fresh = Project::bare(Engine::Postgres(version));
    for part in ["src", "migrations"] {
        fresh.sandbox.copy(&project.sandbox.path(part), part).unwrap();
    }
    fresh.run(&["init"], 0);
    let page = Project::bare(Engine::Postgres(version));
    page.database().psql(TRAVYA_SQL).unwrap();
    assert_eq!(dump(&fresh), dump(&page));
}
