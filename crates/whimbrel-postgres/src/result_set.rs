//! The answers to a query of several statements, one set a statement.

use std::str::FromStr;

use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

/// The rows of one statement.
#[derive(Debug, Default)]
pub(crate) struct ResultSet {
    pub(crate) rows: Vec<SimpleQueryRow>,
    /// The rows that it changed or gave.
    pub(crate) affected: u64,
}

/// Sorts the messages into one set a statement.
pub(crate) fn split(messages: Vec<SimpleQueryMessage>) -> Vec<ResultSet> {
    let mut sets = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => rows.push(row),
            SimpleQueryMessage::CommandComplete(affected) => {
                sets.push(ResultSet { rows: std::mem::take(&mut rows), affected });
            }
            _ => {}
        }
    }
    sets
}

/// Reads a row's values as text.
pub(crate) trait RowText {
    /// The text of the column; none for NULL.
    fn text(&self, index: usize) -> Option<&str>;

    /// The text of the column; empty for NULL.
    fn string(&self, index: usize) -> String {
        self.text(index).unwrap_or_default().to_owned()
    }

    /// The text of the column where it is not NULL.
    fn optional(&self, index: usize) -> Option<String> {
        self.text(index).map(str::to_owned)
    }

    /// Whether the column is true.
    fn flag(&self, index: usize) -> bool {
        self.text(index) == Some("t")
    }

    /// The column's number; the type's default for NULL.
    fn number<T: FromStr + Default>(&self, index: usize) -> T {
        self.text(index).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// The numbers of an array or vector.
    fn numbers<T: FromStr>(&self, index: usize) -> Vec<T> {
        let text = self.text(index).unwrap_or_default();
        text.split([' ', ',', '{', '}']).filter_map(|part| part.parse().ok()).collect()
    }

    /// The texts of an array.
    fn texts(&self, index: usize) -> Vec<String> {
        self.text(index).map(array).unwrap_or_default()
    }
}

impl RowText for SimpleQueryRow {
    fn text(&self, index: usize) -> Option<&str> {
        self.get(index)
    }
}

/// The elements of a one-dimensional array without NULLs, as the server writes it.
fn array(text: &str) -> Vec<String> {
    let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Vec::new();
    };
    if inner.is_empty() {
        return Vec::new();
    }
    let mut elements = Vec::new();
    let mut element = String::new();
    let mut quoted = false;
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' => element.extend(characters.next()),
            ',' if !quoted => elements.push(std::mem::take(&mut element)),
            other => element.push(other),
        }
    }
    elements.push(element);
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_the_server_writes_them() {
        for (text, expected) in [
            ("{}", vec![]),
            ("{a,b}", vec!["a", "b"]),
            ("{\"a,b\",\"it\\\"s\",\"\"}", vec!["a,b", "it\"s", ""]),
            ("{\"back\\\\slash\",\"with space\"}", vec!["back\\slash", "with space"]),
            ("", vec![]),
        ] {
            assert_eq!(array(text), expected, "{text}");
        }
    }
}
