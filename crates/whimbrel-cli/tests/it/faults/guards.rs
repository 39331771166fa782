//! What a protected environment refuses.

use super::{Failure, applied, on_both, query, refused, standing};
use crate::project::Engine;

on_both! { reset, rollback, redo, protected_by_the_file, every_way_down }

const REFUSED: Failure<'_> = (5, "guard::protected_environment", &["production", "protected"]);

fn reset(engine: Engine) {
    let project = standing(engine, "0002");
    for command in [&["reset"][..], &["init", "--reset"], &["reset", "--yes"], &["init", "--reset", "--yes"]]
    {
        let mut arguments = command.to_vec();
        arguments.extend(["--env", "production"]);
        refused(&project, &arguments, REFUSED);
    }
    assert_eq!(query(&project, "SELECT id FROM second"), ["2"]);
}

fn rollback(engine: Engine) {
    let project = standing(engine, "0002");
    let failure = (5, "guard::protected_environment", &["production", "--allow-destructive"][..]);
    refused(&project, &["rollback", "--env", "production"], failure);
    refused(&project, &["rollback", "--to", "0", "--env", "production"], failure);
    project.run(&["rollback", "--dry-run", "--env", "production"], 0);
    assert_eq!(applied(&project), ["0001", "0002"]);
    project.run(&["rollback", "--env", "production", "--allow-destructive"], 0);
    assert_eq!(applied(&project), ["0001"]);
}

fn redo(engine: Engine) {
    let project = standing(engine, "0002");
    refused(&project, &["migrate", "redo", "--env", "production"], REFUSED);
    project.run(&["migrate", "redo"], 0);
    assert_eq!(applied(&project), ["0001", "0002"]);
}

/// Whatever the words are, nothing goes down unguarded.
fn every_way_down(engine: Engine) {
    let project = standing(engine, "0002");
    for command in [
        &["migrate", "--to", "0001"][..],
        &["migrate", "--to", "0"],
        &["downgrade"],
        &["downgrade", "-1"],
        &["downgrade", "0001"],
        &["downgrade", "base"],
    ] {
        let mut arguments = command.to_vec();
        arguments.extend(["--env", "production"]);
        refused(&project, &arguments, REFUSED);
    }
    // The flag that the refusal names is one that each of them takes.
    for (command, left) in [
        (&["migrate", "redo"][..], &["0001", "0002"][..]),
        (&["downgrade", "-1"], &["0001"]),
        (&["migrate", "--to", "0002"], &["0001", "0002"]),
        // Alembic's word for the way up never goes down.
        (&["upgrade", "0001"], &["0001", "0002"]),
        (&["downgrade", "0001"], &["0001"]),
        (&["migrate", "--to", "0"], &[]),
    ] {
        let mut arguments = command.to_vec();
        arguments.extend(["--allow-destructive", "--env", "production"]);
        project.run(&arguments, 0);
        assert_eq!(applied(&project), left, "{arguments:?}");
    }
}

fn protected_by_the_file(engine: Engine) {
    let project = standing(engine, "0002");
    let toml = "name = \"case\"\nmodel = \"relational\"\n\n[environments.staging]\nprotected = true\n";
    project.sandbox.write("whimbrel.toml", toml).unwrap();
    let failure = (5, "guard::protected_environment", &["staging", "whimbrel.toml"][..]);
    refused(&project, &["reset", "--env", "staging"], failure);
    refused(&project, &["rollback", "--env", "staging"], failure);
}
