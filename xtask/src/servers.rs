//! The servers that the tests share.

use anyhow::Result;
use whimbrel_testkit::toolchain::Toolchain;
use whimbrel_testkit::{PostgresServer, PostgresVersion};

use crate::interrupt::Interrupt;

/// Every running test server.
pub(crate) struct Servers {
    postgres: Vec<PostgresServer>,
}

impl Servers {
    /// Installs what is missing and starts one server of each version.
    ///
    /// The calling thread must outlive the servers: they stop with it.
    pub(crate) fn start(interrupt: &Interrupt) -> Result<Self> {
        let toolchain = Toolchain::locate()?.announcing(|line| eprintln!("xtask: {line}"));
        for version in PostgresVersion::ALL {
            toolchain.postgres_bin(version)?;
        }
        toolchain.pgbouncer()?;
        let mut postgres = Vec::new();
        for version in PostgresVersion::ALL {
            anyhow::ensure!(!interrupt.arrived(), "interrupted");
            postgres.push(PostgresServer::start(version)?);
        }
        Ok(Self { postgres })
    }

    /// The variables through which the tests find the servers.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        self.postgres.iter().map(|server| (server.version().variable(), server.url("postgres"))).collect()
    }
}
