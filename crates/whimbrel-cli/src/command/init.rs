//! `whimbrel init` and `whimbrel reset`.

use std::io::{IsTerminal as _, Write as _};

use whimbrel_lifecycle::init::{InitReport, init};
use whimbrel_lifecycle::project::{Action, Project};

use super::{Context, Outcome, migrate, status, text};
use crate::arguments::InitArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;
use crate::progress::Progress;

/// Brings the project's database up.
pub(crate) async fn run(context: &Context<'_>, given: &InitArguments) -> Outcome {
    let project = context.project()?;
    bring_up(context, &project, given.reset).await
}

/// Drops everything and brings it up again.
pub(crate) async fn reset(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    bring_up(context, &project, true).await
}

async fn bring_up(context: &Context<'_>, project: &Project, reset: bool) -> Outcome {
    if reset {
        project.guard(Action::Reset)?;
        if !confirmed(context, project) {
            context.output.note("nothing was dropped");
            return Ok(ExitCode::Refused);
        }
    }
    let (mut session, declared) = context.session_and_schema(project, Purpose::BringUp).await?;
    let mut progress = Progress::new(*context.output, &project.logging, context.global);
    let report = init(&mut session, &declared, reset, &mut progress).await?;
    context.output.result(&report, render);
    Ok(migrate::exit_after(context, &report.migrations))
}

/// Asks on a terminal; elsewhere development and test are free.
fn confirmed(context: &Context<'_>, project: &Project) -> bool {
    if context.global.yes || !std::io::stdin().is_terminal() {
        return true;
    }
    let mut error = std::io::stderr();
    let _ = write!(error, "Drop everything in {}? Type yes: ", project.url.value);
    let _ = error.flush();
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("yes")
}

fn render(report: &InitReport) -> String {
    let mut out = String::new();
    if !report.dropped.is_empty() {
        out.push_str(&format!("dropped {}\n", report.dropped.join(", ")));
    }
    if report.changed_nothing() {
        out.push_str("Nothing to do: every migration is applied. Verified: the database is what the schema declares.\n");
    } else {
        let applied = text::count(report.migrations.steps.len(), "migration", "migrations");
        out.push_str(&format!("Applied {applied}. Verified: the database is what the schema declares.\n"));
    }
    out.push('\n');
    out.push_str(&status::render(&report.status));
    out
}
