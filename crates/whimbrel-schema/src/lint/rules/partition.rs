//! Partitions, and commands that write a whole table anew.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Work};
use crate::sql_text::quote_name;
use crate::statement::Action;

pub(super) const RULES: &[&Rule] = &[&ATTACH, &DETACH, &REWRITE];

const ATTACH: Rule = Rule {
    code: "attach-partition-scan",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "A partition whose rows are read when it is attached",
    why: "Every row is read under ACCESS EXCLUSIVE on the partition, unless a validated CHECK proves its bounds.",
    naive: "ALTER TABLE events ATTACH PARTITION orders FOR VALUES FROM (1) TO (2);",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders ADD CONSTRAINT bounds CHECK (id >= 1 AND id < 2) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT bounds;\n\
           ALTER TABLE events ATTACH PARTITION orders FOR VALUES FROM (1) TO (2);",
};

const DETACH: Rule = Rule {
    code: "detach-not-concurrent",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A partition that is detached while readers and writers wait",
    why: "DETACH PARTITION takes ACCESS EXCLUSIVE on the partitioned table.",
    naive: "ALTER TABLE events DETACH PARTITION orders;",
    safe: "ALTER TABLE events DETACH PARTITION orders CONCURRENTLY;",
};

const REWRITE: Rule = Rule {
    code: "table-rewrite",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A command that writes a whole table anew",
    why: "SET LOGGED, SET UNLOGGED, SET TABLESPACE, VACUUM FULL and CLUSTER hold ACCESS EXCLUSIVE until the last row is copied.",
    naive: "ALTER TABLE orders SET UNLOGGED;",
    safe: "ALTER TABLE orders SET (fillfactor = 80);",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    match look.action() {
        Action::AttachPartition { table, partition } if look.is_used(partition) => {
            if look.world.has_validated_check(partition) {
                return;
            }
            let quoted = quote_name(partition);
            found.push(
                look.locking(
                    &ATTACH,
                    LockMode::AccessExclusive,
                    partition,
                    format!("every row of `{partition}` is read to see that it fits `{table}`"),
                )
                .doing(Work::Scan)
                .instead(format!(
                    "-- whimbrel:transaction off\n\
                     ALTER TABLE {quoted} ADD CONSTRAINT bounds CHECK (…) NOT VALID;\n\
                     ALTER TABLE {quoted} VALIDATE CONSTRAINT bounds;\n\
                     {};",
                    look.statement.sql
                )),
            );
        }
        Action::DetachPartition { table, partition, concurrently: false } if look.is_used(table) => {
            found.push(
                look.locking(
                    &DETACH,
                    LockMode::AccessExclusive,
                    table,
                    format!("detaching `{partition}` shuts readers and writers out of `{table}`"),
                )
                .instead(format!(
                    "ALTER TABLE {} DETACH PARTITION {} CONCURRENTLY;",
                    quote_name(table),
                    quote_name(partition)
                )),
            );
        }
        Action::Rewrite { table, what } if look.is_used(table) => {
            found.push(
                look.locking(
                    &REWRITE,
                    LockMode::AccessExclusive,
                    table,
                    format!("{what} writes `{table}` anew"),
                )
                .doing(Work::Rewrite)
                .instead("choose a quiet hour, and accept the finding with `-- whimbrel:allow`; to give space back under load, \
                          copy the rows in batches into a new table"),
            );
        }
        _ => {}
    }
}
