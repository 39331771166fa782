//! What answers a running migration: the transaction or the journal, the fence, the guards and the report.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bson::{Bson, Document};
use whimbrel_engine::document::{CommandError, Commands, SessionId};
use whimbrel_engine::{
    ActKind, Applied, Documents, EngineError, JournalEntry, JournalState, StatementReport,
};
use whimbrel_script::classify::{self, Effect};
use whimbrel_script::{
    Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Host, HostError, HostResult, StepDecision,
};

use super::acts::Acts;
use super::command::{destroys, documents_touched, from_kept, to_kept, together, unique_keys, upserting};
use super::pace::Pace;
use super::{Ended, TRANSIENT, preflight};
use crate::error::LifecycleError;
use crate::events::{Event, Moment, Observer};
use crate::migration::PlannedStep;
use crate::project::{Action, Project};

mod within;

use within::Within;

/// The code of a command that a transaction does not take.
const NOT_IN_TRANSACTION: [i32; 2] = [20, 263];

/// How a script's commands are kept together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// They are one transaction, in this session.
    Transaction(SessionId),
    /// The journal knows how far they came.
    Journal,
}

/// Why the host ended the run.
#[derive(Debug)]
pub(super) enum Halt {
    /// The script asks for what a transaction does not take.
    Alone { method: String },
    /// The transaction met another one.
    Conflict { reason: String },
    /// Something is wrong.
    Failed(Box<LifecycleError>),
}

impl Halt {
    /// The error of a halt where there is no other way to go.
    pub(super) fn into_error(self) -> LifecycleError {
        match self {
            Halt::Failed(error) => *error,
            Halt::Alone { method: reason } | Halt::Conflict { reason } => {
                EngineError::Refused { doing: "running a script".to_owned(), reason }.into()
            }
        }
    }
}

/// The result that the journal keeps of a command that the database refused.
pub(super) const REFUSED: &str = "refused";

/// Ends the run; why is kept in the host.
#[derive(Debug, thiserror::Error)]
#[error("the run was ended")]
struct Halted;

/// The host of one script.
pub(super) struct ScriptHost<'a> {
    documents: &'a mut dyn Documents,
    commands: Arc<dyn Commands>,
    project: &'a Project,
    planned: &'a PlannedStep,
    observer: &'a mut dyn Observer,
    way: Way,
    acts: Acts,
    allow_destructive: bool,
    may_open: bool,
    /// Whether a transaction takes every command.
    is_whole: bool,
    within: Option<Within>,
    /// The session of steps and chunks, opened when it is first needed.
    own: Option<SessionId>,
    /// The open transactions of the script's own sessions, and whether repeating them changes nothing.
    opened: HashMap<SessionId, Option<bool>>,
    /// Whether the transaction that the script runs in was ended by a refused command.
    is_broken: bool,
    /// How many commands that write were sent.
    sent: usize,
    /// The newest command's row, whose end is written with the next one: nothing goes by it while the script runs.
    settled: Option<JournalEntry>,
    /// The first command that repeating would not change, while no row stands.
    unrecorded: Option<String>,
    paces: HashMap<String, Pace>,
    /// The keys of the unique indexes of the collections that were asked for.
    uniques: HashMap<String, Vec<Vec<String>>>,
    applied: Applied,
    halt: Option<Halt>,
}

