//! The embedded document engine, tested as a whole: against MongoDB's own engine, against itself without indexes,
//! and against the end of its process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helper functions too")]

mod conformance;
mod crash;
mod expiring;
mod fuzz;
mod limits;
mod plans;
mod processes;
mod reference;
mod replies;
mod tables;
mod tiers;
mod transactions;
mod whole;
