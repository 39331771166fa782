//! The schema as declared: what the Rust structs say, as plain data.
//!
//! [`Schema`] is the public, versioned JSON document; Rust source is one front end to it
//! ([`crate::read`]) and [`crate::print`] writes it back. The catalogue that a relational
//! database would hold for it is [`crate::catalog::Catalog`], made by [`crate::lower`].

use serde::{Deserialize, Serialize};

/// The version of the JSON form that this library writes.
pub const FORMAT: u32 = 1;

/// Everything one project declares, in source order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The version of this document's form; see [`FORMAT`].
    pub format: u32,
    /// Tables, collections and views.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<Model>,
    /// Structs that live inside a model's field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embedded: Vec<Embedded>,
    /// Enumerations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enums: Vec<EnumType>,
    /// Sequences that no column owns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<Sequence>,
}

/// What a model is stored as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Storage {
    /// A relational table (`table = "…"`).
    Table,
    /// A document collection (`collection = "…"`).
    Collection,
    /// A view over a query (`view = "…", query = "…"`).
    View {
        /// The SELECT statement, as written.
        query: String,
        /// Whether the result is stored (`materialized`).
        #[serde(default, skip_serializing_if = "is_false")]
        materialized: bool,
    },
}

/// One table, collection or view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The Rust struct's name.
    pub name: String,
    /// The doc comment, lines joined with `\n`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// Table, collection or view.
    pub storage: Storage,
    /// The name of the table, collection or view.
    pub table: String,
    /// The database schema (`schema = "billing"`); none means the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The name it had before (`was = "…"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// The comment stored in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// The fields in source order.
    pub fields: Vec<Field>,
    /// The primary key's name where it is not `<table>_pkey` (`primary_key = "…"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key_name: Option<String>,
    /// `index(…)`, `geo(…)` and `text(…)` in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<Index>,
    /// `unique(…)` over several columns, or with options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<Unique>,
    /// `foreign_key(…)`: composite, or a second one on the same column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
    /// `check(…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// `with(fillfactor = 70)`: storage parameters, in source order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(String, String)>,
    /// `cache(…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// `shard_key(…)`: field paths.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shard_key: Vec<String>,
}

/// A struct embedded in a document, or stored as JSON in a relational column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// The Rust struct's name.
    pub name: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// The fields in source order.
    pub fields: Vec<Field>,
}

/// How an enum is stored in a relational column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnumStore {
    /// A database type (`CREATE TYPE … AS ENUM`); the default in relational models.
    Native,
    /// The variant's name as text, checked by the application.
    Text,
}

/// One enumeration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnumType {
    /// The Rust enum's name.
    pub name: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// The database type's name (`name = "…"`); none means the Rust name in snake case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// The database schema of a native type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The type's name before (`was = "…"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// How it is stored where a field does not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<EnumStore>,
    /// The variants in order.
    pub variants: Vec<Variant>,
}

/// One variant of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// The Rust variant's name.
    pub name: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// The stored value (`name = "…"`); none means the Rust name in snake case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The stored value before (`was = "…"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// A sequence that no column owns (`#[derive(Sequence)]` on a unit struct).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The Rust struct's name.
    pub name: String,
    /// The sequence's name in the database; none means the Rust name in snake case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// The database schema.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The first value; none means the engine's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// The step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub increment: Option<i64>,
    /// The smallest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// How many values a session keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache: Option<i64>,
    /// Whether it starts again at the end.
    #[serde(default, skip_serializing_if = "is_false")]
    pub cycle: bool,
}

/// The closed set of scalar types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// A UUID.
    Uuid,
    /// A BSON ObjectId; document models only.
    ObjectId,
    /// Text.
    String,
    /// An exact decimal number; `decimal(p, s)` fixes precision and scale.
    Decimal,
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// An instant, in UTC.
    Timestamp,
    /// A date and time without a zone.
    NaiveTimestamp,
    /// True or false.
    #[serde(rename = "bool")]
    Bool,
    /// A 16-bit integer.
    #[serde(rename = "i16")]
    I16,
    /// A 32-bit integer.
    #[serde(rename = "i32")]
    I32,
    /// A 64-bit integer.
    #[serde(rename = "i64")]
    I64,
    /// A 64-bit float.
    #[serde(rename = "f64")]
    F64,
    /// Any JSON value.
    Json,
    /// Bytes.
    Bytes,
    /// Longitude and latitude in degrees, WGS 84.
    GeoPoint,
}

impl Scalar {
    /// Every scalar, in the order of the reference.
    pub const ALL: [Scalar; 16] = [
        Scalar::Uuid,
        Scalar::ObjectId,
        Scalar::String,
        Scalar::Decimal,
        Scalar::Date,
        Scalar::Time,
        Scalar::Timestamp,
        Scalar::NaiveTimestamp,
        Scalar::Bool,
        Scalar::I16,
        Scalar::I32,
        Scalar::I64,
        Scalar::F64,
        Scalar::Json,
        Scalar::Bytes,
        Scalar::GeoPoint,
    ];

