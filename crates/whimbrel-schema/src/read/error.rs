//! The reader's errors: mistakes tied to a file, its line and a caret.

use std::fmt;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use thiserror::Error;

/// One mistake in a schema, with its place in a file where it has one.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct SourceProblem {
    /// The stable code, such as `schema::unknown_attribute`.
    pub code: &'static str,
    /// What is wrong, with the name of the object.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The file with its text, and the place in it; none for a schema that has no source.
    pub place: Option<SourcePlace>,
}

/// A place in a file.
#[derive(Clone, Debug)]
pub struct SourcePlace {
    /// The file's name and text.
    pub source: NamedSource<Arc<String>>,
    /// Where the mistake begins, in bytes.
    pub start: usize,
    /// How long it is, in bytes.
    pub length: usize,
    /// The words beside the caret.
    pub label: String,
}

impl SourcePlace {
    /// The line and the column, both counted from 1.
    #[must_use]
    pub fn line_and_column(&self) -> (usize, usize) {
        let text = self.source.inner().as_str();
        let before = text.get(..self.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

impl Diagnostic for SourceProblem {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| &place.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.place.as_ref()?;
        let span = LabeledSpan::new(Some(place.label.clone()), place.start, place.length);
        Some(Box::new(std::iter::once(span)))
    }
}

/// Everything that is wrong with a schema; one mistake stands for itself.
#[derive(Clone, Debug)]
pub struct ReadError {
    /// The mistakes, in the order of files and lines; never empty.
    pub problems: Vec<SourceProblem>,
}

impl ReadError {
    fn only(&self) -> Option<&SourceProblem> {
        match self.problems.as_slice() {
            [problem] => Some(problem),
            _ => None,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.only() {
            Some(problem) => problem.fmt(formatter),
            None => write!(formatter, "the schema has {} mistakes", self.problems.len()),
        }
    }
}

impl std::error::Error for ReadError {}

impl Diagnostic for ReadError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        match self.only() {
            Some(problem) => problem.code(),
            None => Some(Box::new("schema::mistakes")),
        }
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.only().and_then(Diagnostic::help)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.only().and_then(Diagnostic::source_code)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.only().and_then(Diagnostic::labels)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        if self.only().is_some() {
            return None;
        }
        Some(Box::new(self.problems.iter().map(|problem| problem as &dyn Diagnostic)))
    }
}
