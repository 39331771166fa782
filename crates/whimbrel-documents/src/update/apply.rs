//! Walking to the path of a change, and creating what is missing on the way.

use bson::{Bson, Document};

use super::Change;
use super::action::{Action, Outcome, Slot};
use super::parse::show_field;
use super::path::Step;
use crate::matcher::Matcher;
use crate::refusal::{Refusal, Result, bad_value, refuse};
use crate::value::{DocRef, ValueRef, show};

/// How far an array may be padded to reach a position.
const MOST_PADDING: usize = 1_500_000;

/// What all changes of one document share.
pub(super) struct Context<'c> {
    pub(super) id: Option<Bson>,
    filters: &'c [(String, Matcher)],
    matched: Option<usize>,
    pub(super) inserting: bool,
}

/// Makes all changes; `None` where none changes anything.
pub(super) fn apply_changes(
    changes: &[Change],
    filters: &[(String, Matcher)],
    document: &Document,
    filter: Option<&Matcher>,
    inserting: bool,
) -> Result<Option<Document>> {
    let positional = changes.iter().any(|change| change.path.steps.contains(&Step::Matched));
    if positional && inserting {
        return Err(no_match());
    }
    let matched = match filter {
        Some(filter) if positional => filter.matched_index(DocRef::Parsed(document))?,
        _ => None,
    };
    if positional && matched.is_none() {
        return Err(no_match());
    }
    let context = Context { id: document.get("_id").cloned(), filters, matched, inserting };
    let mut whole = Bson::Document(document.clone());
    let mut changed = false;
    for change in changes {
        if let Action::Rename { from, .. } = &change.action {
            changed |= rename(&mut whole, from, &change.path.text)?;
            continue;
        }
        changed |= walk(&mut whole, &change.path.steps, "", change, &context)?;
    }
    match whole {
        Bson::Document(document) if changed => Ok(Some(document)),
        _ => Ok(None),
    }
}

fn no_match() -> Refusal {
    bad_value("The positional operator did not find the match needed from the query.")
}

/// Goes one step down from a document or an array; says whether something changed.
fn walk(
    container: &mut Bson,
    steps: &[Step],
    above: &str,
    change: &Change,
    context: &Context<'_>,
) -> Result<bool> {
    let Some((step, rest)) = steps.split_first() else { return Ok(false) };
    match step {
        Step::Name(name) => step_to(container, name, rest, above, change, context),
        Step::Matched => {
            let at = context.matched.ok_or_else(no_match)?;
            step_to(container, &at.to_string(), rest, above, change, context)
        }
        Step::Every => step_to_elements(container, None, rest, above, change, context),
        Step::Filtered(identifier) => {
            step_to_elements(container, Some(identifier), rest, above, change, context)
        }
    }
}

fn step_to(
    container: &mut Bson,
    name: &str,
    rest: &[Step],
    above: &str,
    change: &Change,
    context: &Context<'_>,
) -> Result<bool> {
    match container {
        Bson::Document(document) => step_into_document(document, name, rest, change, context),
        Bson::Array(items) => step_into_array(items, name, rest, above, change, context),
        other if change.action.creates(context) => Err(cannot_create(name, above, other)),
        other if change.action.needs_viable_path() => Err(cannot_traverse(name, above, other, change)),
        _ => Ok(false),
    }
}

fn cannot_traverse(name: &str, above: &str, value: &Bson, change: &Change) -> Refusal {
    let element = show_field(above, ValueRef::from(value));
    let path = &change.path.text;
    refuse(
        28,
        "PathNotViable",
        format!("Cannot use the part ({name}) of ({path}) to traverse the element ({element})"),
    )
}

fn cannot_create(name: &str, above: &str, value: &Bson) -> Refusal {
    let element = show_field(above, ValueRef::from(value));
    refuse(28, "PathNotViable", format!("Cannot create field '{name}' in element {element}"))
}

fn step_into_document(
    document: &mut Document,
    name: &str,
    rest: &[Step],
    change: &Change,
    context: &Context<'_>,
) -> Result<bool> {
    if !rest.is_empty() {
        if let Some(value) = document.get_mut(name) {
            return walk(value, rest, name, change, context);
        }
        if !change.action.creates(context) {
            check_array_step(rest, change)?;
            return Ok(false);
        }
        let created = create(rest, change, context)?;
        return Ok(created.map(|value| document.insert(name, value)).is_some());
    }
    let outcome =
        change.action.apply(Slot { value: document.get(name), path: &change.path.text, name }, context)?;
    Ok(match outcome {
        Outcome::Same => false,
        Outcome::Value(value) => {
            document.insert(name, value);
            true
        }
        Outcome::Gone => document.remove(name).is_some(),
    })
}

fn step_into_array(
    items: &mut Vec<Bson>,
    name: &str,
    rest: &[Step],
    above: &str,
    change: &Change,
    context: &Context<'_>,
) -> Result<bool> {
    let Some(at) = name.parse::<usize>().ok().filter(|_| !name.starts_with('+')) else {
        if change.action.creates(context) {
            return Err(cannot_create(name, above, &Bson::Array(std::mem::take(items))));
        }
        if change.action.needs_viable_path() {
            return Err(cannot_traverse(name, above, &Bson::Array(std::mem::take(items)), change));
        }
        return Ok(false);
    };
    if at < items.len() && !rest.is_empty() {
        return walk(&mut items[at], rest, name, change, context);
    }
    if at < items.len() {
        let outcome =
            change.action.apply(Slot { value: items.get(at), path: &change.path.text, name }, context)?;
        return Ok(match outcome {
            Outcome::Same => false,
            Outcome::Value(value) => {
                items[at] = value;
                true
            }
            // It counts as a change even where null stood there.
            Outcome::Gone => {
                items[at] = Bson::Null;
                true
            }
        });
    }
    if !change.action.creates(context) {
        return Ok(false);
    }
    if at - items.len() > MOST_PADDING {
        return Err(refuse(2, "BadValue", format!("Cannot pad the array to position {at}")));
    }
    let created = if rest.is_empty() {
        match change.action.apply(Slot { value: None, path: &change.path.text, name }, context)? {
            Outcome::Value(value) => Some(value),
            _ => None,
        }
    } else {
        create(rest, change, context)?
    };
    let Some(value) = created else { return Ok(false) };
    items.resize(at, Bson::Null);
    items.push(value);
    Ok(true)
}

