//! What the statements so far have made of the database.

use std::collections::{HashMap, HashSet};

use super::{Facts, LintFile, LintStatement, Size};
use crate::catalog::QualifiedName;
use crate::statement::{Act, Action, ConstraintKind, NewConstraint};

/// A constraint that the file added.
#[derive(Clone, Debug)]
pub(super) struct Added {
    pub(super) constraint: NewConstraint,
    /// The transaction that added it.
    pub(super) unit: Option<usize>,
    /// Whether the rows that stand already are known to keep it.
    pub(super) validated: bool,
}

/// A foreign key that the file added, for the rule that asks for an index.
#[derive(Clone, Debug)]
pub(super) struct ForeignKey {
    pub(super) statement: usize,
    pub(super) span: std::ops::Range<usize>,
    pub(super) table: QualifiedName,
    pub(super) columns: Vec<String>,
    pub(super) references: QualifiedName,
}

/// What the statements so far have made of the database, as far as rules ask.
pub(super) struct World {
    /// Tables that the file made.
    made: HashSet<QualifiedName>,
    /// Tables that the file dropped.
    dropped: HashSet<QualifiedName>,
    /// New names of tables that stood before, with their old ones.
    renamed: HashMap<QualifiedName, QualifiedName>,
    /// Constraints by table and name.
    constraints: HashMap<(QualifiedName, String), Added>,
    dropped_constraints: HashSet<(QualifiedName, String)>,
    /// Lists of columns that an index or key begins with, by table.
    pub(super) indexed: Vec<(QualifiedName, Vec<String>)>,
    /// Foreign keys.
    pub(super) foreign_keys: Vec<ForeignKey>,
    /// Indexes that the file made, with their tables.
    index_tables: HashMap<String, QualifiedName>,
    /// Values added to enumerated types, with the transaction.
    pub(super) enum_values: Vec<(QualifiedName, String, Option<usize>)>,
    /// What the file says of `lock_timeout`, if anything.
    pub(super) lock_timeout: Option<bool>,
    /// Tables that stood before and that a transaction locked against everybody, with that transaction.
    pub(super) exclusive: Vec<(usize, QualifiedName)>,
}

impl World {
    pub(super) fn new() -> Self {
        World {
            made: HashSet::new(),
            dropped: HashSet::new(),
            renamed: HashMap::new(),
            constraints: HashMap::new(),
            dropped_constraints: HashSet::new(),
            indexed: Vec::new(),
            foreign_keys: Vec::new(),
            index_tables: HashMap::new(),
            enum_values: Vec::new(),
            lock_timeout: None,
            exclusive: Vec::new(),
        }
    }

    /// The name that a table had before the file.
    pub(super) fn origin<'t>(&'t self, table: &'t QualifiedName) -> &'t QualifiedName {
        self.renamed.get(table).unwrap_or(table)
    }

    /// Whether the file made this table.
    pub(super) fn has_made(&self, table: &QualifiedName) -> bool {
        self.made.contains(table)
    }

    pub(super) fn size(&self, table: &QualifiedName, facts: &dyn Facts) -> Size {
        if self.made.contains(table) { Size::New } else { facts.size(self.origin(table)) }
    }

    /// A constraint that the file added and did not drop.
    pub(super) fn added(&self, table: &QualifiedName, name: &str) -> Option<&Added> {
        self.constraints.get(&(table.clone(), name.to_owned()))
    }

    /// The table of an index that the file made.
    pub(super) fn index_table(&self, name: &str) -> Option<&QualifiedName> {
        self.index_tables.get(name)
    }

    /// Whether the file dropped this constraint.
    pub(super) fn has_dropped(&self, table: &QualifiedName, name: &str) -> bool {
        self.dropped_constraints.contains(&(table.clone(), name.to_owned()))
    }

    /// Whether the file added a check to the table that the rows are known to keep.
    pub(super) fn has_validated_check(&self, table: &QualifiedName) -> bool {
        self.constraints.iter().any(|((owner, _), added)| {
            owner == table && added.validated && matches!(added.constraint.kind, ConstraintKind::Check(_))
        })
    }

