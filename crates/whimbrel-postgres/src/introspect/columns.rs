//! Columns and their types.

use std::collections::{HashMap, HashSet};

use tokio_postgres::SimpleQueryRow;
use whimbrel_schema::catalog::{Column, ColumnType, Identity, QualifiedName};

use super::objects::enum_names;
use super::{Context, Oid, Rows};
use crate::result_set::RowText;
use crate::sql_scan::{canonical, with_array_casts_at_elements};

/// How the server marks a stored generated column.
const STORED: &str = "s";
/// How the server marks a generated column that is computed when read.
const VIRTUAL: &str = "v";

/// The defaults of columns that own the sequence they draw from.
pub(super) struct Serials(HashMap<(Oid, i16), Vec<String>>);

impl Serials {
    pub(super) fn read(sequences: &[SimpleQueryRow]) -> Self {
        let mut serials: HashMap<_, Vec<String>> = HashMap::new();
        for row in sequences.iter().filter(|row| row.text(10) == Some("a")) {
            serials.entry((row.number(8), row.number(9))).or_default().push(row.string(11));
        }
        Serials(serials)
    }

    fn is_serial(&self, table: Oid, number: i16, default: Option<&str>) -> bool {
        let Some(default) = default else { return false };
        self.0.get(&(table, number)).is_some_and(|defaults| defaults.iter().any(|own| own == default))
    }
}

/// Every table's columns; names and collations by number for the constraints and indexes.
pub(super) struct ColumnsByTable {
    columns: HashMap<Oid, Vec<Column>>,
    names: HashMap<(Oid, i16), String>,
    collations: HashMap<(Oid, i16), Oid>,
    /// Columns that are computed when read: the schema language has only stored ones.
    pub(super) computed: Vec<(Oid, String)>,
}

impl ColumnsByTable {
    pub(super) fn read(context: &Context<'_>, rows: &Rows, serials: &Serials) -> Self {
        let types = types(context, rows);
        let commented = rows.column_comments.iter();
        let mut comments: HashMap<(Oid, i16), String> =
            commented.map(|row| ((row.number(0), row.number(1)), row.string(2))).collect();
        let mut all = ColumnsByTable {
            columns: HashMap::with_capacity(rows.relations.len()),
            names: HashMap::with_capacity(rows.columns.len()),
            collations: HashMap::new(),
            computed: Vec::new(),
        };
        for row in &rows.columns {
            let table: Oid = row.number(0);
            let number: i16 = row.number(1);
            all.names.insert((table, number), row.string(2));
            all.collations.insert((table, number), row.number(10));
            if row.text(7) == Some(VIRTUAL) {
                all.computed.push((table, row.string(2)));
                continue;
            }
            let mut column = column(row, table, number, &types, serials);
            column.comment = comments.remove(&(table, number));
            all.columns.entry(table).or_default().push(column);
        }
        for row in &rows.foreign_columns {
            all.names.insert((row.number(0), row.number(1)), row.string(2));
        }
        all
    }

    pub(super) fn take(&mut self, table: Oid) -> Vec<Column> {
        self.columns.remove(&table).unwrap_or_default()
    }

    /// The name of a column; empty where it is unknown.
    pub(super) fn name(&self, table: Oid, number: i16) -> String {
        self.names.get(&(table, number)).cloned().unwrap_or_default()
    }

    pub(super) fn names(&self, table: Oid, numbers: &[i16]) -> Vec<String> {
        numbers.iter().map(|number| self.name(table, *number)).collect()
    }

    pub(super) fn collation(&self, table: Oid, number: i16) -> Oid {
        self.collations.get(&(table, number)).copied().unwrap_or_default()
    }
}

type Types = HashMap<(Oid, i32), ColumnType>;

fn types(context: &Context<'_>, rows: &Rows) -> Types {
    let enums = enum_names(context, rows);
    rows.types.iter().map(|row| ((row.number(0), row.number(1)), column_type(context, row, &enums))).collect()
}

fn column_type(context: &Context<'_>, row: &SimpleQueryRow, enums: &HashSet<QualifiedName>) -> ColumnType {
    if let (Some(schema), Some(name)) = (row.text(3), row.text(4)) {
        let name = context.name(schema, name);
        if enums.contains(&name) {
            let plain = ColumnType::Enum(name);
            return if row.flag(5) { ColumnType::Array(Box::new(plain)) } else { plain };
        }
    }
    ColumnType::parse(row.text(2).unwrap_or_default())
}

fn column(row: &SimpleQueryRow, table: Oid, number: i16, types: &Types, serials: &Serials) -> Column {
    let ty = types.get(&(row.number(3), row.number(4))).cloned();
    // Every column's type is in the same snapshot.
    let mut column = Column::new(row.string(2), ty.unwrap_or_else(|| ColumnType::Other(String::new())));
    column.nullable = !row.flag(5);
    column.identity = match row.text(6) {
        Some("a") => Some(Identity::Always),
        Some("d") => Some(Identity::ByDefault),
        _ => None,
    };
    let expression = row.text(8);
    if row.text(7) == Some(STORED) {
        column.generated = expression.map(canonical);
    } else if serials.is_serial(table, number, expression) {
        column.serial = true;
    } else {
        column.default = expression.map(canonical_default);
    }
    column.collation = row.optional(9);
    column
}

/// `now()` and `CURRENT_TIMESTAMP` are one to whoever writes them, but two to the server.
fn canonical_default(expression: &str) -> String {
    if expression == "now()" {
        "CURRENT_TIMESTAMP".to_owned()
    } else {
        with_array_casts_at_elements(expression)
    }
}
