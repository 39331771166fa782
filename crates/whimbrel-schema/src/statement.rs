//! What a statement of PostgreSQL's SQL does, as data: which table, which column, which constraint.
//!
//! Lint and preflight read statements through this module alone. A statement that it does not know is
//! [`Action::Other`]: nothing is claimed about it, and the server decides.

use std::ops::Range;

use crate::catalog::{ColumnType, QualifiedName};

mod alter_table;
mod column;
mod read;
mod tree;
mod type_change;
mod volatility;

pub use read::actions;
pub use type_change::TypeChange;

/// One thing that a statement does, with its place in the statement's text.
#[derive(Clone, Debug, PartialEq)]
pub struct Act {
    /// What it does.
    pub action: Action,
    /// Where that is written, in bytes of the statement.
    pub span: Range<usize>,
}

/// What a statement does. `ALTER TABLE` with several actions gives one each.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Makes a table.
    CreateTable {
        /// The table.
        table: QualifiedName,
        /// Its columns.
        columns: Vec<NewColumn>,
        /// Its constraints that stand apart from a column.
        constraints: Vec<NewConstraint>,
        /// Whether a table that is there is left as it is.
        if_not_exists: bool,
    },
    /// Drops a table.
    DropTable {
        /// The table.
        table: QualifiedName,
        /// Whether what depends on it goes with it.
        cascade: bool,
    },
    /// Drops a database schema.
    DropSchema {
        /// The schema.
        schema: String,
        /// Whether what it holds goes with it.
        cascade: bool,
    },
    /// Empties a table.
    Truncate {
        /// The table.
        table: QualifiedName,
        /// Whether the tables that refer to it are emptied too.
        cascade: bool,
    },
    /// Adds a column.
    AddColumn {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: NewColumn,
    },
    /// Drops a column.
    DropColumn {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: String,
    },
    /// Gives a column another type.
    AlterType {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: String,
        /// The new type.
        to: ColumnType,
        /// The expression that converts, where it is more than a cast of the column.
        using: Option<String>,
        /// Whether `USING` is a cast of the column, which cuts a text that is too long without an error.
        casts: bool,
    },
    /// Refuses NULL in a column.
    SetNotNull {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: String,
    },
    /// Adds a constraint.
    AddConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: NewConstraint,
    },
    /// Validates a constraint.
    ValidateConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        name: String,
    },
    /// Drops a constraint.
    DropConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        name: String,
    },
    /// Renames a table, or moves it to another schema.
    RenameTable {
        /// The table.
        table: QualifiedName,
        /// Its new name.
        to: QualifiedName,
    },
    /// Renames a column.
    RenameColumn {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: String,
        /// Its new name.
        to: String,
    },
    /// Makes a table a partition of another.
    AttachPartition {
        /// The partitioned table.
        table: QualifiedName,
        /// The table that becomes a partition.
        partition: QualifiedName,
    },
    /// Makes a partition a table of its own.
    DetachPartition {
        /// The partitioned table.
        table: QualifiedName,
        /// The partition.
        partition: QualifiedName,
        /// Whether readers and writers go on.
        concurrently: bool,
    },
    /// Writes a whole table anew (`SET UNLOGGED`, `VACUUM FULL`, `CLUSTER`, …).
    Rewrite {
        /// The table.
        table: QualifiedName,
        /// The words of the command.
        what: String,
    },
    /// Takes a strong lock for an instant, and reads no rows.
    Brief {
        /// The table.
        table: QualifiedName,
        /// The words of the command.
        what: String,
        /// Whether the lock shuts out readers too (ACCESS EXCLUSIVE), not only writers.
        exclusive: bool,
    },
    /// Makes an index.
    CreateIndex(NewIndex),
    /// Drops an index.
    DropIndex {
        /// The index.
        index: QualifiedName,
        /// Whether readers and writers go on.
        concurrently: bool,
    },
    /// Builds indexes anew.
    Reindex {
        /// `TABLE`, `INDEX`, `SCHEMA`, `DATABASE` or `SYSTEM`.
        kind: String,
        /// The table or index, where one is named.
        name: Option<QualifiedName>,
        /// Whether readers and writers go on.
        concurrently: bool,
    },
    /// Computes a materialized view anew.
    Refresh {
        /// The view.
        view: QualifiedName,
        /// Whether readers go on.
        concurrently: bool,
    },
    /// Adds a value to an enumerated type.
    AddEnumValue {
        /// The type.
        name: QualifiedName,
        /// The value.
        value: String,
    },
    /// Adds rows.
    Insert {
        /// The table.
        table: QualifiedName,
    },
    /// Changes rows.
    Update {
        /// The table.
        table: QualifiedName,
        /// Whether a condition chooses among them.
        filtered: bool,
    },
    /// Deletes rows.
    Delete {
        /// The table.
        table: QualifiedName,
        /// Whether a condition chooses among them.
        filtered: bool,
    },
    /// Sets how long a statement waits for a lock.
    SetLockTimeout {
        /// Whether it waits for a limited time only.
        limited: bool,
    },
    /// Something that may change rows of any table: a call, a script, a query with functions in it.
    Opaque,
    /// Something else.
    Other,
}

