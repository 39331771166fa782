//! Tier 2: each name in a command of its own, and the refusal that names it.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{CommandError, Commands};

use super::Tier;
use crate::reference::Pair;

/// The code of what MongoDB has and this engine has not.
const NOT_IMPLEMENTED: i32 = 238;

fn one(key: &str, value: impl Into<Bson>) -> Document {
    Document::from_iter([(key.to_owned(), value.into())])
}

fn with(mut document: Document, key: &str, value: impl Into<Bson>) -> Document {
    document.insert(key, value);
    document
}

fn aggregate(stage: Document) -> Document {
    doc! { "aggregate": "t", "pipeline": [stage], "cursor": {} }
}

fn compute(expression: impl Into<Bson>) -> Document {
    aggregate(doc! { "$set": { "v": expression.into() } })
}

/// A value of the type that an option takes, as far as that is read before the option is refused.
fn value_of(option: &str) -> Bson {
    match option {
        "collation" => doc! { "locale": "fr" }.into(),
        "let" | "min" | "max" | "c" => doc! { "a": 1 }.into(),
        _ => true.into(),
    }
}

/// The least command of a kind, without the option.
fn bare(command: &str) -> Document {
    let rest = match command {
        "aggregate" => doc! { "pipeline": [], "cursor": {} },
        "delete" => doc! { "deletes": [{ "q": {}, "limit": 0 }] },
        "distinct" => doc! { "key": "a" },
        "findAndModify" => doc! { "query": {}, "update": { "$set": { "a": 1 } } },
        "update" => doc! { "updates": [{ "q": {}, "u": { "$set": { "a": 1 } } }] },
        _ => Document::new(),
    };
    let mut bare = one(command, if command == "create" { "fresh" } else { "t" });
    bare.extend(rest);
    bare
}

fn with_option(owner: &str, option: &str) -> Document {
    match owner {
        "one delete" => {
            doc! { "delete": "t", "deletes": [with(doc! { "q": {}, "limit": 0 }, option, value_of(option))] }
        }
        "one update" => {
            doc! { "update": "t", "updates": [with(doc! { "q": {}, "u": { "$set": { "a": 1 } } }, option, value_of(option))] }
        }
        "$bucketAuto" => {
            aggregate(doc! { "$bucketAuto": with(doc! { "groupBy": "$a", "buckets": 2 }, option, "R5") })
        }
        "$out" => {
            aggregate(doc! { "$out": with(doc! { "db": "d", "coll": "c" }, option, one("timeField", "a")) })
        }
        "$dateFromParts" => compute(doc! { "$dateFromParts": one(option, 2024) }),
        command => with(bare(command), option, value_of(option)),
    }
}

fn index(kind: &str) -> Document {
    match kind {
        "wildcard" => doc! { "$**": 1 },
        "compound hashed" => doc! { "a": 1, "b": "hashed" },
        other => one("a", other),
    }
}

/// A command that uses a name.
fn command(group: &str, name: &str) -> Document {
    if let Some(owner) = group.strip_prefix("options of ") {
        return with_option(owner, name);
    }
    let create = |key: Document| doc! { "createIndexes": "t", "indexes": [{ "key": key, "name": "i" }] };
    match group {
        "commands" => one(name, 1),
        "explain of" => doc! { "explain": bare(name) },
        "query operators" => doc! { "find": "t", "filter": one(name, "1") },
        "projection operators" => doc! { "find": "t", "projection": { "v": { "$meta": name } } },
        "stages" => aggregate(one(name, Document::new())),
        "accumulators" => aggregate(doc! { "$group": { "_id": 1, "v": one(name, "$a") } }),
        "expression operators" => compute(one(name, "$a")),
        "system variables" => compute(name),
        "conversions to" => compute(doc! { "$convert": { "input": "$a", "to": name } }),
        "index kinds" => create(index(name)),
        "index options" => {
            doc! { "createIndexes": "t", "indexes": [with(doc! { "key": { "a": 1 }, "name": "i" }, name, value_of(name))] }
        }
        "validator keywords" => doc! { "find": "t", "filter": { "$jsonSchema": one(name, Document::new()) } },
        other => panic!("no command is known for the group {other}"),
    }
}

async fn answer(store: &Arc<DocumentStore>, command: Document) -> (i32, String) {
    let reply = match store.run(command.clone()).await {
        Ok(reply) => reply,
        Err(CommandError::Refused(refusal)) => return (refusal.code, refusal.message),
        Err(error) => panic!("{command}: {error}"),
    };
    match reply.get_array("writeErrors").ok().and_then(|errors| errors.first()).and_then(Bson::as_document) {
        Some(error) => (error.get_i32("code").unwrap(), error.get_str("errmsg").unwrap().to_owned()),
        None => (0, reply.to_string()),
    }
}

#[tokio::test]
async fn every_name_of_tier_two_is_refused_by_name() {
    let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, "d")).unwrap();
    store.run(doc! { "insert": "t", "documents": [{ "_id": 1, "a": 1 }] }).await.unwrap();
    let mut others = Vec::new();
    let mut count = 0;
    for (group, names) in Tier::read("tier2.toml").groups {
        for name in names {
            let command = command(&group, &name);
            let (code, message) = answer(&store, command.clone()).await;
            count += 1;
            if code != NOT_IMPLEMENTED || !message.contains(&name) {
                others.push(format!("{group} {name}: {command}\n  {code} {message}"));
            }
        }
    }
    println!("{count} names refused");
    assert!(others.is_empty(), "{} of {count} are not refused by name:\n{}", others.len(), others.join("\n"));
}

/// The codes with which MongoDB refuses a name that it does not know: of an option, an expression, a variable, an
/// accumulator, an option of an index, and a stage.
const UNKNOWN: [i32; 6] = [40415, 168, 17276, 15952, 197, 40324];

/// The groups whose names are safe to send to a server that others use: none of them ends it or changes it for good.
const SAFE: [&str; 6] = [
    "accumulators",
    "expression operators",
    "index options",
    "options of aggregate",
    "options of find",
    "system variables",
];

#[tokio::test]
async fn what_tier_two_refuses_is_known_to_mongodb() {
    let pair = Pair::new().await;
    let database = pair.database.clone();
    pair.on_server(&database, &doc! { "insert": "t", "documents": [{ "_id": 1, "a": 1 }] }).await;
    let groups = Tier::read("tier2.toml").groups;
    let mut unknown = Vec::new();
    let mut count = 0;
    for group in SAFE {
        for name in &groups[group] {
            let reply = pair.on_server(&database, &command(group, name)).await;
            count += 1;
            if reply.get_i32("code").is_ok_and(|code| UNKNOWN.contains(&code)) {
                unknown.push(format!("{group} {name}: {reply}"));
            }
        }
    }
    pair.finish().await;
    println!("{count} names known");
    assert!(unknown.is_empty(), "MongoDB does not know {unknown:#?}");
}
