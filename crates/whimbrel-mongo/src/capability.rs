//! What a deployment is, and what it can do: found out by asking it, never by its version alone.

use bson::{Bson, Document, doc};
use mongodb::Database;
use mongodb::error::{Error, ErrorKind};
use whimbrel_engine::document::{Deployment, Topology};
use whimbrel_engine::{EngineError, Result, ServerDescription};

use crate::{OLDEST, PRODUCT};

/// The first number of the oldest version that works.
const OLDEST_MAJOR: i32 = 6;
/// A collection that nobody has: commands that name it change nothing and are refused for its absence alone.
const ABSENT: &str = "whimbrel_absent";
/// The server knows the command and misses the collection or the index.
const MISSING: [i32; 2] = [26, 27];
/// The user may not do it: that the server can is assumed, and the command itself will say so.
const UNAUTHORIZED: i32 = 13;

/// What is known of a deployment before it is asked.
pub(crate) struct Known {
    pub(crate) location: String,
    pub(crate) user: Option<String>,
    pub(crate) encrypted: bool,
}

/// What a deployment has said of itself.
pub(crate) struct Detected {
    pub(crate) deployment: Deployment,
    /// Whether it has sessions, which a server may have without transactions.
    pub(crate) sessions: bool,
}

/// Asks a deployment what it is.
pub(crate) async fn detect(
    database: &Database,
    known: Known,
) -> std::result::Result<Result<Detected>, Error> {
    let build = database.run_command(doc! { "buildInfo": 1 }).await?;
    let version = build.get_str("version").unwrap_or_default().to_owned();
    if major(&build) < OLDEST_MAJOR {
        return Ok(Err(EngineError::TooOld { product: PRODUCT, version, oldest: OLDEST }));
    }
    let hello = database.run_command(doc! { "hello": 1 }).await?;
    let topology = topology(&hello);
    let replicated = topology != Topology::Standalone;
    let sessions = hello.contains_key("logicalSessionTimeoutMinutes");
    let hides =
        is_known(database, doc! { "collMod": ABSENT, "index": { "name": "a_1", "hidden": true } }).await?;
    let changes =
        hides || is_known(database, doc! { "collMod": ABSENT, "validationLevel": "strict" }).await?;
    let deployment = Deployment {
        server: ServerDescription {
            product: PRODUCT.to_owned(),
            version,
            database: database.name().to_owned(),
            location: known.location,
            user: known.user,
            encrypted: Some(known.encrypted),
        },
        topology,
        transactions: replicated && sessions,
        collection_changes: changes,
        change_streams: replicated && sessions,
        text_indexes: has_text(database).await?,
        hidden_indexes: hides,
    };
    Ok(Ok(Detected { deployment, sessions }))
}

fn topology(hello: &Document) -> Topology {
    if hello.get_str("msg").is_ok_and(|word| word == "isdbgrid") {
        Topology::Sharded
    } else if hello.contains_key("setName") {
        Topology::ReplicaSet
    } else {
        Topology::Standalone
    }
}

/// The first number of the version; none counts as the oldest of all.
fn major(build: &Document) -> i32 {
    let told = build.get_array("versionArray").ok().and_then(|parts| parts.first()).and_then(Bson::as_i32);
    let written = build.get_str("version").unwrap_or_default().split('.').next().unwrap_or_default();
    told.or_else(|| written.parse().ok()).unwrap_or_default()
}

/// Whether the server knows a command about the absent collection.
async fn is_known(database: &Database, command: Document) -> std::result::Result<bool, Error> {
    Ok(match refused(database, command).await? {
        None => true,
        Some(code) => code == UNAUTHORIZED || MISSING.contains(&code),
    })
}

/// Whether the server knows a search for words: it says then that the index for it is missing.
async fn has_text(database: &Database) -> std::result::Result<bool, Error> {
    let search = doc! { "find": ABSENT, "filter": { "$text": { "$search": "a" } }, "limit": 1 };
    is_known(database, search).await
}

/// The code that a command is refused with; none where it is done.
async fn refused(database: &Database, command: Document) -> std::result::Result<Option<i32>, Error> {
    match database.run_command(command).await {
        Ok(_) => Ok(None),
        Err(error) => match error.kind.as_ref() {
            ErrorKind::Command(command) => Ok(Some(command.code)),
            _ => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_either_form() {
        for (build, expected) in [
            (doc! { "version": "8.2.11", "versionArray": [8, 2, 11, 0] }, 8),
            (doc! { "version": "9.0.0-alpha0" }, 9),
            (doc! { "version": "5.0.31", "versionArray": [5, 0, 31, 0] }, 5),
            (doc! {}, 0),
        ] {
            assert_eq!(major(&build), expected);
        }
    }

    #[test]
    fn a_topology_is_told_by_what_it_says_of_itself() {
        assert_eq!(topology(&doc! { "msg": "isdbgrid" }), Topology::Sharded);
        assert_eq!(topology(&doc! { "setName": "rs0" }), Topology::ReplicaSet);
        assert_eq!(topology(&doc! { "isWritablePrimary": true }), Topology::Standalone);
    }
}
