//! Alembic's words.

use super::{Standing, applied, fails, on_both, refused, standing};
use crate::project::Engine;

on_both! { up_and_down, one_way_only, revision, look, stamp, unknown_revision }

fn up_and_down(engine: Engine) {
    let project = standing(engine, "0");
    let goes = |words: &[&str], left: &[&str]| {
        project.run(words, 0);
        assert_eq!(applied(&project), left, "{words:?}");
    };
    goes(&["upgrade", "+1"], &["0001"]);
    goes(&["upgrade", "+2"], &["0001", "0002", "0003"]);
    goes(&["downgrade", "-1"], &["0001", "0002"]);
    goes(&["downgrade", "-2"], &[]);
    goes(&["upgrade", "0002"], &["0001", "0002"]);
    goes(&["upgrade", "head"], &["0001", "0002", "0003"]);
    goes(&["downgrade", "0001"], &["0001"]);
    goes(&["downgrade", "base"], &[]);
    goes(&["upgrade", "heads"], &["0001", "0002", "0003"]);
    let script = project.run(&["downgrade", "-1", "--sql"], 0);
    assert!(
        script.stdout.contains("DROP TABLE \"third\"") || script.stdout.contains("DROP TABLE third"),
        "{}",
        script.stdout
    );
    assert_eq!(applied(&project).len(), 3);
}

fn one_way_only(engine: Engine) {
    let project = standing(engine, "0002");
    for words in
        [&["upgrade", "0001"][..], &["upgrade", "base"], &["downgrade", "head"], &["downgrade", "0003"]]
    {
        let output = project.run(words, 0);
        assert!(output.stdout.contains("Nothing to do"), "{words:?}: {}", output.stdout);
        assert_eq!(applied(&project), ["0001", "0002"], "{words:?}");
    }
    project.run(&["upgrade", "0001+2"], 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
    project.run(&["downgrade", "head-2"], 0);
    assert_eq!(applied(&project), ["0001"]);
}

fn revision(engine: Engine) {
    let project = standing(engine, "0003");
    project.run(&["revision", "-m", "add a note"], 0);
    let template = project.sandbox.read(project.migration("-add-a-note.sql")).unwrap();
    assert!(template.contains("-- whimbrel:up") && template.contains("-- whimbrel:down"), "{template}");
    std::fs::remove_file(project.sandbox.path(project.migration("-add-a-note.sql"))).unwrap();
    let model = |name: &str, table: &str, more: &str| {
        format!(
            "#[derive(Model)]\n#[db(table = \"{table}\")]\npub struct {name} {{\n    #[db(id)]\n    pub id: i32,\n{more}}}\n"
        )
    };
    let body = [
        model("First", "first", ""),
        model("Second", "second", ""),
        model("Third", "third", "    pub note: Option<String>,\n"),
    ];
    project.declare(&body.concat());
    project.run(&["check"], 3);
    project.run(&["revision", "--autogenerate", "-m", "third has a note"], 0);
    let written = project.sandbox.read(project.migration("-third-has-a-note.sql")).unwrap();
    assert!(written.contains("note"), "{written}");
    project.run(&["upgrade", "head"], 0);
    project.run(&["check"], 0);
}

fn look(engine: Engine) {
    let project = standing(engine, "0002");
    let before = Standing::of(&project);
    assert_eq!(project.run(&["current"], 0).stdout, "0002\n");
    assert_eq!(project.run(&["heads"], 0).stdout, "0003\n");
    let history = project.run(&["history"], 0).stdout;
    let (newest, oldest) = (history.find("0002").unwrap(), history.find("0001").unwrap());
    assert!(newest < oldest && !history.contains("0003"), "newest first, applied ones only: {history}");
    let of_range = |words: &[&str]| {
        let entries: serde_json::Value = serde_json::from_str(&project.run(words, 0).stdout).unwrap();
        let versions = entries.as_array().unwrap().iter();
        versions.map(|entry| entry["version"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of_range(&["history", "-r", "0002:", "--json"]), ["0002"]);
    assert_eq!(of_range(&["history", "-r", "-1:current", "--json"]), ["0002", "0001"]);
    assert_eq!(of_range(&["history", "-r:0001", "--json"]), ["0001"]);
    assert!(project.run(&["history", "-i"], 0).stdout.contains("(current)"));
    assert!(project.run(&["current", "-v"], 0).stdout.contains("0002-"));
    project.run(&["current", "--check-heads"], 3);
    assert!(project.run(&["show", "head"], 0).stdout.contains("third"));
    project.run(&["heads", "--resolve-dependencies"], 0);
    project.run(&["branches"], 0);
    assert!(project.run(&["merge", "-m", "join", "heads"], 0).stdout.contains("Nothing to merge"));
    project.run(&["ensure_version"], 0);
    assert_eq!(Standing::of(&project), before);
    project.run(&["downgrade", "base"], 0);
    assert_eq!(project.run(&["current"], 0).stdout, "0\n");
}

const FIRST: &str =
    "#[derive(Model)]\n#[db(table = \"first\")]\npub struct First {\n    #[db(id)]\n    pub id: i32,\n}\n";

fn stamp(engine: Engine) {
    let project = standing(engine, "0001");
    project.declare(FIRST);
    project.run(&["stamp", "0002"], 0);
    project.run(&["stamp", "head"], 0);
    assert_eq!(applied(&project), ["0001", "0002", "0003"]);
    let objects = Standing::of(&project).objects;
    assert!(!objects.contains("second"), "stamping runs nothing: {objects}");
    refused(&project, &["stamp", "0001"], (1, "migrate::stamp_backwards", &["0003", "whimbrel rollback"]));
    let history = super::history(&project);
    assert!(history[2].contains("baseline"), "{history:?}");
}

fn unknown_revision(engine: Engine) {
    let project = standing(engine, "0002");
    project.declare(FIRST);
    for words in [
        &["upgrade", "0009"][..],
        &["upgrade", "abcdef"],
        &["upgrade", "+x"],
        &["downgrade", "0009"],
        &["downgrade", "-x"],
        &["stamp", "0009"],
        &["migrate", "--to", "0009"],
        &["rollback", "--to", "0009"],
    ] {
        refused(
            &project,
            words,
            (1, "migrate::unknown_version", &[words.last().unwrap(), "whimbrel migrate status"]),
        );
    }
    fails(&project, &["upgrade", "9"], (1, "migrate::unknown_version", &["9"]));
}