impl<'a> ScriptHost<'a> {
    pub(super) fn new(
        documents: &'a mut dyn Documents,
        (project, allow_destructive): (&'a Project, bool),
        planned: &'a PlannedStep,
        observer: &'a mut dyn Observer,
        way: Way,
        acts: Acts,
    ) -> Self {
        let commands = documents.commands();
        let transaction_off = super::words(planned).is_some_and(|words| words.transaction_off);
        let may_open = commands.deployment().transactions && !transaction_off;
        let is_whole = commands.whole_transactions().is_some();
        ScriptHost {
            documents,
            commands,
            project,
            planned,
            observer,
            way,
            acts,
            allow_destructive,
            may_open,
            is_whole,
            within: None,
            own: None,
            opened: HashMap::new(),
            is_broken: false,
            sent: 0,
            settled: None,
            unrecorded: None,
            paces: HashMap::new(),
            uniques: HashMap::new(),
            applied: Applied::default(),
            halt: None,
        }
    }

    /// Gives back what is open. An open transaction ends without effect.
    pub(super) async fn close(&mut self) {
        if let Some(session) = self.own.take() {
            self.commands.end_session(session).await;
        }
    }

    /// Whether the host has ended the run.
    pub(super) fn has_halted(&self) -> bool {
        self.halt.is_some()
    }

    /// Writes down what the script did before it failed, for whoever looks at it and for the next run.
    pub(super) async fn leave(&mut self) {
        let mut rows: Vec<_> = self.settled.take().into_iter().collect();
        if let Some(what) = self.unrecorded.take().filter(|_| !self.acts.has_rows()) {
            let row = self.acts.new_row(ActKind::Command, &what, true);
            rows.push(JournalEntry { state: JournalState::Done, ..row });
        }
        if !rows.is_empty() {
            // The error that led here matters more; what would change by being repeated is written down already.
            let _ = self.documents.write_journal(&rows, None).await;
        }
    }

    /// What is left when the script has ended.
    pub(super) fn into_ended(self) -> Ended {
        Ended { applied: self.applied, halt: self.halt, acts: self.acts, is_broken: self.is_broken }
    }

    fn stop<T>(&mut self, halt: Halt) -> HostResult<T> {
        self.halt.get_or_insert(halt);
        Err(HostError::stop(Halted))
    }

    fn fail<T>(&mut self, error: impl Into<LifecycleError>) -> HostResult<T> {
        self.stop(Halt::Failed(Box::new(error.into())))
    }

    fn moment(&mut self, moment: Moment) {
        let file = self.planned.file_name.clone();
        self.observer.event(&Event::Journal { file, position: self.sent.max(1), moment });
    }

    /// Sends a command, and passes a refusal on to the script.
    async fn send(&mut self, call: &Call, session: Option<SessionId>) -> HostResult<Document> {
        let database = call.database.as_deref().unwrap_or_else(|| self.commands.database()).to_owned();
        let started = Instant::now();
        let reply = self.commands.run_on(&database, call.command.clone(), session).await;
        if classify::is_write(&call.command) {
            let reached = reply.as_ref().ok().and_then(documents_touched);
            self.applied.statements.push(StatementReport {
                statement: StatementReport::shown(&call.method),
                duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
                rows: reached,
            });
        }
        match reply {
            Ok(reply) => Ok(reply),
            Err(CommandError::Refused(refusal)) => Err(HostError::Refused(refusal)),
            Err(error) => self.fail(super::command_error(error)),
        }
    }

    async fn in_transaction(
        &mut self,
        call: Call,
        session: SessionId,
        effect: Effect,
    ) -> HostResult<Document> {
        if self.is_broken {
            return self.stop(Halt::Alone { method: super::GOING_ON.to_owned() });
        }
        if !self.is_whole && !together(&call.command) {
            return match effect {
                // Looking at what is outside does no harm: the collections and indexes as they stand.
                Effect::Read => self.send(&call, None).await,
                _ => self.stop(Halt::Alone { method: call.method }),
            };
        }
        let sent = self.send(&call, Some(session)).await;
        match &sent {
            Err(HostError::Refused(refusal)) if refusal.labels.iter().any(|label| label == TRANSIENT) => {
                let reason = refusal.to_string();
                return self.stop(Halt::Conflict { reason });
            }
            // What was refused has taken back what it did itself, and no more.
            _ if self.is_whole => {}
            Err(HostError::Refused(refusal)) if NOT_IN_TRANSACTION.contains(&refusal.code) => {
                return self.stop(Halt::Alone { method: call.method });
            }
            Err(HostError::Refused(_)) => self.is_broken = true,
            Ok(reply) if reply.contains_key("writeErrors") => self.is_broken = true,
            _ => {}
        }
        if effect != Effect::Read {
            self.moment(Moment::Ran);
        }
        sent
    }

    async fn journalled(&mut self, call: Call, effect: Effect) -> HostResult<Document> {
        if !self.keeps_writers_out()
            && let Err(error) = self.documents.fence(None).await
        {
            return self.fail(error);
        }
        let idempotent = effect == Effect::Idempotent;
        if let Some(session) = call.session
            && let Some(open) = self.opened.get_mut(&session).filter(|open| open.is_some())
        {
            *open = Some(*open == Some(true) && idempotent);
            let sent = self.send(&call, Some(session)).await;
            self.moment(Moment::Ran);
            return sent;
        }
        if self.within.is_some() {
            return self.inside(call, idempotent).await;
        }
        if idempotent {
            let sent = self.send(&call, call.session).await;
            self.moment(Moment::Ran);
            if !matches!(sent, Err(HostError::Refused(_))) {
                self.unrecorded.get_or_insert(call.method);
            }
            return sent;
        }
        let mut row = self.acts.new_row(ActKind::Command, &call.method, false);
        self.write(&row, None).await?;
        self.moment(Moment::Intended);
        let sent = self.send(&call, call.session).await;
        self.moment(Moment::Ran);
        row.state = JournalState::Done;
        match &sent {
            Ok(_) => self.settled = Some(row),
            Err(HostError::Refused(_)) => {
                // A refused command changed nothing.
                if let Some(act) = &mut row.act {
                    act.idempotent = true;
                    act.result = Some(REFUSED.to_owned());
                }
                self.write(&row, None).await?;
                self.moment(Moment::Done);
            }
            // Nobody knows what became of it.
            Err(_) => {}
        }
        sent
    }

    async fn write(&mut self, row: &JournalEntry, session: Option<SessionId>) -> HostResult<()> {
        // What an aborted transaction took back would have to be written again.
        let settled = if session.is_none() { self.settled.take() } else { None };
        let rows: Vec<_> = settled.into_iter().chain([row.clone()]).collect();
        if let Err(error) = self.documents.write_journal(&rows, session).await {
            return self.fail(error);
        }
        self.acts.keep(row);
        Ok(())
    }

    /// The session that a command that reads belongs to.
    fn reading_session(&self, call: &Call) -> Option<SessionId> {
        let within = self.within.as_ref().is_some_and(|within| within.together == Some(true));
        let own = self.own.filter(|_| within && (self.is_whole || together(&call.command)));
        call.session.or(own)
    }

    /// Whether an open transaction of the script's holds the only right to write. The lock is not renewed then: that would
    /// wait for the transaction, before whose end nobody else can take the lock.
    fn keeps_writers_out(&self) -> bool {
        let within = self.within.as_ref().is_some_and(|within| within.together == Some(true));
        self.is_whole && (within || self.opened.values().any(Option::is_some))
    }

    /// The session whose open transaction sees what stands now; none where everybody does.
    fn seen_by(&self) -> Option<SessionId> {
        let within = self.within.as_ref().is_some_and(|within| within.together == Some(true));
        match self.way {
            _ if !self.is_whole => None,
            Way::Transaction(session) => Some(session),
            Way::Journal => self.own.filter(|_| within),
        }
    }

    /// What running a command again would do.
    async fn effect(&mut self, call: &Call) -> Effect {
        // Only an insertion where nothing matches goes by what is unique.
        if let Some(collection) = upserting(&call.command)
            && !self.uniques.contains_key(collection)
        {
            let database = call.database.as_deref().unwrap_or_else(|| self.commands.database()).to_owned();
            let list = bson::doc! { "listIndexes": collection };
            let listed = self.commands.run_on(&database, list, self.seen_by()).await;
            let keys = listed.map(|reply| unique_keys(&reply)).unwrap_or_default();
            self.uniques.insert(collection.to_owned(), keys);
        }
        let is_unique = |collection: &str, fields: &[&str]| {
            let keys = self.uniques.get(collection).map(Vec::as_slice).unwrap_or_default();
            keys.iter().any(|key| key.iter().all(|field| fields.contains(&field.as_str())))
        };
        classify::effect(&call.command, &is_unique)
    }
}

#[async_trait]
impl Host for ScriptHost<'_> {
    fn database(&self) -> &str {
        self.commands.database()
    }