    /// Whether a later statement of the same transaction makes something under the name that is given up: a view
    /// that stands in for the old table, or a column that was swapped in.
    pub(super) fn brings_back(&self, file: &LintFile, index: usize, action: &Action) -> bool {
        let unit = file.statements[index].unit;
        let later = || file.statements.iter().skip(index + 1).filter(|statement| statement.unit == unit);
        match action {
            Action::RenameTable { table, .. } => later().any(|statement| {
                let words: Vec<String> = statement.sql.split_whitespace().map(str::to_lowercase).collect();
                let name = table.name.to_lowercase();
                words.first().is_some_and(|word| word == "create")
                    && words.iter().position(|word| word == "view").and_then(|at| words.get(at + 1)).is_some_and(
                        |made| made.trim_matches('"').rsplit('.').next() == Some(name.as_str()),
                    )
            }),
            Action::RenameColumn { table, to, .. } => {
                file.statements[..index].iter().flat_map(LintStatement::acts).any(|act| {
                    matches!(&act.action, Action::DropColumn { table: own, column } if own == table && column == to)
                })
            }
            Action::DropColumn { table, column } => {
                later().flat_map(LintStatement::acts).any(|act| {
                    matches!(&act.action, Action::RenameColumn { table: own, to, .. } if own == table && to == column)
                })
            }
            _ => false,
        }
    }

    /// Whether a validated check proves that the column holds no NULL.
    pub(super) fn proves_not_null(&self, table: &QualifiedName, column: &str, facts: &dyn Facts) -> bool {
        let proven_here = self.constraints.iter().any(|((owner, _), added)| {
            owner == table
                && added.validated
                && match &added.constraint.kind {
                    ConstraintKind::Check(condition) => implies_not_null(condition, column),
                    ConstraintKind::NotNull(own) => own == column,
                    _ => false,
                }
        });
        let origin = self.origin(table);
        let proven_before = facts.table(origin).is_some_and(|known| {
            let by_check = known.checks.iter().any(|check| {
                !self.dropped_constraints.contains(&(table.clone(), check.name.clone()))
                    && (!check.not_valid || self.was_validated(table, &check.name))
                    && implies_not_null(&check.expression, column)
            });
            by_check || known.column(column).is_some_and(|known| !known.nullable)
        });
        proven_here || proven_before
    }

    fn was_validated(&self, table: &QualifiedName, name: &str) -> bool {
        self.added(table, name).is_some_and(|added| added.validated)
    }

    /// Takes one action into account.
    pub(super) fn take(&mut self, index: usize, statement: &LintStatement, act: &Act, facts: &dyn Facts) {
        self.note_lock(statement, act, facts);
        match &act.action {
            Action::CreateTable { table, columns, constraints, if_not_exists } => {
                let stands = *if_not_exists && facts.table(table).is_some() && !self.dropped.contains(table);
                if !stands {
                    self.made.insert(table.clone());
                }
                for constraint in columns.iter().flat_map(|column| &column.constraints).chain(constraints) {
                    self.add(index, statement, act, table, constraint);
                }
            }
            Action::DropTable { table, .. } => {
                self.made.remove(table);
                self.dropped.insert(table.clone());
            }
            Action::RenameTable { table, to } => self.rename(table, to),
            Action::AddColumn { table, column } => {
                for constraint in &column.constraints {
                    self.add(index, statement, act, table, constraint);
                }
            }
            Action::AddConstraint { table, constraint } => self.add(index, statement, act, table, constraint),
            Action::ValidateConstraint { table, name } => self.validate(table, name, facts),
            Action::DropConstraint { table, name } => {
                let key = (table.clone(), name.clone());
                self.constraints.remove(&key);
                self.dropped_constraints.insert(key);
            }
            Action::CreateIndex(made) => {
                let columns = super::rules::leading_columns(made);
                if let Some(name) = &made.name {
                    self.index_tables.insert(name.clone(), made.table.clone());
                }
                if made.predicate.is_none() {
                    self.indexed.push((made.table.clone(), columns));
                }
            }
            Action::AddEnumValue { name, value } => {
                self.enum_values.push((name.clone(), value.clone(), statement.unit));
            }
            Action::SetLockTimeout { limited } => self.lock_timeout = Some(*limited),
            _ => {}
        }
    }

