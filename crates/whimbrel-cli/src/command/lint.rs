//! `whimbrel migrate lint`.

use serde::Serialize;
use whimbrel_lifecycle::lint::{self, Placed, Reviewed};
use whimbrel_lifecycle::migration::PlannedStep;
use whimbrel_lifecycle::project::LintLevel;
use whimbrel_lifecycle::{LifecycleError, Session};
use whimbrel_schema::lint::Tally;

use super::{Context, Outcome, migrate, text};
use crate::arguments::LintArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// What `migrate lint` reports.
#[derive(Debug, Serialize)]
struct LintReport {
    /// The files, in the order of the plan.
    files: Vec<Reviewed>,
    /// How many findings there are.
    findings: Tally,
}

/// Lints pending files, or the named ones.
pub(crate) async fn run(context: &Context<'_>, given: &LintArguments) -> Outcome {
    let target = given.to.as_deref().map(migrate::parse_version).transpose()?;
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let steps = lint::steps(&mut session, target.as_ref(), &given.files).await?;
    let files = lint::review(&mut session, &steps).await?;
    let all = files.iter().flat_map(|file| &file.findings).map(|placed| &placed.finding);
    let report = LintReport { findings: Tally::of(all), files };
    context.output.result(&report, |report| render(context, report));
    let refused = given.exit_code && report.findings.errors > 0;
    Ok(if refused { ExitCode::Refused } else { ExitCode::Done })
}

/// What was found in a plan, nothing where the project does not want to know.
pub(crate) async fn advice(
    session: &mut Session<'_>,
    steps: &[PlannedStep],
) -> Result<Vec<Reviewed>, LifecycleError> {
    if session.project.lint.level.value == LintLevel::Off {
        return Ok(Vec::new());
    }
    lint::review(session, steps).await
}

/// A finding in one line.
pub(crate) fn line_of(file: &str, placed: &Placed) -> String {
    let finding = &placed.finding;
    let lock = placed.lock.as_ref().map(|lock| format!("; {lock}")).unwrap_or_default();
    format!(
        "{}: {file}:{} {}: {}{lock}",
        finding.severity.as_str(),
        placed.line,
        finding.code,
        finding.reason
    )
}

fn render(context: &Context<'_>, report: &LintReport) -> String {
    if report.files.is_empty() {
        return "Nothing to lint: no file is pending.\n".to_owned();
    }
    let mut out = String::new();
    for finding in report.files.iter().flat_map(Reviewed::reports) {
        out.push_str(&context.output.diagnostic(&finding));
        out.push('\n');
    }
    let tally = report.findings;
    out.push_str(&format!(
        "{}, {}, {} in {}.\n",
        text::count(tally.errors, "error", "errors"),
        text::count(tally.warnings, "warning", "warnings"),
        text::count(tally.notes, "note", "notes"),
        text::count(report.files.len(), "file", "files")
    ));
    out
}
