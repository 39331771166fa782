//! Projects, environments and the use cases over any engine.
//!
//! This crate never asks which engine it has: it works on `dyn Engine` and the capabilities that it offers.

pub mod adopt;
pub mod alembic;
mod batch;
mod collections;
pub mod compare;
pub mod create;
pub mod declared;
mod error;
pub mod events;
pub mod hooks;
pub mod indexes;
pub mod init;
mod journal;
pub mod lint;
pub mod migrate;
pub mod migration;
pub mod overlay;
pub mod preflight;
pub mod project;
pub mod pull;
pub mod rebase;
pub mod repeatable;
pub mod report;
pub mod script;
pub mod scripted;
mod session;
pub mod squash;
mod squashed_text;
pub mod unfinished;

pub use error::{LifecycleError, Result};
pub use session::{DEFAULT_LOCK_TIMEOUT, Session, require_sql};