    fn rename(&mut self, table: &QualifiedName, to: &QualifiedName) {
        if self.made.remove(table) {
            self.made.insert(to.clone());
            return;
        }
        let origin = self.renamed.remove(table).unwrap_or_else(|| table.clone());
        self.renamed.insert(to.clone(), origin);
        let moved: Vec<_> = self.constraints.keys().filter(|(owner, _)| owner == table).cloned().collect();
        for key in moved {
            if let Some(added) = self.constraints.remove(&key) {
                self.constraints.insert((to.clone(), key.1), added);
            }
        }
    }

    fn add(
        &mut self,
        index: usize,
        statement: &LintStatement,
        act: &Act,
        table: &QualifiedName,
        constraint: &NewConstraint,
    ) {
        match &constraint.kind {
            ConstraintKind::ForeignKey { columns, references, .. } => self.foreign_keys.push(ForeignKey {
                statement: index,
                span: statement.offset + act.span.start..statement.offset + act.span.end,
                table: table.clone(),
                columns: columns.clone(),
                references: references.clone(),
            }),
            ConstraintKind::Unique { columns, .. } | ConstraintKind::PrimaryKey { columns, .. } => {
                self.indexed.push((table.clone(), columns.clone()));
            }
            _ => {}
        }
        let name = constraint.name.clone().unwrap_or_else(|| format!("unnamed {}", self.constraints.len()));
        let added =
            Added { constraint: constraint.clone(), unit: statement.unit, validated: !constraint.not_valid };
        self.constraints.insert((table.clone(), name), added);
    }

    fn validate(&mut self, table: &QualifiedName, name: &str, facts: &dyn Facts) {
        if let Some(added) = self.constraints.get_mut(&(table.clone(), name.to_owned())) {
            added.validated = true;
            return;
        }
        let check = facts
            .table(self.origin(table))
            .and_then(|known| known.checks.iter().find(|check| check.name == name));
        if let Some(check) = check {
            let constraint = NewConstraint {
                name: Some(name.to_owned()),
                kind: ConstraintKind::Check(check.expression.clone()),
                not_valid: true,
                text: String::new(),
            };
            let added = Added { constraint, unit: None, validated: true };
            self.constraints.insert((table.clone(), name.to_owned()), added);
        }
    }

    fn note_lock(&mut self, statement: &LintStatement, act: &Act, facts: &dyn Facts) {
        let (Some(unit), Some(table)) = (statement.unit, act.action.table()) else { return };
        if super::rules::locks_exclusively(&act.action) && !self.size(table, facts).is_free() {
            let origin = self.origin(table).clone();
            if !self.exclusive.contains(&(unit, origin.clone())) {
                self.exclusive.push((unit, origin));
            }
        }
    }
}

/// Whether a row that keeps the condition cannot hold NULL in the column: `column IS NOT NULL`, alone or joined by AND.
fn implies_not_null(condition: &str, column: &str) -> bool {
    let plain: String = condition
        .chars()
        .map(|letter| if matches!(letter, '(' | ')' | '"') { ' ' } else { letter })
        .collect();
    let words: Vec<String> = plain.split_whitespace().map(str::to_lowercase).collect();
    if words.iter().any(|word| word == "or" || word == "not" && !follows_is(&words)) {
        return false;
    }
    let wanted = [column.to_lowercase(), "is".to_owned(), "not".to_owned(), "null".to_owned()];
    words.split(|word| word == "and").any(|part| part == wanted)
}

/// Whether every `not` of the words stands in `is not null`.
fn follows_is(words: &[String]) -> bool {
    words.iter().enumerate().filter(|(_, word)| *word == "not").all(|(at, _)| {
        at > 0 && words[at - 1] == "is" && words.get(at + 1).is_some_and(|next| next == "null")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_proves_a_column_only_where_nothing_gets_round_it() {
        for (condition, expected) in [
            ("c IS NOT NULL", true),
            ("(c is not null)", true),
            ("((c IS NOT NULL) AND (a > 0))", true),
            ("\"c\" IS NOT NULL", true),
            ("c IS NOT NULL OR a > 0", false),
            ("NOT (c IS NOT NULL)", false),
            ("c IS NULL", false),
            ("d IS NOT NULL", false),
        ] {
            assert_eq!(implies_not_null(condition, "c"), expected, "{condition}");
        }
    }
}
