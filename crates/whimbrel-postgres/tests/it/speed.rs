//! How long the catalogue of a large database takes.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use whimbrel_engine::Relational as _;
use whimbrel_schema::catalog::Catalog;
use whimbrel_testkit::PostgresVersion;

use crate::support::{connect, fresh, scope};

const TABLES: usize = 1_000;
const ATTEMPTS: usize = 3;

/// Tables of eight columns, two indexes and one foreign key.
pub(crate) fn tables_sql() -> String {
    let mut sql = String::new();
    for table in 0..TABLES {
        let parent = if table == 0 { 0 } else { table - 1 };
        writeln!(
            sql,
            "CREATE TABLE t{table} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), parent_id uuid, \
             name varchar(100) NOT NULL, note text DEFAULT '', amount numeric(10,2), \
             is_active boolean NOT NULL DEFAULT true, created_at timestamptz NOT NULL DEFAULT now(), tags text[]); \
             CREATE INDEX ix_t{table}_parent ON t{table} (parent_id); \
             CREATE INDEX ix_t{table}_name ON t{table} (name, created_at DESC); \
             ALTER TABLE t{table} ADD CONSTRAINT fk_t{table} FOREIGN KEY (parent_id) REFERENCES t{parent} (id) \
             ON DELETE CASCADE;"
        )
        .unwrap();
    }
    sql
}

#[tokio::test]
async fn a_thousand_tables_are_read_in_less_than_a_second() {
    for version in [PostgresVersion::V15, PostgresVersion::V18] {
        let (database, postgres) = fresh(version).await;
        postgres.close().await;
        database.psql(&tables_sql()).unwrap();
        // The best of a few, each in a new session: the machine does other things too.
        let mut best = Duration::MAX;
        let mut catalog = Catalog::default();
        for _ in 0..ATTEMPTS {
            let mut postgres = connect(&database).await;
            let begun = Instant::now();
            catalog = postgres.introspect(&scope(&["public"])).await.unwrap();
            best = best.min(begun.elapsed());
            postgres.close().await;
        }
        println!("{TABLES} tables on {version:?}: {} ms", best.as_millis());
        assert_eq!(catalog.tables.len(), TABLES);
        assert!(catalog.tables.iter().all(|table| table.columns.len() == 8
            && table.indexes.len() == 2
            && table.foreign_keys.len() == 1));
        assert!(best.as_millis() < 1_000, "{best:?}");
    }
}
