//! Indexes that belong to no constraint.

use super::{LowerError, Lowering, column_names, sorted, table_name};
use crate::catalog::{IndexDefinition, IndexPart, IndexPartTarget, QualifiedName};
use crate::model::{FieldType, Index, IndexKey, IndexKind, IndexTarget, Model, Scalar};
use crate::sql_text::quote_identifier;

/// The method where the declaration names none.
const ORDERED: &str = "btree";

impl<'a> Lowering<'a> {
    pub(super) fn indexes(&mut self, model: &'a Model) -> Result<Vec<IndexDefinition>, LowerError> {
        let table = table_name(model);
        let mut indexes = Vec::new();
        for field in &model.fields {
            let Some(index) = &field.index else { continue };
            let column = field.column_name().to_owned();
            let predicate = field.sparse.then(|| format!("{} IS NOT NULL", quote_identifier(&column)));
            let name = self.index_name(&table, index.name.as_ref(), std::slice::from_ref(&column));
            let part = IndexPart {
                target: IndexPartTarget::Column(column),
                descending: index.descending,
                nulls_first: index.descending,
                operator_class: None,
                collation: None,
            };
            indexes.push(IndexDefinition { predicate, ..plain_index(name, ORDERED, vec![part]) });
        }
        for index in &model.indexes {
            indexes.push(self.index(model, index)?);
        }
        Ok(indexes)
    }

    fn index(&mut self, model: &'a Model, index: &Index) -> Result<IndexDefinition, LowerError> {
        let (method, keys) = match &index.kind {
            IndexKind::Ordered => (ORDERED, self.parts(model, index, ORDERED)?),
            IndexKind::Hashed => ("hash", self.parts(model, index, "hash")?),
            IndexKind::Method(method) => (method.as_str(), self.parts(model, index, method)?),
            IndexKind::Geo => ("gist", self.positions(model, index)?),
            IndexKind::Text => ("gin", vec![self.words(model, index)?]),
        };
        let named_for = self.name_parts(model, &index.keys)?;
        Ok(IndexDefinition {
            unique: index.unique,
            nulls_not_distinct: index.nulls_not_distinct,
            predicate: self.predicate(model, index)?,
            include: column_names(model, &index.include)?,
            with: sorted(&index.with),
            ..plain_index(self.index_name(&table_name(model), index.name.as_ref(), &named_for), method, keys)
        })
    }

    fn index_name(&mut self, table: &QualifiedName, given: Option<&String>, parts: &[String]) -> String {
        match given {
            Some(name) => name.clone(),
            None => self.names.index(table, &format!("idx_{}_{}", table.name, parts.join("_"))),
        }
    }

    fn parts(&self, model: &'a Model, index: &Index, method: &str) -> Result<Vec<IndexPart>, LowerError> {
        let is_ordered = method == ORDERED;
        index
            .keys
            .iter()
            .map(|key| {
                Ok(IndexPart {
                    target: self.target(model, key)?,
                    descending: key.descending,
                    nulls_first: is_ordered && key.nulls_first.unwrap_or(key.descending),
                    operator_class: key.operator_class.clone(),
                    collation: key.collation.clone(),
                })
            })
            .collect()
    }

    fn target(&self, model: &'a Model, key: &IndexKey) -> Result<IndexPartTarget, LowerError> {
        Ok(match &key.target {
            IndexTarget::Sql(sql) => IndexPartTarget::Expression(sql.clone()),
            IndexTarget::Field(path) => {
                let place = self.place(model, &path.split('.').collect::<Vec<_>>())?;
                match place.column_name() {
                    Some(column) => IndexPartTarget::Column(column.to_owned()),
                    None => IndexPartTarget::Expression(place.text_sql()),
                }
            }
        })
    }

    fn positions(&self, model: &'a Model, index: &Index) -> Result<Vec<IndexPart>, LowerError> {
        for key in &index.keys {
            let IndexTarget::Field(path) = &key.target else { continue };
            let place = self.place(model, &path.split('.').collect::<Vec<_>>())?;
            if place.column_name().is_none() || *place.ty() != FieldType::Scalar(Scalar::GeoPoint) {
                return Err(LowerError::NotAGeoPoint { model: model.name.clone(), field: path.clone() });
            }
        }
        self.parts(model, index, "gist")
    }

    /// One key over the words of every field.
    fn words(&self, model: &'a Model, index: &Index) -> Result<IndexPart, LowerError> {
        let texts = index
            .keys
            .iter()
            .map(|key| {
                let text = match &key.target {
                    IndexTarget::Sql(sql) => format!("({sql})"),
                    IndexTarget::Field(path) => {
                        self.place(model, &path.split('.').collect::<Vec<_>>())?.text_sql()
                    }
                };
                Ok(format!("coalesce({text}, '')"))
            })
            .collect::<Result<Vec<_>, LowerError>>()?;
        Ok(IndexPart {
            target: IndexPartTarget::Expression(format!(
                "to_tsvector('simple', {})",
                texts.join(" || ' ' || ")
            )),
            descending: false,
            nulls_first: false,
            operator_class: None,
            collation: None,
        })
    }

    /// Sparse leaves out the rows that hold none of the columns.
    fn predicate(&self, model: &'a Model, index: &Index) -> Result<Option<String>, LowerError> {
        if !index.sparse {
            return Ok(index.predicate.clone());
        }
        let mut present = Vec::new();
        for key in &index.keys {
            present.push(match self.target(model, key)? {
                IndexPartTarget::Column(column) => format!("{} IS NOT NULL", quote_identifier(&column)),
                IndexPartTarget::Expression(sql) => format!("({sql}) IS NOT NULL"),
            });
        }
        let present = present.join(" OR ");
        Ok(Some(match &index.predicate {
            None => present,
            Some(predicate) => format!("({predicate}) AND ({present})"),
        }))
    }

    /// What an index is named for, one part a key.
    fn name_parts(&self, model: &'a Model, keys: &[IndexKey]) -> Result<Vec<String>, LowerError> {
        keys.iter()
            .map(|key| {
                Ok(match (self.target(model, key)?, &key.target) {
                    (IndexPartTarget::Column(column), _) => column,
                    (IndexPartTarget::Expression(_), IndexTarget::Field(path)) => path.replace('.', "_"),
                    (IndexPartTarget::Expression(_), IndexTarget::Sql(_)) => "expr".to_owned(),
                })
            })
            .collect()
    }
}

fn plain_index(name: String, method: &str, keys: Vec<IndexPart>) -> IndexDefinition {
    IndexDefinition {
        name,
        method: method.to_owned(),
        keys,
        unique: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    }
}
