//! What a use case tells while it works. The caller shows it; this crate prints nothing.

use crate::hooks::HookMoment;
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
    /// A migration's step is done and stands in the history.
    StepDone {
        /// Up or down.
        direction: Direction,
        /// The file.
        file: String,
        /// How long its statements took.
        duration_ms: i64,
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
