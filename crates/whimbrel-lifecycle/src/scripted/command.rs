//! What a command asks for and what a reply says, as far as the host of a script goes by it.

use bson::{Bson, Document};
use whimbrel_script::classify;

/// Whether a command takes documents away.
pub(super) fn destroys(command: &Document) -> bool {
    match command.keys().next().map(String::as_str) {
        Some("drop" | "dropDatabase" | "delete") => true,
        Some("findAndModify" | "findandmodify") => command.get_bool("remove").unwrap_or(false),
        Some("renameCollection") => command.get_bool("dropTarget").unwrap_or(false),
        _ => false,
    }
}

/// Whether a command may be part of a transaction. Indexes of a collection that the same transaction makes might be;
/// they wait for nothing outside of it either.
pub(super) fn together(command: &Document) -> bool {
    classify::runs_in_transaction(command, &|_| false)
}

/// Whether a command writes documents and nothing else: only such commands make a step or a chunk a transaction.
/// What changes collections and indexes is done by its own form, and can be repeated.
pub(super) fn writes_documents(command: &Document) -> bool {
    let name = command.keys().next().map(String::as_str);
    matches!(name, Some("insert" | "update" | "delete" | "findAndModify" | "findandmodify"))
}

/// The collection of a command that may insert where nothing matches.
pub(super) fn upserting(command: &Document) -> Option<&str> {
    let upserts = |document: &Document| document.get_bool("upsert").unwrap_or(false);
    let (name, collection) = command.iter().next()?;
    let updates = || command.get_array("updates").map(Vec::as_slice).unwrap_or_default();
    let found = match name.as_str() {
        "update" => updates().iter().filter_map(Bson::as_document).any(upserts),
        "findAndModify" | "findandmodify" => upserts(command),
        _ => false,
    };
    collection.as_str().filter(|_| found)
}

/// The keys of the unique indexes that a reply lists.
pub(super) fn unique_keys(reply: &Document) -> Vec<Vec<String>> {
    let batch = reply.get_document("cursor").and_then(|cursor| cursor.get_array("firstBatch"));
    let indexes = batch.map(Vec::as_slice).unwrap_or_default().iter().filter_map(Bson::as_document);
    indexes
        .filter(|index| index.get_bool("unique").unwrap_or(false))
        .filter_map(|index| Some(index.get_document("key").ok()?.keys().cloned().collect()))
        .collect()
}

/// The documents that a reply says it reached.
pub(super) fn documents_touched(reply: &Document) -> Option<u64> {
    whole(reply, "n")
}

/// A whole number of a reply.
pub(super) fn whole(reply: &Document, field: &str) -> Option<u64> {
    match reply.get(field)? {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        Bson::Double(number) if *number >= 0.0 && number.fract() == 0.0 => {
            format!("{number:.0}").parse().ok()
        }
        _ => None,
    }
}

/// A value as the journal keeps it.
pub(super) fn to_kept(value: &Bson) -> String {
    value.clone().into_canonical_extjson().to_string()
}

/// A value out of what the journal kept.
pub(super) fn from_kept(text: &str) -> Option<Bson> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Bson::try_from(value).ok()
}
