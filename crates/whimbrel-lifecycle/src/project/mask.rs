//! Hides secrets in texts that are shown around an error.
//!
//! An edit replaces a byte range of a source text. Edits never touch a line break, so lines keep their numbers.

use std::ops::Range;

use super::url::DatabaseUrl;

/// What stands where a secret stood.
pub(crate) const MASK: &str = "****";

/// The replacement of one byte range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub(crate) range: Range<usize>,
    pub(crate) replacement: String,
}

impl Edit {
    fn mask(range: Range<usize>) -> Self {
        Self { range, replacement: MASK.to_owned() }
    }
}

/// Masks a text that should have been a URL: at most its scheme is shown.
pub(crate) fn unparsed_url(text: &str) -> String {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    match scheme {
        Some(scheme) if is_scheme(scheme) => format!("{scheme}://{MASK}"),
        _ => MASK.to_owned(),
    }
}

fn is_scheme(text: &str) -> bool {
    text.len() <= 24
        && text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "+.-".contains(letter))
}

/// Masks the literal of a `url` key. A literal that only names a variable stays as it is.
pub(crate) fn url_literal(text: &str) -> String {
    let names_a_variable = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'));
    if names_a_variable {
        return text.to_owned();
    }
    match DatabaseUrl::parse(text) {
        Ok(url) if !text.contains("${") => url.to_string(),
        _ => unparsed_url(text),
    }
}

/// Finds what may be secret in a `.env` file: every value, and every line that is not `NAME=`.
pub(crate) fn dotenv_edits(text: &str) -> Vec<Edit> {
    lines(text)
        .filter_map(|(start, line)| {
            let end = start + line.len();
            let name_end = line.find('=').filter(|&at| at <= 64).map(|at| at + 1);
            match name_end {
                Some(name_end) if start + name_end < end => Some(Edit::mask(start + name_end..end)),
                Some(_) => None,
                None if line.trim().is_empty() => None,
                None => Some(Edit::mask(start..end)),
            }
        })
        .collect()
}

/// Finds what may be secret in a TOML text: URLs, and the values of password-like and `url` keys, to the line's end.
///
/// `known` holds the edits of values that were parsed, in order; only what stands between them is searched.
/// `is_broken` says that nothing is known about the text, so that a `url` key is suspicious everywhere.
pub(crate) fn toml_edits(text: &str, mut known: Vec<Edit>, is_broken: bool) -> Vec<Edit> {
    known.sort_by_key(|edit| edit.range.start);
    let mut found = Vec::new();
    for (start, line) in lines(text) {
        let hides_url_keys = is_broken || line.trim_start().starts_with('#');
        let end = start + line.len();
        let mut position = start;
        let within = known.iter().filter(|edit| edit.range.start < end && start < edit.range.end);
        let bounds = within.map(|edit| edit.range.clone()).chain(std::iter::once(end..end));
        for bound in bounds {
            let gap = position..bound.start.max(position);
            let secret = secret_start(&text[gap.clone()], hides_url_keys).map(|at| gap.start + at);
            found.extend(secret.filter(|&secret| secret < gap.end).map(|secret| Edit::mask(secret..gap.end)));
            position = bound.end.max(position);
        }
    }
    known.extend(found);
    known.sort_by_key(|edit| edit.range.start);
    known
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |start, line| {
        let begin = *start;
        *start += line.len();
        Some((begin, line.trim_end_matches(['\n', '\r'])))
    })
}

const SECRET_WORDS: [&str; 6] = ["pass", "pwd", "secret", "token", "credential", "apikey"];

/// Says whether a key's name tells of a secret.
pub(crate) fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace(['_', '-'], "");
    key == "authmechanismproperties" || SECRET_WORDS.iter().any(|word| key.contains(word))
}

/// Finds where the first secret of a piece of a line may begin.
fn secret_start(piece: &str, hides_url_keys: bool) -> Option<usize> {
    let lower = piece.to_ascii_lowercase();
    let address = lower.find("://").map(|at| at + 3);
    let word = SECRET_WORDS
        .iter()
        .filter_map(|word| lower.find(word))
        .filter_map(|at| Some(at + lower[at..].find(['=', ':'])? + 1))
        .min();
    let url_key = lower.match_indices("url").find_map(|(at, _)| {
        let after = &lower[at + 3..];
        let blanks = after.len() - after.trim_start_matches([' ', '\t', '"', '\'']).len();
        (hides_url_keys && after[blanks..].starts_with('=')).then_some(at + 3 + blanks + 1)
    });
    [address, word, url_key].into_iter().flatten().min()
}
