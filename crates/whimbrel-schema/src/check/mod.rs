//! Checks over a whole schema: what no single struct can know.
//!
//! One file for each family of rules. A rule names the part of the schema that is wrong with
//! [`At`]; the reader finds its place in the source, and a schema without source is reported by
//! the names in the message.

mod conditions;
mod fields;
mod lists;
mod names;
mod references;

use std::collections::HashMap;

use proc_macro2::Span;

use crate::model::{Embedded, EnumType, Field, FieldType, Model, Schema, Storage};
use crate::read::{DeclarationPlaces, ListPlaces, Places, Problem, ReadError, SourceProblem};

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The part of the schema.
    pub at: At,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong, with the name of the object.
    pub message: String,
    /// The words beside the caret.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// A part of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The list of the schema.
    pub list: Declared,
    /// The position in that list.
    pub index: usize,
    /// The part of it.
    pub part: Part,
}

/// One of the schema's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Declared {
    /// [`Schema::models`].
    Model,
    /// [`Schema::embedded`].
    Embedded,
    /// [`Schema::enums`].
    Enum,
    /// [`Schema::sequences`].
    Sequence,
}

/// A part of one declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its name.
    Name,
    /// One of its attributes.
    Attribute(&'static str),
    /// A field or variant.
    Member(usize),
    /// A field's type.
    MemberType(usize),
    /// An attribute of a field or variant.
    MemberAttribute(usize, &'static str),
    /// One of a field's checks.
    MemberCheck(usize, usize),
    /// One of its lists.
    List(List, usize),
    /// The name of one of its lists.
    ListName(List, usize),
    /// A field named in one of its lists.
    ListItem(List, usize, usize),
}

/// The lists of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// [`Model::indexes`]
    Index,
    /// [`Model::uniques`]
    Unique,
    /// [`Model::foreign_keys`]
    ForeignKey,
    /// [`Model::checks`]
    Check,
    /// [`Model::cache`]
    Cache,
    /// [`Model::shard_key`]
    ShardKey,
}

impl At {
    pub(crate) fn new(list: Declared, index: usize, part: Part) -> At {
        At { list, index, part }
    }

    pub(crate) fn model(index: usize, part: Part) -> At {
        At::new(Declared::Model, index, part)
    }
}

impl Finding {
    pub(crate) fn new(at: At, code: &'static str, message: impl Into<String>) -> Finding {
        Finding { at, code, message: message.into(), label: "here".into(), help: None }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = label.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

/// Everything that a rule looks up by name.
pub(crate) struct Known<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) models: HashMap<&'a str, ModelFields<'a>>,
    pub(crate) embedded: HashMap<&'a str, &'a Embedded>,
    pub(crate) enums: HashMap<&'a str, &'a EnumType>,
}

/// A model with its fields by name.
pub(crate) struct ModelFields<'a> {
    pub(crate) model: &'a Model,
    pub(crate) fields: HashMap<&'a str, &'a Field>,
}

impl<'a> Known<'a> {
    fn new(schema: &'a Schema) -> Self {
        let models = schema.models.iter().map(|model| {
            let fields = model.fields.iter().map(|field| (field.name.as_str(), field)).collect();
            (model.name.as_str(), ModelFields { model, fields })
        });
        Known {
            schema,
            models: models.collect(),
            embedded: schema.embedded.iter().map(|embedded| (embedded.name.as_str(), embedded)).collect(),
            enums: schema.enums.iter().map(|declared| (declared.name.as_str(), declared)).collect(),
        }
    }

    /// The field at the end of a path through embedded structs, or the first part that is not there
    /// with the names that could stand in its place.
    pub(crate) fn path<'p>(
        &self,
        model: &'a Model,
        parts: impl Iterator<Item = &'p str>,
    ) -> Result<&'a Field, (String, Vec<&'a str>)> {
        let mut fields: &'a [Field] = &model.fields;
        let mut found: Option<&'a Field> = None;
        for part in parts {
            if let Some(field) = found {
                let ty = match &field.ty {
                    FieldType::List(element) => element.as_ref(),
                    other => other,
                };
                match ty {
                    FieldType::Embedded(name) => {
                        let Some(embedded) = self.embedded.get(name.as_str()) else {
                            return Err((part.to_owned(), Vec::new()));
                        };
                        fields = &embedded.fields;
                    }
                    // Anything may stand inside a JSON value or a position.
                    FieldType::Scalar(crate::model::Scalar::Json | crate::model::Scalar::GeoPoint) => {
                        return Ok(field);
                    }
                    _ => return Err((part.to_owned(), Vec::new())),
                }
            }
            let next = fields.iter().find(|field| field.name == part);
            let Some(field) = next else {
                return Err((part.to_owned(), fields.iter().map(|field| field.name.as_str()).collect()));
            };
            found = Some(field);
        }
        found.ok_or_else(|| (String::new(), fields.iter().map(|field| field.name.as_str()).collect()))
    }
}

