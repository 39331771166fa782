//! Projections: what of a document is shown, and what is computed into it.

mod apply;
mod parse;

use bson::{Bson, Document};

use crate::expression::{Expression, Frame, Parser};
use crate::matcher::Matcher;
use crate::refusal::Result;
use crate::value::DocRef;

/// A parsed projection.
#[derive(Clone, Debug)]
pub(crate) struct Projection {
    mode: Mode,
    tree: Tree,
    /// The fields of the `find` forms, which are applied after all others.
    shapes: Vec<(String, Shape)>,
}

/// What becomes of the fields that a projection does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are left out.
    Include,
    /// They stay.
    Exclude,
}

/// The fields of one level.
#[derive(Clone, Debug, Default)]
struct Tree {
    fields: Vec<(String, Entry)>,
}

/// What is done with a field.
#[derive(Clone, Debug)]
enum Entry {
    Include,
    Exclude,
    Computed(Expression),
    /// The relevance of the words that a `$text` found.
    TextScore,
    Nested(Tree),
}

/// The forms that only `find` knows.
#[derive(Clone, Debug)]
enum Shape {
    Slice {
        skip: Option<i64>,
        limit: i64,
    },
    FirstElement(Box<Matcher>),
    /// The first element that the filter matched.
    Positional,
}

/// What a projection may need beside the document.
#[derive(Clone, Copy, Default)]
pub(crate) struct Extras<'e> {
    /// The filter that found the document, for the positional `$`.
    pub(crate) filter: Option<&'e Matcher>,
    /// The relevance of the words that were found.
    pub(crate) text_score: Option<f64>,
    /// Variables of expressions.
    pub(crate) frame: Option<&'e Frame<'e>>,
}

impl Projection {
    /// Parses the projection of a `find`.
    ///
    /// # Errors
    /// MongoDB's code for what it would refuse.
    pub(crate) fn parse_find(stated: &Document) -> Result<Self> {
        parse::parse_projection(&Parser::new(), stated, true)
    }

    /// Parses a `$project`.
    ///
    /// # Errors
    /// As [`Projection::parse_find`].
    pub(crate) fn parse_stage(parser: &Parser, stated: &Document) -> Result<Self> {
        parse::parse_projection(parser, stated, false)
    }

    /// Parses the fields of a `$set`: all are computed, and everything else stays.
    ///
    /// # Errors
    /// As [`Projection::parse_find`].
    pub(crate) fn parse_set(parser: &Parser, stated: &Document) -> Result<Self> {
        parse::parse_set(parser, stated)
    }

    /// Parses the paths of an `$unset`.
    ///
    /// # Errors
    /// As [`Projection::parse_find`].
    pub(crate) fn parse_unset(paths: &[&str]) -> Result<Self> {
        let stated: Document = paths.iter().map(|path| ((*path).to_owned(), Bson::Int32(0))).collect();
        parse::check_collisions(paths)?;
        parse::parse_projection(&Parser::new(), &stated, false)
    }

    /// Whether the positional `$` is used, which needs the filter.
    pub(crate) fn is_positional(&self) -> bool {
        self.shapes.iter().any(|(_, shape)| matches!(shape, Shape::Positional))
    }

    /// What is shown of a document.
    ///
    /// # Errors
    /// An expression fails, or the positional `$` has no match.
    pub(crate) fn apply(&self, document: DocRef<'_>, extras: Extras<'_>) -> Result<Document> {
        apply::apply(self, document, extras)
    }
}
