//! Through a connection pooler that gives out a session for a transaction at a time.

use tokio_postgres::{Client, NoTls, SimpleQueryMessage};
use whimbrel_engine::{Engine as _, Relational as _};
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_testkit::{PgBouncer, PgBouncerOptions, server_url, test_database};

use crate::support::{VERSIONS, scope};

#[tokio::test]
async fn whether_startup_options_are_refused_or_ignored_a_connection_comes_about() {
    for version in VERSIONS {
        let database = test_database(version).unwrap();
        for ignores_options in [false, true] {
            let options = PgBouncerOptions { ignores_options, ..PgBouncerOptions::default() };
            let pooler = PgBouncer::start_with(&server_url(version).unwrap(), options).unwrap();
            let options = PostgresOptions::new(pooler.url(database.name()));
            let mut postgres = Postgres::connect(&options).await.unwrap();
            assert!(postgres.server().version.starts_with(&version.major().to_string()));
            postgres.prepare().await.unwrap();
            postgres.record("pooler", &ignores_options.to_string()).await.unwrap();
            assert_eq!(postgres.recorded("pooler").await.unwrap(), Some(ignores_options.to_string()));
            let catalog = postgres.introspect(&scope(&["public"])).await.unwrap();
            assert!(catalog.tables.is_empty(), "{catalog:?}");
            postgres.close().await;
        }
    }
}

#[tokio::test]
async fn a_sessions_setting_stays_with_the_servers_session_and_not_with_the_client() {
    for version in VERSIONS {
        let database = test_database(version).unwrap();
        let pooler = PgBouncer::start(&server_url(version).unwrap()).unwrap();
        let (first, second) =
            (client(&pooler, database.name()).await, client(&pooler, database.name()).await);
        let before = value(&first, "SHOW work_mem").await;
        value(&first, "SET work_mem = '77kB'").await;
        // The transaction holds the only session there is, so that the first client gets a new one.
        assert_eq!(value(&second, "BEGIN; SHOW work_mem").await, "77kB");
        assert_eq!(value(&first, "SHOW work_mem").await, before);
    }
}

async fn client(pooler: &PgBouncer, database: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&pooler.url(database), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The last row's first value.
async fn value(client: &Client, sql: &str) -> String {
    let messages = client.simple_query(sql).await.unwrap();
    let values = messages.iter().rev().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    values.map(str::to_owned).next().unwrap_or_default()
}
