//! Reading the catalogue, and the desired one as it would be read.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use whimbrel_engine::{
    Applied, EngineError, JournalEntry, Locking, OutsideTransactions, Relational, Result, Scope, Source,
    Statement, Step, TableSize, Watch,
};
use whimbrel_schema::catalog::{Catalog, DEFAULT_SCHEMA, QualifiedName, View};

use crate::connection::{SqliteOptions, classify};
use crate::engine::Sqlite;
use crate::quote::quoted;
use crate::transaction::Closing;
use crate::trouble::Trouble;
use crate::workspace::Workspace;
use crate::{connection, interpret, introspect, ledger};

#[async_trait]
impl Relational for Sqlite {
    async fn apply(&mut self, step: &Step, watch: &mut dyn Watch) -> Result<Applied> {
        watch.under_way();
        self.run_transaction(&step.source, &step.statements, Closing::History(&step.history))
    }

    async fn run_together(
        &mut self,
        source: &Source,
        statements: &[Statement],
        entry: &JournalEntry,
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        watch.under_way();
        self.run_transaction(source, statements, Closing::Journal(entry))
    }

    async fn run_unrecorded(
        &mut self,
        source: &Source,
        statements: &[Statement],
        watch: &mut dyn Watch,
    ) -> Result<Applied> {
        watch.under_way();
        self.run_transaction(source, statements, Closing::Nothing)
    }

    fn runs_outside(&self) -> fn(&Statement) -> bool {
        // Whatever this engine runs, it runs in a transaction.
        |_| false
    }

    fn outside_transactions(&mut self) -> Option<&mut dyn OutsideTransactions> {
        None
    }

    async fn preview(&mut self, steps: &[Step]) -> Result<Vec<Vec<String>>> {
        self.preview_now(steps)
    }

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

    async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        let database = self.database();
        match self.reader()? {
            Some(connection) => rows(connection, query, &database),
            None => rows(&connection::open(&SqliteOptions::memory())?, query, &database),
        }
    }

    fn locking(&self) -> Locking {
        Locking::Database
    }

    async fn table_size(&mut self, table: &QualifiedName) -> Result<Option<TableSize>> {
        let database = self.database();
        let Some(connection) = self.reader()? else { return Ok(None) };
        let counted = ledger::has_table(connection, &table.name).and_then(|exists| {
            if !exists {
                return Ok(None);
            }
            let sql = format!("SELECT count(*) FROM {}", quoted(&table.name));
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(Some)
        });
        let rows = counted.map_err(|error| classify(&error, &database, "counting rows"))?;
        Ok(rows.map(|rows| TableSize { rows: rows.unsigned_abs(), is_exact: true, bytes: None }))
    }

    async fn replica_lag(&mut self) -> Result<Option<Duration>> {
        Ok(None)
    }
}

/// Runs a query in a connection that must not write.
fn rows(connection: &Connection, query: &str, database: &str) -> Result<Vec<Vec<Option<String>>>> {
    let failed = |error: rusqlite::Error| classify(&error, database, "reading rows");
    let sql = interpret::query(&Workspace::new(connection, true), query)
        .map_err(|trouble| trouble.about("a query", database))?;
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    if !statement.readonly() {
        return Err(EngineError::Refused {
            doing: "reading rows".to_owned(),
            reason: "the query would write".to_owned(),
        });
    }
    let width = statement.column_count();
    let mut found = statement.query([]).map_err(failed)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next().map_err(failed)? {
        let values =
            (0..width).map(|index| row.get_ref(index).map(value_text)).collect::<rusqlite::Result<_>>();
        rows.push(values.map_err(failed)?);
    }
    Ok(rows)
}

fn value_text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Some(bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
            text.push_str(&format!("{byte:02x}"));
            text
        })),
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
