//! Running one JavaScript migration: as one transaction where the deployment takes it, else under the journal.
//!
//! Under the journal every command that repeating would change, every step and every batch leaves a row before it runs; of
//! others one is written where the script fails. After a crash the script runs again where nothing of what it had begun
//! outside its finished steps and batches would change by being repeated; else it stops and says what it did.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use miette::{Diagnostic, LabeledSpan, SourceCode};
use whimbrel_engine::document::{CommandError, SessionId};
use whimbrel_engine::{Applied, JournalEntry, JournalState, Notice};
use whimbrel_script::{Entry, Files, Limits, ScriptError, Settings};

use crate::error::{LifecycleError, Result};
use crate::events::{Event, Guarantee, Moment};
use crate::journal::Run;
use crate::migration::{Direction, Language, MigrationError, PlannedStep, ScriptWords};
use crate::session::Session;

mod acts;
mod ahead;
mod command;
mod dry;
mod host;
mod pace;
mod preflight;

pub(crate) use ahead::Ahead;
pub use dry::{DryAct, rehearse};

use acts::Acts;
use host::{Halt, ScriptHost, Way};

/// How often a transaction is tried again that met another one.
const TRANSACTION_ATTEMPTS: u32 = 5;
/// The pause before the second attempt; each later one is twice as long.
const FIRST_PAUSE_MS: u64 = 50;

/// The words of a script; none where the step is SQL.
pub(crate) fn words(planned: &PlannedStep) -> Option<ScriptWords> {
    match planned.language {
        Language::JavaScript(words) => Some(words),
        Language::Sql => None,
    }
}

/// What is promised of a script should it be interrupted.
pub(crate) fn guarantee(session: &mut Session<'_>, words: ScriptWords) -> Result<Guarantee> {
    let commands = session.documents()?.commands();
    let is_whole = commands.whole_transactions().is_some();
    let stands_alone = if is_whole { words.has_transactions } else { words.stands_alone };
    let together = commands.deployment().transactions && !stands_alone && !words.transaction_off;
    Ok(if together { Guarantee::Transaction } else { Guarantee::Journal })
}

/// Runs a script, or goes on with what an earlier run left of it.
pub(crate) async fn run_step(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    words: ScriptWords,
) -> Result<Applied> {
    let entries = session.engine.journal().entries().await?;
    if entries.is_empty() && guarantee(session, words)? == Guarantee::Transaction {
        for attempt in 1..=TRANSACTION_ATTEMPTS {
            match run_together(session, run).await? {
                Outcome::Done(applied) => return Ok(applied),
                Outcome::Alone { method } => {
                    let file = run.planned.file_name.clone();
                    run.observer.event(&Event::Journalled { file, method });
                    break;
                }
                Outcome::Conflict { reason } if attempt < TRANSACTION_ATTEMPTS => {
                    pause(run, attempt, reason).await;
                }
                Outcome::Conflict { reason } => {
                    let file = run.planned.file_name.clone();
                    return Err(
                        MigrationError::TransactionConflict { file, attempts: attempt, reason }.into()
                    );
                }
            }
        }
    }
    run_journalled(session, run, entries).await
}

async fn pause(run: &mut Run<'_>, attempt: u32, reason: String) {
    let pause_ms = FIRST_PAUSE_MS << (attempt - 1);
    let notice = Notice::Retry { reason, attempt, attempts: TRANSACTION_ATTEMPTS, pause_ms };
    run.observer.event(&Event::Notice { file: run.planned.file_name.clone(), notice });
    tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
}

/// What a script does that catches the refusal of a command: the transaction has ended by it.
const GOING_ON: &str = "going on after a refused command";

/// How an attempt to run a script as one transaction ended.
enum Outcome {
    /// It stands, with its change to the history.
    Done(Applied),
    /// It asks for what a transaction does not take; nothing of it stands.
    Alone { method: String },
    /// It met another transaction; nothing of it stands.
    Conflict { reason: String },
}

async fn run_together(session: &mut Session<'_>, run: &mut Run<'_>) -> Result<Outcome> {
    let commands = session.documents()?.commands();
    let transaction = commands.start_session().await.map_err(command_error)?;
    let outcome = in_transaction(session, run, transaction).await;
    if !matches!(outcome, Ok(Outcome::Done(_))) {
        // The error that led here matters more; the server ends what is left of it by itself.
        let _ = commands.abort_transaction(transaction).await;
    }
    commands.end_session(transaction).await;
    outcome
}

async fn in_transaction(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    transaction: SessionId,
) -> Result<Outcome> {
    let commands = session.documents()?.commands();
    session.documents()?.announce(transaction).await?;
    host::open(&commands, transaction).await.map_err(command_error)?;
    let started = Instant::now();
    let (ended, host) = call(session, run, Way::Transaction(transaction), Acts::default()).await?;
    let (applied, halt, is_broken) = (host.applied, host.halt, host.is_broken);
    match (ended, halt) {
        (_, Some(Halt::Alone { method })) => return Ok(Outcome::Alone { method }),
        (_, Some(Halt::Conflict { reason })) => return Ok(Outcome::Conflict { reason }),
        (_, Some(Halt::Failed(error))) => return Err(*error),
        (Err(error), None) => return Err(ScriptFailure::undone(error).into()),
        // It caught the refusal and has ended well: what it wants stands only without a transaction.
        (Ok(_), None) if is_broken => return Ok(Outcome::Alone { method: GOING_ON.to_owned() }),
        (Ok(_), None) => {}
    }
    let duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    let change = run.planned.step.history.clone();
    let documents = session.documents()?;
    documents.fence(Some(transaction)).await?;
    documents.change_history(&change, duration_ms, Some(transaction)).await?;
    match commands.commit_transaction(transaction).await {
        Ok(()) => {
            run.journal(1, Moment::Finished);
            Ok(Outcome::Done(Applied { duration_ms, ..applied }))
        }
        Err(error) if error.has_label(TRANSIENT) => Ok(Outcome::Conflict { reason: error.to_string() }),
        Err(error) => Err(command_error(error)),
    }
}

