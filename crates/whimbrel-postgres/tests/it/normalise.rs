//! What normalising says is what introspecting finds after the same catalogue has really been applied.

use std::fmt::Write as _;
use std::time::Instant;

use whimbrel_engine::{Engine as _, EngineError, Relational as _, Scope};
use whimbrel_postgres::Postgres;
use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::generate::{Histogram, Options, random_schema};
use whimbrel_schema::lower::lower;
use whimbrel_schema::{ddl, diff};
use whimbrel_testkit::{PostgresVersion, TRAVYA_SQL, TestDatabase};

use crate::support::{VERSIONS, fresh, scope};

fn script(desired: &Catalog) -> String {
    let mut sql = String::new();
    for operation in diff::diff(&Catalog::default(), desired, &[]) {
        for statement in ddl::statements(&operation) {
            writeln!(sql, "{statement};").unwrap();
        }
    }
    sql
}

fn scope_of(catalog: &Catalog) -> Scope {
    let mut schemas = vec!["public".to_owned()];
    schemas.extend(catalog.schemas.iter().cloned());
    Scope { schemas }
}

/// Shows the first place where the two differ.
fn assert_same(found: &Catalog, expected: &Catalog, what: &str) {
    let (found_text, expected_text) = (format!("{found:#?}"), format!("{expected:#?}"));
    let mut context = String::new();
    for (number, (found, expected)) in found_text.lines().zip(expected_text.lines()).enumerate() {
        if found.contains("name: ") {
            context = found.trim().to_owned();
        }
        assert_eq!(found.trim(), expected.trim(), "{what}: line {number}, after {context}");
    }
    assert_eq!(found, expected, "{what}");
}

/// Normalises in the empty database, applies, introspects, and normalises again over what then stands.
async fn check(database: &TestDatabase, postgres: &mut Postgres, desired: &Catalog, what: &str) {
    let before = postgres.normalise(desired).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(
        database.psql("SELECT count(*) FROM pg_namespace WHERE nspname ~ 'scratch'").unwrap().trim(),
        "0"
    );
    database.psql(&script(desired)).unwrap();
    let mut stands = postgres.introspect(&scope_of(desired)).await.unwrap();
    stands.unmanaged.clear();
    assert_same(&before, &stands, what);
    let again = postgres.normalise(desired).await.unwrap();
    assert_same(&again, &stands, &format!("{what}, standing"));
    // The print is a fixed point: what was read builds itself.
    let once_more = postgres.normalise(&stands).await.unwrap();
    assert_same(&once_more, &stands, &format!("{what}, from its own print"));
}

/// Loads the SQL elsewhere and takes the catalogue from there as the desired one.
async fn from_sql(version: PostgresVersion, sql: &str, scope: &Scope) -> Catalog {
    let (database, mut postgres) = fresh(version).await;
    database.psql(sql).unwrap();
    let mut catalog = postgres.introspect(scope).await.unwrap();
    catalog.unmanaged.clear();
    catalog
}

#[tokio::test]
async fn every_feature_is_normalised_exactly() {
    for version in VERSIONS {
        let desired =
            from_sql(version, crate::introspect::MANAGED, &scope(&["public", "billing", "Odd"])).await;
        let (database, mut postgres) = fresh(version).await;
        check(&database, &mut postgres, &desired, &format!("{version:?}")).await;
    }
}

