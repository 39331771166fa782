//! What one run of a script keeps on its thread: the line to the host, the clocks, and why it was ended.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::time::{Duration, Instant};

use rquickjs::{Ctx, Exception, Persistent, Result, Value};
use whimbrel_engine::document::Refusal;

use crate::host::{ConsoleLevel, HostError, Place};
use crate::line::{Answer, Line, Request};
use crate::place::Sources;
use crate::settings::Settings;

/// Why a run was ended, whatever the script itself makes of it.
pub(crate) enum Stop {
    Host { error: Box<dyn Error + Send + Sync>, place: Option<Place> },
    Computing,
    Total,
    HungUp,
    Unresolved,
}

/// A rejected promise that nobody has looked at yet, and its reason.
type Rejection = (Persistent<Value<'static>>, Persistent<Value<'static>>);

pub(crate) struct State {
    line: Option<Line>,
    pub(crate) settings: Settings,
    pub(crate) database: String,
    /// The file that runs.
    pub(crate) file: String,
    pub(crate) sources: RefCell<Sources>,
    pub(crate) rejections: RefCell<Vec<Rejection>>,
    /// The last refusal that was thrown into the script, for the report.
    pub(crate) refusal: RefCell<Option<Refusal>>,
    stop: RefCell<Option<Stop>>,
    started: Cell<Instant>,
    answered: Cell<Instant>,
    output_left: Cell<usize>,
}

impl State {
    /// The state of a run; without a line, every request is refused.
    pub(crate) fn new(file: String, database: String, settings: Settings, line: Option<Line>) -> Self {
        let now = Instant::now();
        State {
            line,
            output_left: Cell::new(settings.limits.output_bytes),
            settings,
            database,
            file,
            sources: RefCell::default(),
            rejections: RefCell::default(),
            refusal: RefCell::default(),
            stop: RefCell::default(),
            started: Cell::new(now),
            answered: Cell::new(now),
        }
    }

    /// Starts the clocks: the script begins now.
    pub(crate) fn begin(&self) {
        let now = Instant::now();
        self.started.set(now);
        self.answered.set(now);
    }

    /// Ends the run; the first reason stands.
    pub(crate) fn end(&self, reason: Stop) {
        self.stop.borrow_mut().get_or_insert(reason);
    }

    /// Why the run was ended.
    pub(crate) fn take_stop(&self) -> Option<Stop> {
        self.stop.borrow_mut().take()
    }

    /// Whether the run is over; looks at the clocks.
    pub(crate) fn is_over(&self) -> bool {
        if self.stop.borrow().is_some() {
            return true;
        }
        let reason = if self.line.as_ref().is_some_and(Line::hung_up) {
            Stop::HungUp
        } else if self.answered.get().elapsed() > self.settings.limits.computing {
            Stop::Computing
        } else if self.started.get().elapsed() > self.settings.limits.total {
            Stop::Total
        } else {
            return false;
        };
        self.end(reason);
        true
    }

    /// Asks the host. A refusal comes back; whatever ends the run is thrown.
    pub(crate) fn ask(
        &self,
        ctx: &Ctx<'_>,
        request: Request,
        place: Option<&Place>,
    ) -> Result<std::result::Result<Answer, Box<Refusal>>> {
        if self.is_over() {
            return Err(over(ctx));
        }
        let Some(line) = &self.line else {
            return Err(Exception::throw_message(
                ctx,
                "the database is not there while a file is only looked at: use it inside the exported functions",
            ));
        };
        let answer = line.ask(request);
        self.answered.set(Instant::now());
        match answer {
            Ok(Ok(answer)) => Ok(Ok(answer)),
            Ok(Err(HostError::Refused(refusal))) => {
                *self.refusal.borrow_mut() = Some((*refusal).clone());
                Ok(Err(refusal))
            }
            Ok(Err(HostError::Stop(error))) => {
                self.end(Stop::Host { error, place: place.cloned() });
                Err(over(ctx))
            }
            Err(_) => {
                self.end(Stop::HungUp);
                Err(over(ctx))
            }
        }
    }

    /// Waits, at most for as long as the whole run may last.
    pub(crate) fn sleep(&self, ctx: &Ctx<'_>, pause: Duration) -> Result<()> {
        let left = self.settings.limits.total.saturating_sub(self.started.get().elapsed());
        // A little longer, so that the clock shows that the limit is over.
        let pause = pause.min(left + Duration::from_millis(1));
        self.ask(ctx, Request::Sleep(pause), None).map(|_| ())
    }

    /// Passes a line of output on, as far as there is room.
    pub(crate) fn print(&self, level: ConsoleLevel, mut text: String) {
        let left = self.output_left.get();
        let Some(line) = self.line.as_ref().filter(|_| left > 0) else { return };
        // A line counts for at least one byte, so that empty ones are bounded too.
        let rest = left.saturating_sub(text.len() + 1);
        self.output_left.set(rest);
        if text.len() > left {
            let end = (0..=left).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
            text.truncate(end);
        }
        let mut told = line.tell(Request::Console(level, text));
        if rest == 0 && told.is_ok() {
            let limit = self.settings.limits.output_bytes;
            let note =
                format!("(the script has written {limit} bytes; what it writes from here on is not shown)");
            told = line.tell(Request::Console(ConsoleLevel::Warn, note));
        }
        if told.is_err() {
            self.end(Stop::HungUp);
        }
    }
}

/// The error that ends a run; a script that catches it is interrupted soon after.
fn over(ctx: &Ctx<'_>) -> rquickjs::Error {
    Exception::throw_internal(ctx, "the run was ended")
}
