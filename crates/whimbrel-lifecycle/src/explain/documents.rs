//! `explain` in a document project.

use bson::{Bson, Document};
use miette::NamedSource;
use whimbrel_engine::document::{CommandError, explain as explained};
use whimbrel_engine::{EngineError, PlanKind, grouped};
use whimbrel_schema::document::{Collection, CollectionIndex, KeyKind};

use super::asked::{self, Asked};
use super::error::ExplainError;
use super::reasons::{FEW_ROWS, Reasons};
use super::{ExplainReport, Question, report};
use crate::error::Result;
use crate::project::Action;
use crate::session::Session;

/// Explains a command.
pub(super) async fn explain(session: &mut Session<'_>, question: &Question) -> Result<ExplainReport> {
    if !question.parameters.is_empty() {
        let help = "write the values into the query: a document query has no $1".to_owned();
        return Err(ExplainError::Parameters { expected: 0, given: question.parameters.len(), help }.into());
    }
    let commands = session.documents()?.commands();
    let asked = asked::read(&question.source, commands.database()).await?;
    if question.analyze && asked.writes() {
        session.project.guard(Action::Analyze)?;
    }
    let database = asked.database.clone().unwrap_or_else(|| commands.database().to_owned());
    let run = question.analyze.then_some(question.timeout);
    let mut plan = explained(commands.as_ref(), &database, &asked.command, run)
        .await
        .map_err(|error| refused(error, question))?;
    let mut whole = Vec::new();
    let mut is_whole = false;
    plan.root.visit(&mut |node| is_whole |= node.kind == PlanKind::WholeScan);
    let is_own = database == commands.database();
    let catalog = if is_whole && is_own { Some(session.documents()?.introspect().await?) } else { None };
    plan.root.visit_mut(&mut |node| {
        if node.kind == PlanKind::WholeScan {
            let name = node.object.clone().unwrap_or_default();
            let collection = catalog.as_ref().and_then(|catalog| catalog.collection(&name));
            let reasons = match collection {
                Some(collection) if asked.collection() == Some(name.as_str()) => {
                    of_collection(&asked, collection, node.table_rows)
                }
                Some(_) => Reasons::one(
                    "it is read for another collection, by a condition that the plan does not tell",
                ),
                None => Reasons::one(
                    "its indexes are not known here: it is no collection of the project's database",
                ),
            };
            node.notes.extend(reasons.sentences.iter().cloned());
            whole.push((name, reasons));
        }
    });
    Ok(report(session, question, plan, &whole, asked.writes()))
}

fn refused(error: CommandError, question: &Question) -> EngineError {
    let refusal = match error {
        CommandError::Refused(refusal) => refusal,
        CommandError::Engine(error) => return *error,
        other => {
            return EngineError::Refused {
                doing: "explaining the query".to_owned(),
                reason: other.to_string(),
            };
        }
    };
    let help = match refusal.code {
        50 => "the query ran longer than it may: raise --timeout, or leave --analyze out for the plan alone",
        238 => {
            "this database does not explain such a command: explain its filter as a find, or use a MongoDB server with --env"
        }
        _ => "correct the query and run the same command again",
    };
    let source = &question.source;
    EngineError::QueryRefused {
        reason: refusal.to_string(),
        help: help.to_owned(),
        source_code: NamedSource::new(&source.name, source.text.clone()),
        span: (0, source.text.trim_end().len()).into(),
    }
}

