//! Words in a text index, and a search for them.

use bson::{RawBsonRef, RawDocument};

use super::Entries;
use crate::catalog::TextIndex;
use crate::value::{DocRef, Path, ValueRef, visit_path};

/// What English leaves out of an index: the words that MongoDB's list has in common with everyday queries.
const ENGLISH_STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "cannot",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "me",
    "more",
    "most",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "same",
    "she",
    "should",
    "so",
    "some",
    "such",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// The words that a language leaves out of a search.
pub(crate) fn stop_words(language: &str) -> &'static [&'static str] {
    if matches!(language, "english" | "en") { ENGLISH_STOP_WORDS } else { &[] }
}

/// The texts of a document, one for each column.
pub(super) fn entries(text: &TextIndex, document: &RawDocument) -> Entries {
    let mut columns = vec![String::new(); text.weights.len()];
    for (column, (path, _)) in columns.iter_mut().zip(&text.weights) {
        if path == "$**" {
            document.iter().map_while(Result::ok).for_each(|(_, value)| gather(value, column));
        } else {
            visit_path(DocRef::Raw(document), &Path::new(path), true, &mut |value| {
                if let Some(ValueRef::String(found)) = value {
                    append(column, found);
                }
                false
            });
        }
    }
    if columns.iter().all(String::is_empty) { Entries::None } else { Entries::Words(columns) }
}

/// Every text inside a value.
fn gather(value: RawBsonRef<'_>, column: &mut String) {
    match value {
        RawBsonRef::String(text) => append(column, text),
        RawBsonRef::Document(document) => {
            document.iter().map_while(Result::ok).for_each(|(_, value)| gather(value, column));
        }
        RawBsonRef::Array(array) => {
            array.into_iter().map_while(Result::ok).for_each(|value| gather(value, column));
        }
        _ => {}
    }
}

fn append(column: &mut String, text: &str) {
    if !column.is_empty() {
        column.push('\n');
    }
    column.push_str(text);
}

/// A search string in FTS5's language; none where it names nothing to find.
///
/// Words are alternatives, phrases are all required, and what follows a `-` must not occur.
pub(crate) fn search_expression(search: &str, language: &str) -> Option<String> {
    let mut phrases = Vec::new();
    let mut words = Vec::new();
    let mut excluded = Vec::new();
    for (index, part) in search.split('"').enumerate() {
        // What stands between an opening quote and the end of the text is a phrase too.
        if index % 2 == 1 {
            let is_excluded = search.split('"').nth(index - 1).is_some_and(|before| before.ends_with('-'));
            if part.chars().any(char::is_alphanumeric) {
                if is_excluded { &mut excluded } else { &mut phrases }.push(quoted(part));
            }
            continue;
        }
        for word in part.split_whitespace() {
            let (target, word) = match word.strip_prefix('-') {
                Some(rest) => (&mut excluded, rest),
                None => (&mut words, word),
            };
            for piece in word.split(|letter: char| !letter.is_alphanumeric() && letter != '\'') {
                let is_stop_word = stop_words(language).contains(&piece.to_lowercase().as_str());
                if piece.chars().any(char::is_alphanumeric) && !is_stop_word {
                    target.push(quoted(piece));
                }
            }
        }
    }
    // A phrase already says which documents qualify; the words beside it then only rank them.
    let wanted = if phrases.is_empty() {
        if words.is_empty() {
            return None;
        }
        words.join(" OR ")
    } else {
        phrases.join(" AND ")
    };
    if excluded.is_empty() {
        return Some(wanted);
    }
    Some(format!("({wanted}) NOT ({})", excluded.join(" OR ")))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_said_in_the_index_language() {
        let table = [
            ("coffee shop", Some("\"coffee\" OR \"shop\"")),
            ("the coffee", Some("\"coffee\"")),
            ("the", None),
            ("coffee -shop", Some("(\"coffee\") NOT (\"shop\")")),
            ("\"coffee shop\" tea", Some("\"coffee shop\"")),
            ("\"a b\" \"c\" -d", Some("(\"a b\" AND \"c\") NOT (\"d\")")),
            ("well-known", Some("\"well\" OR \"known\"")),
            ("-shop", None),
            ("", None),
        ];
        for (search, expected) in table {
            assert_eq!(search_expression(search, "english").as_deref(), expected, "{search}");
        }
        assert_eq!(search_expression("the", "none").as_deref(), Some("\"the\""));
    }
}
