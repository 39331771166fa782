//! Reading one SQL migration file: its sections, statements, directives and checksum.

use std::ops::Range;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};
use sha2::{Digest as _, Sha256};
use squawk_lexer::TokenKind;
use whimbrel_engine::{Allowance, Batch, Grouping, Source, Statement};

use super::body::StatementHead;
use super::directive::{self, Directive};
use super::{MigrationError, Replaces};

/// One statement with the dialect that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopedStatement {
    /// The statement.
    pub statement: Statement,
    /// The dialect that alone runs it; none means every one.
    pub dialect: Option<String>,
}

/// The tongue that a file speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// SQL: its statements are known.
    Sql,
    /// JavaScript: what it does shows when it runs.
    JavaScript(ScriptWords),
}

/// What a script's words tell of it before it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScriptWords {
    /// Whether it names a command that a transaction of a server does not take.
    pub stands_alone: bool,
    /// Whether it names transactions of its own, or batches: those are never one with the rest.
    pub has_transactions: bool,
    /// Whether it says `// whimbrel:transaction off`.
    pub transaction_off: bool,
}

/// A migration file's content: what it does upwards and downwards.
#[derive(Clone, Debug)]
pub struct MigrationFile {
    /// The file, for messages.
    pub source: Source,
    /// The tongue that it speaks.
    pub language: Language,
    /// The statements of `-- whimbrel:up`; a script has none.
    pub up: Vec<ScopedStatement>,
    /// The statements of `-- whimbrel:down`; none where there is no way down.
    pub down: Option<Vec<ScopedStatement>>,
    /// The lint findings that are accepted for the whole file.
    pub allowed: Vec<Allowance>,
    /// The files that this one stands for, where it was squashed from several.
    pub replaces: Option<Replaces>,
    /// Where the sections' texts stand in the source, upwards and downwards, without their markers.
    pub(crate) sections: [Option<Range<usize>>; 2],
    /// SHA-256, lower-case hex: of SQL over the tokens and directives, so that comments, white space and line ends
    /// do not count; of a script over the text with normalised line ends.
    pub checksum: String,
}

impl MigrationFile {
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
pub fn parse(name: &str, text: &str) -> Result<MigrationFile, MigrationError> {
    read(Reader::new(name, text))
}

/// Reads a file that only ever runs forwards: a repeatable one, or a hook. It needs no marker.
///
/// # Errors
/// As [`parse`]; or it has a way back.
pub fn parse_forward(name: &str, text: &str) -> Result<MigrationFile, MigrationError> {
    let mut reader = Reader::new(name, text);
    if !text.lines().any(is_up_marker) {
        reader.open_section(Section::Up, 0, 0);
        reader.up = Some(Vec::new());
    }
    let file = read(reader)?;
    if file.down.is_some() {
        return Err(MigrationError::NoWayBack { file: name.to_owned() });
    }
    Ok(file)
}

fn is_up_marker(line: &str) -> bool {
    let parsed = line.trim_start().starts_with("--").then(|| directive::parse(line.trim_start()));
    matches!(parsed, Some(Ok(Some((Directive::Up { .. }, _)))))
}

fn read(mut reader: Reader<'_>) -> Result<MigrationFile, MigrationError> {
    let text = reader.text;
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
    /// What matters of the open statement for finding its end.
    head: StatementHead,
    /// Within goose's `StatementBegin` … `StatementEnd`.
    in_one_statement: bool,
    /// What the file says of transactions above its first section.
    file_grouping: Grouping,
    grouping: Grouping,
    /// How many groups there are so far.
    groups: usize,
    /// What stands above the next statement.
    batch: Option<(Batch, usize)>,
    allowed: Vec<Allowance>,
    file_allowed: Vec<Allowance>,
    replaces: Option<Replaces>,
    sections: [Option<Range<usize>>; 2],
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
            head: StatementHead::default(),
            in_one_statement: false,
            file_grouping: Grouping::File,
            grouping: Grouping::File,
            groups: 0,
            batch: None,
            allowed: Vec::new(),
            file_allowed: Vec::new(),
            replaces: None,
            sections: [None, None],
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
        if kind == TokenKind::Semi && !self.head.in_body() && !self.in_one_statement {
            return self.end_statement();
        }
        if kind == TokenKind::Ident {
            self.head.word(&text.to_ascii_lowercase());
        }
        let start = self.open.map_or(offset, |(start, _)| start);
        self.open = Some((start, offset + text.len()));
        Ok(())
    }

