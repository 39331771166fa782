//! What a command does, read from its own form: pure functions that ask no database.

mod effect;
mod touches;
mod transaction;

use bson::{Bson, Document};

pub use effect::{Effect, effect};
pub use touches::{Touch, touches};
pub use transaction::runs_in_transaction;

/// Whether a command may change anything.
#[must_use]
pub fn is_write(command: &Document) -> bool {
    effect(command, &|_, _| false) != Effect::Read
}

/// A command in a few words: `updateMany users`.
#[must_use]
pub fn describe(command: &Document) -> String {
    let Some(name) = command_name(command) else { return "an empty command".to_owned() };
    let collection = collection(command).unwrap_or_default();
    let statements = |field: &str| command.get_array(field).map_or(0, Vec::len);
    let verb = match name {
        "insert" => counted("insert", statements("documents")),
        "update" if statements("updates") == 1 => update_verb(command).to_owned(),
        "update" => counted("update", statements("updates")),
        "delete" if statements("deletes") == 1 => {
            if limit_of(first(command, "deletes")) == 1 { "deleteOne" } else { "deleteMany" }.to_owned()
        }
        "delete" => counted("delete", statements("deletes")),
        "findAndModify" | "findandmodify" if truthy(command.get("remove")) => "findOneAndDelete".to_owned(),
        "findAndModify" | "findandmodify" => "findOneAndUpdate".to_owned(),
        "createIndexes" => format!("createIndexes {}", index_names(command)),
        "dropIndexes" => format!("dropIndexes {}", command.get("index").map(plain).unwrap_or_default()),
        "renameCollection" => {
            return format!("renameCollection {collection} to {}", command.get_str("to").unwrap_or("?"));
        }
        other => other.to_owned(),
    };
    format!("{verb} {collection}").trim().to_owned()
}

fn counted(verb: &str, count: usize) -> String {
    if count == 1 { verb.to_owned() } else { format!("{verb} ×{count}") }
}

fn update_verb(command: &Document) -> &'static str {
    let statement = first(command, "updates");
    match statement.and_then(|statement| statement.get("u")) {
        Some(Bson::Document(update)) if !is_operators(update) => "replaceOne",
        _ if statement.is_some_and(|statement| truthy(statement.get("multi"))) => "updateMany",
        _ => "updateOne",
    }
}

fn index_names(command: &Document) -> String {
    let indexes = command.get_array("indexes").map(Vec::as_slice).unwrap_or_default();
    let names = indexes.iter().filter_map(|index| index.as_document()?.get_str("name").ok());
    names.collect::<Vec<_>>().join(", ") + " on"
}

fn plain(value: &Bson) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned) + " of"
}

/// The command's name: its first key.
pub(crate) fn command_name(command: &Document) -> Option<&str> {
    command.keys().next().map(String::as_str)
}

/// The collection that a command names as its first value.
pub(crate) fn collection(command: &Document) -> Option<&str> {
    command.values().next().and_then(Bson::as_str)
}

/// The statements of a write command.
pub(crate) fn statements<'a>(
    command: &'a Document,
    field: &str,
) -> impl Iterator<Item = &'a Document> + use<'a> {
    command.get_array(field).map(Vec::as_slice).unwrap_or_default().iter().filter_map(Bson::as_document)
}

fn first<'a>(command: &'a Document, field: &str) -> Option<&'a Document> {
    statements(command, field).next()
}

/// Whether an update says what to change, and does not replace.
pub(crate) fn is_operators(update: &Document) -> bool {
    update.keys().next().is_some_and(|key| key.starts_with('$'))
}

pub(crate) fn truthy(value: Option<&Bson>) -> bool {
    match value {
        None
        | Some(Bson::Null | Bson::Undefined | Bson::Boolean(false) | Bson::Int32(0) | Bson::Int64(0)) => {
            false
        }
        Some(Bson::Double(number)) => *number != 0.0,
        Some(_) => true,
    }
}

pub(crate) fn limit_of(statement: Option<&Document>) -> i64 {
    match statement.and_then(|statement| statement.get("limit")) {
        Some(Bson::Int32(limit)) => i64::from(*limit),
        Some(Bson::Int64(limit)) => *limit,
        Some(Bson::Double(limit)) if *limit != 0.0 => 1,
        _ => 0,
    }
}

/// The stages of an aggregation.
pub(crate) fn stages(command: &Document) -> impl Iterator<Item = &Document> {
    statements(command, "pipeline")
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn a_command_in_a_few_words() {
        let cases = [
            (
                doc! { "update": "users", "updates": [{ "q": {}, "u": { "$set": { "a": 1 } }, "multi": true }] },
                "updateMany users",
            ),
            (
                doc! { "update": "users", "updates": [{ "q": {}, "u": { "$set": { "a": 1 } } }] },
                "updateOne users",
            ),
            (doc! { "update": "users", "updates": [{ "q": {}, "u": { "a": 1 } }] }, "replaceOne users"),
            (
                doc! { "update": "users", "updates": [{ "q": {}, "u": {} }, { "q": {}, "u": {} }] },
                "update ×2 users",
            ),
            (doc! { "insert": "users", "documents": [{}] }, "insert users"),
            (doc! { "insert": "users", "documents": [{}, {}] }, "insert ×2 users"),
            (doc! { "delete": "users", "deletes": [{ "q": {}, "limit": 0 }] }, "deleteMany users"),
            (doc! { "delete": "users", "deletes": [{ "q": {}, "limit": 1 }] }, "deleteOne users"),
            (doc! { "findAndModify": "users", "remove": true }, "findOneAndDelete users"),
            (
                doc! { "createIndexes": "users", "indexes": [{ "name": "email_1" }] },
                "createIndexes email_1 on users",
            ),
            (doc! { "dropIndexes": "users", "index": "email_1" }, "dropIndexes email_1 of users"),
            (doc! { "renameCollection": "d.a", "to": "d.b" }, "renameCollection d.a to d.b"),
            (doc! { "drop": "users" }, "drop users"),
            (doc! { "ping": 1 }, "ping"),
            (doc! {}, "an empty command"),
        ];
        for (command, words) in cases {
            assert_eq!(describe(&command), words, "{command}");
        }
    }
}
