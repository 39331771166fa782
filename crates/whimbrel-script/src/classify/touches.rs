//! What a write would touch, and how to count it without writing.

use bson::{Document, doc};

use super::{collection, command_name, limit_of, statements, truthy};

/// The documents that one statement of a write would touch.
#[derive(Clone, Debug, PartialEq)]
pub struct Touch {
    /// The collection.
    pub collection: String,
    /// What would happen to them: `insert`, `update`, `replace`, `delete`, `drop`.
    pub action: &'static str,
    /// How many, where the command itself says so.
    pub known: Option<u64>,
    /// The `count` command that finds out how many, where it does not.
    pub count: Option<Document>,
    /// Whether one document is inserted where none matches.
    pub upsert: bool,
}

/// What a write would touch; nothing for what changes no documents.
#[must_use]
pub fn touches(command: &Document) -> Vec<Touch> {
    let Some(name) = collection(command) else { return Vec::new() };
    let touch = |action, filter: Option<&Document>, one: bool, upsert: bool, options: &Document| {
        let mut count = doc! { "count": name, "query": filter.cloned().unwrap_or_default() };
        if one {
            count.insert("limit", 1);
        }
        for option in ["collation", "hint"] {
            if let Some(value) = options.get(option) {
                count.insert(option, value.clone());
            }
        }
        Touch { collection: name.to_owned(), action, known: None, count: Some(count), upsert }
    };
    match command_name(command) {
        Some("insert") => {
            let documents = command.get_array("documents").map_or(0, Vec::len) as u64;
            vec![Touch {
                collection: name.to_owned(),
                action: "insert",
                known: Some(documents),
                count: None,
                upsert: false,
            }]
        }
        Some("update") => statements(command, "updates")
            .map(|statement| {
                let replaces = statement.get_document("u").is_ok_and(|update| !super::is_operators(update));
                let one = !truthy(statement.get("multi"));
                let action = if replaces { "replace" } else { "update" };
                touch(
                    action,
                    statement.get_document("q").ok(),
                    one,
                    truthy(statement.get("upsert")),
                    statement,
                )
            })
            .collect(),
        Some("delete") => statements(command, "deletes")
            .map(|statement| {
                let one = limit_of(Some(statement)) != 0;
                touch("delete", statement.get_document("q").ok(), one, false, statement)
            })
            .collect(),
        Some("findAndModify" | "findandmodify") => {
            let action = if truthy(command.get("remove")) { "delete" } else { "update" };
            vec![touch(
                action,
                command.get_document("query").ok(),
                true,
                truthy(command.get("upsert")),
                command,
            )]
        }
        Some("drop") => vec![touch("drop", None, false, false, &Document::new())],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_says_what_to_count() {
        let update = doc! { "update": "a", "updates": [
            { "q": { "x": 1 }, "u": { "$set": { "y": 1 } }, "multi": true, "hint": "x_1" },
            { "q": { "x": 2 }, "u": { "y": 1 }, "upsert": true },
        ] };
        let touched = touches(&update);
        assert_eq!(touched[0].count, Some(doc! { "count": "a", "query": { "x": 1 }, "hint": "x_1" }));
        assert_eq!((touched[0].action, touched[0].upsert), ("update", false));
        assert_eq!(touched[1].count, Some(doc! { "count": "a", "query": { "x": 2 }, "limit": 1 }));
        assert_eq!((touched[1].action, touched[1].upsert), ("replace", true));

        let delete =
            doc! { "delete": "a", "deletes": [{ "q": {}, "limit": 0 }, { "q": { "b": 1 }, "limit": 1 }] };
        let counts: Vec<_> = touches(&delete).into_iter().filter_map(|touch| touch.count).collect();
        assert_eq!(
            counts,
            [doc! { "count": "a", "query": {} }, doc! { "count": "a", "query": { "b": 1 }, "limit": 1 }]
        );

        let insert = touches(&doc! { "insert": "a", "documents": [{}, {}] });
        assert_eq!((insert[0].known, insert[0].count.is_none()), (Some(2), true));
        assert_eq!(touches(&doc! { "drop": "a" })[0].count, Some(doc! { "count": "a", "query": {} }));
        assert!(
            touches(&doc! { "find": "a" }).is_empty() && touches(&doc! { "createIndexes": "a" }).is_empty()
        );
    }
}
