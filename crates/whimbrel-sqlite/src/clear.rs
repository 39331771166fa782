//! Dropping everything.

use rusqlite::Connection;

use crate::lock::LOCK;
use crate::quote::quoted;

/// Drops every view, trigger and table, Whimbrel's own included but for the lock's, and says in words what it dropped.
pub(crate) fn clear(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    connection.pragma_update(None, "foreign_keys", false)?;
    let result = crate::engine::transaction(connection, drop_all);
    connection.pragma_update(None, "foreign_keys", true)?;
    result
}

fn drop_all(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut dropped = Vec::new();
    // Virtual tables go before the tables in which they keep their data.
    for condition in ["type = 'view'", "type = 'table' AND sql LIKE 'create virtual%'", "type = 'table'"] {
        let sql = format!(
            "SELECT type, name FROM sqlite_master WHERE {condition} AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> '{LOCK}' ORDER BY name"
        );
        let found: Vec<(String, String)> = connection
            .prepare(&sql)?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (kind, name) in found {
            connection.execute_batch(&format!("DROP {kind} IF EXISTS {}", quoted(&name)))?;
            dropped.push(format!("{kind} {name}"));
        }
    }
    Ok(dropped)
}
