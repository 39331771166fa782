//! The PostgreSQL engine: connecting, reading a database's catalogue, running migrations.
//!
//! [`Postgres`] implements [`whimbrel_engine::Engine`] and [`whimbrel_engine::Relational`] over one
//! connection. Everything travels through the simple query protocol, so that a whole catalogue is read in
//! one round trip and a migration's statements reach the server verbatim. The crate decides nothing about
//! projects, environments or files.

mod apply;
mod beside;
mod clear;
mod companion;
mod connection;
mod control;
mod engine;
mod failure;
mod history;
mod index_use;
mod introspect;
mod inventory;
mod journal;
mod lease;
mod lock;
mod normalise;
mod options;
mod own_tables;
mod prepared;
mod quote;
mod replica;
mod result_set;
mod rows;
mod script;
mod sql_scan;
mod tls;
mod url;
mod verify;

pub use connection::{Postgres, create_database};
pub use options::{PostgresOptions, SslMode};
pub use script::PostgresScript;
