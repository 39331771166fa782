//! Running `[hooks]`: commands beside the migrations, and files of SQL on the deployer's connection.
//!
//! They run under the deployers' lock, so that of several deployers only the one that applies something runs them.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use whimbrel_engine::{HistoryChange, Step, Unwatched};

use crate::error::{LifecycleError, Result};
use crate::events::{Event, Observer};
use crate::migrate::StepReport;
use crate::migration::{Direction, MigrationError, PlannedStep, parse_forward};
use crate::project::{DatabaseUrl, Hook, HookRun, ProcessEnvironment, Project};
use crate::session::Session;

/// How often a running command is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How often the deployers' lock is kept alive meanwhile.
const KEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How long output may still come from what a command left behind when it ended.
const DRAIN_TIMEOUT: Duration = Duration::from_millis(500);
/// Lines that wait to be shown; a command that writes faster waits.
const WAITING_LINES: usize = 256;

/// When hooks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HookMoment {
    /// Before files are applied.
    BeforeMigrate,
    /// After files were applied.
    AfterMigrate,
    /// Before files are rolled back.
    BeforeRollback,
    /// After files were rolled back.
    AfterRollback,
}

impl HookMoment {
    /// The key in whimbrel.toml.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            HookMoment::BeforeMigrate => "before_migrate",
            HookMoment::AfterMigrate => "after_migrate",
            HookMoment::BeforeRollback => "before_rollback",
            HookMoment::AfterRollback => "after_rollback",
        }
    }

    const fn is_before(self) -> bool {
        matches!(self, HookMoment::BeforeMigrate | HookMoment::BeforeRollback)
    }

    /// What became of the migrations, for the error of a hook.
    fn consequence(self) -> String {
        if self.is_before() {
            "no migration was run; correct the hook, or take it out of [hooks] in whimbrel.toml, and run the same command again"
                .to_owned()
        } else {
            "the migrations stand, and no hook after this one was run; run it by hand once it is corrected"
                .to_owned()
        }
    }
}

/// A hook that failed.
#[derive(Clone, Debug, Error, Diagnostic, Serialize)]
#[serde(tag = "code")]
#[non_exhaustive]
pub enum HookError {
    /// It ended with a failure, or did not begin.
    #[error("the {} hook `{hook}` failed: {reason}", .moment.as_str())]
    #[diagnostic(code(hook::failed))]
    #[serde(rename = "hook::failed")]
    Failed {
        /// When it ran.
        moment: HookMoment,
        /// The hook, as whimbrel.toml names it.
        hook: String,
        /// What happened.
        reason: String,
        /// What stands, and what to do.
        #[help]
        help: String,
    },
    /// It took too long.
    #[error("the {} hook `{hook}` ran longer than {limit} and was ended", .moment.as_str())]
    #[diagnostic(code(hook::timeout))]
    #[serde(rename = "hook::timeout")]
    TimedOut {
        /// When it ran.
        moment: HookMoment,
        /// The hook, as whimbrel.toml names it.
        hook: String,
        /// The limit.
        limit: String,
        /// What stands, and what to do.
        #[help]
        help: String,
    },
}

/// The files that a hook is told of.
#[derive(Clone, Copy, Debug, Default)]
struct Files<'f> {
    /// Those that are to run.
    pending: &'f [String],
    /// Those that ran.
    applied: &'f [String],
}

/// The hooks of a moment.
#[must_use]
pub fn of(project: &Project, moment: HookMoment) -> &[Hook] {
    let hooks = &project.hooks;
    match moment {
        HookMoment::BeforeMigrate => &hooks.before_migrate.value,
        HookMoment::AfterMigrate => &hooks.after_migrate.value,
        HookMoment::BeforeRollback => &hooks.before_rollback.value,
        HookMoment::AfterRollback => &hooks.after_rollback.value,
    }
}

