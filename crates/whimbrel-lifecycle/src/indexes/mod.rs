//! The index manager: what is declared, what stands, what is used, and what takes the one to the other.

mod apply;
mod compare;
mod definition;
mod obstacle;
mod plan;

use serde::Serialize;
use whimbrel_engine::{IndexBuild, ServerDescription};

pub use apply::{IndexOutcome, IndexReport, apply};
pub use obstacle::Obstacle;
pub use plan::{Action, IndexPlan, IndexStep, Manage, plan};

use crate::declared::DeclaredSchema;
use crate::error::Result;
use crate::session::Session;
use compare::Compared;

/// Where an index stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexState {
    /// It stands as it is meant to.
    Present,
    /// It is meant to stand and does not.
    Missing,
    /// Another one stands under its name.
    Different,
    /// It stands under another name.
    Renamed,
    /// Its build failed: it answers nothing, and is kept up all the same.
    Invalid,
    /// Its build is under way.
    Building,
    /// It stands, and the planner does not see it.
    Hidden,
    /// It stands, and neither schema nor migrations know it.
    Unmanaged,
    /// The schema declares it, and no migration makes it.
    Unmigrated,
}

impl IndexState {
    /// The state in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            IndexState::Present => "present",
            IndexState::Missing => "missing",
            IndexState::Different => "different",
            IndexState::Renamed => "renamed",
            IndexState::Invalid => "invalid",
            IndexState::Building => "building",
            IndexState::Hidden => "hidden",
            IndexState::Unmanaged => "unmanaged",
            IndexState::Unmigrated => "unmigrated",
        }
    }
}

/// One index with everything that is known of it.
#[derive(Clone, Debug, Serialize)]
pub struct IndexLine {
    /// The table or collection.
    pub table: String,
    /// Its name: the one that it is meant to have.
    pub name: String,
    /// Where it stands.
    pub state: IndexState,
    /// How it is defined, in one line.
    pub definition: String,
    /// What else is to be said of its state, in words.
    pub note: Option<String>,
    /// Whether the schema declares it.
    pub is_declared: bool,
    /// Whether it belongs to a primary key or a constraint, or is a collection's own.
    pub is_constraint: bool,
    /// Its size on disk in bytes, where the engine keeps account of it.
    pub size_bytes: Option<u64>,
    /// How often it was used, where the engine counts that.
    pub uses: Option<u64>,
    /// Since when the uses are counted, as RFC 3339.
    pub counted_since: Option<String>,
    /// When it was last used, as RFC 3339, where the engine notes that.
    pub last_used: Option<String>,
    /// The part of its pages that were found in the server's cache, in thousandths.
    pub hit_permille: Option<u64>,
    /// The build that is under way.
    pub build: Option<IndexBuild>,
}

/// Every index of a project's database.
#[derive(Clone, Debug, Serialize)]
pub struct IndexStatus {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// The URL, its password masked.
    pub url: String,
    /// The server.
    pub server: ServerDescription,
    /// Whether the engine counts how often an index is used.
    pub counts_use: bool,
    /// The indexes, sorted by table and name.
    pub indexes: Vec<IndexLine>,
    /// Comparisons that could not be made, and why.
    pub not_compared: Vec<String>,
}

impl IndexStatus {
    /// Whether every index that is meant to stand does, as it is meant to. What nobody manages says nothing.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        let fine = |line: &IndexLine| matches!(line.state, IndexState::Present | IndexState::Unmanaged);
        self.indexes.iter().all(fine) && self.not_compared.is_empty()
    }
}

/// Reads every index with its use. Changes nothing.
///
/// # Errors
/// Files and history disagree, the schema has mistakes, or the engine cannot read.
pub async fn status(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<IndexStatus> {
    let compared = Compared::read(session, declared).await?;
    let lines = compared.lines();
    Ok(IndexStatus {
        project: session.project.name.value.clone(),
        environment: session.project.environment.value.clone(),
        url: session.project.url.value.to_string(),
        server: session.engine.server().clone(),
        counts_use: lines.iter().any(|line| line.uses.is_some()),
        indexes: lines,
        not_compared: compared.not_compared,
    })
}
