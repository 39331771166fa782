//! Constraints that are checked while others wait.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Work};
use crate::catalog::QualifiedName;
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::{Action, ConstraintKind, NewConstraint};

pub(super) const RULES: &[&Rule] = &[&NOT_NULL, &CHECK, &FOREIGN_KEY, &UNIQUE, &EXCLUSION, &SAME_TRANSACTION];

const NOT_NULL: Rule = Rule {
    code: "not-null-scan",
    class: Class::Lock,
    severity: Severity::Error,
    title: "NOT NULL on a column without a proof",
    why: "SET NOT NULL reads every row under ACCESS EXCLUSIVE, unless a validated CHECK already proves it.",
    naive: "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders ADD CONSTRAINT orders_note_present CHECK (note IS NOT NULL) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT orders_note_present;\n\
           ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\n\
           ALTER TABLE orders DROP CONSTRAINT orders_note_present;",
};

const CHECK: Rule = Rule {
    code: "check-scan",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A CHECK that is checked at once",
    why: "ADD CHECK reads every row under ACCESS EXCLUSIVE. Added NOT VALID it holds for new rows at once, and VALIDATE reads \
          the old ones while everybody works on.",
    naive: "ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0);",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT total_positive;",
};

const FOREIGN_KEY: Rule = Rule {
    code: "foreign-key-scan",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A foreign key that is checked at once",
    why: "ADD FOREIGN KEY holds SHARE ROW EXCLUSIVE on both tables until every row has been looked up.",
    naive: "ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id);",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders ADD CONSTRAINT orders_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT orders_user;",
};

const UNIQUE: Rule = Rule {
    code: "unique-builds-index",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A unique constraint or primary key that builds its index",
    why: "The index is built under ACCESS EXCLUSIVE. Built concurrently before, it is only taken over.",
    naive: "ALTER TABLE orders ADD CONSTRAINT orders_code_key UNIQUE (code);",
    safe: "CREATE UNIQUE INDEX CONCURRENTLY orders_code_key ON orders (code);\n\
           ALTER TABLE orders ADD CONSTRAINT orders_code_key UNIQUE USING INDEX orders_code_key;",
};

const EXCLUSION: Rule = Rule {
    code: "exclusion-builds-index",
    class: Class::Lock,
    severity: Severity::Warning,
    title: "An exclusion constraint on a table with rows",
    why: "Its index is built under ACCESS EXCLUSIVE, and PostgreSQL has no concurrent way.",
    naive: "ALTER TABLE orders ADD CONSTRAINT no_overlap EXCLUDE USING gist (period WITH &&);",
    safe: "CREATE TABLE bookings (period tstzrange, EXCLUDE USING gist (period WITH &&));",
};

const SAME_TRANSACTION: Rule = Rule {
    code: "validate-in-same-transaction",
    class: Class::Lock,
    severity: Severity::Error,
    title: "NOT VALID and VALIDATE in one transaction",
    why: "The lock of the first statement is held while the second reads every row, so nothing is won.",
    naive: "-- whimbrel:transaction on\n\
            ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;\n\
            ALTER TABLE orders VALIDATE CONSTRAINT total_positive;",
    safe: "-- whimbrel:transaction off\n\
           ALTER TABLE orders ADD CONSTRAINT total_positive CHECK (total >= 0) NOT VALID;\n\
           ALTER TABLE orders VALIDATE CONSTRAINT total_positive;",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    match look.action() {
        Action::SetNotNull { table, column } => set_not_null(look, table, column, found),
        Action::AddConstraint { table, constraint } => added(look, table, constraint, found),
        Action::AddColumn { table, column } => {
            for constraint in &column.constraints {
                added(look, table, constraint, found);
            }
        }
        Action::ValidateConstraint { table, name } => validated(look, table, name, found),
        _ => {}
    }
}

/// The four statements that make a column required without a scan under a lock.
pub(super) fn not_null_by_check(table: &str, column: &str) -> String {
    let name = quote_identifier(&format!("{column}_present"));
    let column = quote_identifier(column);
    format!(
        "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n\
         ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n\
         ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
         ALTER TABLE {table} DROP CONSTRAINT {name};"
    )
}

fn set_not_null(look: &Look<'_>, table: &QualifiedName, column: &str, found: &mut Vec<Finding>) {
    if !look.is_used(table) || look.world.proves_not_null(table, column, look.facts) {
        return;
    }
    let reason = format!("every row of `{table}` is read to see that `{column}` holds no NULL");
    let rewrite = not_null_by_check(&quote_name(table), column);
    found.push(
        look.locking(&NOT_NULL, LockMode::AccessExclusive, table, reason)
            .doing(Work::Scan)
            .instead(format!("-- whimbrel:transaction off\n{rewrite}")),
    );
}

