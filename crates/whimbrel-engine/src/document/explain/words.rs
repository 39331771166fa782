//! The plain words for stages, bounds and filters.

use bson::{Bson, Document};

use crate::plan::{PlanNode, index_scan_words, whole_scan_words};

/// What a stage does.
pub(super) fn what(name: &str, stage: &Document, node: &PlanNode) -> String {
    let object = node.object.as_deref();
    let collection = object.unwrap_or("the collection");
    let index = node.index.as_deref().unwrap_or("?");
    match name {
        "COLLSCAN" => whole_scan_words("collection", collection, "documents", node),
        "IXSCAN" | "TEXT_MATCH" | "GEO_NEAR_2D" | "GEO_NEAR_2DSPHERE" => {
            index_scan_words(object, index, "documents", node)
        }
        "COUNT_SCAN" => format!("counts in the index {index} of {collection}, without the documents"),
        "DISTINCT_SCAN" => format!("reads each value once from the index {index} of {collection}"),
        "IDHACK" | "EXPRESS_IXSCAN" | "EXPRESS_CLUSTERED_IXSCAN" => {
            format!("reads one document of {collection} by the index {index}")
        }
        "FETCH" => match &node.condition {
            Some(condition) => {
                format!(
                    "fetches the documents found below from {collection}, keeping documents where {condition}"
                )
            }
            None => format!("fetches the documents found below from {collection}"),
        },
        "SORT" | "SORT_MERGE" => {
            let pattern = stage.get_document("sortPattern").ok();
            let keys = pattern.map_or_else(|| "the sort's keys".to_owned(), sort_words);
            if name == "SORT" {
                format!("sorts by {keys} in memory")
            } else {
                format!("merges ordered sources by {keys}")
            }
        }
        "PROJECTION_COVERED" => "takes the fields from the index, without the documents".to_owned(),
        "PROJECTION_SIMPLE" | "PROJECTION_DEFAULT" => "keeps the fields that are asked for".to_owned(),
        "UPDATE" | "EXPRESS_UPDATE" => format!("updates {collection}"),
        "DELETE" | "BATCHED_DELETE" | "EXPRESS_DELETE" => format!("deletes from {collection}"),
        "EOF" => "reads nothing: there is no such collection, or no document can match".to_owned(),
        other => other_words(other),
    }
}

fn other_words(name: &str) -> String {
    let words = match name {
        "LIMIT" => "ends after the documents that are asked for",
        "SKIP" => "leaves out the first documents",
        "COUNT" => "counts documents",
        "GROUP" => "groups documents",
        "RECORD_STORE_FAST_COUNT" => "takes the count from the collection's metadata",
        "OR" => "takes the documents that any of these finds",
        "AND_SORTED" | "AND_HASH" => "takes the documents that all of these find",
        "SUBPLAN" => "plans each side of $or by itself",
        "SHARDING_FILTER" => "leaves out documents that belong to another shard",
        "SHARD_MERGE" | "SHARD_MERGE_SORT" | "SINGLE_SHARD" => "asks the shards",
        "EQ_LOOKUP" | "EQ_LOOKUP_UNWIND" => "looks up documents of another collection ($lookup)",
        "CACHED_PLAN" => "uses a plan from the cache",
        other => return format!("does what MongoDB calls {other}"),
    };
    words.to_owned()
}

/// What a stage of a pipeline does.
pub(super) fn pipeline_words(name: &str, stage: &Document) -> String {
    let inner = stage.get_document(name).ok();
    match name {
        "$group" => match inner.and_then(|inner| inner.get("_id")) {
            Some(Bson::Null) | None => "groups documents".to_owned(),
            Some(key) => format!("groups documents by {}", json(key)),
        },
        "$sort" => {
            let keys = inner.map(|inner| inner.get_document("sortKey").unwrap_or(inner));
            format!("sorts by {} in memory", keys.map(sort_words).unwrap_or_default())
        }
        "$match" => format!("keeps documents where {}", inner.map(filter_words).unwrap_or_default()),
        "$project" | "$addFields" | "$set" | "$unset" => "computes and keeps fields".to_owned(),
        "$unwind" => "makes one document of each element".to_owned(),
        "$lookup" => {
            let from = inner.and_then(|inner| inner.get_str("from").ok()).unwrap_or("another collection");
            format!("looks up documents of {from}")
        }
        "$limit" => "ends after the documents that are asked for".to_owned(),
        "$skip" => "leaves out the first documents".to_owned(),
        other => format!("does {other}"),
    }
}

