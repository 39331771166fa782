//! Running a migration's statements in one transaction, with what goes on record of them.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use miette::{NamedSource, SourceSpan};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use whimbrel_engine::{
    Applied, EngineError, HistoryChange, JournalEntry, Notice, Result, Source, Statement, StatementReport,
    Watch,
};

use crate::companion::milliseconds_since;
use crate::connection::{Answer, BEGIN, Postgres};
use crate::control::{Control, control, refused};
use crate::failure::{PRODUCT, is_lost, reason};
use crate::lease::is_fenced;
use crate::sql_scan::{PieceKind, scan};

/// How often a transaction is tried that cannot have its locks in time.
const LOCK_ATTEMPTS: u32 = 6;
/// The pause after the first attempt; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Whimbrel's own tables are written as the user who connected, whatever role a file has taken on for its session.
pub(crate) const AS_OURSELVES: &str = "SET LOCAL SESSION AUTHORIZATION DEFAULT; SET LOCAL ROLE NONE";

/// What a transaction of a migration's statements ends with.
#[derive(Clone, Copy)]
pub(crate) enum Closing<'a> {
    /// The change to the history.
    History(&'a HistoryChange),
    /// The journal's row; the rows and the time are added to it.
    Journal(&'a JournalEntry),
    /// Nothing: the statements belong to no migration.
    Nothing,
}

/// Why an attempt failed.
struct Failure {
    error: EngineError,
    /// What the server said, where the same transaction may succeed later.
    retry: Option<String>,
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Failure { error, retry: None }
    }
}

impl Postgres {
    /// Runs the statements in one transaction that ends with the closing. Where a lock cannot be had in time
    /// it is rolled back and runs again, a bounded number of times.
    pub(crate) async fn run_transaction(
        &mut self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        let refusals = statements.iter().find_map(|one| refused(source, one, control(&one.sql)));
        if let Some(error) = refusals {
            return Err(error);
        }
        let record = self.plain_record(statements, closing).await;
        let mut companion = self.take_companion();
        let mut attempt = 1;
        let outcome = loop {
            let work = self.attempt(source, statements, closing, record.as_deref());
            let failure = match companion.watch_over(watch, work).await {
                Ok(applied) => break Ok(applied),
                Err(failure) => failure,
            };
            self.roll_back().await;
            let Some(reason) = failure.retry.filter(|_| attempt < LOCK_ATTEMPTS) else {
                break Err(failure.error);
            };
            let pause = FIRST_PAUSE * 2_u32.pow(attempt - 1);
            let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            watch.notice(Notice::Retry { reason, attempt, attempts: LOCK_ATTEMPTS, pause_ms });
            tokio::time::sleep(pause).await;
            attempt += 1;
        };
        let waits = self.put_back(companion);
        outcome.map(|applied| Applied { waits, ..applied })
    }

    /// What records a file of one plain command; none for every other transaction.
    async fn plain_record(&mut self, statements: &[Statement], closing: Closing<'_>) -> Option<String> {
        if let (Closing::History(change), [statement]) = (closing, statements)
            && !may_change_settings(&statement.sql)
            && is_one_command(&statement.sql)
        {
            return Some(self.record_of_plain_file(change).await);
        }
        self.prepared.forget();
        None
    }

