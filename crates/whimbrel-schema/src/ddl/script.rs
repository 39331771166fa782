//! A whole migration: statements up and down, and its file.

use crate::operation::Operation;

use super::statements;

/// The text of a migration, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationText {
    /// The statements that take the schema forward, without semicolons.
    pub up: Vec<String>,
    /// The statements that take it back, without semicolons.
    pub down: Vec<String>,
    /// What rolling back does not bring back, in plain words.
    pub irreversible: Vec<String>,
    /// What to think of before it runs on tables that hold rows, in plain words.
    pub cautions: Vec<String>,
}

/// Writes operations as a migration.
#[must_use]
pub fn script(operations: &[Operation]) -> MigrationText {
    let mut text = MigrationText::default();
    for operation in operations {
        text.up.extend(statements(operation));
        if !operation.is_reversible() {
            text.irreversible.push(operation.summary());
        }
        for note in operation.notes() {
            if !text.cautions.contains(&note) {
                text.cautions.push(note);
            }
        }
    }
    text.down.extend(inverses(operations).iter().flat_map(statements));
    text
}

/// The inverses in their order; types that are recreated several times in a row are so once.
fn inverses(operations: &[Operation]) -> Vec<Operation> {
    let mut inverses: Vec<Operation> = Vec::new();
    for inverse in operations.iter().rev().filter_map(Operation::inverse) {
        match (inverses.last_mut(), inverse) {
            (
                Some(Operation::ReplaceEnum { to: reached, usage: before, .. }),
                Operation::ReplaceEnum { from, to, usage },
            ) if *reached == from && *before == usage => *reached = to,
            (_, inverse) => inverses.push(inverse),
        }
    }
    inverses
}

/// Writes the file of a migration.
#[must_use]
pub fn migration_file(text: &MigrationText, title: &str) -> String {
    let mut file = String::new();
    for line in title.lines() {
        comment(&mut file, line);
    }
    listed(&mut file, "Mind:", &text.cautions);
    listed(&mut file, "Rolling back does not bring back the data of what this does:", &text.irreversible);
    section(&mut file, "up", &text.up);
    section(&mut file, "down", &text.down);
    file
}

fn listed(file: &mut String, heading: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    file.push_str("--\n");
    comment(file, heading);
    for line in lines {
        comment(file, &format!("- {line}"));
    }
}

fn comment(file: &mut String, line: &str) {
    // A name may hold a line end; a comment may not.
    let line = line.replace(['\n', '\r'], " ");
    file.push_str(format!("-- {line}").trim_end());
    file.push('\n');
}

fn section(file: &mut String, name: &str, statements: &[String]) {
    file.push_str(&format!("\n-- whimbrel:{name}\n"));
    for statement in statements {
        file.push_str(&format!("\n{statement};\n"));
    }
}
