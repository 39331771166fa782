//! Expressions and queries: from PostgreSQL's SQL to SQLite's, and to one canonical spelling of PostgreSQL's.
//!
//! The writer copies what it knows and refuses the rest by name.

mod call;
mod cast;
mod infer;
mod operator;
mod rename;
mod text;

pub(crate) use call::{FUNCTIONS, Function, Rendering};
pub(crate) use cast::{conversion, named as named_type};
pub(crate) use infer::Columns;
pub(crate) use operator::OPERATORS;
pub(crate) use rename::{reads, rename_column};
pub(crate) use text::{array_items, array_literal, literal_text};

use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};
use whimbrel_schema::catalog::ColumnType;
use whimbrel_schema::sql_text;

use crate::quote::{quoted, text_literal};
use crate::syntax::{child, identifier, is_trivia, parse_expression, place, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::types;

/// In which tongue the writer writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// PostgreSQL's, in one spelling.
    Canonical,
    /// SQLite's.
    Sqlite,
}

/// The expression in PostgreSQL's SQL, in one spelling, without outer parentheses.
pub(crate) fn canonical(
    node: &SyntaxNode,
    columns: &Columns,
    expected: Option<&ColumnType>,
) -> Outcome<String> {
    written(Tongue::Canonical, &without_parentheses(node), columns, expected)
}

/// The expression in SQLite's SQL.
pub(crate) fn sqlite(node: &SyntaxNode, columns: &Columns, expected: Option<&ColumnType>) -> Outcome<String> {
    written(Tongue::Sqlite, node, columns, expected)
}

/// The text of an expression in SQLite's SQL.
pub(crate) fn sqlite_text(text: &str, columns: &Columns, expected: Option<&ColumnType>) -> Outcome<String> {
    let node = parse_expression(text)?;
    sqlite(&without_parentheses(&node), columns, expected).map_err(Trouble::nowhere)
}

/// The text of an expression in one spelling of PostgreSQL's SQL.
pub(crate) fn canonical_text(
    text: &str,
    columns: &Columns,
    expected: Option<&ColumnType>,
) -> Outcome<String> {
    canonical(&parse_expression(text)?, columns, expected).map_err(Trouble::nowhere)
}

fn written(
    tongue: Tongue,
    node: &SyntaxNode,
    columns: &Columns,
    expected: Option<&ColumnType>,
) -> Outcome<String> {
    let mut writer = Writer::new(tongue, columns);
    writer.expression(node, expected)?;
    Ok(writer.finish())
}

/// The expression inside any parentheses around the whole.
pub(crate) fn without_parentheses(node: &SyntaxNode) -> SyntaxNode {
    let mut node = node.clone();
    while node.kind() == SyntaxKind::PAREN_EXPR {
        match node.children().next() {
            Some(inner) if inner.kind() != SyntaxKind::SELECT => node = inner,
            _ => break,
        }
    }
    node
}

