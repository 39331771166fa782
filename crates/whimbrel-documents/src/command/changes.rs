//! What the writing commands share: the collection that is made by the first write, and its validator.

use std::sync::Arc;

use bson::{Document, RawDocument};

use super::Work;
use super::collections::make;
use super::fields::check_collection_name;
use crate::answer::with_field;
use crate::catalog::Collection;
use crate::refusal::refuse;
use crate::storage::Outcome;

/// The collection that a write goes to, made where there is none.
///
/// # Errors
/// There is none, and none may have this name.
pub(super) fn ensure(work: &mut Work<'_>, name: &str) -> Outcome<Arc<Collection>> {
    if let Some(collection) = work.collection(name)? {
        return Ok(collection);
    }
    check_collection_name(work.database, name)?;
    make(work, name, &Document::new())
}

/// Refuses a document that its collection's validator refuses; `old` is what it takes the place of.
///
/// # Errors
/// Error 121, with its details.
pub(super) fn check(
    collection: &Collection,
    document: &RawDocument,
    old: Option<&RawDocument>,
) -> Outcome<()> {
    let Some(validation) = collection.validation.as_ref().filter(|validation| !validation.only_warns) else {
        return Ok(());
    };
    if validation.validator.passes(document) {
        return Ok(());
    }
    if validation.is_moderate
        && let Some(old) = old
        && !validation.validator.passes(old)
    {
        return Ok(());
    }
    let details = validation.validator.details(document);
    let refusal = refuse(121, "DocumentValidationFailure", "Document failed validation");
    Err(with_field(refusal, "errInfo", details).into())
}