    async fn attempt(
        &self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
        plain_record: Option<&str>,
    ) -> std::result::Result<Applied, Failure> {
        let started = Instant::now();
        let beginning = match self.fence() {
            Some(fence) => format!("{}; {fence}", self.begin()),
            None => self.begin(),
        };
        if let (Some(record), [statement]) = (plain_record, statements) {
            let answers = self.send_whole(&beginning, statement, record).await;
            return self.outcome(source, statements, closing, answers, started).await;
        }
        let mut queries = vec![beginning];
        queries.extend(statements.iter().map(|statement| statement.sql.clone()));
        let answers = match closing {
            // The commit travels with the rest: after a failure it rolls back.
            Closing::History(change) => {
                let record = self.own().history_sql(change);
                queries.push(match statements.iter().any(|one| may_change_settings(&one.sql)) {
                    true => format!("{}; {record}", self.reset),
                    false => record,
                });
                queries.push("COMMIT".to_owned());
                self.send(&queries).await
            }
            Closing::Nothing => {
                queries.push("COMMIT".to_owned());
                self.send(&queries).await
            }
            Closing::Journal(entry) => {
                let mut answers = self.send(&queries).await;
                if answers.len() == queries.len() && answers.iter().all(|answer| answer.result.is_ok()) {
                    let rows = affected(&answers, statements.len());
                    let entry = JournalEntry {
                        rows: entry.rows.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX)),
                        duration_ms: entry.duration_ms.saturating_add(milliseconds_since(started)),
                        ..entry.clone()
                    };
                    let last =
                        [format!("{AS_OURSELVES}; {}", self.own().journal_sql(&entry)), "COMMIT".to_owned()];
                    answers.extend(self.send(&last).await);
                }
                answers
            }
        };
        self.outcome(source, statements, closing, answers, started).await
    }

    /// Sends a transaction of one command as one message, which costs the server and the client one turn
    /// instead of four; the answers are those of four messages.
    async fn send_whole(&self, beginning: &str, statement: &Statement, record: &str) -> Vec<Answer> {
        // The commands of one message are a transaction by themselves, where nothing else has to be set for it.
        let (lead, end, commands) = match beginning {
            BEGIN => (String::new(), "", 0),
            _ => {
                let ends = scan(beginning).filter(|piece| piece.kind == PieceKind::Symbol(';'));
                (format!("{beginning}; "), "; COMMIT", 1 + ends.count())
            }
        };
        let sql = format!("{lead}{}\n; {record}{end}", statement.sql);
        let started = Instant::now();
        let (mut sets, error) = self.run_until_error(&sql).await;
        let took = started.elapsed();
        let lead = lead.chars().count();
        let answer = |result| Answer { result, took, lead };
        let mut answers = Vec::with_capacity(4);
        // Text that cannot be read is the user's, and a bare BEGIN does not fail.
        let unread = sets.is_empty() && (commands == 1 || error.as_ref().is_some_and(has_position));
        if unread || sets.len() >= commands {
            sets.drain(..commands.min(sets.len()));
            answers.push(answer(Ok(Vec::new())));
            answers.extend(sets.into_iter().map(|set| answer(Ok(vec![set]))));
        }
        answers.extend(error.map(|error| answer(Err(error))));
        answers
    }

    /// Sends everything at once, unless what follows a failure could run.
    async fn send(&self, queries: &[String]) -> Vec<Answer> {
        if !queries.iter().any(|sql| control(sql) == Control::Savepoint) {
            return self.timed_pipeline(queries).await;
        }
        let mut answers = Vec::with_capacity(queries.len());
        for sql in queries {
            let started = Instant::now();
            let result = self.try_run_bare(sql).await;
            let failed = result.is_err();
            answers.push(Answer { result, took: started.elapsed(), lead: 0 });
            if failed {
                break;
            }
        }
        answers
    }

    async fn outcome(
        &self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
        answers: Vec<Answer>,
        started: Instant,
    ) -> std::result::Result<Applied, Failure> {
        let mut applied = Applied::default();
        let mut duration_ms = milliseconds_since(started);
        let commit = statements.len() + if matches!(closing, Closing::Nothing) { 1 } else { 2 };
        for (place, answer) in answers.into_iter().enumerate() {
            let sets = match answer.result {
                Ok(sets) => sets,
                Err(error) if is_fenced(&error) => return Err(self.lock_lost().await.into()),
                Err(error) if place == commit => {
                    return Err(self.commit_failed(source, statements, closing, &error).into());
                }
                Err(error) => {
                    let retry = lock_reason(&error);
                    return Err(Failure {
                        error: self.step_failed(source, statements, closing, (place, answer.lead), &error),
                        retry,
                    });
                }
            };
            if let Some(statement) = place.checked_sub(1).and_then(|place| statements.get(place)) {
                applied.statements.push(StatementReport {
                    statement: StatementReport::shown(&statement.sql),
                    duration_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
                    rows: changes_rows(&statement.sql).then(|| sets.iter().map(|set| set.affected).sum()),
                });
            } else if let Some(row) = sets.last().and_then(|set| set.rows.last()) {
                duration_ms = crate::result_set::RowText::number(row, 0);
            }
        }
        applied.duration_ms = duration_ms;
        Ok(applied)
    }

    /// The error of the query at `place`: `BEGIN`, the statements, the record.
    fn step_failed(
        &self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
        (place, lead): (usize, usize),
        error: &Error,
    ) -> EngineError {
        let statement = place.checked_sub(1).and_then(|place| statements.get(place));
        let Some(statement) = statement else {
            let doing = if place == 0 { "beginning a transaction" } else { "changing the migration history" };
            return self.failed(error, doing);
        };
        self.statement_failed(source, statement, (error, lead), closing.outcome())
    }

    /// The error of one statement, with the number of characters that were sent before it; `outcome` says what
    /// became of what it did.
    pub(crate) fn statement_failed(
        &self,
        source: &Source,
        statement: &Statement,
        (error, lead): (&Error, usize),
        outcome: &str,
    ) -> EngineError {
        let Some(server) = error.as_db_error().filter(|server| !is_shutdown(server)) else {
            return self.failed(error, &format!("running {}", source.name));
        };
        match server.code().code() {
            "25001" => unsupported(
                source,
                statement,
                format!("it cannot run inside a transaction ({})", server.message()),
                format!(
                    "{outcome}; put `-- whimbrel:transaction off` above it, and the file runs statement by statement"
                ),
            ),
            "25006" | "53100" => self.failed(error, &format!("running {}", source.name)),
            _ => EngineError::StatementFailed {
                file: source.name.clone(),
                reason: format!("{} (SQLSTATE {})", server.message(), server.code().code()),
                help: help(server, outcome),
                source_code: source_code(source),
                span: span(source, statement, server, lead),
            },
        }
    }

    fn commit_failed(
        &self,
        source: &Source,
        statements: &[Statement],
        closing: Closing<'_>,
        error: &Error,
    ) -> EngineError {
        let file = &source.name;
        if is_lost(error) {
            return self.failed(
                error,
                &format!("committing {file} (`whimbrel migrate status` shows whether it stands)"),
            );
        }
        match (error.as_db_error(), statements.first(), statements.last()) {
            (Some(server), Some(first), Some(last)) if !is_shutdown(server) => EngineError::StatementFailed {
                file: file.clone(),
                reason: format!("at COMMIT: {}", reason(server)),
                help: help(server, closing.outcome()),
                source_code: source_code(source),
                span: clamp(source, first.offset..last.offset + last.sql.len()),
            },
            _ => self.failed(error, &format!("committing {file}")),
        }
    }
}

