//! What an index is asked to be, in the one form that is stored.

use bson::{Bson, Document};
use whimbrel_engine::document::Refusal;

use crate::answer::with_context;
use crate::catalog::number;
use crate::matcher::{Comparison, Matcher, Node, Test};
use crate::refusal::{bad_value, failed_to_parse, not_implemented, refuse, type_mismatch};
use crate::value::{DocRef, ValueRef, show_document, type_name};

/// How many parts an index may have.
const MOST_PARTS: usize = 32;

/// Options of every index, in the order in which they are told.
const OPTIONS: &[&str] = &[
    "unique",
    "hidden",
    "sparse",
    "partialFilterExpression",
    "expireAfterSeconds",
    "weights",
    "default_language",
    "language_override",
    "textIndexVersion",
    "2dsphereIndexVersion",
];

/// Options that MongoDB has and this engine has not.
const UNSUPPORTED: &[&str] =
    &["wildcardProjection", "bits", "min", "max", "bucketSize", "prepareUnique", "clustered"];

/// Options that say nothing here.
const IDLE: &[&str] = &["background", "ns", "storageEngine", "v"];

/// Brings an index's specification into the form that is stored and listed.
///
/// # Errors
/// MongoDB would refuse it too, or it asks for what this engine does not have.
pub(super) fn normalised(given: &Document) -> Result<Document, Refusal> {
    parts(given).map_err(|refusal| {
        if matches!(refusal.code, 238 | 2) {
            return refusal;
        }
        with_context(refusal, &format!("Error in specification {}", shown(given)))
    })
}

fn parts(given: &Document) -> Result<Document, Refusal> {
    let key = match given.get("key") {
        Some(Bson::Document(key)) => key.clone(),
        Some(other) => {
            let kind = type_name(ValueRef::from(other));
            return Err(type_mismatch(format!("The field 'key' must be an object, but got {kind}")));
        }
        None => {
            return Err(failed_to_parse("The 'key' field is a required property of an index specification"));
        }
    };
    check_key(&key)?;
    let name = match given.get("name") {
        Some(Bson::String(name)) => name.clone(),
        Some(other) => {
            let kind = type_name(ValueRef::from(other));
            return Err(type_mismatch(format!("The field 'name' must be a string, but got {kind}")));
        }
        None => {
            return Err(failed_to_parse("The 'name' field is a required property of an index specification"));
        }
    };
    if name == "*" {
        return Err(bad_value("The index name '*' is not valid."));
    }
    if name.is_empty() {
        return Err(cannot_create("index name cannot be empty"));
    }
    check_options(given, &key)?;
    let mut spec = Document::new();
    spec.insert("v", 2);
    spec.insert("key", key);
    spec.insert("name", name);
    for option in OPTIONS {
        match (*option, given.get(*option)) {
            (_, None) => {}
            ("unique" | "sparse" | "hidden", Some(_)) if !is_set(given, option) => {}
            ("unique" | "sparse" | "hidden", Some(_)) => {
                spec.insert(*option, true);
            }
            ("expireAfterSeconds", Some(seconds)) => {
                spec.insert(*option, whole_seconds(seconds)?);
            }
            (_, Some(value)) => {
                spec.insert(*option, value.clone());
            }
        }
    }
    Ok(special(spec))
}

/// A specification after one of its options has changed.
pub(super) fn restated(spec: Document) -> Document {
    let mut restated = Document::new();
    for name in ["v", "key", "name"].iter().chain(OPTIONS) {
        restated.extend(spec.get(*name).map(|value| ((*name).to_owned(), value.clone())));
    }
    restated
}

