//! How a document database answers a command: MongoDB's `explain`, read into the plan of every engine.

mod words;

use std::time::Duration;

use bson::{Bson, Document, doc};

use super::commands::{CommandResult, Commands};
use super::failure::integer;
use crate::plan::{Plan, PlanKind, PlanNode};

pub use words::filter_words;

/// Asks how a command would be answered; with `run` it runs, and what it would write is not written.
///
/// # Errors
/// The database refuses the command, or to explain it.
pub async fn explain(
    commands: &dyn Commands,
    database: &str,
    command: &Document,
    run: Option<Duration>,
) -> CommandResult<Plan> {
    let verbosity = if run.is_some() { "executionStats" } else { "queryPlanner" };
    let mut question = doc! { "explain": command.clone(), "verbosity": verbosity };
    if let Some(limit) = run {
        question.insert("maxTimeMS", i64::try_from(limit.as_millis()).unwrap_or(i64::MAX).max(1));
    }
    let reply = commands.run_on(database, question, None).await?;
    let mut plan = read(&reply, run.is_some());
    fill_sizes(commands, database, &mut plan.root).await;
    plan.root.own_costs();
    Ok(plan)
}

/// Reads the number of documents of every collection that is read whole from its metadata.
async fn fill_sizes(commands: &dyn Commands, database: &str, root: &mut PlanNode) {
    let mut names: Vec<String> = Vec::new();
    root.visit(&mut |node| {
        if node.kind == PlanKind::WholeScan {
            names.extend(node.object.clone().filter(|name| !names.contains(name)));
        }
    });
    for name in names {
        // Without the number the plan says as much; a view has none.
        let counted = commands.run_on(database, doc! { "count": &name }, None).await;
        let number = counted.ok().and_then(|reply| integer(reply.get("n")));
        let Some(number) = number.and_then(|number| u64::try_from(number).ok()) else { continue };
        root.visit_mut(&mut |node| {
            if node.kind == PlanKind::WholeScan && node.object.as_deref() == Some(name.as_str()) {
                node.table_rows = Some(number);
                node.what = words::what(&node.native, &Document::new(), node);
            }
        });
    }
}

/// Reads a reply of `explain`: of the classic engine, of the slot-based one, and of a pipeline's stages.
#[must_use]
pub fn read(reply: &Document, analyzed: bool) -> Plan {
    let sources = sources(reply);
    let mut totals = Totals::default();
    let mut parts: Vec<PlanNode> = sources.iter().map(|source| part(source, &mut totals)).collect();
    let first = if parts.is_empty() { None } else { Some(parts.remove(0)) };
    let first =
        first.unwrap_or_else(|| PlanNode::new(PlanKind::Other, "", "reads nothing that the answer tells of"));
    let mut root = first;
    for part in parts {
        let mut both = PlanNode::new(PlanKind::Other, "SHARDS", "puts the shards' answers together");
        both.children = vec![root, part];
        root = both;
    }
    let mut returned = totals.returned;
    for stage in reply.get_array("stages").into_iter().flatten().filter_map(Bson::as_document).skip(1) {
        let mut node = pipeline_stage(stage);
        if let Some(count) = node.actual_rows {
            returned = Some(count);
        }
        node.children.push(root);
        root = node;
    }
    let mut notes = Vec::new();
    if let Some(keys) = totals.keys.filter(|keys| analyzed && *keys > 0) {
        notes.push(format!("{keys} index keys were read"));
    }
    if let Some(changes) = totals.changes {
        notes.push(format!("it would change {changes} documents, and changed none: explain writes nothing"));
    }
    Plan {
        root,
        analyzed,
        rows_returned: returned.filter(|_| analyzed),
        rows_examined: totals.documents.filter(|_| analyzed),
        planning_ms: None,
        execution_ms: totals.millis.filter(|_| analyzed),
        notes,
    }
}

/// What the parts of a reply add up to.
#[derive(Default)]
struct Totals {
    returned: Option<u64>,
    documents: Option<u64>,
    keys: Option<u64>,
    millis: Option<f64>,
    changes: Option<u64>,
}

