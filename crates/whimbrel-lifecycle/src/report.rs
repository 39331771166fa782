//! What stands: `status`, and the report that ends `init`.

use serde::Serialize;
use whimbrel_engine::{Inventory, ServerDescription};
use whimbrel_schema::catalog::{Catalog, QualifiedName, Unmanaged};

use crate::compare::Comparison;
use crate::declared::DeclaredSchema;
use crate::error::Result;
use crate::repeatable;
use crate::session::Session;
use crate::unfinished::{self, Unfinished};

/// One screen about a project's database.
#[derive(Clone, Debug, Serialize)]
pub struct StatusReport {
    /// The project's name.
    pub project: String,
    /// The environment's name.
    pub environment: String,
    /// Whether guards protect it.
    pub protected: bool,
    /// The URL, its password masked.
    pub url: String,
    /// The data model: `relational` or `document`.
    pub data_model: &'static str,
    /// The server.
    pub server: ServerDescription,
    /// The migrations.
    pub migrations: MigrationSummary,
    /// What differs in the database from what the migrations left, in words.
    pub drift: Vec<String>,
    /// What the schema declares that no migration makes, in words.
    pub undeclared_changes: Vec<String>,
    /// The indexes.
    pub indexes: IndexSummary,
    /// Tables with rows and sizes.
    pub inventory: Inventory,
    /// Objects that nobody declares; they are left alone.
    pub unmanaged: Vec<Unmanaged>,
    /// Comparisons that could not be made, and why.
    pub not_compared: Vec<String>,
}

/// The state of the migrations in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MigrationSummary {
    /// How many are applied.
    pub applied: usize,
    /// The files that are not.
    pub pending: Vec<String>,
    /// The newest applied version.
    pub current: Option<String>,
    /// The file that was begun and is not finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// The declared indexes beside the present ones, those of constraints left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct IndexSummary {
    /// How many are declared.
    pub declared: usize,
    /// Declared and not there, as `table.index`.
    pub missing: Vec<String>,
    /// There, and its build failed.
    pub invalid: Vec<String>,
    /// On a declared table, and not declared.
    pub unmanaged: Vec<String>,
}

impl StatusReport {
    /// Whether nothing is pending, missing, invalid or different.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.migrations.pending.is_empty()
            && self.migrations.unfinished.is_none()
            && self.drift.is_empty()
            && self.undeclared_changes.is_empty()
            && self.indexes.missing.is_empty()
            && self.indexes.invalid.is_empty()
            && self.not_compared.is_empty()
    }
}

/// Reads everything that one screen shows. Changes nothing.
///
/// # Errors
/// Files and history disagree, the schema has mistakes, or the engine cannot read.
pub async fn status(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<StatusReport> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, false)?;
    let comparison = Comparison::make(session, declared, &folder, &state).await?;
    let unfinished = unfinished::unfinished(session).await?;
    let unfinished = unfinished.map(|unfinished| unfinished.with_total(session, &state));
    let inventory = session.engine.inventory(&comparison.scope).await?;
    let mut pending: Vec<String> =
        state.pending().iter().map(|migration| migration.file_name.clone()).collect();
    let undeclared_changes = if pending.is_empty() { comparison.undeclared_changes } else { Vec::new() };
    let changed = repeatable::changed(session, &folder).await?;
    pending.extend(changed.iter().map(|repeatable| repeatable.file_name.clone()));
    let mut not_compared = comparison.not_compared;
    let drift = match &unfinished {
        None => comparison.drift,
        Some(unfinished) => {
            not_compared.push(format!("drift: version {} is not finished", unfinished.version));
            Vec::new()
        }
    };
    Ok(StatusReport {
        project: session.project.name.value.clone(),
        environment: session.project.environment.value.clone(),
        protected: session.project.protected.value,
        url: session.project.url.value.to_string(),
        data_model: session.project.model.value.as_str(),
        server: session.engine.server().clone(),
        migrations: MigrationSummary {
            applied: state.applied().len(),
            pending,
            current: state.current().map(|version| version.to_string()),
            unfinished,
        },
        drift,
        undeclared_changes,
        indexes: comparison.indexes,
        inventory,
        unmanaged: comparison.unmanaged,
        not_compared,
    })
}

impl IndexSummary {
    /// Of a relational catalogue.
    pub(crate) fn of(desired: &Catalog, present: &Catalog) -> Self {
        let mut summary = IndexSummary::default();
        let named = |table: &QualifiedName, index: &str| format!("{table}.{index}");
        for table in &desired.tables {
            summary.declared += table.indexes.len();
            let standing = present.table(&table.name);
            for index in &table.indexes {
                let found = standing.is_some_and(|standing| {
                    standing.indexes.iter().any(|candidate| candidate.name == index.name)
                });
                if !found {
                    summary.missing.push(named(&table.name, &index.name));
                }
            }
            for index in standing.iter().flat_map(|standing| &standing.indexes) {
                if index.invalid {
                    summary.invalid.push(named(&table.name, &index.name));
                }
                if !table.indexes.iter().any(|declared| declared.name == index.name) {
                    summary.unmanaged.push(named(&table.name, &index.name));
                }
            }
        }
        summary
    }
}
