//! What the change of a column's type or form does to that which is built on the column.

use std::collections::BTreeSet;

use crate::catalog::{
    Catalog, CheckConstraint, Column, ForeignKeyConstraint, IndexDefinition, QualifiedName, Table,
};
use crate::ddl::cast;
use crate::operation::{Operation, StoredType, index_column_names, index_expression_names, word_occurs};
use crate::rename::Rename;

use super::tables;

type ColumnName = (QualifiedName, String);

/// The columns of tables that stay, by what happens to them.
#[derive(Default)]
pub(super) struct Disturbance {
    /// Their type or collation changes.
    retyped: BTreeSet<ColumnName>,
    /// Of these, those of another type than before: an expression over them would keep the old one.
    converted: BTreeSet<ColumnName>,
    /// They are dropped and added again.
    recreated: BTreeSet<ColumnName>,
    /// They turn from generated into plain ones; undoing recreates them.
    made_plain: BTreeSet<ColumnName>,
    /// They go for good.
    dropped: BTreeSet<ColumnName>,
}

impl Disturbance {
    /// Finds what happens between two catalogues whose renames are done.
    pub(super) fn between(from: &Catalog, to: &Catalog) -> Self {
        let mut disturbance = Disturbance::default();
        for old in &from.tables {
            if let Some(new) = tables::find(to, &old.name) {
                disturbance.compare_columns(old, new);
                disturbance.follow_into_generated(old, new);
            }
        }
        disturbance
    }

    fn compare_columns(&mut self, old: &Table, new: &Table) {
        for column in &old.columns {
            let key = (old.name.clone(), column.name.clone());
            let Some(wanted) = new.column(&column.name) else {
                self.dropped.insert(key);
                continue;
            };
            let retyped = StoredType::of(column) != StoredType::of(wanted);
            match (&column.generated, &wanted.generated) {
                (Some(before), Some(after)) if before != after || retyped => {
                    self.recreated.insert(key);
                }
                (None, Some(_)) => {
                    self.recreated.insert(key);
                }
                (before, _) => {
                    if before.is_some() && wanted.generated.is_none() {
                        self.made_plain.insert(key.clone());
                    }
                    if retyped && !cast::differ_in_length_only(&column.ty, &wanted.ty) {
                        self.converted.insert(key.clone());
                    }
                    if retyped {
                        self.retyped.insert(key);
                    }
                }
            }
        }
    }

    /// A generated column cannot stay over a column whose type changes.
    fn follow_into_generated(&mut self, old: &Table, new: &Table) {
        for column in &old.columns {
            let Some(expression) = &column.generated else { continue };
            let stays = new.column(&column.name).is_some_and(|wanted| wanted.generated.is_some());
            let changed = self
                .retyped
                .iter()
                .chain(&self.recreated)
                .any(|(table, name)| *table == old.name && word_occurs(expression, name));
            if stays && changed {
                self.recreated.insert((old.name.clone(), column.name.clone()));
            }
        }
    }

    /// Whether the column is dropped and added again.
    pub(super) fn recreates(&self, table: &QualifiedName, column: &str) -> bool {
        holds(&self.recreated, table, column)
    }

    fn rebuilds(&self, table: &QualifiedName, column: &str) -> bool {
        holds(&self.recreated, table, column) || holds(&self.made_plain, table, column)
    }

    /// Whether a list of columns must be let go of: a key's, a unique constraint's.
    pub(super) fn disturbs_list(&self, table: &QualifiedName, columns: &[String]) -> bool {
        columns.iter().any(|column| self.rebuilds(table, column))
    }

    /// Whether the check must go and come back.
    pub(super) fn disturbs_check(&self, table: &QualifiedName, check: &CheckConstraint) -> bool {
        self.changed(table).any(|column| word_occurs(&check.expression, column))
    }

    /// Whether the index must go and come back.
    pub(super) fn disturbs_index(&self, table: &QualifiedName, index: &IndexDefinition) -> bool {
        self.changed(table).any(|column| {
            index_expression_names(index, column)
                || (self.rebuilds(table, column) && index_column_names(index, column))
        })
    }

    /// Whether the foreign key must go and come back.
    pub(super) fn disturbs_foreign_key(&self, table: &QualifiedName, key: &ForeignKeyConstraint) -> bool {
        let changes = |table: &QualifiedName, columns: &[String]| {
            columns.iter().any(|column| holds(&self.retyped, table, column) || self.rebuilds(table, column))
        };
        changes(table, &key.columns) || changes(&key.references, &key.referenced_columns)
    }

    /// The columns of a table over which an expression cannot stay.
    fn changed<'a>(&'a self, table: &'a QualifiedName) -> impl Iterator<Item = &'a str> {
        self.converted
            .iter()
            .chain(&self.recreated)
            .chain(&self.made_plain)
            .filter(move |(changed, _)| changed == table)
            .map(|(_, column)| column.as_str())
    }

    /// The names, old ones and new ones, of the tables over which no view can stay.
    pub(super) fn tables(&self, renames: &[Rename]) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = [&self.retyped, &self.recreated, &self.made_plain, &self.dropped]
            .into_iter()
            .flatten()
            .map(|(table, _)| table.name.clone())
            .collect();
        for rename in renames {
            if let Rename::Table { from, to } = rename
                && names.contains(&to.name)
            {
                names.insert(from.name.clone());
            }
        }
        names
    }

    /// Drops the columns that are to be recreated, and the generated ones that go: before any other
    /// column changes under them. Generated ones come first.
    pub(super) fn column_drops(&self, work: &Catalog) -> Vec<Operation> {
        let mut generated = Vec::new();
        let mut plain = Vec::new();
        for table in &work.tables {
            for column in &table.columns {
                let recreated = self.recreates(&table.name, &column.name);
                let dropped = holds(&self.dropped, &table.name, &column.name);
                if column.generated.is_some() && (recreated || dropped) {
                    generated.push(drop_column(table, column));
                } else if recreated {
                    plain.push(drop_column(table, column));
                }
            }
        }
        generated.extend(plain);
        generated
    }
}

fn drop_column(table: &Table, column: &Column) -> Operation {
    Operation::DropColumn { table: table.name.clone(), column: column.clone() }
}

fn holds(columns: &BTreeSet<ColumnName>, table: &QualifiedName, column: &str) -> bool {
    !columns.is_empty() && columns.contains(&(table.clone(), column.to_owned()))
}
