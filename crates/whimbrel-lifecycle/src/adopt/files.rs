//! Tools whose migrations are SQL files: what is applied is marked, once every version has its file.

use std::path::{Path, PathBuf};

use super::history::ToolHistory;
use super::source::{self, Files, Key, Known};
use super::tool::{Found, Tool};
use super::{AdoptError, AdoptOptions, AdoptReport};
use crate::alembic::Origin;
use crate::error::Result;
use crate::migrate::mark_baseline;
use crate::migration::{Folder, Migration, NewMigration, Version};
use crate::session::Session;

/// Where Flyway's files usually are, from the project's folder.
const FLYWAY_FOLDERS: [&str; 4] = ["src/main/resources/db/migration", "db/migration", "sql", "flyway"];

/// What is to be marked, and what has to be written before.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Every file in order: its version and its name.
    pub(super) files: Vec<(Version, String)>,
    pub(super) applied: Vec<Version>,
    pub(super) new: Vec<NewMigration>,
    /// Repeatable files, name and text.
    pub(super) repeatable: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// dbmate's and goose's files are read as they are; sqlx's and Flyway's become migration files.
pub(super) async fn take_over(
    session: &mut Session<'_>,
    found: &Found,
    history: &ToolHistory,
    options: &AdoptOptions,
) -> Result<AdoptReport> {
    let plan = match found.tool {
        Tool::Sqlx | Tool::Flyway => converted(session, found.tool, history, options)?,
        _ => in_place(session, found.tool, history, options)?,
    };
    carry_out(session, found, history, plan, options).await
}

/// Files that came from Alembic's script: what stands is the heads and all before them.
pub(super) async fn take_over_imported(
    session: &mut Session<'_>,
    found: &Found,
    history: &ToolHistory,
    options: &AdoptOptions,
) -> Result<AdoptReport> {
    let folder = session.folder()?;
    let origins: Vec<Origin> = folder.migrations.iter().filter_map(Origin::of).collect();
    let mut open = history.versions();
    let missing: Vec<String> =
        open.iter().filter(|head| !origins.iter().any(|origin| origin.revision == **head)).cloned().collect();
    if !missing.is_empty() {
        let help = "import a script that goes up to it: `alembic upgrade head --sql`, then `whimbrel migrate import alembic FILE`";
        return Err(missing_files(found.tool, &folder.path, missing, help));
    }
    let mut plan = Plan { files: names(&folder), ..Plan::default() };
    while let Some(revision) = open.pop() {
        // What a partial script begins after has no file.
        let Some(origin) = origins.iter().find(|origin| origin.revision == revision) else { continue };
        let version = origin.version.clone().expect("an origin read from a file has its version");
        if !plan.applied.contains(&version) {
            plan.applied.push(version);
            open.extend(origin.after.iter().cloned());
        }
    }
    carry_out(session, found, history, plan, options).await
}

/// Writes the files of a plan and marks what it says is applied.
pub(super) async fn carry_out(
    session: &mut Session<'_>,
    found: &Found,
    history: &ToolHistory,
    plan: Plan,
    options: &AdoptOptions,
) -> Result<AdoptReport> {
    refuse_gaps(found.tool, &plan)?;
    let own = session.engine.history().await?;
    let is_marked =
        |version: &Version| own.iter().any(|entry| Version::parse(&entry.version).as_ref() == Some(version));
    let is_applied = |version: &Version| plan.applied.contains(version);
    let to_mark: Vec<String> = plan
        .files
        .iter()
        .filter(|(version, _)| is_applied(version) && !is_marked(version))
        .map(|(_, name)| name.clone())
        .collect();
    let pending = plan
        .files
        .iter()
        .filter(|(version, _)| !is_applied(version) && !is_marked(version))
        .map(|(_, name)| name.clone())
        .collect();
    let mut report = AdoptReport::new(found, history, options);
    report.notes.extend(plan.notes);
    report.pending = pending;
    let migrations = &session.project.migrations_folder.value;
    report.written = plan.new.iter().map(|new| migrations.join(&new.file_name)).collect();
    report.written.extend(plan.repeatable.iter().map(|(name, _)| migrations.join(name)));
    report.already = to_mark.is_empty() && !plan.applied.is_empty();
    report.adopted = to_mark;
    if options.dry_run {
        return Ok(report);
    }
    write_repeatable(&plan.repeatable, migrations)?;
    if !plan.new.is_empty() || !plan.repeatable.is_empty() {
        NewMigration::write_all(&plan.new, &session.folder()?)?;
    }
    if let Some(newest) = plan.applied.iter().max().filter(|_| !report.adopted.is_empty()) {
        report.adopted = mark_baseline(session, Some(newest)).await?;
    }
    Ok(report)
}

