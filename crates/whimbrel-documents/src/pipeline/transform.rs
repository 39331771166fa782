//! The stages that turn one document into one document; updates use them too.

use bson::{Bson, Document};

use crate::expression::{Expression, Frame, Parser};
use crate::projection::{Extras, Projection};
use crate::refusal::{Refusal, Result, at_location, refuse};
use crate::value::{DocRef, show, show_document, type_name};

/// A stage of one document in, one document out.
#[derive(Clone, Debug)]
pub(crate) enum Transform {
    Project(Projection),
    /// A new root; the words name it in messages.
    ReplaceRoot(Expression, &'static str),
}

/// Puts the name of the stage before the message, as the server does.
fn within(stage: &str, error: Refusal) -> Refusal {
    Refusal { message: format!("Invalid {stage} :: caused by :: {}", error.message), ..error }
}

impl Transform {
    /// Parses a stage; `None` where it is none of these.
    ///
    /// # Errors
    /// MongoDB's code for what it would refuse.
    pub(crate) fn parse(parser: &Parser, name: &str, argument: &Bson) -> Result<Option<Self>> {
        Ok(Some(match name {
            "$project" => {
                let Bson::Document(stated) = argument else {
                    return Err(at_location(15969, "$project specification must be an object"));
                };
                Transform::Project(
                    Projection::parse_stage(parser, stated).map_err(|error| within(name, error))?,
                )
            }
            "$set" | "$addFields" => {
                let Bson::Document(stated) = argument else {
                    let found = type_name(argument.into());
                    return Err(at_location(
                        40272,
                        format!("{name} specification stage must be an object, got {found}"),
                    ));
                };
                Transform::Project(
                    Projection::parse_set(parser, stated).map_err(|error| within(name, error))?,
                )
            }
            "$unset" => Transform::Project(parse_unset(argument)?),
            "$replaceRoot" => {
                Transform::ReplaceRoot(parser.parse(new_root(argument)?)?, "'newRoot' expression ")
            }
            "$replaceWith" => Transform::ReplaceRoot(parser.parse(argument)?, "'replacement document' "),
            _ => return Ok(None),
        }))
    }

    /// Whether the whole document has to be decoded for it: not where a root is taken out of it.
    ///
    /// # Errors
    /// An expression fails, or the new root is no document.
    pub(crate) fn apply(
        &self,
        document: DocRef<'_>,
        frame: Option<&Frame<'_>>,
        text_score: Option<f64>,
    ) -> Result<Document> {
        match self {
            Transform::Project(projection) => {
                projection.apply(document, Extras { filter: None, text_score, frame })
            }
            Transform::ReplaceRoot(expression, what) => match expression.evaluate(document, frame)? {
                Some(Bson::Document(root)) => Ok(root),
                other => {
                    let value =
                        other.as_ref().map_or_else(|| "MISSING".to_owned(), |value| show(value.into()));
                    let kind = other.as_ref().map_or("missing", |value| type_name(value.into()));
                    Err(at_location(
                        40228,
                        format!(
                            "{what} must evaluate to an object, but resulting value was: {value}. Type of resulting \
                             value: '{kind}'. Input document: {}",
                            show_document(document)
                        ),
                    ))
                }
            },
        }
    }
}

fn parse_unset(argument: &Bson) -> Result<Projection> {
    let paths: Vec<&str> = match argument {
        Bson::String(path) => vec![path],
        Bson::Array(items) if items.is_empty() => {
            return Err(at_location(
                31119,
                "$unset specification must be a string or an array with at least one field",
            ));
        }
        Bson::Array(items) => items
            .iter()
            .map(|item| {
                item.as_str().ok_or_else(|| {
                    at_location(
                        31120,
                        "$unset specification must be a string or an array containing only string values",
                    )
                })
            })
            .collect::<Result<_>>()?,
        _ => return Err(at_location(31002, "$unset specification must be a string or an array")),
    };
    Projection::parse_unset(&paths).map_err(|error| within("$unset", error))
}

fn new_root(argument: &Bson) -> Result<&Bson> {
    let Bson::Document(options) = argument else {
        let found = type_name(argument.into());
        return Err(at_location(
            40229,
            format!("expected an object as specification for $replaceRoot stage, got {found}"),
        ));
    };
    if let Some(key) = options.keys().find(|key| *key != "newRoot") {
        return Err(refuse(
            40415,
            "IDLUnknownField",
            format!("BSON field '$replaceRoot.{key}' is an unknown field."),
        ));
    }
    options.get("newRoot").ok_or_else(|| {
        refuse(40414, "IDLFailedToParse", "BSON field '$replaceRoot.newRoot' is missing but a required field")
    })
}
