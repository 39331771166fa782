//! Reading rows and the sizes of tables.

use whimbrel_engine::{Result, TableSize};
use whimbrel_schema::catalog::QualifiedName;

use crate::connection::Postgres;
use crate::quote::{literal, qualified};
use crate::result_set::RowText;

/// Up to so many rows, by the server's statistics, a table is counted; a larger one is estimated.
const COUNTED_ROWS: i64 = 100_000;
/// Up to this size a table without statistics is counted.
const COUNTED_BYTES: u64 = 256 << 20;
/// What a row of a table without statistics is taken to need, its share of the indexes included.
const ASSUMED_ROW_BYTES: u64 = 128;

impl Postgres {
    /// The rows of one query, in a transaction that cannot write.
    pub(crate) async fn read_rows(&self, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        let sql = format!("BEGIN READ ONLY; {query}; COMMIT");
        let sets = match self.try_run(&sql).await {
            Ok(sets) => sets,
            Err(error) => {
                self.roll_back().await;
                return Err(self.failed(&error, "reading rows"));
            }
        };
        let rows = sets.into_iter().nth(1).map(|set| set.rows).unwrap_or_default();
        Ok(rows.iter().map(|row| (0..row.len()).map(|index| row.optional(index)).collect()).collect())
    }

    pub(crate) async fn size_of_table(&self, table: &QualifiedName) -> Result<Option<TableSize>> {
        let schema = if table.in_default_schema() { &self.schema } else { &table.schema };
        let name = qualified(schema, &table.name);
        let sql = format!(
            "SELECT c.reltuples::bigint, pg_total_relation_size(c.oid) FROM pg_catalog.pg_class c \
             WHERE c.oid = to_regclass({}) AND c.relkind IN ('r', 'p', 'm')",
            literal(&name)
        );
        let found = self.read_rows(&sql).await?;
        let Some(row) = found.first() else { return Ok(None) };
        let number =
            |index: usize| row.get(index).cloned().flatten().and_then(|text| text.parse::<i64>().ok());
        let estimate = number(0).unwrap_or(-1);
        let bytes = number(1).and_then(|bytes| u64::try_from(bytes).ok());
        if estimate > COUNTED_ROWS {
            return Ok(Some(TableSize { rows: estimate.unsigned_abs(), is_exact: false, bytes }));
        }
        if let Some(bytes) = bytes.filter(|bytes| estimate < 0 && *bytes > COUNTED_BYTES) {
            let rows = bytes / ASSUMED_ROW_BYTES;
            return Ok(Some(TableSize { rows, is_exact: false, bytes: Some(bytes) }));
        }
        let counted = self.read_rows(&format!("SELECT count(*) FROM {name}")).await?;
        let rows = counted.first().and_then(|row| row.first().cloned().flatten());
        let rows = rows.and_then(|text| text.parse().ok()).unwrap_or_default();
        Ok(Some(TableSize { rows, is_exact: true, bytes }))
    }
}
