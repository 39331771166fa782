//! The options inside `index(…)`, `unique(…)` and `foreign_key(…)`.

use super::Attribute;
use super::DataModels::Relational;
use super::Form::{Flag, List, Value};
use super::Place::{ForeignKey, Index, Unique};

pub(super) const TABLE: &[Attribute] = &[
    Attribute::new("name", &[Index, Unique, ForeignKey], Value, "name = \"name\"")
        .says("The name, kept exactly; without it each engine's custom.", "name = \"idx_trips_owner\"")
        .does("`<table>_<columns>_key`, `…_fkey`, `idx_…`", "the same", "`field_1`"),
    Attribute::new("expr", &[Index], Value, "expr = \"SQL\"")
        .says("A key that is an SQL expression.", "expr = \"lower(email)\"")
        .only(Relational)
        .repeated()
        .does("an expression key", "an expression key", "refused"),
    Attribute::new("unique", &[Index], Flag, "unique")
        .says("No two rows have the same keys.", "unique")
        .does("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX", "unique: true"),
    Attribute::new("sparse", &[Index], Flag, "sparse")
        .says("Rows and documents without the first key are left out.", "sparse")
        .does("WHERE … IS NOT NULL", "WHERE … IS NOT NULL", "sparse: true"),
    Attribute::new("where", &[Index], Value, "where = \"condition\"")
        .says(
            "Only rows that meet the condition: SQL in a table, a JSON filter in a collection.",
            "where = \"deleted_at IS NULL\"",
        )
        .does("a partial index", "a partial index", "partialFilterExpression"),
    Attribute::new("using", &[Index], Value, "using = method")
        .says("The index method; `btree` is the custom.", "using = gin")
        .only(Relational)
        .does("USING method", "refused", "refused"),
    Attribute::new("nulls_not_distinct", &[Index, Unique], Flag, "nulls_not_distinct")
        .says("Two NULLs are equal.", "nulls_not_distinct")
        .only(Relational)
        .does("NULLS NOT DISTINCT (15 and later)", "refused", "refused"),
    Attribute::new("include", &[Index, Unique], List, "include(fields)")
        .says("Columns carried by the index without ordering it.", "include(title, budget)")
        .only(Relational)
        .does("INCLUDE (…)", "refused", "refused"),
    Attribute::new("with", &[Index], List, "with(parameter = value)")
        .says("Storage parameters of the index.", "with(fillfactor = 70)")
        .only(Relational)
        .does("WITH (…)", "kept in the schema only", "refused"),
    Attribute::new("on_delete", &[ForeignKey], Value, "on_delete = action")
        .says(
            "What happens to this row when the other is deleted: `no_action`, `restrict`, `cascade`, `set_null`, `set_default`.",
            "on_delete = cascade",
        )
        .only(Relational)
        .does("ON DELETE", "ON DELETE", "refused"),
    Attribute::new("on_update", &[ForeignKey], Value, "on_update = action")
        .says("What happens to this row when the other's key changes.", "on_update = cascade")
        .only(Relational)
        .does("ON UPDATE", "ON UPDATE", "refused"),
    Attribute::new("deferrable", &[Unique, ForeignKey], Flag, "deferrable")
        .says("A transaction may put the check off to its end.", "deferrable")
        .only(Relational)
        .does("DEFERRABLE", "foreign keys only", "refused"),
    Attribute::new("deferred", &[Unique, ForeignKey], Flag, "deferred")
        .says("The check is made at the transaction's end.", "deferred")
        .only(Relational)
        .does("DEFERRABLE INITIALLY DEFERRED", "foreign keys only", "refused"),
];