fn sort_words(pattern: &Document) -> String {
    let keys = pattern.iter().map(|(path, order)| match order {
        Bson::Int32(-1) | Bson::Int64(-1) => format!("{path} descending"),
        Bson::Double(order) if *order < 0.0 => format!("{path} descending"),
        _ => path.clone(),
    });
    keys.collect::<Vec<_>>().join(", ")
}

/// The bounds of an index in words; none where it is read from end to end.
pub(super) fn bounds_words(bounds: &Document) -> Option<String> {
    let mut found = Vec::new();
    for (path, intervals) in bounds {
        let Bson::Array(intervals) = intervals else { return start_and_end(bounds) };
        let texts: Vec<&str> = intervals.iter().filter_map(Bson::as_str).collect();
        if texts.iter().any(|text| *text == "[MinKey, MaxKey]" || *text == "[MaxKey, MinKey]") {
            continue;
        }
        let points: Option<Vec<&str>> = texts.iter().map(|text| point(text)).collect();
        found.push(match points {
            Some(points) if points.len() == 1 => format!("{path} = {}", points[0]),
            Some(points) => format!("{path} is one of {}", points.join(", ")),
            None => format!("{path} in {}", texts.join(" or ")),
        });
    }
    (!found.is_empty()).then(|| found.join(" and "))
}

/// `COUNT_SCAN` names the first and the last key.
fn start_and_end(bounds: &Document) -> Option<String> {
    let key = |name: &str| bounds.get_document(name).ok().map(|key| json(&Bson::Document(key.clone())));
    let (start, end) = (key("startKey")?, key("endKey")?);
    Some(if start == end { format!("the key {start}") } else { format!("keys from {start} to {end}") })
}

/// The value of an interval that holds one: `["a", "a"]`.
fn point(interval: &str) -> Option<&str> {
    let inner = interval.strip_prefix('[')?.strip_suffix(']')?;
    let half = inner.len().checked_sub(2)? / 2;
    let (first, rest) = (inner.get(..half)?, inner.get(half..)?);
    (rest.strip_prefix(", ") == Some(first)).then_some(first)
}

/// A query filter in words.
#[must_use]
pub fn filter_words(filter: &Document) -> String {
    let mut parts = Vec::new();
    for (path, value) in filter {
        match (path.as_str(), value) {
            ("$and", Bson::Array(members)) => {
                parts.extend(members.iter().filter_map(Bson::as_document).map(filter_words));
            }
            ("$or", Bson::Array(members)) => {
                let sides: Vec<String> =
                    members.iter().filter_map(Bson::as_document).map(filter_words).collect();
                parts.push(format!("({})", sides.join(" or ")));
            }
            (path, value) if path.starts_with('$') => parts.push(format!("{path}: {}", json(value))),
            (path, Bson::Document(inner)) if inner.keys().next().is_some_and(|key| key.starts_with('$')) => {
                parts.extend(inner.iter().map(|(operator, value)| operator_words(path, operator, value)));
            }
            (path, Bson::RegularExpression(regex)) => {
                parts.push(format!("{path} matches /{}/{}", regex.pattern, regex.options));
            }
            (path, value) => parts.push(format!("{path} = {}", json(value))),
        }
    }
    parts.join(" and ")
}

fn operator_words(path: &str, operator: &str, value: &Bson) -> String {
    if let ("$eq" | "$regex", Bson::RegularExpression(regex)) = (operator, value) {
        return format!("{path} matches /{}/{}", regex.pattern, regex.options);
    }
    let symbol = match operator {
        "$eq" => "=",
        "$ne" => "≠",
        "$gt" => ">",
        "$gte" => "≥",
        "$lt" => "<",
        "$lte" => "≤",
        "$in" => "is one of",
        "$nin" => "is none of",
        "$regex" => "matches",
        other => return format!("{path} {other} {}", json(value)),
    };
    format!("{path} {symbol} {}", json(value))
}

fn json(value: &Bson) -> String {
    value.clone().into_relaxed_extjson().to_string()
}
