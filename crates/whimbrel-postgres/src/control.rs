//! How a statement bears on the transaction around it.

use whimbrel_engine::{EngineError, Source, Statement};

use crate::apply::unsupported;
use crate::sql_scan::{PieceKind, leading_words, scan};

/// How a statement bears on the transaction around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Not at all.
    None,
    /// Savepoints: what follows a failure could run, so nothing is sent ahead.
    Savepoint,
    /// It would begin or end the transaction.
    Transaction,
    /// It would turn the connection into a stream of rows.
    Stream,
    /// It cannot run in a transaction.
    Outside,
}

/// The kind of the statement.
pub(crate) fn control(sql: &str) -> Control {
    let words = leading_words(sql, 4);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["savepoint" | "release", ..] => Control::Savepoint,
        ["rollback", "to", ..] | ["rollback", "work" | "transaction", "to", ..] => Control::Savepoint,
        ["begin" | "commit" | "end" | "rollback" | "abort", ..] => Control::Transaction,
        ["start", "transaction", ..] | ["prepare", "transaction", ..] => Control::Transaction,
        ["copy", ..] if has_word(sql, &["stdin", "stdout"]) => Control::Stream,
        ["create", "index", "concurrently", ..] | ["create", "unique", "index", "concurrently"] => {
            Control::Outside
        }
        ["drop", "index", "concurrently", ..] | ["vacuum", ..] | ["alter", "system", ..] => Control::Outside,
        ["create" | "drop", "database" | "tablespace" | "subscription", ..] => Control::Outside,
        ["reindex", "schema" | "database" | "system", ..] => Control::Outside,
        ["reindex", ..] if has_word(sql, &["concurrently", "schema", "database", "system"]) => {
            Control::Outside
        }
        ["cluster"] | ["cluster", "verbose"] => Control::Outside,
        ["alter", "table", ..] if has_word(sql, &["detach"]) && has_word(sql, &["concurrently"]) => {
            Control::Outside
        }
        ["alter", "subscription", ..] if has_word(sql, &["refresh"]) => Control::Outside,
        ["alter", "database", ..] if has_word(sql, &["tablespace"]) => Control::Outside,
        _ => Control::None,
    }
}

fn has_word(sql: &str, wanted: &[&str]) -> bool {
    scan(sql).any(|piece| {
        piece.kind == PieceKind::Word
            && wanted.iter().any(|word| sql[piece.range.clone()].eq_ignore_ascii_case(word))
    })
}

/// The error of a statement that must not be sent in a transaction.
pub(crate) fn refused(source: &Source, statement: &Statement, control: Control) -> Option<EngineError> {
    let (what, help) = match control {
        Control::None | Control::Savepoint => return None,
        Control::Transaction => (
            "it begins or ends a transaction",
            "take the statement out: a migration file runs in transactions together with its row in the history; \
             nothing of the file was run",
        ),
        Control::Stream => (
            "it copies rows through the connection",
            "a migration file holds statements only: write the rows as INSERT, or keep them in seeds; nothing of \
             the file was run",
        ),
        Control::Outside => (
            "it cannot run inside a transaction",
            "take it out of the `-- whimbrel:transaction on` group; nothing of the file was run",
        ),
    };
    Some(unsupported(source, statement, what.to_owned(), help.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_known_by_its_first_words() {
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
    fn what_runs_outside_a_transaction_is_known() {
        for (sql, outside) in [
            ("create unique index concurrently i on t (a)", true),
            ("CREATE INDEX /* why */ CONCURRENTLY IF NOT EXISTS i ON t (a)", true),
            ("CREATE INDEX concurrently_seen ON t (a)", false),
            ("CREATE UNIQUE INDEX i ON t (a)", false),
            ("DROP INDEX CONCURRENTLY i", true),
            ("DROP INDEX i", false),
            ("REINDEX (VERBOSE, CONCURRENTLY) TABLE t", true),
            ("REINDEX TABLE CONCURRENTLY t", true),
            ("REINDEX TABLE t", false),
            ("REINDEX SCHEMA s", true),
            ("VACUUM (ANALYZE) t", true),
            ("ANALYZE t", false),
            ("CREATE DATABASE d", true),
            ("ALTER SYSTEM SET work_mem = '1MB'", true),
            ("CLUSTER", true),
            ("CLUSTER t USING i", false),
            ("ALTER TABLE p DETACH PARTITION c CONCURRENTLY", true),
            ("ALTER TABLE p DETACH PARTITION c", false),
            ("ALTER TYPE mood ADD VALUE 'x'", false),
            ("REFRESH MATERIALIZED VIEW CONCURRENTLY v", false),
            ("COMMENT ON TABLE t IS 'VACUUM'", false),
        ] {
            assert_eq!(control(sql) == Control::Outside, outside, "{sql}");
        }
    }
}
