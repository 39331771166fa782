//! What an operation does, in plain words.

use crate::catalog::{Column, IndexDefinition, IndexPartTarget};
use crate::ddl::type_name;

use super::{Operation, StoredType, ValuePosition};

impl Operation {
    /// What the operation does, in plain words ("adds column trips.budget numeric(10,2)").
    #[must_use]
    pub fn summary(&self) -> String {
        match self {
            Operation::CreateSchema { name } => format!("creates schema {name}"),
            Operation::DropSchema { name } => format!("drops schema {name}"),
            Operation::CreateSequence { definition } => format!("creates sequence {}", definition.name),
            Operation::AlterSequence { from, .. } => format!("changes sequence {}", from.name),
            Operation::DropSequence { definition } => format!("drops sequence {}", definition.name),
            Operation::CreateTable { table } => format!("creates table {}", table.name),
            Operation::DropTable { table } => format!("drops table {}", table.name),
            Operation::RenameTable { from, to } => format!("renames table {from} to {to}"),
            Operation::MoveTable { from, to } => format!("moves table {from} to schema {}", to.schema),
            Operation::SetTableComment { table, to, .. } => comment_words(to, &format!("table {table}")),
            Operation::SetTableStorage { table, .. } => {
                format!("changes storage parameters of table {table}")
            }
            Operation::CreateView { view } => format!("creates view {}", view.name),
            Operation::DropView { view } => format!("drops view {}", view.name),
            Operation::SetViewComment { name, to, .. } => comment_words(to, &format!("view {name}")),
            Operation::NothingToUndo { done } => format!("has nothing to undo: {done}"),
            other => enum_words(other)
                .or_else(|| column_words(other))
                .or_else(|| constraint_words(other))
                .or_else(|| index_words(other))
                .expect("every operation has its words"),
        }
    }
}

fn enum_words(operation: &Operation) -> Option<String> {
    let words = match operation {
        Operation::CreateEnum { definition } => {
            format!("creates type {} ({})", definition.name, definition.values.join(", "))
        }
        Operation::DropEnum { definition } => format!("drops type {}", definition.name),
        Operation::RenameEnum { from, to } => format!("renames type {from} to {to}"),
        Operation::MoveEnum { from, to } => format!("moves type {from} to schema {}", to.schema),
        Operation::AddEnumValue { from, value, position, .. } => {
            let place = match position {
                ValuePosition::Last => String::new(),
                ValuePosition::Before(neighbour) => format!(" before {neighbour}"),
                ValuePosition::After(neighbour) => format!(" after {neighbour}"),
            };
            format!("adds value {value} to type {}{place}", from.name)
        }
        Operation::RenameEnumValue { name, from, to } => {
            format!("renames value {from} of type {name} to {to}")
        }
        Operation::ReplaceEnum { from, to, .. } => format!(
            "recreates type {} with values {} (were {})",
            from.name,
            to.values.join(", "),
            from.values.join(", ")
        ),
        Operation::SetEnumComment { name, to, .. } => comment_words(to, &format!("type {name}")),
        _ => return None,
    };
    Some(words)
}

fn column_words(operation: &Operation) -> Option<String> {
    let words = match operation {
        Operation::AddColumn { table, column } => format!("adds column {table}.{}", described(column)),
        Operation::DropColumn { table, column } => format!("drops column {table}.{}", described(column)),
        Operation::RenameColumn { table, from, to } => format!("renames column {table}.{from} to {to}"),
        Operation::ChangeColumnType { table, column, from, to, .. } => {
            format!("changes type of column {table}.{column} from {} to {}", stored(from), stored(to))
        }
        Operation::SetNullable { table, column, nullable: true } => {
            format!("allows NULL in column {table}.{column}")
        }
        Operation::SetNullable { table, column, nullable: false } => {
            format!("refuses NULL in column {table}.{column}")
        }
        Operation::SetDefault { table, column, to: Some(expression), .. } => {
            format!("sets default of column {table}.{column} to {expression}")
        }
        Operation::SetDefault { table, column, .. } => format!("drops default of column {table}.{column}"),
        Operation::SetSerial { table, column, serial: true, .. } => {
            format!("gives column {table}.{column} a sequence of its own")
        }
        Operation::SetSerial { table, column, .. } => {
            format!("takes the sequence from column {table}.{column}")
        }
        Operation::RenameOwnedSequence { table, from, to } => {
            format!("renames sequence {from} of {table} to {to}")
        }
        Operation::SetIdentity { table, column, from, to } => match (from, to) {
            (_, None) => format!("drops identity of column {table}.{column}"),
            (None, Some(_)) => format!("makes column {table}.{column} an identity column"),
            (Some(_), Some(_)) => format!("changes identity of column {table}.{column}"),
        },
        Operation::DropGeneratedExpression { table, column } => {
            format!("makes generated column {table}.{} a plain one", column.name)
        }
        Operation::ReplaceColumn { table, to, .. } => format!("replaces column {table}.{}", described(to)),
        Operation::SetColumnComment { table, column, to, .. } => {
            comment_words(to, &format!("column {table}.{column}"))
        }
        _ => return None,
    };
    Some(words)
}

