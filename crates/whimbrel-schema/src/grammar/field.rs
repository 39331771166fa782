//! What may stand on a field.

use super::DataModels::{Document, Relational};
use super::Form::{Flag, FlagOrList, List, Value};
use super::Place::{EmbeddedField, Field};
use super::{Attribute, Place, TypeSet};
use crate::model::Scalar;

const HERE: &[Place] = &[Field];
const EVERYWHERE: &[Place] = &[Field, EmbeddedField];

const INTEGERS: TypeSet = TypeSet::of(&[Scalar::I16, Scalar::I32, Scalar::I64]);
const NUMBERS: TypeSet = INTEGERS.and(TypeSet::of(&[Scalar::F64, Scalar::Decimal]));
const TEXT: TypeSet = TypeSet::of(&[Scalar::String]);
const SIZED: TypeSet = TypeSet::of(&[Scalar::String, Scalar::Bytes]).and(TypeSet::LIST);
const SHAPELESS: TypeSet =
    TypeSet::of(&[Scalar::Json, Scalar::GeoPoint]).and(TypeSet::EMBEDDED).and(TypeSet::LIST);

pub(super) const TABLE: &[Attribute] = &[
    Attribute::new("id", HERE, Flag, "id")
        .says("The field is the primary key, or a part of it.", "id")
        .fits(TypeSet::ANY.without(SHAPELESS))
        .on_views()
        .does("PRIMARY KEY", "PRIMARY KEY", "`_id`"),
    Attribute::new("auto_increment", HERE, Flag, "auto_increment")
        .says("The database counts the values up.", "auto_increment")
        .fits(INTEGERS)
        .only(Relational)
        .does("serial: an owned sequence", "AUTOINCREMENT", "refused"),
    Attribute::new("identity", HERE, Value, "identity = always | by_default")
        .says("The database gives out the values; `always` refuses others.", "identity = always")
        .fits(INTEGERS)
        .only(Relational)
        .does("GENERATED … AS IDENTITY", "AUTOINCREMENT", "refused"),
    Attribute::new("generated", HERE, Value, "generated = \"SQL\"")
        .says("The database computes the value from other columns and stores it.", "generated = \"price * stock\"")
        .fits(TypeSet::ANY)
        .only(Relational)
        .does("GENERATED ALWAYS AS (…) STORED", "GENERATED ALWAYS AS (…) STORED", "refused"),
    Attribute::new("default", EVERYWHERE, Value, "default = value")
        .says(
            "The value where none is given: `uuid`, `now`, `empty`, `true`, a number, a string, a variant, or `sql(\"…\")`.",
            "default = 0",
        )
        .fits(TypeSet::ANY)
        .does("DEFAULT", "DEFAULT", "set by the application"),
    Attribute::new("on_update", EVERYWHERE, Value, "on_update = now | action")
        .says(
            "`now`: each update that the application makes sets the field to the time. An action, beside `references`: what happens when the referenced key changes.",
            "on_update = now",
        )
        .fits(TypeSet::ANY)
        .repeated()
        .does("by the application; ON UPDATE", "by the application; ON UPDATE", "by the application"),
    Attribute::new("varchar", HERE, Value, "varchar = n")
        .says(
            "At most n characters, as the column's type. On an enum, with `store = text`.",
            "varchar = 255",
        )
        .fits(TEXT.and(TypeSet::ENUM))
        .fits_elements()
        .only(Relational)
        .on_views()
        .does("varchar(n)", "text with a CHECK on its length", "refused: use `len`"),
    Attribute::new("decimal", EVERYWHERE, List, "decimal(precision, scale)")
        .says("So many digits, of which so many after the point.", "decimal(10, 2)")
        .fits(TypeSet::of(&[Scalar::Decimal]))
        .fits_elements()
        .on_views()
        .does("numeric(p, s)", "numeric(p, s), precision up to 15", "Decimal128, checked by the validator"),
    Attribute::new("type", HERE, Value, "type = \"SQL type\"")
        .says("The column's SQL type as written, where the scalar's own will not do.", "type = \"inet\"")
        .fits(TypeSet::ANY)
        .only(Relational)
        .on_views()
        .does("the column's type", "refused where SQLite does not know it", "refused"),
    Attribute::new("collate", HERE, Value, "collate = \"collation\"")
        .says("The order of the column's texts.", "collate = \"C\"")
        .fits(TEXT.and(TypeSet::ENUM))
        .fits_elements()
        .only(Relational)
        .on_views()
        .does("COLLATE", "refused, except for SQLite's own", "refused"),
    Attribute::new("comment", EVERYWHERE, Value, "comment = \"text\"")
        .says("The comment stored in the database.", "comment = \"In euros.\"")
        .fits(TypeSet::ANY)
        .on_views()
        .does("COMMENT ON COLUMN", "kept in the schema only", "`description` in the validator"),
    Attribute::new("store", EVERYWHERE, Value, "store = text | native")
        .says("How this field's enum is stored.", "store = text")
        .fits(TypeSet::ENUM)
        .fits_elements()
        .only(Relational)
        .on_views()
        .does("text, or the enum's type", "text", "refused"),
    Attribute::new("min_len", EVERYWHERE, Value, "min_len = n")
        .says("At least so many characters, bytes or elements.", "min_len = 1")
        .fits(SIZED)
        .does("CHECK", "CHECK", "minLength, minItems"),
    Attribute::new("len", EVERYWHERE, Value, "len = n")
        .says("At most so many characters, bytes or elements.", "len = 80")
        .fits(SIZED)
        .does("CHECK", "CHECK", "maxLength, maxItems"),
    Attribute::new("pattern", EVERYWHERE, Value, "pattern = \"regular expression\"")
        .says("The text must match.", "pattern = \"^[a-z]+$\"")
        .fits(TEXT)
        .does("CHECK", "CHECK", "pattern"),
    Attribute::new("email", EVERYWHERE, Flag, "email")
        .says("The text must look like an e-mail address.", "email")
        .fits(TEXT)
        .does("CHECK", "CHECK", "pattern"),
    Attribute::new("min", EVERYWHERE, Value, "min = n")
        .says("The smallest number.", "min = 0")
        .fits(NUMBERS)
        .does("CHECK", "CHECK", "minimum"),
    Attribute::new("max", EVERYWHERE, Value, "max = n")
        .says("The largest number.", "max = 100")
        .fits(NUMBERS)
        .does("CHECK", "CHECK", "maximum"),
    Attribute::new("input", EVERYWHERE, List, "input(rules)")
        .says(
            "Rules that hold for input only: `min_len`, `len`, `pattern`, `email`, `min`, `max`.",
            "input(min_len = 8)",
        )
        .fits(TypeSet::ANY)
        .does("by the application", "by the application", "by the application"),
    Attribute::new("unique", HERE, Flag, "unique")
        .says("No two rows have the same value.", "unique")
        .fits(TypeSet::ANY)
        .does("UNIQUE", "UNIQUE", "a unique index"),
    Attribute::new("sparse", HERE, Flag, "sparse")
        .says("With `unique` or `index`: rows and documents without a value are left out.", "unique, sparse")
        .fits(TypeSet::ANY)
        .does("WHERE … IS NOT NULL", "WHERE … IS NOT NULL", "sparse: true"),
    Attribute::new("index", HERE, FlagOrList, "index, or index(desc, name = \"name\")")
        .says("An index over this field.", "index(desc)")
        .fits(TypeSet::ANY)
        .does("CREATE INDEX", "CREATE INDEX", "createIndexes"),
    Attribute::new("ttl", HERE, Value, "ttl = \"time\"")
        .says("Documents expire so long after this field's time.", "ttl = \"30d\"")
        .fits(TypeSet::of(&[Scalar::Timestamp]))
        .only(Document)
        .does("refused", "removed by the maintenance run", "a TTL index"),
    Attribute::new("references", EVERYWHERE, Value, "references = Model::field")
        .says("The value names a row of another model.", "references = User::id")
        .fits(TypeSet::ANY.without(SHAPELESS))
        .fits_elements()
        .does("REFERENCES", "REFERENCES", "known to queries; not enforced"),
    Attribute::new("on_delete", HERE, Value, "on_delete = action")
        .says(
            "Beside `references`, what happens to this row when the other is deleted: `no_action`, `restrict`, `cascade`, `set_null`, `set_default`.",
            "references = User::id, on_delete = cascade",
        )
        .fits(TypeSet::ANY)
        .only(Relational)
        .does("ON DELETE", "ON DELETE", "refused"),
    Attribute::new("deferrable", HERE, Flag, "deferrable")
        .says("Beside `references`: a transaction may put the check off to its end.", "references = User::id, deferrable")
        .fits(TypeSet::ANY)
        .only(Relational)
        .does("DEFERRABLE", "DEFERRABLE", "refused"),
    Attribute::new("deferred", HERE, Flag, "deferred")
        .says("Beside `references`: the check is made at the transaction's end.", "references = User::id, deferred")
        .fits(TypeSet::ANY)
        .only(Relational)
        .does("DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY DEFERRED", "refused"),
    Attribute::new("constraint", HERE, Value, "constraint = \"name\"")
        .says(
            "Beside `references`, the foreign key's name where it is not `<table>_<column>_fkey`.",
            "references = User::id, constraint = \"fk_trip_user\"",
        )
        .fits(TypeSet::ANY)
        .only(Relational)
        .does("CONSTRAINT", "CONSTRAINT", "refused"),
    Attribute::new("check", EVERYWHERE, List, "check(name = condition)")
        .says("A condition on each row, as on the model.", "check(positive_price = price > 0)")
        .fits(TypeSet::ANY)
        .repeated()
        .does("CHECK", "CHECK", "$expr in the validator"),
    Attribute::new("sensitive", EVERYWHERE, Flag, "sensitive")
        .says("Masked in output, left out of exports.", "sensitive")
        .fits(TypeSet::ANY)
        .on_views()
        .does("by Whimbrel", "by Whimbrel", "by Whimbrel"),
    Attribute::new("encrypted", EVERYWHERE, FlagOrList, "encrypted, or encrypted(blind_index)")
        .says(
            "Stored encrypted; with `blind_index` equal values can still be found.",
            "encrypted(blind_index)",
        )
        .fits(TypeSet::of(&[Scalar::String, Scalar::Bytes, Scalar::Json]))
        .does("bytea, and a keyed hash beside it", "a blob, and a keyed hash beside it", "binary, and a keyed hash beside it"),
    Attribute::new("version", HERE, Flag, "version")
        .says("The counter of optimistic locking.", "version")
        .fits(INTEGERS)
        .does("by the application", "by the application", "by the application"),
    Attribute::new("null", EVERYWHERE, Flag, "null")
        .says("A missing value is stored as an explicit null.", "null")
        .fits(TypeSet::ANY)
        .only(Document)
        .does("refused: it always is", "a null in the document", "a null in the document"),
    Attribute::new("name", EVERYWHERE, Value, "name = \"name\"")
        .says("The column's or document field's name where it differs.", "name = \"fullName\"")
        .fits(TypeSet::ANY)
        .on_views()
        .does("the column's name", "the column's name", "the field's name"),
    Attribute::new("was", EVERYWHERE, Value, "was = \"name\"")
        .says("The name before: the difference is a rename.", "was = \"tel\"")
        .fits(TypeSet::ANY)
        .does("RENAME COLUMN", "RENAME COLUMN", "$rename"),
];
