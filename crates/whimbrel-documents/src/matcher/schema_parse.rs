//! Parsing `$jsonSchema`.

use bson::{Bson, Document, doc};

use super::schema::{Allowed, Dependency, Keyword, Property, Rule, Schema};
use super::types::NUMERIC;
use super::{Pattern, TypeSet};
use crate::refusal::{Result, bad_value, failed_to_parse, not_implemented, type_mismatch};
use crate::value::{Number, ValueRef};

/// The keywords, in the order in which MongoDB reports on them.
const KEYWORDS: [&str; 28] = [
    "pattern",
    "maxLength",
    "minLength",
    "multipleOf",
    "maximum",
    "minimum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "additionalItems",
    "properties",
    "additionalProperties",
    "patternProperties",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "enum",
    "bsonType",
    "type",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "title",
];

/// The numbers of types.
const STRING: i32 = 2;
const OBJECT: i32 = 3;
const ARRAY: i32 = 4;

/// Keywords of JSON Schema that MongoDB refuses.
const UNSUPPORTED: [&str; 6] = ["$ref", "$schema", "default", "definitions", "format", "id"];

/// Keywords of MongoDB's own that this engine refuses by name.
const REFUSED: [&str; 2] = ["encrypt", "encryptMetadata"];

/// What the values are that a schema describes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Whole documents, which can be nothing but objects.
    Documents,
    Values,
}

/// Parses a schema of whole documents.
pub(super) fn parse_schema_of_document(schema: &Document) -> Result<Schema> {
    parse_schema(schema, Of::Documents)
}

fn parse_schema(schema: &Document, of: Of) -> Result<Schema> {
    let mut parsed = Schema::default();
    for (keyword, value) in schema {
        check_keyword(keyword)?;
        match (keyword.as_str(), value) {
            ("title", Bson::String(text)) => parsed.title = Some(text.clone()),
            ("description", Bson::String(text)) => parsed.description = Some(text.clone()),
            ("title" | "description", _) => {
                return Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be of type string")));
            }
            _ => {}
        }
    }
    if schema.contains_key("type") && schema.contains_key("bsonType") {
        return Err(failed_to_parse("Cannot specify both $jsonSchema keywords 'type' and 'bsonType'"));
    }
    for keyword in KEYWORDS {
        if let Some(value) = schema.get(keyword)
            && let Some(test) = parse_keyword(keyword, value, schema, of)?
        {
            let mut stated = Document::new();
            stated.insert(keyword, value.clone());
            if let Some(name) = exclusive_keyword(keyword)
                && schema.get(name) == Some(&Bson::Boolean(true))
            {
                stated.insert(name, true);
            }
            parsed.rules.push(Rule { keyword, stated, test });
        }
    }
    drop_impossible(&mut parsed.rules);
    let excludes_documents =
        |rule: &Rule| matches!(&rule.test, Keyword::Type(types) if !types.meets(&[OBJECT]));
    if of == Of::Documents && parsed.rules.iter().any(excludes_documents) {
        let stated = doc! { "$jsonSchema": schema };
        parsed.rules = vec![Rule { keyword: "$jsonSchema", stated, test: Keyword::Never }];
    }
    Ok(parsed)
}

/// Drops the rules about types that the schema excludes: what breaks them breaks the rule about the type.
fn drop_impossible(rules: &mut Vec<Rule>) {
    let types = rules.iter().find_map(|rule| match &rule.test {
        // Of several types the server draws no conclusions.
        Keyword::Type(types) if rule.stated.get(rule.keyword).is_some_and(names_one) => Some(types.clone()),
        _ => None,
    });
    if let Some(types) = types {
        rules.retain(|rule| restricted(rule.keyword).is_none_or(|numbers| types.meets(numbers)));
    }
}

/// Whether one type is named, however often.
fn names_one(types: &Bson) -> bool {
    match types {
        Bson::Array(names) => names.iter().all(|name| name == &names[0]),
        _ => true,
    }
}

/// The types of the values that a keyword is about; all others it lets pass. `dependencies`, too, is about objects, but is told
/// of even where the schema excludes them.
fn restricted(keyword: &str) -> Option<&'static [i32]> {
    match keyword {
        "minimum" | "maximum" | "multipleOf" => Some(&NUMERIC),
        "minLength" | "maxLength" | "pattern" => Some(&[STRING]),
        "minItems" | "maxItems" | "uniqueItems" | "items" | "additionalItems" => Some(&[ARRAY]),
        "required"
        | "properties"
        | "patternProperties"
        | "additionalProperties"
        | "minProperties"
        | "maxProperties" => Some(&[OBJECT]),
        _ => None,
    }
}

