//! Which kind of JavaScript file a text is, found by reading its words without running it.

/// How a file gives its functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `module.exports = …` or `exports.up = …`.
    CommonJs,
    /// `export …`.
    Module,
    /// A mongosh script: the whole file is what it does, and nothing is awaited.
    Mongosh,
}

/// A word or sign of a text, with strings, comments and regular expressions left out.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Sign(u8),
    /// A string, template, number or regular expression.
    Literal,
}

/// What a text's words say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// It names `exports`.
    pub(crate) exports: bool,
    /// An `import` or `export` declaration stands at the top.
    pub(crate) declares_module: bool,
    /// The functions `up`, `down` and `seed` that it declares at the top.
    pub(crate) functions: Vec<String>,
    /// It holds no code at all.
    pub(crate) empty: bool,
}

impl Words {
    /// Reads a text.
    pub(crate) fn of(text: &str) -> Self {
        let tokens = tokens(text);
        let mut words =
            Words { exports: false, declares_module: false, functions: Vec::new(), empty: tokens.is_empty() };
        let mut depth = 0_i32;
        for (index, token) in tokens.iter().enumerate() {
            match token {
                Token::Sign(b'{' | b'(' | b'[') => depth += 1,
                Token::Sign(b'}' | b')' | b']') => depth -= 1,
                Token::Word("exports") => words.exports = true,
                Token::Word("export") if depth == 0 && starts_statement(&tokens, index) => {
                    words.declares_module = true;
                }
                Token::Word("import") if depth == 0 && starts_statement(&tokens, index) => {
                    // `import(…)` and `import.meta` are expressions.
                    words.declares_module |= !matches!(tokens.get(index + 1), Some(Token::Sign(b'(' | b'.')));
                }
                Token::Word(name @ ("up" | "down" | "seed")) if depth == 0 => {
                    let declared = index.checked_sub(1).map(|before| &tokens[before]);
                    let declared = matches!(
                        declared,
                        Some(Token::Word("function" | "const" | "let" | "var") | Token::Sign(b'*'))
                    );
                    if declared {
                        words.functions.push((*name).to_owned());
                    }
                }
                _ => {}
            }
        }
        words
    }

    /// The form that these words have.
    pub(crate) fn form(&self) -> Form {
        if self.declares_module {
            Form::Module
        } else if self.exports {
            Form::CommonJs
        } else {
            Form::Mongosh
        }
    }
}

