//! Reading the catalogue, and the desired one as it would be read.

use async_trait::async_trait;
use rusqlite::Connection;
use whimbrel_engine::{Relational, Result, Scope};
use whimbrel_schema::catalog::{Catalog, DEFAULT_SCHEMA, View};

use crate::connection::{SqliteOptions, classify};
use crate::engine::Sqlite;
use crate::trouble::Trouble;
use crate::workspace::Workspace;
use crate::{connection, interpret, introspect, ledger};

#[async_trait]
impl Relational for Sqlite {
    async fn introspect(&mut self, _scope: &Scope) -> Result<Catalog> {
        let database = self.database();
        match self.reader()? {
            Some(connection) => introspect::catalog(connection)
                .map_err(|error| classify(&error, &database, "reading the catalogue")),
            None => Ok(Catalog::default()),
        }
    }

    async fn normalise(&mut self, desired: &Catalog) -> Result<Catalog> {
        normalised(desired)
    }
}

/// Builds the catalogue in memory and reads it back.
fn normalised(desired: &Catalog) -> Result<Catalog> {
    let options = SqliteOptions::memory();
    let connection = connection::open(&options)?;
    let begin = connection
        .pragma_update(None, "foreign_keys", false)
        .and_then(|()| connection.execute_batch("BEGIN"))
        .and_then(|()| ledger::prepare(&connection));
    begin.map_err(|error| classify(&error, ":memory:", "building the declared schema"))?;
    build(&connection, desired)?;
    let mut catalog = introspect::catalog(&connection)
        .map_err(|error| classify(&error, ":memory:", "reading the declared schema back"))?;
    catalog.unmanaged.clone_from(&desired.unmanaged);
    Ok(catalog)
}

fn build(connection: &Connection, desired: &Catalog) -> Result<()> {
    let mut workspace = Workspace::new(connection, false);
    let about = |object: String| move |trouble: Trouble| trouble.about(&object, ":memory:");
    if let Some(schema) = desired.schemas.iter().find(|schema| *schema != DEFAULT_SCHEMA) {
        let refusal = Trouble::refused(format!("it has no schemas besides `{DEFAULT_SCHEMA}`"));
        return Err(refusal.about(&format!("the schema `{schema}`"), ":memory:"));
    }
    if let Some(sequence) = desired.sequences.first() {
        let refusal = Trouble::refused("it has no sequences");
        return Err(refusal.about(&format!("the sequence `{}`", sequence.name), ":memory:"));
    }
    for definition in &desired.enums {
        workspace.note_enum(definition).map_err(about(format!("the type `{}`", definition.name)))?;
    }
    for table in &desired.tables {
        let declared =
            crate::render::check_numbering(table).and_then(|()| workspace.declare_table(table.clone()));
        declared.map_err(about(format!("the table `{}`", table.name)))?;
    }
    for table in &desired.tables {
        workspace.check_references(table).map_err(about(format!("the table `{}`", table.name)))?;
    }
    build_views(&mut workspace, &desired.views)?;
    workspace
        .write_notes()
        .map_err(|error| classify(&error, ":memory:", "noting what the declared schema holds"))
}

/// Views may read one another, so one that cannot be made yet waits for the others. Each round makes one or
/// more, or is the last.
fn build_views(workspace: &mut Workspace<'_>, views: &[View]) -> Result<()> {
    let mut pending: Vec<&View> = views.iter().collect();
    while !pending.is_empty() {
        let count = pending.len();
        let mut failed = Vec::new();
        for view in pending {
            if let Err(trouble) = interpret::create_declared_view(workspace, view) {
                failed.push((view, trouble));
            }
        }
        pending = failed.iter().map(|(view, _)| *view).collect();
        if failed.len() == count {
            // The one at fault is not one that waits for another.
            let waits = |view: &View| {
                pending
                    .iter()
                    .any(|other| other.name != view.name && interpret::reads_relation(view, &other.name))
            };
            let at = failed.iter().position(|(view, _)| !waits(view)).unwrap_or_default();
            let (view, trouble) = failed.swap_remove(at);
            return Err(trouble.about(&format!("the view `{}`", view.name), ":memory:"));
        }
    }
    Ok(())
}
