//! `whimbrel explain`.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use whimbrel_engine::{PlanNode, Source, grouped};
use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::explain::{ExplainError, ExplainReport, Question, explain};

use super::{Context, Outcome};
use crate::arguments::ExplainArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// What errors call a query that stands in the arguments.
const QUERY: &str = "the query";
/// What errors call a query that comes from standard input.
const STANDARD_INPUT: &str = "standard input";
/// The longest query that is read, in bytes; a longer file is no query.
const LONGEST_QUERY_BYTES: u64 = 4 << 20;

/// Shows how the database answers a query.
pub(crate) async fn run(context: &Context<'_>, given: &ExplainArguments) -> Outcome {
    let source = source(given)?;
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let question =
        Question { source, parameters: given.param.clone(), analyze: given.analyze, timeout: given.timeout };
    let report = explain(&mut session, &question).await?;
    context.output.result(&report, render);
    Ok(ExitCode::Done)
}

fn source(given: &ExplainArguments) -> Result<Source, LifecycleError> {
    let Some(path) = &given.file else {
        let text = given.query.clone().unwrap_or_default();
        return Ok(Source { name: QUERY.to_owned(), text: Arc::from(text) });
    };
    let is_input = path == Path::new("-");
    let name = if is_input { STANDARD_INPUT.to_owned() } else { path.display().to_string() };
    let mut text = String::new();
    let read = if is_input {
        std::io::stdin().take(LONGEST_QUERY_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(path)
            .and_then(|file| file.take(LONGEST_QUERY_BYTES + 1).read_to_string(&mut text))
    };
    let reason = match read {
        Err(error) => error.to_string(),
        Ok(length) if length as u64 > LONGEST_QUERY_BYTES => "it is longer than any query".to_owned(),
        Ok(_) => return Ok(Source { name, text: Arc::from(text) }),
    };
    Err(ExplainError::File { path: name, reason }.into())
}

/// The plan as a tree, and what it comes to.
pub(crate) fn render(report: &ExplainReport) -> String {
    let plan = &report.plan;
    let mut out = String::new();
    branch(&plan.root, "", "", &mut out);
    let mut totals = Vec::new();
    if let Some(returned) = plan.rows_returned {
        totals.push(match plan.rows_examined {
            Some(examined) => format!("{} examined for {} returned", grouped(examined), grouped(returned)),
            None => format!("{} returned", grouped(returned)),
        });
    }
    totals.extend(plan.planning_ms.map(|time| format!("planned in {time:.1} ms")));
    totals.extend(plan.execution_ms.map(|time| format!("ran in {time:.1} ms")));
    if !totals.is_empty() {
        out.push_str(&format!("\n{}\n", totals.join(" · ")));
    }
    if !plan.notes.is_empty() {
        out.push('\n');
        out.extend(plan.notes.iter().map(|note| format!("note: {note}\n")));
    }
    out.push_str(&format!("\n{}\n", summary(report)));
    out
}

/// The last line.
fn summary(report: &ExplainReport) -> String {
    let listed = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let summary = &report.summary;
    format!(
        "Indexes used: {} · read whole: {} · next: {}",
        listed(&summary.indexes_used),
        listed(&summary.scanned_whole),
        summary.next
    )
}

/// One node with everything below it; `first` stands before its first line, `rest` before all others.
fn branch(node: &PlanNode, first: &str, rest: &str, out: &mut String) {
    let mark = if node.costliest { "  ← the costliest" } else { "" };
    out.push_str(&format!("{first}{}{mark}\n", node.what));
    let below = if node.children.is_empty() { "  " } else { "│ " };
    let facts = facts(node);
    if !facts.is_empty() {
        out.push_str(&format!("{rest}{below}{facts}\n"));
    }
    for note in &node.notes {
        out.push_str(&format!("{rest}{below}- {note}\n"));
    }
    for (index, child) in node.children.iter().enumerate() {
        let is_last = index + 1 == node.children.len();
        let (corner, line) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        branch(child, &format!("{rest}{corner}"), &format!("{rest}{line}"), out);
    }
}

fn rows_words(rows: u64) -> String {
    if rows == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(rows)) }
}

fn facts(node: &PlanNode) -> String {
    let mut facts = Vec::new();
    let expected = node.estimated_rows.map(|rows| format!("{} expected", grouped(rows)));
    match (node.rows_examined, node.actual_rows) {
        (Some(examined), Some(rows)) => {
            facts.push(format!("{} examined, {} kept", grouped(examined), grouped(rows)));
        }
        (Some(examined), None) => facts.push(format!("{} examined", grouped(examined))),
        (None, Some(rows)) => facts.push(rows_words(rows)),
        (None, None) => {}
    }
    match (expected, node.actual_rows) {
        (Some(expected), Some(_)) => facts.push(expected),
        (Some(_), None) => {
            facts.extend(node.estimated_rows.map(|rows| format!("about {}", rows_words(rows))));
        }
        (None, _) => {}
    }
    facts.extend(node.loops.filter(|loops| *loops > 1).map(|loops| format!("{} rounds", grouped(loops))));
    match (node.time_ms, node.cost) {
        (Some(time), _) => facts.push(format!("{time:.2} ms")),
        (None, Some(cost)) => facts.push(format!("cost {cost:.1}")),
        (None, None) => {}
    }
    facts.join(" · ")
}
