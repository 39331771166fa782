//! Columns and constraints, as they stand in `CREATE TABLE` and in `ALTER TABLE … ADD`.

use squawk_syntax::ast::{AstNode as _, Type};
use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{
    CheckConstraint, Column, ColumnType, Deferral, ForeignKeyConstraint, Identity, PrimaryKey, QualifiedName,
    ReferentialAction, Table, UniqueConstraint,
};

use crate::expression::{Columns, canonical, check_collation, is_expression, named_type, sqlite};
use crate::syntax::{child, children, descendant, has, name, name_of, object_name, place, text, tokens};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;
use crate::{names, types};

/// A table that is being put together, and what its names wait for.
pub(super) struct Shape {
    pub(super) table: Table,
    unnamed: Vec<Unnamed>,
}

/// A constraint whose name PostgreSQL chooses, and whose expression waits for every column.
enum Unnamed {
    Check { name: Option<String>, condition: SyntaxNode },
    Default { column: String, value: SyntaxNode },
    Generated { column: String, value: SyntaxNode },
    Unique { constraint: UniqueConstraint },
    ForeignKey { key: ForeignKeyConstraint, place: std::ops::Range<usize> },
}

impl Shape {
    pub(super) fn new(table: Table) -> Self {
        Shape { table, unnamed: Vec::new() }
    }

    /// The table with every constraint in it, under the names that PostgreSQL would choose.
    pub(super) fn finish(mut self, workspace: &Workspace<'_>) -> Outcome<Table> {
        let columns = Columns::of(&self.table);
        for waiting in std::mem::take(&mut self.unnamed) {
            self.add(workspace, waiting, &columns)?;
        }
        Ok(self.table)
    }

    fn add(&mut self, workspace: &Workspace<'_>, waiting: Unnamed, columns: &Columns) -> Outcome<()> {
        match waiting {
            Unnamed::Check { name, condition } => {
                let boolean = Some(&ColumnType::Boolean);
                sqlite(&condition, columns, boolean)?;
                let expression = canonical(&condition, columns, boolean)?;
                let name = match name {
                    Some(name) => name,
                    None => self.chosen(&only_column(&self.table, &condition), "check"),
                };
                self.table.checks.push(CheckConstraint { name, expression, not_valid: false });
            }
            Unnamed::Default { column, value } => {
                let ty = self.column(&column)?.ty.clone();
                sqlite(&value, columns, Some(&ty))?;
                let default = canonical(&value, columns, Some(&ty))?;
                self.column(&column)?.default = Some(default).filter(|text| text != "NULL");
            }
            Unnamed::Generated { column, value } => {
                let ty = self.column(&column)?.ty.clone();
                sqlite(&value, columns, Some(&ty))?;
                let generated = canonical(&value, columns, Some(&ty))?;
                self.column(&column)?.generated = Some(generated);
            }
            Unnamed::Unique { mut constraint } => {
                if constraint.name.is_empty() {
                    constraint.name =
                        self.chosen_relation(workspace, &constraint.columns.join("_"), "key")?;
                }
                self.table.uniques.push(constraint);
            }
            Unnamed::ForeignKey { mut key, place } => {
                if key.referenced_columns.is_empty() {
                    key.referenced_columns = self
                        .primary_key_of(workspace, &key.references)
                        .map_err(|trouble| trouble.at(place.clone()))?;
                }
                if key.referenced_columns.len() != key.columns.len() {
                    return Err(Trouble::failed(format!(
                        "{} columns reference {}",
                        key.columns.len(),
                        key.referenced_columns.len()
                    ))
                    .at(place));
                }
                if key.name.is_empty() {
                    key.name = self.chosen(&key.columns.join("_"), "fkey");
                }
                self.table.foreign_keys.push(key);
            }
        }
        Ok(())
    }

    fn column(&mut self, name: &str) -> Outcome<&mut Column> {
        column_of(&mut self.table, name)
    }

