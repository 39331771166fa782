//! Running a migration's statements, with its change to the history, as one transaction.

use std::ops::Range;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, ErrorPosition, SqlState};
use whimbrel_engine::{EngineError, Result, Source, Statement, Step};

use crate::connection::Postgres;
use crate::failure::{PRODUCT, is_lost, reason};
use crate::result_set::{ResultSet, RowText};
use crate::sql_scan::{PieceKind, leading_words, pieces};

/// How a statement bears on the transaction around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Control {
    /// Not at all.
    None,
    /// Savepoints: what follows a failure could run, so nothing is sent ahead.
    Savepoint,
    /// It would begin or end the transaction.
    Transaction,
    /// It would turn the connection into a stream of rows.
    Stream,
}

impl Postgres {
    /// Runs the step; gives its duration in milliseconds.
    pub(crate) async fn apply_step(&self, step: &Step) -> Result<i64> {
        let controls: Vec<Control> =
            step.statements.iter().map(|statement| control(&statement.sql)).collect();
        if let Some(error) = controls
            .iter()
            .zip(&step.statements)
            .find_map(|(control, statement)| refused(step, statement, *control))
        {
            return Err(error);
        }
        let history = format!("{}; {}", self.reset, self.history_sql(&step.history));
        let mut queries = vec!["BEGIN"];
        queries.extend(step.statements.iter().map(|statement| statement.sql.as_str()));
        queries.push(&history);
        let answers = if controls.contains(&Control::Savepoint) {
            self.one_by_one(&queries).await
        } else {
            self.pipeline(&queries).await
        };
        let duration = match self.first_failure(step, answers) {
            Ok(duration) => duration,
            Err(error) => {
                self.roll_back().await;
                return Err(error);
            }
        };
        match self.try_run("COMMIT").await {
            Ok(_) => Ok(duration),
            Err(error) => Err(self.commit_failed(step, &error)),
        }
    }

    async fn one_by_one(&self, queries: &[&str]) -> Vec<std::result::Result<Vec<ResultSet>, Error>> {
        let mut answers = Vec::with_capacity(queries.len());
        for sql in queries {
            let answer = self.try_run(sql).await;
            let failed = answer.is_err();
            answers.push(answer);
            if failed {
                break;
            }
        }
        answers
    }

    /// The duration from the last answer, or the first thing that went wrong.
    fn first_failure(
        &self,
        step: &Step,
        answers: Vec<std::result::Result<Vec<ResultSet>, Error>>,
    ) -> Result<i64> {
        let mut last = Vec::new();
        for (place, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(sets) => last = sets,
                Err(error) => return Err(self.step_failed(step, place, &error)),
            }
        }
        let row = last.pop().and_then(|mut set| set.rows.pop());
        Ok(row.map_or(0, |row| row.number(0)))
    }

    /// The error of the query at `place`: `BEGIN`, the statements, the history.
    fn step_failed(&self, step: &Step, place: usize, error: &Error) -> EngineError {
        let statement = place.checked_sub(1).and_then(|place| step.statements.get(place));
        let Some(statement) = statement else {
            let doing = if place == 0 { "beginning a transaction" } else { "changing the migration history" };
            return self.failed(error, doing);
        };
        let Some(server) = error.as_db_error().filter(|server| !is_shutdown(server)) else {
            return self.failed(error, &format!("running {}", step.source.name));
        };
        match server.code().code() {
            "25001" => unsupported(
                step,
                statement,
                format!("it cannot run inside a transaction ({})", server.message()),
                "every migration file runs as one transaction on PostgreSQL, and nothing of this one stands: \
                 write the statement in a form that may run in one (for example without CONCURRENTLY), or \
                 run it by hand"
                    .to_owned(),
            ),
            "25006" | "53100" => self.failed(error, &format!("running {}", step.source.name)),
            _ => EngineError::StatementFailed {
                file: step.source.name.clone(),
                reason: format!("{} (SQLSTATE {})", server.message(), server.code().code()),
                help: help(server),
                source_code: source_code(&step.source),
                span: span(step, statement, server),
            },
        }
    }

    fn commit_failed(&self, step: &Step, error: &Error) -> EngineError {
        let file = &step.source.name;
        if is_lost(error) {
            return self.failed(
                error,
                &format!("committing {file} (`whimbrel migrate status` shows whether it stands)"),
            );
        }
        match (error.as_db_error(), step.statements.first(), step.statements.last()) {
            (Some(server), Some(first), Some(last)) if !is_shutdown(server) => EngineError::StatementFailed {
                file: file.clone(),
                reason: format!("at COMMIT: {}", reason(server)),
                help: help(server),
                source_code: source_code(&step.source),
                span: clamp(&step.source, first.offset..last.offset + last.sql.len()),
            },
            _ => self.failed(error, &format!("committing {file}")),
        }
    }
}

