//! What a use case tells while it works. The caller shows it; this crate prints nothing.

use serde::Serialize;
use whimbrel_engine::{LockWait, Notice, StatementReport, Watch};

use crate::hooks::HookMoment;
use crate::migration::Direction;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A migration's step begins.
    StepStarted {
        /// Up or down.
        direction: Direction,
        /// The file.
        file: String,
        /// Its place in the plan, from 1.
        position: usize,
        /// The number of steps in the plan.
        total: usize,
        /// The statements of the file, as written.
        statements: Vec<String>,
        /// What is promised should it be interrupted.
        guarantee: Guarantee,
    },
    /// A unit of a file that is not one transaction is about to run.
    UnitStarted {
        /// The file.
        file: String,
        /// The unit's place, from 1.
        position: usize,
        /// The number of units.
        total: usize,
        /// Its first statement's first words.
        statement: String,
    },
    /// The journal's next row stands, or what it speaks of has just happened.
    Journal {
        /// The file.
        file: String,
        /// The unit's place, from 1.
        position: usize,
        /// What happened.
        moment: Moment,
    },
    /// A unit stands.
    UnitDone {
        /// The file.
        file: String,
        /// The unit's place, from 1.
        position: usize,
        /// The number of units.
        total: usize,
        /// How long it took, in milliseconds.
        duration_ms: i64,
        /// Whether an earlier run did it.
        earlier: bool,
    },
    /// Another batch stands.
    Batch {
        /// The file.
        file: String,
        /// The unit's place, from 1.
        position: usize,
        /// How many rows it covered at most.
        size: u64,
        /// The rows that the statement has passed, or more where rows came in meanwhile.
        done: u64,
        /// The rows of the table; an estimate for a large one.
        total: Option<u64>,
        /// The time left at this speed, in milliseconds.
        left_ms: Option<u64>,
    },
    /// A batch waits until the replicas have caught up.
    Throttled {
        /// The file.
        file: String,
        /// How far the slowest replica is behind, in milliseconds.
        lag_ms: u64,
    },
    /// What the engine tells while a statement runs.
    Notice {
        /// The file.
        file: String,
        /// What.
        #[serde(flatten)]
        notice: Notice,
    },
    /// A script asks for something that a transaction does not take: what it had done was taken back, and it runs
    /// under the journal.
    Journalled {
        /// The file.
        file: String,
        /// What it asked for.
        method: String,
    },
    /// A script wrote a line.
    Output {
        /// The file.
        file: String,
        /// `debug`, `info`, `warning` or `error`.
        level: &'static str,
        /// The line.
        text: String,
    },
    /// Lint found something in a step that is about to run.
    Finding {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// `note`, `warning` or `error`.
        severity: &'static str,
        /// The rule's code.
        code: &'static str,
        /// What happens to which object.
        reason: String,
        /// The lock that is taken, on what, for how long; empty where there is none.
        lock: String,
    },
    /// The preflight counted something that a step takes away.
    Counted {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// What was counted, in words.
        what: String,
    },
    /// A migration's step is done and stands in the history.
    StepDone {
        /// Up or down.
        direction: Direction,
        /// The file.
        file: String,
        /// How long its statements took.
        duration_ms: i64,
        /// Each statement with its time.
        statements: Vec<StatementReport>,
        /// The locks that it was seen to wait for.
        waits: Vec<LockWait>,
    },
    /// An index is about to be built, changed or dropped.
    IndexStarted {
        /// The index with its table.
        index: String,
        /// What is done with it, in a word.
        action: &'static str,
        /// Its place in the plan, from 1.
        position: usize,
        /// The number of steps in the plan.
        total: usize,
    },
    /// An index is as it is meant to be.
    IndexDone {
        /// The index with its table.
        index: String,
        /// What was done with it, in a word.
        action: &'static str,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A hook begins.
    HookStarted {
        /// When it runs.
        moment: HookMoment,
        /// The hook, as whimbrel.toml names it.
        hook: String,
    },
    /// A hook's command wrote a line.
    HookOutput {
        /// The line.
        line: String,
    },
    /// A hook is done.
    HookDone {
        /// When it ran.
        moment: HookMoment,
        /// The hook, as whimbrel.toml names it.
        hook: String,
        /// How long it took.
        duration_ms: i64,
    },
}

/// What is promised of a step should it be interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Guarantee {
    /// It is one transaction: all of it stands, or nothing.
    Transaction,
    /// It is journalled: what stands is known, and the next run goes on there.
    Journal,
}

impl Guarantee {
    /// The promise in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Guarantee::Transaction => "one transaction: all of it, or nothing",
            Guarantee::Journal => "journalled: an interrupted run is continued where it ended",
        }
    }
}

/// A moment in the life of a journalled unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The intent of a statement outside a transaction is written.
    Intended,
    /// The statement outside a transaction has run.
    Ran,
    /// What a crash left was cleared away.
    Repaired,
    /// A batch and its cursor are committed.
    Batched,
    /// The journal says that the unit stands.
    Done,
    /// The history has the file, and the journal is empty.
    Finished,
}

/// Whoever wants to hear of events.
pub trait Observer: Send {
    /// Called as it happens.
    fn event(&mut self, event: &Event);

    /// Called when a file's transaction is on its way to the server.
    fn under_way(&mut self) {}
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event) {}
}

/// Passes an engine's notices on to an observer.
pub(crate) struct Watched<'a> {
    pub(crate) file: &'a str,
    pub(crate) observer: &'a mut dyn Observer,
}

impl Watch for Watched<'_> {
    fn notice(&mut self, notice: Notice) {
        self.observer.event(&Event::Notice { file: self.file.to_owned(), notice });
    }

    fn under_way(&mut self) {
        self.observer.under_way();
    }
}

/// Keeps the end of a file and the beginning of the next back until the next is with the server: between two files
/// of a long series nothing then stands but the sending. Whatever else happens is told after them, at once.
pub(crate) struct Deferred<'o> {
    observer: &'o mut dyn Observer,
    kept: Vec<Event>,
}

impl<'o> Deferred<'o> {
    pub(crate) fn new(observer: &'o mut dyn Observer) -> Self {
        Deferred { observer, kept: Vec::new() }
    }

    /// Tells an event when there is time for it, or before the next that is told at once.
    pub(crate) fn later(&mut self, event: Event) {
        self.kept.push(event);
    }

    /// Tells what was kept back.
    pub(crate) fn flush(&mut self) {
        for event in self.kept.drain(..) {
            self.observer.event(&event);
        }
    }
}

/// What was kept back is told, however the series ends.
impl Drop for Deferred<'_> {
    fn drop(&mut self) {
        self.flush();
    }
}

impl Observer for Deferred<'_> {
    fn event(&mut self, event: &Event) {
        self.flush();
        self.observer.event(event);
    }

    fn under_way(&mut self) {
        self.flush();
        self.observer.under_way();
    }
}