pub(crate) struct Writer<'a> {
    tongue: Tongue,
    columns: &'a Columns,
    out: String,
    glued: bool,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(tongue: Tongue, columns: &'a Columns) -> Self {
        Writer { tongue, columns, out: String::new(), glued: false }
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn is_sqlite(&self) -> bool {
        self.tongue == Tongue::Sqlite
    }

    /// Writes a word with the space that belongs before it.
    pub(crate) fn word(&mut self, word: &str) {
        let open = self.out.is_empty() || self.out.ends_with(['(', '.', '[']) || self.glued;
        let close = word.starts_with([')', ',', '.', ']', ';']) || word == "::";
        if !open && !close {
            self.out.push(' ');
        }
        self.out.push_str(word);
        self.glued = word == "::";
    }

    /// Writes a word right behind the one before.
    pub(crate) fn glue(&mut self, word: &str) {
        self.out.push_str(word);
        self.glued = false;
    }

    pub(crate) fn name(&mut self, name: &str) {
        let name = if self.is_sqlite() { quoted(name) } else { sql_text::quote_identifier(name) };
        self.word(&name);
    }

    /// The text that another expression is written as.
    fn apart(&self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<String> {
        written(self.tongue, node, self.columns, expected)
    }

    /// Writes an expression; `expected` is the type of the place it stands in, where that is known.
    pub(crate) fn expression(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        match node.kind() {
            SyntaxKind::LITERAL => self.literal(node, expected),
            SyntaxKind::NAME_REF => self.name_reference(node, expected),
            SyntaxKind::FIELD_EXPR => self.field(node),
            SyntaxKind::PAREN_EXPR => self.parenthesised(node, expected),
            SyntaxKind::BIN_EXPR => self.binary(node, expected),
            SyntaxKind::PREFIX_EXPR => self.prefix(node, expected),
            SyntaxKind::POSTFIX_EXPR => self.postfix(node),
            SyntaxKind::BETWEEN_EXPR => self.between(node),
            SyntaxKind::CASE_EXPR => self.case(node, expected),
            SyntaxKind::CAST_EXPR => self.cast(node, expected),
            SyntaxKind::CALL_EXPR => self.call(node, expected),
            SyntaxKind::ARRAY_EXPR => self.array(node, expected),
            SyntaxKind::TUPLE_EXPR => self.list(node, expected),
            SyntaxKind::INDEX_EXPR => self.element(node),
            SyntaxKind::COLLATE => self.collate(node, expected),
            SyntaxKind::SELECT
            | SyntaxKind::VALUES
            | SyntaxKind::COMPOUND_SELECT
            | SyntaxKind::PAREN_SELECT => self.copy(node),
            _ => Err(unknown(node)),
        }
    }

    fn literal(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let token = tokens(node).next().ok_or_else(|| unknown(node))?;
        match token.kind() {
            SyntaxKind::INT_NUMBER | SyntaxKind::NUMERIC_NUMBER => self.number(node, token.text(), expected),
            SyntaxKind::TRUE_KW | SyntaxKind::FALSE_KW if !self.is_sqlite() => {
                self.word(&token.text().to_lowercase());
                Ok(())
            }
            SyntaxKind::TRUE_KW | SyntaxKind::FALSE_KW | SyntaxKind::NULL_KW => {
                self.word(&token.text().to_uppercase());
                Ok(())
            }
            _ => {
                let value = literal_text(node)?;
                self.text(node, &value, expected)
            }
        }
    }

    fn number(&mut self, node: &SyntaxNode, text: &str, expected: Option<&ColumnType>) -> Outcome<()> {
        let plain = text.replace('_', "");
        let odd = plain.len() > 1 && plain.starts_with('0') && plain.as_bytes()[1].is_ascii_alphabetic();
        if odd {
            return Err(
                Trouble::refused(format!("the number {text}: write it in decimal digits")).at(place(node))
            );
        }
        match expected {
            Some(ColumnType::Numeric(Some((_, scale))))
                if self.is_sqlite() && !plain.contains(['e', 'E']) =>
            {
                let rounded = crate::literal::round_decimal(&plain, *scale);
                self.word(&rounded.unwrap_or(plain));
            }
            _ => self.word(&plain),
        }
        Ok(())
    }

    fn text(&mut self, node: &SyntaxNode, value: &str, expected: Option<&ColumnType>) -> Outcome<()> {
        let text = match expected {
            Some(ty) if self.is_sqlite() => {
                types::literal_of(ty, value).map_err(|reason| Trouble::failed(reason).at(place(node)))?
            }
            _ => text_literal(value),
        };
        self.word(&text);
        Ok(())
    }

    fn name_reference(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let token = tokens(node).next().ok_or_else(|| unknown(node))?;
        if let Some(moment) = call::moment_word(token.kind()) {
            let ty = expected.filter(|ty| call::is_moment(ty));
            let word = if self.is_sqlite() { call::moment(ty, moment) } else { token.text().to_uppercase() };
            self.word(&word);
            return Ok(());
        }
        if matches!(
            token.kind(),
            SyntaxKind::CURRENT_USER_KW
                | SyntaxKind::SESSION_USER_KW
                | SyntaxKind::USER_KW
                | SyntaxKind::CURRENT_ROLE_KW
                | SyntaxKind::CURRENT_CATALOG_KW
                | SyntaxKind::CURRENT_SCHEMA_KW
                | SyntaxKind::SYSTEM_USER_KW
        ) {
            return Err(
                Trouble::refused(format!("`{}`: it has no users or schemas", token.text())).at(place(node))
            );
        }
        self.name(&identifier(token.text()));
        Ok(())
    }

    /// `table.column`; a default schema before it is left out.
    fn field(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let simple = node
            .descendants()
            .all(|inner| matches!(inner.kind(), SyntaxKind::FIELD_EXPR | SyntaxKind::NAME_REF));
        let mut parts: Vec<String> = tokens(node)
            .filter(|token| !matches!(token.kind(), SyntaxKind::DOT))
            .map(
                |token| {
                    if token.kind() == SyntaxKind::STAR { "*".to_owned() } else { identifier(token.text()) }
                },
            )
            .collect();
        if !simple || parts.len() < 2 || parts.len() > 3 {
            return Err(unknown(node));
        }
        if parts.len() == 3 {
            if parts[0] != whimbrel_schema::catalog::DEFAULT_SCHEMA {
                return Err(Trouble::refused(format!("the schema `{}`", parts[0])).at(place(node)));
            }
            parts.remove(0);
        }
        self.name(&parts[0]);
        self.glue(".");
        if parts[1] == "*" {
            self.glue("*")
        } else {
            self.name(&parts[1])
        }
        Ok(())
    }

    fn parenthesised(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let inner = node.children().next().ok_or_else(|| unknown(node))?;
        let atom = matches!(
            inner.kind(),
            SyntaxKind::LITERAL | SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR | SyntaxKind::PAREN_EXPR
        );
        if atom {
            return self.expression(&inner, expected);
        }
        self.word("(");
        self.expression(&inner, expected)?;
        self.glue(")");
        Ok(())
    }

    fn case(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let subject = node.children().next().filter(|first| is_expression(first.kind()));
        let subject_type = subject.as_ref().and_then(|subject| self.columns.type_of(subject));
        self.word("CASE");
        if let Some(subject) = &subject {
            self.expression(subject, None)?;
        }
        let clauses = node.descendants().filter(|inner| inner.kind() == SyntaxKind::WHEN_CLAUSE);
        for clause in clauses.filter(|clause| {
            clause.ancestors().find(|up| up.kind() == SyntaxKind::CASE_EXPR).as_ref() == Some(node)
        }) {
            let parts: Vec<SyntaxNode> = clause.children().collect();
            let [condition, result] = parts.as_slice() else { return Err(unknown(node)) };
            self.word("WHEN");
            self.expression(condition, subject_type.as_ref())?;
            self.word("THEN");
            self.expression(result, expected)?;
        }
        if let Some(otherwise) = child(node, SyntaxKind::ELSE_CLAUSE) {
            self.word("ELSE");
            let value = otherwise.children().next().ok_or_else(|| unknown(node))?;
            self.expression(&value, expected)?;
        }
        self.word("END");
        Ok(())
    }

    fn list(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        self.word("(");
        for (at, item) in node.children().enumerate() {
            if at > 0 {
                self.glue(",");
            }
            self.expression(&item, expected)?;
        }
        self.glue(")");
        Ok(())
    }

    fn array(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let element = match expected {
            Some(ColumnType::Array(element)) => (**element).clone(),
            _ => ColumnType::Text,
        };
        let Ok(items) = array_items(node) else { return self.computed_array(node, &element) };
        if self.is_sqlite() {
            let json = crate::literal::json_array(&element, &items)
                .map_err(|reason| Trouble::failed(reason).at(place(node)))?;
            self.word(&text_literal(&json));
        } else {
            self.word(&text_literal(&array_literal(&items)));
        }
        Ok(())
    }

    /// `ARRAY[a, b]` of values that are not all literals.
    fn computed_array(&mut self, node: &SyntaxNode, element: &ColumnType) -> Outcome<()> {
        let values = node
            .children()
            .map(|value| self.apart(&value, Some(element)))
            .collect::<Outcome<Vec<_>>>()?
            .join(", ");
        self.word(&if self.is_sqlite() {
            format!("json_array({values})")
        } else {
            format!("ARRAY[{values}]")
        });
        Ok(())
    }

    /// `list[1]`, counted from one.
    fn element(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let parts: Vec<SyntaxNode> = node.children().collect();
        let [list, index] = parts.as_slice() else { return Err(unknown(node)) };
        if !self.is_sqlite() {
            self.expression(list, None)?;
            self.glue("[");
            self.expression(index, None)?;
            self.glue("]");
            return Ok(());
        }
        let number: Option<u32> = crate::syntax::text(index).parse().ok();
        let number = number.filter(|number| *number > 0).ok_or_else(|| unknown(node))?;
        let list = self.apart(list, None)?;
        self.word(&format!("json_extract({list}, '$[{}]')", number - 1));
        Ok(())
    }

    fn collate(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        check_collation(node)?;
        let inner = node.children().find(|inner| is_expression(inner.kind())).ok_or_else(|| unknown(node))?;
        self.expression(&inner, expected)?;
        if !self.is_sqlite() {
            self.word("COLLATE \"C\"");
        }
        Ok(())
    }

    /// Copies a query's clauses, and writes the expressions in them.
    pub(crate) fn copy(&mut self, node: &SyntaxNode) -> Outcome<()> {
        if !COPIED.contains(&node.kind()) {
            return Err(unknown(node));
        }
        for element in node.children_with_tokens() {
            if let Some(token) = element.as_token() {
                self.token(node, token)?;
            } else if let Some(inner) = element.as_node() {
                self.part(inner)?;
            }
        }
        Ok(())
    }

    /// One part of a query.
    pub(crate) fn part(&mut self, node: &SyntaxNode) -> Outcome<()> {
        match node.kind() {
            SyntaxKind::RELATION_NAME_REF => {
                let name = crate::syntax::object_name(node)?;
                self.name(&name.name);
                Ok(())
            }
            kind if is_expression(kind) => self.expression(node, None),
            _ => self.copy(node),
        }
    }

    fn token(&mut self, node: &SyntaxNode, token: &SyntaxToken) -> Outcome<()> {
        let kind = token.kind();
        if is_trivia(kind) || kind == SyntaxKind::SEMICOLON || kind == SyntaxKind::ONLY_KW {
            return Ok(());
        }
        if kind == SyntaxKind::IDENT || names_something(node.kind()) {
            self.name(&identifier(token.text()));
        } else if kind == SyntaxKind::L_PAREN && self.out.ends_with('(') {
            self.glue("(");
        } else if token.text().chars().all(|letter| letter.is_alphanumeric() || letter == '_') {
            self.word(&token.text().to_uppercase());
        } else {
            self.word(token.text());
        }
        Ok(())
    }
}

fn names_something(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::COLUMN_NAME | SyntaxKind::COLUMN_NAME_REF | SyntaxKind::TABLE_ALIAS)
}