fn check_key(key: &Document) -> Result<(), Refusal> {
    if key.is_empty() {
        return Err(cannot_create("Index keys cannot be empty."));
    }
    if key.len() > MOST_PARTS {
        return Err(refuse(13103, "Location13103", "too many compound keys"));
    }
    for (path, value) in key {
        if path.is_empty() || path.split('.').any(str::is_empty) {
            return Err(cannot_create("Index keys cannot contain an empty field."));
        }
        let is_wildcard = path == "$**" || path.ends_with(".$**");
        match value {
            Bson::String(kind) => match kind.as_str() {
                "text" => {}
                "2dsphere" | "hashed" if !is_wildcard => {}
                "2d" | "geoHaystack" | "columnstore" => {
                    return Err(not_implemented(&format!("a {kind} index")));
                }
                other => return Err(cannot_create(&format!("Unknown index plugin '{other}'"))),
            },
            other => match number(other) {
                Some(0.0) => {
                    return Err(cannot_create("Values in the index key pattern cannot be 0."));
                }
                Some(value) if value.is_nan() => {
                    return Err(cannot_create("Values in the index key pattern cannot be NaN."));
                }
                Some(_) if is_wildcard => return Err(not_implemented("a wildcard index")),
                Some(_) => {}
                None => {
                    let kind = type_name(ValueRef::from(other));
                    return Err(cannot_create(&format!(
                        "Values in v:2 index key pattern cannot be of type {kind}. Only numbers > 0, numbers < 0, \
                         and strings are allowed."
                    )));
                }
            },
        }
        if path.starts_with('$') && !is_wildcard {
            return Err(cannot_create(
                "Index key contains an illegal field name: field name starts with '$'.",
            ));
        }
    }
    Ok(())
}

fn check_options(given: &Document, key: &Document) -> Result<(), Refusal> {
    let is_of = |kind: &str| key.values().any(|value| value.as_str() == Some(kind));
    for (option, value) in given {
        match option.as_str() {
            "key" | "name" | "unique" => {}
            "collation" => {
                let is_simple = value.as_document().is_some_and(|collation| {
                    collation.is_empty() || collation.get_str("locale").is_ok_and(|locale| locale == "simple")
                });
                if !is_simple {
                    return Err(not_implemented("a collation of an index"));
                }
            }
            "weights" | "default_language" | "language_override" | "textIndexVersion" if !is_of("text") => {
                let message = format!(
                    "Invalid index specification {}; the field '{option}' can only be specified with text indexes",
                    shown(given)
                );
                return Err(cannot_create(&message));
            }
            "partialFilterExpression" => check_partial(value)?,
            "expireAfterSeconds" if key.len() > 1 || !key.values().all(|value| number(value).is_some()) => {
                return Err(cannot_create(&format!(
                    "TTL indexes are single-field indexes, compound indexes do not support TTL. Index spec: {}",
                    shown(given)
                )));
            }
            option if UNSUPPORTED.contains(&option) => {
                return Err(not_implemented(&format!("the index option {option}")));
            }
            option if OPTIONS.contains(&option) || IDLE.contains(&option) => {}
            other => {
                let message = format!(
                    "The field '{other}' is not valid for an index specification. Specification: {}",
                    shown(given)
                );
                return Err(refuse(197, "InvalidIndexSpecificationOption", message));
            }
        }
    }
    if is_set(given, "sparse") && given.contains_key("partialFilterExpression") {
        return Err(cannot_create("cannot mix \"partialFilterExpression\" and \"sparse\" options"));
    }
    if is_of("hashed") {
        if is_set(given, "unique") {
            return Err(refuse(
                16764,
                "Location16764",
                "Currently hashed indexes cannot guarantee uniqueness. Use a regular index.",
            ));
        }
        if key.len() > 1 {
            return Err(not_implemented("a compound hashed index"));
        }
    }
    if is_set(given, "unique") && (is_of("text") || is_of("2dsphere")) {
        return Err(not_implemented("a unique index over words or places"));
    }
    Ok(())
}

fn check_partial(filter: &Bson) -> Result<(), Refusal> {
    let Bson::Document(filter) = filter else {
        let kind = type_name(ValueRef::from(filter));
        return Err(type_mismatch(format!(
            "The field 'partialFilterExpression' must be an object, but got {kind}"
        )));
    };
    check_partial_node(Matcher::parse(filter)?.root())
}

