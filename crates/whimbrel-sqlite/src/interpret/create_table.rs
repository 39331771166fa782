//! `CREATE TABLE`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::Table;

use super::table_element::{self, Shape};
use crate::syntax::{child, object_name, place, text, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// The parts of `CREATE TABLE` that are read.
const READ: &[SyntaxKind] =
    &[SyntaxKind::TABLE_NAME, SyntaxKind::TABLE_ARG_LIST, SyntaxKind::IF_NOT_EXISTS, SyntaxKind::WITH_PARAMS];

pub(super) fn create_table(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    if let Some(other) = node.children().find(|part| !READ.contains(&part.kind())) {
        return Err(Trouble::refused(format!("`{}` of CREATE TABLE", text(&other))).at(place(&other)));
    }
    let name_node = child(node, SyntaxKind::TABLE_NAME)
        .ok_or_else(|| Trouble::failed("the table's name is missing").at(place(node)))?;
    let name = object_name(&name_node)?;
    if workspace.is_taken(&name.name)? {
        if child(node, SyntaxKind::IF_NOT_EXISTS).is_some() {
            return Ok(());
        }
        return Err(Trouble::failed(format!("`{name}` exists already")).at(place(&name_node)));
    }
    let mut shape = Shape::new(Table::new(name));
    let list = child(node, SyntaxKind::TABLE_ARG_LIST)
        .ok_or_else(|| Trouble::refused("a table without a list of columns").at(place(node)))?;
    // Names of constraints depend on the columns, so all columns come first.
    let elements: Vec<SyntaxNode> = list.children().collect();
    for element in elements.iter().filter(|element| element.kind() == SyntaxKind::COLUMN) {
        table_element::add_column(workspace, &mut shape, element)?;
    }
    for element in elements.iter().filter(|element| element.kind() != SyntaxKind::COLUMN) {
        table_element::add_table_constraint(&mut shape, element)?;
    }
    for parameters in node.children().filter(|part| part.kind() == SyntaxKind::WITH_PARAMS) {
        shape.table.with = storage_parameters(&parameters);
    }
    let table = shape.finish(workspace)?;
    workspace.create_table(table)
}

/// `fillfactor = 70` and so on.
pub(super) fn storage_parameters(node: &SyntaxNode) -> Vec<(String, String)> {
    let mut parameters: Vec<(String, String)> = node
        .descendants()
        .filter(|option| option.kind() == SyntaxKind::ATTRIBUTE_OPTION)
        .map(|option| {
            let words: Vec<String> = tokens(&option).map(|token| token.text().to_owned()).collect();
            let at = words.iter().position(|word| word == "=").unwrap_or(words.len());
            let value = words.get(at + 1..).unwrap_or_default().concat();
            let value = value.trim_matches('\'').to_owned();
            (words[..at].concat().to_lowercase(), if at == words.len() { "true".to_owned() } else { value })
        })
        .collect();
    parameters.sort();
    parameters
}
