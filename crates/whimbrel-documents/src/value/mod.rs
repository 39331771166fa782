//! BSON values as MongoDB sees them: one view over raw and decoded documents, their order, and their paths.

mod compare;
pub(crate) mod decimal;
mod hash;
mod number;
mod path;
mod raw;
mod show;
mod view;

pub(crate) use compare::{canonical_rank, compare, compare_bson, equal_bson, is_nan};
pub(crate) use hash::{HashedKey, hash_value};
pub(crate) use number::{Number, compare_numbers, truncated_i64};
pub(crate) use path::{Path, visit_elements, visit_path, visit_places};
pub(crate) use raw::find_raw;
pub(crate) use show::{show, show_brief_double, show_document, show_result, type_name, type_number};
pub(crate) use view::{DocRef, ValueRef, raw_of};
