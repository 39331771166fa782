//! `whimbrel migrate rebase`.

use whimbrel_lifecycle::rebase::{self, RebaseOptions, RebaseReport};

use super::{Context, Outcome, migrate, text};
use crate::arguments::RebaseArguments;
use crate::connect::Purpose;
use crate::error::ExitCode;

/// Numbers the files that are not applied after all others.
pub(crate) async fn run(context: &Context<'_>, given: &RebaseArguments) -> Outcome {
    let options = RebaseOptions {
        onto: given.onto.as_deref().map(migrate::parse_version).transpose()?,
        files: given.files.clone(),
        dry_run: given.dry_run,
    };
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let report = rebase::rebase(&mut session, &options).await?;
    context.output.result(&report, |report| render(report, options.dry_run));
    Ok(ExitCode::Done)
}

fn render(report: &RebaseReport, dry_run: bool) -> String {
    let mut out = String::new();
    if let Some(kept) = &report.kept {
        out.push_str(&format!(
            "whimbrel.sum held conflict markers; the files of `{kept}` keep their numbers.\n"
        ));
    }
    let moved: Vec<String> =
        report.moved.iter().map(|moved| format!("{} -> {}", moved.from, moved.to)).collect();
    if moved.is_empty() {
        out.push_str("No file needs another number.\n");
    }
    out.push_str(&text::list(if dry_run { "Would rename:" } else { "Renamed:" }, &moved));
    out.push_str(&text::list("Sealed:", &report.sealed));
    out.push_str(&text::list("Snapshots:", &report.refreshed));
    out.push_str(&text::list("Note:", &report.notes));
    out
}