    /// The name in Rust source.
    #[must_use]
    pub const fn rust_name(self) -> &'static str {
        match self {
            Scalar::Uuid => "Uuid",
            Scalar::ObjectId => "ObjectId",
            Scalar::String => "String",
            Scalar::Decimal => "Decimal",
            Scalar::Date => "Date",
            Scalar::Time => "Time",
            Scalar::Timestamp => "Timestamp",
            Scalar::NaiveTimestamp => "NaiveTimestamp",
            Scalar::Bool => "bool",
            Scalar::I16 => "i16",
            Scalar::I32 => "i32",
            Scalar::I64 => "i64",
            Scalar::F64 => "f64",
            Scalar::Json => "Json",
            Scalar::Bytes => "Bytes",
            Scalar::GeoPoint => "GeoPoint",
        }
    }
}

/// A field's type without its `Option`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// A scalar.
    Scalar(Scalar),
    /// An enum of this schema, by Rust name.
    Enum(String),
    /// An embedded struct of this schema, by Rust name.
    Embedded(String),
    /// `Vec<T>`; T is a scalar, an enum or an embedded struct.
    List(Box<FieldType>),
}

/// A default value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Default {
    /// A new random UUID (`default = uuid`).
    Uuid,
    /// The time of the statement (`default = now`).
    Now,
    /// A text literal.
    Text(String),
    /// A number, as written.
    Number(String),
    /// True or false.
    Bool(bool),
    /// A variant of the field's enum, by Rust name (`default = Planned`).
    Variant(String),
    /// An empty list or JSON value (`default = []`, `default = {}` are written `empty`).
    Empty,
    /// SQL as written (`default = sql("nextval('n')")`).
    Sql(String),
}

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
    /// SQL as written; relational models only.
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

/// `cache(ttl = "5m", by(email))`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// How long an entry lives, as written (`5m`).
    pub ttl: String,
    /// Fields that a cached lookup goes by, besides the id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
}

/// How identity values are given out (`identity = always`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// `GENERATED ALWAYS AS IDENTITY`.
    Always,
    /// `GENERATED BY DEFAULT AS IDENTITY`.
    ByDefault,
}

/// `encrypted` or `encrypted(blind_index)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// Whether equal values can be found by a keyed hash beside the value.
    pub blind_index: bool,
}

/// The rules a value must keep. On a field they hold in the database too; in `input(…)` for input only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// `min_len`: at least so many characters or elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_len: Option<u32>,
    /// `len`: at most so many characters or elements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub len: Option<u32>,
    /// `pattern = "^[a-z]+$"`: a regular expression that must match.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// `email`: must look like an e-mail address.
    #[serde(default, skip_serializing_if = "is_false")]
    pub email: bool,
    /// `min`: the smallest number, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// `max`: the largest number, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

impl Rules {
    /// Whether no rule is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Rules::default()
    }
}

/// One field of a model or an embedded struct.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The Rust field's name.
    pub name: String,
    /// The doc comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// The type without its `Option`.
    #[serde(rename = "type")]
    pub ty: FieldType,
    /// `Option<T>`: may be NULL or missing.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// The column's or document field's name (`name = "…"`) where it differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// The name before (`was = "…"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// `id`: part of the primary key.
    #[serde(default, skip_serializing_if = "is_false")]
    pub id: bool,
    /// `auto_increment`: an owned sequence (PostgreSQL's serial, SQLite's AUTOINCREMENT).
    #[serde(default, skip_serializing_if = "is_false")]
    pub auto_increment: bool,
    /// `identity = always | by_default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// `generated = "price * stock"`: computed and stored by the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// `default = …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Default>,
    /// `on_update = now`: set by every update that the application makes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub touch_on_update: bool,
    /// `varchar = n`: at most n characters, as the column's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub varchar: Option<u32>,
    /// `decimal(p, s)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<(u32, u32)>,
    /// `type = "inet"`: the column's SQL type as written, where the scalar's own will not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql_type: Option<String>,
    /// `collate = "C"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// `comment = "…"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// `store = text | native` on a field of an enum type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<EnumStore>,
    /// `min_len`, `len`, `pattern`, `email`, `min`, `max`.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub rules: Rules,
    /// `input(…)`: rules that hold for input only.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub input: Rules,
    /// `unique`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unique: bool,
    /// `sparse`, with `unique` or `index`.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sparse: bool,
    /// `index` or `index(desc)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<FieldIndex>,
    /// `ttl = "30d"`: documents expire so long after this field's time, as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<String>,
    /// `references = Model::field` with its options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<Reference>,
    /// `check(name = …)` on the field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// `sensitive`: masked in output, left out of exports.
    #[serde(default, skip_serializing_if = "is_false")]
    pub sensitive: bool,
    /// `encrypted(…)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encrypted: Option<Encryption>,
    /// `version`: the counter of optimistic locking.
    #[serde(default, skip_serializing_if = "is_false")]
    pub version: bool,
    /// `null`: a missing value is stored as an explicit null (documents).
    #[serde(default, skip_serializing_if = "is_false")]
    pub null: bool,
}

