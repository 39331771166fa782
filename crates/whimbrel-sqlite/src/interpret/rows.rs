//! `INSERT`, `UPDATE`, `DELETE`, `SELECT`.

use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{ColumnType, Table};

use crate::expression::{Columns, Tongue, Writer, is_expression, sqlite_text, unknown};
use crate::render::numbering;
use crate::syntax::{child, children, descendants, has, name, object_name, place, text};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// The columns of every table that the statement names.
pub(super) fn columns_of_statement(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<Columns> {
    let mut columns = Columns::default();
    let mut seen = Vec::new();
    for relation in descendants(node, SyntaxKind::RELATION_NAME_REF) {
        let name = object_name(&relation)?;
        if seen.contains(&name) {
            continue;
        }
        if let Some(table) = workspace.table(&name)? {
            columns.add(&table);
        }
        seen.push(name);
    }
    Ok(columns)
}

pub(super) fn select(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let sql = rendered_query(workspace, node)?;
    workspace.run(sql)
}

/// The query in SQLite's dialect.
pub(super) fn rendered_query(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<String> {
    let columns = columns_of_statement(workspace, node)?;
    let mut writer = Writer::new(Tongue::Sqlite, &columns);
    writer.copy(node)?;
    Ok(writer.finish())
}

/// A writer with the table that is written to.
struct Change<'a> {
    table: &'a Table,
    columns: &'a Columns,
    writer: Writer<'a>,
}

fn target(workspace: &Workspace<'_>, relation: &SyntaxNode) -> Outcome<Table> {
    let name = object_name(relation)?;
    workspace.require_table(&name).map_err(|trouble| trouble.at(place(relation)))
}

/// The table that the statement writes to: the first relation that is named before any query.
fn relation(node: &SyntaxNode) -> Outcome<SyntaxNode> {
    let outer = child(node, SyntaxKind::RELATION_NAME).unwrap_or_else(|| node.clone());
    child(&outer, SyntaxKind::RELATION_NAME_REF)
        .ok_or_else(|| Trouble::failed("the table's name is missing").at(place(node)))
}

fn refuse_others(node: &SyntaxNode, known: &[SyntaxKind], statement: &str) -> Outcome<()> {
    match node.children().find(|part| !known.contains(&part.kind())) {
        None => Ok(()),
        Some(part) => Err(Trouble::refused(format!("`{}` of {statement}", text(&part))).at(place(&part))),
    }
}

impl Change<'_> {
    fn column_type(&self, name: &str, at: &SyntaxNode) -> Outcome<ColumnType> {
        match self.table.column(name) {
            Some(column) => Ok(column.ty.clone()),
            None => {
                Err(Trouble::failed(format!("`{}` has no column `{name}`", self.table.name)).at(place(at)))
            }
        }
    }

    /// A value for a column; `DEFAULT` is written out, since SQLite has no word for it there.
    fn value(&mut self, column: &str, node: &SyntaxNode) -> Outcome<()> {
        let ty = self.column_type(column, node)?;
        if matches!(node.kind(), SyntaxKind::LITERAL | SyntaxKind::SET_EXPR)
            && has(node, SyntaxKind::DEFAULT_KW)
        {
            let default = self.table.column(column).and_then(|column| column.default.as_deref());
            let sql = match default {
                Some(default) => format!("({})", sqlite_text(default, self.columns, Some(&ty))?),
                None => "NULL".to_owned(),
            };
            self.writer.word(&sql);
            return Ok(());
        }
        self.writer.expression(node, Some(&ty))
    }

    fn names(&mut self, names: &[String]) {
        self.writer.word("(");
        for (at, name) in names.iter().enumerate() {
            if at > 0 {
                self.writer.glue(",");
            }
            self.writer.name(name);
        }
        self.writer.glue(")");
    }

    fn values(&mut self, names: &[String], values: &[SyntaxNode], at: &SyntaxNode) -> Outcome<()> {
        if names.len() != values.len() {
            return Err(
                Trouble::failed(format!("{} columns and {} values", names.len(), values.len())).at(place(at))
            );
        }
        self.writer.word("(");
        for (position, (name, value)) in names.iter().zip(values).enumerate() {
            if position > 0 {
                self.writer.glue(",");
            }
            self.value(name, value)?;
        }
        self.writer.glue(")");
        Ok(())
    }

    fn set(&mut self, clause: &SyntaxNode) -> Outcome<()> {
        self.writer.word("SET");
        let list = child(clause, SyntaxKind::SET_COLUMN_LIST).ok_or_else(|| unknown(clause))?;
        for (at, item) in list.children().enumerate() {
            if at > 0 {
                self.writer.glue(",");
            }
            let names = targets(&item)?;
            let values: Vec<SyntaxNode> = descendants(&item, SyntaxKind::SET_EXPR)
                .map(|value| value.children().next().unwrap_or(value))
                .collect();
            match (item.kind(), names.as_slice(), values.as_slice()) {
                (SyntaxKind::SET_SINGLE_COLUMN, [name], [value]) => {
                    self.writer.name(name);
                    self.writer.word("=");
                    self.value(name, value)?;
                }
                (SyntaxKind::SET_MULTIPLE_COLUMNS, names, values) if !values.is_empty() => {
                    self.names(names);
                    self.writer.word("=");
                    self.values(names, values, &item)?;
                }
                _ => return Err(unknown(&item)),
            }
        }
        Ok(())
    }

    fn where_clause(&mut self, node: &SyntaxNode) -> Outcome<()> {
        match child(node, SyntaxKind::WHERE_CLAUSE) {
            Some(clause) => self.writer.copy(&clause),
            None => Ok(()),
        }
    }

    fn returning(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let Some(clause) = child(node, SyntaxKind::RETURNING_CLAUSE) else { return Ok(()) };
        self.writer.word("RETURNING");
        let list = child(&clause, SyntaxKind::TARGET_LIST).ok_or_else(|| unknown(&clause))?;
        self.writer.copy(&list)
    }

    fn conflict(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let Some(clause) = child(node, SyntaxKind::ON_CONFLICT_CLAUSE) else { return Ok(()) };
        self.writer.word("ON CONFLICT");
        for part in clause.children() {
            match part.kind() {
                SyntaxKind::CONFLICT_ON_INDEX => {
                    let list =
                        child(&part, SyntaxKind::CONFLICT_INDEX_ITEM_LIST).ok_or_else(|| unknown(&part))?;
                    let mut names = Vec::new();
                    for item in children(&list, SyntaxKind::CONFLICT_INDEX_ITEM) {
                        let column = child(&item, SyntaxKind::NAME_REF).ok_or_else(|| unknown(&item))?;
                        names.push(name(&column)?);
                    }
                    self.names(&names);
                    self.where_clause(&part)?;
                }
                SyntaxKind::CONFLICT_DO_NOTHING => self.writer.word("DO NOTHING"),
                SyntaxKind::CONFLICT_DO_UPDATE_SET => {
                    self.writer.word("DO UPDATE");
                    let set = child(&part, SyntaxKind::SET_CLAUSE).ok_or_else(|| unknown(&part))?;
                    self.set(&set)?;
                    self.where_clause(&part)?;
                }
                _ => return Err(unknown(&part)),
            }
        }
        Ok(())
    }

    fn alias(&mut self, node: &SyntaxNode) -> Outcome<()> {
        let alias = node.children().find(|part| {
            matches!(part.kind(), SyntaxKind::OPTIONAL_AS_ALIAS | SyntaxKind::REQUIRED_AS_ALIAS)
        });
        if let Some(alias) = alias {
            self.writer.word("AS");
            self.writer.name(&name(&alias)?);
        }
        Ok(())
    }
}

