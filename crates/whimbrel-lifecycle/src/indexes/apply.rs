//! Carrying a plan out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bson::Document;
use serde::Serialize;
use whimbrel_engine::document::Commands;
use whimbrel_engine::{Notice, Scope, Source, Statement, Watch as _};

use super::compare::Compared;
use super::plan::{Action, HIDDEN, IndexPlan, IndexStep, Manage, Planner, Work, hidden};
use crate::declared::DeclaredSchema;
use crate::error::{LifecycleError, Result};
use crate::events::{Event, Observer, Watched};
use crate::journal::settle_outside;
use crate::session::Session;

/// How often is looked how far a build has come.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What became of a step.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexOutcome {
    /// It was done.
    Done {
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// Something stood in its way: nothing was changed.
    Blocked,
    /// The server refused it: nothing of it was left behind.
    Failed {
        /// What the server said.
        reason: String,
    },
}

/// What `index apply` did.
#[derive(Clone, Debug, Serialize)]
pub struct IndexReport {
    /// The steps with what became of them.
    pub steps: Vec<(IndexStep, IndexOutcome)>,
    /// What was left as it is, in words.
    pub left: Vec<String>,
}

impl IndexReport {
    /// Whether every step was done.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.steps.iter().all(|(_, outcome)| matches!(outcome, IndexOutcome::Done { .. }))
    }
}

/// Makes a plan under the deployers' lock and carries it out, a step after the other. What stands in the way of one step does
/// not hinder the others.
///
/// # Errors
/// The lock is not to be had or was lost, or the database cannot be read.
pub async fn apply(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    manage: Manage,
    observer: &mut dyn Observer,
) -> Result<IndexReport> {
    session.engine.lock(session.lock_timeout).await?;
    let outcome = apply_locked(session, declared, manage, observer).await;
    let unlocked = session.engine.unlock().await;
    let report = outcome?;
    unlocked?;
    Ok(report)
}

async fn apply_locked(
    session: &mut Session<'_>,
    declared: &DeclaredSchema,
    manage: Manage,
    observer: &mut dyn Observer,
) -> Result<IndexReport> {
    session.engine.prepare().await?;
    let compared = Compared::read(session, declared).await?;
    let IndexPlan { steps, left } = Planner::new(session, compared, manage).await?.plan(session).await?;
    let total = steps.len();
    let mut report = IndexReport { steps: Vec::with_capacity(total), left };
    for (place, step) in steps.into_iter().enumerate() {
        let outcome = match &step.obstacle {
            Some(_) => IndexOutcome::Blocked,
            None => {
                observer.event(&Event::IndexStarted {
                    index: format!("{}.{}", step.table, step.index),
                    action: step.action.as_str(),
                    position: place + 1,
                    total,
                });
                carry_out(session, &step, observer).await?
            }
        };
        report.steps.push((step, outcome));
    }
    Ok(report)
}

async fn carry_out(
    session: &mut Session<'_>,
    step: &IndexStep,
    observer: &mut dyn Observer,
) -> Result<IndexOutcome> {
    let started = Instant::now();
    session.engine.keep_lock().await?;
    let done = match &step.work {
        Work::Outside(statements) => outside(session, step, statements, observer).await,
        Work::Together(statements) => together(session, step, statements, observer).await,
        Work::Commands(commands) => run_commands(session, step, commands, observer).await,
    };
    match done {
        Ok(()) => {
            note_hidden(session, step).await?;
            let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let index = format!("{}.{}", step.table, step.index);
            observer.event(&Event::IndexDone { index, action: step.action.as_str(), duration_ms });
            Ok(IndexOutcome::Done { duration_ms })
        }
        Err(LifecycleError::Engine(
            error @ (whimbrel_engine::EngineError::StatementFailed { .. }
            | whimbrel_engine::EngineError::Refused { .. }),
        )) => Ok(IndexOutcome::Failed { reason: error.to_string() }),
        Err(error) => Err(error),
    }
}

fn source(step: &IndexStep, statements: &[String]) -> (Source, Vec<Statement>) {
    let mut text = String::new();
    let mut placed = Vec::with_capacity(statements.len());
    for sql in statements {
        placed.push(Statement::new(sql.clone(), text.len()));
        text.push_str(sql);
        text.push_str(";\n");
    }
    (
        Source { name: format!("{} of index {}", step.action.as_str(), step.index), text: Arc::from(text) },
        placed,
    )
}

async fn outside(
    session: &mut Session<'_>,
    step: &IndexStep,
    statements: &[String],
    observer: &mut dyn Observer,
) -> Result<()> {
    let (source, statements) = source(step, statements);
    let mut watched = Watched { file: &step.index, observer };
    for statement in &statements {
        settle_outside(session, &source, statement, &mut watched).await?;
    }
    Ok(())
}

async fn together(
    session: &mut Session<'_>,
    step: &IndexStep,
    statements: &[String],
    observer: &mut dyn Observer,
) -> Result<()> {
    let (source, statements) = source(step, statements);
    let mut watched = Watched { file: &step.index, observer };
    session.relational()?.run_unrecorded(&source, &statements, &mut watched).await?;
    Ok(())
}

async fn run_commands(
    session: &mut Session<'_>,
    step: &IndexStep,
    commands: &[Document],
    observer: &mut dyn Observer,
) -> Result<()> {
    let engine = session.documents()?.commands();
    for command in commands {
        session.engine.keep_lock().await?;
        run_command(session, &engine, step, command, observer).await?;
    }
    Ok(())
}

/// Runs a command, and looks meanwhile how far it has come.
async fn run_command(
    session: &mut Session<'_>,
    engine: &Arc<dyn Commands>,
    step: &IndexStep,
    command: &Document,
    observer: &mut dyn Observer,
) -> Result<()> {
    let doing = format!("{} of index {} of {}", step.action.as_str(), step.index, step.table);
    let database = engine.database().to_owned();
    let running = engine.run(command.clone());
    tokio::pin!(running);
    let mut watched = Watched { file: &step.index, observer };
    loop {
        tokio::select! {
            done = &mut running => {
                return match done {
                    Ok(_) => Ok(()),
                    Err(error) => Err(error.while_doing(&database, &doing).into()),
                };
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let used = session.engine.index_use(&Scope { schemas: Vec::new() }).await.unwrap_or_default();
        let own = used.iter().find(|index| index.name == step.index && index.table.name == step.table);
        if let Some(build) = own.and_then(|index| index.build.clone()) {
            watched.notice(Notice::Progress { phase: build.phase, done: build.done, total: build.total });
        }
    }
}

/// Notes when an index was hidden that is to be dropped, and forgets one that was dropped.
async fn note_hidden(session: &mut Session<'_>, step: &IndexStep) -> Result<()> {
    if !matches!(step.action, Action::Hide | Action::Drop) {
        return Ok(());
    }
    let mut known = hidden(session).await?;
    let name = format!("{}.{}", step.table, step.index);
    let changed = match step.action {
        Action::Hide => known.insert(name, jiff::Timestamp::now().as_second()).is_none(),
        _ => known.remove(&name).is_some(),
    };
    if changed {
        let text = serde_json::to_string(&known).expect("names and numbers always have a JSON form");
        session.engine.record(HIDDEN, &text).await?;
    }
    Ok(())
}