    fn primary_key_of(&self, workspace: &Workspace<'_>, name: &QualifiedName) -> Outcome<Vec<String>> {
        let other =
            if *name == self.table.name { self.table.clone() } else { workspace.require_table(name)? };
        other
            .primary_key
            .map(|key| key.columns)
            .ok_or_else(|| Trouble::failed(format!("`{name}` has no primary key to reference")))
    }

    fn chosen(&self, second: &str, label: &str) -> String {
        names::chosen(&self.table.name.name, second, label, |name| has_constraint(&self.table, name))
    }

    fn chosen_relation(&self, workspace: &Workspace<'_>, second: &str, label: &str) -> Outcome<String> {
        let mut failure = None;
        let name = names::chosen(&self.table.name.name, second, label, |name| {
            has_constraint(&self.table, name)
                || workspace.is_taken(name).unwrap_or_else(|trouble| {
                    failure = Some(trouble);
                    false
                })
        });
        failure.map_or(Ok(name), Err)
    }
}

pub(super) fn column_of<'t>(table: &'t mut Table, name: &str) -> Outcome<&'t mut Column> {
    let missing = format!("`{}` has no column `{name}`", table.name);
    table.columns.iter_mut().find(|column| column.name == name).ok_or_else(|| Trouble::failed(missing))
}

pub(super) fn has_constraint(table: &Table, name: &str) -> bool {
    table.primary_key.as_ref().is_some_and(|key| key.name == name)
        || table.uniques.iter().any(|unique| unique.name == name)
        || table.checks.iter().any(|check| check.name == name)
        || table.foreign_keys.iter().any(|key| key.name == name)
}

/// The one column that a condition names; empty where it names none or several.
fn only_column(table: &Table, condition: &SyntaxNode) -> String {
    let mut names: Vec<String> = condition
        .descendants()
        .filter(|node| node.kind() == SyntaxKind::NAME_REF)
        .filter_map(|node| name(&node).ok())
        .filter(|name| table.column(name).is_some())
        .collect();
    names.sort();
    names.dedup();
    if names.len() == 1 { names.remove(0) } else { String::new() }
}

/// The type that a column names, `serial` told apart.
pub(super) fn column_type(workspace: &Workspace<'_>, node: &SyntaxNode) -> Outcome<(ColumnType, bool)> {
    let (ty, serial) = match text(node).to_lowercase().as_str() {
        "serial" | "serial4" => (ColumnType::Integer, true),
        "bigserial" | "serial8" => (ColumnType::BigInt, true),
        "smallserial" | "serial2" => (ColumnType::SmallInt, true),
        _ => (named_type(node), false),
    };
    if let Some(what) = types::objection(&ty) {
        return Err(Trouble::refused(what).at(place(node)));
    }
    if let Some(wanted) = ty.enum_name() {
        let enums = workspace.enums()?;
        if !enums.iter().any(|definition| definition.name == *wanted) {
            return Err(
                Trouble::refused(format!("the type `{wanted}`: no enum has this name")).at(place(node))
            );
        }
    }
    Ok((ty, serial))
}

/// Adds a column with the constraints behind it. The node is `COLUMN` or `ADD_COLUMN`.
pub(super) fn add_column(workspace: &Workspace<'_>, shape: &mut Shape, node: &SyntaxNode) -> Outcome<()> {
    let column_name = names::kept(name_of(node, SyntaxKind::COLUMN_NAME)?);
    if shape.table.column(&column_name).is_some() {
        return Err(Trouble::failed(format!("`{}` has a column `{column_name}` already", shape.table.name))
            .at(place(node)));
    }
    let type_node = node.children().find(|part| Type::can_cast(part.kind())).ok_or_else(|| {
        Trouble::failed(format!("the type of column `{column_name}` is missing")).at(place(node))
    })?;
    let (ty, serial) = column_type(workspace, &type_node)?;
    let mut column = Column { nullable: !serial, serial, ..Column::new(&column_name, ty) };
    if let Some(collate) = child(node, SyntaxKind::COLLATE) {
        check_collation(&collate)?;
        column.collation = Some("C".to_owned());
    }
    shape.table.columns.push(column);
    let known = |part: &SyntaxNode| {
        Type::can_cast(part.kind())
            || matches!(
                part.kind(),
                SyntaxKind::COLUMN_NAME | SyntaxKind::COLLATE | SyntaxKind::IF_NOT_EXISTS
            )
    };
    for part in node.children().filter(|part| !known(part)) {
        add_column_constraint(shape, &column_name, &part)?;
    }
    Ok(())
}

