//! One change to what stands in a document database, as a value.
//!
//! An operation carries everything that is needed to write it, to undo it and to tell about it.
//! [`DocumentOperation::apply`] carries it out on a catalogue in memory, so that a plan is checked before any
//! database sees it; a change of documents leaves a catalogue as it is.

use miette::Diagnostic;
use thiserror::Error;

use super::lower::DefaultValue;
use super::path::FieldPath;
use super::{Collection, CollectionIndex, DocumentCatalog, ValidationAction, ValidationLevel, Validator};

/// A typed change. Fields named `from` hold the state before, `to` the state after.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DocumentOperation {
    /// Renames a collection, whose indexes and validator go with it.
    RenameCollection {
        /// Its name before.
        from: String,
        /// Its name after.
        to: String,
    },
    /// Renames a field in every document.
    RenameField {
        /// The collection.
        collection: String,
        /// What holds the field; the document itself where the path is empty.
        within: FieldPath,
        /// The field's name before.
        from: String,
        /// The field's name after.
        to: String,
    },
    /// Converts a field's values to another type; a value that does not convert stops it before anything is written.
    ConvertField {
        /// The collection.
        collection: String,
        /// The field, or the elements of a list.
        path: FieldPath,
        /// The BSON types before.
        from: Vec<String>,
        /// The BSON types after.
        to: Vec<String>,
    },
    /// Replaces a stored value of an enumeration.
    RenameValue {
        /// The collection.
        collection: String,
        /// The field, or the elements of a list.
        path: FieldPath,
        /// The value before.
        from: String,
        /// The value after.
        to: String,
    },
    /// Gives a field to the documents that do not have it.
    FillField {
        /// The collection.
        collection: String,
        /// The field.
        path: FieldPath,
        /// Its value.
        value: DefaultValue,
    },
    /// Removes a field from every document; its values are lost.
    RemoveField {
        /// The collection.
        collection: String,
        /// The field.
        path: FieldPath,
    },
    /// Creates a collection with its options, validator and indexes.
    CreateCollection {
        /// The collection.
        collection: Collection,
    },
    /// Drops a collection; its documents are lost.
    DropCollection {
        /// The collection as it stood.
        collection: Collection,
    },
    /// Sets, changes or removes the validator of a collection.
    SetValidator {
        /// The collection's name.
        collection: String,
        /// The validator before.
        from: Option<Validator>,
        /// The validator after.
        to: Option<Validator>,
        /// What documents may hold that no operation puts right, in plain words.
        cautions: Vec<String>,
    },
    /// Creates an index.
    CreateIndex {
        /// The collection's name.
        collection: String,
        /// The index.
        index: CollectionIndex,
    },
    /// Drops an index.
    DropIndex {
        /// The collection's name.
        collection: String,
        /// The index as it stood.
        index: CollectionIndex,
    },
    /// Changes what `collMod` can change of an index: whether it is hidden, and when documents expire.
    ChangeIndex {
        /// The collection's name.
        collection: String,
        /// The index before.
        from: CollectionIndex,
        /// The index after, under the same name.
        to: CollectionIndex,
    },
}

/// An operation does not fit the catalogue that it is carried out on.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[error("an operation that {operation} does not fit: {reason}")]
#[diagnostic(
    code(schema::document_operation),
    help("the catalogue is not the one that the plan was made for: run `whimbrel migrate check`")
)]
pub struct DocumentApplyError {
    /// What the operation does.
    pub operation: String,
    /// Why it cannot.
    pub reason: String,
}

impl DocumentOperation {
    /// The collection that the operation works on, by the name it has before the operation.
    #[must_use]
    pub fn collection(&self) -> &str {
        match self {
            Self::RenameCollection { from, .. } => from,
            Self::CreateCollection { collection } | Self::DropCollection { collection } => &collection.name,
            Self::RenameField { collection, .. }
            | Self::ConvertField { collection, .. }
            | Self::RenameValue { collection, .. }
            | Self::FillField { collection, .. }
            | Self::RemoveField { collection, .. }
            | Self::SetValidator { collection, .. }
            | Self::CreateIndex { collection, .. }
            | Self::DropIndex { collection, .. }
            | Self::ChangeIndex { collection, .. } => collection,
        }
    }

    /// Whether rolling back brings everything back.
    #[must_use]
    pub fn is_reversible(&self) -> bool {
        !self.loses_data()
    }

