//! How far a replica is behind, on a quiet server and a busy one, and who does not count as one.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use whimbrel_engine::Engine as _;
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_testkit::toolchain::Toolchain;
use whimbrel_testkit::{PostgresServer, PostgresVersion, Sandbox};

/// A replica reports every ten seconds when nothing happens: what is seen sooner is not from a report.
const BEFORE_THE_NEXT_REPORT: Duration = Duration::from_secs(7);
const WRITE: &str = "INSERT INTO t SELECT generate_series(1, 1000)";

/// `pg_receivewal`: ended when it goes.
struct Keeper(Child);

impl Keeper {
    fn start(server: &PostgresServer, folder: &Sandbox) -> Self {
        let program = Toolchain::packaged_postgres_bin(PostgresVersion::V15).join("pg_receivewal");
        let child = Command::new(program)
            .args(["--host=127.0.0.1", "--username=postgres", "--no-password", "--status-interval=1"])
            .arg(format!("--port={}", server.port()))
            .arg(format!("--directory={}", folder.root().display()))
            .env("PGPASSWORD", server.password())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Keeper(child)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

async fn lag(engine: &mut Postgres) -> Option<Duration> {
    engine.relational().unwrap().replica_lag().await.unwrap()
}

/// Asks until the lag is as wanted.
async fn until(engine: &mut Postgres, what: &str, wanted: impl Fn(Option<Duration>) -> bool) {
    let deadline = Instant::now() + BEFORE_THE_NEXT_REPORT;
    loop {
        let lag = lag(engine).await;
        if wanted(lag) {
            return;
        }
        assert!(Instant::now() < deadline, "{what}: {lag:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn caught_up(lag: Option<Duration>) -> bool {
    lag.is_some_and(|lag| lag < Duration::from_secs(1))
}

#[tokio::test]
async fn the_lag_is_that_of_the_replicas_that_replay() {
    let primary = PostgresServer::start(PostgresVersion::V15).unwrap();
    let sql = "CREATE TABLE t (a int); CREATE ROLE plain LOGIN PASSWORD 'plain'; SELECT pg_create_physical_replication_slot('gone')";
    primary.psql("postgres", sql).unwrap();
    let mut engine = Postgres::connect(&PostgresOptions::new(primary.url("postgres"))).await.unwrap();
    assert_eq!(lag(&mut engine).await, None);

    let replica = primary.start_replica().unwrap();
    let plain_url = format!("postgres://plain:plain@127.0.0.1:{}/postgres", primary.port());
    let mut plain = Postgres::connect(&PostgresOptions::new(plain_url)).await.unwrap();
    until(&mut engine, "a replica that follows", caught_up).await;
    assert_eq!(lag(&mut plain).await, None, "who may not see the replicas");

    // One write, and then nothing more: the server's own measure stands still as well.
    replica.psql("postgres", "SELECT pg_wal_replay_pause()").unwrap();
    primary.psql("postgres", WRITE).unwrap();
    let far = |lag: Option<Duration>| lag.is_some_and(|lag| lag >= Duration::from_secs(3));
    until(&mut engine, "a replica that stands still", far).await;
    assert_eq!(lag(&mut plain).await, None);
    replica.psql("postgres", "SELECT pg_wal_replay_resume()").unwrap();
    until(&mut engine, "a replica that has caught up, on a quiet server", caught_up).await;

    let folder = Sandbox::new("/bin/true").unwrap();
    let keeper = Keeper::start(&primary, &folder);
    let begun = Instant::now();
    let kept = "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn IS NULL AND replay_lag > '2 s'";
    while primary.psql("postgres", kept).unwrap() == "0" {
        assert!(begun.elapsed() < Duration::from_secs(20), "pg_receivewal has no growing replay_lag");
        primary.psql("postgres", WRITE).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    until(&mut engine, "a replica beside a stream that never replays", caught_up).await;

    drop(replica);
    until(&mut engine, "a replica that is gone", |lag| lag.is_none()).await;
    drop(keeper);
}
