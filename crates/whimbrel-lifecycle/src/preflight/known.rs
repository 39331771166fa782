//! The catalogue that a plan's counts are written from, read again only where the plan has changed what they need.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use whimbrel_engine::Statement;
use whimbrel_schema::catalog::{Catalog, QualifiedName};
use whimbrel_schema::statement::{Action, ConstraintKind, actions};

use crate::error::Result;
use crate::session::Session;

/// How long a catalogue is believed: other sessions may change it too, and what they change must not go uncounted.
const BELIEVED_FOR: Duration = Duration::from_secs(1);

/// The catalogue as it was read last in a plan, and what the plan has changed of it since.
#[derive(Debug, Default)]
pub(crate) struct Known {
    read: Option<(Instant, Catalog)>,
    changed: Changed,
}

/// What the plan has changed since the catalogue was read.
#[derive(Debug)]
enum Changed {
    /// At most these tables.
    Tables(HashSet<QualifiedName>),
    /// It cannot be said.
    Anything,
}

impl Default for Changed {
    fn default() -> Self {
        Changed::Tables(HashSet::new())
    }
}

impl Known {
    /// The catalogue, in which everything that the counts for these statements need is as it stands now.
    pub(super) async fn around(
        &mut self,
        session: &mut Session<'_>,
        statements: &[Statement],
    ) -> Result<&Catalog> {
        let acts: Vec<Action> = acts(statements).collect();
        if !self.holds(&acts) {
            let catalog = session.present_around(acts.iter().filter_map(Action::table)).await?;
            self.read = Some((Instant::now(), catalog));
            self.changed = Changed::default();
        }
        let (_, catalog) = self.read.as_ref().expect("it was read where it did not hold");
        Ok(catalog)
    }

    /// Takes down what these statements, which run next, may change.
    pub(crate) fn take(&mut self, statements: &[Statement]) {
        if self.read.is_none() {
            return;
        }
        for statement in statements {
            let acts = actions(&statement.sql);
            // What cannot be read may still run.
            if acts.is_empty() {
                self.changed = Changed::Anything;
            }
            for act in acts {
                self.changed.take(&act.action);
            }
        }
    }

    fn holds(&self, acts: &[Action]) -> bool {
        let Some((read_at, catalog)) = &self.read else { return false };
        let Changed::Tables(changed) = &self.changed else { return false };
        let mut tables = acts.iter().filter_map(Action::table);
        read_at.elapsed() < BELIEVED_FOR
            && (changed.is_empty() || acts.iter().all(looks_at_one_table))
            // A table that is not there may have been made by another session since.
            && tables.all(|table| !changed.contains(table) && catalog.table(table).is_some())
    }
}

impl Changed {
    fn take(&mut self, action: &Action) {
        let Changed::Tables(tables) = self else { return };
        match action {
            Action::CreateTable { table, .. }
            | Action::DropTable { table, cascade: false }
            | Action::AddColumn { table, .. }
            | Action::DropColumn { table, .. }
            | Action::AlterType { table, .. }
            | Action::SetNotNull { table, .. }
            | Action::AddConstraint { table, .. }
            | Action::ValidateConstraint { table, .. }
            | Action::DropConstraint { table, .. }
            | Action::RenameColumn { table, .. } => {
                tables.insert(table.clone());
            }
            // Indexes, sizes and settings decide no count.
            Action::CreateIndex(_) | Action::DropIndex { .. } | Action::SetLockTimeout { .. } => {}
            _ => *self = Changed::Anything,
        }
    }
}

/// Whether the counts for the action need its own table alone: not those that refer to it or that it refers to.
fn looks_at_one_table(action: &Action) -> bool {
    match action {
        Action::CreateTable { .. }
        | Action::DropTable { .. }
        | Action::DropColumn { .. }
        | Action::AlterType { .. }
        | Action::SetNotNull { .. }
        | Action::CreateIndex(_)
        | Action::DropIndex { .. }
        | Action::SetLockTimeout { .. }
        | Action::DropConstraint { .. } => true,
        Action::AddColumn { column, .. } => column.constraints.is_empty(),
        Action::AddConstraint { constraint, .. } => {
            !matches!(constraint.kind, ConstraintKind::ForeignKey { .. })
        }
        _ => false,
    }
}

fn acts(statements: &[Statement]) -> impl Iterator<Item = Action> {
    statements.iter().flat_map(|statement| actions(&statement.sql)).map(|act| act.action)
}

#[cfg(test)]
mod tests {
    use whimbrel_schema::catalog::Table;

    use super::*;

    /// Whether a catalogue of the tables `a` and `b`, read now, still holds for `next` after `earlier` ran.
    fn holds_after(earlier: &str, next: &str) -> bool {
        let table = |name: &str| Table::new(QualifiedName::new("public", name));
        let catalog = Catalog { tables: vec![table("a"), table("b")], ..Catalog::default() };
        let mut known = Known { read: Some((Instant::now(), catalog)), changed: Changed::default() };
        known.take(&[Statement::new(earlier, 0)]);
        let acts: Vec<Action> = acts(&[Statement::new(next, 0)]).collect();
        known.holds(&acts)
    }

    #[test]
    fn a_catalogue_holds_for_tables_that_the_plan_has_left_alone() {
        for (earlier, next, expected) in [
            ("DROP TABLE b", "DROP TABLE a", true),
            ("ALTER TABLE b ADD x int", "ALTER TABLE a DROP COLUMN y", true),
            ("CREATE UNIQUE INDEX i ON a (y)", "ALTER TABLE a ALTER y SET NOT NULL", true),
            ("ALTER TABLE a ADD x int", "ALTER TABLE a DROP COLUMN x", false),
            ("ALTER TABLE b RENAME TO c", "DROP TABLE a", false),
            // Another session may have made it.
            ("DROP TABLE b", "DROP TABLE c", false),
            // What goes with it is not known.
            ("DROP TABLE b CASCADE", "DROP TABLE a", false),
            ("DROP SCHEMA s CASCADE", "DROP TABLE a", false),
            ("SELECT f()", "DROP TABLE a", false),
            ("CREATE TRIGGER t AFTER DELETE ON b EXECUTE FUNCTION f()", "DROP TABLE a", false),
            ("this cannot be read", "DROP TABLE a", false),
            // These counts look at more tables than their own.
            ("ALTER TABLE b DROP COLUMN x", "ALTER TABLE a ADD FOREIGN KEY (y) REFERENCES b", false),
            ("ALTER TABLE b DROP COLUMN x", "TRUNCATE a CASCADE", false),
            ("CREATE INDEX i ON b (x)", "TRUNCATE a CASCADE", true),
        ] {
            assert_eq!(holds_after(earlier, next), expected, "{next} after {earlier}");
        }
    }

    #[test]
    fn a_catalogue_is_believed_for_a_limited_time() {
        let Some(long_ago) = Instant::now().checked_sub(BELIEVED_FOR) else { return };
        let known = Known { read: Some((long_ago, Catalog::default())), changed: Changed::default() };
        assert!(!known.holds(&[]));
        assert!(!Known::default().holds(&[]));
    }
}
