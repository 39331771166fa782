//! Connecting, and why it fails.

use std::time::{Duration, Instant};

use bson::doc;
use whimbrel_engine::document::Commands as _;
use whimbrel_engine::{Engine as _, EngineError};
use whimbrel_mongo::{Mongo, MongoOptions};
use whimbrel_testkit::{MongoServer, SecantusOptions};

async fn refused(options: &MongoOptions) -> EngineError {
    Mongo::connect(options).await.unwrap_err()
}

fn shown(error: &EngineError) -> String {
    format!("{error} {error:?}")
}

#[tokio::test]
async fn nobody_there_is_said_soon_and_shortly() {
    let mut options = MongoOptions::new("mongodb://ana:hunter2@127.0.0.1:1/wayra");
    options.server_selection_timeout = Duration::from_millis(600);
    let started = Instant::now();
    let error = refused(&options).await;
    assert!(started.elapsed() < Duration::from_secs(4));
    let text = error.to_string();
    assert!(matches!(error, EngineError::Unreachable { .. }), "{text}");
    assert!(text.contains("127.0.0.1:1") && text.contains("Connection refused"), "{text}");
    assert!(!text.contains("Topology") && !shown(&error).contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_said() {
    let mut options = MongoOptions::new("mongodb://no-such-host.invalid/wayra");
    options.server_selection_timeout = Duration::from_millis(600);
    let error = refused(&options).await;
    assert!(matches!(error, EngineError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("no-such-host.invalid"), "{error}");
}

#[tokio::test]
async fn a_user_needs_the_right_password() {
    let server =
        MongoServer::start_secantusdb(SecantusOptions { users: true, ..SecantusOptions::default() }).unwrap();
    let password = server.password().unwrap().to_owned();
    let database = server.database().unwrap();
    let mongo = Mongo::connect(&MongoOptions::new(database.url())).await.unwrap();
    assert_eq!(mongo.deployment().server.user.as_deref(), Some("administrator"));
    mongo.run(doc! { "insert": "a", "documents": [{ "_id": 1 }] }).await.unwrap();

    let error = refused(&MongoOptions::new(database.url().replace(&password, "hunter2"))).await;
    assert!(
        matches!(&error, EngineError::Authentication { user, .. } if user == "administrator"),
        "{error:?}"
    );
    assert!(!shown(&error).contains("hunter2"), "{error:?}");

    let anonymous = database.url().replace(&format!("administrator:{password}@"), "");
    // A server lets everybody in who does not say who he is, and then nobody do anything.
    let mut engine = whimbrel_mongo::connect(&MongoOptions::new(anonymous)).await.unwrap();
    let error = engine.history().await.unwrap_err();
    assert!(matches!(error, EngineError::PermissionDenied { .. }), "{error:?}");

    // A user who may only read is told when he writes.
    let create = doc! { "createUser": "reader", "pwd": "hunter2", "roles": [{ "role": "read", "db": database.name() }] };
    server.run("admin", create).unwrap();
    let url = database.url().replace(&format!("administrator:{password}"), "reader:hunter2");
    let mut engine = whimbrel_mongo::connect(&MongoOptions::new(url)).await.unwrap();
    let error = engine.record("key", "{}").await.unwrap_err();
    assert!(matches!(error, EngineError::PermissionDenied { .. }), "{error:?}");
}

#[tokio::test]
async fn encryption_needs_the_right_authority() {
    let server =
        MongoServer::start_secantusdb(SecantusOptions { tls: true, ..SecantusOptions::default() }).unwrap();
    let database = server.database().unwrap();
    let mongo = Mongo::connect(&MongoOptions::new(database.url())).await.unwrap();
    assert_eq!(mongo.deployment().server.encrypted, Some(true));

    // The same by settings.
    let bare = format!("mongodb://127.0.0.1:{}/{}?directConnection=true", server.port(), database.name());
    let mut options = MongoOptions::new(&bare);
    options.server_selection_timeout = Duration::from_secs(2);
    options.tls.ca_file = server.authority_certificate().map(Into::into);
    Mongo::connect(&options).await.unwrap();

    options.tls.ca_file = None;
    options.tls.enabled = Some(true);
    let error = refused(&options).await;
    assert!(matches!(error, EngineError::Tls { .. }), "an unknown authority: {error:?}");

    options.tls.ca_file = Some("/no/such/ca.pem".into());
    let error = refused(&options).await;
    assert!(
        matches!(error, EngineError::Tls { .. }) && error.to_string().contains("/no/such/ca.pem"),
        "{error:?}"
    );

    options.tls = whimbrel_mongo::TlsOptions::default();
    let error = refused(&options).await;
    assert!(matches!(error, EngineError::Unreachable { .. }), "in the clear: {error:?}");
}

#[tokio::test]
async fn a_server_that_stops_is_a_lost_connection_and_comes_back() {
    let mut server = MongoServer::start_secantusdb(SecantusOptions::default()).unwrap();
    let database = server.database().unwrap();
    let mut options = MongoOptions::new(database.url());
    options.server_selection_timeout = Duration::from_secs(1);
    let mongo = Mongo::connect(&options).await.unwrap();
    mongo.run(doc! { "insert": "a", "documents": [{ "_id": 1 }] }).await.unwrap();
    server.kill9().unwrap();
    let insert = doc! { "insert": "a", "documents": [{ "_id": 2 }] };
    let error = mongo.run(insert).await.unwrap_err();
    let error = error.while_doing("d", "writing");
    assert!(matches!(error, EngineError::ConnectionLost { .. }), "{error:?}");
    assert!(!error.to_string().contains("Topology"), "{error}");
    server.restart().unwrap();
    let reply = mongo.run(doc! { "find": "a", "filter": { "_id": 1 } }).await;
    assert!(reply.is_ok(), "{reply:?}");
}
