//! What depends on a table: references from others, and views that read it.

use squawk_syntax::SyntaxKind;
use whimbrel_schema::catalog::{QualifiedName, Table, View};

use crate::change::{Copying, change};
use crate::quote::quoted;
use crate::syntax::{descendants, object_name, parse_statement};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// The views that read the table or view; one that cannot be understood is taken to read it when it holds its name.
pub(super) fn views_over(workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<Vec<View>> {
    let views = workspace.read(crate::introspect::views(workspace.connection))?;
    Ok(views
        .into_iter()
        .filter(|view| match parse_statement(&view.query) {
            Ok(node) => descendants(&node, SyntaxKind::RELATION_NAME_REF)
                .any(|relation| object_name(&relation).is_ok_and(|found| found == *name)),
            Err(_) => view.query.contains(&name.name),
        })
        .collect())
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
        let mut new = table.clone();
        new.foreign_keys.retain(|key| !keys.contains(&key.name));
        change(workspace, &table, new, &Copying::same(&table))?;
    }
    Ok(())
}
