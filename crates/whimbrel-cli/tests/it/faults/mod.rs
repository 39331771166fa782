//! What goes wrong: each fault is a clear error with its code, its object and the next step; nothing is half-done, and
//! no password is printed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use whimbrel_testkit::RunOutput;

use crate::catalogue::dump;
use crate::project::{Engine, Project};

mod alembic;
mod connection;
mod deployers;
mod disk;
mod files;
mod guards;
mod interruption;
mod project_file;
mod schema_file;
mod statements;
mod sum;

/// How long a test waits for something that another process does.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Declares, for each function, a test on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::project::Engine;

            #[test]
            fn sqlite() {
                super::$name(Engine::Sqlite);
            }
            #[test]
            fn postgres() {
                super::$name(Engine::Postgres(whimbrel_testkit::PostgresVersion::V17));
            }
        }
    )*};
}
pub(crate) use on_both;

/// Three migrations, each with a table and a row in it.
const FILES: [(&str, &str); 3] = [
    (
        "migrations/0001-first.sql",
        "-- whimbrel:up\nCREATE TABLE first (id integer PRIMARY KEY);\nINSERT INTO first (id) VALUES (1);\n\
         -- whimbrel:down\nDROP TABLE first;\n",
    ),
    (
        "migrations/0002-second.sql",
        "-- whimbrel:up\nCREATE TABLE second (id integer PRIMARY KEY);\nINSERT INTO second (id) VALUES (2);\n\
         -- whimbrel:down\nDROP TABLE second;\n",
    ),
    (
        "migrations/0003-third.sql",
        "-- whimbrel:up\nCREATE TABLE third (id integer PRIMARY KEY);\nINSERT INTO third (id) VALUES (3);\n\
         -- whimbrel:down\nDROP TABLE third;\n",
    ),
];

/// A project with the three migrations, sealed, of which the first ones are applied.
fn standing(engine: Engine, applied: &str) -> Project {
    let project = Project::bare(engine);
    for (path, text) in FILES {
        project.sandbox.write(path, text).unwrap();
    }
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--to", applied], 0);
    project
}

/// What must not change: the project's files, every object and row of its database, and the history.
#[derive(Debug, PartialEq)]
struct Standing {
    files: BTreeMap<String, Vec<u8>>,
    objects: String,
    history: String,
}

impl Standing {
    fn of(project: &Project) -> Self {
        let mut files = BTreeMap::new();
        collect_files(project.sandbox.root(), project.sandbox.root(), &mut files);
        let embedded = project.engine == Engine::Sqlite;
        let exists = !embedded || project.database_path().exists();
        let objects = if exists { dump(project) } else { String::new() };
        Standing { files, objects, history: history(project).join("\n") }
    }
}

fn collect_files(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.is_dir() {
            collect_files(root, &path, files);
        } else if !name.starts_with("database.db") {
            files.insert(name, std::fs::read(&path).unwrap());
        }
    }
}

/// The history's rows, read without the product: `version name kind`.
fn history(project: &Project) -> Vec<String> {
    query(
        project,
        "SELECT version || ' ' || name || ' ' || kind || ' ' || applied_at FROM whimbrel_history ORDER BY version",
    )
}

/// The values of a one-column query, read without the product; none where a table of it does not exist.
pub(crate) fn query(project: &Project, sql: &str) -> Vec<String> {
    let answer = match project.engine {
        Engine::Sqlite if !project.database_path().exists() => Ok(Vec::new()),
        Engine::Sqlite => sqlite_query(project, sql).map_err(|error| error.to_string()),
        Engine::Postgres(_) => project
            .database()
            .psql(sql)
            .map(|text| text.lines().map(str::to_owned).collect())
            .map_err(|error| error.to_string()),
    };
    match answer {
        Ok(lines) => lines,
        Err(error) if error.contains("no such table") || error.contains("does not exist") => Vec::new(),
        Err(error) => panic!("{sql}: {error}"),
    }
}

fn sqlite_query(project: &Project, sql: &str) -> rusqlite::Result<Vec<String>> {
    let connection = rusqlite::Connection::open(project.database_path())?;
    connection.busy_timeout(PATIENCE)?;
    let mut statement = connection.prepare(sql)?;
    let lines = statement.query_map([], |row| row.get::<_, rusqlite::types::Value>(0))?;
    lines
        .map(|line| {
            Ok(match line? {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => format!("{other:?}"),
            })
        })
        .collect()
}

