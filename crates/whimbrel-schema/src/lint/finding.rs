//! What a rule found.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::{Class, Options, Rule, Size};
use crate::catalog::QualifiedName;

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Likely to hurt.
    Warning,
    /// Refused in a protected environment.
    Error,
}

impl Severity {
    /// `error`, `warning`, `note`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// PostgreSQL's lock on a table, by what it shuts out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LockMode {
    /// SHARE: writers wait.
    Share,
    /// SHARE ROW EXCLUSIVE: writers wait.
    ShareRowExclusive,
    /// EXCLUSIVE: writers wait.
    Exclusive,
    /// ACCESS EXCLUSIVE: readers and writers wait.
    AccessExclusive,
}

impl LockMode {
    /// Who waits, in words.
    #[must_use]
    pub const fn shuts_out(self) -> &'static str {
        match self {
            LockMode::AccessExclusive => "readers and writers wait",
            _ => "writers wait",
        }
    }
}

/// The lock's name as the server's manual writes it.
impl fmt::Display for LockMode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            LockMode::Share => "SHARE",
            LockMode::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            LockMode::Exclusive => "EXCLUSIVE",
            LockMode::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// A lock that a statement takes, and what it meets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lock {
    /// The lock.
    pub mode: LockMode,
    /// The table.
    pub table: QualifiedName,
    /// How large the table is.
    pub size: Size,
}

/// What the statement does while it holds its locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// It changes the catalogue alone.
    Instant,
    /// It reads every row.
    Scan,
    /// It reads every row and builds an index.
    Build,
    /// It writes the table and its indexes anew.
    Rewrite,
}

impl Work {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Work::Instant => "for an instant",
            Work::Scan => "while every row is read",
            Work::Build => "while an index is built over every row",
            Work::Rewrite => "while the table and its indexes are written anew",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's stable code, such as `index-not-concurrent`.
    pub code: &'static str,
    /// What it is about.
    pub class: Class,
    /// How much it weighs.
    pub severity: Severity,
    /// What happens to which object, in plain words.
    pub reason: String,
    /// The locks that the statement takes.
    pub locks: Vec<Lock>,
    /// What it does while it holds them.
    pub work: Work,
    /// What to write instead, as SQL or words.
    pub rewrite: Option<String>,
    /// Where in the file, in bytes.
    pub span: Range<usize>,
    /// The statement's place in the file, from 0; none where the finding is about the whole file.
    pub statement: Option<usize>,
}

impl Finding {
    /// A finding of a rule at a place.
    pub(super) fn new(rule: &Rule, reason: impl Into<String>, span: Range<usize>) -> Self {
        Finding {
            code: rule.code,
            class: rule.class,
            severity: rule.severity,
            reason: reason.into(),
            locks: Vec::new(),
            work: Work::Instant,
            rewrite: None,
            span,
            statement: None,
        }
    }

    pub(super) fn doing(mut self, work: Work) -> Self {
        self.work = work;
        self
    }

    pub(super) fn instead(mut self, rewrite: impl Into<String>) -> Self {
        self.rewrite = Some(rewrite.into());
        self
    }

    /// A lock on tables that are all small is a note.
    pub(super) fn soften(&mut self, options: &Options) {
        let small = |lock: &Lock| {
            lock.size.is_free()
                || matches!(lock.size, Size::Known { rows, .. } if rows < options.big_table_rows)
        };
        if self.class == Class::Lock && !self.locks.is_empty() && self.locks.iter().all(small) {
            self.severity = Severity::Note;
        }
    }

    /// The locks in a sentence: what is taken, on what, for how long.
    #[must_use]
    pub fn lock_words(&self) -> Option<String> {
        let first = self.locks.first()?;
        let all: Vec<String> = self
            .locks
            .iter()
            .map(|lock| format!("{} on {} ({})", lock.mode, lock.table, lock.size.words()))
            .collect();
        let strongest = self.locks.iter().map(|lock| lock.mode).max().unwrap_or(first.mode);
        Some(format!("{}: {} {}", all.join(" and "), strongest.shuts_out(), self.work.words()))
    }
}
