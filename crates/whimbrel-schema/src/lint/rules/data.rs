//! Statements that take rows or values away.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity};
use crate::catalog::QualifiedName;
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::Action;

pub(super) const RULES: &[&Rule] =
    &[&DROP_TABLE, &DROP_COLUMN, &TRUNCATE, &DROP_SCHEMA, &DELETE, &UPDATE, &DROP_LOCKS_PARENT];

pub(super) const DROP_TABLE: Rule = Rule {
    code: "drop-table",
    class: Class::Data,
    severity: Severity::Error,
    title: "A table that is dropped",
    why: "Its rows are gone, and what still reads it fails.",
    naive: "DROP TABLE orders;",
    safe: "ALTER TABLE orders RENAME TO orders_unused;  -- accepted with `-- whimbrel:allow rename-in-use`",
};

pub(super) const DROP_COLUMN: Rule = Rule {
    code: "drop-column",
    class: Class::Data,
    severity: Severity::Error,
    title: "A column that is dropped",
    why: "Its values are gone, and an application that still names it fails.",
    naive: "ALTER TABLE orders DROP COLUMN note;",
    safe: "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;",
};

pub(super) const TRUNCATE: Rule = Rule {
    code: "truncate",
    class: Class::Data,
    severity: Severity::Error,
    title: "A table that is emptied",
    why: "Its rows are gone; with CASCADE also those of every table that refers to it.",
    naive: "TRUNCATE orders;",
    safe: "-- whimbrel:batch size=1000\nDELETE FROM orders WHERE total IS NULL;",
};

const DROP_SCHEMA: Rule = Rule {
    code: "drop-schema",
    class: Class::Data,
    severity: Severity::Error,
    title: "A database schema that is dropped with what it holds",
    why: "Every table in it goes, with its rows.",
    naive: "DROP SCHEMA archive CASCADE;",
    safe: "DROP SCHEMA archive;",
};

const DELETE: Rule = Rule {
    code: "delete-without-where",
    class: Class::Data,
    severity: Severity::Error,
    title: "DELETE without a condition",
    why: "Every row goes.",
    naive: "DELETE FROM orders;",
    safe: "-- whimbrel:batch size=1000\nDELETE FROM orders WHERE total IS NULL;",
};

const UPDATE: Rule = Rule {
    code: "update-without-where",
    class: Class::Data,
    severity: Severity::Warning,
    title: "UPDATE without a condition",
    why: "The values of every row are written over, also where they were right already.",
    naive: "UPDATE orders SET note = '';",
    safe: "-- whimbrel:batch size=1000\nUPDATE orders SET note = '' WHERE note IS NULL;",
};

const DROP_LOCKS_PARENT: Rule = Rule {
    code: "drop-table-locks-parent",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "A table with foreign keys that is dropped",
    why: "ACCESS EXCLUSIVE is taken on every table that it refers to as well, and all of them are held until the end.",
    naive: "DROP TABLE orders;",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders DROP CONSTRAINT orders_user_fkey;\n\
           -- whimbrel:allow drop-table nobody reads it any more\n\
           DROP TABLE orders;",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    match look.action() {
        Action::DropTable { table, cascade } => {
            if look.is_used(table) {
                let cascade = if *cascade { ", and everything that depends on it" } else { "" };
                let reason =
                    format!("`{table}` ({}) is dropped with its rows{cascade}", look.size(table).words());
                found.push(look.finding(&DROP_TABLE, reason).instead(format!(
                    "first release an application that does not use it; to keep the rows for a while:\n\
                     ALTER TABLE {} RENAME TO {};",
                    quote_name(table),
                    quote_identifier(&format!("{}_unused", table.name))
                )));
            }
            locks_parents(look, table, found);
        }
        Action::DropColumn { table, column }
            if look.is_used(table) && !look.world.brings_back(look.file, look.index, look.action()) =>
        {
            let reason =
                format!("the values of `{table}.{column}` are dropped ({})", look.size(table).words());
            found.push(look.finding(&DROP_COLUMN, reason).instead(format!(
                "first release an application that does not name it (it must not be required then):\n\
                 ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL;",
                quote_name(table),
                quote_identifier(column)
            )));
        }
        Action::Truncate { table, cascade } if look.is_used(table) => {
            let cascade = if *cascade { ", with every table that refers to it" } else { "" };
            let reason = format!("`{table}` ({}) is emptied{cascade}", look.size(table).words());
            found.push(
                look.finding(&TRUNCATE, reason).instead("delete the rows that are not wanted, in batches"),
            );
        }
        Action::DropSchema { schema, cascade: true } => {
            let reason = format!("the schema `{schema}` is dropped with every table in it");
            found.push(look.finding(&DROP_SCHEMA, reason).instead(format!(
                "drop its tables one by one, then\nDROP SCHEMA {};",
                quote_identifier(schema)
            )));
        }
        Action::Delete { table, filtered: false } if look.is_used(table) => {
            let reason = format!("every row of `{table}` ({}) is deleted", look.size(table).words());
            found.push(look.finding(&DELETE, reason).instead("say which rows with WHERE"));
        }
        Action::Update { table, filtered: false } if look.is_used(table) && !look.statement.batched => {
            let reason = format!("every row of `{table}` ({}) is written over", look.size(table).words());
            found.push(look.finding(&UPDATE, reason).instead("say which rows with WHERE"));
        }
        _ => {}
    }
}

fn locks_parents(look: &Look<'_>, table: &QualifiedName, found: &mut Vec<Finding>) {
    let Some(known) = look.facts.table(look.world.origin(table)) else { return };
    if look.world.has_made(table) {
        return;
    }
    let held: Vec<_> = known
        .foreign_keys
        .iter()
        .filter(|key| !look.world.has_dropped(table, &key.name))
        .filter(|key| key.references != known.name && look.is_used(&key.references))
        .collect();
    if held.is_empty() {
        return;
    }
    let mut parents: Vec<&QualifiedName> = held.iter().map(|key| &key.references).collect();
    parents.sort();
    parents.dedup();
    let names: Vec<String> = parents.iter().map(|name| format!("`{name}`")).collect();
    let mut finding = look.finding(
        &DROP_LOCKS_PARENT,
        format!("dropping `{table}` also locks {}, to which it refers", names.join(", ")),
    );
    finding.locks = parents.iter().map(|parent| look.lock(LockMode::AccessExclusive, parent)).collect();
    let quoted = quote_name(table);
    let drops: Vec<String> = held
        .iter()
        .map(|key| format!("ALTER TABLE {quoted} DROP CONSTRAINT {};", quote_identifier(&key.name)))
        .collect();
    found.push(
        finding.instead(format!("-- whimbrel:transaction off\n{}\nDROP TABLE {quoted};", drops.join("\n"))),
    );
}
