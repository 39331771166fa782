//! What stands in the way of an index, found before it is built.

use std::sync::Arc;

use bson::{Bson, Document, doc};
use serde::Serialize;
use whimbrel_engine::document::{self, Commands};
use whimbrel_schema::catalog::Catalog;
use whimbrel_schema::document::{CollectionIndex, KeyKind};

use super::definition::is_text;
use crate::error::Result;
use crate::preflight::{self, PreflightError};
use crate::session::Session;

/// How many examples are shown.
const EXAMPLES: u32 = 5;
/// More than half of the way around the globe, in radians: every place lies within.
const WHOLE_GLOBE: f64 = 3.2;

/// What an index would fail on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// What stands in the way, in words, with the number.
    pub what: String,
    /// Some of it, a line each.
    pub examples: Vec<String>,
    /// The ways on.
    pub help: String,
}

/// The rows that the build of a table's index would fail on.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn of_statement(
    session: &mut Session<'_>,
    catalog: &Catalog,
    statement: &str,
) -> Result<Option<Obstacle>> {
    let found = preflight::violation(session, catalog, statement).await?;
    Ok(match found {
        Some(PreflightError::Violations { what, examples, help, .. }) => {
            let examples = examples.lines().map(str::trim).filter(|line| !line.is_empty());
            Some(Obstacle { what, examples: examples.map(str::to_owned).collect(), help })
        }
        _ => None,
    })
}

/// What the build of a collection's index would fail on.
///
/// # Errors
/// The database cannot be read.
pub(super) async fn of_collection(
    commands: &Arc<dyn Commands>,
    collection: &str,
    index: &CollectionIndex,
    standing: &[CollectionIndex],
) -> Result<Option<Obstacle>> {
    let other = standing.iter().find(|other| is_text(other) && is_text(index));
    if let Some(other) = other {
        return Ok(Some(Obstacle {
            what: format!("{collection} has a text index already, {}, and cannot have two", other.name),
            examples: Vec::new(),
            help: format!("drop {} first, or make one text index over the fields of both", other.name),
        }));
    }
    if index.unique
        && let Some(found) = duplicates(commands.as_ref(), collection, index).await?
    {
        return Ok(Some(found));
    }
    for (path, kind) in &index.keys {
        if *kind == KeyKind::Sphere
            && let Some(found) = misplaced(commands.as_ref(), collection, (index, path)).await?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

async fn duplicates(
    commands: &dyn Commands,
    collection: &str,
    index: &CollectionIndex,
) -> Result<Option<Obstacle>> {
    let found = document::duplicates(commands, None, collection, index, EXAMPLES).await?;
    if found.keys == 0 {
        return Ok(None);
    }
    let mut examples: Vec<String> = found
        .examples
        .iter()
        .map(|same| {
            let key: Vec<String> = same.key.iter().map(shown).collect();
            let ids = same.ids.each_ref().map(shown);
            format!("{}: {} documents, {} and {} among them", key.join(", "), same.documents, ids[0], ids[1])
        })
        .collect();
    add_more(&mut examples, found.keys);
    let keys = if found.keys == 1 { "1 key stands".to_owned() } else { format!("{} keys stand", found.keys) };
    Ok(Some(Obstacle {
        what: format!("{keys} in several documents of {collection}"),
        examples,
        help: "change or delete all but one document of each, then run `whimbrel index apply` again"
            .to_owned(),
    }))
}

/// Documents in which something stands at the path that is no place.
async fn misplaced(
    commands: &dyn Commands,
    collection: &str,
    (index, path): (&CollectionIndex, &str),
) -> Result<Option<Obstacle>> {
    let everywhere = doc! { path: { "$geoWithin": { "$centerSphere": [[0.0, 0.0], WHOLE_GLOBE] } } };
    let nothing = [doc! { path: Bson::Null }, doc! { path: { "$size": 0 } }, doc! { path: Document::new() }];
    let mut allowed: Vec<Document> = nothing.to_vec();
    allowed.push(everywhere);
    let is_list = doc! { path: { "$elemMatch": { "$not": { "$type": "number" } } } };
    let mut rule = vec![
        doc! { "$nor": [doc! { path: { "$exists": true }, "$or": [doc! { "$nor": allowed }, is_list] }] },
    ];
    if let Some(filter) = &index.partial_filter
        && let Ok(filter) = Document::try_from(filter.as_object().cloned().unwrap_or_default())
    {
        rule = vec![doc! { "$or": [doc! { "$nor": [filter] }, rule.remove(0)] }];
    }
    let found = document::violations(commands, None, collection, &rule.remove(0), EXAMPLES).await?;
    if found.documents == 0 {
        return Ok(None);
    }
    let mut examples: Vec<String> = found.examples.iter().map(|id| format!("_id = {}", shown(id))).collect();
    add_more(&mut examples, found.documents);
    let documents =
        if found.documents == 1 { "1 document".to_owned() } else { format!("{} documents", found.documents) };
    Ok(Some(Obstacle {
        what: format!(
            "{documents} of {collection} hold no place at `{path}`: no GeoJSON, and no pair of longitude and latitude"
        ),
        examples,
        help: "correct these documents, or unset the field, then run `whimbrel index apply` again".to_owned(),
    }))
}

fn add_more(examples: &mut Vec<String>, count: u64) {
    let more = count.saturating_sub(examples.len() as u64);
    if more > 0 && !examples.is_empty() {
        examples.push(format!("and {more} more"));
    }
}

fn shown(value: &Bson) -> String {
    match value {
        Bson::String(text) => format!("{text:?}"),
        Bson::ObjectId(id) => id.to_hex(),
        other => other.clone().into_relaxed_extjson().to_string(),
    }
}
