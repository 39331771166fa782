//! Servers that stand for MongoDB: kill and restart, users, TLS, fresh databases, and that nothing stays behind.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mongodb::bson::{Document, doc};
use mongodb::{Client, ClientSession, Collection};
use whimbrel_testkit::{MongoKind, MongoServer, SecantusOptions, mongo_database, mongo_server_url};

#[test]
fn a_killed_server_comes_back_with_its_data() {
    for kind in MongoKind::ALL {
        let mut server = match kind {
            MongoKind::Engine => MongoServer::start_engine().unwrap(),
            MongoKind::SecantusDb => {
                let options = SecantusOptions { durable: true, ..SecantusOptions::default() };
                MongoServer::start_secantusdb(options).unwrap()
            }
        };
        let (url, insert) = (server.url(), |n: i32| doc! { "insert": "c", "documents": [{ "_id": n }] });
        server.run("kept", insert(1)).unwrap();
        // The engine acknowledges before its journal reaches the disk unless it is told to wait.
        let mut journalled = insert(2);
        journalled.insert("writeConcern", doc! { "w": 1, "j": true });
        server.run("kept", journalled).unwrap();
        server.kill9().unwrap();
        assert!(std::net::TcpStream::connect(("127.0.0.1", server.port())).is_err());
        server.restart().unwrap();
        assert_eq!(server.url(), url);
        for n in [2, 3] {
            assert_eq!(count(&server), n, "{kind:?}");
            server.restart().unwrap();
            server.run("kept", insert(n + 1)).unwrap();
        }
    }
}

#[test]
fn every_database_is_fresh_and_goes_with_the_test() {
    for kind in MongoKind::ALL {
        let database = mongo_database(kind).unwrap();
        database.run(doc! { "insert": "c", "documents": [{ "a": 1 }] }).unwrap();
        let name = database.name().to_owned();
        assert!(database_names(&database).contains(&name), "{kind:?}");
        drop(database);
        let other = mongo_database(kind).unwrap();
        assert_ne!(other.name(), name);
        assert!(!database_names(&other).contains(&name), "{kind:?}");
    }
}

#[tokio::test]
async fn the_driver_uses_a_database_inside_a_runtime() {
    for kind in MongoKind::ALL {
        let database = mongo_database(kind).unwrap();
        let client = Client::with_uri_str(database.url()).await.unwrap();
        let trips: Collection<Document> = client.default_database().unwrap().collection("trips");
        assert_eq!(trips.namespace().db, database.name());
        trips.insert_many([doc! { "city": "Cusco" }, doc! { "city": "Puno" }]).await.unwrap();
        let found = trips.find_one(doc! { "city": "Puno" }).await.unwrap().unwrap();
        assert_eq!(found.get_str("city").unwrap(), "Puno");
        assert_eq!(database.run(doc! { "count": "trips" }).unwrap().get_i32("n").unwrap(), 2);
    }
}

/// Which parameters a URL needs for transactions; the module's documentation says what is asserted here.
#[tokio::test]
async fn transactions_need_no_parameter_of_the_url() {
    let server = mongo_server_url(MongoKind::SecantusDb).unwrap();
    let host = server.split_once("/?").map_or(server.as_str(), |(host, _)| host);
    let mut urls = vec![server.clone(), format!("{host}/")];
    if !server.contains('@') {
        urls.extend(
            ["replicaSet=secantus", "replicaSet=secantus&directConnection=true"]
                .map(|parameters| format!("{host}/?{parameters}")),
        );
    }
    let database = mongo_database(MongoKind::SecantusDb).unwrap();
    database.run(doc! { "create": "c" }).unwrap();
    for url in urls {
        let client = Client::with_uri_str(&url).await.unwrap();
        let collection: Collection<Document> = client.database(database.name()).collection("c");
        collection.delete_many(doc! {}).await.unwrap();
        let mut session = client.start_session().await.unwrap();
        session.start_transaction().await.unwrap();
        insert(&collection, &mut session, 1).await;
        assert_eq!(collection.count_documents(doc! {}).await.unwrap(), 0, "{url}");
        session.abort_transaction().await.unwrap();
        session.start_transaction().await.unwrap();
        insert(&collection, &mut session, 2).await;
        session.commit_transaction().await.unwrap();
        let kept = collection.find_one(doc! {}).await.unwrap().unwrap();
        assert_eq!(kept, doc! { "_id": 2 }, "{url}");
    }
}

