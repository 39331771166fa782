//! One change to a database's schema, as a value.
//!
//! An operation carries everything that is needed to write it, to undo it and to tell about it: the
//! difference makes operations, [`crate::ddl`] writes them as PostgreSQL's statements, and
//! [`Operation::apply`] carries them out on a catalogue in memory, so that a plan is checked before
//! any database sees it.

mod apply;
mod expression;
mod inverse;
mod summary;
mod usage;

pub use apply::{ApplyError, apply_all};
pub(crate) use expression::{called_functions, literal_occurs, rename_column, word_occurs};
pub use usage::enum_usage;
pub(crate) use usage::{enum_of, in_creation_order, index_column_names, index_expression_names};

use crate::catalog::{
    CheckConstraint, Column, ColumnType, EnumDefinition, ForeignKeyConstraint, Identity, IndexDefinition,
    PrimaryKey, QualifiedName, SequenceDefinition, Table, UniqueConstraint, View,
};

/// A typed change. Fields named `from` hold the state before, `to` the state after.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// Creates a database schema.
    CreateSchema {
        /// Its name.
        name: String,
    },
    /// Drops an empty database schema.
    DropSchema {
        /// Its name.
        name: String,
    },
    /// Creates an enumerated type.
    CreateEnum {
        /// The type.
        definition: EnumDefinition,
    },
    /// Drops an enumerated type that no column uses.
    DropEnum {
        /// The type as it stood.
        definition: EnumDefinition,
    },
    /// Renames an enumerated type within its schema.
    RenameEnum {
        /// The type's name before.
        from: QualifiedName,
        /// The name after, in the same schema.
        to: QualifiedName,
    },
    /// Moves an enumerated type to another schema.
    MoveEnum {
        /// The type's name before.
        from: QualifiedName,
        /// The same name in another schema.
        to: QualifiedName,
    },
    /// Adds a value to an enumerated type.
    AddEnumValue {
        /// The type as it was before.
        from: EnumDefinition,
        /// The new value.
        value: String,
        /// Where it goes.
        position: ValuePosition,
        /// What uses the type; undoing recreates it under them.
        usage: EnumUsage,
    },
    /// Renames a value of an enumerated type.
    RenameEnumValue {
        /// The type.
        name: QualifiedName,
        /// The value before.
        from: String,
        /// The value after.
        to: String,
    },
    /// Recreates an enumerated type with other values, and gives it back to the columns that use it.
    ReplaceEnum {
        /// The type before.
        from: EnumDefinition,
        /// The type after, under the same name.
        to: EnumDefinition,
        /// What uses it.
        usage: EnumUsage,
    },
    /// Sets or removes the comment of an enumerated type.
    SetEnumComment {
        /// The type.
        name: QualifiedName,
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
    /// Creates a sequence that no column owns.
    CreateSequence {
        /// The sequence.
        definition: SequenceDefinition,
    },
    /// Changes the options of a sequence.
    AlterSequence {
        /// The sequence before.
        from: SequenceDefinition,
        /// The sequence after, under the same name.
        to: SequenceDefinition,
    },
    /// Drops a sequence that no column owns.
    DropSequence {
        /// The sequence as it stood.
        definition: SequenceDefinition,
    },
    /// Creates a table with all its constraints and indexes.
    CreateTable {
        /// The table.
        table: Table,
    },
    /// Drops a table with all its constraints and indexes.
    DropTable {
        /// The table as it stood.
        table: Table,
    },
    /// Renames a table within its schema.
    RenameTable {
        /// The table's name before.
        from: QualifiedName,
        /// The name after, in the same schema.
        to: QualifiedName,
    },
    /// Moves a table, with its indexes and constraints, to another schema.
    MoveTable {
        /// The table's name before.
        from: QualifiedName,
        /// The same name in another schema.
        to: QualifiedName,
    },
    /// Sets or removes the comment of a table.
    SetTableComment {
        /// The table.
        table: QualifiedName,
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
    /// Changes the storage parameters of a table.
    SetTableStorage {
        /// The table.
        table: QualifiedName,
        /// All parameters before.
        from: Vec<(String, String)>,
        /// All parameters after.
        to: Vec<(String, String)>,
    },
    /// Adds a column at the end of a table.
    AddColumn {
        /// The table.
        table: QualifiedName,
        /// The column.
        column: Column,
    },
    /// Drops a column.
    DropColumn {
        /// The table.
        table: QualifiedName,
        /// The column as it stood.
        column: Column,
    },
    /// Renames a column.
    RenameColumn {
        /// The table.
        table: QualifiedName,
        /// The column's name before.
        from: String,
        /// The column's name after.
        to: String,
    },
    /// Changes the type or the collation of a column, converting its values.
    ChangeColumnType {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// Type and collation before.
        from: StoredType,
        /// Type and collation after.
        to: StoredType,
        /// Whether the column keeps a sequence of its own, which must follow the type.
        serial: bool,
    },
    /// Allows NULL or refuses it.
    SetNullable {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// Whether NULL is allowed after.
        nullable: bool,
    },
    /// Sets, changes or removes the default of a column.
    SetDefault {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// The expression before.
        from: Option<String>,
        /// The expression after.
        to: Option<String>,
    },
    /// Gives a column a sequence of its own (`serial`) or takes it away.
    SetSerial {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// The column's type.
        ty: ColumnType,
        /// Whether the column has its sequence after.
        serial: bool,
    },
    /// Renames the sequence that a `serial` column owns, after its table or column was renamed.
    ///
    /// A catalogue does not hold such names; the statements rely on them.
    RenameOwnedSequence {
        /// The table that the column belongs to.
        table: QualifiedName,
        /// The sequence's name before.
        from: QualifiedName,
        /// The sequence's name after, in the same schema.
        to: QualifiedName,
    },
    /// Adds, changes or removes the identity of a column.
    SetIdentity {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// The identity before.
        from: Option<Identity>,
        /// The identity after.
        to: Option<Identity>,
    },
    /// Turns a generated column into a plain one that keeps its values.
    DropGeneratedExpression {
        /// The table.
        table: QualifiedName,
        /// The column before.
        column: Column,
    },
    /// Drops a column and adds it in another form; its values are lost unless they are generated.
    ReplaceColumn {
        /// The table.
        table: QualifiedName,
        /// The column before.
        from: Column,
        /// The column after, under the same name.
        to: Column,
    },
    /// Sets or removes the comment of a column.
    SetColumnComment {
        /// The table.
        table: QualifiedName,
        /// The column's name.
        column: String,
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
    /// Adds a primary key.
    AddPrimaryKey {
        /// The table.
        table: QualifiedName,
        /// The key.
        key: PrimaryKey,
    },
    /// Drops a primary key.
    DropPrimaryKey {
        /// The table.
        table: QualifiedName,
        /// The key as it stood.
        key: PrimaryKey,
    },
    /// Adds a unique constraint.
    AddUnique {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: UniqueConstraint,
    },
    /// Drops a unique constraint.
    DropUnique {
        /// The table.
        table: QualifiedName,
        /// The constraint as it stood.
        constraint: UniqueConstraint,
    },
    /// Adds a foreign key.
    AddForeignKey {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: ForeignKeyConstraint,
    },
    /// Drops a foreign key.
    DropForeignKey {
        /// The table.
        table: QualifiedName,
        /// The constraint as it stood.
        constraint: ForeignKeyConstraint,
    },
    /// Adds a check constraint.
    AddCheck {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: CheckConstraint,
    },
    /// Drops a check constraint.
    DropCheck {
        /// The table.
        table: QualifiedName,
        /// The constraint as it stood.
        constraint: CheckConstraint,
    },
    /// Checks the rows from before a constraint that was added as NOT VALID.
    ValidateConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: Validated,
    },
    /// Puts a validated constraint back to NOT VALID; undoes a validation exactly.
    InvalidateConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint.
        constraint: Validated,
    },
    /// Renames a constraint of any kind.
    RenameConstraint {
        /// The table.
        table: QualifiedName,
        /// The constraint's name before.
        from: String,
        /// The constraint's name after.
        to: String,
    },
    /// Creates an index.
    CreateIndex {
        /// The table.
        table: QualifiedName,
        /// The index.
        index: IndexDefinition,
    },
    /// Drops an index.
    DropIndex {
        /// The table.
        table: QualifiedName,
        /// The index as it stood.
        index: IndexDefinition,
    },
    /// Renames an index.
    RenameIndex {
        /// The table.
        table: QualifiedName,
        /// The index's name before.
        from: String,
        /// The index's name after.
        to: String,
    },
    /// Builds an INVALID index anew.
    RebuildIndex {
        /// The table.
        table: QualifiedName,
        /// The index's name.
        index: String,
    },
    /// Changes the storage parameters of an index.
    SetIndexStorage {
        /// The table.
        table: QualifiedName,
        /// The index's name.
        index: String,
        /// All parameters before.
        from: Vec<(String, String)>,
        /// All parameters after.
        to: Vec<(String, String)>,
    },
    /// Creates a view.
    CreateView {
        /// The view.
        view: View,
    },
    /// Drops a view.
    DropView {
        /// The view as it stood.
        view: View,
    },
    /// Sets or removes the comment of a view.
    SetViewComment {
        /// The view.
        name: QualifiedName,
        /// Whether the view is materialized.
        materialized: bool,
        /// The comment before.
        from: Option<String>,
        /// The comment after.
        to: Option<String>,
    },
    /// Does nothing; the inverse of an operation that leaves nothing to undo.
    NothingToUndo {
        /// What was done, in plain words.
        done: String,
    },
}

