//! Why a script did not run to its end.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;
use whimbrel_engine::document::Refusal;

/// Where in a user's file something went wrong.
#[derive(Clone, Debug)]
pub struct Spot {
    /// The file's name and text.
    pub source: NamedSource<Arc<str>>,
    /// The place in it.
    pub span: SourceSpan,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
}

/// What a script threw, or what went wrong inside it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The message, with the error's class.
    pub message: String,
    /// The file that was run.
    pub file: String,
    /// Where it was thrown, as far as that is in the user's files.
    pub spot: Option<Spot>,
    /// The calls that led there, innermost first, the user's only: `up (0003-roles.js:5:11)`.
    pub stack: Vec<String>,
    /// What the database said, where it was a refusal.
    pub refusal: Option<Box<Refusal>>,
}

/// Why a script did not run to its end. Whatever it is, nothing of the script runs on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It is not JavaScript.
    #[error("{} is not valid JavaScript: {}", .0.file, .0.message)]
    Syntax(Box<Failure>),
    /// It threw.
    #[error("{} failed: {}", .0.file, .0.message)]
    Failed(Box<Failure>),
    /// It asked for something that scripts do not have.
    #[error("{} asks for what a script does not have: {}", .0.file, .0.message)]
    Forbidden(Box<Failure>),
    /// It nests calls too deeply.
    #[error("{} nests its calls too deeply", .0.file)]
    StackLimit(Box<Failure>),
    /// It computed for too long without asking the database for anything.
    #[error("{file} computed for {limit:?} without asking the database for anything, and was ended")]
    Computing {
        /// The file.
        file: String,
        /// The limit.
        limit: Duration,
    },
    /// It ran for too long.
    #[error("{file} ran for longer than {limit:?}, and was ended")]
    Total {
        /// The file.
        file: String,
        /// The limit.
        limit: Duration,
    },
    /// It used up its memory.
    #[error("{file} needed more than {limit_mib} MiB of memory, and was ended")]
    MemoryLimit {
        /// The file.
        file: String,
        /// The limit in MiB.
        limit_mib: usize,
    },
    /// It waits for a promise that nothing can settle any more.
    #[error("{file} waits for a promise that nothing will ever resolve")]
    Unresolved {
        /// The file.
        file: String,
    },
    /// It has not the function that was to be run.
    #[error("{file} exports no `{export}`")]
    NoExport {
        /// The file.
        file: String,
        /// The export.
        export: &'static str,
        /// What it has instead, and what to write.
        help: String,
    },
    /// The host ended the run.
    #[error("{file} was ended: {source}")]
    Stopped {
        /// The file.
        file: String,
        /// Where it was ended, as `file:line:column`.
        place: Option<String>,
        /// The host's own error.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The JavaScript engine could not be started or broke.
    #[error("the JavaScript engine could not run {file}: {reason}")]
    Engine {
        /// The file.
        file: String,
        /// What it said.
        reason: String,
    },
}

impl ScriptError {
    /// What the script threw, where it threw.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        match self {
            ScriptError::Syntax(failure)
            | ScriptError::Failed(failure)
            | ScriptError::Forbidden(failure)
            | ScriptError::StackLimit(failure) => Some(failure),
            _ => None,
        }
    }

    /// The stable code: `script::failed`.
    #[must_use]
    pub fn stable_code(&self) -> &'static str {
        match self {
            ScriptError::Syntax(_) => "script::syntax",
            ScriptError::Failed(_) => "script::failed",
            ScriptError::Forbidden(_) => "script::forbidden",
            ScriptError::StackLimit(_) => "script::stack_limit",
            ScriptError::Computing { .. } | ScriptError::Total { .. } => "script::time_limit",
            ScriptError::MemoryLimit { .. } => "script::memory_limit",
            ScriptError::Unresolved { .. } => "script::unresolved",
            ScriptError::NoExport { .. } => "script::no_export",
            ScriptError::Stopped { .. } => "script::stopped",
            ScriptError::Engine { .. } => "script::engine",
        }
    }

    fn help_text(&self) -> Option<String> {
        let text = match self {
            ScriptError::Syntax(_) => "correct the file, then run the same command again".to_owned(),
            ScriptError::Failed(failure) => return stack_text(failure),
            ScriptError::Forbidden(_) => {
                "a script has the database and its own folder, but no other files, no network and no Node: \
                 docs/reference/scripts.md lists what it has"
                    .to_owned()
            }
            ScriptError::StackLimit(_) => "look for a recursion without an end".to_owned(),
            ScriptError::Computing { .. } => {
                "look for a loop without an end; work over many documents belongs in `await batch({ … }, fn)`"
                    .to_owned()
            }
            ScriptError::Total { .. } => {
                "split the work over several migrations, or cut it by `await batch({ … }, fn)`, which goes on where it was"
                    .to_owned()
            }
            ScriptError::MemoryLimit { .. } => {
                "go over the documents with `for await (const document of collection.find())` or `await batch({ … }, fn)` \
                 instead of holding them all"
                    .to_owned()
            }
            ScriptError::Unresolved { .. } => {
                "a callback that is never called, or `new Promise` whose `resolve` is never called: await the methods of \
                 `db` themselves"
                    .to_owned()
            }
            ScriptError::NoExport { help, .. } => help.clone(),
            ScriptError::Stopped { place, .. } => return place.as_ref().map(|place| format!("it was at {place}")),
            ScriptError::Engine { .. } => return None,
        };
        Some(text)
    }
}

/// The calls that led to a failure.
fn stack_text(failure: &Failure) -> Option<String> {
    if failure.stack.len() < 2 {
        return None;
    }
    Some(format!("called from:\n{}", failure.stack[1..].join("\n")))
}

impl Diagnostic for ScriptError {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        Some(Box::new(self.stable_code()))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help_text().map(|text| Box::new(text) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.failure()?.spot.as_ref().map(|spot| &spot.source as &dyn miette::SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = miette::LabeledSpan> + '_>> {
        let spot = self.failure()?.spot.as_ref()?;
        let label = match self {
            ScriptError::Failed(failure) if failure.refusal.is_some() => "the database refused this",
            ScriptError::Syntax(_) => "here",
            _ => "thrown here",
        };
        Some(Box::new(std::iter::once(miette::LabeledSpan::new_with_span(Some(label.to_owned()), spot.span))))
    }
}
