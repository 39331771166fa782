//! Several stores on one file, in one process and in several: each sees what the others have done, and a copy that is made
//! while they write is whole.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bson::doc;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_writers_lose_nothing() {
    const WRITERS: i32 = 4;
    const EACH: i32 = 40;
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let mut tasks = Vec::new();
    for writer in 0..WRITERS {
        // A store of its own shares nothing with the others but the file.
        let store: Arc<DocumentStore> = DocumentStore::open(&options).unwrap();
        tasks.push(tokio::spawn(async move {
            if writer == 0 {
                let index = doc! { "key": { "n": 1 }, "name": "n", "unique": true };
                store.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
            }
            for number in 0..EACH {
                let n = writer * EACH + number;
                let reply =
                    store.run(doc! { "insert": "c", "documents": [{ "_id": n, "n": n }] }).await.unwrap();
                assert_eq!(reply.get_i32("n").unwrap(), 1, "{reply}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let store = DocumentStore::open(&options).unwrap();
    assert_eq!(store.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), WRITERS * EACH);
    let report = store.run(doc! { "validate": "c" }).await.unwrap();
    assert!(report.get_bool("valid").unwrap(), "{report}");
    assert_eq!(report.get_document("keysPerIndex").unwrap().get_i32("n").unwrap(), WRITERS * EACH);
}

#[tokio::test]
async fn a_change_of_the_catalogue_is_seen_by_other_stores() {
    let folder = tempfile::tempdir().unwrap();
    let options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    let (one, other) = (DocumentStore::open(&options).unwrap(), DocumentStore::open(&options).unwrap());
    one.run(doc! { "insert": "c", "documents": [{ "_id": 1, "a": 1 }] }).await.unwrap();
    assert_eq!(other.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), 1);
    let index = doc! { "key": { "a": 1 }, "name": "a", "unique": true };
    one.run(doc! { "createIndexes": "c", "indexes": [index] }).await.unwrap();
    let reply = other.run(doc! { "insert": "c", "documents": [{ "_id": 2, "a": 1 }] }).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    other.run(doc! { "collMod": "c", "validator": { "a": { "$gt": 5 } } }).await.unwrap();
    let reply = one.run(doc! { "insert": "c", "documents": [{ "_id": 3, "a": 2 }] }).await.unwrap();
    assert!(reply.contains_key("writeErrors"), "{reply}");
    other.run(doc! { "drop": "c" }).await.unwrap();
    assert_eq!(one.run(doc! { "count": "c" }).await.unwrap().get_i32("n").unwrap(), 0);
}

/// The name under which this very binary writes to a file that others write to.
const WRITER: &str = "WHIMBREL_DOCUMENTS_TEST_PROCESS";
/// The processes that write at the same time.
const PROCESSES: usize = 4;
/// How long they do so.
const WRITING: Duration = Duration::from_secs(2);
/// How often one of them is ended meanwhile, and begun anew.
const KILLS: usize = 6;

/// Not a test of its own: the process that writes until it is ended. It writes to two collections in one transaction.
#[tokio::test]
async fn writer_beside_others() {
    let Ok(path) = std::env::var(WRITER) else { return };
    let mut options = DocumentOptions::new(Location::File(path.into()), "test");
    options.busy_timeout = Duration::from_secs(60);
    let store = DocumentStore::open(&options).unwrap();
    loop {
        twice(&store).await;
    }
}

/// Writes to two collections in one transaction.
async fn twice(store: &DocumentStore) {
    let session = store.start_session().await.unwrap();
    store.whole_transactions().unwrap().start_whole_transaction(session).await.unwrap();
    for name in ["left", "right"] {
        let documents: Vec<_> = (0..3).map(|number| doc! { "n": number, "tags": [number, 7] }).collect();
        let insert = doc! { "insert": name, "documents": documents };
        store.run_on("test", insert, Some(session)).await.unwrap();
    }
    store.commit_transaction(session).await.unwrap();
    store.end_session(session).await;
}

fn writer(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["processes::writer_beside_others", "--exact"])
        .env(WRITER, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Both collections are whole, and hold as much as each other; says how much.
async fn is_whole(path: &Path) -> i32 {
    let sqlite = rusqlite::Connection::open(path).unwrap();
    let check: String = sqlite.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    drop(sqlite);
    let store = DocumentStore::open(&DocumentOptions::new(Location::File(path.into()), "test")).unwrap();
    let mut counts = Vec::new();
    for name in ["left", "right"] {
        let report = store.run(doc! { "validate": name }).await.unwrap();
        assert!(report.get_bool("valid").unwrap(), "{report}");
        counts.push(store.run(doc! { "count": name }).await.unwrap().get_i32("n").unwrap());
    }
    assert_eq!(counts[0], counts[1], "a transaction stands by halves");
    counts[0]
}

async fn prepared(path: &Path) {
    let store = DocumentStore::open(&DocumentOptions::new(Location::File(path.into()), "test")).unwrap();
    for name in ["left", "right"] {
        let indexes = vec![
            doc! { "key": { "n": 1, "tags": -1 }, "name": "n" },
            doc! { "key": { "words": "text" }, "name": "words" },
            doc! { "key": { "place": "2dsphere" }, "name": "place" },
        ];
        store.run(doc! { "createIndexes": name, "indexes": indexes }).await.unwrap();
    }
}

#[tokio::test]
async fn processes_that_write_and_are_ended_leave_the_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.db");
    prepared(&path).await;
    let mut writers: Vec<Child> = (0..PROCESSES).map(|_| writer(&path)).collect();
    for kill in 0..KILLS {
        tokio::time::sleep(WRITING / u32::try_from(KILLS).unwrap()).await;
        let ended = &mut writers[kill % PROCESSES];
        assert!(ended.try_wait().unwrap().is_none(), "it ended by itself");
        ended.kill().unwrap();
        ended.wait().unwrap();
        *ended = writer(&path);
    }
    for mut writer in writers {
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    assert!(is_whole(&path).await > 0);
}

/// By `VACUUM INTO` and by SQLite's backup, as tools do it that know nothing of documents.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_while_others_write_is_whole_and_works() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("documents.db");
    prepared(&path).await;
    let options = DocumentOptions::new(Location::File(path.clone()), "test");
    let store = DocumentStore::open(&options).unwrap();
    let (ends, writing) = (Arc::new(AtomicBool::new(false)), Arc::clone(&store));
    let flag = Arc::clone(&ends);
    let writer = tokio::spawn(async move {
        let mut slowest = Duration::ZERO;
        while !flag.load(Ordering::Relaxed) {
            let started = Instant::now();
            twice(&writing).await;
            slowest = slowest.max(started.elapsed());
        }
        slowest
    });
    let mut last = 0;
    for round in 0..4 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let copy = folder.path().join(format!("copy{round}.db"));
        let (from, to) = (path.clone(), copy.clone());
        let copied = tokio::task::spawn_blocking(move || {
            let sqlite = rusqlite::Connection::open(from).unwrap();
            if round % 2 == 0 {
                sqlite.execute("VACUUM INTO ?1", [to.display().to_string()]).unwrap();
                return;
            }
            let mut copy = rusqlite::Connection::open(to).unwrap();
            let backup = rusqlite::backup::Backup::new(&sqlite, &mut copy).unwrap();
            assert_eq!(backup.step(-1).unwrap(), rusqlite::backup::StepResult::Done);
        });
        copied.await.unwrap();
        let count = is_whole(&copy).await;
        assert!(count > last, "{count} documents after {last}: the others went on writing");
        last = count;
        works_for_several(&copy, count).await;
    }
    ends.store(true, Ordering::Relaxed);
    let slowest = writer.await.unwrap();
    assert!(slowest < options.busy_timeout, "a writer waited for {slowest:?}");
}

/// A copy is as good as the file: one reads while another writes.
async fn works_for_several(path: &Path, count: i32) {
    let options = DocumentOptions::new(Location::File(path.into()), "test");
    let (one, other) = (DocumentStore::open(&options).unwrap(), DocumentStore::open(&options).unwrap());
    let session = one.start_session().await.unwrap();
    one.start_transaction(session).await.unwrap();
    one.run_on("test", doc! { "find": "left", "limit": 1 }, Some(session)).await.unwrap();
    twice(&other).await;
    one.commit_transaction(session).await.unwrap();
    assert_eq!(is_whole(path).await, count + 3);
}
