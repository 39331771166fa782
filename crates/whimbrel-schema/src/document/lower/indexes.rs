//! Indexes under MongoDB's own names, in the form that the server prints.

use serde_json::{Map, Value, json};

use super::super::{CollectionIndex, KeyKind, filter};
use super::schema::BLIND_INDEX_SUFFIX;
use super::{Lowering, stored_name};
use crate::lower::LowerError;
use crate::model::{Field, FieldType, Index, IndexKind, IndexTarget, Scalar, Unique};

impl<'a> Lowering<'a> {
    pub(super) fn indexes(&self) -> Result<Vec<CollectionIndex>, LowerError> {
        let mut indexes = Vec::new();
        for field in &self.model.fields {
            self.of_field(field, &mut indexes)?;
        }
        for index in &self.model.indexes {
            indexes.push(self.of_model(index)?);
        }
        for unique in &self.model.uniques {
            indexes.push(self.unique(unique)?);
        }
        self.distinct(&indexes)?;
        Ok(indexes)
    }

    /// `unique`, `index` and `ttl` on a field make one index where one serves them all.
    fn of_field(&self, field: &'a Field, indexes: &mut Vec<CollectionIndex>) -> Result<(), LowerError> {
        let path = indexed_name(field);
        if field.id {
            let adds = field.unique || field.index.is_some() || field.ttl.is_some();
            if !adds {
                return Ok(());
            }
            return Err(LowerError::NotInDocuments {
                what: format!("the id `{}.{}` has an index of its own already", self.model.name, field.name),
                help: "remove `unique`, `index` and `ttl`".into(),
            });
        }
        let expire_after_seconds = field.ttl.as_deref().map(|ttl| self.seconds(field, ttl)).transpose()?;
        let descending = field.index.as_ref().is_some_and(|index| index.descending);
        let one = |kind: KeyKind| CollectionIndex {
            name: default_name(&[(path.clone(), kind)]),
            keys: vec![(path.clone(), kind)],
            sparse: field.sparse,
            ..CollectionIndex::default()
        };
        let given = field.index.as_ref().and_then(|index| index.name.clone());
        if field.unique && descending {
            indexes.push(CollectionIndex { unique: true, ..one(KeyKind::Ascending) });
        }
        if field.unique || field.index.is_some() || field.ttl.is_some() {
            let mut index = one(if descending { KeyKind::Descending } else { KeyKind::Ascending });
            index.unique = field.unique && !descending;
            index.expire_after_seconds = expire_after_seconds;
            if let Some(name) = given {
                index.name = name;
            }
            indexes.push(index);
        }
        Ok(())
    }

    fn of_model(&self, index: &'a Index) -> Result<CollectionIndex, LowerError> {
        let refused = |what: &str, help: &str| LowerError::NotInDocuments {
            what: format!("an index of `{}` {what}", self.model.name),
            help: help.to_owned(),
        };
        let is_relational = !index.include.is_empty()
            || !index.with.is_empty()
            || index.nulls_not_distinct
            || matches!(index.kind, IndexKind::Method(_))
            || index.keys.iter().any(|key| {
                key.operator_class.is_some() || key.collation.is_some() || key.nulls_first.is_some()
            });
        if is_relational {
            return Err(refused(
                "has options of a table's index",
                "keep `name`, `unique`, `sparse` and `where`",
            ));
        }
        let mut keys = Vec::new();
        let mut weights = Map::new();
        for key in &index.keys {
            let IndexTarget::Field(path) = &key.target else {
                return Err(refused("has an SQL expression", "store the value in a field, and index that"));
            };
            let kind = match index.kind {
                IndexKind::Geo => KeyKind::Sphere,
                IndexKind::Text => KeyKind::Text,
                IndexKind::Hashed => KeyKind::Hashed,
                _ if key.descending => KeyKind::Descending,
                _ => KeyKind::Ascending,
            };
            let stored = self.stored_path(path)?;
            if let Some(weight) = key.weight.filter(|weight| *weight != 1) {
                weights.insert(stored.clone(), json!(weight));
            }
            keys.push((stored, kind));
        }
        let partial_filter = (index.predicate.as_deref())
            .map(|text| {
                filter::partial(text)
                    .map_err(|reason| refused(&reason, "see the operators of partial indexes"))
            })
            .transpose()?;
        let name = index.name.clone().unwrap_or_else(|| default_name(&keys));
        let mut made = CollectionIndex {
            name,
            keys,
            unique: index.unique,
            sparse: index.sparse,
            partial_filter,
            weights,
            ..CollectionIndex::default()
        };
        made.normalize();
        Ok(made)
    }

