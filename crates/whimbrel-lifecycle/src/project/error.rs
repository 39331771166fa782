//! What can be wrong with a project, each with a stable code and the next step.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use miette::{Diagnostic, NamedSource, SourceSpan};

use super::mask::Edit;
use super::setting::Origin;
use super::url::UrlError;

/// A project that cannot be opened.
///
/// Variants about a file carry its text, with secrets masked, and the place in it.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[non_exhaustive]
pub enum ProjectError {
    /// There is no whimbrel.toml.
    #[error("no whimbrel.toml in {}{}", folder.display(), if *upwards { " or in a folder above it" } else { "" })]
    #[diagnostic(
        code(project::not_found),
        help("change to the project's folder, or name it with --project DIR")
    )]
    NotFound {
        /// Where the search began.
        folder: PathBuf,
        /// Whether the folders above were searched too.
        upwards: bool,
    },
    /// A file is there and cannot be read.
    #[error("{} cannot be read", path.display())]
    #[diagnostic(
        code(project::unreadable),
        help("check that it is a UTF-8 text file and that you may read it")
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// whimbrel.toml is not TOML.
    #[error("whimbrel.toml is not valid TOML: {message}")]
    #[diagnostic(
        code(project::syntax),
        help("text values stand in quotes, and each key stands once: see docs/reference/config.md")
    )]
    Syntax {
        /// What the TOML reader found.
        message: String,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<String>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
    },
    /// `.env` breaks its grammar.
    #[error("{message}")]
    #[diagnostic(code(project::dotenv_syntax))]
    DotEnvSyntax {
        /// What was found, without any value.
        message: String,
        /// The file's text, every value masked.
        #[source_code]
        source_code: NamedSource<Arc<String>>,
        /// The place.
        #[label("here")]
        span: SourceSpan,
        /// The next step.
        #[help]
        help: String,
    },
    /// A key that whimbrel.toml does not have.
    #[error("unknown key `{key}`")]
    #[diagnostic(code(project::unknown_key))]
    UnknownKey {
        /// The whole key, `pool.sise`.
        key: String,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<String>>,
        /// The place.
        #[label("not a key of whimbrel.toml")]
        span: SourceSpan,
        /// The nearest name, or the names that can stand there.
        #[help]
        help: String,
    },
    /// A value of the wrong type.
    #[error("`{key}` takes {expected}, not {found}")]
    #[diagnostic(code(project::wrong_type))]
    WrongType {
        /// The whole key.
        key: String,
        /// What the key takes.
        expected: String,
        /// What stands there.
        found: &'static str,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<String>>,
        /// The place.
        #[label("{found}")]
        span: SourceSpan,
        /// An example.
        #[help]
        help: String,
    },
    /// A value of the right type that means nothing: a duration, a size, a choice, a `${…}`.
    #[error("`{key}` {reason} (from {origin})")]
    #[diagnostic(code(project::bad_value))]
    BadValue {
        /// The whole key.
        key: String,
        /// What is wrong with it.
        reason: String,
        /// Where the value comes from.
        origin: Origin,
        /// The file's text, when the value stands in whimbrel.toml.
        #[source_code]
        source_code: Option<NamedSource<Arc<String>>>,
        /// The place.
        #[label("here")]
        span: Option<SourceSpan>,
        /// What would be right.
        #[help]
        help: String,
    },
    /// A value in use names a variable that is not set.
    #[error("`{key}` needs the variable {variable}, which is not set")]
    #[diagnostic(
        code(project::unset_variable),
        help("set {variable} in the environment or in .env, or write a default: `${{{variable}:-…}}`")
    )]
    UnsetVariable {
        /// The whole key.
        key: String,
        /// The variable.
        variable: String,
        /// The file's text.
        #[source_code]
        source_code: NamedSource<Arc<String>>,
        /// The place.
        #[label("not set")]
        span: SourceSpan,
    },
    /// An environment that is neither built in nor in whimbrel.toml.
    #[error("unknown environment `{environment}` (from {origin})")]
    #[diagnostic(code(project::unknown_environment))]
    UnknownEnvironment {
        /// The name.
        environment: String,
        /// Where it comes from.
        origin: Origin,
        /// The file's text, when the name stands in whimbrel.toml.
        #[source_code]
        source_code: Option<NamedSource<Arc<String>>>,
        /// The place.
        #[label("here")]
        span: Option<SourceSpan>,
        /// The nearest name and the names that there are.
        #[help]
        help: String,
    },
    /// The database's URL cannot be used.
    #[error("the database URL `{url}` (from {origin}) cannot be used: {reason}")]
    #[diagnostic(
        code(project::bad_url),
        help(
            "write, for instance, postgres://user:password@host:5432/database, mongodb://host:27017/database or sqlite:path/to/file.db; `whimbrel config` shows where each value comes from"
        )
    )]
    BadUrl {
        /// The URL, masked.
        url: String,
        /// Where it comes from.
        origin: Origin,
        /// What is wrong with it.
        reason: UrlError,
        /// The file's text, when the URL stands in whimbrel.toml.
        #[source_code]
        source_code: Option<NamedSource<Arc<String>>>,
        /// The place.
        #[label("here")]
        span: Option<SourceSpan>,
    },
    /// The environment has no URL and no default.
    #[error("the environment `{environment}` has no database URL")]
    #[diagnostic(
        code(project::no_url),
        help("set {}, or write `url` under [environments.{environment}] in whimbrel.toml", variables.join(" or "))
    )]
    NoUrl {
        /// The environment.
        environment: String,
        /// The variables that would give it one.
        variables: Vec<String>,
    },
}

