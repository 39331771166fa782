//! Filters: parsed once, then asked of every document, in raw bytes where these are what there is.

mod bits;
mod details;
mod field;
mod geo;
mod geometry;
mod in_list;
mod parse;
mod pattern;
mod position;
mod run;
mod schema;
mod schema_details;
mod schema_parse;
mod types;
mod validator;

use std::cell::RefCell;

use bson::{Bson, Document, RawDocument};

pub(crate) use bits::BitTest;
pub(crate) use field::{begins_with_operator, exact_integer, is_truthy};
pub(crate) use geo::{GeoTest, Near};
pub(crate) use geometry::{EARTH_RADIUS_M, Geometry, Point};
pub(crate) use in_list::InList;
pub(crate) use pattern::Pattern;
pub(crate) use schema::Schema;
pub(crate) use types::TypeSet;
pub(crate) use validator::Validator;

use crate::expression::{Expression, Frame, Parser};
use crate::refusal::{Refusal, Result};
use crate::value::{DocRef, Path};

/// A parsed filter.
#[derive(Clone, Debug)]
pub(crate) struct Matcher {
    root: Node,
}

/// One node of a filter. The planner reads this tree; the evaluator runs it.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Nor(Vec<Node>),
    Not(Box<Node>),
    /// A test of the values that a path leads to; it holds where it holds for any of them.
    Field {
        path: Path,
        test: Test,
    },
    Expr(Box<Expression>),
    Schema(Box<Schema>),
    /// Words to be found; the engine has applied them before it asks the matcher.
    Text(TextQuery),
    Always(bool),
}

/// A test of one value.
#[derive(Clone, Debug)]
pub(crate) enum Test {
    Compare(Comparison, Bson),
    In(InList),
    /// Whether there is a value at all.
    Exists,
    Type(TypeSet),
    Regex(Pattern),
    Mod {
        divisor: i64,
        remainder: i64,
    },
    /// The length of an array; `None` where no array can have it.
    Size(i64),
    /// A filter that an element of an array, a document or an array itself, passes.
    ElementObject(Box<Node>),
    /// Tests that one element of an array passes together; their paths are empty.
    ElementValue(Vec<Node>),
    Bits(BitTest),
    Geo(Box<GeoTest>),
    /// Nearness: filters by distance, and orders the result.
    Near(Box<Near>),
}

/// How a value is compared with the filter's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The words of a `$text`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TextQuery {
    /// What to search for: words, `-words`, and `"phrases"`.
    pub(crate) search: String,
    pub(crate) language: Option<String>,
    pub(crate) case_sensitive: bool,
    pub(crate) diacritic_sensitive: bool,
}

impl Matcher {
    /// Parses a filter.
    ///
    /// # Errors
    /// MongoDB's code and message for what it would refuse, and a refusal by name for what this engine does not know.
    pub(crate) fn parse(filter: &Document) -> Result<Self> {
        Ok(Matcher { root: parse::parse_filter(filter, parse::Place::Top)? })
    }

    /// Parses a filter whose expressions may use a parser's variables.
    ///
    /// # Errors
    /// As [`Matcher::parse`].
    pub(crate) fn parse_with(filter: &Document, parser: &Parser) -> Result<Self> {
        Ok(Matcher { root: parse::parse_with(filter, parser)? })
    }

    /// The filter of a tree that is there already.
    pub(crate) fn from_node(root: Node) -> Self {
        Matcher { root }
    }

    /// Both filters at once.
    pub(crate) fn and(&self, other: &Matcher) -> Self {
        Matcher { root: Node::And(vec![self.root.clone(), other.root.clone()]) }
    }

    /// A filter over one value instead of a document: the form that `$pull` takes, `{$gte: 5}`.
    pub(crate) fn parse_value_tests(tests: &Document) -> Result<Vec<Node>> {
        field::parse_value_tests(tests)
    }

    /// The tree of predicates.
    pub(crate) fn root(&self) -> &Node {
        &self.root
    }

    /// Whether every document passes.
    pub(crate) fn is_trivial(&self) -> bool {
        matches!(&self.root, Node::And(nodes) if nodes.is_empty())
    }

    /// Whether a document passes.
    ///
    /// # Errors
    /// An `$expr` failed.
    pub(crate) fn matches(&self, document: &RawDocument) -> Result<bool> {
        self.matches_in(DocRef::Raw(document), None)
    }

    /// Whether a document passes, with variables for `$expr`.
    ///
    /// # Errors
    /// As [`Matcher::matches`].
    pub(crate) fn matches_in(&self, document: DocRef<'_>, variables: Option<&Frame<'_>>) -> Result<bool> {
        let run = Run { variables, trouble: RefCell::new(None) };
        let matched = self.root.matches(document, &run);
        run.finish(matched)
    }

    /// The `$text` of the filter, which only an index can answer.
    pub(crate) fn text(&self) -> Option<&TextQuery> {
        find_text(&self.root)
    }

    /// The `$near` of the filter and its path.
    pub(crate) fn near(&self) -> Option<(&Path, &Near)> {
        find_near(&self.root)
    }
}

fn find_text(node: &Node) -> Option<&TextQuery> {
    match node {
        Node::Text(query) => Some(query),
        Node::And(nodes) | Node::Or(nodes) | Node::Nor(nodes) => nodes.iter().find_map(find_text),
        Node::Not(node) => find_text(node),
        _ => None,
    }
}

fn find_near(node: &Node) -> Option<(&Path, &Near)> {
    match node {
        Node::Field { path, test: Test::Near(near) } => Some((path, near)),
        Node::And(nodes) => nodes.iter().find_map(find_near),
        _ => None,
    }
}

/// What one evaluation carries: variables, and the first trouble that it met.
struct Run<'r> {
    variables: Option<&'r Frame<'r>>,
    trouble: RefCell<Option<Refusal>>,
}

impl Run<'_> {
    fn fail(&self, refusal: Refusal) -> bool {
        self.trouble.borrow_mut().get_or_insert(refusal);
        false
    }

    fn finish(self, matched: bool) -> Result<bool> {
        match self.trouble.into_inner() {
            Some(refusal) => Err(refusal),
            None => Ok(matched),
        }
    }
}
