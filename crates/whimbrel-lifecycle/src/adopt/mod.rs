//! `migrate adopt`: taking over the history that another tool keeps.
//!
//! Owns what the tools' tables, collections and files look like. The tables and collections themselves are only read.

mod code;
mod error;
mod files;
mod history;
mod migrate_mongo;
mod source;
mod tool;

use std::path::PathBuf;

use serde::Serialize;
use whimbrel_schema::catalog::Unmanaged;

pub use error::AdoptError;
pub(crate) use migrate_mongo::is_changelog;
pub use tool::Tool;
pub(crate) use tool::own_tables;

use crate::alembic::Origin;
use crate::error::Result;
use crate::session::Session;
use history::ToolHistory;
use tool::Found;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct AdoptOptions {
    /// The tool; else the one whose table is found.
    pub tool: Option<Tool>,
    /// The folder of its files.
    pub from: Option<PathBuf>,
    /// The collection in which it keeps its history, where it was told of another than the usual one.
    pub changelog: Option<String>,
    /// Whether a schema file that is there may be replaced.
    pub force: bool,
    /// Whether nothing is to be changed.
    pub dry_run: bool,
}

/// The outcome of `migrate adopt`.
#[derive(Clone, Debug, Serialize)]
pub struct AdoptReport {
    /// The tool.
    pub tool: Tool,
    /// Its table.
    pub table: String,
    /// Every table that is its own; they stay as they are.
    pub own_tables: Vec<String>,
    /// What it says stands: versions, or the newest of each line.
    pub revisions: Vec<String>,
    /// How many entries its table has.
    pub entries: usize,
    /// The versions that count as applied from now on.
    pub adopted: Vec<String>,
    /// The files that are still to be applied.
    pub pending: Vec<String>,
    /// The migration files that were written.
    pub written: Vec<PathBuf>,
    /// The schema file that was written.
    pub schema: Option<PathBuf>,
    /// What the schema cannot express; it is left alone.
    pub left_out: Vec<Unmanaged>,
    /// What deserves a look.
    pub notes: Vec<String>,
    /// Whether everything was taken over before.
    pub already: bool,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

impl AdoptReport {
    fn new(found: &Found, history: &ToolHistory, options: &AdoptOptions) -> Self {
        AdoptReport {
            tool: found.tool,
            table: found.table.to_string(),
            own_tables: found.own.iter().map(ToString::to_string).collect(),
            revisions: history.versions(),
            entries: history.entries,
            adopted: Vec::new(),
            pending: Vec::new(),
            written: Vec::new(),
            schema: None,
            left_out: Vec::new(),
            notes: history.notes.clone(),
            already: false,
            dry_run: options.dry_run,
        }
    }
}

/// Takes over another tool's history: what it has applied counts as applied, and nothing is run.
///
/// # Errors
/// No tool's table or collection is there or several are, an entry failed, a file is missing, changed or was passed over.
/// Nothing was changed then.
pub async fn adopt(session: &mut Session<'_>, options: &AdoptOptions) -> Result<AdoptReport> {
    let wants_documents = options.changelog.is_some() || options.tool.is_some_and(Tool::is_of_documents);
    if wants_documents || (options.tool.is_none() && session.is_document()) {
        return migrate_mongo::take_over(session, options).await;
    }
    let present = session.present(&[]).await?;
    let found = tool::find(&present, options.tool)?;
    let history = history::read(session.relational()?, &found).await?;
    match found.tool {
        Tool::Dbmate | Tool::Goose | Tool::Sqlx | Tool::Flyway => {
            files::take_over(session, &found, &history, options).await
        }
        Tool::Alembic if session.folder()?.migrations.iter().any(|file| Origin::of(file).is_some()) => {
            files::take_over_imported(session, &found, &history, options).await
        }
        Tool::Alembic | Tool::Django | Tool::Rails => {
            code::take_over(session, &found, &history, options).await
        }
        Tool::MigrateMongo => migrate_mongo::take_over(session, options).await,
    }
}
