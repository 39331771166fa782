//! Sixteen deployers at once over a journalled file: directly, through a pooler, and some of each.

use whimbrel_testkit::{PgBouncer, PgBouncerOptions, PostgresVersion, server_url};

use super::{DOWN, UP, ended, finish, first_file, standing, start};
use crate::faults::query;
use crate::project::{Engine, Project};

const POSTGRES: PostgresVersion = PostgresVersion::V17;
/// How many start together.
const DEPLOYERS: usize = 16;

/// A project with nothing applied.
fn fresh(engine: Engine) -> Project {
    let project = Project::bare(engine);
    project.sandbox.write("migrations/0001-first.sql", first_file()).unwrap();
    project.sandbox.write("migrations/0002-second.sql", format!("{UP}\n{DOWN}")).unwrap();
    project.run(&["migrate", "seal"], 0);
    project
}

/// Starts sixteen, each with the next of these URLs.
fn at_once(mut project: Project, urls: &[String]) {
    let whole = fresh(project.engine);
    whole.run(&["migrate"], 0);
    let mut children = Vec::new();
    for number in 0..DEPLOYERS {
        project.sandbox.env("WHIMBREL_URL", &urls[number % urls.len()]);
        children.push(start(&project, &["migrate"]));
    }
    let outputs: Vec<_> = children.into_iter().map(finish).collect();
    for output in &outputs {
        ended(output, 0);
    }
    let applied: usize = outputs
        .iter()
        .map(|output| {
            output.stderr.matches("\napplied ").count() + usize::from(output.stderr.starts_with("applied "))
        })
        .sum();
    assert_eq!(applied, 2, "two files, each applied by one of them");
    assert_eq!(
        query(&project, "SELECT name || ' ' || n FROM counters ORDER BY name"),
        ["alone 1", "down 0", "group 1"]
    );
    assert_eq!(query(&project, "SELECT min(tries) || ' ' || max(tries) FROM items"), ["1 1"]);
    assert_eq!(standing(&project), standing(&whole));
}

fn pooler(ignores_options: bool) -> PgBouncer {
    let options = PgBouncerOptions { ignores_options, ..PgBouncerOptions::default() };
    PgBouncer::start_with(&server_url(POSTGRES).unwrap(), options).unwrap()
}

fn pooled(ignores_options: bool) {
    let project = fresh(Engine::Postgres(POSTGRES));
    let pooler = pooler(ignores_options);
    let url = pooler.url(project.database().name());
    at_once(project, &[url]);
}

#[test]
fn sixteen_directly() {
    let project = fresh(Engine::Postgres(POSTGRES));
    let url = project.url().to_owned();
    at_once(project, &[url]);
}

#[test]
fn sixteen_on_sqlite() {
    let project = fresh(Engine::Sqlite);
    let url = project.url().to_owned();
    at_once(project, &[url]);
}

#[test]
fn sixteen_through_a_pooler_that_refuses_options() {
    pooled(false);
}

#[test]
fn sixteen_through_a_pooler_that_ignores_options() {
    pooled(true);
}

#[test]
fn eight_directly_and_eight_through_a_pooler() {
    let project = fresh(Engine::Postgres(POSTGRES));
    let pooler = pooler(false);
    let urls = [project.url().to_owned(), pooler.url(project.database().name())];
    at_once(project, &urls);
}
