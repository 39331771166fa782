//! Tables with their rows and sizes.

use tokio_postgres::SimpleQueryRow;
use whimbrel_engine::{Inventory, Result, Scope, TableUsage};
use whimbrel_schema::catalog::{DEFAULT_SCHEMA, QualifiedName};

use crate::connection::Postgres;
use crate::introspect::{OWN_TABLES, free_of_extensions};
use crate::quote::{literal_list, qualified};
use crate::result_set::RowText;

/// Up to this size a table is counted row by row: 1,000 pages are read in about a millisecond.
const COUNTED_SIZE_BYTES: u64 = 1_000 * 8_192;
/// How many tables one query counts.
const COUNTS_PER_QUERY: usize = 100;

impl Postgres {
    pub(crate) async fn take_inventory(&self, scope: &Scope) -> Result<Inventory> {
        let doing = "measuring the tables";
        let sql = format!(
            "SELECT pg_database_size(current_database()); \
             SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::bigint, c.reltuples < 0, \
             pg_total_relation_size(c.oid), pg_relation_size(c.oid), has_table_privilege(c.oid, 'SELECT') \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relkind = 'r' AND n.nspname IN ({}) AND c.relname NOT IN ({}) \
             AND {}",
            literal_list(&scope.schemas),
            literal_list(&OWN_TABLES),
            free_of_extensions("c.oid", "pg_class"),
        );
        let mut sets = self.run(&sql, doing).await?.into_iter();
        let size = sets.next().and_then(|set| set.rows.first().map(|row| row.number(0)));
        let rows = sets.next().map(|set| set.rows).unwrap_or_default();
        let default = scope.schemas.first().map_or(self.schema.as_str(), String::as_str);
        let mut tables: Vec<TableUsage> = rows.iter().map(|row| usage(row, default)).collect();
        self.count(&rows, &mut tables, doing).await?;
        tables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Inventory { database_size_bytes: size.unwrap_or_default(), tables })
    }

    /// Counts the tables that are small or that the server has no estimate for.
    async fn count(&self, rows: &[SimpleQueryRow], tables: &mut [TableUsage], doing: &str) -> Result<()> {
        let counted: Vec<usize> = (0..rows.len()).filter(|place| is_counted(&rows[*place])).collect();
        let queries: Vec<String> = counted
            .chunks(COUNTS_PER_QUERY)
            .map(|places| {
                let counts = places.iter().map(|place| {
                    let row = &rows[*place];
                    let name = qualified(row.text(0).unwrap_or_default(), row.text(1).unwrap_or_default());
                    format!("SELECT {place}, count(*) FROM ONLY {name}")
                });
                counts.collect::<Vec<_>>().join(" UNION ALL ")
            })
            .collect();
        for answer in self.pipeline(&queries).await {
            let sets = answer.map_err(|error| self.failed(&error, doing))?;
            for row in sets.iter().flat_map(|set| &set.rows) {
                if let Some(table) = tables.get_mut(row.number::<usize>(0)) {
                    table.rows = row.number(1);
                    table.rows_estimated = false;
                }
            }
        }
        Ok(())
    }
}

fn usage(row: &SimpleQueryRow, default_schema: &str) -> TableUsage {
    let schema = row.text(0).unwrap_or_default();
    let schema = if schema == default_schema { DEFAULT_SCHEMA } else { schema };
    TableUsage {
        name: QualifiedName::new(schema, row.text(1).unwrap_or_default()),
        rows: row.number(2),
        rows_estimated: true,
        size_bytes: row.number(4),
    }
}

fn is_counted(row: &SimpleQueryRow) -> bool {
    row.flag(6) && (row.flag(3) || row.number::<u64>(5) < COUNTED_SIZE_BYTES)
}
