//! What the catalogue says of a statement that was meant to run outside a transaction.

use std::time::{Duration, Instant};

use whimbrel_engine::{EngineError, Result, Source, Statement, StatementReport, Verdict};

use crate::apply::unsupported;
use crate::connection::Postgres;
use crate::quote::{literal, qualified};
use crate::result_set::RowText;
use crate::sql_scan::{Piece, PieceKind, pieces};

/// How long a build is waited for that the server still works on after its client has died.
const BUILD_LIMIT: Duration = Duration::from_secs(6 * 3600);
/// How often is looked whether it has ended.
const BUILD_POLL: Duration = Duration::from_millis(250);
/// How much of two statements is compared, in characters: the server keeps the first kilobyte of each.
const COMPARED: usize = 250;
const LOOKING: &str = "looking what became of a statement";

/// What a statement makes or takes away, by its names as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    /// `CREATE INDEX CONCURRENTLY name ON table`
    CreateIndex { name: String, table: String },
    /// `DROP INDEX CONCURRENTLY name`
    DropIndex { name: String },
    /// `REINDEX …`: the index or the table; none for a whole schema or database.
    Reindex { relation: Option<String> },
    /// `ALTER TABLE parent DETACH PARTITION child CONCURRENTLY`
    Detach { parent: String, child: String },
    /// A row of a shared catalogue: the query that finds it, and whether it should be there afterwards.
    Named { query: String, made: bool },
    /// Running it again does no harm.
    Repeatable,
}

impl Postgres {
    pub(crate) async fn look_for(&self, source: &Source, statement: &Statement) -> Result<Verdict> {
        let subject = subject(&statement.sql).map_err(|what| {
            unsupported(
                source,
                statement,
                what.to_owned(),
                "after a crash it must be found again by its name: write the name".to_owned(),
            )
        })?;
        self.wait_for_twin(&statement.sql).await?;
        match subject {
            Subject::CreateIndex { name, table } => self.verify_create_index(&name, &table).await,
            Subject::DropIndex { name } => {
                let gone = self.truth(&format!("to_regclass({}) IS NULL", literal(&name))).await?;
                Ok(if gone { Verdict::Done } else { Verdict::NotDone })
            }
            Subject::Reindex { relation } => self.verify_reindex(relation.as_deref()).await,
            Subject::Detach { parent, child } => self.verify_detach(&parent, &child).await,
            Subject::Named { query, made } => {
                let there = self.truth(&format!("EXISTS ({query})")).await?;
                Ok(if there == made { Verdict::Done } else { Verdict::NotDone })
            }
            Subject::Repeatable => Ok(Verdict::NotDone),
        }
    }

    /// Waits while another session runs the same statement: the server works on for a client that has died.
    async fn wait_for_twin(&self, sql: &str) -> Result<()> {
        let head: String = sql.chars().take(COMPARED).collect();
        let runs = format!(
            "EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid() AND state = 'active' AND left(query, {COMPARED}) = {})",
            literal(&head)
        );
        let deadline = Instant::now() + BUILD_LIMIT;
        while self.truth(&runs).await? {
            if Instant::now() > deadline {
                return Err(EngineError::Refused {
                    doing: format!("waiting for `{}`", StatementReport::shown(sql)),
                    reason: "another session still runs it".to_owned(),
                });
            }
            tokio::time::sleep(BUILD_POLL).await;
        }
        Ok(())
    }

    async fn truth(&self, expression: &str) -> Result<bool> {
        let sets = self.run(&format!("SELECT {expression}"), LOOKING).await?;
        Ok(sets.first().and_then(|set| set.rows.first()).is_some_and(|row| row.flag(0)))
    }

    async fn verify_create_index(&self, name: &str, table: &str) -> Result<Verdict> {
        let sql = format!(
            "SELECT n.nspname, c.relname, i.indisvalid AND i.indisready, i.indexrelid \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE i.indrelid = to_regclass({}) AND c.relname = {}",
            literal(table),
            literal(&plain(name))
        );
        let deadline = Instant::now() + BUILD_LIMIT;
        loop {
            let sets = self.run(&sql, LOOKING).await?;
            let Some(row) = sets.first().and_then(|set| set.rows.first()) else {
                return Ok(Verdict::NotDone);
            };
            if row.flag(2) {
                return Ok(Verdict::Done);
            }
            let builds = format!(
                "EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index WHERE index_relid = {})",
                row.string(3)
            );
            if !self.truth(&builds).await? {
                let index = qualified(&row.string(0), &row.string(1));
                return Ok(Verdict::Broken {
                    what: format!("the index {} was left INVALID and is dropped", row.string(1)),
                    repair: vec![format!("DROP INDEX CONCURRENTLY IF EXISTS {index}")],
                });
            }
            if Instant::now() > deadline {
                return Err(EngineError::Refused {
                    doing: format!("waiting for the build of index {}", row.string(1)),
                    reason: "another session still builds it".to_owned(),
                });
            }
            tokio::time::sleep(BUILD_POLL).await;
        }
    }

