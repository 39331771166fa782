//! A server that says it is old: a listener of our own that knows three commands.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use bson::{Document, doc};
use whimbrel_engine::EngineError;
use whimbrel_mongo::{Mongo, MongoOptions};

const MESSAGE: i32 = 2013;
const QUERY: i32 = 2004;
const HEADER_BYTES: usize = 16;

fn reply(command: &Document, version: &str) -> Document {
    match command.keys().next().map(String::as_str) {
        Some("buildInfo") => doc! { "version": version, "ok": 1 },
        _ => doc! {
            "isWritablePrimary": true, "ismaster": true, "helloOk": true, "minWireVersion": 0, "maxWireVersion": 13,
            "maxBsonObjectSize": 16_777_216, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
            "ok": 1,
        },
    }
}

fn number(bytes: &[u8]) -> i32 {
    i32::from_le_bytes(bytes[..4].try_into().unwrap())
}

/// Answers one connection until it ends.
fn serve(mut stream: TcpStream, version: &str) -> std::io::Result<()> {
    loop {
        let mut header = [0; HEADER_BYTES];
        stream.read_exact(&mut header)?;
        let mut body = vec![0; usize::try_from(number(&header)).unwrap() - HEADER_BYTES];
        stream.read_exact(&mut body)?;
        let kind = number(&header[12..]);
        // Flags and the section's kind; or flags, the collection's name, and two numbers.
        let start = match kind {
            MESSAGE => 5,
            QUERY => 4 + body[4..].iter().position(|byte| *byte == 0).unwrap() + 1 + 8,
            other => panic!("an unknown message: {other}"),
        };
        let command = Document::from_reader(&body[start..]).unwrap();
        let answer = reply(&command, version).to_vec().unwrap();
        let (kind, front) = match kind {
            MESSAGE => (MESSAGE, vec![0; 5]),
            _ => (1, [[0; 16].as_slice(), &1_i32.to_le_bytes()].concat()),
        };
        let length = i32::try_from(HEADER_BYTES + front.len() + answer.len()).unwrap();
        let mut message = Vec::new();
        for part in [length, 0, number(&header[4..]), kind] {
            message.extend(part.to_le_bytes());
        }
        message.extend(front);
        message.extend(answer);
        stream.write_all(&message)?;
    }
}

fn start(version: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || serve(stream, version));
        }
    });
    port
}

#[tokio::test]
async fn an_old_server_is_refused_by_its_version() {
    for version in ["5.0.31", "4.4.0"] {
        let url = format!("mongodb://127.0.0.1:{}/wayra?directConnection=true", start(version));
        let error = Mongo::connect(&MongoOptions::new(url)).await.unwrap_err();
        assert!(matches!(&error, EngineError::TooOld { oldest: "6.0", .. }), "{error:?}");
        assert!(error.to_string().contains(version), "{error}");
    }
}