/// What became of a file that is one transaction, and failed.
const ROLLED_BACK: &str = "the transaction was rolled back: nothing of the file stands";
/// What became of a unit of a journalled file that failed.
const UNIT_ROLLED_BACK: &str =
    "the transaction was rolled back: what the file did before it stands, and the next run goes on here";

/// What became of statements that belong to no migration, and failed.
const UNRECORDED_ROLLED_BACK: &str = "the transaction was rolled back: nothing of it stands";

impl Closing<'_> {
    const fn outcome(self) -> &'static str {
        match self {
            Closing::History(_) => ROLLED_BACK,
            Closing::Journal(_) => UNIT_ROLLED_BACK,
            Closing::Nothing => UNRECORDED_ROLLED_BACK,
        }
    }
}

/// What the server said, where a lock could not be had.
pub(crate) fn lock_reason(error: &Error) -> Option<String> {
    let server = error.as_db_error()?;
    ["55P03", "40P01"].contains(&server.code().code()).then(|| server.message().to_owned())
}

fn affected(answers: &[Answer], statements: usize) -> u64 {
    let counted = answers.iter().skip(1).take(statements).filter_map(|answer| answer.result.as_ref().ok());
    counted.flatten().map(|set| set.affected).sum()
}

fn changes_rows(sql: &str) -> bool {
    let first = crate::sql_scan::leading_words(sql, 1);
    first.first().is_some_and(|word| ["insert", "update", "delete", "merge", "with"].contains(&word.as_str()))
}

/// Whether the text is one command, as the server counts.
fn is_one_command(sql: &str) -> bool {
    // Most hold none at all, which is seen at a glance.
    let ends_another = || sql.contains(';') && scan(sql).any(|piece| piece.kind == PieceKind::Symbol(';'));
    control(sql) == Control::None && !ends_another()
}

fn has_position(error: &Error) -> bool {
    error.as_db_error().is_some_and(|server| server.position().is_some())
}

