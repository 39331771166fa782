//! Hooks before and after the migrations: commands and files of SQL.

use crate::faults::{applied, fails, on_both, query};
use crate::project::{Engine, Project};

on_both! {
    they_run_around_what_is_applied, a_failing_before_hook_stops_everything, a_failing_after_hook_leaves_it_standing,
    sql_hooks_are_one_transaction, no_password_unless_asked_for, a_hook_has_a_time_limit, nothing_to_do_runs_none,
    a_preview_names_them, mistakes_in_the_file_are_shown,
}

const ONE: &str =
    "-- whimbrel:up\nCREATE TABLE one (id integer PRIMARY KEY);\n-- whimbrel:down\nDROP TABLE one;\n";

fn with_hooks(engine: Engine, hooks: &str) -> Project {
    let project = Project::new(engine);
    let file = format!("name = \"case\"\nmodel = \"relational\"\n\n[hooks]\n{hooks}\n");
    project.sandbox.write("whimbrel.toml", file).unwrap();
    project.sandbox.write("migrations/0001-one.sql", ONE).unwrap();
    project
}

/// A hook that writes a line to `log`, with what it is told.
fn logging(word: &str) -> String {
    format!(
        "[[\"sh\", \"-c\", \"echo {word} $WHIMBREL_ENV pending=$(echo $WHIMBREL_PENDING) applied=$(echo $WHIMBREL_APPLIED) >> log\"]]"
    )
}

fn log(project: &Project) -> Vec<String> {
    let text = project.sandbox.read("log").unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn they_run_around_what_is_applied(engine: Engine) {
    let moments = ["before_migrate", "after_migrate", "before_rollback", "after_rollback"];
    let hooks: Vec<String> = moments.iter().map(|moment| format!("{moment} = {}", logging(moment))).collect();
    let project = with_hooks(engine, &hooks.join("\n"));
    project.sandbox.write("migrations/0002-two.sql", ONE.replace("one", "two")).unwrap();
    project.run(&["migrate"], 0);
    project.run(&["rollback", "--env", "test"], 0);
    let expected = [
        "before_migrate development pending=0001-one.sql 0002-two.sql applied=",
        "after_migrate development pending= applied=0001-one.sql 0002-two.sql",
        "before_rollback test pending=0002-two.sql applied=",
        "after_rollback test pending= applied=0002-two.sql",
    ];
    assert_eq!(log(&project), expected);
    let config = project.run(&["config"], 0);
    assert!(config.stdout.contains("hooks.before_migrate"), "{}", config.stdout);
}

fn a_failing_before_hook_stops_everything(engine: Engine) {
    for (hook, words) in [
        (
            "[[\"sh\", \"-c\", \"echo too early; exit 7\"]]",
            ["before_migrate", "exited with 7", "no migration was run"],
        ),
        (
            "[\"no-such-command-here now\"]",
            ["no-such-command-here now", "cannot be started", "no migration was run"],
        ),
        ("[\"hooks/missing.sql\"]", ["hooks/missing.sql", "failed", "no migration was run"]),
    ] {
        let project = with_hooks(engine, &format!("before_migrate = {hook}"));
        fails(&project, &["migrate"], (1, "hook::failed", &words));
        assert!(applied(&project).is_empty());
    }
    let project = with_hooks(engine, "before_migrate = [[\"sh\", \"-c\", \"echo too early; exit 7\"]]");
    let output = project.run(&["migrate"], 1);
    assert!(output.stderr.contains("too early") && output.stdout.is_empty(), "{}", output.stderr);
}

fn a_failing_after_hook_leaves_it_standing(engine: Engine) {
    let project =
        with_hooks(engine, &format!("after_migrate = [\"false\"]\nafter_rollback = {}", logging("never")));
    let output = project.run(&["migrate"], 6);
    assert!(output.stdout.contains("1 migration applied; now at 0001"), "{}", output.stdout);
    for word in ["hook::failed", "after_migrate", "`false`", "the migrations stand"] {
        assert!(output.stderr.contains(word), "{}", output.stderr);
    }
    assert_eq!(applied(&project), ["0001"]);
    let project = with_hooks(engine, "after_migrate = [\"false\"]");
    let output = project.run(&["migrate", "--json"], 6);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["failed_hook"]["code"], "hook::failed");
}

