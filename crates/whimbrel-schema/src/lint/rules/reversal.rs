//! Files without a way back.

use super::super::{Class, Finding, LintFile, Reversal, Rule, Severity};

pub(super) const RULES: &[&Rule] = &[&IRREVERSIBLE];

const IRREVERSIBLE: Rule = Rule {
    code: "irreversible",
    class: Class::Correctness,
    severity: Severity::Warning,
    title: "A file that cannot be rolled back",
    why: "There is no `-- whimbrel:down`, or the way down can bring a table or column back, but not what was in it.",
    naive: "ALTER TABLE orders DROP COLUMN note;",
    safe: "ALTER TABLE orders ADD COLUMN channel text;",
};

pub(super) fn check(file: &LintFile, found: &mut Vec<Finding>) {
    match file.reversal {
        Some(Reversal::Missing) => {
            let Some(first) = file.statements.first() else { return };
            let span = first.offset..first.offset + first.sql.lines().next().unwrap_or_default().len();
            found.push(
                Finding::new(&IRREVERSIBLE, "the file has no way down", span).instead(
                    "-- whimbrel:down\n-- the statements that undo it, or none of them with `-- whimbrel:allow irreversible` and why",
                ),
            );
        }
        Some(Reversal::Present) => {
            let lost = found
                .iter()
                .find(|finding| finding.class == Class::Data && finding.severity == Severity::Error);
            if let Some(lost) = lost {
                let mut finding = Finding::new(
                    &IRREVERSIBLE,
                    "the way down cannot bring back what this statement takes away",
                    lost.span.clone(),
                );
                finding.severity = Severity::Note;
                finding.statement = lost.statement;
                found.push(
                    finding.instead("keep a backup or a copy of the rows until nobody wants to go back"),
                );
            }
        }
        None => {}
    }
}
