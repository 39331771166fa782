//! What each of the two servers that stand for MongoDB can do: tables written by hand, and every row asked of both.
//!
//! A row that changes with a new release of a server fails here, so that tests elsewhere can rely on the tables.

mod catalogue;
mod index;
mod read;
mod server;
mod write;

use std::fmt::Write as _;

use mongodb::Client;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind, WriteFailure};
use tokio::runtime::Runtime;
use whimbrel_testkit::{MongoKind, MongoServer};

/// What a server does when it is asked for a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It does what MongoDB does.
    Works,
    /// It accepts the command, and the effect or a part of the reply is missing.
    Ignores,
    /// It refuses the command with this code.
    Refuses(i32),
    /// The driver sends nothing, because of what the server's `hello` says.
    NotSent,
}

use Outcome::{Ignores, NotSent, Refuses, Works};

/// Whether the server did what MongoDB does, or the error that it gave.
type Answer = Result<bool, Error>;

/// One capability, and what each server does with it.
struct Row {
    name: &'static str,
    engine: Outcome,
    secantusdb: Outcome,
    probe: fn(&Server) -> Answer,
}

/// Puts a row together in the order of the tables' columns.
const fn row(name: &'static str, engine: Outcome, secantusdb: Outcome, probe: fn(&Server) -> Answer) -> Row {
    Row { name, engine, secantusdb, probe }
}

/// A server with one database for all probes; each uses collections of its own.
struct Server {
    runtime: Runtime,
    client: Client,
    process: MongoServer,
}

const DATABASE: &str = "capabilities";

impl Server {
    fn start(kind: MongoKind) -> Self {
        let process = MongoServer::start(kind).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(Client::with_uri_str(process.url())).unwrap();
        Self { runtime, client, process }
    }

    /// Runs a command; errors of single writes count as errors of the command.
    fn run(&self, command: Document) -> Result<Document, Error> {
        self.run_in(DATABASE, command)
    }

    fn admin(&self, command: Document) -> Result<Document, Error> {
        self.run_in("admin", command)
    }

    fn run_in(&self, database: &str, command: Document) -> Result<Document, Error> {
        self.runtime.block_on(self.client.database(database).run_command(command).into_future())
    }

    fn insert(
        &self,
        collection: &str,
        documents: impl IntoIterator<Item = Document>,
    ) -> Result<Document, Error> {
        let documents: Vec<Document> = documents.into_iter().collect();
        self.run(doc! { "insert": collection, "documents": documents })
    }

    /// The first batch of a command that answers with a cursor.
    fn batch(&self, command: Document) -> Result<Vec<Document>, Error> {
        let reply = self.run(command)?;
        let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
        Ok(batch.iter().map(|each| each.as_document().unwrap().clone()).collect())
    }

    fn find(&self, collection: &str, filter: Document) -> Result<Vec<Document>, Error> {
        self.batch(doc! { "find": collection, "filter": filter })
    }

    fn aggregate(
        &self,
        collection: &str,
        stages: impl IntoIterator<Item = Document>,
    ) -> Result<Vec<Document>, Error> {
        let stages: Vec<Document> = stages.into_iter().collect();
        self.batch(doc! { "aggregate": collection, "pipeline": stages, "cursor": {} })
    }

    /// Creates an index with these options and returns what `listIndexes` says of it.
    fn index(&self, collection: &str, key: Document, options: Document) -> Result<Document, Error> {
        let mut index = doc! { "key": key, "name": "probe" };
        index.extend(options);
        self.run(doc! { "createIndexes": collection, "indexes": [index] })?;
        let listed = self.batch(doc! { "listIndexes": collection })?;
        Ok(listed.into_iter().find(|each| is(each, "name", "probe")).unwrap_or_default())
    }

    /// The error of the first write that was refused, from a reply to a write command.
    fn write_error(reply: &Document) -> Option<&Document> {
        reply.get_array("writeErrors").ok()?.first()?.as_document()
    }

    fn write_code(reply: &Document) -> Option<i32> {
        Self::write_error(reply)?.get_i32("code").ok()
    }
}

/// Whether a document has this value.
fn is(document: &Document, key: &str, value: impl Into<Bson>) -> bool {
    document.get(key) == Some(&value.into())
}

/// A number of any type.
fn number(value: Option<&Bson>) -> Option<i64> {
    match value? {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) => format!("{number:.0}").parse().ok(),
        _ => None,
    }
}

fn outcome(answer: Answer) -> Outcome {
    match answer {
        Ok(true) => Works,
        Ok(false) => Ignores,
        Err(error) => match *error.kind {
            ErrorKind::Command(error) => Refuses(error.code),
            ErrorKind::Write(WriteFailure::WriteError(error)) => Refuses(error.code),
            ErrorKind::SessionsNotSupported | ErrorKind::Transaction { .. } => NotSent,
            other => panic!("the probe itself failed: {other}"),
        },
    }
}

#[test]
fn the_tables_say_what_the_servers_do() {
    let [engine, secantusdb] = MongoKind::ALL.map(Server::start);
    let mut wrong = String::new();
    let tables = [index::TABLE, write::TABLE, read::TABLE, catalogue::TABLE, server::TABLE];
    for row in tables.into_iter().flatten() {
        for (server, expected) in [(&engine, row.engine), (&secantusdb, row.secantusdb)] {
            let answer = (row.probe)(server);
            let shown = answer.as_ref().err().map(ToString::to_string).unwrap_or_default();
            let found = outcome(answer);
            if found != expected {
                let kind = server.process.kind();
                writeln!(wrong, "{} on {kind:?}: {found:?}, not {expected:?} {shown}", row.name).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "the tables are wrong:\n{wrong}");
}
