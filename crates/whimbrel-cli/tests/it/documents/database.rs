//! The database of one test: on a server that stands for MongoDB, or in a file of the embedded engine.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use bson::Document;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands as _;
use whimbrel_testkit::{MongoDatabase, MongoKind, Sandbox, mongo_database};

/// The database that the embedded engine keeps a project in.
const EMBEDDED_DATABASE: &str = "app";

/// What answers a project's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// MongoDB's own engine: without transactions.
    Engine,
    /// SecantusDB: with transactions of documents, and without text indexes.
    SecantusDb,
    /// The embedded engine: every command may be part of a transaction.
    Embedded,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Engine, Self::SecantusDb, Self::Embedded];
    /// Those that run as processes of their own, with a clock of their own.
    pub(crate) const SERVERS: [Self; 2] = [Self::Engine, Self::SecantusDb];

    /// The name in messages.
    pub(crate) fn name(self) -> &'static str {
        self.server().map_or("the embedded engine", MongoKind::name)
    }

    /// The server that is meant; none where there is no server.
    pub(crate) fn server(self) -> Option<MongoKind> {
        match self {
            Kind::Engine => Some(MongoKind::Engine),
            Kind::SecantusDb => Some(MongoKind::SecantusDb),
            Kind::Embedded => None,
        }
    }

    /// Whether a script of documents alone is one transaction.
    pub(crate) fn has_transactions(self) -> bool {
        self != Kind::Engine
    }
}

/// A database that goes with the value.
pub(crate) enum Database {
    Server(MongoDatabase),
    Embedded { path: PathBuf, store: OnceLock<Arc<DocumentStore>> },
}

impl Database {
    /// A fresh one; the embedded engine's lies in the project's folder, and is made when it is first used.
    pub(crate) fn new(kind: Kind, sandbox: &Sandbox) -> Self {
        match kind.server() {
            Some(server) => Database::Server(mongo_database(server).unwrap()),
            None => Database::in_file(sandbox.path(".whimbrel/development.db")),
        }
    }

    /// The embedded engine's in this file.
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Database::Embedded { path, store: OnceLock::new() }
    }

    /// What `WHIMBREL_URL` says.
    pub(crate) fn url(&self) -> String {
        match self {
            Database::Server(database) => database.url().to_owned(),
            Database::Embedded { path, .. } => format!("sqlite:{}", path.display()),
        }
    }

    /// Runs a command in it, as another process beside the one that is tested.
    ///
    /// # Errors
    /// The words of whoever refuses it.
    pub(crate) fn run(&self, command: Document) -> Result<Document, String> {
        match self {
            Database::Server(database) => database.run(command).map_err(|error| format!("{error:#}")),
            Database::Embedded { path, store } => {
                let store = store.get_or_init(|| {
                    let location = Location::File(path.clone());
                    DocumentStore::open(&DocumentOptions::new(location, EMBEDDED_DATABASE)).unwrap()
                });
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(store.run(command)).map_err(|error| error.to_string())
            }
        }
    }
}
