//! Primary keys, uniques, foreign keys and checks.

use super::{LowerError, Lowering, column_names, field, table_name};
use crate::catalog::{CheckConstraint, ForeignKeyConstraint, PrimaryKey, UniqueConstraint};
use crate::model::{Deferral, Field, Model, ReferentialAction, Storage};
use crate::sql_text::{quote_identifier, quote_literal};

/// What an e-mail address looks like, in the part of regular expressions that PostgreSQL, MongoDB, Rust and JSON Schema
/// (which is ECMAScript's) share; `[:space:]` is none of it.
pub const EMAIL_PATTERN: &str = r"^[^@\s]+@[^@\s]+[.][^@\s]+$";

/// A foreign key before its names are resolved.
struct ForeignKeyParts<'m> {
    fields: &'m [String],
    model: &'m str,
    references: &'m [String],
    on_delete: ReferentialAction,
    on_update: ReferentialAction,
    deferral: Deferral,
    name: Option<&'m String>,
}

impl<'a> Lowering<'a> {
    pub(super) fn primary_key(&mut self, model: &Model) -> Option<PrimaryKey> {
        let columns: Vec<String> = (model.fields.iter())
            .filter(|field| field.id)
            .map(|field| field.column_name().to_owned())
            .collect();
        if columns.is_empty() {
            return None;
        }
        let name = match &model.primary_key_name {
            Some(name) => name.clone(),
            None => self.names.key(&table_name(model), &format!("{}_pkey", model.table)),
        };
        Some(PrimaryKey { name, columns })
    }

    pub(super) fn uniques(&mut self, model: &Model) -> Result<Vec<UniqueConstraint>, LowerError> {
        let table = table_name(model);
        let mut uniques = Vec::new();
        for field in model.fields.iter().filter(|field| field.unique) {
            let column = field.column_name().to_owned();
            uniques.push(UniqueConstraint {
                name: self.names.key(&table, &format!("{}_{column}_key", model.table)),
                columns: vec![column],
                nulls_not_distinct: false,
                deferral: Deferral::NotDeferrable,
                include: Vec::new(),
            });
        }
        for unique in &model.uniques {
            let columns = column_names(model, &unique.fields)?;
            let wanted = || format!("{}_{}_key", model.table, columns.join("_"));
            uniques.push(UniqueConstraint {
                name: unique.name.clone().unwrap_or_else(|| self.names.key(&table, &wanted())),
                columns,
                nulls_not_distinct: unique.nulls_not_distinct,
                deferral: unique.deferral,
                include: column_names(model, &unique.include)?,
            });
        }
        Ok(uniques)
    }

    pub(super) fn foreign_keys(&mut self, model: &Model) -> Result<Vec<ForeignKeyConstraint>, LowerError> {
        let mut keys = Vec::new();
        for field in &model.fields {
            let Some(reference) = &field.references else { continue };
            keys.push(self.foreign_key(
                model,
                &ForeignKeyParts {
                    fields: std::slice::from_ref(&field.name),
                    model: &reference.model,
                    references: std::slice::from_ref(&reference.field),
                    on_delete: reference.on_delete,
                    on_update: reference.on_update,
                    deferral: reference.deferral,
                    name: reference.name.as_ref(),
                },
            )?);
        }
        for key in &model.foreign_keys {
            keys.push(self.foreign_key(
                model,
                &ForeignKeyParts {
                    fields: &key.fields,
                    model: &key.model,
                    references: &key.references,
                    on_delete: key.on_delete,
                    on_update: key.on_update,
                    deferral: key.deferral,
                    name: key.name.as_ref(),
                },
            )?);
        }
        Ok(keys)
    }

    fn foreign_key(
        &mut self,
        model: &Model,
        parts: &ForeignKeyParts<'_>,
    ) -> Result<ForeignKeyConstraint, LowerError> {
        let target = self.model(model, parts.model)?;
        if target.storage != Storage::Table {
            return Err(LowerError::NotATable { model: model.name.clone(), target: target.name.clone() });
        }
        let columns = column_names(model, parts.fields)?;
        let wanted = || format!("{}_{}_fkey", model.table, columns.join("_"));
        let name = match parts.name {
            Some(name) => name.clone(),
            None => self.names.constraint(&table_name(model), &wanted()),
        };
        Ok(ForeignKeyConstraint {
            name,
            columns,
            references: table_name(target),
            referenced_columns: column_names(target, parts.references)?,
            on_delete: parts.on_delete,
            on_update: parts.on_update,
            deferral: parts.deferral,
            not_valid: false,
        })
    }

    pub(super) fn checks(&mut self, model: &'a Model) -> Result<Vec<CheckConstraint>, LowerError> {
        let mut checks = Vec::new();
        for field in &model.fields {
            for (rule, expression) in self.rules(model, field)? {
                let wanted = format!("{}_{}_{rule}_check", model.table, field.column_name());
                let name = self.names.constraint(&table_name(model), &wanted);
                checks.push(CheckConstraint { name, expression, not_valid: false });
            }
        }
        let declared = model.fields.iter().flat_map(|field| &field.checks).chain(&model.checks);
        for check in declared {
            let expression = self.condition(model, &check.condition)?;
            checks.push(CheckConstraint { name: check.name.clone(), expression, not_valid: false });
        }
        Ok(checks)
    }

    /// The field's rules as conditions; those of `input(…)` hold for input only.
    fn rules(&self, model: &'a Model, declared: &Field) -> Result<Vec<(&'static str, String)>, LowerError> {
        let rules = &declared.rules;
        let column = quote_identifier(field(model, &declared.name)?.column_name());
        let path = std::slice::from_ref(&declared.name);
        let mut conditions = Vec::new();
        if let Some(length) = rules.min_len {
            conditions.push(("min_len", format!("{} >= {length}", self.length(model, path)?)));
        }
        if let Some(length) = rules.len {
            conditions.push(("len", format!("{} <= {length}", self.length(model, path)?)));
        }
        if let Some(pattern) = &rules.pattern {
            conditions.push(("pattern", format!("{column} ~ {}", quote_literal(pattern))));
        }
        if rules.email {
            conditions.push(("email", format!("{column} ~ {}", quote_literal(EMAIL_PATTERN))));
        }
        if let Some(least) = &rules.min {
            conditions.push(("min", format!("{column} >= {}", least.replace('_', ""))));
        }
        if let Some(most) = &rules.max {
            conditions.push(("max", format!("{column} <= {}", most.replace('_', ""))));
        }
        Ok(conditions)
    }
}
