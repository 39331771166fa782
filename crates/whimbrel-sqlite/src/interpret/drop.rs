//! `DROP TABLE` and `DROP INDEX`.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::create_index::table_of_index;
use super::dependents::{drop_references, views_over};
use super::view::drop_view;
use crate::quote::quoted;
use crate::syntax::{child, children, object_name, place};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

pub(super) fn drop_table(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let cascade = child(node, SyntaxKind::CASCADE).is_some();
    let mut tables = Vec::new();
    for reference in children(node, SyntaxKind::TABLE_NAME_REF) {
        let name = object_name(&reference)?;
        match workspace.table(&name)? {
            Some(table) => tables.push(table),
            None if child(node, SyntaxKind::IF_EXISTS).is_some() => {}
            None => return Err(Trouble::failed(format!("there is no table `{name}`")).at(place(&reference))),
        }
    }
    // A dropped table would take the rows of others with it while foreign keys are enforced.
    let referenced = !workspace.tables()?.iter().all(|other| {
        other.foreign_keys.iter().all(|key| tables.iter().all(|table| table.name != key.references))
    });
    if referenced && workspace.enforced {
        return Err(Trouble::NeedsForeignKeysOff);
    }
    let gone: Vec<_> = tables.iter().map(|table| table.name.clone()).collect();
    for table in &tables {
        for view in views_over(workspace, &table.name)? {
            if !cascade {
                return Err(Trouble::failed(format!(
                    "the view `{}` reads `{}`; CASCADE would drop that too",
                    view.name, table.name
                )));
            }
            if workspace.has_view(&view.name)? {
                drop_view(workspace, &view.name)?;
            }
        }
        let refers = workspace.tables()?.iter().any(|other| {
            other.foreign_keys.iter().any(|key| key.references == table.name) && !gone.contains(&other.name)
        });
        if refers {
            drop_references(workspace, &table.name, cascade, |_| true)?;
        }
    }
    for table in &tables {
        workspace.drop_table(&table.name)?;
    }
    Ok(())
}

pub(super) fn drop_index(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    for reference in children(node, SyntaxKind::INDEX_REF) {
        let name = object_name(&reference)?.name;
        let Some(mut table) = table_of_index(workspace, &name)? else {
            if child(node, SyntaxKind::IF_EXISTS).is_some() {
                continue;
            }
            return Err(Trouble::failed(format!("there is no index `{name}`")).at(place(&reference)));
        };
        workspace.run(format!("DROP INDEX {}", quoted(&name)))?;
        table.indexes.retain(|index| index.name != name);
        workspace.note_table(&table)?;
    }
    Ok(())
}
