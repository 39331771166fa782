//! The statements of one direction of a migration file, and how they are grouped into transactions.

use std::sync::Arc;
use std::time::Duration;

use crate::HistoryChange;

/// A source file, for messages that point into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user knows it.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
}

/// `-- whimbrel:batch size=… key=… pause=…`: the statement runs in batches by ranges of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// How many rows a batch covers at most.
    pub size: u64,
    /// The column that the ranges are of; the primary key's only column where none is named.
    pub key: Option<String>,
    /// The pause between two batches.
    pub pause: Duration,
}

/// `-- whimbrel:allow CODE reason`: a lint finding that the author accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// The finding's code.
    pub code: String,
    /// Why it is accepted, in the author's words.
    pub reason: String,
    /// Where the directive begins in the source, in bytes.
    pub offset: usize,
}

/// What a file's `-- whimbrel:transaction` directives say of a statement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Nothing: the whole file is one transaction where every statement may run in one.
    #[default]
    File,
    /// `off`: the statement stands alone.
    Alone,
    /// `on`: the statements with the same number are one transaction.
    Group(usize),
}

/// One statement of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The statement's text without its closing semicolon.
    pub sql: String,
    /// Where it begins in the step's source, in bytes.
    pub offset: usize,
    /// The transaction that it belongs to.
    pub grouping: Grouping,
    /// How it is cut into batches, where it is.
    pub batch: Option<Batch>,
    /// The findings that are accepted for it.
    pub allowed: Vec<Allowance>,
}

impl Statement {
    /// A statement without directives.
    #[must_use]
    pub fn new(sql: impl Into<String>, offset: usize) -> Self {
        Statement { sql: sql.into(), offset, grouping: Grouping::default(), batch: None, allowed: Vec::new() }
    }
}

/// The statements of one direction of one migration file, with the change to the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The file that the statements come from.
    pub source: Source,
    /// The statements in order.
    pub statements: Vec<Statement>,
    /// The change to the history.
    pub history: HistoryChange,
}

/// A part of a step that is done as a whole, or of which the journal knows how far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Statements that are one transaction, with their row in the journal.
    Together(Vec<Statement>),
    /// A statement that runs outside a transaction: its intent is written first.
    Outside(Statement),
    /// A statement that runs in batches, each one transaction with the journal's cursor.
    Batched(Statement, Batch),
}

impl Unit {
    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        match self {
            Unit::Together(statements) => statements,
            Unit::Outside(statement) | Unit::Batched(statement, _) => std::slice::from_ref(statement),
        }
    }
}

impl Step {
    /// The units of a step that cannot be one transaction; none where it is one.
    ///
    /// `outside` says of a statement whether the engine cannot run it in a transaction.
    #[must_use]
    pub fn units(&self, outside: &dyn Fn(&Statement) -> bool) -> Option<Vec<Unit>> {
        let is_whole = self.statements.iter().all(|statement| {
            statement.grouping == Grouping::File && statement.batch.is_none() && !outside(statement)
        });
        if is_whole {
            return None;
        }
        let mut units: Vec<Unit> = Vec::new();
        let mut open = None;
        for statement in &self.statements {
            if let Some(batch) = &statement.batch {
                units.push(Unit::Batched(statement.clone(), batch.clone()));
                open = None;
            } else if outside(statement) {
                units.push(Unit::Outside(statement.clone()));
                open = None;
            } else {
                match (statement.grouping, units.last_mut()) {
                    (Grouping::Group(number), Some(Unit::Together(group))) if open == Some(number) => {
                        group.push(statement.clone());
                    }
                    _ => units.push(Unit::Together(vec![statement.clone()])),
                }
                open = match statement.grouping {
                    Grouping::Group(number) => Some(number),
                    Grouping::File | Grouping::Alone => None,
                };
            }
        }
        Some(units)
    }

    /// The first statement of a `-- whimbrel:transaction on` group that cannot be in one.
    #[must_use]
    pub fn misgrouped(&self, outside: &dyn Fn(&Statement) -> bool) -> Option<&Statement> {
        self.statements.iter().find(|statement| {
            matches!(statement.grouping, Grouping::Group(_))
                && (statement.batch.is_some() || outside(statement))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(statements: Vec<Statement>) -> Step {
        Step {
            source: Source { name: "1-a.sql".into(), text: Arc::from("") },
            statements,
            history: HistoryChange::Remove { version: "1".into() },
        }
    }

    fn grouped(sql: &str, grouping: Grouping) -> Statement {
        Statement { grouping, ..Statement::new(sql, 0) }
    }

    fn shape(units: Option<Vec<Unit>>) -> String {
        let Some(units) = units else { return "whole".to_owned() };
        let words = units.iter().map(|unit| match unit {
            Unit::Together(statements) => format!("together {}", statements.len()),
            Unit::Outside(_) => "outside".to_owned(),
            Unit::Batched(..) => "batched".to_owned(),
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_step_is_cut_where_it_must_be() {
        let outside = |statement: &Statement| statement.sql == "concurrently";
        let batch = Batch { size: 10, key: None, pause: Duration::ZERO };
        let batched = Statement { batch: Some(batch), ..Statement::new("update", 0) };
        let plain = Statement::new("plain", 0);
        let concurrent = Statement::new("concurrently", 0);
        let (alone, first, second) = (
            grouped("plain", Grouping::Alone),
            grouped("plain", Grouping::Group(1)),
            grouped("plain", Grouping::Group(2)),
        );
        for (statements, expected) in [
            (vec![plain.clone(), plain.clone()], "whole"),
            (vec![], "whole"),
            (vec![plain.clone(), concurrent, plain.clone()], "together 1, outside, together 1"),
            (vec![plain.clone(), batched], "together 1, batched"),
            (
                vec![alone.clone(), first.clone(), first.clone(), second.clone(), alone],
                "together 1, together 2, together 1, together 1",
            ),
        ] {
            assert_eq!(shape(step(statements).units(&outside)), expected);
        }
    }

    #[test]
    fn a_group_refuses_what_cannot_be_in_a_transaction() {
        let outside = |statement: &Statement| statement.sql == "concurrently";
        let bad = step(vec![grouped("concurrently", Grouping::Group(1))]);
        assert!(bad.misgrouped(&outside).is_some());
        let good = step(vec![grouped("concurrently", Grouping::Alone)]);
        assert!(good.misgrouped(&outside).is_none());
    }
}
