//! Repeatable files: run after the migrations whenever they changed, never rolled back.

use crate::faults::{applied, fails, on_both, query};
use crate::project::{Engine, Project};

on_both! {
    they_run_when_they_changed, they_come_after_the_migrations, one_transaction_each, the_seal_knows_them,
    what_they_build_is_no_drift, mistakes,
}

const TABLE: &str = "-- whimbrel:up\nCREATE TABLE points (id integer PRIMARY KEY, score integer NOT NULL);\n\
    INSERT INTO points (id, score) VALUES (1, 10), (2, 20);\n-- whimbrel:down\nDROP TABLE points;\n";
const VIEW: &str = "migrations/R-good-points.sql";

fn view(least: u32) -> String {
    format!(
        "DROP VIEW IF EXISTS good_points;\nCREATE VIEW good_points AS SELECT id FROM points WHERE score >= {least};\n"
    )
}

fn begun(engine: Engine) -> Project {
    let project = Project::bare(engine);
    project.sandbox.write("migrations/0001-points.sql", TABLE).unwrap();
    project.sandbox.write(VIEW, view(20)).unwrap();
    project
}

fn good(project: &Project) -> Vec<String> {
    query(project, "SELECT count(*) FROM good_points")
}

fn they_run_when_they_changed(engine: Engine) {
    let project = begun(engine);
    let shown = project.run(&["migrate", "--dry-run"], 0);
    assert!(shown.stdout.contains("would apply R-good-points.sql"), "{}", shown.stdout);
    project.run(&["migrate"], 0);
    assert_eq!(good(&project), ["1"]);
    assert_eq!(applied(&project), ["0001"], "the history has versions only");
    let nothing = project.run(&["migrate"], 0);
    assert!(nothing.stdout.starts_with("Nothing to do"), "{}", nothing.stdout);
    // A comment is no change; a number is one.
    project.sandbox.write(VIEW, format!("-- the good ones\n{}", view(20))).unwrap();
    project.run(&["migrate", "status", "--exit-code"], 0);
    project.sandbox.write(VIEW, view(10)).unwrap();
    let status = project.run(&["migrate", "status", "--exit-code"], 3);
    let line = status.stdout.lines().find(|line| line.contains("good-points")).unwrap();
    assert!(line.trim_start().starts_with('R') && line.contains("changed"), "{}", status.stdout);
    let done = project.run(&["migrate"], 0);
    assert!(done.stderr.contains("R-good-points.sql"), "{}", done.stderr);
    assert_eq!(good(&project), ["2"]);
    let history = project.run(&["migrate", "history"], 0);
    assert!(
        history.stdout.lines().any(|line| line.trim_start().starts_with('R') && line.contains("good-points"))
    );
    assert_eq!(applied(&project), ["0001"]);
}