    fn end_statement(&mut self) -> Result<(), MigrationError> {
        let head = self.head.take();
        let Some((start, end)) = self.open.take() else { return Ok(()) };
        if controls_transaction(&head) {
            return Err(self.syntax(
                "this statement begins or ends a transaction",
                "leave it out: every file is one transaction, together with its row in the history; `-- whimbrel:transaction off` \
                 runs it statement by statement",
                start,
                end - start,
            ));
        }
        let sql = self.text[start..end].trim_end_matches(';').trim_end();
        let batch = self.batch.take();
        if let Some((_, place)) = &batch
            && !head.first().is_some_and(|word| word == "update" || word == "delete")
        {
            return Err(self.syntax(
                "only an UPDATE or a DELETE runs in batches",
                "put `-- whimbrel:batch` right above the statement that it is for",
                *place,
                "-- whimbrel:batch".len(),
            ));
        }
        let statement = Statement {
            grouping: self.grouping,
            batch: batch.map(|(batch, _)| batch),
            allowed: std::mem::take(&mut self.allowed),
            ..Statement::new(sql, start)
        };
        let scoped = ScopedStatement { statement, dialect: self.dialect.clone() };
        match self.section {
            Section::Up => self.up.get_or_insert_default().push(scoped),
            Section::Down => self.down.get_or_insert_default().push(scoped),
            Section::Before => {}
        }
        Ok(())
    }

    fn comment(&mut self, offset: usize, text: &str) -> Result<(), MigrationError> {
        let found = directive::parse(text)
            .map_err(|wrong| self.syntax(&wrong.what, &wrong.help, offset, text.trim_end().len()))?;
        let Some((directive, hashed)) = found else { return Ok(()) };
        if let Some(hashed) = hashed {
            self.hash(&hashed);
        }
        match directive {
            Directive::Up { transaction } => self.begin(Section::Up, transaction, offset, text),
            Directive::Down { transaction } => self.begin(Section::Down, transaction, offset, text),
            Directive::Engine(dialect) => {
                self.end_statement()?;
                self.dialect = dialect;
                Ok(())
            }
            Directive::Transaction { together } => self.switch_transaction(together),
            Directive::Batch(batch) => {
                self.end_statement()?;
                self.batch = Some((batch, offset));
                Ok(())
            }
            Directive::Allow { code, reason } => {
                let allowance = Allowance { code, reason, offset };
                if self.section == Section::Before {
                    self.file_allowed.push(allowance);
                } else {
                    self.end_statement()?;
                    self.allowed.push(allowance);
                }
                Ok(())
            }
            Directive::Replaces(replaces) => {
                self.replaces = Some(replaces);
                Ok(())
            }
            Directive::StatementBegin => {
                self.end_statement()?;
                self.in_one_statement = true;
                Ok(())
            }
            Directive::StatementEnd => {
                self.in_one_statement = false;
                self.end_statement()
            }
        }
    }

    fn switch_transaction(&mut self, together: bool) -> Result<(), MigrationError> {
        self.end_statement()?;
        let grouping = if together {
            self.groups += 1;
            Grouping::Group(self.groups)
        } else {
            Grouping::Alone
        };
        if self.section == Section::Before {
            self.file_grouping = grouping;
        }
        self.grouping = grouping;
        Ok(())
    }

    fn begin(
        &mut self,
        section: Section,
        transaction: bool,
        offset: usize,
        text: &str,
    ) -> Result<(), MigrationError> {
        self.end_statement()?;
        self.dialect = None;
        self.batch = None;
        self.allowed.clear();
        self.grouping = if transaction { self.file_grouping } else { Grouping::Alone };
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
        self.open_section(section, offset, offset + text.len());
        Ok(())
    }

    /// Ends the open section's text where a marker begins, and begins the next one's after it.
    fn open_section(&mut self, section: Section, ends: usize, begins: usize) {
        for open in self.sections.iter_mut().flatten().filter(|range| range.end == self.text.len()) {
            open.end = ends;
        }
        self.sections[usize::from(section == Section::Down)] = Some(begins..self.text.len());
        self.section = section;
    }

