//! Changes of a column's type.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Work};
use crate::catalog::{ColumnType, QualifiedName};
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::{Action, TypeChange};

pub(super) const RULES: &[&Rule] = &[&REWRITES, &NARROWING_TYPE];

const REWRITES: Rule = Rule {
    code: "type-rewrites-table",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A change of type that writes the table anew",
    why: "The table and its indexes are written anew under ACCESS EXCLUSIVE. Only a longer varchar, varchar to text and a wider \
          numeric of the same scale cost nothing.",
    naive: "ALTER TABLE orders ALTER COLUMN quantity TYPE bigint;",
    safe: "ALTER TABLE orders ALTER COLUMN code TYPE varchar(40);",
};

pub(super) const NARROWING_TYPE: Rule = Rule {
    code: "narrowing-type",
    class: Class::Data,
    severity: Severity::Error,
    title: "A type that holds less than the one before",
    why: "Values that do not fit are rounded or cut, or the statement fails on them.",
    naive: "ALTER TABLE orders ALTER COLUMN code TYPE varchar(5);",
    safe: "ALTER TABLE orders ADD CONSTRAINT code_short CHECK (length(code) <= 5) NOT VALID;",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    let Action::AlterType { table, column, to, using, .. } = look.action() else { return };
    if !look.is_used(table) {
        return;
    }
    let known = look.facts.table(look.world.origin(table)).and_then(|known| known.column(column));
    let from = known.map(|known| &known.ty);
    let mut change = from.map_or_else(|| TypeChange::from_unknown(to), |from| TypeChange::between(from, to));
    change.rewrites |= using.is_some();
    let before = from.map_or("a type that is not known here".to_owned(), ColumnType::to_string);
    if change.rewrites {
        let reason = format!("`{table}.{column}` goes from {before} to {to}, and every row is written anew");
        found.push(
            look.locking(&REWRITES, LockMode::AccessExclusive, table, reason)
                .doing(Work::Rewrite)
                .instead(swap(table, column, to, using.as_deref())),
        );
    }
    if change.narrows {
        let reason = format!(
            "`{table}.{column}` goes from {before} to {to}: values that do not fit are cut, rounded or refused"
        );
        let mut finding = look.finding(&NARROWING_TYPE, reason).instead(narrow_by_check(table, column, to));
        if from.is_none() {
            finding.severity = Severity::Warning;
        }
        found.push(finding);
    }
}

/// A new column beside the old one, kept equal by a trigger, filled in batches, swapped at the end.
fn swap(table: &QualifiedName, column: &str, to: &ColumnType, using: Option<&str>) -> String {
    let quoted = quote_name(table);
    let old = quote_identifier(column);
    let new = quote_identifier(&format!("{column}_new"));
    let sync = quote_identifier(&format!("{}_{column}_sync", table.name));
    let value = using.map_or_else(|| format!("{old}::{to}"), str::to_owned);
    let row_value = using.map_or_else(
        || format!("NEW.{old}::{to}"),
        |text| format!("(SELECT {text} FROM (SELECT NEW.*) AS changed)"),
    );
    format!(
        "-- whimbrel:transaction off\n\
         ALTER TABLE {quoted} ADD COLUMN {new} {to};\n\
         CREATE FUNCTION {sync}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.{new} := {row_value}; RETURN NEW; END $$;\n\
         CREATE TRIGGER {sync} BEFORE INSERT OR UPDATE ON {quoted} FOR EACH ROW EXECUTE FUNCTION {sync}();\n\
         -- whimbrel:batch size=1000\n\
         UPDATE {quoted} SET {new} = {value} WHERE {new} IS DISTINCT FROM {value};\n\
         -- whimbrel:transaction on\n\
         DROP TRIGGER {sync} ON {quoted};\n\
         DROP FUNCTION {sync}();\n\
         ALTER TABLE {quoted} DROP COLUMN {old};\n\
         ALTER TABLE {quoted} RENAME COLUMN {new} TO {old};"
    )
}

/// A limit for new rows without a rewrite.
fn narrow_by_check(table: &QualifiedName, column: &str, to: &ColumnType) -> String {
    let (quoted, name) = (quote_name(table), quote_identifier(&format!("{column}_fits")));
    let old = quote_identifier(column);
    let condition = match to {
        ColumnType::Varchar(Some(length)) => format!("length({old}) <= {length}"),
        _ => format!("{old}::{to} = {old}"),
    };
    format!(
        "-- whimbrel:transaction off\n\
         ALTER TABLE {quoted} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID;\n\
         ALTER TABLE {quoted} VALIDATE CONSTRAINT {name};"
    )
}
