//! A fresh database for one test, on the server that `cargo xtask test` has started.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};

use crate::postgres::random_hex;
use crate::psql;
use crate::toolchain::PostgresVersion;

/// The variable that points the tests of every version at one full server.
const ANY_VERSION_VARIABLE: &str = "WHIMBREL_TEST_POSTGRES_URL";

/// A fresh, uniquely named database; dropping it drops the database and disconnects whoever still uses it.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    server: String,
}

impl TestDatabase {
    /// The database's name, which begins with `whimbrel_test_`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The superuser's URL of the database.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates a fresh database with the same content, on the same server.
    ///
    /// # Errors
    /// When somebody is connected to this one.
    pub fn copy(&self) -> Result<TestDatabase> {
        create(self.server.clone(), &self.name)
    }

    /// Runs SQL in the database and returns the unaligned rows without headers.
    ///
    /// # Errors
    /// When a statement fails; the message is psql's.
    pub fn psql(&self, sql: &str) -> Result<String> {
        psql::run(&self.url, sql)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A server that a test has ended cannot drop its databases; they go with its folder.
        drop(psql::run(&self.server, &format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", self.name)));
    }
}

/// Creates a fresh database on the shared server of `version`.
///
/// # Errors
/// When no server is given: `cargo xtask test` starts and gives one.
pub fn test_database(version: PostgresVersion) -> Result<TestDatabase> {
    // template0 has no connections, so that creations at the same time do not disturb each other.
    create(server_url(version)?, "template0")
}

fn create(server: String, template: &str) -> Result<TestDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("whimbrel_test_{}_{number}_{}", std::process::id(), random_hex()?);
    let url = with_database(&server, &name).context("the server's URL is not a PostgreSQL URL")?;
    psql::run(&server, &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\""))?;
    Ok(TestDatabase { name, url, server })
}

/// The superuser URL of the shared server of `version`.
///
/// # Errors
/// When no server is given: `cargo xtask test` starts and gives one.
pub fn server_url(version: PostgresVersion) -> Result<String> {
    choose_server_url(version, |name| std::env::var(name).ok())
}

fn choose_server_url(version: PostgresVersion, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let given = |name: &str| variable(name).filter(|url| !url.is_empty());
    let Some(url) = given(&version.variable()).or_else(|| given(ANY_VERSION_VARIABLE)) else {
        bail!(
            "this test needs PostgreSQL {}, and neither {} nor {ANY_VERSION_VARIABLE} is set: run `cargo xtask test`, \
             or set what `cargo xtask test --servers` prints",
            version.major(),
            version.variable()
        );
    };
    Ok(url)
}

/// Replaces the database in a URL and keeps its parameters.
pub(crate) fn with_database(url: &str, database: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let (address, parameters) =
        rest.split_once('?').map_or((rest, None), |(address, parameters)| (address, Some(parameters)));
    let authority = address.split_once('/').map_or(address, |(authority, _)| authority);
    let parameters = parameters.map(|text| format!("?{text}")).unwrap_or_default();
    Some(format!("{scheme}://{authority}/{database}{parameters}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_replaced_and_parameters_stay() {
        let cases = [
            ("postgres://u:p@127.0.0.1:5/postgres", "postgres://u:p@127.0.0.1:5/t"),
            ("postgres://u:p@127.0.0.1:5", "postgres://u:p@127.0.0.1:5/t"),
            ("postgres://h/db?sslmode=require", "postgres://h/t?sslmode=require"),
            ("postgres://h?sslmode=require", "postgres://h/t?sslmode=require"),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "t").as_deref(), Some(expected), "{url}");
        }
        assert_eq!(with_database("nonsense", "t"), None);
    }

    #[test]
    fn a_missing_server_is_an_error_that_names_the_command() {
        let error = choose_server_url(PostgresVersion::V17, |_| None).unwrap_err().to_string();
        assert!(
            error.contains("cargo xtask test") && error.contains("WHIMBREL_TEST_POSTGRES_17_URL"),
            "{error}"
        );
        let error = choose_server_url(PostgresVersion::V17, |name| {
            (name == "DATABASE_URL").then(|| "postgres://real".to_owned())
        });
        assert!(error.is_err(), "DATABASE_URL must never be read");
    }

    #[test]
    fn the_variable_of_the_version_wins() {
        let variable = |name: &str| match name {
            "WHIMBREL_TEST_POSTGRES_15_URL" => Some("postgres://fifteen".to_owned()),
            "WHIMBREL_TEST_POSTGRES_URL" => Some("postgres://any".to_owned()),
            _ => None,
        };
        assert_eq!(choose_server_url(PostgresVersion::V15, variable).unwrap(), "postgres://fifteen");
        assert_eq!(choose_server_url(PostgresVersion::V18, variable).unwrap(), "postgres://any");
    }
}
