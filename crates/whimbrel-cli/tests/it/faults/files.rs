//! Migration files that are not what was applied, or that cannot be read.

use super::{FILES, applied, on_both, points_at, query, refused, standing};
use crate::project::{Engine, Project};

on_both! {
    applied_file_changed, applied_file_deleted, applied_file_renamed, applied_file_renumbered, odd_name,
    file_of_another_project, file_below_the_newest, duplicate_version, line_ends_and_comments, unknown_directive,
    unknown_engine, unterminated_string, no_up_section, statement_before_sections, no_down_section, lone_override,
}

const MIGRATE: &[&str] = &["migrate"];

fn rename(project: &Project, from: &str, to: &str) {
    std::fs::rename(project.sandbox.path(from), project.sandbox.path(to)).unwrap();
}

fn applied_file_changed(engine: Engine) {
    let project = standing(engine, "0002");
    let changed = FILES[0].1.replace("VALUES (1)", "VALUES (9)");
    project.sandbox.write(FILES[0].0, changed).unwrap();
    let words: &[&str] = &["0001-first.sql", "restore the file", "whimbrel migrate create"];
    for command in [
        MIGRATE,
        &["migrate", "--env", "production"],
        &["migrate", "--dry-run"],
        &["migrate", "status"],
        &["migrate", "current"],
        &["migrate", "seal"],
        &["rollback"],
    ] {
        refused(&project, command, (1, "migrate::checksum_mismatch", words));
    }
    project.sandbox.write(FILES[0].0, FILES[0].1).unwrap();
    project.run(MIGRATE, 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
}

fn applied_file_deleted(engine: Engine) {
    let project = standing(engine, "0002");
    std::fs::remove_file(project.sandbox.path(FILES[0].0)).unwrap();
    let words: &[&str] = &["0001", "first", "version control"];
    for command in [MIGRATE, &["migrate", "status"], &["migrate", "seal"], &["rollback"]] {
        refused(&project, command, (1, "migrate::missing_file", words));
    }
}

fn applied_file_renamed(engine: Engine) {
    let project = standing(engine, "0002");
    rename(&project, FILES[1].0, "migrations/0002-other.sql");
    let words: &[&str] = &["0002", "`second`", "`other`", "restore the file's name"];
    for command in [MIGRATE, &["migrate", "seal"], &["rollback"]] {
        refused(&project, command, (1, "migrate::foreign_history", words));
    }
}

fn applied_file_renumbered(engine: Engine) {
    let project = standing(engine, "0002");
    rename(&project, FILES[1].0, "migrations/0004-second.sql");
    refused(&project, MIGRATE, (1, "migrate::missing_file", &["0002", "second"]));
}

fn odd_name(engine: Engine) {
    let project = standing(engine, "0001");
    project.sandbox.write("migrations/README.md", "Not SQL, and none of our business.\n").unwrap();
    project.run(&["migrate", "status"], 0);
    project.sandbox.write("migrations/notes.sql", FILES[0].1).unwrap();
    refused(
        &project,
        MIGRATE,
        (1, "migrate::file_name", &["notes.sql", "<number>-<name>.sql", "move it out"]),
    );
}

fn file_of_another_project(engine: Engine) {
    let project = standing(engine, "0001");
    std::fs::remove_file(project.sandbox.path(FILES[0].0)).unwrap();
    project.sandbox.write("migrations/0001-invoices.sql", FILES[0].1).unwrap();
    let words: &[&str] = &["`first`", "`invoices`", "right database", "whimbrel config"];
    refused(&project, MIGRATE, (1, "migrate::foreign_history", words));
}

fn file_below_the_newest(engine: Engine) {
    let project = Project::bare(engine);
    for (path, text) in [FILES[0], FILES[2]] {
        project.sandbox.write(path, text).unwrap();
    }
    project.run(MIGRATE, 0);
    project.sandbox.write(FILES[1].0, FILES[1].1).unwrap();
    let words: &[&str] = &["0002-second.sql", "0003", "whimbrel migrate rebase"];
    refused(&project, MIGRATE, (1, "migrate::out_of_order", words));
    rename(&project, FILES[1].0, "migrations/0004-second.sql");
    project.run(&["migrate", "seal"], 0);
    project.run(MIGRATE, 0);
    assert_eq!(applied(&project), ["0001", "0003", "0004"]);
}

fn duplicate_version(engine: Engine) {
    let project = standing(engine, "0001");
    for twin in ["migrations/0002-twin.sql", "migrations/2-twin.sql"] {
        project.sandbox.write(twin, FILES[1].1).unwrap();
        let name = twin.trim_start_matches("migrations/");
        let words: &[&str] = &["0002-second.sql", name, "later number"];
        refused(&project, MIGRATE, (1, "migrate::duplicate_version", words));
        std::fs::remove_file(project.sandbox.path(twin)).unwrap();
    }
}

fn line_ends_and_comments(engine: Engine) {
    let project = standing(engine, "0002");
    for (path, text) in FILES {
        let other =
            format!("-- a comment\r\n{}/* the end */\r\n", text.replace('\n', "\r\n").replace(" (", "  ("));
        project.sandbox.write(path, other).unwrap();
    }
    project.run(&["migrate", "--env", "production"], 0);
    let second = project.run(MIGRATE, 0);
    assert!(second.stdout.starts_with("Nothing to do"), "{}", second.stdout);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
}

/// Adds a fourth file that cannot be read; `words` are in the error.
fn unreadable(engine: Engine, text: &str, code: &str, place: &str, words: &[&str]) {
    let project = standing(engine, "0002");
    project.sandbox.write("migrations/0004-bad.sql", text).unwrap();
    let mut all = vec!["0004-bad.sql"];
    all.extend(words);
    for command in [MIGRATE, &["migrate", "status"], &["rollback"]] {
        let stderr = refused(&project, command, (1, code, &all));
        if !place.is_empty() {
            points_at(&stderr, place);
        }
    }
    assert_eq!(applied(&project), ["0001", "0002"], "no earlier file was applied");
}

fn unknown_directive(engine: Engine) {
    let text = "-- whimbrel:up\nCREATE TABLE x (id integer);\n-- whimbrel:dwon\nDROP TABLE x;\n";
    unreadable(engine, text, "migrate::syntax", "0004-bad.sql:3:1", &["directive", "`-- whimbrel:down`"]);
}

fn unknown_engine(engine: Engine) {
    let text = "-- whimbrel:up\n-- whimbrel:engine oracle\nCREATE TABLE x (id integer);\n";
    unreadable(
        engine,
        text,
        "migrate::syntax",
        "0004-bad.sql:2:1",
        &["engine is not known", "whimbrel:engine postgres"],
    );
}

fn unterminated_string(engine: Engine) {
    let text = "-- whimbrel:up\nCREATE TABLE x (id integer);\nINSERT INTO x VALUES ('1);\n-- whimbrel:down\nDROP TABLE x;\n";
    unreadable(engine, text, "migrate::syntax", "0004-bad.sql:3:23", &["string is never closed", "close it"]);
}

fn no_up_section(engine: Engine) {
    unreadable(engine, "-- nothing\n", "migrate::no_up_section", "", &["-- whimbrel:up"]);
}

fn statement_before_sections(engine: Engine) {
    let text = "CREATE TABLE x (id integer);\n";
    unreadable(
        engine,
        text,
        "migrate::syntax",
        "0004-bad.sql:1:1",
        &["before any section", "-- whimbrel:up"],
    );
}

fn no_down_section(engine: Engine) {
    let project = standing(engine, "0001");
    let text = FILES[1].1.split_once("-- whimbrel:down").unwrap().0;
    project.sandbox.write(FILES[1].0, text).unwrap();
    project.run(MIGRATE, 0);
    let words: &[&str] = &["0002-second.sql", "-- whimbrel:down", "nothing was rolled back"];
    // The newest has a way back, the one below has not: neither is touched.
    for command in [&["rollback", "2"][..], &["rollback", "--to", "0"]] {
        refused(&project, command, (1, "migrate::irreversible", words));
    }
    project.run(&["rollback"], 0);
    refused(&project, &["rollback"], (1, "migrate::irreversible", words));
    assert_eq!(query(&project, "SELECT id FROM second"), ["2"]);
    let status = project.run(&["migrate", "status"], 0);
    assert!(status.stdout.contains("no way back"), "{}", status.stdout);
}

fn lone_override(engine: Engine) {
    let project = standing(engine, "0001");
    project.sandbox.write("migrations/0002-sceond.sqlite.sql", FILES[1].1).unwrap();
    refused(&project, MIGRATE, (1, "migrate::lone_override", &["0002-sceond.sqlite.sql", "0002-sceond.sql"]));
}
