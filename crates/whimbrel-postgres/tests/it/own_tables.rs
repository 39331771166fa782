//! The history and the recorded documents.

use whimbrel_engine::{Engine as _, EngineError, HistoryKind, Relational as _, Unwatched};
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_testkit::PostgresVersion;

use crate::support::{VERSIONS, connect, entry, fresh, scope};

#[tokio::test]
async fn without_tables_everything_is_empty_and_nothing_is_made() {
    for version in VERSIONS {
        let (database, mut postgres) = fresh(version).await;
        assert!(postgres.history().await.unwrap().is_empty());
        assert_eq!(postgres.recorded("schema").await.unwrap(), None);
        assert_eq!(
            database.psql("SELECT count(*) FROM pg_tables WHERE tablename ~ 'whimbrel'").unwrap().trim(),
            "0"
        );
        assert!(postgres.prepare().await.unwrap());
        assert!(!postgres.prepare().await.unwrap());
    }
}

#[tokio::test]
async fn the_history_keeps_the_order_of_application_and_every_field() {
    let (_database, mut postgres) = fresh(PostgresVersion::V17).await;
    postgres.prepare().await.unwrap();
    let mut second = entry("0001");
    second.schema_hash = Some("beef".to_owned());
    second.kind = HistoryKind::Baseline;
    second.applied_by = "o'neil@host".to_owned();
    postgres.mark(&[entry("0002"), second.clone()]).await.unwrap();
    let mut history = postgres.history().await.unwrap();
    assert_eq!(history.iter().map(|entry| entry.version.as_str()).collect::<Vec<_>>(), ["0002", "0001"]);
    let mut read = history.remove(1);
    assert!(read.applied_at.len() == "2026-01-01T00:00:00.000000Z".len(), "{}", read.applied_at);
    read.applied_at = String::new();
    assert_eq!(read, second);
}

#[tokio::test]
async fn a_document_is_replaced() {
    let (_database, mut postgres) = fresh(PostgresVersion::V17).await;
    postgres.prepare().await.unwrap();
    postgres.record("schema", "{\"it's\": \"\\\\\"}").await.unwrap();
    postgres.record("schema", "{\"second\": 2}").await.unwrap();
    assert_eq!(postgres.recorded("schema").await.unwrap().as_deref(), Some("{\"second\": 2}"));
    assert_eq!(postgres.recorded("other").await.unwrap(), None);
}

#[tokio::test]
async fn an_unknown_kind_is_an_error() {
    let (database, mut postgres) = fresh(PostgresVersion::V15).await;
    postgres.prepare().await.unwrap();
    postgres.mark(&[entry("0001")]).await.unwrap();
    database.psql("UPDATE whimbrel_history SET kind = 'guessed'").unwrap();
    let error = postgres.history().await.unwrap_err();
    assert!(matches!(&error, EngineError::UnreadableHistory { reason, .. } if reason.contains("guessed")));
}

#[tokio::test]
async fn another_default_schema_holds_the_tables_and_is_made() {
    let (database, postgres) = fresh(PostgresVersion::V18).await;
    postgres.close().await;
    let mut options = PostgresOptions::new(database.url());
    options.schema = "Travel app".to_owned();
    let mut postgres = Postgres::connect(&options).await.unwrap();
    assert!(postgres.prepare().await.unwrap());
    postgres
        .apply(&crate::support::step("0001", &["CREATE TABLE trips (id int)"]), &mut Unwatched)
        .await
        .unwrap();
    assert_eq!(database.psql("SELECT count(*) FROM \"Travel app\".whimbrel_history").unwrap().trim(), "1");
    let catalog = postgres.introspect(&scope(&["Travel app"])).await.unwrap();
    assert_eq!(catalog.tables.len(), 1);
    assert!(catalog.tables[0].name.in_default_schema());
}

#[tokio::test]
async fn deployers_prepare_at_the_same_moment() {
    let (database, first) = fresh(PostgresVersion::V15).await;
    first.close().await;
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let mut postgres = connect(&database).await;
        tasks.push(tokio::spawn(async move { postgres.prepare().await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}
