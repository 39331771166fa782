//! An index as it is defined, whatever the data model.

use bson::{Bson, Document, doc};
use serde_json::Value;
use whimbrel_schema::catalog::IndexDefinition;
use whimbrel_schema::ddl;
use whimbrel_schema::document::{CollectionIndex, KeyKind};

use crate::error::{LifecycleError, Result};

/// An index of either data model.
#[derive(Clone, Debug)]
pub(crate) enum Definition {
    /// Of a table.
    Relational(IndexDefinition),
    /// Of a collection.
    Document(CollectionIndex),
}

impl Definition {
    /// Of a collection, in the normal form.
    pub(crate) fn of_collection(index: &CollectionIndex) -> Self {
        let mut index = index.clone();
        index.normalize();
        Definition::Document(index)
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            Definition::Relational(index) => &index.name,
            Definition::Document(index) => &index.name,
        }
    }

    /// Whether its build failed and it answers nothing.
    pub(crate) fn is_invalid(&self) -> bool {
        matches!(self, Definition::Relational(index) if index.invalid)
    }

    /// Whether the planner does not see it.
    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self, Definition::Document(index) if index.hidden)
    }

    /// Whether both are defined alike: their names, their validity and whether they are hidden say nothing.
    pub(crate) fn is_alike(&self, other: &Definition) -> bool {
        match (self, other) {
            (Definition::Relational(one), Definition::Relational(other)) => {
                let other = IndexDefinition { name: one.name.clone(), invalid: one.invalid, ..other.clone() };
                *one == other
            }
            (Definition::Document(one), Definition::Document(other)) => {
                one.is_same_but_name(&CollectionIndex { hidden: one.hidden, ..other.clone() })
            }
            _ => false,
        }
    }

    /// In one line: `(user_id, created_at DESC) unique WHERE …`, `{"profile.city":1} sparse`.
    pub(crate) fn words(&self) -> String {
        match self {
            Definition::Relational(index) => {
                let unique = if index.unique { "unique " } else { "" };
                format!("{unique}{}", ddl::index_parts(index))
            }
            Definition::Document(index) => {
                let mut options = index.option_document();
                options.shift_remove("name");
                options.shift_remove("hidden");
                let keys = Value::Object(index.key_document());
                if options.is_empty() {
                    keys.to_string()
                } else {
                    format!("{keys} {}", Value::Object(options))
                }
            }
        }
    }
}

/// Whether a collection's index is over words; a collection has one at most.
pub(crate) fn is_text(index: &CollectionIndex) -> bool {
    index.keys.iter().any(|(_, kind)| *kind == KeyKind::Text)
}

/// The command that builds an index of a collection.
///
/// # Errors
/// A value of its filter or options is none of BSON's.
pub(crate) fn create_command(collection: &str, index: &CollectionIndex) -> Result<Document> {
    let document = |map: serde_json::Map<String, Value>| {
        Document::try_from(map).map_err(|error| LifecycleError::IndexOption {
            index: index.name.clone(),
            reason: error.to_string(),
        })
    };
    let mut stored = doc! { "key": document(index.key_document())? };
    stored.extend(document(index.option_document())?);
    Ok(doc! { "createIndexes": collection, "indexes": [Bson::Document(stored)] })
}

/// The command that changes how an index of a collection is treated.
pub(crate) fn change_command(collection: &str, index: &str, field: &str, value: impl Into<Bson>) -> Document {
    let mut change = doc! { "name": index };
    change.insert(field, value);
    doc! { "collMod": collection, "index": change }
}

/// A command as the shell takes it.
pub(crate) fn shell_words(command: &Document) -> String {
    let json = |value: &Bson| value.clone().into_relaxed_extjson().to_string();
    let indexes =
        command.get_array("indexes").ok().and_then(|indexes| indexes.first()).and_then(Bson::as_document);
    if let (Ok(collection), Some(index)) = (command.get_str("createIndexes"), indexes) {
        let mut options = index.clone();
        let keys = options.remove("key").unwrap_or(Bson::Null);
        let collection = serde_json::Value::from(collection);
        return format!(
            "db.getCollection({collection}).createIndex({}, {})",
            json(&keys),
            json(&Bson::Document(options))
        );
    }
    if let (Ok(collection), Some(index)) = (command.get_str("dropIndexes"), command.get("index")) {
        let collection = serde_json::Value::from(collection);
        return format!("db.getCollection({collection}).dropIndex({})", json(index));
    }
    format!("db.runCommand({})", json(&Bson::Document(command.clone())))
}
