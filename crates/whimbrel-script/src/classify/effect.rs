//! Whether a command may be run again after it was run.

use bson::{Bson, Document};

use super::{collection, command_name, is_operators, limit_of, stages, statements, truthy};

/// What running a command means for running it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing.
    Read,
    /// Run again right away, it succeeds and leaves what one run could have left.
    Idempotent,
    /// Run again, it changes more, or it is refused.
    NotIdempotent {
        /// Why, as the end of a sentence that begins with "run again, it".
        why: &'static str,
    },
}

/// Commands that change nothing.
const READS: [&str; 27] = [
    "find",
    "getMore",
    "killCursors",
    "count",
    "distinct",
    "explain",
    "listCollections",
    "listIndexes",
    "listDatabases",
    "ping",
    "hello",
    "isMaster",
    "ismaster",
    "buildInfo",
    "buildinfo",
    "dbStats",
    "dbstats",
    "collStats",
    "collstats",
    "serverStatus",
    "connectionStatus",
    "validate",
    "dataSize",
    "dbHash",
    "getParameter",
    "hostInfo",
    "endSessions",
];

/// The operators that leave the same, however often they run.
const REPEATABLE: [&str; 10] = [
    "$set",
    "$unset",
    "$setOnInsert",
    "$min",
    "$max",
    "$addToSet",
    "$pull",
    "$pullAll",
    // It leaves what a single, later run would have left.
    "$currentDate",
    // Only `and` and `or`: `xor` is looked at below.
    "$bit",
];

/// What a command's own form says of running it again.
///
/// `is_unique(collection, fields)` says whether these fields together name one document at most, so that a filter with a value
/// for each of them finds the same document each time; `_id` is known without asking.
#[must_use]
pub fn effect(command: &Document, is_unique: &dyn Fn(&str, &[&str]) -> bool) -> Effect {
    let Some(name) = command_name(command) else { return not("is refused") };
    let collection = collection(command).unwrap_or_default();
    let pinned =
        |filter: Option<&Document>| filter.is_some_and(|filter| pins_one(filter, collection, is_unique));
    match name {
        _ if READS.contains(&name) => Effect::Read,
        "aggregate" => aggregation(command, collection),
        "insert" => not(
            "inserts the documents once more, or is refused where their `_id` or another unique key stands (11000)",
        ),
        "update" => worst(statements(command, "updates").map(|statement| {
            let filter = statement.get_document("q").ok();
            let many = truthy(statement.get("multi"));
            update(filter, statement.get("u"), many, truthy(statement.get("upsert")), pinned(filter))
        })),
        "delete" => worst(statements(command, "deletes").map(|statement| {
            delete(limit_of(Some(statement)) == 0, pinned(statement.get_document("q").ok()))
        })),
        "findAndModify" | "findandmodify" => {
            let filter = command.get_document("query").ok();
            let pinned = pinned(filter);
            if truthy(command.get("remove")) {
                delete(false, pinned)
            } else {
                update(filter, command.get("update"), false, truthy(command.get("upsert")), pinned)
            }
        }
        // The same index again is no change. A missing collection is answered with 26 by MongoDB 6, which `drop()` takes as done.
        "createIndexes" | "collMod" | "drop" => Effect::Idempotent,
        "dropIndexes" | "deleteIndexes" if command.get_str("index").is_ok_and(|index| index == "*") => {
            Effect::Idempotent
        }
        "dropIndexes" | "deleteIndexes" => not("is refused, since the index is gone (27)"),
        "create" => not("is refused, since the collection stands (48)"),
        "renameCollection" => not("is refused, since the collection has its new name (26)"),
        _ => not("does what Whimbrel does not know"),
    }
}

fn not(why: &'static str) -> Effect {
    Effect::NotIdempotent { why }
}

/// The worst of several statements; none at all is no change.
fn worst(effects: impl Iterator<Item = Effect>) -> Effect {
    effects.fold(Effect::Idempotent, |worst, effect| if worst == Effect::Idempotent { effect } else { worst })
}

fn update(
    filter: Option<&Document>,
    update: Option<&Bson>,
    many: bool,
    upsert: bool,
    pinned: bool,
) -> Effect {
    let operators = match update {
        Some(Bson::Array(_)) => return not("computes from what it has already changed"),
        Some(Bson::Document(update)) if is_operators(update) => update,
        Some(Bson::Document(_)) if pinned => return Effect::Idempotent,
        _ => return not("may replace another document"),
    };
    if let Some(why) = operators.iter().find_map(|(operator, fields)| unrepeatable(operator, fields)) {
        return not(why);
    }
    if upsert && changes_filtered(filter, operators) {
        return not("inserts once more, since it changes what its own filter asks for");
    }
    if upsert && !pinned {
        return not("may insert once more, since its filter names no unique key");
    }
    if !many && !pinned {
        return not("may change another document, since its filter names no unique key");
    }
    Effect::Idempotent
}

