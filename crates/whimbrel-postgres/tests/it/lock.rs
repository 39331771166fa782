//! One deployer at a time.

use std::time::{Duration, Instant};

use whimbrel_engine::{Engine as _, EngineError};
use whimbrel_postgres::{Postgres, PostgresOptions};

use crate::support::{VERSIONS, connect, fresh};

#[tokio::test]
async fn the_second_deployer_waits_and_learns_who_holds_the_lock() {
    for version in VERSIONS {
        let (database, mut first) = fresh(version).await;
        let mut options = PostgresOptions::new(database.url());
        options.application_name = "deploy job 7".to_owned();
        let mut holder = Postgres::connect(&options).await.unwrap();
        holder.lock(Duration::ZERO).await.unwrap();
        let begun = Instant::now();
        let error = first.lock(Duration::from_millis(300)).await.unwrap_err();
        assert!(begun.elapsed() >= Duration::from_millis(300));
        let EngineError::LockTimeout { holder: shown } = &error else { panic!("{error:?}") };
        for part in ["process ", "deploy job 7", "user postgres", "from 127.0.0.1", "since 20"] {
            assert!(shown.contains(part), "{shown}");
        }
        let release = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            holder.unlock().await.unwrap();
        };
        let (taken, ()) = tokio::join!(first.lock(Duration::from_secs(10)), release);
        taken.unwrap();
        first.unlock().await.unwrap();
        // Ending the session gives the lock back too.
        holder.lock(Duration::ZERO).await.unwrap();
        holder.close().await;
        first.lock(Duration::from_secs(10)).await.unwrap();
    }
}

#[tokio::test]
async fn schemas_are_deployed_apart() {
    let (database, mut first) = fresh(VERSIONS[0]).await;
    first.lock(Duration::ZERO).await.unwrap();
    let mut options = PostgresOptions::new(database.url());
    options.schema = "other".to_owned();
    let mut second = Postgres::connect(&options).await.unwrap();
    second.lock(Duration::ZERO).await.unwrap();
    assert!(connect(&database).await.lock(Duration::ZERO).await.is_err());
}
