//! What every engine has in common: the traits, the history and step types, and the errors.
//!
//! This crate opens no socket. An engine crate implements [`Engine`] and, for the relational data
//! model, [`Relational`]; the use cases in `whimbrel-lifecycle` know nothing else of it.

mod engine;
mod error;
mod history;
mod inventory;

pub use engine::{Engine, Relational, Scope, ServerDescription};
pub use error::{EngineError, Result};
pub use history::{HistoryChange, HistoryEntry, HistoryKind, Source, Statement, Step};
pub use inventory::{Inventory, TableUsage};
