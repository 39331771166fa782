//! The errors that a user can meet at an engine's edge, each with a stable code and the next step.

use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

/// The result of an engine's work.
pub type Result<T> = std::result::Result<T, EngineError>;

/// What can go wrong at an engine's edge. No variant ever holds a password.
#[derive(Debug, Error, Diagnostic)]
#[non_exhaustive]
pub enum EngineError {
    /// Nothing answers there.
    #[error("no {product} server answers at {location}: {reason}")]
    #[diagnostic(
        code(connect::unreachable),
        help(
            "check that the server runs and that the URL is right: `whimbrel config` shows where the URL comes from"
        )
    )]
    Unreachable {
        /// The product.
        product: &'static str,
        /// Host and port, or the socket.
        location: String,
        /// What the system said.
        reason: String,
    },
    /// The server refused the user or the password.
    #[error("{product} at {location} refused user `{user}`: {reason}")]
    #[diagnostic(
        code(connect::authentication),
        help("check the user and the password: `whimbrel config` shows where the URL comes from")
    )]
    Authentication {
        /// The product.
        product: &'static str,
        /// Host and port.
        location: String,
        /// The user.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("{product} at {location} has no database `{database}`")]
    #[diagnostic(
        code(connect::unknown_database),
        help(
            "create it (`createdb {database}`), or run `whimbrel init`, which creates it in development and test"
        )
    )]
    UnknownDatabase {
        /// The product.
        product: &'static str,
        /// Host and port.
        location: String,
        /// The database.
        database: String,
    },
    /// The encrypted connection could not be made.
    #[error("no encrypted connection to {location}: {reason}")]
    #[diagnostic(
        code(connect::tls),
        help(
            "check what whimbrel.toml and the URL say of encryption: for PostgreSQL `postgres.ssl_mode` and `ssl_root_cert`, \
             or `sslmode` in the URL; for MongoDB `mongodb.tls` and `tls_ca_file`, or `tls` and `tlsCAFile` in the URL"
        )
    )]
    Tls {
        /// Host and port.
        location: String,
        /// What went wrong.
        reason: String,
    },
    /// The server is older than what Whimbrel works with.
    #[error("{product} {version} is too old; the oldest that works is {oldest}")]
    #[diagnostic(code(connect::version), help("upgrade the server"))]
    TooOld {
        /// The product.
        product: &'static str,
        /// Its version.
        version: String,
        /// The oldest supported version.
        oldest: &'static str,
    },
    /// The connection broke while something ran.
    #[error("the connection to {location} was lost while {doing}: {reason}")]
    #[diagnostic(
        code(connect::lost),
        help("nothing of the open transaction stands; run the same command again when the server is back")
    )]
    ConnectionLost {
        /// Host and port.
        location: String,
        /// What was going on.
        doing: String,
        /// What the driver said.
        reason: String,
    },
    /// The database user may not do this.
    #[error("permission denied while {doing}: {reason}")]
    #[diagnostic(
        code(database::permission_denied),
        help("grant the right to the user, or use another user's URL")
    )]
    PermissionDenied {
        /// What was going on.
        doing: String,
        /// What the server said.
        reason: String,
    },
    /// The disk or the database does not take writes.
    #[error("{database} cannot be written while {doing}: {reason}")]
    #[diagnostic(
        code(database::not_writable),
        help(
            "nothing was changed; make the file and its folder writable, or free some space, then run the same command again"
        )
    )]
    NotWritable {
        /// The database or file.
        database: String,
        /// What was going on.
        doing: String,
        /// What the system said.
        reason: String,
    },
    /// The file is not a database, or it is damaged.
    #[error("{database} is not a usable {product} database: {reason}")]
    #[diagnostic(code(database::unusable), help("restore it from a backup, or name another file in the URL"))]
    Unusable {
        /// The product.
        product: &'static str,
        /// The file.
        database: String,
        /// What the engine said.
        reason: String,
    },
    /// A statement of a migration file failed.
    #[error("a statement of {file} failed: {reason}")]
    #[diagnostic(code(migrate::statement_failed))]
    StatementFailed {
        /// The file.
        file: String,
        /// What the server said, with its code.
        reason: String,
        /// The server's own detail and hint, and what became of the transaction.
        #[help]
        help: String,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The statement, or the place in it that the server named.
        #[label("here")]
        span: SourceSpan,
    },
    /// A query that was to be explained was refused.
    #[error("the database refused the query: {reason}")]
    #[diagnostic(code(explain::refused))]
    QueryRefused {
        /// What the engine said, with its code.
        reason: String,
        /// The way out.
        #[help]
        help: String,
        /// The query.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The place that the engine named, or the whole query.
        #[label("here")]
        span: SourceSpan,
    },
    /// A statement that this engine cannot run.
    #[error("{product} cannot run this statement of {file}: {what}")]
    #[diagnostic(code(engine::unsupported))]
    Unsupported {
        /// The product.
        product: &'static str,
        /// The file.
        file: String,
        /// What it cannot do.
        what: String,
        /// The way out.
        #[help]
        help: String,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<str>>,
        /// The statement.
        #[label("this")]
        span: SourceSpan,
    },
    /// The desired schema holds what this engine cannot hold.
    #[error("{product} cannot hold {object}: {what}")]
    #[diagnostic(code(engine::unsupported_schema))]
    UnsupportedSchema {
        /// The product.
        product: &'static str,
        /// The table, column or index.
        object: String,
        /// What it cannot do.
        what: String,
        /// The way out.
        #[help]
        help: String,
    },
    /// Another deployer holds the lock.
    #[error("another deployer holds the migration lock: {holder}")]
    #[diagnostic(
        code(migrate::lock_timeout),
        help("wait for it to finish and run the same command again, or raise --lock-timeout")
    )]
    LockTimeout {
        /// Who holds it, as far as it is known.
        holder: String,
    },
    /// The lock has passed to another deployer.
    #[error("this deployer has lost the migration lock to another: {holder}")]
    #[diagnostic(
        code(migrate::lock_lost),
        help(
            "it was stopped or cut off for longer than its lease; nothing was written after that. \
             `whimbrel migrate status` shows what the other one did"
        )
    )]
    LockLost {
        /// Who holds it now, as far as it is known.
        holder: String,
    },
    /// The database refused something outside a migration file.
    #[error("the database refused {doing}: {reason}")]
    #[diagnostic(code(database::refused), help("run `whimbrel doctor` to see what the connection can do"))]
    Refused {
        /// What was going on.
        doing: String,
        /// What the server said, with its code.
        reason: String,
    },
    /// Whimbrel's own tables hold something that this version does not understand.
    #[error("{table} holds something unknown: {reason}")]
    #[diagnostic(
        code(history::unreadable),
        help("a newer version of whimbrel may have written it: use that version here too")
    )]
    UnreadableHistory {
        /// The table.
        table: &'static str,
        /// What was found.
        reason: String,
    },
    /// A connection setting that cannot be used.
    #[error("the connection setting {setting} cannot be used: {reason}")]
    #[diagnostic(code(connect::setting), help("`whimbrel config` shows where each setting comes from"))]
    Setting {
        /// The setting.
        setting: String,
        /// Why.
        reason: String,
    },
}