    /// A concurrent rebuild that was cut off leaves its copies beside the indexes.
    async fn verify_reindex(&self, relation: Option<&str>) -> Result<Verdict> {
        let of = relation.map_or_else(String::new, |relation| {
            let regclass = format!("to_regclass({})", literal(relation));
            format!(
                " AND i.indrelid IN (SELECT {regclass} UNION SELECT indrelid FROM pg_catalog.pg_index WHERE indexrelid = {regclass})"
            )
        });
        let sql = format!(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'{of} AND NOT EXISTS \
             (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.relid = i.indrelid) ORDER BY 1, 2"
        );
        let sets = self.run(&sql, LOOKING).await?;
        let left: Vec<(String, String)> = sets
            .iter()
            .flat_map(|set| &set.rows)
            .map(|row| (row.string(1), qualified(&row.string(0), &row.string(1))))
            .collect();
        if left.is_empty() {
            return Ok(Verdict::NotDone);
        }
        let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
        Ok(Verdict::Broken {
            what: format!("the copies {} of a rebuild were left and are dropped", names.join(", ")),
            repair: left
                .iter()
                .map(|(_, index)| format!("DROP INDEX CONCURRENTLY IF EXISTS {index}"))
                .collect(),
        })
    }

    async fn verify_detach(&self, parent: &str, child: &str) -> Result<Verdict> {
        let pending = if self.major >= 14 { "inhdetachpending" } else { "false" };
        let sql = format!(
            "SELECT {pending} FROM pg_catalog.pg_inherits WHERE inhparent = to_regclass({}) AND inhrelid = to_regclass({})",
            literal(parent),
            literal(child)
        );
        let sets = self.run(&sql, LOOKING).await?;
        match sets.first().and_then(|set| set.rows.first()) {
            None => Ok(Verdict::Done),
            Some(row) if row.flag(0) => Ok(Verdict::Broken {
                what: format!("the detaching of {child} was cut off and is finished"),
                repair: vec![format!("ALTER TABLE {parent} DETACH PARTITION {child} FINALIZE")],
            }),
            Some(_) => Ok(Verdict::NotDone),
        }
    }
}

/// The subject of a statement, or why there is none.
fn subject(sql: &str) -> std::result::Result<Subject, &'static str> {
    let pieces = pieces(sql);
    let mut reader = Reader { sql, pieces: &pieces };
    let first = reader.word();
    let second = reader.word();
    match (first.as_str(), second.as_str()) {
        ("create", "index" | "unique") => {
            reader.skip(&["index", "concurrently", "if", "not", "exists"]);
            let name = reader.name().filter(|name| !name.eq_ignore_ascii_case("on"));
            let name = name.ok_or("it builds an index without a name outside a transaction")?;
            reader.skip(&["on", "only"]);
            let table = reader.name().ok_or("it names no table")?;
            Ok(Subject::CreateIndex { name, table })
        }
        ("drop", "index") => {
            reader.skip(&["concurrently", "if", "exists"]);
            Ok(Subject::DropIndex { name: reader.name().ok_or("it names no index")? })
        }
        ("reindex", kind) => {
            let mut kind = kind.to_owned();
            if kind.is_empty() {
                reader.parentheses();
                kind = reader.word();
            }
            reader.skip(&["concurrently"]);
            let whole = ["schema", "database", "system"].contains(&kind.as_str());
            Ok(Subject::Reindex { relation: if whole { None } else { reader.name() } })
        }
        ("alter", "table") => {
            reader.skip(&["if", "exists", "only"]);
            let parent = reader.name().ok_or("it names no table")?;
            reader.skip(&["detach", "partition"]);
            let child = reader.name().ok_or("it names no partition")?;
            Ok(Subject::Detach { parent, child })
        }
        ("create" | "drop", kind @ ("database" | "tablespace" | "subscription")) => {
            reader.skip(&["if", "exists"]);
            let name = literal(&plain(&reader.name().ok_or("it names nothing")?));
            let query = match kind {
                "database" => format!("SELECT FROM pg_catalog.pg_database WHERE datname = {name}"),
                "tablespace" => format!("SELECT FROM pg_catalog.pg_tablespace WHERE spcname = {name}"),
                _ => format!(
                    "SELECT FROM pg_catalog.pg_subscription WHERE subname = {name} AND subdbid = \
                     (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
                ),
            };
            Ok(Subject::Named { query, made: first == "create" })
        }
        _ => Ok(Subject::Repeatable),
    }
}