/// Where a new value of an enumerated type goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValuePosition {
    /// After every other.
    Last,
    /// Before this one.
    Before(String),
    /// After this one.
    After(String),
}

/// A column that uses an enumerated type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumColumn {
    /// The column's table.
    pub table: QualifiedName,
    /// The column's name.
    pub column: String,
    /// Whether the column holds arrays of the type.
    pub array: bool,
    /// The default that stays over the change.
    pub default: Option<String>,
}

/// All that stands in the way of recreating an enumerated type, each as it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnumUsage {
    /// Plain columns of the type, which are handed over to the new one.
    pub columns: Vec<EnumColumn>,
    /// Generated columns of the type or over such columns, which are dropped and added again.
    pub generated: Vec<(QualifiedName, Column)>,
    /// Checks over such columns, which are dropped and added again.
    pub checks: Vec<(QualifiedName, CheckConstraint)>,
    /// Indexes with a condition or an expression over such columns, which are dropped and created again.
    pub indexes: Vec<(QualifiedName, IndexDefinition)>,
    /// Views over such tables in the order of their creation, which are dropped and created again.
    pub views: Vec<View>,
}

/// How a column's values are stored and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredType {
    /// The type.
    pub ty: ColumnType,
    /// The collation where it is not the type's own.
    pub collation: Option<String>,
}

