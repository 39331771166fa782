//! Migrations of migrate-mongo's run unchanged: the same files, run up one by one and down again by migrate-mongo and by
//! Whimbrel, each in a database of its own on the same server, leave the same after every step.
//!
//! The files stand in `files/`. Each has a shape that public projects' migrations have:
//!
//! | file | shape |
//! |---|---|
//! | (written by `migrate-mongo create`) | the sample, CommonJS and ES module, as it is and with its example uncommented |
//! | `backfill_defaults` | `updateMany` with `$set`, `$unset`, `$rename`, `$currentDate`; a pipeline as the update; `console.log` |
//! | `split_name` | a field split in two: `while (await cursor.hasNext())` with `bulkWrite`; back by `for await` |
//! | `indexes` | `createIndex` and `createIndexes` of unique, compound, partial, TTL and sparse ones; `dropIndex` by name and by keys; `exports.up =` |
//! | `create_collections` | `listCollections`, `createCollection` with a `$jsonSchema` validator and capped; an expected refusal by its code |
//! | `change_validator` | `collMod` through `db.command` |
//! | `summaries` | `aggregate` with `$out` and with `$merge`; arrow functions |
//! | `transfer` | `client.startSession().withTransaction`; a transaction by hand |
//! | `seed_reference_data` | `insertMany` with `ObjectId`, dates and every BSON type, from `require('mongodb')` |
//! | `order_states` | values of an enum renamed under `Promise.all`; `arrayFilters`; promises without `async` |
//! | `normalise_tags` | an ES module; upserts, `$push` with `$slice`, `$pull`; `toArray`, `forEach`, `map` of a cursor |
//! | `archive` | documents moved to another collection; `rename`; a view; `findOneAndUpdate` with `returnDocument`; `replaceOne` |
//! | `text_search` | a text index with weights and a language; `$text` |

use bson::{Bson, Document, doc};
use whimbrel_testkit::MongoKind;

use super::Project;

/// A file, and the only server that takes what it asks for.
struct File {
    name: &'static str,
    text: &'static str,
    only: Option<MongoKind>,
}

macro_rules! files {
    ($($name:literal $only:expr;)*) => {
        [$(File { name: $name, text: include_str!(concat!("files/", $name)), only: $only },)*]
    };
}

/// MongoDB's engine has neither sessions nor `collMod`; SecantusDB has no text indexes.
const FILES: [File; 12] = files! {
    "20240101010000-backfill_defaults.js" None;
    "20240101020000-split_name.js" None;
    "20240101030000-indexes.js" None;
    "20240101040000-create_collections.js" None;
    "20240101050000-change_validator.js" Some(MongoKind::SecantusDb);
    "20240101060000-summaries.js" None;
    "20240101070000-transfer.js" Some(MongoKind::SecantusDb);
    "20240101080000-seed_reference_data.js" None;
    "20240101090000-order_states.js" None;
    "20240101100000-normalise_tags.js" None;
    "20240101110000-archive.js" None;
    "20240101120000-text_search.js" Some(MongoKind::Engine);
};

/// What two runs cannot have in common, as `collection.path`: identifiers and times that are made anew in each.
const DROPPED: [&str; 6] = [
    "(every collection).info.uuid",
    "(the tools' own collections)",
    "users.migratedAt",
    "generated._id",
    "generated.created",
    "countries.importId",
];

/// A database as text, without what is [`DROPPED`]. The order of fields counts.
fn picture(project: &Project) -> String {
    let mut lines = Vec::new();
    for mut collection in project.collections() {
        let name = collection.get_str("name").unwrap().to_owned();
        if name.starts_with("whimbrel_") || name == "changelog" || name.starts_with("system.") {
            continue;
        }
        if let Ok(info) = collection.get_document_mut("info") {
            info.remove("uuid");
        }
        lines.push(line(&collection));
        if collection.get_str("type").unwrap() == "collection" {
            let mut indexes = project.first_batch(doc! { "listIndexes": &name });
            indexes.sort_by(|one, other| one.get_str("name").unwrap().cmp(other.get_str("name").unwrap()));
            lines.extend(indexes.iter().map(line));
        }
        for mut document in project.documents(&name) {
            for path in DROPPED {
                if let Some(key) = path.strip_prefix(&format!("{name}.")) {
                    document.remove(key);
                }
            }
            lines.push(line(&document));
        }
    }
    lines.join("\n").replace(project.database.name(), "(database)")
}

fn line(document: &Document) -> String {
    Bson::Document(document.clone()).into_canonical_extjson().to_string()
}

