//! The schema as declared: what the Rust structs say, as plain data.
//!
//! [`Schema`] is the public, versioned JSON document; Rust source is one front end to it
//! ([`crate::read`]) and [`crate::print`] writes it back. The catalogue that a relational
//! database would hold for it is [`crate::catalog::Catalog`], made by [`crate::lower`].

use serde::{Deserialize, Serialize};

use crate::document::{ValidationAction, ValidationLevel};

mod constraint;
mod field;
mod index;

pub use constraint::{
    BinaryOperator, Check, Condition, Deferral, Expression, ForeignKey, Reference, ReferentialAction, Unique,
};
pub use field::{Default, Encryption, Field, FieldIndex, FieldType, Identity, Rules, Scalar};
pub use index::{Index, IndexKey, IndexKind, IndexTarget};

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
    /// `validation(…)`: how strictly the database checks a collection's documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
}

/// `validation(level = moderate, action = warn)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Which writes are checked; `off` sets no validator at all.
    #[serde(default)]
    pub level: ValidationLevel,
    /// What happens to a document that does not match.
    #[serde(default)]
    pub action: ValidationAction,
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
            validation: None,
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
pub(crate) fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snake_case_splits_words() {
        for (name, expected) in [
            ("InProgress", "in_progress"),
            ("HTTPServer", "http_server"),
            ("Trip", "trip"),
            ("Level2Up", "level2_up"),
        ] {
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
