//! What the holder of the lock knows without asking: nobody else writes to the history and the journal meanwhile.
//!
//! Everything here only spares questions. A new holder knows nothing, and one without the lock asks each time.

use crate::JournalEntry;

/// What is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The highest `sequence` of the history, or a higher number that was given out.
    pub(crate) newest: Option<i64>,
    pub(crate) rows: Rows,
}

/// What stands in the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Nobody has looked.
    #[default]
    Unknown,
    /// Nothing.
    Empty,
    /// Rows of the file that is under way; whether it is the first one alone.
    Open { first_only: bool },
    /// Rows of a file that the history says is finished: whether it is the first one alone, and whether the file was
    /// applied by it. The first row of the next file takes its place. Before the history changes otherwise than by
    /// another file that is applied, they have to be gone.
    Past { first_only: bool, applied: bool },
}

impl Rows {
    /// After all of the stored rows were read, of which those of unfinished files count.
    pub(crate) fn read(stored: &[i64], direction: &str, counting: &[JournalEntry]) -> Self {
        let first_only = stored == [FIRST];
        match (stored.is_empty(), counting.is_empty()) {
            (true, _) => Rows::Empty,
            (false, true) => Rows::Past { first_only, applied: direction == "up" },
            (false, false) => Rows::Open { first_only },
        }
    }

    /// After a row was written; one that belongs to an open transaction may be taken back.
    pub(crate) fn written(self, position: i64, in_transaction: bool) -> Self {
        let was_first_only = !matches!(self, Rows::Unknown | Rows::Open { first_only: false });
        Rows::Open { first_only: was_first_only && position == FIRST && !in_transaction }
    }

    /// Whether old rows have to go before this one is written.
    pub(crate) fn is_in_the_way_of(self, position: i64, in_transaction: bool) -> bool {
        match self {
            Rows::Past { first_only, .. } => !first_only || position != FIRST || in_transaction,
            _ => false,
        }
    }

    /// Whether the rows of a finished file would be taken for an unfinished one's after a change of the history; `applies`
    /// says that it adds a version. Those of an applied file are passed over as long as its version stands.
    pub(crate) fn would_count_after(self, applies: bool) -> bool {
        matches!(self, Rows::Past { applied, .. } if !(applied && applies))
    }

    /// Whether no row of an unfinished file stands, for certain.
    pub(crate) fn is_finished(self) -> bool {
        matches!(self, Rows::Empty | Rows::Past { .. })
    }
}

/// The position of a file's first row.
const FIRST: i64 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_row_takes_the_place_of_one() {
        let past = Rows::Past { first_only: true, applied: true };
        assert!(!past.is_in_the_way_of(1, false));
        assert!(past.is_in_the_way_of(2, false) && past.is_in_the_way_of(1, true));
        assert!(Rows::Past { first_only: false, applied: true }.is_in_the_way_of(1, false));
        assert!(
            !Rows::Unknown.is_in_the_way_of(2, false)
                && !Rows::Open { first_only: true }.is_in_the_way_of(2, false)
        );
    }

    #[test]
    fn an_applied_files_row_stays_while_others_are_applied() {
        let past = |applied| Rows::Past { first_only: true, applied };
        assert!(!past(true).would_count_after(true));
        assert!(past(true).would_count_after(false));
        assert!(past(false).would_count_after(true) && past(false).would_count_after(false));
        assert!(!Rows::Open { first_only: true }.would_count_after(false));
        assert!(!Rows::Empty.would_count_after(false) && !Rows::Unknown.would_count_after(false));
    }

    #[test]
    fn a_journal_of_one_row_is_known_as_such() {
        let past = Rows::Past { first_only: true, applied: false };
        for before in [Rows::Empty, past, Rows::Open { first_only: true }] {
            assert_eq!(before.written(1, false), Rows::Open { first_only: true });
            assert_eq!(before.written(2, false), Rows::Open { first_only: false });
            assert_eq!(before.written(1, true), Rows::Open { first_only: false });
        }
        assert_eq!(Rows::Unknown.written(1, false), Rows::Open { first_only: false });
        assert_eq!(Rows::Open { first_only: false }.written(1, false), Rows::Open { first_only: false });
    }
}