    async fn command(&mut self, call: Call) -> HostResult<Document> {
        let effect = self.effect(&call).await;
        if effect != Effect::Read {
            self.sent += 1;
            if !self.allow_destructive
                && destroys(&call.command)
                && let Err(error) = self.project.guard(Action::Destructive)
            {
                return self.fail(error);
            }
            match preflight::look(&self.commands, self.planned, &call, self.seen_by()).await {
                Ok(notes) => notes.into_iter().for_each(|note| self.observer.event(&note)),
                Err(error) => return self.fail(error),
            }
        }
        let asked = preflight::looks_after(&call).then(|| call.clone());
        let sent = match self.way {
            Way::Transaction(session) => self.in_transaction(call, session, effect).await,
            Way::Journal if effect == Effect::Read => {
                let session = self.reading_session(&call);
                self.send(&call, session).await
            }
            Way::Journal => self.journalled(call, effect).await,
        };
        if let (Err(HostError::Refused(refusal)), Some(call)) = (&sent, asked)
            && let Err(error) =
                preflight::explain(&self.commands, self.planned, &call, (refusal, self.seen_by())).await
        {
            return self.fail(error);
        }
        sent
    }

    async fn start_session(&mut self) -> HostResult<SessionId> {
        if matches!(self.way, Way::Transaction(_)) {
            return self.stop(Halt::Alone { method: "startSession".to_owned() });
        }
        Ok(self.commands.start_session().await?)
    }