/// The documents that hold `queryPlanner`: the reply itself, its first stage, or one of each shard.
fn sources(reply: &Document) -> Vec<&Document> {
    if let Some(first) = reply.get_array("stages").ok().and_then(|stages| stages.first()?.as_document()) {
        let cursor = first.get_document("$cursor").or_else(|_| first.get_document("$geoNearCursor"));
        return vec![cursor.unwrap_or(first)];
    }
    if reply.contains_key("queryPlanner") {
        return vec![reply];
    }
    let shards = reply.get_document("shards").into_iter().flat_map(Document::values);
    shards.filter_map(Bson::as_document).flat_map(sources).collect()
}

/// One plan with what its run counted.
fn part(source: &Document, totals: &mut Totals) -> PlanNode {
    let planner = source.get_document("queryPlanner").ok();
    let winning = planner.and_then(|planner| planner.get_document("winningPlan").ok());
    let Some(winning) = winning else {
        return PlanNode::new(PlanKind::Other, "", "reads nothing that the answer tells of");
    };
    let tree = winning.get_document("queryPlan").unwrap_or(winning);
    let namespace = planner.and_then(|planner| planner.get_str("namespace").ok()).unwrap_or_default();
    let collection = namespace.split_once('.').map_or("", |(_, name)| name);
    let stats = source.get_document("executionStats").ok();
    let run = stats.and_then(|stats| stats.get_document("executionStages").ok());
    if let Some(stats) = stats {
        let add = |sum: &mut Option<u64>, key: &str| {
            if let Some(number) = number(stats, key) {
                *sum = Some(sum.unwrap_or_default() + number);
            }
        };
        add(&mut totals.returned, "nReturned");
        add(&mut totals.documents, "totalDocsExamined");
        add(&mut totals.keys, "totalKeysExamined");
        totals.millis = millis(stats, "executionTimeMicros", 1000.0)
            .or_else(|| millis(stats, "executionTimeMillis", 1.0))
            .map(|time| time + totals.millis.unwrap_or_default());
    }
    if let Some(run) = run {
        let changed: Vec<u64> =
            ["nWouldModify", "nWouldDelete"].iter().filter_map(|key| number(run, key)).collect();
        totals.changes = (!changed.is_empty()).then(|| changed.iter().sum());
        totals.returned = number(run, "nCounted").or(totals.returned);
    }
    node(tree, run, collection)
}

fn number(document: &Document, key: &str) -> Option<u64> {
    integer(document.get(key)).and_then(|number| u64::try_from(number).ok())
}

/// A time; `divisor` of its units are a millisecond.
#[expect(clippy::cast_precision_loss, reason = "a time beyond 2^53 microseconds is centuries")]
fn millis(document: &Document, key: &str, divisor: f64) -> Option<f64> {
    number(document, key).map(|number| number as f64 / divisor)
}

/// One stage with those below it; `run` is the same stage of the run, where the engine tells the run in the same stages.
fn node(stage: &Document, run: Option<&Document>, collection: &str) -> PlanNode {
    let name = stage.get_str("stage").unwrap_or_default();
    let run = run.filter(|run| run.get_str("stage").ok() == Some(name));
    let mut node = PlanNode::new(kind(name, stage), name, "");
    let nss = stage.get_str("nss").ok().and_then(|nss| nss.split_once('.')).map(|(_, name)| name);
    let is_read = matches!(node.kind, PlanKind::WholeScan | PlanKind::IndexScan | PlanKind::Write);
    node.object = (is_read || nss.is_some()).then(|| nss.unwrap_or(collection).to_owned());
    node.index = stage.get_str("indexName").ok().map(str::to_owned);
    if node.index.is_none() && matches!(name, "IDHACK" | "CLUSTERED_IXSCAN" | "EXPRESS_CLUSTERED_IXSCAN") {
        node.index = Some("_id_".to_owned());
    }
    node.index_condition = stage.get_document("indexBounds").ok().and_then(words::bounds_words);
    let filter = stage.get_document("filter").ok().filter(|filter| !filter.is_empty());
    node.condition = filter.map(words::filter_words);
    if let Some(run) = run {
        node.actual_rows = number(run, "nCounted").or_else(|| number(run, "nReturned"));
        let looked = match node.kind {
            PlanKind::IndexScan => number(run, "keysExamined"),
            _ => number(run, "docsExamined"),
        };
        node.rows_examined = looked;
        node.time_ms = millis(run, "executionTimeMillisEstimate", 1.0);
        if run.get_bool("usedDisk").unwrap_or(false) {
            node.notes.push("it did not fit into memory and went to disk".to_owned());
        }
    }
    node.what = words::what(name, stage, &node);
    let below = inputs(stage);
    let run_below = run.map(inputs).unwrap_or_default();
    node.children = below
        .iter()
        .enumerate()
        .map(|(index, child)| self::node(child, run_below.get(index).copied(), collection))
        .collect();
    node
}

