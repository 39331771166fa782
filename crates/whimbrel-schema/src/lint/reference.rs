//! The reference page of the rules, generated from their table.

use std::fmt::Write as _;

use super::rules;

const INTRODUCTION: &str = "\
# Lint

<!-- Generated from the rules in crates/whimbrel-schema/src/lint by `cargo xtask gen`. -->

`whimbrel migrate lint` reads the statements of pending files, or of the files that it is given, and says what they would
lock, rewrite, lose or break; `migrate`, `rollback` and their `--dry-run` do the same before anything runs. In a protected
environment a finding of severity *error* refuses the plan with exit code 5. Locks are looked at where the engine locks
table by table; a lock on a table that the plan itself makes, or that holds no rows, is none of its business, and on a table
with fewer rows than `lint.big_table_rows` it is a note.

`-- whimbrel:allow CODE reason` above a statement accepts that finding for the statement, and before `-- whimbrel:up` for the
whole file. `lint.ignore` in whimbrel.toml leaves codes out for a whole project or environment. `--allow-locking` lets findings
about locks pass once, `--allow-destructive` those about losses.
";

/// `docs/reference/lint.md`: every rule with its reason and an example.
#[must_use]
pub fn reference_markdown() -> String {
    let mut out = String::from(INTRODUCTION);
    let mut class = None;
    for rule in rules() {
        if class != Some(rule.class) {
            class = Some(rule.class);
            let _ = writeln!(out, "\n## {}", rule.class.title());
        }
        let _ = writeln!(
            out,
            "\n### {}\n\n{} ({}). {}\n",
            rule.code,
            rule.title,
            rule.severity.as_str(),
            rule.why
        );
        let _ = writeln!(out, "```sql\n-- found\n{}\n\n-- left alone\n{}\n```", rule.naive, rule.safe);
    }
    out
}
