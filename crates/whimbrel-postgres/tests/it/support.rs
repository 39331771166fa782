//! What every test begins with.

use std::sync::Arc;

use whimbrel_engine::{
    EngineError, HistoryChange, HistoryEntry, HistoryKind, Scope, Source, Statement, Step,
};
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_testkit::{PostgresVersion, TestDatabase, test_database};

pub(crate) const VERSIONS: [PostgresVersion; 3] =
    [PostgresVersion::V15, PostgresVersion::V17, PostgresVersion::V18];

/// A fresh database and a connection to it.
pub(crate) async fn fresh(version: PostgresVersion) -> (TestDatabase, Postgres) {
    let database = test_database(version).unwrap();
    let postgres = connect(&database).await;
    (database, postgres)
}

pub(crate) async fn connect(database: &TestDatabase) -> Postgres {
    Postgres::connect(&PostgresOptions::new(database.url())).await.unwrap()
}

pub(crate) fn scope(schemas: &[&str]) -> Scope {
    Scope { schemas: schemas.iter().map(|schema| (*schema).to_owned()).collect() }
}

pub(crate) fn entry(version: &str) -> HistoryEntry {
    HistoryEntry {
        version: version.to_owned(),
        name: format!("step-{version}"),
        checksum: "c0ffee".to_owned(),
        chain: "cafe".to_owned(),
        schema_hash: None,
        kind: HistoryKind::Applied,
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: "ana@laptop".to_owned(),
    }
}

/// A step of these statements, each at its place in a file that joins them with semicolons.
pub(crate) fn step(version: &str, statements: &[&str]) -> Step {
    let mut text = "-- a file\n".to_owned();
    let statements = statements
        .iter()
        .map(|sql| {
            let offset = text.len();
            text.push_str(sql);
            text.push_str(";\n");
            Statement::new(*sql, offset)
        })
        .collect();
    Step {
        source: Source { name: format!("migrations/{version}.sql"), text: Arc::from(text) },
        statements,
        history: HistoryChange::Insert(entry(version)),
    }
}

/// The text that the error's label covers.
pub(crate) fn labelled(error: &EngineError, step: &Step) -> String {
    let labels: Vec<_> = miette::Diagnostic::labels(error).unwrap().collect();
    let span = labels.first().unwrap().inner();
    step.source.text[span.offset()..span.offset() + span.len()].to_owned()
}

pub(crate) fn help(error: &EngineError) -> String {
    miette::Diagnostic::help(error).unwrap().to_string()
}

pub(crate) fn code(error: &EngineError) -> String {
    miette::Diagnostic::code(error).unwrap().to_string()
}