/// What a refusal says of syntax that the writer does not know.
pub(crate) fn unknown(node: &SyntaxNode) -> Trouble {
    let mut text = crate::syntax::text(node);
    if text.chars().count() > 60 {
        text = text.chars().take(57).chain("...".chars()).collect();
    }
    Trouble::refused(format!("`{text}` is outside the list of what is translated")).at(place(node))
}

pub(crate) fn is_expression(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        SyntaxKind::LITERAL
            | SyntaxKind::NAME_REF
            | SyntaxKind::FIELD_EXPR
            | SyntaxKind::PAREN_EXPR
            | SyntaxKind::BIN_EXPR
            | SyntaxKind::PREFIX_EXPR
            | SyntaxKind::POSTFIX_EXPR
            | SyntaxKind::BETWEEN_EXPR
            | SyntaxKind::CASE_EXPR
            | SyntaxKind::CAST_EXPR
            | SyntaxKind::CALL_EXPR
            | SyntaxKind::ARRAY_EXPR
            | SyntaxKind::TUPLE_EXPR
            | SyntaxKind::INDEX_EXPR
            | SyntaxKind::SLICE_EXPR
            | SyntaxKind::COLLATE
    )
}

/// The parts of queries that are the same in both tongues.
const COPIED: &[SyntaxKind] = &[
    SyntaxKind::SELECT,
    SyntaxKind::PAREN_SELECT,
    SyntaxKind::COMPOUND_SELECT,
    SyntaxKind::SELECT_CLAUSE,
    SyntaxKind::TARGET_LIST,
    SyntaxKind::TARGET,
    SyntaxKind::AS_NAME,
    SyntaxKind::COLUMN_NAME,
    SyntaxKind::COLUMN_NAME_REF,
    SyntaxKind::DISTINCT,
    SyntaxKind::FROM_CLAUSE,
    SyntaxKind::RELATION_FROM_ITEM,
    SyntaxKind::PAREN_FROM_ITEM,
    SyntaxKind::FROM_ALIAS,
    SyntaxKind::UNION,
    SyntaxKind::INTERSECT,
    SyntaxKind::EXCEPT,
    SyntaxKind::ALL,
    SyntaxKind::OPTIONAL_AS_ALIAS,
    SyntaxKind::REQUIRED_AS_ALIAS,
    SyntaxKind::TABLE_ALIAS,
    SyntaxKind::JOIN_EXPR,
    SyntaxKind::JOIN,
    SyntaxKind::JOIN_LEFT,
    SyntaxKind::JOIN_INNER,
    SyntaxKind::JOIN_CROSS,
    SyntaxKind::ON_CLAUSE,
    SyntaxKind::WHERE_CLAUSE,
    SyntaxKind::GROUP_BY_CLAUSE,
    SyntaxKind::GROUP_BY_LIST,
    SyntaxKind::GROUPING_EXPR,
    SyntaxKind::HAVING_CLAUSE,
    SyntaxKind::ORDER_BY_CLAUSE,
    SyntaxKind::SORT_BY_LIST,
    SyntaxKind::SORT_BY,
    SyntaxKind::SORT_ASC,
    SyntaxKind::SORT_DESC,
    SyntaxKind::NULLS_FIRST,
    SyntaxKind::NULLS_LAST,
    SyntaxKind::LIMIT_CLAUSE,
    SyntaxKind::OFFSET_CLAUSE,
    SyntaxKind::VALUES,
    SyntaxKind::ROW_LIST,
    SyntaxKind::ROW,
    SyntaxKind::WITH_CLAUSE,
    SyntaxKind::WITH_TABLE,
    SyntaxKind::CTE_NAME,
];

/// Refuses every collation besides those that order by bytes.
pub(crate) fn check_collation(node: &SyntaxNode) -> Outcome<()> {
    let collation = child(node, SyntaxKind::COLLATION_REF)
        .and_then(|reference| crate::syntax::path_parts(&reference).pop())
        .unwrap_or_default();
    if is_byte_order(&collation) {
        Ok(())
    } else {
        Err(Trouble::refused(format!("the collation `{collation}`: it orders text by bytes, as \"C\" does"))
            .at(place(node)))
    }
}

pub(crate) fn is_byte_order(collation: &str) -> bool {
    matches!(collation, "C" | "POSIX" | "C.UTF-8" | "C.utf8" | "ucs_basic" | "pg_c_utf8")
}