/// Whether an update writes a field that its filter gives a value for: what it inserts is not found again.
fn changes_filtered(filter: Option<&Document>, operators: &Document) -> bool {
    let asked = filter.map(equalities).unwrap_or_default();
    let written = operators.values().filter_map(Bson::as_document).flat_map(Document::keys);
    written.into_iter().any(|field| asked.contains(&field.as_str()))
}

/// Why an operator of an update may not run again.
fn unrepeatable(operator: &str, fields: &Bson) -> Option<&'static str> {
    let fields = fields.as_document()?;
    match operator {
        "$inc" | "$mul" => return Some("counts once more"),
        "$push" | "$pushAll" => return Some("appends once more"),
        "$pop" => return Some("takes one more element away"),
        "$rename" => return Some("moves what was written under the old name since"),
        _ if !REPEATABLE.contains(&operator) => return Some("does what Whimbrel does not know"),
        _ => {}
    }
    if operator == "$bit"
        && fields.values().any(|field| field.as_document().is_none_or(|field| field.contains_key("xor")))
    {
        return Some("flips the bits back");
    }
    // `a.$.b` is the first element that the filter finds, which is another one then; `$[]` and `$[name]` are all.
    let positional = fields.keys().any(|path| path.split('.').any(|part| part == "$"));
    positional.then_some("changes the next element that matches")
}

fn delete(many: bool, pinned: bool) -> Effect {
    if many || pinned {
        Effect::Idempotent
    } else {
        not("deletes another document, since its filter names no unique key")
    }
}

/// Whether a filter finds the same one document each time.
fn pins_one(filter: &Document, collection: &str, is_unique: &dyn Fn(&str, &[&str]) -> bool) -> bool {
    let fields = equalities(filter);
    fields.contains(&"_id") || (!fields.is_empty() && is_unique(collection, &fields))
}

/// The fields that a filter gives a value for.
fn equalities(filter: &Document) -> Vec<&str> {
    let mut fields = Vec::new();
    for (key, value) in filter {
        match (key.as_str(), value) {
            ("$and", Bson::Array(parts)) => {
                fields.extend(parts.iter().filter_map(Bson::as_document).flat_map(equalities));
            }
            (key, _) if key.starts_with('$') => {}
            (_, Bson::RegularExpression(_)) => {}
            (key, Bson::Document(value)) if is_operators(value) => {
                if value.contains_key("$eq") {
                    fields.push(key);
                }
            }
            (key, _) => fields.push(key),
        }
    }
    fields
}

fn aggregation(command: &Document, source: &str) -> Effect {
    let Some(writer) =
        stages(command).find(|stage| stage.contains_key("$out") || stage.contains_key("$merge"))
    else {
        return Effect::Read;
    };
    let target = writer.get("$out").or_else(|| writer.get("$merge")).map(target_of).unwrap_or_default();
    if target == source || stages(command).any(|stage| reads_from(&Bson::Document(stage.clone()), target)) {
        return not("computes from what it has already written");
    }
    if writer.contains_key("$out") {
        return Effect::Idempotent;
    }
    let merge = writer.get_document("$merge").ok();
    let matched = merge.and_then(|merge| merge.get("whenMatched"));
    let missing = merge.and_then(|merge| merge.get_str("whenNotMatched").ok()).unwrap_or("insert");
    match matched.map(|matched| matched.as_str().unwrap_or("pipeline")).unwrap_or("merge") {
        "pipeline" => return not("computes from what it has already written"),
        "fail" => return not("is refused, since the documents stand"),
        _ => {}
    }
    if missing == "fail" {
        return Effect::Idempotent;
    }
    if stages(command).any(drops_id) {
        return not("inserts the documents once more, since they have no `_id` of their own");
    }
    Effect::Idempotent
}

/// The collection that `$out` or `$merge` names, in this database or another.
fn target_of(value: &Bson) -> &str {
    match value {
        Bson::String(name) => name,
        Bson::Document(target) => match target.get("into").or_else(|| target.get("coll")) {
            Some(Bson::String(name)) => name,
            Some(Bson::Document(into)) => into.get_str("coll").unwrap_or_default(),
            _ => "",
        },
        _ => "",
    }
}

