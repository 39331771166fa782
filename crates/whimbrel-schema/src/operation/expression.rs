//! Follows renames inside expressions, the way the server does when it prints them again.
//!
//! It knows words, quoted names and literals, nothing of SQL's grammar. Where it is wrong, the
//! difference finds the expressions unequal and recreates what holds them: never a wrong schema,
//! at worst a statement too many.

use std::borrow::Cow;

use crate::catalog::QualifiedName;
use crate::ddl::quote::{quote_identifier, quote_literal, quote_qualified};

/// One token, as it is written.
#[derive(Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    raw: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    QuotedName,
    Literal,
    Space,
    Sign,
}

/// Whether a name occurs in an expression outside its literals.
pub(crate) fn word_occurs(expression: &str, name: &str) -> bool {
    tokens(expression).iter().any(|token| token.names(name))
}

/// Whether a literal of this value occurs in an expression.
pub(crate) fn literal_occurs(expression: &str, value: &str) -> bool {
    let literal = quote_literal(value);
    tokens(expression).iter().any(|token| {
        token.kind == Kind::Literal
            && (token.raw == literal || array_elements(token.raw).is_some_and(|all| all.contains(&value)))
    })
}

/// The functions that an expression calls, without their schemas. A keyword before a parenthesis counts as one.
pub(crate) fn called_functions(expression: &str) -> Vec<String> {
    let tokens = tokens(expression);
    let is_call = |position: usize| {
        matches!(tokens[position].kind, Kind::Word | Kind::QuotedName)
            && next_is(&tokens, position, "(")
            && !previous_is(&tokens, position, "::")
    };
    let calls = (0..tokens.len()).filter(|position| is_call(*position));
    calls.map(|position| tokens[position].raw.trim_matches('"').to_ascii_lowercase()).collect()
}

/// The expression after a column's rename.
pub(crate) fn rename_column(expression: &str, from: &str, to: &str) -> String {
    let tokens = tokens(expression);
    let mut renamed = String::with_capacity(expression.len());
    for (position, token) in tokens.iter().enumerate() {
        let is_column = token.names(from)
            && !next_is(&tokens, position, "(")
            && !previous_is(&tokens, position, ".")
            && !previous_is(&tokens, position, "::");
        if is_column {
            renamed.push_str(&quote_identifier(to));
        } else {
            renamed.push_str(token.raw);
        }
    }
    renamed
}

/// The expression after a type's rename: every cast to it names the new one.
pub(super) fn rename_type(expression: &str, from: &QualifiedName, to: &QualifiedName) -> String {
    let tokens = tokens(expression);
    let mut renamed = String::with_capacity(expression.len());
    let mut position = 0;
    while position < tokens.len() {
        match cast_to(&tokens, position, from) {
            Some(length) => {
                renamed.push_str("::");
                renamed.push_str(&quote_qualified(to));
                position += length;
            }
            None => {
                renamed.push_str(tokens[position].raw);
                position += 1;
            }
        }
    }
    renamed
}

/// The expression after the rename of a type's value: every literal cast to the type is followed,
/// and the expression itself where it is one bare literal.
pub(super) fn rename_value(
    expression: &str,
    ty: &QualifiedName,
    from: &str,
    to: &str,
    bare_literal: bool,
) -> String {
    let tokens = tokens(expression);
    let is_bare = bare_literal && tokens.len() == 1;
    let mut renamed = String::with_capacity(expression.len());
    for (position, token) in tokens.iter().enumerate() {
        let follows =
            token.kind == Kind::Literal && (is_bare || cast_to(&tokens, position + 1, ty).is_some());
        if follows {
            renamed.push_str(&renamed_literal(token.raw, from, to));
        } else {
            renamed.push_str(token.raw);
        }
    }
    renamed
}

/// How many tokens from `position` are a cast to the type; none where they are something else.
fn cast_to(tokens: &[Token<'_>], position: usize, ty: &QualifiedName) -> Option<usize> {
    if tokens.get(position)?.raw != "::" {
        return None;
    }
    let first = tokens.get(position + 1)?;
    let qualified = tokens.get(position + 2).is_some_and(|token| token.raw == ".");
    if qualified {
        let name = tokens.get(position + 3)?;
        (first.names(&ty.schema) && name.names(&ty.name)).then_some(4)
    } else {
        (ty.in_default_schema() && first.names(&ty.name)).then_some(2)
    }
}

fn renamed_literal<'a>(raw: &'a str, from: &str, to: &str) -> Cow<'a, str> {
    if raw == quote_literal(from) {
        return Cow::Owned(quote_literal(to));
    }
    match array_elements(raw) {
        Some(elements) if elements.contains(&from) => {
            let elements: Vec<&str> =
                elements.into_iter().map(|element| if element == from { to } else { element }).collect();
            Cow::Owned(format!("'{{{}}}'", elements.join(",")))
        }
        _ => Cow::Borrowed(raw),
    }
}

