//! Reading the syntax tree: children by kind, names, and places.

use std::ops::Range;

use squawk_syntax::ast::AstNode as _;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode, SyntaxToken};
use whimbrel_schema::catalog::{DEFAULT_SCHEMA, QualifiedName};

use crate::trouble::{Outcome, Trouble};

/// The one statement that the text holds.
pub(crate) fn parse_statement(sql: &str) -> Outcome<SyntaxNode> {
    let parse = SourceFile::parse(sql);
    if let Some(error) = parse.errors().first() {
        let range = error.range();
        let start = usize::from(range.start()).min(sql.len());
        let end = usize::from(range.end()).clamp(start, sql.len());
        return Err(Trouble::Failed {
            reason: format!("a syntax error: {}", error.message()),
            help: Some(
                "correct the statement and run the same command again; nothing of this file stands"
                    .to_owned(),
            ),
            range: Some(start..end.max((start + 1).min(sql.len()))),
        });
    }
    let mut statements = parse.tree().stmts();
    let first = statements.next().ok_or_else(|| Trouble::failed("an empty statement"))?;
    if statements.next().is_some() {
        return Err(Trouble::failed("more than one statement where one was expected"));
    }
    Ok(first.syntax().clone())
}

/// The expression that the text holds; places in it are shifted by the `SELECT` before it.
pub(crate) fn parse_expression(text: &str) -> Outcome<SyntaxNode> {
    let statement = parse_statement(&format!("SELECT {text}")).map_err(Trouble::nowhere)?;
    let expression = descendant(&statement, SyntaxKind::TARGET)
        .filter(|_| {
            descendants(&statement, SyntaxKind::TARGET_LIST)
                .next()
                .is_some_and(|list| list.children().count() == 1)
        })
        .filter(|_| statement.children().count() == 1)
        .filter(|target| child(target, SyntaxKind::AS_NAME).is_none())
        .and_then(|target| target.children().next());
    expression.ok_or_else(|| Trouble::failed(format!("`{text}` is not an expression")))
}

pub(crate) fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

pub(crate) fn children(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.children().filter(move |child| child.kind() == kind)
}

pub(crate) fn descendants(node: &SyntaxNode, kind: SyntaxKind) -> impl Iterator<Item = SyntaxNode> {
    node.descendants().filter(move |child| child.kind() == kind)
}

pub(crate) fn descendant(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    descendants(node, kind).next()
}

pub(crate) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.kind() == kind)
}

/// The tokens that are neither space nor comment.
pub(crate) fn tokens(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    node.descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !is_trivia(token.kind()))
}

pub(crate) fn is_trivia(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)
}

/// Where the node stands in the statement, in bytes.
pub(crate) fn place(node: &SyntaxNode) -> Range<usize> {
    let range = node.text_range();
    usize::from(range.start())..usize::from(range.end())
}

/// The text of the node without the space and comments around it.
pub(crate) fn text(node: &SyntaxNode) -> String {
    node.text().to_string().trim().to_owned()
}

/// The name that an identifier stands for: folded to lower case unless it is quoted.
pub(crate) fn identifier(raw: &str) -> String {
    match raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => raw.to_lowercase(),
    }
}

/// The name that a node of one word stands for.
pub(crate) fn name(node: &SyntaxNode) -> Outcome<String> {
    tokens(node)
        .last()
        .map(|token| identifier(token.text()))
        .ok_or_else(|| Trouble::failed("a name is missing").at(place(node)))
}

/// The name of the first child of this kind.
pub(crate) fn name_of(node: &SyntaxNode, kind: SyntaxKind) -> Outcome<String> {
    let child = child(node, kind).ok_or_else(|| Trouble::failed("a name is missing").at(place(node)))?;
    name(&child)
}

/// The parts of a dotted path, in order.
pub(crate) fn path_parts(node: &SyntaxNode) -> Vec<String> {
    let segments: Vec<String> = node
        .descendants()
        .filter(|inner| matches!(inner.kind(), SyntaxKind::PATH_SEGMENT | SyntaxKind::PATH_SEGMENT_REF))
        .filter_map(|segment| tokens(&segment).last().map(|token| identifier(token.text())))
        .collect();
    if segments.is_empty() { name(node).into_iter().collect() } else { segments }
}

/// An object's name; another schema than the default one is refused.
pub(crate) fn object_name(node: &SyntaxNode) -> Outcome<QualifiedName> {
    let mut parts = path_parts(node);
    let own = parts.pop().ok_or_else(|| Trouble::failed("a name is missing").at(place(node)))?;
    match parts.as_slice() {
        [] => Ok(QualifiedName::plain(own)),
        [schema] if schema == DEFAULT_SCHEMA => Ok(QualifiedName::plain(own)),
        other => Err(Trouble::refused(format!(
            "it has no schemas besides `{DEFAULT_SCHEMA}`, and this names `{}`",
            other.join(".")
        ))
        .at(place(node))),
    }
}
