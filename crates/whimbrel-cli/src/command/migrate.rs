//! `whimbrel migrate` and its subcommands.

use whimbrel_lifecycle::LifecycleError;
use whimbrel_lifecycle::compare::{self, CheckReport};
use whimbrel_lifecycle::events::Guarantee;
use whimbrel_lifecycle::lint::Reviewed;
use whimbrel_lifecycle::migrate::{self, MigrateReport, VersionStatus};
use whimbrel_lifecycle::migration::{Direction, Language, MigrationError, PlannedStep, Target, Version};
use whimbrel_lifecycle::unfinished::{self, Resolution};
use whimbrel_lifecycle::{hooks, pull, repeatable, script};

use super::{Context, Outcome, outcome, text};
use crate::arguments::{Allowing, MigrateArguments, ResolveArguments, StatusArguments};
use crate::connect::{Purpose, script_writer};
use crate::error::ExitCode;
use crate::progress::Progress;

/// Applies pending migrations, or shows them.
pub(crate) async fn run(context: &Context<'_>, given: &MigrateArguments) -> Outcome {
    let target = match &given.to {
        Some(version) => Target::Version(parse_version(version)?),
        None => Target::Latest,
    };
    if given.sql {
        return script(context, given.from.as_deref(), &target).await;
    }
    if given.dry_run {
        return show(context, &target).await;
    }
    apply(context, &target, given.allowing).await
}

/// Takes the database to a target.
pub(crate) async fn apply(context: &Context<'_>, target: &Target, allowing: Allowing) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Change).await?;
    session.allow_destructive = allowing.allow_destructive;
    session.allow_locking = allowing.allow_locking;
    let mut progress = Progress::new(*context.output, &project.logging, context.global);
    let report = migrate::migrate(&mut session, target, &mut progress).await?;
    Ok(conclude(context, &report))
}

/// Shows what ran, and a hook that failed after it.
fn conclude(context: &Context<'_>, report: &MigrateReport) -> ExitCode {
    context.output.result(report, |report| {
        format!("{}{}", render_report(report), outcome::details(report, context.global.verbose))
    });
    exit_after(context, report)
}

/// The exit code of a run whose steps stand; a hook that failed after them is shown.
pub(crate) fn exit_after(context: &Context<'_>, report: &MigrateReport) -> ExitCode {
    match &report.failed_hook {
        None => ExitCode::Done,
        Some(failure) => {
            context.output.error(failure);
            ExitCode::Partial
        }
    }
}

/// Shows what would run.
pub(crate) async fn show(context: &Context<'_>, target: &Target) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let planned = migrate::preview(&mut session, target).await?;
    let steps: Vec<PlannedStep> = planned.iter().map(|(step, _)| step.clone()).collect();
    let reviewed = super::lint::advice(&mut session, &steps).await?;
    let guarantees =
        steps.iter().map(|step| migrate::guarantee(&mut session, step)).collect::<Result<Vec<_>, _>>()?;
    let shown: Vec<_> = planned
        .iter()
        .enumerate()
        .map(|(index, (step, statements))| {
            serde_json::json!({
                "direction": step.direction, "version": step.label(), "file": step.file_name, "statements": statements,
                "guarantee": guarantees.get(index), "findings": reviewed.get(index).map(|reviewed| &reviewed.findings),
            })
        })
        .collect();
    let hooks = hooks::around(session.project, planned.iter().map(|(step, _)| step.direction));
    context.output.result(&shown, |_| render_dry_run(&planned, &guarantees, &reviewed, &hooks));
    Ok(ExitCode::Done)
}

/// Prints what would run as a script; where `from` says where the database is, none is asked.
pub(crate) async fn script(context: &Context<'_>, from: Option<&str>, target: &Target) -> Outcome {
    let from = from.map(parse_version).transpose()?;
    let project = context.project()?;
    let mut writer = script_writer(&project, from.is_none())?;
    let script = match from {
        Some(from) => script::offline(&project, &from, target, &super::deployer(), writer.as_mut())?,
        None => {
            let mut session = context.session(&project, Purpose::Look).await?;
            script::online(&mut session, target, writer.as_mut()).await?
        }
    };
    context.output.data(&script.text);
    for warning in &script.warnings {
        context.output.note(&format!("warning: {warning}"));
    }
    Ok(ExitCode::Done)
}

