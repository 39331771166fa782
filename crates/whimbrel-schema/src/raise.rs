//! A database's catalogue as a declared schema: what `whimbrel schema pull` writes.
//!
//! Lowering the result gives the same catalogue again, apart from what the notes name.

mod columns;
mod defaults;
pub(crate) mod names;

use std::collections::BTreeMap;

use crate::catalog::{
    Catalog, EnumDefinition, ForeignKeyConstraint, IndexDefinition, IndexPart, IndexPartTarget,
    QualifiedName, SequenceDefinition, Table, UniqueConstraint,
};
use crate::lower::shortened;
use crate::model::{
    Check, Condition, Deferral, EnumStore, EnumType, FieldIndex, ForeignKey, Index, IndexKey, IndexKind,
    IndexTarget, Model, Reference, Schema, Sequence, Storage, Unique, Variant, snake_case,
};
use names::NameMaker;

/// A declared schema, and what it could not say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Raised {
    /// The schema.
    pub schema: Schema,
    /// What stands in the database and not, or not quite, in the schema; one sentence each.
    pub notes: Vec<String>,
}

/// The declared schema of a relational catalogue.
#[must_use]
pub fn raise(catalog: &Catalog) -> Raised {
    let mut raising = Raising::new(catalog);
    let mut schema = Schema::new();
    schema.enums = catalog.enums.iter().map(|definition| raising.enum_type(definition)).collect();
    schema.sequences = catalog.sequences.iter().map(|definition| raising.sequence(definition)).collect();
    schema.models = catalog.tables.iter().map(|table| raising.model(table)).collect();
    for view in &catalog.views {
        raising.notes.push(format!("the view `{}` stays unmanaged", view.name));
    }
    raising.note_empty_schemas();
    Raised { schema, notes: raising.notes }
}

struct Raising<'a> {
    catalog: &'a Catalog,
    /// The Rust names of enums and tables.
    types: BTreeMap<&'a QualifiedName, String>,
    models: BTreeMap<&'a QualifiedName, String>,
    sequences: BTreeMap<&'a QualifiedName, String>,
    /// The Rust names of each table's columns.
    fields: BTreeMap<(&'a QualifiedName, &'a str), String>,
    notes: Vec<String>,
}

