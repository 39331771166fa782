//! Reading one JavaScript migration file without running it: which ways it goes, and what its words tell of it.

use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use whimbrel_engine::{Allowance, Source};

use super::directive::{self, Directive};
use super::source::hex;
use super::{Language, MigrationError, MigrationFile, ScriptWords};

/// The methods that a transaction does not take, or takes on empty collections only.
const ALONE_METHODS: [&str; 15] = [
    "createIndex",
    "createIndexes",
    "ensureIndex",
    "dropIndex",
    "dropIndexes",
    "hideIndex",
    "unhideIndex",
    "drop",
    "dropCollection",
    "rename",
    "renameCollection",
    "createView",
    "startSession",
    "withSession",
    "adminCommand",
];

/// The words that tell of commands and helpers that a transaction does not take.
const ALONE_WORDS: [&str; 5] = ["collMod", "renameCollection", "createIndexes", "step", "batch"];

/// Of the methods those that begin a transaction of the script's own, or may.
const OWN_METHODS: [&str; 2] = ["startSession", "withSession"];

/// The helper whose parts are transactions of their own.
const OWN_WORD: &str = "batch";

/// Reads a script's text.
///
/// # Errors
/// An unknown `// whimbrel:` directive, or one that a script does not know; with the place.
pub fn parse_script(name: &str, text: &str) -> Result<MigrationFile, MigrationError> {
    let mut file = MigrationFile {
        source: Source { name: name.to_owned(), text: Arc::from(text) },
        language: Language::JavaScript(ScriptWords::default()),
        up: Vec::new(),
        down: None,
        allowed: Vec::new(),
        replaces: None,
        sections: [None, None],
        checksum: checksum(text),
    };
    let mut words = ScriptWords::default();
    let mut is_module = false;
    let mut has_down = false;
    let mut before = Token::None;
    for (token, offset) in tokens(text) {
        match token {
            Token::Comment(comment) => {
                apply_directive(&mut file, &mut words, name, text, (comment, offset))?;
                continue;
            }
            Token::Word(word) => {
                is_module |= matches!(word, "exports" | "export");
                has_down |= word == "down";
                let is_method = before == Token::Sign('.');
                words.stands_alone |= is_method && ALONE_METHODS.contains(&word);
                words.stands_alone |= !is_method && ALONE_WORDS.contains(&word);
                words.has_transactions |= is_method && OWN_METHODS.contains(&word);
                words.has_transactions |= !is_method && word == OWN_WORD;
            }
            Token::Text(literal) => words.stands_alone |= ALONE_WORDS[..3].contains(&literal),
            Token::Sign(_) | Token::None => {}
        }
        before = token;
    }
    if is_module && has_down {
        file.down = Some(Vec::new());
    }
    file.language = Language::JavaScript(words);
    Ok(file)
}

/// Takes `// whimbrel:transaction off` and `// whimbrel:allow CODE reason`; other comments say nothing.
fn apply_directive(
    file: &mut MigrationFile,
    words: &mut ScriptWords,
    name: &str,
    text: &str,
    (comment, offset): (&str, usize),
) -> Result<(), MigrationError> {
    let Some(said) =
        comment.strip_prefix("//").map(str::trim_start).filter(|said| said.starts_with("whimbrel:"))
    else {
        return Ok(());
    };
    let refuse = |what: &str, help: &str| MigrationError::Syntax {
        file: name.to_owned(),
        what: what.to_owned(),
        help: help.to_owned(),
        source_code: miette::NamedSource::new(name, Arc::from(text)),
        span: (offset, comment.trim_end().len()).into(),
    };
    let found = directive::parse(&format!("-- {said}")).map_err(|wrong| refuse(&wrong.what, &wrong.help))?;
    match found {
        Some((Directive::Transaction { together: false }, _)) => words.transaction_off = true,
        Some((Directive::Allow { code, reason }, _)) => {
            file.allowed.push(Allowance { code, reason, offset });
        }
        Some(_) => {
            return Err(refuse(
                "a script does not know this directive",
                "a script takes `// whimbrel:transaction off` and `// whimbrel:allow CODE reason`",
            ));
        }
        None => {}
    }
    Ok(())
}

/// SHA-256 over the text with `\n` at its line ends, lower-case hex.
fn checksum(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut hasher = Sha256::new();
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            hasher.update("\n");
        }
        hasher.update(line.strip_suffix('\r').unwrap_or(line));
    }
    hex(&hasher.finalize())
}

