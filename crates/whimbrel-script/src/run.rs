//! Running a script: its thread, and the task that serves its host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use bson::Bson;
use tokio::sync::{mpsc, oneshot};
use whimbrel_engine::Source;

use crate::error::ScriptError;
use crate::facts::ModuleFacts;
use crate::host::Host;
use crate::line::{Desk, Line, QUEUE};
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

/// Runs a script on a thread of its own, and serves what it asks of its host.
///
/// Gives what the entry returned, as far as that is BSON. When this returns, the thread is gone and every session that the
/// script opened was given back. When the future is dropped, the thread ends by itself; the open sessions are the host's.
///
/// # Errors
/// Whatever keeps the script from its end, with the place in the user's file where there is one.
pub async fn run(
    source: &Source,
    entry: Entry,
    host: &mut dyn Host,
    settings: &Settings,
) -> Result<Bson, ScriptError> {
    let (requests, mut inbox) = mpsc::channel(QUEUE);
    let (report, outcome) = oneshot::channel();
    let ended = Arc::new(AtomicBool::new(false));
    let _end = EndOnDrop(Arc::clone(&ended));
    let line = Line::new(requests, ended);
    let (file, text) = (source.name.clone(), Arc::clone(&source.text));
    let (database, settings) = (host.database().to_owned(), settings.clone());
    let work = move || {
        let state = State::new(file, database, settings, Some(line));
        // Nobody waits any more where the run was dropped.
        let _ = report.send(runtime::work(&text, &Job::Run(entry), state));
    };
    let thread = spawn(source, work)?;
    let mut desk = Desk::new(host);
    while let Some((request, answer)) = inbox.recv().await {
        // A line of output waits for no answer.
        let _ = answer.send(desk.serve(request).await);
    }
    let outcome = outcome.await;
    desk.close().await;
    // It has sent its last word, so that this does not wait.
    let joined = thread.join();
    match outcome {
        Ok(Ok(Done::Ran(value))) => Ok(value),
        Ok(Err(error)) => Err(error),
        Ok(Ok(Done::Checked(_))) | Err(_) => Err(broken(source, joined.is_err())),
    }
}

/// Reads a script and finds out what it exports. A CommonJS file or module is loaded, without database; a mongosh script is only parsed.
///
/// # Errors
/// It is not JavaScript, it throws while it is loaded, or nothing can be run of it.
pub fn check(source: &Source, settings: &Settings) -> Result<ModuleFacts, ScriptError> {
    let (file, text, settings) = (source.name.clone(), Arc::clone(&source.text), settings.clone());
    let work = move || {
        let state = State::new(file, String::new(), settings, None);
        runtime::work(&text, &Job::Check, state)
    };
    match spawn(source, work)?.join() {
        Ok(Ok(Done::Checked(facts))) => Ok(facts),
        Ok(Err(error)) => Err(error),
        Ok(Ok(Done::Ran(_))) => Err(broken(source, false)),
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
