//! Casts.

use squawk_syntax::ast::{AstNode as _, Type};
use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::ColumnType;

use super::{Writer, array_items, array_literal, is_expression, literal_text, unknown, without_parentheses};
use crate::syntax::{place, text, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::types::{self, Kind};

/// The type that a cast names.
pub(super) fn target(node: &SyntaxNode) -> Option<ColumnType> {
    let ty = node.children().find(|inner| Type::can_cast(inner.kind()))?;
    Some(named(&ty))
}

/// The type that a type's node names; an unknown bare word is an enumerated type's name.
pub(crate) fn named(node: &SyntaxNode) -> ColumnType {
    if node.kind() == SyntaxKind::ARRAY_TYPE
        && let Some(element) = node.children().find(|inner| Type::can_cast(inner.kind()))
    {
        return match named(&element) {
            array @ ColumnType::Array(_) => array,
            element => ColumnType::Array(Box::new(element)),
        };
    }
    match ColumnType::parse(&text(node)) {
        ColumnType::Other(_) if node.kind() == SyntaxKind::PATH_TYPE && is_plain_name(node) => {
            let name = crate::syntax::path_parts(node).pop().unwrap_or_default();
            ColumnType::Enum(whimbrel_schema::catalog::QualifiedName::plain(name))
        }
        ty => ty,
    }
}

fn is_plain_name(node: &SyntaxNode) -> bool {
    let known = [
        "json", "real", "inet", "cidr", "macaddr", "xml", "money", "tsvector", "tsquery", "oid", "name",
        "bpchar",
    ];
    let mut all = tokens(node).filter(|token| token.kind() != SyntaxKind::DOT);
    all.all(|token| token.kind() == SyntaxKind::IDENT || token.text().starts_with('"'))
        && !known.contains(&text(node).to_lowercase().as_str())
        && node.children().all(|inner| inner.kind() == SyntaxKind::PATH_REF)
}

impl Writer<'_> {
    pub(super) fn cast(&mut self, node: &SyntaxNode, expected: Option<&ColumnType>) -> Outcome<()> {
        let ty = target(node).ok_or_else(|| unknown(node))?;
        if node.children().any(|inner| inner.kind() == SyntaxKind::INTERVAL_TYPE)
            || ty == ColumnType::Other("interval".to_owned())
        {
            return Err(Trouble::refused("interval arithmetic").at(place(node)));
        }
        let inner = node.children().find(|inner| is_expression(inner.kind())).ok_or_else(|| unknown(node))?;
        let inner = without_parentheses(&inner);
        let wanted = expected.unwrap_or(&ty);
        if inner.kind() == SyntaxKind::LITERAL {
            return self.cast_literal(&inner, &ty, wanted);
        }
        if inner.kind() == SyntaxKind::ARRAY_EXPR {
            return self.cast_array(&inner, &ty);
        }
        if !self.is_sqlite() {
            let value = self.apart(&inner, None)?;
            let simple =
                matches!(inner.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR | SyntaxKind::CALL_EXPR);
            self.word(&if simple { format!("{value}::{ty}") } else { format!("({value})::{ty}") });
            return Ok(());
        }
        self.convert(node, &inner, &ty)
    }

    fn cast_literal(&mut self, inner: &SyntaxNode, ty: &ColumnType, wanted: &ColumnType) -> Outcome<()> {
        match literal_text(inner) {
            // A literal with a type of its own, compared with a column of another: keep what it says first.
            Ok(_) if !self.is_sqlite() => self.expression(inner, None),
            Ok(value) => {
                let fits = Kind::of(ty) == Kind::of(wanted) || Kind::of(ty) == Kind::Text;
                self.text(inner, &value, Some(if fits { wanted } else { ty }))
            }
            Err(_) => self.expression(inner, Some(ty)),
        }
    }

    fn cast_array(&mut self, inner: &SyntaxNode, ty: &ColumnType) -> Outcome<()> {
        if self.is_sqlite() {
            return self.expression(inner, Some(ty));
        }
        let Ok(items) = array_items(inner) else {
            let value = self.apart(inner, Some(ty))?;
            self.word(&format!("{value}::{ty}"));
            return Ok(());
        };
        self.word(&crate::quote::text_literal(&array_literal(&items)));
        Ok(())
    }

    fn convert(&mut self, node: &SyntaxNode, inner: &SyntaxNode, ty: &ColumnType) -> Outcome<()> {
        let value = self.apart(inner, None)?;
        let from = self.columns.kind_of(inner);
        let converted =
            conversion(from, self.columns.type_of(inner).as_ref(), ty, &value).ok_or_else(|| {
                Trouble::refused(format!("the cast of `{}` to {ty}", text(inner))).at(place(node))
            })?;
        self.word(&converted);
        Ok(())
    }
}

