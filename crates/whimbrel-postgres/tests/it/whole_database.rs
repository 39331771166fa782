//! The inventory, and dropping everything.

use whimbrel_engine::{Engine as _, Relational as _, Unwatched};
use whimbrel_schema::catalog::QualifiedName;

use crate::support::{VERSIONS, fresh, scope, step};

const OBJECTS: &str = "
CREATE SCHEMA billing;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (a int, b int);
CREATE SEQUENCE numbers;
CREATE TABLE trips (id serial PRIMARY KEY, mood mood, nights positive);
CREATE TABLE billing.invoices (id int PRIMARY KEY, trip_id int REFERENCES trips);
CREATE VIEW moods AS SELECT mood FROM trips;
CREATE MATERIALIZED VIEW billing.totals AS SELECT count(*) FROM billing.invoices;
CREATE FUNCTION touch(at timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION touch(at timestamptz, why text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE PROCEDURE tidy() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE TABLE parts (id int) PARTITION BY RANGE (id);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (1) TO (2);
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.kept (id int);
INSERT INTO trips (mood) SELECT 'good' FROM generate_series(1, 250);
";

#[tokio::test]
async fn the_inventory_counts_small_tables() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        database.psql(OBJECTS).unwrap();
        postgres.prepare().await.unwrap();
        let inventory = postgres.inventory(&scope(&["public", "billing"])).await.unwrap();
        assert!(inventory.database_size_bytes > 1_000_000);
        let shown: Vec<_> = inventory
            .tables
            .iter()
            .map(|table| (table.name.clone(), table.rows, table.rows_estimated))
            .collect();
        assert_eq!(
            shown,
            [
                (QualifiedName::new("billing", "invoices"), 0, false),
                (QualifiedName::plain("parts_1"), 0, false),
                (QualifiedName::plain("trips"), 250, false),
            ]
        );
        assert!(inventory.tables[2].size_bytes >= 16_384);
    }
}

#[tokio::test]
async fn a_large_table_is_estimated() {
    let (database, mut postgres) = fresh(VERSIONS[0]).await;
    let sql =
        "CREATE TABLE large AS SELECT repeat('x', 1000) AS line FROM generate_series(1, 9000); ANALYZE large";
    database.psql(sql).unwrap();
    let inventory = postgres.inventory(&scope(&["public"])).await.unwrap();
    assert_eq!((inventory.tables[0].rows, inventory.tables[0].rows_estimated), (9_000, true));
}

#[tokio::test]
async fn everything_in_scope_goes_and_the_rest_stays() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        database.psql("CREATE EXTENSION hstore").ok();
        database.psql(OBJECTS).unwrap();
        postgres.prepare().await.unwrap();
        let both = scope(&["public", "billing"]);
        let words = postgres.clear(&both).await.unwrap();
        for expected in [
            "table trips",
            "table billing.invoices",
            "table parts",
            "table whimbrel_history",
            "view moods",
            "materialized view billing.totals",
            "sequence numbers",
            "type mood",
            "type pair",
            "domain positive",
            "function touch",
            "procedure tidy",
            "aggregate total",
            "schema billing",
        ] {
            assert!(words.iter().any(|word| word == expected), "{expected}: {words:?}");
        }
        assert!(!words.iter().any(|word| word.contains("hstore") || word.contains("each")), "{words:?}");
        let mut left = postgres.introspect(&both).await.unwrap();
        left.unmanaged.retain(|unmanaged| unmanaged.name.name != "hstore");
        assert!(left.is_empty() && left.unmanaged.is_empty(), "{left:?}");
        assert_eq!(database.psql("SELECT count(*) FROM elsewhere.kept").unwrap().trim(), "0");
        assert!(postgres.clear(&both).await.unwrap().is_empty());
        assert!(postgres.prepare().await.unwrap());
        postgres.apply(&step("0001", &["CREATE TABLE trips (id int)"]), &mut Unwatched).await.unwrap();
    }
}
