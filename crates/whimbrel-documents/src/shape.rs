//! The form in which a found document is told.

use bson::{Bson, Document, RawDocument};

use crate::limits;
use crate::matcher::Matcher;
use crate::projection::{Extras, Projection};
use crate::refusal::refuse;
use crate::storage::Outcome;
use crate::value::DocRef;

/// A projection, or the whole document.
#[derive(Debug)]
pub(crate) struct Shape {
    projection: Option<Projection>,
    /// The filter, where the projection shows the element that it matched.
    filter: Option<Matcher>,
}

impl Shape {
    /// Parses a projection.
    ///
    /// # Errors
    /// It cannot be parsed, or needs the filter, which cannot be parsed.
    pub(crate) fn parse(projection: &Document, filter: &Document) -> Outcome<Self> {
        if projection.is_empty() {
            return Ok(Self { projection: None, filter: None });
        }
        let projection = Projection::parse_find(projection)?;
        if projection.is_positional()
            && let Some(name) = without_position(filter)
        {
            let message = format!("{name} is not allowed in this context");
            return Err(refuse(224, "QueryFeatureNotAllowed", message).into());
        }
        let filter = if projection.is_positional() { Some(Matcher::parse(filter)?) } else { None };
        Ok(Self { projection: Some(projection), filter })
    }

    /// Whether a document is told as it is stored.
    pub(crate) fn is_whole(&self) -> bool {
        self.projection.is_none()
    }

    /// A document in this form.
    ///
    /// # Errors
    /// An expression fails on it, or it is no valid BSON.
    pub(crate) fn apply(&self, document: &RawDocument, score: Option<f64>) -> Outcome<Document> {
        let Some(projection) = &self.projection else {
            return Ok(Document::try_from(document).map_err(|_| limits::unreadable())?);
        };
        let extras = Extras { filter: self.filter.as_ref(), text_score: score, ..Extras::default() };
        Ok(projection.apply(DocRef::Raw(document), extras)?)
    }
}

/// An operator in a filter that is never about an element of an array, at its top or in one of its branches.
fn without_position(filter: &Document) -> Option<&str> {
    filter.iter().find_map(|(key, value)| match (key.as_str(), value) {
        ("$jsonSchema" | "$expr", _) => Some(key.as_str()),
        ("$and" | "$or" | "$nor", Bson::Array(branches)) => {
            branches.iter().filter_map(Bson::as_document).find_map(without_position)
        }
        _ => None,
    })
}