/// Whether the session's settings may be others after the statement; plain DDL never changes them.
fn may_change_settings(sql: &str) -> bool {
    let words = crate::sql_scan::leading_words(sql, 2);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let plain = matches!(
        words.as_slice(),
        ["create", "table" | "index" | "unique" | "type" | "sequence"]
            | ["alter", "table" | "index" | "type" | "sequence"]
            | ["drop" | "comment", ..]
    );
    !plain || sql.to_lowercase().contains("set_config")
}

/// The session was ended from outside.
fn is_shutdown(error: &DbError) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(error.code())
}

/// The error of a statement that this engine does not run.
pub(crate) fn unsupported(source: &Source, statement: &Statement, what: String, help: String) -> EngineError {
    EngineError::Unsupported {
        product: PRODUCT,
        file: source.name.clone(),
        what,
        help,
        source_code: source_code(source),
        span: clamp(source, statement.offset..statement.offset + statement.sql.len()),
    }
}

/// The server's own detail and hint, and what became of the transaction.
fn help(error: &DbError, outcome: &str) -> String {
    let mut lines = Vec::new();
    if let Some(detail) = error.detail() {
        lines.push(format!("detail: {detail}"));
    }
    if let Some(hint) = error.hint() {
        lines.push(format!("hint: {hint}"));
    }
    if let Some(context) = error.where_() {
        lines.push(format!("context: {context}"));
    }
    let next = match error.code().code() {
        "55P03" => "another session held a lock for longer than lock_timeout: run the same command again",
        "42501" => "grant the right to the user, or use another user's URL, and run the same command again",
        _ => "correct the file and run the same command again",
    };
    lines.push(format!("{outcome}; {next}"));
    lines.join("\n")
}

pub(crate) fn source_code(source: &Source) -> NamedSource<Arc<str>> {
    NamedSource::new(&source.name, Arc::clone(&source.text))
}

/// The place that the server named, or the whole statement.
fn span(source: &Source, statement: &Statement, error: &DbError, lead: usize) -> SourceSpan {
    let whole = statement.offset..statement.offset + statement.sql.len();
    if !source.text.get(statement.offset..).is_some_and(|rest| rest.starts_with(&statement.sql)) {
        // A batch is not what the file says: only where it begins is known.
        let rest = source.text.get(statement.offset..).unwrap_or_default();
        let line = rest.lines().next().map_or(0, str::len);
        return clamp(source, statement.offset..statement.offset + line);
    }
    let Some(ErrorPosition::Original(position)) = error.position() else {
        return clamp(source, whole);
    };
    let characters = usize::try_from(*position).unwrap_or_default().saturating_sub(1 + lead);
    let Some(range) = piece_at(&statement.sql, characters) else { return clamp(source, whole) };
    clamp(source, statement.offset + range.start..statement.offset + range.end)
}

/// The word or literal that begins at this character, in bytes.
fn piece_at(sql: &str, characters: usize) -> Option<Range<usize>> {
    let (start, character) = sql.char_indices().nth(characters)?;
    let found = scan(sql).map(|piece| piece.range).find(|range| range.start == start);
    Some(found.unwrap_or(start..start + character.len_utf8()))
}

/// The range as far as the source goes.
fn clamp(source: &Source, range: Range<usize>) -> SourceSpan {
    let end = range.end.min(source.text.len());
    let start = range.start.min(end);
    (start, end - start).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_ddl_leaves_the_settings_alone() {
        for (sql, expected) in [
            ("CREATE TABLE t (id int)", false),
            ("CREATE TABLE t AS SELECT set_config('role', 'x', false)", true),
            ("ALTER TABLE t ADD a int", false),
            ("ALTER ROLE x SET search_path = s", true),
            ("SET search_path = s", true),
            ("SELECT pg_catalog.set_config('search_path', '', false)", true),
            ("DO $$ BEGIN SET ROLE x; END $$", true),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", true),
        ] {
            assert_eq!(may_change_settings(sql), expected, "{sql}");
        }
    }

    #[test]
    fn a_position_counts_characters() {
        let sql = "SELECT 'é', colour FROM t";
        let characters = sql.chars().position(|c| c == 'c').unwrap();
        assert_eq!(&sql[piece_at(sql, characters).unwrap()], "colour");
        assert_eq!(piece_at(sql, 1_000), None);
    }
}
