//! Reading the whole catalogue of a database in one round trip.
//!
//! The server prints only what it alone can print (expressions, queries, types); everything else is put
//! together here from the catalogue's own arrays.

use std::collections::HashMap;

use tokio_postgres::SimpleQueryRow;
use whimbrel_engine::{Result, Scope};
use whimbrel_schema::catalog::{Catalog, DEFAULT_SCHEMA, QualifiedName};

use crate::connection::Postgres;
use crate::quote;
use crate::result_set::ResultSet;

mod columns;
mod constraints;
mod indexes;
mod objects;
mod queries;
mod unmanaged;

pub(crate) use queries::{OWN_TABLES, free_function, free_of_extensions};

/// An object identifier of the server.
type Oid = u32;

/// The settings that decide how the server prints; `search_path` holds the default schema only, so that
/// exactly its names are unqualified.
fn print_settings(search_path: &[&str]) -> String {
    let path = search_path.iter().map(|schema| quote::identifier(schema)).collect::<Vec<_>>().join(", ");
    format!(
        "SET LOCAL search_path = {path}; SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; \
         SET LOCAL quote_all_identifiers = off; SET LOCAL datestyle = 'ISO, YMD'"
    )
}

/// How many statements [`print_settings`] holds.
const PRINT_SETTINGS: usize = 5;

impl Postgres {
    /// The scope's catalogue, read in a transaction of its own.
    pub(crate) async fn read_catalog(&self, scope: &Scope) -> Result<Catalog> {
        let default = scope.schemas.first().map_or(self.schema.as_str(), String::as_str);
        let sql = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}; {}; COMMIT",
            print_settings(&[default]),
            queries::all(&scope.schemas, self.major),
        );
        match self.try_run(&sql).await {
            Ok(sets) => Ok(assemble(sets.into_iter().skip(PRINT_SETTINGS + 1), default)),
            Err(error) => {
                self.roll_back().await;
                Err(self.failed(&error, "reading the catalogue"))
            }
        }
    }

    /// The schemas' catalogue as the open transaction sees it, printed with this search path. The first
    /// schema is the default one.
    pub(crate) async fn read_catalog_inside(&self, schemas: &[String], path: &[&str]) -> Result<Catalog> {
        let sql = format!("{}; {}", print_settings(path), queries::all(schemas, self.major));
        let sets = self.run(&sql, "reading the catalogue").await?;
        Ok(assemble(sets.into_iter().skip(PRINT_SETTINGS), &schemas[0]))
    }
}

/// What the parts of the catalogue are put together with.
struct Context<'a> {
    default_schema: &'a str,
    /// Relations in scope by identifier.
    relations: HashMap<Oid, Relation>,
}

/// A relation in scope.
struct Relation {
    name: QualifiedName,
    kind: RelationKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RelationKind {
    Table,
    Partitioned,
    Partition,
    Inherited,
    Foreign,
    View,
    MaterializedView,
}

impl Context<'_> {
    /// The name as the catalogue has it: the scope's default schema is [`DEFAULT_SCHEMA`].
    fn name(&self, schema: &str, name: &str) -> QualifiedName {
        if schema == self.default_schema {
            QualifiedName::new(DEFAULT_SCHEMA, name)
        } else {
            QualifiedName::new(schema, name)
        }
    }
}

fn assemble(sets: impl Iterator<Item = ResultSet>, default_schema: &str) -> Catalog {
    let mut sets = sets.map(|set| set.rows);
    let mut next = || sets.next().unwrap_or_default();
    let rows = Rows {
        schemas: next(),
        relations: next(),
        types: next(),
        columns: next(),
        column_comments: next(),
        sequences: next(),
        constraints: next(),
        indexes: next(),
        operator_classes: next(),
        collations: next(),
        foreign_columns: next(),
        enums: next(),
        unmanaged: next(),
    };
    let context = Context { default_schema, relations: HashMap::new() };
    objects::catalog(context, &rows)
}

/// The answers, in the order of [`queries::all`].
struct Rows {
    schemas: Vec<SimpleQueryRow>,
    relations: Vec<SimpleQueryRow>,
    types: Vec<SimpleQueryRow>,
    columns: Vec<SimpleQueryRow>,
    column_comments: Vec<SimpleQueryRow>,
    sequences: Vec<SimpleQueryRow>,
    constraints: Vec<SimpleQueryRow>,
    indexes: Vec<SimpleQueryRow>,
    operator_classes: Vec<SimpleQueryRow>,
    collations: Vec<SimpleQueryRow>,
    foreign_columns: Vec<SimpleQueryRow>,
    enums: Vec<SimpleQueryRow>,
    unmanaged: Vec<SimpleQueryRow>,
}
