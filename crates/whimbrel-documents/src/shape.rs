//! The form in which a found document is told.

use bson::{Document, RawDocument};

use crate::limits;
use crate::refusal::not_implemented;
use crate::storage::Outcome;

/// A projection, or the whole document.
#[derive(Debug)]
pub(crate) struct Shape;

impl Shape {
    /// Parses a projection.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub(crate) fn parse(projection: &Document, _filter: &Document) -> Outcome<Self> {
        if !projection.is_empty() {
            return Err(not_implemented("a projection").into());
        }
        Ok(Self)
    }

    /// A document in this form.
    pub(crate) fn apply(&self, document: &RawDocument, _score: Option<f64>) -> Outcome<Document> {
        Ok(Document::try_from(document).map_err(|_| limits::unreadable())?)
    }
}