fn they_come_after_the_migrations(engine: Engine) {
    let project = begun(engine);
    project
        .sandbox
        .write("migrations/R__all.sql", "DROP VIEW IF EXISTS a;\nCREATE VIEW a AS SELECT id FROM extra;\n")
        .unwrap();
    project
        .sandbox
        .write("migrations/0002-extra.sql", "-- whimbrel:up\nCREATE TABLE extra (id integer);\n-- whimbrel:down\nDROP VIEW a;\nDROP TABLE extra;\n")
        .unwrap();
    // On the way to an earlier version they stay out.
    let first = project.run(&["migrate", "--to", "0001"], 0);
    assert!(!first.stderr.contains("R__all"), "{}", first.stderr);
    let report = project.run(&["migrate", "--json"], 0);
    let report: serde_json::Value = serde_json::from_str(&report.stdout).unwrap();
    let files: Vec<&str> =
        report["steps"].as_array().unwrap().iter().map(|step| step["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["0002-extra.sql", "R__all.sql", "R-good-points.sql"]);
    // A rollback leaves them, and what they made is the file's own business.
    project.run(&["rollback"], 0);
    assert_eq!(good(&project), ["1"]);
    let status = project.run(&["migrate", "status"], 0);
    assert!(status.stdout.lines().any(|line| line.contains("good-points") && line.contains("applied")));
}

fn one_transaction_each(engine: Engine) {
    let project = begun(engine);
    project
        .sandbox
        .write(
            "migrations/R-later.sql",
            "CREATE VIEW later AS SELECT id FROM points;\nCREATE VIEW broken AS SELECT id FROM nowhere;\n",
        )
        .unwrap();
    let words = ["R-later.sql", "nowhere"];
    fails(&project, &["migrate"], (1, "migrate::statement_failed", &words));
    assert_eq!(good(&project), ["1"], "what ran before stands");
    project.sandbox.write("migrations/R-later.sql", "CREATE VIEW later AS SELECT id FROM points;\n").unwrap();
    let done = project.run(&["migrate"], 0);
    assert!(done.stderr.contains("R-later") && !done.stderr.contains("R-good"), "{}", done.stderr);
}

fn the_seal_knows_them(engine: Engine) {
    let project = begun(engine);
    project.run(&["migrate"], 0);
    let sum = project.sandbox.read("migrations/whimbrel.sum").unwrap();
    assert!(sum.lines().last().unwrap().starts_with("repeatable "), "{sum}");
    project.sandbox.write(VIEW, view(10)).unwrap();
    let words = ["R-good-points.sql was changed", "migrate seal"];
    fails(&project, &["migrate", "--env", "production"], (1, "migrate::unsealed", &words));
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--env", "production"], 0);
    assert_eq!(good(&project), ["2"]);
    // A migration added later does not break the lines of the repeatable ones, nor the other way round.
    project
        .sandbox
        .write("migrations/0002-more.sql", "-- whimbrel:up\nCREATE TABLE more (id integer);\n")
        .unwrap();
    project.run(&["migrate"], 0);
    project.run(&["migrate", "--env", "production"], 0);
}

const SCHEMA: &str = "#[derive(Model)]\n#[db(table = \"points\")]\npub struct Point {\n    #[db(id)]\n    pub id: i32,\n    \
    pub score: i32,\n}\n";

fn what_they_build_is_no_drift(engine: Engine) {
    let project = Project::bare(engine);
    project.declare(SCHEMA);
    project.run(&["migrate", "create", "--auto", "--name", "points"], 0);
    project.sandbox.write(VIEW, view(20)).unwrap();
    project.run(&["migrate"], 0);
    project.run(&["migrate", "check"], 0);
    project.sandbox.write(VIEW, view(10)).unwrap();
    let check = project.run(&["migrate", "check"], 3);
    assert!(
        check.stdout.contains("R-good-points.sql") && !check.stdout.contains("Drift"),
        "{}",
        check.stdout
    );
    project.run(&["status", "--exit-code"], 3);
    project.run(&["migrate"], 0);
    project.run(&["migrate", "check"], 0);
    project.run(&["status", "--exit-code"], 0);
    let nothing = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
}

fn mistakes(engine: Engine) {
    for (files, code, words) in [
        (&[("R-a.sql", "SELECT 1;\n-- whimbrel:down\nSELECT 2;\n")][..], "migrate::no_way_back", "R-a.sql"),
        (&[("R-a.sql", "SELECT 1;"), ("R__a.sql", "SELECT 1;")], "migrate::duplicate_repeatable", "R__a.sql"),
        (&[("R-a.sqlite.sql", "SELECT 1;")], "migrate::lone_override", "R-a.sqlite.sql"),
        (
            &[("R-a.sql", "-- whimbrel:transaction off\nSELECT 1;")],
            "migrate::repeatable_transaction",
            "R-a.sql",
        ),
    ] {
        let project = Project::bare(engine);
        for (name, text) in files {
            project.sandbox.write(format!("migrations/{name}"), *text).unwrap();
        }
        fails(&project, &["migrate"], (1, code, &[words]));
    }
    // The markers of a migration are understood too.
    let project = begun(engine);
    project.sandbox.write(VIEW, format!("-- whimbrel:up\n{}", view(20))).unwrap();
    project.run(&["migrate"], 0);
    assert_eq!(good(&project), ["1"]);
}
