//! What is written around a serial or identity column: SQLite numbers the rows by itself.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::QualifiedName;

use super::table_element::column_of;
use crate::change::{Copying, change};
use crate::syntax::{child, descendants, name, path_parts, place};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// `CREATE SEQUENCE … OWNED BY t.c` makes the column number its rows.
pub(super) fn create(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let owner = child(node, SyntaxKind::OPTION_OWNED_BY)
        .ok_or_else(|| Trouble::refused("`CREATE SEQUENCE`: it has none besides those of key columns"))?;
    let mut parts = path_parts(&owner);
    let column = parts.pop().unwrap_or_default();
    let table = QualifiedName::plain(parts.pop().unwrap_or_default());
    let old = workspace.require_table(&table).map_err(|trouble| trouble.at(place(&owner)))?;
    let mut new = old.clone();
    let column = column_of(&mut new, &column)?;
    column.serial = true;
    column.nullable = false;
    column.default = None;
    change(workspace, &old, new, &Copying::same(&old))
}

/// There is no sequence, so what asks for one only `IF EXISTS` has nothing to do.
pub(super) fn ignore_if_exists(node: &SyntaxNode) -> Outcome<()> {
    if child(node, SyntaxKind::IF_EXISTS).is_some() {
        Ok(())
    } else {
        Err(Trouble::failed("it has no sequences; with IF EXISTS there is nothing to do"))
    }
}

/// `SELECT setval(…)`: the next number follows the largest one anyway.
pub(super) fn is_setval(node: &SyntaxNode) -> bool {
    let mut targets = node
        .children()
        .find(|part| part.kind() == SyntaxKind::SELECT_CLAUSE)
        .map(|clause| descendants(&clause, SyntaxKind::TARGET).collect::<Vec<_>>())
        .unwrap_or_default()
        .into_iter();
    let first = targets.next().and_then(|target| target.children().next());
    first.is_some_and(|call| call_name(&call).as_deref() == Some("setval"))
}

/// `DEFAULT nextval('…')`.
pub(super) fn is_nextval(value: &SyntaxNode) -> bool {
    call_name(value).as_deref() == Some("nextval")
}

fn call_name(node: &SyntaxNode) -> Option<String> {
    (node.kind() == SyntaxKind::CALL_EXPR)
        .then(|| node.children().next())
        .flatten()
        .filter(|callee| callee.kind() == SyntaxKind::NAME_REF)
        .and_then(|callee| name(&callee).ok())
}