fn targets(node: &SyntaxNode) -> Outcome<Vec<String>> {
    descendants(node, SyntaxKind::COLUMN_TARGET).map(|column| name(&column)).collect()
}

pub(super) fn insert(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let sql = rendered_insert(workspace, node)?;
    workspace.run(sql)
}

/// The INSERT in SQLite's dialect.
pub(super) fn rendered_insert(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<String> {
    use SyntaxKind as K;
    let known = [
        K::RELATION_NAME_REF,
        K::REQUIRED_AS_ALIAS,
        K::COLUMN_TARGET_LIST,
        K::VALUES,
        K::SELECT,
        K::COMPOUND_SELECT,
        K::DEFAULT_VALUES,
        K::ON_CONFLICT_CLAUSE,
        K::RETURNING_CLAUSE,
        K::OVERRIDING_SYSTEM_VALUE,
    ];
    refuse_others(node, &known, "INSERT")?;
    let table = target(workspace, &relation(node)?)?;
    let columns = columns_of_statement(workspace, node)?;
    let mut change =
        Change { table: &table, columns: &columns, writer: Writer::new(Tongue::Sqlite, &columns) };
    change.writer.word("INSERT INTO");
    change.writer.name(&table.name.name);
    change.alias(node)?;
    let names = match child(node, K::COLUMN_TARGET_LIST) {
        Some(list) => targets(&list)?,
        None => table
            .columns
            .iter()
            .filter(|column| column.generated.is_none())
            .map(|column| column.name.clone())
            .collect(),
    };
    if child(node, K::DEFAULT_VALUES).is_some() {
        change.writer.word("DEFAULT VALUES");
    } else if let Some(values) = child(node, K::VALUES) {
        insert_values(&mut change, names, &values, child(node, K::COLUMN_TARGET_LIST).is_some())?;
    } else {
        insert_query(&mut change, &names, node)?;
    }
    change.conflict(node)?;
    change.returning(node)?;
    Ok(change.writer.finish())
}

fn insert_values(
    change: &mut Change<'_>,
    mut names: Vec<String>,
    values: &SyntaxNode,
    listed: bool,
) -> Outcome<()> {
    let rows: Vec<Vec<SyntaxNode>> = descendants(values, SyntaxKind::ROW)
        .map(|row| row.children().filter(|value| is_expression(value.kind())).collect())
        .collect();
    let width = rows.first().map(Vec::len).unwrap_or_default();
    if !listed && width < names.len() {
        // PostgreSQL fills the columns that have no value with their defaults.
        names.truncate(width);
    }
    // `DEFAULT` of a numbered key is the next number, which SQLite gives for NULL.
    let numbered = change
        .table
        .columns
        .iter()
        .find(|column| numbering(column).is_some())
        .map(|column| column.name.clone());
    change.names(&names);
    change.writer.word("VALUES");
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            change.writer.glue(",");
        }
        if names.len() == row.len()
            && let Some(position) =
                numbered.as_ref().and_then(|column| names.iter().position(|name| name == column))
            && row[position].kind() == SyntaxKind::LITERAL
            && has(&row[position], SyntaxKind::NULL_KW)
        {
            return Err(
                Trouble::failed(format!("`{}` cannot be NULL", names[position])).at(place(&row[position]))
            );
        }
        change.values(&names, row, values)?;
    }
    Ok(())
}

