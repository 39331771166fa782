//! The embedded relational engine on SQLite.
//!
//! Migration files are PostgreSQL's SQL. A closed list of it is understood statement by statement, carried
//! out in SQLite's dialect (by a rebuild of the table where SQLite has no ALTER for it), and noted, so that
//! the catalogue reads back in PostgreSQL's terms. What is outside the list is refused by name.

mod canonical;
mod change;
mod clear;
mod connection;
mod engine;
mod expression;
mod functions;
mod index_use;
mod interpret;
mod introspect;
mod inventory;
mod journal;
mod ledger;
mod literal;
mod lock;
mod names;
mod quote;
mod relational;
mod render;
mod schema;
mod script;
mod supported;
mod syntax;
mod transaction;
mod trouble;
mod types;
mod workspace;

pub use connection::{Location, SqliteOptions, Synchronous};
pub use engine::Sqlite;
pub use functions::register_functions;
pub use script::SqliteScript;
pub use supported::supported_markdown;

/// The product's name in messages.
pub(crate) const PRODUCT: &str = "SQLite";