fn added(look: &Look<'_>, table: &QualifiedName, constraint: &NewConstraint, found: &mut Vec<Finding>) {
    if !look.is_used(table) {
        return;
    }
    match &constraint.kind {
        ConstraintKind::Check(condition) if !constraint.not_valid => {
            let reason = format!("every row of `{table}` is checked against `{condition}`");
            found.push(scan(look, &CHECK, table, constraint, reason));
        }
        ConstraintKind::NotNull(column)
            if !constraint.not_valid && !look.world.proves_not_null(table, column, look.facts) =>
        {
            set_not_null(look, table, column, found);
        }
        ConstraintKind::ForeignKey { references, .. } if !constraint.not_valid => {
            let reason = format!("every row of `{table}` is looked up in `{references}`");
            let mut finding = scan(look, &FOREIGN_KEY, table, constraint, reason);
            finding.locks = vec![look.lock(LockMode::ShareRowExclusive, table)];
            if references != table {
                finding.locks.push(look.lock(LockMode::ShareRowExclusive, references));
            }
            found.push(finding);
        }
        ConstraintKind::Unique { columns, using_index: None, .. } => {
            found.push(unique(look, table, constraint, columns, "UNIQUE"));
        }
        ConstraintKind::PrimaryKey { columns, using_index: None } => {
            found.push(unique(look, table, constraint, columns, "PRIMARY KEY"));
        }
        ConstraintKind::Exclude => {
            let reason = format!(
                "the index of the exclusion constraint is built while nobody reads or writes `{table}`"
            );
            found.push(
                look.locking(&EXCLUSION, LockMode::AccessExclusive, table, reason)
                    .doing(Work::Build)
                    .instead("there is no way without the lock: choose a quiet hour, and accept the finding with `-- whimbrel:allow`"),
            );
        }
        _ => {}
    }
}

fn scan(
    look: &Look<'_>,
    rule: &Rule,
    table: &QualifiedName,
    constraint: &NewConstraint,
    reason: String,
) -> Finding {
    let name = quote_identifier(&constraint.name.clone().unwrap_or_else(|| chosen_name(table, constraint)));
    let quoted = quote_name(table);
    look.locking(rule, LockMode::AccessExclusive, table, reason).doing(Work::Scan).instead(format!(
        "-- whimbrel:transaction off\n\
         ALTER TABLE {quoted} ADD CONSTRAINT {name} {} NOT VALID;\n\
         ALTER TABLE {quoted} VALIDATE CONSTRAINT {name};",
        table_form(constraint)
    ))
}

fn chosen_name(table: &QualifiedName, constraint: &NewConstraint) -> String {
    match &constraint.kind {
        ConstraintKind::ForeignKey { columns, .. } => format!("{}_{}_fkey", table.name, columns.join("_")),
        _ => format!("{}_check", table.name),
    }
}

/// The constraint's text as it stands apart from a column.
fn table_form(constraint: &NewConstraint) -> String {
    match &constraint.kind {
        ConstraintKind::ForeignKey { columns, .. }
            if !constraint.text.to_uppercase().starts_with("FOREIGN") =>
        {
            let columns: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
            format!("FOREIGN KEY ({}) {}", columns.join(", "), constraint.text)
        }
        _ => constraint.text.clone(),
    }
}

fn unique(
    look: &Look<'_>,
    table: &QualifiedName,
    constraint: &NewConstraint,
    columns: &[String],
    words: &str,
) -> Finding {
    let suffix = if words == "UNIQUE" { format!("{}_key", columns.join("_")) } else { "pkey".to_owned() };
    let name = constraint.name.clone().unwrap_or_else(|| format!("{}_{suffix}", table.name));
    let (name, quoted) = (quote_identifier(&name), quote_name(table));
    let listed: Vec<String> = columns.iter().map(|column| quote_identifier(column)).collect();
    let reason =
        format!("the index over `{}` is built while nobody reads or writes `{table}`", columns.join("`, `"));
    look.locking(&UNIQUE, LockMode::AccessExclusive, table, reason).doing(Work::Build).instead(format!(
        "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {quoted} ({});\n\
         ALTER TABLE {quoted} ADD CONSTRAINT {name} {words} USING INDEX {name};",
        listed.join(", ")
    ))
}

fn validated(look: &Look<'_>, table: &QualifiedName, name: &str, found: &mut Vec<Finding>) {
    let Some(added) = look.world.added(table, name) else { return };
    let same = look.statement.unit.is_some() && added.unit == look.statement.unit;
    if !same || !added.constraint.not_valid || !look.is_used(table) {
        return;
    }
    let mut finding = match &added.constraint.kind {
        ConstraintKind::ForeignKey { references, .. } => {
            let mut finding = look.locking(&SAME_TRANSACTION, LockMode::ShareRowExclusive, table, "");
            if references != table {
                finding.locks.push(look.lock(LockMode::ShareRowExclusive, references));
            }
            finding
        }
        _ => look.locking(&SAME_TRANSACTION, LockMode::AccessExclusive, table, ""),
    };
    finding.reason = format!(
        "`{name}` is validated in the transaction that added it, so the lock of adding it is held meanwhile"
    );
    found.push(finding.doing(Work::Scan).instead("put `-- whimbrel:transaction off` above both statements"));
}
