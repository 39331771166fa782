//! Beside migrate-mongo: its history taken over, and its migrations run unchanged.

use std::path::Path;

use bson::{Bson, Document, doc};
use whimbrel_testkit::toolchain::{MigrateMongo, Toolchain};
use whimbrel_testkit::{MongoDatabase, MongoKind, RunOutput, Sandbox, mongo_database};

mod adopt;
mod parity;

/// More documents than any collection of these tests has.
const ALL: i32 = 10_000;

/// A folder with the files of both tools, and a database on one of the servers.
struct Project {
    sandbox: Sandbox,
    kind: MongoKind,
    database: MongoDatabase,
    peer: MigrateMongo,
}

impl Project {
    fn new(kind: MongoKind) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
        let database = mongo_database(kind).unwrap();
        sandbox.env("WHIMBREL_URL", database.url());
        sandbox.write("whimbrel.toml", "name = \"case\"\nmodel = \"document\"\n").unwrap();
        let peer = Toolchain::locate().unwrap().migrate_mongo().unwrap();
        let project = Project { sandbox, kind, database, peer };
        project.settings("");
        project
    }

    /// Writes migrate-mongo's settings.
    fn settings(&self, more: &str) {
        let (root, database) = (self.sandbox.root(), &self.database);
        self.peer.project(root, database.url(), database.name(), more).unwrap();
    }

    /// Writes a migration.
    fn file(&self, name: &str, text: &str) {
        self.sandbox.write(Path::new("migrations").join(name), text).unwrap();
    }

    /// Runs migrate-mongo.
    fn migrate_mongo(&self, arguments: &[&str]) -> String {
        self.peer.run(self.sandbox.root(), arguments).unwrap()
    }

    /// Runs Whimbrel and expects the exit code.
    fn whimbrel(&self, arguments: &[&str], code: i32) -> RunOutput {
        let output = self.sandbox.run(arguments).unwrap();
        let said = format!("{}{}", output.stdout, output.stderr);
        assert_eq!(
            output.code,
            Some(code),
            "on {:?}, `whimbrel {}`:\n{said}",
            self.kind,
            arguments.join(" ")
        );
        output
    }

    fn insert(&self, collection: &str, documents: Vec<Document>) {
        let reply = self.database.run(doc! { "insert": collection, "documents": documents }).unwrap();
        assert!(!reply.contains_key("writeErrors"), "{reply}");
    }

    /// The collections of the database with their options, sorted by name.
    fn collections(&self) -> Vec<Document> {
        let mut found = self.first_batch(doc! { "listCollections": 1 });
        found.sort_by(|one, other| one.get_str("name").unwrap().cmp(other.get_str("name").unwrap()));
        found
    }

    /// The documents of a collection, sorted.
    fn documents(&self, collection: &str) -> Vec<Document> {
        self.first_batch(doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": ALL })
    }

    fn first_batch(&self, command: Document) -> Vec<Document> {
        let reply = self.database.run(command).unwrap();
        let cursor = reply.get_document("cursor").unwrap();
        assert_eq!(cursor.get("id").and_then(Bson::as_i64), Some(0), "one batch holds everything");
        let batch = cursor.get_array("firstBatch").unwrap();
        batch.iter().map(|document| document.as_document().unwrap().clone()).collect()
    }
}
