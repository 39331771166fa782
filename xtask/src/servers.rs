//! The servers that the tests share.

use anyhow::Result;
use whimbrel_testkit::toolchain::Toolchain;
use whimbrel_testkit::{MongoKind, MongoServer, PostgresServer, PostgresVersion, full_mongo_server_url};

use crate::interrupt::Interrupt;

/// Which servers are started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    Postgres,
    Mongo,
}

/// Every running test server.
pub(crate) struct Servers {
    postgres: Vec<PostgresServer>,
    mongo: Vec<MongoServer>,
}

impl Servers {
    /// Installs what is missing and starts one server of each version or kind of the selection.
    ///
    /// A full MongoDB that the environment names stands for those that would be started. The calling thread must outlive the
    /// servers: they stop with it.
    pub(crate) fn start(selection: Selection, interrupt: &Interrupt) -> Result<Self> {
        let toolchain = Toolchain::locate()?.announcing(|line| eprintln!("xtask: {line}"));
        let mut servers = Self { postgres: Vec::new(), mongo: Vec::new() };
        if selection != Selection::Mongo {
            for version in PostgresVersion::ALL {
                toolchain.postgres_bin(version)?;
            }
            toolchain.pgbouncer()?;
            for version in PostgresVersion::ALL {
                anyhow::ensure!(!interrupt.arrived(), "interrupted");
                servers.postgres.push(PostgresServer::start(version)?);
            }
        }
        if selection != Selection::Postgres {
            // The tests of the servers themselves start some, whichever the others use.
            toolchain.install_mongodb()?;
            let kinds = if full_mongo_server_url().is_some() { &[][..] } else { &MongoKind::ALL };
            for kind in kinds {
                anyhow::ensure!(!interrupt.arrived(), "interrupted");
                servers.mongo.push(MongoServer::start(*kind)?);
            }
        }
        Ok(servers)
    }

    /// The variables through which the tests find the servers.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let postgres =
            self.postgres.iter().map(|server| (server.version().variable(), server.url("postgres")));
        let mongo = self.mongo.iter().map(|server| (server.kind().variable().to_owned(), server.url()));
        postgres.chain(mongo).collect()
    }
}
