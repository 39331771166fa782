//! `${VAR}`, `${VAR:-default}` and `$$` in the values of whimbrel.toml.

use super::setting::VariableSource;

/// Why a text cannot be expanded.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum TemplateError {
    /// A variable without a default is not set.
    Unset(String),
    /// The text breaks the grammar.
    Syntax(&'static str),
}

/// A text after expansion, and the variables that took part.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expanded {
    pub(crate) text: String,
    pub(crate) through: Vec<VariableSource>,
}

/// Expands a text; `lookup` gives a variable that is set, even to nothing.
pub(crate) fn expand<'v>(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<(&'v str, VariableSource)>,
) -> Result<Expanded, TemplateError> {
    let mut position = 0;
    expand_until(text, &mut position, false, lookup)
}

/// Says whether a text has anything to expand.
pub(crate) fn is_template(text: &str) -> bool {
    text.contains("${") || text.contains("$$")
}

/// Checks the grammar alone.
pub(crate) fn check(text: &str) -> Result<(), &'static str> {
    match expand(text, &|_| None) {
        Err(TemplateError::Syntax(reason)) => Err(reason),
        Ok(_) | Err(TemplateError::Unset(_)) => Ok(()),
    }
}

fn expand_until<'v>(
    text: &str,
    position: &mut usize,
    in_default: bool,
    lookup: &dyn Fn(&str) -> Option<(&'v str, VariableSource)>,
) -> Result<Expanded, TemplateError> {
    let mut output = String::new();
    let mut through = Vec::new();
    // The first unset variable is reported only after the rest proved to be well-formed.
    let mut unset = None;
    loop {
        let rest = &text[*position..];
        let Some(letter) = rest.chars().next() else {
            if in_default {
                return Err(TemplateError::Syntax("has a `${` that no `}` closes"));
            }
            break;
        };
        if in_default && letter == '}' {
            break;
        }
        if rest.starts_with("$$") {
            output.push('$');
            *position += 2;
        } else if rest.starts_with("${") {
            *position += 2;
            match variable(text, position, lookup) {
                Ok(expanded) => {
                    output.push_str(&expanded.text);
                    through.extend(expanded.through);
                }
                Err(TemplateError::Unset(name)) => {
                    unset.get_or_insert(name);
                }
                Err(syntax) => return Err(syntax),
            }
        } else {
            output.push(letter);
            *position += letter.len_utf8();
        }
    }
    match unset {
        Some(name) => Err(TemplateError::Unset(name)),
        None => Ok(Expanded { text: output, through }),
    }
}

/// Reads from behind `${` to behind `}`.
fn variable<'v>(
    text: &str,
    position: &mut usize,
    lookup: &dyn Fn(&str) -> Option<(&'v str, VariableSource)>,
) -> Result<Expanded, TemplateError> {
    let rest = &text[*position..];
    let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let length = rest.find(|letter| !in_name(letter)).unwrap_or(rest.len());
    let name = &rest[..length];
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) {
        return Err(TemplateError::Syntax("has a `${` without a variable's name"));
    }
    *position += length;
    let tail = &text[*position..];
    let found = lookup(name);
    if tail.starts_with('}') {
        *position += 1;
        let (value, source) = found.ok_or_else(|| TemplateError::Unset(name.to_owned()))?;
        return Ok(Expanded { text: value.to_owned(), through: vec![source] });
    }
    if !tail.starts_with(":-") {
        return Err(TemplateError::Syntax("has a `${` that is neither `${NAME}` nor `${NAME:-default}`"));
    }
    *position += 2;
    let default = expand_until(text, position, true, lookup);
    if let Err(TemplateError::Syntax(reason)) = default {
        return Err(TemplateError::Syntax(reason));
    }
    // The default ended at its `}`, whether or not its own variables are set.
    *position += 1;
    match found.filter(|(value, _)| !value.is_empty()) {
        Some((value, source)) => Ok(Expanded { text: value.to_owned(), through: vec![source] }),
        None => default,
    }
}
