//! Primary keys, unique constraints, foreign keys and checks.

use std::collections::HashMap;

use tokio_postgres::SimpleQueryRow;
use whimbrel_schema::catalog::{
    CheckConstraint, Deferral, ForeignKeyConstraint, PrimaryKey, ReferentialAction, UniqueConstraint,
};

use super::columns::ColumnsByTable;
use super::{Context, Oid, Rows};
use crate::result_set::RowText;
use crate::sql_scan::canonical;

/// One table's constraints.
#[derive(Default)]
pub(super) struct TableConstraints {
    pub(super) primary_key: Option<PrimaryKey>,
    pub(super) uniques: Vec<UniqueConstraint>,
    pub(super) foreign_keys: Vec<ForeignKeyConstraint>,
    pub(super) checks: Vec<CheckConstraint>,
}

/// Every table's constraints.
pub(super) struct ConstraintsByTable {
    tables: HashMap<Oid, TableConstraints>,
    /// The indexes of constraints, with the table and place of their unique constraint where they have one.
    index_owners: HashMap<Oid, Option<(Oid, usize)>>,
}

impl ConstraintsByTable {
    pub(super) fn read(context: &Context<'_>, rows: &Rows, columns: &ColumnsByTable) -> Self {
        let mut all = ConstraintsByTable {
            tables: HashMap::with_capacity(rows.relations.len()),
            index_owners: HashMap::with_capacity(rows.relations.len()),
        };
        for row in &rows.constraints {
            all.add(context, row, columns);
        }
        all
    }

    fn add(&mut self, context: &Context<'_>, row: &SimpleQueryRow, columns: &ColumnsByTable) {
        let table: Oid = row.number(0);
        let name = row.string(1);
        let index: Oid = row.number(13);
        let own = self.tables.entry(table).or_default();
        let own_columns = || columns.names(table, &row.numbers(6));
        match row.text(2).unwrap_or_default() {
            "p" => {
                self.index_owners.insert(index, None);
                own.primary_key = Some(PrimaryKey { name, columns: own_columns() });
            }
            "u" => {
                self.index_owners.insert(index, Some((table, own.uniques.len())));
                own.uniques.push(UniqueConstraint {
                    name,
                    columns: own_columns(),
                    nulls_not_distinct: false,
                    deferral: deferral(row),
                    include: Vec::new(),
                });
            }
            "x" => {
                self.index_owners.insert(index, None);
            }
            "f" => own.foreign_keys.push(foreign_key(context, row, name, own_columns(), columns)),
            _ => own.checks.push(CheckConstraint {
                name,
                expression: canonical(row.text(14).unwrap_or_default()),
                not_valid: !row.flag(5),
            }),
        }
    }

    pub(super) fn take(&mut self, table: Oid) -> TableConstraints {
        self.tables.remove(&table).unwrap_or_default()
    }

    /// Whether the index belongs to a constraint.
    pub(super) fn owns_index(&self, index: Oid) -> bool {
        self.index_owners.contains_key(&index)
    }

    /// The unique constraint that the index belongs to.
    pub(super) fn unique_of_index(&mut self, index: Oid) -> Option<&mut UniqueConstraint> {
        let (table, place) = (*self.index_owners.get(&index)?)?;
        self.tables.get_mut(&table)?.uniques.get_mut(place)
    }
}

fn foreign_key(
    context: &Context<'_>,
    row: &SimpleQueryRow,
    name: String,
    own_columns: Vec<String>,
    columns: &ColumnsByTable,
) -> ForeignKeyConstraint {
    let referenced: Oid = row.number(7);
    ForeignKeyConstraint {
        name,
        columns: own_columns,
        references: context.name(row.text(8).unwrap_or_default(), row.text(9).unwrap_or_default()),
        referenced_columns: columns.names(referenced, &row.numbers(10)),
        on_delete: action(row.text(12)),
        on_update: action(row.text(11)),
        deferral: deferral(row),
        not_valid: !row.flag(5),
    }
}

fn deferral(row: &SimpleQueryRow) -> Deferral {
    match (row.flag(3), row.flag(4)) {
        (false, _) => Deferral::NotDeferrable,
        (true, false) => Deferral::InitiallyImmediate,
        (true, true) => Deferral::InitiallyDeferred,
    }
}

fn action(code: Option<&str>) -> ReferentialAction {
    match code {
        Some("r") => ReferentialAction::Restrict,
        Some("c") => ReferentialAction::Cascade,
        Some("n") => ReferentialAction::SetNull,
        Some("d") => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
