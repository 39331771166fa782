//! Directives that do nothing.

use super::super::{Class, Rule, Severity};

pub(super) const RULES: &[&Rule] = &[&UNKNOWN_ALLOWANCE, &UNUSED_ALLOWANCE];

pub(in super::super) const UNKNOWN_ALLOWANCE: Rule = Rule {
    code: "unknown-allowance",
    class: Class::Directive,
    severity: Severity::Warning,
    title: "An accepted finding whose code does not exist",
    why: "It accepts nothing, although its author meant it to.",
    naive: "-- whimbrel:allow drop-tabel it is empty\nSELECT 1;",
    safe: "-- whimbrel:allow drop-table nobody reads it any more\nDROP TABLE orders;",
};

pub(in super::super) const UNUSED_ALLOWANCE: Rule = Rule {
    code: "unused-allowance",
    class: Class::Directive,
    severity: Severity::Warning,
    title: "An accepted finding that is not there",
    why: "It hides what the next edit of the statement may do.",
    naive: "-- whimbrel:allow drop-table nobody reads it any more\nSELECT 1;",
    safe: "-- whimbrel:allow drop-table nobody reads it any more\nDROP TABLE orders;",
};
