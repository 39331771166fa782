//! A process that ends while it writes: what was answered stands, and nothing stands by halves.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use bson::doc;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{CommandError, Commands};

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

/// The name under which this very binary fills a file that may not grow without end, and says what it met.
const FILLER: &str = "WHIMBREL_DOCUMENTS_TEST_FILLER";

/// The largest file of the process that fills it, in blocks of 1,024 bytes.
const LARGEST_BLOCKS: u32 = 3_000;

/// Not a test of its own: the process whose files are limited.
#[tokio::test]
async fn filler_of_a_disk() {
    let Ok(path) = std::env::var(FILLER) else { return };
    let store = DocumentStore::open(&DocumentOptions::new(Location::File(path.into()), "test")).unwrap();
    let index = doc! { "key": { "n": 1 }, "name": "n", "unique": true };
    store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    for batch in 0.. {
        let documents: Vec<_> = (0..BATCH)
            .map(|number| doc! { "_id": batch * BATCH + number, "n": batch * BATCH + number, "s": "x".repeat(2_000) })
            .collect();
        match store.run(doc! { "insert": "c", "documents": documents }).await {
            Ok(reply) => assert!(!reply.contains_key("writeErrors"), "{reply}"),
            Err(CommandError::Engine(error)) => {
                println!("refused {} {error}", miette::Diagnostic::code(&*error).unwrap());
                break;
            }
            Err(error) => panic!("{error}"),
        }
        println!("written {batch}");
    }
    // It still reads, and says the same of each further write.
    let reply = store.run(doc! { "count": "c" }).await.unwrap();
    println!("counted {}", reply.get_i32("n").unwrap());
    let large = doc! { "_id": -1, "s": "x".repeat(4_000_000) };
    let again = store.run(doc! { "insert": "c", "documents": [large] }).await.unwrap_err();
    assert!(again.to_string().contains("cannot be written"), "{again}");
}

#[test]
fn a_full_disk_is_said_and_nothing_is_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.db");
    // A write beyond the limit fails, as it does on a full disk, once its signal is ignored.
    let limited = format!("trap '' XFSZ; ulimit -f {LARGEST_BLOCKS}; exec \"$@\"");
    let output = Command::new("bash")
        .args(["-c", &limited, "bash"])
        .arg(std::env::current_exe().unwrap())
        .args(["crash::filler_of_a_disk", "--exact", "--nocapture"])
        .env(FILLER, &path)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    let answered =
        i32::try_from(stdout.lines().filter(|line| line.starts_with("written ")).count()).unwrap() * BATCH;
    assert!(answered > 0, "{stdout}");
    assert!(stdout.contains("refused database::not_writable"), "{stdout}");
    assert!(stdout.contains(&path.display().to_string()), "it names the file: {stdout}");
    assert!(stdout.contains(&format!("counted {answered}")), "{answered} answered: {stdout}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = DocumentStore::open(&DocumentOptions::new(Location::File(path), "test")).unwrap();
        let count = || async { store.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap() };
        assert_eq!(count().await, answered);
        let report = store.run(doc! { "validate": "c" }).await.unwrap();
        assert!(report.get_bool("valid").unwrap(), "{report}");
        // There is room again.
        store.run(doc! { "insert": "c", "documents": [{ "_id": -2, "n": -2 }] }).await.unwrap();
        assert_eq!(count().await, answered + 1);
    });
}
