//! Indexes with their sizes. SQLite counts no use.

use rusqlite::Connection;
use whimbrel_engine::IndexUse;
use whimbrel_schema::catalog::QualifiedName;

pub(crate) fn index_use(connection: &Connection) -> rusqlite::Result<Vec<IndexUse>> {
    let mut statement = connection.prepare(
        "SELECT m.tbl_name, m.name, m.sql IS NULL, (SELECT pgsize FROM dbstat WHERE name = m.name AND aggregate = TRUE)
         FROM sqlite_master AS m
         WHERE m.type = 'index' AND m.tbl_name NOT LIKE 'whimbrel\\_%' ESCAPE '\\'
         ORDER BY m.tbl_name, m.name",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(IndexUse {
            table: QualifiedName::plain(&row.get::<_, String>(0)?),
            name: row.get(1)?,
            is_constraint: row.get(2)?,
            size_bytes: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
            uses: None,
            counted_since: None,
            last_used: None,
            pages: None,
            build: None,
        })
    })?;
    rows.collect()
}
