//! Indexes in the simplest words that say them.

use serde_json::Value;

use super::super::lower::default_name;
use super::super::{Collection, CollectionIndex, KeyKind, filter};
use super::{Names, Raising};
use crate::model::{
    Deferral, Field, FieldIndex, FieldType, Index, IndexKey, IndexKind, IndexTarget, Model, Scalar, Unique,
};

impl CollectionIndex {
    /// Whether a declaration can say the index; one that it cannot stays unmanaged.
    #[must_use]
    pub fn is_declarable(&self) -> bool {
        let all = |kind: KeyKind| self.keys.iter().all(|(_, other)| *other == kind);
        let is_ordered =
            self.keys.iter().all(|(_, kind)| matches!(kind, KeyKind::Ascending | KeyKind::Descending));
        let is_one_kind = is_ordered
            || all(KeyKind::Sphere)
            || all(KeyKind::Text)
            || (all(KeyKind::Hashed) && self.keys.len() == 1);
        let is_plain_key = |path: &String| {
            path != "_id" && path.split('.').all(|part| !part.is_empty() && !part.starts_with('$'))
        };
        let has_filter = |filter: &Value| !self.sparse && filter::partial(&filter.to_string()).is_ok();
        is_one_kind
            && !self.keys.is_empty()
            && self.keys.iter().all(|(path, _)| is_plain_key(path))
            && !self.hidden
            && self.collation.is_none()
            && self.options.is_empty()
            && (is_ordered || !self.unique)
            && self.partial_filter.as_ref().is_none_or(has_filter)
            && (self.expire_after_seconds.is_none()
                || (self.keys.len() == 1
                    && !self.keys[0].0.contains('.')
                    && self.partial_filter.is_none()
                    && !(self.unique && self.keys[0].1 == KeyKind::Descending)))
    }
}

impl Raising {
    pub(super) fn indexes(&mut self, collection: &Collection, model: &mut Model, names: &mut Names) {
        let mut indexes: Vec<&CollectionIndex> = collection.indexes.iter().collect();
        // Only a field can say when documents expire, so that those come first.
        indexes.sort_by_key(|index| index.expire_after_seconds.is_none());
        for index in indexes {
            if !index.is_declarable() {
                self.note_unmanaged(collection, index);
                continue;
            }
            let paths: Vec<String> =
                index.keys.iter().map(|(stored, _)| self.rust_path(model, names, stored)).collect();
            if !on_field(index, &paths, model) {
                if index.expire_after_seconds.is_some() {
                    self.note_unmanaged(collection, index);
                } else {
                    on_model(index, &paths, model);
                }
            }
        }
    }

    fn note_unmanaged(&mut self, collection: &Collection, index: &CollectionIndex) {
        self.notes.push(format!("the index `{}` of `{}` stays unmanaged", index.name, collection.name));
    }

    /// The path by Rust names; what no field leads to becomes a field of any type.
    fn rust_path(&mut self, model: &mut Model, names: &mut Names, stored: &str) -> String {
        let parts: Vec<&str> = stored.split('.').collect();
        if !model.fields.iter().any(|field| super::super::lower::stored_name(field) == parts[0]) {
            let mut field = names.field(parts[0], FieldType::Scalar(Scalar::Json));
            field.optional = true;
            field.doc = Some("Known from an index only.".into());
            model.fields.push(field);
        }
        let mut path = Vec::new();
        let mut rest = parts.as_slice();
        let mut inner: Option<usize> = None;
        while let [part, after @ ..] = rest {
            let fields = match inner {
                None => &mut model.fields,
                Some(place) => &mut self.schema.embedded[place].fields,
            };
            let found = fields.iter().position(|field| super::super::lower::stored_name(field) == *part);
            let place = found.unwrap_or_else(|| {
                let mut taken = Names::new();
                for field in fields.iter() {
                    taken.0.field(&field.name);
                }
                let mut field = taken.field(part, FieldType::Scalar(Scalar::Json));
                field.optional = true;
                field.doc = Some("Known from an index only.".into());
                fields.push(field);
                fields.len() - 1
            });
            let field = &fields[place];
            path.push(field.name.clone());
            let ty = match &field.ty {
                FieldType::List(element) => element.as_ref().clone(),
                other => other.clone(),
            };
            rest = after;
            match ty {
                FieldType::Embedded(name) => {
                    inner = self.schema.embedded.iter().position(|embedded| embedded.name == name);
                }
                FieldType::Scalar(Scalar::Json | Scalar::GeoPoint) => {
                    path.extend(rest.iter().map(|part| (*part).to_owned()));
                    break;
                }
                _ if !rest.is_empty() => {
                    // A field of a value that has none: only JSON can hold it.
                    fields[place].ty = FieldType::Scalar(Scalar::Json);
                    path.extend(rest.iter().map(|part| (*part).to_owned()));
                    break;
                }
                _ => {}
            }
        }
        path.join(".")
    }
}

