//! The rules, a file a family. Each family holds its table of [`Rule`]s and one function that looks at an action.

use super::look::Look;
use super::world::World;
use super::{Facts, Finding, LintFile, Options, Rule};
use crate::statement::{Action, IndexKey, NewIndex};

mod brief;
mod column;
mod constraint;
mod data;
mod directive;
mod foreign_key;
mod index;
mod partition;
mod rename;
mod reversal;
mod rows;
mod squawk;
mod transaction;
mod type_change;

pub(super) use directive::{UNKNOWN_ALLOWANCE, UNUSED_ALLOWANCE};

/// The rules of each family.
pub(super) const ALL: &[&[&Rule]] = &[
    brief::RULES,
    column::RULES,
    constraint::RULES,
    data::RULES,
    directive::RULES,
    foreign_key::RULES,
    index::RULES,
    partition::RULES,
    rename::RULES,
    reversal::RULES,
    rows::RULES,
    squawk::RULES,
    transaction::RULES,
    type_change::RULES,
];

/// Looks at one action.
pub(super) fn check_act(look: &Look<'_>, found: &mut Vec<Finding>) {
    index::check(look, found);
    column::check(look, found);
    constraint::check(look, found);
    type_change::check(look, found);
    data::check(look, found);
    rename::check(look, found);
    partition::check(look, found);
    rows::check(look, found);
    brief::check(look, found);
}

/// Looks at the file as a whole, after its last action.
pub(super) fn check_file(
    file: &LintFile,
    facts: &dyn Facts,
    options: &Options,
    world: &World,
    found: &mut Vec<Finding>,
) {
    transaction::check(file, facts, world, found);
    foreign_key::check(facts, options, world, found);
    reversal::check(file, found);
    squawk::check(file, found);
}

/// Whether the number that a finding is about is told by the preflight when the plan runs: losses are counted
/// there, row by row.
#[must_use]
pub fn is_preflighted(code: &str) -> bool {
    [data::DROP_TABLE.code, data::DROP_COLUMN.code, data::TRUNCATE.code, type_change::NARROWING_TYPE.code]
        .contains(&code)
}

/// The plain columns that an index begins with.
pub(super) fn leading_columns(index: &NewIndex) -> Vec<String> {
    index
        .keys
        .iter()
        .map_while(|key| match key {
            IndexKey::Column(column) => Some(column.clone()),
            IndexKey::Expression(_) => None,
        })
        .collect()
}

/// Whether the action shuts readers and writers out of its table until its transaction ends.
pub(super) fn locks_exclusively(action: &Action) -> bool {
    match action {
        Action::DropTable { .. }
        | Action::Truncate { .. }
        | Action::AddColumn { .. }
        | Action::DropColumn { .. }
        | Action::AlterType { .. }
        | Action::SetNotNull { .. }
        | Action::DropConstraint { .. }
        | Action::RenameTable { .. }
        | Action::RenameColumn { .. }
        | Action::Rewrite { .. } => true,
        Action::Brief { exclusive, .. } => *exclusive,
        Action::AddConstraint { constraint, .. } => {
            !matches!(constraint.kind, crate::statement::ConstraintKind::ForeignKey { .. })
        }
        _ => false,
    }
}
