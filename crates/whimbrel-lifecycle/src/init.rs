//! `init` and `reset`: from nothing, or from anything, to a database that stands and is verified.

use serde::Serialize;
use whimbrel_schema::catalog::Catalog;

use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::events::Observer;
use crate::migrate::{MigrateReport, migrate};
use crate::migration::Target;
use crate::project::Action;
use crate::report::{StatusReport, status};
use crate::session::Session;

/// The outcome of `init`.
#[derive(Clone, Debug, Serialize)]
pub struct InitReport {
    /// What `--reset` dropped, in words.
    pub dropped: Vec<String>,
    /// What the migrations did.
    pub migrations: MigrateReport,
    /// What stands now.
    pub status: StatusReport,
}

impl InitReport {
    /// Whether there was nothing to do.
    #[must_use]
    pub fn changed_nothing(&self) -> bool {
        self.dropped.is_empty() && self.migrations.steps.is_empty()
    }
}

/// Guards, migrates, verifies and reports; with `reset` everything in scope is dropped first.
///
/// # Errors
/// A guard refuses, a migration fails, or the database is not what the schema declares afterwards.
pub async fn init(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    reset: bool,
    observer: &mut dyn Observer,
) -> Result<InitReport> {
    let dropped = if reset { clear(session, declared).await? } else { Vec::new() };
    let migrations = migrate(session, &Target::Latest, observer).await?;
    let status = status(session, declared).await?;
    let mut differences = status.drift.clone();
    differences.extend(status.undeclared_changes.iter().cloned());
    differences.extend(status.indexes.missing.iter().map(|index| format!("index {index} is missing")));
    differences.extend(status.indexes.invalid.iter().map(|index| format!("index {index} is invalid")));
    if !differences.is_empty() {
        return Err(LifecycleError::Differs { differences });
    }
    Ok(InitReport { dropped, migrations, status })
}

/// Drops everything in scope, the history included.
///
/// # Errors
/// The environment is protected, or the engine cannot drop something; then everything stands.
pub async fn clear(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<Vec<String>> {
    session.project.guard(Action::Reset)?;
    let history = session.engine.history().await?;
    let reached: Option<Catalog> = session.reached(&history).await?;
    let mut named = vec![&declared.catalog];
    named.extend(&reached);
    let scope = session.scope(&named);
    session.engine.lock(session.lock_timeout).await?;
    let outcome = session.engine.clear(&scope).await;
    let unlocked = session.engine.unlock().await;
    let dropped = outcome?;
    unlocked?;
    Ok(dropped)
}
