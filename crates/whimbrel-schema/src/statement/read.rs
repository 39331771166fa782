//! From a statement's text to what it does.

use squawk_syntax::ast::{AstNode as _, Expr};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::alter_table::alter_table;
use super::column::{expression, new_column, new_constraint};
use super::tree::{
    any_table, child, children, descendant, mentions, name, name_of, object, object_of, place,
};
use super::tree::{string, text, words};
use super::{Act, Action, ConstraintKind, IndexKey, NewIndex};

/// What the statement does, in order. A text that cannot be read gives nothing: the server will say why.
#[must_use]
pub fn actions(sql: &str) -> Vec<Act> {
    let parse = SourceFile::parse(sql);
    let acts: Vec<Act> =
        parse.tree().stmts().flat_map(|statement| of_statement(statement.syntax())).collect();
    // Looking for errors takes as long as reading does. A new table that refers to no other concerns nobody yet.
    if acts.iter().all(|act| makes_table_alone(&act.action)) || parse.errors().is_empty() {
        acts
    } else {
        Vec::new()
    }
}

/// Whether an action makes a table and touches no other.
fn makes_table_alone(action: &Action) -> bool {
    let Action::CreateTable { columns, constraints, .. } = action else { return false };
    let of_columns = columns.iter().flat_map(|column| &column.constraints);
    let mut all = of_columns.chain(constraints);
    !all.any(|constraint| matches!(constraint.kind, ConstraintKind::ForeignKey { .. }))
}

fn of_statement(node: &SyntaxNode) -> Vec<Act> {
    let span = place(node);
    let all = |found: Vec<Action>| -> Vec<Act> {
        found.into_iter().map(|action| Act { action, span: span.clone() }).collect()
    };
    match node.kind() {
        SyntaxKind::ALTER_TABLE => alter_table(node),
        SyntaxKind::DROP_TABLE => all(drop_tables(node)),
        SyntaxKind::TRUNCATE => all(truncate(node)),
        SyntaxKind::DROP_INDEX => {
            let concurrently = mentions(node, SyntaxKind::CONCURRENTLY_KW);
            let indexes = children(node, SyntaxKind::INDEX_REF).filter_map(|index| object(&index));
            all(indexes.map(|index| Action::DropIndex { index, concurrently }).collect())
        }
        SyntaxKind::DROP_SCHEMA => {
            let cascade = mentions(node, SyntaxKind::CASCADE_KW);
            let schemas = children(node, SyntaxKind::SCHEMA_REF).filter_map(|schema| name(&schema));
            all(schemas.map(|schema| Action::DropSchema { schema, cascade }).collect())
        }
        _ => all(vec![single(node).unwrap_or(Action::Other)]),
    }
}

fn single(node: &SyntaxNode) -> Option<Action> {
    let brief = |exclusive: bool| {
        let what = words(node).split(' ').take(2).collect::<Vec<_>>().join(" ");
        Some(Action::Brief { table: any_table(node)?, what, exclusive })
    };
    Some(match node.kind() {
        SyntaxKind::CREATE_TABLE => return create_table(node),
        SyntaxKind::CREATE_TABLE_AS => Action::CreateTable {
            table: object_of(node, SyntaxKind::TABLE_NAME)?,
            columns: Vec::new(),
            constraints: Vec::new(),
            if_not_exists: child(node, SyntaxKind::IF_NOT_EXISTS).is_some(),
        },
        SyntaxKind::CREATE_INDEX => return create_index(node),
        SyntaxKind::REINDEX => return reindex(node),
        SyntaxKind::REFRESH => Action::Refresh {
            view: object_of(node, SyntaxKind::VIEW_REF)?,
            concurrently: mentions(node, SyntaxKind::CONCURRENTLY_KW),
        },
        SyntaxKind::ALTER_TYPE => {
            let value = child(node, SyntaxKind::ADD_VALUE)?;
            Action::AddEnumValue { name: object_of(node, SyntaxKind::TYPE_NAME_REF)?, value: string(&value)? }
        }
        SyntaxKind::VACUUM if mentions(node, SyntaxKind::FULL_KW) => {
            Action::Rewrite { table: any_table(node)?, what: "VACUUM FULL".to_owned() }
        }
        SyntaxKind::CLUSTER => Action::Rewrite { table: any_table(node)?, what: "CLUSTER".to_owned() },
        SyntaxKind::CREATE_POLICY | SyntaxKind::DROP_POLICY | SyntaxKind::ALTER_POLICY | SyntaxKind::LOCK => {
            return brief(true);
        }
        SyntaxKind::DROP_TRIGGER | SyntaxKind::CREATE_RULE | SyntaxKind::DROP_RULE => return brief(true),
        SyntaxKind::CREATE_TRIGGER => return brief(false),
        SyntaxKind::INSERT => Action::Insert { table: object_of(node, SyntaxKind::RELATION_NAME_REF)? },
        SyntaxKind::UPDATE => {
            Action::Update { table: object_of(node, SyntaxKind::RELATION_NAME)?, filtered: is_filtered(node) }
        }
        SyntaxKind::DELETE => {
            Action::Delete { table: object_of(node, SyntaxKind::RELATION_NAME)?, filtered: is_filtered(node) }
        }
        SyntaxKind::SET => return lock_timeout(node),
        SyntaxKind::DO
        | SyntaxKind::CALL
        | SyntaxKind::MERGE
        | SyntaxKind::COPY
        | SyntaxKind::EXECUTE
        | SyntaxKind::SELECT
        | SyntaxKind::COMPOUND_SELECT
        | SyntaxKind::PAREN_SELECT => Action::Opaque,
        _ => Action::Other,
    })
}

