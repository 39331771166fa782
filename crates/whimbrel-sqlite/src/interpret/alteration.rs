//! The actions of one `ALTER TABLE`, gathered into one change.

use std::collections::BTreeMap;

use squawk_syntax::ast::{AstNode as _, Type};
use squawk_syntax::{SyntaxKind, SyntaxNode};
use whimbrel_schema::catalog::{Identity, IndexPartTarget, Table};

use super::create_table::storage_parameters;
use super::dependents::drop_references;
use super::sequence::is_nextval;
use super::table_element::{
    Shape, add_column, add_table_constraint, column_of, column_type, expression_of, has_constraint,
};
use crate::change::{Copying, change};
use crate::expression::{Columns, canonical, check_collation, reads, sqlite, without_parentheses};
use crate::names;
use crate::syntax::{child, name, name_of, path_parts, place, text};
use crate::trouble::{Outcome, Trouble};
use crate::workspace::Workspace;

/// One `ALTER TABLE`: what stood there, what shall, and where the rows come from.
pub(super) struct Alteration {
    old: Table,
    shape: Shape,
    using: BTreeMap<String, String>,
    dropped: Vec<String>,
    /// Keys that others may refer to and that go away, with whether their references go too.
    dropped_keys: Vec<(Vec<String>, bool)>,
}

