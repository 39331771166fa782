//! Renames that a declaration asks for (`was = "…"`).

use crate::catalog::QualifiedName;

/// One rename, carried beside the catalogue because a catalogue knows no history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rename {
    /// A table.
    Table {
        /// Its old name.
        from: QualifiedName,
        /// Its new name.
        to: QualifiedName,
    },
    /// A column.
    Column {
        /// The table, by its new name.
        table: QualifiedName,
        /// The column's old name.
        from: String,
        /// The column's new name.
        to: String,
    },
    /// An enumerated type.
    Enum {
        /// Its old name.
        from: QualifiedName,
        /// Its new name.
        to: QualifiedName,
    },
    /// A value of an enumerated type.
    EnumValue {
        /// The type, by its new name.
        name: QualifiedName,
        /// The old value.
        from: String,
        /// The new value.
        to: String,
    },
}