/// The applied versions, read without the product.
pub(crate) fn applied(project: &Project) -> Vec<String> {
    query(project, "SELECT version FROM whimbrel_history ORDER BY version")
}

/// An error that a command must end with: exit code, error code, and words of its message, help or source.
pub(crate) type Failure<'a> = (i32, &'a str, &'a [&'a str]);

/// Runs a command that must fail, as it is, with `-v` and with `--json`; nothing may change.
/// Returns the standard error of the first run.
pub(crate) fn refused(project: &Project, arguments: &[&str], failure: Failure<'_>) -> String {
    let before = Standing::of(project);
    let stderr = fails(project, arguments, failure);
    let after = Standing::of(project);
    assert_eq!(before.files, after.files, "`{}` changed a file", arguments.join(" "));
    assert_eq!(before.history, after.history, "`{}` changed the history", arguments.join(" "));
    assert_eq!(before.objects, after.objects, "`{}` changed the database", arguments.join(" "));
    stderr
}

/// Runs a command that must fail, as it is, with `-v` and with `--json`. Returns the standard error of the first run.
pub(crate) fn fails(project: &Project, arguments: &[&str], failure: Failure<'_>) -> String {
    let run = |option: Option<&str>| {
        let mut all = arguments.to_vec();
        all.extend(option);
        let output = project.sandbox.run(&all).unwrap();
        check_failure(project, &all, &output, failure);
        output
    };
    let plain = run(None);
    run(Some("-v"));
    run(Some("--json"));
    plain.stderr
}

/// Checks one failed run.
fn check_failure(
    project: &Project,
    arguments: &[&str],
    output: &RunOutput,
    (exit, code, words): Failure<'_>,
) {
    let command = format!("whimbrel {}", arguments.join(" "));
    let shown = format!("{command}\n{}{}", output.stdout, output.stderr);
    assert_eq!(output.code, Some(exit), "{shown}");
    assert_eq!(output.stdout, "", "{command}: data on standard output beside an error");
    no_password(project, output);
    if !arguments.contains(&"--json") {
        assert!(output.stderr.contains(code), "no code {code}: {shown}");
        assert!(output.stderr.contains("help: "), "no next step: {shown}");
        return;
    }
    let error = last_json(&output.stderr);
    assert_eq!(error["code"], code, "{shown}");
    let mut text = String::new();
    strings_of(&error, &mut text);
    assert!(error["help"].is_string() || text.contains("help"), "no next step: {shown}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

/// The last line of standard error as JSON.
fn last_json(stderr: &str) -> Value {
    let line = stderr.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("no JSON ({error}): {stderr}"))
}

/// Every key and text of a JSON value.
fn strings_of(value: &Value, into: &mut String) {
    match value {
        Value::String(text) => into.push_str(&format!("{text}\n")),
        Value::Array(items) => items.iter().for_each(|item| strings_of(item, into)),
        Value::Object(entries) => entries.iter().for_each(|(key, item)| {
            into.push_str(&format!("{key}\n"));
            strings_of(item, into);
        }),
        _ => {}
    }
}

/// The password that faulty URLs and settings of these tests hold.
const PASSWORD: &str = "hunter2-Zq9";

/// Fails when an output holds a password.
fn no_password(project: &Project, output: &RunOutput) {
    let from_url = project.url().split_once("://").and_then(|(_, rest)| rest.split_once('@'));
    let real = from_url.and_then(|(user, _)| user.split_once(':')).map(|(_, password)| password);
    for password in [Some(PASSWORD), real].into_iter().flatten() {
        let found = output.stdout.contains(password) || output.stderr.contains(password);
        assert!(!found, "a password was printed:\n{}{}", output.stdout, output.stderr);
    }
}

/// Fails where the text does not show this place with its caret.
fn points_at(stderr: &str, place: &str) {
    assert!(stderr.contains(place) && stderr.contains('╰'), "no place {place} with a caret: {stderr}");
}

/// Starts the binary and does not wait for it.
pub(crate) fn start(project: &Project, arguments: &[&str]) -> Child {
    project.sandbox.command().args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of a started run.
pub(crate) fn finish(child: Child) -> RunOutput {
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    RunOutput { stdout: text(stdout), stderr: text(stderr), code: status.code() }
}

/// Waits until something is so.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(POLL_INTERVAL);
    }
}