/// The label of an error after which a transaction may be tried again as a whole.
pub(super) const TRANSIENT: &str = "TransientTransactionError";

async fn run_journalled(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    entries: Vec<JournalEntry>,
) -> Result<Applied> {
    let acts = Acts::resume(run.planned, entries)?;
    let earlier_ms = acts.duration_ms();
    let started = Instant::now();
    let (ended, host) = call(session, run, Way::Journal, acts).await?;
    let (mut applied, halt, written) = (host.applied, host.halt, host.acts.has_rows());
    if let Some(halt) = halt {
        return Err(halt.into_error());
    }
    ended.map_err(|error| ScriptFailure::journalled(error, written))?;
    applied.duration_ms = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    applied.duration_ms = applied.duration_ms.saturating_add(earlier_ms);
    session.documents()?.fence(None).await?;
    session.engine.journal().finish(&run.planned.step.history, applied.duration_ms).await?;
    run.journal(1, Moment::Finished);
    Ok(applied)
}

/// What is left of a host after its script has ended.
struct Ended {
    applied: Applied,
    halt: Option<Halt>,
    acts: Acts,
    /// Whether a refused command has ended the transaction.
    is_broken: bool,
}

/// Calls a script's function with a host that goes this way.
async fn call(
    session: &mut Session<'_>,
    run: &mut Run<'_>,
    way: Way,
    acts: Acts,
) -> Result<(std::result::Result<bson::Bson, ScriptError>, Ended)> {
    let planned = run.planned;
    let settings = settings(session);
    let guards = (session.project, session.allow_destructive);
    let documents = session.documents()?;
    let database = documents.commands().database().to_owned();
    let prepared = run.ahead.take(planned, &database, &settings);
    run.ahead.prepare(run.next, &database, &settings);
    let mut host = ScriptHost::new(documents, guards, planned, run.observer, way, acts);
    let ended = match prepared {
        Ok(prepared) => prepared.run(&mut host).await,
        Err(error) => Err(error),
    };
    host.close().await;
    if way == Way::Journal && (ended.is_err() || host.has_halted()) {
        host.leave().await;
    }
    Ok((ended, host.into_ended()))
}

/// The export that a direction calls.
fn entry(direction: Direction) -> Entry {
    match direction {
        Direction::Up => Entry::Up,
        Direction::Down => Entry::Down,
    }
}

/// What every script of the project is given.
pub(crate) fn settings(session: &Session<'_>) -> Settings {
    let project = session.project;
    let environment = BTreeMap::from([
        ("NODE_ENV".to_owned(), project.environment.value.clone()),
        ("WHIMBREL_ENV".to_owned(), project.environment.value.clone()),
    ]);
    let files: Arc<dyn Files> = Arc::new(FolderFiles { folder: project.migrations_folder.value.clone() });
    Settings { limits: Limits::default(), environment, files: Some(files) }
}

/// The files of the migrations folder.
struct FolderFiles {
    folder: PathBuf,
}

impl Files for FolderFiles {
    fn read(&self, path: &str) -> std::io::Result<Option<String>> {
        match std::fs::read_to_string(self.folder.join(path)) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A command's error as the use cases tell it.
pub(crate) fn command_error(error: CommandError) -> LifecycleError {
    match error {
        CommandError::Engine(error) => (*error).into(),
        other => whimbrel_engine::EngineError::Refused {
            doing: "running a script".to_owned(),
            reason: other.to_string(),
        }
        .into(),
    }
}

/// A script that did not run to its end, and what stands of it.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct ScriptFailure {
    /// Why.
    error: ScriptError,
    /// What stands of it, in words.
    standing: &'static str,
}

impl ScriptFailure {
    fn undone(error: ScriptError) -> Self {
        ScriptFailure { error, standing: "nothing of the file stands: it was one transaction" }
    }

    fn rehearsed(error: ScriptError) -> Self {
        ScriptFailure { error, standing: "it was a rehearsal: nothing was changed" }
    }

    fn journalled(error: ScriptError, written: bool) -> Self {
        let standing = if written {
            "what it did before that stands, and the journal knows: `whimbrel migrate status` shows it"
        } else {
            "it had changed nothing yet: correct the file, and run the same command again"
        };
        ScriptFailure { error, standing }
    }
}

impl Diagnostic for ScriptFailure {
    fn code<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.error.code()
    }

    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        let text = match self.error.help() {
            Some(help) => format!("{help}\n{}", self.standing),
            None => self.standing.to_owned(),
        };
        Some(Box::new(text))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.error.source_code()
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.error.labels()
    }
}

/// Whether a row of the journal stands for something finished.
fn is_done(entry: &JournalEntry) -> bool {
    entry.state == JournalState::Done
}