/// The stages that a stage takes its documents from.
fn inputs(stage: &Document) -> Vec<&Document> {
    let mut found = Vec::new();
    for key in
        ["inputStage", "outerStage", "innerStage", "thenStage", "elseStage", "winningPlan", "executionStages"]
    {
        found.extend(stage.get_document(key).ok());
    }
    for key in ["inputStages", "shards"] {
        found.extend(stage.get_array(key).into_iter().flatten().filter_map(Bson::as_document));
    }
    found
}

fn kind(stage: &str, document: &Document) -> PlanKind {
    match stage {
        "COLLSCAN" => PlanKind::WholeScan,
        "IXSCAN"
        | "IDHACK"
        | "COUNT_SCAN"
        | "DISTINCT_SCAN"
        | "EXPRESS_IXSCAN"
        | "EXPRESS_CLUSTERED_IXSCAN"
        | "CLUSTERED_IXSCAN"
        | "TEXT_MATCH"
        | "GEO_NEAR_2D"
        | "GEO_NEAR_2DSPHERE" => PlanKind::IndexScan,
        "SORT" => PlanKind::Sort,
        "COUNT" | "GROUP" => PlanKind::Aggregate,
        "LIMIT" | "SKIP" => PlanKind::Limit,
        "EQ_LOOKUP" | "EQ_LOOKUP_UNWIND" => PlanKind::Join,
        "UPDATE" | "DELETE" | "BATCHED_DELETE" | "EXPRESS_DELETE" | "EXPRESS_UPDATE" => PlanKind::Write,
        _ if document.contains_key("indexName") => PlanKind::IndexScan,
        _ => PlanKind::Other,
    }
}

