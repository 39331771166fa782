//! A project with its connected engine, and what every use case needs of the two.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use whimbrel_engine::{Documents, Engine, HistoryEntry, Relational, Scope};
use whimbrel_schema::catalog::{Catalog, QualifiedName};

use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::migration::{Chain, Folder, Language, MigrationError, State};
use crate::project::{DataModel, Project};

/// The key of [`Reached`] in `whimbrel_state`.
const REACHED: &str = "reached";
/// The key of [`Normalised`] in `whimbrel_state`.
const NORMALISED: &str = "normalised";
/// How long a deployer waits for the one before it, where nothing else is said.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// The catalogue as the newest migration left it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Reached<C> {
    /// The newest applied version then.
    version: Option<String>,
    catalog: C,
}

/// A declared catalogue as this server prints it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Normalised {
    /// What it was made of: the declaration's hash and the server's version.
    key: String,
    catalog: Catalog,
}

/// A project with its connected engine.
pub struct Session<'p> {
    /// The project.
    pub project: &'p Project,
    /// The engine.
    pub engine: Box<dyn Engine>,
    /// How long to wait for another deployer.
    pub lock_timeout: Duration,
    /// Who works here, for the history: `user@host`.
    pub deployer: String,
    /// Whether a protected environment may be rolled back and lose data.
    pub allow_destructive: bool,
    /// Whether a protected environment may be locked and rewritten for longer than an instant.
    pub allow_locking: bool,
}

impl<'p> Session<'p> {
    /// A session with the default lock time-out.
    #[must_use]
    pub fn new(project: &'p Project, engine: Box<dyn Engine>, deployer: String) -> Self {
        Session {
            project,
            engine,
            lock_timeout: DEFAULT_LOCK_TIMEOUT,
            deployer,
            allow_destructive: false,
            allow_locking: false,
        }
    }

    /// The database schemas that the project manages, and those that these catalogues name.
    #[must_use]
    pub fn scope(&self, catalogs: &[&Catalog]) -> Scope {
        scope_of(self.project, catalogs)
    }

    /// The relational side of the engine.
    ///
    /// # Errors
    /// The project's data model is another one.
    pub fn relational(&mut self) -> Result<&mut dyn Relational> {
        relational(self.engine.as_mut())
    }

    /// The document side of the engine.
    ///
    /// # Errors
    /// The project's data model is another one.
    pub fn documents(&mut self) -> Result<&mut dyn Documents> {
        let product = self.engine.server().product.clone();
        self.engine.documents().ok_or(LifecycleError::NotDocuments { product })
    }

    /// Whether the engine holds documents.
    pub fn is_document(&mut self) -> bool {
        self.engine.documents().is_some()
    }

