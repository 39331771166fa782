//! What a rule looks at: one action, where it stands, and what is known by then.

use std::ops::Range;

use super::world::World;
use super::{Facts, Finding, LintFile, LintStatement, Lock, LockMode, Options, Rule, Size};
use crate::catalog::QualifiedName;
use crate::statement::{Act, Action};

/// One action with everything that a rule may ask about.
pub(super) struct Look<'a> {
    pub(super) facts: &'a dyn Facts,
    pub(super) options: &'a Options,
    pub(super) world: &'a World,
    pub(super) file: &'a LintFile,
    pub(super) statement: &'a LintStatement,
    pub(super) index: usize,
    pub(super) act: &'a Act,
}

impl Look<'_> {
    pub(super) fn action(&self) -> &Action {
        &self.act.action
    }

    /// Where the action stands in the file.
    pub(super) fn span(&self) -> Range<usize> {
        self.statement.offset + self.act.span.start..self.statement.offset + self.act.span.end
    }

    /// The size of a table at this point; [`Size::New`] where the file made it.
    pub(super) fn size(&self, table: &QualifiedName) -> Size {
        self.world.size(table, self.facts)
    }

    /// Whether a lock on this table could keep somebody waiting.
    pub(super) fn is_used(&self, table: &QualifiedName) -> bool {
        !self.size(table).is_free()
    }

    /// A finding about this action.
    pub(super) fn finding(&self, rule: &Rule, reason: impl Into<String>) -> Finding {
        let mut finding = Finding::new(rule, reason, self.span());
        finding.statement = Some(self.index);
        finding
    }

    /// A finding about this action's lock on a table.
    pub(super) fn locking(
        &self,
        rule: &Rule,
        mode: LockMode,
        table: &QualifiedName,
        reason: impl Into<String>,
    ) -> Finding {
        let mut finding = self.finding(rule, reason);
        finding.locks.push(self.lock(mode, table));
        finding
    }

    pub(super) fn lock(&self, mode: LockMode, table: &QualifiedName) -> Lock {
        Lock { mode, table: table.clone(), size: self.size(table) }
    }
}