fn constraint_words(operation: &Operation) -> Option<String> {
    let words = match operation {
        Operation::AddPrimaryKey { table, key } => {
            format!("adds primary key {} on {table} ({})", key.name, key.columns.join(", "))
        }
        Operation::DropPrimaryKey { table, key } => format!("drops primary key {} of {table}", key.name),
        Operation::AddUnique { table, constraint } => format!(
            "adds unique constraint {} on {table} ({})",
            constraint.name,
            constraint.columns.join(", ")
        ),
        Operation::DropUnique { table, constraint } => {
            format!("drops unique constraint {} of {table}", constraint.name)
        }
        Operation::AddForeignKey { table, constraint } => format!(
            "adds foreign key {} from {table} ({}) to {} ({})",
            constraint.name,
            constraint.columns.join(", "),
            constraint.references,
            constraint.referenced_columns.join(", ")
        ),
        Operation::DropForeignKey { table, constraint } => {
            format!("drops foreign key {} of {table}", constraint.name)
        }
        Operation::AddCheck { table, constraint } => {
            format!("adds check {} on {table}: {}", constraint.name, constraint.expression)
        }
        Operation::DropCheck { table, constraint } => format!("drops check {} of {table}", constraint.name),
        Operation::ValidateConstraint { table, constraint } => {
            format!("validates constraint {} of {table}", constraint.name())
        }
        Operation::InvalidateConstraint { table, constraint } => {
            format!("sets constraint {} of {table} back to NOT VALID", constraint.name())
        }
        Operation::RenameConstraint { table, from, to } => {
            format!("renames constraint {from} of {table} to {to}")
        }
        _ => return None,
    };
    Some(words)
}

fn index_words(operation: &Operation) -> Option<String> {
    let words = match operation {
        Operation::CreateIndex { table, index } => {
            let unique = if index.unique { "unique " } else { "" };
            format!("creates {unique}index {} on {table} ({})", index.name, keys(index))
        }
        Operation::DropIndex { table, index } => format!("drops index {} of {table}", index.name),
        Operation::RenameIndex { from, to, .. } => format!("renames index {from} to {to}"),
        Operation::RebuildIndex { table, index } => format!("rebuilds INVALID index {index} of {table}"),
        Operation::SetIndexStorage { index, .. } => format!("changes storage parameters of index {index}"),
        _ => return None,
    };
    Some(words)
}

fn keys(index: &IndexDefinition) -> String {
    let keys: Vec<String> = index
        .keys
        .iter()
        .map(|part| {
            let (IndexPartTarget::Column(text) | IndexPartTarget::Expression(text)) = &part.target;
            if part.descending { format!("{text} desc") } else { text.clone() }
        })
        .collect();
    keys.join(", ")
}

fn described(column: &Column) -> String {
    format!("{} {}", column.name, type_name(&column.ty))
}

fn stored(stored: &StoredType) -> String {
    match &stored.collation {
        Some(collation) => format!("{} collate {collation}", type_name(&stored.ty)),
        None => type_name(&stored.ty),
    }
}

fn comment_words(comment: &Option<String>, subject: &str) -> String {
    match comment {
        Some(_) => format!("sets comment of {subject}"),
        None => format!("drops comment of {subject}"),
    }
}
