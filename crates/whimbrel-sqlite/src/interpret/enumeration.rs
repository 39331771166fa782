//! `CREATE TYPE … AS ENUM`, `ALTER TYPE`, `DROP TYPE`.

use std::rc::Rc;

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{ColumnType, EnumDefinition, QualifiedName, Table};

use crate::change::{Copying, rebuild_for_types};
use crate::expression::literal_text;
use crate::ledger::Noted;
use crate::names;
use crate::quote::{quoted, text_literal};
use crate::syntax::{child, children, object_name, path_parts, place, text};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

pub(super) fn create(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let name_node = child(node, SyntaxKind::TYPE_NAME)
        .ok_or_else(|| Trouble::failed("the type's name is missing").at(place(node)))?;
    let name = object_name(&name_node)?;
    let kind = child(node, SyntaxKind::ENUM_TYPE).ok_or_else(|| {
        Trouble::refused(format!("the type `{name}`: of types made by CREATE TYPE it has enums"))
            .at(place(node))
    })?;
    if workspace.enums()?.iter().any(|known| known.name == name) {
        return Err(Trouble::failed(format!("the type `{name}` exists already")).at(place(&name_node)));
    }
    let values = kind
        .descendants()
        .filter(|part| part.kind() == SyntaxKind::LITERAL)
        .map(|literal| literal_text(&literal))
        .collect::<Outcome<Vec<_>>>()?;
    workspace.note_enum(&EnumDefinition { name, values, comment: None })
}

