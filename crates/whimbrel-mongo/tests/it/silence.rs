//! A server that takes connections and does not answer: everything ends in time, and says so.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bson::doc;
use whimbrel_engine::EngineError;
use whimbrel_engine::document::{CommandError, Commands as _};
use whimbrel_mongo::{Mongo, MongoOptions};
use whimbrel_testkit::{MongoKind, mongo_database};

/// What is left for the work itself, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(4);

/// A listener that passes on to a server what it is sent, until a connection sends the word: it stays open, and nothing
/// comes of it any more. Without a server it is silent from the start.
fn silent_after(word: &'static [u8], server: Option<SocketAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for client in listener.incoming() {
            let client = client.unwrap();
            match server.map(|server| TcpStream::connect(server).unwrap()) {
                Some(server) => {
                    let (from, to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                    std::thread::spawn(move || pass(from, to, None));
                    std::thread::spawn(move || pass(client, server, Some(word)));
                }
                None => kept.push(client),
            }
        }
    });
    address
}

/// Passes everything on, up to a word.
fn pass(mut from: TcpStream, mut to: TcpStream, word: Option<&[u8]>) {
    let mut buffer = [0; 65536];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let sent = &buffer[..read];
        if word.is_some_and(|word| sent.windows(word.len()).any(|part| part == word)) {
            // The connection stays until the client ends it.
            while let Ok(1..) = from.read(&mut buffer) {}
            break;
        }
        if to.write_all(sent).is_err() {
            break;
        }
    }
    drop(to.shutdown(Shutdown::Both));
}

fn options(kind: Option<MongoKind>, word: &'static [u8]) -> MongoOptions {
    let server = kind.map(|kind| {
        let url = mongo_database(kind).unwrap().url().to_owned();
        let host = url.split("//").nth(1).unwrap().split('/').next().unwrap().to_owned();
        host.parse().expect("the tests' servers have no users, and listen on an address")
    });
    let address = silent_after(word, server);
    let mut options = MongoOptions::new(format!("mongodb://{address}/silence?directConnection=true"));
    options.connect_timeout = Duration::from_millis(400);
    options.server_selection_timeout = Duration::from_millis(600);
    options
}

#[tokio::test]
async fn a_server_that_never_says_a_word_is_not_waited_for() {
    let options = options(None, b"");
    let started = Instant::now();
    let error = Mongo::connect(&options).await.unwrap_err();
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    assert!(matches!(&error, EngineError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_server_that_only_says_hello_is_not_waited_for() {
    for kind in MongoKind::ALL {
        let options = options(Some(kind), b"buildInfo\0");
        let started = Instant::now();
        let error = Mongo::connect(&options).await.unwrap_err();
        assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
        assert!(matches!(&error, EngineError::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains("has not answered within 1s"), "{error}");
    }
}

#[tokio::test]
async fn a_command_that_is_not_answered_ends_at_its_limit() {
    for kind in MongoKind::ALL {
        let mut options = options(Some(kind), b"silenced\0");
        options.statement_timeout = Some(Duration::from_millis(500));
        let mongo = Mongo::connect(&options).await.unwrap();
        mongo.run(doc! { "find": "heard" }).await.unwrap();
        for command in [doc! { "find": "silenced" }, doc! { "drop": "silenced" }] {
            let started = Instant::now();
            let error = mongo.run(command).await.unwrap_err();
            assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
            let CommandError::Engine(error) = error else { panic!("{error:?}") };
            assert!(matches!(*error, EngineError::ConnectionLost { .. }), "{error:?}");
            assert!(error.to_string().contains("has not answered within 900ms"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_commit_that_is_not_answered_says_that_nobody_knows() {
    let mut options = options(Some(MongoKind::SecantusDb), b"commitTransaction\0");
    options.statement_timeout = Some(Duration::from_millis(500));
    let mongo = Mongo::connect(&options).await.unwrap();
    let session = mongo.start_session().await.unwrap();
    mongo.start_transaction(session).await.unwrap();
    mongo.run_on("silence", doc! { "find": "heard" }, Some(session)).await.unwrap();
    let started = Instant::now();
    let error = mongo.commit_transaction(session).await.unwrap_err();
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    assert!(error.to_string().contains("nobody knows whether it stands"), "{error}");
}