/// The elements of an array literal whose elements need no quotes.
fn array_elements(raw: &str) -> Option<Vec<&str>> {
    let inner = raw.strip_prefix("'{")?.strip_suffix("}'")?;
    if inner.is_empty() || inner.contains(['"', '{', '\'', '\\']) {
        return None;
    }
    Some(inner.split(',').collect())
}

fn next_is(tokens: &[Token<'_>], position: usize, raw: &str) -> bool {
    tokens[position + 1..]
        .iter()
        .find(|token| token.kind != Kind::Space)
        .is_some_and(|token| token.raw == raw)
}

fn previous_is(tokens: &[Token<'_>], position: usize, raw: &str) -> bool {
    tokens[..position]
        .iter()
        .rev()
        .find(|token| token.kind != Kind::Space)
        .is_some_and(|token| token.raw == raw)
}

impl Token<'_> {
    /// Whether the token is this name.
    fn names(&self, name: &str) -> bool {
        match self.kind {
            Kind::Word => {
                self.raw.eq_ignore_ascii_case(name) && !name.chars().any(|c| c.is_ascii_uppercase())
            }
            Kind::QuotedName => self.raw[1..self.raw.len().max(2) - 1].replace("\"\"", "\"") == name,
            Kind::Literal | Kind::Space | Kind::Sign => false,
        }
    }
}

fn tokens(expression: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            '\'' => (Kind::Literal, quoted_length(rest, '\'')),
            '"' => (Kind::QuotedName, quoted_length(rest, '"')),
            _ if first.is_whitespace() => (Kind::Space, run_length(rest, char::is_whitespace)),
            _ if is_word_part(first) => (Kind::Word, run_length(rest, is_word_part)),
            ':' if rest.starts_with("::") => (Kind::Sign, 2),
            _ => (Kind::Sign, first.len_utf8()),
        };
        let (raw, after) = rest.split_at(length);
        tokens.push(Token { kind, raw });
        rest = after;
    }
    tokens
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '$'
}

fn run_length(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|character| !belongs(character)).unwrap_or(text.len())
}

/// The length of a quoted token at the start of the text; two quotes in a row stand for one.
fn quoted_length(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((position, character)) = characters.next() {
        if character == quote {
            match characters.peek() {
                Some((_, next)) if *next == quote => {
                    characters.next();
                }
                _ => return position + 1,
            }
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_columns_rename_leaves_literals_calls_casts_and_longer_words() {
        let cases = [
            ("total > 0", "total", "sum_total", "sum_total > 0"),
            ("total_cost > total", "total", "cost", "total_cost > cost"),
            ("kind = 'kind'::kind", "kind", "sort", "sort = 'kind'::kind"),
            ("lower(lower) = x", "lower", "small", "lower(small) = x"),
            ("\"userId\" > 0", "userId", "user_id", "user_id > 0"),
            ("userid > 0", "userId", "user_id", "userid > 0"),
            ("a > 'it''s a'", "a", "order", "\"order\" > 'it''s a'"),
        ];
        for (expression, from, to, expected) in cases {
            assert_eq!(rename_column(expression, from, to), expected, "{expression}");
        }
    }

    #[test]
    fn a_types_rename_follows_casts_only() {
        let from = QualifiedName::plain("status");
        let to = QualifiedName::new("app", "state");
        assert_eq!(
            rename_type("status = 'new'::status OR tags = '{}'::status[]", &from, &to),
            "status = 'new'::app.state OR tags = '{}'::app.state[]"
        );
        assert_eq!(rename_type("x = 'new'::app.state", &to, &from), "x = 'new'::status");
    }

    #[test]
    fn a_values_rename_follows_literals_of_the_type() {
        let ty = QualifiedName::plain("status");
        let cases = [
            ("'old'::status", true, "'new'::status"),
            ("'old'", true, "'new'"),
            ("'old'", false, "'old'"),
            ("'old'::text", true, "'old'::text"),
            ("'{old,kept}'::status[]", true, "'{new,kept}'::status[]"),
            ("a = 'old'::status AND b = 'old'::text", false, "a = 'new'::status AND b = 'old'::text"),
        ];
        for (expression, bare, expected) in cases {
            assert_eq!(rename_value(expression, &ty, "old", "new", bare), expected, "{expression}");
        }
    }

    #[test]
    fn calls_are_found_and_casts_are_none() {
        let calls = called_functions("coalesce(a, public.random ()) || 'f(x)' || b::varchar(10) || c");
        assert_eq!(calls, ["coalesce", "random"]);
    }

    #[test]
    fn occurrences_are_whole_tokens() {
        assert!(word_occurs("lower(email) = 'x'", "email"));
        assert!(!word_occurs("lower(email2) = 'email'", "email"));
        assert!(literal_occurs("x = ANY ('{a,b}'::t[])", "b"));
        assert!(!literal_occurs("x = 'ab'", "a"));
    }

    #[test]
    fn an_unclosed_quote_ends_with_the_text() {
        assert!(!word_occurs("'open", "open"));
        assert!(!word_occurs("\"", "x"));
        assert_eq!(rename_column("a = 'é", "a", "b"), "b = 'é");
    }
}
