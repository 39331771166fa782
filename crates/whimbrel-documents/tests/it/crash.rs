//! A process that ends while it writes: what was answered stands, and nothing stands by halves.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bson::doc;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

/// The name under which this very binary inserts until it is ended.
const WRITER: &str = "WHIMBREL_DOCUMENTS_TEST_WRITER";

const BATCH: i32 = 50;

/// Not a test of its own: the process that is ended.
#[tokio::test]
async fn writer_that_is_ended() {
    let Ok(path) = std::env::var(WRITER) else { return };
    let store = DocumentStore::open(&DocumentOptions::new(Location::File(path.into()), "test")).unwrap();
    let indexes = vec![
        doc! { "key": { "n": 1 }, "name": "n", "unique": true },
        doc! { "key": { "tags": 1, "n": -1 }, "name": "tags" },
        doc! { "key": { "text": "text" }, "name": "text" },
    ];
    store.run(doc! { "createIndexes": "c", "indexes": indexes }).await.unwrap();
    for batch in 0.. {
        let documents: Vec<_> = (0..BATCH)
            .map(|number| {
                let n = batch * BATCH + number;
                doc! { "_id": n, "n": n, "tags": [n % 3, n % 5], "text": format!("word{n}") }
            })
            .collect();
        store.run(doc! { "insert": "c", "documents": documents }).await.unwrap();
        println!("written {batch}");
    }
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_was_answered() {
    for round in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("documents.db");
        let mut writer = Command::new(std::env::current_exe().unwrap())
            .args(["crash::writer_that_is_ended", "--exact", "--nocapture"])
            .env(WRITER, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        let mut answered = 0;
        for line in lines.map_while(Result::ok) {
            let Some(batch) = line.split("written ").nth(1) else { continue };
            answered = batch.trim().parse::<i32>().unwrap() + 1;
            if answered > 5 + round * 7 {
                break;
            }
        }
        // SIGKILL, somewhere inside the next batch.
        std::thread::sleep(std::time::Duration::from_micros(300 * (1 + round.unsigned_abs() as u64)));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let store = DocumentStore::open(&DocumentOptions::new(Location::File(path), "test")).unwrap();
        let written = store.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap();
        assert!(written >= answered * BATCH, "{written} documents of {answered} answered batches");
        assert_eq!(written % BATCH, 0, "a batch stands by halves");
        let report = store.run(doc! { "validate": "c" }).await.unwrap();
        assert!(report.get_bool("valid").unwrap(), "{report}");
        assert!(answered > 0);
    }
}