/// The hooks around a plan in words, in the order in which they would run.
#[must_use]
pub fn around(project: &Project, directions: impl Iterator<Item = Direction>) -> Vec<String> {
    let directions: Vec<Direction> = directions.collect();
    let pairs = [
        (Direction::Down, HookMoment::BeforeRollback),
        (Direction::Up, HookMoment::BeforeMigrate),
        (Direction::Down, HookMoment::AfterRollback),
        (Direction::Up, HookMoment::AfterMigrate),
    ];
    let moments = pairs.into_iter().filter(|(direction, _)| directions.contains(direction));
    moments
        .flat_map(|(_, moment)| {
            of(project, moment).iter().map(move |hook| format!("{} {hook}", moment.as_str()))
        })
        .collect()
}

/// Runs the hooks before a plan; one without steps has none.
pub(crate) async fn before(
    session: &mut Session<'_>,
    steps: &[PlannedStep],
    observer: &mut dyn Observer,
) -> std::result::Result<(), HookError> {
    let pending: Vec<String> = steps.iter().map(|step| step.file_name.clone()).collect();
    let files = Files { pending: &pending, applied: &[] };
    let goes = |direction| steps.iter().any(|step| step.direction == direction);
    for (direction, moment) in
        [(Direction::Down, HookMoment::BeforeRollback), (Direction::Up, HookMoment::BeforeMigrate)]
    {
        if goes(direction) {
            run(session, moment, files, observer).await?;
        }
    }
    Ok(())
}

/// Runs the hooks after the steps that ran.
pub(crate) async fn after(
    session: &mut Session<'_>,
    steps: &[StepReport],
    observer: &mut dyn Observer,
) -> std::result::Result<(), HookError> {
    let applied: Vec<String> = steps.iter().map(|step| step.file.clone()).collect();
    let files = Files { pending: &[], applied: &applied };
    let went = |direction| steps.iter().any(|step| step.direction == direction);
    for (direction, moment) in
        [(Direction::Down, HookMoment::AfterRollback), (Direction::Up, HookMoment::AfterMigrate)]
    {
        if went(direction) {
            run(session, moment, files, observer).await?;
        }
    }
    Ok(())
}

/// Runs the hooks of a moment in their order, up to the first that fails.
async fn run(
    session: &mut Session<'_>,
    moment: HookMoment,
    files: Files<'_>,
    observer: &mut dyn Observer,
) -> std::result::Result<(), HookError> {
    for hook in of(session.project, moment).to_vec() {
        observer.event(&Event::HookStarted { moment, hook: hook.to_string() });
        let started = Instant::now();
        match &hook.run {
            HookRun::Sql(path) => {
                let done = run_sql(session, path).await;
                done.map_err(|error| failed(moment, &hook, sentence(&error)))?;
            }
            HookRun::Command(words) => run_command(session, moment, &hook, words, files, observer).await?,
        }
        let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
        observer.event(&Event::HookDone { moment, hook: hook.to_string(), duration_ms });
    }
    Ok(())
}

async fn run_sql(session: &mut Session<'_>, path: &std::path::Path) -> Result<()> {
    let whole = session.project.folder.join(path);
    let text = std::fs::read_to_string(&whole).map_err(|error| MigrationError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    })?;
    let file = parse_forward(&path.display().to_string(), &text)?;
    let statements = file.statements(true, session.engine.dialect()).unwrap_or_default();
    let step = Step { source: file.source, statements, history: HistoryChange::Nothing };
    session.relational()?.apply(&step, &mut Unwatched).await?;
    Ok(())
}

/// An error in one sentence, with the place in the file where it has one.
fn sentence(error: &LifecycleError) -> String {
    let text = error.to_string();
    let place = error.source_code().zip(error.labels().and_then(|mut labels| labels.next()));
    let line = place
        .and_then(|(source, label)| source.read_span(label.inner(), 0, 0).ok().map(|view| view.line() + 1));
    line.map_or_else(|| text.clone(), |line| format!("{text} (line {line})"))
}

fn failed(moment: HookMoment, hook: &Hook, reason: String) -> HookError {
    HookError::Failed { moment, hook: hook.to_string(), reason, help: moment.consequence() }
}

