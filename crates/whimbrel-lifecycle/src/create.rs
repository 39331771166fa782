//! `migrate create`: from a template, or from the difference between the declaration and the migrations.

use std::path::PathBuf;

use serde::Serialize;
use whimbrel_engine::Unwatched;
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::ddl::{self, Forms};
use whimbrel_schema::diff::diff;
use whimbrel_schema::document;
use whimbrel_schema::operation::Operation;
use whimbrel_schema::rename::Rename;

use crate::collections;
use crate::compare::{managed, words};
use crate::declared::{DeclaredSchema, schema_json};
use crate::error::{LifecycleError, Result};
use crate::migration::{
    Folder, MigrationError, NewMigration, Snapshot, State, Target, file_stem, next_version,
};
use crate::overlay::{Declared, from_side};
use crate::project::DataModel;
use crate::session::{Session, relational, scope_of};

/// A migration that was written.
#[derive(Clone, Debug, Serialize)]
pub struct Created {
    /// The file.
    pub path: PathBuf,
    /// What it does, in words.
    pub changes: Vec<String>,
    /// What deserves a look before it runs.
    pub cautions: Vec<String>,
}

/// The difference between what the migrations build and what is declared, in declared words.
#[derive(Clone, Debug)]
pub(crate) struct PendingChange {
    /// The operations, in order.
    pub(crate) operations: Vec<Operation>,
    /// A dropped and an added thing that look like one renamed thing, as `--rename` would say it.
    pub(crate) possible_renames: Vec<String>,
    /// What the migrations build, in declared words.
    pub(crate) before: Catalog,
    /// What is declared, as the engine prints it.
    pub(crate) desired: Catalog,
}

/// What takes the migrations' result to the declaration, in words and as statements of either way.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Difference {
    /// The changes in words.
    pub changes: Vec<String>,
    /// What makes them.
    pub up: Vec<String>,
    /// What takes them back.
    pub down: Vec<String>,
}

/// Writes a file with empty sections, or with empty functions.
///
/// # Errors
/// The name leaves no file name, or the folder cannot be written.
pub fn create_template(folder: &Folder, name: &str, model: DataModel) -> Result<Created> {
    let text = match model {
        DataModel::Relational => format!("-- {name}\n\n-- whimbrel:up\n\n-- whimbrel:down\n"),
        DataModel::Document => format!(
            "// {}\n\nasync function up(db, client) {{\n}}\n\nasync function down(db, client) {{\n}}\n\nmodule.exports = {{ up, down }};\n",
            name.replace(['\n', '\r'], " ")
        ),
    };
    write(folder, name, New { text, ending: ending(model), snapshot: None }, Vec::new(), Vec::new())
}

/// The ending of a data model's migration files.
fn ending(model: DataModel) -> &'static str {
    match model {
        DataModel::Relational => "sql",
        DataModel::Document => "js",
    }
}

/// What the files leave undone, without writing it.
///
/// # Errors
/// As [`create_auto`].
pub async fn difference(session: &mut Session<'_>, declared: &DeclaredSchema) -> Result<Difference> {
    if session.is_document() {
        let pending = collections::pending(session, declared, &[]).await?;
        let text = document::script(&pending.operations);
        return Ok(Difference {
            changes: collections::words(&pending.operations),
            up: text.up,
            down: text.down,
        });
    }
    let dialect = "postgres";
    let change = pending_change(session, declared, &[]).await?;
    let script = ddl::script(&change.operations, &change.before, Forms::Plain);
    Ok(Difference {
        changes: words(&change.operations),
        up: script.up.statements(dialect).map(|statement| format!("{statement};")).collect(),
        down: script.down.statements(dialect).map(|statement| format!("{statement};")).collect(),
    })
}

/// A dropped and an added thing that look like one renamed thing, as `--rename` would say it.
///
/// # Errors
/// As [`create_auto`].
pub async fn possible_renames(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    given: &[String],
) -> Result<Vec<String>> {
    if session.is_document() {
        return Ok(collections::pending(session, declared, given).await?.possible_renames);
    }
    Ok(pending_change(session, declared, &renames(declared, given)?).await?.possible_renames)
}

