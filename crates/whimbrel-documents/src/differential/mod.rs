//! The same commands to this evaluator and to MongoDB's own engine: the answers have to be equal.
//!
//! The server is named by `WHIMBREL_TEST_MONGODB_ENGINE_URL`; without one these tests fail.

mod compare;
mod expressions;
mod filters;
mod generated;
mod generator;
mod memory;
mod pipelines;
mod projections;
mod server;
mod updates;
mod validators;
mod values;

use bson::{Bson, Document, doc};

use compare::{Tally, check};
use memory::Memory;
use server::Server;

/// One command, and how its answer is compared.
pub(crate) struct Case {
    /// What the case is about, for the report.
    pub(crate) kind: String,
    pub(crate) command: Document,
    /// Whether the order of the results is the server's own affair.
    pub(crate) unordered: bool,
    /// Whether the last digits of doubles may differ: functions of the C library.
    pub(crate) approximate: bool,
}

impl Case {
    pub(crate) fn new(kind: impl Into<String>, command: Document) -> Self {
        Case { kind: kind.into(), command, unordered: false, approximate: false }
    }

    pub(crate) fn find(kind: impl Into<String>, filter: Document) -> Self {
        Self::new(kind, doc! { "find": "docs", "filter": filter, "sort": { "_id": 1 }, "batchSize": 100_000 })
    }

    pub(crate) fn aggregate(kind: impl Into<String>, stages: Vec<Document>) -> Self {
        let command = doc! { "aggregate": "docs", "pipeline": stages, "cursor": { "batchSize": 100_000 } };
        Self::new(kind, command)
    }

    pub(crate) fn unordered(mut self) -> Self {
        self.unordered = true;
        self
    }

    pub(crate) fn approximate(mut self) -> Self {
        self.approximate = true;
        self
    }
}

/// Puts the same documents on both sides, runs the cases on both, and fails where answers differ.
pub(crate) async fn run(name: &str, collections: &[(&str, Vec<Document>)], cases: Vec<Case>) -> Tally {
    let server = Server::start(name).await;
    let mut memory = Memory::default();
    for (collection, documents) in collections {
        server.load(collection, documents).await;
        memory.load(collection, documents);
    }
    let mut tally = Tally::new(name);
    for case in cases {
        let theirs = server.run(&case.command).await;
        let ours = memory.run(&case.command);
        check(&mut tally, &case, &ours, &theirs);
    }
    server.stop().await;
    tally.report();
    tally
}

/// The documents of an answer that holds a cursor.
pub(crate) fn batch(reply: &Document) -> Vec<Bson> {
    let cursor = reply.get_document("cursor").expect("an answer with a cursor");
    cursor.get_array("firstBatch").expect("a first batch").clone()
}
