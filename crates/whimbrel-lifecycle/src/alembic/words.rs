//! SQLite's names of types in PostgreSQL's words, in which migration files are written.

use squawk_lexer::TokenKind;

/// Types that SQLAlchemy writes for SQLite and PostgreSQL does not have.
const TYPES: [(&str, &str); 2] = [("blob", "BYTEA"), ("datetime", "TIMESTAMP")];

/// The statement with the types of its columns in PostgreSQL's words. A key that SQLite numbers by itself says so.
pub(super) fn in_postgres_words(sql: &str) -> String {
    let tokens = tokens(sql);
    let numbered = numbered_key(&tokens);
    let defines = tokens.first().is_some_and(|token| token.word == "create" || token.word == "alter");
    let mut out = String::with_capacity(sql.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate().filter(|_| defines) {
        let Some([before, name]) = index.checked_sub(2).and_then(|from| tokens.get(from..index)) else {
            continue;
        };
        // A column's type follows its name, and that a comma, a parenthesis or a keyword.
        if !token.is_word
            || !matches!(before.word.as_str(), "(" | "," | "column" | "add")
            || name.word == "column"
        {
            continue;
        }
        let ours = match TYPES.iter().find(|(theirs, _)| *theirs == token.word) {
            Some((_, ours)) => *ours,
            None if token.word == "integer" && numbered == Some(name.word.as_str()) => "SERIAL",
            None => continue,
        };
        out.push_str(&sql[copied..token.start]);
        out.push_str(ours);
        copied = token.start + token.word.len();
    }
    out.push_str(&sql[copied..]);
    out
}

struct Token {
    start: usize,
    /// In lower case.
    word: String,
    is_word: bool,
}

/// The tokens without space and comments.
fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    for token in squawk_lexer::tokenize(sql) {
        let length = usize::try_from(token.len).expect("a token's length fits");
        match token.kind {
            TokenKind::Eof => break,
            TokenKind::Whitespace | TokenKind::LineComment | TokenKind::BlockComment { .. } => {}
            kind => tokens.push(Token {
                start,
                word: sql[start..start + length].to_ascii_lowercase(),
                is_word: kind == TokenKind::Ident,
            }),
        }
        start += length;
    }
    tokens
}

/// The only column of the primary key that stands as a constraint of the table.
fn numbered_key(tokens: &[Token]) -> Option<&str> {
    let words: Vec<&str> = tokens.iter().map(|token| token.word.as_str()).collect();
    words.windows(5).find_map(|window| match window {
        ["primary", "key", "(", column, ")"] => Some(*column),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_replaced_and_names_are_not() {
        for (sql, expected) in [
            (
                "CREATE TABLE t (a BLOB, \"b c\" DATETIME NOT NULL)",
                "CREATE TABLE t (a BYTEA, \"b c\" TIMESTAMP NOT NULL)",
            ),
            (
                "CREATE TABLE t (blob TEXT, datetime DATETIME)",
                "CREATE TABLE t (blob TEXT, datetime TIMESTAMP)",
            ),
            ("ALTER TABLE t ADD COLUMN a DATETIME", "ALTER TABLE t ADD COLUMN a TIMESTAMP"),
            ("ALTER TABLE t ADD COLUMN blob TEXT", "ALTER TABLE t ADD COLUMN blob TEXT"),
            ("UPDATE t SET a = (b, blob, datetime)", "UPDATE t SET a = (b, blob, datetime)"),
            ("CREATE INDEX i ON t (a, blob)", "CREATE INDEX i ON t (a, blob)"),
            (
                "CREATE TABLE t (id INTEGER NOT NULL, x INTEGER, PRIMARY KEY (id))",
                "CREATE TABLE t (id SERIAL NOT NULL, x INTEGER, PRIMARY KEY (id))",
            ),
            (
                "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER, PRIMARY KEY (a, b))",
                "CREATE TABLE t (a INTEGER NOT NULL, b INTEGER, PRIMARY KEY (a, b))",
            ),
        ] {
            assert_eq!(in_postgres_words(sql), expected);
        }
    }
}
