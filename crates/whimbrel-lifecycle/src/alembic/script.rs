//! Reading what Alembic writes in its offline mode, `alembic upgrade A:B --sql`.

use squawk_lexer::TokenKind;

use super::error::ImportError;
use super::words::in_postgres_words;
use crate::migration::StatementHead;

/// The comment that Alembic writes before each revision.
const MARKER: &str = "Running ";
/// The only column of the table in which Alembic keeps the revisions that stand.
const VERSION_COLUMN: &str = "version_num";

/// Whether a revision is applied or undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Upgrade,
    Downgrade,
}

/// What a script does for one revision.
#[derive(Clone, Debug)]
pub(crate) struct Revision {
    pub(crate) verb: Verb,
    /// The revisions that stand before, none at the base.
    pub(crate) from: Vec<String>,
    /// The revisions that stand afterwards.
    pub(crate) to: Vec<String>,
    /// Heads that it takes the place of, as its changes of the version table say: what it depends on.
    pub(crate) replaced: Vec<String>,
    pub(crate) pieces: Vec<Piece>,
}

/// A statement or a comment between statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    Statement {
        sql: String,
        /// Whether it runs in the transaction that the script opened.
        inside: bool,
    },
    Comment(String),
}

/// Reads a script into its revisions, in order.
///
/// # Errors
/// The text is no script of Alembic's, or is in a dialect that cannot be taken over.
pub(crate) fn read(name: &str, text: &str) -> Result<Vec<Revision>, ImportError> {
    let mut reader = Reader::new(name, text);
    let mut offset = 0;
    for token in squawk_lexer::tokenize(text) {
        let length = usize::try_from(token.len).expect("a token's length fits");
        if token.kind == TokenKind::Eof {
            break;
        }
        reader.token(token.kind, offset, &text[offset..offset + length])?;
        offset += length;
    }
    reader.finish()
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    revisions: Vec<Revision>,
    head: StatementHead,
    /// Where the open statement begins, and where its last token ends.
    open: Option<(usize, usize)>,
    /// The open statement's tokens without space and comments, words in lower case.
    tokens: Vec<String>,
    /// Whether the script opens transactions at all.
    has_transactions: bool,
    inside: bool,
    version_tables: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(name: &'a str, text: &'a str) -> Self {
        Reader {
            name,
            text,
            revisions: Vec::new(),
            head: StatementHead::default(),
            open: None,
            tokens: Vec::new(),
            has_transactions: false,
            inside: false,
            version_tables: vec!["alembic_version".to_owned()],
        }
    }

    fn token(&mut self, kind: TokenKind, offset: usize, text: &str) -> Result<(), ImportError> {
        match kind {
            TokenKind::Whitespace => return Ok(()),
            TokenKind::LineComment if self.open.is_none() => return self.comment(offset, text),
            TokenKind::LineComment if marker(text).is_some() => {
                let (start, end) = self.open.unwrap_or((offset, offset));
                return Err(self.mistake(
                    "this statement does not end before the next revision begins",
                    "a comment at the end of an `op.execute` text swallows the semicolon that Alembic adds: end the comment with a \
                     line break in the revision's file",
                    start,
                    end - start,
                ));
            }
            TokenKind::LineComment | TokenKind::BlockComment { terminated: true } => return Ok(()),
            TokenKind::BlockComment { terminated: false }
            | TokenKind::QuotedIdent { terminated: false, .. } => {
                return Err(self.mistake(
                    "this is never closed",
                    "the script is cut off: write it anew",
                    offset,
                    1,
                ));
            }
            TokenKind::Backtick => return Err(self.dialect("MySQL quotes names like this", offset)),
            TokenKind::Unknown if text.starts_with('\\') => {
                return Err(self.mistake(
                    "this is a command of psql, not SQL",
                    "give the script as Alembic wrote it: `alembic upgrade head --sql`",
                    offset,
                    text.len(),
                ));
            }
            _ => {}
        }
        if kind == TokenKind::Semi && !self.head.in_body() {
            return self.end_statement();
        }
        let word = match kind {
            TokenKind::Ident => text.to_ascii_lowercase(),
            _ => text.to_owned(),
        };
        if kind == TokenKind::Ident {
            self.refuse_other_dialects(&word, offset)?;
            self.head.word(&word);
        }
        self.tokens.push(word);
        let start = self.open.map_or(offset, |(start, _)| start);
        self.open = Some((start, offset + text.len()));
        Ok(())
    }

    fn comment(&mut self, offset: usize, text: &str) -> Result<(), ImportError> {
        let text = text.trim_end();
        let Some(line) = marker(text) else {
            if let Some(revision) = self.revisions.last_mut() {
                revision.pieces.push(Piece::Comment(text.to_owned()));
            }
            return Ok(());
        };
        let Some((verb, from, to)) = revision_line(line) else {
            return Err(self.mistake(
                "this revision's line is not understood",
                "a script holds upgrades or downgrades: `alembic upgrade head --sql`, `alembic downgrade head:base --sql`",
                offset,
                text.len(),
            ));
        };
        // A transaction that a revision ended by its own COMMIT is open again for the next one, as it is when Alembic runs.
        self.inside = self.has_transactions;
        self.revisions.push(Revision { verb, from, to, replaced: Vec::new(), pieces: Vec::new() });
        Ok(())
    }

    fn end_statement(&mut self) -> Result<(), ImportError> {
        let head = self.head.take();
        let tokens = std::mem::take(&mut self.tokens);
        let Some((start, end)) = self.open.take() else { return Ok(()) };
        let words: Vec<&str> = head.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["begin", ..] | ["start", "transaction", ..] => {
                self.has_transactions = true;
                self.inside = true;
                return Ok(());
            }
            ["rollback", "to", ..] => {}
            ["commit" | "rollback" | "end", ..] => {
                self.inside = false;
                return Ok(());
            }
            _ => {}
        }
        if let Some(values) = self.version_statement(&tokens) {
            if let Some(revision) = self.revisions.last_mut() {
                revision.replaced.extend(values);
            }
            return Ok(());
        }
        let inside = self.inside || !self.has_transactions;
        let sql = self.text[start..end].to_owned();
        let Some(revision) = self.revisions.last_mut() else {
            return Err(self.mistake(
                "this statement stands before the first revision",
                "give the script as Alembic wrote it: `alembic upgrade head --sql`",
                start,
                end - start,
            ));
        };
        revision.pieces.push(Piece::Statement { sql, inside });
        Ok(())
    }

    /// The revisions that a statement on Alembic's own table names; none where it is another statement.
    fn version_statement(&mut self, tokens: &[String]) -> Option<Vec<String>> {
        let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
        let (rest, drops) = match words.as_slice() {
            ["create", "table", rest @ ..] | ["insert", "into", rest @ ..] | ["update", rest @ ..] => {
                (rest, false)
            }
            ["delete", "from", rest @ ..] => (rest, false),
            ["drop", "table", rest @ ..] => (rest, true),
            _ => return None,
        };
        let (table, rest) = table_name(rest)?;
        let is_version = match rest {
            ["(", column, ..] => is_version_column(column),
            ["set", column, "=", ..] => is_version_column(column),
            ["where", condition @ ..] => {
                let (column, _) = table_name_end(condition)?;
                is_version_column(column)
            }
            [] => drops && self.version_tables.contains(&table),
            _ => false,
        };
        if !is_version {
            return None;
        }
        if !self.version_tables.contains(&table) {
            self.version_tables.push(table);
        }
        let literal = |word: &&str| word.len() > 1 && word.starts_with('\'') && word.ends_with('\'');
        Some(
            words
                .iter()
                .filter(|word| literal(word))
                .map(|word| word[1..word.len() - 1].to_owned())
                .collect(),
        )
    }

    fn refuse_other_dialects(&self, word: &str, offset: usize) -> Result<(), ImportError> {
        match word {
            "auto_increment" => Err(self.dialect("MySQL numbers rows like this", offset)),
            "go" if self.open.is_none() => Err(self.dialect("SQL Server ends batches like this", offset)),
            "varchar2" => Err(self.dialect("this is a type of Oracle's", offset)),
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Vec<Revision>, ImportError> {
        if let Some((start, end)) = self.open {
            return Err(self.mistake(
                "this statement does not end",
                "the script is cut off, or a comment swallowed the semicolon that Alembic added: write it anew",
                start,
                end - start,
            ));
        }
        if self.revisions.is_empty() {
            return Err(ImportError::NotAlembic { file: self.name.to_owned() });
        }
        let mut revisions = self.revisions;
        if !self.has_transactions {
            // Alembic opens no transaction on SQLite, whose DDL it takes for one that cannot be rolled back.
            for piece in revisions.iter_mut().flat_map(|revision| &mut revision.pieces) {
                if let Piece::Statement { sql, .. } = piece {
                    *sql = in_postgres_words(sql);
                }
            }
        }
        Ok(revisions)
    }

    fn dialect(&self, what: &str, offset: usize) -> ImportError {
        self.mistake(
            what,
            "write the script for PostgreSQL or SQLite: set that database's URL as `sqlalchemy.url` and run `alembic upgrade head --sql`",
            offset,
            1,
        )
    }

    fn mistake(&self, what: &str, help: &str, offset: usize, length: usize) -> ImportError {
        ImportError::syntax(self.name, self.text, what, help, offset, length)
    }
}

/// What follows `-- Running ` in a comment.
fn marker(comment: &str) -> Option<&str> {
    comment.trim_start_matches('-').trim().strip_prefix(MARKER).filter(|line| line.contains("->"))
}

/// `upgrade a, b -> c`
fn revision_line(line: &str) -> Option<(Verb, Vec<String>, Vec<String>)> {
    let (verb, rest) = line.split_once(' ')?;
    let verb = match verb {
        "upgrade" => Verb::Upgrade,
        "downgrade" => Verb::Downgrade,
        _ => return None,
    };
    let (from, to) = rest.split_once("->")?;
    let names = |text: &str| -> Vec<String> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let (from, to) = (names(from), names(to));
    let one = if verb == Verb::Upgrade { &to } else { &from };
    (one.len() == 1).then_some((verb, from, to))
}

/// The last part of a table's name, and the tokens after the name.
fn table_name<'t, 'w>(tokens: &'t [&'w str]) -> Option<(String, &'t [&'w str])> {
    let (name, rest) = table_name_end(tokens)?;
    Some((name.trim_matches('"').to_owned(), rest))
}