/// Whether a stage, at any depth, reads a collection.
fn reads_from(value: &Bson, collection: &str) -> bool {
    match value {
        Bson::Document(document) => document.iter().any(|(key, value)| match key.as_str() {
            "$out" | "$merge" => false,
            "from" | "coll" | "$unionWith" if value.as_str() == Some(collection) => true,
            _ => reads_from(value, collection),
        }),
        Bson::Array(values) => values.iter().any(|value| reads_from(value, collection)),
        _ => false,
    }
}

/// Whether a stage takes the `_id` away, so that each run makes new ones.
fn drops_id(stage: &Document) -> bool {
    let project = stage
        .get_document("$project")
        .is_ok_and(|project| project.contains_key("_id") && !truthy(project.get("_id")));
    let unset = match stage.get("$unset") {
        Some(Bson::String(field)) => field == "_id",
        Some(Bson::Array(fields)) => fields.iter().any(|field| field.as_str() == Some("_id")),
        _ => false,
    };
    project || unset
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    /// `I`dempotent, `R`ead or `N`ot, by form alone, with `users.email` known to be unique.
    fn letter(command: &Document) -> char {
        let unique = |collection: &str, fields: &[&str]| collection == "users" && fields.contains(&"email");
        match effect(command, &unique) {
            Effect::Read => 'R',
            Effect::Idempotent => 'I',
            Effect::NotIdempotent { why } => {
                assert!(!why.is_empty());
                'N'
            }
        }
    }

    fn one(update: Document) -> Document {
        doc! { "update": "users", "updates": [update] }
    }

    #[test]
    fn updates() {
        let set = doc! { "$set": { "a": 1 } };
        let many = |u: Document| one(doc! { "q": { "b": 1 }, "u": u, "multi": true });
        let cases = [
            (many(set.clone()), 'I'),
            (many(doc! { "$unset": { "a": 1 }, "$set": { "b.$[].c": 1, "d.$[x].e": 2 } }), 'I'),
            (
                many(
                    doc! { "$min": { "a": 1 }, "$max": { "b": 1 }, "$addToSet": { "c": 1 }, "$pull": { "d": 1 }, "$pullAll": { "e": [1] } },
                ),
                'I',
            ),
            (many(doc! { "$setOnInsert": { "a": 1 }, "$currentDate": { "at": true } }), 'I'),
            (many(doc! { "$bit": { "a": { "and": 1 } } }), 'I'),
            (many(doc! { "$bit": { "a": { "xor": 1 } } }), 'N'),
            (many(doc! { "$inc": { "a": 1 } }), 'N'),
            (many(doc! { "$mul": { "a": 2 } }), 'N'),
            (many(doc! { "$set": { "x": 1 }, "$push": { "a": 2 } }), 'N'),
            (many(doc! { "$pop": { "a": 1 } }), 'N'),
            (many(doc! { "$rename": { "a": "b" } }), 'N'),
            (many(doc! { "$set": { "a.$.b": 1 } }), 'N'),
            (many(doc! { "$new": { "a": 1 } }), 'N'),
            (one(doc! { "q": {}, "u": [{ "$set": { "a": { "$add": ["$a", 1] } } }], "multi": true }), 'N'),
            // One document of several: the next run may find another.
            (one(doc! { "q": { "b": 1 }, "u": set.clone() }), 'N'),
            (one(doc! { "q": { "_id": 1 }, "u": set.clone() }), 'I'),
            (one(doc! { "q": { "_id": { "$in": [1, 2] } }, "u": set.clone() }), 'N'),
            (one(doc! { "q": { "_id": { "$eq": 1 } }, "u": set.clone() }), 'I'),
            (one(doc! { "q": { "$and": [{ "email": "a" }, { "b": 2 }] }, "u": set.clone() }), 'I'),
            (one(doc! { "q": { "$or": [{ "_id": 1 }, { "b": 2 }] }, "u": set.clone() }), 'N'),
            (one(doc! { "q": { "email": "a" }, "u": set.clone(), "upsert": true }), 'I'),
            (one(doc! { "q": { "email": "a" }, "u": { "$set": { "email": "b" } }, "upsert": true }), 'N'),
            (one(doc! { "q": { "email": "a" }, "u": { "$set": { "email": "b" } } }), 'I'),
            (one(doc! { "q": { "name": "a" }, "u": set.clone(), "upsert": true }), 'N'),
            (
                one(doc! { "q": { "email": Bson::RegularExpression("a".into_regex()) }, "u": set.clone() }),
                'N',
            ),
            (one(doc! { "q": { "_id": 1 }, "u": { "a": 1 }, "upsert": true }), 'I'),
            (one(doc! { "q": { "b": 1 }, "u": { "a": 1 } }), 'N'),
            (
                doc! { "update": "users", "updates": [{ "q": { "_id": 1 }, "u": set.clone() }, { "q": {}, "u": { "$inc": { "a": 1 } } }] },
                'N',
            ),
            (doc! { "findAndModify": "users", "query": { "_id": 1 }, "update": set.clone() }, 'I'),
            (doc! { "findAndModify": "users", "query": { "a": 1 }, "update": set, "sort": { "b": 1 } }, 'N'),
            (doc! { "findAndModify": "users", "query": { "a": 1 }, "remove": true }, 'N'),
        ];
        for (command, expected) in cases {
            assert_eq!(letter(&command), expected, "{command}");
        }
    }

    trait IntoRegex {
        fn into_regex(self) -> bson::Regex;
    }

    impl IntoRegex for &str {
        fn into_regex(self) -> bson::Regex {
            let text = |text: &str| bson::raw::CString::try_from(text.to_owned()).unwrap();
            bson::Regex { pattern: text(self), options: text("") }
        }
    }

    #[test]
    fn everything_else() {
        let aggregate =
            |stages: Vec<Document>| doc! { "aggregate": "users", "pipeline": stages, "cursor": {} };
        let cases = [
            (doc! { "insert": "users", "documents": [{ "_id": 1 }] }, 'N'),
            (doc! { "delete": "users", "deletes": [{ "q": { "a": 1 }, "limit": 0 }] }, 'I'),
            (doc! { "delete": "users", "deletes": [{ "q": { "a": 1 }, "limit": 1 }] }, 'N'),
            (doc! { "delete": "users", "deletes": [{ "q": { "_id": 1 }, "limit": 1 }] }, 'I'),
            (doc! { "createIndexes": "users", "indexes": [] }, 'I'),
            (doc! { "collMod": "users", "validator": {} }, 'I'),
            (doc! { "drop": "users" }, 'I'),
            (doc! { "dropIndexes": "users", "index": "*" }, 'I'),
            (doc! { "dropIndexes": "users", "index": "a_1" }, 'N'),
            (doc! { "create": "users" }, 'N'),
            (doc! { "renameCollection": "d.a", "to": "d.b" }, 'N'),
            (doc! { "mapReduce": "users" }, 'N'),
            (doc! { "bulkWrite": 1 }, 'N'),
            (doc! { "find": "users" }, 'R'),
            (doc! { "count": "users" }, 'R'),
            (aggregate(vec![doc! { "$match": {} }]), 'R'),
            (aggregate(vec![doc! { "$out": "copies" }]), 'I'),
            (aggregate(vec![doc! { "$out": "users" }]), 'N'),
            (
                aggregate(vec![
                    doc! { "$lookup": { "from": "copies" } },
                    doc! { "$out": { "db": "d", "coll": "copies" } },
                ]),
                'N',
            ),
            (aggregate(vec![doc! { "$unionWith": "copies" }, doc! { "$merge": "copies" }]), 'N'),
            (aggregate(vec![doc! { "$merge": "copies" }]), 'I'),
            (aggregate(vec![doc! { "$merge": { "into": "copies", "whenMatched": "replace" } }]), 'I'),
            (aggregate(vec![doc! { "$merge": { "into": "copies", "whenMatched": "fail" } }]), 'N'),
            (aggregate(vec![doc! { "$merge": { "into": "copies", "whenMatched": [{ "$set": {} }] } }]), 'N'),
            (aggregate(vec![doc! { "$project": { "_id": 0 } }, doc! { "$merge": "copies" }]), 'N'),
            (
                aggregate(vec![
                    doc! { "$unset": ["_id"] },
                    doc! { "$merge": { "into": "copies", "on": "k" } },
                ]),
                'N',
            ),
            (
                aggregate(vec![
                    doc! { "$unset": "_id" },
                    doc! { "$merge": { "into": "copies", "on": "k", "whenNotMatched": "fail" } },
                ]),
                'I',
            ),
        ];
        for (command, expected) in cases {
            assert_eq!(letter(&command), expected, "{command}");
        }
    }
}
