//! Migration files, the chain that seals them, and the plans that take a history from one version to another.
//!
//! This module reads and writes the migrations folder; it speaks to no database.

mod body;
mod chain;
pub(crate) mod conflict;
mod create;
mod directive;
mod error;
mod folder;
mod javascript;
mod plan;
mod range;
mod source;
mod squashed;
mod version;

pub(crate) use body::StatementHead;
pub use chain::{Chain, SUM_FILE};
pub use create::{NewMigration, Snapshot, file_stem, next_version};
pub(crate) use directive::is_directive;
pub use error::MigrationError;
pub use folder::{Folder, Migration, Repeatable, SNAPSHOT_FOLDER};
pub(crate) use folder::{Listing, list, split_name};
pub use javascript::parse_script;
pub use plan::{Direction, PlannedStep, State, Target};
pub(crate) use range::{Batched, Range};
pub(crate) use source::hex;
pub use source::{Language, MigrationFile, ScopedStatement, ScriptWords, parse, parse_forward};
pub use squashed::{Replacement, Replaces, replaced_hash};
pub use version::Version;
