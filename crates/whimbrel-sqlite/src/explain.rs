//! How SQLite answers a query: EXPLAIN QUERY PLAN of what the query is rendered to.

mod conditions;
mod read;

use std::ops::Range;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};
use squawk_syntax::SyntaxKind;
use whimbrel_engine::{EngineError, ExplainRequest, Plan, PlanKind, PlanNode, Result};

use crate::connection::{self, SqliteOptions, classify_disk, message};
use crate::engine::Sqlite;
use crate::quote::text_literal;
use crate::syntax::{identifier, parse_statement, tokens};
use crate::transaction::roll_back;
use crate::trouble::Trouble;
use crate::workspace::Workspace;
use crate::{interpret, ledger};

use conditions::Conditions;

impl Sqlite {
    /// Explains a query, and leaves nothing behind.
    pub(crate) fn explain_now(&mut self, request: &ExplainRequest) -> Result<Plan> {
        let database = self.database();
        match self.reader()? {
            Some(connection) => explain(connection, request, &database),
            None => explain(&connection::open(&SqliteOptions::memory())?, request, &database),
        }
    }
}

fn explain(connection: &Connection, request: &ExplainRequest, database: &str) -> Result<Plan> {
    let query = Query::of(request);
    query.explain(connection).map_err(|trouble| query.refused(trouble, database))
}

/// One step of the plan, as SQLite tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    id: i64,
    parent: i64,
    detail: String,
}

/// The query with the values of its parameters in their places.
struct Query<'a> {
    request: &'a ExplainRequest,
    text: String,
    /// Where each parameter stood, and where its value stands now.
    moved: Vec<(Range<usize>, Range<usize>)>,
}

impl<'a> Query<'a> {
    fn of(request: &'a ExplainRequest) -> Self {
        let source = &request.source.text;
        let (mut text, mut moved, mut from) = (String::new(), Vec::new(), 0);
        // Where the text cannot be parsed, it is told of later, at its place.
        let places = parse_statement(source).map(|node| {
            let parameters = tokens(&node).filter(|token| token.kind() == SyntaxKind::POSITIONAL_PARAM);
            parameters
                .map(|token| (token.text().to_owned(), token.text_range()))
                .map(|(name, range)| (name, usize::from(range.start())..usize::from(range.end())))
                .collect::<Vec<_>>()
        });
        for (name, range) in places.unwrap_or_default() {
            let number: usize = name.trim_start_matches('$').parse().unwrap_or_default();
            let value = number.checked_sub(1).and_then(|index| request.parameters.get(index));
            text.push_str(&source[from..range.start]);
            let start = text.len();
            text.push_str(&value.map_or_else(|| "NULL".to_owned(), |value| text_literal(value)));
            from = range.end;
            moved.push((range, start..text.len()));
        }
        text.push_str(&source[from..]);
        Query { request, text, moved }
    }

    fn explain(&self, connection: &Connection) -> std::result::Result<Plan, Trouble> {
        let node = parse_statement(&self.text)?;
        let workspace = Workspace::new(connection, true);
        let sql = interpret::rendered(&workspace, &node)?;
        let sqlite = |error: rusqlite::Error| Trouble::Sqlite { error, sql: sql.clone() };
        let told = told(connection, &sql).map_err(sqlite)?;
        // As the user wrote it, the parameters by their names.
        let conditions = Conditions::of(&parse_statement(&self.request.source.text)?);
        let mut plan = read::plan(&told, &conditions, &workspace)?;
        plan.root = written(node.kind(), &conditions, plan.root);
        if self.request.parameter_count > 0 && self.request.parameters.is_empty() {
            plan.notes.push(
                "the plan is for parameters that are NULL; --param VALUE, once for each, gives the plan for these values"
                    .to_owned(),
            );
        }
        if self.request.analyze {
            let run = run(connection, &sql, self.request).map_err(sqlite)?;
            plan.analyzed = true;
            plan.execution_ms = Some(run.took.as_secs_f64() * 1000.0);
            plan.rows_returned = Some(run.rows);
            if self.request.writes {
                plan.notes.push(format!("it changed {} rows, and that was rolled back", run.changed));
            }
        }
        plan.notes.push(
            "SQLite tells neither costs nor rows of the parts of a plan, so that none is marked as the costliest"
                .to_owned(),
        );
        Ok(plan)
    }

    /// Where the text has the name that SQLite does not know; none where it stands more than once.
    fn unknown_name(&self, said: &str) -> Option<Range<usize>> {
        let (what, name) = said.split_once(": ")?;
        if !matches!(what, "no such column" | "no such table" | "no such function") {
            return None;
        }
        let name = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
        let node = parse_statement(&self.text).ok()?;
        let mut found = tokens(&node).filter(|token| identifier(token.text()) == name);
        let range = found.next()?.text_range();
        found.next().is_none().then(|| usize::from(range.start())..usize::from(range.end()))
    }

