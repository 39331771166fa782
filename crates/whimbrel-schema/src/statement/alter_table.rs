//! The actions of `ALTER TABLE`.

use squawk_syntax::ast::{AstNode as _, Type};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::column::{expression, new_column, new_constraint};
use super::tree::{any_table, child, mentions, name, name_of, object_of, place, text, words};
use super::{Act, Action};
use crate::catalog::{ColumnType, QualifiedName};

/// What an `ALTER_TABLE` node does, an entry an action.
pub(super) fn alter_table(node: &SyntaxNode) -> Vec<Act> {
    let Some(table) = object_of(node, SyntaxKind::TABLE_RELATION_NAME) else { return Vec::new() };
    node.children()
        .filter(|part| !matches!(part.kind(), SyntaxKind::TABLE_RELATION_NAME | SyntaxKind::IF_EXISTS))
        .map(|part| Act { action: action(&table, &part).unwrap_or(Action::Other), span: place(&part) })
        .collect()
}

fn action(table: &QualifiedName, part: &SyntaxNode) -> Option<Action> {
    let table = table.clone();
    Some(match part.kind() {
        SyntaxKind::ADD_COLUMN => Action::AddColumn { table, column: new_column(part)? },
        SyntaxKind::ADD_CONSTRAINT => {
            let constraint = part.children().find_map(|inner| new_constraint(&inner, &[]))?;
            Action::AddConstraint { table, constraint }
        }
        SyntaxKind::ALTER_COLUMN => return alter_column(table, part),
        SyntaxKind::DROP_COLUMN => {
            Action::DropColumn { table, column: name_of(part, SyntaxKind::COLUMN_NAME_REF)? }
        }
        SyntaxKind::VALIDATE_CONSTRAINT => {
            Action::ValidateConstraint { table, name: name_of(part, SyntaxKind::CONSTRAINT_NAME_REF)? }
        }
        SyntaxKind::DROP_CONSTRAINT => {
            Action::DropConstraint { table, name: name_of(part, SyntaxKind::CONSTRAINT_NAME_REF)? }
        }
        SyntaxKind::TABLE_RENAME_TO => {
            let to = table.sibling(name_of(part, SyntaxKind::TABLE_NAME)?);
            Action::RenameTable { table, to }
        }
        SyntaxKind::SET_SCHEMA => {
            let to = QualifiedName::new(name(part)?, table.name.clone());
            Action::RenameTable { table, to }
        }
        SyntaxKind::RENAME_COLUMN => Action::RenameColumn {
            table,
            column: name_of(part, SyntaxKind::COLUMN_NAME_REF)?,
            to: name_of(part, SyntaxKind::COLUMN_NAME)?,
        },
        SyntaxKind::ATTACH_PARTITION => Action::AttachPartition { table, partition: any_table(part)? },
        SyntaxKind::DETACH_PARTITION => Action::DetachPartition {
            table,
            partition: any_table(part)?,
            concurrently: mentions(part, SyntaxKind::CONCURRENTLY_KW)
                || mentions(part, SyntaxKind::FINALIZE_KW),
        },
        SyntaxKind::SET_LOGGED
        | SyntaxKind::SET_UNLOGGED
        | SyntaxKind::SET_TABLESPACE
        | SyntaxKind::SET_ACCESS_METHOD => Action::Rewrite { table, what: words(part) },
        SyntaxKind::SET_OPTIONS | SyntaxKind::RESET_OPTIONS | SyntaxKind::CLUSTER_ON => Action::Other,
        SyntaxKind::ENABLE_TRIGGER | SyntaxKind::DISABLE_TRIGGER => {
            Action::Brief { table, what: words(part), exclusive: false }
        }
        _ => Action::Brief { table, what: words(part), exclusive: true },
    })
}

fn alter_column(table: QualifiedName, part: &SyntaxNode) -> Option<Action> {
    let column = name_of(part, SyntaxKind::COLUMN_NAME_REF)?;
    let option = part.children().find(|inner| inner.kind() != SyntaxKind::COLUMN_NAME_REF)?;
    Some(match option.kind() {
        SyntaxKind::SET_TYPE => {
            let ty = option.children().find(|inner| Type::can_cast(inner.kind()))?;
            let to = ColumnType::parse(&text(&ty));
            let using = child(&option, SyntaxKind::USING_EXPR).and_then(|using| expression(&using));
            let casts = using.as_ref().is_some_and(|value| value.kind() == SyntaxKind::CAST_EXPR);
            let using = using.filter(|value| !is_plain_cast(value, &column, &to)).map(|value| text(&value));
            Action::AlterType { table, column, to, using, casts }
        }
        SyntaxKind::SET_NOT_NULL => Action::SetNotNull { table, column },
        SyntaxKind::SET_EXPRESSION => Action::Rewrite { table, what: words(part) },
        SyntaxKind::SET_STATISTICS | SyntaxKind::SET_OPTIONS | SyntaxKind::RESET_OPTIONS => Action::Other,
        _ => Action::Brief { table, what: words(part), exclusive: true },
    })
}

/// Whether `USING` says no more than the change itself does.
fn is_plain_cast(value: &SyntaxNode, column: &str, to: &ColumnType) -> bool {
    let is_column = |node: &SyntaxNode| name(node).is_some_and(|own| own == column);
    match value.kind() {
        SyntaxKind::NAME_REF => is_column(value),
        SyntaxKind::CAST_EXPR => {
            let from = expression(value);
            let ty = value.children().find(|inner| Type::can_cast(inner.kind()));
            from.is_some_and(|from| from.kind() == SyntaxKind::NAME_REF && is_column(&from))
                && ty.is_some_and(|ty| ColumnType::parse(&text(&ty)) == *to)
        }
        _ => false,
    }
}