#[tokio::test]
async fn what_is_written_by_hand_becomes_what_the_server_prints() {
    for version in VERSIONS {
        let sql = "CREATE SCHEMA billing; CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE SEQUENCE billing.numbers; \
                   CREATE TABLE trips (id int, mood mood, price numeric(8,2), number bigint); \
                   CREATE TABLE billing.lines (id int); CREATE VIEW shown AS SELECT 1 AS id;";
        let mut desired = from_sql(version, sql, &scope(&["public", "billing"])).await;
        let trips = &mut desired.tables[1];
        assert_eq!(trips.name.name, "trips");
        trips.columns[1].default = Some("'good'".to_owned());
        trips.columns[3].default = Some("nextval( 'billing.numbers' )".to_owned());
        trips.checks.push(whimbrel_schema::catalog::CheckConstraint {
            name: "trips_check".to_owned(),
            expression: "price > 0 and mood in ('good','bad')".to_owned(),
            not_valid: false,
        });
        desired.views[0].query =
            "select t.id, l.id as line from public.trips t join billing.lines l using (id)".to_owned();
        let (database, mut postgres) = fresh(version).await;
        let normalised = postgres.normalise(&desired).await.unwrap();
        let trips = &normalised.tables[1];
        assert_eq!(trips.columns[1].default.as_deref(), Some("'good'::mood"));
        assert_eq!(trips.columns[3].default.as_deref(), Some("nextval('billing.numbers'::regclass)"));
        assert_eq!(
            trips.checks[0].expression,
            "(price > (0)::numeric) AND (mood = ANY (ARRAY['good'::mood, 'bad'::mood]))"
        );
        assert!(normalised.views[0].query.contains("JOIN billing.lines l USING (id)"));
        check(&database, &mut postgres, &desired, &format!("{version:?}")).await;
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_named_and_nothing_stays() {
    let (database, mut postgres) = fresh(PostgresVersion::V17).await;
    let sql = "CREATE TABLE trips (id int PRIMARY KEY, price int)";
    let mut desired = from_sql(PostgresVersion::V17, sql, &scope(&["public"])).await;
    desired.tables[0].columns[1].default = Some("'a lot'".to_owned());
    let error = postgres.normalise(&desired).await.unwrap_err();
    let EngineError::Refused { doing, reason } = &error else { panic!("{error:?}") };
    assert!(doing.contains("trips"), "{doing}");
    assert!(reason.contains("22P02") && reason.contains("CREATE TABLE trips ("), "{reason}");
    assert!(!error.to_string().contains("whimbrel_scratch"), "{error}");
    assert!(postgres.introspect(&scope(&["public"])).await.unwrap().is_empty());
    let stays = "SELECT count(*) FROM pg_namespace WHERE nspname ~ 'scratch'";
    assert_eq!(database.psql(stays).unwrap().trim(), "0");
}

#[tokio::test]
async fn a_key_to_a_table_that_is_not_declared_is_kept_and_locks_nothing() {
    let sql = "CREATE SCHEMA auth; CREATE TABLE auth.users (id int PRIMARY KEY); \
               CREATE TABLE trips (id int PRIMARY KEY, user_id int REFERENCES auth.users ON DELETE CASCADE)";
    let desired = from_sql(PostgresVersion::V18, sql, &scope(&["public"])).await;
    let (database, mut postgres) = fresh(PostgresVersion::V18).await;
    assert_same(&postgres.normalise(&desired).await.unwrap(), &desired, "without the table");
    database.psql(sql).unwrap();
    assert_same(&postgres.normalise(&desired).await.unwrap(), &desired, "with the table");
}

#[tokio::test]
async fn a_thousand_tables_are_normalised_in_a_few_seconds() {
    let desired = from_sql(PostgresVersion::V17, &crate::speed::tables_sql(), &scope(&["public"])).await;
    let (_database, mut postgres) = fresh(PostgresVersion::V17).await;
    let begun = Instant::now();
    let normalised = postgres.normalise(&desired).await.unwrap();
    println!("1000 tables normalised in {} ms", begun.elapsed().as_millis());
    assert_same(&normalised, &desired, "a thousand tables");
    assert!(begun.elapsed().as_secs() < 30);
}

#[tokio::test]
async fn travya_is_normalised_exactly() {
    for version in VERSIONS {
        let desired = from_sql(version, TRAVYA_SQL, &scope(&["public"])).await;
        assert_eq!(desired.tables.len(), 7);
        assert_eq!(desired.tables.iter().map(|table| table.indexes.len()).sum::<usize>(), 8);
        let (database, mut postgres) = fresh(version).await;
        check(&database, &mut postgres, &desired, &format!("{version:?}")).await;
    }
}

/// How many random schemas are tried, spread over the versions.
const RANDOM_SCHEMAS: u64 = 200;
/// How many are tried side by side.
const LANES: u64 = 2;

/// Tries every `LANES`th seed and counts what was drawn.
async fn try_lane(lane: u64) -> Histogram {
    let mut drawn = Histogram::default();
    let mut databases = Vec::new();
    for version in VERSIONS {
        databases.push(fresh(version).await);
    }
    for seed in (lane..RANDOM_SCHEMAS).step_by(usize::try_from(LANES).unwrap()) {
        let place = usize::try_from(seed).unwrap() % VERSIONS.len();
        let version = VERSIONS[place];
        let (schema, histogram) = random_schema(seed, Options::default());
        drawn.add(&histogram);
        let desired = lower(&schema).unwrap_or_else(|error| panic!("seed {seed}: {error}")).catalog;
        let (database, postgres) = &mut databases[place];
        check(database, postgres, &desired, &format!("seed {seed} on {version:?}")).await;
        postgres.clear(&scope_of(&desired)).await.unwrap();
    }
    drawn
}

#[test]
fn random_schemas_are_normalised_exactly() {
    let lanes: Vec<_> = (0..LANES)
        .map(|lane| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(try_lane(lane))
            })
        })
        .collect();
    let mut drawn = Histogram::default();
    for lane in lanes {
        drawn.add(&lane.join().unwrap());
    }
    println!("seeds 0 to {}:\n{drawn}", RANDOM_SCHEMAS - 1);
    assert_eq!(drawn.never_drawn(false), Vec::<&str>::new());
}
