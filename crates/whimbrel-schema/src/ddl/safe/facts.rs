//! What the safe forms must know of a list of operations as a whole.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::catalog::{QualifiedName, Table};
use crate::operation::Operation;

/// A list of operations, and what follows from it as a whole.
pub(super) struct Facts<'a> {
    pub(super) operations: &'a [Operation],
    /// Tables that the list creates or drops: nobody works with them while it runs.
    own: BTreeSet<&'a QualifiedName>,
    /// From the drop of the first view that comes back to the creation of the last.
    without_views: Range<usize>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(operations: &'a [Operation]) -> Self {
        let own = operations.iter().filter_map(|operation| match operation {
            Operation::CreateTable { table } | Operation::DropTable { table } => Some(&table.name),
            _ => None,
        });
        Facts { operations, own: own.collect(), without_views: without_views(operations) }
    }

    /// Whether nobody works with the table while the list runs.
    pub(super) fn is_own(&self, table: &QualifiedName) -> bool {
        self.own.contains(table)
    }

    /// Whether a view is away at this operation that comes back later.
    pub(super) fn is_without_views(&self, position: usize) -> bool {
        self.without_views.contains(&position)
    }

    /// The position of the first operation after `from` that `wanted` accepts.
    pub(super) fn next(&self, from: usize, wanted: impl Fn(&Operation) -> bool) -> Option<usize> {
        (from + 1..self.operations.len()).find(|position| wanted(&self.operations[*position]))
    }
}

fn without_views(operations: &[Operation]) -> Range<usize> {
    let comes_back = |name: &QualifiedName| {
        operations
            .iter()
            .rposition(|operation| matches!(operation, Operation::CreateView { view } if view.name == *name))
    };
    let mut range: Option<Range<usize>> = None;
    for (position, operation) in operations.iter().enumerate() {
        if let Operation::DropView { view } = operation
            && let Some(end) = comes_back(&view.name).filter(|end| *end > position)
        {
            let known = range.get_or_insert(position..end);
            known.end = known.end.max(end);
        }
    }
    range.unwrap_or(0..0)
}

/// What an UPDATE of a table can be cut into ranges by.
pub(super) enum BatchKey {
    /// The primary key, of one column.
    PrimaryKey,
    /// Another unique column that is never NULL.
    Column(String),
}

impl BatchKey {
    /// The table's key; none where no single column tells the rows apart.
    pub(super) fn of(table: &Table) -> Option<Self> {
        if table.primary_key.as_ref().is_some_and(|key| key.columns.len() == 1) {
            return Some(BatchKey::PrimaryKey);
        }
        let uniques = table.uniques.iter().filter_map(|unique| match unique.columns.as_slice() {
            [column] => Some(column),
            _ => None,
        });
        let present = |name: &&String| table.column(name).is_some_and(|column| !column.nullable);
        // A directive names one word.
        let is_word = |name: &&String| !name.contains(|c: char| c.is_whitespace() || c == '"');
        uniques.filter(present).find(is_word).map(|name| BatchKey::Column(name.clone()))
    }

    /// The column as the directive names it; none where the directive need not.
    pub(super) fn named(self) -> Option<String> {
        match self {
            BatchKey::PrimaryKey => None,
            BatchKey::Column(name) => Some(name),
        }
    }
}