/// `index`, `index(desc)` or `index(desc, name = "…")` on a field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldIndex {
    /// Largest first.
    #[serde(default, skip_serializing_if = "is_false")]
    pub descending: bool,
    /// The index's name; none means each engine's custom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Field {
    /// A required field with nothing but a name and a type.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: FieldType) -> Self {
        Field {
            name: name.into(),
            doc: None,
            ty,
            optional: false,
            column: None,
            was: None,
            id: false,
            auto_increment: false,
            identity: None,
            generated: None,
            default: None,
            touch_on_update: false,
            varchar: None,
            decimal: None,
            sql_type: None,
            collation: None,
            comment: None,
            store: None,
            rules: Rules::default(),
            input: Rules::default(),
            unique: false,
            sparse: false,
            index: None,
            ttl: None,
            references: None,
            checks: Vec::new(),
            sensitive: false,
            encrypted: None,
            version: false,
            null: false,
        }
    }

    /// The name of the column or document field.
    #[must_use]
    pub fn column_name(&self) -> &str {
        self.column.as_deref().unwrap_or(&self.name)
    }
}

impl Model {
    /// An empty model stored under `table`.
    #[must_use]
    pub fn new(name: impl Into<String>, storage: Storage, table: impl Into<String>) -> Self {
        Model {
            name: name.into(),
            doc: None,
            storage,
            table: table.into(),
            schema: None,
            was: None,
            comment: None,
            fields: Vec::new(),
            primary_key_name: None,
            indexes: Vec::new(),
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            with: Vec::new(),
            cache: None,
            shard_key: Vec::new(),
        }
    }

    /// The field with this Rust name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl EnumType {
    /// The database type's name.
    #[must_use]
    pub fn type_name(&self) -> String {
        self.type_name.clone().unwrap_or_else(|| snake_case(&self.name))
    }
}

impl Variant {
    /// The stored value.
    #[must_use]
    pub fn stored(&self) -> String {
        self.value.clone().unwrap_or_else(|| snake_case(&self.name))
    }
}

impl Schema {
    /// An empty schema in the current format.
    #[must_use]
    pub fn new() -> Self {
        Schema { format: FORMAT, ..Schema::default() }
    }

    /// The model with this Rust name.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }

    /// The enum with this Rust name.
    #[must_use]
    pub fn enum_type(&self, name: &str) -> Option<&EnumType> {
        self.enums.iter().find(|candidate| candidate.name == name)
    }

    /// The embedded struct with this Rust name.
    #[must_use]
    pub fn embedded(&self, name: &str) -> Option<&Embedded> {
        self.embedded.iter().find(|candidate| candidate.name == name)
    }

    /// The SHA-256 of the schema's JSON form without doc comments, in lower-case hex.
    ///
    /// Two schemas that declare the same thing have the same hash; the migration history keeps it.
    #[must_use]
    pub fn hash(&self) -> String {
        use sha2::Digest as _;
        let mut plain = self.clone();
        plain.strip_docs();
        let json = serde_json::to_vec(&plain).expect("a schema always has a JSON form");
        sha2::Sha256::digest(&json).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn strip_docs(&mut self) {
        for model in &mut self.models {
            model.doc = None;
            model.fields.iter_mut().for_each(|field| field.doc = None);
        }
        for embedded in &mut self.embedded {
            embedded.doc = None;
            embedded.fields.iter_mut().for_each(|field| field.doc = None);
        }
        for declared in &mut self.enums {
            declared.doc = None;
            declared.variants.iter_mut().for_each(|variant| variant.doc = None);
        }
    }
}

/// `InProgress` → `in_progress`; `HTTPServer` → `http_server`; digits stay with the word before them.
#[must_use]
pub fn snake_case(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (index, &current) in chars.iter().enumerate() {
        if current.is_uppercase() {
            let after_lower = index > 0 && !chars[index - 1].is_uppercase() && chars[index - 1] != '_';
            let before_lower = index > 0
                && chars[index - 1].is_uppercase()
                && chars.get(index + 1).is_some_and(|next| next.is_lowercase());
            if after_lower || before_lower {
                out.push('_');
            }
            out.extend(current.to_lowercase());
        } else {
            out.push(current);
        }
    }
    out
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_splits_words() {
        for (name, expected) in
            [("InProgress", "in_progress"), ("HTTPServer", "http_server"), ("Trip", "trip"), ("Level2Up", "level2_up")]
        {
            assert_eq!(snake_case(name), expected);
        }
    }

    #[test]
    fn docs_do_not_change_the_hash_but_fields_do() {
        let mut schema = Schema::new();
        schema.models.push(Model::new("Trip", Storage::Table, "trips"));
        let before = schema.hash();
        schema.models[0].doc = Some("A journey.".into());
        assert_eq!(schema.hash(), before);
        schema.models[0].fields.push(Field::new("title", FieldType::Scalar(Scalar::String)));
        assert_ne!(schema.hash(), before);
    }
}
