//! Regular expressions as PCRE means them: classes are ASCII, case folding is Unicode's, `$` also stands before a final
//! line feed.

use fancy_regex::RegexBuilder;

use super::Run;
use crate::refusal::{Result, at_location};
use crate::value::ValueRef;

/// How often a pattern may go back before it is given up: PCRE has such a limit too.
const BACKTRACK_LIMIT: usize = 1_000_000;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    source: String,
    options: String,
    regex: fancy_regex::Regex,
}

impl Pattern {
    /// Compiles a pattern with MongoDB's options `imsxu`.
    pub(crate) fn new(source: &str, options: &str) -> Result<Self> {
        if let Some(flag) = options.chars().find(|flag| !"imsxu".contains(*flag)) {
            return Err(at_location(51108, format!(" invalid flag in regex options: {flag}")));
        }
        Self::compile(source, options)
            .map_err(|error| at_location(51091, format!("Regular expression is invalid: {error}")))
    }

    /// Compiles a pattern whose options are known to be good.
    pub(crate) fn compile(source: &str, options: &str) -> std::result::Result<Self, String> {
        if source.contains('\0') {
            return Err("Regular expression cannot contain an embedded null byte".to_owned());
        }
        let multi_line = options.contains('m');
        let regex = RegexBuilder::new(&translate(source, multi_line))
            .case_insensitive(options.contains('i'))
            .multi_line(multi_line)
            .dot_matches_new_line(options.contains('s'))
            .verbose_mode(options.contains('x'))
            .backtrack_limit(BACKTRACK_LIMIT)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Pattern { source: source.to_owned(), options: options.to_owned(), regex })
    }

    /// The pattern as it was written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// The compiled expression.
    pub(crate) fn regex(&self) -> &fancy_regex::Regex {
        &self.regex
    }

    /// The text that every match starts with, where the pattern is a plain prefix: `^abc`.
    pub(crate) fn literal_prefix(&self) -> Option<&str> {
        let rest = self.source.strip_prefix('^').filter(|_| self.options.is_empty())?;
        let plain = rest.chars().all(|letter| !r"\.+*?()|[]{}^$#".contains(letter));
        (plain && !rest.is_empty()).then_some(rest)
    }

    /// Whether a text matches somewhere.
    pub(crate) fn is_match(&self, text: &str) -> Result<bool> {
        self.regex.is_match(text).map_err(|error| {
            at_location(51156, format!("Error occurred while executing the regular expression: {error}"))
        })
    }

    /// Whether a value is a text that matches, or this very regular expression.
    pub(super) fn matches_value(&self, value: ValueRef<'_>, run: &Run<'_>) -> bool {
        match value {
            ValueRef::String(text) | ValueRef::Symbol(text) => match self.is_match(text) {
                Ok(matched) => matched,
                Err(refusal) => run.fail(refusal),
            },
            ValueRef::Regex(source, options) => source == self.source && options == self.options,
            _ => false,
        }
    }
}

/// Rewrites what PCRE and the compiler read differently.
fn translate(source: &str, multi_line: bool) -> String {
    let mut out = String::with_capacity(source.len() + 8);
    let mut letters = source.chars().peekable();
    let mut in_class = false;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some(escaped) => translate_escape(&mut out, escaped, in_class),
                None => out.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                out.push('[');
                if letters.peek() == Some(&'^') {
                    out.extend(letters.next());
                }
                if letters.peek() == Some(&']') {
                    letters.next();
                    out.push_str("\\]");
                }
            }
            '[' if letters.peek() == Some(&':') => out.push('['),
            ':' if in_class && letters.peek() == Some(&']') && open_posix_class(&out) => {
                letters.next();
                out.push_str(":]");
            }
            '[' => out.push_str("\\["),
            ']' => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(letter);
            }
            '$' if !in_class && !multi_line => out.push_str(r"(?=\n?\z)"),
            other => out.push(other),
        }
    }
    out
}

/// Whether a named class such as `[:alpha` is open at the end of what was written.
fn open_posix_class(out: &str) -> bool {
    out.rfind("[:").is_some_and(|at| !out[at..].contains(":]"))
}

fn translate_escape(out: &mut String, escaped: char, in_class: bool) {
    let ascii = match (escaped, in_class) {
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('s', false) => r"[ \t\n\x0B\f\r]",
        ('s', true) => r" \t\n\x0B\f\r",
        ('D', _) => "[^0-9]",
        ('W', _) => "[^0-9A-Za-z_]",
        ('S', _) => r"[^ \t\n\x0B\f\r]",
        // The edges of words of ASCII letters.
        ('b', false) => "(?:(?<![0-9A-Za-z_])(?=[0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?![0-9A-Za-z_]))",
        ('B', false) => "(?:(?<![0-9A-Za-z_])(?![0-9A-Za-z_])|(?<=[0-9A-Za-z_])(?=[0-9A-Za-z_]))",
        ('h', false) => r"[ \t]",
        ('Z', false) => r"(?=\n?\z)",
        ('/', _) => "/",
        _ => {
            out.push('\\');
            out.push(escaped);
            return;
        }
    };
    out.push_str(ascii);
}
