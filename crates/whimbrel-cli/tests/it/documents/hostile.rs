//! Scripts that do harm: a clear error, nothing lost, and the lock is free again at once.

use std::time::Duration;

use bson::doc;

use super::{Kind, Project};
use crate::crash::{ended, finish, in_parallel};

/// Longer than any test: a lock that is not given back is seen.
const LEASE: &str = "[pool]\nlease = \"1h\"\n";
/// A lease that runs out several times before an endless loop is ended.
const SHORT: &str = "[pool]\nlease = \"2s\"\n";
/// How long the other deployer is kept waiting in vain.
const LATER: Duration = Duration::from_secs(6);

/// What a script begins with: it writes before it does harm.
const WRITES: &str = "exports.up = async (db) => {\n  await db.collection('notes').insertOne({ _id: 1 });\n";

/// A name, the text, whether it writes first, and what its error says: the code, the place where there is one.
struct Hostile {
    name: &'static str,
    text: String,
    writes: bool,
    says: &'static [&'static str],
}

fn after_a_write(name: &'static str, harm: &str, says: &'static [&'static str]) -> Hostile {
    Hostile { name, text: format!("{WRITES}  {harm}\n}};\n"), writes: true, says }
}

fn before(name: &'static str, text: &str, says: &'static [&'static str]) -> Hostile {
    Hostile { name, text: text.to_owned(), writes: false, says }
}

fn hostile() -> Vec<Hostile> {
    const HERE: &str = "0002-second.js:3:";
    vec![
        after_a_write(
            "memory without bound",
            "const all = []; while (true) all.push(new Uint8Array(10_000_000).fill(1));",
            &["script::memory_limit", "0002-second.js", "256 MiB"],
        ),
        before(
            "a mistake in the syntax",
            "exports.up = async (db) => {\n  await db.collection('notes').insertOne({ _id: 1 );\n};\n",
            &["script::syntax", "0002-second.js:2:"],
        ),
        after_a_write(
            "a text thrown",
            "throw 'just text';",
            &["script::failed", "0002-second.js", "'just text'"],
        ),
        after_a_write(
            "nothing thrown",
            "throw undefined;",
            &["script::failed", "0002-second.js", "undefined"],
        ),
        after_a_write("an error thrown", "throw new Error('enough');", &["script::failed", HERE, "enough"]),
        after_a_write("a promise", "await new Promise(() => {});", &["script::unresolved", "0002-second.js"]),
        after_a_write(
            "the end of the process",
            "process.exit(0);",
            &["script::forbidden", HERE, "process.exit"],
        ),
        after_a_write("files", "require('fs').rmSync('/');", &["script::forbidden", HERE, "'fs'"]),
        before(
            "files at the head",
            "const fs = require('fs');\nexports.up = async () => fs.rmSync('/');\n",
            &["script::forbidden", "0002-second.js:1:", "'fs'"],
        ),
    ]
}

/// The failed run changed nothing, or what it did is known; the next commands run at once.
fn is_harmless(kind: Kind, hostile: &Hostile) {
    let project = Project::prepared(kind, &hostile.text, LEASE);
    let before = project.standing();
    project.fails(&["migrate"], hostile.says);
    let at_once = ["--lock-timeout", "1s"];
    if hostile.writes && !kind.has_transactions() {
        assert_eq!(project.journal(), ["command notes.insertOne done"], "{}", hostile.name);
        assert_eq!(project.count("notes", doc! { "_id": 1 }), 1, "{}", hostile.name);
        project
            .database
            .run(doc! { "delete": "notes", "deletes": [{ "q": { "_id": 1 }, "limit": 1 }] })
            .unwrap();
        project.run(&[&["migrate", "resolve", "0002", "--undone"][..], &at_once[..]].concat(), 0);
    }
    assert_eq!(project.standing(), before, "{} on {}", hostile.name, kind.name());
    project.file("0002-second.js", &format!("{WRITES}}};\n"));
    project.run(&["migrate", "seal"], 0);
    project.run(&[&["migrate"][..], &at_once[..]].concat(), 0);
    assert_eq!(project.count("notes", doc! { "_id": 1 }), 1, "{}", hostile.name);
}

#[test]
fn they_fail_and_nothing_else_does() {
    let hostile = hostile();
    in_parallel(hostile.len(), |number| {
        for kind in Kind::ALL {
            is_harmless(kind, &hostile[number]);
        }
    });
}

#[test]
fn an_endless_loop_is_ended() {
    is_ended(Kind::SecantusDb);
}

#[test]
fn an_endless_loop_is_ended_on_the_embedded_engine() {
    is_ended(Kind::Embedded);
}

/// It is ended; while it lasts its lease is kept, since the loop stands in nobody's way.
fn is_ended(kind: Kind) {
    let hostile = after_a_write("a loop", "while (true) {}", &[]);
    let project = Project::prepared(kind, &hostile.text, SHORT);
    let before = project.standing();
    let endless = project.start(&["migrate"]);
    std::thread::sleep(LATER);
    let other = project.run(&["migrate", "--lock-timeout", "100ms"], 4);
    assert!(other.stderr.contains("migrate::lock_timeout"), "{}", other.stderr);
    let output = finish(endless);
    ended(&output, 1);
    for word in ["script::time_limit", "0002-second.js", "computed for 30s"] {
        assert!(output.stderr.contains(word), "no {word:?} in {}", output.stderr);
    }
    assert_eq!(project.standing(), before);
    project.file("0002-second.js", &format!("{WRITES}}};\n"));
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--lock-timeout", "100ms"], 0);
}