    async fn start_transaction(&mut self, session: SessionId) -> HostResult<()> {
        self.announce(session).await?;
        self.commands.start_transaction(session).await?;
        self.opened.insert(session, Some(true));
        Ok(())
    }

    async fn commit_transaction(&mut self, session: SessionId) -> HostResult<()> {
        if let Some(Some(idempotent)) = self.opened.insert(session, None) {
            if let Err(error) = self.documents.fence(Some(session)).await {
                return self.fail(error);
            }
            let mut row = self.acts.new_row(ActKind::Command, "a transaction of its own", idempotent);
            row.state = JournalState::Done;
            self.write(&row, Some(session)).await?;
        }
        self.commands.commit_transaction(session).await?;
        self.moment(Moment::Done);
        Ok(())
    }

    async fn abort_transaction(&mut self, session: SessionId) -> HostResult<()> {
        self.opened.remove(&session);
        Ok(self.commands.abort_transaction(session).await?)
    }

    async fn end_session(&mut self, session: SessionId) {
        self.opened.remove(&session);
        self.commands.end_session(session).await;
    }

    async fn step_begin(&mut self, name: &str) -> HostResult<StepDecision> {
        if matches!(self.way, Way::Transaction(_)) && self.is_whole {
            return Ok(StepDecision::Run);
        }
        if matches!(self.way, Way::Transaction(_)) {
            return self.stop(Halt::Alone { method: "step".to_owned() });
        }
        self.abandon().await;
        if let Some(row) = self.acts.kept(ActKind::Step, name).filter(|row| super::is_done(row)) {
            let kept = row.act.as_ref().and_then(|act| act.result.as_deref()).and_then(from_kept);
            return Ok(StepDecision::Skip(kept.unwrap_or(Bson::Null)));
        }
        self.within = Some(Within { kind: ActKind::Step, name: name.to_owned(), together: None });
        Ok(StepDecision::Run)
    }

