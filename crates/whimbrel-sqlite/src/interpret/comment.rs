//! `COMMENT ON`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{QualifiedName, View};

use super::table_element::column_of;
use crate::expression::literal_text;
use crate::syntax::{child, object_name, path_parts, place, text};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

pub(super) fn comment(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let object =
        node.children().next().ok_or_else(|| Trouble::failed("the object is missing").at(place(node)))?;
    let comment = match child(node, SyntaxKind::LITERAL) {
        Some(literal) => Some(literal_text(&literal)?).filter(|text| !text.is_empty()),
        None => None,
    };
    note(workspace, &object, comment).map_err(|trouble| trouble.at(place(&object)))
}

fn note(workspace: &mut Workspace<'_>, object: &SyntaxNode, comment: Option<String>) -> Outcome<()> {
    let reference =
        object.children().next().ok_or_else(|| Trouble::failed("the name is missing").at(place(object)))?;
    match object.kind() {
        SyntaxKind::OBJECT_TABLE => {
            let mut table = workspace.require_table(&object_name(&reference)?)?;
            table.comment = comment;
            workspace.note_table(&table)
        }
        SyntaxKind::OBJECT_COLUMN => {
            let mut parts = path_parts(&reference);
            let column = parts.pop().unwrap_or_default();
            let own = parts.pop().unwrap_or_default();
            if parts.last().is_some_and(|schema| schema != whimbrel_schema::catalog::DEFAULT_SCHEMA) {
                return Err(Trouble::refused("a comment in another schema"));
            }
            let mut table = workspace.require_table(&QualifiedName::plain(own))?;
            column_of(&mut table, &column)?.comment = comment;
            workspace.note_table(&table)
        }
        SyntaxKind::OBJECT_TYPE => {
            let name = object_name(&reference)?;
            let definition = workspace.enums()?.iter().find(|known| known.name == name).cloned();
            let mut definition =
                definition.ok_or_else(|| Trouble::failed(format!("there is no enum `{name}`")))?;
            definition.comment = comment;
            workspace.note_enum(&definition)
        }
        SyntaxKind::OBJECT_VIEW => {
            let name = object_name(&reference)?;
            let view = workspace.views()?.into_iter().find(|view| view.name == name);
            let view = view.ok_or_else(|| Trouble::failed(format!("there is no view `{name}`")))?;
            let mut view = View::clone(&view);
            view.comment = comment;
            workspace.note_view(&view)
        }
        _ => Err(Trouble::refused(format!("a comment on `{}`", text(object)))),
    }
}
