//! What can be wrong with a script of Alembic's.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// What can be wrong with a script that is to become migration files.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum ImportError {
    /// The script cannot be read.
    #[error("{file}: {reason}")]
    #[diagnostic(
        code(import::file),
        help("check that the path exists and its permissions; `-` reads standard input")
    )]
    File {
        /// The file.
        file: String,
        /// What the system said.
        reason: String,
    },
    /// There is no revision in it.
    #[error("{file} holds no revision of Alembic's")]
    #[diagnostic(
        code(import::not_alembic),
        help(
            "a revision begins with `-- Running upgrade … -> …`: give what `alembic upgrade head --sql` writes"
        )
    )]
    NotAlembic {
        /// The file.
        file: String,
    },
    /// An upgrade among downgrades, or the other way round.
    #[error("{file} holds {found}s of revisions, and {wanted}s were asked for")]
    #[diagnostic(
        code(import::direction),
        help(
            "write `whimbrel migrate import alembic UP.sql --down DOWN.sql`, DOWN.sql by `alembic downgrade head:base --sql`"
        )
    )]
    Direction {
        /// The file.
        file: String,
        /// What it holds.
        found: &'static str,
        /// What belongs here.
        wanted: &'static str,
    },
    /// A revision twice.
    #[error("{file} holds the revision {revision} twice")]
    #[diagnostic(code(import::duplicate), help("give one script: `alembic upgrade head --sql`"))]
    Duplicate {
        /// The file.
        file: String,
        /// The revision.
        revision: String,
    },
    /// A place in the script.
    #[error("{file}: {what}")]
    #[diagnostic(code(import::syntax))]
    Syntax {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do.
        #[help]
        help: String,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// A migration file would not say what the script says.
    #[error("the revision {revision} cannot be written as a migration file: {reason}")]
    #[diagnostic(
        code(import::unwritable),
        help("leave the revision out of the script, and write its migration by hand")
    )]
    Unwritable {
        /// The revision.
        revision: String,
        /// Why.
        reason: String,
    },
}

impl ImportError {
    pub(super) fn syntax(
        file: &str,
        text: &str,
        what: &str,
        help: &str,
        offset: usize,
        length: usize,
    ) -> ImportError {
        ImportError::Syntax {
            file: file.to_owned(),
            what: what.to_owned(),
            help: help.to_owned(),
            source_code: NamedSource::new(file, Arc::from(text)),
            span: SourceSpan::new(offset.into(), length),
        }
    }
}
