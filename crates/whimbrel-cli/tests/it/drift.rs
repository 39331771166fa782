//! What happens to a database besides its migrations is found and named.

use whimbrel_testkit::PostgresVersion;

use crate::project::{Engine, Project};

const SCHEMA: &str = r#"
#[derive(Model)]
#[db(table = "trips")]
#[db(index(title, unique))]
#[db(check(seated = seats > 0))]
pub struct Trip {
    #[db(id)]
    pub id: i64,
    pub title: String,
    pub seats: i32,
    #[db(references = Trip::id)]
    pub parent: Option<i64>,
}
"#;

/// A database at its newest migration.
fn at_rest() -> Project {
    let project = Project::bare(Engine::Postgres(PostgresVersion::V17));
    project.declare(SCHEMA);
    project.run(&["migrate", "create", "--auto", "--name", "trips"], 0);
    project.run(&["migrate"], 0);
    project.run(&["migrate", "check"], 0);
    project
}

#[test]
fn every_change_by_hand_is_drift() {
    let project = at_rest();
    for (by_hand, back, named) in [
        ("ALTER TABLE trips ADD COLUMN note text", "ALTER TABLE trips DROP COLUMN note", "trips.note"),
        (
            "ALTER TABLE trips ALTER seats SET DEFAULT 1",
            "ALTER TABLE trips ALTER seats DROP DEFAULT",
            "trips.seats",
        ),
        (
            "ALTER TABLE trips ALTER seats DROP NOT NULL",
            "ALTER TABLE trips ALTER seats SET NOT NULL",
            "trips.seats",
        ),
        ("CREATE INDEX by_hand ON trips (seats)", "DROP INDEX by_hand", "by_hand"),
        (
            "DROP INDEX idx_trips_title",
            "CREATE UNIQUE INDEX idx_trips_title ON trips (title)",
            "idx_trips_title",
        ),
        (
            "ALTER TABLE trips DROP CONSTRAINT seated, ADD CONSTRAINT seated CHECK (seats > 0) NOT VALID",
            "ALTER TABLE trips VALIDATE CONSTRAINT seated",
            "seated",
        ),
        (
            "ALTER TABLE trips DROP CONSTRAINT trips_parent_fkey, \
             ADD CONSTRAINT trips_parent_fkey FOREIGN KEY (parent) REFERENCES trips (id) NOT VALID",
            "ALTER TABLE trips VALIDATE CONSTRAINT trips_parent_fkey",
            "trips_parent_fkey",
        ),
        ("COMMENT ON TABLE trips IS 'x'", "COMMENT ON TABLE trips IS NULL", "trips"),
        ("ALTER TABLE trips SET (fillfactor = 50)", "ALTER TABLE trips RESET (fillfactor)", "trips"),
    ] {
        project.database().psql(by_hand).unwrap();
        let check = project.run(&["migrate", "check"], 3);
        let drift = check.stdout.split_once("Drift, changed besides the migrations:\n");
        assert!(drift.is_some_and(|(_, lines)| lines.contains(named)), "{by_hand}: {}", check.stdout);
        project.run(&["status", "--exit-code"], 3);
        project.database().psql(back).unwrap();
        project.run(&["migrate", "check"], 0);
    }
}

#[test]
fn an_index_whose_build_failed_is_named() {
    let project = at_rest();
    let failed = project.database().psql(
        "DROP INDEX idx_trips_title;
         INSERT INTO trips (id, title, seats) VALUES (1, 'Lima', 1), (2, 'Lima', 1);
         CREATE UNIQUE INDEX CONCURRENTLY idx_trips_title ON trips (title);",
    );
    assert!(failed.unwrap_err().to_string().contains("could not create unique index"));
    let check = project.run(&["migrate", "check"], 3);
    assert!(check.stdout.contains("index idx_trips_title of trips is invalid"), "{}", check.stdout);
    let status = project.run(&["status", "--exit-code"], 3);
    assert!(
        status.stdout.contains(
            "Invalid indexes (`whimbrel index plan` shows what is to be done):\n  - trips.idx_trips_title"
        ),
        "{}",
        status.stdout
    );
}

/// Objects of another schema that leave the declaration are no drift.
#[test]
fn what_leaves_the_declaration_is_no_drift() {
    let project = at_rest();
    let invoice = "\n#[derive(Model)]\n#[db(table = \"invoices\", schema = \"billing\")]\n\
                   pub struct Invoice {\n    #[db(id)]\n    pub id: i64,\n}\n";
    project.declare(&format!("{SCHEMA}{invoice}"));
    project.run(&["migrate", "create", "--auto", "--name", "invoices"], 0);
    project.run(&["migrate"], 0);
    project.declare(SCHEMA);
    let check = project.run(&["migrate", "check"], 3);
    assert!(check.stdout.contains("drops table billing.invoices"), "{}", check.stdout);
    assert!(!check.stdout.contains("Drift"), "nobody touched the database:\n{}", check.stdout);
}