fn is_filtered(node: &SyntaxNode) -> bool {
    node.children().any(|part| {
        matches!(
            part.kind(),
            SyntaxKind::WHERE_CLAUSE
                | SyntaxKind::WHERE_CURRENT_OF
                | SyntaxKind::FROM_CLAUSE
                | SyntaxKind::USING_CLAUSE
        )
    })
}

fn drop_tables(node: &SyntaxNode) -> Vec<Action> {
    let cascade = mentions(node, SyntaxKind::CASCADE_KW);
    children(node, SyntaxKind::TABLE_NAME_REF)
        .filter_map(|table| object(&table))
        .map(|table| Action::DropTable { table, cascade })
        .collect()
}

fn truncate(node: &SyntaxNode) -> Vec<Action> {
    let cascade = mentions(node, SyntaxKind::CASCADE_KW);
    let Some(list) = child(node, SyntaxKind::TABLE_LIST) else { return Vec::new() };
    children(&list, SyntaxKind::TABLE_RELATION_NAME)
        .filter_map(|table| object(&table))
        .map(|table| Action::Truncate { table, cascade })
        .collect()
}

fn create_table(node: &SyntaxNode) -> Option<Action> {
    let list = child(node, SyntaxKind::TABLE_ARG_LIST);
    let parts: Vec<SyntaxNode> = list.iter().flat_map(SyntaxNode::children).collect();
    Some(Action::CreateTable {
        table: object_of(node, SyntaxKind::TABLE_NAME)?,
        columns: parts
            .iter()
            .filter(|part| part.kind() == SyntaxKind::COLUMN)
            .filter_map(new_column)
            .collect(),
        constraints: parts.iter().filter_map(|part| new_constraint(part, &[])).collect(),
        if_not_exists: child(node, SyntaxKind::IF_NOT_EXISTS).is_some(),
    })
}

fn create_index(node: &SyntaxNode) -> Option<Action> {
    let list = child(node, SyntaxKind::PARTITION_ITEM_LIST)?;
    let key = |item: SyntaxNode| {
        let value = item.children().find(|part| Expr::can_cast(part.kind()))?;
        Some(if value.kind() == SyntaxKind::NAME_REF {
            IndexKey::Column(name(&value)?)
        } else {
            IndexKey::Expression(text(&value))
        })
    };
    Some(Action::CreateIndex(NewIndex {
        table: object_of(node, SyntaxKind::TABLE_RELATION_NAME)?,
        name: name_of(node, SyntaxKind::INDEX),
        concurrently: node.children_with_tokens().any(|part| part.kind() == SyntaxKind::CONCURRENTLY_KW),
        unique: node.children_with_tokens().any(|part| part.kind() == SyntaxKind::UNIQUE_KW),
        nulls_not_distinct: descendant(node, SyntaxKind::NULLS_NOT_DISTINCT).is_some(),
        keys: children(&list, SyntaxKind::PARTITION_ITEM).filter_map(key).collect(),
        predicate: child(node, SyntaxKind::WHERE_CLAUSE)
            .and_then(|clause| expression(&clause))
            .map(|condition| text(&condition)),
    }))
}

fn reindex(node: &SyntaxNode) -> Option<Action> {
    let (kind, target) = node.children().find_map(|part| {
        let kind = match part.kind() {
            SyntaxKind::REINDEX_TARGET_TABLE => "TABLE",
            SyntaxKind::REINDEX_TARGET_INDEX => "INDEX",
            SyntaxKind::REINDEX_TARGET_SCHEMA => "SCHEMA",
            SyntaxKind::REINDEX_TARGET_DATABASE => "DATABASE",
            SyntaxKind::REINDEX_TARGET_SYSTEM => "SYSTEM",
            _ => return None,
        };
        Some((kind, part))
    })?;
    let name = target
        .children()
        .find(|part| matches!(part.kind(), SyntaxKind::TABLE_NAME_REF | SyntaxKind::INDEX_REF))
        .and_then(|part| object(&part));
    let concurrently = mentions(node, SyntaxKind::CONCURRENTLY_KW);
    Some(Action::Reindex { kind: kind.to_owned(), name, concurrently })
}

/// `SET [LOCAL] lock_timeout = …`; zero and `DEFAULT` wait for ever.
fn lock_timeout(node: &SyntaxNode) -> Option<Action> {
    let parameter = descendant(node, SyntaxKind::CONFIG_PARAMETER_REF)?;
    if name(&parameter)? != "lock_timeout" {
        return None;
    }
    let value = descendant(node, SyntaxKind::LITERAL).map(|literal| text(&literal)).unwrap_or_default();
    let limited = value.chars().any(|digit| ('1'..='9').contains(&digit));
    Some(Action::SetLockTimeout { limited })
}