fn renames(declared: &DeclaredSchema, given: &[String]) -> Result<Vec<Rename>> {
    given.iter().map(|rename| parse_rename(rename, &declared.catalog)).collect()
}

/// Writes the file that takes the migrations' result to the declaration; none where nothing differs.
///
/// # Errors
/// The schema has mistakes, the database is behind the files, or the folder cannot be written.
pub async fn create_auto(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    name: &str,
    given: &[String],
    forms: Forms,
) -> Result<Option<Created>> {
    file_stem(name)?;
    if session.is_document() {
        return create_script(session, declared, name, given).await;
    }
    let change = pending_change(session, declared, &renames(declared, given)?).await?;
    if change.operations.is_empty() {
        return Ok(None);
    }
    let folder = session.folder()?;
    let script = ddl::script(&change.operations, &change.before, forms);
    let mut cautions = script.cautions.clone();
    cautions.extend(rename_cautions(&change.possible_renames));
    let text = ddl::migration_file(&script, name);
    let changes = words(&change.operations);
    let snapshot = Some(snapshot(session, declared, change.desired));
    write(&folder, name, New { text, ending: ending(DataModel::Relational), snapshot }, changes, cautions)
        .map(Some)
}

/// The same for documents: a script.
async fn create_script(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    name: &str,
    given: &[String],
) -> Result<Option<Created>> {
    let pending = collections::pending(session, declared, given).await?;
    if pending.operations.is_empty() {
        return Ok(None);
    }
    let script = document::script(&pending.operations);
    let mut cautions = script.cautions.clone();
    cautions.extend(rename_cautions(&pending.possible_renames));
    let text = document::migration_file(&script, name);
    let snapshot = Some(Snapshot { schema: schema_json(&declared.schema), printed: None });
    let changes = collections::words(&pending.operations);
    let new = New { text, ending: ending(DataModel::Document), snapshot };
    write(&session.folder()?, name, new, changes, cautions).map(Some)
}

fn rename_cautions(possible: &[String]) -> impl Iterator<Item = String> {
    possible.iter().map(|rename| format!("if this is a rename, say so: --rename {rename}"))
}

/// What a new file holds.
struct New {
    text: String,
    ending: &'static str,
    snapshot: Option<Snapshot>,
}

fn write(
    folder: &Folder,
    name: &str,
    new: New,
    changes: Vec<String>,
    cautions: Vec<String>,
) -> Result<Created> {
    let version = next_version(folder, jiff::Timestamp::now());
    let file_name = format!("{version}-{}.{}", file_stem(name)?, new.ending);
    let path = NewMigration { version, file_name, text: new.text, snapshot: new.snapshot }.write(folder)?;
    Ok(Created { path, changes, cautions })
}

/// What a revision made from this declaration keeps beside its file.
pub(crate) fn snapshot(session: &Session<'_>, declared: &DeclaredSchema, desired: Catalog) -> Snapshot {
    Snapshot {
        schema: schema_json(&declared.schema),
        printed: Some((session.engine.dialect(), session.normalised_document(declared, desired))),
    }
}

/// What takes the migrations' result to the declaration, in declared words.
///
/// Where the engine offers a private scratch database, the migrations are replayed there; elsewhere the
/// connected database must be up to date with the files.
///
/// # Errors
/// A file is pending, a migration fails, or the engine cannot hold what is declared.
pub(crate) async fn pending_change(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    given_renames: &[Rename],
) -> Result<PendingChange> {
    let folder = session.folder()?;
    let previous = DeclaredSchema::of_revision(&folder, None)?;
    let mut named = vec![&declared.catalog];
    named.extend(previous.as_ref().map(|before| &before.catalog));
    let reached = built_by_migrations(session, &named, &folder).await?;
    let desired = session.normalised(declared).await?;
    let before = match &previous {
        Some(before) => Some(session.normalised(before).await?),
        None => None,
    };
    let mut renames = declared.renames.clone();
    renames.extend(given_renames.iter().cloned());
    let present = managed(declared, previous.as_ref()).with_renames(&renames).part_of(&reached);
    let from = from_side(
        &present,
        Declared { text: &declared.catalog, normalised: &desired },
        previous
            .as_ref()
            .zip(before.as_ref())
            .map(|(text, normalised)| Declared { text: &text.catalog, normalised }),
    );
    let operations = diff(&from, &declared.catalog, &renames);
    let possible_renames = renamed_alike(&operations);
    Ok(PendingChange { operations, possible_renames, before: from, desired })
}

