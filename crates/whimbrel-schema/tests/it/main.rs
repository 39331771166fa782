//! The crate's integration tests, in one binary.

mod mistakes;
mod read_print;
mod speed;
