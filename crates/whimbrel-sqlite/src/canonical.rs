//! A table in the one form that this engine keeps and compares.

use whimbrel_schema::catalog::{ColumnType, IndexPartTarget, Table};

use crate::expression::{Columns, canonical_text};
use crate::trouble::Outcome;

/// Brings every expression into one spelling and every list into its order.
pub(crate) fn canonicalise(table: &mut Table) -> Outcome<()> {
    let columns = Columns::of(table);
    let boolean = Some(&ColumnType::Boolean);
    for column in &mut table.columns {
        if let Some(default) = &mut column.default {
            *default = canonical_text(default, &columns, Some(&column.ty))?;
        }
        // `DEFAULT NULL` is what a column without a default does.
        if column.default.as_deref() == Some("NULL") {
            column.default = None;
        }
        if let Some(generated) = &mut column.generated {
            *generated = canonical_text(generated, &columns, Some(&column.ty))?;
        }
    }
    for check in &mut table.checks {
        check.expression = canonical_text(&check.expression, &columns, boolean)?;
        // Every row is checked at once here.
        check.not_valid = false;
    }
    for key in &mut table.foreign_keys {
        key.not_valid = false;
    }
    for index in &mut table.indexes {
        if let Some(predicate) = &mut index.predicate {
            *predicate = canonical_text(predicate, &columns, boolean)?;
        }
        for key in &mut index.keys {
            if let IndexPartTarget::Expression(text) = &mut key.target {
                *text = canonical_text(text, &columns, None)?;
            }
        }
    }
    let mut catalog = whimbrel_schema::catalog::Catalog { tables: vec![table.clone()], ..Default::default() };
    catalog.sort();
    if let Some(sorted) = catalog.tables.pop() {
        *table = sorted;
    }
    Ok(())
}
