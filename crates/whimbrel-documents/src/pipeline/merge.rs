//! `$merge`.

use bson::oid::ObjectId;
use bson::{Bson, Document};

use super::lookup::bind;
use super::parse::{missing_field, unknown_field};
use super::transform::Transform;
use super::{Record, Source};
use crate::expression::{Expression, Frame, Parser, check_variable_name};
use crate::refusal::{Result, at_location, bad_value, not_implemented, refuse, type_mismatch};
use crate::value::{DocRef, type_name};

/// A parsed `$merge`.
#[derive(Clone, Debug)]
pub(crate) struct Merge {
    pub(crate) database: Option<String>,
    pub(crate) collection: String,
    on: Vec<String>,
    matched: MatchedAction,
    unmatched: UnmatchedAction,
    variables: Vec<(String, Expression)>,
}

/// What becomes of a document that is there already.
#[derive(Clone, Debug)]
pub(crate) enum MatchedAction {
    Replace,
    KeepExisting,
    Merge,
    Fail,
    Pipeline(Vec<Transform>),
}

/// What becomes of a document that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnmatchedAction {
    Insert,
    Discard,
    Fail,
}

const KEYS: [&str; 5] = ["into", "on", "let", "whenMatched", "whenNotMatched"];

impl Merge {
    /// Parses the stage.
    pub(super) fn parse(parser: &Parser, argument: &Bson) -> Result<Self> {
        let options = match argument {
            Bson::String(collection) => {
                Document::from_iter([("into".to_owned(), Bson::String(collection.clone()))])
            }
            Bson::Document(options) => options.clone(),
            other => {
                let found = type_name(other.into());
                return Err(type_mismatch(format!(
                    "$merge requires a string or object argument, but found {found}"
                )));
            }
        };
        if let Some(key) = options.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(unknown_field("$merge", key));
        }
        let (database, collection) = parse_target(&options)?;
        let variables = parse_let(parser, &options)?;
        let inner = parser.with_names(variables.iter().map(|(name, _)| name.clone()));
        let on = match options.get("on") {
            None => vec!["_id".to_owned()],
            Some(Bson::String(path)) => vec![path.clone()],
            Some(Bson::Array(paths)) if !paths.is_empty() => paths
                .iter()
                .map(|path| path.as_str().map(str::to_owned))
                .collect::<Option<_>>()
                .ok_or_else(|| at_location(51134, "$merge 'on' array elements must be strings"))?,
            Some(Bson::Array(_)) => {
                return Err(at_location(
                    51187,
                    "If explicitly specifying $merge 'on', must include at least one field",
                ));
            }
            Some(other) => {
                let found = type_name(other.into());
                return Err(at_location(
                    51186,
                    format!(
                        "$merge 'on' field  must be either a string or an array of strings, but found {found}"
                    ),
                ));
            }
        };
        let matched = parse_matched(&inner, options.get("whenMatched"))?;
        let unmatched = parse_unmatched(options.get("whenNotMatched"))?;
        check_modes(&matched, unmatched)?;
        Ok(Merge { database, collection, on, matched, unmatched, variables })
    }

    /// Writes records.
    pub(super) fn run(
        &self,
        records: super::Records<'_>,
        source: &dyn Source,
        frame: Option<&Frame<'_>>,
    ) -> Result<()> {
        let database = self.database.as_deref();
        if !source.is_unique_by(database, &self.collection, &self.on)? {
            return Err(at_location(51183, "Cannot find index to verify that join fields will be unique"));
        }
        for record in records {
            self.write(record?, source, frame)?;
        }
        Ok(())
    }

    fn write(&self, record: Record, source: &dyn Source, frame: Option<&Frame<'_>>) -> Result<()> {
        let database = self.database.as_deref();
        let mut document = record.into_document();
        if !document.contains_key("_id") {
            let mut whole = Document::from_iter([("_id".to_owned(), Bson::ObjectId(ObjectId::new()))]);
            whole.extend(document);
            document = whole;
        }
        let Some(known) = source.find_same(database, &self.collection, &self.on, &document)? else {
            return match self.unmatched {
                UnmatchedAction::Insert => source.insert(database, &self.collection, document),
                UnmatchedAction::Discard => Ok(()),
                UnmatchedAction::Fail => Err(at_location(
                    13113,
                    "$merge could not find a matching document in the target collection for at least one document in the source collection",
                )),
            };
        };
        let merged = match &self.matched {
            MatchedAction::KeepExisting => return Ok(()),
            MatchedAction::Fail => {
                // The insert is what is refused: by the index that says which fields are alike.
                return source.insert(database, &self.collection, document).map_err(|mut refusal| {
                    refusal.message = format!("{FOUND_EXISTING} :: caused by :: {}", refusal.message);
                    refusal.reply.insert("errmsg", refusal.message.clone());
                    refusal
                });
            }
            MatchedAction::Replace => document,
            MatchedAction::Merge => {
                // As an update sets fields: those that are new come last, in the order of their names.
                let mut merged = known.clone();
                let (there, mut new): (Vec<_>, Vec<_>) =
                    document.into_iter().partition(|(name, _)| known.contains_key(name));
                new.sort_by(|left, right| left.0.cmp(&right.0));
                merged.extend(there);
                merged.extend(new);
                merged
            }
            MatchedAction::Pipeline(stages) => self.run_stages(stages, &known, document, frame)?,
        };
        let id = known.get("_id").cloned().unwrap_or(Bson::Null);
        if merged.get("_id").is_some_and(|new| !crate::value::equal_bson(new, &id)) {
            return Err(refuse(
                66,
                "ImmutableField",
                "$merge failed to update the matching document, did you attempt to modify the _id or the shard key? :: caused by :: Performing an update on the path '_id' would modify the immutable field '_id'",
            ));
        }
        let mut whole = Document::from_iter([("_id".to_owned(), id)]);
        whole.extend(merged);
        source.replace(database, &self.collection, whole)
    }

    fn run_stages(
        &self,
        stages: &[Transform],
        known: &Document,
        new: Document,
        frame: Option<&Frame<'_>>,
    ) -> Result<Document> {
        let mut values = self
            .variables
            .iter()
            .map(|(name, expression)| Ok((name.as_str(), expression.evaluate(DocRef::Parsed(&new), frame)?)))
            .collect::<Result<Vec<_>>>()?;
        if self.variables.iter().all(|(name, _)| name != "new") {
            values.push(("new", Some(Bson::Document(new.clone()))));
        }
        bind(values.into_iter(), frame, &mut |frame| {
            let mut current = known.clone();
            for stage in stages {
                current = stage.apply(DocRef::Parsed(&current), frame, None)?;
            }
            Ok(current)
        })
    }
}

