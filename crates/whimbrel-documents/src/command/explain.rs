//! `explain`: which way a query would take, and what it looked at on it.

use std::time::Instant;

use bson::{Bson, Document, doc};

use super::Work;
use super::count::Count;
use super::delete;
use super::fields::Fields;
use super::find::Find;
use super::update;
use crate::answer::ok;
use crate::catalog::{Collection, Index};
use crate::planner::{Access, Bound, Hint, Interval, Ranges, Statistics, Tree};
use crate::query::Query;
use crate::refusal::{bad_value, failed_to_parse, not_implemented};
use crate::storage::{Link, Outcome};
use crate::value::{ValueRef, show};

/// What is explained.
struct Subject {
    collection: String,
    filter: Document,
    projection: Document,
    sort: Document,
    skip: u64,
    limit: Option<u64>,
    hint: Hint,
    /// The stage on top: `COUNT`, `DELETE`, `UPDATE`.
    top: Option<&'static str>,
}

/// Explains a command without its effects.
pub(super) fn run(work: &mut Work<'_>, command: Document) -> Outcome<Document> {
    let mut fields = Fields::of_command("explain", command);
    let Bson::Document(inner) = fields.require("explain")? else {
        return Err(failed_to_parse("explain command requires a nested object").into());
    };
    let verbosity = fields.text("verbosity")?.unwrap_or_else(|| "allPlansExecution".to_owned());
    fields.finish()?;
    if !matches!(verbosity.as_str(), "queryPlanner" | "executionStats" | "allPlansExecution") {
        return Err(bad_value(format!(
            "Enumeration value '{verbosity}' for field 'explain.verbosity' is not a valid value."
        ))
        .into());
    }
    explain(work, inner, verbosity != "queryPlanner")
}

/// The reply of an explanation.
pub(super) fn explain(work: &mut Work<'_>, inner: Document, runs: bool) -> Outcome<Document> {
    let subject = subject(inner.clone())?;
    let namespace = format!("{}.{}", work.database, subject.collection);
    let mut planner = doc! {
        "namespace": namespace, "parsedQuery": subject.filter.clone(), "indexFilterSet": false,
    };
    let mut reply = doc! { "explainVersion": "1" };
    match work.collection(&subject.collection)? {
        None => {
            crate::matcher::Matcher::parse(&subject.filter)?;
            planner.insert(
                "winningPlan",
                doc! { "isCached": false, "stage": "EOF", "type": "nonExistentNamespace" },
            );
            planner.insert("rejectedPlans", Vec::<Bson>::new());
            reply.insert("queryPlanner", planner);
        }
        Some(collection) => {
            let query = Query::new(&collection, &subject.filter, &subject.sort, &subject.hint)?;
            let plan = stages(&collection, &query, &subject, None);
            planner.insert("winningPlan", cached(plan));
            planner.insert("rejectedPlans", Vec::<Bson>::new());
            reply.insert("queryPlanner", planner);
            if runs {
                reply.insert("executionStats", executed(work.link, &collection, &query, &subject)?);
            }
        }
    }
    let mut command = inner;
    command.insert("$db", work.database);
    reply.insert("command", command);
    reply.insert("serverInfo", doc! { "host": "embedded", "port": 0, "version": rusqlite::version() });
    Ok(ok(reply))
}

fn subject(inner: Document) -> Outcome<Subject> {
    let name = inner.keys().next().cloned().unwrap_or_default();
    let bare = |collection, filter, hint, top| Subject {
        collection,
        filter,
        projection: Document::new(),
        sort: Document::new(),
        skip: 0,
        limit: None,
        hint,
        top: Some(top),
    };
    match name.as_str() {
        "find" => {
            let find = Find::parse(inner)?;
            Ok(Subject {
                collection: find.collection,
                filter: find.filter,
                projection: find.projection,
                sort: find.sort,
                skip: find.skip,
                limit: find.limit,
                hint: find.hint,
                top: None,
            })
        }
        "count" => {
            let count = Count::parse(inner)?;
            Ok(bare(count.collection, count.filter, count.hint, "COUNT"))
        }
        "delete" => {
            let (collection, deletions, _) = delete::parse(inner)?;
            let one = deletions.into_iter().next();
            let (filter, hint) = one.map(|one| (one.filter, one.hint)).unwrap_or_default();
            Ok(bare(collection, filter, hint, "DELETE"))
        }
        "update" => {
            let one = update::parse(inner)?;
            let collection = one.collection;
            let one = one.changes.into_iter().next();
            let (filter, hint) = one.map(|one| (one.filter, one.hint)).unwrap_or_default();
            Ok(bare(collection, filter, hint, "UPDATE"))
        }
        other => Err(not_implemented(&format!("explain of {other}")).into()),
    }
}

