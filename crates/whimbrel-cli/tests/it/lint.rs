//! Linting plans from outside: what is found, shown and refused, on every engine and in two environments.

use serde_json::Value;
use whimbrel_testkit::RunOutput;

use crate::project::{Engine, Project};

/// Declares, for each function, a test on every engine.
macro_rules! on_every_engine {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::project::Engine;
            use whimbrel_testkit::PostgresVersion;

            #[test]
            fn sqlite() {
                super::$name(Engine::Sqlite);
            }
            #[test]
            fn postgres_15() {
                super::$name(Engine::Postgres(PostgresVersion::V15));
            }
            #[test]
            fn postgres_17() {
                super::$name(Engine::Postgres(PostgresVersion::V17));
            }
            #[test]
            fn postgres_18() {
                super::$name(Engine::Postgres(PostgresVersion::V18));
            }
        }
    )*};
}
pub(crate) use on_every_engine;

on_every_engine! {
    findings_point_into_the_file,
    a_protected_environment_refuses_errors_before_anything_runs,
    an_accepted_finding_passes_and_an_idle_one_is_told,
    level_and_ignored_codes_come_from_the_project,
    a_new_project_has_no_findings_about_locks,
    named_files_are_looked_at_by_themselves,
}

/// The first migration: two tables, one with rows.
const FIRST: &str = "-- whimbrel:up\n\
    CREATE TABLE shops (id integer PRIMARY KEY, name text);\n\
    CREATE TABLE orders (id integer PRIMARY KEY, shop_id integer, note text, total numeric(10,2));\n\
    INSERT INTO shops (id, name) VALUES (1, 'north');\n\
    INSERT INTO orders (id, shop_id, note, total) VALUES (1, 1, 'a', 1), (2, 1, NULL, 2), (3, 9, 'c', 3);\n\
    -- whimbrel:down\nDROP TABLE orders;\nDROP TABLE shops;\n";

/// A project whose first migration is applied, with big tables from one row on.
pub(crate) fn standing(engine: Engine) -> Project {
    let project = Project::bare(engine);
    project
        .sandbox
        .write("whimbrel.toml", "name = \"case\"\nmodel = \"relational\"\n\n[lint]\nbig_table_rows = 1\n")
        .unwrap();
    project.sandbox.write("migrations/0001-first.sql", FIRST).unwrap();
    project.run(&["migrate"], 0);
    project
}

/// Adds the second migration and seals it.
pub(crate) fn add(project: &Project, up: &str, down: &str) {
    let text = format!("-- whimbrel:up\n{up}\n-- whimbrel:down\n{down}\n");
    project.sandbox.write("migrations/0002-second.sql", text).unwrap();
    project.run(&["migrate", "seal"], 0);
}

fn json(output: &RunOutput) -> Value {
    serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", output.stdout))
}

