//! Columns and constraints, as they stand in `CREATE TABLE` and in `ALTER TABLE … ADD`.

use squawk_syntax::ast::{AstNode as _, Expr, Type};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree::{child, children, columns, mentions, name, name_of, object_of, text, tokens};
use super::volatility::is_volatile;
use super::{ConstraintKind, Fill, NewColumn, NewConstraint};
use crate::catalog::ColumnType;

/// The column that a `COLUMN` or `ADD_COLUMN` node adds.
pub(super) fn new_column(node: &SyntaxNode) -> Option<NewColumn> {
    let own = name_of(node, SyntaxKind::COLUMN_NAME)?;
    let type_text = node.children().find(|part| Type::can_cast(part.kind())).map(|ty| text(&ty));
    let type_text = type_text.unwrap_or_default();
    let (ty, serial) = match type_text.to_lowercase().as_str() {
        "serial" | "serial4" => (ColumnType::Integer, true),
        "bigserial" | "serial8" => (ColumnType::BigInt, true),
        "smallserial" | "serial2" => (ColumnType::SmallInt, true),
        _ => (ColumnType::parse(&type_text), false),
    };
    let mut column = NewColumn {
        name: own,
        type_text,
        ty,
        not_null: serial,
        fill: if serial { Fill::Sequence } else { Fill::Null },
        constraints: Vec::new(),
    };
    for part in node.children() {
        add_clause(&mut column, &part);
    }
    Some(column)
}

fn add_clause(column: &mut NewColumn, part: &SyntaxNode) {
    match part.kind() {
        SyntaxKind::NOT_NULL_CONSTRAINT => column.not_null = true,
        SyntaxKind::DEFAULT_CONSTRAINT => {
            if let Some(value) = expression(part) {
                column.fill = default(&value);
            }
        }
        SyntaxKind::GENERATED_CONSTRAINT => {
            column.fill = if mentions(part, SyntaxKind::IDENTITY_KW) {
                column.not_null = true;
                Fill::Sequence
            } else if mentions(part, SyntaxKind::STORED_KW) {
                Fill::Stored(text(part))
            } else {
                Fill::Virtual
            };
        }
        _ => {
            let own = [column.name.clone()];
            if let Some(constraint) = new_constraint(part, &own) {
                column.not_null |= matches!(constraint.kind, ConstraintKind::PrimaryKey { .. });
                column.constraints.push(constraint);
            }
        }
    }
}

fn default(value: &SyntaxNode) -> Fill {
    let written = text(value);
    if written.eq_ignore_ascii_case("null") {
        Fill::Null
    } else if is_volatile(value) {
        Fill::Volatile(written)
    } else {
        Fill::Constant(written)
    }
}

/// The constraint that a node adds; `own` is the column that it stands at, if any.
pub(super) fn new_constraint(node: &SyntaxNode, own: &[String]) -> Option<NewConstraint> {
    let listed = || {
        let list = child(node, SyntaxKind::INDEX_PARAMETERS)
            .and_then(|parameters| child(&parameters, SyntaxKind::CONSTRAINT_COLUMN_REF_LIST));
        list.map_or_else(|| own.to_vec(), |list| columns(&list))
    };
    let using_index =
        || child(node, SyntaxKind::USING_INDEX_NAME).and_then(|using| name_of(&using, SyntaxKind::INDEX_REF));
    let kind = match node.kind() {
        SyntaxKind::CHECK_CONSTRAINT => ConstraintKind::Check(text(&expression(node)?)),
        SyntaxKind::FOREIGN_KEY_CONSTRAINT => {
            let mut lists = children(node, SyntaxKind::FOREIGN_KEY_COLUMN_LIST);
            ConstraintKind::ForeignKey {
                columns: lists.next().map(|list| columns(&list)).unwrap_or_default(),
                references: object_of(node, SyntaxKind::TABLE_NAME_REF)?,
                referenced_columns: lists.next().map(|list| columns(&list)).unwrap_or_default(),
            }
        }
        SyntaxKind::REFERENCES_CONSTRAINT => ConstraintKind::ForeignKey {
            columns: own.to_vec(),
            references: object_of(node, SyntaxKind::TABLE_NAME_REF)?,
            referenced_columns: name_of(node, SyntaxKind::COLUMN_NAME_REF).into_iter().collect(),
        },
        SyntaxKind::UNIQUE_CONSTRAINT => {
            let using_index = using_index();
            ConstraintKind::Unique {
                columns: if using_index.is_some() { Vec::new() } else { listed() },
                nulls_not_distinct: node
                    .descendants()
                    .any(|part| part.kind() == SyntaxKind::NULLS_NOT_DISTINCT),
                using_index,
            }
        }
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => {
            let using_index = using_index();
            ConstraintKind::PrimaryKey {
                columns: if using_index.is_some() { Vec::new() } else { listed() },
                using_index,
            }
        }
        SyntaxKind::NOT_NULL_CONSTRAINT => {
            ConstraintKind::NotNull(name_of(node, SyntaxKind::COLUMN_NAME_REF)?)
        }
        SyntaxKind::EXCLUDE_CONSTRAINT => ConstraintKind::Exclude,
        _ => return None,
    };
    Some(NewConstraint {
        name: child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE)
            .and_then(|clause| child(&clause, SyntaxKind::CONSTRAINT_NAME))
            .and_then(|own| name(&own)),
        kind,
        not_valid: child(node, SyntaxKind::NOT_VALID).is_some()
            || child(node, SyntaxKind::NOT_ENFORCED).is_some(),
        text: without_name(node),
    })
}

/// The constraint's text behind `CONSTRAINT name`.
fn without_name(node: &SyntaxNode) -> String {
    let named = child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE).map(|clause| clause.text_range().end());
    let end = tokens(node).last().map(|token| token.text_range().end());
    let whole = node.text().to_string();
    let start = node.text_range().start();
    let from = named.map_or(0, |after| usize::from(after - start));
    let to = end.map_or(whole.len(), |end| usize::from(end - start));
    whole.get(from..to).unwrap_or(&whole).trim().to_owned()
}

/// The node's own expression.
pub(super) fn expression(node: &SyntaxNode) -> Option<SyntaxNode> {
    node.children().find(|part| Expr::can_cast(part.kind()))
}