fn cached(plan: Document) -> Document {
    let mut with = doc! { "isCached": false };
    with.extend(plan);
    with
}

/// What an execution says of itself beside each stage.
#[derive(Clone, Copy)]
struct Run {
    returned: usize,
    statistics: Statistics,
}

fn number(value: u64) -> Bson {
    i32::try_from(value).map_or_else(|_| Bson::Int64(i64::try_from(value).unwrap_or(i64::MAX)), Bson::Int32)
}

fn executed(link: &Link, collection: &Collection, query: &Query, subject: &Subject) -> Outcome<Document> {
    let started = Instant::now();
    let (found, statistics) = query.collect(link, collection, subject.skip, subject.limit)?;
    let run = Run { returned: found.len(), statistics };
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(doc! {
        "executionSuccess": true,
        "nReturned": crate::answer::count(if subject.top.is_some() { 0 } else { run.returned }),
        "executionTimeMillis": number(millis),
        "totalKeysExamined": number(statistics.keys_examined),
        "totalDocsExamined": number(statistics.documents_examined),
        "executionStages": cached(stages(collection, query, subject, Some(run))),
    })
}

/// The stages of a plan, the last one on the outside.
fn stages(collection: &Collection, query: &Query, subject: &Subject, run: Option<Run>) -> Document {
    let namespace = collection.namespace();
    let mut plan = access_stage(&query.plan.access, query, subject, &namespace, run);
    let around = |stage: &str, extra: Document, plan: Document| {
        let mut outer = doc! { "stage": stage };
        outer.extend(extra);
        outer.extend(run.map(|run| ("nReturned".to_owned(), crate::answer::count(run.returned))));
        outer.insert("inputStage", plan);
        outer
    };
    if query.is_blocking() && !subject.sort.is_empty() {
        let mut extra =
            doc! { "sortPattern": subject.sort.clone(), "memLimit": 104_857_600, "type": "simple" };
        extra.extend(subject.limit.map(|limit| ("limitAmount".to_owned(), number(limit + subject.skip))));
        plan = around("SORT", extra, plan);
    }
    if subject.skip > 0 {
        plan = around("SKIP", doc! { "skipAmount": number(subject.skip) }, plan);
    }
    if let Some(limit) = subject.limit.filter(|_| !query.is_blocking()) {
        plan = around("LIMIT", doc! { "limitAmount": number(limit) }, plan);
    }
    if !subject.projection.is_empty() {
        let is_simple = subject.projection.iter().all(|(path, value)| {
            !path.contains('.') && !matches!(value, Bson::Document(_) | Bson::String(_))
        });
        let stage = if is_simple { "PROJECTION_SIMPLE" } else { "PROJECTION_DEFAULT" };
        plan = around(stage, doc! { "transformBy": subject.projection.clone() }, plan);
    }
    if let Some(top) = subject.top {
        plan = around(top, Document::new(), plan);
    }
    plan
}

fn access_stage(
    access: &Access,
    query: &Query,
    subject: &Subject,
    namespace: &str,
    run: Option<Run>,
) -> Document {
    let direction = if query.plan.is_reverse { "backward" } else { "forward" };
    let returned = |stage: &mut Document| {
        if let Some(run) = run {
            stage.insert("nReturned", crate::answer::count(run.returned));
            stage.insert("docsExamined", number(run.statistics.documents_examined));
        }
    };
    match access {
        Access::Collection => {
            let mut stage = doc! { "stage": "COLLSCAN" };
            if !subject.filter.is_empty() {
                stage.insert("filter", normalised(&subject.filter));
            }
            stage.insert("nss", namespace);
            stage.insert("direction", direction);
            returned(&mut stage);
            stage
        }
        Access::Ranges(ranges) if is_express(ranges, subject) => {
            let mut stage =
                doc! { "stage": "EXPRESS_IXSCAN", "keyPattern": { "_id": 1 }, "indexName": "_id_" };
            stage.extend(run.map(|run| ("keysExamined".to_owned(), number(run.statistics.keys_examined))));
            returned(&mut stage);
            stage
        }
        Access::Ranges(ranges) => {
            let mut stage = doc! { "stage": "FETCH" };
            let residual = residual(&subject.filter, ranges);
            if !residual.is_empty() {
                stage.insert("filter", residual);
            }
            stage.insert("nss", namespace);
            returned(&mut stage);
            stage.insert("inputStage", index_stage(ranges, direction, namespace, run));
            stage
        }
        Access::Union(members) => {
            let inputs: Vec<Bson> = members
                .iter()
                .filter_map(|member| match member {
                    Access::Ranges(ranges) => {
                        Some(Bson::Document(index_stage(ranges, direction, namespace, None)))
                    }
                    _ => None,
                })
                .collect();
            let mut stage = doc! { "stage": "FETCH" };
            returned(&mut stage);
            stage.insert("inputStage", doc! { "stage": "OR", "inputStages": inputs });
            doc! { "stage": "SUBPLAN", "inputStage": stage }
        }
        Access::Words { index, .. } => {
            let mut stage = doc! {
                "stage": "TEXT_MATCH", "nss": namespace, "indexPrefix": {}, "indexName": &index.name,
            };
            returned(&mut stage);
            stage
        }
        Access::Space { index, .. } => {
            let kind = if query.matcher.near().is_some() { "GEO_NEAR_2DSPHERE" } else { "FETCH" };
            let mut stage = doc! { "stage": kind, "filter": subject.filter.clone(), "nss": namespace };
            returned(&mut stage);
            stage.insert("inputStage", described(index, direction, namespace));
            stage
        }
    }
}

