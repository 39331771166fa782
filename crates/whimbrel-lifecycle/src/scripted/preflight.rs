//! Documents that a command of a script fails on, or would leave behind as invalid, counted and shown.
//!
//! A validator that is set changes nothing of them, so they are counted before it is. A unique index that cannot be built
//! leaves nothing behind, so that they are counted only then: most are built where nothing stands in the way.

use std::sync::Arc;

use bson::{Bson, Document};
use miette::{NamedSource, SourceSpan};
use whimbrel_engine::document::{self, Commands, Refusal, SessionId};
use whimbrel_schema::document::{CollectionIndex, KeyKind};
use whimbrel_script::{Call, Place};

use crate::error::{LifecycleError, Result};
use crate::events::Event;
use crate::migration::PlannedStep;
use crate::preflight::PreflightError;

/// How many examples are shown.
const EXAMPLES: u32 = 5;
/// The server's code for equal keys of a unique index.
const DUPLICATE_KEY: i32 = 11_000;
/// The code by which a file accepts documents that a new validator does not.
pub(super) const ALLOWED_CODE: &str = "validator-violations";

/// Looks at the documents that a validator about to be set refuses, as a session's open transaction sees them where one is
/// given. What a file accepts is told and stops nothing.
///
/// # Errors
/// [`PreflightError::Violations`] with the number and examples.
pub(super) async fn look(
    commands: &Arc<dyn Commands>,
    planned: &PlannedStep,
    call: &Call,
    session: Option<SessionId>,
) -> Result<Vec<Event>> {
    let Some(collection) = target(call, "collMod") else { return Ok(Vec::new()) };
    // What cannot be counted is told by the command itself.
    let found = validator(asked(commands, call).as_ref(), session, collection, &call.command).await;
    let Some(found) = found else { return Ok(Vec::new()) };
    let accepted = found.is_validator && planned.allowed.iter().any(|allowed| allowed.code == ALLOWED_CODE);
    if accepted || found.is_lenient {
        let line = call.place.as_ref().map_or(0, |place| place.line);
        return Ok(vec![Event::Counted {
            file: planned.file_name.clone(),
            line: usize::try_from(line).unwrap_or_default(),
            what: found.what,
        }]);
    }
    Err(found.error(planned, call))
}

/// Whether a command is looked after that was refused.
pub(super) fn looks_after(call: &Call) -> bool {
    target(call, "createIndexes").is_some()
}

/// Tells of a unique index that was refused in which documents equal keys stand; nothing where it was refused for another
/// reason.
///
/// # Errors
/// [`PreflightError::Violations`] with the number and examples.
pub(super) async fn explain(
    commands: &Arc<dyn Commands>,
    planned: &PlannedStep,
    call: &Call,
    (refusal, session): (&Refusal, Option<SessionId>),
) -> Result<()> {
    let Some(collection) = target(call, "createIndexes").filter(|_| refusal.code == DUPLICATE_KEY) else {
        return Ok(());
    };
    match duplicates(asked(commands, call).as_ref(), session, collection, &call.command).await {
        Some(found) => Err(found.error(planned, call)),
        None => Ok(()),
    }
}

/// The collection of a command of this name.
fn target<'c>(call: &'c Call, command: &str) -> Option<&'c str> {
    let (name, target) = call.command.iter().next()?;
    target.as_str().filter(|_| name == command)
}

/// What answers on the database of a call.
fn asked(commands: &Arc<dyn Commands>, call: &Call) -> Arc<dyn Commands> {
    match &call.database {
        Some(database) => commands.on_database(database),
        None => Arc::clone(commands),
    }
}

/// What was counted.
struct Found {
    what: String,
    count: u64,
    examples: String,
    help: String,
    is_validator: bool,
    /// Whether the command succeeds all the same and stops no later write.
    is_lenient: bool,
}

impl Found {
    fn error(self, planned: &PlannedStep, call: &Call) -> LifecycleError {
        let Found { what, count, examples, help, .. } = self;
        let text = &planned.step.source.text;
        PreflightError::Violations {
            what,
            count,
            examples,
            source_code: NamedSource::new(&planned.step.source.name, Arc::clone(text)),
            span: call.place.as_ref().map_or_else(|| (0, 0).into(), |place| span(text, place)),
            help,
        }
        .into()
    }
}