fn check_keyword(keyword: &str) -> Result<()> {
    if UNSUPPORTED.contains(&keyword) {
        return Err(failed_to_parse(format!("$jsonSchema keyword '{keyword}' is not currently supported")));
    }
    if REFUSED.contains(&keyword) {
        return Err(not_implemented(&format!("the $jsonSchema keyword {keyword}")));
    }
    if !KEYWORDS.contains(&keyword) && keyword != "description" {
        return Err(failed_to_parse(format!("Unknown $jsonSchema keyword: {keyword}")));
    }
    Ok(())
}

fn exclusive_keyword(keyword: &str) -> Option<&'static str> {
    match keyword {
        "minimum" => Some("exclusiveMinimum"),
        "maximum" => Some("exclusiveMaximum"),
        _ => None,
    }
}

fn parse_keyword(keyword: &str, value: &Bson, schema: &Document, of: Of) -> Result<Option<Keyword>> {
    Ok(Some(match keyword {
        "bsonType" => Keyword::Type(parse_types(keyword, value, TypeSet::parse_name)?),
        "type" => Keyword::Type(parse_types(keyword, value, json_type)?),
        "enum" => match parse_enum(value)? {
            values if of == Of::Documents && !values.iter().any(|value| value.as_document().is_some()) => {
                Keyword::Never
            }
            values => Keyword::Enum(values),
        },
        "minimum" => {
            Keyword::Minimum { bound: number(keyword, value)?, exclusive: flag("exclusiveMinimum", schema)? }
        }
        "maximum" => {
            Keyword::Maximum { bound: number(keyword, value)?, exclusive: flag("exclusiveMaximum", schema)? }
        }
        "exclusiveMinimum" | "exclusiveMaximum" => {
            let bound = if keyword == "exclusiveMinimum" { "minimum" } else { "maximum" };
            if !schema.contains_key(bound) {
                return Err(failed_to_parse(format!(
                    "$jsonSchema keyword '{bound}' must be a present if {keyword} is present"
                )));
            }
            return Ok(None);
        }
        "multipleOf" => Keyword::MultipleOf(parse_multiple(value)?),
        "minLength" => Keyword::MinLength(length(keyword, value)?),
        "maxLength" => Keyword::MaxLength(length(keyword, value)?),
        "pattern" => match value {
            Bson::String(source) => Keyword::Pattern(Pattern::new(source, "")?),
            _ => return Err(type_mismatch("$jsonSchema keyword 'pattern' must be a string")),
        },
        "minItems" => Keyword::MinItems(length(keyword, value)?),
        "maxItems" => Keyword::MaxItems(length(keyword, value)?),
        "uniqueItems" if flag(keyword, schema)? => Keyword::UniqueItems,
        "items" => parse_items(value)?,
        "additionalItems" => return parse_additional_items(value, schema),
        "required" => Keyword::Required(required(value)?),
        "minProperties" => Keyword::MinProperties(length(keyword, value)?),
        "maxProperties" => Keyword::MaxProperties(length(keyword, value)?),
        "properties" => Keyword::Properties(properties(value, schema)?),
        "patternProperties" => Keyword::PatternProperties(patterned_schemas(keyword, value)?),
        "additionalProperties" => parse_additional_properties(value, schema)?,
        "dependencies" => Keyword::Dependencies(parse_dependencies(value, of)?),
        "allOf" => Keyword::AllOf(schemas(keyword, value, of)?),
        "anyOf" => Keyword::AnyOf(schemas(keyword, value, of)?),
        "oneOf" => Keyword::OneOf(schemas(keyword, value, of)?),
        "not" => Keyword::Not(Box::new(subschema(keyword, value, of)?)),
        _ => return Ok(None),
    }))
}

fn subschema(keyword: &str, value: &Bson, of: Of) -> Result<Schema> {
    match value {
        Bson::Document(schema) => parse_schema(schema, of),
        _ => Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be an object"))),
    }
}

