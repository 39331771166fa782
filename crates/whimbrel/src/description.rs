//! What the derives say about each declaration.

/// A table, collection or view, described by `#[derive(Model)]`.
pub trait ModelDescription {
    /// The Rust struct's name.
    const NAME: &'static str;
    /// The name of the table, collection or view.
    const TABLE: &'static str;
    /// The database schema; none means the default one.
    const SCHEMA: Option<&'static str>;
    /// The hash of the declaration, as `whimbrel_schema::fingerprint::of_model` computes it.
    const HASH: &'static str;
    /// The parts of [`Self::description`].
    const DESCRIPTION: &'static [&'static str];

    /// The model in the JSON form of the schema.
    #[must_use]
    fn description() -> String {
        Self::DESCRIPTION.concat()
    }
}

/// A struct inside a model's field, described by `#[derive(Embedded)]`.
pub trait EmbeddedDescription {
    /// The Rust struct's name.
    const NAME: &'static str;
    /// The hash of the declaration, as `whimbrel_schema::fingerprint::of_embedded` computes it.
    const HASH: &'static str;
    /// The parts of [`Self::description`].
    const DESCRIPTION: &'static [&'static str];

    /// The struct in the JSON form of the schema.
    #[must_use]
    fn description() -> String {
        Self::DESCRIPTION.concat()
    }
}

/// An enum whose variants are words, described by `#[derive(Enum)]`.
pub trait EnumDescription: Sized {
    /// The Rust enum's name.
    const NAME: &'static str;
    /// The name of the database's type.
    const TYPE_NAME: &'static str;
    /// The stored values, in order.
    const VALUES: &'static [&'static str];
    /// The hash of the declaration, as `whimbrel_schema::fingerprint::of_enum` computes it.
    const HASH: &'static str;
    /// The enum in the JSON form of the schema.
    const DESCRIPTION: &'static str;

    /// The value that the database holds for this variant.
    fn stored(&self) -> &'static str;

    /// The variant that the database holds this value for.
    fn from_stored(value: &str) -> Option<Self>;
}

/// A sequence that no column owns, described by `#[derive(Sequence)]`.
pub trait SequenceDescription {
    /// The Rust struct's name.
    const NAME: &'static str;
    /// The sequence's name in the database.
    const SEQUENCE: &'static str;
    /// The hash of the declaration, as `whimbrel_schema::fingerprint::of_sequence` computes it.
    const HASH: &'static str;
    /// The sequence in the JSON form of the schema.
    const DESCRIPTION: &'static str;
}
