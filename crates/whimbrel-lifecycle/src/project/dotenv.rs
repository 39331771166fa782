//! The grammar of `.env` files.
//!
//! `NAME=value` a line, `#` comments, an optional `export`, single quotes and backticks (literal), double quotes
//! (with `\n`, `\r`, `\t`, `\\`, `\"`, `\$`; any other backslash stays as it is, since the file belongs to the
//! application). Quoted values may span lines. The last of several assignments wins. Nothing is expanded.
//! Errors never show a value.

use std::path::Path;

use super::error::{ProjectError, SourceView};
use super::mask;

/// One assignment of a `.env` file. It has no `Debug`: the value may be a secret.
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Counted from 1; where the assignment begins.
    pub(crate) line: usize,
}

/// Reads a whole file.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Vec<Assignment>, ProjectError> {
    let mut reader = Reader { text, position: if text.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut assignments = Vec::new();
    loop {
        reader.skip_while(char::is_whitespace);
        if reader.rest().is_empty() {
            return Ok(assignments);
        }
        if reader.rest().starts_with('#') {
            reader.skip_line();
            continue;
        }
        match reader.assignment() {
            Ok(assignment) => assignments.push(assignment),
            Err(mistake) => {
                let view = SourceView::new(path, text, &mask::dotenv_edits(text));
                return Err(ProjectError::DotEnvSyntax {
                    message: mistake.message,
                    source_code: view.named_source(),
                    span: view.span(mistake.position..mistake.position + mistake.length),
                    help: mistake.help.to_owned(),
                });
            }
        }
    }
}

struct Mistake {
    message: String,
    help: &'static str,
    position: usize,
    length: usize,
}

struct Reader<'t> {
    text: &'t str,
    position: usize,
}

const LINE_HELP: &str = "write `NAME=value`; quote a value that holds spaces around `#`, or line breaks";

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn skip_while(&mut self, matches: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|letter| !matches(letter)).unwrap_or(rest.len());
        self.position += length;
        &rest[..length]
    }

    fn skip_line(&mut self) -> &'t str {
        self.skip_while(|letter| letter != '\n')
    }

    fn skip_blanks(&mut self) -> &'t str {
        self.skip_while(|letter| letter == ' ' || letter == '\t')
    }

    fn mistake(&self, message: impl Into<String>, length: usize) -> Mistake {
        Mistake { message: message.into(), help: LINE_HELP, position: self.position, length }
    }

    fn assignment(&mut self) -> Result<Assignment, Mistake> {
        let line = self.text[..self.position].matches('\n').count() + 1;
        let mut name = self.name()?;
        let blanks = self.skip_blanks();
        if name == "export" && !blanks.is_empty() && !self.rest().starts_with('=') {
            name = self.name()?;
            self.skip_blanks();
        }
        if !self.rest().starts_with('=') {
            return Err(self.mistake(format!("`=` is missing after the name `{name}`"), 0));
        }
        self.position += 1;
        self.skip_blanks();
        let value = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => self.quoted(quote, name)?,
            _ => self.unquoted(),
        };
        Ok(Assignment { name: name.to_owned(), value, line })
    }

    fn name(&mut self) -> Result<&'t str, Mistake> {
        let starts_well = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        if !self.rest().starts_with(starts_well) {
            return Err(self.mistake("a variable's name must begin with a letter or `_`", 1));
        }
        let in_name = |letter: char| letter.is_ascii_alphanumeric() || "_.-".contains(letter);
        Ok(self.skip_while(in_name))
    }

    fn unquoted(&mut self) -> String {
        let line = self.skip_line();
        let comment = line
            .char_indices()
            .find(|&(at, letter)| letter == '#' && (at == 0 || line[..at].ends_with([' ', '\t'])))
            .map_or(line.len(), |(at, _)| at);
        line[..comment].trim().to_owned()
    }

    fn quoted(&mut self, quote: char, name: &str) -> Result<String, Mistake> {
        let unclosed = Mistake {
            message: format!("the quote that opens the value of `{name}` is never closed"),
            help: "close the quote, or leave both quotes out",
            position: self.position,
            length: 1,
        };
        self.position += 1;
        let mut value = String::new();
        let mut letters = self.rest().char_indices();
        let end = loop {
            let Some((at, letter)) = letters.next() else {
                return Err(unclosed);
            };
            if letter == quote {
                break at;
            }
            if letter != '\\' || quote != '"' {
                value.push(letter);
                continue;
            }
            match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('\\' | '"' | '$'))) => value.push(escaped),
                Some((_, other)) => value.extend(['\\', other]),
                None => return Err(unclosed),
            }
        };
        self.position += end + 1;
        self.skip_blanks();
        match self.rest().chars().next() {
            None | Some('\n' | '\r') => Ok(value),
            Some('#') => {
                self.skip_line();
                Ok(value)
            }
            Some(_) => {
                Err(self.mistake(format!("something follows the closing quote of the value of `{name}`"), 1))
            }
        }
    }
}
