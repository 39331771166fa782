//! Migration files, the chain that seals them, and the plans that take a history from one version to another.
//!
//! This module reads and writes the migrations folder; it speaks to no database.

mod chain;
mod create;
mod directive;
mod error;
mod folder;
mod plan;
mod range;
mod source;
mod version;

pub use chain::{Chain, SUM_FILE};
pub use create::{NewMigration, Snapshot, file_stem, next_version};
pub use error::MigrationError;
pub use folder::{Folder, Migration, SNAPSHOT_FOLDER};
pub use plan::{Direction, PlannedStep, State, Target};
pub(crate) use range::{Batched, Range};
pub(crate) use source::hex;
pub use source::{ScopedStatement, SqlFile, parse};
pub use version::Version;
