//! The embedded document engine: an interpreter of MongoDB's commands over SQLite.
//!
//! Documents are BSON blobs; every secondary index is a table of order-preserving keys. An index only proposes
//! candidates: one evaluator rechecks every document. What the interpreter does not know it refuses by name.

mod expression;
mod matcher;
mod pipeline;
mod projection;
mod refusal;
mod sort;
mod update;
mod value;