/// Lists every version with its state.
pub(crate) async fn status(context: &Context<'_>, given: &StatusArguments) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let versions = migrate::status(&mut session).await?;
    let open = |version: &&VersionStatus| version.kind.is_none() || version.unfinished.is_some();
    let pending = versions.iter().filter(open).count();
    context.output.result(&versions, |versions| render_versions(versions));
    Ok(if given.exit_code && pending > 0 { ExitCode::Found } else { ExitCode::Done })
}

/// Compares files, schema and database.
pub(crate) async fn check(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    let (mut session, declared) = context.session_and_schema(&project, Purpose::Look).await?;
    let report = compare::check(&mut session, &declared).await?;
    context.output.result(&report, render_check);
    Ok(if report.is_clean() { ExitCode::Done } else { ExitCode::Found })
}

/// Lists what was applied, newest first.
pub(crate) async fn history(context: &Context<'_>, range: Option<&str>, marks_current: bool) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let mut entries = session.engine.history().await.map_err(LifecycleError::from)?;
    let newest = entries.iter().filter_map(|entry| Version::parse(&entry.version)).max();
    // A folder that cannot be read hides the repeatable files only: the history must be seen also then.
    if let Ok(folder) = session.folder() {
        entries.extend(repeatable::history(&mut session, &folder).await?);
    }
    if let Some(range) = range {
        let (first, last) = super::alembic::range(&session.folder()?, newest.as_ref(), range)?;
        entries.retain(|entry| {
            Version::parse(&entry.version).is_some_and(|version| version >= first && version <= last)
        });
    }
    entries.reverse();
    let is_current = |version: &str| marks_current && Version::parse(version) == newest;
    context.output.result(&entries, |entries| {
        if entries.is_empty() {
            return "Nothing is applied.\n".to_owned();
        }
        let rows = entries
            .iter()
            .map(|entry| {
                vec![
                    entry.version.clone(),
                    format!("{}{}", entry.name, if is_current(&entry.version) { " (current)" } else { "" }),
                    entry.kind.as_str().to_owned(),
                    entry.applied_at.clone(),
                    format!("{} ms", entry.duration_ms),
                    entry.applied_by.clone(),
                ]
            })
            .collect();
        format!("{}\n", text::table(&["version", "name", "kind", "when", "took", "by"], rows, &[4]))
    });
    Ok(ExitCode::Done)
}

/// Prints the newest applied version.
pub(crate) async fn current(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    let current = state.current().map(|version| version.to_string());
    context.output.result(&current, |current| format!("{}\n", current.as_deref().unwrap_or("0")));
    Ok(ExitCode::Done)
}

/// Rolls the newest back and applies it again.
pub(crate) async fn redo(context: &Context<'_>, allowing: Allowing) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Change).await?;
    session.allow_destructive = allowing.allow_destructive;
    session.allow_locking = allowing.allow_locking;
    let mut progress = Progress::new(*context.output, &project.logging, context.global);
    let report = migrate::redo(&mut session, &mut progress).await?;
    Ok(conclude(context, &report))
}

/// Seals the files as they are.
pub(crate) async fn seal(context: &Context<'_>) -> Outcome {
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Look).await?;
    let changes = migrate::seal(&mut session).await?;
    context.output.result(&changes, |changes| {
        if changes.is_empty() {
            return "Nothing to seal: whimbrel.sum fits the files.\n".to_owned();
        }
        text::list("Sealed:", changes)
    });
    Ok(ExitCode::Done)
}

/// Declares what has become of an unfinished file.
pub(crate) async fn resolve(context: &Context<'_>, given: &ResolveArguments) -> Outcome {
    let version = parse_version(&given.version)?;
    let resolution = if given.applied { Resolution::Applied } else { Resolution::Undone };
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Change).await?;
    session.allow_destructive = given.allow_destructive;
    let report = unfinished::resolve(&mut session, &version, resolution).await?;
    context.output.result(&report, |report| {
        let unfinished = &report.unfinished;
        let now = match report.resolution {
            Resolution::Applied => "counts as applied",
            Resolution::Undone => "counts as not applied",
        };
        format!("{} was {}; it {now} now, and nothing was run.\n", unfinished.version, unfinished.words())
    });
    Ok(ExitCode::Done)
}

