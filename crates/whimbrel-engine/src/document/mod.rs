//! The document data model: the command primitive and what is built on it alone.
//!
//! [`DocumentEngine`] is the whole engine: history, journal, lock, introspection, inventory. It knows of nothing but
//! [`Commands`], so that a server and the embedded engine share it. The clockwork comes from outside, as [`Runtime`].

mod ask;
mod commands;
mod engine;
mod failure;
mod history;
mod index_use;
mod indexes;
mod introspect;
mod inventory;
mod journal;
mod known;
mod lease;
mod own;
mod runtime;
mod state;
mod survey;
mod value;

pub use commands::{
    CommandError, CommandResult, Commands, Deployment, Refusal, SessionId, Topology, WholeTransactions,
};
pub use engine::DocumentEngine;
pub use lease::LeaseOptions;
pub use own::OWN_COLLECTIONS;
pub use runtime::{Boxed, Runtime, Task};
pub use survey::{Duplicate, Duplicates, Violations, duplicates, read_all, sample, violations};
