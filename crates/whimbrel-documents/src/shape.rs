//! The form in which a found document is told.

use bson::{Document, RawDocument};

use crate::limits;
use crate::matcher::Matcher;
use crate::projection::{Extras, Projection};
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