fn starts_statement(tokens: &[Token<'_>], index: usize) -> bool {
    // A member (`a.export`) and a key (`{ import: 1 }`) are no declarations; line ends are not kept.
    index.checked_sub(1).is_none_or(|before| tokens[before] != Token::Sign(b'.'))
        && tokens.get(index + 1) != Some(&Token::Sign(b':'))
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, tokens: Vec::new(), templates: Vec::new() };
    if text.starts_with("#!") {
        reader.skip_line();
    }
    while reader.at < reader.bytes.len() {
        reader.next();
    }
    reader.tokens
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    tokens: Vec<Token<'a>>,
    /// For each open `${`, how many braces are open inside it.
    templates: Vec<u32>,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn next(&mut self) {
        match self.peek(0) {
            byte if byte.is_ascii_whitespace() => self.at += 1,
            b'/' if self.peek(1) == b'/' => self.skip_line(),
            b'/' if self.peek(1) == b'*' => self.skip_comment(),
            b'/' if self.regex_may_stand_here() => self.skip_regex(),
            quote @ (b'"' | b'\'') => self.skip_string(quote),
            b'`' => {
                self.at += 1;
                self.skip_template();
            }
            b'}' if self.templates.last() == Some(&0) => {
                self.templates.pop();
                self.at += 1;
                self.skip_template();
            }
            byte if is_word(byte) => self.word(),
            byte => {
                match (byte, self.templates.last_mut()) {
                    (b'{', Some(open)) => *open += 1,
                    (b'}', Some(open)) => *open -= 1,
                    _ => {}
                }
                self.tokens.push(Token::Sign(byte));
                self.at += 1;
            }
        }
    }

    fn word(&mut self) {
        let start = self.at;
        while self.at < self.bytes.len() && is_word(self.bytes[self.at]) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let number = word.starts_with(|first: char| first.is_ascii_digit());
        self.tokens.push(if number { Token::Literal } else { Token::Word(word) });
    }

    fn skip_line(&mut self) {
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn skip_comment(&mut self) {
        let rest = &self.text[self.at + 2..];
        self.at = rest.find("*/").map_or(self.bytes.len(), |end| self.at + 2 + end + 2);
    }

    fn skip_string(&mut self, quote: u8) {
        self.at += 1;
        while self.at < self.bytes.len() && self.bytes[self.at] != quote && self.bytes[self.at] != b'\n' {
            self.at += if self.bytes[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        self.tokens.push(Token::Literal);
    }

    fn skip_template(&mut self) {
        while self.at < self.bytes.len() {
            match (self.bytes[self.at], self.peek(1)) {
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    self.tokens.push(Token::Literal);
                    return;
                }
                (b'$', b'{') => {
                    self.at += 2;
                    self.templates.push(0);
                    return;
                }
                _ => self.at += 1,
            }
        }
    }

    /// A slash divides after a value, and begins a regular expression elsewhere.
    fn regex_may_stand_here(&self) -> bool {
        match self.tokens.last() {
            None => true,
            Some(Token::Literal) => false,
            Some(Token::Word(word)) => matches!(
                *word,
                "return"
                    | "typeof"
                    | "case"
                    | "in"
                    | "of"
                    | "do"
                    | "else"
                    | "void"
                    | "delete"
                    | "await"
                    | "yield"
            ),
            Some(Token::Sign(sign)) => !matches!(sign, b')' | b']' | b'}'),
        }
    }

    fn skip_regex(&mut self) {
        let mut class = false;
        self.at += 1;
        while self.at < self.bytes.len() && self.bytes[self.at] != b'\n' {
            match self.bytes[self.at] {
                b'\\' => self.at += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => break,
                _ => {}
            }
            self.at += 1;
        }
        self.at += 1;
        self.tokens.push(Token::Literal);
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_read_from_the_words() {
        let cases = [
            ("module.exports = { up, down };", Form::CommonJs),
            ("exports.up = async (db) => {};", Form::CommonJs),
            ("export const up = async (db) => {};", Form::Module),
            ("import { ObjectId } from 'mongodb';\nexport async function up(db) {}", Form::Module),
            ("export default { up, down };", Form::Module),
            ("db.users.updateMany({}, { $set: { a: 1 } });", Form::Mongosh),
            ("// module.exports\ndb.a.drop()", Form::Mongosh),
            (
                "/* export */ db.a.insertOne({ text: 'module.exports', re: /exports/g, t: `exports ${1 + `exports`}` })",
                Form::Mongosh,
            ),
            ("db.a.insertOne({ export: 1, import: 2 }); a.export = 1", Form::Mongosh),
            ("const a = import('./x.js'); db.a.drop()", Form::Mongosh),
            ("const half = a / 2; module.exports = { up }; // /", Form::CommonJs),
            ("#!/usr/bin/env mongosh exports\ndb.a.drop()", Form::Mongosh),
            ("const t = `${ { a: 1 }.a } exports`; db.a.drop()", Form::Mongosh),
            ("", Form::Mongosh),
        ];
        for (text, form) in cases {
            assert_eq!(Words::of(text).form(), form, "{text}");
        }
    }

    #[test]
    fn functions_at_the_top_are_found() {
        assert_eq!(Words::of("async function up(db) {}\nconst down = () => {};").functions, ["up", "down"]);
        assert_eq!(
            Words::of("{ function up() {} } let x = { up: 1 }; up();").functions,
            Vec::<String>::new()
        );
        assert!(Words::of("// only words\n").empty);
    }

    #[test]
    fn unfinished_texts_end() {
        for text in ["`", "`${", "'", "/*", "/a", "\\", "'\\", "`\\", "/\\"] {
            let _ = Words::of(text);
        }
    }
}
