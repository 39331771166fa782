//! Projects, environments and the use cases over any engine.
//!
//! This crate never asks which engine it has: it works on `dyn Engine` and the capabilities that it offers.

mod batch;
pub mod compare;
pub mod create;
pub mod declared;
mod error;
pub mod events;
pub mod init;
mod journal;
pub mod migrate;
pub mod migration;
pub mod overlay;
pub mod project;
pub mod pull;
pub mod report;
mod session;
pub mod unfinished;

pub use error::{LifecycleError, Result};
pub use session::{DEFAULT_LOCK_TIMEOUT, Session};
