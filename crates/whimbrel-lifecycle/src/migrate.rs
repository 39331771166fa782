//! Applying and rolling back: `migrate`, `rollback`, `redo`, `baseline`, `seal`, `status`.

use serde::Serialize;
use whimbrel_engine::{Applied, HistoryEntry, HistoryKind, LockWait, StatementReport};

use crate::declared::{DeclaredSchema, snapshot_hash};
use crate::error::{LifecycleError, Result};
use crate::events::{Deferred, Event, Guarantee, Observer};
use crate::hooks::{self, HookError};
pub use crate::journal::guarantee;
use crate::journal::{self, Run};
use crate::lint;
use crate::migration::{
    Chain, Direction, Folder, MigrationError, PlannedStep, SNAPSHOT_FOLDER, State, Target, Version,
};
use crate::preflight::Known;
use crate::project::Action;
use crate::repeatable;
use crate::scripted::{self, Ahead};
use crate::session::Session;
use crate::squash;
use crate::unfinished::{self, Unfinished};

/// The outcome of `migrate` and `rollback`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MigrateReport {
    /// The version that stands afterwards; none before the first.
    pub current: Option<String>,
    /// The steps that ran, in order.
    pub steps: Vec<StepReport>,
    /// How many files are still pending.
    pub pending: usize,
    /// Squashed files that took the place of others in the history, a sentence each; nothing of them was run.
    pub squashed: Vec<String>,
    /// The hook that failed after the steps ran; they stand.
    pub failed_hook: Option<HookError>,
}

/// One step that ran.
#[derive(Clone, Debug, Serialize)]
pub struct StepReport {
    /// Up or down.
    pub direction: Direction,
    /// The version.
    pub version: String,
    /// The file.
    pub file: String,
    /// How long its statements took.
    pub duration_ms: i64,
    /// Each statement that this run ran, with its time.
    pub statements: Vec<StatementReport>,
    /// The locks that it was seen to wait for.
    pub waits: Vec<LockWait>,
}

/// One line of `migrate status`.
#[derive(Clone, Debug, Serialize)]
pub struct VersionStatus {
    /// The version; `R` for a repeatable file.
    pub version: String,
    /// The name.
    pub name: String,
    /// When it was applied; none while it is pending. For a repeatable file, when it ran last.
    pub applied_at: Option<String>,
    /// How it came into the history; none while it is pending, or a repeatable file changed since it ran.
    pub kind: Option<HistoryKind>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Who applied it.
    pub applied_by: Option<String>,
    /// Whether it can be rolled back.
    pub reversible: bool,
    /// How far it is, where it was begun and is not finished.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Unfinished>,
}

/// Takes the database to a target version: up or down, each file with its history row in one transaction,
/// one deployer at a time.
///
/// # Errors
/// Files and history disagree, a guard refuses to roll back, another deployer holds the lock, or a statement
/// failed: then everything before that file stands, and nothing of it.
pub async fn migrate(
    session: &mut Session<'_>,
    target: &Target,
    observer: &mut dyn Observer,
) -> Result<MigrateReport> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, true)?;
    let planned = plan(session, &folder, &state, target).await?;
    // What is unfinished may be at work in another deployer's hands: only under the lock is that known.
    if planned.is_empty()
        && state.replacements().is_empty()
        && unfinished::unfinished(session).await?.is_none()
        && is_recorded(session, &state).await?
    {
        return Ok(report_of(&state, Vec::new()));
    }
    guard(session, &planned, observer).await?;
    let ahead = Ahead::of(session, planned.first());
    session.engine.lock(session.lock_timeout).await?;
    let outcome = run_locked(session, &folder, target, (&planned, ahead), observer).await;
    let unlocked = session.engine.unlock().await;
    let report = outcome?;
    unlocked?;
    Ok(report)
}

