//! Private servers: durability, TLS, kill and restart, and that nothing stays behind.

use std::path::Path;
use std::time::{Duration, Instant};

use whimbrel_testkit::{PostgresServer, PostgresVersion};

#[test]
fn a_killed_server_comes_back_with_its_data() {
    let mut server = PostgresServer::start_durable(PostgresVersion::V15).unwrap();
    assert_eq!(server.psql("postgres", "SHOW fsync").unwrap(), "on");
    server.create_database("odd \"name\"").unwrap();
    server.create_database("kept").unwrap();
    server.psql("kept", "CREATE TABLE t (a int); INSERT INTO t VALUES (7)").unwrap();
    let url = server.url("kept");
    server.kill9().unwrap();
    assert!(server.psql("kept", "SELECT 1").is_err());
    server.restart().unwrap();
    assert_eq!(server.url("kept"), url);
    assert_eq!(server.psql("kept", "SELECT a FROM t").unwrap(), "7");
    server.restart().unwrap();
    assert_eq!(server.psql("kept", "SELECT a FROM t").unwrap(), "7");
}

#[test]
fn a_replica_follows_its_primary_and_stops_alone() {
    let primary = PostgresServer::start(PostgresVersion::V15).unwrap();
    primary.psql("postgres", "CREATE TABLE t (a int)").unwrap();
    let replica = primary.start_replica().unwrap();
    assert_ne!(replica.port(), primary.port());
    assert_eq!(replica.psql("postgres", "SELECT pg_is_in_recovery()").unwrap(), "t");
    primary.psql("postgres", "INSERT INTO t VALUES (7)").unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while replica.psql("postgres", "SELECT a FROM t").unwrap() != "7" {
        assert!(Instant::now() < deadline, "the row does not arrive: {}", replica.log());
        std::thread::sleep(Duration::from_millis(25));
    }
    let folder = replica.psql("postgres", "SHOW data_directory").unwrap();
    drop(replica);
    assert!(!Path::new(&folder).exists());
    assert_eq!(primary.psql("postgres", "SELECT a FROM t").unwrap(), "7");
}

#[test]
fn a_server_stays_on_its_core() {
    let mut server = PostgresServer::start(PostgresVersion::V15).unwrap();
    server.run_on_cores("0").unwrap();
    let data = server.psql("postgres", "SHOW data_directory").unwrap();
    let first = std::fs::read_to_string(format!("{data}/postmaster.pid")).unwrap();
    // The first process, one that stood before, and one that began after.
    let writer = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'walwriter'";
    let pids = [first.lines().next().unwrap().to_owned(), server.psql("postgres", writer).unwrap()];
    let own = "SELECT pg_read_file('/proc/self/status')";
    let texts = pids.map(|pid| std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap());
    for text in texts.into_iter().chain([server.psql("postgres", own).unwrap()]) {
        assert!(text.lines().any(|line| line == "Cpus_allowed_list:\t0"), "{text}");
    }
    server.stop().unwrap();
    assert!(server.run_on_cores("0").is_err());
}

#[test]
fn a_tls_server_refuses_plain_connections() {
    let server = PostgresServer::start_with_tls(PostgresVersion::V17).unwrap();
    let authority = server.authority_certificate().unwrap().display().to_string();
    let plain = format!("{}?sslmode=disable", server.url("postgres"));
    let verified = format!("{}?sslmode=verify-full&sslrootcert={authority}", server.url("postgres"));
    let psql = |url: &str| {
        std::process::Command::new("/usr/lib/postgresql/15/bin/psql")
            .args(["-XAtc", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", url])
            .output()
            .unwrap()
    };
    assert!(!psql(&plain).status.success());
    let output = psql(&verified);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).trim(),
        "t",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_dropped_server_leaves_nothing() {
    let server = PostgresServer::start(PostgresVersion::V18).unwrap();
    assert_eq!(server.psql("postgres", "SHOW fsync").unwrap(), "off");
    let folder = server.psql("postgres", "SHOW data_directory").unwrap();
    assert!(Path::new(&folder).parent().unwrap().exists());
    let port = server.port();
    drop(server);
    assert!(!Path::new(&folder).parent().unwrap().exists());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

#[test]
fn a_server_ends_with_the_thread_that_started_it() {
    let (port, data) = std::thread::spawn(|| {
        let server = PostgresServer::start(PostgresVersion::V15).unwrap();
        let answer = (server.port(), server.psql("postgres", "SHOW data_directory").unwrap());
        // Forgetting stands for a test process that is killed: no destructor runs.
        std::mem::forget(server);
        answer
    })
    .join()
    .unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(std::time::Instant::now() < deadline, "the server outlived its thread");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    std::fs::remove_dir_all(Path::new(&data).parent().unwrap()).unwrap();
}

#[test]
fn a_server_that_ends_at_once_keeps_what_was_committed_and_nothing_else() {
    let mut server = PostgresServer::start_durable(PostgresVersion::V15).unwrap();
    server.psql("postgres", "CREATE TABLE t (a int)").unwrap();
    for (round, end) in [PostgresServer::kill9, PostgresServer::stop_immediately].into_iter().enumerate() {
        server.psql("postgres", &format!("INSERT INTO t VALUES ({round})")).unwrap();
        let url = server.url("postgres");
        let statement = "BEGIN; INSERT INTO t VALUES (100); SELECT pg_sleep(600); COMMIT";
        let mut client = std::process::Command::new("/usr/lib/postgresql/15/bin/psql")
            .args(["-XAtqc", statement, &url])
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let sleeping = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        let mut pid = String::new();
        while pid.is_empty() {
            assert!(std::time::Instant::now() < deadline, "the statement does not run");
            pid = server.psql("postgres", sleeping).unwrap();
        }
        end(&mut server).unwrap();
        assert!(!client.wait().unwrap().success());
        assert!(
            !Path::new("/proc").join(&pid).join("exe").exists(),
            "the client's session outlived the server"
        );
        server.restart().unwrap();
        assert!(server.log().contains("database system was not properly shut down"), "{}", server.log());
        assert_eq!(server.psql("postgres", "SELECT max(a) FROM t").unwrap(), round.to_string());
    }
}
