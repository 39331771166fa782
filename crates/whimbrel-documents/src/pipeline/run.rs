//! Running pipelines: each stage pulls from the one before it.

use std::hash::{BuildHasher, RandomState};

use bson::{Bson, Document};

use super::{Pipeline, Record, Records, Scan, Source, Stage};
use crate::expression::Frame;
use crate::refusal::{Refusal, Result};
use crate::sort::SortKeys;

/// Runs a pipeline over a collection; what its first stages filter is left to the source.
pub(super) fn run<'r>(
    pipeline: &'r Pipeline,
    source: &'r dyn Source,
    collection: &str,
    frame: Option<&'r Frame<'r>>,
) -> Result<Records<'r>> {
    let (scan, following) = match pipeline.stages.split_first() {
        Some((Stage::Match(matcher), rest)) if frame.is_none() => (Scan { filter: Some(matcher) }, rest),
        _ => (Scan::default(), &pipeline.stages[..]),
    };
    if let Some((Stage::Group(group), rest)) = following.split_first() {
        // Nothing of the documents is kept, so they need not be copied.
        let mut grouping = group.begin(frame);
        source.visit(collection, scan, &mut |document| grouping.add(document))?;
        return run_over(rest, source, collection, all(grouping.finish()), frame);
    }
    let (records, stages): (Records<'r>, &[Stage]) = match pipeline.stages.split_first() {
        Some((Stage::GeoNear(stage), rest)) => (all(stage.run(source, collection)?), rest),
        Some((Stage::IndexStats, rest)) => (all(source.index_statistics(collection)?), rest),
        Some((Stage::CollStats(options), rest)) => {
            (all(vec![source.collection_statistics(collection, options)?]), rest)
        }
        _ => (source.scan(collection, scan)?, following),
    };
    run_over(stages, source, collection, records, frame)
}

fn all<'r>(documents: Vec<Document>) -> Records<'r> {
    Box::new(documents.into_iter().map(|document| Ok(Record::Parsed(document))))
}

/// Runs stages over records.
pub(super) fn run_over<'r>(
    stages: &'r [Stage],
    source: &'r dyn Source,
    collection: &str,
    mut records: Records<'r>,
    frame: Option<&'r Frame<'r>>,
) -> Result<Records<'r>> {
    let mut rest = stages.iter().peekable();
    while let Some(stage) = rest.next() {
        let limit = match rest.peek() {
            Some(Stage::Limit(limit)) => usize::try_from(*limit).ok(),
            _ => None,
        };
        records = match stage {
            Stage::Sort(keys) => sorted(records, keys, limit)?,
            other => run_stage(other, source, collection, records, frame)?,
        };
    }
    Ok(records)
}

fn run_stage<'r>(
    stage: &'r Stage,
    source: &'r dyn Source,
    collection: &str,
    records: Records<'r>,
    frame: Option<&'r Frame<'r>>,
) -> Result<Records<'r>> {
    Ok(match stage {
        Stage::Match(matcher) => Box::new(records.filter_map(move |record| match record {
            Ok(record) => match matcher.matches_in(record.as_doc(), frame) {
                Ok(true) => Some(Ok(record)),
                Ok(false) => None,
                Err(refusal) => Some(Err(refusal)),
            },
            failed => Some(failed),
        })),
        Stage::Transform(transform) => Box::new(
            records.map(move |record| transform.apply(record?.as_doc(), frame, None).map(Record::Parsed)),
        ),
        Stage::Skip(count) => Box::new(records.skip(usize::try_from(*count).unwrap_or(usize::MAX))),
        Stage::Limit(count) => Box::new(records.take(usize::try_from(*count).unwrap_or(usize::MAX))),
        Stage::Count(name) => counted(records, name)?,
        Stage::Group(group) => all(group.run(records, frame)?),
        Stage::BucketAuto(buckets) => all(buckets.run(records, frame)?),
        Stage::Unwind(unwind) => Box::new(records.flat_map(move |record| {
            let documents = match record {
                Ok(record) => {
                    unwind.run(record).into_iter().map(|document| Ok(Record::Parsed(document))).collect()
                }
                Err(refusal) => vec![Err(refusal)],
            };
            documents.into_iter()
        })),
        Stage::Lookup(lookup) => Box::new(records.map(move |record| lookup.run(record?, source, frame))),
        Stage::Facet(branches) => facets(branches, source, collection, records, frame)?,
        Stage::Sample(size) => sampled(records, *size)?,
        Stage::UnionWith { collection, pipeline } => {
            let other = run(pipeline, source, collection, frame)?;
            Box::new(records.chain(other))
        }
        Stage::Out { database, collection } => {
            let documents = records.map(|record| record.map(Record::into_document)).collect::<Result<_>>()?;
            source.replace_collection(database.as_deref(), collection, documents)?;
            Box::new(std::iter::empty())
        }
        Stage::Merge(merge) => {
            merge.run(records, source, frame)?;
            Box::new(std::iter::empty())
        }
        Stage::Sort(keys) => sorted(records, keys, None)?,
        Stage::GeoNear(_) | Stage::IndexStats | Stage::CollStats(_) => {
            return Err(not_first());
        }
    })
}