async fn built_by_migrations(
    session: &mut Session<'_>,
    named: &[&Catalog],
    folder: &Folder,
) -> Result<Catalog> {
    if let Some(mut scratch) = session.engine.scratch().await? {
        scratch.prepare().await?;
        let state = State::new(folder, Vec::new())?;
        for planned in state.plan(&Target::Latest, scratch.dialect(), &session.deployer, &|_| None)? {
            relational(scratch.as_mut())?.apply(&planned.step, &mut Unwatched).await?;
        }
        let scope = scope_of(session.project, named);
        return Ok(relational(scratch.as_mut())?.introspect(&scope).await?);
    }
    let state = session.state(folder).await?;
    if let Some(first) = state.pending().first() {
        return Err(
            MigrationError::Pending { count: state.pending().len(), first: first.file_name.clone() }.into()
        );
    }
    match session.reached(state.applied()).await? {
        Some(reached) => Ok(reached),
        None => session.present(named).await,
    }
}

/// A dropped thing beside an added one of the same shape.
fn renamed_alike(operations: &[Operation]) -> Vec<String> {
    let mut found = Vec::new();
    for operation in operations {
        match operation {
            Operation::DropColumn { table, column } => {
                found.extend(operations.iter().filter_map(|other| match other {
                    Operation::AddColumn { table: same, column: added }
                        if same == table && added.ty == column.ty =>
                    {
                        Some(format!("{table}.{}:{}", column.name, added.name))
                    }
                    _ => None,
                }));
            }
            Operation::DropTable { table: dropped } => {
                found.extend(operations.iter().filter_map(|other| match other {
                    Operation::CreateTable { table: added } if same_columns(dropped, added) => {
                        Some(format!("{}:{}", dropped.name, added.name))
                    }
                    _ => None,
                }));
            }
            _ => {}
        }
    }
    found
}

fn same_columns(a: &whimbrel_schema::catalog::Table, b: &whimbrel_schema::catalog::Table) -> bool {
    a.columns.len() == b.columns.len()
        && a.columns.iter().all(|column| b.column(&column.name).is_some_and(|other| other.ty == column.ty))
}

/// Reads `--rename old:new`, `--rename table.old:new` or `--rename schema.table.old:new`.
///
/// # Errors
/// The text has another form, or neither side names something that is declared.
fn parse_rename(given: &str, declared: &Catalog) -> Result<Rename> {
    let bad = |what: &str| LifecycleError::BadRename { given: given.to_owned(), what: what.to_owned() };
    let (old, new) =
        given.split_once(':').ok_or_else(|| bad("there is no `:` between the old and the new name"))?;
    let new_name = new.rsplit_once('.').map_or(new, |(_, last)| last);
    let parts: Vec<&str> = old.split('.').collect();
    let plain = QualifiedName::plain;
    match parts[..] {
        [table] if declared.table(&plain(new_name)).is_some() => {
            Ok(Rename::Table { from: plain(table), to: plain(new_name) })
        }
        [name] if declared.enums.iter().any(|declared| declared.name == plain(new_name)) => {
            Ok(Rename::Enum { from: plain(name), to: plain(new_name) })
        }
        [table, column] => column_rename(&plain(table), column, new_name, declared)
            .ok_or_else(|| bad("the table is not declared, or it declares no column of the new name")),
        [schema, table, column] => {
            column_rename(&QualifiedName::new(schema, table), column, new_name, declared)
                .ok_or_else(|| bad("the table is not declared, or it declares no column of the new name"))
        }
        _ => Err(bad("nothing of the new name is declared")),
    }
}

fn column_rename(table: &QualifiedName, from: &str, to: &str, declared: &Catalog) -> Option<Rename> {
    declared.table(table)?.column(to)?;
    Some(Rename::Column { table: table.clone(), from: from.to_owned(), to: to.to_owned() })
}
