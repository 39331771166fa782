//! Commands that nobody would write: structure-aware inputs, most of which come as far as the executor.
//!
//! Right commands of every kind, the same with values, types, operators and nesting swapped, and bytes that are broken; over
//! documents that are whole, and over some whose bytes are broken in the file. None may panic, end the process, take
//! long, or leave an index that does not fit its collection.

mod commands;
mod mutate;
mod random;
mod values;

use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bson::{Document, doc};
use tempfile::TempDir;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location, Synchronous};
use whimbrel_engine::document::{CommandError, Commands as _, SessionId};

use commands::COLLECTIONS;
use random::Random;

/// How many inputs the everyday test takes; `WHIMBREL_TEST_INPUTS` asks for another number, `cargo xtask soak` for a million.
const INPUTS: usize = 10_000;
/// Stores that are tried side by side.
const WORKERS: usize = 2;
/// The inputs before a store begins anew, so that it neither runs full nor empty.
const ROUND: usize = 1_000;
/// The documents that a collection begins with.
const DOCUMENTS: i32 = 30;
/// How long one command may take, on a slow machine.
const LONGEST: Duration = Duration::from_secs(20);
/// The refusals that only documents lead to, and no command's form: the executor was reached.
const WHILE_RUNNING: [i32; 5] = [11000, 121, 28, 66, 10334];
/// The refusal of a document whose bytes are broken, which it takes reading it to find out.
const BROKEN_DOCUMENT: i32 = 22;
/// The refusal of a command in a transaction that another command has ended.
const ENDED: i32 = 251;

/// What became of the inputs.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    inputs: usize,
    /// They did what they say, or met a document that did not let them.
    reached: usize,
    refused: usize,
    /// Bytes that hold no document.
    undecoded: usize,
}

/// One store and what is tried on it.
struct Trial {
    random: Random,
    store: Arc<DocumentStore>,
    folder: TempDir,
    session: Option<SessionId>,
    counts: Counts,
}

fn opened(folder: &TempDir) -> Arc<DocumentStore> {
    let mut options = DocumentOptions::new(Location::File(folder.path().join("documents.db")), "test");
    options.synchronous = Synchronous::Off;
    DocumentStore::open(&options).unwrap()
}

