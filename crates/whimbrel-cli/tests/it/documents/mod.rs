//! JavaScript migrations from outside: cut off, run by many at once, and hostile.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use bson::{Bson, Document, doc};
use whimbrel_testkit::{RunOutput, Sandbox};

mod crash;
mod database;
mod deployers;
mod hostile;
mod increments;
mod random;
mod scripts;

pub(crate) use database::{Database, Kind};
use scripts::{ITEMS, first_file};

/// More documents than any collection of these tests has.
const ALL: i32 = 20_000;
/// Whimbrel's own collections begin so.
const OWN: &str = "whimbrel_";

/// A project folder and its database.
pub(crate) struct Project {
    pub(crate) sandbox: Sandbox,
    pub(crate) kind: Kind,
    pub(crate) database: Database,
}

impl Project {
    /// A project without migrations, and an empty database.
    pub(crate) fn new(kind: Kind) -> Self {
        Project::with_settings(kind, "")
    }

    /// The same with more in whimbrel.toml.
    pub(crate) fn with_settings(kind: Kind, settings: &str) -> Self {
        let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
        let database = Database::new(kind, &sandbox);
        sandbox.env("WHIMBREL_URL", database.url());
        let name = "name = \"case\"\nmodel = \"document\"\n";
        sandbox.write("whimbrel.toml", format!("{name}{settings}")).unwrap();
        Project { sandbox, kind, database }
    }

    /// With the items and counters of the first file, and this text as the second, which is still to be applied.
    pub(crate) fn prepared(kind: Kind, second: &str, settings: &str) -> Self {
        let project = Project::with_settings(kind, settings);
        project.file("0001-first.js", &first_file());
        project.file("0002-second.js", second);
        project.run(&["migrate", "seal"], 0);
        project.run(&["migrate", "--to", "0001"], 0);
        project
    }

    /// Writes a migration.
    pub(crate) fn file(&self, name: &str, text: &str) {
        self.sandbox.write(format!("migrations/{name}"), text).unwrap();
    }

    /// Runs the binary and expects the exit code.
    pub(crate) fn run(&self, arguments: &[&str], code: i32) -> RunOutput {
        let output = self.sandbox.run(arguments).unwrap();
        let (words, kind) = (arguments.join(" "), self.kind.name());
        let RunOutput { stdout, stderr, .. } = &output;
        assert_eq!(output.code, Some(code), "on {kind}, `whimbrel {words}` wrote\n{stdout}{stderr}");
        output
    }

    /// Runs the binary, expects that it fails, and that its error has all these words.
    pub(crate) fn fails(&self, arguments: &[&str], words: &[&str]) -> RunOutput {
        let output = self.run(arguments, 1);
        for word in words {
            assert!(output.stderr.contains(word), "no {word:?} in {}", output.stderr);
        }
        output
    }

    /// Starts the binary and does not wait for it.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.sandbox.command();
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The driver that ends or stops itself.
    pub(crate) fn driver(&self, arguments: &[&str]) -> Command {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_whimbrel")).with_file_name("examples").join("crash");
        assert!(program.exists(), "build the driver: `cargo build -p whimbrel-cli --examples`");
        let environment = self.sandbox.command();
        let mut command = Command::new(program);
        command.current_dir(self.sandbox.root()).env_clear().stdin(Stdio::null()).args(arguments);
        command.envs(environment.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    /// The documents of a collection, by `_id`.
    pub(crate) fn documents(&self, collection: &str) -> Vec<Document> {
        let find = doc! { "find": collection, "sort": { "_id": 1 }, "batchSize": ALL };
        first_batch(&self.database.run(find).unwrap())
    }

    /// How many documents match.
    pub(crate) fn count(&self, collection: &str, query: Document) -> i64 {
        let reply = self.database.run(doc! { "count": collection, "query": query }).unwrap();
        reply.get_i32("n").map(i64::from).or_else(|_| reply.get_i64("n")).unwrap()
    }

    /// Every collection but Whimbrel's own, with its options, its indexes and its documents.
    pub(crate) fn content(&self) -> String {
        let mut collections = first_batch(&self.database.run(doc! { "listCollections": 1 }).unwrap());
        collections.sort_by_key(|collection| collection.get_str("name").unwrap().to_owned());
        let mut text = String::new();
        for collection in collections {
            let name = collection.get_str("name").unwrap();
            if name.starts_with(OWN) {
                continue;
            }
            let options = collection.get_document("options").cloned().unwrap_or_default();
            let mut indexes = first_batch(&self.database.run(doc! { "listIndexes": name }).unwrap());
            indexes.sort_by_key(|index| index.get_str("name").unwrap().to_owned());
            text.push_str(&format!("{name} {}\n", json(options)));
            for line in indexes.into_iter().chain(self.documents(name)) {
                text.push_str(&format!("  {}\n", json(line)));
            }
        }
        text
    }

    /// Everything that must be as after an uninterrupted run: the content, the history and the journal.
    pub(crate) fn standing(&self) -> String {
        format!("{}\n{:?}", self.reached(), self.journal())
    }

    /// The same without the journal, whose rows may stay until the next file begins.
    pub(crate) fn reached(&self) -> String {
        format!("{}{:?}", self.content(), self.history())
    }

    /// The versions in the history, with their names and kinds.
    pub(crate) fn history(&self) -> Vec<String> {
        let entries = self.documents("whimbrel_history");
        let word = |entry: &Document, key: &str| entry.get_str(key).unwrap().to_owned();
        entries
            .iter()
            .map(|entry| format!("{} {} {}", word(entry, "_id"), word(entry, "name"), word(entry, "kind")))
            .collect()
    }

    /// The rows of the journal.
    pub(crate) fn journal(&self) -> Vec<String> {
        let rows = self.documents("whimbrel_journal");
        rows.iter()
            .map(|row| {
                let act = row.get_document("act").unwrap();
                let word = |document: &Document, key: &str| document.get_str(key).unwrap().to_owned();
                format!("{} {} {}", word(act, "kind"), word(act, "what"), word(row, "state"))
            })
            .collect()
    }
}

impl Drop for Project {
    /// Ends the transactions that killed processes have left open: SecantusDB answers nobody any more when a database is
    /// dropped in which another transaction has written.
    fn drop(&mut self) {
        let locks = self.database.run(doc! { "find": "whimbrel_lock" });
        let locks = locks.map(|reply| first_batch(&reply)).unwrap_or_default();
        let named = ["sessions", "former"];
        let lists = locks.iter().flat_map(|lock| named.map(|name| lock.get_array(name).ok()));
        // An empty list would mean every session of the server.
        for sessions in lists.flatten().filter(|list| !list.is_empty()) {
            drop(self.database.run(doc! { "killSessions": sessions.clone() }));
        }
    }
}

/// The documents of a reply's first batch, which are all that there are.
pub(crate) fn first_batch(reply: &Document) -> Vec<Document> {
    let cursor = reply.get_document("cursor").unwrap();
    let batch = cursor.get_array("firstBatch").unwrap();
    batch.iter().map(|document| document.as_document().unwrap().clone()).collect()
}

fn json(document: Document) -> String {
    Bson::Document(document).into_canonical_extjson().to_string()
}

/// How many items there are, as a count is.
pub(crate) fn items() -> i64 {
    i64::from(ITEMS)
}