fn parse_target(options: &Document) -> Result<(Option<String>, String)> {
    match options.get("into") {
        Some(Bson::String(collection)) => Ok((None, collection.clone())),
        Some(Bson::Document(target)) => match (target.get("db"), target.get("coll")) {
            (database, Some(Bson::String(collection))) => {
                Ok((database.and_then(Bson::as_str).map(str::to_owned), collection.clone()))
            }
            _ => Err(missing_field("$merge.into", "coll")),
        },
        Some(other) => {
            let found = type_name(other.into());
            Err(at_location(
                51178,
                format!("$merge 'into' field  must be either a string or an object, but found {found}"),
            ))
        }
        None => Err(missing_field("$merge", "into")),
    }
}

fn parse_let(parser: &Parser, options: &Document) -> Result<Vec<(String, Expression)>> {
    let Some(Bson::Document(variables)) = options.get("let") else { return Ok(Vec::new()) };
    let parse = |(name, value): (&String, &Bson)| {
        check_variable_name(name)?;
        Ok((name.clone(), parser.parse(value)?))
    };
    variables.iter().map(parse).collect()
}

fn bad_action(field: &str, value: &str) -> crate::refusal::Refusal {
    bad_value(format!("Enumeration value '{value}' for field '{field}' is not a valid value."))
}

fn parse_matched(parser: &Parser, value: Option<&Bson>) -> Result<MatchedAction> {
    Ok(match value {
        None => MatchedAction::Merge,
        Some(Bson::String(action)) => match action.as_str() {
            "replace" => MatchedAction::Replace,
            "keepExisting" => MatchedAction::KeepExisting,
            "merge" => MatchedAction::Merge,
            "fail" => MatchedAction::Fail,
            other => return Err(bad_action("whenMatched", other)),
        },
        Some(Bson::Array(stages)) => {
            let parser = parser.with_names(["new".to_owned()]);
            let mut parsed = Vec::with_capacity(stages.len());
            for stage in stages {
                let entry = stage.as_document().and_then(|stage| stage.iter().next());
                let Some((name, argument)) = entry else {
                    return Err(type_mismatch("Each element of the 'pipeline' array must be an object"));
                };
                let stage = Transform::parse(&parser, name, argument)?;
                parsed.push(
                    stage.ok_or_else(|| not_implemented(&format!("{name} in the pipeline of $merge")))?,
                );
            }
            MatchedAction::Pipeline(parsed)
        }
        Some(other) => {
            let found = type_name(other.into());
            return Err(at_location(
                51191,
                format!("$merge 'whenMatched' field  must be either a string or an array, but found {found}"),
            ));
        }
    })
}

/// What `whenMatched: "fail"` says before the reason.
const FOUND_EXISTING: &str =
    "$merge with whenMatched: fail found an existing document with the same values for the 'on' fields";

/// Refuses the modes that together would write nothing new or nothing at all.
fn check_modes(matched: &MatchedAction, unmatched: UnmatchedAction) -> Result<()> {
    let matched = match matched {
        MatchedAction::KeepExisting => "keepExisting",
        MatchedAction::Fail => "fail",
        _ => return Ok(()),
    };
    let unmatched = match unmatched {
        UnmatchedAction::Insert => return Ok(()),
        UnmatchedAction::Discard => "discard",
        UnmatchedAction::Fail => "fail",
    };
    Err(at_location(
        51181,
        format!(
            "Combination of $merge modes 'whenMatched: {matched}' and 'whenNotMatched: {unmatched}' is not supported"
        ),
    ))
}

fn parse_unmatched(value: Option<&Bson>) -> Result<UnmatchedAction> {
    match value.map(|value| value.as_str().unwrap_or_default()) {
        None | Some("insert") => Ok(UnmatchedAction::Insert),
        Some("discard") => Ok(UnmatchedAction::Discard),
        Some("fail") => Ok(UnmatchedAction::Fail),
        Some(other) => Err(bad_action("whenNotMatched", other)),
    }
}
