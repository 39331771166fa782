//! The engine on real servers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod apply;
mod connect;
mod explain;
mod introspect;
mod lock;
mod normalise;
mod own_tables;
mod pooler;
mod replica;
mod speed;
mod support;
mod whole_database;
