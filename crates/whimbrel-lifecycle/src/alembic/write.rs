//! Writing a revision as a migration file, and reading it back to be sure.

use squawk_lexer::TokenKind;
use whimbrel_engine::Grouping;

use super::ImportError;
use super::origin::Origin;
use super::script::{Piece, Revision};
use crate::migration::{MigrationFile, is_directive, parse};

/// The text of the file.
///
/// # Errors
/// The file would not read back as the revision's statements.
pub(super) fn file(
    file_name: &str,
    origin: &Origin,
    message: Option<&str>,
    up: &Revision,
    down: Option<&Revision>,
) -> Result<String, ImportError> {
    let mut text = format!("{}\n", origin.line());
    for line in message.unwrap_or_default().lines() {
        text.push_str(&format!("-- {line}\n"));
    }
    section(&mut text, "up", up);
    if let Some(down) = down {
        section(&mut text, "down", down);
    }
    let unwritable = |reason: String| ImportError::Unwritable { revision: origin.revision.clone(), reason };
    let read = parse(file_name, &text).map_err(|error| unwritable(error.to_string()))?;
    if !says(&read, true, up) || !down.is_none_or(|down| says(&read, false, down)) {
        return Err(unwritable("it would be read as other statements than the script's".to_owned()));
    }
    Ok(text)
}

fn section(text: &mut String, verb: &str, revision: &Revision) {
    text.push_str(&format!("\n-- whimbrel:{verb}\n"));
    if revision.statements().next().is_none() {
        text.push_str(&format!("-- Nothing runs here: {}.\n", reason_for_nothing(revision)));
    }
    let mixed = revision.statements().any(|(_, inside)| !inside);
    let mut state = None;
    for piece in &revision.pieces {
        match piece {
            Piece::Comment(comment) if is_directive(comment) => {}
            Piece::Comment(comment) => text.push_str(&format!("\n{comment}")),
            Piece::Statement { sql, inside } => {
                if mixed && state != Some(*inside) {
                    let word = if *inside { "on" } else { "off" };
                    text.push_str(&format!("\n-- whimbrel:transaction {word}"));
                    state = Some(*inside);
                }
                text.push_str(&format!("\n{};\n", without_directives(sql)));
            }
        }
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
}

fn reason_for_nothing(revision: &Revision) -> String {
    let many = if revision.from.len() > 1 { &revision.from } else { &revision.to };
    if many.len() > 1 {
        return format!("the revision joins {}", many.join(" and "));
    }
    "the revision changes no schema".to_owned()
}

/// A statement's own comments must not be taken for directives.
fn without_directives(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut offset = 0;
    for token in squawk_lexer::tokenize(sql) {
        let length = usize::try_from(token.len).expect("a token's length fits");
        if token.kind == TokenKind::Eof {
            break;
        }
        let text = &sql[offset..offset + length];
        if token.kind == TokenKind::LineComment && is_directive(text) {
            out.push_str(&text.replacen("--", "-- #", 1));
        } else {
            out.push_str(text);
        }
        offset += length;
    }
    out
}

/// Whether the file says what the revision says, statement by statement.
fn says(file: &MigrationFile, upwards: bool, revision: &Revision) -> bool {
    let section = if upwards { Some(&file.up) } else { file.down.as_ref() };
    let Some(section) = section else { return false };
    let mixed = revision.statements().any(|(_, inside)| !inside);
    let wanted: Vec<_> = revision.statements().collect();
    wanted.len() == section.len()
        && wanted.iter().zip(section).all(|((sql, inside), scoped)| {
            let grouped = match scoped.statement.grouping {
                Grouping::File => !mixed,
                Grouping::Alone => !inside,
                Grouping::Group(_) => *inside,
            };
            grouped && scoped.dialect.is_none() && scoped.statement.sql == without_directives(sql)
        })
}

#[cfg(test)]
mod tests {
    use super::super::script::read;
    use super::*;

    fn written(script: &str) -> Result<String, ImportError> {
        let revisions = read("up.sql", script).unwrap();
        let origin = Origin::from_upgrade(&revisions[0]);
        file("0001-a.sql", &origin, Some("add t"), &revisions[0], None)
    }

    #[test]
    fn statements_keep_their_text_and_their_transactions() {
        let script = "BEGIN;\n-- Running upgrade z -> a\nSELECT 1;\n-- why\nSELECT\n  2;\nCOMMIT;\nVACUUM;\nBEGIN;\nSELECT 3;\n";
        assert_eq!(
            written(script).unwrap(),
            "-- Alembic revision a, after z\n-- add t\n\n-- whimbrel:up\n\n-- whimbrel:transaction on\nSELECT 1;\n\n-- why\nSELECT\n  2;\n\n\
             -- whimbrel:transaction off\nVACUUM;\n\n-- whimbrel:transaction on\nSELECT 3;\n"
        );
    }

    #[test]
    fn comments_that_look_like_directives_direct_nothing() {
        let script = "-- Running upgrade  -> a\n-- whimbrel:down\nSELECT 1\n-- migrate:down\n, 2;\nSELECT '\n-- whimbrel:down\n';\n";
        let text = written(script).unwrap();
        let file = parse("0001-a.sql", &text).unwrap();
        assert_eq!(file.up.len(), 2);
        assert!(file.down.is_none() && file.up[1].statement.sql == "SELECT '\n-- whimbrel:down\n'", "{text}");
    }

    #[test]
    fn a_merge_is_a_file_that_runs_nothing() {
        let text = written("-- Running upgrade x, y -> a\n").unwrap();
        assert!(text.contains("joins x and y"), "{text}");
    }
}
