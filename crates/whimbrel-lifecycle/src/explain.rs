//! `explain`: how the project's database answers a query, and why a table is read whole.

mod asked;
mod documents;
mod error;
mod predicate;
mod reasons;
mod statement;

use std::time::Duration;

use serde::Serialize;
use whimbrel_engine::{ExplainRequest, Plan, PlanKind, PlanNode, Source};
use whimbrel_schema::catalog::{Catalog, QualifiedName};

pub use error::ExplainError;

use crate::error::Result;
use crate::project::Action;
use crate::session::Session;
use reasons::Reasons;

/// What is to be explained.
#[derive(Clone, Debug)]
pub struct Question {
    /// The query; its name is what errors call it.
    pub source: Source,
    /// The values of its parameters in order.
    pub parameters: Vec<String>,
    /// Whether the query runs, in a transaction that is rolled back.
    pub analyze: bool,
    /// How long a run may last.
    pub timeout: Duration,
}

/// How a database answers a query.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainReport {
    /// The query.
    pub query: String,
    /// The environment's name.
    pub environment: String,
    /// The product and its version.
    pub product: String,
    /// The data model: `relational` or `document`.
    pub data_model: &'static str,
    /// The plan.
    pub plan: Plan,
    /// What it comes to.
    pub summary: ExplainSummary,
}

/// What a plan comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExplainSummary {
    /// The indexes that are read, as `table.index`.
    pub indexes_used: Vec<String>,
    /// The tables or collections that are read whole.
    pub scanned_whole: Vec<String>,
    /// What to do next, in words with one command.
    pub next: String,
}

/// Explains a query, and leaves nothing behind. Without `analyze` the query does not run.
///
/// # Errors
/// The text is not one statement that has a plan, a protected environment refuses to run what writes, or the database
/// refuses the query.
pub async fn explain(session: &mut Session<'_>, question: &Question) -> Result<ExplainReport> {
    if session.is_document() {
        return documents::explain(session, question).await;
    }
    let statement = statement::read(&question.source)?;
    check_parameters(question, statement.parameters)?;
    if question.analyze && statement.writes {
        session.project.guard(Action::Analyze)?;
    }
    let request = ExplainRequest {
        source: question.source.clone(),
        parameters: question.parameters.clone(),
        parameter_count: statement.parameters,
        analyze: question.analyze,
        writes: statement.writes,
        timeout: question.timeout,
    };
    let mut plan = session.relational()?.explain(&request).await?;
    let catalog = catalog_of(session, &plan).await?;
    let mut whole = Vec::new();
    plan.root.visit_mut(&mut |node| {
        if node.kind == PlanKind::WholeScan {
            let reasons = reasons_of(node, &catalog);
            node.notes.extend(reasons.sentences.iter().cloned());
            whole.push((node.object.clone().unwrap_or_default(), reasons));
        }
    });
    Ok(report(session, question, plan, &whole, statement.writes))
}

fn report(
    session: &Session<'_>,
    question: &Question,
    plan: Plan,
    whole: &[(String, Reasons)],
    writes: bool,
) -> ExplainReport {
    let summary = summary(&plan, whole, writes);
    let server = session.engine.server();
    ExplainReport {
        query: question.source.text.trim().to_owned(),
        environment: session.project.environment.value.clone(),
        product: format!("{} {}", server.product, server.version),
        data_model: session.project.model.value.as_str(),
        plan,
        summary,
    }
}

fn check_parameters(question: &Question, expected: usize) -> std::result::Result<(), ExplainError> {
    let given = question.parameters.len();
    let help = if given == 0 && expected > 0 && question.analyze {
        "--analyze runs the query: give each value with --param VALUE, or leave --analyze out for a plan that holds for any value"
    } else if given != expected && given > 0 {
        "give one --param VALUE for each of $1, $2, … in order, or none"
    } else {
        return Ok(());
    };
    Err(ExplainError::Parameters { expected, given, help: help.to_owned() })
}

/// The catalogue of the schemas in which the plan's tables stand; nothing is read where it reads none whole.
async fn catalog_of(session: &mut Session<'_>, plan: &Plan) -> Result<Catalog> {
    let mut tables = Vec::new();
    plan.root.visit(&mut |node| {
        if node.kind == PlanKind::WholeScan {
            tables.extend(node.object.as_deref().map(qualified));
        }
    });
    if tables.is_empty() { Ok(Catalog::default()) } else { session.present_around(&tables).await }
}

/// The name that a plan shows.
fn qualified(shown: &str) -> QualifiedName {
    match shown.split_once('.') {
        Some((schema, name)) => QualifiedName::new(schema, name),
        None => QualifiedName::plain(shown),
    }
}

fn reasons_of(node: &PlanNode, catalog: &Catalog) -> Reasons {
    let table = node.object.as_deref().and_then(|object| catalog.table(&qualified(object)));
    match table {
        Some(table) => reasons::of_table(node, table),
        None => Reasons {
            sentences: vec![
                "its indexes are not known here: it is no table of the project's schemas".to_owned(),
            ],
            ..Reasons::default()
        },
    }
}

fn summary(plan: &Plan, whole: &[(String, Reasons)], writes: bool) -> ExplainSummary {
    let mut indexes_used = Vec::new();
    plan.root.visit(&mut |node| {
        if let Some(index) = &node.index {
            let shown = node.object.as_ref().map_or(index.clone(), |object| format!("{object}.{index}"));
            if !indexes_used.contains(&shown) {
                indexes_used.push(shown);
            }
        }
    });
    let mut scanned_whole: Vec<String> = whole.iter().map(|(object, _)| object.clone()).collect();
    scanned_whole.sort();
    scanned_whole.dedup();
    ExplainSummary { indexes_used, scanned_whole, next: next(plan, whole, writes) }
}

/// What to do next, with one command.
fn next(plan: &Plan, whole: &[(String, Reasons)], writes: bool) -> String {
    if let Some(name) = whole.iter().find_map(|(_, reasons)| reasons.invalid.as_ref()) {
        return format!("{name} must be built again; `whimbrel status` lists invalid indexes");
    }
    if let Some((object, reasons)) = whole.iter().find(|(_, reasons)| !reasons.wanted.is_empty()) {
        let columns = reasons.wanted.join(", ");
        let name = format!("index-{object}-{}", reasons.wanted.join("-")).replace(['.', '_'], "-");
        return format!(
            "declare an index on {object} ({columns}), then `whimbrel migrate create --auto --name {name}`"
        );
    }
    if !plan.analyzed && !writes {
        return "`whimbrel explain --analyze …` runs the query and counts rows and time".to_owned();
    }
    "`whimbrel status` shows the tables and their indexes".to_owned()
}