/// Says the index on its field, where the field says nothing of the kind yet.
fn on_field(index: &CollectionIndex, paths: &[String], model: &mut Model) -> bool {
    let ([path], [(_, kind)]) = (paths, index.keys.as_slice()) else { return false };
    let is_ordered = matches!(kind, KeyKind::Ascending | KeyKind::Descending);
    if !is_ordered || index.partial_filter.is_some() {
        return false;
    }
    let descending = *kind == KeyKind::Descending;
    let is_free = |field: &&mut Field| {
        let says_nothing = !field.unique && field.index.is_none() && field.ttl.is_none();
        let fits = index.expire_after_seconds.is_none() || field.ty == FieldType::Scalar(Scalar::Timestamp);
        field.name == *path && !field.id && says_nothing && fits && !(index.unique && descending)
    };
    let Some(field) = model.fields.iter_mut().find(is_free) else { return false };
    let name = (index.name != default_name(&index.keys)).then(|| index.name.clone());
    field.unique = index.unique;
    field.sparse = index.sparse;
    field.ttl = index.expire_after_seconds.map(duration);
    let is_said = field.unique || (field.ttl.is_some() && !field.sparse);
    if !is_said || descending || name.is_some() {
        field.index = Some(FieldIndex { descending, name });
    }
    true
}

fn on_model(index: &CollectionIndex, paths: &[String], model: &mut Model) {
    let name = (index.name != default_name(&index.keys)).then(|| index.name.clone());
    let is_constraint = index.unique
        && !index.sparse
        && index.partial_filter.is_none()
        && index.keys.iter().all(|(_, kind)| *kind == KeyKind::Ascending);
    if is_constraint {
        model.uniques.push(Unique {
            fields: paths.to_vec(),
            name,
            nulls_not_distinct: false,
            deferral: Deferral::default(),
            include: Vec::new(),
        });
        return;
    }
    let kind = match index.keys[0].1 {
        KeyKind::Sphere => IndexKind::Geo,
        KeyKind::Text => IndexKind::Text,
        KeyKind::Hashed => IndexKind::Hashed,
        _ => IndexKind::Ordered,
    };
    let keys = paths
        .iter()
        .zip(&index.keys)
        .map(|(path, (stored, kind))| IndexKey {
            target: IndexTarget::Field(path.clone()),
            descending: *kind == KeyKind::Descending,
            nulls_first: None,
            operator_class: None,
            collation: None,
            weight: index
                .weights
                .get(stored)
                .and_then(Value::as_u64)
                .and_then(|weight| u32::try_from(weight).ok()),
        })
        .collect();
    model.indexes.push(Index {
        name,
        kind,
        keys,
        unique: index.unique,
        sparse: index.sparse,
        nulls_not_distinct: false,
        predicate: index.partial_filter.as_ref().map(Value::to_string),
        include: Vec::new(),
        with: Vec::new(),
    });
}

/// Seconds in the largest unit that they are a whole number of.
fn duration(seconds: i64) -> String {
    for (unit, length) in [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60)] {
        if seconds > 0 && seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}
