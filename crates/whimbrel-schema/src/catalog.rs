//! The relational catalogue: tables, types, constraints and indexes as a database holds them.
//!
//! One form serves the desired state (made by [`crate::lower`]) and the present one (read by an
//! engine). Expressions are text: as written in a desired catalogue, as the server prints them in a
//! normalised one. Only catalogues of the same kind, normalised by the same engine, compare equal.
//!
//! Lists are kept sorted by name, columns by position, so that equality is structural.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::model::{Deferral, Identity, ReferentialAction};

/// The schema that an unqualified name stands for.
pub const DEFAULT_SCHEMA: &str = "public";

/// A name within a database schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QualifiedName {
    /// The database schema; [`DEFAULT_SCHEMA`] where the source names none.
    #[serde(default = "default_schema", skip_serializing_if = "is_default_schema")]
    pub schema: String,
    /// The object's own name.
    pub name: String,
}

impl QualifiedName {
    /// A name in the given schema.
    #[must_use]
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        QualifiedName { schema: schema.into(), name: name.into() }
    }

    /// A name in the default schema.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        QualifiedName::new(DEFAULT_SCHEMA, name)
    }

    /// The same schema with another name.
    #[must_use]
    pub fn sibling(&self, name: impl Into<String>) -> Self {
        QualifiedName::new(self.schema.clone(), name)
    }

    /// Whether the schema is the default one.
    #[must_use]
    pub fn in_default_schema(&self) -> bool {
        self.schema == DEFAULT_SCHEMA
    }
}

impl fmt::Display for QualifiedName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.in_default_schema() {
            formatter.write_str(&self.name)
        } else {
            write!(formatter, "{}.{}", self.schema, self.name)
        }
    }
}

fn default_schema() -> String {
    DEFAULT_SCHEMA.to_owned()
}

fn is_default_schema(schema: &str) -> bool {
    schema == DEFAULT_SCHEMA
}

/// Everything managed in one database, and what else was met there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Database schemas other than the default one, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<String>,
    /// Enumerated types, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enums: Vec<EnumDefinition>,
    /// Sequences that no column owns, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<SequenceDefinition>,
    /// Tables, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<Table>,
    /// Views, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
    /// Objects that the schema language cannot express, sorted; reported, never touched, never compared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmanaged: Vec<Unmanaged>,
}

/// Something in the database that the schema language cannot express.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unmanaged {
    /// What it is.
    pub kind: UnmanagedKind,
    /// Its name; for a trigger, policy or constraint `table.name`.
    pub name: QualifiedName,
}

/// The kinds of unmanaged objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmanagedKind {
    /// A collection that nobody declares.
    Collection,
    /// A table partitioned by a key.
    PartitionedTable,
    /// A partition of such a table.
    Partition,
    /// A table that inherits from another.
    InheritedTable,
    /// A foreign table.
    ForeignTable,
    /// A trigger.
    Trigger,
    /// A row security policy.
    Policy,
    /// An exclusion constraint.
    ExclusionConstraint,
    /// A rule.
    Rule,
    /// A function or procedure.
    Function,
    /// A domain or a composite or range type.
    Type,
    /// An extension.
    Extension,
    /// A view that is not declared; views are comparable only by declaration.
    View,
    /// A table that is not declared and that no migration of this project made.
    Table,
    /// A virtual table (SQLite).
    VirtualTable,
    /// A generated column that is computed when it is read.
    VirtualColumn,
    /// A sequence that is not declared.
    Sequence,
}

/// An enumerated type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumDefinition {
    /// The type's name.
    pub name: QualifiedName,
    /// The values in order.
    pub values: Vec<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A sequence that no column owns. Every option is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SequenceDefinition {
    /// The sequence's name.
    pub name: QualifiedName,
    /// The first value.
    pub start: i64,
    /// The step.
    pub increment: i64,
    /// The smallest value.
    pub min: i64,
    /// The largest value.
    pub max: i64,
    /// How many values a session keeps.
    pub cache: i64,
    /// Whether it starts again at the end.
    pub cycle: bool,
}

/// A view over a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The view's name.
    pub name: QualifiedName,
    /// The query, without a closing semicolon.
    pub query: String,
    /// Whether the result is stored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub materialized: bool,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The table's name.
    pub name: QualifiedName,
    /// The columns by position.
    pub columns: Vec<Column>,
    /// The primary key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_key: Option<PrimaryKey>,
    /// Unique constraints, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uniques: Vec<UniqueConstraint>,
    /// Foreign keys, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKeyConstraint>,
    /// Check constraints, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckConstraint>,
    /// Indexes that belong to no constraint, sorted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub indexes: Vec<IndexDefinition>,
    /// Storage parameters (`fillfactor` → `70`), sorted by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(String, String)>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// `smallint`
    SmallInt,
    /// `integer`
    Integer,
    /// `bigint`
    BigInt,
    /// `double precision`
    DoublePrecision,
    /// `numeric` or `numeric(precision, scale)`
    Numeric(Option<(u32, u32)>),
    /// `text`
    Text,
    /// `character varying` or `character varying(n)`
    Varchar(Option<u32>),
    /// `boolean`
    Boolean,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `timestamp without time zone`
    Timestamp,
    /// `timestamp with time zone`
    TimestampTz,
    /// `jsonb`
    Jsonb,
    /// `bytea`
    Bytea,
    /// `point`
    Point,
    /// An enumerated type of the catalogue.
    Enum(QualifiedName),
    /// An array of elements.
    Array(Box<ColumnType>),
    /// Any other type, as the server's `format_type` prints it (`inet`, `json`, `character(3)`).
    Other(String),
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The type.
    #[serde(rename = "type")]
    pub ty: ColumnType,
    /// Whether NULL is allowed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// The default's expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Whether the default is the next value of a sequence that the column owns (`serial`);
    /// `default` is then none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub serial: bool,
    /// Identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// The expression of a stored generated column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated: Option<String>,
    /// The collation where it is not the type's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
    /// The comment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

