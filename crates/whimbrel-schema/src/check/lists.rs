//! Indexes, unique constraints, cache keys and shard keys: fields that exist, options that fit.

use std::collections::HashSet;

use super::{At, Finding, Known, List, Part, is_relational};
use crate::grammar::{self, DataModels, Place};
use crate::model::{FieldType, Index, IndexKind, IndexTarget, Model, Scalar, Storage};

const FIT: &str = "schema::attribute_fit";
const FIELD: &str = "schema::unknown_field";

pub(super) fn check(known: &Known<'_>, found: &mut Vec<Finding>) {
    for (index, model) in known.schema.models.iter().enumerate() {
        let rule = Rule { known, model, index };
        for (number, declared) in model.indexes.iter().enumerate() {
            rule.index(number, declared, found);
        }
        rule.one_text_index(found);
        for (number, unique) in model.uniques.iter().enumerate() {
            let paths = unique.fields.iter().chain(&unique.include);
            rule.paths(List::Unique, number, paths.map(String::as_str), found);
            rule.repeated(List::Unique, number, unique.fields.iter().map(String::as_str), found);
        }
        if let Some(cache) = &model.cache {
            rule.paths(List::Cache, 0, cache.by.iter().map(String::as_str), found);
        }
        rule.paths(List::ShardKey, 0, model.shard_key.iter().map(String::as_str), found);
    }
}

/// One model and its place in the schema.
struct Rule<'a, 'k> {
    known: &'k Known<'a>,
    model: &'a Model,
    index: usize,
}

impl<'a> Rule<'a, '_> {
    fn at(&self, part: Part) -> At {
        At::model(self.index, part)
    }

    /// Every path leads to a field.
    fn paths<'p>(
        &self,
        list: List,
        number: usize,
        paths: impl Iterator<Item = &'p str>,
        found: &mut Vec<Finding>,
    ) {
        for (item, path) in paths.enumerate() {
            if let Err((part, near)) = self.known.path(self.model, path.split('.')) {
                let at = self.at(Part::ListItem(list, number, item));
                found.push(unknown_field(at, &self.model.name, path, &part, &near));
            }
        }
    }

    fn repeated<'p>(
        &self,
        list: List,
        number: usize,
        paths: impl Iterator<Item = &'p str>,
        found: &mut Vec<Finding>,
    ) {
        let mut seen = HashSet::new();
        for (item, path) in paths.enumerate() {
            if !seen.insert(path) {
                let at = self.at(Part::ListItem(list, number, item));
                found.push(
                    Finding::new(at, FIT, format!("`{path}` is named twice"))
                        .label("named before")
                        .help("name it once"),
                );
            }
        }
    }

    fn index(&self, number: usize, index: &Index, found: &mut Vec<Finding>) {
        let whole = self.at(Part::List(List::Index, number));
        for (item, key) in index.keys.iter().enumerate() {
            let at = self.at(Part::ListItem(List::Index, number, item));
            let IndexTarget::Field(path) = &key.target else {
                if !is_relational(self.model) {
                    found.push(
                        Finding::new(
                            at,
                            FIT,
                            format!("an expression cannot be indexed in `{}`", self.model.name),
                        )
                        .label("tables only")
                        .help("store the value in a field of its own, and index that"),
                    );
                }
                continue;
            };
            match self.known.path(self.model, path.split('.')) {
                Err((part, near)) => found.push(unknown_field(at, &self.model.name, path, &part, &near)),
                Ok(field) => found.extend(key_fits(at, &index.kind, path, &field.ty)),
            }
        }
        let keys = index.keys.iter().filter_map(|key| match &key.target {
            IndexTarget::Field(path) => Some(path.as_str()),
            IndexTarget::Sql(_) => None,
        });
        self.repeated(List::Index, number, keys, found);
        for (item, path) in index.include.iter().enumerate() {
            if let Err((part, near)) = self.known.path(self.model, path.split('.')) {
                let at = self.at(Part::ListItem(List::Index, number, index.keys.len() + item));
                found.push(unknown_field(at, &self.model.name, path, &part, &near));
            }
        }
        self.index_options(whole, index, found);
    }

    fn index_options(&self, at: At, index: &Index, found: &mut Vec<Finding>) {
        let name = &self.model.name;
        let relational = is_relational(self.model);
        let mut add = |message: String, help: &str| {
            found.push(Finding::new(at, FIT, message).label("does not fit").help(help));
        };
        let method = matches!(index.kind, IndexKind::Method(_));
        let keyed = |test: fn(&crate::model::IndexKey) -> bool| index.keys.iter().any(test);
        for (option, given) in [
            ("using", method),
            ("nulls_not_distinct", index.nulls_not_distinct),
            ("include", !index.include.is_empty()),
            ("with", !index.with.is_empty()),
        ] {
            let row = grammar::find(Place::Index, option).expect("the names above are rows of the grammar");
            if given && row.models == DataModels::Relational && !relational {
                add(format!("`{option}` on an index of `{name}` is for tables only"), "remove it");
            }
        }
        if !relational
            && keyed(|key| {
                key.operator_class.is_some() || key.collation.is_some() || key.nulls_first.is_some()
            })
        {
            add(
                format!("`ops`, `collate` and `nulls_first` on an index of `{name}` are for tables only"),
                "remove them: a collection orders missing values first",
            );
        }
        if relational && index.kind == IndexKind::Hashed {
            add(
                format!("`hashed` on `{name}` is for collections only"),
                "write `index(field, using = hash)`",
            );
        }
        if index.kind == IndexKind::Hashed && index.keys.len() != 1 {
            add(format!("a hashed index of `{name}` has one key"), "write one `hashed(field)` for each");
        }
        if index.unique && matches!(index.kind, IndexKind::Text | IndexKind::Geo | IndexKind::Hashed) {
            add(format!("such an index of `{name}` cannot be unique"), "write `unique(field)` beside it");
        }
        if index.nulls_not_distinct && !index.unique {
            add(
                format!("`nulls_not_distinct` on an index of `{name}` needs `unique`"),
                "add `unique`, or remove it",
            );
        }
        if let (Some(predicate), false) = (&index.predicate, relational)
            && let Err(reason) = crate::document::filter::partial(predicate)
        {
            add(
                format!("the condition of an index of `{name}` {reason}"),
                r#"write it as JSON: {"field": {"$exists": true}}"#,
            );
        }
        if !relational && index.sparse && index.predicate.is_some() {
            add(
                format!("an index of `{name}` has both `sparse` and `where`"),
                r#"remove `sparse` and say it in the filter: {"field": {"$exists": true}}"#,
            );
        }
        if let Storage::View { materialized: false, .. } = self.model.storage {
            add(
                format!("the view `{name}` cannot have an index"),
                "say `materialized`, or index the table it reads",
            );
        }
    }

    fn one_text_index(&self, found: &mut Vec<Finding>) {
        if is_relational(self.model) {
            return;
        }
        let mut texts =
            self.model.indexes.iter().enumerate().filter(|(_, index)| index.kind == IndexKind::Text);
        if let Some((number, _)) = texts.nth(1) {
            found.push(
                Finding::new(
                    self.at(Part::List(List::Index, number)),
                    FIT,
                    format!("`{}` has a second text index", self.model.name),
                )
                .label("a collection has one")
                .help("name all fields in one `text(…)`"),
            );
        }
    }
}

