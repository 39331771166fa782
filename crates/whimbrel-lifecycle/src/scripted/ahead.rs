//! The next script's engine, prepared while the database works on the one before.

use std::sync::Arc;

use whimbrel_engine::Source;
use whimbrel_script::{Prepared, ScriptError, Settings};

use super::{entry, settings, words};
use crate::migration::{Direction, PlannedStep};
use crate::session::Session;

/// What was prepared; at most one script.
#[derive(Debug, Default)]
pub(crate) struct Ahead(Option<Next>);

#[derive(Debug)]
struct Next {
    source: Source,
    direction: Direction,
    prepared: Prepared,
}

impl Ahead {
    /// What a plan begins with.
    pub(crate) fn of(session: &mut Session<'_>, first: Option<&PlannedStep>) -> Self {
        let mut ahead = Ahead::default();
        if let Ok(documents) = session.documents() {
            let database = documents.commands().database().to_owned();
            ahead.prepare(first, &database, &settings(session));
        }
        ahead
    }

    /// Prepares a step where it is a script. What fails is told when the step's turn comes.
    pub(super) fn prepare(&mut self, step: Option<&PlannedStep>, database: &str, settings: &Settings) {
        let Some(planned) = step.filter(|planned| words(planned).is_some()) else { return };
        let (source, direction) = (planned.step.source.clone(), planned.direction);
        let prepared = whimbrel_script::prepare(&source, entry(direction), database, settings);
        self.0 = prepared.ok().map(|prepared| Next { source, direction, prepared });
    }

    /// The script of a step, prepared now where it was not before.
    pub(super) fn take(
        &mut self,
        planned: &PlannedStep,
        database: &str,
        settings: &Settings,
    ) -> Result<Prepared, ScriptError> {
        let (source, direction) = (&planned.step.source, planned.direction);
        let is_it = |next: &Next| {
            next.direction == direction
                && next.source.name == source.name
                && Arc::ptr_eq(&next.source.text, &source.text)
        };
        match self.0.take().filter(is_it) {
            Some(next) => Ok(next.prepared),
            None => whimbrel_script::prepare(source, entry(direction), database, settings),
        }
    }
}
