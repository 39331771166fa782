//! What every engine has in common: the traits, the history, journal and step types, and the errors.
//!
//! This crate opens no socket. An engine crate implements [`Engine`] and, for its data model [`Relational`]
//! or [`Documents`]; the use cases in `whimbrel-lifecycle` know nothing else of it.

pub mod document;
mod engine;
mod error;
mod history;
mod index_use;
mod inventory;
mod journal;
mod script;
mod step;
mod watch;

pub use engine::{
    Documents, Engine, Journal, Locking, OutsideTransactions, Relational, Scope, ServerDescription, TableSize,
};
pub use error::{EngineError, Result};
pub use history::{HistoryChange, HistoryEntry, HistoryKind};
pub use index_use::{IndexBuild, IndexUse, Pages};
pub use inventory::{Inventory, TableUsage};
pub use journal::{ActKind, JournalEntry, JournalState, ScriptAct, Verdict};
pub use script::{BATCH_VALUE, BatchTemplate, ScriptWriter, Written};
pub use step::{Allowance, Batch, Grouping, Source, Statement, Step, Unit};
pub use watch::{Applied, LockWait, Notice, StatementReport, Unwatched, Watch};