fn insert_query(change: &mut Change<'_>, names: &[String], node: &SyntaxNode) -> Outcome<()> {
    let query = node
        .children()
        .find(|part| matches!(part.kind(), SyntaxKind::SELECT | SyntaxKind::COMPOUND_SELECT))
        .ok_or_else(|| unknown(node))?;
    change.names(names);
    if query.kind() == SyntaxKind::SELECT && simple_select(&query) {
        return insert_select(change, names, &query, child(node, SyntaxKind::ON_CONFLICT_CLAUSE).is_some());
    }
    change.writer.copy(&query)
}

/// Whether each column's value is one expression of the list.
fn simple_select(query: &SyntaxNode) -> bool {
    child(query, SyntaxKind::SELECT_CLAUSE)
        .and_then(|clause| child(&clause, SyntaxKind::TARGET_LIST))
        .is_some_and(|list| {
            list.children().all(|target| {
                !has(&target, SyntaxKind::STAR)
                    && target
                        .children()
                        .next()
                        .is_some_and(|value| is_expression(value.kind()) && !text(&value).ends_with('*'))
            })
        })
}

/// `INSERT … SELECT`: literals and moments take the form of the column that they are for.
fn insert_select(
    change: &mut Change<'_>,
    names: &[String],
    query: &SyntaxNode,
    conflict: bool,
) -> Outcome<()> {
    let clause = child(query, SyntaxKind::SELECT_CLAUSE).ok_or_else(|| unknown(query))?;
    let list = child(&clause, SyntaxKind::TARGET_LIST).ok_or_else(|| unknown(query))?;
    let values: Vec<SyntaxNode> = list.children().filter_map(|target| target.children().next()).collect();
    if values.len() != names.len() {
        return Err(
            Trouble::failed(format!("{} columns and {} values", names.len(), values.len())).at(place(&list))
        );
    }
    change.writer.word("SELECT");
    if child(&clause, SyntaxKind::DISTINCT).is_some() {
        change.writer.word("DISTINCT");
    }
    for (at, (name, value)) in names.iter().zip(&values).enumerate() {
        if at > 0 {
            change.writer.glue(",");
        }
        change.value(name, value)?;
    }
    for part in query.children().filter(|part| part.kind() != SyntaxKind::SELECT_CLAUSE) {
        change.writer.copy(&part)?;
    }
    // Without a WHERE, SQLite would read ON CONFLICT as the ON of a join.
    if conflict && child(query, SyntaxKind::FROM_CLAUSE).is_some() && query.children().count() == 2 {
        change.writer.word("WHERE TRUE");
    }
    Ok(())
}