fn add_column_constraint(shape: &mut Shape, column_name: &str, node: &SyntaxNode) -> Outcome<()> {
    let given = given_name(node)?;
    match node.kind() {
        SyntaxKind::NOT_NULL_CONSTRAINT => shape.column(column_name)?.nullable = false,
        SyntaxKind::NULL_CONSTRAINT => shape.column(column_name)?.nullable = true,
        SyntaxKind::DEFAULT_CONSTRAINT => {
            let value = expression_of(node)?;
            shape.unnamed.push(Unnamed::Default { column: column_name.to_owned(), value });
        }
        SyntaxKind::GENERATED_CONSTRAINT => add_generated(shape, column_name, node)?,
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => {
            add_primary_key(shape, given, vec![column_name.to_owned()], node)?
        }
        SyntaxKind::UNIQUE_CONSTRAINT => {
            add_unique(shape, given, vec![column_name.to_owned()], included(node)?, node)?
        }
        SyntaxKind::CHECK_CONSTRAINT => {
            let condition = expression_of(node)?;
            shape.unnamed.push(Unnamed::Check { name: given, condition });
        }
        SyntaxKind::REFERENCES_CONSTRAINT => {
            let referenced = children(node, SyntaxKind::COLUMN_NAME_REF)
                .map(|column| name(&column))
                .collect::<Outcome<Vec<_>>>()?;
            add_foreign_key(shape, given, vec![column_name.to_owned()], referenced, node)?;
        }
        _ => return Err(Trouble::refused(format!("`{}` of a column", text(node))).at(place(node))),
    }
    Ok(())
}

/// Adds a constraint of the table.
pub(super) fn add_table_constraint(shape: &mut Shape, node: &SyntaxNode) -> Outcome<()> {
    let given = given_name(node)?;
    if let Some(name) = &given
        && has_constraint(&shape.table, name)
    {
        return Err(Trouble::failed(format!("`{}` has a constraint `{name}` already", shape.table.name))
            .at(place(node)));
    }
    if let Some(using) = child(node, SyntaxKind::USING_INDEX_NAME) {
        return add_using_index(shape, given, node, &using);
    }
    let listed = || column_list(node, SyntaxKind::CONSTRAINT_COLUMN_REF_LIST);
    match node.kind() {
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => add_primary_key(shape, given, listed()?, node),
        SyntaxKind::UNIQUE_CONSTRAINT => add_unique(shape, given, listed()?, included(node)?, node),
        SyntaxKind::CHECK_CONSTRAINT => {
            let condition = expression_of(node)?;
            shape.unnamed.push(Unnamed::Check { name: given, condition });
            Ok(())
        }
        SyntaxKind::FOREIGN_KEY_CONSTRAINT => {
            let mut lists = children(node, SyntaxKind::FOREIGN_KEY_COLUMN_LIST);
            let mut names = || -> Outcome<Vec<String>> {
                match lists.next() {
                    Some(list) => {
                        children(&list, SyntaxKind::COLUMN_NAME_REF).map(|column| name(&column)).collect()
                    }
                    None => Ok(Vec::new()),
                }
            };
            let columns = names()?;
            let referenced = names()?;
            add_foreign_key(shape, given, columns, referenced, node)
        }
        _ => Err(Trouble::refused(format!("`{}` of a table", text(node))).at(place(node))),
    }
}