/// The predicates that a partial index may be made of.
fn check_partial_node(node: &Node) -> Result<(), Refusal> {
    let refused =
        |what: &str| Err(cannot_create(&format!("Expression not supported in partial index: {what}")));
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().try_for_each(check_partial_node),
        Node::Field { test, .. } => match test {
            Test::Compare(
                Comparison::Equal
                | Comparison::Less
                | Comparison::LessOrEqual
                | Comparison::Greater
                | Comparison::GreaterOrEqual,
                _,
            )
            | Test::In(_)
            | Test::Exists
            | Test::Type(_)
            | Test::Geo(_) => Ok(()),
            _ => refused("a test other than a comparison, $in, $exists, $type or $geoWithin"),
        },
        Node::Not(_) => refused("$not"),
        Node::Nor(_) => refused("$nor"),
        Node::Always(_) => Ok(()),
        Node::Expr(_) | Node::Schema(_) | Node::Text(_) => refused("$expr, $jsonSchema or $text"),
    }
}

/// The time to live, as it is stored.
///
/// # Errors
/// It is no number.
pub(super) fn whole_seconds(seconds: &Bson) -> Result<Bson, Refusal> {
    /// MongoDB takes what is below zero for the longest time that it knows.
    const LONGEST: i32 = i32::MAX;
    let Some(seconds) = number(seconds) else {
        let kind = type_name(ValueRef::from(seconds));
        let message =
            format!("TTL index 'expireAfterSeconds' option must be numeric, but received a type of '{kind}'");
        return Err(cannot_create(&message));
    };
    if seconds < 0.0 || seconds.is_nan() || seconds > f64::from(LONGEST) {
        return Ok(Bson::Int32(LONGEST));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above; fractions of a second are cut off")]
    Ok(Bson::Int32(seconds as i32))
}

/// Fills in what text and 2dsphere indexes are told with.
fn special(mut spec: Document) -> Document {
    let Ok(key) = spec.get_document("key").cloned() else { return spec };
    let is = |value: &Bson, kind: &str| value.as_str() == Some(kind);
    if key.values().any(|value| is(value, "text")) {
        let mut weights: std::collections::BTreeMap<String, Bson> = key
            .iter()
            .filter(|(_, value)| is(value, "text"))
            .map(|(path, _)| (path.clone(), Bson::Int32(1)))
            .collect();
        for (path, weight) in spec.get_document("weights").into_iter().flatten() {
            weights.insert(path.clone(), weight.clone());
        }
        weights.remove("_fts");
        spec.insert("key", text_key(&key));
        for name in ["weights", "default_language", "language_override", "textIndexVersion"] {
            let given = spec.remove(name);
            let value = match name {
                "weights" => Bson::Document(weights.clone().into_iter().collect()),
                "default_language" => given.unwrap_or_else(|| "english".into()),
                "language_override" => given.unwrap_or_else(|| "language".into()),
                _ => given.unwrap_or(Bson::Int32(3)),
            };
            spec.insert(name, value);
        }
    }
    if key.values().any(|value| is(value, "2dsphere")) && !spec.contains_key("2dsphereIndexVersion") {
        spec.insert("2dsphereIndexVersion", 3);
    }
    spec
}

/// The key of a text index as it is listed: one pair of parts in the place of its paths.
fn text_key(key: &Document) -> Document {
    let mut listed = Document::new();
    for (path, value) in key {
        if value.as_str() == Some("text") {
            listed.insert("_fts", "text");
            listed.insert("_ftsx", 1);
        } else if path != "_ftsx" {
            listed.insert(path, value.clone());
        }
    }
    listed
}

fn cannot_create(message: &str) -> Refusal {
    refuse(67, "CannotCreateIndex", message)
}

/// Whether an option is true, in one of the forms that MongoDB takes for it.
fn is_set(spec: &Document, option: &str) -> bool {
    match spec.get(option) {
        Some(Bson::Boolean(is_set)) => *is_set,
        Some(value) => number(value).is_some_and(|number| number != 0.0),
        None => false,
    }
}

/// A specification in a message.
pub(super) fn shown(spec: &Document) -> String {
    show_document(DocRef::Parsed(spec))
}
