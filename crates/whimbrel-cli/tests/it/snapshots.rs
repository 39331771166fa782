//! What the commands print, as files in `snapshots/`; `WHIMBREL_BLESS=1` writes them anew.

use std::path::Path;

use serde_json::Value;
use whimbrel_testkit::RunOutput;

use crate::faults::query;
use crate::project::{Engine, Project, source_folder};

/// Compares with a file, or writes it.
pub(crate) fn expect(name: &str, found: &str) {
    let path = source_folder("snapshots").join(format!("{name}.txt"));
    if std::env::var_os("WHIMBREL_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, found).unwrap();
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        expected == found,
        "{} differs (WHIMBREL_BLESS=1 writes it anew)\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}

/// Everything that a run left, in one text.
pub(crate) fn shown(project: &Project, arguments: &[&str], output: &RunOutput) -> String {
    let code = output.code.map_or("a signal".to_owned(), |code| code.to_string());
    let text = format!(
        "$ whimbrel {}\nexit {code}\n--- stdout\n{}--- stderr\n{}",
        arguments.join(" "),
        output.stdout,
        output.stderr
    );
    steady(&project.sandbox.redact(&text))
}

/// Sizes depend on the version of SQLite, and padding on the length of what was redacted.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (indent, words) = line.split_at(line.len() - line.trim_start().len());
        let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        for index in 1..words.len() {
            if ["B", "KiB", "MiB"].contains(&words[index].trim_end_matches(','))
                && words[index - 1].parse::<f64>().is_ok()
            {
                words[index - 1] = "[SIZE]".to_owned();
            }
        }
        let mut line = format!("{indent}{}", words.join(" "));
        if let Some(version) = line.find("SQLite 3.") {
            let end = line[version + 7..].find(' ').map_or(line.len(), |length| version + 7 + length);
            line.replace_range(version + 7..end, "[PRODUCT-VERSION]");
        }
        // The heads of columns are as wide as what stands below them.
        let redacted = ["[ROOT]", "[TIME]", "[SIZE]", "  when  ", "  took  ", "  rows  "];
        if redacted.iter().any(|mark| line.contains(mark)) {
            let head = line.len() - line.trim_start().len();
            let squeezed = line.split_whitespace().collect::<Vec<_>>().join(" ");
            line = format!("{}{squeezed}", &line[..head]);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn siprems() -> Project {
    let project = Project::new(Engine::Sqlite);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../systems/siprems");
    for part in ["whimbrel.toml", "src", "migrations"] {
        project.sandbox.copy(&source.join(part), part).unwrap();
    }
    project
}

#[test]
fn help_of_every_command() {
    let project = Project::new(Engine::Sqlite);
    let mut names = Vec::new();
    let mut open = vec![Vec::<String>::new()];
    while let Some(path) = open.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let output = project.run(&arguments, 0);
        assert_eq!(output.stderr, "");
        let name = if path.is_empty() { "whimbrel".to_owned() } else { path.join("-") };
        expect(&format!("help/{name}"), &output.stdout);
        names.push(name);
        open.extend(
            subcommands(&output.stdout).into_iter().map(|command| [path.clone(), vec![command]].concat()),
        );
    }
    for alias in ["upgrade", "downgrade", "revision", "history", "current", "heads", "stamp", "check"] {
        expect(&format!("help/{alias}"), &project.run(&[alias, "--help"], 0).stdout);
        names.push(alias.to_owned());
    }
    for entry in std::fs::read_dir(source_folder("snapshots/help")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            names.iter().any(|name| file == format!("{name}.txt")),
            "no command stands behind help/{file}"
        );
    }
    assert!(names.len() > 25, "{names:?}");
}

/// The names below `Commands:`.
fn subcommands(help: &str) -> Vec<String> {
    let below = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = below.take_while(|line| line.starts_with("  "));
    // A longer indent continues a description.
    names
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn siprems_from_nothing() {
    let project = siprems();
    let mut text = String::new();
    for arguments in [
        &["migrate", "status"][..],
        &["status", "--exit-code"],
        &["init"],
        &["init"],
        &["status"],
        &["migrate", "status"],
        &["migrate", "current"],
        &["migrate", "history"],
        &["migrate", "check"],
        &["migrate", "create", "--auto", "--name", "nothing"],
        &["schema", "diff"],
        &["config"],
        &["doctor"],
        &["rollback", "--dry-run"],
        &["rollback"],
        &["migrate", "--dry-run"],
        &["migrate", "check"],
    ] {
        let output = project.sandbox.run(arguments).unwrap();
        text.push_str(&shown(&project, arguments, &output));
        text.push('\n');
    }
    let deployer = text
        .lines()
        .find_map(|line| line.split_whitespace().find(|word| word.contains('@') && !word.contains('/')));
    if let Some(deployer) = deployer.map(str::to_owned) {
        text = text.replace(&deployer, "[DEPLOYER]");
    }
    expect("siprems", &text);
}

#[test]
fn indexes_of_siprems() {
    let project = siprems();
    project.run(&["init"], 0);
    let mut text = String::new();
    let mut add = |arguments: &[&str]| {
        let output = project.sandbox.run(arguments).unwrap();
        text.push_str(&shown(&project, arguments, &output));
        text.push('\n');
    };
    add(&["index", "status"]);
    query(&project, "DROP INDEX idx_events_date");
    query(&project, "CREATE INDEX by_hand ON events (type)");
    for arguments in [
        &["index", "status", "--exit-code"][..],
        &["index", "plan", "--exit-code"],
        &["index", "apply"],
        &["index", "apply", "--drop-unmanaged"],
        &["index", "apply"],
        &["index", "plan", "--watch", "1h"],
        &["index", "plan", "--drop-unmanaged", "--watch", "soon"],
    ] {
        add(arguments);
    }
    expect("indexes", &text);
}

#[test]
fn printed_schema() {
    let project = siprems();
    for format in ["rust", "sql", "json", "markdown"] {
        let output = project.run(&["schema", "print", "--format", format], 0);
        assert_eq!(output.stderr, "");
        expect(&format!("schema-print/{format}"), &output.stdout);
    }
}

#[test]
fn json_is_all_that_stands_on_standard_output() {
    let project = siprems();
    for (arguments, code) in [
        (&["migrate", "status"][..], 0),
        (&["migrate", "check"], 3),
        (&["migrate", "--dry-run"], 0),
        (&["init"], 0),
        (&["init"], 0),
        (&["status"], 0),
        (&["migrate"], 0),
        (&["migrate", "status"], 0),
        (&["migrate", "check"], 0),
        (&["migrate", "history"], 0),
        (&["migrate", "current"], 0),
        (&["migrate", "seal"], 0),
        (&["migrate", "create", "--auto", "--name", "nothing"], 0),
        (&["migrate", "redo"], 0),
        (&["index", "status"], 0),
        (&["index", "plan"], 0),
        (&["index", "apply"], 0),
        (&["heads"], 0),
        (&["config"], 0),
        (&["doctor"], 0),
        (&["schema", "print"], 0),
        (&["schema", "diff"], 0),
        (&["schema", "pull", "--stdout"], 0),
        (&["rollback", "--dry-run"], 0),
        (&["rollback"], 0),
        (&["reset"], 0),
        (&["migrate", "baseline"], 0),
        (&["migrate", "create", "--name", "more"], 0),
    ] {
        let mut all = arguments.to_vec();
        all.push("--json");
        let output = project.run(&all, code);
        let value: Result<Value, _> = serde_json::from_str(&output.stdout);
        assert!(value.is_ok(), "{all:?}: {value:?}: {}", output.stdout);
        for line in output.stderr.lines() {
            assert!(
                serde_json::from_str::<Value>(line).is_ok(),
                "{all:?}: standard error mixes JSON and {line}"
            );
        }
    }
}

#[test]
fn completions() {
    let project = Project::new(Engine::Sqlite);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = project.run(&["completions", shell], 0);
        assert!(
            output.stdout.contains("whimbrel") && output.stdout.contains("rollback"),
            "{shell}: {}",
            output.stdout
        );
        assert_eq!(output.stderr, "");
    }
    let output = project.run(&["completions", "tcsh"], 2);
    assert!(output.stderr.contains("tcsh"), "{}", output.stderr);
}

#[test]
fn usage_mistakes() {
    let project = Project::new(Engine::Sqlite);
    for (arguments, words) in [
        (&["migrat"][..], "migrate"),
        (&["migrate", "--dry-rum"], "--dry-run"),
        (&["rollback", "1", "--to", "1"], "--to"),
        (&["migrate", "--sql", "--dry-run"], "--dry-run"),
        (&["-v", "-q", "status"], "--quiet"),
        (&["schema", "print", "--format", "yaml"], "markdown"),
    ] {
        let output = project.run(arguments, 2);
        assert_eq!(output.stdout, "");
        assert!(output.stderr.contains(words), "{arguments:?}: {}", output.stderr);
    }
    let version = project.run(&["--version"], 0);
    assert!(version.stdout.starts_with("whimbrel "), "{}", version.stdout);
}
