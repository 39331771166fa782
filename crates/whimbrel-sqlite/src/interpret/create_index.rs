//! `CREATE INDEX` and `ALTER INDEX … RENAME TO`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{ColumnType, IndexDefinition, IndexPart, IndexPartTarget, Table};

use super::create_table::storage_parameters;
use crate::expression::{Columns, canonical, is_expression, sqlite, without_parentheses};
use crate::quote::quoted;
use crate::syntax::{child, children, descendant, has, name, object_name, path_parts, place, text, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;
use crate::{names, render};

pub(super) fn create_index(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let relation = child(node, SyntaxKind::TABLE_RELATION_NAME)
        .ok_or_else(|| Trouble::failed("the table's name is missing").at(place(node)))?;
    let table_name = object_name(&relation)?;
    let table = workspace.require_table(&table_name).map_err(|trouble| trouble.at(place(&relation)))?;
    let columns = Columns::of(&table);
    let list = child(node, SyntaxKind::PARTITION_ITEM_LIST)
        .ok_or_else(|| Trouble::failed("the list of columns is missing").at(place(node)))?;
    let keys = children(&list, SyntaxKind::PARTITION_ITEM)
        .map(|item| key(&table, &columns, &item))
        .collect::<Outcome<Vec<_>>>()?;
    let name = match child(node, SyntaxKind::INDEX) {
        Some(index) => names::kept(path_parts(&index).pop().unwrap_or_default()),
        None => chosen(workspace, &table, &keys)?,
    };
    if workspace.is_taken(&name)? {
        if child(node, SyntaxKind::IF_NOT_EXISTS).is_some() {
            return Ok(());
        }
        return Err(Trouble::failed(format!("`{name}` exists already")).at(place(node)));
    }
    if let Some(clause) = child(node, SyntaxKind::NULLS_NOT_DISTINCT) {
        return Err(Trouble::refused("NULLS NOT DISTINCT").at(place(&clause)));
    }
    if let Some(clause) = child(node, SyntaxKind::TABLESPACE_CLAUSE) {
        return Err(Trouble::refused("TABLESPACE").at(place(&clause)));
    }
    let predicate = match child(node, SyntaxKind::WHERE_CLAUSE) {
        Some(clause) => {
            let condition = super::table_element::expression_of(&clause)?;
            sqlite(&condition, &columns, Some(&ColumnType::Boolean))?;
            Some(canonical(&condition, &columns, Some(&ColumnType::Boolean))?)
        }
        None => None,
    };
    let index = IndexDefinition {
        name,
        method: method(node)?,
        keys,
        unique: has(node, SyntaxKind::UNIQUE_KW),
        nulls_not_distinct: false,
        predicate,
        include: included(node)?,
        with: child(node, SyntaxKind::WITH_PARAMS).map(|with| storage_parameters(&with)).unwrap_or_default(),
        invalid: false,
    };
    workspace.create_index(table, index)
}

fn method(node: &SyntaxNode) -> Outcome<String> {
    let Some(clause) = child(node, SyntaxKind::USING_METHOD) else { return Ok("btree".to_owned()) };
    let method = name(&clause)?;
    if matches!(method.as_str(), "btree" | "hash" | "brin") {
        Ok(method)
    } else {
        Err(Trouble::refused(format!("the index method `{method}`")).at(place(&clause)))
    }
}

fn included(node: &SyntaxNode) -> Outcome<Vec<String>> {
    match child(node, SyntaxKind::INDEX_INCLUDE_CLAUSE) {
        Some(clause) => clause
            .descendants()
            .filter(|part| part.kind() == SyntaxKind::NAME_REF)
            .map(|column| name(&column))
            .collect(),
        None => Ok(Vec::new()),
    }
}

fn key(table: &Table, columns: &Columns, item: &SyntaxNode) -> Outcome<IndexPart> {
    let mut expression = item
        .children()
        .find(|part| is_expression(part.kind()))
        .ok_or_else(|| Trouble::failed("a column is missing").at(place(item)))?;
    let mut collation = None;
    if expression.kind() == SyntaxKind::COLLATE {
        crate::expression::check_collation(&expression)?;
        collation = Some("C".to_owned());
        expression = super::table_element::expression_of(&expression)?;
    }
    let descending = child(item, SyntaxKind::SORT_DESC).is_some();
    let nulls_first = if child(item, SyntaxKind::NULLS_FIRST).is_some() {
        true
    } else if child(item, SyntaxKind::NULLS_LAST).is_some() {
        false
    } else {
        descending
    };
    let operator_class = child(item, SyntaxKind::OP_CLASS_REF).and_then(|class| path_parts(&class).pop());
    let bare = without_parentheses(&expression);
    let target = if bare.kind() == SyntaxKind::NAME_REF {
        let column = name(&bare)?;
        if table.column(&column).is_none() {
            return Err(
                Trouble::failed(format!("`{}` has no column `{column}`", table.name)).at(place(&bare))
            );
        }
        IndexPartTarget::Column(column)
    } else {
        sqlite(&bare, columns, None)?;
        IndexPartTarget::Expression(canonical(&bare, columns, None)?)
    };
    Ok(IndexPart { target, descending, nulls_first, operator_class, collation })
}

/// `table_column_expr_idx`, as PostgreSQL names an index without a name.
fn chosen(workspace: &Workspace<'_>, table: &Table, keys: &[IndexPart]) -> Outcome<String> {
    let words: Vec<String> = keys
        .iter()
        .map(|key| match &key.target {
            IndexPartTarget::Column(column) => column.clone(),
            IndexPartTarget::Expression(text) => match text.split_once('(') {
                Some((function, _))
                    if function.chars().all(|next| next.is_ascii_alphanumeric() || next == '_')
                        && !function.is_empty() =>
                {
                    function.to_owned()
                }
                _ => "expr".to_owned(),
            },
        })
        .collect();
    let mut failure = None;
    let name = names::chosen(&table.name.name, &words.join("_"), "idx", |name| {
        workspace.is_taken(name).unwrap_or_else(|trouble| {
            failure = Some(trouble);
            false
        })
    });
    failure.map_or(Ok(name), Err)
}

/// The table that has the index.
pub(super) fn table_of_index(workspace: &Workspace<'_>, index: &str) -> Outcome<Option<Table>> {
    let owner = workspace
        .connection
        .prepare_cached("SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ?1")
        .and_then(|mut statement| {
            let mut rows = statement.query([index])?;
            rows.next()?.map(|row| row.get::<_, String>(0)).transpose()
        });
    match workspace.read(owner)? {
        Some(owner) => workspace.table(&whimbrel_schema::catalog::QualifiedName::plain(owner)),
        None => Ok(None),
    }
}

pub(super) fn alter_index(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let options = node
        .children()
        .find(|part| matches!(part.kind(), SyntaxKind::SET_OPTIONS | SyntaxKind::RESET_OPTIONS));
    match options {
        Some(options) => set_storage(workspace, node, &options),
        None => rename_index(workspace, node),
    }
}

/// Storage parameters are noted; SQLite has none.
fn set_storage(workspace: &mut Workspace<'_>, node: &SyntaxNode, options: &SyntaxNode) -> Outcome<()> {
    let name =
        child(node, SyntaxKind::INDEX_REF).and_then(|index| path_parts(&index).pop()).unwrap_or_default();
    let missing = || Trouble::failed(format!("there is no index `{name}`")).at(place(node));
    let mut table = table_of_index(workspace, &name)?.ok_or_else(missing)?;
    let index = table.indexes.iter_mut().find(|index| index.name == name).ok_or_else(missing)?;
    for (key, value) in storage_parameters(options) {
        index.with.retain(|(known, _)| *known != key);
        if options.kind() == SyntaxKind::SET_OPTIONS {
            index.with.push((key, value));
        }
    }
    index.with.sort();
    workspace.note_table(&table)
}

pub(super) fn reindex(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let index = descendant(node, SyntaxKind::INDEX_REF)
        .and_then(|index| path_parts(&index).pop())
        .ok_or_else(|| Trouble::refused("REINDEX of anything but an index").at(place(node)))?;
    workspace.run(format!("REINDEX {}", quoted(&index)))
}

fn rename_index(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let action = child(node, SyntaxKind::INDEX_RENAME_TO)
        .ok_or_else(|| Trouble::refused(format!("`{}`", text(node))).at(place(node)))?;
    let from =
        child(node, SyntaxKind::INDEX_REF).and_then(|index| path_parts(&index).pop()).unwrap_or_default();
    let to = descendant(&action, SyntaxKind::INDEX)
        .and_then(|index| path_parts(&index).pop())
        .or_else(|| tokens(&action).last().map(|token| crate::syntax::identifier(token.text())));
    let to = names::kept(to.unwrap_or_default());
    let Some(mut table) = table_of_index(workspace, &from)? else {
        return rename_key(workspace, node, &from, &to);
    };
    if workspace.is_taken(&to)? {
        return Err(Trouble::failed(format!("`{to}` exists already")).at(place(&action)));
    }
    let Some(index) = table.indexes.iter_mut().find(|index| index.name == from) else {
        return Err(Trouble::failed(format!("there is no index `{from}`")).at(place(node)));
    };
    index.name = to;
    let index = index.clone();
    workspace.run(format!("DROP INDEX {}", quoted(&from)))?;
    workspace.run(render::create_index(&table, &index)?)?;
    table.indexes.sort_by(|one, other| one.name.cmp(&other.name));
    workspace.note_table(&table)
}

/// The index of a primary key or a unique constraint has the constraint's name, and shares its fate.
fn rename_key(workspace: &mut Workspace<'_>, node: &SyntaxNode, from: &str, to: &str) -> Outcome<()> {
    for table in workspace.tables()? {
        let mut changed = Table::clone(&table);
        if let Some(key) = changed.primary_key.as_mut().filter(|key| key.name == from) {
            key.name = to.to_owned();
        }
        for unique in changed.uniques.iter_mut().filter(|unique| unique.name == from) {
            unique.name = to.to_owned();
        }
        if changed != *table {
            return crate::change::change(workspace, &table, changed, &crate::change::Copying::same(&table));
        }
    }
    if child(node, SyntaxKind::IF_EXISTS).is_some() {
        return Ok(());
    }
    Err(Trouble::failed(format!("there is no index `{from}`")).at(place(node)))
}
