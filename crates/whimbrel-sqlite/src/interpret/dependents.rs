//! What depends on a table: references from others, and views that read it.

use std::rc::Rc;

use squawk_syntax::SyntaxKind;
use whimbrel_schema::catalog::{QualifiedName, Table, View};

use crate::change::{Copying, change};
use crate::quote::quoted;
use crate::syntax::{descendants, object_name, parse_statement};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// Whether the view reads the table or view; one that cannot be understood is taken to when it holds the name.
pub(crate) fn reads_relation(view: &View, name: &QualifiedName) -> bool {
    // Most views do not even hold the name, and understanding a query takes its time. A quoted name holds each of
    // its quotes twice.
    let word = name.name.to_lowercase().replace('"', "\"\"");
    view.query.to_lowercase().contains(&word)
        && parse_statement(&view.query).map_or(true, |node| {
            descendants(&node, SyntaxKind::RELATION_NAME_REF)
                .any(|relation| object_name(&relation).is_ok_and(|found| found == *name))
        })
}

/// The views that read the table or view.
pub(super) fn views_over(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<Vec<Rc<View>>> {
    Ok(workspace.views()?.into_iter().filter(|view| reads_relation(view, name)).collect())
}

pub(super) fn refuse_views(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<()> {
    match views_over(workspace, name)?.first() {
        None => Ok(()),
        Some(view) => Err(Trouble::refused(format!(
            "a rename under the view `{}`, which reads `{name}`: drop the view before and create it again after",
            view.name
        ))),
    }
}

/// Every view over the table must still answer.
pub(super) fn check_views(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<()> {
    for view in views_over(workspace, name)? {
        if let Err(error) =
            workspace.connection.prepare(&format!("SELECT * FROM {}", quoted(&view.name.name)))
        {
            return Err(Trouble::failed(format!(
                "the view `{}` reads what this removes: {}",
                view.name,
                crate::connection::message(&error)
            )));
        }
    }
    Ok(())
}

/// The tables besides `name` that refer to it, each with those of its keys that `matches` takes.
pub(super) fn drop_references(
    workspace: &mut Workspace<'_>,
    name: &QualifiedName,
    cascade: bool,
    matches: impl Fn(&[String]) -> bool,
) -> Outcome<()> {
    for table in workspace.tables()? {
        let takes = |table: &Table| -> Vec<String> {
            table
                .foreign_keys
                .iter()
                .filter(|key| key.references == *name && matches(&key.referenced_columns))
                .map(|key| key.name.clone())
                .collect()
        };
        let keys = takes(&table);
        if table.name == *name || keys.is_empty() {
            continue;
        }
        if !cascade {
            return Err(Trouble::failed(format!(
                "the foreign key `{}` of `{}` refers to it; CASCADE would drop that too",
                keys[0], table.name
            )));
        }
        let mut new = Table::clone(&table);
        new.foreign_keys.retain(|key| !keys.contains(&key.name));
        change(workspace, &table, new, &Copying::same(&table))?;
    }
    Ok(())
}
