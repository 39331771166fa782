//! Changes of rows that hold locks for long.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Size, Work};
use crate::statement::Action;

pub(super) const RULES: &[&Rule] = &[&UNBATCHED, &LOCK_HELD];

const UNBATCHED: Rule = Rule {
    code: "change-not-batched",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "Many rows changed in one transaction",
    why: "Each changed row stays locked until the end, old versions cannot be cleaned up meanwhile, and replicas fall behind.",
    naive: "UPDATE orders SET note = '' WHERE note IS NULL;",
    safe: "-- whimbrel:batch size=1000\nUPDATE orders SET note = '' WHERE note IS NULL;",
};

const LOCK_HELD: Rule = Rule {
    code: "lock-held-during-change",
    class: Class::Lock,
    severity: Severity::Error,
    title: "Rows changed while the transaction holds a table",
    why: "An ALTER TABLE takes its lock for an instant only if its transaction ends there; changing rows in the same one keeps \
          everybody out until all are changed.",
    naive: "ALTER TABLE orders ADD COLUMN channel text;\nUPDATE orders SET channel = 'web' WHERE channel IS NULL;",
    safe: "-- whimbrel:transaction off\nALTER TABLE orders ADD COLUMN channel text;\n-- whimbrel:batch size=1000\n\
           UPDATE orders SET channel = 'web' WHERE channel IS NULL;",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    let (Action::Update { table, .. } | Action::Delete { table, .. }) = look.action() else { return };
    if look.statement.batched {
        return;
    }
    let size = look.size(table);
    let small =
        size.is_free() || matches!(size, Size::Known { rows, .. } if rows < look.options.big_table_rows);
    if !small {
        let reason = format!("rows of `{table}` ({}) are changed in one transaction", size.words());
        found.push(
            look.finding(&UNBATCHED, reason)
                .doing(Work::Scan)
                .instead(format!("-- whimbrel:batch size=1000\n{};", look.statement.sql)),
        );
    }
    let Some(unit) = look.statement.unit else { return };
    let held: Vec<_> =
        look.world.exclusive.iter().filter(|(own, _)| *own == unit).map(|(_, held)| held).collect();
    if held.is_empty() || size.is_free() {
        return;
    }
    let names: Vec<String> = held.iter().map(|held| format!("`{held}`")).collect();
    let reason = format!(
        "rows of `{table}` are changed in a transaction that has shut everybody out of {}",
        names.join(", ")
    );
    let mut finding = look.finding(&LOCK_HELD, reason).doing(Work::Scan);
    finding.locks.push(look.lock(LockMode::AccessExclusive, held[0]));
    finding.locks[0].size = size;
    found.push(finding.instead(format!(
        "-- whimbrel:transaction off\n…\n-- whimbrel:batch size=1000\n{};",
        look.statement.sql
    )));
}
