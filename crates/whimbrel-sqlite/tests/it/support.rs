//! What the tests of this engine share.

use std::sync::Arc;

use squawk_syntax::SourceFile;
use squawk_syntax::ast::AstNode as _;
use whimbrel_engine::{
    Engine as _, EngineError, HistoryChange, HistoryEntry, HistoryKind, Relational as _, Scope, Source,
    Statement, Step, Unwatched,
};
use whimbrel_schema::catalog::Catalog;
use whimbrel_sqlite::{Sqlite, SqliteOptions};

pub(crate) fn scope() -> Scope {
    Scope { schemas: vec!["public".to_owned()] }
}

pub(crate) fn memory() -> Sqlite {
    Sqlite::open(&SqliteOptions::memory()).unwrap()
}

/// Runs the one future of a test to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) fn entry(version: &str) -> HistoryEntry {
    HistoryEntry {
        version: version.to_owned(),
        name: "test".to_owned(),
        checksum: "c".to_owned(),
        chain: "h".to_owned(),
        schema_hash: None,
        kind: HistoryKind::Applied,
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: "test@here".to_owned(),
    }
}

/// A step of the whole text, split at its statements.
pub(crate) fn step(version: &str, sql: &str) -> Step {
    let parse = SourceFile::parse(sql);
    let statements = parse
        .tree()
        .stmts()
        .map(|statement| {
            let range = statement.syntax().text_range();
            let (start, end) = (usize::from(range.start()), usize::from(range.end()));
            let text = sql[start..end].trim_end().trim_end_matches(';');
            Statement::new(text, start)
        })
        .filter(|statement| !statement.sql.trim().is_empty())
        .collect();
    Step {
        source: Source { name: format!("{version}-test.sql"), text: Arc::from(sql) },
        statements,
        history: HistoryChange::Insert(entry(version)),
    }
}

pub(crate) fn apply(engine: &mut Sqlite, version: &str, sql: &str) -> Result<i64, EngineError> {
    wait(engine.apply(&step(version, sql), &mut Unwatched)).map(|applied| applied.duration_ms)
}

pub(crate) fn catalog(engine: &mut Sqlite) -> Catalog {
    wait(engine.relational().unwrap().introspect(&scope())).unwrap()
}

pub(crate) fn normalise(engine: &mut Sqlite, desired: &Catalog) -> Result<Catalog, EngineError> {
    wait(engine.relational().unwrap().normalise(desired))
}

/// The error with its help.
pub(crate) fn full(error: &EngineError) -> String {
    let mut text = error.to_string();
    if let Some(help) = miette::Diagnostic::help(error) {
        text.push_str(&format!("\n  help: {help}"));
    }
    text
}

/// The text that the error points to.
pub(crate) fn pointed(error: &EngineError) -> &str {
    match error {
        EngineError::Unsupported { source_code, span, .. }
        | EngineError::StatementFailed { source_code, span, .. } => {
            &source_code.inner()[span.offset()..span.offset() + span.len()]
        }
        other => panic!("no place: {other}"),
    }
}
