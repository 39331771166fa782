//! Columns that are added.

use super::super::look::Look;
use super::super::{Class, Finding, LockMode, Rule, Severity, Size, Work};
use crate::catalog::QualifiedName;
use crate::sql_text::{quote_identifier, quote_name};
use crate::statement::{Action, Fill, NewColumn};

pub(super) const RULES: &[&Rule] = &[&REWRITES, &REQUIRED];

const REWRITES: Rule = Rule {
    code: "column-rewrites-table",
    class: Class::Lock,
    severity: Severity::Error,
    title: "A column whose values are computed for every row",
    why: "A volatile default, a sequence, an identity or a stored expression writes the table and all its indexes anew under \
          ACCESS EXCLUSIVE.",
    naive: "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();",
    safe: "ALTER TABLE orders ADD COLUMN token uuid;\nALTER TABLE orders ALTER COLUMN token SET DEFAULT gen_random_uuid();",
};

const REQUIRED: Rule = Rule {
    code: "required-column-without-value",
    class: Class::Correctness,
    severity: Severity::Error,
    title: "A required column without a value for the rows that stand",
    why: "The statement fails on a table that has rows.",
    naive: "ALTER TABLE orders ADD COLUMN channel text NOT NULL;",
    safe: "ALTER TABLE orders ADD COLUMN channel text NOT NULL DEFAULT 'web';",
};

pub(super) fn check(look: &Look<'_>, found: &mut Vec<Finding>) {
    let Action::AddColumn { table, column } = look.action() else { return };
    if !look.is_used(table) {
        return;
    }
    if column.fill.rewrites() {
        let why = match &column.fill {
            Fill::Volatile(text) => format!("`{text}` may differ from row to row"),
            Fill::Sequence => "each row takes the next value of a sequence".to_owned(),
            _ => "the value is computed and stored for each row".to_owned(),
        };
        found.push(
            look.locking(
                &REWRITES,
                LockMode::AccessExclusive,
                table,
                format!("adding `{}` writes `{table}` anew: {why}", column.name),
            )
            .doing(Work::Rewrite)
            .instead(step_by_step(table, column)),
        );
    }
    if column.not_null && column.fill == Fill::Null && !matches!(look.size(table), Size::Unknown) {
        found.push(required(look, table, column));
    } else if column.not_null && column.fill == Fill::Null {
        let mut finding = required(look, table, column);
        finding.severity = Severity::Warning;
        found.push(finding);
    }
}

fn required(look: &Look<'_>, table: &QualifiedName, column: &NewColumn) -> Finding {
    let words = look.size(table).words();
    look.finding(
        &REQUIRED,
        format!("`{}` is required and has no default, and `{table}` is {words}", column.name),
    )
    .instead(step_by_step(table, column))
}

/// Nullable, filled in batches, required at the end.
fn step_by_step(table: &QualifiedName, column: &NewColumn) -> String {
    let (table, name) = (quote_name(table), quote_identifier(&column.name));
    let mut out = String::from("-- whimbrel:transaction off\n");
    let ty = match column.type_text.to_lowercase().as_str() {
        "serial" | "serial4" => "integer".to_owned(),
        "bigserial" | "serial8" => "bigint".to_owned(),
        "smallserial" | "serial2" => "smallint".to_owned(),
        _ => column.type_text.clone(),
    };
    out.push_str(&format!("ALTER TABLE {table} ADD COLUMN {name} {ty};\n"));
    let value = match &column.fill {
        Fill::Volatile(text) => {
            out.push_str(&format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {text};\n"));
            text.clone()
        }
        Fill::Sequence => {
            let sequence = quote_identifier(&format!("{}_{}_seq", table.trim_matches('"'), column.name));
            out.push_str(&format!("CREATE SEQUENCE {sequence} OWNED BY {table}.{name};\n"));
            let next = format!("nextval('{sequence}')");
            out.push_str(&format!("ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {next};\n"));
            next
        }
        Fill::Stored(_) => {
            out.push_str("-- keep it current by a trigger BEFORE INSERT OR UPDATE\n");
            "…".to_owned()
        }
        _ => "…".to_owned(),
    };
    out.push_str(&format!(
        "-- whimbrel:batch size=1000\nUPDATE {table} SET {name} = {value} WHERE {name} IS NULL;"
    ));
    if column.not_null {
        out.push('\n');
        out.push_str(&super::constraint::not_null_by_check(&table, &column.name));
    }
    out
}
