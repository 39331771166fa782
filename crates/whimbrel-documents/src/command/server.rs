//! What the engine says of itself.

use bson::{DateTime, Document, doc};

use super::Work;
use super::fields::Fields;
use crate::answer::ok;
use crate::limits::{LARGEST_BATCH, LARGEST_DOCUMENT_BYTES};
use crate::storage::Outcome;

/// The version of MongoDB whose commands are spoken; drivers and tools decide by it what they may send.
const SPOKEN_VERSION: [i32; 4] = [8, 0, 0, 0];

/// The wire version that goes with it.
const WIRE_VERSION: i32 = 25;

fn size(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Answers.
pub(super) fn ping(_: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("ping", command);
    fields.require("ping")?;
    fields.finish()?;
    Ok(ok(Document::new()))
}

/// Says what a driver asks first.
pub(super) fn hello(_: &mut Work<'_>, _: Document) -> Outcome<Document> {
    Ok(ok(doc! {
        "isWritablePrimary": true,
        "ismaster": true,
        "helloOk": true,
        "maxBsonObjectSize": size(LARGEST_DOCUMENT_BYTES),
        "maxMessageSizeBytes": 48_000_000,
        "maxWriteBatchSize": size(LARGEST_BATCH),
        "localTime": DateTime::now(),
        "logicalSessionTimeoutMinutes": 30,
        "minWireVersion": 0,
        "maxWireVersion": WIRE_VERSION,
        "readOnly": false,
    }))
}

/// Says which version of MongoDB's commands is spoken, and by what.
pub(super) fn build_info(_: &mut Work<'_>, _: Document) -> Outcome<Document> {
    let [major, minor, patch, _] = SPOKEN_VERSION;
    Ok(ok(doc! {
        "version": format!("{major}.{minor}.{patch}"),
        "versionArray": SPOKEN_VERSION.to_vec(),
        "gitVersion": "none",
        "modules": ["whimbrel"],
        "storageEngines": ["sqlite"],
        "sqliteVersion": rusqlite::version(),
        "bits": 64,
        "debug": false,
        "maxBsonObjectSize": i64::from(size(LARGEST_DOCUMENT_BYTES)),
    }))
}

/// The few numbers that stand for a whole server's.
pub(super) fn server_status(work: &mut Work<'_>, _: Document) -> Outcome<Document> {
    let [major, minor, patch, _] = SPOKEN_VERSION;
    Ok(ok(doc! {
        "host": "embedded",
        "version": format!("{major}.{minor}.{patch}"),
        "process": "whimbrel",
        "pid": i64::from(std::process::id()),
        "localTime": DateTime::now(),
        "storageEngine": {
            "name": "sqlite", "supportsCommittedReads": true, "persistent": true, "readOnly": work.store.place.read_only,
        },
    }))
}

/// Nobody signs in to an embedded engine.
pub(super) fn connection_status(_: &mut Work<'_>, _: Document) -> Outcome<Document> {
    Ok(ok(doc! { "authInfo": { "authenticatedUsers": [], "authenticatedUserRoles": [] } }))
}

/// The machine.
pub(super) fn host_info(_: &mut Work<'_>, _: Document) -> Outcome<Document> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(ok(doc! {
        "system": { "currentTime": DateTime::now(), "cpuAddrSize": 64, "numCores": size(cores) },
        "os": { "type": std::env::consts::OS },
        "extra": {},
    }))
}

/// Sessions are ended through the session itself; a driver's list of them holds none of ours.
pub(super) fn end_sessions(_: &mut Work<'_>, _: Document) -> Outcome<Document> {
    Ok(ok(Document::new()))
}
