//! The index manager on the document systems: every divergence made by hand is named, repaired, and gone.

use bson::{Document, doc};
use serde_json::Value;
use whimbrel_testkit::full_mongo_server_url;

use super::{Lack, Place, System, TOURISM_BOT, lack_of, samples};
use crate::documents::Kind;

/// A collection of a system with a plain index over one field, and a unique one.
struct Subject {
    collection: &'static str,
    index: &'static str,
    keys: fn() -> Document,
    other: fn() -> Document,
    unique: &'static str,
    unique_field: &'static str,
}

fn subject(system: &System) -> Subject {
    match system.name {
        "wayra" => Subject {
            collection: "users",
            index: "lastLoginAt_-1",
            keys: || doc! { "lastLoginAt": -1 },
            other: || doc! { "lastLoginAt": 1, "email": 1 },
            unique: "email_1",
            unique_field: "email",
        },
        "travel-agent" => Subject {
            collection: "sessions",
            index: "user_id_1_last_updated_1",
            keys: || doc! { "user_id": 1, "last_updated": 1 },
            other: || doc! { "last_updated": 1, "title": 1 },
            unique: "session_id_1",
            unique_field: "session_id",
        },
        _ => Subject {
            collection: "attractions",
            index: "rating_-1",
            keys: || doc! { "rating": -1 },
            other: || doc! { "rating": 1, "city": -1 },
            unique: "",
            unique_field: "",
        },
    }
}

fn states(place: &Place) -> Vec<(String, String)> {
    let report = place.run(&["index", "status", "--json"], 0).stdout;
    let report: Value = serde_json::from_str(&report).unwrap();
    let lines = report["indexes"].as_array().unwrap().iter().filter(|line| line["is_constraint"] == false);
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines
        .map(|line| (format!("{}.{}", text(line, "table"), text(line, "name")), text(line, "state")))
        .filter(|(_, state)| state != "unmigrated")
        .collect()
}

fn brought_up(system: &System, server: Kind) -> (Place, Option<&'static Lack>) {
    let place = Place::new(system, server);
    let lack = lack_of(system, server);
    match lack {
        Some(lack) => place.run(&["migrate", "--to", lack.before], 0),
        None => place.run(&["init"], 0),
    };
    (place, lack)
}

/// Drops, changes, renames, adds and hides an index, each repaired by one run; a second run does nothing.
pub(super) fn is_repaired(system: &System, server: Kind) {
    let (place, lack) = brought_up(system, server);
    let clean = states(&place);
    assert!(clean.len() > 5 && clean.iter().all(|(_, state)| state == "present"), "{clean:?}");
    if lack.is_none() {
        place.run(&["index", "status", "--exit-code"], 0);
    }
    let Subject { collection, index, keys, other, .. } = subject(system);
    let drop = doc! { "dropIndexes": collection, "index": index };
    let create = |keys: Document, name: &str| {
        doc! { "createIndexes": collection, "indexes": [doc! { "key": keys, "name": name }] }
    };
    let hide = doc! { "collMod": collection, "index": { "name": index, "hidden": true } };
    let mut divergences = vec![
        (vec![drop.clone()], index, "missing", "build"),
        (vec![drop.clone(), create(other(), index)], index, "different", "rebuild"),
        (vec![drop, create(keys(), "by_hand")], index, "renamed", "rebuild"),
        (vec![create(other(), "by_hand")], "by_hand", "unmanaged", "drop"),
    ];
    // MongoDB's own engine refuses `collMod` here, and SecantusDB does not list what it hides.
    if server == Kind::Embedded {
        divergences.push((vec![hide], index, "hidden", "change"));
    }
    for (commands, name, state, action) in divergences {
        for command in commands {
            place.database.run(command).unwrap();
        }
        let found = states(&place).into_iter().find(|(found, _)| *found == format!("{collection}.{name}"));
        assert_eq!(found.map(|(_, state)| state).as_deref(), Some(state), "{}", system.name);
        let options = ["--drop-unmanaged", "--watch", "0s"];
        let plan = place.run(&[&["index", "plan"], &options[..]].concat(), 0).stdout;
        assert!(plan.contains(&format!("{action} {name} of {collection}")), "{plan}");
        let done = place.run(&[&["index", "apply"], &options[..]].concat(), 0).stdout;
        assert!(done.contains(&format!("done    {action} {name} of {collection}")), "{done}");
        assert_eq!(states(&place), clean, "{state}");
        let again = place.run(&[&["index", "apply"], &options[..]].concat(), 0).stdout;
        assert!(again.starts_with("Nothing to do"), "{again}");
        super::agrees(&place, lack);
    }
}

