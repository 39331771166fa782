//! whimbrel.sum: what it seals, who may seal anew, and what a hand in it does.

use super::{FILES, Standing, applied, on_both, refused, standing};
use crate::project::{Engine, Project};

on_both! {
    new_file, unapplied_file_changed, unapplied_file_deleted, unapplied_files_swapped, lines_swapped, line_edited,
    line_lost, sum_deleted, not_a_sum,
}

const SUM: &str = "migrations/whimbrel.sum";
const PRODUCTION: &[&str] = &["migrate", "--env", "production"];
const SEAL_HELP: &str = "run `whimbrel migrate seal`";

/// Production refuses the files as they are; sealing them lets them through.
fn sealed_anew(project: &Project, words: &[&str]) {
    let mut all = vec![SEAL_HELP];
    all.extend(words);
    for command in [PRODUCTION, &["migrate", "status", "--env", "production"]] {
        refused(project, command, (1, "migrate::unsealed", &all));
    }
    let history = Standing::of(project).history;
    project.run(&["migrate", "seal"], 0);
    assert_eq!(Standing::of(project).history, history, "sealing runs nothing");
    project.run(PRODUCTION, 0);
    let again = project.run(&["migrate", "seal"], 0);
    assert!(again.stdout.starts_with("Nothing to seal"), "{}", again.stdout);
}

fn new_file(engine: Engine) {
    let project = standing(engine, "0003");
    project
        .sandbox
        .write("migrations/0004-fourth.sql", "-- whimbrel:up\nCREATE TABLE fourth (id integer);\n")
        .unwrap();
    sealed_anew(&project, &["0004-fourth.sql is new"]);
    // Development and test seal by themselves.
    for (environment, file) in [("development", "0005-fifth"), ("test", "0006-sixth")] {
        let table = file.split_once('-').unwrap().1;
        let text = format!("-- whimbrel:up\nCREATE TABLE {table} (id integer);\n");
        project.sandbox.write(format!("migrations/{file}.sql"), text).unwrap();
        project.run(&["migrate", "--env", environment], 0);
        assert!(project.sandbox.read(SUM).unwrap().contains(&format!("{file}.sql")));
    }
    assert_eq!(applied(&project).len(), 6);
}

fn unapplied_file_changed(engine: Engine) {
    let project = standing(engine, "0002");
    project.sandbox.write(FILES[2].0, FILES[2].1.replace("VALUES (3)", "VALUES (4)")).unwrap();
    sealed_anew(&project, &["0003-third.sql was changed"]);
}

fn unapplied_file_deleted(engine: Engine) {
    let project = standing(engine, "0002");
    std::fs::remove_file(project.sandbox.path(FILES[2].0)).unwrap();
    sealed_anew(&project, &["0003-third.sql is missing"]);
    assert_eq!(applied(&project), ["0001", "0002"]);
}

fn unapplied_files_swapped(engine: Engine) {
    let project = standing(engine, "0001");
    project.sandbox.write(FILES[1].0, FILES[2].1).unwrap();
    project.sandbox.write(FILES[2].0, FILES[1].1).unwrap();
    sealed_anew(&project, &["0002-second.sql was changed", "0003-third.sql was changed"]);

    let project = standing(engine, "0001");
    for (from, to) in [(FILES[1].0, "migrations/0003-second.sql"), (FILES[2].0, "migrations/0002-third.sql")]
    {
        std::fs::rename(project.sandbox.path(from), project.sandbox.path(to)).unwrap();
    }
    let words = [
        "0002-second.sql is missing",
        "0003-third.sql is missing",
        "0002-third.sql is new",
        "0003-second.sql is new",
    ];
    sealed_anew(&project, &words);
}

/// A hand in whimbrel.sum is found in every environment; `migrate seal` writes the file anew.
fn found_in_sum(engine: Engine, edit: impl Fn(&str) -> String, words: &[&str]) {
    let project = standing(engine, "0002");
    let sum = project.sandbox.read(SUM).unwrap();
    project.sandbox.write(SUM, edit(&sum)).unwrap();
    let mut all = vec!["whimbrel.sum", "whimbrel migrate seal"];
    all.extend(words);
    for command in [PRODUCTION, &["migrate"], &["migrate", "status"]] {
        refused(&project, command, (1, "migrate::bad_sum", &all));
    }
    project.run(&["migrate", "seal"], 0);
    assert_eq!(project.sandbox.read(SUM).unwrap(), sum);
    project.run(PRODUCTION, 0);
}

fn lines_swapped(engine: Engine) {
    let swap = |sum: &str| {
        let mut lines: Vec<_> = sum.lines().collect();
        let last = lines.len() - 1;
        lines.swap(last, last - 1);
        lines.join("\n") + "\n"
    };
    found_in_sum(engine, swap, &["line 3", "moved"]);
}

fn line_edited(engine: Engine) {
    found_in_sum(engine, |sum| sum.replace("0002-second.sql", "0002-seconds.sql"), &["line 3", "changed"]);
}

fn not_a_sum(engine: Engine) {
    found_in_sum(engine, |_| "no sum at all\n".to_owned(), &["line 1"]);
}

fn line_lost(engine: Engine) {
    let project = standing(engine, "0002");
    let sum = project.sandbox.read(SUM).unwrap();
    let kept: Vec<_> = sum.lines().filter(|line| !line.contains("0003-third")).collect();
    project.sandbox.write(SUM, kept.join("\n") + "\n").unwrap();
    sealed_anew(&project, &["0003-third.sql is new"]);
    assert_eq!(project.sandbox.read(SUM).unwrap(), sum);
}

fn sum_deleted(engine: Engine) {
    let project = standing(engine, "0002");
    let sum = project.sandbox.read(SUM).unwrap();
    std::fs::remove_file(project.sandbox.path(SUM)).unwrap();
    sealed_anew(&project, &["0001-first.sql is new"]);
    assert_eq!(project.sandbox.read(SUM).unwrap(), sum);
}