impl<'a> Raising<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        let mut taken = NameMaker::types();
        let mut fields = BTreeMap::new();
        let models =
            (catalog.tables.iter()).map(|table| (&table.name, taken.model(&table.name.name))).collect();
        let types = (catalog.enums.iter())
            .map(|definition| (&definition.name, taken.type_name(&definition.name.name)))
            .collect();
        let sequences = (catalog.sequences.iter())
            .map(|sequence| (&sequence.name, taken.type_name(&sequence.name.name)))
            .collect();
        for table in &catalog.tables {
            let mut taken = NameMaker::fields();
            for column in &table.columns {
                fields.insert((&table.name, column.name.as_str()), taken.field(&column.name));
            }
        }
        Raising { catalog, types, models, sequences, fields, notes: Vec::new() }
    }

    fn model(&mut self, table: &'a Table) -> Model {
        let mut model = Model::new(self.models[&table.name].clone(), Storage::Table, table.name.name.clone());
        model.schema = other_schema(&table.name);
        model.comment.clone_from(&table.comment);
        model.with.clone_from(&table.with);
        model.fields = table.columns.iter().map(|column| self.field(table, column)).collect();
        self.primary_key(table, &mut model);
        for unique in &table.uniques {
            self.unique(table, unique, &mut model);
        }
        self.foreign_keys(table, &mut model);
        for check in &table.checks {
            if check.not_valid {
                self.note_not_valid(table, &check.name);
            }
            let condition = Condition::Sql(check.expression.clone());
            model.checks.push(Check { name: check.name.clone(), condition });
        }
        for index in &table.indexes {
            self.index(table, index, &mut model);
        }
        model
    }

    fn primary_key(&mut self, table: &Table, model: &mut Model) {
        let Some(key) = &table.primary_key else { return };
        let mut in_table_order = Vec::new();
        for (column, field) in table.columns.iter().zip(&mut model.fields) {
            if key.columns.contains(&column.name) {
                field.id = true;
                field.optional = false;
                in_table_order.push(column.name.clone());
            }
        }
        if in_table_order != key.columns {
            self.notes.push(format!(
                "the primary key of `{}` orders its columns ({}), and the schema takes the fields' order",
                table.name,
                key.columns.join(", ")
            ));
        }
        model.primary_key_name = other_than(&key.name, &format!("{}_pkey", table.name.name));
    }

    fn unique(&self, table: &'a Table, unique: &UniqueConstraint, model: &mut Model) {
        let name = other_than(&unique.name, &format!("{}_{}_key", table.name.name, unique.columns.join("_")));
        let is_plain = name.is_none()
            && !unique.nulls_not_distinct
            && unique.deferral == Deferral::NotDeferrable
            && unique.include.is_empty();
        match unique.columns.as_slice() {
            [column] if is_plain => {
                if let Some(field) = field_of(model, column) {
                    field.unique = true;
                }
            }
            columns => model.uniques.push(Unique {
                fields: self.field_names(table, columns),
                name,
                nulls_not_distinct: unique.nulls_not_distinct,
                deferral: unique.deferral,
                include: self.field_names(table, &unique.include),
            }),
        }
    }

    fn foreign_keys(&mut self, table: &'a Table, model: &mut Model) {
        let default_name =
            |key: &ForeignKeyConstraint| format!("{}_{}_fkey", table.name.name, key.columns.join("_"));
        let mut keys: Vec<_> = table.foreign_keys.iter().collect();
        // A column's own reference is the one with the name that PostgreSQL gives it.
        keys.sort_by_key(|key| key.name != shortened(&default_name(key)));
        for key in keys {
            if key.not_valid {
                self.note_not_valid(table, &key.name);
            }
            let Some(target) = self.catalog.table(&key.references) else {
                self.notes.push(format!(
                    "the foreign key `{}` of `{}` refers to `{}`, which is unmanaged, and is left out",
                    key.name, table.name, key.references
                ));
                continue;
            };
            let target_model = self.models[&target.name].clone();
            let references = self.field_names(target, &key.referenced_columns);
            let name = other_than(&key.name, &default_name(key));
            let field = match key.columns.as_slice() {
                [column] => field_of(model, column).filter(|field| field.references.is_none()),
                _ => None,
            };
            match (field, references.as_slice()) {
                (Some(field), [referenced]) => {
                    field.references = Some(Reference {
                        model: target_model,
                        field: referenced.clone(),
                        on_delete: key.on_delete,
                        on_update: key.on_update,
                        deferral: key.deferral,
                        name,
                    });
                }
                _ => model.foreign_keys.push(ForeignKey {
                    fields: self.field_names(table, &key.columns),
                    model: target_model,
                    references,
                    on_delete: key.on_delete,
                    on_update: key.on_update,
                    deferral: key.deferral,
                    name,
                }),
            }
        }
    }

    fn index(&mut self, table: &'a Table, index: &IndexDefinition, model: &mut Model) {
        if index.invalid {
            self.notes.push(format!(
                "the index `{}` of `{}` is invalid: its build failed, and it must be built again",
                index.name, table.name
            ));
        }
        let parts: Vec<&str> = index
            .keys
            .iter()
            .map(|key| match &key.target {
                IndexPartTarget::Column(column) => column.as_str(),
                IndexPartTarget::Expression(_) => "expr",
            })
            .collect();
        let name = other_than(&index.name, &format!("idx_{}_{}", table.name.name, parts.join("_")));
        if name.is_none()
            && let Some((column, descending)) = plain_column(index)
            && let Some(field) = field_of(model, column).filter(|field| field.index.is_none())
        {
            field.index = Some(FieldIndex { descending, name: None });
            return;
        }
        let is_ordered = index.method == "btree";
        model.indexes.push(Index {
            name,
            kind: if is_ordered { IndexKind::Ordered } else { IndexKind::Method(index.method.clone()) },
            keys: index.keys.iter().map(|key| self.index_key(table, key, is_ordered)).collect(),
            unique: index.unique,
            sparse: false,
            nulls_not_distinct: index.nulls_not_distinct,
            predicate: index.predicate.clone(),
            include: self.field_names(table, &index.include),
            with: index.with.clone(),
        });
    }

    fn index_key(&self, table: &'a Table, part: &IndexPart, is_ordered: bool) -> IndexKey {
        IndexKey {
            target: match &part.target {
                IndexPartTarget::Column(column) => IndexTarget::Field(self.field_name(table, column)),
                IndexPartTarget::Expression(sql) => IndexTarget::Sql(sql.clone()),
            },
            descending: part.descending,
            nulls_first: (is_ordered && part.nulls_first != part.descending).then_some(part.nulls_first),
            operator_class: part.operator_class.clone(),
            collation: part.collation.clone(),
            weight: None,
        }
    }

    fn enum_type(&mut self, definition: &'a EnumDefinition) -> EnumType {
        let name = self.types[&definition.name].clone();
        let is_used = (self.catalog.tables.iter())
            .flat_map(|table| &table.columns)
            .any(|column| column.ty.enum_name() == Some(&definition.name));
        if definition.comment.is_some() {
            self.notes.push(format!("the comment on the type `{}` is left out", definition.name));
        }
        if definition.values.iter().any(String::is_empty) {
            self.notes.push(format!("the type `{}` has an empty value, which is left out", definition.name));
        }
        let mut taken = NameMaker::variants();
        let variants = (definition.values.iter().filter(|value| !value.is_empty()))
            .map(|value| {
                let name = taken.variant(value);
                let value = (snake_case(&name) != *value).then(|| value.clone());
                Variant { name, doc: None, value, was: None }
            })
            .collect();
        EnumType {
            type_name: (snake_case(&name) != definition.name.name).then(|| definition.name.name.clone()),
            name,
            doc: None,
            schema: other_schema(&definition.name),
            was: None,
            store: (!is_used).then_some(EnumStore::Native),
            variants,
        }
    }

    fn sequence(&self, definition: &'a SequenceDefinition) -> Sequence {
        let name = self.sequences[&definition.name].clone();
        let ascends = definition.increment > 0;
        let (lowest, highest) = if ascends { (1, i64::MAX) } else { (i64::MIN, -1) };
        let first = if ascends { definition.min } else { definition.max };
        let unless = |value: i64, custom: i64| (value != custom).then_some(value);
        Sequence {
            sequence: (snake_case(&name) != definition.name.name).then(|| definition.name.name.clone()),
            name,
            schema: other_schema(&definition.name),
            start: unless(definition.start, first),
            increment: unless(definition.increment, 1),
            min: unless(definition.min, lowest),
            max: unless(definition.max, highest),
            cache: unless(definition.cache, 1),
            cycle: definition.cycle,
        }
    }

    fn field_name(&self, table: &'a Table, column: &str) -> String {
        (table.column(column))
            .and_then(|column| self.fields.get(&(&table.name, column.name.as_str())))
            .cloned()
            .unwrap_or_else(|| column.to_owned())
    }

    fn field_names(&self, table: &'a Table, columns: &[String]) -> Vec<String> {
        columns.iter().map(|column| self.field_name(table, column)).collect()
    }

    fn note_not_valid(&mut self, table: &Table, constraint: &str) {
        self.notes.push(format!(
            "the constraint `{constraint}` of `{}` is NOT VALID: rows from before it are unchecked",
            table.name
        ));
    }

    fn note_empty_schemas(&mut self) {
        for schema in &self.catalog.schemas {
            let is_used = (self.models.keys())
                .chain(self.types.keys())
                .chain(self.sequences.keys())
                .any(|name| name.schema == *schema);
            if !is_used {
                self.notes
                    .push(format!("the database schema `{schema}` holds nothing managed and is left out"));
            }
        }
    }
}

/// The column and direction of an index that says nothing else.
fn plain_column(index: &IndexDefinition) -> Option<(&str, bool)> {
    let is_plain = index.method == "btree"
        && !index.unique
        && index.predicate.is_none()
        && index.include.is_empty()
        && index.with.is_empty();
    match index.keys.as_slice() {
        [part]
            if is_plain
                && part.nulls_first == part.descending
                && part.operator_class.is_none()
                && part.collation.is_none() =>
        {
            match &part.target {
                IndexPartTarget::Column(column) => Some((column, part.descending)),
                IndexPartTarget::Expression(_) => None,
            }
        }
        _ => None,
    }
}

fn field_of<'m>(model: &'m mut Model, column: &str) -> Option<&'m mut crate::model::Field> {
    model.fields.iter_mut().find(|field| field.column_name() == column)
}

fn other_schema(name: &QualifiedName) -> Option<String> {
    (!name.in_default_schema()).then(|| name.schema.clone())
}

/// The name where it is not the one that custom gives.
fn other_than(name: &str, custom: &str) -> Option<String> {
    (name != shortened(custom)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests;