    /// Whether values go that nothing brings back.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        matches!(self, Self::DropCollection { .. } | Self::RemoveField { .. })
    }

    /// Whether it writes documents, in batches.
    #[must_use]
    pub fn writes_documents(&self) -> bool {
        matches!(
            self,
            Self::RenameField { .. }
                | Self::ConvertField { .. }
                | Self::RenameValue { .. }
                | Self::FillField { .. }
                | Self::RemoveField { .. }
        )
    }

    /// What the operation does, in plain words ("renames field users.tel to phone").
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Self::RenameCollection { from, to } => format!("renames collection {from} to {to}"),
            Self::RenameField { collection, within, from, to } => {
                format!("renames field {collection}.{} to {to}", within.field(from))
            }
            Self::ConvertField { collection, path, from, to } => format!(
                "converts field {collection}.{path} from {} to {}",
                from.join(" or "),
                conversion_target(to).unwrap_or("another type")
            ),
            Self::RenameValue { collection, path, from, to } => {
                format!("replaces value {from} of field {collection}.{path} by {to}")
            }
            Self::FillField { collection, path, value } => {
                let value = match value {
                    DefaultValue::Value(value) => value.to_string(),
                    DefaultValue::Now => "the time".into(),
                    DefaultValue::Uuid => "a new UUID for each document".into(),
                };
                format!("fills field {collection}.{path} with {value} where it is missing")
            }
            Self::RemoveField { collection, path } => format!("removes field {collection}.{path}"),
            Self::CreateCollection { collection } => format!("creates collection {}", collection.name),
            Self::DropCollection { collection } => format!("drops collection {}", collection.name),
            Self::SetValidator { collection, from, to, .. } => {
                validator_words(collection, from.as_ref(), to.as_ref())
            }
            Self::CreateIndex { collection, index } => {
                let unique = if index.unique { "unique index" } else { "index" };
                format!("creates {unique} {} on {collection}", index.name)
            }
            Self::DropIndex { collection, index } => format!("drops index {} on {collection}", index.name),
            Self::ChangeIndex { collection, from, to } => {
                let mut changes = Vec::new();
                if from.hidden != to.hidden {
                    changes.push(if to.hidden { "hidden".to_owned() } else { "not hidden".to_owned() });
                }
                if let (true, Some(seconds)) =
                    (from.expire_after_seconds != to.expire_after_seconds, to.expire_after_seconds)
                {
                    changes.push(format!("documents expire after {seconds} s"));
                }
                format!("changes index {} on {collection}: {}", to.name, changes.join(", "))
            }
        }
    }

    /// What to think of before it runs on a collection that holds documents, in plain words.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        match self {
            Self::SetValidator { cautions, .. } => cautions.clone(),
            Self::RemoveField { collection, path } => {
                vec![format!("{collection}.{path} is removed from every document, and its values are lost")]
            }
            Self::DropCollection { collection } => {
                vec![format!("collection {} is dropped, and its documents are lost", collection.name)]
            }
            Self::CreateIndex { collection, index } if index.unique => vec![format!(
                "index {} fails where documents of {collection} share its keys{}",
                index.name,
                if index.sparse || index.partial_filter.is_some() {
                    ""
                } else {
                    "; documents without them share null"
                }
            )],
            _ => Vec::new(),
        }
    }

    /// The operation that undoes it on the catalogue; none where there is nothing to undo, or no way to.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        Some(match self.clone() {
            Self::RenameCollection { from, to } => Self::RenameCollection { from: to, to: from },
            Self::RenameField { collection, within, from, to } => {
                Self::RenameField { collection, within, from: to, to: from }
            }
            Self::ConvertField { collection, path, from, to } => {
                conversion_target(&from)?;
                Self::ConvertField { collection, path, from: to, to: from }
            }
            Self::RenameValue { collection, path, from, to } => {
                Self::RenameValue { collection, path, from: to, to: from }
            }
            // A value that was filled in cannot be told from one that was written.
            Self::FillField { .. } | Self::RemoveField { .. } => return None,
            Self::CreateCollection { collection } => Self::DropCollection { collection },
            Self::DropCollection { collection } => Self::CreateCollection { collection },
            Self::SetValidator { collection, from, to, .. } => {
                Self::SetValidator { collection, from: to, to: from, cautions: Vec::new() }
            }
            Self::CreateIndex { collection, index } => Self::DropIndex { collection, index },
            Self::DropIndex { collection, index } => Self::CreateIndex { collection, index },
            Self::ChangeIndex { collection, from, to } => {
                Self::ChangeIndex { collection, from: to, to: from }
            }
        })
    }

    /// Carries the operation out on a catalogue.
    ///
    /// # Errors
    ///
    /// Where the catalogue does not hold what the operation works on, or holds already what it makes.
    pub fn apply(&self, catalog: &mut DocumentCatalog) -> Result<(), DocumentApplyError> {
        self.carry_out(catalog).map_err(|reason| DocumentApplyError { operation: self.summary(), reason })?;
        catalog.sort();
        Ok(())
    }

    fn carry_out(&self, catalog: &mut DocumentCatalog) -> Result<(), String> {
        let missing = |name: &str| format!("there is no collection {name}");
        match self {
            Self::RenameCollection { from, to } => {
                free_name(catalog, to)?;
                catalog.collection_mut(from).ok_or_else(|| missing(from))?.name.clone_from(to);
            }
            Self::CreateCollection { collection } => {
                free_name(catalog, &collection.name)?;
                catalog.collections.push(collection.clone());
            }
            Self::DropCollection { collection } => {
                catalog.collection(&collection.name).ok_or_else(|| missing(&collection.name))?;
                catalog.collections.retain(|standing| standing.name != collection.name);
            }
            other => {
                let name = other.collection();
                let collection = catalog.collection_mut(name).ok_or_else(|| missing(name))?;
                other.change(collection)?;
            }
        }
        Ok(())
    }

    fn change(&self, collection: &mut Collection) -> Result<(), String> {
        match self {
            Self::SetValidator { from, to, .. } => {
                let is_expected = match (&collection.validator, from) {
                    (Some(standing), Some(from)) => standing.is_same(from),
                    (None, None) => true,
                    _ => false,
                };
                if !is_expected {
                    return Err("another validator stands there".into());
                }
                collection.validator.clone_from(to);
            }
            Self::CreateIndex { index, .. } => {
                if collection.index(&index.name).is_some() {
                    return Err(format!("there is an index {} already", index.name));
                }
                if let Some(standing) = collection.indexes.iter().find(|other| other.has_identity_of(index)) {
                    return Err(format!("the index {} has the same keys", standing.name));
                }
                collection.indexes.push(index.clone());
            }
            Self::DropIndex { index, .. } => {
                collection.index(&index.name).ok_or_else(|| format!("there is no index {}", index.name))?;
                collection.indexes.retain(|standing| standing.name != index.name);
            }
            Self::ChangeIndex { from, to, .. } => {
                let standing = (collection.indexes.iter_mut())
                    .find(|standing| standing.name == from.name)
                    .ok_or_else(|| format!("there is no index {}", from.name))?;
                *standing = to.clone();
            }
            // Documents are no part of a catalogue.
            _ => {}
        }
        Ok(())
    }
}

