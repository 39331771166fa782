//! Indexes as the server's statistics tell of them.

use tokio_postgres::SimpleQueryRow;
use whimbrel_engine::{IndexBuild, IndexUse, Pages, Result, Scope};
use whimbrel_schema::catalog::{DEFAULT_SCHEMA, QualifiedName};

use crate::connection::Postgres;
use crate::introspect::{OWN_TABLES, free_of_extensions};
use crate::quote::literal_list;
use crate::result_set::RowText;

/// The first version that notes when an index was last used.
const NOTES_LAST_USE: u32 = 16;
const LOOKING: &str = "reading the use of the indexes";

impl Postgres {
    pub(crate) async fn read_index_use(&self, scope: &Scope) -> Result<Vec<IndexUse>> {
        let last_used = if self.major >= NOTES_LAST_USE { "s.last_idx_scan" } else { "NULL::timestamptz" };
        let sql = format!(
            "SELECT n.nspname, t.relname, c.relname, \
             EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')), \
             pg_relation_size(c.oid), s.idx_scan, {}, {}, io.idx_blks_hit, io.idx_blks_read, p.phase, \
             CASE WHEN p.blocks_total > 0 THEN p.blocks_done ELSE p.tuples_done END, \
             CASE WHEN p.blocks_total > 0 THEN p.blocks_total ELSE nullif(p.tuples_total, 0) END, \
             greatest(0, extract(epoch FROM clock_timestamp() - a.query_start) * 1000)::bigint \
             FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
             LEFT JOIN pg_catalog.pg_stat_user_indexes s ON s.indexrelid = c.oid \
             LEFT JOIN pg_catalog.pg_statio_user_indexes io ON io.indexrelid = c.oid \
             LEFT JOIN pg_catalog.pg_stat_database d ON d.datname = current_database() \
             LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.index_relid = c.oid \
             LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = p.pid \
             WHERE n.nspname IN ({}) AND t.relname NOT IN ({}) AND t.relkind IN ('r', 'p', 'm') AND {} \
             ORDER BY n.nspname, t.relname, c.relname",
            timestamp("d.stats_reset"),
            timestamp(last_used),
            literal_list(&scope.schemas),
            literal_list(&OWN_TABLES),
            free_of_extensions("t.oid", "pg_class"),
        );
        let sets = self.run(&sql, LOOKING).await?;
        let default = scope.schemas.first().map_or(self.schema.as_str(), String::as_str);
        Ok(sets.iter().flat_map(|set| &set.rows).map(|row| index_use(row, default)).collect())
    }
}

/// A time as RFC 3339.
fn timestamp(expression: &str) -> String {
    format!("to_char({expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
}

fn index_use(row: &SimpleQueryRow, default_schema: &str) -> IndexUse {
    let known = |column: usize| row.text(column).and_then(|text| text.parse::<u64>().ok());
    let schema = row.text(0).unwrap_or_default();
    let schema = if schema == default_schema { DEFAULT_SCHEMA } else { schema };
    let build = row.optional(10).map(|phase| IndexBuild {
        phase,
        done: row.number(11),
        total: known(12),
        running_ms: row.number(13),
    });
    IndexUse {
        table: QualifiedName::new(schema, row.text(1).unwrap_or_default()),
        name: row.string(2),
        is_constraint: row.flag(3),
        size_bytes: known(4),
        uses: known(5),
        counted_since: row.optional(6),
        last_used: row.optional(7),
        pages: known(8).map(|hits| Pages { hits, reads: row.number(9) }),
        build,
    }
}
