//! The embedded document engine, tested as a whole: against MongoDB's own engine, against itself without indexes,
//! and against the end of its process.

mod crash;
mod expiring;
mod limits;
mod plans;
mod processes;
mod reference;
mod tables;
mod transactions;
