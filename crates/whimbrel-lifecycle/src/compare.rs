//! What the schema declares, what the migrations built, and what stands: compared.

use serde::Serialize;
use whimbrel_engine::{EngineError, Scope};
use whimbrel_schema::catalog::{Catalog, Unmanaged};
use whimbrel_schema::diff::diff;
use whimbrel_schema::operation::Operation;

use crate::collections;
use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::migration::{Folder, State};
use crate::overlay::Managed;
use crate::repeatable;
use crate::report::IndexSummary;
use crate::session::Session;

/// The outcome of `migrate check`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckReport {
    /// Files that are not applied.
    pub pending: Vec<String>,
    /// What the schema declares that no migration makes, in words.
    pub undeclared_changes: Vec<String>,
    /// What differs in the database from what the migrations left there, in words.
    pub drift: Vec<String>,
    /// Objects that nobody declares; they are left alone.
    pub unmanaged: Vec<Unmanaged>,
    /// Comparisons that could not be made, and why.
    pub not_compared: Vec<String>,
}

impl CheckReport {
    /// Whether nothing is pending and nothing differs.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.pending.is_empty()
            && self.undeclared_changes.is_empty()
            && self.drift.is_empty()
            && self.not_compared.is_empty()
    }
}

/// The three catalogues that a comparison needs.
#[derive(Clone, Debug)]
pub struct Catalogs {
    /// What stands, whole.
    pub present: Catalog,
    /// What the newest migration left, whole; `present` where nothing was recorded.
    pub reached: Catalog,
    /// What is declared, as the engine prints it.
    pub desired: Catalog,
    /// The names that the project manages.
    pub managed: Managed,
    /// Where was looked.
    pub scope: Scope,
    /// Comparisons that could not be made, and why.
    pub not_compared: Vec<String>,
}

impl Catalogs {
    /// Reads all three.
    ///
    /// # Errors
    /// The engine cannot read, hold or build one of them.
    pub async fn read(
        session: &mut Session<'_>,
        declared: &DeclaredSchema,
        folder: &Folder,
        state: &State<'_>,
    ) -> Result<Self> {
        let before = DeclaredSchema::of_revision(folder, state.current().as_ref())?;
        let reached = session.reached(state.applied()).await?;
        let mut named = vec![&declared.catalog];
        named.extend(before.as_ref().map(|before| &before.catalog));
        named.extend(&reached);
        let scope = session.scope(&named);
        let present = session.relational()?.introspect(&scope).await?;
        let reached = reached.unwrap_or_else(|| present.clone());
        let managed = managed(declared, before.as_ref());
        let mut not_compared = Vec::new();
        let desired = match session.normalised(declared).await {
            Err(LifecycleError::Engine(EngineError::PermissionDenied { reason, .. })) => {
                not_compared.push(format!(
                    "what is declared: no revision keeps it as this server prints it, and building it needs a right: {reason}"
                ));
                managed.part_of(&reached)
            }
            desired => desired?,
        };
        Ok(Catalogs { present, reached, desired, managed, scope, not_compared })
    }

    /// What takes the migrations' result to the declaration.
    #[must_use]
    pub fn undeclared_changes(&self, declared: &DeclaredSchema) -> Vec<Operation> {
        diff(&self.managed.part_of(&self.reached), &self.desired, &declared.renames)
    }

    /// What happened to the database besides the migrations, in words.
    #[must_use]
    pub fn drift(&self) -> Vec<String> {
        if self.reached == self.present {
            return Vec::new();
        }
        let ours = self.managed.clone().with(&self.reached);
        let (reached, present) = (ours.part_of(&self.reached), ours.part_of(&self.present));
        let mut drift = words(&diff(&reached, &present, &[]));
        drift.extend(newly_invalid(&reached, &present));
        drift
    }
}

/// No statement makes an index invalid, so that a difference has no words for it.
fn newly_invalid(reached: &Catalog, present: &Catalog) -> Vec<String> {
    let mut found = Vec::new();
    for table in &present.tables {
        let before = reached.table(&table.name);
        for index in table.indexes.iter().filter(|index| index.invalid) {
            let was_invalid = before.is_some_and(|before| {
                before.indexes.iter().any(|known| known.name == index.name && known.invalid)
            });
            if !was_invalid {
                let name = &index.name;
                found.push(format!(
                    "index {name} of {} is invalid: its build failed; REINDEX INDEX CONCURRENTLY {name} rebuilds it",
                    table.name
                ));
            }
        }
    }
    found
}

/// The names that a project manages: what it declares, what it declared before, and what it renames.
pub(crate) fn managed(declared: &DeclaredSchema, before: Option<&DeclaredSchema>) -> Managed {
    let managed = Managed::default().with(&declared.catalog).with_renames(&declared.renames);
    match before {
        Some(before) => managed.with(&before.catalog),
        None => managed,
    }
}

/// What a comparison of declaration, migrations and database found, whatever the data model.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// What the schema declares that no migration makes, in words.
    pub(crate) undeclared_changes: Vec<String>,
    /// What differs in the database from what the migrations left there, in words.
    pub(crate) drift: Vec<String>,
    /// Objects that nobody declares.
    pub(crate) unmanaged: Vec<Unmanaged>,
    /// Comparisons that could not be made, and why.
    pub(crate) not_compared: Vec<String>,
    /// The declared indexes beside the present ones.
    pub(crate) indexes: IndexSummary,
    /// Where was looked.
    pub(crate) scope: Scope,
}

impl Comparison {
    /// Compares by the engine's data model.
    pub(crate) async fn make(
        session: &mut Session<'_>,
        declared: &DeclaredSchema,
        folder: &Folder,
        state: &State<'_>,
    ) -> Result<Self> {
        if session.is_document() {
            return collections::compare(session, declared, folder, state).await;
        }
        let catalogs = Catalogs::read(session, declared, folder, state).await?;
        Ok(Comparison {
            undeclared_changes: words(&catalogs.undeclared_changes(declared)),
            drift: catalogs.drift(),
            unmanaged: catalogs.managed.part_of(&catalogs.present).unmanaged,
            indexes: IndexSummary::of(&catalogs.desired, &catalogs.present),
            not_compared: catalogs.not_compared,
            scope: catalogs.scope,
        })
    }
}

/// Compares files, declaration and database. Changes nothing but the record of what was compared.
///
/// # Errors
/// Files and history disagree, the schema has mistakes, or the engine cannot read.
pub async fn check(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<CheckReport> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, false)?;
    let mut report = CheckReport {
        pending: state.pending().iter().map(|migration| migration.file_name.clone()).collect(),
        ..CheckReport::default()
    };
    let nothing_pending = report.pending.is_empty();
    let changed = repeatable::changed(session, &folder).await?;
    report.pending.extend(changed.iter().map(|repeatable| repeatable.file_name.clone()));
    let comparison = Comparison::make(session, declared, &folder, &state).await?;
    report.drift = comparison.drift;
    report.not_compared = comparison.not_compared;
    report.unmanaged = comparison.unmanaged;
    if nothing_pending {
        report.undeclared_changes = comparison.undeclared_changes;
    }
    Ok(report)
}

/// Operations in plain words.
pub(crate) fn words(operations: &[Operation]) -> Vec<String> {
    operations.iter().map(Operation::summary).collect()
}
