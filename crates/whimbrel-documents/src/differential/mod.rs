//! The same commands to this engine and to MongoDB's own: the answers have to be equal.
//!
//! The server is named by `WHIMBREL_TEST_MONGODB_ENGINE_URL`; without one these tests fail.

mod bounds;
mod buckets;
mod compare;
mod dates;
mod embedded;
mod expressions;
mod filters;
mod generated;
mod places;
mod projections;
mod server;
mod updates;
mod validators;
mod values;

use bson::{Document, doc};

use compare::{Tally, check};
use embedded::Embedded;
use server::Server;

/// One command, and how its answer is compared.
pub(crate) struct Case {
    /// What the case is about, for the report.
    pub(crate) kind: String,
    pub(crate) command: Document,
    /// Whether the last digits of doubles may differ: functions of the C library.
    pub(crate) approximate: bool,
}

impl Case {
    pub(crate) fn new(kind: impl Into<String>, command: Document) -> Self {
        Case { kind: kind.into(), command, approximate: false }
    }

    pub(crate) fn find(kind: impl Into<String>, filter: Document) -> Self {
        Self::new(kind, doc! { "find": "docs", "filter": filter, "sort": { "_id": 1 }, "batchSize": 100_000 })
    }

    pub(crate) fn aggregate(kind: impl Into<String>, stages: Vec<Document>) -> Self {
        let command = doc! { "aggregate": "docs", "pipeline": stages, "cursor": { "batchSize": 100_000 } };
        Self::new(kind, command)
    }

    /// The case in one line, by which a known difference is named.
    pub(crate) fn line(&self) -> String {
        format!("[{}] {}", self.kind, self.command)
    }

    pub(crate) fn approximate(mut self) -> Self {
        self.approximate = true;
        self
    }
}

/// Puts the same documents on both sides, runs the cases on both, and fails where answers differ.
pub(crate) async fn run(name: &str, collections: &[(&str, Vec<Document>)], cases: Vec<Case>) -> Tally {
    let server = Server::start(name).await;
    let embedded = Embedded::start();
    for (collection, documents) in collections {
        server.load(collection, documents).await;
        embedded.load(collection, documents).await;
    }
    let mut tally = Tally::new(name);
    for case in cases {
        let theirs = server.run(&case.command).await;
        let ours = embedded.run(&case.command).await;
        check(&mut tally, &case, &ours, &theirs);
    }
    server.stop().await;
    tally.report();
    tally
}