    /// A place of the text in the user's own query.
    fn original(&self, place: usize) -> usize {
        let mut shift = (0, 0);
        for (before, now) in &self.moved {
            if place < now.start {
                break;
            }
            if place < now.end {
                return before.start;
            }
            shift = (before.end, now.end);
        }
        shift.0 + (place - shift.1)
    }

    fn refused(&self, trouble: Trouble, database: &str) -> EngineError {
        let source = &self.request.source;
        let whole = 0..source.text.trim_end().len();
        let (reason, help, place) = match trouble {
            Trouble::Refused { what, range } => (
                format!("SQLite cannot run {what}"),
                "docs/reference/sqlite-ddl.md lists what SQLite takes; explain the query on PostgreSQL with --env"
                    .to_owned(),
                range,
            ),
            Trouble::Failed { reason, range, .. } => (reason, CORRECT.to_owned(), range),
            Trouble::Sqlite { error, sql } => {
                if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) {
                    let limit = self.request.timeout.as_millis();
                    let reason = format!("it ran for longer than {limit} ms");
                    let help = "raise --timeout, or leave --analyze out for the plan alone".to_owned();
                    (reason, help, None)
                } else if let Some(error) = classify_disk(&error, database, "explaining the query") {
                    return error;
                } else {
                    let said = message(&error);
                    // The doubt is about the quotes that the rendering writes.
                    let said = said.split(" - should this").next().unwrap_or_default().to_owned();
                    let place = self.unknown_name(&said);
                    (said, format!("{CORRECT}; SQLite was given: {sql}"), place)
                }
            }
            Trouble::NeedsForeignKeysOff => ("it rebuilds a table".to_owned(), CORRECT.to_owned(), None),
            Trouble::Engine(error) => return *error,
        };
        let place = place.map_or(whole.clone(), |range| {
            let start = self.original(range.start).min(whole.end);
            start..self.original(range.end).clamp(start, whole.end)
        });
        EngineError::QueryRefused {
            reason,
            help,
            source_code: miette::NamedSource::new(&source.name, source.text.clone()).with_language("sql"),
            span: (place.start, place.len()).into(),
        }
    }
}

/// What to do about a query that is not understood.
const CORRECT: &str = "correct the query and run the same command again; `whimbrel schema print --format sql` shows the \
     tables and columns";

/// What changes rows stands above what finds them: SQLite tells of the finding alone.
fn written(statement: SyntaxKind, conditions: &Conditions, source: PlanNode) -> PlanNode {
    let (native, words) = match statement {
        SyntaxKind::INSERT => ("INSERT", "inserts into"),
        SyntaxKind::UPDATE => ("UPDATE", "updates"),
        SyntaxKind::DELETE => ("DELETE", "deletes from"),
        _ => return source,
    };
    let table = conditions.first().map(ToString::to_string).unwrap_or_default();
    let mut node = PlanNode::new(PlanKind::Write, native, format!("{words} {table}"));
    node.object = Some(table);
    if !source.native.is_empty() || !source.children.is_empty() {
        node.children.push(source);
    }
    node
}

fn told(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Told>> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let rows = statement
        .query_map([], |row| Ok(Told { id: row.get(0)?, parent: row.get(1)?, detail: row.get(3)? }))?;
    rows.collect()
}

/// What a run came to.
struct Run {
    rows: u64,
    changed: u64,
    took: Duration,
}

/// Runs the query in a transaction that is rolled back.
fn run(connection: &Connection, sql: &str, request: &ExplainRequest) -> rusqlite::Result<Run> {
    let begin = if request.writes { "BEGIN IMMEDIATE" } else { "BEGIN" };
    connection.execute_batch(begin)?;
    let outcome = within(connection, request.timeout, || {
        let started = Instant::now();
        let before = connection.total_changes();
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        let mut rows = 0;
        while found.next()?.is_some() {
            rows += 1;
        }
        drop(found);
        Ok(Run { rows, changed: connection.total_changes() - before, took: started.elapsed() })
    });
    roll_back(connection);
    outcome
}

/// Does the work, and interrupts the connection where it takes longer than `limit`.
fn within<T>(
    connection: &Connection,
    limit: Duration,
    work: impl FnOnce() -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let handle = connection.get_interrupt_handle();
    let (done, wait) = mpsc::channel::<()>();
    let watcher = std::thread::spawn(move || {
        if wait.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            handle.interrupt();
        }
    });
    let outcome = work();
    drop(done);
    watcher.join().expect("a thread that only waits does not panic");
    outcome
}

/// The rows of a table, by the statistics of the last ANALYZE; none where there are none.
fn analysed_rows(connection: &Connection, table: &str) -> rusqlite::Result<Option<u64>> {
    if !ledger::has_table(connection, "sqlite_stat1")? {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT stat FROM sqlite_stat1 WHERE tbl = ? LIMIT 1")?;
    let mut rows = statement.query([table])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let text: Option<String> = row.get(0)?;
    Ok(text.and_then(|text| text.split(' ').next()?.parse().ok()))
}
