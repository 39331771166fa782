//! Reading one SQL migration file: its sections, statements, directives and checksum.

use std::sync::Arc;

use miette::{NamedSource, SourceSpan};
use sha2::{Digest as _, Sha256};
use squawk_lexer::TokenKind;
use whimbrel_engine::{Source, Statement};

use super::MigrationError;

/// The directives that a comment may give, after `-- whimbrel:`.
const DIRECTIVES: [&str; 3] = ["up", "down", "engine"];
/// The dialects that `-- whimbrel:engine` knows; `any` ends the restriction.
const DIALECTS: [&str; 3] = ["postgres", "sqlite", "any"];

/// One statement with the dialect that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedStatement {
    /// The statement.
    pub statement: Statement,
    /// The dialect that alone runs it; none means every one.
    pub dialect: Option<String>,
}

/// A migration file's content: what it does upwards and downwards.
#[derive(Clone, Debug)]
pub struct SqlFile {
    /// The file, for messages.
    pub source: Source,
    /// The statements of `-- whimbrel:up`.
    pub up: Vec<ScopedStatement>,
    /// The statements of `-- whimbrel:down`; none where there is no such section.
    pub down: Option<Vec<ScopedStatement>>,
    /// SHA-256 over the tokens and directives, lower-case hex. Comments, white space and line ends do not count.
    pub checksum: String,
}

impl SqlFile {
    /// The statements of one direction that this dialect runs.
    #[must_use]
    pub fn statements(&self, upwards: bool, dialect: &str) -> Option<Vec<Statement>> {
        let section = if upwards { Some(&self.up) } else { self.down.as_ref() };
        section.map(|statements| {
            statements
                .iter()
                .filter(|scoped| scoped.dialect.as_deref().is_none_or(|only| only == dialect))
                .map(|scoped| scoped.statement.clone())
                .collect()
        })
    }
}

/// Reads a file's text.
///
/// # Errors
/// A statement outside a section, a section given twice, an unknown directive, an unfinished string or
/// comment, or no `-- whimbrel:up` at all; each with the place.
pub fn parse(name: &str, text: &str) -> Result<SqlFile, MigrationError> {
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

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Before,
    Up,
    Down,
}

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    section: Section,
    dialect: Option<String>,
    /// Where the open statement begins, and where its last token ends.
    open: Option<(usize, usize)>,
    /// Words of the open statement that matter for finding its end.
    head: Vec<String>,
    /// Nesting of `BEGIN ATOMIC … END` and `CASE … END` in a routine's body.
    depth: usize,
    up: Option<Vec<ScopedStatement>>,
    down: Option<Vec<ScopedStatement>>,
    hasher: Sha256,
}

impl<'a> Reader<'a> {
    fn new(name: &'a str, text: &'a str) -> Self {
        Reader {
            name,
            text,
            section: Section::Before,
            dialect: None,
            open: None,
            head: Vec::new(),
            depth: 0,
            up: None,
            down: None,
            hasher: Sha256::new(),
        }
    }

    fn token(&mut self, kind: TokenKind, offset: usize, text: &str) -> Result<(), MigrationError> {
        match kind {
            TokenKind::Whitespace => return Ok(()),
            TokenKind::LineComment => return self.comment(offset, text),
            TokenKind::BlockComment { terminated: true } => return Ok(()),
            TokenKind::BlockComment { terminated: false } => {
                return Err(self.syntax("this comment is never closed", "close it with `*/`", offset, 2));
            }
            TokenKind::QuotedIdent { terminated: false, .. } => {
                return Err(self.syntax("this name is never closed", "close it with `\"`", offset, 1));
            }
            TokenKind::Literal { kind } if literal_is_open(kind) => {
                return Err(self.syntax("this string is never closed", "close it", offset, 1));
            }
            _ => {}
        }
        self.hash(text);
        if self.section == Section::Before {
            return Err(self.syntax(
                "this statement stands before any section",
                "put `-- whimbrel:up` on a line above it",
                offset,
                text.len(),
            ));
        }
        if kind == TokenKind::Semi && self.depth == 0 {
            return self.end_statement();
        }
        if kind == TokenKind::Ident {
            self.track_body(&text.to_ascii_lowercase());
        }
        let start = self.open.map_or(offset, |(start, _)| start);
        self.open = Some((start, offset + text.len()));
        Ok(())
    }