fn write_repeatable(files: &[(String, String)], folder: &Path) -> Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text)).map_err(|error| {
            AdoptError::File { path: path.display().to_string(), reason: error.to_string() }
        })?;
    }
    Ok(())
}

/// Whimbrel applies in order, so that nothing may be missing below what is applied.
pub(super) fn refuse_gaps(tool: Tool, plan: &Plan) -> Result<()> {
    let Some(newest) = plan.applied.iter().max() else { return Ok(()) };
    let passed_over =
        plan.files.iter().find(|(version, _)| version < newest && !plan.applied.contains(version));
    match passed_over {
        Some((_, name)) => Err(AdoptError::Gap {
            file: name.clone(),
            later: newest.to_string(),
            tool: tool.title(),
            command: tool.upgrade_command(),
        }
        .into()),
        None => Ok(()),
    }
}

fn in_place(
    session: &Session<'_>,
    tool: Tool,
    history: &ToolHistory,
    options: &AdoptOptions,
) -> Result<Plan> {
    let migrations = &session.project.migrations_folder.value;
    let from = options.from.as_deref().filter(|from| !same(from, migrations));
    let folder = Folder::read(from.unwrap_or(migrations))?;
    let mut plan = Plan { files: names(&folder), ..Plan::default() };
    let mut missing = Vec::new();
    for applied in &history.applied {
        match Version::parse(&applied.version).and_then(|version| folder.find(&version)) {
            Some(migration) => plan.applied.push(migration.version.clone()),
            None => missing.push(applied.version.clone()),
        }
    }
    if !missing.is_empty() {
        return Err(missing_files(tool, &folder.path, missing, &missing_help(tool)));
    }
    if from.is_some() {
        plan.new = not_yet_there(copies(&folder), migrations)?;
    }
    Ok(plan)
}

/// The files of a folder as files to be written.
pub(super) fn copies(folder: &Folder) -> Vec<NewMigration> {
    let copy = |migration: &Migration| NewMigration {
        version: migration.version.clone(),
        file_name: migration.file_name.clone(),
        text: migration.file.source.text.to_string(),
        snapshot: None,
    };
    folder.migrations.iter().map(copy).collect()
}

pub(super) fn missing_help(tool: Tool) -> String {
    let code = if tool == Tool::Goose { "; migrations written in Go cannot be taken over" } else { "" };
    format!("say where its files are: `whimbrel migrate adopt {} --from DIR`{code}", tool.word())
}

