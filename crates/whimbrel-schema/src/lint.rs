//! Lint: what a migration's statements would lock, rewrite, lose or break, found before anything runs.
//!
//! The rules are pure: they read statements ([`crate::statement`]) and facts about the database that the caller
//! gathered ([`Facts`]). Each finding has a stable code, and the rule's page is docs/reference/lint.md.

use std::ops::Range;
use std::sync::OnceLock;

use serde::Serialize;

use crate::catalog::QualifiedName;
use crate::statement::{Act, actions};

mod allowance;
mod facts;
mod finding;
mod look;
mod reference;
mod rule;
mod rules;
mod world;

pub use facts::{Facts, NoFacts, Size};
pub use finding::{Finding, Lock, LockMode, Severity, Work};
pub use reference::reference_markdown;
pub use rule::{Class, Rule, find as find_rule, rules};
pub use rules::is_preflighted;

use look::Look;
use world::World;

/// A migration file's statements of one direction, as they will run.
#[derive(Clone, Debug, Default)]
pub struct LintFile {
    /// The statements in order.
    pub statements: Vec<LintStatement>,
    /// What the file says about going back; none where that is not asked.
    pub reversal: Option<Reversal>,
    /// Whether the statements go back: the release that used what they take away is gone by then.
    pub is_rollback: bool,
    /// Findings that are accepted for the whole file.
    pub allowed: Vec<Allowed>,
}

/// What a file has to go back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversal {
    /// A section for the way down.
    Present,
    /// None.
    Missing,
}

/// One statement to lint.
#[derive(Clone, Debug, Default)]
pub struct LintStatement {
    /// The text without its closing semicolon.
    pub sql: String,
    /// Where it begins in the file, in bytes.
    pub offset: usize,
    /// The transaction that it runs in; none where it runs in none.
    pub unit: Option<usize>,
    /// Whether it runs in batches.
    pub batched: bool,
    /// Findings that are accepted for it.
    pub allowed: Vec<Allowed>,
    /// What it does, once somebody asked.
    acts: OnceLock<Vec<Act>>,
}

impl LintStatement {
    /// A statement in no transaction and without directives.
    #[must_use]
    pub fn new(sql: impl Into<String>, offset: usize) -> Self {
        LintStatement { sql: sql.into(), offset, ..LintStatement::default() }
    }

    /// What it does.
    pub fn acts(&self) -> &[Act] {
        self.acts.get_or_init(|| actions(&self.sql))
    }
}

/// A finding that the author accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// The finding's code.
    pub code: String,
    /// Where that is written in the file, in bytes.
    pub span: Range<usize>,
}

/// What decides which findings there are, and how severe.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether the engine locks table by table; where not, only losses and mistakes are looked for.
    pub locks_tables: bool,
    /// Whether a statement waits for a lock for a limited time only, and tries again.
    pub lock_timeout: bool,
    /// A table with fewer rows is small: a lock on it is a note.
    pub big_table_rows: u64,
    /// Codes that are not wanted.
    pub ignore: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Options { locks_tables: true, lock_timeout: true, big_table_rows: 10_000, ignore: Vec::new() }
    }
}

/// Lints one direction of one file: the findings in the order of the file.
#[must_use]
pub fn lint(file: &LintFile, facts: &dyn Facts, options: &Options) -> Vec<Finding> {
    let mut world = World::new();
    let mut found = Vec::new();
    for (index, statement) in file.statements.iter().enumerate() {
        for act in statement.acts() {
            let look = Look { facts, options, world: &world, file, statement, index, act };
            rules::check_act(&look, &mut found);
            world.take(index, statement, act, facts);
        }
    }
    rules::check_file(file, facts, options, &world, &mut found);
    found.retain(|finding| {
        let wanted = options.locks_tables || finding.class != Class::Lock;
        let in_use = !file.is_rollback || finding.class != Class::Compatibility;
        wanted && in_use && !options.ignore.iter().any(|code| code == finding.code)
    });
    for finding in &mut found {
        finding.soften(options);
        // Going back takes away what the file brought: that is asked for, and guarded by its own flag.
        if file.is_rollback && finding.class == Class::Data {
            finding.severity = Severity::Note;
        }
    }
    allowance::apply(file, &mut found);
    found.sort_by_key(|finding| (finding.span.start, finding.span.end, std::cmp::Reverse(finding.severity)));
    found
}

/// The tables that a file's statements work on, for gathering [`Facts`]; sorted.
#[must_use]
pub fn tables_of(file: &LintFile) -> Vec<QualifiedName> {
    let mut tables: Vec<QualifiedName> =
        file.statements.iter().flat_map(LintStatement::acts).flat_map(|act| touched(&act.action)).collect();
    tables.sort();
    tables.dedup();
    tables
}

/// The tables that a file makes; sorted.
#[must_use]
pub fn tables_made(file: &LintFile) -> Vec<QualifiedName> {
    let mut tables: Vec<QualifiedName> = file
        .statements
        .iter()
        .flat_map(LintStatement::acts)
        .filter_map(|act| match &act.action {
            crate::statement::Action::CreateTable { table, .. } => Some(table.clone()),
            crate::statement::Action::RenameTable { to, .. } => Some(to.clone()),
            _ => None,
        })
        .collect();
    tables.sort();
    tables.dedup();
    tables
}

fn touched(action: &crate::statement::Action) -> Vec<QualifiedName> {
    use crate::statement::{Action, ConstraintKind, NewConstraint};
    let referenced = |constraints: &[NewConstraint]| -> Vec<QualifiedName> {
        constraints
            .iter()
            .filter_map(|constraint| match &constraint.kind {
                ConstraintKind::ForeignKey { references, .. } => Some(references.clone()),
                _ => None,
            })
            .collect()
    };
    let mut tables: Vec<QualifiedName> = action.table().into_iter().cloned().collect();
    match action {
        Action::CreateTable { columns, constraints, .. } => {
            tables.extend(referenced(constraints));
            tables.extend(columns.iter().flat_map(|column| referenced(&column.constraints)));
        }
        Action::AddColumn { column, .. } => tables.extend(referenced(&column.constraints)),
        Action::AddConstraint { constraint, .. } => {
            tables.extend(referenced(std::slice::from_ref(constraint)))
        }
        Action::AttachPartition { partition, .. } | Action::DetachPartition { partition, .. } => {
            tables.push(partition.clone());
        }
        Action::Refresh { view, .. } => tables.push(view.clone()),
        Action::Reindex { name: Some(name), .. } => tables.push(name.clone()),
        _ => {}
    }
    tables
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

impl Tally {
    /// Counts findings.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Tally {
        let mut tally = Tally::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => tally.errors += 1,
                Severity::Warning => tally.warnings += 1,
                Severity::Note => tally.notes += 1,
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests;
