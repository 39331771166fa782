//! The text of a squashed file: the sections of several files one after the other.

use whimbrel_engine::{Grouping, Statement};

use crate::migration::{Migration, MigrationFile};

/// A squashed file's text, with its overrides by dialect.
#[derive(Clone, Debug)]
pub(crate) struct SquashedText {
    pub(crate) file: String,
    pub(crate) overrides: Vec<(String, String)>,
}

impl SquashedText {
    /// The same with a line above everything.
    pub(crate) fn headed(mut self, line: &str) -> Self {
        self.file = format!("{line}\n{}", self.file);
        self
    }
}

/// The statements of the files as they are written, directives and comments included.
pub(crate) fn concatenation(range: &[&Migration], outside: &dyn Fn(&Statement) -> bool) -> SquashedText {
    let mut dialects: Vec<&String> = range.iter().flat_map(|migration| migration.overrides.keys()).collect();
    dialects.sort();
    dialects.dedup();
    let bases: Vec<(&str, &MigrationFile)> =
        range.iter().map(|migration| (migration.file_name.as_str(), &migration.file)).collect();
    let overrides = dialects
        .into_iter()
        .map(|dialect| {
            let files: Vec<(&str, &MigrationFile)> = range
                .iter()
                .map(|migration| (migration.file_name.as_str(), migration.content(dialect)))
                .collect();
            (dialect.clone(), joined(&files, outside))
        })
        .collect();
    SquashedText { file: joined(&bases, outside), overrides }
}

fn joined(files: &[(&str, &MigrationFile)], outside: &dyn Fn(&Statement) -> bool) -> String {
    let mut text = String::new();
    let mut allowed: Vec<String> = files
        .iter()
        .flat_map(|(_, file)| &file.allowed)
        .map(|allowance| format!("-- whimbrel:allow {} {}\n", allowance.code, allowance.reason))
        .collect();
    allowed.dedup();
    text.extend(allowed);
    text.push_str("\n-- whimbrel:up\n");
    section(&mut text, files, 0, outside);
    // One file without a way back leaves the whole without one.
    if files.iter().all(|(_, file)| file.down.is_some()) {
        text.push_str("\n-- whimbrel:down\n");
        let backwards: Vec<(&str, &MigrationFile)> = files.iter().rev().copied().collect();
        section(&mut text, &backwards, 1, outside);
    }
    text
}

/// One direction of every file, each with the directives that keep its transactions and engines its own.
fn section(
    text: &mut String,
    files: &[(&str, &MigrationFile)],
    direction: usize,
    outside: &dyn Fn(&Statement) -> bool,
) {
    let asks = |file: &MigrationFile| {
        let statements = if direction == 0 { Some(&file.up) } else { file.down.as_ref() };
        statements.into_iter().flatten().map(|scoped| &scoped.statement).any(|statement| {
            statement.grouping != Grouping::File || statement.batch.is_some() || outside(statement)
        })
    };
    let mixed = files.iter().any(|(_, file)| asks(file));
    let mut restricted = false;
    for (name, file) in files {
        let Some(range) = file.sections[direction].clone() else { continue };
        let body = file.source.text[range].trim_matches(['\n', '\r']);
        text.push_str(&format!("\n-- from {name}\n"));
        if restricted {
            text.push_str("-- whimbrel:engine any\n");
        }
        if mixed {
            text.push_str(if asks(file) {
                "-- whimbrel:transaction off\n"
            } else {
                "-- whimbrel:transaction on\n"
            });
        }
        restricted = body.contains("whimbrel:engine");
        text.push_str(body);
        text.push_str(if ends_open(file, direction) { "\n;\n" } else { "\n" });
    }
}

/// Whether the last statement of a section leaves its semicolon out.
fn ends_open(file: &MigrationFile, direction: usize) -> bool {
    let statements = if direction == 0 { Some(&file.up) } else { file.down.as_ref() };
    let Some(last) = statements.and_then(|statements| statements.last()) else { return false };
    let end = last.statement.offset + last.statement.sql.len();
    !file.source.text[end..].trim_start().starts_with(';')
}

/// The statements that change rows, which a comparison of catalogues does not see.
pub(crate) fn data_statements(range: &[&Migration], dialect: &str) -> Vec<String> {
    let mut found = Vec::new();
    for migration in range {
        let statements = migration.content(dialect).statements(true, dialect).unwrap_or_default();
        let verbs: Vec<String> = statements
            .iter()
            .filter_map(|statement| statement.sql.split_whitespace().next())
            .map(str::to_uppercase)
            .filter(|verb| {
                ["INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "TRUNCATE", "DO", "CALL"]
                    .contains(&verb.as_str())
            })
            .collect();
        if !verbs.is_empty() {
            found.push(format!(
                "the rows that {} writes ({}): only their number in each table",
                migration.file_name,
                verbs.join(", ")
            ));
        }
    }
    found
}
