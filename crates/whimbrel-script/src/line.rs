//! The line between the script's thread and the task that serves its host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::time::Duration;

use bson::{Bson, Document};
use tokio::sync::mpsc;
use whimbrel_engine::document::SessionId;

use crate::host::{Batch, BatchProgress, BatchStart, Call, ConsoleLevel, Host, HostResult, StepDecision};

/// How many requests may lie unread: lines of output are not waited for.
pub(crate) const QUEUE: usize = 16;

/// What a script asks for.
pub(crate) enum Request {
    Command(Call),
    StartSession,
    StartTransaction(SessionId),
    CommitTransaction(SessionId),
    AbortTransaction(SessionId),
    EndSession(SessionId),
    StepBegin(String),
    StepDone(String, Bson),
    StepFailed(String),
    BatchBegin(Batch),
    BatchChunk(Batch),
    BatchDone(Batch, BatchProgress),
    BatchFailed(Batch),
    Console(ConsoleLevel, String),
    Sleep(Duration),
}

/// What it gets.
pub(crate) enum Answer {
    Nothing,
    Document(Document),
    Session(SessionId),
    Step(StepDecision),
    Batch(BatchStart),
}

/// A request, and where its answer goes.
pub(crate) type Envelope = (Request, blocking::SyncSender<HostResult<Answer>>);

/// The script's end of the line.
pub(crate) struct Line {
    requests: mpsc::Sender<Envelope>,
    ended: Arc<AtomicBool>,
}

/// Nobody listens any more: the run was dropped.
pub(crate) struct HungUp;

impl Line {
    pub(crate) fn new(requests: mpsc::Sender<Envelope>, ended: Arc<AtomicBool>) -> Self {
        Line { requests, ended }
    }

    /// Whether the run was dropped.
    pub(crate) fn hung_up(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    /// Asks, and blocks this thread until the answer is there.
    pub(crate) fn ask(&self, request: Request) -> Result<HostResult<Answer>, HungUp> {
        let (answer, answered) = blocking::sync_channel(1);
        self.requests.blocking_send((request, answer)).map_err(|_| HungUp)?;
        answered.recv().map_err(|_| HungUp)
    }

    /// Tells without waiting.
    pub(crate) fn tell(&self, request: Request) -> Result<(), HungUp> {
        let (answer, _) = blocking::sync_channel(1);
        self.requests.blocking_send((request, answer)).map_err(|_| HungUp)
    }
}

/// The host's end of the line.
pub(crate) struct Desk<'host> {
    host: &'host mut dyn Host,
    sessions: Vec<SessionId>,
}

impl<'host> Desk<'host> {
    pub(crate) fn new(host: &'host mut dyn Host) -> Self {
        Desk { host, sessions: Vec::new() }
    }

    /// Serves one request.
    pub(crate) async fn serve(&mut self, request: Request) -> HostResult<Answer> {
        let host = &mut *self.host;
        Ok(match request {
            Request::Command(call) => Answer::Document(host.command(call).await?),
            Request::StartSession => {
                let session = host.start_session().await?;
                self.sessions.push(session);
                Answer::Session(session)
            }
            Request::StartTransaction(session) => nothing(host.start_transaction(session).await?),
            Request::CommitTransaction(session) => nothing(host.commit_transaction(session).await?),
            Request::AbortTransaction(session) => nothing(host.abort_transaction(session).await?),
            Request::EndSession(session) => {
                self.sessions.retain(|open| *open != session);
                host.end_session(session).await;
                Answer::Nothing
            }
            Request::StepBegin(name) => Answer::Step(host.step_begin(&name).await?),
            Request::StepDone(name, result) => nothing(host.step_done(&name, &result).await?),
            Request::StepFailed(name) => nothing(host.step_failed(&name).await?),
            Request::BatchBegin(batch) => Answer::Batch(host.batch_begin(&batch).await?),
            Request::BatchChunk(batch) => nothing(host.batch_chunk(&batch).await?),
            Request::BatchDone(batch, progress) => nothing(host.batch_done(&batch, &progress).await?),
            Request::BatchFailed(batch) => nothing(host.batch_failed(&batch).await?),
            Request::Console(level, text) => {
                host.console(level, text);
                Answer::Nothing
            }
            Request::Sleep(pause) => {
                tokio::time::sleep(pause).await;
                Answer::Nothing
            }
        })
    }

    /// Gives back the sessions that the script left open.
    pub(crate) async fn close(self) {
        for session in self.sessions {
            self.host.end_session(session).await;
        }
    }
}

fn nothing(_: ()) -> Answer {
    Answer::Nothing
}
