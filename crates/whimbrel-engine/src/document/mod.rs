//! The document data model: the command primitive and what is built on it alone.

mod commands;

pub use commands::{CommandError, CommandResult, Commands, Deployment, Refusal, SessionId, Topology};
