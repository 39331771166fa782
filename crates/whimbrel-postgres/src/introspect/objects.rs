//! The whole catalogue from the rows: schemas, enums, sequences, tables, views.

use std::collections::{HashMap, HashSet};

use whimbrel_schema::catalog::{Catalog, EnumDefinition, QualifiedName, SequenceDefinition, Table, View};

use super::columns::{ColumnsByTable, Serials};
use super::constraints::ConstraintsByTable;
use super::indexes::IndexesByTable;
use super::{Context, Oid, Relation, RelationKind, Rows, unmanaged};
use crate::result_set::RowText;
use crate::sql_scan::with_array_casts_at_elements;

pub(super) fn catalog(mut context: Context<'_>, rows: &Rows) -> Catalog {
    context.relations = relations(&context, rows);
    let serials = Serials::read(&rows.sequences);
    let mut columns = ColumnsByTable::read(&context, rows, &serials);
    let mut constraints = ConstraintsByTable::read(&context, rows, &columns);
    let mut indexes = IndexesByTable::read(rows, &columns, &mut constraints);
    let mut catalog = Catalog {
        schemas: schemas(&context, rows),
        enums: enums(&context, rows),
        sequences: free_sequences(&context, rows),
        ..Catalog::default()
    };
    for row in &rows.relations {
        let oid: Oid = row.number(0);
        let relation = &context.relations[&oid];
        match relation.kind {
            RelationKind::Table => {
                let mut table = Table::new(relation.name.clone());
                table.columns = columns.take(oid);
                let own = constraints.take(oid);
                table.primary_key = own.primary_key;
                table.uniques = own.uniques;
                table.foreign_keys = own.foreign_keys;
                table.checks = own.checks;
                table.indexes = indexes.take(oid);
                table.with = storage_parameters(row.texts(6), "");
                table.with.extend(storage_parameters(row.texts(7), "toast."));
                table.comment = row.optional(8);
                catalog.tables.push(table);
            }
            RelationKind::View | RelationKind::MaterializedView => catalog.views.push(View {
                name: relation.name.clone(),
                query: query_text(row.text(9).unwrap_or_default()),
                materialized: relation.kind == RelationKind::MaterializedView,
                comment: row.optional(8),
            }),
            _ => {}
        }
    }
    catalog.unmanaged = unmanaged::read(&context, rows, &columns.computed);
    catalog.sort();
    catalog
}

fn relations(context: &Context<'_>, rows: &Rows) -> HashMap<Oid, Relation> {
    let mut relations = HashMap::with_capacity(rows.relations.len());
    for row in &rows.relations {
        let kind = match row.text(3).unwrap_or_default() {
            _ if row.flag(4) => RelationKind::Partition,
            "p" => RelationKind::Partitioned,
            "f" => RelationKind::Foreign,
            "v" => RelationKind::View,
            "m" => RelationKind::MaterializedView,
            _ if row.flag(5) => RelationKind::Inherited,
            _ => RelationKind::Table,
        };
        let name = context.name(row.text(1).unwrap_or_default(), row.text(2).unwrap_or_default());
        relations.insert(row.number(0), Relation { name, kind });
    }
    relations
}

fn schemas(context: &Context<'_>, rows: &Rows) -> Vec<String> {
    let names = rows.schemas.iter().map(|row| row.string(0));
    names.filter(|name| name != context.default_schema).collect()
}

fn enums(context: &Context<'_>, rows: &Rows) -> Vec<EnumDefinition> {
    rows.enums
        .iter()
        .map(|row| EnumDefinition {
            name: context.name(row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default()),
            values: row.texts(2),
            comment: row.optional(3),
        })
        .collect()
}

/// Sequences that no column owns, neither by `serial` nor by identity.
fn free_sequences(context: &Context<'_>, rows: &Rows) -> Vec<SequenceDefinition> {
    rows.sequences
        .iter()
        .filter(|row| row.text(10).is_none())
        .map(|row| SequenceDefinition {
            name: context.name(row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default()),
            start: row.number(2),
            increment: row.number(3),
            max: row.number(4),
            min: row.number(5),
            cache: row.number(6),
            cycle: row.flag(7),
        })
        .collect()
}

/// `{fillfactor=70}` → `fillfactor`, `70`.
pub(super) fn storage_parameters(parameters: Vec<String>, prefix: &str) -> Vec<(String, String)> {
    parameters
        .into_iter()
        .map(|parameter| {
            let (key, value) = parameter.split_once('=').unwrap_or((parameter.as_str(), ""));
            (format!("{prefix}{key}"), value.to_owned())
        })
        .collect()
}

/// The server's print of a query, without indentation at its start and semicolon at its end.
fn query_text(printed: &str) -> String {
    with_array_casts_at_elements(printed.trim().trim_end_matches(';').trim_end())
}

/// The enums of the catalogue, to tell them from those of extensions and other schemas.
pub(super) fn enum_names(context: &Context<'_>, rows: &Rows) -> HashSet<QualifiedName> {
    enums(context, rows).into_iter().map(|definition| definition.name).collect()
}
