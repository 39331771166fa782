//! Constraints: references, checks with their expressions, uniqueness.

use serde::{Deserialize, Serialize};

use super::is_false;

/// What the database does to the referring row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferentialAction {
    /// Refuse at the end of the statement.
    #[default]
    NoAction,
    /// Refuse at once.
    Restrict,
    /// Do the same to the referring row.
    Cascade,
    /// Set the referring columns to NULL.
    SetNull,
    /// Set the referring columns to their defaults.
    SetDefault,
}

/// When a constraint is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deferral {
    /// At each statement, always.
    #[default]
    NotDeferrable,
    /// At each statement unless a transaction defers it (`deferrable`).
    InitiallyImmediate,
    /// At commit unless a transaction says otherwise (`deferred`).
    InitiallyDeferred,
}

/// `references = Model::field` on a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The referenced model, by Rust name.
    pub model: String,
    /// The referenced field, by Rust name.
    pub field: String,
    /// `on_delete = …`.
    #[serde(default)]
    pub on_delete: ReferentialAction,
    /// `on_update = …`.
    #[serde(default)]
    pub on_update: ReferentialAction,
    /// `deferrable` or `deferred`.
    #[serde(default)]
    pub deferral: Deferral,
    /// The constraint's name (`constraint = "…"`); none means `<table>_<column>_fkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A model-level foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The referring fields, by Rust name.
    pub fields: Vec<String>,
    /// The referenced model, by Rust name.
    pub model: String,
    /// The referenced fields, by Rust name, as many as `fields`.
    pub references: Vec<String>,
    /// `on_delete = …`.
    #[serde(default)]
    pub on_delete: ReferentialAction,
    /// `on_update = …`.
    #[serde(default)]
    pub on_update: ReferentialAction,
    /// `deferrable` or `deferred`.
    #[serde(default)]
    pub deferral: Deferral,
    /// The constraint's name; none means `<table>_<columns>_fkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// The constraint's name.
    pub name: String,
    /// The condition.
    pub condition: Condition,
}

/// A check's condition in one of its two forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// A restricted Rust expression; passes where a part of it is NULL.
    Expression(Expression),
    /// SQL as written; in a collection, a query as JSON.
    Sql(String),
}

/// The restricted expression language of checks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expression {
    /// A field path, by Rust names (`end_date`, `profile.age`).
    Field(Vec<String>),
    /// A number, as written.
    Number(String),
    /// A text literal.
    Text(String),
    /// True or false.
    Bool(bool),
    /// An enum's variant, by Rust names (`TripStatus::Planned`).
    Variant(String, String),
    /// `!a`.
    Not(Box<Expression>),
    /// `-a`.
    Negate(Box<Expression>),
    /// `a.is_none()` or, negated, `a.is_some()`.
    IsNone {
        /// The field.
        field: Vec<String>,
        /// Whether it is `is_some`.
        negated: bool,
    },
    /// `a.len()`: characters of a text, elements of a list.
    Len(Vec<String>),
    /// A binary operation.
    Binary(BinaryOperator, Box<Expression>, Box<Expression>),
    /// `["a", "b"].contains(&field)`.
    OneOf(Box<Expression>, Vec<Expression>),
}

/// The operators of [`Expression::Binary`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOperator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// `unique(a, b)` on a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unique {
    /// The fields, by Rust name.
    pub fields: Vec<String>,
    /// The constraint's name; none means `<table>_<columns>_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `nulls_not_distinct`: two NULLs are equal (PostgreSQL 15).
    #[serde(default, skip_serializing_if = "is_false")]
    pub nulls_not_distinct: bool,
    /// `deferrable` or `deferred`.
    #[serde(default)]
    pub deferral: Deferral,
    /// `include(a, b)`: columns carried by the index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
}
