//! The declared schema of a project, and of its earlier revisions.

use std::path::Path;

use sha2::{Digest as _, Sha256};
use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::document::{DocumentCatalog, Intent, lower_documents};
use whimbrel_schema::lower::lower;
use whimbrel_schema::model::{Schema, Storage};
use whimbrel_schema::read::read_schema;
use whimbrel_schema::rename::Rename;

use crate::error::{LifecycleError, Result};
use crate::migration::{Folder, Version};
use crate::project::{DataModel, Project};

/// A schema with what it stands for in its data model.
#[derive(Clone, Debug)]
pub struct DeclaredSchema {
    /// The schema.
    pub schema: Schema,
    /// The catalogue, in PostgreSQL's words.
    pub catalog: Catalog,
    /// What it says was named otherwise before.
    pub renames: Vec<Rename>,
    /// The collections; a relational schema has none.
    pub documents: DocumentCatalog,
    /// What it says of the way to these collections.
    pub intent: Intent,
}

impl DeclaredSchema {
    /// Lowers a schema: of collections to documents, of anything else to a relational catalogue.
    ///
    /// # Errors
    /// The schema holds what its data model cannot say.
    pub fn from_schema(schema: Schema) -> Result<Self> {
        let holds_documents = schema.models.iter().any(|model| model.storage == Storage::Collection);
        let model = if holds_documents { DataModel::Document } else { DataModel::Relational };
        Self::of_model(schema, model)
    }

    fn of_model(schema: Schema, model: DataModel) -> Result<Self> {
        let mut declared = DeclaredSchema {
            schema,
            catalog: Catalog::default(),
            renames: Vec::new(),
            documents: DocumentCatalog::default(),
            intent: Intent::default(),
        };
        match model {
            DataModel::Relational => {
                let lowered = lower(&declared.schema)?;
                (declared.catalog, declared.renames) = (lowered.catalog, lowered.renames);
            }
            DataModel::Document => {
                let lowered = lower_documents(&declared.schema)?;
                (declared.documents, declared.intent) = (lowered.catalog, lowered.intent);
            }
        }
        Ok(declared)
    }

    /// Reads the project's schema: Rust source, or the JSON document.
    ///
    /// # Errors
    /// The file is missing or has mistakes.
    pub fn read(project: &Project) -> Result<Self> {
        let path = &project.schema_path.value;
        if !path.exists() {
            return Err(LifecycleError::SchemaMissing { path: path.display().to_string() });
        }
        if path.extension().is_some_and(|ending| ending == "json") {
            let text = std::fs::read_to_string(path).map_err(|error| LifecycleError::SchemaDocument {
                path: path.display().to_string(),
                reason: error.to_string(),
            })?;
            let schema = whimbrel_schema::read::read_json(&shown(path, &project.folder), &text)?;
            return Self::of_model(schema, project.model.value);
        }
        Self::of_model(read_rust(path, &project.folder)?, project.model.value)
    }

    /// The declaration that the newest revision up to `version` keeps; none where no revision keeps one.
    ///
    /// # Errors
    /// A snapshot cannot be read.
    pub fn of_revision(folder: &Folder, version: Option<&Version>) -> Result<Option<Self>> {
        let newest = folder
            .migrations
            .iter()
            .rev()
            .filter(|migration| version.is_none_or(|limit| migration.version <= *limit))
            .map(|migration| folder.snapshot_path(&migration.version))
            .find(|path| path.exists());
        newest.map(|path| Self::from_schema(read_json(&path)?)).transpose()
    }

    /// The hash of the declared catalogue, lower-case hex.
    #[must_use]
    pub fn catalog_hash(&self) -> String {
        let json = serde_json::to_vec(&self.catalog).expect("a catalogue always has a JSON form");
        crate::migration::hex(&Sha256::digest(&json))
    }
}

/// The path as the user knows it: from the project's folder.
fn shown(path: &Path, project_folder: &Path) -> String {
    path.strip_prefix(project_folder).unwrap_or(path).display().to_string()
}

/// The hash of the schema that a revision's snapshot holds; none where it keeps none.
#[must_use]
pub fn snapshot_hash(folder: &Folder, version: &Version) -> Option<String> {
    read_json(&folder.snapshot_path(version)).ok().map(|schema| schema.hash())
}

/// The schema's JSON document, with a line end.
#[must_use]
pub fn schema_json(schema: &Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema always has a JSON form");
    text.push('\n');
    text
}

fn read_json(path: &Path) -> Result<Schema> {
    let bad = |reason: String| LifecycleError::SchemaDocument { path: path.display().to_string(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let schema: Schema = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    if schema.format != whimbrel_schema::model::FORMAT {
        return Err(bad(format!(
            "its format is {}, this version reads {}",
            schema.format,
            whimbrel_schema::model::FORMAT
        )));
    }
    Ok(schema)
}

fn read_rust(path: &Path, project_folder: &Path) -> Result<Schema> {
    let load = |name: &str| std::fs::read_to_string(project_folder.join(name)).ok();
    Ok(read_schema(&shown(path, project_folder), &load)?)
}
