//! What may stand on a model.

use super::Attribute;
use super::DataModels::{Document, Relational};
use super::Form::{Flag, List, Value};
use super::Place::Model;

pub(super) const TABLE: &[Attribute] = &[
    Attribute::new("table", &[Model], Value, "table = \"name\"")
        .says("The model is a table of this name.", "table = \"trips\"")
        .only(Relational)
        .does("CREATE TABLE", "CREATE TABLE", "refused: use `collection`"),
    Attribute::new("collection", &[Model], Value, "collection = \"name\"")
        .says("The model is a collection of documents of this name.", "collection = \"users\"")
        .only(Document)
        .does("refused: use `table`", "a collection of the document engine", "create, with a $jsonSchema validator"),
    Attribute::new("view", &[Model], Value, "view = \"name\"")
        .says("The model is a view of this name over `query`.", "view = \"active_users\"")
        .only(Relational)
        .on_views()
        .does("CREATE VIEW", "CREATE VIEW", "refused"),
    Attribute::new("query", &[Model], Value, "query = \"SELECT …\"")
        .says("The view's SELECT statement, as written.", "query = \"SELECT id FROM users WHERE active\"")
        .only(Relational)
        .on_views()
        .does("the view's definition", "the view's definition", "refused"),
    Attribute::new("materialized", &[Model], Flag, "materialized")
        .says("The view's result is stored.", "materialized")
        .only(Relational)
        .on_views()
        .does("CREATE MATERIALIZED VIEW", "refused", "refused"),
    Attribute::new("schema", &[Model], Value, "schema = \"name\"")
        .says("The database schema that holds it; none means the default one.", "schema = \"billing\"")
        .only(Relational)
        .on_views()
        .does("the table's schema", "refused", "refused"),
    Attribute::new("was", &[Model], Value, "was = \"name\"")
        .says("The name it had before: the difference is a rename.", "was = \"journeys\"")
        .on_views()
        .does("ALTER TABLE … RENAME", "ALTER TABLE … RENAME", "renameCollection"),
    Attribute::new("comment", &[Model], Value, "comment = \"text\"")
        .says("The comment stored in the database.", "comment = \"One journey.\"")
        .only(Relational)
        .on_views()
        .does("COMMENT ON", "kept in the schema only", "refused"),
    Attribute::new("primary_key", &[Model], Value, "primary_key = \"name\"")
        .says("The primary key's name where it is not `<table>_pkey`.", "primary_key = \"trips_pk\"")
        .only(Relational)
        .does("CONSTRAINT name PRIMARY KEY", "CONSTRAINT name PRIMARY KEY", "refused"),
    Attribute::new("keyless", &[Model], Flag, "keyless")
        .says("The table has no primary key, on purpose.", "keyless")
        .only(Relational)
        .does("no PRIMARY KEY", "no PRIMARY KEY", "refused"),
    Attribute::new("index", &[Model], List, "index(keys, options)")
        .says(
            "An index over field paths or expressions, in order; see the options of an index.",
            "index(user_id, start_date desc, name = \"idx_trips_owner\")",
        )
        .repeated()
        .does("CREATE INDEX", "CREATE INDEX", "createIndexes"),
    Attribute::new("geo", &[Model], List, "geo(field, options)")
        .says("An index over a position on the globe.", "geo(location)")
        .repeated()
        .does("an index on the column", "an R*Tree", "a 2dsphere index"),
    Attribute::new("text", &[Model], List, "text(field = weight, options)")
        .says("An index over words, with a weight for each field.", "text(bio = 1, title = 5)")
        .repeated()
        .does("a GIN index over tsvector", "FTS5", "a text index"),
    Attribute::new("hashed", &[Model], List, "hashed(field, options)")
        .says("An index over a field's hash.", "hashed(email)")
        .only(Document)
        .repeated()
        .does("refused: use `index(field, using = hash)`", "an ordinary index", "a hashed index"),
    Attribute::new("unique", &[Model], List, "unique(fields, options)")
        .says(
            "No two rows have the same values; see the options of a unique constraint.",
            "unique(user_id, slug, name = \"uq_trip_slug\")",
        )
        .repeated()
        .does("CONSTRAINT … UNIQUE", "CONSTRAINT … UNIQUE", "a unique index"),
    Attribute::new("foreign_key", &[Model], List, "foreign_key(fields -> Model::fields, options)")
        .says(
            "The fields name a row of another model; for one field, `references` on the field says the same.",
            "foreign_key((tenant_id, user_id) -> User::(tenant_id, id), on_delete = cascade)",
        )
        .only(Relational)
        .repeated()
        .does("FOREIGN KEY", "FOREIGN KEY", "refused"),
    Attribute::new("check", &[Model], List, "check(name = condition)")
        .says(
            "A condition on each row: a restricted Rust expression, or, in a string, SQL in a table and a query as JSON in a collection. It passes where a part of it is NULL.",
            "check(trip_dates = end_date > start_date)",
        )
        .repeated()
        .does("CHECK", "CHECK", "$expr in the validator"),
    Attribute::new("with", &[Model], List, "with(parameter = value)")
        .says("Storage parameters.", "with(fillfactor = 70)")
        .only(Relational)
        .repeated()
        .does("WITH (…)", "kept in the schema only", "refused"),
    Attribute::new("cache", &[Model], List, "cache(ttl = \"time\", by(fields))")
        .says("Lookups by id, and by the fields named, are cached for so long.", "cache(ttl = \"5m\", by(email))")
        .on_views()
        .does("by the application", "by the application", "by the application"),
    Attribute::new("shard_key", &[Model], List, "shard_key(fields)")
        .says("The field paths that a sharded collection is divided by.", "shard_key(country, city)")
        .only(Document)
        .does("refused", "kept in the schema only", "shardCollection"),
    Attribute::new("validation", &[Model], List, "validation(level = strict | moderate | off, action = error | warn)")
        .says(
            "How strictly the database checks written documents: `strict` and `error` where it is not said. `moderate` passes over updates of documents that did not match before; `off` sets no validator; `warn` logs instead of refusing.",
            "validation(level = moderate, action = warn)",
        )
        .only(Document)
        .does("refused: a table's constraints always hold", "by the document engine", "validationLevel, validationAction"),
];