impl StoredType {
    /// A column's type and collation.
    #[must_use]
    pub fn of(column: &Column) -> Self {
        StoredType { ty: column.ty.clone(), collation: column.collation.clone() }
    }
}

/// A constraint that can stand unchecked for the rows from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validated {
    /// A check.
    Check(CheckConstraint),
    /// A foreign key.
    ForeignKey(ForeignKeyConstraint),
}

impl Validated {
    /// The constraint's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Validated::Check(constraint) => &constraint.name,
            Validated::ForeignKey(constraint) => &constraint.name,
        }
    }
}

impl Operation {
    /// The table that the operation works on, by the name it has before the operation.
    #[must_use]
    pub fn table(&self) -> Option<&QualifiedName> {
        match self {
            Operation::CreateTable { table } | Operation::DropTable { table } => Some(&table.name),
            Operation::RenameTable { from, .. } | Operation::MoveTable { from, .. } => Some(from),
            Operation::SetTableComment { table, .. }
            | Operation::SetTableStorage { table, .. }
            | Operation::AddColumn { table, .. }
            | Operation::DropColumn { table, .. }
            | Operation::RenameColumn { table, .. }
            | Operation::ChangeColumnType { table, .. }
            | Operation::SetNullable { table, .. }
            | Operation::SetDefault { table, .. }
            | Operation::SetSerial { table, .. }
            | Operation::RenameOwnedSequence { table, .. }
            | Operation::SetIdentity { table, .. }
            | Operation::DropGeneratedExpression { table, .. }
            | Operation::ReplaceColumn { table, .. }
            | Operation::SetColumnComment { table, .. }
            | Operation::AddPrimaryKey { table, .. }
            | Operation::DropPrimaryKey { table, .. }
            | Operation::AddUnique { table, .. }
            | Operation::DropUnique { table, .. }
            | Operation::AddForeignKey { table, .. }
            | Operation::DropForeignKey { table, .. }
            | Operation::AddCheck { table, .. }
            | Operation::DropCheck { table, .. }
            | Operation::ValidateConstraint { table, .. }
            | Operation::InvalidateConstraint { table, .. }
            | Operation::RenameConstraint { table, .. }
            | Operation::CreateIndex { table, .. }
            | Operation::DropIndex { table, .. }
            | Operation::RenameIndex { table, .. }
            | Operation::RebuildIndex { table, .. }
            | Operation::SetIndexStorage { table, .. } => Some(table),
            _ => None,
        }
    }
}

impl ValuePosition {
    /// The type with the value added at this place; none where the neighbour is not a value of it.
    #[must_use]
    pub fn insert_into(&self, definition: &EnumDefinition, value: &str) -> Option<EnumDefinition> {
        let place_of = |neighbour: &String| definition.values.iter().position(|known| known == neighbour);
        let place = match self {
            ValuePosition::Last => definition.values.len(),
            ValuePosition::Before(neighbour) => place_of(neighbour)?,
            ValuePosition::After(neighbour) => place_of(neighbour)? + 1,
        };
        let mut grown = definition.clone();
        grown.values.insert(place, value.to_owned());
        Some(grown)
    }
}