fn converted(
    session: &Session<'_>,
    tool: Tool,
    history: &ToolHistory,
    options: &AdoptOptions,
) -> Result<Plan> {
    let migrations = &session.project.migrations_folder.value;
    let Files { known, repeatable, notes } = known_files(session, tool, options)?;
    let mut plan = Plan { repeatable, notes, ..Plan::default() };
    let baseline = history.baseline.as_deref().and_then(Key::parse);
    let mut missing = Vec::new();
    let mut changed = Vec::new();
    for applied in &history.applied {
        let key = Key::parse(&applied.version);
        let Some(file) = known.iter().find(|file| Some(&file.key) == key.as_ref()) else {
            missing.push(applied.version.clone());
            continue;
        };
        if applied.checksum.as_ref().is_some_and(|checksum| *checksum != file.checksum) {
            changed.push(file.file.clone());
        }
        plan.applied.push(file.version.clone());
    }
    if !missing.is_empty() {
        return Err(missing_files(tool, migrations, missing, &missing_help(tool)));
    }
    if !changed.is_empty() {
        return Err(AdoptError::Checksum { tool: tool.title(), files: changed }.into());
    }
    for file in known {
        if baseline.as_ref().is_some_and(|baseline| file.key <= *baseline)
            && !plan.applied.contains(&file.version)
        {
            plan.applied.push(file.version.clone());
        }
        let name = file.new.as_ref().map_or_else(|| file.written.clone(), |new| new.file_name.clone());
        plan.files.push((file.version, name.trim_end_matches(".sql").to_owned()));
        plan.new.extend(file.new);
    }
    plan.new = not_yet_there(std::mem::take(&mut plan.new), migrations)?;
    let is_missing = |(name, _): &(String, String)| !migrations.join(name).exists();
    plan.repeatable.retain(is_missing);
    Ok(plan)
}

/// The tool's files where they stand, else what they became.
fn known_files(session: &Session<'_>, tool: Tool, options: &AdoptOptions) -> Result<Files> {
    let migrations = &session.project.migrations_folder.value;
    let looked: Vec<PathBuf> = match (&options.from, tool) {
        (Some(from), _) => vec![from.clone()],
        (None, Tool::Flyway) => {
            let usual = FLYWAY_FOLDERS.map(|folder| session.project.folder.join(folder));
            usual.into_iter().chain([migrations.clone()]).collect()
        }
        (None, _) => vec![migrations.clone()],
    };
    for folder in &looked {
        if !source::sql_files(folder)?.iter().any(|name| is_original(tool, folder, name)) {
            continue;
        }
        if same(folder, migrations) {
            let folder = folder.strip_prefix(&session.project.folder).unwrap_or(folder);
            return Err(
                AdoptError::SameFolder { tool: tool.word(), folder: folder.display().to_string() }.into()
            );
        }
        return source::read(tool, folder);
    }
    if options.from.is_none() {
        let before: Vec<Known> =
            session.folder()?.migrations.iter().filter_map(|file| source::of_converted(tool, file)).collect();
        if !before.is_empty() {
            return Ok(Files { known: before, ..Files::default() });
        }
    }
    let looked: Vec<String> = looked.iter().map(|folder| folder.display().to_string()).collect();
    Err(AdoptError::NoFiles { tool: tool.word(), looked: looked.join(", ") }.into())
}

/// Whether a file is the tool's, and not one that it became.
fn is_original(tool: Tool, folder: &Path, name: &str) -> bool {
    source::is_named_by(tool, name)
        && source::read_text(&folder.join(name)).is_ok_and(|text| !text.contains("-- whimbrel:up"))
}

/// The files that are still to be written.
pub(super) fn not_yet_there(files: Vec<NewMigration>, folder: &Path) -> Result<Vec<NewMigration>> {
    let mut missing = Vec::new();
    for file in files {
        let path = folder.join(&file.file_name);
        match std::fs::read_to_string(&path) {
            Ok(text) if text == file.text => {}
            Ok(_) => return Err(AdoptError::Exists { path: path.display().to_string() }.into()),
            Err(_) => missing.push(file),
        }
    }
    Ok(missing)
}

pub(super) fn names(folder: &Folder) -> Vec<(Version, String)> {
    folder
        .migrations
        .iter()
        .map(|migration| (migration.version.clone(), format!("{}-{}", migration.version, migration.name)))
        .collect()
}

pub(super) fn missing_files(
    tool: Tool,
    folder: &Path,
    versions: Vec<String>,
    help: &str,
) -> crate::error::LifecycleError {
    AdoptError::MissingFiles {
        tool: tool.title(),
        folder: folder.display().to_string(),
        versions,
        help: help.to_owned(),
    }
    .into()
}

/// Whether two paths are one folder.
pub(super) fn same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}
