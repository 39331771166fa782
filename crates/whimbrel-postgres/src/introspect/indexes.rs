//! Indexes that belong to no constraint, and what a unique constraint's index says of it.

use std::collections::HashMap;

use tokio_postgres::SimpleQueryRow;
use whimbrel_schema::catalog::{IndexDefinition, IndexPart, IndexPartTarget};

use super::columns::ColumnsByTable;
use super::constraints::ConstraintsByTable;
use super::objects::storage_parameters;
use super::{Oid, Rows};
use crate::result_set::RowText;
use crate::sql_scan::{canonical, split_list};

/// Bits of `indoption`.
const DESCENDING: i16 = 1;
const NULLS_FIRST: i16 = 2;
/// The collation `default`.
const DEFAULT_COLLATION: Oid = 100;

/// Every table's indexes.
pub(super) struct IndexesByTable(HashMap<Oid, Vec<IndexDefinition>>);

impl IndexesByTable {
    pub(super) fn read(rows: &Rows, columns: &ColumnsByTable, constraints: &mut ConstraintsByTable) -> Self {
        let names = Names {
            columns,
            operator_classes: rows
                .operator_classes
                .iter()
                .filter(|row| !row.flag(2))
                .map(|row| (row.number(0), row.string(1)))
                .collect(),
            collations: rows.collations.iter().map(|row| (row.number(0), row.string(1))).collect(),
        };
        let mut indexes: HashMap<Oid, Vec<IndexDefinition>> = HashMap::with_capacity(rows.relations.len());
        for row in &rows.indexes {
            let index: Oid = row.number(0);
            let table: Oid = row.number(1);
            if !constraints.owns_index(index) {
                indexes.entry(table).or_default().push(names.index(row, table));
            } else if let Some(unique) = constraints.unique_of_index(index) {
                unique.nulls_not_distinct = row.flag(14);
                unique.include = names.include(row, table);
            }
        }
        IndexesByTable(indexes)
    }

    pub(super) fn take(&mut self, table: Oid) -> Vec<IndexDefinition> {
        self.0.remove(&table).unwrap_or_default()
    }
}

struct Names<'a> {
    columns: &'a ColumnsByTable,
    /// Those that are not their type's default.
    operator_classes: HashMap<Oid, String>,
    collations: HashMap<Oid, String>,
}

impl Names<'_> {
    fn index(&self, row: &SimpleQueryRow, table: Oid) -> IndexDefinition {
        let predicate = row.text(12).map(canonical);
        IndexDefinition {
            name: row.string(2),
            method: row.string(3),
            keys: self.keys(row, table),
            unique: row.flag(4),
            nulls_not_distinct: row.flag(14),
            predicate,
            include: self.include(row, table),
            with: storage_parameters(row.texts(13), ""),
            invalid: !row.flag(5),
        }
    }

    fn keys(&self, row: &SimpleQueryRow, table: Oid) -> Vec<IndexPart> {
        let numbers: Vec<i16> = row.numbers(7);
        let options: Vec<i16> = row.numbers(8);
        let collations: Vec<Oid> = row.numbers(9);
        let classes: Vec<Oid> = row.numbers(10);
        let mut expressions = row.text(11).map(split_list).unwrap_or_default().into_iter();
        let mut keys = Vec::new();
        for (place, number) in numbers.into_iter().take(row.number(6)).enumerate() {
            let option = options.get(place).copied().unwrap_or_default();
            let collation = collations.get(place).copied().unwrap_or_default();
            let class = classes.get(place).copied().unwrap_or_default();
            let (target, own_collation) = if number == 0 {
                let expression = canonical(expressions.next().unwrap_or_default());
                (IndexPartTarget::Expression(expression), DEFAULT_COLLATION)
            } else {
                let name = self.columns.name(table, number);
                (IndexPartTarget::Column(name), self.columns.collation(table, number))
            };
            let collation = (collation != 0 && collation != own_collation)
                .then(|| self.collations.get(&collation).cloned())
                .flatten();
            keys.push(IndexPart {
                target,
                descending: option & DESCENDING != 0,
                nulls_first: option & NULLS_FIRST != 0,
                operator_class: self.operator_classes.get(&class).cloned(),
                collation,
            });
        }
        keys
    }

    /// The columns that the index carries beyond its keys.
    fn include(&self, row: &SimpleQueryRow, table: Oid) -> Vec<String> {
        let numbers: Vec<i16> = row.numbers(7);
        let keys: usize = row.number(6);
        self.columns.names(table, numbers.get(keys..).unwrap_or_default())
    }
}
