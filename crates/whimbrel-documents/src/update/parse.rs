//! Parsing updates.

use bson::{Bson, Document};

use super::action::Action;
use super::path::UpdatePath;
use super::{Change, Kind};
use crate::expression::Parser;
use crate::matcher::Matcher;
use crate::pipeline::{Transform, known_stage};
use crate::refusal::{Refusal, Result, at_location, bad_value, failed_to_parse, refuse, type_mismatch};
use crate::value::{DocRef, ValueRef, show, show_document, type_name};

/// The operators of updates.
pub(crate) const OPERATORS: [&str; 15] = [
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$addToSet",
    "$pop",
    "$pull",
    "$pullAll",
    "$bit",
];

/// Parses the `u` of an update.
pub(super) fn parse(stated: &Bson, array_filters: &[Bson]) -> Result<Kind> {
    match stated {
        Bson::Array(stages) => {
            if !array_filters.is_empty() {
                return Err(failed_to_parse("arrayFilters may not be specified for pipeline-syle updates"));
            }
            parse_pipeline(stages).map(Kind::Pipeline)
        }
        Bson::Document(document) if document.keys().next().is_some_and(|key| key.starts_with('$')) => {
            parse_operators(document, array_filters)
        }
        Bson::Document(document) => {
            if !array_filters.is_empty() {
                return Err(failed_to_parse(
                    "arrayFilters may not be specified for replacement-style updates",
                ));
            }
            Ok(Kind::Replacement(document.clone()))
        }
        _ => Err(failed_to_parse("Update argument must be either an object or an array")),
    }
}

fn parse_pipeline(stages: &[Bson]) -> Result<Vec<Transform>> {
    let parse = |stage: &Bson| {
        let Bson::Document(stage) = stage else {
            return Err(type_mismatch("Each element of the 'pipeline' array must be an object"));
        };
        let mut entries = stage.iter();
        let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
            return Err(at_location(
                40323,
                "A pipeline stage specification object must contain exactly one field.",
            ));
        };
        match Transform::parse(&Parser::of_update(), name, argument)? {
            Some(transform) => Ok(transform),
            None if known_stage(name) => Err(refuse(
                72,
                "InvalidOptions",
                format!("{name} is not allowed to be used within an update"),
            )),
            None => Err(at_location(40324, format!("Unrecognized pipeline stage name: '{name}'"))),
        }
    };
    stages.iter().map(parse).collect()
}

fn parse_operators(document: &Document, array_filters: &[Bson]) -> Result<Kind> {
    let filters = array_filters.iter().map(parse_array_filter).collect::<Result<Vec<_>>>()?;
    for (at, (name, _)) in filters.iter().enumerate() {
        if filters[..at].iter().any(|(earlier, _)| earlier == name) {
            return Err(failed_to_parse(format!(
                "Found multiple array filters with the same top-level field name {name}"
            )));
        }
    }
    let mut changes: Vec<Change> = Vec::new();
    for (operator, fields) in document {
        if !OPERATORS.contains(&operator.as_str()) {
            return Err(failed_to_parse(format!(
                "Unknown modifier: {operator}. Expected a valid update modifier or pipeline-style update specified as an array"
            )));
        }
        let Bson::Document(fields) = fields else {
            return Err(failed_to_parse(format!(
                "Modifiers operate on fields but we found type {} instead. For example: {{$mod: {{<field>: ...}}}} not {{{operator}: {}}}",
                type_name(fields.into()),
                show(fields.into())
            )));
        };
        for (path, argument) in fields {
            let path = UpdatePath::parse(path)?;
            let action = Action::parse(operator, &path, argument)?;
            add_change(&mut changes, path, action)?;
        }
    }
    check_filters(&changes, &filters, document)?;
    changes.sort_by(|left, right| left.path.order(&right.path));
    Ok(Kind::Operators { changes, filters })
}

/// Adds a change that conflicts with none before it. A renaming touches two paths.
fn add_change(changes: &mut Vec<Change>, path: UpdatePath, action: Action) -> Result<()> {
    check_conflicts(changes, &path)?;
    let path = match &action {
        Action::Rename { to, .. } => {
            let target = UpdatePath::parse(to)?;
            check_conflicts(changes, &target)?;
            target
        }
        _ => path,
    };
    changes.push(Change { path, action });
    Ok(())
}

fn check_conflicts(changes: &[Change], path: &UpdatePath) -> Result<()> {
    for change in changes {
        let mut known = vec![change.path.clone()];
        if let Action::Rename { from, .. } = &change.action {
            known.extend(UpdatePath::parse(from).ok());
        }
        if let Some(at) = known.iter().find_map(|known| known.conflict(path)) {
            return Err(refuse(
                40,
                "ConflictingUpdateOperators",
                format!("Updating the path '{}' would create a conflict at '{at}'", path.text),
            ));
        }
    }
    Ok(())
}

fn parse_array_filter(stated: &Bson) -> Result<(String, Matcher)> {
    let Bson::Document(filter) = stated else {
        return Err(type_mismatch("Each array filter must be an object"));
    };
    let mut names = Vec::new();
    collect_names(filter, &mut names);
    let Some(first) = names.first().cloned() else {
        return Err(failed_to_parse(
            "Cannot use an expression without a top-level field name in arrayFilters",
        ));
    };
    let within = |error: Refusal| Refusal {
        message: format!("Error parsing array filter :: caused by :: {}", error.message),
        ..error
    };
    if let Some(other) = names.iter().find(|name| **name != first) {
        return Err(within(failed_to_parse(format!(
            "Expected a single top-level field name, found '{first}' and '{other}'"
        ))));
    }
    let well_formed = first.starts_with(|letter: char| letter.is_ascii_lowercase())
        && first.chars().all(|letter| letter.is_ascii_alphanumeric());
    if !well_formed {
        return Err(within(bad_value(format!(
            "The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '{first}'"
        ))));
    }
    Ok((first, Matcher::parse(filter).map_err(within)?))
}

/// The first components of all paths of a filter, inside its logical operators too.
fn collect_names(filter: &Document, names: &mut Vec<String>) {
    for (key, value) in filter {
        match value {
            Bson::Array(branches) if key.starts_with('$') => {
                branches.iter().filter_map(Bson::as_document).for_each(|branch| collect_names(branch, names));
            }
            _ if key.starts_with('$') => {}
            _ => names.push(key.split('.').next().unwrap_or(key).to_owned()),
        }
    }
}

fn check_filters(changes: &[Change], filters: &[(String, Matcher)], update: &Document) -> Result<()> {
    for change in changes {
        for identifier in change.path.identifiers() {
            if !filters.iter().any(|(name, _)| name == identifier) {
                return Err(bad_value(format!(
                    "No array filter found for identifier '{identifier}' in path '{}'",
                    change.path.text
                )));
            }
        }
    }
    for (name, _) in filters {
        if !changes.iter().any(|change| change.path.identifiers().any(|used| used == name)) {
            return Err(failed_to_parse(format!(
                "The array filter for identifier '{name}' was not used in the update {}",
                show_document(DocRef::Parsed(update))
            )));
        }
    }
    Ok(())
}

/// A field as the messages of updates show it: `{a: 1}`.
pub(super) fn show_field(name: &str, value: ValueRef<'_>) -> String {
    format!("{{{name}: {}}}", show(value))
}