/// Why a collection is read whole.
fn of_collection(asked: &Asked, collection: &Collection, documents: Option<u64>) -> Reasons {
    let mut reasons = Reasons::default();
    if matches!(asked.command.get_document("hint"), Ok(hint) if hint.contains_key("$natural")) {
        reasons.say("the query asks for it by its hint $natural");
        return reasons;
    }
    let Some(filter) = asked.filter().filter(|filter| !filter.is_empty()) else {
        reasons.say("the query asks nothing of the documents, so that no index could leave any out");
        return reasons;
    };
    let mut fields = Vec::new();
    answerable(filter, &mut fields, &mut reasons);
    fields.dedup();
    if fields.is_empty() {
        return reasons;
    }
    let mut is_usable = false;
    for index in &collection.indexes {
        let Some((first, kind)) = index.keys.first() else { continue };
        if fields.contains(first) {
            is_usable |= of_index(index, kind, filter, asked, &mut reasons);
        } else if let Some((field, _)) = index.keys.iter().skip(1).find(|(field, _)| fields.contains(field)) {
            reasons.say(format!("{} holds {field}, but not as its first field", index.name));
        }
    }
    let begins =
        |index: &CollectionIndex| index.keys.first().is_some_and(|(first, _)| fields.contains(first));
    // Every collection has an index on _id, which the catalogue leaves out.
    if !collection.indexes.iter().any(begins) && !fields.iter().any(|field| field == "_id") {
        reasons.say(format!("no index of {} begins with {}", collection.name, fields.join(", ")));
    }
    match documents.filter(|count| *count < FEW_ROWS) {
        _ if is_usable => {}
        Some(count) => reasons.say(format!(
            "the collection has about {} documents: an index would hardly help",
            grouped(count)
        )),
        None => reasons.wanted = fields,
    }
    reasons
}

/// Says why an index that begins rightly was not taken; gives whether it could have been.
fn of_index(
    index: &CollectionIndex,
    kind: &KeyKind,
    filter: &Document,
    asked: &Asked,
    reasons: &mut Reasons,
) -> bool {
    let name = &index.name;
    if index.hidden {
        reasons.say(format!("{name} would answer, and is hidden from the planner"));
    } else if let Some(partial) = &index.partial_filter {
        reasons.say(format!(
            "{name} is partial: it holds only documents where {partial}, and the planner did not find that the filter says so"
        ));
    } else if index.collation.is_some() && !asked.command.contains_key("collation") {
        reasons.say(format!("{name} orders by a collation, and the query names none"));
    } else if !matches!(kind, KeyKind::Ascending | KeyKind::Descending) {
        reasons.say(format!("{name} is no ordered index, and was not taken"));
    } else if index.sparse && filter.values().any(|value| matches!(value, Bson::Null)) {
        reasons.say(format!("{name} is sparse: it does not hold documents without the field"));
    } else {
        reasons.say(format!("{name} could answer, and the planner did not take it"));
        return true;
    }
    false
}

/// The fields that an ordered index could answer for; of the rest it is said why not.
fn answerable(filter: &Document, fields: &mut Vec<String>, reasons: &mut Reasons) {
    for (path, value) in filter {
        match (path.as_str(), value) {
            ("$and", Bson::Array(members)) => {
                members.iter().filter_map(Bson::as_document).for_each(|part| answerable(part, fields, reasons));
            }
            ("$or" | "$nor", _) => {
                reasons.say(format!("{path}: each of its sides would need an index"));
            }
            (operator, _) if operator.starts_with('$') => {
                reasons.say(format!("{operator} is computed for each document: no index answers it"));
            }
            (path, value) => match unanchored(value) {
                true => reasons.say(format!(
                    "the pattern for {path} does not begin with ^ and letters: an ordered index has no place to begin"
                )),
                false => fields.push(path.to_owned()),
            },
        }
    }
}

/// Whether a regular expression has no fixed beginning, or none that an index knows.
fn unanchored(value: &Bson) -> bool {
    let loose = |pattern: &str, options: &str| {
        let begins = pattern.strip_prefix('^').and_then(|rest| rest.chars().next());
        !begins.is_some_and(char::is_alphanumeric) || options.contains('i')
    };
    match value {
        Bson::RegularExpression(regex) => loose(regex.pattern.as_str(), regex.options.as_str()),
        Bson::Document(inner) => match inner.get("$regex") {
            Some(Bson::String(pattern)) => loose(pattern, inner.get_str("$options").unwrap_or_default()),
            Some(Bson::RegularExpression(regex)) => loose(regex.pattern.as_str(), regex.options.as_str()),
            _ => false,
        },
        _ => false,
    }
}
