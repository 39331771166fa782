//! A whole migration: statements up and down, and its file.

use crate::catalog::Catalog;
use crate::operation::Operation;

use super::section::{Forms, Section, Unit};
use super::{safe, statements};

/// The text of a migration, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MigrationText {
    /// What takes the schema forward.
    pub up: Section,
    /// What takes it back.
    pub down: Section,
    /// What rolling back does not bring back, in plain words.
    pub irreversible: Vec<String>,
    /// What to think of before it runs on tables that hold rows, in plain words.
    pub cautions: Vec<String>,
}

/// Writes operations on this catalogue as a migration.
#[must_use]
pub fn script(operations: &[Operation], before: &Catalog, forms: Forms) -> MigrationText {
    let mut text = MigrationText::default();
    for operation in operations {
        if !operation.is_reversible() {
            text.irreversible.push(operation.summary());
        }
        operation.notes().into_iter().for_each(|note| text.caution(note));
    }
    let inverses = inverses(operations);
    match forms {
        Forms::Plain => {
            text.up = in_one_transaction(operations);
            text.down = in_one_transaction(&inverses);
        }
        Forms::Safe => {
            let up = safe::write(operations, before);
            text.down = safe::write(&inverses, &up.after).section;
            text.up = up.section;
            up.cautions.into_iter().for_each(|caution| text.caution(caution));
        }
    }
    text
}

impl MigrationText {
    fn caution(&mut self, caution: String) {
        if !self.cautions.contains(&caution) {
            self.cautions.push(caution);
        }
    }
}

fn in_one_transaction(operations: &[Operation]) -> Section {
    let unit = Unit::together(operations.iter().flat_map(statements));
    Section { units: if unit.statements.is_empty() { Vec::new() } else { vec![unit] } }
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

fn section(file: &mut String, name: &str, section: &Section) {
    file.push_str(&format!("\n-- whimbrel:{name}\n"));
    file.push_str(&section.text());
}
