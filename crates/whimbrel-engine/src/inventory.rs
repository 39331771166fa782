//! What stands in a database: tables, rows, sizes.

use serde::{Deserialize, Serialize};
use whimbrel_schema::catalog::QualifiedName;

/// The tables of a database with their sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The whole database's size in bytes.
    pub database_size_bytes: u64,
    /// Every table in scope, sorted by name; Whimbrel's own tables are left out.
    pub tables: Vec<TableUsage>,
}

/// One table's rows and size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableUsage {
    /// The table.
    pub name: QualifiedName,
    /// The number of rows: counted, or the server's estimate where `rows_estimated`.
    pub rows: u64,
    /// Whether `rows` is an estimate.
    pub rows_estimated: bool,
    /// The size with indexes and out-of-line storage, in bytes.
    pub size_bytes: u64,
}
