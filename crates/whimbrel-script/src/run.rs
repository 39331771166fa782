//! Running a script: its thread, which may be prepared ahead, and the task that serves its host.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread;

use bson::Bson;
use tokio::sync::{mpsc, oneshot};
use whimbrel_engine::Source;

use crate::error::ScriptError;
use crate::facts::ModuleFacts;
use crate::host::Host;
use crate::line::{Desk, Envelope, Line, QUEUE};
use crate::runtime::{self, Done, Job};
use crate::settings::Settings;
use crate::state::State;

/// What of a script is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The exported `up`; a mongosh script as a whole.
    Up,
    /// The exported `down`.
    Down,
    /// The exported `seed`.
    Seed,
    /// A mongosh script; of a module, the `up`.
    Whole,
}

impl Entry {
    /// The name of the export.
    pub(crate) fn export(self) -> &'static str {
        match self {
            Entry::Up | Entry::Whole => "up",
            Entry::Down => "down",
            Entry::Seed => "seed",
        }
    }
}

/// Ends the script's thread when the run is dropped.
struct EndOnDrop(Arc<AtomicBool>);

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A script whose engine stands ready on a thread of its own, and that has not begun.
///
/// When it is dropped, nothing of the script has run, and the thread ends by itself.
#[derive(Debug)]
pub struct Prepared {
    source: Source,
    thread: thread::JoinHandle<()>,
    begin: blocking::SyncSender<()>,
    inbox: mpsc::Receiver<Envelope>,
    outcome: oneshot::Receiver<Result<Done, ScriptError>>,
    ended: Arc<AtomicBool>,
}

/// Prepares a script while something else is waited for: an engine takes about a millisecond of computing. `database` is the
/// one that its host will name.
///
/// # Errors
/// No thread could be started.
pub fn prepare(
    source: &Source,
    entry: Entry,
    database: &str,
    settings: &Settings,
) -> Result<Prepared, ScriptError> {
    let (requests, inbox) = mpsc::channel(QUEUE);
    let (report, outcome) = oneshot::channel();
    let (begin, begun) = blocking::sync_channel(1);
    let ended = Arc::new(AtomicBool::new(false));
    let line = Line::new(requests, Arc::clone(&ended));
    let (file, text) = (source.name.clone(), Arc::clone(&source.text));
    let (database, settings) = (database.to_owned(), settings.clone());
    let work = move || {
        let state = State::new(file, database, settings, Some(line));
        // Nobody waits any more where the run was dropped.
        let report = |done| drop(report.send(done));
        runtime::work(&text, &Job::Run(entry), state, || begun.recv().is_ok(), report);
    };
    let thread = spawn(source, work)?;
    Ok(Prepared { source: source.clone(), thread, begin, inbox, outcome, ended })
}

impl Prepared {
    /// Runs the script, and serves what it asks of its host.
    ///
    /// Gives what the entry returned, as far as that is BSON. When this returns, the script is over, and every session that
    /// it opened was given back. When the future is dropped, the thread ends by itself; the open sessions are the host's.
    ///
    /// # Errors
    /// Whatever keeps the script from its end, with the place in the user's file where there is one.
    pub async fn run(self, host: &mut dyn Host) -> Result<Bson, ScriptError> {
        let Prepared { source, thread, begin, mut inbox, outcome, ended } = self;
        let _end = EndOnDrop(ended);
        // Where the thread has ended, there is no outcome either.
        let _ = begin.send(());
        let mut desk = Desk::new(host);
        let mut outcome = pin!(outcome);
        // The outcome comes after the last request was answered, and before the engine is taken down.
        let outcome = loop {
            tokio::select! {
                biased;
                request = inbox.recv() => match request {
                    // A line of output waits for no answer.
                    Some((request, answer)) => drop(answer.send(desk.serve(request).await)),
                    None => break outcome.await,
                },
                outcome = &mut outcome => break outcome,
            }
        };
        desk.close().await;
        match outcome {
            Ok(Ok(Done::Ran(value))) => Ok(value),
            Ok(Err(error)) => Err(error),
            Ok(Ok(Done::Checked(_))) => Err(broken(&source, false)),
            // It is at its end, so that this does not wait.
            Err(_) => Err(broken(&source, thread.join().is_err())),
        }
    }
}

/// Prepares a script, and runs it.
///
/// # Errors
/// As [`prepare`] and [`Prepared::run`].
pub async fn run(
    source: &Source,
    entry: Entry,
    host: &mut dyn Host,
    settings: &Settings,
) -> Result<Bson, ScriptError> {
    let database = host.database().to_owned();
    prepare(source, entry, &database, settings)?.run(host).await
}

/// Reads a script and finds out what it exports. A CommonJS file or module is loaded, without database; a mongosh script is only parsed.
///
/// # Errors
/// It is not JavaScript, it throws while it is loaded, or nothing can be run of it.
pub fn check(source: &Source, settings: &Settings) -> Result<ModuleFacts, ScriptError> {
    let (file, text, settings) = (source.name.clone(), Arc::clone(&source.text), settings.clone());
    let work = move || {
        let state = State::new(file, String::new(), settings, None);
        let mut done = None;
        runtime::work(&text, &Job::Check, state, || true, |outcome| done = Some(outcome));
        done
    };
    match spawn(source, work)?.join() {
        Ok(Some(Ok(Done::Checked(facts)))) => Ok(facts),
        Ok(Some(Err(error))) => Err(error),
        Ok(Some(Ok(Done::Ran(_))) | None) => Err(broken(source, false)),
        Err(_) => Err(broken(source, true)),
    }
}

fn spawn<T: Send + 'static>(
    source: &Source,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<thread::JoinHandle<T>, ScriptError> {
    let builder = thread::Builder::new().name("script".to_owned()).stack_size(runtime::THREAD_STACK_BYTES);
    builder.spawn(work).map_err(|error| ScriptError::Engine {
        file: source.name.clone(),
        reason: format!("no thread could be started: {error}"),
    })
}

fn broken(source: &Source, panicked: bool) -> ScriptError {
    let reason =
        if panicked { "its thread ended by a defect of Whimbrel" } else { "its thread ended without a word" };
    ScriptError::Engine { file: source.name.clone(), reason: reason.to_owned() }
}