/// The codes of all findings that `migrate lint --json` reports.
fn codes(project: &Project, arguments: &[&str]) -> Vec<String> {
    let mut all = vec!["migrate", "lint", "--json"];
    all.extend(arguments);
    let report = json(&project.run(&all, 0));
    let files = report["files"].as_array().unwrap();
    let findings = files.iter().flat_map(|file| file["findings"].as_array().unwrap());
    findings.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

fn is_server(engine: Engine) -> bool {
    matches!(engine, Engine::Postgres(_))
}

fn findings_point_into_the_file(engine: Engine) {
    let project = standing(engine);
    add(
        &project,
        "CREATE INDEX idx_orders_note ON orders (note);\nALTER TABLE orders DROP COLUMN total;",
        "SELECT 1;",
    );
    let shown = project.run(&["migrate", "lint"], 0).stdout;
    assert!(shown.contains("lint::drop-column") && shown.contains("0002-second.sql:3:20"), "{shown}");
    assert!(shown.contains('╰'), "no caret: {shown}");
    assert_eq!(shown.contains("lint::index-not-concurrent"), is_server(engine), "{shown}");
    if is_server(engine) {
        assert!(shown.contains("SHARE on orders (3 rows"), "{shown}");
        assert!(shown.contains("CREATE INDEX CONCURRENTLY idx_orders_note ON orders (note);"), "{shown}");
    }
    let report = json(&project.run(&["migrate", "lint", "--json"], 0));
    let dropped = report["files"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "drop-column")
        .unwrap();
    assert_eq!(dropped["line"], 3);
    assert_eq!(dropped["class"], "data");
    assert!(report["findings"]["errors"].as_u64().unwrap() >= 1);
    project.run(&["migrate", "lint", "--exit-code"], 5);
    let dry = project.run(&["migrate", "--dry-run"], 0).stdout;
    assert!(dry.contains("-- error: 0002-second.sql:3 drop-column:"), "{dry}");
    // In development the plan runs, and says what it does.
    let ran = project.run(&["migrate"], 0).stderr;
    assert!(ran.contains("drop-column"), "{ran}");
}

fn a_protected_environment_refuses_errors_before_anything_runs(engine: Engine) {
    let project = standing(engine);
    add(&project, "CREATE TABLE other (id integer);\nDROP DATABASE archive;", "SELECT 1;");
    let refused = project.run(&["migrate", "--env", "production"], 5).stderr;
    assert!(refused.contains("lint::refused") && refused.contains("lint::drop-database"), "{refused}");
    assert!(refused.contains("--allow-destructive") && refused.contains("whimbrel:allow"), "{refused}");
    let current = project.run(&["migrate", "current"], 0).stdout;
    assert_eq!(current, "0001\n");
    if is_server(engine) {
        add(&project, "CREATE INDEX idx_orders_note ON orders (note);", "DROP INDEX idx_orders_note;");
        let refused = project.run(&["migrate", "--env", "production"], 5).stderr;
        assert!(
            refused.contains("lint::index-not-concurrent") && refused.contains("--allow-locking"),
            "{refused}"
        );
        project.run(&["migrate", "--env", "production", "--allow-locking"], 0);
        assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0002\n");
        // The way down drops the index under a lock, and needs both flags.
        let down = project.run(&["rollback", "--env", "production", "--allow-destructive"], 5).stderr;
        assert!(down.contains("lint::drop-index-not-concurrent"), "{down}");
        project.run(&["rollback", "--env", "production", "--allow-destructive", "--allow-locking"], 0);
    }
}

fn an_accepted_finding_passes_and_an_idle_one_is_told(engine: Engine) {
    let project = standing(engine);
    let update = "UPDATE orders SET note = 'x' WHERE id > 0;\nDELETE FROM shops;";
    add(&project, update, "SELECT 1;");
    let refused = project.run(&["migrate", "--env", "production"], 5).stderr;
    assert!(refused.contains("lint::delete-without-where"), "{refused}");
    let accepted = "UPDATE orders SET note = 'x' WHERE id > 0;\n\
                    -- whimbrel:allow delete-without-where every shop is closed\nDELETE FROM shops;";
    add(&project, accepted, "SELECT 1;");
    assert!(!codes(&project, &[]).contains(&"delete-without-where".to_owned()));
    let idle = format!("-- whimbrel:allow drop-table it is not there\n{accepted}");
    add(&project, &idle, "SELECT 1;");
    assert!(codes(&project, &[]).contains(&"unused-allowance".to_owned()));
    let unknown = format!("-- whimbrel:allow drop-tabel it is not there\n{accepted}");
    add(&project, &unknown, "SELECT 1;");
    assert!(codes(&project, &[]).contains(&"unknown-allowance".to_owned()));
    add(&project, accepted, "SELECT 1;");
    project.run(&["migrate", "--env", "production"], 0);
}

fn level_and_ignored_codes_come_from_the_project(engine: Engine) {
    let project = standing(engine);
    add(&project, "DELETE FROM shops;", "SELECT 1;");
    let toml = |lint: &str| {
        let text = format!("name = \"case\"\nmodel = \"relational\"\n\n{lint}");
        project.sandbox.write("whimbrel.toml", text).unwrap();
    };
    toml("[lint]\nignore = [\"delete-without-wher\"]\n");
    let mistaken = project.run(&["migrate", "lint"], 1).stderr;
    assert!(
        mistaken.contains("project::unknown_lint_code") && mistaken.contains("delete-without-where"),
        "{mistaken}"
    );
    toml("[lint]\nlevel = \"refuse\"\n");
    assert!(project.run(&["migrate"], 5).stderr.contains("lint::refused"));
    toml("[lint]\nlevel = \"refuse\"\nignore = [\"delete-without-where\"]\n");
    assert!(!codes(&project, &[]).contains(&"delete-without-where".to_owned()));
    toml("[environments.production.lint]\nlevel = \"off\"\n");
    let quiet = project.run(&["migrate", "--env", "production"], 0).stderr;
    assert!(!quiet.contains("delete-without-where"), "{quiet}");
}

fn a_new_project_has_no_findings_about_locks(engine: Engine) {
    let project = Project::bare(engine);
    project.sandbox.write("migrations/0001-first.sql", FIRST).unwrap();
    let later = "-- whimbrel:up\nALTER TABLE orders ADD COLUMN more text;\nCREATE INDEX i ON orders (more);\n\
                 -- whimbrel:down\nDROP INDEX i;\nALTER TABLE orders DROP COLUMN more;\n";
    project.sandbox.write("migrations/0002-later.sql", later).unwrap();
    assert_eq!(codes(&project, &[]), [""; 0]);
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--env", "production"], 0);
}

fn named_files_are_looked_at_by_themselves(engine: Engine) {
    let project = Project::bare(engine);
    project.sandbox.write("migrations/0001-first.sql", FIRST).unwrap();
    let later = "-- whimbrel:up\nDELETE FROM orders;\n-- whimbrel:down\nSELECT 1;\n";
    project.sandbox.write("migrations/0002-later.sql", later).unwrap();
    for given in ["migrations/0002-later.sql", "0002-later.sql", "0002"] {
        assert_eq!(codes(&project, &[given])[0], "delete-without-where", "{given}");
    }
    let missing = project.run(&["migrate", "lint", "0009"], 1).stderr;
    assert!(missing.contains("0009"), "{missing}");
}
