//! Poolers in front of a server: their two ways with `options`, whose session it is, and that nothing stays behind.

use whimbrel_testkit::{
    PgBouncer, PgBouncerOptions, PostgresServer, PostgresVersion, server_url, test_database,
};

#[test]
fn a_transaction_goes_to_any_of_few_sessions() {
    let database = test_database(PostgresVersion::V15).unwrap();
    let options = PgBouncerOptions { pool_size: 2, ..PgBouncerOptions::default() };
    let pooler = PgBouncer::start_with(&server_url(PostgresVersion::V15).unwrap(), options).unwrap();
    let url = pooler.url(database.name());
    assert_eq!(database.psql("CREATE TABLE session (pid int)").unwrap(), "");
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                psql(&url, "INSERT INTO session SELECT pg_backend_pid() FROM pg_sleep(0.1)").unwrap()
            });
        }
    });
    assert_eq!(database.psql("SELECT count(*), count(DISTINCT pid) <= 2 FROM session").unwrap(), "6|t");
    let pools = pooler.console("SHOW POOLS").unwrap();
    let pool = pools.lines().find(|line| line.contains(database.name())).unwrap();
    assert!(pool.ends_with("|transaction"), "{pool}");
}

#[test]
fn startup_options_are_refused_as_debian_has_it_or_ignored_when_told() {
    let server = server_url(PostgresVersion::V15).unwrap();
    let asking = |pooler: &PgBouncer| format!("{}?options=-cwork_mem%3D77kB", pooler.url("postgres"));
    let error = psql(&asking(&PgBouncer::start(&server).unwrap()), "SELECT 1").unwrap_err();
    assert!(error.contains("unsupported startup parameter: options"), "{error}");
    let options = PgBouncerOptions { ignores_options: true, ..PgBouncerOptions::default() };
    let ignoring = PgBouncer::start_with(&server, options).unwrap();
    assert_ne!(psql(&asking(&ignoring), "SHOW work_mem").unwrap(), "77kB");
}

#[test]
fn a_pooler_asks_for_the_password_of_any_account() {
    let server = PostgresServer::start(PostgresVersion::V15).unwrap();
    server.psql("postgres", "CREATE ROLE application LOGIN PASSWORD 'its own'").unwrap();
    let pooler = PgBouncer::start(&server.url("postgres")).unwrap();
    let url = |user: &str, password: &str| {
        format!("postgres://{user}:{password}@127.0.0.1:{}/postgres", pooler.port())
    };
    assert_eq!(psql(&url("application", "its%20own"), "SELECT current_user").unwrap(), "application");
    for (user, password) in [("application", "wrong"), ("postgres", "wrong"), ("nobody", "its%20own")] {
        psql(&url(user, password), "SELECT 1").unwrap_err();
    }
}

#[test]
fn a_dropped_pooler_leaves_nothing() {
    let pooler = PgBouncer::start(&server_url(PostgresVersion::V17).unwrap()).unwrap();
    let (port, url) = (pooler.port(), pooler.url("postgres"));
    assert_eq!(psql(&url, "SELECT 1").unwrap(), "1");
    drop(pooler);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    let output = std::process::Command::new("/usr/lib/postgresql/15/bin/psql")
        .args(["-XAtqc", sql, url])
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}
