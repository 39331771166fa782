//! Views: those that go and come.

use std::collections::BTreeSet;

use crate::catalog::{Catalog, View};
use crate::operation::{Operation, in_creation_order, word_occurs};

/// What happens to views.
pub(super) struct ViewChanges {
    /// These go first, each before those that it builds on.
    pub(super) dropped: Vec<View>,
    /// These come last, each after those that it builds on.
    pub(super) created: Vec<View>,
    /// Comments of those that stay.
    pub(super) commented: Vec<Operation>,
}

/// Compares views. A changed view is dropped and created, since replacing in place works one way
/// only; so are views over the disturbed tables, and views over views that go.
pub(super) fn changes(from: &Catalog, to: &Catalog, disturbed: &BTreeSet<String>) -> ViewChanges {
    let find = |view: &View| to.views.iter().find(|wanted| wanted.name == view.name);
    let mut gone: Vec<&View> = Vec::new();
    loop {
        let goes = |view: &&View| {
            let unchanged = find(view)
                .is_some_and(|wanted| wanted.query == view.query && wanted.materialized == view.materialized);
            let over_disturbed = disturbed.iter().any(|table| word_occurs(&view.query, table));
            let over_gone = gone.iter().any(|base| word_occurs(&view.query, &base.name.name));
            !gone.contains(view) && (!unchanged || over_disturbed || over_gone)
        };
        let more: Vec<&View> = from.views.iter().filter(goes).collect();
        if more.is_empty() {
            break;
        }
        gone.extend(more);
    }
    let stays =
        |view: &&View| from.views.iter().any(|known| known.name == view.name && !gone.contains(&known));
    let coming: Vec<&View> = to.views.iter().filter(|view| !stays(view)).collect();
    let commented = from.views.iter().filter(|view| !gone.contains(view)).filter_map(|view| {
        let wanted = find(view)?;
        (wanted.comment != view.comment).then(|| Operation::SetViewComment {
            name: view.name.clone(),
            materialized: view.materialized,
            from: view.comment.clone(),
            to: wanted.comment.clone(),
        })
    });
    ViewChanges {
        dropped: in_creation_order(&gone).into_iter().rev().cloned().collect(),
        created: in_creation_order(&coming).into_iter().cloned().collect(),
        commented: commented.collect(),
    }
}