impl Alteration {
    pub(super) fn new(old: Table) -> Self {
        Alteration {
            shape: Shape::new(old.clone()),
            old,
            using: BTreeMap::new(),
            dropped: Vec::new(),
            dropped_keys: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, workspace: &Workspace<'_>, action: &SyntaxNode) -> Outcome<()> {
        match action.kind() {
            SyntaxKind::ADD_COLUMN => {
                let column = name_of(action, SyntaxKind::COLUMN_NAME)?;
                if child(action, SyntaxKind::IF_NOT_EXISTS).is_some()
                    && self.shape.table.column(&column).is_some()
                {
                    return Ok(());
                }
                add_column(workspace, &mut self.shape, action)
            }
            SyntaxKind::DROP_COLUMN => self.drop_column(action),
            SyntaxKind::ALTER_COLUMN => self.alter_column(workspace, action),
            SyntaxKind::ADD_CONSTRAINT => {
                let constraint = action
                    .children()
                    .next()
                    .ok_or_else(|| Trouble::failed("the constraint is missing").at(place(action)))?;
                add_table_constraint(&mut self.shape, &constraint)
            }
            SyntaxKind::DROP_CONSTRAINT => self.drop_constraint(action),
            SyntaxKind::RENAME_CONSTRAINT => self.rename_constraint(action),
            SyntaxKind::VALIDATE_CONSTRAINT => {
                let wanted = constraint_name(action);
                if has_constraint(&self.shape.table, &wanted) {
                    Ok(())
                } else {
                    Err(self.no_constraint(&wanted))
                }
            }
            SyntaxKind::SET_OPTIONS => {
                for (key, value) in storage_parameters(action) {
                    self.shape.table.with.retain(|(known, _)| *known != key);
                    self.shape.table.with.push((key, value));
                }
                self.shape.table.with.sort();
                Ok(())
            }
            SyntaxKind::RESET_OPTIONS => {
                let gone: Vec<String> = storage_parameters(action).into_iter().map(|(key, _)| key).collect();
                self.shape.table.with.retain(|(key, _)| !gone.contains(key));
                Ok(())
            }
            _ => Err(Trouble::refused(format!("`{}` of ALTER TABLE", text(action)))),
        }
    }

    /// Makes the change, references to dropped keys first.
    pub(super) fn carry_out(self, workspace: &mut Workspace<'_>) -> Outcome<()> {
        let new = self.shape.finish(workspace)?;
        for (columns, cascade) in self.dropped_keys {
            drop_references(workspace, &new.name, cascade, |referenced| {
                referenced.len() == columns.len() && referenced.iter().all(|column| columns.contains(column))
            })?;
        }
        let sources = new
            .columns
            .iter()
            .filter(|column| self.old.column(&column.name).is_some() && !self.dropped.contains(&column.name))
            .map(|column| (column.name.clone(), column.name.clone()))
            .collect();
        change(workspace, &self.old, new, &Copying { sources, using: self.using })
    }

    fn drop_column(&mut self, action: &SyntaxNode) -> Outcome<()> {
        let gone = name_of(action, SyntaxKind::COLUMN_NAME_REF)?;
        let cascade = child(action, SyntaxKind::CASCADE).is_some();
        let table = &mut self.shape.table;
        if table.column(&gone).is_none() {
            if child(action, SyntaxKind::IF_EXISTS).is_some() {
                return Ok(());
            }
            return Err(Trouble::failed(format!("`{}` has no column `{gone}`", table.name)));
        }
        if let Some(other) = table.columns.iter().find(|other| {
            other.generated.as_ref().is_some_and(|text| reads(text, &gone)) && other.name != gone
        }) {
            return Err(Trouble::failed(format!("the generated column `{}` reads `{gone}`", other.name)));
        }
        let has = |columns: &[String]| columns.contains(&gone);
        for key in table
            .primary_key
            .iter()
            .map(|key| &key.columns)
            .chain(table.uniques.iter().map(|unique| &unique.columns))
        {
            if has(key) {
                self.dropped_keys.push((key.clone(), cascade));
            }
        }
        table.columns.retain(|column| column.name != gone);
        table.primary_key.take_if(|key| has(&key.columns));
        table.uniques.retain(|unique| !has(&unique.columns) && !has(&unique.include));
        let own = table.name.clone();
        table
            .foreign_keys
            .retain(|key| !(has(&key.columns) || key.references == own && has(&key.referenced_columns)));
        table.checks.retain(|check| !reads(&check.expression, &gone));
        table.indexes.retain(|index| {
            let by_key = index.keys.iter().any(|key| match &key.target {
                IndexPartTarget::Column(column) => *column == gone,
                IndexPartTarget::Expression(text) => reads(text, &gone),
            });
            !by_key
                && !has(&index.include)
                && !index.predicate.as_ref().is_some_and(|text| reads(text, &gone))
        });
        self.dropped.push(gone);
        Ok(())
    }

    fn alter_column(&mut self, workspace: &Workspace<'_>, action: &SyntaxNode) -> Outcome<()> {
        let column_name = name_of(action, SyntaxKind::COLUMN_NAME_REF)?;
        let change = action
            .children()
            .find(|part| part.kind() != SyntaxKind::COLUMN_NAME_REF)
            .ok_or_else(|| Trouble::failed("the change is missing").at(place(action)))?;
        if change.kind() == SyntaxKind::SET_TYPE {
            return self.set_type(workspace, &column_name, &change);
        }
        if change.kind() == SyntaxKind::SET_DEFAULT {
            return self.set_default(&column_name, &change);
        }
        let in_key =
            self.shape.table.primary_key.as_ref().is_some_and(|key| key.columns.contains(&column_name));
        let column = column_of(&mut self.shape.table, &column_name)?;
        match change.kind() {
            SyntaxKind::DROP_DEFAULT => {
                column.default = None;
                column.serial = false;
            }
            SyntaxKind::SET_NOT_NULL => column.nullable = false,
            SyntaxKind::DROP_NOT_NULL if in_key => {
                return Err(Trouble::failed(format!("`{column_name}` is in the primary key")));
            }
            SyntaxKind::DROP_NOT_NULL => column.nullable = true,
            SyntaxKind::ADD_GENERATED | SyntaxKind::SET_GENERATED_OPTIONS => {
                if let Some(options) = child(&change, SyntaxKind::SEQUENCE_OPTION_LIST) {
                    return Err(Trouble::refused("options of an identity column").at(place(&options)));
                }
                let always = change.descendants().any(|part| part.kind() == SyntaxKind::GENERATED_ALWAYS);
                column.identity = Some(if always { Identity::Always } else { Identity::ByDefault });
            }
            SyntaxKind::DROP_IDENTITY => column.identity = None,
            SyntaxKind::DROP_EXPRESSION => column.generated = None,
            _ => {
                return Err(
                    Trouble::refused(format!("`{}` of ALTER COLUMN", text(&change))).at(place(&change))
                );
            }
        }
        Ok(())
    }

    fn set_type(&mut self, workspace: &Workspace<'_>, column_name: &str, change: &SyntaxNode) -> Outcome<()> {
        let type_node = change
            .children()
            .find(|part| Type::can_cast(part.kind()))
            .ok_or_else(|| Trouble::failed("the type is missing").at(place(change)))?;
        let (ty, _) = column_type(workspace, &type_node)?;
        if let Some(using) = child(change, SyntaxKind::USING_EXPR) {
            let value = expression_of(&using)?;
            if !is_plain_cast(&value, column_name) {
                let rendered = sqlite(&without_parentheses(&value), &Columns::of(&self.old), Some(&ty))?;
                self.using.insert(column_name.to_owned(), rendered);
            }
        }
        let column = column_of(&mut self.shape.table, column_name)?;
        column.ty = ty;
        column.collation = None;
        if let Some(collate) = child(change, SyntaxKind::COLLATE) {
            check_collation(&collate)?;
            column.collation = Some("C".to_owned());
        }
        Ok(())
    }

    fn set_default(&mut self, column_name: &str, change: &SyntaxNode) -> Outcome<()> {
        let value = expression_of(change)?;
        let columns = Columns::of(&self.shape.table);
        let column = column_of(&mut self.shape.table, column_name)?;
        if column.serial && is_nextval(&value) {
            return Ok(());
        }
        let ty = column.ty.clone();
        sqlite(&value, &columns, Some(&ty))?;
        column.default = Some(canonical(&value, &columns, Some(&ty))?);
        Ok(())
    }

    fn no_constraint(&self, wanted: &str) -> Trouble {
        Trouble::failed(format!("`{}` has no constraint `{wanted}`", self.shape.table.name))
    }

    fn drop_constraint(&mut self, action: &SyntaxNode) -> Outcome<()> {
        let gone = constraint_name(action);
        let cascade = child(action, SyntaxKind::CASCADE).is_some();
        if !has_constraint(&self.shape.table, &gone) {
            return if child(action, SyntaxKind::IF_EXISTS).is_some() {
                Ok(())
            } else {
                Err(self.no_constraint(&gone))
            };
        }
        let table = &mut self.shape.table;
        if let Some(key) = table.primary_key.take_if(|key| key.name == gone) {
            self.dropped_keys.push((key.columns, cascade));
        }
        for unique in table.uniques.iter().filter(|unique| unique.name == gone) {
            self.dropped_keys.push((unique.columns.clone(), cascade));
        }
        table.uniques.retain(|unique| unique.name != gone);
        table.checks.retain(|check| check.name != gone);
        table.foreign_keys.retain(|key| key.name != gone);
        Ok(())
    }

    fn rename_constraint(&mut self, action: &SyntaxNode) -> Outcome<()> {
        let from = constraint_name(action);
        let to = names::kept(name_of(action, SyntaxKind::CONSTRAINT_NAME)?);
        let table = &mut self.shape.table;
        if !has_constraint(table, &from) {
            return Err(self.no_constraint(&from));
        }
        if has_constraint(table, &to) {
            return Err(Trouble::failed(format!("`{}` has a constraint `{to}` already", table.name)));
        }
        let key = table.primary_key.iter_mut().map(|key| &mut key.name);
        let uniques = table.uniques.iter_mut().map(|unique| &mut unique.name);
        let checks = table.checks.iter_mut().map(|check| &mut check.name);
        let foreign_keys = table.foreign_keys.iter_mut().map(|key| &mut key.name);
        for name in key.chain(uniques).chain(checks).chain(foreign_keys).filter(|name| **name == from) {
            name.clone_from(&to);
        }
        Ok(())
    }
}

fn constraint_name(action: &SyntaxNode) -> String {
    child(action, SyntaxKind::CONSTRAINT_NAME_REF)
        .and_then(|reference| path_parts(&reference).pop())
        .unwrap_or_default()
}

/// `USING column` and `USING column::type` say what happens anyway.
fn is_plain_cast(value: &SyntaxNode, column: &str) -> bool {
    let mut value = without_parentheses(value);
    while value.kind() == SyntaxKind::CAST_EXPR {
        match expression_of(&value) {
            Ok(inner) => value = without_parentheses(&inner),
            Err(_) => return false,
        }
    }
    value.kind() == SyntaxKind::NAME_REF && name(&value).is_ok_and(|found| found == column)
}
