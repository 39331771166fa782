//! `whimbrel migrate adopt`.

use whimbrel_lifecycle::adopt::{AdoptOptions, AdoptReport, Tool, adopt};

use super::schema::unmanaged_words;
use super::{Context, Outcome, text};
use crate::arguments::AdoptArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// Takes over another tool's history.
pub(crate) async fn run(context: &Context<'_>, given: &AdoptArguments) -> Outcome {
    let options = AdoptOptions {
        tool: given.tool.as_deref().and_then(Tool::from_word),
        from: given.from.clone(),
        changelog: given.changelog.clone(),
        force: given.force,
        dry_run: given.dry_run,
    };
    let project = context.project()?;
    // An embedded database that is not there has no history to take over, and none is made.
    let purpose = if given.dry_run { Purpose::Look } else { Purpose::Change };
    let mut session = context.session(&project, purpose).await?;
    let report = adopt(&mut session, &options).await?;
    context.output.result(&report, render);
    Ok(ExitCode::Done)
}

fn render(report: &AdoptReport) -> String {
    let tool = report.tool.title();
    let mut out = format!("{tool}'s history in {}: {}.\n", report.table, state(report));
    let files: Vec<String> =
        report.schema.iter().chain(&report.written).map(|path| path.display().to_string()).collect();
    out.push_str(&text::list(if report.dry_run { "Would write:" } else { "Wrote:" }, &files));
    let heading = if report.dry_run {
        "Would count as applied, and nothing would be run:"
    } else {
        "These count as applied now, and nothing was run:"
    };
    out.push_str(&text::list(heading, &report.adopted));
    if report.already {
        out.push_str("It is taken over already; nothing to mark.\n");
    }
    out.push_str(&text::list("Pending:", &report.pending));
    let left_out: Vec<String> = report.left_out.iter().map(unmanaged_words).collect();
    out.push_str(&text::list("Left out, and left alone in the database:", &left_out));
    out.push_str(&text::list("Mind:", &report.notes));
    if !report.dry_run {
        out.push_str(&next(report));
    }
    out
}

/// What the tool says stands.
fn state(report: &AdoptReport) -> String {
    if report.revisions.is_empty() {
        return "nothing is applied".to_owned();
    }
    let revisions = report.revisions.join(", ");
    match report.tool {
        Tool::Alembic => match report.revisions.len() {
            1 => format!("at {revisions}"),
            heads => format!("{heads} heads, {revisions}"),
        },
        Tool::Rails => {
            format!("{}, the newest {revisions}", text::count(report.entries, "version", "versions"))
        }
        Tool::Django => {
            format!(
                "{}, the newest of each app {revisions}",
                text::count(report.entries, "migration", "migrations")
            )
        }
        Tool::Dbmate | Tool::Sqlx | Tool::Flyway | Tool::Goose => {
            format!("{} applied", text::count(report.revisions.len(), "version", "versions"))
        }
        Tool::MigrateMongo => format!("{} applied", text::count(report.revisions.len(), "file", "files")),
    }
}

fn next(report: &AdoptReport) -> String {
    let tool = report.tool.title();
    let tables = report.own_tables.join(", ");
    let (one, several) =
        if report.tool.is_of_documents() { ("collection", "collections") } else { ("table", "tables") };
    let (noun, them) = if report.own_tables.len() == 1 { (one, "it") } else { (several, "them") };
    format!(
        "Next: commit the files, run `whimbrel migrate` where {tool} ran, and stop running {tool}. Its {noun} {tables} stayed as \
         before; drop {them} once every database is taken over and nothing runs {tool} any more.\n"
    )
}