/// A stage of a pipeline that works on what the stages before it give.
fn pipeline_stage(stage: &Document) -> PlanNode {
    let name = stage.keys().find(|key| key.starts_with('$')).cloned().unwrap_or_default();
    let kind = match name.as_str() {
        "$sort" => PlanKind::Sort,
        "$group" | "$count" | "$bucket" | "$sortByCount" => PlanKind::Aggregate,
        "$limit" | "$skip" => PlanKind::Limit,
        "$lookup" | "$graphLookup" => PlanKind::Join,
        "$out" | "$merge" => PlanKind::Write,
        _ => PlanKind::Other,
    };
    let mut node = PlanNode::new(kind, &name, words::pipeline_words(&name, stage));
    node.actual_rows = number(stage, "nReturned");
    node.time_ms = millis(stage, "executionTimeMillisEstimate", 1.0);
    if stage.get_bool("usedDisk").unwrap_or(false) {
        node.notes.push("it did not fit into memory and went to disk".to_owned());
    }
    node
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn told(plan: &Plan) -> Vec<String> {
        let mut found = Vec::new();
        plan.root.visit(&mut |node| found.push(node.what.clone()));
        found
    }

    #[test]
    fn classic_stages_with_a_run() {
        let stages = |run: bool| {
            let mut scan = doc! { "stage": "IXSCAN", "nss": "app.users", "indexName": "email_1",
            "indexBounds": { "email": ["[\"u5\", \"u5\"]"], "n": ["[MinKey, MaxKey]"] } };
            let mut fetch = doc! { "stage": "FETCH", "filter": { "n": { "$eq": 3 } }, "nss": "app.users" };
            let mut sort = doc! { "stage": "SORT", "sortPattern": { "n": -1 } };
            if run {
                scan.extend(doc! { "nReturned": 4, "keysExamined": 4, "executionTimeMillisEstimate": 1 });
                fetch.extend(doc! { "nReturned": 2, "docsExamined": 4, "executionTimeMillisEstimate": 8 });
                sort.extend(doc! { "nReturned": 2, "executionTimeMillisEstimate": 9, "usedDisk": true });
            }
            fetch.insert("inputStage", scan);
            sort.insert("inputStage", fetch);
            sort
        };
        let reply = doc! {
            "queryPlanner": { "namespace": "app.users", "winningPlan": stages(false) },
            "executionStats": { "nReturned": 2, "totalKeysExamined": 4, "totalDocsExamined": 4, "executionTimeMillis": 9,
                "executionStages": stages(true) },
        };
        let mut plan = read(&reply, true);
        plan.root.own_costs();
        assert_eq!(
            told(&plan),
            [
                "sorts by n descending in memory",
                "fetches the documents found below from users, keeping documents where n = 3",
                "reads the index email_1 of users for (email = \"u5\")"
            ]
        );
        assert_eq!(
            (plan.rows_returned, plan.rows_examined, plan.execution_ms),
            (Some(2), Some(4), Some(9.0))
        );
        assert_eq!(plan.root.notes, ["it did not fit into memory and went to disk"]);
        let fetch = &plan.root.children[0];
        assert!(fetch.costliest && fetch.time_ms == Some(7.0), "{fetch:?}");
        assert_eq!(fetch.children[0].rows_examined, Some(4));
    }

    #[test]
    fn the_slot_based_engine_tells_its_plan_beside_its_slots() {
        let reply = doc! {
            "explainVersion": "2",
            "queryPlanner": { "namespace": "app.trips", "winningPlan": {
                "queryPlan": { "stage": "GROUP", "planNodeId": 2, "inputStage": {
                    "stage": "COLLSCAN", "planNodeId": 1, "filter": { "status": { "$in": ["a", "b"] } } } },
                "slotBasedPlan": { "slots": "$$RESULT=s10", "stages": "[2] project" } } },
            "executionStats": { "nReturned": 2, "totalKeysExamined": 0, "totalDocsExamined": 500, "executionTimeMillis": 3,
                "executionStages": { "stage": "project", "planNodeId": 2, "nReturned": 2 } },
        };
        let plan = read(&reply, true);
        assert_eq!(
            told(&plan),
            [
                "groups documents",
                "scans the whole collection trips keeping documents where status is one of [\"a\",\"b\"]"
            ]
        );
        assert_eq!((plan.rows_examined, plan.root.actual_rows), (Some(500), None));
    }

    #[test]
    fn the_stages_of_a_pipeline_follow_its_cursor() {
        let reply = doc! { "stages": [
            { "$cursor": { "queryPlanner": { "namespace": "app.users", "winningPlan": { "stage": "COLLSCAN" } },
                "executionStats": { "nReturned": 200, "totalDocsExamined": 200, "executionStages": { "stage": "COLLSCAN", "nReturned": 200, "docsExamined": 200 } } } },
            { "$group": { "_id": "$n" }, "nReturned": 7 },
            { "$sort": { "sortKey": { "_id": 1 } }, "nReturned": 7 },
        ] };
        let plan = read(&reply, true);
        assert_eq!(
            told(&plan),
            ["sorts by _id in memory", "groups documents by \"$n\"", "scans the whole collection users"]
        );
        assert_eq!((plan.rows_returned, plan.rows_examined), (Some(7), Some(200)));
    }

    #[test]
    fn what_is_not_told_is_not_guessed() {
        assert_eq!(told(&read(&doc! { "ok": 1 }, false)), ["reads nothing that the answer tells of"]);
        let reply =
            doc! { "queryPlanner": { "namespace": "app.a", "winningPlan": { "stage": "NEW_STAGE" } } };
        assert_eq!(told(&read(&reply, false)), ["does what MongoDB calls NEW_STAGE"]);
    }
}
