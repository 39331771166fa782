//! `whimbrel migrate import`.

use std::io::Read as _;
use std::path::Path;

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::alembic::{Import, ImportError, ImportReport, Script, import};
use whimbrel_lifecycle::migration::Folder;
use whimbrel_lifecycle::require_sql;

use super::{Context, Outcome, text};
use crate::arguments::ImportCommand;
use crate::error::ExitCode;

/// Writes migration files from another tool's script; needs no database.
pub(crate) fn run(context: &Context<'_>, given: &ImportCommand) -> Outcome {
    let ImportCommand::Alembic { file, down, revisions, dry_run } = given;
    let project = context.project()?;
    require_sql(&project, "the import of another tool's script")?;
    let folder = Folder::read(&project.migrations_folder.value)?;
    let asked = Import {
        up: script(file)?,
        down: down.as_deref().map(script).transpose()?,
        revisions: revisions.clone(),
        dry_run: *dry_run,
    };
    let report = import(&folder, &asked)?;
    context.output.result(&report, render);
    Ok(ExitCode::Done)
}

/// Reads a script, `-` from standard input.
fn script(path: &Path) -> Result<Script, LifecycleError> {
    let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let read = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    match read {
        Ok(text) => Ok(Script { name, text }),
        Err(error) => Err(ImportError::File { file: name, reason: error.to_string() }.into()),
    }
}

fn render(report: &ImportReport) -> String {
    let mut out = String::new();
    if !report.present.is_empty() {
        let present = text::count(report.present.len(), "revision", "revisions");
        out.push_str(&format!("{present} stand in the folder already, and stay as they are.\n"));
    }
    if report.files.is_empty() {
        out.push_str("Nothing to write.\n");
        return out;
    }
    let files: Vec<String> = report
        .files
        .iter()
        .map(|file| {
            let statements = text::count(file.statements, "statement", "statements");
            let outside = if file.outside { ", a part of it outside a transaction" } else { "" };
            format!("{} ({statements}{outside})", file.path.display())
        })
        .collect();
    out.push_str(&text::list(if report.dry_run { "Would write:" } else { "Wrote:" }, &files));
    out.push_str(&text::list("Mind:", &report.notes));
    if !report.dry_run {
        out.push_str(
            "Next: `whimbrel migrate` on an empty database; `whimbrel migrate adopt alembic` where Alembic has run already\n",
        );
    }
    out
}
