//! Scripts: what `--sql` prints is run by psql and sqlite3, and the database is then what the command would have made.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use whimbrel_testkit::PostgresVersion;

use crate::catalogue::dump;
use crate::faults::{applied, fails, on_both, query};
use crate::project::{Engine, Project};

on_both! {
    up_and_down_by_the_history, up_and_down_by_versions_alone, a_database_elsewhere_is_refused, alembic_s_ranges,
    repeatable_files_and_hooks, a_squashed_file_takes_its_place, what_cannot_be_written_waits,
}

const SCHEMA: &str = "#[derive(Model)]\n#[db(table = \"users\")]\npub struct User {\n    #[db(id)]\n    pub id: i32,\n    \
    #[db(unique)]\n    pub name: String,\n    pub age: Option<i32>,\n}\n";

const FILES: [(&str, &str); 3] = [
    (
        "0001-users",
        "-- whimbrel:up\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n\
         INSERT INTO users (id, name) VALUES (1, 'it''s $me$ \\ :name');\n-- whimbrel:down\nDROP TABLE users;\n",
    ),
    (
        "0002-unique",
        "-- whimbrel:up\nALTER TABLE users ADD CONSTRAINT users_name_key UNIQUE (name);\n\
         -- whimbrel:down\nALTER TABLE users DROP CONSTRAINT users_name_key;\n",
    ),
    (
        "0003-age",
        "-- whimbrel:up\nALTER TABLE users ADD COLUMN age integer;\nCREATE INDEX users_by_age ON users (age);\n\
         -- whimbrel:down\nDROP INDEX users_by_age;\nALTER TABLE users DROP COLUMN age;\n",
    ),
];

fn begun(engine: Engine) -> Project {
    let project = Project::bare(engine);
    for (name, text) in FILES {
        project.sandbox.write(format!("migrations/{name}.sql"), text).unwrap();
    }
    project.run(&["migrate", "seal"], 0);
    project
}

/// Runs a script with the server's own client.
fn try_client(project: &Project, script: &str) -> Output {
    let mut command = match project.engine {
        Engine::Sqlite => {
            let mut command = Command::new("sqlite3");
            command.arg(project.database_path());
            command
        }
        Engine::Postgres(_) => {
            let mut command = Command::new("psql");
            command.args(["-X", "-q", "-f", "-", "-d", project.url()]);
            command
        }
    };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A client that stops at an error reads no further.
    drop(child.stdin.take().unwrap().write_all(script.as_bytes()));
    child.wait_with_output().unwrap()
}

fn client(project: &Project, script: &str) {
    let output = try_client(project, script);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "on {:?}: {stderr}\n{script}", project.engine);
}

fn script(project: &Project, arguments: &[&str]) -> String {
    project.run(arguments, 0).stdout
}

/// The database is what the command makes of another one.
fn as_the_command_makes_it(project: &Project, to: &str) {
    let other = begun(project.engine);
    other.run(&["migrate", "--to", to], 0);
    assert_eq!(applied(project), applied(&other));
    assert_eq!(dump(project), dump(&other));
    project.run(&["migrate", "status"], 0);
}

fn up_and_down_by_the_history(engine: Engine) {
    let project = begun(engine);
    project.declare(SCHEMA);
    client(&project, &script(&project, &["migrate", "--sql", "--to", "0001"]));
    as_the_command_makes_it(&project, "0001");
    client(&project, &script(&project, &["migrate", "--sql"]));
    as_the_command_makes_it(&project, "0003");
    let nothing = script(&project, &["migrate", "--sql"]);
    assert!(nothing.contains("Nothing to do"), "{nothing}");
    client(&project, &script(&project, &["rollback", "--sql", "2"]));
    as_the_command_makes_it(&project, "0001");
    client(&project, &script(&project, &["rollback", "--to", "0", "--sql"]));
    assert!(applied(&project).is_empty());
    // And the command goes on where a script ended.
    project.run(&["migrate"], 0);
    project.run(&["rollback", "3"], 0);
}

fn up_and_down_by_versions_alone(engine: Engine) {
    let project = begun(engine);
    // Nothing listens there: no database is asked.
    let nowhere = match engine {
        Engine::Sqlite => "sqlite:/nowhere/at/all.db",
        Engine::Postgres(_) => "postgres://nobody@127.0.0.1:1/nothing",
    };
    let offline = |arguments: &[&str]| {
        let mut all = vec!["migrate", "--sql", "--url", nowhere];
        all.extend(arguments);
        script(&project, &all)
    };
    client(&project, &offline(&["--from", "0", "--to", "0002"]));
    as_the_command_makes_it(&project, "0002");
    client(&project, &offline(&["--from", "0002"]));
    as_the_command_makes_it(&project, "0003");
    assert_eq!(query(&project, "SELECT name FROM users"), ["it's $me$ \\ :name"]);
    client(&project, &offline(&["--from", "0003", "--to", "0001"]));
    as_the_command_makes_it(&project, "0001");
    fails(&project, &["migrate", "--sql", "--from", "0009"], (1, "migrate::unknown_version", &["0009"]));
    // What the database reads back as is what was meant, so that nothing differs from the schema.
    client(&project, &offline(&["--from", "0001", "--to", "0003"]));
    project.declare(SCHEMA);
    let check = project.sandbox.run(["migrate", "check"]).unwrap();
    assert!(!check.stdout.contains("Drift"), "{}{}", check.stdout, check.stderr);
}

