//! A collection's validator: a filter that keeps the words in which it was stated, for the details of a refusal.

use std::cell::RefCell;

use bson::{Bson, Document, RawDocument, doc};

use super::field::{is_operators, is_truthy, parse_field};
use super::parse::{Place, parse_filter};
use super::{Matcher, Near, Node, Run, TextQuery};
use crate::refusal::Result;
use crate::value::{DocRef, Path};

/// A parsed validator.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
    matcher: Matcher,
    pub(super) clause: Clause,
}

/// One part of a validator, as it is told of: nothing is put together or taken apart that its author wrote.
#[derive(Clone, Debug)]
pub(super) enum Clause {
    /// `$and`, `$or` or `$nor`, or the `$and` that several predicates side by side stand for.
    Joined {
        join: Join,
        clauses: Vec<Clause>,
    },
    /// The `$not` of what is said about a field.
    Not(Box<Clause>),
    Field(Box<FieldClause>),
    /// What is asked of the whole document: `$expr`, `$jsonSchema`, `$alwaysTrue`.
    Whole {
        node: Node,
        stated: Document,
    },
}

/// How clauses are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    And,
    Or,
    Nor,
}

/// What one operator says about a field.
#[derive(Clone, Debug)]
pub(super) struct FieldClause {
    /// The operator, which an equality and a regular expression have too where none is written.
    pub(super) operator: String,
    /// The field with what is said about it: `{a: {$gt: 5}}`.
    pub(super) stated: Document,
    pub(super) path: Path,
    /// The test without its negation.
    pub(super) node: Node,
    /// Whether the operator is itself a negation: `$ne`, `$nin`, `$exists: false`.
    pub(super) negated: bool,
}

impl Validator {
    /// Parses a validator.
    ///
    /// # Errors
    /// As [`Matcher::parse`].
    pub(crate) fn parse(filter: &Document) -> Result<Self> {
        // The matcher comes first, so that a validator is refused in the words of a filter.
        let matcher = Matcher::parse(filter)?;
        Ok(Validator { matcher, clause: parse_clause(filter)? })
    }

    /// Whether a document passes; one over which an `$expr` fails does not.
    pub(crate) fn passes(&self, document: &RawDocument) -> bool {
        self.matcher.matches(document).unwrap_or(false)
    }

    /// The `$text` of the validator, which has no place in one.
    pub(crate) fn text(&self) -> Option<&TextQuery> {
        self.matcher.text()
    }

    /// The `$near` of the validator, which has no place in one.
    pub(crate) fn near(&self) -> Option<(&Path, &Near)> {
        self.matcher.near()
    }
}

impl Clause {
    /// Whether a document passes the clause.
    ///
    /// # Errors
    /// An `$expr` failed.
    pub(super) fn matches(&self, document: DocRef<'_>) -> Result<bool> {
        let run = Run { variables: None, trouble: RefCell::new(None) };
        let matched = self.matches_in(document, &run);
        run.finish(matched)
    }

    fn matches_in(&self, document: DocRef<'_>, run: &Run<'_>) -> bool {
        let holds = |clause: &Clause| clause.matches_in(document, run);
        match self {
            Clause::Joined { join: Join::And, clauses } => clauses.iter().all(holds),
            Clause::Joined { join: Join::Or, clauses } => clauses.iter().any(holds),
            Clause::Joined { join: Join::Nor, clauses } => !clauses.iter().any(holds),
            Clause::Not(clause) => !holds(clause),
            Clause::Field(field) => field.node.matches(document, run) != field.negated,
            Clause::Whole { node, .. } => node.matches(document, run),
        }
    }
}

/// Several clauses are an `$and`; one is itself.
fn joined(mut clauses: Vec<Clause>) -> Clause {
    if clauses.len() == 1 { clauses.remove(0) } else { Clause::Joined { join: Join::And, clauses } }
}

fn parse_clause(filter: &Document) -> Result<Clause> {
    let mut clauses = Vec::with_capacity(filter.len());
    for (key, value) in filter {
        let join = match key.as_str() {
            "$and" => Some(Join::And),
            "$or" => Some(Join::Or),
            "$nor" => Some(Join::Nor),
            _ => None,
        };
        match (join, value) {
            (Some(join), Bson::Array(items)) => {
                let inner = items.iter().filter_map(Bson::as_document).map(parse_clause);
                clauses.push(Clause::Joined { join, clauses: inner.collect::<Result<_>>()? });
            }
            _ if key == "$comment" => {}
            _ if key.starts_with('$') => {
                let stated = doc! { key: value };
                clauses.push(Clause::Whole { node: parse_filter(&stated, Place::Branch)?, stated });
            }
            _ => parse_said(key, value, &mut clauses)?,
        }
    }
    Ok(joined(clauses))
}

/// Parses what is said about a field.
fn parse_said(path: &str, said: &Bson, clauses: &mut Vec<Clause>) -> Result<()> {
    let operators = match said {
        Bson::Document(operators) if is_operators(operators) => operators,
        Bson::RegularExpression(_) => {
            clauses.push(field(path, "$regex", said, said, false)?);
            return Ok(());
        }
        _ => {
            clauses.push(field(path, "$eq", said, said, false)?);
            return Ok(());
        }
    };
    for (operator, argument) in operators {
        let alone = Bson::Document(doc! { operator: argument });
        clauses.push(match operator.as_str() {
            "$options" => continue,
            "$not" => {
                let mut inner = Vec::new();
                parse_said(path, argument, &mut inner)?;
                Clause::Not(Box::new(joined(inner)))
            }
            "$ne" => field(path, operator, &doc! { "$eq": argument }.into(), &alone, true)?,
            "$nin" => field(path, operator, &doc! { "$in": argument }.into(), &alone, true)?,
            "$exists" => {
                field(path, operator, &doc! { "$exists": true }.into(), &alone, !is_truthy(argument))?
            }
            // These are told together with what stands beside them.
            "$regex" => {
                let pattern =
                    operators.iter().filter(|(name, _)| ["$regex", "$options"].contains(&name.as_str()));
                let pattern: Document = pattern.map(|(name, value)| (name.clone(), value.clone())).collect();
                field(path, operator, &pattern.into(), said, false)?
            }
            "$geoWithin" | "$within" | "$geoIntersects" => field(path, operator, &alone, said, false)?,
            _ => field(path, operator, &alone, &alone, false)?,
        });
    }
    Ok(())
}

/// A clause of one field, which asks `test` and is stated as `stated`.
fn field(path: &str, operator: &str, test: &Bson, stated: &Bson, negated: bool) -> Result<Clause> {
    let path_of_field = Path::new(path);
    let mut nodes = parse_field(&path_of_field, test)?;
    Ok(Clause::Field(Box::new(FieldClause {
        operator: operator.to_owned(),
        stated: doc! { path: stated },
        path: path_of_field,
        node: if nodes.len() == 1 { nodes.remove(0) } else { Node::And(nodes) },
        negated,
    })))
}