    /// A routine's `BEGIN ATOMIC … END` holds semicolons of its own.
    fn track_body(&mut self, word: &str) {
        if self.head.len() < 4 {
            self.head.push(word.to_owned());
        }
        let in_routine = self.head.first().is_some_and(|first| first == "create")
            && self.head.iter().any(|word| word == "function" || word == "procedure");
        if !in_routine {
            return;
        }
        match word {
            "atomic" => self.depth += 1,
            "case" if self.depth > 0 => self.depth += 1,
            "end" if self.depth > 0 => self.depth -= 1,
            _ => {}
        }
    }

    fn end_statement(&mut self) -> Result<(), MigrationError> {
        self.depth = 0;
        let head = std::mem::take(&mut self.head);
        let Some((start, end)) = self.open.take() else { return Ok(()) };
        if controls_transaction(&head) {
            return Err(self.syntax(
                "this statement begins or ends a transaction",
                "leave it out: every file is one transaction, together with its row in the history",
                start,
                end - start,
            ));
        }
        let scoped = ScopedStatement {
            statement: Statement { sql: self.text[start..end].to_owned(), offset: start },
            dialect: self.dialect.clone(),
        };
        match self.section {
            Section::Up => self.up.get_or_insert_default().push(scoped),
            Section::Down => self.down.get_or_insert_default().push(scoped),
            Section::Before => {}
        }
        Ok(())
    }

    fn comment(&mut self, offset: usize, text: &str) -> Result<(), MigrationError> {
        let body = text.trim_start_matches('-').trim();
        let dbmate = body.strip_prefix("migrate:");
        let Some(directive) = body.strip_prefix("whimbrel:").or(dbmate) else { return Ok(()) };
        let mut words = directive.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        self.hash(&format!("--{verb} {}", rest.join(" ")));
        match (verb, rest.as_slice()) {
            ("up", []) => self.begin(Section::Up, offset, text),
            ("down", []) => self.begin(Section::Down, offset, text),
            ("up" | "down", _) => Err(self.syntax(
                "this section asks for something that is not supported",
                "every file runs in one transaction; write the marker without options",
                offset,
                text.trim_end().len(),
            )),
            ("engine", [dialect]) if DIALECTS.contains(dialect) && dbmate.is_none() => {
                self.end_statement()?;
                self.dialect = (*dialect != "any").then(|| (*dialect).to_owned());
                Ok(())
            }
            ("engine", _) => Err(self.syntax(
                "this engine is not known",
                "write `-- whimbrel:engine postgres`, `sqlite`, or `any` to end the restriction",
                offset,
                text.trim_end().len(),
            )),
            _ => {
                let nearest = DIRECTIVES
                    .into_iter()
                    .max_by(|a, b| strsim::jaro(a, verb).total_cmp(&strsim::jaro(b, verb)))
                    .unwrap_or("up");
                let help = format!(
                    "the nearest one is `-- whimbrel:{nearest}`; known are {}",
                    DIRECTIVES.map(|known| format!("`{known}`")).join(", ")
                );
                Err(self.syntax("this directive is not known", &help, offset, text.trim_end().len()))
            }
        }
    }

    fn begin(&mut self, section: Section, offset: usize, text: &str) -> Result<(), MigrationError> {
        self.end_statement()?;
        self.dialect = None;
        let slot = if section == Section::Up { &mut self.up } else { &mut self.down };
        if slot.is_some() {
            return Err(self.syntax(
                "this section stands twice",
                "keep one `-- whimbrel:up` and one `-- whimbrel:down`",
                offset,
                text.trim_end().len(),
            ));
        }
        *slot = Some(Vec::new());
        self.section = section;
        Ok(())
    }

    fn finish(mut self) -> Result<SqlFile, MigrationError> {
        self.end_statement()?;
        let Some(up) = self.up else {
            return Err(MigrationError::NoUpSection { file: self.name.to_owned() });
        };
        Ok(SqlFile {
            source: Source { name: self.name.to_owned(), text: Arc::from(self.text) },
            up,
            down: self.down,
            checksum: hex(&self.hasher.finalize()),
        })
    }

    fn hash(&mut self, token: &str) {
        self.hasher.update(token.as_bytes());
        self.hasher.update([0x1f]);
    }

    fn syntax(&self, what: &str, help: &str, offset: usize, length: usize) -> MigrationError {
        MigrationError::Syntax {
            file: self.name.to_owned(),
            what: what.to_owned(),
            help: help.to_owned(),
            source_code: NamedSource::new(self.name, Arc::from(self.text)),
            span: SourceSpan::new(offset.into(), length),
        }
    }
}

/// Whether a statement that begins with these words would end the file's transaction; savepoints do not.
fn controls_transaction(head: &[String]) -> bool {
    let words: Vec<&str> = head.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["rollback", "to", ..] | ["rollback", "work" | "transaction", "to", ..] => false,
        ["begin" | "commit" | "end" | "abort" | "rollback", ..] => true,
        ["start" | "prepare", "transaction", ..] => true,
        _ => false,
    }
}

