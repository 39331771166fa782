//! `whimbrel migrate squash`.

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::migration::MigrationError;
use whimbrel_lifecycle::squash::{self, SquashOptions, SquashReport};

use super::{Context, Outcome, migrate, text};
use crate::arguments::SquashArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// Replaces a range of files by one.
pub(crate) async fn run(context: &Context<'_>, given: &SquashArguments) -> Outcome {
    let (from, to) = range(&given.range)?;
    let options = SquashOptions {
        from: migrate::parse_version(from)?,
        to: migrate::parse_version(to)?,
        name: given.name.clone(),
        from_schema: given.from_schema,
    };
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let report = squash::squash(&mut session, &options).await?;
    context.output.result(&report, render);
    Ok(ExitCode::Done)
}

/// `0001..0007`, or the two apart.
fn range(given: &[String]) -> Result<(&str, &str), LifecycleError> {
    match given {
        [from, to] => Some((from.as_str(), to.as_str())),
        [both] => both.split_once(".."),
        _ => None,
    }
    .ok_or_else(|| {
        MigrationError::SquashRange {
            range: given.join(" "),
            what: "it does not say where it ends".to_owned(),
        }
        .into()
    })
}

fn render(report: &SquashReport) -> String {
    let mut out = text::list("Wrote:", &report.written);
    out.push_str(&text::list("Deleted; version control keeps them:", &report.deleted));
    out.push_str(&text::list("Built both ways and found equal:", &report.proved));
    out.push_str(&text::list("Not compared:", &report.not_compared));
    out
}
