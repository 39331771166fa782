//! The user's files, and where in them a stack of QuickJS points.

use std::collections::BTreeMap;
use std::sync::Arc;

use miette::{NamedSource, SourceSpan};

use crate::error::Spot;
use crate::host::Place;

/// How far back the name of a call is looked for, in characters.
const MAX_CALL_LENGTH: usize = 4000;

/// The user's files of one run, by the names that they were compiled under.
#[derive(Default)]
pub(crate) struct Sources {
    files: BTreeMap<String, File>,
}

struct File {
    text: Arc<str>,
    /// How many columns were put before the first line.
    shift: u32,
}

/// One call of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    function: Option<String>,
    place: Place,
}

impl Sources {
    /// Keeps a file that is about to be compiled; `shift` columns stand before its first line.
    pub(crate) fn add(&mut self, name: &str, text: &Arc<str>, shift: usize) {
        let shift = u32::try_from(shift).unwrap_or(0);
        self.files.insert(name.to_owned(), File { text: Arc::clone(text), shift });
    }

    /// How many files there are.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether one of the files may throw `null` by itself, or reject a promise with it.
    pub(crate) fn name_null(&self) -> bool {
        let mut words = self.files.values().flat_map(|file| file.text.split_whitespace());
        let throws = words.any(|word| word == "throw" || word.contains("reject("));
        throws && self.files.values().any(|file| file.text.contains("null"))
    }

    /// The calls of a stack that are in the user's files, innermost first.
    pub(crate) fn frames(&self, stack: &str) -> Vec<Frame> {
        stack.lines().filter_map(|line| self.frame(line.trim())).collect()
    }

    fn frame(&self, line: &str) -> Option<Frame> {
        let line = line.strip_prefix("at ").unwrap_or(line);
        let (function, place) = match line.strip_suffix(')').and_then(|line| line.rsplit_once(" (")) {
            Some((function, place)) => (Some(function), place),
            None => (None, line),
        };
        let mut parts = place.rsplitn(3, ':');
        let column: u32 = parts.next()?.parse().ok()?;
        let line: u32 = parts.next()?.parse().ok()?;
        let name = parts.next()?;
        let file = self.files.get(name)?;
        let column = if line == 1 { column.saturating_sub(file.shift).max(1) } else { column };
        let function = function.filter(|name| !matches!(*name, "<anonymous>" | "<eval>")).map(str::to_owned);
        Some(Frame { function, place: Place { file: name.to_owned(), line, column } })
    }

    /// The place of the innermost call in the user's files.
    pub(crate) fn place(&self, stack: &str) -> Option<Place> {
        let first = stack.lines().next().and_then(|line| self.frame(line.trim()));
        match first {
            Some(frame) => Some(frame.place),
            None => self.frames(stack).into_iter().next().map(|frame| self.callee(frame.place)),
        }
    }

    /// The name of the function that is called at a place: QuickJS gives the call's last argument instead.
    fn callee(&self, place: Place) -> Place {
        let Some(file) = self.files.get(&place.file) else { return place };
        let at = span(&file.text, &place).offset();
        let Some(name) = callee_offset(&file.text, at) else { return place };
        let before = &file.text[..name];
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
        Place {
            file: place.file,
            line: number(before.matches('\n').count()),
            column: number(before[line_start..].chars().count()),
        }
    }

    /// A place, ready to be shown with its line.
    pub(crate) fn spot(&self, place: &Place) -> Option<Spot> {
        let file = self.files.get(&place.file)?;
        Some(Spot {
            source: NamedSource::new(&place.file, Arc::clone(&file.text)),
            span: span(&file.text, place),
            line: place.line,
            column: place.column,
        })
    }
}

impl std::fmt::Display for Frame {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.function {
            Some(function) => write!(formatter, "{function} ({})", self.place),
            None => self.place.fmt(formatter),
        }
    }
}

/// Where the name begins whose call holds the byte at `at`; `None` where that is not to be seen.
fn callee_offset(text: &str, at: usize) -> Option<usize> {
    let is_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    let name_before = |end: usize| {
        let name = text[..end].trim_end();
        let start = name
            .rfind(|letter: char| !is_name(letter))
            .map_or(0, |before| before + name[before..].chars().next().map_or(1, char::len_utf8));
        (start < name.len()).then_some(start)
    };
    if let Some(member) = text[at..].strip_prefix('.') {
        // The dot before the method's name.
        let space = member.len() - member.trim_start().len();
        return Some(at + 1 + space);
    }
    let word_end = at + text[at..].find(|letter: char| !is_name(letter)).unwrap_or(text.len() - at);
    if text[word_end..].starts_with('(') {
        return name_before(word_end);
    }
    let mut open = 0_u32;
    let searched = text[..at].char_indices().rev().take(MAX_CALL_LENGTH);
    for (index, letter) in searched {
        match letter {
            ')' | ']' | '}' => open += 1,
            '(' if open == 0 => return name_before(index),
            '(' | '[' | '{' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    None
}

/// The bytes of the word at a place; a place beyond the text is its end.
fn span(text: &str, place: &Place) -> SourceSpan {
    let line_start = match place.line {
        0 | 1 => 0,
        line => {
            let mut ends = text.match_indices('\n').map(|(at, _)| at + 1);
            ends.nth(line as usize - 2).unwrap_or(text.len())
        }
    };
    let line = text[line_start..].split('\n').next().unwrap_or_default();
    let column = (place.column as usize).saturating_sub(1);
    let within = line.char_indices().nth(column).map_or(line.trim_end().len(), |(at, _)| at);
    let word =
        line[within..].find(|letter: char| !letter.is_alphanumeric() && letter != '_' && letter != '$');
    let length = match word {
        Some(0) => line[within..].chars().next().map_or(0, char::len_utf8),
        Some(length) => length,
        None => line.len() - within,
    };
    (line_start + within, length).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources() -> Sources {
        let mut sources = Sources::default();
        sources.add("migrations/1-a.js", &Arc::from("first line\n  ünï.call(x)\n"), 10);
        sources
    }

    #[test]
    fn only_the_users_calls_are_kept() {
        let stack = "    at send (whimbrel:command:3:9)\n    at native\n    at up (migrations/1-a.js:2:7)\n    \
                     at <anonymous> (migrations/1-a.js:1:13)\n";
        let frames: Vec<String> = sources().frames(stack).iter().map(ToString::to_string).collect();
        assert_eq!(frames, ["up (migrations/1-a.js:2:7)", "migrations/1-a.js:1:3"]);
    }

    #[test]
    fn a_place_covers_its_word() {
        let sources = sources();
        let cases =
            [((2, 3), "ünï"), ((2, 7), "call"), ((2, 6), "."), ((1, 7), "line"), ((9, 1), ""), ((2, 99), "")];
        for ((line, column), word) in cases {
            let place = Place { file: "migrations/1-a.js".to_owned(), line, column };
            let span = sources.spot(&place).unwrap().span;
            let text = &sources.files["migrations/1-a.js"].text;
            assert_eq!(&text[span.offset()..span.offset() + span.len()], word, "{line}:{column}");
        }
    }
}
