//! A small catalogue for the cases to change.

use crate::catalog::{
    Catalog, CheckConstraint, Column, ColumnType as T, Deferral, EnumDefinition, ForeignKeyConstraint,
    IndexDefinition, IndexPart, IndexPartTarget, PrimaryKey, QualifiedName, ReferentialAction, Table,
    UniqueConstraint,
};

/// `users` and `trips`, with a type for the state of a trip.
pub(super) fn catalog() -> Catalog {
    let mut catalog = Catalog {
        enums: vec![EnumDefinition {
            name: plain("trip_status"),
            values: vec!["planned".into(), "done".into()],
            comment: None,
        }],
        tables: vec![users(), trips()],
        ..Catalog::default()
    };
    catalog.sort();
    catalog
}

fn users() -> Table {
    let mut table = Table::new(plain("users"));
    table.columns = vec![Column::new("id", T::Uuid), Column::new("email", T::Varchar(Some(255)))];
    table.primary_key = Some(key("users_pkey", &["id"]));
    table.uniques = vec![unique("users_email_key", &["email"])];
    table
}

fn trips() -> Table {
    let mut table = Table::new(plain("trips"));
    let status = Column {
        default: Some("'planned'::trip_status".into()),
        ..Column::new("status", T::Enum(plain("trip_status")))
    };
    let budget = Column { nullable: true, ..Column::new("budget", T::Numeric(Some((10, 2)))) };
    table.columns = vec![
        Column::new("id", T::Uuid),
        Column::new("user_id", T::Uuid),
        Column::new("title", T::Text),
        budget,
        status,
    ];
    table.primary_key = Some(key("trips_pkey", &["id"]));
    table.foreign_keys = vec![foreign_key("trips_user_id_fkey", &["user_id"], "users", &["id"])];
    table.checks = vec![check("trips_budget_check", "budget >= 0")];
    table.indexes = vec![index("idx_trips_user_id", &["user_id"])];
    table
}

pub(super) fn plain(name: &str) -> QualifiedName {
    QualifiedName::plain(name)
}

pub(super) fn strings(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub(super) fn key(name: &str, columns: &[&str]) -> PrimaryKey {
    PrimaryKey { name: name.into(), columns: strings(columns) }
}

pub(super) fn unique(name: &str, columns: &[&str]) -> UniqueConstraint {
    UniqueConstraint {
        name: name.into(),
        columns: strings(columns),
        nulls_not_distinct: false,
        deferral: Deferral::NotDeferrable,
        include: Vec::new(),
    }
}

pub(super) fn foreign_key(
    name: &str,
    columns: &[&str],
    references: &str,
    referenced: &[&str],
) -> ForeignKeyConstraint {
    ForeignKeyConstraint {
        name: name.into(),
        columns: strings(columns),
        references: plain(references),
        referenced_columns: strings(referenced),
        on_delete: ReferentialAction::Cascade,
        on_update: ReferentialAction::NoAction,
        deferral: Deferral::NotDeferrable,
        not_valid: false,
    }
}

pub(super) fn check(name: &str, expression: &str) -> CheckConstraint {
    CheckConstraint { name: name.into(), expression: expression.into(), not_valid: false }
}

pub(super) fn index(name: &str, columns: &[&str]) -> IndexDefinition {
    IndexDefinition {
        name: name.into(),
        method: "btree".into(),
        keys: columns.iter().map(|column| part(IndexPartTarget::Column((*column).into()))).collect(),
        unique: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    }
}

pub(super) fn part(target: IndexPartTarget) -> IndexPart {
    IndexPart { target, descending: false, nulls_first: false, operator_class: None, collation: None }
}

/// The table `trips`, to change.
pub(super) fn trips_of(catalog: &mut Catalog) -> &mut Table {
    table_of(catalog, "trips")
}

/// A table, to change.
pub(super) fn table_of<'a>(catalog: &'a mut Catalog, name: &str) -> &'a mut Table {
    catalog.tables.iter_mut().find(|table| table.name.name == name).expect("the sample holds the table")
}

/// A column of `trips`, to change.
pub(super) fn column_of<'a>(catalog: &'a mut Catalog, name: &str) -> &'a mut Column {
    trips_of(catalog)
        .columns
        .iter_mut()
        .find(|column| column.name == name)
        .expect("the sample holds the column")
}

/// Adds a column to `trips`.
pub(super) fn with_column(column: Column) -> impl Fn(&mut Catalog) {
    move |catalog| trips_of(catalog).columns.push(column.clone())
}
