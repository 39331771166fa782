//! Names inside expressions.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::sql_text::quote_identifier;

use crate::syntax::{identifier, parse_expression, tokens};

/// The references to columns in an expression: every name that is not a function's.
fn references(node: &SyntaxNode) -> Vec<SyntaxNode> {
    node.descendants()
        .filter(|inner| inner.kind() == SyntaxKind::NAME_REF)
        .filter(|inner| {
            let callee = inner.parent().is_some_and(|up| {
                up.kind() == SyntaxKind::CALL_EXPR && up.children().next().as_ref() == Some(inner)
            });
            !callee
        })
        .collect()
}

/// Whether the expression reads the column; true where it cannot be told.
pub(crate) fn reads(text: &str, column: &str) -> bool {
    match parse_expression(text) {
        Ok(node) => references(&node).iter().any(|reference| {
            tokens(reference).next().is_some_and(|token| identifier(token.text()) == column)
        }),
        Err(_) => true,
    }
}

/// The expression after a column's rename.
pub(crate) fn rename_column(text: &str, from: &str, to: &str) -> String {
    let prefix = "SELECT ".len();
    let Ok(node) = parse_expression(text) else { return text.to_owned() };
    let mut renamed = text.to_owned();
    let mut found: Vec<std::ops::Range<usize>> = references(&node)
        .iter()
        .filter_map(|reference| tokens(reference).next())
        .filter(|token| identifier(token.text()) == from)
        .map(|token| {
            let range = token.text_range();
            usize::from(range.start()) - prefix..usize::from(range.end()) - prefix
        })
        .collect();
    found.reverse();
    for range in found {
        renamed.replace_range(range, &quote_identifier(to));
    }
    renamed
}
