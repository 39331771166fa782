//! What stands in a database: tables, rows, sizes.

use std::collections::BTreeMap;

use rusqlite::Connection;
use whimbrel_engine::{Inventory, TableUsage};

use crate::introspect;
use crate::quote::quoted;

pub(crate) fn inventory(connection: &Connection) -> rusqlite::Result<Inventory> {
    let page_count: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let page_size: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
    let sizes = sizes(connection)?;
    let mut tables = Vec::new();
    for table in introspect::tables(connection)? {
        let rows: i64 = connection.query_row(
            &format!("SELECT count(*) FROM {}", quoted(&table.name.name)),
            [],
            |row| row.get(0),
        )?;
        let size_bytes = sizes.get(&table.name.name).copied().unwrap_or_default();
        tables.push(TableUsage {
            name: table.name,
            rows: rows.unsigned_abs(),
            rows_estimated: false,
            size_bytes,
        });
    }
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Inventory { database_size_bytes: page_count.saturating_mul(page_size).unsigned_abs(), tables })
}

/// The pages of each table with its indexes, in bytes.
fn sizes(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut statement = connection.prepare(
        "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat AS s JOIN sqlite_master AS m ON m.name = s.name
         WHERE s.aggregate = TRUE GROUP BY m.tbl_name",
    )?;
    let rows = statement
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    rows.collect()
}
