//! Indexes.

use serde::{Deserialize, Serialize};

use super::is_false;

/// What an index orders by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexKey {
    /// A field path by Rust names (`created_at`, `profile.city`), or an SQL expression.
    pub target: IndexTarget,
    /// `desc`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub descending: bool,
    /// `nulls_first` or `nulls_last` where it is not the order's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nulls_first: Option<bool>,
    /// `ops("varchar_pattern_ops")`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_class: Option<String>,
    /// `collate("C")`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The weight of a text index's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

/// A key's target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexTarget {
    /// A field path by Rust names, joined with `.`.
    Field(String),
    /// An SQL expression (`expr = "lower(email)"`).
    Sql(String),
}

/// Which kind of index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexKind {
    /// An ordered index.
    Ordered,
    /// `geo(location)`: a position on the globe.
    Geo,
    /// `text(bio = 1)`: words.
    Text,
    /// `hashed(field)`: document models.
    Hashed,
    /// `using = gin` and its kin: an index method of PostgreSQL.
    Method(String),
}

/// One index of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The index's name; none means each engine's custom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The kind.
    pub kind: IndexKind,
    /// The keys in order.
    pub keys: Vec<IndexKey>,
    /// `unique`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// `sparse`: rows without the field are left out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sparse: bool,
    /// `nulls_not_distinct` with `unique`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub nulls_not_distinct: bool,
    /// `where = "…"`: SQL, or a JSON filter for documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// `include(a, b)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `with(fillfactor = 70)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(String, String)>,
}
