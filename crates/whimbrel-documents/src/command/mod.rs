//! The commands: one file for each family, and the table that finds them by name.

mod aggregate;
mod changes;
mod collections;
mod count;
mod cursors;
mod delete;
mod distinct;
mod explain;
pub(crate) mod fields;
mod find;
mod find_and_modify;
mod index_spec;
mod indexes;
mod insert;
mod listings;
mod server;
mod statistics;
mod update;

pub(crate) use delete::stored;
pub(crate) use find::{is_for_one, may_be_for_one, run as find_one};

use std::sync::Arc;

use bson::Document;
use whimbrel_engine::document::{Refusal, SessionId};

use crate::catalog::Collection;
use crate::raw_reply::RawReply;
use crate::refusal::{not_implemented, refuse};
use crate::storage::{Link, Outcome};
use crate::store::Inner;

/// Whether a command writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A command.
pub(crate) struct Verb {
    pub(crate) name: &'static str,
    pub(crate) access: Access,
    /// Whether a transaction may hold it.
    pub(crate) in_transaction: bool,
    pub(crate) run: fn(&mut Work<'_>, Document) -> Outcome<Document>,
}

/// What a command works with.
pub(crate) struct Work<'w> {
    pub(crate) store: &'w Inner,
    pub(crate) database: &'w str,
    pub(crate) link: &'w mut Link,
    /// The session whose transaction it belongs to.
    pub(crate) session: Option<SessionId>,
    /// Takes the documents of a batch, where they are wanted as bytes.
    pub(crate) raw: Option<&'w mut RawReply>,
}

impl Verb {
    /// Whether this very command writes: a pipeline does where its last stage does.
    pub(crate) fn access_of(&self, command: &Document) -> Access {
        if self.name == "aggregate" && aggregate::writes(command) { Access::Write } else { self.access }
    }
}

impl Work<'_> {
    /// A collection; none where there is no such one.
    pub(crate) fn collection(&mut self, name: &str) -> Outcome<Option<Arc<Collection>>> {
        Ok(self.link.catalog()?.collection(self.database, name).cloned())
    }
}

const fn read(name: &'static str, run: fn(&mut Work<'_>, Document) -> Outcome<Document>) -> Verb {
    Verb { name, access: Access::Read, in_transaction: false, run }
}

const fn write(name: &'static str, run: fn(&mut Work<'_>, Document) -> Outcome<Document>) -> Verb {
    Verb { name, access: Access::Write, in_transaction: false, run }
}

const fn transactional(verb: Verb) -> Verb {
    Verb { in_transaction: true, ..verb }
}

/// Every command that is understood.
static VERBS: &[Verb] = &[
    transactional(read("find", find::run)),
    transactional(read("getMore", cursors::get_more)),
    transactional(read("killCursors", cursors::kill_cursors)),
    transactional(write("insert", insert::run)),
    transactional(write("delete", delete::run)),
    transactional(write("update", update::run)),
    transactional(write("findAndModify", find_and_modify::run)),
    transactional(write("findandmodify", find_and_modify::run)),
    transactional(read("aggregate", aggregate::run)),
    transactional(read("distinct", distinct::run)),
    transactional(write("create", collections::create)),
    transactional(write("createIndexes", indexes::create)),
    transactional(read("ping", server::ping)),
    read("count", count::run),
    read("explain", explain::run),
    read("hello", server::hello),
    read("isMaster", server::hello),
    read("ismaster", server::hello),
    read("buildInfo", server::build_info),
    read("buildinfo", server::build_info),
    read("serverStatus", server::server_status),
    read("connectionStatus", server::connection_status),
    read("hostInfo", server::host_info),
    read("endSessions", server::end_sessions),
    read("listCollections", listings::list_collections),
    read("listDatabases", listings::list_databases),
    read("listIndexes", indexes::list),
    read("collStats", statistics::coll_stats),
    read("collstats", statistics::coll_stats),
    read("dbStats", statistics::db_stats),
    read("dbstats", statistics::db_stats),
    read("validate", statistics::validate),
    write("drop", collections::drop),
    write("dropDatabase", collections::drop_database),
    write("renameCollection", collections::rename),
    write("collMod", collections::modify),
    write("dropIndexes", indexes::drop),
    write("deleteIndexes", indexes::drop),
];

/// The commands that MongoDB knows and this engine refuses by name.
const REFUSED: [&str; 42] = [
    "abortTransaction",
    "bulkWrite",
    "commitTransaction",
    "compact",
    "convertToCapped",
    "cloneCollectionAsCapped",
    "createRole",
    "createSearchIndexes",
    "createUser",
    "currentOp",
    "dataSize",
    "dbHash",
    "dropAllRolesFromDatabase",
    "dropAllUsersFromDatabase",
    "dropRole",
    "dropUser",
    "filemd5",
    "fsync",
    "getCmdLineOpts",
    "getLog",
    "getParameter",
    "grantRolesToUser",
    "killOp",
    "killSessions",
    "listCommands",
    "logRotate",
    "mapReduce",
    "planCacheClear",
    "profile",
    "reIndex",
    "refreshSessions",
    "replSetGetStatus",
    "revokeRolesFromUser",
    "rolesInfo",
    "setParameter",
    "shutdown",
    "startSession",
    "top",
    "updateRole",
    "updateUser",
    "usersInfo",
    "whatsmyuri",
];

/// Finds a command.
///
/// # Errors
/// There is none of this name, or this engine does not have it.
pub(crate) fn find(name: &str) -> Result<&'static Verb, Refusal> {
    VERBS.iter().find(|verb| verb.name == name).ok_or_else(|| {
        if REFUSED.contains(&name) {
            return not_implemented(&format!("the command {name}"));
        }
        refuse(59, "CommandNotFound", format!("no such command: '{name}'"))
    })
}
