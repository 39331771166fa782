//! What a server lists of an index, without what it adds by itself.

use bson::{Bson, Document};
use serde_json::{Map, Value};
use whimbrel_schema::document::{CollectionIndex, KeyKind};

use super::failure::integer;
use super::value::{plain, plain_document};

/// Whether a server writes this into a collation that did not say otherwise.
fn is_collation_default(key: &str, value: &Value) -> bool {
    match key {
        "caseLevel" | "numericOrdering" | "normalization" | "backwards" => value == &Value::Bool(false),
        "caseFirst" => value == "off",
        "strength" => value == 3,
        "alternate" => value == "non-ignorable",
        "maxVariable" => value == "punct",
        "version" => true,
        _ => false,
    }
}

/// What a server notes for itself.
const INTERNAL: [&str; 8] = [
    "v",
    "ns",
    "background",
    "textIndexVersion",
    "2dsphereIndexVersion",
    "hashVersion",
    "dropDups",
    "originalSpec",
];
/// The weight of a word where none is given.
const DEFAULT_WEIGHT: i64 = 1;

/// The collation of a collection, and how its server lists the collations of indexes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collations {
    /// The collection's own.
    pub(crate) own: Option<Value>,
    /// Whether an index that has the collection's own is listed with it; one without then has the simple one.
    pub(crate) listed: bool,
}

/// Reads an index; none where it is the collection's own, on `_id`.
///
/// # Errors
/// Says what of it is not known.
pub(crate) fn read(stored: &Document, collations: &Collations) -> Result<Option<CollectionIndex>, String> {
    let name = stored.get_str("name").map_err(|error| error.to_string())?;
    let Ok(key) = stored.get_document("key") else { return Err(format!("the index {name} lists no keys")) };
    if is_identity(key) || stored.get_bool("clustered").unwrap_or(false) {
        return Ok(None);
    }
    let weights = stored.get_document("weights").ok();
    let mut index = CollectionIndex {
        name: name.to_owned(),
        keys: keys(key, weights).map_err(|error| format!("the index {name} {error}"))?,
        unique: flag(stored, "unique"),
        sparse: flag(stored, "sparse"),
        hidden: flag(stored, "hidden"),
        expire_after_seconds: integer(stored.get("expireAfterSeconds")),
        partial_filter: stored.get("partialFilterExpression").map(plain),
        collation: index_collation(stored, collations),
        weights: weights.map(declared_weights).unwrap_or_default(),
        options: Map::new(),
    };
    const READ: [&str; 9] = [
        "name",
        "key",
        "unique",
        "sparse",
        "hidden",
        "expireAfterSeconds",
        "partialFilterExpression",
        "collation",
        "weights",
    ];
    for (option, value) in stored {
        let is_default = match option.as_str() {
            "default_language" => value.as_str() == Some("english"),
            "language_override" => value.as_str() == Some("language"),
            "clustered" | "prepareUnique" => value.as_bool() == Some(false),
            name => READ.contains(&name) || INTERNAL.contains(&name),
        };
        if !is_default {
            index.options.insert(option.clone(), plain(value));
        }
    }
    Ok(Some(index))
}

/// Whether an index is the one that every collection has.
fn is_identity(key: &Document) -> bool {
    key.len() == 1 && integer(key.get("_id")) == Some(1)
}

fn flag(stored: &Document, name: &str) -> bool {
    match stored.get(name) {
        Some(Bson::Boolean(flag)) => *flag,
        // Old clients have written numbers.
        number => integer(number).is_some_and(|number| number != 0),
    }
}

fn keys(key: &Document, weights: Option<&Document>) -> Result<Vec<(String, KeyKind)>, String> {
    let mut keys = Vec::new();
    for (path, order) in key {
        match (path.as_str(), order) {
            ("_fts", Bson::String(kind)) if kind == "text" => {
                let words = weights.ok_or("lists no weights")?;
                keys.extend(words.keys().map(|word| (word.clone(), KeyKind::Text)));
            }
            ("_ftsx", _) if key.contains_key("_fts") => {}
            (_, Bson::String(kind)) => keys.push((path.clone(), named_kind(kind)?)),
            (_, Bson::Double(number)) if *number != 0.0 => {
                keys.push((
                    path.clone(),
                    if *number > 0.0 { KeyKind::Ascending } else { KeyKind::Descending },
                ));
            }
            (_, number) => match integer(Some(number)) {
                Some(1..) => keys.push((path.clone(), KeyKind::Ascending)),
                Some(..=-1) => keys.push((path.clone(), KeyKind::Descending)),
                _ => return Err(format!("orders `{path}` by {order}, which is not known")),
            },
        }
    }
    Ok(keys)
}

fn named_kind(kind: &str) -> Result<KeyKind, String> {
    match kind {
        "2dsphere" => Ok(KeyKind::Sphere),
        "2d" => Ok(KeyKind::Plane),
        "text" => Ok(KeyKind::Text),
        "hashed" => Ok(KeyKind::Hashed),
        _ => Err(format!("is of the kind `{kind}`, which is not known")),
    }
}

