//! The conformance suite of the document engines: the same tests for whatever answers commands.
//!
//! [`document_conformance!`](crate::document_conformance) declares them in a test binary, in groups. `every` holds for each
//! engine; the other groups belong to what an engine can do, and whoever declares them says by hand which those are.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(missing_docs, reason = "a test's name says what it tests")]

pub mod catalogue;
pub mod commands;
pub mod history;
pub mod lease;
pub mod survey;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use bson::{Document, doc};
use whimbrel_engine::document::{Boxed, Commands, DocumentEngine, LeaseOptions, Runtime, Task};

/// A fresh database and the commands over it.
pub struct Place {
    commands: Arc<dyn Commands>,
    has_views: bool,
    /// What the database goes with.
    _keeps: Box<dyn Any + Send + Sync>,
}

impl Place {
    /// A database that goes with `keeps`; `has_views` says whether collections can be views.
    pub fn new(commands: Arc<dyn Commands>, has_views: bool, keeps: impl Any + Send + Sync) -> Self {
        Place { commands, has_views, _keeps: Box::new(keeps) }
    }

    /// What answers.
    #[must_use]
    pub fn commands(&self) -> &Arc<dyn Commands> {
        &self.commands
    }

    /// An engine whose lease lasts this long.
    fn engine(&self, holder: &str, lease: Duration) -> DocumentEngine {
        let options = LeaseOptions { duration: lease, holder: holder.to_owned() };
        DocumentEngine::new(Arc::clone(&self.commands), Arc::new(Tokio), options)
    }

    /// Runs a command that succeeds.
    async fn run(&self, command: Document) -> Document {
        self.commands.run(command).await.unwrap()
    }

    /// The documents of a collection, by `_id`.
    async fn documents(&self, collection: &str) -> Vec<Document> {
        let reply = self.run(doc! { "find": collection, "sort": { "_id": 1 } }).await;
        let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
        batch.iter().map(|document| document.as_document().unwrap().clone()).collect()
    }

    /// Makes a view and gives its name; where there are none, makes sure that it is refused.
    async fn make_view<'n>(&self, name: &'n str, of: &str) -> Option<&'n str> {
        let command = doc! { "create": name, "viewOn": of, "pipeline": [] };
        if !self.has_views {
            assert_eq!(self.commands.run(command).await.unwrap_err().code(), Some(238));
            return None;
        }
        self.run(command).await;
        Some(name)
    }
}

/// The runtime of the tests.
#[derive(Clone, Copy)]
struct Tokio;

impl Runtime for Tokio {
    fn sleep(&self, duration: Duration) -> Boxed<()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn spawn(&self, task: Boxed<()>) -> Task {
        let handle = tokio::spawn(task);
        Task::new(move || handle.abort())
    }
}

/// Declares the tests of these groups, each on a fresh [`Place`](crate::conformance::Place) that the function gives:
/// `document_conformance!(crate::embedded: every, whole_transactions)`.
#[macro_export]
macro_rules! document_conformance {
    ($place:path: $($group:ident),+ $(,)?) => {
        $(mod $group { $crate::document_conformance_group!($place, $group); })+
    };
}

