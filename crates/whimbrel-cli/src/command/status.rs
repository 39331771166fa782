//! `whimbrel status`.

use whimbrel_lifecycle::report::{StatusReport, status};

use super::{Context, Outcome, text};
use crate::arguments::StatusArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// Shows what stands, on one screen.
pub(crate) async fn run(context: &Context<'_>, given: &StatusArguments) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let report = status(&mut session, &declared).await?;
    context.output.result(&report, render);
    let found = given.exit_code && !report.is_clean();
    Ok(if found { ExitCode::Found } else { ExitCode::Done })
}

/// The screen.
pub(crate) fn render(report: &StatusReport) -> String {
    let mut out = heading(report);
    let object = objects(report);
    out.push_str(&findings(report));
    if !report.inventory.tables.is_empty() {
        let rows = report
            .inventory
            .tables
            .iter()
            .map(|table| {
                let estimated = if table.rows_estimated { "~" } else { "" };
                vec![
                    table.name.to_string(),
                    format!("{estimated}{}", table.rows),
                    text::bytes(table.size_bytes),
                ]
            })
            .collect();
        out.push('\n');
        out.push_str(&text::table(&[object.0, object.2, "size"], rows, &[1, 2]));
        out.push('\n');
    }
    out
}

/// What a database of the report's data model holds, one and many, and what these hold.
fn objects(report: &StatusReport) -> (&'static str, &'static str, &'static str) {
    match report.data_model {
        "document" => ("collection", "collections", "documents"),
        _ => ("table", "tables", "rows"),
    }
}

fn heading(report: &StatusReport) -> String {
    let object = objects(report);
    let server = &report.server;
    let encrypted = match server.encrypted {
        Some(true) => ", encrypted",
        Some(false) => ", not encrypted",
        None => "",
    };
    let protected = if report.protected { " (protected)" } else { "" };
    let migrations = &report.migrations;
    let current = migrations.current.as_deref().map_or(String::new(), |version| format!(", at {version}"));
    let indexes = &report.indexes;
    let present = indexes.declared - indexes.missing.len();
    let agreement = if report.drift.is_empty() { "none" } else { "found" };
    format!(
        " project      {} · environment {}{protected}\n database     {} {} · {}{encrypted}\n migrations   {} applied, {} pending{current}\n \
         drift        {agreement}\n indexes      {} declared, {present} present, {} invalid, {} unmanaged\n size         {} in {}\n",
        report.project,
        report.environment,
        server.product,
        server.version,
        report.url,
        migrations.applied,
        migrations.pending.len(),
        indexes.declared,
        indexes.invalid.len(),
        indexes.unmanaged.len(),
        text::bytes(report.inventory.database_size_bytes),
        text::count(report.inventory.tables.len(), object.0, object.1),
    )
}

fn findings(report: &StatusReport) -> String {
    let unmanaged: Vec<String> = report.unmanaged.iter().map(super::schema::unmanaged_words).collect();
    let unfinished = report.migrations.unfinished.as_ref();
    let unfinished: Vec<String> =
        unfinished.iter().map(|one| format!("{}: {}", one.version, one.words())).collect();
    // What a pending migration is to make is no matter for the index manager.
    let way_on = match report.migrations.pending.is_empty() {
        true => " (`whimbrel index plan` shows what is to be done)",
        false => "",
    };
    let sections = [
        text::list(
            "Begun and not finished (run `whimbrel migrate`, or `whimbrel rollback` on a way down):",
            &unfinished,
        ),
        text::list("Pending (run `whimbrel migrate`):", &report.migrations.pending),
        text::list("Drift, changed besides the migrations:", &report.drift),
        text::list(
            "Declared, and made by no migration (run `whimbrel migrate create --auto --name …`):",
            &report.undeclared_changes,
        ),
        text::list(&format!("Missing indexes{way_on}:"), &report.indexes.missing),
        text::list(&format!("Invalid indexes{way_on}:"), &report.indexes.invalid),
        text::list("Unmanaged indexes:", &report.indexes.unmanaged),
        text::list("Unmanaged objects, left alone:", &unmanaged),
        text::list("Not compared:", &report.not_compared),
    ];
    let text: String = sections.iter().filter(|section| !section.is_empty()).cloned().collect();
    if text.is_empty() { text } else { format!("\n{text}") }
}