/// Whether the model is stored in a relational database.
pub(crate) fn is_relational(model: &Model) -> bool {
    !matches!(model.storage, Storage::Collection)
}

/// Every broken rule, in the order of the rules' families.
#[must_use]
pub fn findings(schema: &Schema) -> Vec<Finding> {
    let known = Known::new(schema);
    let mut found = Vec::new();
    names::check(&known, &mut found);
    fields::check(&known, &mut found);
    lists::check(&known, &mut found);
    references::check(&known, &mut found);
    conditions::check(&known, &mut found);
    found
}

/// Checks a schema that has no source, such as its JSON form.
///
/// # Errors
/// Every broken rule.
pub fn check_schema(schema: &Schema) -> Result<(), ReadError> {
    let problems: Vec<SourceProblem> = findings(schema)
        .into_iter()
        .map(|finding| SourceProblem {
            code: finding.code,
            message: finding.message,
            help: finding.help,
            place: None,
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(ReadError { problems }) }
}

/// The file and place of a part of the schema.
pub(crate) fn place(places: &Places, at: At) -> (usize, Span) {
    let list = match at.list {
        Declared::Model => &places.models,
        Declared::Embedded => &places.embedded,
        Declared::Enum => &places.enums,
        Declared::Sequence => &places.sequences,
    };
    let Some(declaration) = list.get(at.index) else { return (0, Span::call_site()) };
    (declaration.file, part(declaration, at.part).unwrap_or(declaration.name))
}

fn part(declaration: &DeclarationPlaces, part: Part) -> Option<Span> {
    match part {
        Part::Name => Some(declaration.name),
        Part::Attribute(name) => declaration.attributes.get(name),
        Part::Member(index) => declaration.members.get(index).map(|member| member.name),
        Part::MemberType(index) => declaration.members.get(index).map(|member| member.ty),
        Part::MemberAttribute(index, name) => {
            declaration.members.get(index).map(|member| member.attributes.get(name).unwrap_or(member.name))
        }
        Part::MemberCheck(index, check) => {
            let member = declaration.members.get(index)?;
            Some(member.checks.get(check).map_or(member.name, |places| places.whole))
        }
        Part::List(list, index) => entry(declaration, list, index).map(|places| places.whole),
        Part::ListName(list, index) => {
            entry(declaration, list, index).map(|places| places.name.unwrap_or(places.whole))
        }
        Part::ListItem(list, index, item) => entry(declaration, list, index)
            .map(|places| places.items.get(item).copied().unwrap_or(places.whole)),
    }
}

fn entry(declaration: &DeclarationPlaces, list: List, index: usize) -> Option<&ListPlaces> {
    match list {
        List::Index => declaration.indexes.get(index),
        List::Unique => declaration.uniques.get(index),
        List::ForeignKey => declaration.foreign_keys.get(index),
        List::Check => declaration.checks.get(index),
        List::Cache => Some(&declaration.cache),
        List::ShardKey => Some(&declaration.shard_key),
    }
}

/// The mistakes that one declaration shows by itself, for the derive macros.
///
/// `schema` holds that one declaration. What needs the rest of the schema is left to the compiler,
/// which sees the types themselves, and to the reader.
#[must_use]
pub fn alone(schema: &Schema, places: &Places) -> Vec<Problem> {
    findings(schema)
        .into_iter()
        .filter(|finding| match finding.code {
            "schema::duplicate_name" | "schema::long_name" | "schema::primary_key" | "schema::empty_enum" => {
                true
            }
            "schema::rename" => true,
            // The type of a key may be an embedded struct, which is not known here.
            "schema::attribute_fit" => !matches!(finding.at.part, Part::ListItem(..)),
            // A path's first part is a field of this struct.
            "schema::unknown_field" => finding.message.contains("has no field"),
            _ => false,
        })
        .map(|finding| {
            let (_, span) = place(places, finding.at);
            Problem::new(span, finding.code, finding.message).label(finding.label).help_maybe(finding.help)
        })
        .collect()
}
