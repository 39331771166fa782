//! The difference between two catalogues of documents, as operations in an order that works.
//!
//! The order is: renames of collections; indexes away, since a unique one may stand in the way of a rename; renames of
//! fields; conversions; stored values; fields that are filled in; fields that go; new collections; validators;
//! indexes that come or change; collections that go. The changes of documents pass by the validator, so that
//! neither the old nor the new one refuses a document that is on its way.
//!
//! What no declaration can say is never touched: the options of a collection where `to` names none, and views.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use super::lower::{DefaultValue, DocumentRename, Intent};
use super::operation::{DocumentOperation, conversion_target};
use super::path::{FieldPath, PathPart};
use super::shape::{Shape, Shapes, shapes};
use super::{Collection, CollectionIndex, DocumentCatalog, canonical};

/// What the difference cannot lead to.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[non_exhaustive]
pub enum DocumentDiffError {
    /// An option that a collection gets when it is created and keeps.
    #[error("`{option}` of the collection `{collection}` cannot change: it is {from}, and {to} is asked for")]
    #[diagnostic(
        code(schema::collection_option),
        help(
            "create a collection under another name with the option, copy the documents in a migration, and rename it"
        )
    )]
    Option {
        /// The collection.
        collection: String,
        /// The option.
        option: String,
        /// Its value in the database, as JSON.
        from: String,
        /// The value asked for, as JSON.
        to: String,
    },
}

/// Finds the operations that take one catalogue to another.
///
/// A rename counts where its old name stands only in `from` and its new one only in `to`.
///
/// # Errors
///
/// Where a collection would need another option than the one that it was created with.
pub fn diff(
    from: &DocumentCatalog,
    to: &DocumentCatalog,
    intent: &Intent,
) -> Result<Vec<DocumentOperation>, DocumentDiffError> {
    let (mut work, mut to) = (from.clone(), to.clone());
    work.normalize();
    to.normalize();
    let mut phases = Phases::default();
    for rename in &intent.renames {
        let DocumentRename::Collection { from, to: name } = rename else { continue };
        let is_declared = work.collection(from).is_some()
            && work.collection(name).is_none()
            && to.collection(from).is_none()
            && to.collection(name).is_some();
        if is_declared {
            let operation = DocumentOperation::RenameCollection { from: from.clone(), to: name.clone() };
            if let Some(collection) = work.collection_mut(from) {
                collection.name.clone_from(name);
            }
            phases.renamed.push(operation);
        }
    }
    for wanted in &to.collections {
        match work.collection(&wanted.name) {
            Some(standing) => change(standing, wanted, intent, &mut phases)?,
            None => phases.created.push(DocumentOperation::CreateCollection { collection: wanted.clone() }),
        }
    }
    for standing in work.collections.iter().filter(|standing| to.collection(&standing.name).is_none()) {
        phases.dropped.push(DocumentOperation::DropCollection { collection: standing.clone() });
    }
    Ok(phases.in_order())
}

/// The operations, in the order of the module's description.
#[derive(Default)]
struct Phases {
    renamed: Vec<DocumentOperation>,
    indexes_away: Vec<DocumentOperation>,
    documents: Vec<DocumentOperation>,
    created: Vec<DocumentOperation>,
    validators: Vec<DocumentOperation>,
    indexes: Vec<DocumentOperation>,
    dropped: Vec<DocumentOperation>,
}

