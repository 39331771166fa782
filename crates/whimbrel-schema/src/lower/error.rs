//! What keeps a schema from having a relational catalogue.

use miette::Diagnostic;
use thiserror::Error;

/// Why a schema cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
#[non_exhaustive]
pub enum LowerError {
    /// A document collection in a relational schema.
    #[error("`{model}` is a collection, and a relational database has none")]
    #[diagnostic(
        code(schema::collection_in_relational),
        help("write `table = \"…\"` in its `#[db(…)]`, or move it to a project of documents")
    )]
    Collection {
        /// The model's Rust name.
        model: String,
    },
    /// A table or view in a schema of documents.
    #[error("`{model}` is not a collection, and a document database has nothing else")]
    #[diagnostic(
        code(schema::table_in_documents),
        help("write `collection = \"…\"` in its `#[db(…)]`, or move it to a relational project")
    )]
    NotACollection {
        /// The model's Rust name.
        model: String,
    },
    /// Something declared that documents cannot hold.
    #[error("{what}")]
    #[diagnostic(code(schema::not_in_documents), help("{help}"))]
    NotInDocuments {
        /// What is wrong, with the name of the object.
        what: String,
        /// What to do about it.
        help: String,
    },
    /// Two indexes of a collection that MongoDB takes for one.
    #[error("the indexes `{first}` and `{second}` of `{collection}` have the same {same}")]
    #[diagnostic(code(schema::duplicate_index), help("keep one of them, or change its keys or its name"))]
    DuplicateIndex {
        /// The collection.
        collection: String,
        /// The one declared first.
        first: String,
        /// The other.
        second: String,
        /// What they share.
        same: &'static str,
    },
    /// A model that is not declared.
    #[error("`{model}` refers to `{name}`, which is not a model of this schema")]
    #[diagnostic(code(schema::unknown_model), help("run `whimbrel schema print` to see the declared models"))]
    UnknownModel {
        /// The referring model.
        model: String,
        /// The name that was not found.
        name: String,
    },
    /// A foreign key to something that is not a table.
    #[error("`{model}` has a foreign key to `{target}`, which is not a table")]
    #[diagnostic(code(schema::reference_to_view), help("refer to the table that the view reads"))]
    NotATable {
        /// The referring model.
        model: String,
        /// The model referred to.
        target: String,
    },
    /// A field that is not declared.
    #[error("`{model}` has no field `{name}`")]
    #[diagnostic(code(schema::unknown_field), help("run `whimbrel schema print` to see its fields"))]
    UnknownField {
        /// The model or embedded struct.
        model: String,
        /// The name that was not found.
        name: String,
    },
    /// An enum, or one of its variants, that is not declared.
    #[error("`{name}` is not declared in this schema")]
    #[diagnostic(code(schema::unknown_enum), help("declare it with `#[derive(Enum)]`, or correct the name"))]
    UnknownEnum {
        /// The enum, or `Enum::Variant`.
        name: String,
    },
    /// An `ObjectId` in a relational schema.
    #[error("`{model}.{field}` is an ObjectId, which only documents have")]
    #[diagnostic(code(schema::object_id_in_relational), help("use `Uuid` or `i64`"))]
    ObjectId {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// A length is asked of something that has none.
    #[error("`{model}.{field}` has no length")]
    #[diagnostic(code(schema::no_length), help("only text, bytes and lists have one"))]
    NoLength {
        /// The model.
        model: String,
        /// The field path.
        field: String,
    },
    /// An index, unique, foreign key or check on a view.
    #[error("`{model}` is a view, which holds no index and no constraint")]
    #[diagnostic(code(schema::constraint_on_view), help("declare it on the table that the view reads"))]
    ViewConstraint {
        /// The model.
        model: String,
    },
    /// A position index on something else than a `GeoPoint` column.
    #[error("`geo({field})` on `{model}` needs a column of type GeoPoint")]
    #[diagnostic(
        code(schema::geo_index_on_other),
        help("use `index({field})`, or give the field the type `GeoPoint`")
    )]
    NotAGeoPoint {
        /// The model.
        model: String,
        /// The field path.
        field: String,
    },
}