fn schemas(keyword: &str, value: &Bson, of: Of) -> Result<Vec<Schema>> {
    let Bson::Array(items) = value else {
        return Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be an array")));
    };
    if items.is_empty() {
        return Err(bad_value(format!("$jsonSchema keyword '{keyword}' must be a non-empty array")));
    }
    let parse = |item: &Bson| match item {
        Bson::Document(schema) => parse_schema(schema, of),
        _ => Err(type_mismatch(format!(
            "$jsonSchema keyword '{keyword}' must be an array of objects, but found an element of type {}",
            crate::value::type_name(item.into())
        ))),
    };
    items.iter().map(parse).collect()
}

fn named_schemas(keyword: &str, value: &Bson) -> Result<Vec<(String, Schema)>> {
    let Bson::Document(properties) = value else {
        return Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be an object")));
    };
    let parse = |(name, value): (&String, &Bson)| match value {
        Bson::Document(schema) => Ok((name.clone(), parse_schema(schema, Of::Values)?)),
        _ => Err(type_mismatch(format!("Nested schema for $jsonSchema property '{name}' must be an object"))),
    };
    properties.iter().map(parse).collect()
}

fn properties(value: &Bson, schema: &Document) -> Result<Vec<Property>> {
    let required = schema.get("required").map(required).transpose()?.unwrap_or_default();
    let property = |(name, schema)| Property { is_required: required.contains(&name), name, schema };
    Ok(named_schemas("properties", value)?.into_iter().map(property).collect())
}

/// The names of required properties, in alphabetical order.
fn required(value: &Bson) -> Result<Vec<String>> {
    let mut names = names("required", value)?;
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(failed_to_parse("$jsonSchema keyword 'required' array cannot contain duplicate values"));
    }
    Ok(names)
}

fn patterned_schemas(keyword: &str, value: &Bson) -> Result<Vec<(Pattern, Schema)>> {
    let compile = |(source, schema): (String, Schema)| Ok((Pattern::new(&source, "")?, schema));
    named_schemas(keyword, value)?.into_iter().map(compile).collect()
}

fn parse_types(keyword: &str, value: &Bson, read: fn(&str) -> Result<Vec<i32>>) -> Result<TypeSet> {
    let mut numbers = Vec::new();
    let wrong = || {
        type_mismatch(format!(
            "$jsonSchema keyword '{keyword}' must be either a string or an array of strings"
        ))
    };
    match value {
        Bson::String(name) => numbers.extend(read(name)?),
        Bson::Array(items) => {
            for item in items {
                let Bson::String(name) = item else { return Err(wrong()) };
                numbers.extend(read(name)?);
            }
        }
        _ => return Err(wrong()),
    }
    Ok(TypeSet::of(numbers))
}

/// The BSON types of one of JSON Schema's types.
fn json_type(name: &str) -> Result<Vec<i32>> {
    match name {
        "array" | "object" | "string" | "null" | "number" => TypeSet::parse_name(name),
        "boolean" => TypeSet::parse_name("bool"),
        "integer" => Err(failed_to_parse("$jsonSchema type 'integer' is not currently supported.")),
        _ => Err(bad_value(format!("Unknown type name alias: {name}"))),
    }
}

fn parse_enum(value: &Bson) -> Result<Vec<Bson>> {
    match value {
        Bson::Array(items) if items.is_empty() => {
            Err(failed_to_parse("$jsonSchema keyword 'enum' cannot be an empty array"))
        }
        Bson::Array(items) => {
            let repeated = |(at, item): (usize, &Bson)| {
                items[..at].iter().any(|known| crate::value::compare_bson(known, item).is_eq())
            };
            if items.iter().enumerate().any(repeated) {
                return Err(failed_to_parse(
                    "$jsonSchema keyword 'enum' array cannot contain duplicate values.",
                ));
            }
            Ok(items.clone())
        }
        _ => Err(type_mismatch(format!(
            "$jsonSchema keyword 'enum' must be an array, but found an element of type {}",
            crate::value::type_name(value.into())
        ))),
    }
}

fn number(keyword: &str, value: &Bson) -> Result<Number> {
    Number::of(ValueRef::from(value))
        .ok_or_else(|| type_mismatch(format!("$jsonSchema keyword '{keyword}' must be a number")))
}

fn flag(keyword: &str, schema: &Document) -> Result<bool> {
    match schema.get(keyword) {
        None => Ok(false),
        Some(Bson::Boolean(flag)) => Ok(*flag),
        Some(_) => Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be a boolean"))),
    }
}