fn declared_weights(weights: &Document) -> Map<String, Value> {
    let declared = weights.iter().filter(|(_, weight)| integer(Some(weight)) != Some(DEFAULT_WEIGHT));
    declared.map(|(word, weight)| (word.clone(), plain(weight))).collect()
}

/// A collation without what it says of itself by default; none where it compares bytes.
pub(crate) fn collation(stored: Option<&Bson>) -> Option<Value> {
    let mut written = plain_document(stored?.as_document()?);
    if written.get("locale").and_then(Value::as_str) == Some("simple") {
        return None;
    }
    written.retain(|key, value| !is_collation_default(key, value));
    Some(Value::Object(written))
}

fn index_collation(stored: &Document, collations: &Collations) -> Option<Value> {
    let listed = stored.get("collation");
    let own = collation(listed);
    let inherited = &collations.own;
    match (own, inherited) {
        (None, None) => None,
        (None, Some(_)) if listed.is_none() && !collations.listed => None,
        (None, Some(_)) => Some(serde_json::json!({ "locale": "simple" })),
        (Some(own), inherited) => (inherited.as_ref() != Some(&own)).then_some(own),
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    fn one(stored: Document) -> CollectionIndex {
        read(&stored, &Collations::default()).unwrap().unwrap()
    }

    #[test]
    fn what_a_server_adds_is_left_out() {
        let index = one(doc! {
            "v": 2, "ns": "d.c", "key": { "a": 1.0, "b": -1_i64, "c": "hashed" }, "name": "n", "background": true,
            "2dsphereIndexVersion": 3, "sparse": true, "expireAfterSeconds": 3600.0, "hidden": false,
            "collation": { "locale": "simple" }, "partialFilterExpression": { "a": { "$gt": 3.0 } },
        });
        let keys = [("a", KeyKind::Ascending), ("b", KeyKind::Descending), ("c", KeyKind::Hashed)];
        assert_eq!(index.keys, keys.map(|(path, kind)| (path.to_owned(), kind)));
        assert!(index.sparse && !index.hidden && !index.unique);
        assert_eq!(index.expire_after_seconds, Some(3600));
        assert_eq!(index.partial_filter, Some(json!({ "a": { "$gt": 3 } })));
        assert!(index.collation.is_none() && index.options.is_empty(), "{index:?}");
    }

    #[test]
    fn a_text_index_has_its_keys_again() {
        let index = one(doc! {
            "v": 2, "key": { "c": 1, "_fts": "text", "_ftsx": 1, "e": -1 }, "name": "a",
            "weights": { "a.b": 1, "d": 5 }, "default_language": "spanish", "language_override": "language",
            "textIndexVersion": 3,
        });
        let paths: Vec<_> = index.keys.iter().map(|(path, kind)| (path.as_str(), *kind)).collect();
        assert_eq!(
            paths,
            [
                ("c", KeyKind::Ascending),
                ("a.b", KeyKind::Text),
                ("d", KeyKind::Text),
                ("e", KeyKind::Descending)
            ]
        );
        assert_eq!(Value::Object(index.weights), json!({ "d": 5 }));
        assert_eq!(Value::Object(index.options), json!({ "default_language": "spanish" }));
    }

    #[test]
    fn collations_are_those_that_differ_from_the_collections() {
        let full = doc! {
            "locale": "en", "caseLevel": false, "caseFirst": "off", "strength": 2, "numericOrdering": false,
            "alternate": "non-ignorable", "maxVariable": "punct", "normalization": false, "backwards": false,
            "version": "57.1",
        };
        let english = json!({ "locale": "en", "strength": 2 });
        let simple = json!({ "locale": "simple" });
        let with = |listed: Option<Document>| {
            let mut stored = doc! { "key": { "a": 1 }, "name": "a" };
            if let Some(listed) = listed {
                stored.insert("collation", listed);
            }
            stored
        };
        let own = |listed| Collations { own: Some(english.clone()), listed };
        for (stored, collations, expected) in [
            (Some(full.clone()), Collations::default(), Some(english.clone())),
            (None, Collations::default(), None),
            (Some(full.clone()), own(true), None),
            (None, own(true), Some(simple.clone())),
            (None, own(false), None),
            (Some(doc! { "locale": "simple" }), own(false), Some(simple.clone())),
            (Some(doc! { "locale": "fr" }), own(true), Some(json!({ "locale": "fr" }))),
        ] {
            let index = read(&with(stored.clone()), &collations).unwrap().unwrap();
            assert_eq!(index.collation, expected, "{stored:?} {collations:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        assert!(
            read(&doc! { "key": { "_id": 1 }, "name": "_id_" }, &Collations::default()).unwrap().is_none()
        );
        for key in [doc! { "a": "geoHaystack" }, doc! { "a": 0 }] {
            let error = read(&doc! { "key": key, "name": "odd" }, &Collations::default()).unwrap_err();
            assert!(error.contains("odd") && error.contains("not known"), "{error}");
        }
    }
}
