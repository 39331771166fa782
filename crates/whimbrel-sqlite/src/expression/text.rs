//! Literals of text and of arrays, read from the tree.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{is_expression, unknown, without_parentheses};
use crate::syntax::{place, tokens};
use crate::trouble::{Outcome, Trouble};

/// The value of a text literal, whatever way it is quoted.
pub(crate) fn literal_text(node: &SyntaxNode) -> Outcome<String> {
    let mut value = String::new();
    let mut found = false;
    for token in tokens(node) {
        let raw = token.text();
        match token.kind() {
            SyntaxKind::STRING => {
                let inner = raw.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(raw);
                value.push_str(&inner.replace("''", "'"));
            }
            SyntaxKind::ESC_STRING => value.push_str(&unescape(node, raw)?),
            SyntaxKind::DOLLAR_QUOTED_STRING => {
                let tag = raw[1..].find('$').map_or(0, |end| end + 2);
                value.push_str(raw.get(tag..raw.len() - tag).unwrap_or_default());
            }
            _ => return Err(unknown(node)),
        }
        found = true;
    }
    if found { Ok(value) } else { Err(unknown(node)) }
}

fn unescape(node: &SyntaxNode, raw: &str) -> Outcome<String> {
    let inner = raw.get(2..raw.len().saturating_sub(1)).unwrap_or_default();
    let mut out = String::new();
    let mut characters = inner.chars().peekable();
    while let Some(current) = characters.next() {
        match current {
            '\'' => {
                characters.next_if_eq(&'\'');
                out.push('\'');
            }
            '\\' => match characters.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(same @ ('\\' | '\'' | '"' | '/')) => out.push(same),
                _ => {
                    return Err(Trouble::refused(format!(
                        "the escapes in {raw}: of them \\n, \\t, \\r, \\\\ and \\' are translated"
                    ))
                    .at(place(node)));
                }
            },
            other => out.push(other),
        }
    }
    Ok(out)
}

/// The elements of `ARRAY['a', NULL]`, all of them literals.
pub(crate) fn array_items(node: &SyntaxNode) -> Outcome<Vec<Option<String>>> {
    node.children()
        .map(|item| {
            let mut item = without_parentheses(&item);
            while item.kind() == SyntaxKind::CAST_EXPR {
                let inner = item.children().find(|inner| is_expression(inner.kind()));
                item = without_parentheses(&inner.ok_or_else(|| unknown(node))?);
            }
            if item.kind() == SyntaxKind::PREFIX_EXPR {
                return Ok(Some(crate::syntax::text(&item).replace(' ', "")));
            }
            if item.kind() != SyntaxKind::LITERAL {
                return Err(unknown(&item));
            }
            let token = tokens(&item).next().ok_or_else(|| unknown(&item))?;
            match token.kind() {
                SyntaxKind::NULL_KW => Ok(None),
                SyntaxKind::TRUE_KW
                | SyntaxKind::FALSE_KW
                | SyntaxKind::INT_NUMBER
                | SyntaxKind::NUMERIC_NUMBER => Ok(Some(token.text().to_lowercase())),
                _ => literal_text(&item).map(Some),
            }
        })
        .collect()
}

/// `{a,"b c",NULL}`, quoted where PostgreSQL quotes.
pub(crate) fn array_literal(items: &[Option<String>]) -> String {
    let parts = items.iter().map(|item| match item {
        None => "NULL".to_owned(),
        Some(text) => {
            let plain = !text.is_empty()
                && !text.eq_ignore_ascii_case("null")
                && !text.contains(|letter: char| letter.is_whitespace() || "{}\",\\".contains(letter));
            if plain {
                text.clone()
            } else {
                format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
        }
    });
    format!("{{{}}}", parts.collect::<Vec<_>>().join(","))
}