fn a_database_elsewhere_is_refused(engine: Engine) {
    let project = begun(engine);
    project.run(&["migrate", "--to", "0001"], 0);
    let before = dump(&project);
    let output = try_client(&project, &script(&project, &["migrate", "--sql", "--from", "0002"]));
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(stderr.contains("this database is ") && stderr.contains("0002"), "{stderr}");
    assert_eq!(dump(&project), before);
    assert_eq!(applied(&project), ["0001"]);
    // A script that fails in the middle leaves what stands before the file, as the command does.
    project.sandbox.write("migrations/0004-bad.sql", "-- whimbrel:up\nCREATE TABLE half (id integer);\nINSERT INTO users (id, name) VALUES (1, 'again');\n").unwrap();
    let text = script(&project, &["migrate", "--sql", "--from", "0001"]);
    if engine != Engine::Sqlite {
        assert!(!try_client(&project, &text).status.success());
        assert_eq!(applied(&project), ["0001", "0002", "0003"]);
        assert!(query(&project, "SELECT count(*) FROM half").is_empty());
    }
}

fn alembic_s_ranges(engine: Engine) {
    let project = begun(engine);
    client(&project, &script(&project, &["upgrade", "base:0002", "--sql"]));
    as_the_command_makes_it(&project, "0002");
    client(&project, &script(&project, &["upgrade", "0002:head", "--sql"]));
    as_the_command_makes_it(&project, "0003");
    client(&project, &script(&project, &["downgrade", "0003:0001", "--sql"]));
    as_the_command_makes_it(&project, "0001");
    client(&project, &script(&project, &["downgrade", "0001:base", "--sql"]));
    assert!(applied(&project).is_empty());
    client(&project, &script(&project, &["upgrade", "head", "--sql"]));
    as_the_command_makes_it(&project, "0003");
    client(&project, &script(&project, &["downgrade", "-1", "--sql"]));
    as_the_command_makes_it(&project, "0002");
}

fn repeatable_files_and_hooks(engine: Engine) {
    let project = begun(engine);
    let toml = "name = \"case\"\nmodel = \"relational\"\n[hooks]\nbefore_migrate = [\"touch ran\"]\n";
    project.sandbox.write("whimbrel.toml", toml).unwrap();
    project
        .sandbox
        .write(
            "migrations/R-names.sql",
            "DROP VIEW IF EXISTS names;\nCREATE VIEW names AS SELECT name FROM users;\n",
        )
        .unwrap();
    let output = project.run(&["migrate", "--sql"], 0);
    for text in [&output.stdout, &output.stderr] {
        assert!(text.contains("the hook before_migrate touch ran is no part of the script"), "{text}");
    }
    client(&project, &output.stdout);
    assert!(!project.sandbox.path("ran").exists());
    assert_eq!(query(&project, "SELECT count(*) FROM names"), ["1"]);
    project.run(&["migrate", "status", "--exit-code"], 0);
    let again = project.run(&["migrate"], 0);
    assert!(again.stdout.starts_with("Nothing to do"), "{}", again.stdout);
}

fn a_squashed_file_takes_its_place(engine: Engine) {
    let project = begun(engine);
    project.run(&["migrate"], 0);
    project.run(&["migrate", "squash", "0001..0002", "--name", "first"], 0);
    let text = script(&project, &["migrate", "--sql"]);
    client(&project, &text);
    assert_eq!(applied(&project), ["0002", "0003"]);
    let again = project.run(&["migrate"], 0);
    assert!(again.stdout.starts_with("Nothing to do"), "{}", again.stdout);
}

/// SQLite's script is tried out in memory, where a statement may fail that would do on the real rows.
fn what_cannot_be_written_waits(engine: Engine) {
    let project = begun(engine);
    let text = "-- whimbrel:up\nCOPY users FROM stdin;\n";
    project.sandbox.write("migrations/0004-copy.sql", text).unwrap();
    project
        .sandbox
        .write("migrations/0005-after.sql", "-- whimbrel:up\nCREATE TABLE after (id integer);\n")
        .unwrap();
    let output = project.run(&["migrate", "--sql", "--from", "0"], 0);
    assert!(output.stderr.contains("0004-copy.sql cannot be written as a script"), "{}", output.stderr);
    assert!(output.stdout.contains("-- NOTE: 0004-copy.sql"), "{}", output.stdout);
    let ran = try_client(&project, &output.stdout);
    assert!(!ran.status.success(), "the rest waits for what is missing");
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
    assert!(query(&project, "SELECT count(*) FROM after").is_empty());
}

const STATEMENTS: [PostgresVersion; 3] = [PostgresVersion::V15, PostgresVersion::V17, PostgresVersion::V18];

