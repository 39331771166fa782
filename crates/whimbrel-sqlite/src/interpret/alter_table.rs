//! `ALTER TABLE`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{IndexPartTarget, Table};

use super::alteration::Alteration;
use super::dependents::{check_views, refuse_views};
use crate::change::rename_table as rename_in_database;
use crate::expression::rename_column as renamed_in;
use crate::names;
use crate::quote::quoted;
use crate::syntax::{child, name_of, object_name, path_parts, place};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

pub(super) fn alter_table(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let relation = child(node, SyntaxKind::TABLE_RELATION_NAME)
        .ok_or_else(|| Trouble::failed("the table's name is missing").at(place(node)))?;
    let name = object_name(&relation)?;
    let Some(old) = workspace.table(&name)? else {
        if child(node, SyntaxKind::IF_EXISTS).is_some() {
            return Ok(());
        }
        return Err(Trouble::failed(format!("there is no table `{name}`")).at(place(&relation)));
    };
    let actions: Vec<SyntaxNode> = node
        .children()
        .filter(|part| !matches!(part.kind(), SyntaxKind::TABLE_RELATION_NAME | SyntaxKind::IF_EXISTS))
        .collect();
    if let [action] = actions.as_slice() {
        match action.kind() {
            SyntaxKind::TABLE_RENAME_TO => return rename_table(workspace, old, action),
            SyntaxKind::RENAME_COLUMN => return rename_column(workspace, old, action),
            _ => {}
        }
    }
    let mut alteration = Alteration::new(old);
    for action in &actions {
        alteration.take(workspace, action).map_err(|trouble| trouble.at(place(action)))?;
    }
    let rebuilt_before = workspace.rebuilt;
    alteration.carry_out(workspace)?;
    if workspace.rebuilt && !rebuilt_before { check_views(workspace, &name) } else { Ok(()) }
}

fn rename_table(workspace: &mut Workspace<'_>, old: Table, action: &SyntaxNode) -> Outcome<()> {
    let target = child(action, SyntaxKind::TABLE_NAME)
        .ok_or_else(|| Trouble::failed("the new name is missing").at(place(action)))?;
    let to = old.name.sibling(names::kept(path_parts(&target).pop().unwrap_or_default()));
    if workspace.is_taken(&to.name)? {
        return Err(Trouble::failed(format!("`{to}` exists already")).at(place(&target)));
    }
    refuse_views(workspace, &old.name)?;
    let others = referring(workspace, &old)?;
    let new = Table { name: to.clone(), ..old.clone() };
    rename_in_database(workspace, &old, new)?;
    for mut other in others {
        for key in other.foreign_keys.iter_mut().filter(|key| key.references == old.name) {
            key.references = to.clone();
        }
        workspace.note_table(&other)?;
    }
    Ok(())
}

/// The other tables that refer to this one.
fn referring(workspace: &Workspace<'_>, referred: &Table) -> Outcome<Vec<Table>> {
    let refers = |table: &Table| {
        table.name != referred.name && table.foreign_keys.iter().any(|key| key.references == referred.name)
    };
    Ok(workspace.tables()?.iter().filter(|table| refers(table)).map(|table| Table::clone(table)).collect())
}

fn rename_column(workspace: &mut Workspace<'_>, old: Table, action: &SyntaxNode) -> Outcome<()> {
    let from = name_of(action, SyntaxKind::COLUMN_NAME_REF)?;
    let to = names::kept(name_of(action, SyntaxKind::COLUMN_NAME)?);
    if old.column(&from).is_none() {
        return Err(Trouble::failed(format!("`{}` has no column `{from}`", old.name)).at(place(action)));
    }
    if old.column(&to).is_some() {
        return Err(Trouble::failed(format!("`{}` has a column `{to}` already", old.name)).at(place(action)));
    }
    refuse_views(workspace, &old.name)?;
    let mut others = referring(workspace, &old)?;
    workspace.run(format!(
        "ALTER TABLE {} RENAME COLUMN {} TO {}",
        quoted(&old.name.name),
        quoted(&from),
        quoted(&to)
    ))?;
    let mut new = old.clone();
    rename_within(&mut new, &from, &to);
    crate::canonical::canonicalise(&mut new)?;
    workspace.note_table(&new)?;
    for other in &mut others {
        for key in other.foreign_keys.iter_mut().filter(|key| key.references == old.name) {
            rename_in_list(&mut key.referenced_columns, &from, &to);
        }
        workspace.note_table(other)?;
    }
    Ok(())
}

fn rename_in_list(names: &mut [String], from: &str, to: &str) {
    for name in names.iter_mut().filter(|name| *name == from) {
        to.clone_into(name);
    }
}

fn rename_within(table: &mut Table, from: &str, to: &str) {
    let own = table.name.clone();
    for column in &mut table.columns {
        if column.name == from {
            to.clone_into(&mut column.name);
        }
        if let Some(generated) = &mut column.generated {
            *generated = renamed_in(generated, from, to);
        }
    }
    if let Some(key) = &mut table.primary_key {
        rename_in_list(&mut key.columns, from, to);
    }
    for unique in &mut table.uniques {
        rename_in_list(&mut unique.columns, from, to);
        rename_in_list(&mut unique.include, from, to);
    }
    for key in &mut table.foreign_keys {
        rename_in_list(&mut key.columns, from, to);
        if key.references == own {
            rename_in_list(&mut key.referenced_columns, from, to);
        }
    }
    for check in &mut table.checks {
        check.expression = renamed_in(&check.expression, from, to);
    }
    for index in &mut table.indexes {
        rename_in_list(&mut index.include, from, to);
        if let Some(predicate) = &mut index.predicate {
            *predicate = renamed_in(predicate, from, to);
        }
        for key in &mut index.keys {
            match &mut key.target {
                IndexPartTarget::Column(name) if name == from => to.clone_into(name),
                IndexPartTarget::Column(_) => {}
                IndexPartTarget::Expression(text) => *text = renamed_in(text, from, to),
            }
        }
    }
}