/// What both databases hold before the first migration.
fn seed(project: &Project) {
    project.insert(
        "users",
        vec![
            doc! { "_id": 1, "name": "Ana María Quispe", "email": "Ana@Example.com", "tel": "1", "legacyToken": "x", "logins": 2, "points": 10 },
            doc! { "_id": 2, "name": "Bo", "email": "bo@example.org", "role": "admin", "logins": 1_i64, "points": 0.5 },
            doc! { "_id": 3, "name": " Chen  Li ", "email": "LI@EXAMPLE.COM", "tel": Bson::Null, "logins": 0 },
        ],
    );
    project.insert(
        "albums",
        vec![doc! { "_id": 1, "artist": "The Beatles" }, doc! { "_id": 2, "artist": "The Doors" }],
    );
    project.insert("drafts", vec![doc! { "_id": "d", "text": "…" }]);
    let item = |sku: &str, price: f64, count: i32, state: &str| doc! { "sku": sku, "price": price, "count": count, "state": state };
    project.insert(
        "orders",
        vec![
            doc! { "_id": 1, "user": 1, "status": "new", "year": 2019, "tags": ["a", "b"], "note": "El puente de ayer", "items": [item("x", 2.5, 2, "p"), item("y", 1.0, 1, "q")] },
            doc! { "_id": 2, "user": 1, "status": "sent", "year": 2023, "tags": ["b", "c"], "note": "Puentes y caminos", "items": [item("x", 4.0, 1, "q")] },
            doc! { "_id": 3, "user": 2, "status": "lost", "year": 2024, "log": ["made"], "tags": [], "items": [] },
            doc! { "_id": 4, "user": 9, "status": "paid", "year": 2024, "items": [item("z", 1.25, 4, "p"), item("z", 0.25, 4, "p")] },
        ],
    );
    let index = doc! { "key": { "old": 1 }, "name": "old_1" };
    project.database.run(doc! { "createIndexes": "users", "indexes": [index] }).unwrap();
}

/// The sample that `migrate-mongo create` writes for a module system, under a name of the given number.
fn sample(project: &Project, module_system: &str, number: &str) -> (String, String) {
    project.settings(&format!("moduleSystem: '{module_system}',"));
    let printed = project.migrate_mongo(&["create", "sample"]);
    let path = printed.trim().strip_prefix("Created: ").unwrap().to_owned();
    let text = project.sandbox.read(&path).unwrap();
    std::fs::remove_file(project.sandbox.path(&path)).unwrap();
    project.settings("");
    assert!(text.contains("// await db.collection('albums')"), "{text}");
    (format!("{number}-sample_{module_system}.js"), text)
}

/// Runs one file up with both tools and compares; a file that the server cannot take is refused to both.
fn step(peer: &Project, ours: &Project, name: &str, text: &str, only: Option<MongoKind>) -> bool {
    for project in [peer, ours] {
        project.file(name, text);
    }
    if only.is_some_and(|only| only != peer.kind) {
        let before = picture(peer);
        let refused = peer.peer.run(peer.sandbox.root(), &["up"]).unwrap_err().to_string();
        assert!(refused.contains(name), "{refused}");
        ours.whimbrel(&["migrate"], 1);
        if !ours.documents("whimbrel_journal").is_empty() {
            let version = name.split_once('-').unwrap().0;
            ours.whimbrel(&["migrate", "resolve", version, "--undone"], 0);
        }
        for project in [peer, ours] {
            assert_eq!(picture(project), before, "{name} is refused and changes nothing");
            std::fs::remove_file(project.sandbox.path(format!("migrations/{name}"))).unwrap();
        }
        return false;
    }
    peer.migrate_mongo(&["up"]);
    ours.whimbrel(&["migrate"], 0);
    same(peer, ours, &format!("{name} up"));
    true
}

fn same(peer: &Project, ours: &Project, when: &str) {
    let (expected, found) = (picture(peer), picture(ours));
    let on = peer.kind.name();
    assert_eq!(found, expected, "on {on}, after {when}, but for {}", DROPPED.join(", "));
}

fn side_by_side(kind: MongoKind) {
    let (peer, ours) = (Project::new(kind), Project::new(kind));
    for project in [&peer, &ours] {
        seed(project);
    }
    let mut pictures = vec![(String::new(), picture(&peer))];
    let mut files = Vec::new();
    for (module_system, number, artist) in [("commonjs", 1, "The Beatles"), ("esm", 2, "The Doors")] {
        let (name, text) = sample(&peer, module_system, &format!("2024010100000{number}"));
        let example = text.replace("// await db.", "await db.").replace("The Beatles", artist);
        files.push((name, text, None));
        files.push((format!("2024010100010{number}-example_{module_system}.js"), example, None));
    }
    files.extend(FILES.iter().map(|file| (file.name.to_owned(), file.text.to_owned(), file.only)));
    files.sort();
    for (name, text, only) in &files {
        if step(&peer, &ours, name, text, *only) {
            let now = picture(&peer);
            let is_sample = name.contains("-sample_");
            assert_eq!(pictures.last().unwrap().1 == now, is_sample, "{name} does what it is for");
            pictures.push((name.clone(), now));
        }
    }
    assert_eq!(peer.documents("changelog").len(), pictures.len() - 1);
    while let Some((name, _)) = pictures.pop().filter(|(name, _)| !name.is_empty()) {
        peer.migrate_mongo(&["down"]);
        ours.whimbrel(&["rollback"], 0);
        same(&peer, &ours, &format!("{name} down"));
    }
    assert!(peer.documents("changelog").is_empty());
}

#[test]
fn on_mongodbs_engine() {
    side_by_side(MongoKind::Engine);
}

#[test]
fn on_secantusdb() {
    side_by_side(MongoKind::SecantusDb);
}
