//! Names that a running application uses.

use super::super::look::Look;
use super::super::{Class, Finding, Rule, Severity};
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::Action;

pub(super) const RULES: &[&Rule] = &[&RENAME];

pub(super) const RENAME: Rule = Rule {
    code: "rename-in-use",
    class: Class::Compatibility,
    severity: Severity::Warning,
    title: "A name that a running application uses",
    why: "From this instant on, every query under the old name fails until the new release runs everywhere.",
    naive: "ALTER TABLE orders RENAME COLUMN total TO amount;",
    safe: "ALTER TABLE orders ADD COLUMN amount numeric(10,2);",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    let (reason, rewrite) = match look.action() {
        Action::RenameTable { table, to } if look.is_used(table) => (
            format!(
                "`{table}` is called `{to}` from now on, and a running application still asks for `{table}`"
            ),
            format!(
                "ALTER TABLE {} RENAME TO {};\n\
                 -- in the same transaction; drop the view when nobody uses the old name any more\n\
                 CREATE VIEW {} AS SELECT * FROM {};",
                quote_name(table),
                quote_identifier(&to.name),
                quote_name(table),
                quote_name(to)
            ),
        ),
        Action::RenameColumn { table, column, to } if look.is_used(table) => (
            format!(
                "`{table}.{column}` is called `{to}` from now on, and a running application still asks for `{column}`"
            ),
            format!(
                "add `{to}`, write both, fill `{to}` in batches, read `{to}`, then drop `{column}`:\n\
                 ALTER TABLE {} ADD COLUMN {} …;",
                quote_name(table),
                quote_identifier(to)
            ),
        ),
        _ => return,
    };
    if look.world.brings_back(look.file, look.index, look.action()) {
        return;
    }
    found.push(look.finding(&RENAME, reason).instead(rewrite));
}