fn key_fits(at: At, kind: &IndexKind, path: &str, ty: &FieldType) -> Option<Finding> {
    let element = match ty {
        FieldType::List(element) => element.as_ref(),
        other => other,
    };
    let (word, fits, help) = match kind {
        IndexKind::Geo => (
            "geo",
            matches!(
                element,
                FieldType::Scalar(Scalar::GeoPoint | Scalar::Json | Scalar::F64) | FieldType::Embedded(_)
            ),
            "it fits GeoPoint, and embedded structs or Json in GeoJSON's form",
        ),
        IndexKind::Text => (
            "text",
            matches!(element, FieldType::Scalar(Scalar::String | Scalar::Json) | FieldType::Embedded(_)),
            "it fits String",
        ),
        _ => return None,
    };
    if fits {
        return None;
    }
    Some(Finding::new(at, FIT, format!("`{word}` does not fit `{path}`")).label("does not fit").help(help))
}

/// A path that leads nowhere, with the nearest name.
pub(super) fn unknown_field(at: At, owner: &str, path: &str, part: &str, near: &[&str]) -> Finding {
    let message = if part == path {
        format!("`{owner}` has no field `{path}`")
    } else {
        format!("`{path}` leads to no field of `{owner}`: there is no `{part}`")
    };
    let help = match grammar::nearest(part, near.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if near.is_empty() => "the field before it has no fields of its own".into(),
        None => format!("its fields are {}", near.join(", ")),
    };
    Finding::new(at, FIELD, message).label("not known").help(help)
}
