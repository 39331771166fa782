//! `$lookup`, by equal fields, by a pipeline, or both.

use bson::{Bson, Document};

use super::parse::{Place, missing_field, parse_pipeline, unknown_field};
use super::unwind::put;
use super::{Pipeline, Record, Scan, Source};
use crate::expression::{Expression, Frame, Parser, check_variable_name};
use crate::matcher::{Comparison, InList, Matcher, Node, Test};
use crate::refusal::{Result, failed_to_parse, not_implemented, type_mismatch};
use crate::value::{DocRef, Path, ValueRef, type_name, visit_path};

/// A parsed `$lookup`.
#[derive(Clone, Debug)]
pub(crate) struct Lookup {
    from: String,
    into: String,
    fields: Option<(Path, Path)>,
    variables: Vec<(String, Expression)>,
    pipeline: Option<Pipeline>,
}

const KEYS: [&str; 6] = ["from", "localField", "foreignField", "let", "pipeline", "as"];

impl Lookup {
    /// Parses the stage.
    pub(super) fn parse(parser: &Parser, argument: &Bson) -> Result<Self> {
        let Bson::Document(options) = argument else {
            let found = type_name(argument.into());
            return Err(failed_to_parse(format!(
                "the $lookup stage specification must be an object, but found {found}"
            )));
        };
        if let Some(key) = options.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(unknown_field("$lookup", key));
        }
        let text = |key: &str| match options.get(key) {
            None => Ok(None),
            Some(Bson::String(text)) => Ok(Some(text.clone())),
            Some(other) if key == "from" => Err(failed_to_parse(format!(
                "$lookup 'from' field must be a string or an object, but found {}",
                type_name(other.into())
            ))),
            Some(other) => Err(type_mismatch(format!(
                "BSON field '$lookup.{key}' is the wrong type '{}', expected type 'string'",
                type_name(other.into())
            ))),
        };
        let from = text("from")?;
        let into = text("as")?.ok_or_else(|| missing_field("$lookup", "as"))?;
        crate::expression::field_path(&into)?;
        let fields = match (text("localField")?, text("foreignField")?) {
            (Some(local), Some(foreign)) => {
                crate::expression::field_path(&local)?;
                crate::expression::field_path(&foreign)?;
                Some((Path::new(&local), Path::new(&foreign)))
            }
            (None, None) => None,
            _ => {
                return Err(failed_to_parse(
                    "$lookup requires both or neither of 'localField' and 'foreignField' to be specified",
                ));
            }
        };
        let variables = parse_variables(parser, options)?;
        let inner = parser.with_names(variables.iter().map(|(name, _)| name.clone()));
        let pipeline = match options.get("pipeline") {
            None => None,
            Some(Bson::Array(stages)) => Some(parse_pipeline(&inner, stages, Place::Inner)?),
            Some(_) => return Err(type_mismatch("A pipeline must be an array of objects")),
        };
        if pipeline.is_none() && fields.is_none() {
            return Err(failed_to_parse(
                "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
            ));
        }
        let Some(from) = from else { return Err(not_implemented("$lookup without 'from'")) };
        Ok(Lookup { from, into, fields, variables, pipeline })
    }

    /// Adds to a record what it finds.
    pub(super) fn run(
        &self,
        record: Record,
        source: &dyn Source,
        frame: Option<&Frame<'_>>,
    ) -> Result<Record> {
        let joined =
            self.fields.as_ref().map(|(local, foreign)| join_filter(record.as_doc(), local, foreign));
        let values = self
            .variables
            .iter()
            .map(|(name, expression)| Ok((name.as_str(), expression.evaluate(record.as_doc(), frame)?)))
            .collect::<Result<Vec<_>>>()?;
        let found = bind(values.into_iter(), frame, &mut |frame| self.find(joined.as_ref(), source, frame))?;
        let mut document = record.into_document();
        put(&mut document, &self.into, Bson::Array(found));
        Ok(Record::Parsed(document))
    }

    fn find(
        &self,
        joined: Option<&Matcher>,
        source: &dyn Source,
        frame: Option<&Frame<'_>>,
    ) -> Result<Vec<Bson>> {
        let collect = |records: super::Records<'_>| {
            records.map(|record| record.map(|record| Bson::Document(record.into_document()))).collect()
        };
        let scan = Scan { filter: joined };
        match (&self.pipeline, joined) {
            (None, _) => collect(source.scan(&self.from, scan)?),
            (Some(pipeline), None) => collect(super::run::run(pipeline, source, &self.from, frame)?),
            (Some(pipeline), Some(_)) => {
                let records = source.scan(&self.from, scan)?;
                collect(super::run::run_over(&pipeline.stages, source, &self.from, records, frame)?)
            }
        }
    }
}

fn parse_variables(parser: &Parser, options: &Document) -> Result<Vec<(String, Expression)>> {
    let variables = match options.get("let") {
        None => return Ok(Vec::new()),
        Some(Bson::Document(variables)) => variables,
        Some(other) => {
            let found = type_name(other.into());
            return Err(type_mismatch(format!(
                "BSON field '$lookup.let' is the wrong type '{found}', expected type 'object'"
            )));
        }
    };
    let parse = |(name, value): (&String, &Bson)| {
        check_variable_name(name)?;
        Ok((name.clone(), parser.parse(value)?))
    };
    variables.iter().map(parse).collect()
}

/// Binds variables one inside the other, and runs `body` in the innermost.
pub(super) fn bind<T>(
    mut values: std::vec::IntoIter<(&str, Option<Bson>)>,
    frame: Option<&Frame<'_>>,
    body: &mut dyn FnMut(Option<&Frame<'_>>) -> Result<T>,
) -> Result<T> {
    match values.next() {
        None => body(frame),
        Some((name, value)) => {
            let inner = Frame::new(name, value, frame);
            bind(values, Some(&inner), body)
        }
    }
}

/// The filter that a record's local values make: a missing one asks for null.
fn join_filter(document: DocRef<'_>, local: &Path, foreign: &Path) -> Matcher {
    let mut values = Vec::new();
    visit_path(document, local, false, &mut |value| {
        match value {
            Some(ValueRef::Array(items)) => {
                values.extend(items.values().map(ValueRef::to_bson));
            }
            Some(value) => values.push(value.to_bson()),
            None => {}
        }
        false
    });
    // Where there is no value at all, be it for an empty array, null is asked for.
    if values.is_empty() {
        values.push(Bson::Null);
    }
    let test = match values.as_slice() {
        [single] => Test::Compare(Comparison::Equal, single.clone()),
        _ => Test::In(InList::of(values)),
    };
    Matcher::from_node(Node::Field { path: foreign.clone(), test })
}
