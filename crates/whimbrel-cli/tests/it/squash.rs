//! Squashing: one file in the place of several, proved to leave the same, and histories that go on with it.

use whimbrel_testkit::PostgresVersion;

use crate::faults::{applied, fails, finish, on_both, query, start};
use crate::project::{Engine, Project};

on_both! {
    a_whole_history_goes_on, an_empty_database_runs_the_new_file, a_part_is_refused, plain_ddl_of_the_schema,
    rows_are_no_part_of_the_schema, a_range_in_the_middle, a_squashed_file_is_squashed_again, overrides_and_engines,
    what_cannot_be_squashed, snapshots_between_are_gone, transactions_stay_their_own,
}

const FILES: [(&str, &str); 4] = [
    (
        "0001-users",
        "-- whimbrel:up\nCREATE TABLE users (id integer PRIMARY KEY, name text NOT NULL);\n-- whimbrel:down\nDROP TABLE users;\n",
    ),
    (
        "0002-roles",
        "-- why\n-- whimbrel:up\n-- a role each\nALTER TABLE users ADD COLUMN role text NOT NULL DEFAULT 'member'\n\
         -- whimbrel:down\nALTER TABLE users DROP COLUMN role;\n",
    ),
    (
        "0003-index",
        "-- whimbrel:up\nCREATE INDEX users_by_name ON users (name);\n-- whimbrel:down\nDROP INDEX users_by_name;\n",
    ),
    (
        "0004-later",
        "-- whimbrel:up\nCREATE TABLE later (id integer PRIMARY KEY);\n-- whimbrel:down\nDROP TABLE later;\n",
    ),
];

fn with(engine: Engine, files: &[(&str, &str)]) -> Project {
    let project = Project::bare(engine);
    for (name, text) in files {
        project.sandbox.write(format!("migrations/{name}.sql"), *text).unwrap();
    }
    project.run(&["migrate", "seal"], 0);
    project
}

fn files(project: &Project) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(project.sandbox.path("migrations"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".sql"))
        .collect();
    names.sort();
    names
}

