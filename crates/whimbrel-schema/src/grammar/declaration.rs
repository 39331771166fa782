//! What may stand on enums, variants and sequences.

use super::Attribute;
use super::DataModels::Relational;
use super::Form::{Flag, Value};
use super::Place::{Enum, Sequence, Variant};

pub(super) const TABLE: &[Attribute] = &[
    Attribute::new("name", &[Enum, Variant, Sequence], Value, "name = \"name\"")
        .says("The name in the database; without it the Rust name in snake case.", "name = \"in-progress\"")
        .does("the type's, value's or sequence's name", "the stored value", "the stored value"),
    Attribute::new("was", &[Enum, Variant], Value, "was = \"name\"")
        .says("The name in the database before: the difference is a rename.", "was = \"started\"")
        .does("ALTER TYPE … RENAME", "an UPDATE", "an update"),
    Attribute::new("store", &[Enum], Value, "store = text | native")
        .says("How fields of this type are stored where they do not say otherwise.", "store = text")
        .only(Relational)
        .does("CREATE TYPE … AS ENUM, or text", "text with a CHECK, or text", "text"),
    Attribute::new("schema", &[Enum, Sequence], Value, "schema = \"name\"")
        .says("The database schema that holds it.", "schema = \"billing\"")
        .only(Relational)
        .does("the schema of the type or sequence", "refused", "refused"),
    Attribute::new("start", &[Sequence], Value, "start = n")
        .says("The first value.", "start = 1000")
        .only(Relational)
        .does("START", "refused", "refused"),
    Attribute::new("increment", &[Sequence], Value, "increment = n")
        .says("The step.", "increment = 10")
        .only(Relational)
        .does("INCREMENT", "refused", "refused"),
    Attribute::new("min", &[Sequence], Value, "min = n")
        .says("The smallest value.", "min = 1")
        .only(Relational)
        .does("MINVALUE", "refused", "refused"),
    Attribute::new("max", &[Sequence], Value, "max = n")
        .says("The largest value.", "max = 9999")
        .only(Relational)
        .does("MAXVALUE", "refused", "refused"),
    Attribute::new("cache", &[Sequence], Value, "cache = n")
        .says("How many values a session keeps.", "cache = 20")
        .only(Relational)
        .does("CACHE", "refused", "refused"),
    Attribute::new("cycle", &[Sequence], Flag, "cycle")
        .says("It starts again at the end.", "cycle")
        .only(Relational)
        .does("CYCLE", "refused", "refused"),
];
