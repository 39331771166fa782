//! What can go wrong between a statement and the database, before it becomes an [`EngineError`].

use std::ops::Range;

use miette::NamedSource;
use whimbrel_engine::{EngineError, Source, Statement};

use crate::PRODUCT;

/// The ways out that every refusal names.
pub(crate) const WAY_OUT: &str = "write this migration for SQLite in a file of its own, `NAME.sqlite.sql`, or keep the \
     statement for PostgreSQL with `-- whimbrel:engine postgres` before it; docs/reference/sqlite-ddl.md lists what SQLite takes";

pub(crate) type Outcome<T> = std::result::Result<T, Trouble>;

/// Why a statement could not be run.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It is outside the closed list.
    Refused {
        what: String,
        /// The place, in bytes of the statement; the whole statement where it is not known.
        range: Option<Range<usize>>,
    },
    /// It cannot be right: it names what does not exist, or makes what exists.
    Failed { reason: String, help: Option<String>, range: Option<Range<usize>> },
    /// SQLite refused what it was rendered to.
    Sqlite { error: rusqlite::Error, sql: String },
    /// The table must be rebuilt, which needs foreign keys off before the transaction begins.
    NeedsForeignKeysOff,
    /// An error that has its final form.
    Engine(Box<EngineError>),
}

impl Trouble {
    pub(crate) fn refused(what: impl Into<String>) -> Self {
        Trouble::Refused { what: what.into(), range: None }
    }

    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Trouble::Failed { reason: reason.into(), help: None, range: None }
    }

    /// The same trouble at this place, unless it has one.
    pub(crate) fn at(self, place: Range<usize>) -> Self {
        match self {
            Trouble::Refused { what, range } => Trouble::Refused { what, range: range.or(Some(place)) },
            Trouble::Failed { reason, help, range } => {
                Trouble::Failed { reason, help, range: range.or(Some(place)) }
            }
            other => other,
        }
    }

    /// The same trouble without a place: the text it was found in is not the statement's.
    pub(crate) fn nowhere(self) -> Self {
        match self {
            Trouble::Refused { what, .. } => Trouble::Refused { what, range: None },
            Trouble::Failed { reason, help, .. } => Trouble::Failed { reason, help, range: None },
            other => other,
        }
    }

    /// The error that a user sees for a statement of a file.
    pub(crate) fn in_statement(self, source: &Source, statement: &Statement, database: &str) -> EngineError {
        // A batch is not what the file says: only where it begins is known.
        let rest = source.text.get(statement.offset..).unwrap_or_default();
        let rewritten = !rest.starts_with(&statement.sql);
        let first_line = rest.lines().next().map_or(0, str::len);
        let span = |range: Option<Range<usize>>| {
            let range = if rewritten { Some(0..first_line) } else { range };
            let range = range.unwrap_or(0..statement.sql.len());
            let start = (statement.offset + range.start).min(source.text.len());
            (start, range.len().min(source.text.len() - start)).into()
        };
        let source_code = NamedSource::new(&source.name, source.text.clone()).with_language("sql");
        match self {
            Trouble::Refused { what, range } => EngineError::Unsupported {
                product: PRODUCT,
                file: source.name.clone(),
                what,
                help: WAY_OUT.to_owned(),
                span: span(range),
                source_code,
            },
            Trouble::Failed { reason, help, range } => EngineError::StatementFailed {
                file: source.name.clone(),
                reason,
                help: help.unwrap_or_else(|| ROLLED_BACK.to_owned()),
                span: span(range),
                source_code,
            },
            Trouble::Sqlite { error, sql } => {
                match crate::connection::classify_disk(&error, database, &format!("running {}", source.name))
                {
                    Some(error) => error,
                    None => EngineError::StatementFailed {
                        file: source.name.clone(),
                        reason: crate::connection::message(&error),
                        help: format!("{ROLLED_BACK}; SQLite was given: {sql}"),
                        span: span(None),
                        source_code,
                    },
                }
            }
            Trouble::NeedsForeignKeysOff => EngineError::Refused {
                doing: format!("running {}", source.name),
                reason: "a table must be rebuilt while foreign keys are enforced".to_owned(),
            },
            Trouble::Engine(error) => *error,
        }
    }

    /// The error that a user sees where no statement is at hand.
    pub(crate) fn about(self, object: &str, database: &str) -> EngineError {
        match self {
            Trouble::Refused { what, .. } => EngineError::UnsupportedSchema {
                product: PRODUCT,
                object: object.to_owned(),
                what,
                help:
                    "change the declaration to what both engines hold (docs/reference/sqlite-ddl.md), or use \
                       PostgreSQL in this environment"
                        .to_owned(),
            },
            Trouble::Failed { reason, .. } => {
                EngineError::Refused { doing: format!("building {object}"), reason }
            }
            Trouble::Sqlite { error, sql } => {
                match crate::connection::classify_disk(&error, database, &format!("building {object}")) {
                    Some(error) => error,
                    None => EngineError::Refused {
                        doing: format!("building {object}"),
                        reason: format!("{}; SQLite was given: {sql}", crate::connection::message(&error)),
                    },
                }
            }
            Trouble::NeedsForeignKeysOff => EngineError::Refused {
                doing: format!("building {object}"),
                reason: "a table must be rebuilt while foreign keys are enforced".to_owned(),
            },
            Trouble::Engine(error) => *error,
        }
    }
}

impl From<EngineError> for Trouble {
    fn from(error: EngineError) -> Self {
        Trouble::Engine(Box::new(error))
    }
}

const ROLLED_BACK: &str = "nothing of this file stands: its transaction was rolled back";
