//! Updates: operators, replacements and pipelines over one document.

mod action;
mod apply;
mod arrays;
mod parse;
mod path;
mod upsert;

use bson::{Bson, Document};

use crate::matcher::Matcher;
use crate::pipeline::Transform;
use crate::refusal::{Result, refuse};
use crate::value::{DocRef, compare_bson, show};
use action::Action;
use path::UpdatePath;

pub(crate) use upsert::reject_upsert_filter;

/// A parsed update.
#[derive(Clone, Debug)]
pub(crate) struct Update {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Replacement(Document),
    Operators { changes: Vec<Change>, filters: Vec<(String, Matcher)> },
    Pipeline(Vec<Transform>),
}

/// What is done at one path.
#[derive(Clone, Debug)]
struct Change {
    path: UpdatePath,
    action: Action,
}

impl Update {
    /// Parses the `u` of an update with its array filters.
    ///
    /// # Errors
    /// MongoDB's code for what it would refuse.
    pub(crate) fn parse(stated: &Bson, array_filters: &[Bson]) -> Result<Self> {
        Ok(Update { kind: parse::parse(stated, array_filters)? })
    }

    /// Whether it replaces the whole document, which cannot be done to many.
    pub(crate) fn is_replacement(&self) -> bool {
        matches!(self.kind, Kind::Replacement(_))
    }

    /// The document after the update; `None` where nothing changes.
    ///
    /// `filter` is what found the document: the positional `$` stands for the element that it matched.
    ///
    /// # Errors
    /// The update does not fit the document, or it would change `_id`.
    pub(crate) fn apply(&self, document: &Document, filter: Option<&Matcher>) -> Result<Option<Document>> {
        let changed = match &self.kind {
            Kind::Replacement(replacement) => Some(with_id_of(replacement.clone(), document)),
            Kind::Operators { changes, filters } => {
                apply::apply_changes(changes, filters, document, filter, false)?
            }
            Kind::Pipeline(stages) => Some(with_id_of(run_stages(stages, document)?, document)),
        };
        // What operators count as a change is one; of the others only the result tells.
        let counts = matches!(self.kind, Kind::Operators { .. });
        let changed = changed.filter(|changed| counts || !action::identical_documents(changed, document));
        let Some(changed) = changed else { return Ok(None) };
        self.check(document, &changed)?;
        Ok(Some(changed))
    }

    /// The document that an upsert inserts where the filter found none.
    ///
    /// # Errors
    /// As [`Update::apply`], or the filter's equalities contradict each other.
    pub(crate) fn upsert(&self, filter: &Matcher) -> Result<Document> {
        let mut base = upsert::base_document(filter)?;
        let inserted = match &self.kind {
            Kind::Replacement(replacement) => {
                base = base
                    .remove("_id")
                    .map(|id| Document::from_iter([("_id".to_owned(), id)]))
                    .unwrap_or_default();
                with_id_of(replacement.clone(), &base)
            }
            Kind::Operators { changes, filters } => {
                apply::apply_changes(changes, filters, &base, None, true)?.unwrap_or_else(|| base.clone())
            }
            Kind::Pipeline(stages) => with_id_of(run_stages(stages, &base)?, &base),
        };
        if base.contains_key("_id") {
            self.check(&base, &inserted)?;
        }
        Ok(upsert::with_id_first(inserted))
    }

    /// Refuses a changed `_id` and what no document may hold.
    fn check(&self, before: &Document, after: &Document) -> Result<()> {
        if let Some(name) = after.keys().find(|name| name.starts_with('$')) {
            return Err(refuse(
                52,
                "DollarPrefixedFieldName",
                format!(
                    "The dollar ($) prefixed field '{name}' in '{name}' is not allowed in the context of an update's \
                     replacement document. Consider using an aggregation pipeline with $replaceWith."
                ),
            ));
        }
        let (Some(old), new) = (before.get("_id"), after.get("_id")) else { return Ok(()) };
        if new.is_some_and(|new| compare_bson(old, new).is_eq()) {
            return Ok(());
        }
        Err(refuse(
            66,
            "ImmutableField",
            match (&self.kind, new) {
                (Kind::Operators { .. }, _) | (_, None) => {
                    "Performing an update on the path '_id' would modify the immutable field '_id'".to_owned()
                }
                (_, Some(new)) => format!(
                    "After applying the update, the (immutable) field '_id' was found to have been altered to _id: {}",
                    show(new.into())
                ),
            },
        ))
    }
}

/// Gives a document the `_id` of another where it has none of its own.
fn with_id_of(mut document: Document, other: &Document) -> Document {
    match (document.contains_key("_id"), other.get("_id")) {
        (false, Some(id)) => {
            let mut whole = Document::from_iter([("_id".to_owned(), id.clone())]);
            whole.extend(std::mem::take(&mut document));
            whole
        }
        _ => upsert::id_to_front(document),
    }
}

fn run_stages(stages: &[Transform], document: &Document) -> Result<Document> {
    let mut current = document.clone();
    for stage in stages {
        current = stage.apply(DocRef::Parsed(&current), None, None)?;
    }
    Ok(current)
}
