//! Where text goes: data to standard output, all else to standard error.

use std::io::{IsTerminal as _, Write as _};

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, JSONReportHandler};
use serde::Serialize;

use crate::arguments::{Color, Global};

/// The process's two streams and how to write to them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
    quiet: bool,
    color: bool,
}

impl Output {
    /// As the global options ask.
    pub(crate) fn new(global: &Global) -> Self {
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        };
        Output { json: global.json, quiet: global.quiet, color }
    }

    /// Whether JSON is wanted.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Writes a value as JSON where that is wanted, else as text.
    pub(crate) fn result<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            let json = serde_json::to_string_pretty(value).expect("reports always have a JSON form");
            self.data(&format!("{json}\n"));
        } else {
            self.data(&text(value));
        }
    }

    /// Writes to standard output.
    pub(crate) fn data(&self, text: &str) {
        // A reader that closed the pipe wants no more.
        let _ = std::io::stdout().write_all(text.as_bytes());
    }

    /// Writes a line about the work to standard error, unless quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
            // In one write, so that lines of several processes do not run into each other.
            let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
        }
    }

    /// Writes an error to standard error.
    pub(crate) fn error(&self, error: &dyn Diagnostic) {
        let written = if self.json {
            let mut text = String::new();
            let rendered = JSONReportHandler::new().render_report(&mut text, error);
            rendered.map_or_else(|_| error.to_string(), |()| text)
        } else {
            self.diagnostic(error)
        };
        let _ = writeln!(std::io::stderr(), "{}", written.trim_end());
    }

    /// A diagnostic as text, with its source and its help.
    pub(crate) fn diagnostic(&self, diagnostic: &dyn Diagnostic) -> String {
        let mut text = String::new();
        let theme = if self.color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(100);
        handler.render_report(&mut text, diagnostic).map_or_else(|_| diagnostic.to_string(), |()| text)
    }
}
