//! What is asked of the documents themselves: which would break a rule, and what they look like.

use bson::{Bson, Document, doc};
use serde_json::Value;
use whimbrel_schema::document::CollectionIndex;

use super::ask::Ask;
use super::commands::{Commands, SessionId};
use super::failure::integer;
use super::inventory::count;
use crate::Result;

/// Documents that a validator would refuse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Violations {
    /// How many there are.
    pub documents: u64,
    /// The `_id` of some of them.
    pub examples: Vec<Bson>,
}

/// Documents that a unique index would refuse.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Duplicates {
    /// How many keys several documents have.
    pub keys: u64,
    /// Some of them.
    pub examples: Vec<Duplicate>,
}

/// One key that several documents have.
#[derive(Clone, Debug, PartialEq)]
pub struct Duplicate {
    /// The key's values, in the order of the index.
    pub key: Vec<Bson>,
    /// How many documents have it.
    pub documents: u64,
    /// The `_id` of two of them.
    pub ids: [Bson; 2],
}

/// Counts the documents that do not match a validator's rule, as a session's open transaction sees them where one is given.
/// A collection that does not exist has none.
///
/// # Errors
/// The rule is no query, or the deployment cannot be asked.
pub async fn violations(
    commands: &dyn Commands,
    session: Option<SessionId>,
    collection: &str,
    rule: &Document,
    examples: u32,
) -> Result<Violations> {
    let doing = format!("counting what breaks the validator of `{collection}`");
    let ask = Ask { commands, session };
    let query = doc! { "$nor": [rule.clone()] };
    let command = doc! {
        "find": collection, "filter": query.clone(), "projection": { "_id": 1 }, "limit": i64::from(examples.max(1)),
    };
    let found = ask.told(ask.all(command).await, &doing)?;
    let ids: Vec<Bson> = found.into_iter().filter_map(|mut document| document.remove("_id")).collect();
    let documents = if ids.len() < examples.max(1) as usize {
        ids.len() as u64
    } else {
        count(ask, collection, &query, &doing).await?
    };
    Ok(Violations { documents, examples: ids.into_iter().take(examples as usize).collect() })
}

/// Counts the keys that stand in the way of a unique index, as the index would see them: elements of arrays each on
/// its own, absent values as null, and without the documents that a sparse or partial index leaves out; as a session's open
/// transaction sees them where one is given.
///
/// # Errors
/// The deployment cannot be asked.
pub async fn duplicates(
    commands: &dyn Commands,
    session: Option<SessionId>,
    collection: &str,
    index: &CollectionIndex,
    examples: u32,
) -> Result<Duplicates> {
    let doing = format!("counting what breaks the unique index `{}` of `{collection}`", index.name);
    let ask = Ask { commands, session };
    let mut command = doc! { "aggregate": collection, "cursor": {}, "allowDiskUse": true };
    if let Some(Value::Object(collation)) = &index.collation {
        let collation = Document::try_from(collation.clone()).map_err(|error| {
            crate::EngineError::Refused { doing: doing.clone(), reason: format!("its collation: {error}") }
        })?;
        command.insert("collation", collation);
    }
    let grouped =
        grouping(index).map_err(|reason| crate::EngineError::Refused { doing: doing.clone(), reason })?;
    let limit = i64::from(examples.max(1));
    let mut shown = grouped.clone();
    shown.extend([doc! { "$sort": { "n": -1, "_id": 1 } }, doc! { "$limit": limit }]);
    command.insert("pipeline", shown);
    let found = ask.told(ask.all(command.clone()).await, &doing)?;
    let keys = if found.len() < examples.max(1) as usize {
        found.len() as u64
    } else {
        let mut counted = grouped;
        counted.push(doc! { "$group": { "_id": null, "n": { "$sum": 1 } } });
        command.insert("pipeline", counted);
        let total = ask.told(ask.all(command).await, &doing)?;
        total.first().map_or(0, |total| number(total, "n"))
    };
    let found = found.iter().take(examples as usize);
    Ok(Duplicates { keys, examples: found.map(|group| duplicate(group, index.keys.len())).collect() })
}

