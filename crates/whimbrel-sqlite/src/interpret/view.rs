//! `CREATE VIEW` and `DROP VIEW`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{QualifiedName, View};

use super::dependents::{check_views, views_over};
use super::rows::columns_of_statement;
use crate::expression::{Tongue, Writer};
use crate::ledger::Noted;
use crate::quote::quoted;
use crate::syntax::{child, children, object_name, parse_statement, place, text};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

pub(super) fn create(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let known = [SyntaxKind::VIEW, SyntaxKind::OR_REPLACE, SyntaxKind::SELECT, SyntaxKind::COMPOUND_SELECT];
    if let Some(part) = node.children().find(|part| !known.contains(&part.kind())) {
        return Err(Trouble::refused(format!("`{}` of CREATE VIEW", text(&part))).at(place(&part)));
    }
    let name_node = child(node, SyntaxKind::VIEW)
        .ok_or_else(|| Trouble::failed("the view's name is missing").at(place(node)))?;
    let query = node
        .children()
        .find(|part| matches!(part.kind(), SyntaxKind::SELECT | SyntaxKind::COMPOUND_SELECT))
        .ok_or_else(|| Trouble::failed("the query is missing").at(place(node)))?;
    let name = object_name(&name_node)?;
    if workspace.has_view(&name)? && child(node, SyntaxKind::OR_REPLACE).is_some() {
        // Views over it stay, and must still answer.
        remove(workspace, &name)?;
        make(workspace, name.clone(), None, &query)?;
        return check_views(workspace, &name);
    }
    if workspace.is_taken(&name.name)? {
        return Err(Trouble::failed(format!("`{name}` exists already")).at(place(&name_node)));
    }
    make(workspace, name, None, &query)
}

/// Makes a view that the desired catalogue holds.
pub(crate) fn create_declared_view(workspace: &mut Workspace<'_>, view: &View) -> Outcome<()> {
    if view.materialized {
        return Err(Trouble::refused("a materialized view"));
    }
    let query = parse_statement(&view.query).map_err(Trouble::nowhere)?;
    make(workspace, view.name.clone(), view.comment.clone(), &query).map_err(Trouble::nowhere)
}

fn make(
    workspace: &mut Workspace<'_>,
    name: QualifiedName,
    comment: Option<String>,
    query: &SyntaxNode,
) -> Outcome<()> {
    let columns = columns_of_statement(workspace, query)?;
    let mut writer = Writer::new(Tongue::Sqlite, &columns);
    writer.copy(query)?;
    let rendered = writer.finish();
    let mut writer = Writer::new(Tongue::Canonical, &columns);
    writer.copy(query)?;
    let canonical = writer.finish();
    workspace.run(format!("CREATE VIEW {} AS {rendered}", quoted(&name.name)))?;
    // SQLite looks at the query only when it is used, PostgreSQL when the view is made.
    let answers = workspace.connection.prepare(&format!("SELECT * FROM {}", quoted(&name.name))).map(|_| ());
    if let Err(error) = answers {
        // It may be made again when what it reads is there.
        let gone = workspace.connection.execute_batch(&format!("DROP VIEW {}", quoted(&name.name)));
        workspace.read(gone)?;
        return Err(Trouble::Sqlite { error, sql: rendered }.at(place(query)));
    }
    workspace.note_view(&View { name, query: canonical, materialized: false, comment })
}

pub(super) fn drop_view(workspace: &mut Workspace<'_>, name: &QualifiedName) -> Outcome<()> {
    for other in views_over(workspace, name)? {
        // One that reads two of the views is gone with the first.
        if workspace.has_view(&other.name)? {
            drop_view(workspace, &other.name)?;
        }
    }
    remove(workspace, name)
}

fn remove(workspace: &mut Workspace<'_>, name: &QualifiedName) -> Outcome<()> {
    workspace.run(format!("DROP VIEW {}", quoted(&name.name)))?;
    workspace.forget(Noted::View, &name.name)
}

pub(super) fn drop(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    for reference in children(node, SyntaxKind::VIEW_REF) {
        let name = object_name(&reference)?;
        if !workspace.has_view(&name)? {
            if child(node, SyntaxKind::IF_EXISTS).is_some() {
                continue;
            }
            return Err(Trouble::failed(format!("there is no view `{name}`")).at(place(&reference)));
        }
        if let Some(other) = views_over(workspace, &name)?.first()
            && child(node, SyntaxKind::CASCADE).is_none()
        {
            return Err(
                Trouble::failed(format!("the view `{}` reads `{name}`", other.name)).at(place(&reference))
            );
        }
        drop_view(workspace, &name)?;
    }
    Ok(())
}