impl Phases {
    fn in_order(self) -> Vec<DocumentOperation> {
        [
            self.renamed,
            self.indexes_away,
            self.documents,
            self.created,
            self.validators,
            self.indexes,
            self.dropped,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn change(
    standing: &Collection,
    wanted: &Collection,
    intent: &Intent,
    phases: &mut Phases,
) -> Result<(), DocumentDiffError> {
    same_options(standing, wanted)?;
    indexes(standing, wanted, phases);
    let is_same = match (&standing.validator, &wanted.validator) {
        (Some(standing), Some(wanted)) => standing.is_same(wanted),
        (None, None) => true,
        _ => false,
    };
    if is_same {
        return Ok(());
    }
    let mut fields = Fields {
        collection: &wanted.name,
        before: shapes(standing.validator.as_ref()),
        after: shapes(wanted.validator.as_ref()),
        intent,
        operations: Vec::new(),
        cautions: Vec::new(),
    };
    if wanted.validator.is_some() {
        fields.run();
    }
    let (operations, cautions) = (fields.operations, fields.cautions);
    phases.documents.extend(operations);
    phases.validators.push(DocumentOperation::SetValidator {
        collection: wanted.name.clone(),
        from: standing.validator.clone(),
        to: wanted.validator.clone(),
        cautions,
    });
    Ok(())
}

/// A declaration names no options; where some are asked for, they are those that the collection has.
fn same_options(standing: &Collection, wanted: &Collection) -> Result<(), DocumentDiffError> {
    if wanted.options.is_empty() {
        return Ok(());
    }
    let names: BTreeSet<&String> = standing.options.keys().chain(wanted.options.keys()).collect();
    for name in names {
        let (from, to) = (standing.options.get(name), wanted.options.get(name));
        if from.map(canonical) != to.map(canonical) {
            let words = |value: Option<&serde_json::Value>| {
                value.map_or_else(|| "not set".to_owned(), ToString::to_string)
            };
            return Err(DocumentDiffError::Option {
                collection: wanted.name.clone(),
                option: name.clone(),
                from: words(from),
                to: words(to),
            });
        }
    }
    Ok(())
}

fn indexes(standing: &Collection, wanted: &Collection, phases: &mut Phases) {
    let collection = || wanted.name.clone();
    for index in &standing.indexes {
        let stays = wanted
            .index(&index.name)
            .is_some_and(|wanted| index.is_same_but_name(wanted) || index_can_change(index, wanted));
        if !stays {
            let operation = DocumentOperation::DropIndex { collection: collection(), index: index.clone() };
            phases.indexes_away.push(operation);
        }
    }
    for index in &wanted.indexes {
        match standing.index(&index.name) {
            Some(before) if before.is_same_but_name(index) => {}
            Some(before) if index_can_change(before, index) => {
                phases.indexes.push(DocumentOperation::ChangeIndex {
                    collection: collection(),
                    from: before.clone(),
                    to: index.clone(),
                });
            }
            _ => phases
                .indexes
                .push(DocumentOperation::CreateIndex { collection: collection(), index: index.clone() }),
        }
    }
}

/// Whether `collMod` leads from one to the other.
fn index_can_change(from: &CollectionIndex, to: &CollectionIndex) -> bool {
    let changed =
        CollectionIndex { hidden: to.hidden, expire_after_seconds: to.expire_after_seconds, ..from.clone() };
    changed.is_same_but_name(to) && from.expire_after_seconds.is_some() == to.expire_after_seconds.is_some()
}

/// The fields of one collection, before and after.
struct Fields<'a> {
    collection: &'a str,
    /// By the names that stand after the operations found so far.
    before: Shapes,
    after: Shapes,
    intent: &'a Intent,
    operations: Vec<DocumentOperation>,
    cautions: Vec<String>,
}

impl Fields<'_> {
    fn run(&mut self) {
        self.rename();
        self.convert();
        self.rename_values();
        self.fill();
        self.remove();
    }

    fn rename(&mut self) {
        for rename in &self.intent.renames {
            let DocumentRename::Field { collection, within, from, to } = rename else { continue };
            let (old, new) = (within.field(from), within.field(to));
            let is_declared = collection == self.collection
                && self.before.contains_key(&old)
                && !self.before.contains_key(&new)
                && !self.after.contains_key(&old)
                && self.after.contains_key(&new);
            if !is_declared {
                continue;
            }
            self.before = std::mem::take(&mut self.before)
                .into_iter()
                .map(|(path, shape)| (path.moved(&old, &new), shape))
                .collect();
            self.operations.push(DocumentOperation::RenameField {
                collection: collection.clone(),
                within: within.clone(),
                from: from.clone(),
                to: to.clone(),
            });
        }
    }

    fn convert(&mut self) {
        let mut stuck: Vec<FieldPath> = Vec::new();
        for (path, after) in &self.after {
            let Some(before) = self.before.get(path) else { continue };
            let is_narrower = !after.types.is_empty()
                && !before.types.is_empty()
                && !before.types.iter().all(|ty| allows(&after.types, ty));
            if !is_narrower || stuck.iter().any(|outer| path.is_within(outer)) {
                continue;
            }
            if path.parts().first() == Some(&PathPart::Field("_id".into())) {
                stuck.push(path.clone());
                self.cautions.push(format!(
                    "the ids of {} were {} and become {}, and no id can change: copy the documents yourself",
                    self.collection,
                    before.types.join(" or "),
                    after.types.join(" or "),
                ));
            } else if conversion_target(&after.types).is_some()
                && before.types.iter().all(|ty| is_convertible(ty))
            {
                self.operations.push(DocumentOperation::ConvertField {
                    collection: self.collection.to_owned(),
                    path: path.clone(),
                    from: before.types.clone(),
                    to: after.types.clone(),
                });
            } else {
                stuck.push(path.clone());
                self.cautions.push(format!(
                    "{}.{path} was {} and becomes {}: write the conversion of its values yourself",
                    self.collection,
                    before.types.join(" or "),
                    after.types.join(" or "),
                ));
            }
        }
    }

    fn rename_values(&mut self) {
        for rename in &self.intent.renames {
            let DocumentRename::Value { collection, path, from, to } = rename else { continue };
            let holds = |shapes: &Shapes, value: &String| {
                let values = shapes.get(path).and_then(|shape| shape.values.as_ref());
                values.is_some_and(|values| values.contains(value))
            };
            let is_declared = collection == self.collection
                && holds(&self.before, from)
                && !holds(&self.before, to)
                && !holds(&self.after, from)
                && holds(&self.after, to);
            if !is_declared {
                continue;
            }
            if let Some(values) = self.before.get_mut(path).and_then(|shape| shape.values.as_mut()) {
                values.iter_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
            }
            self.operations.push(DocumentOperation::RenameValue {
                collection: collection.clone(),
                path: path.clone(),
                from: from.clone(),
                to: to.clone(),
            });
        }
        for (path, after) in &self.after {
            let before = self.before.get(path).and_then(|shape| shape.values.as_ref());
            if let (Some(before), Some(after)) = (before, &after.values) {
                let gone: Vec<&str> =
                    before.iter().filter(|value| !after.contains(value)).map(String::as_str).collect();
                if !gone.is_empty() {
                    self.cautions.push(format!(
                        "{}.{path} may hold {}, which is no value of it any more",
                        self.collection,
                        gone.join(", ")
                    ));
                }
            }
        }
    }

    fn fill(&mut self) {
        if self.before.is_empty() {
            self.cautions.push(format!(
                "documents of {} were not checked before: those that do not match are refused when they are next written",
                self.collection
            ));
        }
        for (path, after) in &self.after {
            let was_required = self.before.get(path).is_some_and(|before| before.required);
            if path.parts().is_empty() || !after.required || was_required {
                continue;
            }
            // What stands in a struct that is new is written with it.
            let parent = parent(path);
            if !parent.parts().is_empty() && !self.before.is_empty() && !self.before.contains_key(&parent) {
                continue;
            }
            match self.value_for(path, after) {
                Some(value) => self.operations.push(DocumentOperation::FillField {
                    collection: self.collection.to_owned(),
                    path: path.clone(),
                    value,
                }),
                None if self.before.is_empty() => {}
                None => self.cautions.push(format!(
                    "{}.{path} becomes required, and documents without it no longer match: fill it in first, or give it a `default`",
                    self.collection
                )),
            }
        }
    }

    fn value_for(&self, path: &FieldPath, after: &Shape) -> Option<DefaultValue> {
        let default = (self.intent.defaults.iter())
            .find(|default| default.collection == self.collection && default.path == *path);
        match default {
            // One value for the elements of a list would be no UUID for each of them.
            Some(default) if default.value == DefaultValue::Uuid && path.in_list() => None,
            Some(default) => Some(default.value.clone()),
            // What must be there and may be null is asked for with `null`.
            None if after.nullable && !after.types.is_empty() => {
                Some(DefaultValue::Value(serde_json::Value::Null))
            }
            None => None,
        }
    }

    fn remove(&mut self) {
        for path in self.before.keys() {
            let is_field = matches!(path.parts().last(), Some(PathPart::Field(_)));
            if !is_field || self.after.contains_key(path) {
                continue;
            }
            // Where nothing is said about the fields any more, nothing is said against them.
            if self.after.get(&parent(path)).is_some_and(|outer| outer.has_fields) {
                self.operations.push(DocumentOperation::RemoveField {
                    collection: self.collection.to_owned(),
                    path: path.clone(),
                });
            }
        }
    }
}

fn parent(path: &FieldPath) -> FieldPath {
    let mut outer = FieldPath::root();
    for part in &path.parts()[..path.parts().len().saturating_sub(1)] {
        outer = match part {
            PathPart::Field(name) => outer.field(name),
            PathPart::Each => outer.each(),
        };
    }
    outer
}

fn is_convertible(ty: &str) -> bool {
    conversion_target(&[ty.to_owned()]).is_some()
}

/// Whether a type is one of these, or a number where they say so.
fn allows(types: &[String], ty: &str) -> bool {
    const NUMBERS: &[&str] = &["int", "long", "double", "decimal"];
    types.iter().any(|allowed| allowed == ty || (allowed == "number" && NUMBERS.contains(&ty)))
}

#[cfg(test)]
mod tests;