/// The session was ended from outside.
fn is_shutdown(error: &DbError) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(error.code())
}

fn control(sql: &str) -> Control {
    let words = leading_words(sql, 4);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["savepoint" | "release", ..] => Control::Savepoint,
        ["rollback", "to", ..] | ["rollback", "work" | "transaction", "to", ..] => Control::Savepoint,
        ["begin" | "commit" | "end" | "rollback" | "abort", ..] => Control::Transaction,
        ["start", "transaction", ..] | ["prepare", "transaction", ..] => Control::Transaction,
        ["copy", ..] if names_a_stream(sql) => Control::Stream,
        _ => Control::None,
    }
}

fn names_a_stream(sql: &str) -> bool {
    pieces(sql).into_iter().any(|piece| {
        piece.kind == PieceKind::Word
            && ["stdin", "stdout"].iter().any(|word| sql[piece.range.clone()].eq_ignore_ascii_case(word))
    })
}

/// The error of a statement that must not be sent at all.
fn refused(step: &Step, statement: &Statement, control: Control) -> Option<EngineError> {
    let (what, help) = match control {
        Control::None | Control::Savepoint => return None,
        Control::Transaction => (
            "it begins or ends a transaction",
            "every migration file runs as one transaction together with its row in the history: take the statement \
             out; nothing of the file was run",
        ),
        Control::Stream => (
            "it copies rows through the connection",
            "a migration file holds statements only: write the rows as INSERT, or keep them in seeds; nothing of \
             the file was run",
        ),
    };
    Some(unsupported(step, statement, what.to_owned(), help.to_owned()))
}

fn unsupported(step: &Step, statement: &Statement, what: String, help: String) -> EngineError {
    EngineError::Unsupported {
        product: PRODUCT,
        file: step.source.name.clone(),
        what,
        help,
        source_code: source_code(&step.source),
        span: clamp(&step.source, statement.offset..statement.offset + statement.sql.len()),
    }
}

/// The server's own detail and hint, and what became of the transaction.
fn help(error: &DbError) -> String {
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
        "55P03" => {
            "another session held a lock for longer than lock_timeout; the transaction was rolled back and nothing of \
             the file stands: run the same command again"
        }
        "42501" => {
            "the transaction was rolled back: nothing of the file stands; grant the right to the user, or use another \
             user's URL, and run the same command again"
        }
        _ => {
            "the transaction was rolled back: nothing of the file stands; correct the file and run the same command \
             again"
        }
    };
    lines.push(next.to_owned());
    lines.join("\n")
}

fn source_code(source: &Source) -> NamedSource<Arc<str>> {
    NamedSource::new(&source.name, Arc::clone(&source.text))
}

/// The place that the server named, or the whole statement.
fn span(step: &Step, statement: &Statement, error: &DbError) -> SourceSpan {
    let whole = statement.offset..statement.offset + statement.sql.len();
    let Some(ErrorPosition::Original(position)) = error.position() else {
        return clamp(&step.source, whole);
    };
    let characters = usize::try_from(*position).unwrap_or_default().saturating_sub(1);
    let Some(range) = piece_at(&statement.sql, characters) else { return clamp(&step.source, whole) };
    clamp(&step.source, statement.offset + range.start..statement.offset + range.end)
}

/// The word or literal that begins at this character, in bytes.
fn piece_at(sql: &str, characters: usize) -> Option<Range<usize>> {
    let (start, character) = sql.char_indices().nth(characters)?;
    let found = pieces(sql).into_iter().map(|piece| piece.range).find(|range| range.start == start);
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
    fn transaction_control_is_known_by_its_first_words() {
        for (sql, expected) in [
            ("COMMIT", Control::Transaction),
            ("-- why\nbegin transaction", Control::Transaction),
            ("START TRANSACTION READ ONLY", Control::Transaction),
            ("end", Control::Transaction),
            ("PREPARE TRANSACTION 'x'", Control::Transaction),
            ("ROLLBACK", Control::Transaction),
            ("ROLLBACK WORK", Control::Transaction),
            ("ROLLBACK WORK TO SAVEPOINT a", Control::Savepoint),
            ("ROLLBACK TO a", Control::Savepoint),
            ("SAVEPOINT a", Control::Savepoint),
            ("PREPARE find AS SELECT 1", Control::None),
            ("COPY t FROM stdin WITH (FORMAT csv)", Control::Stream),
            ("COPY t FROM '/srv/stdin'", Control::None),
            ("DO $$ BEGIN NULL; END $$", Control::None),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END", Control::None),
        ] {
            assert_eq!(control(sql), expected, "{sql}");
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
