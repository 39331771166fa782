//! Databases on the shared servers.

use whimbrel_testkit::{PostgresVersion, server_url, test_database};

#[test]
fn every_version_gives_an_empty_database_and_takes_it_back() {
    for version in PostgresVersion::ALL {
        let database = test_database(version).unwrap();
        let reported = database.psql("SHOW server_version_num").unwrap();
        assert_eq!(reported.parse::<u32>().unwrap() / 10_000, version.major());
        assert_eq!(database.psql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap(), "0");
        assert_eq!(database.psql("SELECT current_database()").unwrap(), database.name());
        let name = database.name().to_owned();
        drop(database);
        let other = test_database(version).unwrap();
        assert_eq!(
            other.psql(&format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).unwrap(),
            "0"
        );
    }
}

#[test]
fn databases_are_made_at_the_same_time() {
    let databases: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| test_database(PostgresVersion::V15).unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut names: Vec<_> = databases.iter().map(|database| database.name().to_owned()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 4);
}

#[test]
fn a_failing_statement_is_an_error_with_the_servers_words() {
    let database = test_database(PostgresVersion::V15).unwrap();
    let error = database.psql("CREATE TABLE a (b int); SELECT nothing FROM a;").unwrap_err().to_string();
    assert!(error.contains("column \"nothing\" does not exist"), "{error}");
}

#[test]
fn a_test_server_asks_for_the_password() {
    let url = server_url(PostgresVersion::V15).unwrap();
    let wrong = url.replacen("secret-", "wrong-", 1);
    assert_ne!(url, wrong, "the shared server's password is a random one");
    let output = std::process::Command::new("/usr/lib/postgresql/15/bin/psql")
        .args(["-c", "SELECT 1", &wrong])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("password authentication failed"));
}
