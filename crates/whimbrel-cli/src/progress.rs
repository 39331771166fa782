//! Events on standard error: a bar on a terminal, plain lines elsewhere, JSON lines where they are asked for.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use whimbrel_engine::Notice;
use whimbrel_lifecycle::events::{Event, Observer};
use whimbrel_lifecycle::migration::Direction;
use whimbrel_lifecycle::project::{LogFormat, LogLevel, LoggingSettings};

use crate::arguments::Global;
use crate::output::Output;

/// How often a plain line tells how far something has come.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

/// Shows events: what was done and what is waited for from level `info` on, each step's beginning at `debug`
/// and with `-v`, and statements with `-v` where `logging.sql` allows them.
#[derive(Debug)]
pub(crate) struct Progress {
    output: Output,
    level: LogLevel,
    json: bool,
    statements: bool,
    terminal: bool,
    bar: Option<ProgressBar>,
    last_line: Option<Instant>,
}

impl Progress {
    /// As the environment's settings and the options ask.
    pub(crate) fn new(output: Output, logging: &LoggingSettings, global: &Global) -> Self {
        Progress {
            output,
            level: if global.verbose { LogLevel::Debug } else { logging.level.value },
            json: output.json() || logging.format.value == LogFormat::Json,
            statements: global.verbose && logging.sql.value,
            terminal: !global.quiet && std::io::stderr().is_terminal(),
            bar: None,
            last_line: None,
        }
    }

    fn shows(&self, event: &Event) -> bool {
        match event {
            // A command's own words are shown wherever anything is.
            Event::HookOutput { .. } => true,
            Event::HookStarted { .. } => self.json && self.level >= LogLevel::Debug,
            Event::StepStarted { .. } => self.statements || (self.json && self.level >= LogLevel::Debug),
            Event::Finding { severity: "note", .. } => self.level >= LogLevel::Info,
            Event::Finding { .. } | Event::Counted { .. } => self.level >= LogLevel::Warn,
            Event::Journal { .. } | Event::IndexStarted { .. } | Event::UnitStarted { .. } => {
                self.json && self.level >= LogLevel::Debug
            }
            _ => self.level >= LogLevel::Info,
        }
    }

    /// A line that stays, above the bar where there is one.
    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.note(text)),
            None => self.output.note(text),
        }
    }

    /// How far something has come: on the bar, or as a line now and then.
    fn advance(&mut self, what: &str, done: u64, total: Option<u64>, left_ms: Option<u64>) {
        if self.terminal && !self.json {
            let bar = self.bar.get_or_insert_with(new_bar);
            bar.set_length(total.unwrap_or(done).max(done));
            bar.set_position(done);
            bar.set_message(format!("{what}{}", left(left_ms)));
            return;
        }
        if self.last_line.is_some_and(|last| last.elapsed() < LINE_INTERVAL) {
            return;
        }
        self.last_line = Some(Instant::now());
        let of = total.map_or_else(String::new, |total| format!(" of {total}"));
        self.line(&format!("works        {what}: {done}{of}{}", left(left_ms)));
    }

    fn end_bar(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.last_line = None;
    }

    fn text(&mut self, event: &Event) {
        match event {
            Event::StepStarted { file, position, total, statements, guarantee, .. } => {
                self.line(&format!("begins       {file} ({position} of {total}; {})", guarantee.words()));
                for statement in statements {
                    self.line(&format!("{statement};"));
                }
            }
            Event::UnitDone { file, position, total, duration_ms, earlier } => {
                self.end_bar();
                let how = if *earlier { "stands already".to_owned() } else { format!("{duration_ms} ms") };
                self.line(&format!("unit         {position} of {total} of {file} ({how})"));
            }
            Event::Batch { file, done, total, left_ms, .. } => {
                self.advance(&format!("rows of {file}"), *done, *total, *left_ms);
            }
            Event::Throttled { file, lag_ms } => {
                self.line(&format!("waits        {file}: a replica is {lag_ms} ms behind"));
            }
            Event::IndexDone { index, action, duration_ms } => {
                self.end_bar();
                self.line(&format!("{action:<12} {index} ({duration_ms} ms)"));
            }
            Event::Notice { file, notice } => self.notice(file, notice),
            Event::HookOutput { line } => self.line(line),
            Event::Journalled { file, method } => {
                self.line(&format!(
                    "journals     {file}: {method} is nothing for a transaction; what it had done was taken back"
                ));
            }
            Event::Output { level, text, .. } => {
                let head = if *level == "info" { String::new() } else { format!("{level}: ") };
                self.line(&format!("{head}{text}"));
            }
            Event::HookDone { moment, hook, duration_ms } => {
                self.line(&format!("{:13}{hook} ({duration_ms} ms)", moment.as_str()));
            }
            Event::Finding { file, line, severity, code, reason, lock } => {
                let lock = if lock.is_empty() { String::new() } else { format!("; {lock}") };
                self.line(&format!("{severity:<12} {file}:{line} {code}: {reason}{lock}"));
            }
            Event::Counted { file, line, what } => {
                self.line(&format!("{:<12} {file}:{line} {what}", "counted"));
            }
            Event::StepDone { direction, file, duration_ms, waits, .. } => {
                self.end_bar();
                let verb = if *direction == Direction::Up { "applied      " } else { "rolled back  " };
                let waited = match waits.len() {
                    0 => String::new(),
                    _ => format!(", waited for {}", waited(waits)),
                };
                self.line(&format!("{verb}{file} ({duration_ms} ms{waited})"));
            }
            _ => {}
        }
    }

    fn notice(&mut self, file: &str, notice: &Notice) {
        match notice {
            Notice::Waits(wait) => {
                self.line(&format!(
                    "waits        {file}: for {} on {}, held by {}",
                    wait.mode, wait.object, wait.holder
                ));
            }
            Notice::Retry { reason, attempt, attempts, pause_ms } => {
                self.line(&format!(
                    "retries      {file}: {reason}; attempt {attempt} of {attempts} was rolled back, the next begins in {pause_ms} ms"
                ));
            }
            Notice::Repaired { what } => self.line(&format!("cleared      {file}: {what}")),
            Notice::Progress { phase, done, total } => {
                self.advance(&format!("{file}, {phase}"), *done, *total, None);
            }
            _ => {}
        }
    }
}

fn waited(waits: &[whimbrel_engine::LockWait]) -> String {
    let each: Vec<String> =
        waits.iter().map(|wait| format!("{} on {} {} ms", wait.mode, wait.object, wait.waited_ms)).collect();
    each.join(", ")
}

fn left(left_ms: Option<u64>) -> String {
    match left_ms {
        Some(left_ms) => format!(", {} s left", left_ms.div_ceil(1_000)),
        None => String::new(),
    }
}

fn new_bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}");
    bar.with_style(style.expect("the template is sound"))
}

impl Observer for Progress {
    fn event(&mut self, event: &Event) {
        if !self.shows(event) {
            return;
        }
        if !self.json {
            return self.text(event);
        }
        let mut event = event.clone();
        if let Event::StepStarted { statements, .. } = &mut event
            && !self.statements
        {
            statements.clear();
        }
        let line = serde_json::to_string(&event).expect("events always have a JSON form");
        self.output.note(&line);
    }
}
