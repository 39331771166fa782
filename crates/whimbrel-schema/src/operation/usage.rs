//! What uses an enumerated type, and the order in which views build on each other.

use crate::catalog::{
    Catalog, Column, ColumnType, IndexDefinition, IndexPartTarget, QualifiedName, Table, View,
};

use super::{EnumColumn, EnumUsage, word_occurs};

/// All that uses an enumerated type, by table and name.
#[must_use]
pub fn enum_usage(catalog: &Catalog, name: &QualifiedName) -> EnumUsage {
    let mut usage = EnumUsage::default();
    for table in &catalog.tables {
        add_table(&mut usage, table, name);
    }
    let touches = |view: &&View| {
        let tables = usage.columns.iter().map(|column| &column.table);
        let generated = usage.generated.iter().map(|(table, _)| table);
        tables.chain(generated).any(|table| word_occurs(&view.query, &table.name))
            || word_occurs(&view.query, &name.name)
    };
    let mut views: Vec<&View> = catalog.views.iter().filter(touches).collect();
    loop {
        let builds_on = |view: &&View| {
            !views.contains(view) && views.iter().any(|base| word_occurs(&view.query, &base.name.name))
        };
        let more: Vec<&View> = catalog.views.iter().filter(builds_on).collect();
        if more.is_empty() {
            break;
        }
        views.extend(more);
    }
    usage.views = in_creation_order(&views).into_iter().cloned().collect();
    usage
}

fn add_table(usage: &mut EnumUsage, table: &Table, name: &QualifiedName) {
    let of_the_type = |column: &&Column| enum_of(&column.ty) == Some(name);
    let mut plain: Vec<&Column> =
        table.columns.iter().filter(of_the_type).filter(|column| column.generated.is_none()).collect();
    let mut generated: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| {
            column.generated.as_ref().is_some_and(|text| {
                of_the_type(column) || plain.iter().any(|used| word_occurs(text, &used.name))
            })
        })
        .collect();
    // The order of columns tells nothing: undoing adds dropped ones at the end.
    plain.sort_by(|a, b| a.name.cmp(&b.name));
    generated.sort_by(|a, b| a.name.cmp(&b.name));
    let used: Vec<&str> = plain.iter().chain(&generated).map(|column| column.name.as_str()).collect();
    let rebuilt: Vec<&str> = generated.iter().map(|column| column.name.as_str()).collect();

    usage.columns.extend(plain.iter().map(|column| EnumColumn {
        table: table.name.clone(),
        column: column.name.clone(),
        array: matches!(column.ty, ColumnType::Array(_)),
        default: column.default.clone(),
    }));
    usage.generated.extend(generated.iter().map(|column| (table.name.clone(), (*column).clone())));
    let checks =
        table.checks.iter().filter(|check| used.iter().any(|column| word_occurs(&check.expression, column)));
    usage.checks.extend(checks.map(|check| (table.name.clone(), check.clone())));
    let indexes = table.indexes.iter().filter(|index| {
        used.iter().any(|column| index_expression_names(index, column))
            || rebuilt.iter().any(|column| index_column_names(index, column))
    });
    usage.indexes.extend(indexes.map(|index| (table.name.clone(), index.clone())));
}

/// The enumerated type that a column's type is, or is an array of.
pub(crate) fn enum_of(ty: &ColumnType) -> Option<&QualifiedName> {
    match ty {
        ColumnType::Enum(name) => Some(name),
        ColumnType::Array(element) => enum_of(element),
        _ => None,
    }
}

/// Whether the condition or an expression of the index names the column.
pub(crate) fn index_expression_names(index: &IndexDefinition, column: &str) -> bool {
    index.predicate.iter().any(|text| word_occurs(text, column))
        || index.keys.iter().any(
            |part| matches!(&part.target, IndexPartTarget::Expression(text) if word_occurs(text, column)),
        )
}

/// Whether the column is a key of the index or carried by it.
pub(crate) fn index_column_names(index: &IndexDefinition, column: &str) -> bool {
    index.include.iter().any(|name| name == column)
        || index
            .keys
            .iter()
            .any(|part| matches!(&part.target, IndexPartTarget::Column(name) if name == column))
}

/// The views with each after those that its query names.
pub(crate) fn in_creation_order<'a>(views: &[&'a View]) -> Vec<&'a View> {
    let mut waiting: Vec<&View> = views.to_vec();
    waiting.sort_by(|a, b| a.name.cmp(&b.name));
    let mut ordered = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let free = waiting.iter().position(|view| {
            !waiting.iter().any(|other| other.name != view.name && word_occurs(&view.query, &other.name.name))
        });
        // Views cannot build on each other in a circle; a name may only look so.
        ordered.push(waiting.remove(free.unwrap_or(0)));
    }
    ordered
}