/// Reads a statement piece by piece.
struct Reader<'a> {
    sql: &'a str,
    pieces: &'a [Piece],
}

impl Reader<'_> {
    fn peek(&self) -> Option<(PieceKind, &str)> {
        self.pieces.first().map(|piece| (piece.kind, &self.sql[piece.range.clone()]))
    }

    /// The next word in lower case; empty where something else follows, which stays.
    fn word(&mut self) -> String {
        match self.peek() {
            Some((PieceKind::Word, text)) => {
                let word = text.to_lowercase();
                self.pieces = &self.pieces[1..];
                word
            }
            _ => String::new(),
        }
    }

    /// Passes over these words, in any number.
    fn skip(&mut self, words: &[&str]) {
        while let Some((PieceKind::Word, text)) = self.peek()
            && words.iter().any(|word| text.eq_ignore_ascii_case(word))
        {
            self.pieces = &self.pieces[1..];
        }
    }

    /// Passes over `( … )`.
    fn parentheses(&mut self) {
        while let Some((kind, _)) = self.peek() {
            self.pieces = &self.pieces[1..];
            if kind == PieceKind::Symbol(')') {
                break;
            }
        }
    }

    /// A name as it is written, its schema included.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        loop {
            let (kind, text) = self.peek()?;
            if !matches!(kind, PieceKind::Word | PieceKind::QuotedName) {
                return None;
            }
            name.push_str(text);
            self.pieces = &self.pieces[1..];
            if !matches!(self.peek(), Some((PieceKind::Symbol('.'), _))) {
                return Some(name);
            }
            name.push('.');
            self.pieces = &self.pieces[1..];
        }
    }
}

/// The last part of a name as the catalogue keeps it.
fn plain(name: &str) -> String {
    let found = pieces(name);
    let last = found.last().map_or(name, |piece| &name[piece.range.clone()]);
    match last.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => last.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_statement_is_found() {
        let create =
            |name: &str, table: &str| Subject::CreateIndex { name: name.into(), table: table.into() };
        let reindex = |relation: Option<&str>| Subject::Reindex { relation: relation.map(str::to_owned) };
        for (sql, expected) in [
            ("CREATE INDEX CONCURRENTLY i ON t (a)", create("i", "t")),
            (
                "create unique index concurrently if not exists \"I x\" on only s.\"T\" (a)",
                create("\"I x\"", "s.\"T\""),
            ),
            ("DROP INDEX CONCURRENTLY IF EXISTS s.i", Subject::DropIndex { name: "s.i".into() }),
            ("REINDEX (VERBOSE, CONCURRENTLY) TABLE s.t", reindex(Some("s.t"))),
            ("REINDEX INDEX CONCURRENTLY i", reindex(Some("i"))),
            ("REINDEX SCHEMA CONCURRENTLY s", reindex(None)),
            (
                "ALTER TABLE p DETACH PARTITION s.c CONCURRENTLY",
                Subject::Detach { parent: "p".into(), child: "s.c".into() },
            ),
            ("VACUUM t", Subject::Repeatable),
            ("ALTER SYSTEM SET work_mem = '1MB'", Subject::Repeatable),
        ] {
            assert_eq!(subject(sql).unwrap(), expected, "{sql}");
        }
        assert!(matches!(subject("CREATE DATABASE d").unwrap(), Subject::Named { made: true, .. }));
        assert!(matches!(subject("DROP SUBSCRIPTION x").unwrap(), Subject::Named { made: false, .. }));
        assert!(subject("CREATE INDEX CONCURRENTLY ON t (a)").is_err());
    }

    #[test]
    fn a_name_is_kept_as_the_catalogue_keeps_it() {
        assert_eq!(plain("s.Index"), "index");
        assert_eq!(plain("s.\"Odd \"\"one\""), "Odd \"one");
    }
}
