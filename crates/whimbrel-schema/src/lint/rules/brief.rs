//! Strong locks that are taken for an instant, and waited for without limit.

use super::super::look::Look;
use super::super::{Class, Finding, Lock, LockMode, Rule, Severity};
use super::locks_exclusively;
use crate::catalog::QualifiedName;
use crate::statement::{Action, ConstraintKind, NewConstraint};

pub(super) const RULES: &[&Rule] = &[&WITHOUT_TIMEOUT];

const WITHOUT_TIMEOUT: Rule = Rule {
    code: "lock-without-timeout",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A strong lock that is waited for without limit",
    why: "While the statement waits behind one long query, every later query waits behind the statement. Whimbrel sets a short \
          lock_timeout and tries again by itself, unless the file or the project turns that off.",
    naive: "SET lock_timeout = 0;\nALTER TABLE orders ADD COLUMN channel text DEFAULT 'web';",
    safe: "ALTER TABLE orders ADD COLUMN channel text DEFAULT 'web';",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    if look.world.lock_timeout.unwrap_or(look.options.lock_timeout) {
        return;
    }
    let locks: Vec<Lock> = locks(look).into_iter().filter(|lock| !lock.size.is_free()).collect();
    let Some(first) = locks.first() else { return };
    let reason =
        format!("whoever uses `{}` waits behind this statement for as long as it waits itself", first.table);
    let mut finding = look.finding(&WITHOUT_TIMEOUT, reason);
    finding.locks = locks;
    found.push(finding.instead("SET lock_timeout = '2s';"));
}

/// The locks that the action takes on tables that may stand.
fn locks(look: &Look<'_>) -> Vec<Lock> {
    let action = look.action();
    let mut locks = Vec::new();
    let parents = |constraints: &[NewConstraint], locks: &mut Vec<Lock>| {
        for constraint in constraints {
            if let ConstraintKind::ForeignKey { references, .. } = &constraint.kind {
                locks.push(look.lock(LockMode::ShareRowExclusive, references));
            }
        }
    };
    let own = |mode: LockMode, table: &QualifiedName| look.lock(mode, table);
    match action {
        Action::CreateTable { table, columns, constraints, .. } => {
            parents(constraints, &mut locks);
            for column in columns {
                parents(&column.constraints, &mut locks);
            }
            locks.retain(|lock| lock.table != *table);
        }
        Action::AddConstraint { table, constraint } => {
            let mode = if matches!(constraint.kind, ConstraintKind::ForeignKey { .. }) {
                LockMode::ShareRowExclusive
            } else {
                LockMode::AccessExclusive
            };
            locks.push(own(mode, table));
            parents(std::slice::from_ref(constraint), &mut locks);
        }
        Action::Brief { table, exclusive: false, .. } => locks.push(own(LockMode::ShareRowExclusive, table)),
        _ if locks_exclusively(action) => {
            if let Some(table) = action.table() {
                locks.push(own(LockMode::AccessExclusive, table));
            }
            if let Action::AddColumn { column, .. } = action {
                parents(&column.constraints, &mut locks);
            }
        }
        _ => {}
    }
    locks
}