    fn finish(mut self) -> Result<MigrationFile, MigrationError> {
        self.end_statement()?;
        if let Some((_, place)) = &self.batch {
            return Err(self.syntax(
                "no statement follows this",
                "put `-- whimbrel:batch` right above the UPDATE or DELETE that it is for",
                *place,
                "-- whimbrel:batch".len(),
            ));
        }
        let Some(up) = self.up else {
            return Err(MigrationError::NoUpSection { file: self.name.to_owned() });
        };
        Ok(MigrationFile {
            source: Source { name: self.name.to_owned(), text: Arc::from(self.text) },
            language: Language::Sql,
            up,
            down: self.down,
            allowed: self.file_allowed,
            replaces: self.replaces,
            sections: self.sections,
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
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    bytes.iter().flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 0xf)]]).collect()
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
            "-- +goose Up\nSELECT 1;",
            "-- whimbrel:allow some-code for good\n-- whimbrel:up\nSELECT 1;",
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
    fn transactions_and_batches_are_read() {
        let text = "-- whimbrel:allow a-code it is empty\n-- whimbrel:up\n-- whimbrel:transaction off\nSELECT 1;\n\
                    -- whimbrel:transaction on\nSELECT 2;\nSELECT 3;\n-- whimbrel:transaction off\n\
                    -- whimbrel:allow b-code small table\n-- whimbrel:batch size=500 key=\"Id\" pause=20ms\n\
                    UPDATE t SET a = 1;\nSELECT 4;\n-- whimbrel:down\nSELECT 5;";
        let file = parse("1-a.sql", text).unwrap();
        let groupings: Vec<Grouping> = file.up.iter().map(|scoped| scoped.statement.grouping).collect();
        let (alone, group) = (Grouping::Alone, Grouping::Group(1));
        assert_eq!(groupings, [alone, group, group, alone, alone]);
        assert_eq!(file.down.unwrap()[0].statement.grouping, Grouping::File);
        let batched = &file.up[3].statement;
        let batch = Batch { size: 500, key: Some("Id".into()), pause: std::time::Duration::from_millis(20) };
        assert_eq!(batched.batch.as_ref(), Some(&batch));
        assert_eq!(
            (batched.allowed[0].code.as_str(), batched.allowed[0].reason.as_str()),
            ("b-code", "small table")
        );
        assert_eq!(file.allowed[0].code, "a-code");
        assert!(file.up[4].statement.batch.is_none() && file.up[4].statement.allowed.is_empty());
    }

    #[test]
    fn other_tools_markers_are_read_as_they_are() {
        let dbmate =
            parse("1-a.sql", "-- migrate:up transaction:false\nSELECT 1;\n-- migrate:down\nSELECT 2;")
                .unwrap();
        assert_eq!(dbmate.up[0].statement.grouping, Grouping::Alone);
        assert_eq!(dbmate.down.unwrap()[0].statement.grouping, Grouping::File);
        let goose = parse(
            "1-a.sql",
            "-- +goose NO TRANSACTION\n-- +goose Up\n-- +goose StatementBegin\nINSERT INTO a VALUES (1); INSERT INTO b \
             VALUES (2);\n-- +goose StatementEnd\nSELECT 1;\n-- +goose Down\nSELECT 2;",
        )
        .unwrap();
        assert_eq!(texts(&goose.up), ["INSERT INTO a VALUES (1); INSERT INTO b VALUES (2)", "SELECT 1"]);
        assert_eq!(goose.up[0].statement.grouping, Grouping::Alone);
        assert_eq!(goose.down.unwrap()[0].statement.grouping, Grouping::Alone);
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
            ("-- migrate:up retries:3\n", "not supported"),
            ("-- +goose Up\n-- +goose ENVSUB ON\n", "environment variables"),
            ("-- whimbrel:up\n-- whimbrel:transaction maybe\n", "`on` or `off`"),
            ("-- whimbrel:up\n-- whimbrel:batch size=0\nDELETE FROM t;", "size"),
            ("-- whimbrel:up\n-- whimbrel:batch key=id\nDELETE FROM t;", "size"),
            ("-- whimbrel:up\n-- whimbrel:batch size=10\nSELECT 1;", "only an UPDATE or a DELETE"),
            ("-- whimbrel:up\n-- whimbrel:batch size=10\n", "no statement follows"),
            ("-- whimbrel:up\n-- whimbrel:allow index-not-concurrent\nSELECT 1;", "says no reason"),
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