/// Files that are not one transaction: CONCURRENTLY, batches, statement by statement.
#[test]
fn outside_transactions_and_in_batches() {
    for version in STATEMENTS {
        let engine = Engine::Postgres(version);
        let project = begun(engine);
        let other = begun(engine);
        for project in [&project, &other] {
            project
                .sandbox
                .write(
                    "migrations/0004-many.sql",
                    "-- whimbrel:up\nINSERT INTO users (id, name) SELECT n, 'user ' || n FROM generate_series(2, 2500) n;\n\
                     -- whimbrel:batch size=100 pause=1ms\nUPDATE users AS u SET age = u.id % 90 WHERE u.age IS NULL OR u.age < 0;\n\
                     CREATE INDEX CONCURRENTLY users_by_name ON users (lower(name));\n\
                     -- whimbrel:batch size=1000 key=id\nDELETE FROM users WHERE id % 2 = 0;\n\
                     -- whimbrel:down\nDROP INDEX CONCURRENTLY users_by_name;\nDELETE FROM users WHERE id > 1;\n",
                )
                .unwrap();
        }
        other.run(&["migrate"], 0);
        client(&project, &script(&project, &["migrate", "--sql", "--from", "0"]));
        assert_eq!(dump(&project), dump(&other));
        assert_eq!(
            query(&project, "SELECT count(*) || ' ' || sum(age) FROM users"),
            query(&other, "SELECT count(*) || ' ' || sum(age) FROM users")
        );
        assert_eq!(applied(&project), applied(&other));
        project.run(&["migrate", "status", "--exit-code"], 0);
        client(&project, &script(&project, &["rollback", "--sql"]));
        assert_eq!(applied(&project), ["0001", "0002", "0003"]);
        assert_eq!(query(&project, "SELECT count(*) FROM users"), ["1"]);
    }
}

/// A script that ends in the middle of such a file is finished by the command.
#[test]
fn the_journal_goes_on_after_a_broken_script() {
    let project = begun(Engine::Postgres(PostgresVersion::V17));
    project.run(&["migrate"], 0);
    project
        .sandbox
        .write(
            "migrations/0004-many.sql",
            "-- whimbrel:up\nCREATE TABLE extra (id integer PRIMARY KEY);\n\
             CREATE UNIQUE INDEX CONCURRENTLY users_by_age_once ON users (age);\nCREATE TABLE last (id integer);\n",
        )
        .unwrap();
    query(&project, "INSERT INTO users (id, name, age) VALUES (2, 'b', 7), (3, 'c', 7)");
    let text = script(&project, &["migrate", "--sql"]);
    assert!(!try_client(&project, &text).status.success());
    let again = try_client(&project, &text);
    assert!(String::from_utf8_lossy(&again.stderr).contains("begun and is not finished"));
    query(&project, "UPDATE users SET age = 8 WHERE id = 3");
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT count(*) FROM last"), ["0"]);
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'users_by_age_once'::regclass";
    assert_eq!(query(&project, valid), ["t"]);
}

/// Another schema than the default one, and settings that a migration makes.
#[test]
fn another_schema_and_settings() {
    for version in STATEMENTS {
        let project = begun(Engine::Postgres(version));
        let toml = "name = \"case\"\nmodel = \"relational\"\n[postgres]\nschemas = [\"app data\"]\n";
        project.sandbox.write("whimbrel.toml", toml).unwrap();
        project
            .sandbox
            .write("migrations/0004-set.sql", "-- whimbrel:up\nSET search_path = pg_catalog;\n")
            .unwrap();
        project
            .sandbox
            .write("migrations/0005-t.sql", "-- whimbrel:up\nCREATE TABLE t (id integer);\n")
            .unwrap();
        client(&project, &script(&project, &["migrate", "--sql", "--from", "0"]));
        assert_eq!(query(&project, "SELECT count(*) FROM \"app data\".t"), ["0"]);
        project.run(&["migrate", "status", "--exit-code"], 0);
    }
}

/// What a script made is what the schema declares; on SQLite the notes that its engine keeps are in the script, so
/// that the catalogue reads back in PostgreSQL's words.
#[test]
fn what_a_script_made_is_what_was_declared() {
    for engine in Engine::ALL {
        let project = Project::bare(engine);
        project.declare("#[derive(Enum)]\npub enum Rank {\n    Admin,\n    Member,\n}\n\n#[derive(Model)]\n#[db(table = \"people\")]\npub struct Person {\n    \
            #[db(id)]\n    pub id: i64,\n    #[db(unique)]\n    pub email: String,\n    pub rank: Rank,\n    pub joined: Timestamp,\n    pub active: bool,\n}\n");
        project.run(&["migrate", "create", "--auto", "--name", "people"], 0);
        client(&project, &script(&project, &["migrate", "--sql", "--from", "0"]));
        project.run(&["migrate", "check"], 0);
        client(&project, &script(&project, &["rollback", "--sql", "--from", "0001"]));
        client(&project, &script(&project, &["migrate", "--sql"]));
        project.run(&["migrate", "check"], 0);
        project.run(&["status", "--exit-code"], 0);
    }
}
