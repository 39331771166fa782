//! The table of rules: codes, classes, severities and an example of each.

use serde::Serialize;

use super::Severity;
use super::rules::ALL;

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A lock that keeps others waiting, or a rewrite.
    Lock,
    /// Rows or values that are lost.
    Data,
    /// A statement that fails, or leaves something wrong behind.
    Correctness,
    /// Something that a running application still uses.
    Compatibility,
    /// A directive that does nothing.
    Directive,
}

impl Class {
    /// The heading in the reference.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Class::Lock => "Locks and rewrites",
            Class::Data => "Losses",
            Class::Correctness => "Mistakes",
            Class::Compatibility => "What a running application uses",
            Class::Directive => "Directives",
        }
    }

    /// The flag that lets a finding of this class pass in a protected environment.
    #[must_use]
    pub const fn flag(self) -> Option<&'static str> {
        match self {
            Class::Lock => Some("--allow-locking"),
            Class::Data => Some("--allow-destructive"),
            Class::Correctness | Class::Compatibility | Class::Directive => None,
        }
    }
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The stable code.
    pub code: &'static str,
    /// What it is about.
    pub class: Class,
    /// How much its findings weigh by default.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// Why that hurts.
    pub why: &'static str,
    /// Statements that it finds something in.
    pub naive: &'static str,
    /// Statements that do the same and that it leaves alone.
    pub safe: &'static str,
}

/// Every rule, by class and code.
#[must_use]
pub fn rules() -> Vec<&'static Rule> {
    let mut all: Vec<&'static Rule> = ALL.iter().flat_map(|family| family.iter().copied()).collect();
    all.sort_by_key(|rule| (rule.class, rule.code));
    all
}

/// The rule with this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Rule> {
    ALL.iter().flat_map(|family| family.iter().copied()).find(|rule| rule.code == code)
}
