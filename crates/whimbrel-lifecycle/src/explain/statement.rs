//! What a query is, before it is sent anywhere: one statement, reading or writing, with so many parameters.

use std::ops::Range;

use miette::NamedSource;
use squawk_lexer::TokenKind;
use whimbrel_engine::Source;

use super::error::ExplainError;

/// The statements that have a plan.
const WITH_PLANS: [&str; 7] = ["select", "insert", "update", "delete", "merge", "values", "with"];
/// The statements that write.
const WRITING: [&str; 4] = ["insert", "update", "delete", "merge"];
/// The words after FOR that lock rows.
const LOCKING: [&str; 4] = ["update", "share", "no", "key"];

/// One token that is neither space nor comment.
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
    pub(super) range: Range<usize>,
}

/// What is known of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Whether it may change rows, or locks them.
    pub(super) writes: bool,
    /// How many parameters it has: the largest number after `$`.
    pub(super) parameters: usize,
}

/// The tokens of the text, without space and comments.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut start) = (Vec::new(), 0);
    for token in squawk_lexer::tokenize(text) {
        let range = start..start + token.len as usize;
        start = range.end;
        let skipped = matches!(
            token.kind,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } | TokenKind::Eof
        );
        if !skipped {
            found.push(Token { kind: token.kind, text: &text[range.clone()], range });
        }
    }
    found
}

/// Reads the one statement of a text.
///
/// # Errors
/// There is none, there are several, or it has no plan.
pub(super) fn read(source: &Source) -> Result<Statement, ExplainError> {
    let tokens = tokens(&source.text);
    let Some(first) =
        tokens.iter().find(|token| !matches!(token.kind, TokenKind::OpenParen | TokenKind::Semi))
    else {
        return Err(ExplainError::NoQuery { name: source.name.clone() });
    };
    let end = tokens
        .iter()
        .position(|token| token.kind == TokenKind::Semi && token.range.start > first.range.start);
    if let Some(second) = end.and_then(|end| tokens[end..].iter().find(|token| token.kind != TokenKind::Semi))
    {
        let range = second.range.clone();
        return Err(ExplainError::Several {
            source_code: named(source),
            span: (range.start, range.len()).into(),
        });
    }
    let word = first.text.to_lowercase();
    let into = tokens.iter().enumerate().find(|(index, _)| makes_table(&tokens, *index));
    if !WITH_PLANS.contains(&word.as_str()) || into.is_some() {
        let (statement, range) = match into {
            Some((_, token)) if WITH_PLANS.contains(&word.as_str()) => {
                ("SELECT … INTO".to_owned(), token.range.clone())
            }
            _ => (first.text.to_uppercase(), first.range.clone()),
        };
        return Err(ExplainError::Statement {
            statement,
            source_code: named(source),
            span: (range.start, range.len()).into(),
        });
    }
    let writes = (0..tokens.len()).any(|index| begins_writing(&tokens, index) || locks(&tokens, index));
    let numbers = tokens.iter().filter(|token| matches!(token.kind, TokenKind::PositionalParam { .. }));
    let parameters = numbers.filter_map(|token| token.text[1..].parse().ok()).max().unwrap_or_default();
    Ok(Statement { writes, parameters })
}

fn named(source: &Source) -> NamedSource<std::sync::Arc<str>> {
    NamedSource::new(&source.name, source.text.clone()).with_language("sql")
}

fn is_word(token: Option<&Token<'_>>, words: &[&str]) -> bool {
    token.is_some_and(|token| {
        token.kind == TokenKind::Ident && words.iter().any(|word| token.text.eq_ignore_ascii_case(word))
    })
}

/// Whether a writing statement begins here: at the beginning, in parentheses (WITH), or after them.
fn begins_writing(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).map(|before| tokens[before].kind);
    let begins =
        matches!(before, None | Some(TokenKind::OpenParen | TokenKind::CloseParen | TokenKind::Semi));
    begins && is_word(tokens.get(index), &WRITING)
}

/// Whether rows are locked here: `FOR UPDATE`.
fn locks(tokens: &[Token<'_>], index: usize) -> bool {
    is_word(tokens.get(index), &["for"]) && is_word(tokens.get(index + 1), &LOCKING)
}

/// Whether this is the INTO of `SELECT … INTO`.
fn makes_table(tokens: &[Token<'_>], index: usize) -> bool {
    let before = index.checked_sub(1).and_then(|before| tokens.get(before));
    is_word(tokens.get(index), &["into"])
        && !is_word(before, &["insert", "merge"])
        && before.is_none_or(|before| before.kind != TokenKind::Dot)
}

#[cfg(test)]
mod tests {
    use miette::Diagnostic as _;

    use super::*;

    fn source(text: &str) -> Source {
        Source { name: "the query".to_owned(), text: text.into() }
    }

    #[test]
    fn what_writes_and_what_reads() {
        for (text, writes, parameters) in [
            ("SELECT 1", false, 0),
            ("-- a note\n(SELECT * FROM t WHERE a = $2 AND b = $1);", false, 2),
            ("VALUES (1)", false, 0),
            ("INSERT INTO t VALUES ($1)", true, 1),
            ("update t set a = ';'", true, 0),
            ("DELETE FROM t", true, 0),
            ("MERGE INTO t USING s ON true WHEN MATCHED THEN DO NOTHING", true, 0),
            ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", true, 0),
            ("WITH x AS (SELECT 1) UPDATE t SET a = 1", true, 0),
            ("SELECT * FROM t FOR UPDATE", true, 0),
            ("SELECT * FROM t FOR NO KEY UPDATE SKIP LOCKED", true, 0),
            ("SELECT * FROM t FOR KEY SHARE", true, 0),
            ("SELECT \"update\", t.delete FROM t WHERE note = 'FOR UPDATE'", false, 0),
            ("SELECT $$; DROP TABLE t; $$", false, 0),
        ] {
            assert_eq!(read(&source(text)).unwrap(), Statement { writes, parameters }, "{text}");
        }
    }

    #[test]
    fn what_has_no_plan_is_refused() {
        for (text, code) in [
            ("", "explain::no_query"),
            ("-- nothing\n;", "explain::no_query"),
            ("SELECT 1; SELECT 2", "explain::several_statements"),
            ("SELECT 1; COMMIT", "explain::several_statements"),
            ("COMMIT", "explain::statement"),
            ("COPY t TO STDOUT", "explain::statement"),
            ("VACUUM t", "explain::statement"),
            ("CREATE TABLE t AS SELECT 1", "explain::statement"),
            ("EXPLAIN SELECT 1", "explain::statement"),
            ("EXECUTE p", "explain::statement"),
            ("DO $$ BEGIN END $$", "explain::statement"),
            ("CALL p()", "explain::statement"),
            ("SELECT * INTO u FROM t", "explain::statement"),
        ] {
            let error = read(&source(text)).unwrap_err();
            assert_eq!(error.code().unwrap().to_string(), code, "{text}");
        }
    }
}
