//! Mistakes in whimbrel.toml: the place with a caret, the way to write it, never a password.

use super::{Failure, PASSWORD, check_failure, no_password, points_at, refused, standing};
use crate::project::{Engine, Project};

const HEAD: &str = "name = \"case\"\nmodel = \"relational\"\n";

/// What stands below the head; code, place, and words of the error.
type Mistake = (&'static str, &'static str, &'static str, &'static [&'static str]);

const MISTAKES: &[Mistake] = &[
    (
        "[pool]\nsise = 5\n",
        "project::unknown_key",
        "whimbrel.toml:4:1",
        &["pool.sise", "did you mean `size`?"],
    ),
    ("[environment.test]\n", "project::unknown_key", "whimbrel.toml:3:2", &["did you mean `environments`?"]),
    (
        "[pool]\nsize = \"10\"\n",
        "project::wrong_type",
        "whimbrel.toml:4:8",
        &["pool.size", "leave the quotes out"],
    ),
    (
        "[pool]\npre_ping = 1\n",
        "project::wrong_type",
        "whimbrel.toml:4:12",
        &["pool.pre_ping", "true or false"],
    ),
    ("[pool\nsize = 1\n", "project::syntax", "whimbrel.toml:3:", &["not valid TOML"]),
    ("name = \"twice\"\n", "project::syntax", "whimbrel.toml:3:1", &["each key stands once"]),
    (
        "[pool]\nrecycle = \"1 hour\"\n",
        "project::bad_value",
        "whimbrel.toml:4:11",
        &["pool.recycle", "not a duration"],
    ),
    ("[pool]\nsize = 0\n", "project::bad_value", "whimbrel.toml:4:8", &["pool.size", "from 1 to 10000"]),
    (
        "schema = \"db/${SCHEMA_DIR}/s.rs\"\n",
        "project::unset_variable",
        "whimbrel.toml:3:",
        &["schema", "set SCHEMA_DIR"],
    ),
    (
        "[postgres]\nssl_mode = \"verify_full\"\n",
        "project::bad_value",
        "whimbrel.toml:4:12",
        &["did you mean \"verify-full\"?"],
    ),
    (
        "default_environment = \"stagin\"\n[environments.staging]\n",
        "project::unknown_environment",
        "whimbrel.toml:3:23",
        &["stagin", "did you mean `staging`?"],
    ),
];

fn with_toml(body: &str) -> Project {
    let project = standing(Engine::Sqlite, "0001");
    project.sandbox.write("whimbrel.toml", format!("{HEAD}{body}")).unwrap();
    project
}

#[test]
fn each_mistake_is_shown_at_its_place() {
    for (body, code, place, words) in MISTAKES {
        let project = with_toml(body);
        for command in [&["migrate"][..], &["config"], &["schema", "print"]] {
            points_at(&refused(&project, command, (1, code, words)), place);
        }
        let doctor = project.run(&["doctor"], 1);
        assert!(doctor.stdout.contains("FAIL  project"), "{}", doctor.stdout);
    }
}

/// Runs without WHIMBREL_URL, so that the file's URL counts.
fn refused_by_file(project: &Project, arguments: &[&str], failure: Failure<'_>) -> String {
    let mut command = project.sandbox.command();
    let child = command.env_remove("WHIMBREL_URL").args(arguments).stdout(std::process::Stdio::piped());
    let output = super::finish(child.stderr(std::process::Stdio::piped()).spawn().unwrap());
    check_failure(project, arguments, &output, failure);
    output.stderr
}

#[test]
fn a_bad_url_is_shown_without_its_password() {
    for (url, words) in [
        (format!("mysql://app:{PASSWORD}@db.internal/shop"), &["`mysql` is not known"][..]),
        (format!("mongodb://app:{PASSWORD}@db.internal/shop"), &["model = \"relational\""]),
        (format!("postgres://app:{PASSWORD}@db.internal:port/shop"), &[]),
        (format!("postgres:/app:{PASSWORD}@db.internal/shop"), &[]),
        (format!("app:{PASSWORD}@db.internal/shop"), &[]),
    ] {
        let project = with_toml(&format!("[environments.development]\nurl = \"{url}\"\n"));
        let failure = (1, "project::bad_url", words);
        points_at(&refused_by_file(&project, &["migrate"], failure), "whimbrel.toml:4:7");
        refused_by_file(&project, &["migrate", "-v"], failure);
        refused_by_file(&project, &["migrate", "--json"], failure);
        refused_by_file(&project, &["config"], failure);
        // The same from the command line.
        refused(&project, &["migrate", "--url", &url], failure);
    }
}

/// Another mistake beside a line with a password: the shown lines mask it.
#[test]
fn a_password_beside_a_mistake_is_masked() {
    let body = format!(
        "[environments.development]\nurl = \"postgres://app:{PASSWORD}@db.internal/shop\"\nulr = 1\n[environments.staging]\n\
         url = \"postgres://app:{PASSWORD}@db.internal/shop\"\n"
    );
    let project = with_toml(&body);
    points_at(
        &refused(&project, &["migrate"], (1, "project::unknown_key", &["did you mean `url`?"])),
        "whimbrel.toml:5:1",
    );
    let project = with_toml(&body.replace("ulr = 1", "broken"));
    points_at(&refused(&project, &["migrate"], (1, "project::syntax", &[])), "whimbrel.toml:5:");
}

#[test]
fn a_password_is_masked_in_the_settings() {
    let project = with_toml(&format!(
        "[environments.development]\nurl = \"postgres://app:{PASSWORD}@db.internal/shop\"\n"
    ));
    for arguments in [&["config"][..], &["config", "--json"], &["config", "-v"]] {
        let mut command = project.sandbox.command();
        let output = command.env_remove("WHIMBREL_URL").args(arguments).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success() && text.contains("db.internal"), "{text}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
    let url = format!("postgres://app:{PASSWORD}@127.0.0.1/shop");
    let output = project.run(&["config", "--url", &url], 0);
    no_password(&project, &output);
}

#[test]
fn unknown_environment() {
    let project = with_toml("[environments.staging]\n");
    let words: &[&str] = &["`stagin`", "--env", "did you mean `staging`?"];
    refused(&project, &["migrate", "--env", "stagin"], (1, "project::unknown_environment", words));
}

#[test]
fn no_project() {
    let project = Project::new(Engine::Sqlite);
    refused(&project, &["migrate"], (1, "project::not_found", &["no whimbrel.toml", "--project DIR"]));
    refused(&project, &["migrate", "--project", "nowhere"], (1, "project::not_found", &["nowhere"]));
}

#[test]
fn a_dotenv_mistake_shows_no_value() {
    let project = with_toml("");
    project.sandbox.write(".env", format!("A=1\nDB_PASSWORD=\"{PASSWORD}\nB=2\n")).unwrap();
    let stderr = refused(&project, &["migrate"], (1, "project::dotenv_syntax", &[]));
    points_at(&stderr, ".env:2:");
}