fn parse_multiple(value: &Bson) -> Result<Number> {
    let divisor = number("multipleOf", value)?;
    if divisor.is_nan() || crate::value::compare_numbers(divisor, Number::Int32(0)).is_le() {
        return Err(failed_to_parse("$jsonSchema keyword 'multipleOf' must have a positive value"));
    }
    Ok(divisor)
}

fn length(keyword: &str, value: &Bson) -> Result<usize> {
    let shown = format!("{keyword}: {}", crate::value::show(value.into()));
    let whole = super::exact_integer(value.into(), &shown).map_err(failed_to_parse)?;
    usize::try_from(whole).map_err(|_| failed_to_parse(format!("Expected a non-negative number in: {shown}")))
}

fn names(keyword: &str, value: &Bson) -> Result<Vec<String>> {
    let Bson::Array(items) = value else {
        return Err(type_mismatch(format!(
            "$jsonSchema keyword '{keyword}' must be an array, but found an element of type {}",
            crate::value::type_name(value.into())
        )));
    };
    if items.is_empty() {
        return Err(failed_to_parse(format!("$jsonSchema keyword '{keyword}' cannot be an empty array")));
    }
    let read = |item: &Bson| match item {
        Bson::String(name) => Ok(name.clone()),
        other => Err(type_mismatch(format!(
            "$jsonSchema keyword '{keyword}' must be an array of strings, but found an element of type: {}",
            crate::value::type_name(other.into())
        ))),
    };
    items.iter().map(read).collect()
}

fn parse_items(value: &Bson) -> Result<Keyword> {
    match value {
        Bson::Document(schema) => Ok(Keyword::Items(Box::new(parse_schema(schema, Of::Values)?))),
        Bson::Array(_) => Ok(Keyword::ItemsInOrder(schemas("items", value, Of::Values)?)),
        _ => Err(type_mismatch(format!(
            "$jsonSchema keyword 'items' must be an array or an object, not {}",
            crate::value::type_name(value.into())
        ))),
    }
}

fn allowed(keyword: &str, value: &Bson) -> Result<Allowed> {
    match value {
        Bson::Boolean(true) => Ok(Allowed::Anything),
        Bson::Boolean(false) => Ok(Allowed::Nothing),
        Bson::Document(schema) => Ok(Allowed::Like(Box::new(parse_schema(schema, Of::Values)?))),
        _ => Err(type_mismatch(format!("$jsonSchema keyword '{keyword}' must be an object or a boolean"))),
    }
}

fn parse_additional_items(value: &Bson, schema: &Document) -> Result<Option<Keyword>> {
    let allowed = allowed("additionalItems", value)?;
    let Some(Bson::Array(items)) = schema.get("items") else { return Ok(None) };
    Ok(Some(Keyword::AdditionalItems { after: items.len(), allowed }))
}

fn parse_additional_properties(value: &Bson, schema: &Document) -> Result<Keyword> {
    let keys = |keyword: &str| -> Vec<String> {
        match schema.get(keyword) {
            Some(Bson::Document(properties)) => properties.keys().cloned().collect(),
            _ => Vec::new(),
        }
    };
    let patterns =
        keys("patternProperties").iter().map(|source| Pattern::new(source, "")).collect::<Result<_>>()?;
    let allowed = allowed("additionalProperties", value)?;
    Ok(Keyword::AdditionalProperties { named: keys("properties"), patterns, allowed })
}

fn parse_dependencies(value: &Bson, of: Of) -> Result<Vec<(String, Dependency)>> {
    let Bson::Document(dependencies) = value else {
        return Err(type_mismatch("$jsonSchema keyword 'dependencies' must be an object"));
    };
    let parse = |(name, value): (&String, &Bson)| {
        let dependency = match value {
            Bson::Document(schema) => Dependency::Schema(parse_schema(schema, of)?),
            Bson::Array(items) if items.is_empty() => {
                return Err(failed_to_parse(format!(
                    "property '{name}' in $jsonSchema keyword 'dependencies' cannot be an empty array"
                )));
            }
            Bson::Array(_) => Dependency::Properties(names("dependencies", value)?),
            _ => {
                return Err(type_mismatch(format!(
                    "property '{name}' in $jsonSchema keyword 'dependencies' must be either an object or an array"
                )));
            }
        };
        Ok((name.clone(), dependency))
    };
    dependencies.iter().map(parse).collect()
}