impl ProjectError {
    /// Gives the line of the mistake, counted from 1, when it stands in a file.
    pub fn line(&self) -> Option<usize> {
        let (source, span) = match self {
            Self::Syntax { source_code, span, .. }
            | Self::DotEnvSyntax { source_code, span, .. }
            | Self::UnknownKey { source_code, span, .. }
            | Self::WrongType { source_code, span, .. }
            | Self::UnsetVariable { source_code, span, .. } => (source_code, span),
            Self::BadValue { source_code, span, .. }
            | Self::UnknownEnvironment { source_code, span, .. }
            | Self::BadUrl { source_code, span, .. } => (source_code.as_ref()?, span.as_ref()?),
            Self::NotFound { .. } | Self::Unreadable { .. } | Self::NoUrl { .. } => return None,
        };
        Some(line_at(source.inner(), span.offset()))
    }
}

/// Gives the line of a byte offset, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    let end = offset.min(text.len());
    text.as_bytes()[..end].iter().filter(|&&byte| byte == b'\n').count() + 1
}

/// A file's text as an error shows it: secrets masked, and places moved accordingly.
pub(crate) struct SourceView {
    name: String,
    shown: Arc<String>,
    edits: Vec<Edit>,
}

impl SourceView {
    /// Applies edits that are sorted and do not overlap.
    pub(crate) fn new(path: &Path, text: &str, edits: &[Edit]) -> Self {
        let mut shown = String::with_capacity(text.len());
        let mut position = 0;
        for edit in edits {
            shown.push_str(&text[position..edit.range.start]);
            shown.push_str(&edit.replacement);
            position = edit.range.end;
        }
        shown.push_str(&text[position..]);
        Self { name: path.display().to_string(), shown: Arc::new(shown), edits: edits.to_vec() }
    }

    /// Gives the text to print.
    pub(crate) fn named_source(&self) -> NamedSource<Arc<String>> {
        NamedSource::new(&self.name, Arc::clone(&self.shown))
    }

    /// Finds a range of the real text in the text to print.
    pub(crate) fn span(&self, range: Range<usize>) -> SourceSpan {
        let start = self.moved(range.start, false);
        let end = self.moved(range.end, true).max(start);
        (start..end).into()
    }

    fn moved(&self, offset: usize, to_end: bool) -> usize {
        let mut removed = 0;
        let mut added = 0;
        for edit in &self.edits {
            if edit.range.end <= offset {
                removed += edit.range.len();
                added += edit.replacement.len();
            } else if edit.range.start < offset {
                let start = edit.range.start + added - removed;
                return if to_end { start + edit.replacement.len() } else { start };
            }
        }
        (offset + added).saturating_sub(removed).min(self.shown.len())
    }
}