async fn insert(collection: &Collection<Document>, session: &mut ClientSession, id: i32) {
    collection.insert_one(doc! { "_id": id }).session(session).await.unwrap();
}

#[test]
fn a_server_with_users_asks_for_the_password() {
    let options = SecantusOptions { users: true, ..SecantusOptions::default() };
    let mut server = MongoServer::start_secantusdb(options).unwrap();
    let password = server.password().unwrap().to_owned();
    let database = server.database().unwrap();
    database.run(doc! { "insert": "c", "documents": [{ "a": 1 }] }).unwrap();
    let client = mongodb_url(&server.url().replace(&password, "wrong"));
    let error = ping_reply(&client).unwrap_err();
    assert!(error.contains("authentication failed"), "{error}");
    let nobody = mongodb_url(&format!("mongodb://127.0.0.1:{}/?directConnection=true", server.port()));
    let error = ping_reply(&nobody).unwrap_err();
    assert!(error.contains("requires authentication"), "{error}");
    server.restart().unwrap();
    assert_eq!(database.run(doc! { "count": "c" }).unwrap().get_i32("n").unwrap(), 1);
}

#[test]
fn a_tls_server_refuses_plain_connections() {
    let options = SecantusOptions { tls: true, users: true, ..SecantusOptions::default() };
    let server = MongoServer::start_secantusdb(options).unwrap();
    assert!(server.authority_certificate().unwrap().exists());
    server.run("admin", doc! { "ping": 1 }).unwrap();
    let url = server.url();
    let (plain, _) = url.split_once("&tls=").unwrap();
    ping_reply(&mongodb_url(plain)).unwrap_err();
    let unknown_authority = format!("{plain}&tls=true");
    ping_reply(&mongodb_url(&unknown_authority)).unwrap_err();
}

#[test]
fn a_dropped_server_leaves_nothing() {
    for kind in MongoKind::ALL {
        let server = MongoServer::start(kind).unwrap();
        let (port, folder) = (server.port(), folder(&server));
        assert!(folder.exists());
        drop(server);
        assert!(!folder.exists(), "{kind:?}");
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}

#[test]
fn a_server_ends_with_the_thread_that_started_it() {
    for kind in MongoKind::ALL {
        let (port, folder) = std::thread::spawn(move || {
            let server = MongoServer::start(kind).unwrap();
            let answer = (server.port(), folder(&server));
            // Forgetting stands for a test process that is killed: no destructor runs.
            std::mem::forget(server);
            answer
        })
        .join()
        .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            assert!(Instant::now() < deadline, "{kind:?} outlived its thread");
            std::thread::sleep(Duration::from_millis(50));
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// The server's folder: the one temporary folder that the process which owns the port names in its arguments.
fn folder(server: &MongoServer) -> PathBuf {
    let port = server.port().to_string();
    for entry in std::fs::read_dir("/proc").unwrap() {
        let Ok(arguments) = std::fs::read(entry.unwrap().path().join("cmdline")) else { continue };
        let arguments = String::from_utf8_lossy(&arguments).into_owned();
        let arguments: Vec<&str> = arguments.split('\0').collect();
        let data = arguments.iter().find(|argument| {
            argument.contains("whimbrel-mongodb-") && Path::new(argument).file_name().unwrap() == "data"
        });
        if let Some(data) = data.filter(|_| arguments.contains(&port.as_str())) {
            return Path::new(data).parent().unwrap().to_owned();
        }
    }
    panic!("no process serves the port {port}")
}

fn count(server: &MongoServer) -> i32 {
    // Without a query the engine tells the number that it wrote down at its last orderly stop.
    server
        .run("kept", doc! { "count": "c", "query": { "_id": { "$gte": 0 } } })
        .unwrap()
        .get_i32("n")
        .unwrap()
}

fn database_names(database: &whimbrel_testkit::MongoDatabase) -> Vec<String> {
    // `listDatabases` runs in `admin` only, which the driver knows.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::with_uri_str(database.url()).await.unwrap();
        client.list_database_names().await.unwrap()
    })
}

/// A URL whose server is given up after a moment, for those that are expected to fail.
fn mongodb_url(url: &str) -> String {
    format!("{url}&serverSelectionTimeoutMS=1000")
}

fn ping_reply(url: &str) -> Result<Document, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::with_uri_str(url).await.map_err(|error| error.to_string())?;
        // `ping` is for everybody; a list is not.
        let reply = client.database("x").run_command(doc! { "listCollections": 1 }).await;
        reply.map_err(|error| error.to_string())
    })
}