impl Column {
    /// A required column with nothing but a name and a type.
    #[must_use]
    pub fn new(name: impl Into<String>, ty: ColumnType) -> Self {
        Column {
            name: name.into(),
            ty,
            nullable: false,
            default: None,
            serial: false,
            identity: None,
            generated: None,
            collation: None,
            comment: None,
        }
    }
}

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrimaryKey {
    /// The constraint's name.
    pub name: String,
    /// The columns in order.
    pub columns: Vec<String>,
}

/// A unique constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UniqueConstraint {
    /// The constraint's name.
    pub name: String,
    /// The columns in order.
    pub columns: Vec<String>,
    /// Whether two NULLs are equal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_not_distinct: bool,
    /// When it is checked.
    #[serde(default)]
    pub deferral: Deferral,
    /// Columns carried by the index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKeyConstraint {
    /// The constraint's name.
    pub name: String,
    /// The referring columns.
    pub columns: Vec<String>,
    /// The referenced table.
    pub references: QualifiedName,
    /// The referenced columns, as many as `columns`.
    pub referenced_columns: Vec<String>,
    /// ON DELETE.
    #[serde(default)]
    pub on_delete: ReferentialAction,
    /// ON UPDATE.
    #[serde(default)]
    pub on_update: ReferentialAction,
    /// When it is checked.
    #[serde(default)]
    pub deferral: Deferral,
    /// Whether rows from before are unchecked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_valid: bool,
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckConstraint {
    /// The constraint's name.
    pub name: String,
    /// The condition, without outer parentheses.
    pub expression: String,
    /// Whether rows from before are unchecked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_valid: bool,
}

/// An index that belongs to no constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexDefinition {
    /// The index's name; it lives in its table's schema.
    pub name: String,
    /// The method: `btree` unless said otherwise.
    pub method: String,
    /// The keys in order.
    pub keys: Vec<IndexPart>,
    /// Whether equal keys are refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Whether two NULLs are equal in a unique index.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_not_distinct: bool,
    /// The condition of a partial index, without outer parentheses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
    /// Columns carried by the index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// Storage parameters, sorted by key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(String, String)>,
    /// Whether its build failed and it answers nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub invalid: bool,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexPart {
    /// A column's name or an expression.
    pub target: IndexPartTarget,
    /// Largest first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub descending: bool,
    /// Whether NULLs come first; PostgreSQL's own is last ascending and first descending.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nulls_first: bool,
    /// The operator class where it is not the type's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_class: Option<String>,
    /// The collation where it is not the column's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<String>,
}

/// What a key of an index is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndexPartTarget {
    /// A column.
    Column(String),
    /// An expression, without outer parentheses.
    Expression(String),
}

impl Catalog {
    /// Sorts every list into its canonical order.
    pub fn sort(&mut self) {
        self.schemas.sort();
        self.schemas.dedup();
        self.enums.sort_by(|a, b| a.name.cmp(&b.name));
        self.sequences.sort_by(|a, b| a.name.cmp(&b.name));
        self.tables.sort_by(|a, b| a.name.cmp(&b.name));
        self.views.sort_by(|a, b| a.name.cmp(&b.name));
        self.unmanaged.sort();
        self.tables.iter_mut().for_each(Table::sort);
    }

    /// The table of this name.
    #[must_use]
    pub fn table(&self, name: &QualifiedName) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == *name)
    }

    /// Whether nothing managed stands in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
            && self.enums.is_empty()
            && self.sequences.is_empty()
            && self.tables.is_empty()
            && self.views.is_empty()
    }
}

impl Table {
    /// A table with nothing but a name.
    #[must_use]
    pub fn new(name: QualifiedName) -> Self {
        Table {
            name,
            columns: Vec::new(),
            primary_key: None,
            uniques: Vec::new(),
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            indexes: Vec::new(),
            with: Vec::new(),
            comment: None,
        }
    }

    /// The column of this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Sorts every list into its canonical order; columns keep theirs.
    pub fn sort(&mut self) {
        self.uniques.sort_by(|a, b| a.name.cmp(&b.name));
        self.foreign_keys.sort_by(|a, b| a.name.cmp(&b.name));
        self.checks.sort_by(|a, b| a.name.cmp(&b.name));
        self.indexes.sort_by(|a, b| a.name.cmp(&b.name));
        self.indexes.iter_mut().for_each(|index| index.with.sort());
        self.with.sort();
    }
}
