//! Real servers, fresh databases and sandboxed runs of the binary for tests.
//!
//! Owns the test servers' installation ([`toolchain`]), their processes ([`PostgresServer`],
//! [`PgBouncer`] in front of one, and [`MongoServer`]), the databases that single
//! tests use ([`TestDatabase`], [`MongoDatabase`]), temporary projects ([`Sandbox`]), and the suite that every document engine passes
//! ([`conformance`]). It never reads `DATABASE_URL` or its kin, listens on
//! loopback only, and a server that is missing is an error, never a skipped test.

mod account;
mod alembic_projects;
mod certificate;
pub mod conformance;
mod database;
mod django;
mod fixtures;
mod mongo;
mod pgbouncer;
mod postgres;
mod process;
mod psql;
mod redact;
mod sandbox;
pub mod toolchain;

pub use alembic_projects::{ALEMBIC_PROJECTS, AlembicProject, AlembicScripts};
pub use database::{TestDatabase, server_url, test_database};
pub use fixtures::{SIPREMS_SQL, TRAVYA_SQL};
pub use mongo::{
    MongoDatabase, MongoKind, MongoServer, SecantusOptions, full_mongo_server_url, mongo_database,
    mongo_server_url,
};
pub use pgbouncer::{PgBouncer, PgBouncerOptions};
pub use postgres::{PostgresOptions, PostgresServer};
pub use redact::redact;
pub use sandbox::{RunOutput, Sandbox};
pub use toolchain::PostgresVersion;
