//! A fresh database for one test, on the server that `cargo xtask test` has started.

use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use mongodb::bson::{Document, doc};

use super::{MongoKind, client};
use crate::database::with_database;
use crate::postgres::random_hex;

/// The variable that points the tests of both servers at one full server.
const FULL_SERVER_VARIABLE: &str = "WHIMBREL_TEST_MONGODB_URL";

/// A uniquely named database, which exists once a test writes to it; dropping it drops the database.
#[derive(Debug)]
pub struct MongoDatabase {
    name: String,
    url: String,
}

impl MongoDatabase {
    /// The database's name, which begins with `whimbrel_test_`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server's URL with this database as the default one.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a command in the database and returns its reply.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses the command; the driver's error is the source.
    pub fn run(&self, command: Document) -> Result<Document> {
        client::run(&self.url, &self.name, command)
    }
}

impl Drop for MongoDatabase {
    fn drop(&mut self) {
        // A server that a test has ended cannot drop its databases; they go with its folder.
        drop(self.run(doc! { "dropDatabase": 1 }));
    }
}

/// Names a fresh database on the shared server of this kind.
///
/// # Errors
/// When no server is given: `cargo xtask test` starts and gives one.
pub fn mongo_database(kind: MongoKind) -> Result<MongoDatabase> {
    on_server(&mongo_server_url(kind)?)
}

/// Names a fresh database on the server at a URL.
pub(super) fn on_server(server: &str) -> Result<MongoDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // MongoDB accepts names of up to 63 bytes.
    let name = format!("whimbrel_test_{}_{number}_{}", std::process::id(), random_hex()?);
    let url = url_of(server, &name).context("the server's URL is not a MongoDB URL")?;
    Ok(MongoDatabase { name, url })
}

fn url_of(server: &str, database: &str) -> Option<String> {
    let mut url = with_database(server, database)?;
    // The default database is also where the account is looked up unless the URL says otherwise.
    if url.contains('@') && !url.contains("authSource=") {
        url.push_str(if url.contains('?') { "&authSource=admin" } else { "?authSource=admin" });
    }
    Some(url)
}

/// The URL of the shared server of this kind.
///
/// # Errors
/// When no server is given: `cargo xtask test` starts and gives one.
pub fn mongo_server_url(kind: MongoKind) -> Result<String> {
    choose_server_url(kind, |name| std::env::var(name).ok())
}

/// The URL of the full server that stands for both kinds, when the environment names one.
#[must_use]
pub fn full_mongo_server_url() -> Option<String> {
    std::env::var(FULL_SERVER_VARIABLE).ok().filter(|url| !url.is_empty())
}

fn choose_server_url(kind: MongoKind, variable: impl Fn(&str) -> Option<String>) -> Result<String> {
    let given = |name: &str| variable(name).filter(|url| !url.is_empty());
    // A shell that knows the started servers too must not hide the full one that somebody has named.
    let Some(url) = given(FULL_SERVER_VARIABLE).or_else(|| given(kind.variable())) else {
        bail!(
            "this test needs {}, and neither {} nor {FULL_SERVER_VARIABLE} is set: run `cargo xtask test`, \
             or set what `cargo xtask test --servers` prints",
            kind.name(),
            kind.variable()
        );
    };
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_is_an_error_that_names_the_command() {
        let error = choose_server_url(MongoKind::SecantusDb, |_| None).unwrap_err().to_string();
        assert!(
            error.contains("cargo xtask test") && error.contains("WHIMBREL_TEST_SECANTUSDB_URL"),
            "{error}"
        );
        for never_read in ["MONGODB_URI", "MONGODB_URL", "DATABASE_URL"] {
            let error = choose_server_url(MongoKind::Engine, |name| {
                (name == never_read).then(|| "mongodb://real".to_owned())
            });
            assert!(error.is_err(), "{never_read} must never be read");
        }
    }

    #[test]
    fn a_full_server_stands_for_both() {
        let variable = |name: &str| match name {
            "WHIMBREL_TEST_MONGODB_ENGINE_URL" => Some("mongodb://engine".to_owned()),
            "WHIMBREL_TEST_MONGODB_URL" => Some("mongodb://full".to_owned()),
            _ => None,
        };
        for kind in MongoKind::ALL {
            assert_eq!(choose_server_url(kind, variable).unwrap(), "mongodb://full");
        }
    }

    #[test]
    fn an_account_stays_where_it_is_looked_up() {
        let cases = [
            ("mongodb://u:p@h:5/?tls=true", "mongodb://u:p@h:5/t?tls=true&authSource=admin"),
            ("mongodb://u:p@h:5", "mongodb://u:p@h:5/t?authSource=admin"),
            ("mongodb://u:p@h:5/?authSource=x", "mongodb://u:p@h:5/t?authSource=x"),
            ("mongodb://h:5/?tls=true", "mongodb://h:5/t?tls=true"),
        ];
        for (server, expected) in cases {
            assert_eq!(url_of(server, "t").as_deref(), Some(expected));
        }
        assert_eq!(url_of("nonsense", "t"), None);
    }
}
