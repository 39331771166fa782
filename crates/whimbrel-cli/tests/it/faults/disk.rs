//! SQLite's file: a full disk, a read-only place, and what is no database.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Command, Stdio};

use super::{FILES, Standing, applied, check_failure, finish, refused, standing};
use crate::project::{Engine, Project};

const NOT_WRITABLE: &str = "database::not_writable";
const UNUSABLE: &str = "database::unusable";

fn project() -> Project {
    standing(Engine::Sqlite, "0001")
}

/// A run with `--url` for another database; nothing may change.
fn refused_at(project: &Project, url: &str, code: &str, words: &[&str]) {
    for command in [&["migrate"][..], &["init"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", url]);
        refused(project, &arguments, (1, code, words));
    }
}

fn with_schema() -> Project {
    let project = project();
    project.declare("#[derive(Model)]\n#[db(table = \"first\")]\npub struct First {\n    #[db(id)]\n    pub id: i32,\n}\n");
    project
}

#[test]
fn read_only_place() {
    let project = with_schema();
    refused_at(
        &project,
        "sqlite:/proc/whimbrel.db",
        NOT_WRITABLE,
        &["/proc/whimbrel.db", "make the file and its folder writable"],
    );
    refused_at(&project, "sqlite:/proc/deep/whimbrel.db", NOT_WRITABLE, &["/proc/deep"]);
}

#[test]
fn parent_is_a_file() {
    let project = with_schema();
    refused_at(&project, "sqlite:whimbrel.toml/x.db", NOT_WRITABLE, &["whimbrel.toml", "folder"]);
}

#[test]
fn folder_in_the_place_of_the_file() {
    let project = with_schema();
    refused_at(
        &project,
        "sqlite:migrations",
        UNUSABLE,
        &["migrations", "it is a folder", "name another file"],
    );
    refused(&project, &["status", "--url", "sqlite:migrations"], (1, UNUSABLE, &["it is a folder"]));
}

#[test]
fn not_a_database() {
    let project = with_schema();
    refused_at(
        &project,
        "sqlite:whimbrel.toml",
        UNUSABLE,
        &["whimbrel.toml", "not a database", "restore it from a backup"],
    );
    refused(&project, &["status", "--url", "sqlite:whimbrel.toml"], (1, UNUSABLE, &["not a database"]));
}

#[test]
fn damaged_database() {
    let project = project();
    let path = project.database_path();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE").unwrap();
    drop(connection);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..].fill(0x5a);
    std::fs::write(&path, &bytes).unwrap();
    for command in [&["migrate"][..], &["migrate", "status"]] {
        let output = project.run(command, 1);
        check_failure(&project, command, &output, (1, UNUSABLE, &[]));
        assert!(output.stderr.contains("database.db"), "{}", output.stderr);
    }
    assert_eq!(std::fs::read(&path).unwrap()[100..], bytes[100..], "a damaged file stays as it is");
}

/// Looking at a database that is not there makes none.
#[test]
fn a_look_makes_no_database() {
    let project = with_schema();
    for command in [&["migrate", "status"][..], &["status"], &["migrate", "check"], &["doctor"]] {
        let mut arguments = command.to_vec();
        arguments.extend(["--url", "sqlite:nowhere.db"]);
        let output = project.sandbox.run(&arguments).unwrap();
        assert!(
            !project.sandbox.path("nowhere.db").exists(),
            "{arguments:?}: {}{}",
            output.stdout,
            output.stderr
        );
    }
}

/// A limit on the size of files stands for a full disk: a write is refused in the middle of a file's work.
#[test]
fn full_disk() {
    let project = project();
    let rows =
        "CREATE TABLE second (id integer PRIMARY KEY, filler text);\nINSERT INTO second (id, filler) VALUES "
            .to_owned()
            + &(0..4000).map(|id| format!("({id}, '{:0200}')", id)).collect::<Vec<_>>().join(", ");
    let text = format!("-- whimbrel:up\n{rows};\n-- whimbrel:down\nDROP TABLE second;\n");
    project.sandbox.write(FILES[1].0, text).unwrap();
    project.run(&["migrate", "seal"], 0);
    let before = Standing::of(&project);
    // Half a megabyte for any file (bash counts in KiB); without the trap the signal would end the process.
    let command = limited(&project, "trap '' XFSZ; ulimit -f 512; exec \"$0\" migrate");
    let output = finish_command(command);
    check_failure(&project, &["migrate"], &output, (1, NOT_WRITABLE, &[]));
    assert!(
        output.stderr.contains("database.db") && output.stderr.contains("free some space"),
        "{}",
        output.stderr
    );
    assert_eq!(Standing::of(&project), before);

    // The same, where the signal ends the process at the write.
    let output = finish_command(limited(&project, "ulimit -f 512; exec \"$0\" migrate"));
    assert_ne!(output.code, Some(0));
    assert_eq!(Standing::of(&project), before);
    project.run(&["migrate"], 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
}

fn limited(project: &Project, script: &str) -> Command {
    let binary = project.sandbox.command();
    let mut command = Command::new("bash");
    command.args(["-c", script]).arg(binary.get_program()).current_dir(project.sandbox.root());
    command.env("WHIMBREL_URL", project.url()).stdin(Stdio::null());
    command
}

fn finish_command(mut command: Command) -> whimbrel_testkit::RunOutput {
    finish(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
}

/// A file and a folder without the right to write: a change is refused, a look works or says why not.
#[test]
fn no_right_to_write() {
    let project = project();
    let connection = rusqlite::Connection::open(project.database_path()).unwrap();
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(connection);
    let before = Standing::of(&project);
    let lock = project.sandbox.path("database.db.lock");
    let restrict = |file_mode, folder_mode| {
        for path in [project.database_path(), lock.clone()] {
            if path.exists() {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(file_mode)).unwrap();
            }
        }
        std::fs::set_permissions(project.sandbox.root(), std::fs::Permissions::from_mode(folder_mode))
            .unwrap();
    };
    restrict(0o444, 0o555);
    let change = finish_command(without_override(&project, &["migrate"]));
    let look = finish_command(without_override(&project, &["migrate", "status"]));
    restrict(0o644, 0o755);
    check_failure(&project, &["migrate"], &change, (1, NOT_WRITABLE, &[]));
    assert!(change.stderr.contains("database.db"), "{}", change.stderr);
    // SQLite cannot always read a file in WAL mode without writing beside it; then it says so.
    if look.code == Some(0) {
        assert!(look.stdout.contains("pending"), "{}", look.stdout);
    } else {
        check_failure(&project, &["migrate", "status"], &look, (1, NOT_WRITABLE, &[]));
    }
    assert_eq!(Standing::of(&project), before);
    project.run(&["migrate"], 0);
}

/// Root may write everywhere unless it gives that power away.
fn without_override(project: &Project, arguments: &[&str]) -> Command {
    let binary = project.sandbox.command().get_program().to_owned();
    let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", "--"]).arg(binary);
        command
    } else {
        Command::new(binary)
    };
    command
        .args(arguments)
        .current_dir(project.sandbox.root())
        .env("WHIMBREL_URL", project.url())
        .stdin(Stdio::null());
    command
}
