//! Every way in which a connection fails or comes about.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use whimbrel_engine::{Engine as _, EngineError, Relational as _, Result, Unwatched};
use whimbrel_postgres::{Postgres, PostgresOptions, SslMode, create_database};
use whimbrel_testkit::{PostgresServer, PostgresVersion, server_url, test_database};

use crate::support::{VERSIONS, code, fresh};

async fn failure(options: &PostgresOptions) -> EngineError {
    Postgres::connect(options).await.map(drop).unwrap_err()
}

/// Everything that a user could see of it.
fn shown(error: &EngineError) -> String {
    format!("{error} {error:?} {:?}", miette::Diagnostic::help(error).map(|help| help.to_string()))
}

#[tokio::test]
async fn what_it_is_connected_to() {
    for version in VERSIONS {
        let (database, postgres) = fresh(version).await;
        let server = postgres.server();
        assert_eq!(server.product, "PostgreSQL");
        assert!(server.version.starts_with(&version.major().to_string()), "{}", server.version);
        assert_eq!(server.database, database.name());
        assert!(server.location.starts_with("127.0.0.1:"), "{}", server.location);
        assert_eq!((server.user.as_deref(), server.encrypted), (Some("postgres"), Some(false)));
        assert_eq!(postgres.dialect(), "postgres");
    }
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_never_shown() {
    for version in VERSIONS {
        let right = server_url(version).unwrap();
        let (user, host) = right.split_once('@').unwrap();
        let (user, _) = user.rsplit_once(':').unwrap();
        let options = PostgresOptions::new(format!("{user}:hunter2-wrong@{host}"));
        let error = failure(&options).await;
        assert_eq!(code(&error), "connect::authentication");
        assert!(error.to_string().contains("28P01"), "{error}");
        assert!(!shown(&error).contains("hunter2") && !format!("{options:?}").contains("hunter2"));
        let error = failure(&PostgresOptions::new(format!("{user}@{host}"))).await;
        assert_eq!(code(&error), "connect::authentication", "{error}");
    }
}

#[tokio::test]
async fn an_unknown_database_is_named_and_can_be_created() {
    for version in VERSIONS {
        let database = test_database(version).unwrap();
        let name = format!("{}_made", database.name());
        let url = database.url().replace(database.name(), &name);
        let options = PostgresOptions::new(url);
        let error = failure(&options).await;
        assert_eq!(code(&error), "connect::unknown_database");
        assert!(error.to_string().contains(&name), "{error}");
        create_database(&options).await.unwrap();
        Postgres::connect(&options).await.unwrap().close().await;
        let again = create_database(&options).await.unwrap_err();
        assert!(again.to_string().contains("42P04"), "{again}");
        database.psql(&format!("DROP DATABASE \"{name}\"")).unwrap();
    }
}

#[tokio::test]
async fn nobody_answers() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = failure(&PostgresOptions::new(format!("postgres://u:hunter2@127.0.0.1:{port}/d"))).await;
    assert_eq!(code(&error), "connect::unreachable");
    assert!(error.to_string().contains(&port.to_string()) && !shown(&error).contains("hunter2"), "{error}");
    let error = failure(&PostgresOptions::new("postgres://u:hunter2@no-such-host.invalid/d")).await;
    assert_eq!(code(&error), "connect::unreachable");
    let error = failure(&PostgresOptions::new("postgres:///d?host=/nowhere&user=u")).await;
    assert_eq!(code(&error), "connect::unreachable");
    assert!(error.to_string().contains("/nowhere/.s.PGSQL.5432"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_speaks_is_given_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut options = PostgresOptions::new(format!("postgres://u:p@127.0.0.1:{port}/d"));
    options.connect_timeout = Duration::from_millis(300);
    let begun = Instant::now();
    let error = failure(&options).await;
    assert_eq!(code(&error), "connect::unreachable");
    assert!(begun.elapsed() < Duration::from_secs(5) && error.to_string().contains("300 ms"), "{error}");
}

#[tokio::test]
async fn settings_of_the_session_hold() {
    let database = test_database(PostgresVersion::V17).unwrap();
    let mut options = PostgresOptions::new(database.url());
    options.statement_timeout = Some(Duration::from_millis(100));
    let mut postgres = Postgres::connect(&options).await.unwrap();
    postgres.prepare().await.unwrap();
    let slow = crate::support::step("0001", &["SELECT pg_sleep(5)"]);
    let error = postgres.apply(&slow, &mut Unwatched).await.unwrap_err();
    assert!(error.to_string().contains("57014"), "{error}");
}

#[tokio::test]
async fn a_user_without_rights_is_told_so() {
    let (database, postgres) = fresh(PostgresVersion::V17).await;
    postgres.close().await;
    let role = format!("{}_reader", database.name());
    database.psql(&format!("CREATE ROLE \"{role}\" LOGIN PASSWORD 'reader'")).unwrap();
    let (_, host) = database.url().split_once('@').unwrap();
    let options = PostgresOptions::new(format!("postgres://{role}:reader@{host}"));
    let mut postgres = Postgres::connect(&options).await.unwrap();
    let error = postgres.prepare().await.unwrap_err();
    assert_eq!(code(&error), "database::permission_denied", "{error}");
    postgres.close().await;
    database.psql(&format!("DROP ROLE \"{role}\"")).unwrap();
}

#[tokio::test]
async fn a_read_only_database_is_told_so() {
    let (database, postgres) = fresh(PostgresVersion::V15).await;
    postgres.close().await;
    let url = format!("{}?options=-c%20default_transaction_read_only%3Don", database.url());
    let mut postgres = Postgres::connect(&PostgresOptions::new(url)).await.unwrap();
    let error = postgres.prepare().await.unwrap_err();
    assert_eq!(code(&error), "database::not_writable", "{error}");
}

fn tls(server: &PostgresServer, host: &str, mode: SslMode, root: Option<&Path>) -> PostgresOptions {
    let mut options = PostgresOptions::new(server.url("postgres").replace("127.0.0.1", host));
    options.ssl_mode = Some(mode);
    options.ssl_root_cert = root.map(PathBuf::from);
    options
}

async fn is_encrypted(options: &PostgresOptions) -> Result<bool> {
    let postgres = Postgres::connect(options).await?;
    let encrypted = postgres.server().encrypted == Some(true);
    postgres.close().await;
    Ok(encrypted)
}

#[tokio::test]
async fn tls_verifies_as_much_as_its_mode_says() {
    let server = PostgresServer::start_with_tls(PostgresVersion::V17).unwrap();
    let other = PostgresServer::start_with_tls(PostgresVersion::V15).unwrap();
    let authority = server.authority_certificate();
    let stranger = other.authority_certificate();
    let misnamed = |mode| {
        let mut options = tls(&server, "db.example", mode, authority);
        options.url.push_str("?hostaddr=127.0.0.1");
        options
    };
    // Chain and name are good.
    for mode in [SslMode::Prefer, SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        for host in ["127.0.0.1", "localhost"] {
            assert!(is_encrypted(&tls(&server, host, mode, authority)).await.unwrap(), "{mode:?} {host}");
        }
    }
    // The certificate does not name the host.
    for (mode, accepted) in
        [(SslMode::Require, true), (SslMode::VerifyCa, true), (SslMode::VerifyFull, false)]
    {
        match is_encrypted(&misnamed(mode)).await {
            Ok(encrypted) => assert!(accepted && encrypted, "{mode:?}"),
            Err(error) => {
                assert!(!accepted, "{mode:?}: {error}");
                assert_eq!(code(&error), "connect::tls");
                assert!(!shown(&error).contains(server.password()));
            }
        }
    }
    // Another authority: `require` verifies where it is given one, and trusts anybody where it is not.
    for mode in [SslMode::Require, SslMode::VerifyCa, SslMode::VerifyFull] {
        let error = is_encrypted(&tls(&server, "localhost", mode, stranger)).await.unwrap_err();
        assert_eq!(code(&error), "connect::tls", "{mode:?}");
    }
    assert!(is_encrypted(&tls(&server, "localhost", SslMode::Require, None)).await.unwrap());
    let public = is_encrypted(&tls(&server, "localhost", SslMode::VerifyFull, None)).await.unwrap_err();
    assert_eq!(code(&public), "connect::tls");
    // The server takes no plain connections.
    let plain = is_encrypted(&tls(&server, "localhost", SslMode::Disable, None)).await.unwrap_err();
    assert_eq!(code(&plain), "connect::authentication", "{plain}");
    // The URL's parameters do the same.
    let root = authority.unwrap().display();
    let url = format!("{}?sslmode=verify-full&sslrootcert={root}", server.url("postgres"));
    assert!(is_encrypted(&PostgresOptions::new(&url)).await.unwrap());
    assert!(is_encrypted(&PostgresOptions::new(format!("{url}&channel_binding=require"))).await.unwrap());
}

#[tokio::test]
async fn a_server_without_tls() {
    let database = test_database(PostgresVersion::V15).unwrap();
    let mut options = PostgresOptions::new(database.url());
    for (mode, accepted) in [(SslMode::Prefer, true), (SslMode::Disable, true), (SslMode::Require, false)] {
        options.ssl_mode = Some(mode);
        match is_encrypted(&options).await {
            Ok(encrypted) => assert!(accepted && !encrypted, "{mode:?}"),
            Err(error) => assert!(!accepted && code(&error) == "connect::tls", "{mode:?}: {error}"),
        }
    }
    options.ssl_mode = Some(SslMode::VerifyFull);
    options.ssl_root_cert = Some(PathBuf::from("/nowhere/ca.pem"));
    let error = failure(&options).await;
    assert_eq!(code(&error), "connect::setting");
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}
