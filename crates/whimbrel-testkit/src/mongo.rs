//! Servers that stand for MongoDB, and a database of one test on them.
//!
//! No package installs MongoDB's own server here, so two servers share the work, and a test names the one that it needs:
//!
//! - [`MongoKind::Engine`] is MongoDB's code as a library, behind a listener of ours. What it answers is what MongoDB
//!   answers. It is a standalone server that lacks sessions, and with them transactions and change streams; a URL needs
//!   `directConnection=true` or nothing at all, and `retryWrites` has no effect, since its `hello` names no session timeout. It keeps TTL indexes and deletes nothing. After
//!   a kill its documents are there again, while a `count` without a query still tells the number of its last orderly stop.
//! - [`MongoKind::SecantusDb`] is another implementation, which has those, users and TLS, and calls itself a replica set of
//!   one member named `secantus`. Transactions and change streams need neither `replicaSet=secantus` nor
//!   `directConnection=true`, and work with both of them too: the driver learns from `hello` what it talks to.
//!
//! What each of them can and cannot do is a table that a test asks of both, `tests/it/mongo_capabilities.rs`.
//! `WHIMBREL_TEST_MONGODB_URL` points the tests of both at one full server.

mod client;
mod database;
mod server;

pub use database::{MongoDatabase, full_mongo_server_url, mongo_database, mongo_server_url};
pub use server::{MongoServer, SecantusOptions};

/// A server that stands for MongoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MongoKind {
    /// MongoDB's own engine: a standalone server without sessions and users.
    Engine,
    /// SecantusDB: a replica set of one member, with sessions and users, without text, hashed and wildcard indexes.
    SecantusDb,
}

impl MongoKind {
    /// Both servers.
    pub const ALL: [Self; 2] = [Self::Engine, Self::SecantusDb];

    /// The variable that carries the URL of the shared server of this kind.
    #[must_use]
    pub fn variable(self) -> &'static str {
        match self {
            Self::Engine => "WHIMBREL_TEST_MONGODB_ENGINE_URL",
            Self::SecantusDb => "WHIMBREL_TEST_SECANTUSDB_URL",
        }
    }

    /// The server's name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "MongoDB's engine",
            Self::SecantusDb => "SecantusDB",
        }
    }
}
