//! Every name and every piece of SQL in a catalogue.

use whimbrel_schema::catalog::{Catalog, ColumnType, IndexPartTarget, QualifiedName, Table};

/// What is done to names and to SQL.
pub(super) trait Rewrite {
    /// A name within a schema.
    fn name(&self, name: &mut QualifiedName);
    /// An expression, a query or a type.
    fn sql(&self, sql: &mut String);
}

pub(super) fn catalog(catalog: &mut Catalog, rewrite: &impl Rewrite) {
    catalog.enums.iter_mut().for_each(|definition| rewrite.name(&mut definition.name));
    catalog.sequences.iter_mut().for_each(|definition| rewrite.name(&mut definition.name));
    for view in &mut catalog.views {
        rewrite.name(&mut view.name);
        rewrite.sql(&mut view.query);
    }
    catalog.tables.iter_mut().for_each(|one| table(one, rewrite));
}

fn table(table: &mut Table, rewrite: &impl Rewrite) {
    rewrite.name(&mut table.name);
    for column in &mut table.columns {
        column_type(&mut column.ty, rewrite);
        column.default.iter_mut().for_each(|sql| rewrite.sql(sql));
        column.generated.iter_mut().for_each(|sql| rewrite.sql(sql));
    }
    table.foreign_keys.iter_mut().for_each(|key| rewrite.name(&mut key.references));
    table.checks.iter_mut().for_each(|check| rewrite.sql(&mut check.expression));
    for index in &mut table.indexes {
        index.predicate.iter_mut().for_each(|sql| rewrite.sql(sql));
        for key in &mut index.keys {
            if let IndexPartTarget::Expression(sql) = &mut key.target {
                rewrite.sql(sql);
            }
        }
    }
}

fn column_type(ty: &mut ColumnType, rewrite: &impl Rewrite) {
    match ty {
        ColumnType::Enum(name) => rewrite.name(name),
        ColumnType::Array(element) => column_type(element, rewrite),
        ColumnType::Other(sql) => rewrite.sql(sql),
        _ => {}
    }
}