    async fn step_done(&mut self, name: &str, result: &Bson) -> HostResult<()> {
        if matches!(self.way, Way::Transaction(_)) {
            return Ok(());
        }
        let mut row = self.acts.row(ActKind::Step, name, JournalState::Done);
        if let Some(act) = &mut row.act {
            act.result = Some(to_kept(result));
        }
        self.end_within(row).await?;
        self.moment(Moment::Done);
        Ok(())
    }

    async fn step_failed(&mut self, _name: &str) -> HostResult<()> {
        if matches!(self.way, Way::Transaction(_)) {
            // A step that failed has done nothing, which only a transaction of its own can see to.
            self.is_broken = true;
        }
        self.abandon().await;
        Ok(())
    }

    async fn batch_begin(&mut self, batch: &Batch) -> HostResult<BatchStart> {
        if matches!(self.way, Way::Transaction(_)) {
            return self.stop(Halt::Alone { method: "batch".to_owned() });
        }
        let kept = self.acts.kept(ActKind::Batch, &batch.name).cloned();
        let documents = kept.as_ref().map_or(0, |row| u64::try_from(row.rows).unwrap_or_default());
        if kept.as_ref().is_some_and(super::is_done) {
            return Ok(BatchStart::Finished { documents });
        }
        let pace = Pace::begin(self.commands.as_ref(), batch, documents).await;
        self.paces.insert(batch.name.clone(), pace);
        let Some(row) = kept else { return Ok(BatchStart::Beginning) };
        let key = row.cursor.as_deref().and_then(from_kept);
        Ok(key.map_or(BatchStart::Beginning, |key| BatchStart::After { key, documents }))
    }

    async fn batch_chunk(&mut self, batch: &Batch) -> HostResult<()> {
        self.within = Some(Within { kind: ActKind::Batch, name: batch.name.clone(), together: None });
        if self.may_open {
            self.open().await?;
            self.within =
                Some(Within { kind: ActKind::Batch, name: batch.name.clone(), together: Some(true) });
        }
        Ok(())
    }

    async fn batch_done(&mut self, batch: &Batch, progress: &BatchProgress) -> HostResult<()> {
        let state = if progress.finished { JournalState::Done } else { JournalState::Running };
        let mut row = self.acts.row(ActKind::Batch, &batch.name, state);
        row.cursor = progress.last_key.as_ref().map(to_kept).or(row.cursor);
        row.rows = i64::try_from(progress.documents).unwrap_or(i64::MAX);
        self.end_within(row).await?;
        self.moment(Moment::Batched);
        let file = self.planned.file_name.clone();
        if let Some(pace) = self.paces.get_mut(&batch.name) {
            self.observer.event(&pace.event(&file, self.sent.max(1), batch.size, progress.documents));
            if !progress.finished {
                pace.throttle(self.commands.as_ref(), &file, self.observer).await;
            }
        }
        if !progress.finished {
            tokio::time::sleep(batch.pause).await;
        }
        Ok(())
    }

    async fn batch_failed(&mut self, _batch: &Batch) -> HostResult<()> {
        self.abandon().await;
        Ok(())
    }

    fn console(&mut self, level: ConsoleLevel, text: String) {
        let file = self.planned.file_name.clone();
        self.observer.event(&Event::Output { file, level: word(level), text });
    }
}

/// Opens a transaction that takes as many kinds of commands as the deployment lets it.
pub(super) async fn open(
    commands: &Arc<dyn Commands>,
    session: SessionId,
) -> std::result::Result<(), CommandError> {
    match commands.whole_transactions() {
        Some(whole) => whole.start_whole_transaction(session).await,
        None => commands.start_transaction(session).await,
    }
}

fn word(level: ConsoleLevel) -> &'static str {
    match level {
        ConsoleLevel::Debug => "debug",
        ConsoleLevel::Info => "info",
        ConsoleLevel::Warn => "warning",
        ConsoleLevel::Error => "error",
    }
}