/// Marks versions as applied.
pub(crate) async fn baseline(context: &Context<'_>, version: Option<&str>) -> Outcome {
    let version = version.map(parse_version).transpose()?;
    let project = context.project()?;
    let mut session = context.session(&project, Purpose::Change).await?;
    let report = pull::baseline(&mut session, version.as_ref()).await?;
    context.output.result(&report, |report| {
        let mut out = String::new();
        if let Some(path) = &report.written {
            out.push_str(&format!("wrote {}\n", path.display()));
        }
        if report.marked.is_empty() {
            out.push_str("Nothing to mark: every version counts as applied.\n");
        }
        out.push_str(&text::list("These count as applied now, and nothing was run:", &report.marked));
        out
    });
    Ok(ExitCode::Done)
}

/// Reads a version from the command line.
pub(crate) fn parse_version(text: &str) -> Result<Version, LifecycleError> {
    Version::parse(text).ok_or_else(|| MigrationError::UnknownVersion { version: text.to_owned() }.into())
}

/// The outcome of `migrate` and `rollback`.
pub(crate) fn render_report(report: &MigrateReport) -> String {
    let current =
        report.current.as_deref().map_or("before the first migration".to_owned(), |at| format!("at {at}"));
    let pending = if report.pending == 0 { String::new() } else { format!(", {} pending", report.pending) };
    let squashed: String = report.squashed.iter().map(|sentence| format!("{sentence}.\n")).collect();
    if report.steps.is_empty() {
        return format!("{squashed}Nothing to do: {current}{pending}.\n");
    }
    let of = |direction| report.steps.iter().filter(|step| step.direction == direction).count();
    let done: Vec<String> = [(of(Direction::Down), "rolled back"), (of(Direction::Up), "applied")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{} {verb}", text::count(number, "migration", "migrations")))
        .collect();
    format!("{squashed}{}; now {current}{pending}.\n", done.join(", "))
}

fn render_versions(versions: &[VersionStatus]) -> String {
    if versions.is_empty() {
        return "There are no migrations: `whimbrel migrate create --auto --name …` writes one.\n".to_owned();
    }
    let rows = versions
        .iter()
        .map(|version| {
            let missing = if version.applied_at.is_some() { "changed" } else { "pending" };
            let state = match &version.unfinished {
                Some(unfinished) => unfinished.words(),
                None => version.kind.map_or(missing, |kind| kind.as_str()).to_owned(),
            };
            let is_repeatable = version.version == repeatable::LABEL;
            let way_back = if version.reversible || is_repeatable { "" } else { "no way back" };
            vec![
                version.version.clone(),
                version.name.clone(),
                state,
                version.applied_at.clone().unwrap_or_default(),
                way_back.to_owned(),
            ]
        })
        .collect();
    format!("{}\n", text::table(&["version", "name", "state", "when", ""], rows, &[]))
}

fn render_check(report: &CheckReport) -> String {
    let mut out = String::new();
    if report.is_clean() {
        out.push_str("No difference: files, schema and database agree.\n");
    }
    out.push_str(&text::list("Pending:", &report.pending));
    out.push_str(&text::list("Declared, and made by no migration:", &report.undeclared_changes));
    out.push_str(&text::list("Drift, changed besides the migrations:", &report.drift));
    out.push_str(&text::list("Not compared:", &report.not_compared));
    let unmanaged: Vec<String> = report.unmanaged.iter().map(super::schema::unmanaged_words).collect();
    out.push_str(&text::list("Unmanaged objects, left alone:", &unmanaged));
    out
}

fn render_dry_run(
    planned: &[(PlannedStep, Vec<String>)],
    guarantees: &[Guarantee],
    reviewed: &[Reviewed],
    hooks: &[String],
) -> String {
    if planned.is_empty() {
        return "Nothing would run.\n".to_owned();
    }
    let mut out = text::list("Hooks that would run beside it:", hooks);
    for (index, (step, statements)) in planned.iter().enumerate() {
        let verb = if step.direction == Direction::Up { "apply" } else { "roll back" };
        let promise = guarantees.get(index).map_or("", |guarantee| guarantee.words());
        out.push_str(&format!("-- would {verb} {} ({promise})\n", step.file_name));
        for placed in reviewed.get(index).map(|reviewed| reviewed.findings.as_slice()).unwrap_or_default() {
            out.push_str(&format!("-- {}\n", super::lint::line_of(&step.file_name, placed)));
        }
        for statement in statements {
            let end = if step.language == Language::Sql { ";" } else { "" };
            out.push_str(&format!("{statement}{end}\n"));
        }
        out.push('\n');
    }
    out
}
