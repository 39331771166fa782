//! Random validators: schemas, and filters.

use bson::{Bson, Document, bson, doc};

use super::documents::any;
use super::exclusions::ONLY_VALIDATING;
use super::random::Random;

/// The keywords of a schema, each of which has to be drawn.
pub(super) const KEYWORDS: [&str; 25] = [
    "bsonType",
    "type",
    "enum",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "additionalItems",
    "required",
    "properties",
    "additionalProperties",
    "minProperties",
    "maxProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
];
const TYPES: [&str; 10] =
    ["string", "int", "double", "bool", "object", "array", "null", "date", "number", "long"];

/// A schema of a whole document, which is to validate or to find.
pub(super) fn schema(random: &mut Random, depth: usize, validates: bool) -> Document {
    let mut schema = Document::new();
    let mut properties = Document::new();
    for _ in 0..=random.below(2) {
        let name = *random.pick(&["a", "b", "i", "s", "t", "d", "n", "l", "m", "o", "zz"]);
        properties.insert(name, of_value(random, depth, validates));
    }
    schema.insert("properties", properties);
    if random.chance(30) {
        let mut required = vec![*random.pick(&["w", "q"])];
        if random.chance(50) {
            required.extend(random.pick(&[["a"], ["i"], ["zz"]]));
        }
        schema.insert("required", required);
    }
    if validates && random.chance(30) {
        let whole = ["dependencies", "patternProperties", "oneOf", "not", "anyOf"];
        let keyword = random.draw("schema", &whole);
        keyword_into(random, keyword, depth, validates, &mut schema);
    }
    annotate(random, &mut schema);
    schema
}

/// Says what a schema is about, at times.
fn annotate(random: &mut Random, schema: &mut Document) {
    if random.chance(20) {
        schema.insert("title", "a title");
    }
    if random.chance(20) {
        schema.insert("description", "about it");
    }
}

/// A validator of a collection: a schema, a filter, or both.
pub(super) fn validator(random: &mut Random, filter: Document) -> Document {
    match random.below(5) {
        0 => filter,
        1 => doc! { "$and": [{ "$jsonSchema": schema(random, 1, true) }, filter] },
        _ => doc! { "$jsonSchema": schema(random, 2, true) },
    }
}

/// A schema of a value.
fn of_value(random: &mut Random, depth: usize, validates: bool) -> Document {
    let mut schema = Document::new();
    for _ in 0..=random.below(2) {
        let keyword = if validates && random.chance(30) {
            random.draw("schema", &ONLY_VALIDATING)
        } else {
            random.deal("schema", &KEYWORDS)
        };
        keyword_into(random, keyword, depth, validates, &mut schema);
    }
    annotate(random, &mut schema);
    schema
}

fn number(random: &mut Random) -> Bson {
    if random.chance(80) { bson!(random.between(-1, 6)) } else { bson!(1.5) }
}

fn keyword_into(
    random: &mut Random,
    keyword: &'static str,
    depth: usize,
    validates: bool,
    schema: &mut Document,
) {
    let inner = |random: &mut Random| {
        if depth == 0 {
            doc! { "bsonType": *random.pick(&TYPES) }
        } else {
            of_value(random, depth - 1, validates)
        }
    };
    let argument = match keyword {
        "bsonType" | "type" if schema.contains_key("bsonType") || schema.contains_key("type") => return,
        "bsonType" if random.chance(30) => bson!([*random.pick(&TYPES), "minKey"]),
        "bsonType" => bson!(*random.pick(&TYPES)),
        "type" => bson!(*random.pick(&["string", "number", "object", "array", "boolean", "null"])),
        "enum" => bson!([any(random, 1), random.between(0, 5), "abc"]),
        "minimum" | "maximum" => number(random),
        "exclusiveMinimum" | "exclusiveMaximum" => {
            let bound = if keyword == "exclusiveMinimum" { "minimum" } else { "maximum" };
            schema.insert(bound, number(random));
            bson!(true)
        }
        "multipleOf" => bson!(random.between(1, 3)),
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" => {
            bson!(random.between(0, 3))
        }
        "pattern" => bson!(*random.pick(&["^a", "b", "[0-9]"])),
        "uniqueItems" => bson!(true),
        "items" if random.chance(70) => Bson::Document(inner(random)),
        "items" => bson!([inner(random)]),
        "additionalItems" => {
            schema.insert("items", bson!([inner(random)]));
            if random.chance(50) { bson!(false) } else { Bson::Document(inner(random)) }
        }
        "required" => bson!([*random.pick(&["b", "c", "x"])]),
        "patternProperties" => {
            bson!({ *random.pick(&["^[ab]", "[cx]$", ""]): inner(random), "^z": inner(random) })
        }
        "dependencies" if random.chance(50) => bson!({ *random.pick(&["a", "b", "c"]): ["x", "b"] }),
        "dependencies" => bson!({ *random.pick(&["a", "b", "c"]): inner(random), "x": ["c"] }),
        "properties" => bson!({ *random.pick(&["b", "c", "x"]): inner(random) }),
        "additionalProperties" => {
            schema.insert("properties", bson!({ "b": inner(random) }));
            if random.chance(50) { bson!(false) } else { Bson::Document(inner(random)) }
        }
        "not" => Bson::Document(inner(random)),
        _ => bson!([inner(random), inner(random)]),
    };
    schema.insert(keyword, argument);
}
