//! The schema as data: models, the relational catalogue, reading Rust source, checks, difference, and PostgreSQL's DDL.
//!
//! This crate opens no socket, reads no file and holds nothing asynchronous.

pub mod catalog;
pub mod check;
pub mod column_type;
pub mod ddl;
pub mod diff;
pub mod document;
pub mod fingerprint;
pub mod generate;
pub mod grammar;
#[cfg(feature = "lint")]
pub mod lint;
pub mod lower;
pub mod model;
pub mod operation;
#[cfg(feature = "lint")]
pub mod preflight;
pub mod print;
pub mod raise;
pub mod read;
pub mod rename;
mod rewrite;
pub mod sql_text;
#[cfg(feature = "lint")]
pub mod statement;