async fn run_command(
    session: &mut Session<'_>,
    moment: HookMoment,
    hook: &Hook,
    words: &[String],
    files: Files<'_>,
    observer: &mut dyn Observer,
) -> std::result::Result<(), HookError> {
    let mut child = command(session, hook, words, files)
        .spawn()
        .map_err(|error| failed(moment, hook, format!("it cannot be started: {error}")))?;
    let (sender, mut lines) = channel(WAITING_LINES);
    read_lines(child.stdout.take(), sender.clone());
    read_lines(child.stderr.take(), sender);
    let limit = session.project.hooks.timeout.value;
    let ended = wait(session, &mut child, limit, &mut lines, observer).await;
    match ended.map_err(|error| failed(moment, hook, sentence(&error)))? {
        Some(status) if status.success() => Ok(()),
        Some(status) => Err(failed(moment, hook, ending(status))),
        None => Err(HookError::TimedOut {
            moment,
            hook: hook.to_string(),
            limit: crate::project::duration_text(limit),
            help: format!("{}; `hooks.timeout` in whimbrel.toml is the limit", moment.consequence()),
        }),
    }
}

/// Waits for the end, and tells each line as it comes; none where the time was up and the command was ended.
async fn wait(
    session: &mut Session<'_>,
    child: &mut Child,
    limit: Duration,
    lines: &mut Receiver<String>,
    observer: &mut dyn Observer,
) -> Result<Option<ExitStatus>> {
    let trouble = |error: std::io::Error| LifecycleError::HookProcess { reason: error.to_string() };
    let mut kept = Instant::now();
    let deadline = Instant::now() + limit;
    let status = loop {
        if let Ok(Some(line)) = tokio::time::timeout(POLL_INTERVAL, lines.recv()).await {
            observer.event(&Event::HookOutput { line });
        } else if let Some(status) = child.try_wait().map_err(trouble)? {
            break Some(status);
        }
        if Instant::now() >= deadline {
            child.kill().map_err(trouble)?;
            child.wait().map_err(trouble)?;
            break None;
        }
        if kept.elapsed() >= KEEP_INTERVAL {
            kept = Instant::now();
            if let Err(error) = session.engine.keep_lock().await {
                // Without the lock nothing may follow; the command is not left running beside another deployer.
                child.kill().map_err(trouble)?;
                child.wait().map_err(trouble)?;
                return Err(error.into());
            }
        }
        // A closed channel answers at once; the command itself may still run.
        if lines.is_closed() {
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    };
    let drained = Instant::now() + DRAIN_TIMEOUT;
    while let Ok(Some(line)) = tokio::time::timeout_at(drained.into(), lines.recv()).await {
        observer.event(&Event::HookOutput { line });
    }
    Ok(status)
}

fn command(session: &Session<'_>, hook: &Hook, words: &[String], files: Files<'_>) -> Command {
    let project = session.project;
    let (program, arguments) = words.split_first().expect("a hook's command has at least one word");
    // A path with a folder in it begins at the project's folder, as every path of whimbrel.toml.
    let beside = project.folder.join(program);
    let is_path = program.contains('/') && beside.is_file();
    let mut command = if is_path { Command::new(beside) } else { Command::new(program) };
    command
        .args(arguments)
        .current_dir(&project.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("WHIMBREL_ENV", &project.environment.value)
        .env("WHIMBREL_PENDING", files.pending.join("\n"))
        .env("WHIMBREL_APPLIED", files.applied.join("\n"));
    if hook.url {
        return with_url(command, &project.url.value);
    }
    let password = project.url.value.password();
    for (name, value) in ProcessEnvironment::read().iter() {
        let is_password = password.as_ref().is_some_and(|password| password.expose() == value);
        let names_one = DatabaseUrl::parse(value).is_ok_and(|url| url.password().is_some());
        if is_password || names_one {
            command.env_remove(name);
        }
    }
    command
}

fn with_url(mut command: Command, url: &DatabaseUrl) -> Command {
    command.env("WHIMBREL_URL", url.expose());
    command
}

fn read_lines(stream: Option<impl Read + Send + 'static>, sender: Sender<String>) {
    let Some(stream) = stream else { return };
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if sender.blocking_send(text).is_err() {
                break;
            }
        }
    });
}

fn ending(status: ExitStatus) -> String {
    status.code().map_or_else(|| format!("it was ended ({status})"), |code| format!("it exited with {code}"))
}