fn literal_is_open(kind: squawk_lexer::LiteralKind) -> bool {
    use squawk_lexer::LiteralKind as Kind;
    match kind {
        Kind::Str { terminated }
        | Kind::NationalStr { terminated }
        | Kind::ByteStr { terminated }
        | Kind::BitStr { terminated }
        | Kind::DollarQuotedString { terminated }
        | Kind::UnicodeEscStr { terminated }
        | Kind::EscStr { terminated } => !terminated,
        _ => false,
    }
}

/// Lower-case hex of some bytes.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(statements: &[ScopedStatement]) -> Vec<&str> {
        statements.iter().map(|scoped| scoped.statement.sql.as_str()).collect()
    }

    #[test]
    fn sections_and_statements_are_split_where_sql_ends_them() {
        let text = "-- a title; not code\n-- whimbrel:up\nCREATE TABLE a (t text DEFAULT ';');\n\
                    CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $x$ BEGIN; RETURN 1; END $x$;\n\
                    CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;\n\
                    -- whimbrel:down\nDROP TABLE a /* ; */";
        let file = parse("1-a.sql", text).unwrap();
        assert_eq!(file.up.len(), 3, "{:?}", texts(&file.up));
        assert!(file.up[2].statement.sql.ends_with("SELECT 2; END"));
        assert_eq!(texts(file.down.as_ref().unwrap()), ["DROP TABLE a"]);
        assert_eq!(&text[file.up[0].statement.offset..][..12], "CREATE TABLE");
    }

    #[test]
    fn the_checksum_ignores_space_comments_and_line_ends_but_not_words_or_directives() {
        let base = parse("1-a.sql", "-- whimbrel:up\nSELECT 1;\n").unwrap().checksum;
        for same in [
            "-- whimbrel:up\r\nSELECT   1 ;\r\n",
            "-- note\n--whimbrel:up\n/* x */ SELECT 1; -- tail",
            "-- migrate:up\nSELECT 1;",
        ] {
            assert_eq!(parse("1-a.sql", same).unwrap().checksum, base, "{same:?}");
        }
        for other in [
            "-- whimbrel:up\nSELECT 2;",
            "-- whimbrel:up\nSELECT '1';",
            "-- whimbrel:up\n-- whimbrel:down\nSELECT 1;",
            "-- whimbrel:up\n-- whimbrel:engine sqlite\nSELECT 1;",
        ] {
            assert_ne!(parse("1-a.sql", other).unwrap().checksum, base, "{other:?}");
        }
    }

    #[test]
    fn a_statement_for_one_engine_is_left_out_on_the_other() {
        let file = parse(
            "1-a.sql",
            "-- whimbrel:up\nSELECT 1;\n-- whimbrel:engine postgres\nSELECT 2;\n-- whimbrel:engine any\nSELECT 3;",
        )
        .unwrap();
        let of = |dialect| {
            file.statements(true, dialect)
                .unwrap()
                .into_iter()
                .map(|statement| statement.sql)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("postgres"), ["SELECT 1", "SELECT 2", "SELECT 3"]);
        assert_eq!(of("sqlite"), ["SELECT 1", "SELECT 3"]);
        assert!(file.statements(false, "sqlite").is_none());
    }

    #[test]
    fn a_savepoint_does_not_end_the_transaction() {
        let text = "-- whimbrel:up\nSAVEPOINT s; ROLLBACK TO s; RELEASE s;";
        assert_eq!(parse("1-a.sql", text).unwrap().up.len(), 3);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, expected) in [
            ("SELECT 1;", "before any section"),
            ("-- whimbrel:up\nSELECT 'a;", "never closed"),
            ("-- whimbrel:up\n/* SELECT 1;", "never closed"),
            ("-- whimbrel:up\n-- whimbrel:up\n", "stands twice"),
            ("-- whimbrel:upp\n", "directive is not known"),
            ("-- whimbrel:up\n-- whimbrel:engine oracle\n", "engine is not known"),
            ("-- migrate:up transaction:false\n", "not supported"),
            ("-- nothing\n", "no `-- whimbrel:up`"),
            ("-- whimbrel:up\nSELECT 1; COMMIT;", "begins or ends a transaction"),
            ("-- whimbrel:up\nbegin work; SELECT 1;", "begins or ends a transaction"),
            ("-- whimbrel:up\nSELECT 1;\n-- whimbrel:down\nROLLBACK", "begins or ends a transaction"),
        ] {
            let error = parse("1-a.sql", text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }
}