/// The documents that a validator about to be set does not take.
async fn validator(
    commands: &dyn Commands,
    session: Option<SessionId>,
    collection: &str,
    command: &Document,
) -> Option<Found> {
    let rule = command.get_document("validator").ok().filter(|rule| !rule.is_empty())?;
    let found = document::violations(commands, session, collection, rule, EXAMPLES).await.ok()?;
    if found.documents == 0 {
        return None;
    }
    let count = found.documents;
    let is_moderate =
        command.get_str("validationLevel").is_ok_and(|level| level == "moderate" || level == "off");
    let is_warning = command.get_str("validationAction").is_ok_and(|action| action == "warn");
    let examples: String = found.examples.iter().map(|id| format!("\n  _id = {}", shown(id))).collect();
    let does = if count == 1 { "does" } else { "do" };
    Some(Found {
        what: format!("{} of {collection} {does} not match the new validator", documents(count)),
        count,
        examples: with_more(examples, found.examples.len(), count),
        help: format!(
            "change these documents in the file before the validator is set, or accept that they can no longer be updated: \
             validationLevel \"moderate\", or `// whimbrel:allow {ALLOWED_CODE} REASON` at the head of the file"
        ),
        is_validator: true,
        is_lenient: is_moderate || is_warning,
    })
}

/// The documents with equal keys of a unique index.
async fn duplicates(
    commands: &dyn Commands,
    session: Option<SessionId>,
    collection: &str,
    command: &Document,
) -> Option<Found> {
    let indexes = command.get_array("indexes").ok()?;
    let unique = indexes.iter().filter_map(Bson::as_document);
    for index in unique.filter(|index| index.get_bool("unique").unwrap_or(false)) {
        let Some(index) = declared(index) else { continue };
        let Ok(found) = document::duplicates(commands, session, collection, &index, EXAMPLES).await else {
            continue;
        };
        if found.keys == 0 {
            continue;
        }
        let examples: String = found
            .examples
            .iter()
            .map(|same| {
                let key: Vec<String> = same.key.iter().map(shown).collect();
                format!("\n  {}: {}", key.join(", "), documents(same.documents))
            })
            .collect();
        let keys = if found.keys == 1 { "1 key".to_owned() } else { format!("{} keys", found.keys) };
        return Some(Found {
            what: format!(
                "{keys} of {collection} stand in several documents, which {} does not take",
                index.name
            ),
            count: found.keys,
            examples: with_more(examples, found.examples.len(), found.keys),
            help: "change or delete all but one document of each in the file before the index is made"
                .to_owned(),
            is_validator: false,
            is_lenient: false,
        });
    }
    None
}

/// An index as the counting knows it; none where its keys have no order.
fn declared(index: &Document) -> Option<CollectionIndex> {
    let keys = index.get_document("key").ok()?;
    let extended = |field: &str| index.get(field).map(|value| value.clone().into_canonical_extjson());
    Some(CollectionIndex {
        name: index.get_str("name").unwrap_or("a unique index").to_owned(),
        keys: keys.keys().map(|key| (key.clone(), KeyKind::Ascending)).collect(),
        unique: true,
        sparse: index.get_bool("sparse").unwrap_or(false),
        partial_filter: extended("partialFilterExpression"),
        collation: extended("collation"),
        ..CollectionIndex::default()
    })
}

fn documents(count: u64) -> String {
    if count == 1 { "1 document".to_owned() } else { format!("{count} documents") }
}

fn with_more(mut examples: String, shown: usize, count: u64) -> String {
    let more = count.saturating_sub(shown as u64);
    if more > 0 && shown > 0 {
        examples.push_str(&format!("\n  and {more} more"));
    }
    examples
}

/// A value as a message shows it.
fn shown(value: &Bson) -> String {
    /// How much of a value is shown, in characters.
    const SHOWN: usize = 80;
    let text = match value {
        Bson::ObjectId(id) => format!("ObjectId('{id}')"),
        other => other.clone().into_relaxed_extjson().to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The place of a call in its file.
fn span(text: &str, place: &Place) -> SourceSpan {
    let line = usize::try_from(place.line).unwrap_or(1).max(1);
    let start = text.split_inclusive('\n').take(line - 1).map(str::len).sum::<usize>().min(text.len());
    let rest = text[start..].lines().next().unwrap_or_default();
    let indent = rest.len() - rest.trim_start().len();
    (start + indent, rest.trim().len()).into()
}
