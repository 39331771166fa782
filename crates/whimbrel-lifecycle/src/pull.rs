//! `schema pull` and `baseline`: taking over a database that no file knows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use whimbrel_engine::document::sample;
use whimbrel_schema::catalog::{Catalog, QualifiedName, Unmanaged, UnmanagedKind};
use whimbrel_schema::ddl::{self, Forms};
use whimbrel_schema::diff::diff;
use whimbrel_schema::document::{self, DocumentCatalog, Intent, Sample, raise_documents};
use whimbrel_schema::model::Schema;
use whimbrel_schema::print::print_rust;
use whimbrel_schema::raise::raise;

use crate::adopt::{is_changelog, own_tables};
use crate::create::snapshot;
use crate::declared::{DeclaredSchema, schema_json};
use crate::error::{LifecycleError, Result};
use crate::migrate::mark_baseline;
use crate::migration::{Folder, NewMigration, Snapshot, Version, next_version};
use crate::session::Session;

/// How many documents of a collection are looked at.
const SAMPLED_DOCUMENTS: u32 = 1000;

/// A schema taken from a database.
#[derive(Clone, Debug, Serialize)]
pub struct Pulled {
    /// The schema.
    pub schema: Schema,
    /// The schema as Rust source.
    pub source: String,
    /// What deserves a look.
    pub notes: Vec<String>,
    /// What the schema cannot express; it is left alone.
    pub unmanaged: Vec<Unmanaged>,
}

/// Reads the schema from the database. The tables in which other tools keep their histories are no part of it.
///
/// # Errors
/// The engine cannot read it.
pub async fn pull(session: &mut Session<'_>) -> Result<Pulled> {
    if session.is_document() {
        return pull_documents(session).await;
    }
    let mut present = session.present(&[]).await?;
    let left_out = own_tables(&present);
    present.tables.retain(|table| !left_out.contains(&table.name));
    let raised = raise(&present);
    let source = print_rust(&raised.schema);
    let mut unmanaged = present.unmanaged;
    unmanaged.extend(
        present.views.iter().map(|view| Unmanaged { kind: UnmanagedKind::View, name: view.name.clone() }),
    );
    unmanaged
        .extend(left_out.iter().map(|name| Unmanaged { kind: UnmanagedKind::Table, name: name.clone() }));
    unmanaged.sort();
    unmanaged.dedup();
    Ok(Pulled { schema: raised.schema, source, notes: raised.notes, unmanaged })
}

/// The same of a document database: validators and indexes say what is known, and samples what is not.
async fn pull_documents(session: &mut Session<'_>) -> Result<Pulled> {
    let documents = session.documents()?;
    let commands = documents.commands();
    let mut catalog = documents.introspect().await?;
    let mut samples = BTreeMap::new();
    let mut left_out = Vec::new();
    for collection in &catalog.collections {
        let found = sample(commands.as_ref(), &collection.name, SAMPLED_DOCUMENTS, true).await?;
        if is_changelog(&collection.name, &found) {
            left_out.push(collection.name.clone());
            continue;
        }
        samples.insert(collection.name.clone(), Sample::collect(&found));
    }
    catalog.collections.retain(|collection| !left_out.contains(&collection.name));
    let raised = raise_documents(&catalog, &samples);
    let source = print_rust(&raised.schema);
    let object = |kind, name: &String| Unmanaged { kind, name: QualifiedName::plain(name) };
    let mut unmanaged: Vec<Unmanaged> =
        left_out.iter().map(|name| object(UnmanagedKind::Collection, name)).collect();
    unmanaged.extend(catalog.views.iter().map(|view| object(UnmanagedKind::View, view)));
    Ok(Pulled { schema: raised.schema, source, notes: raised.notes, unmanaged })
}

/// Writes a pulled schema to the project's schema file. Returns the path.
///
/// # Errors
/// The file holds another schema and `force` is not set, or it cannot be written.
pub fn write_pulled(session: &Session<'_>, pulled: &Pulled, force: bool) -> Result<PathBuf> {
    let path = session.project.schema_path.value.clone();
    let text = if path.extension().is_some_and(|ending| ending == "json") {
        schema_json(&pulled.schema)
    } else {
        pulled.source.clone()
    };
    if !force && std::fs::read_to_string(&path).is_ok_and(|existing| existing != text) {
        return Err(LifecycleError::SchemaExists { path: path.display().to_string() });
    }
    let failed = |error: std::io::Error| LifecycleError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    std::fs::write(&path, text).map_err(failed)?;
    Ok(path)
}

/// The outcome of `migrate baseline`.
#[derive(Clone, Debug, Serialize)]
pub struct BaselineReport {
    /// The file that was written, where the folder had none.
    pub written: Option<PathBuf>,
    /// The versions that now count as applied.
    pub marked: Vec<String>,
}

/// Marks versions as applied without running them. Where the folder holds no migration yet, a first one that
/// builds what is declared is written, so that an empty database can be brought to the same state.
///
/// # Errors
/// The database differs from the declaration, or it has a history already.
pub async fn baseline(session: &mut Session<'_>, version: Option<&Version>) -> Result<BaselineReport> {
    baseline_titled(session, version, "The schema as it was taken over").await
}

/// The file that builds what is declared.
async fn first_file(session: &mut Session<'_>, folder: &Folder, title: &str) -> Result<NewMigration> {
    let declared = DeclaredSchema::read(session.project)?;
    let version = next_version(folder, jiff::Timestamp::now());
    if session.is_document() {
        let made = document::diff(&DocumentCatalog::default(), &declared.documents, &Intent::default())?;
        return Ok(NewMigration {
            file_name: format!("{version}-baseline.js"),
            version,
            text: document::migration_file(&document::script(&made), title),
            snapshot: Some(Snapshot { schema: schema_json(&declared.schema), printed: None }),
        });
    }
    let made = diff(&Catalog::default(), &declared.catalog, &[]);
    let script = ddl::script(&made, &Catalog::default(), Forms::Safe);
    let desired = session.normalised(&declared).await?;
    Ok(NewMigration {
        file_name: format!("{version}-baseline.sql"),
        version,
        text: ddl::migration_file(&script, title),
        snapshot: Some(snapshot(session, &declared, desired)),
    })
}

/// The same, with the first line of the file that it may write.
pub(crate) async fn baseline_titled(
    session: &mut Session<'_>,
    version: Option<&Version>,
    title: &str,
) -> Result<BaselineReport> {
    let folder = session.folder()?;
    let written = if folder.migrations.is_empty() {
        if !session.engine.history().await?.is_empty() {
            return Err(LifecycleError::HasHistory);
        }
        Some(first_file(session, &folder, title).await?.write(&folder)?)
    } else {
        None
    };
    let marked = mark_baseline(session, version).await?;
    Ok(BaselineReport { written, marked })
}