    fn unique(&self, unique: &'a Unique) -> Result<CollectionIndex, LowerError> {
        let keys = (unique.fields.iter())
            .map(|path| Ok((self.stored_path(path)?, KeyKind::Ascending)))
            .collect::<Result<Vec<_>, LowerError>>()?;
        let name = unique.name.clone().unwrap_or_else(|| default_name(&keys));
        Ok(CollectionIndex { name, keys, unique: true, ..CollectionIndex::default() })
    }

    /// A path of Rust names as the names under which the fields are stored.
    fn stored_path(&self, path: &str) -> Result<String, LowerError> {
        let mut fields: &'a [Field] = &self.model.fields;
        let mut owner = self.model.name.as_str();
        let mut names: Vec<String> = Vec::new();
        let mut parts = path.split('.');
        while let Some(part) = parts.next() {
            let field = fields
                .iter()
                .find(|field| field.name == part)
                .ok_or_else(|| LowerError::UnknownField { model: owner.to_owned(), name: part.to_owned() })?;
            names.push(indexed_name(field));
            let mut ty = &field.ty;
            while let FieldType::List(element) = ty {
                ty = element;
            }
            match ty {
                FieldType::Embedded(name) => {
                    let embedded = self.embedded(name, owner)?;
                    (fields, owner) = (&embedded.fields, &embedded.name);
                }
                // What stands inside is not declared, so that its names are those stored.
                FieldType::Scalar(Scalar::Json | Scalar::GeoPoint) => {
                    names.extend(parts.by_ref().map(str::to_owned));
                }
                _ => fields = &[],
            }
        }
        Ok(names.join("."))
    }

    fn seconds(&self, field: &Field, ttl: &str) -> Result<i64, LowerError> {
        let digits = ttl.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
        let number = digits.parse::<i64>().ok();
        let seconds = number.and_then(|number| match &ttl[digits.len()..] {
            "ms" => (number % 1000 == 0).then_some(number / 1000),
            "s" => Some(number),
            "m" => number.checked_mul(60),
            "h" => number.checked_mul(60 * 60),
            "d" => number.checked_mul(24 * 60 * 60),
            "w" => number.checked_mul(7 * 24 * 60 * 60),
            _ => None,
        });
        // The server refuses more than an int holds.
        seconds.filter(|seconds| *seconds <= i64::from(i32::MAX)).ok_or_else(|| LowerError::NotInDocuments {
            what: format!(
                "`{}.{}` expires after `{ttl}`, which is no number of whole seconds up to 68 years",
                self.model.name, field.name
            ),
            help: "write `ttl = \"30d\"`".into(),
        })
    }

    /// The server refuses two indexes of one name, and takes two with the same keys for one.
    fn distinct(&self, indexes: &[CollectionIndex]) -> Result<(), LowerError> {
        let is_text = |index: &CollectionIndex| index.keys.iter().any(|(_, kind)| *kind == KeyKind::Text);
        for (place, second) in indexes.iter().enumerate() {
            for first in &indexes[..place] {
                let same = if first.name == second.name {
                    "name"
                } else if first.has_identity_of(second) {
                    "keys"
                } else if is_text(first) && is_text(second) {
                    "kind, text, of which a collection has one"
                } else {
                    continue;
                };
                return Err(LowerError::DuplicateIndex {
                    collection: self.model.table.clone(),
                    first: first.name.clone(),
                    second: second.name.clone(),
                    same,
                });
            }
        }
        Ok(())
    }
}

/// What an index over a field reads: of an encrypted one, the keyed hash.
fn indexed_name(field: &Field) -> String {
    match field.encrypted {
        Some(encryption) if encryption.blind_index => format!("{}{BLIND_INDEX_SUFFIX}", stored_name(field)),
        _ => stored_name(field).to_owned(),
    }
}

/// MongoDB's name for an index: `user_id_1_created_at_-1`.
#[must_use]
pub fn default_name(keys: &[(String, KeyKind)]) -> String {
    let parts: Vec<String> = keys.iter().map(|(path, kind)| format!("{path}_{}", kind.name())).collect();
    parts.join("_")
}

impl KeyKind {
    /// What stands in an index's name for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            KeyKind::Ascending => "1",
            KeyKind::Descending => "-1",
            KeyKind::Sphere => "2dsphere",
            KeyKind::Plane => "2d",
            KeyKind::Text => "text",
            KeyKind::Hashed => "hashed",
        }
    }

    /// The kind as a command writes it.
    #[must_use]
    pub fn value(self) -> Value {
        match self {
            KeyKind::Ascending => json!(1),
            KeyKind::Descending => json!(-1),
            other => json!(other.name()),
        }
    }
}
