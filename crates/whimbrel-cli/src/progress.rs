//! Events as lines on standard error, as the environment's logging asks.

use whimbrel_lifecycle::events::{Event, Observer};
use whimbrel_lifecycle::migration::Direction;
use whimbrel_lifecycle::project::{LogFormat, LogLevel, LoggingSettings};

use crate::arguments::Global;
use crate::output::Output;

/// Shows events: what was done from level `info` on, each step's beginning at `debug` and with `-v`, and
/// statements with `-v` where `logging.sql` allows them.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    level: LogLevel,
    json: bool,
    statements: bool,
}

impl Progress {
    /// As the environment's settings and the options ask.
    pub(crate) fn new(output: Output, logging: &LoggingSettings, global: &Global) -> Self {
        Progress {
            output,
            level: if global.verbose { LogLevel::Debug } else { logging.level.value },
            json: output.json() || logging.format.value == LogFormat::Json,
            statements: global.verbose && logging.sql.value,
        }
    }

    fn shows(&self, event: &Event) -> bool {
        match event {
            Event::StepStarted { .. } => self.statements || (self.json && self.level >= LogLevel::Debug),
            Event::Finding { severity: "note", .. } => self.level >= LogLevel::Info,
            Event::Finding { .. } | Event::Counted { .. } => self.level >= LogLevel::Warn,
            _ => self.level >= LogLevel::Info,
        }
    }
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        if !self.shows(event) {
            return;
        }
        let mut event = event.clone();
        if let Event::StepStarted { statements, .. } = &mut event
            && !self.statements
        {
            statements.clear();
        }
        if self.json {
            let line = serde_json::to_string(&event).expect("events always have a JSON form");
            return self.output.note(&line);
        }
        match &event {
            Event::StepStarted { file, position, total, statements, .. } => {
                self.output.note(&format!("begins       {file} ({position} of {total})"));
                for statement in statements {
                    self.output.note(&format!("{statement};"));
                }
            }
            Event::Finding { file, line, severity, code, reason, lock } => {
                let lock = if lock.is_empty() { String::new() } else { format!("; {lock}") };
                self.output.note(&format!("{severity:<12} {file}:{line} {code}: {reason}{lock}"));
            }
            Event::Counted { file, line, what } => {
                self.output.note(&format!("{:<12} {file}:{line} {what}", "counted"));
            }
            Event::StepDone { direction: Direction::Up, file, duration_ms } => {
                self.output.note(&format!("applied      {file} ({duration_ms} ms)"));
            }
            Event::StepDone { direction: Direction::Down, file, duration_ms } => {
                self.output.note(&format!("rolled back  {file} ({duration_ms} ms)"));
            }
            _ => {}
        }
    }
}