/// Parsing has refused these stages everywhere but at the start.
fn not_first() -> Refusal {
    crate::refusal::at_location(40602, "this stage is only valid as the first stage in a pipeline")
}

fn counted<'r>(records: Records<'_>, name: &str) -> Result<Records<'r>> {
    let mut count: i64 = 0;
    for record in records {
        record?;
        count += 1;
    }
    if count == 0 {
        return Ok(Box::new(std::iter::empty()));
    }
    let value = i32::try_from(count).map_or(Bson::Int64(count), Bson::Int32);
    Ok(all(vec![Document::from_iter([(name.to_owned(), value)])]))
}

/// Sorts; where a limit follows, no more than that are kept for long.
fn sorted<'r>(records: Records<'r>, keys: &SortKeys, limit: Option<usize>) -> Result<Records<'r>> {
    /// How many more than the limit are gathered before the surplus is dropped.
    const SLACK: usize = 1024;
    let mut keyed: Vec<(Vec<u8>, Record)> = Vec::new();
    let order = |left: &(Vec<u8>, Record), right: &(Vec<u8>, Record)| left.0.cmp(&right.0);
    for record in records {
        let record = record?;
        keyed.push((keys.key_of(record.as_doc())?, record));
        if let Some(limit) = limit
            && keyed.len() >= limit.saturating_mul(2).saturating_add(SLACK)
        {
            keyed.sort_by(order);
            keyed.truncate(limit);
        }
    }
    keyed.sort_by(order);
    Ok(Box::new(keyed.into_iter().map(|(_, record)| Ok(record))))
}

fn facets<'r>(
    branches: &'r [(String, Pipeline)],
    source: &'r dyn Source,
    collection: &str,
    records: Records<'r>,
    frame: Option<&'r Frame<'r>>,
) -> Result<Records<'r>> {
    let input = records.collect::<Result<Vec<_>>>()?;
    let mut document = Document::new();
    for (name, pipeline) in branches {
        let records: Records<'_> = Box::new(input.clone().into_iter().map(Ok));
        let output = run_over(&pipeline.stages, source, collection, records, frame)?;
        let output = output.map(|record| record.map(|record| Bson::Document(record.into_document())));
        document.insert(name, output.collect::<Result<Vec<_>>>()?);
    }
    Ok(all(vec![document]))
}

/// Keeps so many records at random, by keys that nobody can foresee.
fn sampled<'r>(records: Records<'r>, size: usize) -> Result<Records<'r>> {
    let random = RandomState::new();
    let mut keyed = Vec::new();
    for (at, record) in records.enumerate() {
        keyed.push((random.hash_one(at), record?));
    }
    keyed.sort_by_key(|(key, _)| *key);
    keyed.truncate(size);
    Ok(Box::new(keyed.into_iter().map(|(_, record)| Ok(record))))
}
