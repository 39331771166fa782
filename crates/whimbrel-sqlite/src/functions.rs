//! The functions that a rendered schema calls and SQLite does not have.

use std::sync::Arc;

use regex::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

/// Registers every function that a schema made by this crate may call.
///
/// A connection without them fails with "no such function" where one is needed; it never answers wrongly.
///
/// # Errors
/// SQLite's, where it cannot register one.
pub fn register_functions(connection: &Connection) -> rusqlite::Result<()> {
    let pure =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    let volatile = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("gen_random_uuid", 0, volatile, |_| {
        Ok(uuid::Uuid::new_v4().hyphenated().to_string())
    })?;
    connection.create_scalar_function("regexp", 2, pure, |context| matches(context, false))?;
    connection.create_scalar_function("regexp_nocase", 2, pure, |context| matches(context, true))?;
    connection.create_scalar_function("like_case", 2, pure, |context| like(context, false))?;
    connection.create_scalar_function("like_nocase", 2, pure, |context| like(context, true))?;
    connection.create_scalar_function("lower_unicode", 1, pure, |context| {
        Ok(text(context, 0)?.map(|text| text.to_lowercase()))
    })?;
    connection.create_scalar_function("upper_unicode", 1, pure, |context| {
        Ok(text(context, 0)?.map(|text| text.to_uppercase()))
    })?;
    Ok(())
}

fn text(context: &Context<'_>, at: usize) -> rusqlite::Result<Option<String>> {
    context.get::<Option<String>>(at)
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// `regexp(pattern, value)`: the pattern is compiled once a statement.
fn matches(context: &Context<'_>, fold_case: bool) -> rusqlite::Result<Option<bool>> {
    compiled(context, |pattern| {
        regex::RegexBuilder::new(pattern).case_insensitive(fold_case).size_limit(REGEX_LIMIT_BYTES).build()
    })
}

/// `like_case(pattern, value)`: `%`, `_`, and a backslash that takes their meaning away.
fn like(context: &Context<'_>, fold_case: bool) -> rusqlite::Result<Option<bool>> {
    compiled(context, |pattern| {
        regex::RegexBuilder::new(&like_to_regex(pattern))
            .case_insensitive(fold_case)
            .dot_matches_new_line(true)
            .size_limit(REGEX_LIMIT_BYTES)
            .build()
    })
}

/// A pattern that compiles to more than this is refused; a CHECK must not eat the memory.
const REGEX_LIMIT_BYTES: usize = 1 << 20;

fn compiled(
    context: &Context<'_>,
    compile: impl Fn(&str) -> Result<Regex, regex::Error>,
) -> rusqlite::Result<Option<bool>> {
    if context.get_raw(0) == rusqlite::types::ValueRef::Null {
        return Ok(None);
    }
    let regex: Arc<Regex> =
        context.get_or_create_aux(0, |value| -> Result<Regex, Failure> { Ok(compile(value.as_str()?)?) })?;
    Ok(text(context, 1)?.map(|value| regex.is_match(&value)))
}

fn like_to_regex(pattern: &str) -> String {
    let mut out = String::from("^");
    let mut characters = pattern.chars();
    while let Some(current) = characters.next() {
        match current {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '\\' => out.push_str(&regex::escape(&characters.next().unwrap_or('\\').to_string())),
            other => out.push_str(&regex::escape(&other.to_string())),
        }
    }
    out.push('$');
    out
}