/// The migrations folder of one project put into another, whose database has another history.
fn bring(from: &Project, to: &Project) {
    let folder = to.sandbox.path("migrations");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(from.sandbox.path("migrations")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, folder.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn history(project: &Project) -> Vec<String> {
    query(project, "SELECT version || '-' || name || ' ' || kind FROM whimbrel_history ORDER BY version")
}

/// Squashes, and looks whether the databases of the proof are gone: their names hold the process that made them.
fn squash_and_look(project: &Project, arguments: &[&str]) -> i32 {
    let mut all = vec!["migrate", "squash"];
    all.extend(arguments);
    let child = start(project, &all);
    let process = child.id();
    let output = finish(child);
    if project.engine != Engine::Sqlite {
        let left =
            format!("SELECT count(*) FROM pg_database WHERE datname LIKE 'whimbrel_proof_{process}_%'");
        assert_eq!(query(project, &left), ["0"]);
    }
    output.code.unwrap()
}

fn a_whole_history_goes_on(engine: Engine) {
    let project = with(engine, &FILES);
    project.run(&["migrate"], 0);
    let when =
        query(&project, "SELECT CAST(applied_at AS text) FROM whimbrel_history WHERE version = '0003'");
    let done = project.run(&["migrate", "squash", "0001..0003", "--name", "The users"], 0);
    for word in ["0003-the-users.sql", "0001-users.sql", "1 tables"] {
        assert!(done.stdout.contains(word), "{}", done.stdout);
    }
    assert_eq!(files(&project), ["0003-the-users.sql", "0004-later.sql"]);
    let text = project.sandbox.read("migrations/0003-the-users.sql").unwrap();
    for line in ["-- whimbrel:replaces 0001..0003 ", "-- from 0002-roles.sql", "-- a role each"] {
        assert!(text.contains(line), "{text}");
    }
    // Shown as applied at once; the next run writes it down, and runs nothing.
    project.run(&["migrate", "status", "--exit-code"], 0);
    assert_eq!(applied(&project).len(), 4);
    let taken = project.run(&["migrate", "--env", "production"], 0);
    assert!(taken.stdout.contains("now stands for 0001, 0002, 0003"), "{}", taken.stdout);
    assert!(taken.stdout.contains("Nothing to do: at 0004"), "{}", taken.stdout);
    assert_eq!(history(&project), ["0003-the-users baseline", "0004-later applied"]);
    assert_eq!(
        query(&project, "SELECT CAST(applied_at AS text) FROM whimbrel_history WHERE version = '0003'"),
        when
    );
    let again = project.run(&["migrate"], 0);
    assert!(again.stdout.starts_with("Nothing to do: at 0004"), "{}", again.stdout);
    // Down over the squashed file and up again: its sections are those of the files.
    project.run(&["rollback", "--to", "0"], 0);
    assert!(applied(&project).is_empty());
    project.run(&["migrate"], 0);
    query(&project, "INSERT INTO users (id, name) VALUES (1, 'a') RETURNING id");
    assert_eq!(query(&project, "SELECT role FROM users"), ["member"]);
}

fn an_empty_database_runs_the_new_file(engine: Engine) {
    let project = with(engine, &FILES);
    project.run(&["migrate", "squash", "0001", "0003"], 0);
    assert_eq!(files(&project), ["0003-index.sql", "0004-later.sql"]);
    project.run(&["migrate", "--env", "production"], 0);
    assert_eq!(history(&project), ["0003-index applied", "0004-later applied"]);
    assert_eq!(query(&project, "SELECT count(*) FROM users"), ["0"]);
    // The other one had them all: it ends with the same files.
    let other = with(engine, &FILES);
    other.run(&["migrate"], 0);
    bring(&project, &other);
    other.run(&["migrate"], 0);
    assert_eq!(history(&other), ["0003-index baseline", "0004-later applied"]);
}

fn a_part_is_refused(engine: Engine) {
    let squashed = with(engine, &FILES);
    squashed.run(&["migrate", "squash", "0001..0003", "--name", "users"], 0);
    let project = with(engine, &FILES);
    project.run(&["migrate", "--to", "0002"], 0);
    // It would refuse itself, so it does not even begin.
    fails(
        &project,
        &["migrate", "squash", "0001..0003"],
        (1, "migrate::pending", &["0003-index.sql", "whimbrel migrate"]),
    );
    bring(&squashed, &project);
    let words = ["0003-users.sql", "0001-users, 0002-roles", "whimbrel migrate --to 0003", "git log"];
    for command in [&["migrate"][..], &["migrate", "status"], &["rollback"]] {
        fails(&project, command, (1, "migrate::squashed_partly", &words));
    }
    assert_eq!(applied(&project), ["0001", "0002"]);
    // The way that the error names: the old files first.
    let old = with(engine, &FILES);
    bring(&old, &project);
    project.run(&["migrate", "--to", "0003"], 0);
    bring(&squashed, &project);
    project.run(&["migrate"], 0);
    assert_eq!(history(&project), ["0003-users baseline", "0004-later applied"]);
}

fn plain_ddl_of_the_schema(engine: Engine) {
    let project = with(engine, &FILES);
    project.run(&["migrate"], 0);
    assert_eq!(squash_and_look(&project, &["0001..0004", "--from-schema", "--name", "all"]), 0);
    let text = project.sandbox.read("migrations/0004-all.sql").unwrap();
    assert!(text.contains("CREATE TABLE") && !text.contains("ALTER TABLE"), "{text}");
    project.run(&["migrate"], 0);
    assert_eq!(history(&project), ["0004-all baseline"]);
    project.run(&["rollback"], 0);
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT count(*) FROM later"), ["0"]);
}

fn rows_are_no_part_of_the_schema(engine: Engine) {
    let mut all = FILES.to_vec();
    all.push(("0005-rows", "-- whimbrel:up\nINSERT INTO later (id) VALUES (1), (2);\n"));
    let project = with(engine, &all);
    let before = files(&project);
    let words = ["later has 2 rows by the files, and 0 by the one file", "nothing was written"];
    fails(
        &project,
        &["migrate", "squash", "0001..0005", "--from-schema"],
        (7, "verify::squash_differs", &words),
    );
    assert_eq!(squash_and_look(&project, &["0001..0005", "--from-schema"]), 7);
    assert_eq!(files(&project), before);
    let done = project.run(&["migrate", "squash", "0001..0005"], 0);
    for line in ["2 rows", "0005-rows.sql writes (INSERT)"] {
        assert!(done.stdout.contains(line), "{}", done.stdout);
    }
    // One file had no way back, so the new one has none.
    assert!(!project.sandbox.read("migrations/0005-rows.sql").unwrap().contains("whimbrel:down"));
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT count(*) FROM later"), ["2"]);
}

fn a_range_in_the_middle(engine: Engine) {
    for option in [None, Some("--from-schema")] {
        let project = with(engine, &FILES);
        project.run(&["migrate"], 0);
        let mut command = vec!["migrate", "squash", "0002..0003", "--name", "middle"];
        command.extend(option);
        project.run(&command, 0);
        assert_eq!(files(&project), ["0001-users.sql", "0003-middle.sql", "0004-later.sql"]);
        project.run(&["migrate"], 0);
        assert_eq!(history(&project), ["0001-users applied", "0003-middle baseline", "0004-later applied"]);
        project.run(&["rollback", "--to", "0001"], 0);
        project.run(&["migrate"], 0);
    }
}

fn a_squashed_file_is_squashed_again(engine: Engine) {
    let project = with(engine, &FILES);
    project.run(&["migrate"], 0);
    let never = with(engine, &FILES);
    never.run(&["migrate"], 0);
    project.run(&["migrate", "squash", "0001..0002", "--name", "first"], 0);
    project.run(&["migrate"], 0);
    project.run(&["migrate", "squash", "0002..0004", "--name", "second"], 0);
    project.run(&["migrate"], 0);
    assert_eq!(history(&project), ["0004-second baseline"]);
    // One that never saw the file between is sent over it.
    bring(&project, &never);
    fails(&never, &["migrate"], (1, "migrate::squashed_partly", &["0004-second.sql", "0001-users"]));
}

fn overrides_and_engines(engine: Engine) {
    let project = with(
        engine,
        &[
            FILES[0],
            (
                "0002-b",
                "-- whimbrel:up\n-- whimbrel:engine postgres\nCREATE TABLE only_pg (id integer PRIMARY KEY);\n",
            ),
            ("0003-c", "-- whimbrel:up\nCREATE TABLE c_pg (id integer PRIMARY KEY);\n"),
            ("0003-c.sqlite", "-- whimbrel:up\nCREATE TABLE c_sqlite (id integer PRIMARY KEY);\n"),
            ("0004-d", "-- whimbrel:up\nCREATE TABLE d (id integer PRIMARY KEY);\n"),
        ],
    );
    let done = project.run(&["migrate", "squash", "0001..0004", "--name", "all"], 0);
    assert_eq!(files(&project), ["0004-all.sql", "0004-all.sqlite.sql"]);
    if engine != Engine::Sqlite {
        assert!(done.stdout.contains("the other engine"), "{}", done.stdout);
    }
    project.run(&["migrate"], 0);
    let tables: &[&str] = if engine == Engine::Sqlite {
        &["users", "c_sqlite", "d"]
    } else {
        &["users", "only_pg", "c_pg", "d"]
    };
    for table in tables {
        assert_eq!(query(&project, &format!("SELECT count(*) FROM {table}")), ["0"], "{table}");
    }
}

fn what_cannot_be_squashed(engine: Engine) {
    let project = with(engine, &FILES);
    for (range, code, word) in [
        ("0001..0001", "migrate::squash_range", "one file"),
        ("0003..0001", "migrate::squash_range", "before it begins"),
        ("0001", "migrate::squash_range", "where it ends"),
        ("0001..0009", "migrate::unknown_version", "0009"),
    ] {
        fails(&project, &["migrate", "squash", range], (1, code, &[word]));
    }
    let words = ["production", "--env development"];
    fails(
        &project,
        &["migrate", "squash", "0001..0003", "--env", "production"],
        (5, "guard::scratch_databases", &words),
    );
    // An edit of the directive is found as any other.
    project.run(&["migrate", "squash", "0001..0003"], 0);
    let text = project.sandbox.read("migrations/0003-index.sql").unwrap();
    project.sandbox.write("migrations/0003-index.sql", text.replace("0001..0003", "0001-0003")).unwrap();
    fails(&project, &["migrate"], (1, "migrate::syntax", &["no range of versions"]));
}

fn snapshots_between_are_gone(engine: Engine) {
    let project = Project::bare(engine);
    let model = |table: &str| {
        format!(
            "#[derive(Model)]\n#[db(table = \"{table}\")]\npub struct {} {{\n    #[db(id)]\n    pub id: i32,\n}}\n",
            table.to_uppercase()
        )
    };
    let mut schema = String::new();
    for table in ["aa", "bb", "cc"] {
        schema.push_str(&model(table));
        project.declare(&schema);
        project.run(&["migrate", "create", "--auto", "--name", table], 0);
        project.run(&["migrate"], 0);
    }
    project.run(&["migrate", "squash", "0001..0003"], 0);
    let exists =
        |version: &str| project.sandbox.path(format!("migrations/snapshots/{version}.json")).exists();
    assert!(!exists("0001") && !exists("0002") && exists("0003"));
    project.run(&["migrate"], 0);
    project.run(&["migrate", "check"], 0);
    let nothing = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(nothing.stdout.contains("Nothing to write"), "{}", nothing.stdout);
}

fn transactions_stay_their_own(engine: Engine) {
    let project = with(engine, &[FILES[0], FILES[1], FILES[2]]);
    project
        .sandbox
        .write("migrations/0004-fill.sql", "-- whimbrel:up\n-- whimbrel:transaction off\nCREATE TABLE a (id integer PRIMARY KEY);\nCREATE TABLE b (id integer PRIMARY KEY);\n")
        .unwrap();
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "squash", "0001..0004", "--name", "all"], 0);
    let text = project.sandbox.read("migrations/0004-all.sql").unwrap();
    assert_eq!(text.matches("-- whimbrel:transaction on").count(), 3, "{text}");
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT count(*) FROM b"), ["0"]);
}

/// An index that is built concurrently stays so, and the files beside it keep their transactions.
#[test]
fn what_runs_outside_a_transaction() {
    let project = with(Engine::Postgres(PostgresVersion::V17), &FILES);
    let concurrent = "-- whimbrel:up\nCREATE INDEX CONCURRENTLY users_by_role ON users (role);\n\
        -- whimbrel:batch size=10\nUPDATE users SET role = 'x' WHERE role IS NULL;\n\
        -- whimbrel:down\nDROP INDEX CONCURRENTLY users_by_role;\n";
    project.sandbox.write("migrations/0005-concurrent.sql", concurrent).unwrap();
    project.run(&["migrate"], 0);
    project.run(&["migrate", "squash", "0001..0005", "--name", "all"], 0);
    let text = project.sandbox.read("migrations/0005-all.sql").unwrap();
    assert!(text.contains("-- whimbrel:transaction off\nCREATE INDEX CONCURRENTLY"), "{text}");
    project.run(&["rollback", "--to", "0"], 0);
    project.run(&["migrate"], 0);
    assert_eq!(query(&project, "SELECT count(*) FROM users"), ["0"]);
    assert_eq!(history(&project), ["0005-all applied"]);
}