/// The last part of a dotted name, and the tokens after it.
fn table_name_end<'t, 'w>(tokens: &'t [&'w str]) -> Option<(&'w str, &'t [&'w str])> {
    match tokens {
        [_, ".", rest @ ..] => table_name_end(rest),
        [name, rest @ ..] => Some((name, rest)),
        [] => None,
    }
}

fn is_version_column(token: &str) -> bool {
    token.trim_matches('"') == VERSION_COLUMN
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements(revision: &Revision) -> Vec<(&str, bool)> {
        revision
            .pieces
            .iter()
            .filter_map(|piece| match piece {
                Piece::Statement { sql, inside } => Some((sql.as_str(), *inside)),
                Piece::Comment(_) => None,
            })
            .collect()
    }

    #[test]
    fn revisions_are_split_at_their_comments_and_lose_what_is_alembic_s() {
        let text = "BEGIN;\n\nCREATE TABLE app.alembic_version (\n    version_num VARCHAR(32) NOT NULL, \n    CONSTRAINT x PRIMARY KEY (version_num)\n);\n\n\
                    -- Running upgrade  -> a1\n\nCREATE TABLE t (x text DEFAULT '-- Running upgrade x -> y; no');;\n\n\
                    INSERT INTO app.alembic_version (version_num) VALUES ('a1') RETURNING app.alembic_version.version_num;\n\n\
                    -- Running upgrade a1 -> b2\n\nUPDATE app.alembic_version SET version_num='b2' WHERE app.alembic_version.version_num = 'a1';\n\n\
                    -- Running upgrade b2, c3 -> d4\n\nDELETE FROM app.alembic_version WHERE app.alembic_version.version_num = 'c3';\n\n\
                    -- why\nUPDATE t SET x = 'y' WHERE version_num = 1;\n\nCOMMIT;\n";
        let revisions = read("up.sql", text).unwrap();
        let found: Vec<_> =
            revisions.iter().map(|revision| (revision.from.join("+"), revision.to.join("+"))).collect();
        let expected = [("", "a1"), ("a1", "b2"), ("b2+c3", "d4")];
        assert_eq!(found, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
        assert_eq!(
            statements(&revisions[0]),
            [("CREATE TABLE t (x text DEFAULT '-- Running upgrade x -> y; no')", true)]
        );
        assert_eq!(revisions[1].pieces, []);
        assert_eq!(revisions[2].replaced, ["c3"]);
        assert_eq!(revisions[2].pieces[0], Piece::Comment("-- why".to_owned()));
    }

    #[test]
    fn what_stands_outside_the_transaction_is_marked() {
        let text = "BEGIN;\n-- Running upgrade  -> a\nSELECT 1;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t (x);\nBEGIN;\nSELECT 2;\nCOMMIT;\n\
                    -- Running upgrade a -> b\nSELECT 3;\n";
        let revisions = read("up.sql", text).unwrap();
        assert_eq!(
            statements(&revisions[0]),
            [("SELECT 1", true), ("CREATE INDEX CONCURRENTLY i ON t (x)", false), ("SELECT 2", true)]
        );
        assert_eq!(statements(&revisions[1]), [("SELECT 3", true)]);
        let none = read("up.sql", "-- Running upgrade  -> a\nSELECT 1;\n").unwrap();
        assert_eq!(statements(&none[0]), [("SELECT 1", true)]);
    }

    #[test]
    fn what_is_not_alembic_s_is_named_with_its_place() {
        for (text, expected) in [
            ("SELECT 1;", "before the first revision"),
            ("-- nothing\n", "holds no revision"),
            ("-- Running upgrade  -> a\n\\connect x\n", "command of psql"),
            ("-- Running upgrade  -> a\nCREATE TABLE `t` (id int);", "MySQL"),
            ("-- Running upgrade  -> a\nCREATE TABLE t (id int AUTO_INCREMENT);", "MySQL"),
            ("-- Running upgrade  -> a\nCREATE TABLE t (id int)\nGO\n", "does not end"),
            ("-- Running upgrade  -> a\nGO\n", "SQL Server"),
            ("-- Running upgrade  -> a\nCREATE TABLE t (x VARCHAR2(3));", "Oracle"),
            ("-- Running stamp_revision  -> a\n", "not understood"),
            (
                "-- Running upgrade  -> a\nSELECT 1 -- note;\n-- Running upgrade a -> b\n",
                "before the next revision",
            ),
            ("-- Running upgrade  -> a\nSELECT 'x", "does not end"),
        ] {
            let error = read("up.sql", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
