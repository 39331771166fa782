//! What stands in a document database: collections with their options, validators and indexes, as data.
//!
//! Values that MongoDB knows and JSON does not are written as relaxed Extended JSON v2. The order of a document's
//! keys is kept where it is printed and counts for nothing where two are compared; where the order has a meaning,
//! as in an index's keys, a list keeps it.

mod align;
mod diff;
pub(crate) mod filter;
mod javascript;
mod lower;
mod normal;
mod operation;
mod path;
mod raise;
mod rewrite;
mod sample;
mod script;
mod shape;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use align::{Aligned, align, differences};
pub use diff::{DocumentDiffError, diff};
pub use lower::{
    BLIND_INDEX_SUFFIX, DefaultValue, DocumentRename, FieldDefault, Intent, Lowered, TIME_PATTERN,
    default_name, lower_documents,
};
pub use normal::{canonical, is_same};
pub use operation::{DocumentApplyError, DocumentOperation, apply_all, inverses};
pub use path::{FieldPath, PathPart};
pub use raise::raise_documents;
pub use sample::Sample;
pub use script::{MigrationText, migration_file, script};

/// The collections and views of a database, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DocumentCatalog {
    /// The collections.
    pub collections: Vec<Collection>,
    /// The views; no declaration makes one, so that they are unmanaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<String>,
}

/// One collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// What `create` takes besides the validator: `capped`, `size`, `timeseries`, `collation`, `clusteredIndex`, ….
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
    /// The validator, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validator: Option<Validator>,
    /// The indexes, sorted by name, without the one on `_id`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<CollectionIndex>,
}

/// What a collection checks every written document with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Validator {
    /// The query that a document must match: `{"$jsonSchema": …}`.
    pub rule: Value,
    /// Which writes are checked.
    #[serde(default)]
    pub level: ValidationLevel,
    /// What happens to a document that does not match.
    #[serde(default)]
    pub action: ValidationAction,
}

/// Which writes a validator checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationLevel {
    /// All inserts and updates.
    #[default]
    Strict,
    /// Inserts, and updates of documents that matched before.
    Moderate,
    /// None.
    Off,
}

/// What happens to a document that does not match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationAction {
    /// The write is refused with error 121.
    #[default]
    Error,
    /// The write is done and logged.
    Warn,
}

/// One index of a collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CollectionIndex {
    /// Its name.
    pub name: String,
    /// The keys in order, as they were declared: those of a text index too.
    pub keys: Vec<(String, KeyKind)>,
    /// Whether two documents may not have the same keys.
    #[serde(default, skip_serializing_if = "crate::model::is_false")]
    pub unique: bool,
    /// Whether documents without the keys are left out.
    #[serde(default, skip_serializing_if = "crate::model::is_false")]
    pub sparse: bool,
    /// Whether the planner does not see it.
    #[serde(default, skip_serializing_if = "crate::model::is_false")]
    pub hidden: bool,
    /// How long after the key's time a document expires, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expire_after_seconds: Option<i64>,
    /// The filter that a document must match to be in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partial_filter: Option<Value>,
    /// The collation, where it is not the collection's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<Value>,
    /// The weights of a text index that are not 1.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub weights: Map<String, Value>,
    /// Every other option that is not the server's default: `default_language`, `wildcardProjection`, `bits`, ….
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
}

/// How an index orders a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// Smallest first: `1`.
    #[default]
    Ascending,
    /// Largest first: `-1`.
    Descending,
    /// A position on the globe: `"2dsphere"`.
    Sphere,
    /// A position on a plane: `"2d"`.
    Plane,
    /// Words: `"text"`.
    Text,
    /// The value's hash: `"hashed"`.
    Hashed,
}

impl DocumentCatalog {
    /// The collection with this name.
    #[must_use]
    pub fn collection(&self, name: &str) -> Option<&Collection> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    pub(crate) fn collection_mut(&mut self, name: &str) -> Option<&mut Collection> {
        self.collections.iter_mut().find(|collection| collection.name == name)
    }

    /// Puts everything that has no order of its own into the order of names.
    pub fn sort(&mut self) {
        self.collections.sort_by(|a, b| a.name.cmp(&b.name));
        self.views.sort();
        for collection in &mut self.collections {
            collection.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
}

impl Collection {
    /// The index with this name.
    #[must_use]
    pub fn index(&self, name: &str) -> Option<&CollectionIndex> {
        self.indexes.iter().find(|index| index.name == name)
    }
}