/// The tests of one group.
#[doc(hidden)]
#[macro_export]
macro_rules! document_conformance_group {
    ($place:path, every) => {
        $crate::document_conformance_tests! { $place;
            catalogue::collections_are_read_as_they_were_made,
            catalogue::indexes_are_read_as_they_were_made,
            catalogue::the_inventory_counts_documents_and_bytes,
            catalogue::a_database_beside_comes_and_goes,
            commands::asking_leaves_nothing_behind,
            commands::a_refusal_has_the_servers_code_and_the_whole_reply,
            commands::write_errors_stay_in_the_reply,
            commands::a_cursor_is_read_to_its_end,
            commands::another_database_is_apart,
            history::the_history_keeps_the_order_of_application,
            history::a_squashed_entry_takes_the_place_of_several,
            history::a_replacement_that_was_cut_off_is_whole,
            history::state_is_kept_by_key,
            history::the_journal_ends_with_the_history,
            history::a_row_that_a_dead_deployer_left_is_in_nobodys_way,
            history::rows_that_a_dead_deployer_left_are_in_nobodys_way,
            history::what_a_newer_version_wrote_is_said,
            lease::sixteen_deployers_enter_one_at_a_time,
            lease::who_waits_too_long_is_told_who_holds_it,
            lease::a_heartbeat_keeps_the_lease_longer_than_it_lasts,
            lease::the_lease_of_the_dead_runs_out,
            lease::a_stale_owner_writes_nothing,
            lease::an_owner_who_was_slow_and_not_replaced_goes_on,
            lease::no_clock_but_the_servers_counts,
            lease::a_fresh_renewal_is_trusted_without_asking,
            lease::clearing_drops_the_lock_last,
            survey::what_breaks_a_validator_is_counted,
            survey::a_rule_that_is_no_query_is_refused,
            survey::duplicates_are_those_that_the_index_would_find,
            survey::a_sample_is_extended_json,
        }
    };
    ($place:path, transactions) => {
        $crate::document_conformance_tests! { $place;
            commands::a_transaction_is_seen_whole_or_not_at_all,
            commands::an_ended_session_takes_its_transaction_along,
            commands::a_conflict_bears_the_label_of_a_transient_error,
            history::history_and_data_are_one_transaction,
        }
    };
    ($place:path, transactions_beside_each_other) => {
        $crate::document_conformance_tests! { $place;
            lease::a_bound_transaction_is_waited_for,
            lease::a_transaction_cannot_be_bound_to_a_lease_that_has_passed_on,
            lease::a_transaction_of_the_owner_outlasts_heartbeats,
        }
    };
    ($place:path, whole_transactions) => {
        $crate::document_conformance_tests! { $place;
            lease::a_bound_transaction_keeps_every_other_writer_waiting,
            lease::a_later_transaction_cannot_be_bound_to_a_lease_that_has_passed_on,
            lease::a_transaction_of_the_owner_outlasts_the_heartbeats_that_wait_for_it,
        }
    };
    ($place:path, no_transactions) => {
        $crate::document_conformance_tests! { $place;
            commands::a_server_without_sessions_says_so,
            history::a_row_that_outlasts_its_file_never_counts,
        }
    };
    ($place:path, text_indexes) => {
        $crate::document_conformance_tests! { $place; catalogue::a_text_index_is_read_as_it_was_made, }
    };
    ($place:path, collations) => {
        $crate::document_conformance_tests! { $place;
            catalogue::collations_are_read_as_they_were_given,
            catalogue::an_index_with_the_collections_collation_says_nothing_of_it,
            survey::duplicates_are_those_that_the_indexs_collation_finds,
        }
    };
    ($place:path, no_collations) => {
        $crate::document_conformance_tests! { $place; catalogue::collations_are_refused_by_name, }
    };
    ($place:path, wildcard_indexes) => {
        $crate::document_conformance_tests! { $place; catalogue::a_wildcard_index_is_read_as_it_was_made, }
    };
    ($place:path, no_wildcard_indexes) => {
        $crate::document_conformance_tests! { $place; catalogue::a_wildcard_index_is_refused_by_name, }
    };
    ($place:path, other_kinds_of_collections) => {
        $crate::document_conformance_tests! { $place;
            catalogue::collections_of_other_kinds_are_read_as_they_were_made,
        }
    };
    ($place:path, no_other_kinds_of_collections) => {
        $crate::document_conformance_tests! { $place;
            catalogue::collections_of_other_kinds_are_refused_by_name,
        }
    };
}

/// One test after the other.
#[doc(hidden)]
#[macro_export]
macro_rules! document_conformance_tests {
    ($place:path; $($module:ident::$name:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $name() {
            $crate::conformance::$module::$name(&$place().await).await;
        }
    )+};
}

#[cfg(test)]
mod tests {
    /// A test that no group names would never run.
    #[test]
    fn every_test_belongs_to_a_group() {
        let groups = include_str!("mod.rs");
        for (module, source) in [
            ("catalogue", include_str!("catalogue.rs")),
            ("commands", include_str!("commands.rs")),
            ("history", include_str!("history.rs")),
            ("lease", include_str!("lease.rs")),
            ("survey", include_str!("survey.rs")),
        ] {
            let declared = source.lines().filter_map(|line| line.strip_prefix("pub async fn "));
            let names: Vec<_> = declared.filter_map(|line| line.split('(').next()).collect();
            assert!(!names.is_empty(), "{module} has no test");
            for name in names {
                assert!(groups.contains(&format!("{module}::{name},")), "no group names {module}::{name}");
            }
        }
    }
}