/// Carries operations out one after the other.
///
/// # Errors
///
/// The first operation that does not fit; the catalogue holds what came before it.
pub fn apply_all(
    operations: &[DocumentOperation],
    catalog: &mut DocumentCatalog,
) -> Result<(), DocumentApplyError> {
    operations.iter().try_for_each(|operation| operation.apply(catalog))
}

/// The operations that undo these, in their order.
#[must_use]
pub fn inverses(operations: &[DocumentOperation]) -> Vec<DocumentOperation> {
    let mut back: Vec<DocumentOperation> =
        operations.iter().rev().filter_map(DocumentOperation::inverse).collect();
    back.sort_by_key(DocumentOperation::place_on_the_way_back);
    back
}

impl DocumentOperation {
    /// Documents take their former shape before the former validator checks them and former indexes read them, and
    /// collections take their former names last: every other operation calls them by the later one.
    fn place_on_the_way_back(&self) -> u8 {
        match self {
            Self::DropIndex { .. } => 0,
            Self::RenameField { .. }
            | Self::ConvertField { .. }
            | Self::RenameValue { .. }
            | Self::FillField { .. }
            | Self::RemoveField { .. } => 1,
            Self::CreateCollection { .. } => 2,
            Self::SetValidator { .. } => 3,
            Self::CreateIndex { .. } | Self::ChangeIndex { .. } => 4,
            Self::DropCollection { .. } => 5,
            Self::RenameCollection { .. } => 6,
        }
    }
}

/// The type that `$convert` takes values to; none where it knows no way.
#[must_use]
pub(super) fn conversion_target(types: &[String]) -> Option<&'static str> {
    // A long holds every whole number, and counts as one wherever an int does.
    const TARGETS: &[(&str, &str)] = &[
        ("long", "long"),
        ("int", "int"),
        ("double", "double"),
        ("number", "double"),
        ("decimal", "decimal"),
        ("string", "string"),
        ("bool", "bool"),
        ("date", "date"),
        ("objectId", "objectId"),
    ];
    TARGETS.iter().find(|(name, _)| types.iter().any(|ty| ty == name)).map(|(_, target)| *target)
}

fn free_name(catalog: &DocumentCatalog, name: &str) -> Result<(), String> {
    if catalog.collection(name).is_some() || catalog.views.iter().any(|view| view == name) {
        return Err(format!("there is a collection or view {name} already"));
    }
    Ok(())
}

fn validator_words(collection: &str, from: Option<&Validator>, to: Option<&Validator>) -> String {
    let strictness = |validator: &Validator| {
        let level = match validator.level {
            ValidationLevel::Strict => "strict",
            ValidationLevel::Moderate => "moderate",
            ValidationLevel::Off => "off",
        };
        let action = match validator.action {
            ValidationAction::Error => "error",
            ValidationAction::Warn => "warn",
        };
        format!("{level}, {action}")
    };
    match (from, to) {
        (_, None) => format!("removes the validator of {collection}"),
        (None, Some(to)) => format!("sets the validator of {collection} ({})", strictness(to)),
        (Some(from), Some(to)) if (from.level, from.action) != (to.level, to.action) => {
            format!("changes the validator of {collection} ({}; was {})", strictness(to), strictness(from))
        }
        (Some(_), Some(_)) => format!("changes the validator of {collection}"),
    }
}