/// Keys that stand twice are named before a unique index is built, and nothing of it is left.
pub(super) fn names_what_stands_twice(system: &System, server: Kind) {
    let (place, _) = brought_up(system, server);
    let Subject { collection, unique, unique_field, .. } = subject(system);
    place.database.run(doc! { "dropIndexes": collection, "index": unique }).unwrap();
    let sample = (system.samples)().into_iter().find(|sample| sample.collection == collection).unwrap();
    let rules: Vec<String> = super::indexes_of(&place, collection);
    for number in 0..2_u8 {
        let mut twin = sample.document.clone();
        twin.insert("_id", samples::id(200 + number));
        // Every other unique field differs.
        for field in ["firebaseUid", "email", "session_id"] {
            if field != unique_field && twin.contains_key(field) {
                twin.insert(field, format!("other{number}@example.com"));
            }
        }
        place.insert(collection, &twin).unwrap();
    }
    let done = place.run(&["index", "apply"], 1).stdout;
    assert!(done.contains(&format!("blocked build {unique} of {collection}")), "{done}");
    assert!(done.contains(&format!("1 key stands in several documents of {collection}")), "{done}");
    assert_eq!(super::indexes_of(&place, collection), rules, "nothing is left behind");
    place
        .database
        .run(doc! { "delete": collection, "deletes": [{ "q": { "_id": samples::id(201) }, "limit": 1 }] })
        .unwrap();
    place.run(&["index", "apply"], 0);
    let plan = place.run(&["index", "plan"], 0).stdout;
    assert!(plan.starts_with("Nothing to do"), "{plan}");
}

#[test]
fn what_is_no_place_is_named_before_the_build() {
    for server in Kind::ALL {
        let (place, _) = brought_up(&TOURISM_BOT, server);
        let index = "location.coordinates_2dsphere";
        place.database.run(doc! { "dropIndexes": "attractions", "index": index }).unwrap();
        // The validator has to be passed over, as an import by other means would.
        let mut attractions: Vec<Document> = (1..=3).map(samples::attraction).collect();
        for (number, attraction) in attractions.iter_mut().enumerate() {
            let longitude = if number == 0 { 200.0 } else { 79.86 };
            attraction.insert("location", doc! { "coordinates": samples::point(longitude, 6.92) });
        }
        let wrong = attractions[0].get("_id").unwrap().clone();
        let insert =
            doc! { "insert": "attractions", "documents": attractions, "bypassDocumentValidation": true };
        place.database.run(insert).unwrap();
        let done = place.run(&["index", "apply"], 1).stdout;
        if server == Kind::SecantusDb && full_mongo_server_url().is_none() {
            // It takes what is no place for a place until it builds the index, and leaves nothing of that.
            assert!(done.contains(&format!("failed  build {index} of attractions")), "{done}");
            assert!(!super::indexes_of(&place, "attractions").contains(&index.to_owned()));
            continue;
        }
        assert!(done.contains(&format!("blocked build {index} of attractions")), "{server:?}: {done}");
        assert!(
            done.contains("1 document of attractions holds no place at `location.coordinates`"),
            "{server:?}: {done}"
        );
        let shown = wrong.as_object_id().map_or_else(|| wrong.to_string(), bson::oid::ObjectId::to_hex);
        assert!(done.contains(&format!("_id = {shown}")), "{server:?}: {done}");
        place
            .database
            .run(doc! { "delete": "attractions", "deletes": [{ "q": { "_id": wrong }, "limit": 1 }] })
            .unwrap();
        place.run(&["index", "apply"], 0);
    }
}

#[test]
fn an_index_that_nobody_manages_is_hidden_before_it_is_dropped() {
    let (place, _) = brought_up(&TOURISM_BOT, Kind::Embedded);
    let create =
        doc! { "createIndexes": "attractions", "indexes": [{ "key": { "zzz": 1 }, "name": "zzz_1" }] };
    place.database.run(create).unwrap();
    let kept = place.run(&["index", "apply"], 0).stdout;
    assert!(kept.contains("attractions.zzz_1 is not managed: --drop-unmanaged drops it"), "{kept}");
    let hidden = place.run(&["index", "apply", "--drop-unmanaged"], 0).stdout;
    assert!(hidden.contains("done    hide zzz_1 of attractions"), "{hidden}");
    let undo =
        r#"to undo it: db.runCommand({"collMod":"attractions","index":{"name":"zzz_1","hidden":false}});"#;
    assert!(hidden.contains(undo), "{hidden}");
    let watched = place.run(&["index", "apply", "--drop-unmanaged"], 0).stdout;
    assert!(
        watched.contains("attractions.zzz_1 is hidden since") && watched.contains("Nothing to do"),
        "{watched}"
    );
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let dropped = place.run(&["index", "apply", "--drop-unmanaged", "--watch", "1s"], 0).stdout;
    assert!(dropped.contains("done    drop zzz_1 of attractions"), "{dropped}");
    assert!(dropped.contains(r#"createIndex({"zzz":1}, {"name":"zzz_1"})"#), "{dropped}");
    place.run(&["index", "status", "--exit-code"], 0);
}
