//! Tools whose migrations are programs: the schema as it stands becomes the first migration.

use super::history::ToolHistory;
use super::tool::Found;
use super::{AdoptError, AdoptOptions, AdoptReport};
use crate::error::{LifecycleError, Result};
use crate::migrate::mark_baseline;
use crate::migration::{Folder, Version};
use crate::pull::{baseline_titled, pull, write_pulled};
use crate::session::Session;

/// How the line begins that says what a first migration was taken from.
const OPENING: &str = "-- The schema as it was taken over from ";
const AT: &str = " at ";

/// What a first migration says of itself.
struct Taken {
    version: Version,
    file: String,
    revisions: String,
}

/// Takes the schema over, or marks the first migration that another database was taken over into.
pub(super) async fn take_over(
    session: &mut Session<'_>,
    found: &Found,
    history: &ToolHistory,
    options: &AdoptOptions,
) -> Result<AdoptReport> {
    let folder = session.folder()?;
    let revisions =
        if history.applied.is_empty() { "nothing".to_owned() } else { history.versions().join(", ") };
    let mut report = AdoptReport::new(found, history, options);
    report.notes.push(format!(
        "{}'s migrations are programs: which of them are still to be applied only {} can tell",
        found.tool.title(),
        found.tool.title()
    ));
    if let Some(taken) = taken(&folder, found) {
        return mark(session, found, &taken, &revisions, report).await;
    }
    if !folder.migrations.is_empty() {
        let folder = folder.path.display().to_string();
        return Err(AdoptError::FolderNotEmpty { tool: found.tool.title(), folder }.into());
    }
    if !session.engine.history().await?.is_empty() {
        return Err(LifecycleError::HasHistory);
    }
    let pulled = pull(session).await?;
    report.left_out.clone_from(&pulled.unmanaged);
    report.notes.extend(pulled.notes.iter().cloned());
    if options.dry_run {
        report.schema = Some(session.project.schema_path.value.clone());
        return Ok(report);
    }
    report.schema = Some(write_pulled(session, &pulled, options.force)?);
    let title = format!("The schema as it was taken over from {}{AT}{revisions}", found.tool.title());
    let baseline = baseline_titled(session, None, &title).await?;
    report.written.extend(baseline.written);
    report.adopted = baseline.marked;
    Ok(report)
}

async fn mark(
    session: &mut Session<'_>,
    found: &Found,
    taken: &Taken,
    revisions: &str,
    mut report: AdoptReport,
) -> Result<AdoptReport> {
    let marked = session.engine.history().await?;
    if marked.iter().any(|entry| Version::parse(&entry.version).as_ref() == Some(&taken.version)) {
        report.already = true;
        if taken.revisions != revisions {
            report.notes.push(format!(
                "{} has gone on to {revisions} since {} was taken over at {}: `whimbrel migrate check` shows what differs",
                found.tool.title(),
                taken.file,
                taken.revisions
            ));
        }
        return Ok(report);
    }
    if taken.revisions != revisions {
        return Err(AdoptError::OtherRevision {
            file: taken.file.clone(),
            tool: found.tool.title(),
            taken: taken.revisions.clone(),
            here: revisions.to_owned(),
        }
        .into());
    }
    let stem = taken.file.trim_end_matches(".sql").to_owned();
    report.adopted =
        if report.dry_run { vec![stem] } else { mark_baseline(session, Some(&taken.version)).await? };
    Ok(report)
}

/// The first migration that the tool's schema was taken over into.
fn taken(folder: &Folder, found: &Found) -> Option<Taken> {
    let migration = folder.migrations.first()?;
    let line = migration.file.source.text.lines().next()?.strip_prefix(OPENING)?;
    let (tool, revisions) = line.split_once(AT)?;
    (tool == found.tool.title()).then(|| Taken {
        version: migration.version.clone(),
        file: migration.file_name.clone(),
        revisions: revisions.trim().to_owned(),
    })
}
