//! What can be wrong with a query before a database is asked.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// Why a query cannot be explained.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum ExplainError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {reason}")]
    #[diagnostic(
        code(explain::file),
        help(
            "name a file that holds one query, or `-` for standard input: whimbrel explain --file query.sql"
        )
    )]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The text holds no statement.
    #[error("{name} holds no statement")]
    #[diagnostic(code(explain::no_query), help("write it as one argument: whimbrel explain \"SELECT …\""))]
    NoQuery {
        /// Where it was looked for.
        name: String,
    },
    /// The text holds more than one statement.
    #[error("only one statement can be explained at a time")]
    #[diagnostic(code(explain::several_statements), help("explain each one by itself; nothing was run"))]
    Several {
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The second statement.
        #[label("a second statement")]
        span: SourceSpan,
    },
    /// The statement has no plan.
    #[error("{statement} cannot be explained: it has no plan")]
    #[diagnostic(
        code(explain::statement),
        help("EXPLAIN takes SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES and WITH; nothing was run")
    )]
    Statement {
        /// Its first word.
        statement: String,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The word.
        #[label("here")]
        span: SourceSpan,
    },
    /// A command that MongoDB does not explain.
    #[error("`{command}` cannot be explained")]
    #[diagnostic(
        code(explain::command),
        help("find, aggregate, count, distinct, update, delete and findAndModify can; nothing was run")
    )]
    Command {
        /// The command's name.
        command: String,
    },
    /// A command is not written as JSON.
    #[error("the command is no JSON: {reason}")]
    #[diagnostic(
        code(explain::json),
        help(
            "write {{\"find\": \"users\", \"filter\": {{…}}}} with quoted names, or the shell's words: db.users.find({{…}})"
        )
    )]
    Json {
        /// What is wrong.
        reason: String,
        /// The text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// The shell's words failed before they sent a command.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Words(Box<whimbrel_script::ScriptError>),
    /// The values do not fit the query's parameters.
    #[error("the query has {} and {given} of them were given", parameters(*.expected))]
    #[diagnostic(code(explain::parameters))]
    Parameters {
        /// How many the query has.
        expected: usize,
        /// How many values were given.
        given: usize,
        /// The way on.
        #[help]
        help: String,
    },
}

fn parameters(count: usize) -> String {
    match count {
        0 => "no parameters".to_owned(),
        1 => "1 parameter ($1)".to_owned(),
        count => format!("{count} parameters ($1 to ${count})"),
    }
}
