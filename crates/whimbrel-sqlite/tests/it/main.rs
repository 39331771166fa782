//! The embedded relational engine on real database files.
#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

mod engine;
mod explain;
mod generated;
mod refusals;
mod rows;
mod safe_forms;
mod scale;
mod statements;
mod support;
mod travya;
mod views;