/// Builds the documents of the steps that are missing.
fn create(steps: &[Step], change: &Change, context: &Context<'_>) -> Result<Option<Bson>> {
    check_array_step(steps, change)?;
    let mut document = Bson::Document(Document::new());
    Ok(walk(&mut document, steps, "", change, context)?.then_some(document))
}

fn check_array_step(rest: &[Step], change: &Change) -> Result<()> {
    let Some(at) = rest.iter().position(|step| matches!(step, Step::Every | Step::Filtered(_))) else {
        return Ok(());
    };
    let depth = change.path.steps.len() - rest.len() + at;
    let path = change.path.text.split('.').take(depth).collect::<Vec<_>>().join(".");
    Err(bad_value(format!("The path '{path}' must exist in the document in order to apply array updates.")))
}

fn step_to_elements(
    container: &mut Bson,
    identifier: Option<&str>,
    rest: &[Step],
    above: &str,
    change: &Change,
    context: &Context<'_>,
) -> Result<bool> {
    let Bson::Array(items) = container else {
        let found = show(ValueRef::from(&*container));
        return Err(bad_value(format!("Cannot apply array updates to non-array element {above}: {found}")));
    };
    let filter = identifier
        .and_then(|identifier| context.filters.iter().find(|(name, _)| name == identifier))
        .map(|(name, filter)| (name.as_str(), filter));
    let mut changed = false;
    for at in 0..items.len() {
        if let Some((name, filter)) = filter {
            let wrapped = Document::from_iter([(name.to_owned(), items[at].clone())]);
            if !filter.matches_in(DocRef::Parsed(&wrapped), None)? {
                continue;
            }
        }
        changed |= step_into_array(items, &at.to_string(), rest, above, change, context)?;
    }
    Ok(changed)
}

/// Moves a value; arrays may not lie on the way.
fn rename(whole: &mut Bson, from: &str, to: &str) -> Result<bool> {
    let Bson::Document(document) = whole else { return Ok(false) };
    if !leads_to_value(document, from)? {
        return Ok(false);
    }
    check_no_array(document, from, "source")?;
    let Some(value) = take(document, from, false) else { return Ok(false) };
    check_no_array(document, to, "destination")?;
    let value = take(document, from, true).unwrap_or(value);
    put(document, to, value)?;
    Ok(true)
}

/// Whether a path leads to a value; one that a value on the way does not let through is refused.
fn leads_to_value(document: &Document, path: &str) -> Result<bool> {
    let mut names = path.split('.');
    let mut found = names.next().and_then(|name| document.get(name));
    let mut above = path.split('.').next().unwrap_or_default();
    for name in names {
        found = match found {
            None => return Ok(false),
            Some(Bson::Document(inner)) => inner.get(name),
            Some(Bson::Array(items)) if name.bytes().all(|byte| byte.is_ascii_digit()) => {
                name.parse::<usize>().ok().and_then(|at| items.get(at))
            }
            Some(other) => {
                let element = show_field(above, ValueRef::from(other));
                return Err(refuse(
                    28,
                    "PathNotViable",
                    format!("cannot use the part ({above} of {path}) to traverse the element ({element})"),
                ));
            }
        };
        above = name;
    }
    Ok(found.is_some())
}

fn check_no_array(document: &Document, path: &str, which: &str) -> Result<()> {
    let mut names = path.split('.').peekable();
    let mut current = document;
    while let Some(name) = names.next() {
        match current.get(name) {
            Some(Bson::Document(inner)) => current = inner,
            Some(Bson::Array(_)) if names.peek().is_some() => {
                let id = document
                    .get("_id")
                    .map_or_else(|| "no id".to_owned(), |id| format!("_id: {}", show(id.into())));
                return Err(bad_value(format!(
                    "The {which} field cannot be an array element, '{path}' in doc with {id} has an array field called '{name}'"
                )));
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// The value at a path, taken out where `remove` is set.
fn take(document: &mut Document, path: &str, remove: bool) -> Option<Bson> {
    match path.split_once('.') {
        Some((name, below)) => match document.get_mut(name) {
            Some(Bson::Document(inner)) => take(inner, below, remove),
            _ => None,
        },
        None if remove => document.remove(path),
        None => document.get(path).cloned(),
    }
}

fn put(document: &mut Document, path: &str, value: Bson) -> Result<()> {
    let Some((name, below)) = path.split_once('.') else {
        document.insert(path, value);
        return Ok(());
    };
    match document.get_mut(name) {
        Some(Bson::Document(inner)) => put(inner, below, value),
        Some(other) => Err(cannot_create(below.split('.').next().unwrap_or(below), name, other)),
        None => {
            let mut inner = Document::new();
            put(&mut inner, below, value)?;
            document.insert(name, inner);
            Ok(())
        }
    }
}
