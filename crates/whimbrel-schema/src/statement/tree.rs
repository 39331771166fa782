//! Reading the syntax tree: children by kind, names, places.

use std::ops::Range;

use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

use crate::catalog::QualifiedName;

pub(super) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

pub(super) fn children(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.children().filter(move |child| child.kind() == kind)
}

pub(super) fn descendant(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.descendants().find(|child| child.kind() == kind)
}

/// Whether a token of this kind stands anywhere in the node.
pub(super) fn mentions(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    tokens(node).any(|token| token.kind() == kind)
}

/// The tokens that are neither space nor comment.
pub(super) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT))
}

/// Where the node's first token begins and its last one ends, in bytes.
pub(super) fn place(node: &SyntaxNode) -> Range<usize> {
    let mut all = tokens(node);
    let Some(first) = all.next() else { return 0..0 };
    let end = all.last().map_or_else(|| first.text_range().end(), |last| last.text_range().end());
    usize::from(first.text_range().start())..usize::from(end)
}

/// The text of the node without the space around it.
pub(super) fn text(node: &SyntaxNode) -> String {
    node.text().to_string().trim().to_owned()
}

/// The node's tokens in capitals, one space between them: the words of a command.
pub(super) fn words(node: &SyntaxNode) -> String {
    tokens(node)
        .map(|token| {
            let keyword = format!("{:?}", token.kind()).ends_with("_KW");
            if keyword { token.text().to_uppercase() } else { token.text().to_owned() }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

/// The name that a word stands for: folded to lower case unless it is quoted.
fn identifier(raw: &str) -> String {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => raw.to_lowercase(),
    }
}

/// The name that a node's last word stands for.
pub(super) fn name(node: &SyntaxNode) -> Option<String> {
    tokens(node).last().map(|token| identifier(token.text()))
}

/// The name of the first child of this kind.
pub(super) fn name_of(node: &SyntaxNode, kind: SyntaxKind) -> Option<String> {
    child(node, kind).and_then(|child| name(&child))
}

/// An object's name, from a node that holds a dotted path.
pub(super) fn object(node: &SyntaxNode) -> Option<QualifiedName> {
    let mut parts: Vec<String> = node
        .descendants()
        .filter(|inner| matches!(inner.kind(), SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF))
        .filter_map(|segment| name(&segment))
        .collect();
    let own = parts.pop()?;
    Some(match parts.pop() {
        Some(schema) => QualifiedName::new(schema, own),
        None => QualifiedName::plain(own),
    })
}

/// The object that the first child of this kind names.
pub(super) fn object_of(node: &SyntaxNode, kind: SyntaxKind) -> Option<QualifiedName> {
    child(node, kind).and_then(|child| object(&child))
}

/// The first descendant that names a table.
pub(super) fn any_table(node: &SyntaxNode) -> Option<QualifiedName> {
    let names = |kind| matches!(kind, SyntaxKind::TABLE_NAME_REF | SyntaxKind::RELATION_NAME_REF);
    node.descendants().find(|inner| names(inner.kind())).and_then(|found| object(&found))
}

/// The column names in a list.
pub(super) fn columns(list: &SyntaxNode) -> Vec<String> {
    children(list, SyntaxKind::COLUMN_NAME_REF).filter_map(|column| name(&column)).collect()
}

/// The value of a string literal.
pub(super) fn string(node: &SyntaxNode) -> Option<String> {
    let raw = tokens(node).find(|token| token.kind() == SyntaxKind::STRING)?.text().to_owned();
    let inner = raw.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}
