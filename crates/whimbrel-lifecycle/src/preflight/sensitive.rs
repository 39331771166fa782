//! Columns whose values are never shown.

use std::collections::HashSet;

use whimbrel_schema::catalog::{DEFAULT_SCHEMA, QualifiedName};
use whimbrel_schema::model::{Field, FieldType, Schema};

use crate::declared::DeclaredSchema;
use crate::project::Project;

/// The sensitive columns of the declared schema; all of them where it cannot be read.
#[derive(Debug)]
pub(super) struct Sensitive {
    columns: Option<HashSet<(QualifiedName, String)>>,
}

impl Sensitive {
    /// Reads the project's declaration.
    pub(super) fn of(project: &Project) -> Self {
        Sensitive { columns: DeclaredSchema::read(project).ok().map(|declared| columns(&declared.schema)) }
    }

    /// Whether a column's values are to be hidden.
    pub(super) fn holds(&self, table: &QualifiedName, column: &str) -> bool {
        match &self.columns {
            Some(columns) => columns.contains(&(table.clone(), column.to_owned())),
            None => true,
        }
    }
}

fn columns(schema: &Schema) -> HashSet<(QualifiedName, String)> {
    let mut found = HashSet::new();
    for model in &schema.models {
        let database_schema = model.schema.clone().unwrap_or_else(|| DEFAULT_SCHEMA.to_owned());
        let tables = std::iter::once(&model.table).chain(&model.was);
        for table in tables.map(|table| QualifiedName::new(database_schema.clone(), table)) {
            for field in model.fields.iter().filter(|field| is_sensitive(schema, field)) {
                // Before its renaming the column holds the same values under its earlier name.
                for name in std::iter::once(field.column_name()).chain(field.was.as_deref()) {
                    found.insert((table.clone(), name.to_owned()));
                }
            }
        }
    }
    found
}

fn is_sensitive(schema: &Schema, field: &Field) -> bool {
    field.sensitive || field.encrypted.is_some() || holds_sensitive(schema, &field.ty)
}

fn holds_sensitive(schema: &Schema, ty: &FieldType) -> bool {
    match ty {
        FieldType::Embedded(name) => schema
            .embedded
            .iter()
            .filter(|embedded| embedded.name == *name)
            .flat_map(|embedded| &embedded.fields)
            .any(|field| is_sensitive(schema, field)),
        FieldType::List(element) => holds_sensitive(schema, element),
        FieldType::Scalar(_) | FieldType::Enum(_) => false,
    }
}
