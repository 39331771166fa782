//! What a statement asks of the rows of each table: SQLite's plan does not say.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{QualifiedName, Table};

use crate::expression::without_parentheses;
use crate::syntax::{child, descendants, has, identifier, is_trivia, name, object_name, text, tokens};

/// One table that the statement names, and the clauses that stand over it.
struct Named {
    /// What the statement calls it.
    alias: String,
    table: QualifiedName,
    /// The query that reads it.
    query: SyntaxNode,
}

/// The conditions of a statement.
pub(super) struct Conditions {
    named: Vec<Named>,
}

/// One of several conditions that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Conjunct {
    pub(super) text: String,
    /// The table's columns in it.
    pub(super) columns: Vec<String>,
    /// Whether it names no other table's columns.
    pub(super) is_own: bool,
}

impl Conditions {
    pub(super) fn of(statement: &SyntaxNode) -> Self {
        let mut named = Vec::new();
        for relation in descendants(statement, SyntaxKind::RELATION_NAME_REF) {
            let (Ok(table), Some(query)) = (object_name(&relation), query_around(&relation)) else {
                continue;
            };
            let alias = alias(&relation).unwrap_or_else(|| table.name.clone());
            named.push(Named { alias, table, query });
        }
        Conditions { named }
    }

    /// The table that the statement names first: the one that it writes to, where it writes.
    pub(super) fn first(&self) -> Option<&QualifiedName> {
        self.named.first().map(|named| &named.table)
    }

    /// The table that the statement calls so; none where several could be meant.
    pub(super) fn table(&self, alias: &str) -> Option<&QualifiedName> {
        Some(&self.only(alias)?.table)
    }

    fn only(&self, alias: &str) -> Option<&Named> {
        let mut found = self.named.iter().filter(|named| named.alias == alias);
        found.next().filter(|_| found.next().is_none())
    }

    /// What is asked of the rows of a table under this name, as far as it names the table's columns.
    pub(super) fn over(&self, alias: &str, table: &Table) -> Vec<Conjunct> {
        let Some(named) = self.only(alias) else { return Vec::new() };
        let mut found = Vec::new();
        for kind in [SyntaxKind::ON_CLAUSE, SyntaxKind::WHERE_CLAUSE] {
            for clause in descendants(&named.query, kind) {
                if query_around(&clause).as_ref() != Some(&named.query) {
                    continue;
                }
                if let Some(expression) = clause.children().next() {
                    split(&expression, &mut found);
                }
            }
        }
        let conjuncts = found.into_iter().map(|node| Conjunct {
            columns: columns(&node, alias, table),
            is_own: !names_others(&node, alias, table),
            text: squeezed(&node),
        });
        conjuncts.filter(|conjunct| !conjunct.columns.is_empty()).collect()
    }
}

/// The query or statement that the node stands in.
fn query_around(node: &SyntaxNode) -> Option<SyntaxNode> {
    use SyntaxKind as K;
    node.ancestors()
        .skip(1)
        .find(|outer| matches!(outer.kind(), K::SELECT | K::UPDATE | K::DELETE | K::INSERT))
}

/// The other name of a table, where it has one.
fn alias(relation: &SyntaxNode) -> Option<String> {
    use SyntaxKind as K;
    let is_alias = |kind| matches!(kind, K::FROM_ALIAS | K::OPTIONAL_AS_ALIAS | K::REQUIRED_AS_ALIAS);
    let siblings = |node: &SyntaxNode| {
        node.parent().into_iter().flat_map(|outer| outer.children().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let mut around = siblings(relation);
    if let Some(outer) = relation.parent().filter(|outer| outer.kind() == K::RELATION_NAME) {
        around.extend(siblings(&outer));
    }
    let found = around.into_iter().find(|part| is_alias(part.kind()))?;
    let word = tokens(&found).find(|token| !token.text().eq_ignore_ascii_case("as"))?;
    Some(identifier(word.text()))
}

/// Takes an expression apart at its ANDs.
fn split(expression: &SyntaxNode, found: &mut Vec<SyntaxNode>) {
    let node = without_parentheses(expression);
    let is_and = node.kind() == SyntaxKind::BIN_EXPR
        && (has(&node, SyntaxKind::AND_KW) || node.children().any(|part| part.kind() == SyntaxKind::AND_KW));
    if !is_and {
        found.push(node);
        return;
    }
    for part in node.children() {
        split(&part, found);
    }
}

/// The table's columns that an expression names, subqueries left out.
fn columns(node: &SyntaxNode, alias: &str, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    let around = query_around(node);
    for reference in node.descendants() {
        let column = match reference.kind() {
            SyntaxKind::NAME_REF
                if reference.parent().is_none_or(|outer| outer.kind() != SyntaxKind::FIELD_EXPR) =>
            {
                name(&reference).ok()
            }
            SyntaxKind::FIELD_EXPR => {
                let owner = child(&reference, SyntaxKind::NAME_REF).and_then(|owner| name(&owner).ok());
                let last = tokens(&reference).last().map(|token| identifier(token.text()));
                last.filter(|_| owner.as_deref() == Some(alias))
            }
            _ => None,
        };
        let Some(column) = column.filter(|column| table.column(column).is_some()) else { continue };
        if query_around(&reference) == around && !found.contains(&column) {
            found.push(column);
        }
    }
    found
}

/// Whether an expression names columns of another table.
fn names_others(node: &SyntaxNode, alias: &str, table: &Table) -> bool {
    node.descendants().any(|reference| match reference.kind() {
        SyntaxKind::FIELD_EXPR => {
            let owner = child(&reference, SyntaxKind::NAME_REF).and_then(|owner| name(&owner).ok());
            owner.as_deref() != Some(alias)
        }
        SyntaxKind::NAME_REF => {
            let outer = reference.parent().map(|outer| outer.kind());
            let is_column = !matches!(outer, Some(SyntaxKind::FIELD_EXPR | SyntaxKind::CALL_EXPR));
            is_column && name(&reference).is_ok_and(|name| table.column(&name).is_none())
        }
        _ => false,
    })
}

/// The text in one line.
fn squeezed(node: &SyntaxNode) -> String {
    let mut out = String::new();
    for element in node.descendants_with_tokens().filter_map(|element| element.into_token()) {
        if is_trivia(element.kind()) {
            if !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.push_str(element.text());
        }
    }
    let squeezed = out.trim().to_owned();
    if squeezed.is_empty() { text(node) } else { squeezed }
}