    /// Reads the migrations folder.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn folder(&self) -> Result<Folder> {
        let folder = Folder::read(&self.project.migrations_folder.value)?;
        check_languages(self.project, &folder)?;
        Ok(folder)
    }

    /// Checks that the files are the sealed ones; in development and test new and unapplied ones are sealed.
    /// Call it after the history was found to agree with the files.
    ///
    /// # Errors
    /// The files differ from the seal in an environment that does not seal by itself.
    pub fn check_seal(&self, folder: &Folder, may_write: bool) -> Result<()> {
        check_seal(self.project, folder, may_write)
    }

    /// Whether `migrate` may seal files here: in development and test.
    #[must_use]
    pub fn seals_by_itself(&self) -> bool {
        seals_by_itself(self.project)
    }

    /// The history beside the files.
    ///
    /// # Errors
    /// They do not agree, or the history cannot be read.
    pub async fn state<'f>(&mut self, folder: &'f Folder) -> Result<State<'f>> {
        let history = self.engine.history().await?;
        Ok(State::new(folder, history)?)
    }

    /// The whole catalogue as it stands now, within the scope that these catalogues name.
    ///
    /// # Errors
    /// The engine cannot read it.
    pub async fn present(&mut self, catalogs: &[&Catalog]) -> Result<Catalog> {
        let scope = self.scope(catalogs);
        Ok(self.relational()?.introspect(&scope).await?)
    }

    /// The whole catalogue as it stands now, within the project's scope and the schemas of these tables.
    ///
    /// # Errors
    /// The engine cannot read it.
    pub async fn present_around<'t>(
        &mut self,
        tables: impl IntoIterator<Item = &'t QualifiedName>,
    ) -> Result<Catalog> {
        let mut around = Catalog {
            schemas: tables
                .into_iter()
                .filter(|table| !table.in_default_schema())
                .map(|table| table.schema.clone())
                .collect(),
            ..Catalog::default()
        };
        around.sort();
        self.present(&[&around]).await
    }

    /// The catalogue as the newest migration left it; none where nothing was recorded for this history.
    ///
    /// # Errors
    /// The engine cannot read it.
    pub async fn reached<C: DeserializeOwned>(&mut self, history: &[HistoryEntry]) -> Result<Option<C>> {
        let Some(document) = self.engine.recorded(REACHED).await? else { return Ok(None) };
        let Ok(reached) = serde_json::from_str::<Reached<C>>(&document) else { return Ok(None) };
        let newest = history.last().map(|entry| entry.version.clone());
        Ok((reached.version == newest).then_some(reached.catalog))
    }

    /// Whether anything was recorded of what the newest migration left.
    ///
    /// # Errors
    /// The engine cannot read it.
    pub async fn has_reached(&mut self, history: &[HistoryEntry]) -> Result<bool> {
        Ok(self.reached::<serde::de::IgnoredAny>(history).await?.is_some())
    }

    /// Records the catalogue as it stands now as the one that the newest migration left.
    ///
    /// # Errors
    /// The engine cannot read or write.
    pub async fn record_reached(
        &mut self,
        catalogs: &[&Catalog],
        newest: Option<&HistoryEntry>,
    ) -> Result<()> {
        let version = newest.map(|entry| entry.version.clone());
        let document = if let Some(documents) = self.engine.documents() {
            let catalog = documents.introspect().await?;
            serde_json::to_string(&Reached { version, catalog })
        } else {
            let catalog = self.present(catalogs).await?;
            serde_json::to_string(&Reached { version, catalog })
        };
        let document = document.expect("a catalogue always has a JSON form");
        Ok(self.engine.record(REACHED, &document).await?)
    }

    /// The declared catalogue as this server prints it: from the record where it was made before, in a
    /// protected environment from the revision that keeps it, else built in a scratch place.
    ///
    /// # Errors
    /// The engine cannot hold or build it.
    pub async fn normalised(&mut self, declared: &DeclaredSchema) -> Result<Catalog> {
        let key = self.normalised_key(declared);
        if let Some(document) = self.engine.recorded(NORMALISED).await?
            && let Ok(kept) = serde_json::from_str::<Normalised>(&document)
            && kept.key == key
        {
            return Ok(kept.catalog);
        }
        if self.project.protected.value
            && let Some(catalog) = self.kept_with_revision(declared)?
        {
            return Ok(catalog);
        }
        Ok(self.relational()?.normalise(&declared.catalog).await?)
    }

    /// Records the declared catalogue as this server prints it, so that later comparisons need not build it.
    ///
    /// # Errors
    /// The engine cannot write.
    pub async fn record_normalised(&mut self, declared: &DeclaredSchema) -> Result<()> {
        let catalog = self.normalised(declared).await?;
        let document = self.normalised_document(declared, catalog);
        Ok(self.engine.record(NORMALISED, &document).await?)
    }

    /// The document that keeps a declared catalogue as this server prints it.
    pub(crate) fn normalised_document(&self, declared: &DeclaredSchema, catalog: Catalog) -> String {
        let key = self.normalised_key(declared);
        serde_json::to_string(&Normalised { key, catalog }).expect("a catalogue always has a JSON form")
    }

    /// The print that the newest revision keeps for servers of this version, where it is of this declaration.
    fn kept_with_revision(&self, declared: &DeclaredSchema) -> Result<Option<Catalog>> {
        let folder = self.folder()?;
        let key = self.normalised_key(declared);
        let newest = folder
            .migrations
            .iter()
            .rev()
            .map(|migration| folder.normalised_path(&migration.version, self.engine.dialect()))
            .find(|path| path.exists());
        let document = newest.and_then(|path| std::fs::read_to_string(path).ok());
        let kept = document.and_then(|document| serde_json::from_str::<Normalised>(&document).ok());
        Ok(kept.filter(|kept| kept.key == key).map(|kept| kept.catalog))
    }

    /// What a print depends on: the declaration, the server's major version, and this version of Whimbrel.
    fn normalised_key(&self, declared: &DeclaredSchema) -> String {
        let server = self.engine.server();
        let major = server.version.split('.').next().unwrap_or_default();
        format!("{} {} {major} {}", declared.catalog_hash(), server.product, env!("CARGO_PKG_VERSION"))
    }
}

/// Checks that every file speaks the tongue of the project's data model.
pub(crate) fn check_languages(project: &Project, folder: &Folder) -> Result<()> {
    let model = project.model.value;
    let expected = match model {
        DataModel::Relational => "SQL",
        DataModel::Document => "JavaScript",
    };
    for migration in &folder.migrations {
        let written = match migration.file.language {
            Language::Sql => "SQL",
            Language::JavaScript(_) => "JavaScript",
        };
        if written != expected {
            let file = migration.file_name.clone();
            return Err(
                MigrationError::WrongLanguage { file, written, model: model.as_str(), expected }.into()
            );
        }
    }
    if let Some(repeatable) = folder.repeatables.first().filter(|_| model == DataModel::Document) {
        let file = repeatable.file_name.clone();
        return Err(
            MigrationError::WrongLanguage { file, written: "SQL", model: model.as_str(), expected }.into()
        );
    }
    Ok(())
}

/// Refuses what works on migrations in SQL alone, where the project's are scripts.
///
/// # Errors
/// [`MigrationError::SqlOnly`].
pub fn require_sql(project: &Project, what: &'static str) -> Result<()> {
    match project.model.value {
        DataModel::Relational => Ok(()),
        DataModel::Document => Err(MigrationError::SqlOnly { what }.into()),
    }
}

/// As [`Session::check_seal`], without a database.
pub(crate) fn check_seal(project: &Project, folder: &Folder, may_write: bool) -> Result<()> {
    let sealed = Chain::read(&folder.path)?;
    let present = Chain::of(folder);
    let changes = sealed.changes(&present);
    if changes.is_empty() {
        return Ok(());
    }
    if !seals_by_itself(project) {
        return Err(MigrationError::Unsealed { changes }.into());
    }
    if may_write {
        present.write(&folder.path)?;
    }
    Ok(())
}

fn seals_by_itself(project: &Project) -> bool {
    !project.protected.value
}

/// The relational side of an engine.
pub(crate) fn relational(engine: &mut dyn Engine) -> Result<&mut dyn Relational> {
    let product = engine.server().product.clone();
    engine.relational().ok_or(LifecycleError::NotRelational { product })
}

/// The database schemas in scope.
pub(crate) fn scope_of(project: &Project, catalogs: &[&Catalog]) -> Scope {
    let mut schemas = project.postgres.schemas.value.clone();
    schemas.extend(catalogs.iter().flat_map(|catalog| catalog.schemas.iter().cloned()));
    let mut seen = std::collections::HashSet::new();
    schemas.retain(|schema| seen.insert(schema.clone()));
    Scope { schemas }
}