fn find(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<Option<EnumDefinition>> {
    Ok(workspace.enums()?.iter().find(|known| known.name == *name).cloned())
}

/// The tables with a column of the type.
fn users(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<Vec<Rc<Table>>> {
    let uses = |table: &Rc<Table>| table.columns.iter().any(|column| column.ty.enum_name() == Some(name));
    Ok(workspace.tables()?.into_iter().filter(uses).collect())
}

pub(super) fn alter(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let reference = child(node, SyntaxKind::TYPE_NAME_REF)
        .ok_or_else(|| Trouble::failed("the type's name is missing").at(place(node)))?;
    let name = object_name(&reference)?;
    let definition = find(workspace, &name)?
        .ok_or_else(|| Trouble::failed(format!("there is no enum `{name}`")).at(place(&reference)))?;
    let action = node
        .children()
        .find(|part| part.kind() != SyntaxKind::TYPE_NAME_REF)
        .ok_or_else(|| Trouble::failed("the change is missing").at(place(node)))?;
    match action.kind() {
        SyntaxKind::ADD_VALUE => add_value(workspace, definition, &action),
        SyntaxKind::RENAME_VALUE => rename_value(workspace, definition, &action),
        SyntaxKind::TYPE_RENAME_TO => rename(workspace, definition, &action),
        _ => Err(Trouble::refused(format!("`{}` of ALTER TYPE", text(&action))).at(place(&action))),
    }
}

fn position(definition: &EnumDefinition, node: &SyntaxNode) -> Outcome<usize> {
    let literal = child(node, SyntaxKind::LITERAL).unwrap_or_else(|| node.clone());
    let value = literal_text(&literal)?;
    definition.values.iter().position(|known| *known == value).ok_or_else(|| {
        Trouble::failed(format!("`{}` has no value '{value}'", definition.name)).at(place(node))
    })
}

fn add_value(
    workspace: &mut Workspace<'_>,
    mut definition: EnumDefinition,
    action: &SyntaxNode,
) -> Outcome<()> {
    let literal = child(action, SyntaxKind::LITERAL)
        .ok_or_else(|| Trouble::failed("the value is missing").at(place(action)))?;
    let value = literal_text(&literal)?;
    if definition.values.contains(&value) {
        if child(action, SyntaxKind::IF_NOT_EXISTS).is_some() {
            return Ok(());
        }
        return Err(Trouble::failed(format!("`{}` has the value '{value}' already", definition.name))
            .at(place(&literal)));
    }
    let at = if let Some(before) = child(action, SyntaxKind::BEFORE_VALUE) {
        position(&definition, &before)?
    } else if let Some(after) = child(action, SyntaxKind::AFTER_VALUE) {
        position(&definition, &after)? + 1
    } else {
        definition.values.len()
    };
    definition.values.insert(at, value);
    workspace.note_enum(&definition)?;
    rebuild_users(workspace, &definition.name, &definition.name, None)
}

fn rename_value(
    workspace: &mut Workspace<'_>,
    mut definition: EnumDefinition,
    action: &SyntaxNode,
) -> Outcome<()> {
    let literals: Vec<SyntaxNode> = children(action, SyntaxKind::LITERAL).collect();
    let [from, to] = literals.as_slice() else {
        return Err(Trouble::failed("two values are needed").at(place(action)));
    };
    let at = position(&definition, from)?;
    let (from, to) = (literal_text(from)?, literal_text(to)?);
    if definition.values.contains(&to) {
        return Err(
            Trouble::failed(format!("`{}` has the value '{to}' already", definition.name)).at(place(action))
        );
    }
    definition.values[at].clone_from(&to);
    workspace.note_enum(&definition)?;
    rebuild_users(workspace, &definition.name, &definition.name, Some((&from, &to)))
}

fn rename(workspace: &mut Workspace<'_>, definition: EnumDefinition, action: &SyntaxNode) -> Outcome<()> {
    let target = child(action, SyntaxKind::TYPE_NAME)
        .and_then(|target| path_parts(&target).pop())
        .ok_or_else(|| Trouble::failed("the new name is missing").at(place(action)))?;
    let to = definition.name.sibling(names::kept(target));
    if find(workspace, &to)?.is_some() {
        return Err(Trouble::failed(format!("the type `{to}` exists already")).at(place(action)));
    }
    let from = definition.name.clone();
    workspace.note_enum(&EnumDefinition { name: to.clone(), ..definition })?;
    rebuild_users(workspace, &from, &to, None)?;
    workspace.forget(Noted::Enum, &from.name)
}

/// Rebuilds every table with a column of the type, so that its check knows the values.
fn rebuild_users(
    workspace: &mut Workspace<'_>,
    from: &QualifiedName,
    to: &QualifiedName,
    value: Option<(&str, &str)>,
) -> Outcome<()> {
    for table in users(workspace, from)? {
        let mut new = Table::clone(&table);
        let mut copying = Copying::same(&table);
        for column in &mut new.columns {
            if column.ty.enum_name() != Some(from) {
                continue;
            }
            rename_type(&mut column.ty, to);
            if let Some((old_value, new_value)) = value {
                let c = quoted(&column.name);
                let (old_text, new_text) = (text_literal(old_value), text_literal(new_value));
                let expression = match column.ty {
                    ColumnType::Array(_) => format!(
                        "CASE WHEN {c} IS NULL THEN NULL ELSE (SELECT json_group_array(CASE value WHEN {old_text} THEN {new_text} ELSE value END) FROM json_each({c})) END"
                    ),
                    _ => format!("CASE {c} WHEN {old_text} THEN {new_text} ELSE {c} END"),
                };
                copying.using.insert(column.name.clone(), expression);
                rename_default(&mut column.default, old_value, new_value);
            }
        }
        if let Some((old_value, new_value)) = value {
            rename_in_conditions(&mut new, from, old_value, new_value);
        }
        rebuild_for_types(workspace, &table, new, &copying)?;
    }
    Ok(())
}

fn rename_type(ty: &mut ColumnType, to: &QualifiedName) {
    match ty {
        ColumnType::Enum(name) => name.clone_from(to),
        ColumnType::Array(element) => rename_type(element, to),
        _ => {}
    }
}

fn rename_default(default: &mut Option<String>, from: &str, to: &str) {
    if let Some(text) = default
        && *text == text_literal(from)
    {
        *text = text_literal(to);
    }
}

/// PostgreSQL's conditions follow the value, since they hold its number and not its text.
fn rename_in_conditions(table: &mut Table, name: &QualifiedName, from: &str, to: &str) {
    let columns: Vec<String> = table
        .columns
        .iter()
        .filter(|column| column.ty.enum_name() == Some(name))
        .map(|column| column.name.clone())
        .collect();
    let (from, to) = (text_literal(from), text_literal(to));
    let follow = |text: &mut String| {
        if columns.iter().any(|column| crate::expression::reads(text, column)) {
            *text = text.replace(&from, &to);
        }
    };
    table.checks.iter_mut().for_each(|check| follow(&mut check.expression));
    table.indexes.iter_mut().filter_map(|index| index.predicate.as_mut()).for_each(follow);
}

pub(super) fn drop(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    for reference in children(node, SyntaxKind::TYPE_NAME_REF) {
        let name = object_name(&reference)?;
        if find(workspace, &name)?.is_none() {
            if child(node, SyntaxKind::IF_EXISTS).is_some() {
                continue;
            }
            return Err(Trouble::failed(format!("there is no enum `{name}`")).at(place(&reference)));
        }
        if let Some(table) = users(workspace, &name)?.first() {
            return Err(Trouble::failed(format!("`{}` has a column of the type `{name}`", table.name))
                .at(place(&reference)));
        }
        workspace.forget(Noted::Enum, &name.name)?;
    }
    Ok(())
}
