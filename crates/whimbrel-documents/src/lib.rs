//! The embedded document engine: an interpreter of MongoDB's commands over SQLite.
//!
//! Documents are BSON blobs; every secondary index is a table of order-preserving keys. An index only proposes
//! candidates: one evaluator rechecks every document. What the interpreter does not know it refuses by name.

mod answer;
mod catalog;
mod command;
mod cursor;
#[cfg(test)]
mod differential;
mod expiry;
mod expression;
mod index;
mod key;
mod limits;
mod matcher;
mod options;
mod pipeline;
mod planner;
mod projection;
mod query;
mod raw_reply;
mod refusal;
mod session;
mod shape;
mod sort;
mod storage;
mod store;
mod update;
mod usage;
mod value;
mod writer;

pub use options::{DEFAULT_BUSY_TIMEOUT, DEFAULT_EXPIRY_INTERVAL, DocumentOptions, Location, Synchronous};
pub use store::DocumentStore;
