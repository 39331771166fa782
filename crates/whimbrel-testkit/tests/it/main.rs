//! Tests of the test servers themselves.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod mongo;
mod mongo_capabilities;
mod pgbouncer;
mod postgres;
mod test_database;
