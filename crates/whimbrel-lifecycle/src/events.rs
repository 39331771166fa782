//! What a use case tells while it works. The caller shows it; this crate prints nothing.

use crate::migration::Direction;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
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
    },
}

/// Whoever wants to hear of events.
pub trait Observer: Send {
    /// Called as it happens.
    fn event(&mut self, event: &Event);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn event(&mut self, _event: &Event) {}
}