/// `ADD CONSTRAINT … UNIQUE USING INDEX i`: the index becomes the constraint and takes its name.
fn add_using_index(
    shape: &mut Shape,
    given: Option<String>,
    node: &SyntaxNode,
    using: &SyntaxNode,
) -> Outcome<()> {
    let index_name =
        tokens(using).last().map(|token| crate::syntax::identifier(token.text())).unwrap_or_default();
    let at = shape.table.indexes.iter().position(|index| index.name == index_name && index.unique);
    let at = at.ok_or_else(|| {
        Trouble::failed(format!("there is no unique index `{index_name}`")).at(place(using))
    })?;
    let index = shape.table.indexes.remove(at);
    let columns = index
        .keys
        .iter()
        .map(|key| match &key.target {
            whimbrel_schema::catalog::IndexPartTarget::Column(column) => Ok(column.clone()),
            whimbrel_schema::catalog::IndexPartTarget::Expression(_) => {
                Err(Trouble::failed("a constraint cannot use an index over expressions").at(place(using)))
            }
        })
        .collect::<Outcome<Vec<_>>>()?;
    let name = given.or(Some(index_name));
    match node.kind() {
        SyntaxKind::PRIMARY_KEY_CONSTRAINT => add_primary_key(shape, name, columns, node),
        _ => add_unique(shape, name, columns, index.include, node),
    }
}

fn add_primary_key(
    shape: &mut Shape,
    given: Option<String>,
    columns: Vec<String>,
    node: &SyntaxNode,
) -> Outcome<()> {
    if shape.table.primary_key.is_some() {
        return Err(
            Trouble::failed(format!("`{}` has a primary key already", shape.table.name)).at(place(node))
        );
    }
    if deferral(node) != Deferral::NotDeferrable {
        return Err(Trouble::refused("DEFERRABLE of a primary key").at(place(node)));
    }
    for column in &columns {
        shape.column(column).map_err(|trouble| trouble.at(place(node)))?.nullable = false;
    }
    let name = given.unwrap_or_else(|| shape.chosen("", "pkey"));
    shape.table.primary_key = Some(PrimaryKey { name, columns });
    Ok(())
}

/// The columns that a constraint carries.
fn included(node: &SyntaxNode) -> Outcome<Vec<String>> {
    match descendant(node, SyntaxKind::CONSTRAINT_INCLUDE_CLAUSE) {
        Some(clause) => column_list(&clause, SyntaxKind::COLUMN_REF_LIST),
        None => Ok(Vec::new()),
    }
}

fn add_unique(
    shape: &mut Shape,
    given: Option<String>,
    columns: Vec<String>,
    include: Vec<String>,
    node: &SyntaxNode,
) -> Outcome<()> {
    for column in &columns {
        shape.column(column).map_err(|trouble| trouble.at(place(node)))?;
    }
    if let Some(nulls) = descendant(node, SyntaxKind::NULLS_NOT_DISTINCT) {
        return Err(Trouble::refused("NULLS NOT DISTINCT").at(place(&nulls)));
    }
    if deferral(node) != Deferral::NotDeferrable {
        return Err(Trouble::refused("DEFERRABLE of a unique constraint").at(place(node)));
    }
    let constraint = UniqueConstraint {
        name: given.unwrap_or_default(),
        columns,
        nulls_not_distinct: false,
        deferral: Deferral::NotDeferrable,
        include,
    };
    shape.unnamed.push(Unnamed::Unique { constraint });
    Ok(())
}

