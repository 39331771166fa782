//! What is known of an expression's type.

use std::collections::BTreeMap;

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{ColumnType, Table};

use super::{call, is_expression, without_parentheses};
use crate::syntax::{identifier, tokens};
use crate::types::Kind;

/// The columns that an expression may name, with their types; a name that means two things has none.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    types: BTreeMap<String, Option<ColumnType>>,
}

impl Columns {
    /// The columns of one table.
    pub(crate) fn of(table: &Table) -> Self {
        let mut columns = Columns::default();
        columns.add(table);
        columns
    }

    pub(crate) fn add(&mut self, table: &Table) {
        for column in &table.columns {
            self.types
                .entry(column.name.clone())
                .and_modify(|known| {
                    if known.as_ref() != Some(&column.ty) {
                        *known = None;
                    }
                })
                .or_insert_with(|| Some(column.ty.clone()));
        }
    }

    /// The type of a column reference, of a cast, or of a moment in another zone.
    pub(crate) fn type_of(&self, node: &SyntaxNode) -> Option<ColumnType> {
        let node = without_parentheses(node);
        match node.kind() {
            SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR => {
                let last = tokens(&node).last()?;
                self.types.get(&identifier(last.text()))?.clone()
            }
            SyntaxKind::CAST_EXPR => super::cast::target(&node),
            SyntaxKind::BIN_EXPR => super::operator::type_at_time_zone(&node, self),
            SyntaxKind::INDEX_EXPR => match self.type_of(&node.children().next()?)? {
                ColumnType::Array(element) => Some(*element),
                _ => None,
            },
            SyntaxKind::COLLATE => self.type_of(&node.children().find(|inner| is_expression(inner.kind()))?),
            _ => None,
        }
    }

    /// What kind of value the expression gives.
    pub(crate) fn kind_of(&self, node: &SyntaxNode) -> Kind {
        let node = without_parentheses(node);
        if let Some(ty) = self.type_of(&node) {
            return Kind::of(&ty);
        }
        match node.kind() {
            SyntaxKind::LITERAL => match tokens(&node).next().map(|token| token.kind()) {
                Some(SyntaxKind::INT_NUMBER) => Kind::Integer,
                Some(SyntaxKind::NUMERIC_NUMBER) => Kind::Fraction,
                Some(SyntaxKind::TRUE_KW | SyntaxKind::FALSE_KW) => Kind::Boolean,
                Some(SyntaxKind::STRING | SyntaxKind::ESC_STRING | SyntaxKind::DOLLAR_QUOTED_STRING) => {
                    Kind::Text
                }
                _ => Kind::Unknown,
            },
            SyntaxKind::NAME_REF => {
                match tokens(&node).next().and_then(|token| call::moment_word(token.kind())) {
                    Some(ty) => Kind::of(&ty),
                    None => Kind::Unknown,
                }
            }
            SyntaxKind::PREFIX_EXPR => {
                let Some(inner) = node.children().last() else { return Kind::Unknown };
                if tokens(&node).next().is_some_and(|token| token.kind() == SyntaxKind::NOT_KW) {
                    Kind::Boolean
                } else {
                    self.kind_of(&inner)
                }
            }
            SyntaxKind::BIN_EXPR => self.kind_of_operation(&node),
            SyntaxKind::CALL_EXPR => call::kind(&node, self),
            SyntaxKind::BETWEEN_EXPR => Kind::Boolean,
            SyntaxKind::CASE_EXPR => node
                .descendants()
                .find(|inner| inner.kind() == SyntaxKind::WHEN_CLAUSE)
                .and_then(|clause| clause.children().last())
                .map_or(Kind::Unknown, |result| self.kind_of(&result)),
            SyntaxKind::ARRAY_EXPR => Kind::Array,
            _ => Kind::Unknown,
        }
    }

    fn kind_of_operation(&self, node: &SyntaxNode) -> Kind {
        let Some((left, operator, right)) = super::operator::parts(node) else { return Kind::Unknown };
        match operator.as_str() {
            "+" | "-" | "*" | "/" | "%" => match (self.kind_of(&left), self.kind_of(&right)) {
                (Kind::Integer, Kind::Integer) => Kind::Integer,
                (Kind::Integer | Kind::Fraction, Kind::Integer | Kind::Fraction) => Kind::Fraction,
                _ => Kind::Unknown,
            },
            "||" => Kind::Text,
            "->" => Kind::Json,
            "->>" => Kind::JsonText,
            _ => Kind::Boolean,
        }
    }
}