/// Whether one document is fetched by its `_id` and nothing else.
fn is_express(ranges: &Ranges, subject: &Subject) -> bool {
    matches!(ranges.tree, Tree::Id)
        && subject.filter.len() == 1
        && subject.filter.contains_key("_id")
        && ranges.ranges.len() == 1
        && ranges.bounds.iter().all(|(_, intervals)| intervals.iter().all(|interval| interval.is_point))
}

/// The predicates of which the bounds of an index say nothing.
fn residual(filter: &Document, ranges: &Ranges) -> Document {
    let is_bounded = |path: &str| {
        ranges.bounds.iter().any(|(bounded, intervals)| {
            bounded == path && intervals.iter().all(|interval| *interval != Interval::everything())
        })
    };
    let left = filter.iter().filter(|(path, _)| !is_bounded(path));
    normalised(&left.map(|(path, value)| (path.clone(), value.clone())).collect())
}

/// A filter with every equality written as one.
fn normalised(filter: &Document) -> Document {
    let is_operator = |value: &Bson| matches!(value, Bson::Document(inner) if inner.keys().next().is_some_and(|key| key.starts_with('$')));
    filter
        .iter()
        .map(|(path, value)| {
            let is_literal =
                !path.starts_with('$') && !is_operator(value) && !matches!(value, Bson::RegularExpression(_));
            let value =
                if is_literal { Bson::Document(doc! { "$eq": value.clone() }) } else { value.clone() };
            (path.clone(), value)
        })
        .collect()
}

fn described(index: &Index, direction: &str, namespace: &str) -> Document {
    let pattern = index.key_pattern();
    let paths: Document = pattern
        .keys()
        .map(|path| {
            let components: Vec<Bson> = Vec::new();
            (path.clone(), Bson::Array(components))
        })
        .collect();
    doc! {
        "stage": "IXSCAN",
        "nss": namespace,
        "keyPattern": pattern,
        "indexName": &index.name,
        "isMultiKey": index.is_multikey,
        "multiKeyPaths": paths,
        "isUnique": index.is_unique,
        "isSparse": index.extraction.is_sparse,
        "isPartial": index.partial.is_some(),
        "indexVersion": 2,
        "direction": direction,
    }
}

fn index_stage(ranges: &Ranges, direction: &str, namespace: &str, run: Option<Run>) -> Document {
    let mut stage = match &ranges.tree {
        Tree::Index(index) => described(index, direction, namespace),
        Tree::Id => doc! {
            "stage": "IXSCAN",
            "nss": namespace,
            "keyPattern": { "_id": 1 },
            "indexName": "_id_",
            "isMultiKey": false,
            "multiKeyPaths": { "_id": [] },
            "isUnique": true,
            "isSparse": false,
            "isPartial": false,
            "indexVersion": 2,
            "direction": direction,
        },
    };
    let is_backward = direction == "backward";
    let bounds: Document = ranges
        .bounds
        .iter()
        .map(|(path, intervals)| {
            let mut texts: Vec<Bson> =
                intervals.iter().map(|interval| Bson::String(interval_text(interval, is_backward))).collect();
            if is_backward {
                texts.reverse();
            }
            (path.clone(), Bson::Array(texts))
        })
        .collect();
    stage.insert("indexBounds", bounds);
    if let Some(run) = run {
        stage.insert("nReturned", number(run.statistics.keys_examined));
        stage.insert("keysExamined", number(run.statistics.keys_examined));
    }
    stage
}

/// An interval as MongoDB writes it: `[3, 7)`.
fn interval_text(interval: &Interval, is_backward: bool) -> String {
    let (from, to) =
        if is_backward { (&interval.to, &interval.from) } else { (&interval.from, &interval.to) };
    let text = |bound: &Bound| show(ValueRef::from(&bound.value));
    format!(
        "{}{}, {}{}",
        if from.is_included { '[' } else { '(' },
        text(from),
        text(to),
        if to.is_included { ']' } else { ')' }
    )
}
