//! `-- whimbrel:allow CODE reason`: findings that the author accepts.

use std::cell::Cell;

use super::rules::{UNKNOWN_ALLOWANCE, UNUSED_ALLOWANCE};
use super::{Allowed, Finding, LintFile, find_rule};

/// Takes accepted findings away, and finds fault with allowances that do nothing.
pub(super) fn apply(file: &LintFile, found: &mut Vec<Finding>) {
    let whole: Vec<(Option<usize>, &Allowed, Cell<bool>)> =
        file.allowed.iter().map(|allowed| (None, allowed, Cell::new(false))).collect();
    let single = file.statements.iter().enumerate().flat_map(|(index, statement)| {
        statement.allowed.iter().map(move |allowed| (Some(index), allowed, Cell::new(false)))
    });
    let all: Vec<_> = whole.into_iter().chain(single).collect();
    found.retain(|finding| {
        let mut kept = true;
        for (statement, allowed, used) in &all {
            let covers = statement.is_none() || *statement == finding.statement;
            if covers && allowed.code == finding.code {
                used.set(true);
                kept = false;
            }
        }
        kept
    });
    for (_, allowed, used) in &all {
        if find_rule(&allowed.code).is_none() {
            found.push(unknown(allowed));
        } else if !used.get() {
            let reason = format!("`{}` is allowed here, and nothing here needs it", allowed.code);
            found.push(
                Finding::new(&UNUSED_ALLOWANCE, reason, allowed.span.clone()).instead("remove the directive"),
            );
        }
    }
}

fn unknown(allowed: &Allowed) -> Finding {
    let nearest = super::rules()
        .into_iter()
        .map(|rule| (strsim::jaro(rule.code, &allowed.code), rule.code))
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, code)| code)
        .unwrap_or_default();
    Finding::new(&UNKNOWN_ALLOWANCE, format!("no rule has the code `{}`", allowed.code), allowed.span.clone())
        .instead(format!("the nearest one is `{nearest}`; docs/reference/lint.md lists them all"))
}