/// A folder in memory where the system has one.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl Trial {
    async fn new(seed: u64) -> Self {
        let folder = folder();
        let store = opened(&folder);
        let mut trial =
            Trial { random: Random::new(seed), store, folder, session: None, counts: Counts::default() };
        trial.fill().await;
        trial
    }

    /// Begins anew: the documents, the indexes, and the collection whose documents are damaged.
    async fn fill(&mut self) {
        self.store.run(doc! { "dropDatabase": 1 }).await.unwrap();
        for name in &COLLECTIONS[..3] {
            let documents: Vec<Document> =
                (0..DOCUMENTS).map(|id| values::usual(&mut self.random, id)).collect();
            let reply = self.store.run(doc! { "insert": *name, "documents": documents }).await.unwrap();
            assert!(!reply.contains_key("writeErrors"), "{reply}");
        }
        let indexes = vec![
            doc! { "key": { "n": 1 }, "name": "n", "unique": true, "sparse": true },
            doc! { "key": { "tags": 1, "s": -1 }, "name": "tags" },
            doc! { "key": { "a.b.c": 1 }, "name": "c", "partialFilterExpression": { "n": { "$gt": 5 } } },
            doc! { "key": { "text": "text" }, "name": "text" },
            doc! { "key": { "loc": "2dsphere" }, "name": "loc" },
        ];
        for name in &COLLECTIONS[..2] {
            self.store.run(doc! { "createIndexes": *name, "indexes": indexes.clone() }).await.unwrap();
        }
        self.damage();
    }

    /// Breaks bytes of documents in the file.
    fn damage(&mut self) {
        let sqlite = rusqlite::Connection::open(self.folder.path().join("documents.db")).unwrap();
        sqlite.busy_timeout(LONGEST).unwrap();
        let id: i64 = sqlite
            .query_row("SELECT id FROM collections WHERE name = 'damaged'", [], |row| row.get(0))
            .unwrap();
        let mut rows = sqlite.prepare(&format!("SELECT r, doc FROM c{id}")).unwrap();
        let found: Vec<(i64, Vec<u8>)> =
            rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        for (row, bytes) in found.into_iter().filter(|(row, _)| row % 3 == 0) {
            let bytes = mutate::broken_bytes(&mut self.random, bytes);
            sqlite.execute(&format!("UPDATE c{id} SET doc = ?2 WHERE r = ?1"), (row, bytes)).unwrap();
        }
    }

    /// The next input; none where its bytes hold no document.
    fn input(&mut self) -> Option<Document> {
        let command = commands::command(&mut self.random);
        match self.random.below(100) {
            0..=3 => mutate::broken(&mut self.random, &command),
            4..=24 => Some(mutate::mutated(&mut self.random, command)),
            _ => Some(command),
        }
    }

    /// Begins a transaction once in a while, and ends it soon.
    async fn turn(&mut self) {
        match self.session {
            None if self.random.percent(2) => {
                let session = self.store.start_session().await.unwrap();
                if self.random.percent(50) {
                    self.store.start_transaction(session).await.unwrap();
                } else {
                    let whole = self.store.whole_transactions().unwrap();
                    whole.start_whole_transaction(session).await.unwrap();
                }
                self.session = Some(session);
            }
            Some(session) if self.random.percent(25) => {
                if self.random.percent(50) {
                    // A refused command may have ended it.
                    drop(self.store.commit_transaction(session).await);
                }
                self.store.end_session(session).await;
                self.session = None;
            }
            _ => {}
        }
    }

    async fn step(&mut self, number: usize) {
        self.counts.inputs += 1;
        self.turn().await;
        let Some(command) = self.input() else {
            self.counts.undecoded += 1;
            return;
        };
        traced(|| format!("input {number}: {command}"));
        let started = Instant::now();
        let reply = self.store.run_on("test", command.clone(), self.session).await;
        let took = started.elapsed();
        assert!(took < LONGEST, "input {number} took {took:?}: {command}");
        let code = match &reply {
            Ok(reply) => reply
                .get_array("writeErrors")
                .ok()
                .map(|errors| errors[0].as_document().and_then(|error| error.get_i32("code").ok()).unwrap()),
            Err(CommandError::Refused(refusal)) => Some(refusal.code),
            Err(error) => panic!("input {number} broke the engine: {error}\n{command}"),
        };
        traced(|| format!("input {number}: {code:?} {:?}", reply.as_ref().err().map(ToString::to_string)));
        if let (Some(ENDED), Some(session)) = (code, self.session) {
            self.store.end_session(session).await;
            self.session = None;
        }
        let names = |name: &str| command.values().next().is_some_and(|value| value.as_str() == Some(name));
        match code {
            None => self.counts.reached += 1,
            Some(BROKEN_DOCUMENT) if reply.is_err() && names("damaged") => self.counts.reached += 1,
            Some(code) if WHILE_RUNNING.contains(&code) => self.counts.reached += 1,
            Some(_) => self.counts.refused += 1,
        }
    }

    /// Whatever was tried, each index fits its collection, and the file is whole.
    async fn check(&mut self, number: usize) {
        if let Some(session) = self.session.take() {
            self.store.end_session(session).await;
        }
        for name in &COLLECTIONS[..2] {
            if let Ok(report) = self.store.run(doc! { "validate": *name }).await {
                assert!(report.get_bool("valid").unwrap(), "before input {number}: {report}");
            }
        }
    }
}

/// Appends each input to the file that `WHIMBREL_TEST_TRACE` names: the last one is what ended the process.
fn traced(words: impl FnOnce() -> String) {
    if let Some(path) = std::env::var_os("WHIMBREL_TEST_TRACE") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
        writeln!(file, "{}", words()).unwrap();
    }
}

async fn tried(seed: u64, inputs: usize) -> Counts {
    let mut trial = Trial::new(seed).await;
    for number in 0..inputs {
        if number > 0 && number.is_multiple_of(ROUND) {
            trial.check(number).await;
            trial.fill().await;
        }
        trial.step(number).await;
    }
    trial.check(inputs).await;
    trial.counts
}

fn given(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_command_breaks_the_engine() {
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let seed = given("WHIMBREL_TEST_SEED").unwrap_or_else(now);
    let inputs = given("WHIMBREL_TEST_INPUTS").map_or(INPUTS, |inputs| usize::try_from(inputs).unwrap());
    println!("seed {seed}: WHIMBREL_TEST_SEED={seed} repeats the inputs");
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let seed = seed.wrapping_mul(1_000).wrapping_add(u64::try_from(worker).unwrap());
            tokio::spawn(tried(seed, inputs / WORKERS))
        })
        .collect();
    let mut sum = Counts::default();
    for worker in workers {
        let counts = worker.await.unwrap();
        sum.inputs += counts.inputs;
        sum.reached += counts.reached;
        sum.refused += counts.refused;
        sum.undecoded += counts.undecoded;
    }
    let Counts { inputs, reached, refused, undecoded } = sum;
    println!(
        "{inputs} inputs: {reached} reached the executor, {refused} were refused, {undecoded} were no BSON"
    );
    assert!(reached * 2 >= inputs, "under half of the inputs reached the executor: {sum:?}");
}