/// SQLite's expression for a value of one type as another; none where it is not translated.
pub(crate) fn conversion(
    from: Kind,
    from_type: Option<&ColumnType>,
    to: &ColumnType,
    value: &str,
) -> Option<String> {
    if types::objection(to).is_some() {
        return None;
    }
    let to_kind = Kind::of(to);
    if from_type == Some(to) {
        return Some(value.to_owned());
    }
    Some(match (from, to_kind) {
        (Kind::Integer, Kind::Integer) | (Kind::Uuid, Kind::Text) | (Kind::Date, Kind::Text) => {
            value.to_owned()
        }
        (Kind::Integer | Kind::Fraction, Kind::Fraction) => match to {
            ColumnType::Numeric(Some((_, scale))) => format!("round({value}, {scale})"),
            _ => format!("CAST({value} AS REAL)"),
        },
        (Kind::Fraction, Kind::Integer) => format!("CAST(round({value}) AS INTEGER)"),
        (Kind::Integer, Kind::Text) => format!("CAST({value} AS TEXT)"),
        (Kind::Fraction, Kind::Text) => match from_type {
            Some(ColumnType::Numeric(Some((_, scale)))) => {
                format!("CASE WHEN {value} IS NOT NULL THEN printf('%.{scale}f', {value}) END")
            }
            _ => return None,
        },
        (Kind::Boolean, Kind::Integer) => value.to_owned(),
        (Kind::Integer, Kind::Boolean) => format!("({value} <> 0)"),
        (Kind::Boolean, Kind::Text) => {
            format!("CASE WHEN {value} THEN 'true' WHEN NOT {value} THEN 'false' END")
        }
        (Kind::Text | Kind::JsonText, Kind::Text) => match to {
            ColumnType::Varchar(Some(length)) => format!("substr({value}, 1, {length})"),
            _ => value.to_owned(),
        },
        (Kind::Text | Kind::JsonText, Kind::Uuid) => format!("lower({value})"),
        (Kind::JsonText, Kind::Integer) => format!("CAST({value} AS INTEGER)"),
        (Kind::JsonText, Kind::Fraction) => format!("CAST({value} AS REAL)"),
        (Kind::JsonText, Kind::Boolean) => format!("({value} = 'true')"),
        (Kind::Text, Kind::Json) => format!("json({value})"),
        (Kind::Json, Kind::Json) | (Kind::Json, Kind::Text) => value.to_owned(),
        (Kind::Moment, Kind::Date) => format!("substr({value}, 1, 10)"),
        (Kind::Date, Kind::Moment) => match to {
            ColumnType::TimestampTz => format!("({value} || 'T00:00:00.000Z')"),
            _ => format!("({value} || 'T00:00:00.000')"),
        },
        (Kind::Moment, Kind::Moment) => match to {
            ColumnType::TimestampTz => format!("(substr({value}, 1, 23) || 'Z')"),
            _ => format!("substr({value}, 1, 23)"),
        },
        (Kind::Array, Kind::Array) if same_elements(from_type?, to) => value.to_owned(),
        (Kind::Moment, Kind::Time) => format!("substr({value}, 12, 12)"),
        _ => return None,
    })
}

/// Whether JSON keeps the elements of both the same way.
fn same_elements(from: &ColumnType, to: &ColumnType) -> bool {
    match (from, to) {
        (ColumnType::Array(from), ColumnType::Array(to)) => {
            Kind::of(from) == Kind::of(to)
                && matches!(Kind::of(from), Kind::Text | Kind::Integer | Kind::Fraction)
        }
        _ => false,
    }
}