pub(super) fn update(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let sql = rendered_update(workspace, node)?;
    workspace.run(sql)
}

/// The UPDATE in SQLite's dialect.
pub(super) fn rendered_update(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<String> {
    use SyntaxKind as K;
    let known = [
        K::RELATION_NAME,
        K::OPTIONAL_AS_ALIAS,
        K::SET_CLAUSE,
        K::FROM_CLAUSE,
        K::WHERE_CLAUSE,
        K::RETURNING_CLAUSE,
    ];
    refuse_others(node, &known, "UPDATE")?;
    let table = target(workspace, &relation(node)?)?;
    let columns = columns_of_statement(workspace, node)?;
    let mut change =
        Change { table: &table, columns: &columns, writer: Writer::new(Tongue::Sqlite, &columns) };
    change.writer.word("UPDATE");
    change.writer.name(&table.name.name);
    change.alias(node)?;
    let set = child(node, K::SET_CLAUSE).ok_or_else(|| unknown(node))?;
    change.set(&set)?;
    if let Some(from) = child(node, K::FROM_CLAUSE) {
        change.writer.copy(&from)?;
    }
    change.where_clause(node)?;
    change.returning(node)?;
    Ok(change.writer.finish())
}

pub(super) fn delete(workspace: &mut Workspace<'_>, node: &SyntaxNode) -> Outcome<()> {
    let sql = rendered_delete(workspace, node)?;
    workspace.run(sql)
}

/// The DELETE in SQLite's dialect.
pub(super) fn rendered_delete(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<String> {
    use SyntaxKind as K;
    refuse_others(
        node,
        &[K::RELATION_NAME, K::OPTIONAL_AS_ALIAS, K::WHERE_CLAUSE, K::RETURNING_CLAUSE],
        "DELETE",
    )?;
    let table = target(workspace, &relation(node)?)?;
    let columns = columns_of_statement(workspace, node)?;
    let mut change =
        Change { table: &table, columns: &columns, writer: Writer::new(Tongue::Sqlite, &columns) };
    change.writer.word("DELETE FROM");
    change.writer.name(&table.name.name);
    change.alias(node)?;
    change.where_clause(node)?;
    change.returning(node)?;
    Ok(change.writer.finish())
}