impl Action {
    /// The table that it works on, where there is one.
    #[must_use]
    pub fn table(&self) -> Option<&QualifiedName> {
        match self {
            Action::CreateTable { table, .. }
            | Action::DropTable { table, .. }
            | Action::Truncate { table, .. }
            | Action::AddColumn { table, .. }
            | Action::DropColumn { table, .. }
            | Action::AlterType { table, .. }
            | Action::SetNotNull { table, .. }
            | Action::AddConstraint { table, .. }
            | Action::ValidateConstraint { table, .. }
            | Action::DropConstraint { table, .. }
            | Action::RenameTable { table, .. }
            | Action::RenameColumn { table, .. }
            | Action::AttachPartition { table, .. }
            | Action::DetachPartition { table, .. }
            | Action::Rewrite { table, .. }
            | Action::Brief { table, .. }
            | Action::Insert { table }
            | Action::Update { table, .. }
            | Action::Delete { table, .. } => Some(table),
            Action::CreateIndex(index) => Some(&index.table),
            Action::DropSchema { .. }
            | Action::DropIndex { .. }
            | Action::Reindex { .. }
            | Action::Refresh { .. }
            | Action::AddEnumValue { .. }
            | Action::SetLockTimeout { .. }
            | Action::Opaque
            | Action::Other => None,
        }
    }
}

/// A column as a statement adds it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewColumn {
    /// The name.
    pub name: String,
    /// The type as it is written.
    pub type_text: String,
    /// The type.
    pub ty: ColumnType,
    /// Whether NULL is refused.
    pub not_null: bool,
    /// Where the values of the rows that stand already come from.
    pub fill: Fill,
    /// Its other constraints, `NOT NULL` left out.
    pub constraints: Vec<NewConstraint>,
}

/// Where the values of a new column come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fill {
    /// They are NULL.
    Null,
    /// One value for all rows, kept in the catalogue.
    Constant(String),
    /// A value computed for each row.
    Volatile(String),
    /// The next value of a sequence: `serial` or an identity.
    Sequence,
    /// A stored generated column.
    Stored(String),
    /// Computed when it is read.
    Virtual,
}

impl Fill {
    /// Whether adding the column writes the table anew.
    #[must_use]
    pub fn rewrites(&self) -> bool {
        matches!(self, Fill::Volatile(_) | Fill::Sequence | Fill::Stored(_))
    }
}

/// A constraint as a statement adds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConstraint {
    /// The name, where one is given.
    pub name: Option<String>,
    /// What it demands.
    pub kind: ConstraintKind,
    /// Whether the rows that stand already are not checked.
    pub not_valid: bool,
    /// The text as it is written.
    pub text: String,
}

/// What a constraint demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConstraintKind {
    /// A condition over a row.
    Check(String),
    /// A row in another table.
    ForeignKey {
        /// The columns here.
        columns: Vec<String>,
        /// The other table.
        references: QualifiedName,
        /// The columns there; empty for its primary key.
        referenced_columns: Vec<String>,
    },
    /// No two rows alike.
    Unique {
        /// The columns; empty with `using_index`.
        columns: Vec<String>,
        /// Whether two NULLs are alike.
        nulls_not_distinct: bool,
        /// The index that is there already.
        using_index: Option<String>,
    },
    /// The primary key.
    PrimaryKey {
        /// The columns; empty with `using_index`.
        columns: Vec<String>,
        /// The index that is there already.
        using_index: Option<String>,
    },
    /// A column that refuses NULL.
    NotNull(String),
    /// An exclusion constraint.
    Exclude,
}

/// An index as a statement makes it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewIndex {
    /// The table.
    pub table: QualifiedName,
    /// The name, where one is given.
    pub name: Option<String>,
    /// Whether readers and writers go on.
    pub concurrently: bool,
    /// Whether no two rows may be alike.
    pub unique: bool,
    /// Whether two NULLs are alike.
    pub nulls_not_distinct: bool,
    /// The keys in order, as text; columns as their bare names.
    pub keys: Vec<IndexKey>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
}

/// One key of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexKey {
    /// A column.
    Column(String),
    /// An expression.
    Expression(String),
}

#[cfg(test)]
mod tests;
