//! What statements of one transaction do to each other.

use super::super::world::World;
use super::super::{Class, Facts, Finding, LintFile, Lock, LockMode, Rule, Severity};
use crate::sql_text::quote_literal;
use crate::statement::Action;

pub(super) const RULES: &[&Rule] = &[&SEVERAL_LOCKS, &ENUM_VALUE];

const SEVERAL_LOCKS: Rule = Rule {
    code: "several-exclusive-locks",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "Several tables shut in one transaction",
    why: "Each is held while the next one is waited for, so everybody waits longer, and two such transactions can block each \
          other for good.",
    naive: "ALTER TABLE orders ADD COLUMN channel text;\nALTER TABLE users ADD COLUMN channel text;",
    safe: "-- whimbrel:transaction off\nALTER TABLE orders ADD COLUMN channel text;\nALTER TABLE users ADD COLUMN channel text;",
};

const ENUM_VALUE: Rule = Rule {
    code: "enum-value-used",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "A new value of an enumerated type that is used in its own transaction",
    why: "PostgreSQL refuses it: the value may be used from the next transaction on.",
    naive: "ALTER TYPE mood ADD VALUE 'calm';\nUPDATE orders SET mood = 'calm' WHERE id = 1;",
    safe: "-- whimbrel:transaction off\nALTER TYPE mood ADD VALUE 'calm';\n-- whimbrel:batch size=1000\n\
           UPDATE orders SET mood = 'calm' WHERE id = 1;",
};

pub(super) fn check(file: &LintFile, facts: &dyn Facts, world: &World, found: &mut Vec<Finding>) {
    several_locks(file, facts, world, found);
    enum_values(file, world, found);
}

fn several_locks(file: &LintFile, facts: &dyn Facts, world: &World, found: &mut Vec<Finding>) {
    let mut units: Vec<usize> = world.exclusive.iter().map(|(unit, _)| *unit).collect();
    units.dedup();
    for unit in units {
        let tables: Vec<_> =
            world.exclusive.iter().filter(|(own, _)| *own == unit).map(|(_, table)| table).collect();
        if tables.len() < 2 {
            continue;
        }
        // The finding stands at the statement that takes the second table.
        let second = file.statements.iter().enumerate().find(|(_, statement)| {
            statement.unit == Some(unit)
                && statement.acts().iter().any(|act| {
                    act.action.table().is_some_and(|table| world.origin(table) == tables[1])
                        && super::locks_exclusively(&act.action)
                })
        });
        let Some((index, statement)) = second else { continue };
        let names: Vec<String> = tables.iter().map(|table| format!("`{table}`")).collect();
        let span = statement.offset..statement.offset + statement.sql.len();
        let mut finding = Finding::new(
            &SEVERAL_LOCKS,
            format!("one transaction shuts everybody out of {} until it ends", names.join(" and ")),
            span,
        );
        finding.locks = tables
            .iter()
            .map(|table| Lock {
                mode: LockMode::AccessExclusive,
                table: (*table).clone(),
                size: facts.size(table),
            })
            .collect();
        finding.statement = Some(index);
        found.push(finding.instead("put `-- whimbrel:transaction off` above them, or a file for each table"));
    }
}

fn enum_values(file: &LintFile, world: &World, found: &mut Vec<Finding>) {
    for (name, value, unit) in world.enum_values.iter().filter(|(.., unit)| unit.is_some()) {
        let literal = quote_literal(value);
        let same = |statement: &&super::super::LintStatement| statement.unit == *unit;
        let adds = |act: &crate::statement::Act| matches!(&act.action, Action::AddEnumValue { name: own, value: own_value } if own == name && own_value == value);
        let made_here = file.statements.iter().filter(same).any(|statement| {
            let words = statement.sql.to_lowercase();
            words.trim_start().starts_with("create type") && words.contains(&name.name.to_lowercase())
        });
        let position = file.statements.iter().position(|statement| statement.acts().iter().any(adds));
        let Some(position) = position.filter(|_| !made_here) else { continue };
        let used = file.statements.iter().enumerate().skip(position + 1).find(|(_, statement)| {
            let other_value =
                statement.acts().iter().any(|act| matches!(act.action, Action::AddEnumValue { .. }));
            statement.unit == *unit && !other_value && statement.sql.contains(&literal)
        });
        let Some((index, statement)) = used else { continue };
        let at = statement.sql.find(&literal).unwrap_or_default();
        let span = statement.offset + at..statement.offset + at + literal.len();
        let mut finding = Finding::new(
            &ENUM_VALUE,
            format!("{literal} was added to `{name}` in this transaction, and cannot be used before it ends"),
            span,
        );
        finding.statement = Some(index);
        found.push(
            finding.instead(
                "use it in the next file, or put `-- whimbrel:transaction off` above both statements",
            ),
        );
    }
}