fn sql_hooks_are_one_transaction(engine: Engine) {
    let hooks = "before_migrate = [\"hooks/before.sql\"]\nafter_migrate = [\"hooks/after.sql\"]";
    let project = with_hooks(engine, hooks);
    project.sandbox.write("hooks/before.sql", "CREATE TABLE trail (word text);\n").unwrap();
    project
        .sandbox
        .write(
            "hooks/after.sql",
            "INSERT INTO trail (word) VALUES ('gone');\nINSERT INTO nowhere (id) VALUES (1);\n",
        )
        .unwrap();
    let output = project.run(&["migrate"], 6);
    assert!(
        output.stderr.contains("hooks/after.sql") && output.stderr.contains("line 2"),
        "{}",
        output.stderr
    );
    assert_eq!(query(&project, "SELECT count(*) FROM trail"), ["0"]);
    // What a hook made belongs to what the migrations left: it is no drift.
    project.sandbox.write("src/schema.rs", "use whimbrel::prelude::*;\n").unwrap();
    let check = project.run(&["migrate", "check"], 0);
    assert!(!check.stdout.contains("Drift"), "{}", check.stdout);
}

fn no_password_unless_asked_for(engine: Engine) {
    let tell = "[\"sh\", \"-c\", \"env > seen\"]";
    let mut project = with_hooks(engine, &format!("before_migrate = [{tell}]"));
    project.sandbox.env("DATABASE_URL", "postgres://someone:hunter2@db.example.org/x");
    project.run(&["migrate"], 0);
    let seen = project.sandbox.read("seen").unwrap();
    assert!(seen.contains("WHIMBREL_ENV=development") && !seen.contains("hunter2"), "{seen}");
    if engine != Engine::Sqlite {
        assert!(!seen.contains("WHIMBREL_URL"), "{seen}");
    }
    let given = format!("before_migrate = [{{ run = {tell}, url = true }}]");
    let project = with_hooks(engine, &given);
    project.run(&["migrate"], 0);
    let seen = project.sandbox.read("seen").unwrap();
    assert!(seen.contains(&format!("WHIMBREL_URL={}", project.url())), "{seen}");
}

fn a_hook_has_a_time_limit(engine: Engine) {
    let project = with_hooks(engine, "timeout = \"200ms\"\nbefore_migrate = [\"sleep 30\"]");
    let started = std::time::Instant::now();
    let words = ["before_migrate", "sleep 30", "200ms", "hooks.timeout", "no migration was run"];
    fails(&project, &["migrate"], (1, "hook::timeout", &words));
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
    assert!(applied(&project).is_empty());
}

fn nothing_to_do_runs_none(engine: Engine) {
    let project = with_hooks(engine, &format!("before_migrate = {}", logging("before")));
    project.run(&["migrate"], 0);
    project.run(&["migrate"], 0);
    assert_eq!(log(&project).len(), 1);
}

fn a_preview_names_them(engine: Engine) {
    let project =
        with_hooks(engine, "before_migrate = [\"sh -c exit\"]\nafter_migrate = [\"hooks/after.sql\"]");
    let shown = project.run(&["migrate", "--dry-run"], 0);
    for line in ["before_migrate sh -c exit", "after_migrate hooks/after.sql"] {
        assert!(shown.stdout.contains(line), "{}", shown.stdout);
    }
    assert!(applied(&project).is_empty());
}

fn mistakes_in_the_file_are_shown(engine: Engine) {
    for (hooks, words) in [
        ("before_migrat = [\"true\"]", ["before_migrate", "hooks.before_migrat"]),
        ("before_migrate = \"true\"", ["hooks.before_migrate", "a list of commands and files of SQL"]),
        ("before_migrate = [7]", ["hooks.before_migrate", "no command"]),
        ("before_migrate = [{ ran = \"true\" }]", ["hooks.before_migrate", "ran"]),
        (
            "before_migrate = [{ run = \"a.sql\", url = true }]",
            ["hooks.before_migrate", "runs on the connection"],
        ),
    ] {
        let project = with_hooks(engine, hooks);
        let output = project.run(&["migrate", "status"], 1);
        for word in words {
            assert!(output.stderr.contains(word), "no {word}: {}", output.stderr);
        }
    }
}