fn number(document: &Document, key: &str) -> u64 {
    integer(document.get(key)).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
}

fn duplicate(group: &Document, width: usize) -> Duplicate {
    let values = group.get_document("_id").ok();
    let value = |place: usize| {
        values.and_then(|values| values.get(format!("k{place}"))).cloned().unwrap_or(Bson::Null)
    };
    let id = |key: &str| group.get(key).cloned().unwrap_or(Bson::Null);
    Duplicate {
        key: (0..width).map(value).collect(),
        documents: number(group, "n"),
        ids: [id("first"), id("last")],
    }
}

/// The stages that leave one document for each key that several documents have.
fn grouping(index: &CollectionIndex) -> std::result::Result<Vec<Document>, String> {
    let mut stages = Vec::new();
    if let Some(Value::Object(filter)) = &index.partial_filter {
        let filter = Document::try_from(filter.clone()).map_err(|error| format!("its filter: {error}"))?;
        stages.push(doc! { "$match": filter });
    }
    if index.sparse {
        let any: Vec<Document> =
            index.keys.iter().map(|(path, _)| doc! { path: { "$exists": true } }).collect();
        stages.push(doc! { "$match": { "$or": any } });
    }
    let mut projection = Document::new();
    let mut key = Document::new();
    for (place, (path, _)) in index.keys.iter().enumerate() {
        projection.insert(format!("k{place}"), format!("${path}"));
        key.insert(format!("k{place}"), doc! { "$ifNull": [format!("$k{place}"), null] });
    }
    stages.push(doc! { "$project": projection });
    for place in 0..index.keys.len() {
        let path = format!("$k{place}");
        stages.push(doc! { "$unwind": { "path": path, "preserveNullAndEmptyArrays": true } });
    }
    // A document may hold a key several times, in an array.
    stages.push(doc! { "$group": { "_id": { "key": key, "id": "$_id" } } });
    stages.push(doc! { "$group": {
        "_id": "$_id.key",
        "n": { "$sum": 1 },
        "first": { "$min": "$_id.id" },
        "last": { "$max": "$_id.id" },
    } });
    stages.push(doc! { "$match": { "n": { "$gt": 1 } } });
    Ok(stages)
}

/// Runs a command that answers with a cursor, and reads the cursor to its end.
///
/// # Errors
/// The deployment refuses the command, which was to serve what is `doing`, or cannot be asked.
pub async fn read_all(commands: &dyn Commands, command: Document, doing: &str) -> Result<Vec<Document>> {
    let ask = Ask::plainly(commands);
    ask.told(ask.all(command).await, doing)
}

/// Takes some documents of a collection, at random where the deployment can, as relaxed Extended JSON. They keep
/// apart what looks alike in JSON, such as whole numbers of different kinds, where `canonical` is asked for.
///
/// # Errors
/// The deployment cannot be asked.
pub async fn sample(
    commands: &dyn Commands,
    collection: &str,
    size: u32,
    canonical: bool,
) -> Result<Vec<Value>> {
    let doing = format!("looking at documents of `{collection}`");
    let ask = Ask::plainly(commands);
    let pipeline = [doc! { "$sample": { "size": i64::from(size) } }];
    let found =
        match ask.all(doc! { "aggregate": collection, "pipeline": pipeline.to_vec(), "cursor": {} }).await {
            Ok(found) => found,
            Err(error) if error.code().is_some() => {
                let found = ask.all(doc! { "find": collection, "limit": i64::from(size) }).await;
                ask.told(found, &doing)?
            }
            Err(error) => return Err(ask.failed(error, &doing)),
        };
    let written = found.into_iter().map(|document| {
        let value = Bson::Document(document);
        if canonical { value.into_canonical_extjson() } else { value.into_relaxed_extjson() }
    });
    Ok(written.collect())
}