fn add_foreign_key(
    shape: &mut Shape,
    given: Option<String>,
    columns: Vec<String>,
    referenced_columns: Vec<String>,
    node: &SyntaxNode,
) -> Outcome<()> {
    for column in &columns {
        shape.column(column).map_err(|trouble| trouble.at(place(node)))?;
    }
    let reference = child(node, SyntaxKind::TABLE_NAME_REF)
        .ok_or_else(|| Trouble::failed("the referenced table is missing").at(place(node)))?;
    if let Some(kind) =
        node.children().find(|part| matches!(part.kind(), SyntaxKind::MATCH_FULL | SyntaxKind::MATCH_PARTIAL))
    {
        return Err(Trouble::refused("MATCH FULL and MATCH PARTIAL").at(place(&kind)));
    }
    let key = ForeignKeyConstraint {
        name: given.unwrap_or_default(),
        columns,
        references: object_name(&reference)?,
        referenced_columns,
        on_delete: action(node, SyntaxKind::ON_DELETE_ACTION)?,
        on_update: action(node, SyntaxKind::ON_UPDATE_ACTION)?,
        deferral: deferral(node),
        not_valid: false,
    };
    shape.unnamed.push(Unnamed::ForeignKey { key, place: place(node) });
    Ok(())
}

fn action(node: &SyntaxNode, kind: SyntaxKind) -> Outcome<ReferentialAction> {
    let Some(clause) = child(node, kind) else { return Ok(ReferentialAction::NoAction) };
    let words: Vec<String> = tokens(&clause).skip(2).map(|token| token.text().to_uppercase()).collect();
    match words.join(" ").as_str() {
        "NO ACTION" => Ok(ReferentialAction::NoAction),
        "RESTRICT" => Ok(ReferentialAction::Restrict),
        "CASCADE" => Ok(ReferentialAction::Cascade),
        "SET NULL" => Ok(ReferentialAction::SetNull),
        "SET DEFAULT" => Ok(ReferentialAction::SetDefault),
        _ => Err(Trouble::refused(format!("`{}`", text(&clause))).at(place(&clause))),
    }
}

fn deferral(node: &SyntaxNode) -> Deferral {
    let holds = |kind| has(node, kind);
    if holds(SyntaxKind::INITIALLY_DEFERRED_CONSTRAINT_OPTION) {
        Deferral::InitiallyDeferred
    } else if holds(SyntaxKind::DEFERRABLE_CONSTRAINT_OPTION) {
        Deferral::InitiallyImmediate
    } else {
        Deferral::NotDeferrable
    }
}

fn add_generated(shape: &mut Shape, column_name: &str, node: &SyntaxNode) -> Outcome<()> {
    if let Some(identity) = child(node, SyntaxKind::GENERATED_IDENTITY) {
        let always = child(&identity, SyntaxKind::GENERATED_ALWAYS).is_some();
        let column = shape.column(column_name)?;
        column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
        column.nullable = false;
        return Ok(());
    }
    let stored = child(node, SyntaxKind::GENERATED_STORED)
        .filter(|stored| child(stored, SyntaxKind::STORED).is_some());
    let stored =
        stored.ok_or_else(|| Trouble::refused("a generated column that is not STORED").at(place(node)))?;
    let value = expression_of(&stored)?;
    shape.unnamed.push(Unnamed::Generated { column: column_name.to_owned(), value });
    Ok(())
}

pub(super) fn given_name(node: &SyntaxNode) -> Outcome<Option<String>> {
    match child(node, SyntaxKind::CONSTRAINT_NAME_CLAUSE) {
        Some(clause) => Ok(Some(names::kept(name_of(&clause, SyntaxKind::CONSTRAINT_NAME)?))),
        None => Ok(None),
    }
}

pub(super) fn expression_of(node: &SyntaxNode) -> Outcome<SyntaxNode> {
    node.children()
        .find(|part| is_expression(part.kind()))
        .ok_or_else(|| Trouble::failed("an expression is missing").at(place(node)))
}

fn column_list(node: &SyntaxNode, kind: SyntaxKind) -> Outcome<Vec<String>> {
    let list = descendant(node, kind)
        .ok_or_else(|| Trouble::failed("the list of columns is missing").at(place(node)))?;
    list.descendants()
        .filter(|part| matches!(part.kind(), SyntaxKind::COLUMN_NAME_REF))
        .map(|column| name(&column))
        .collect()
}