/// A piece of a script, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'t> {
    None,
    Word(&'t str),
    Text(&'t str),
    Comment(&'t str),
    Sign(char),
}

/// The pieces with their places in bytes. Strings, templates and regular expressions are pieces of their own, so
/// that nothing within them counts as code.
fn tokens(text: &str) -> Vec<(Token<'_>, usize)> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut before = Token::None;
    while let Some(first) = rest.chars().next() {
        let offset = text.len() - rest.len();
        let length = match first {
            letter if is_word(letter) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest[2..].find("*/").map_or(rest.len(), |end| end + 4),
            '/' if begins_expression(before) => closed(rest, '/'),
            quote @ ('"' | '\'' | '`') => closed(rest, quote),
            other => other.len_utf8(),
        };
        let piece = &rest[..length];
        let token = match first {
            letter if is_word(letter) => Token::Word(piece),
            _ if piece.starts_with("//") || piece.starts_with("/*") => Token::Comment(piece),
            '"' | '\'' | '`' if length >= 2 => Token::Text(&piece[1..length - 1]),
            sign => Token::Sign(sign),
        };
        if !first.is_whitespace() {
            found.push((token, offset));
            if !matches!(token, Token::Comment(_)) {
                before = token;
            }
        }
        rest = &rest[length..];
    }
    found
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// Whether a `/` after this piece begins a regular expression; else it divides.
fn begins_expression(before: Token<'_>) -> bool {
    match before {
        Token::None => true,
        Token::Sign(sign) => !matches!(sign, ')' | ']' | '}'),
        Token::Word(word) => matches!(word, "return" | "typeof" | "case" | "in" | "of" | "await"),
        Token::Text(_) | Token::Comment(_) => false,
    }
}

/// The length of a literal up to and with its closing mark; a line's end closes what a template is not.
fn closed(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == mark {
            return place + mark.len_utf8();
        } else if letter == '\n' && mark != '`' {
            return place;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_transactions(text: &str) -> bool {
        let file = parse_script("1-a.js", text).unwrap();
        let Language::JavaScript(words) = file.language else { panic!("a script is JavaScript") };
        words.has_transactions
    }

    #[test]
    fn only_batches_and_sessions_are_transactions_of_a_scripts_own() {
        for (text, expected) in [
            ("exports.up = db => batch({ collection: 'a' }, () => 1)", true),
            ("exports.up = (db, client) => client.startSession()", true),
            ("exports.up = (db, client) => client.withSession(() => 1)", true),
            ("exports.up = db => step('one', () => db.collection('a').createIndex({ a: 1 }))", false),
            ("exports.up = db => db.batch.drop()", false),
        ] {
            assert_eq!(has_transactions(text), expected, "{text}");
        }
    }

    fn words(text: &str) -> (bool, bool, bool) {
        let file = parse_script("1-a.js", text).unwrap();
        let Language::JavaScript(words) = file.language else { panic!("a script is JavaScript") };
        (file.down.is_some(), words.stands_alone, words.transaction_off)
    }

    #[test]
    fn a_script_tells_its_ways_and_what_it_needs() {
        for (text, expected) in [
            ("module.exports = { async up(db) {}, async down(db) {} }", (true, false, false)),
            ("export const up = async (db) => {}; export async function down(db) {}", (true, false, false)),
            ("module.exports = { async up(db) { /* down */ const a = 'down' } }", (false, false, false)),
            ("db.users.updateMany({}, { $set: { down: 1 } })", (false, false, false)),
            ("exports.up = db => db.collection('a').createIndex({ a: 1 })", (false, true, false)),
            ("exports.up = db => db.command({ collMod: 'a' })", (false, true, false)),
            ("exports.up = db => db.command({ 'collMod': 'a' })", (false, true, false)),
            ("exports.up = db => step('one', () => 1)", (false, true, false)),
            ("// whimbrel:transaction off\nexports.up = db => 1", (false, false, true)),
            ("exports.up = db => /'.drop('/.test(1) && 4 / 2 / 1", (false, false, false)),
            ("exports.up = db => `.drop(${1})`", (false, false, false)),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn the_checksum_ignores_line_ends_and_a_mark_but_not_words() {
        let base = parse_script("1-a.js", "a\nb\n").unwrap().checksum;
        for same in ["a\r\nb\r\n", "\u{feff}a\nb\n"] {
            assert_eq!(parse_script("1-a.js", same).unwrap().checksum, base);
        }
        for other in ["a\nb", "a\n b\n", "a\nc\n"] {
            assert_ne!(parse_script("1-a.js", other).unwrap().checksum, base);
        }
    }

    #[test]
    fn an_unknown_directive_is_refused_with_its_place() {
        for text in ["// whimbrel:batch size=1\n", "  // whimbrel:nonsense\n"] {
            assert!(parse_script("1-a.js", text).is_err(), "{text}");
        }
    }
}
