//! Turns what a file, a variable or the table of keys says into a typed value.

use std::time::Duration;

use super::hooks::Hook;
use super::keys::{Kind, quoted};
use super::values::parse_duration;

/// What whimbrel.toml holds at a key. It has no `Debug`: it may hold a password.
#[derive(Clone)]
pub(crate) enum Raw {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<String>),
    Hooks(Vec<Hook>),
    /// A type that no key takes; the name is TOML's.
    Other(&'static str),
}

impl Raw {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Boolean(_) => "a boolean",
            Self::List(_) | Self::Hooks(_) => "a list",
            Self::Other("table") => "a table",
            Self::Other("array") => "a list of other things than strings",
            Self::Other("float") => "a number with a fraction",
            Self::Other(_) => "a date or time",
        }
    }
}

/// A value of the type that its key takes.
pub(crate) enum Parsed {
    Text(String),
    Integer(u32),
    Boolean(bool),
    Duration(Duration),
    List(Vec<String>),
    Hooks(Vec<Hook>),
}

/// Why a value does not do. The value itself is never repeated.
pub(crate) enum Problem {
    WrongType { found: &'static str, help: String },
    Bad { reason: String, help: String },
}

/// Where a text comes from: a variable can only hold text, so it is read more kindly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    File,
    Variable,
}

/// Reads a value of whimbrel.toml.
pub(crate) fn read(kind: Kind, raw: Raw) -> Result<Parsed, Problem> {
    match (kind, raw) {
        (Kind::Integer { .. } | Kind::Boolean, raw @ Raw::Text(_)) => Err(wrong(kind, &raw)),
        (_, Raw::Text(text)) => read_text(kind, &text, Speaker::File),
        (Kind::Integer { min, max }, Raw::Integer(number)) => integer(min, max, u32::try_from(number).ok()),
        (Kind::Boolean, Raw::Boolean(value)) => Ok(Parsed::Boolean(value)),
        (Kind::TextList | Kind::Names, Raw::List(texts)) => list(kind, texts),
        (Kind::Hooks, Raw::Hooks(hooks)) => Ok(Parsed::Hooks(hooks)),
        (_, raw) => Err(wrong(kind, &raw)),
    }
}

/// Reads a text: a string of the file after expansion, a variable, or a default of the table.
pub(crate) fn read_text(kind: Kind, text: &str, speaker: Speaker) -> Result<Parsed, Problem> {
    let trimmed = text.trim();
    match kind {
        Kind::Text | Kind::Path | Kind::Url => {
            if text.is_empty() && kind != Kind::Url {
                return Err(bad("is empty", "write a text, or leave the key out"));
            }
            Ok(Parsed::Text(text.to_owned()))
        }
        Kind::Choice(names) => choice(names, text),
        Kind::Integer { min, max } => integer(min, max, trimmed.parse().ok()),
        Kind::Boolean => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(Parsed::Boolean(true)),
            "false" | "0" | "no" | "off" => Ok(Parsed::Boolean(false)),
            _ => Err(bad("is not true or false", "write true or false")),
        },
        Kind::Duration { off } => duration(off, trimmed, speaker),
        Kind::Names => list(kind, vec![text.to_owned()]),
        Kind::TextList if speaker == Speaker::Variable => {
            list(kind, text.split(',').map(|part| part.trim().to_owned()).collect())
        }
        Kind::TextList | Kind::Hooks => Err(wrong(kind, &Raw::Text(String::new()))),
    }
}

fn wrong(kind: Kind, raw: &Raw) -> Problem {
    let example = match (kind, raw) {
        (Kind::Integer { .. }, Raw::Text(_)) => "leave the quotes out: 10",
        (Kind::Integer { .. }, _) => "write a whole number: 10",
        (Kind::Boolean, _) => "write true or false, without quotes",
        (Kind::Duration { .. }, Raw::Integer(_)) => "write the unit, in quotes: \"10s\"",
        (Kind::Duration { .. }, _) => "write a whole number and a unit, in quotes: \"10s\"",
        (Kind::TextList, _) => "write [\"one\", \"two\"]",
        (Kind::Hooks, _) => "write [\"hooks/before.sql\", \"npm run check\"]",
        (Kind::Names, _) => "write \"DATABASE_URL\" or [\"DATABASE_URL\", \"DB_URL\"]",
        (Kind::Text | Kind::Path | Kind::Url | Kind::Choice(_), _) => "write a text in quotes",
    };
    Problem::WrongType { found: raw.type_name(), help: example.to_owned() }
}

fn bad(reason: impl Into<String>, help: impl Into<String>) -> Problem {
    Problem::Bad { reason: reason.into(), help: help.into() }
}

fn choice(names: &'static [&'static str], text: &str) -> Result<Parsed, Problem> {
    if names.contains(&text) {
        return Ok(Parsed::Text(text.to_owned()));
    }
    let help = match nearest(text, names.iter().copied()) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => format!("write {}", quoted(names)),
    };
    Err(bad(format!("is not one of {}", quoted(names)), help))
}

fn integer(min: u32, max: u32, number: Option<u32>) -> Result<Parsed, Problem> {
    match number {
        Some(number) if (min..=max).contains(&number) => Ok(Parsed::Integer(number)),
        _ => Err(bad(
            format!("is not a whole number from {min} to {max}"),
            format!("write a number from {min} to {max}"),
        )),
    }
}

fn duration(off: bool, text: &str, speaker: Speaker) -> Result<Parsed, Problem> {
    let seconds = (speaker == Speaker::Variable).then(|| text.parse().ok()).flatten();
    let help = "write a whole number and a unit, ms, s, m, h or d: \"10s\", \"1h30m\"";
    let Some(duration) = seconds.map(Duration::from_secs).or_else(|| parse_duration(text)) else {
        return Err(bad("is not a duration", help));
    };
    if duration.is_zero() && !off {
        return Err(bad("cannot be zero", "write a time to wait for: \"10s\""));
    }
    // The limit that every engine can hold in 32 bits of milliseconds, about 24 days.
    if i32::try_from(duration.as_millis()).is_err() {
        return Err(bad("is longer than 24 days", "write a shorter time, or \"0s\" where that means off"));
    }
    Ok(Parsed::Duration(duration))
}

fn list(kind: Kind, texts: Vec<String>) -> Result<Parsed, Problem> {
    if texts.is_empty() || texts.iter().any(String::is_empty) {
        return Err(bad("has an empty name", "write at least one name, or leave the key out"));
    }
    let is_name = |name: &String| {
        !name.starts_with(|letter: char| letter.is_ascii_digit())
            && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if kind == Kind::Names && !texts.iter().all(is_name) {
        return Err(bad(
            "holds something other than a variable's name",
            "write the name of the variable that carries the value, such as \"DATABASE_URL\", never the value itself",
        ));
    }
    Ok(Parsed::List(texts))
}

/// Finds the name that was probably meant.
pub(crate) fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let text = text.to_lowercase();
    names
        .filter_map(|name| {
            let begins = text.len() >= 3 && (name.starts_with(&text) || text.starts_with(name));
            let similarity = strsim::jaro_winkler(&text, name);
            let distance = strsim::damerau_levenshtein(&text, name);
            let near = distance <= 1 || (distance <= 1 + name.len() / 4 && similarity > 0.7);
            (begins || near).then_some((similarity, name))
        })
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, name)| name)
}
