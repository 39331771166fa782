//! Tests of the test servers themselves.

mod postgres;
mod test_database;