async fn run_locked(
    session: &mut Session<'_>,
    folder: &Folder,
    target: &Target,
    (planned, mut ahead): (&[PlannedStep], Ahead),
    observer: &mut dyn Observer,
) -> Result<MigrateReport> {
    session.engine.prepare().await?;
    let state = session.state(folder).await?;
    if let Some(unfinished) = unfinished::unfinished(session).await? {
        let steps = plan(session, folder, &state, target).await?;
        unfinished.check(folder, steps.first())?;
        steps.first().map_or(Ok(()), |first| journal::check_still_journalled(session, first))?;
    }
    let squashed = squash::take_over(session, folder, &state).await?;
    let steps = plan(session, folder, &state, target).await?;
    let mut known = planned.iter();
    let were_planned = steps.iter().all(|step| known.any(|known| known.is_same(step)));
    if !were_planned {
        // Another deployer went further than the target while this one waited.
        guard(session, &steps, observer).await?;
    }
    let was_recorded = is_recorded(session, &state).await?;
    hooks::before(session, &steps, observer).await?;
    let mut done = Vec::with_capacity(steps.len());
    let mut failure = None;
    let mut known = Known::default();
    let mut deferred = Deferred::new(observer);
    for (index, planned) in steps.iter().enumerate() {
        let guarantee = journal::guarantee(session, planned)?;
        deferred.later(Event::StepStarted {
            direction: planned.direction,
            file: planned.file_name.clone(),
            position: index + 1,
            total: steps.len(),
            statements: planned.step.statements.iter().map(|statement| statement.sql.clone()).collect(),
            guarantee,
        });
        // Only a file of SQL in one transaction is on its way at a moment that the engine tells.
        if guarantee != Guarantee::Transaction || scripted::words(planned).is_some() {
            deferred.flush();
        }
        let next = steps.get(index + 1);
        let run = &mut Run { planned, observer: &mut deferred, known: &mut known, next, ahead: &mut ahead };
        match journal::run_step(session, run).await {
            Ok(applied) => {
                deferred.later(Event::StepDone {
                    direction: planned.direction,
                    file: planned.file_name.clone(),
                    duration_ms: applied.duration_ms,
                    statements: applied.statements.clone(),
                    waits: applied.waits.clone(),
                });
                done.push(step_report(planned, applied));
            }
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    drop(deferred);
    let after = if failure.is_none() { hooks::after(session, &done, observer).await } else { Ok(()) };
    let is_due = !done.is_empty() || (failure.is_none() && !was_recorded);
    let state = session.state(folder).await;
    let recorded = match &state {
        Ok(state) if is_due => record(session, folder, state).await,
        _ => Ok(()),
    };
    if let Some(error) = failure {
        return Err(error);
    }
    recorded?;
    let state = state?;
    Ok(MigrateReport { squashed, failed_hook: after.err(), ..report_of(&state, done) })
}

/// Whether what the migrations left is on record: a run that was killed between the last file and that left it out.
async fn is_recorded(session: &mut Session<'_>, state: &State<'_>) -> Result<bool> {
    Ok(state.applied().is_empty() || session.has_reached(state.applied()).await?)
}

/// Refuses a way down in a protected environment, and what lint refuses.
async fn guard(session: &mut Session<'_>, steps: &[PlannedStep], observer: &mut dyn Observer) -> Result<()> {
    let rolls_back = steps.iter().any(|step| step.direction == Direction::Down);
    if rolls_back && !session.allow_destructive {
        session.project.guard(Action::Destructive)?;
    }
    lint::enforce(session, steps, observer).await
}

/// Records what the migrations left, and what is declared as the server prints it.
pub(crate) async fn record(session: &mut Session<'_>, folder: &Folder, state: &State<'_>) -> Result<()> {
    let current = state.current();
    let declared = DeclaredSchema::read(session.project).ok();
    let revisions =
        [DeclaredSchema::of_revision(folder, None)?, DeclaredSchema::of_revision(folder, current.as_ref())?];
    let named: Vec<_> =
        declared.iter().chain(revisions.iter().flatten()).map(|declared| &declared.catalog).collect();
    session.record_reached(&named, state.applied().last()).await?;
    if let Some(declared) = declared.filter(|_| !session.is_document()) {
        // A declaration that this server cannot hold stops `check`, not a deployment.
        let _ = session.record_normalised(&declared).await;
    }
    Ok(())
}

pub(crate) async fn plan(
    session: &mut Session<'_>,
    folder: &Folder,
    state: &State<'_>,
    target: &Target,
) -> Result<Vec<PlannedStep>> {
    // Most folders that another tool wrote keep no snapshots: nothing is looked for then.
    let keeps_snapshots = folder.path.join(SNAPSHOT_FOLDER).is_dir();
    let hash = |version: &Version| if keeps_snapshots { snapshot_hash(folder, version) } else { None };
    let mut steps = state.plan(target, session.engine.dialect(), &session.deployer, &hash)?;
    repeatable::append(session, folder, state, target, &mut steps).await?;
    Ok(steps)
}

/// The statements that `migrate` would run, a list a file; of an unfinished file those that are left. Changes nothing.
///
/// # Errors
/// Files and history disagree, or the engine cannot run one of the statements.
pub async fn preview(session: &mut Session<'_>, target: &Target) -> Result<Vec<(PlannedStep, Vec<String>)>> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, false)?;
    let steps = plan(session, &folder, &state, target).await?;
    if session.is_document() {
        let mut previewed = Vec::with_capacity(steps.len());
        for step in steps {
            let acts = scripted::rehearse(session, &step).await?;
            previewed.push((step, acts.iter().map(scripted::DryAct::words).collect()));
        }
        return Ok(previewed);
    }
    let mut bare: Vec<_> = steps.iter().map(|planned| planned.step.clone()).collect();
    if let (Some(planned), Some(first)) = (steps.first(), bare.first_mut()) {
        first.statements = journal::statements_left(session, planned).await?;
    }
    let statements = session.relational()?.preview(&bare).await?;
    Ok(steps.into_iter().zip(statements).collect())
}

/// Rolls the newest applied file back and applies it again.
///
/// # Errors
/// As [`migrate`].
pub async fn redo(session: &mut Session<'_>, observer: &mut dyn Observer) -> Result<MigrateReport> {
    let down = migrate(session, &Target::Back(1), observer).await?;
    let Some(undone) = down.steps.first() else { return Ok(down) };
    let version = Version::parse(&undone.version).expect("a step's version was parsed before");
    if down.failed_hook.is_some() {
        return Ok(down);
    }
    let mut up = migrate(session, &Target::Version(version), observer).await?;
    up.steps.splice(0..0, down.steps);
    Ok(up)
}

/// Every version with its state.
///
/// # Errors
/// Files and history disagree.
pub async fn status(session: &mut Session<'_>) -> Result<Vec<VersionStatus>> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, false)?;
    let unfinished = unfinished::unfinished(session).await?;
    let unfinished = unfinished.map(|unfinished| unfinished.with_total(session, &state));
    let dialect = session.engine.dialect();
    let mut lines: Vec<VersionStatus> = folder
        .migrations
        .iter()
        .map(|migration| {
            let entry = state.entry(&migration.version);
            VersionStatus {
                version: migration.version.to_string(),
                name: migration.name.clone(),
                applied_at: entry.map(|entry| entry.applied_at.clone()),
                kind: entry.map(|entry| entry.kind),
                duration_ms: entry.map(|entry| entry.duration_ms),
                applied_by: entry.map(|entry| entry.applied_by.clone()),
                reversible: migration.content(dialect).down.is_some(),
                unfinished: unfinished.clone().filter(|unfinished| unfinished.is(&migration.version)),
            }
        })
        .collect();
    lines.extend(repeatable::status(session, &folder).await?);
    Ok(lines)
}

/// Marks versions as applied without running them, up to `version` or all.
///
/// # Errors
/// Something is applied already and no version was named, or there is no such version.
pub async fn mark_baseline(session: &mut Session<'_>, version: Option<&Version>) -> Result<Vec<String>> {
    let folder = session.folder()?;
    let state = session.state(&folder).await?;
    session.check_seal(&folder, true)?;
    if version.is_none() && state.current().is_some() && !state.pending().is_empty() {
        return Err(LifecycleError::HasHistory);
    }
    if let Some(version) = version
        && folder.find(version).is_none()
    {
        return Err(MigrationError::UnknownVersion { version: version.to_string() }.into());
    }
    let entries: Vec<HistoryEntry> = state
        .pending()
        .into_iter()
        .filter(|migration| version.is_none_or(|limit| migration.version <= *limit))
        .map(|migration| {
            let hash = snapshot_hash(&folder, &migration.version);
            state.new_entry(migration, HistoryKind::Baseline, &session.deployer, hash)
        })
        .collect();
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    session.engine.lock(session.lock_timeout).await?;
    let outcome = mark_locked(session, &folder, &entries).await;
    let unlocked = session.engine.unlock().await;
    outcome?;
    unlocked?;
    Ok(entries.into_iter().map(|entry| format!("{}-{}", entry.version, entry.name)).collect())
}

async fn mark_locked(session: &mut Session<'_>, folder: &Folder, entries: &[HistoryEntry]) -> Result<()> {
    session.engine.prepare().await?;
    if let Some(unfinished) = unfinished::unfinished(session).await? {
        unfinished.check(folder, None)?;
    }
    session.engine.mark(entries).await?;
    let state = session.state(folder).await?;
    record(session, folder, &state).await
}

/// Writes whimbrel.sum anew over the files as they are. Returns what changed, a sentence each.
///
/// # Errors
/// An applied file was changed or is missing.
pub async fn seal(session: &mut Session<'_>) -> Result<Vec<String>> {
    let folder = session.folder()?;
    session.state(&folder).await?;
    let present = Chain::of(&folder);
    // A sum file that cannot be read is replaced: the history was found to agree with the files.
    let sealed = Chain::read(&folder.path).unwrap_or_default();
    let changes = sealed.changes(&present);
    if !changes.is_empty() || sealed != present {
        present.write(&folder.path)?;
    }
    Ok(changes)
}

fn step_report(planned: &PlannedStep, applied: Applied) -> StepReport {
    StepReport {
        direction: planned.direction,
        version: planned.label(),
        file: planned.file_name.clone(),
        duration_ms: applied.duration_ms,
        statements: applied.statements,
        waits: applied.waits,
    }
}

fn report_of(state: &State<'_>, steps: Vec<StepReport>) -> MigrateReport {
    MigrateReport {
        current: state.current().map(|version| version.to_string()),
        steps,
        pending: state.pending().len(),
        squashed: Vec::new(),
        failed_hook: None,
    }
}
