//! Which commands MongoDB 6 to 8 runs inside a transaction.

use bson::Document;

use super::{collection, command_name, stages, truthy};

/// Stages that an aggregation may not have in a transaction.
const OUTSIDE_STAGES: [&str; 11] = [
    "$out",
    "$merge",
    "$collStats",
    "$indexStats",
    "$currentOp",
    "$listLocalSessions",
    "$listSessions",
    "$planCacheStats",
    "$changeStream",
    "$listSearchIndexes",
    "$listClusterCatalog",
];

/// Whether a command may run inside a transaction.
///
/// `is_fresh(collection)` says whether a collection does not stand yet or was made by the same transaction: only there may
/// indexes be made. What only informs (`ping`, `listIndexes`, `count`, …) may not, and can be asked outside the session instead:
/// [`super::is_write`] tells it apart.
#[must_use]
pub fn runs_in_transaction(command: &Document, is_fresh: &dyn Fn(&str) -> bool) -> bool {
    let name = collection(command).unwrap_or_default();
    // `system.` collections and aggregations over a whole database are not transactional.
    if name.starts_with("system.") {
        return false;
    }
    match command_name(command) {
        Some(
            "find" | "getMore" | "distinct" | "insert" | "update" | "delete" | "findAndModify"
            | "findandmodify",
        ) => true,
        Some("aggregate") => {
            !name.is_empty()
                && !truthy(command.get("explain"))
                && !stages(command)
                    .flat_map(Document::keys)
                    .any(|stage| OUTSIDE_STAGES.contains(&stage.as_str()))
        }
        Some("create") => {
            !["viewOn", "timeseries", "capped"].iter().any(|option| truthy(command.get(*option)))
        }
        Some("createIndexes") => is_fresh(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    #[test]
    fn what_runs_in_a_transaction() {
        let cases = [
            (doc! { "insert": "a", "documents": [] }, true),
            (doc! { "update": "a", "updates": [] }, true),
            (doc! { "delete": "a", "deletes": [] }, true),
            (doc! { "find": "a" }, true),
            (doc! { "distinct": "a", "key": "k" }, true),
            (doc! { "findAndModify": "a" }, true),
            (doc! { "count": "a" }, false),
            (doc! { "aggregate": "a", "pipeline": [{ "$match": {} }] }, true),
            (doc! { "aggregate": "a", "pipeline": [{ "$out": "b" }] }, false),
            (doc! { "aggregate": "a", "pipeline": [{ "$merge": "b" }] }, false),
            (doc! { "aggregate": 1, "pipeline": [{ "$currentOp": {} }] }, false),
            (doc! { "create": "a" }, true),
            (doc! { "create": "a", "viewOn": "b" }, false),
            (doc! { "create": "a", "timeseries": { "timeField": "t" } }, false),
            (doc! { "createIndexes": "fresh", "indexes": [] }, true),
            (doc! { "createIndexes": "a", "indexes": [] }, false),
            (doc! { "collMod": "a" }, false),
            (doc! { "drop": "a" }, false),
            (doc! { "dropIndexes": "a", "index": "*" }, false),
            (doc! { "renameCollection": "d.a", "to": "d.b" }, false),
            (doc! { "listIndexes": "a" }, false),
            (doc! { "find": "system.views" }, false),
            (doc! { "ping": 1 }, false),
        ];
        for (command, expected) in cases {
            assert_eq!(runs_in_transaction(&command, &|name| name == "fresh"), expected, "{command}");
        }
    }
}
