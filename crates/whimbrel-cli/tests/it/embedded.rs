//! The document systems with nothing installed: on the embedded engine, from nothing to a database that stands, all the way
//! down, and up again; by several deployers at once; and after a deployer's end.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use whimbrel_testkit::{RunOutput, Sandbox};

use crate::document_systems::NAMES;

/// The folder that the embedded database lies in.
const FOLDER: &str = ".whimbrel";
/// How many deployers come at once.
const DEPLOYERS: usize = 8;
/// How often a deployer is ended on its way.
const KILLS: u32 = 12;
/// How much later each of them is ended than the one before.
const LATER: Duration = Duration::from_millis(25);

fn system(name: &str) -> Sandbox {
    let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systems").join(name);
    for part in ["whimbrel.toml", "src", "migrations"] {
        sandbox.copy(&source.join(part), part).unwrap();
    }
    // Several deployers on a slow machine wait for each other.
    sandbox.env("WHIMBREL_POOL_LOCK_TIMEOUT", "60s");
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str], code: i32) -> RunOutput {
    let output = sandbox.run(arguments).unwrap();
    let command = arguments.join(" ");
    assert_eq!(output.code, Some(code), "`whimbrel {command}` wrote\n{}{}", output.stdout, output.stderr);
    output
}

/// The schema that stands in the database, as Rust.
fn standing(sandbox: &Sandbox) -> String {
    run(sandbox, &["schema", "pull", "--stdout"], 0).stdout
}

#[test]
fn every_document_system_stands_goes_down_and_stands_again() {
    for name in NAMES {
        let sandbox = system(name);
        let first = run(&sandbox, &["init"], 0);
        assert!(
            first.stdout.contains("Verified: the database is what the schema declares"),
            "{}",
            first.stdout
        );
        assert!(first.stdout.contains("SQLite"), "{}", first.stdout);
        assert!(sandbox.path(FOLDER).join("development.db").exists());
        let schema = standing(&sandbox);
        let again = run(&sandbox, &["init"], 0);
        assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
        run(&sandbox, &["migrate", "check"], 0);
        run(&sandbox, &["rollback", "99"], 0);
        run(&sandbox, &["migrate", "check"], 3);
        assert_ne!(standing(&sandbox), schema, "{name} went down");
        run(&sandbox, &["migrate"], 0);
        run(&sandbox, &["migrate", "check"], 0);
        assert_eq!(standing(&sandbox), schema, "{name} stands as before");
    }
}

/// What only looks makes no database.
#[test]
fn a_look_makes_no_file() {
    let sandbox = system("wayra");
    let status = run(&sandbox, &["status"], 0);
    assert!(status.stdout.contains("3 pending"), "{}", status.stdout);
    run(&sandbox, &["migrate", "--dry-run"], 0);
    assert!(!sandbox.path(FOLDER).exists());
}

#[test]
fn of_several_deployers_one_applies() {
    let sandbox = system("tourism-bot");
    let children: Vec<_> = (0..DEPLOYERS)
        .map(|_| {
            let mut command = sandbox.command();
            command.arg("migrate").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut applied = 0;
    for child in children {
        let output = child.wait_with_output().unwrap();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{stdout}{stderr}");
        applied += stderr.matches("applied ").count();
    }
    assert_eq!(applied, 8, "each of the eight files was applied by one of them");
    run(&sandbox, &["migrate", "check"], 0);
}

/// Whenever a deployer ends, nothing of its file stands, and the next one finishes.
#[test]
fn after_a_kill_the_next_deployer_finishes() {
    let whole = system("travel-agent");
    run(&whole, &["init"], 0);
    let schema = standing(&whole);
    for kill in 0..KILLS {
        let mut sandbox = system("travel-agent");
        sandbox.env("WHIMBREL_POOL_LEASE", "1s");
        let mut command = sandbox.command();
        let mut child = command.arg("migrate").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(LATER * kill);
        child.kill().unwrap();
        child.wait().unwrap();
        let status = run(&sandbox, &["migrate", "status"], 0);
        assert!(!status.stdout.contains("unfinished"), "{}", status.stdout);
        run(&sandbox, &["migrate"], 0);
        run(&sandbox, &["migrate", "check"], 0);
        assert_eq!(standing(&sandbox), schema, "killed after {:?}", LATER * kill);
    }
}
