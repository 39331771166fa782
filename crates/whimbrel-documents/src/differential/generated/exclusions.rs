//! What the generator does not draw, since the answer is not defined or this engine gives another one: each with its reason.
//!
//! More stand where they apply: `Manner::nested` (which of several refused operators is told); positional projections, whose
//! filter has one predicate that names no place; `$let`, all of whose variables are used (an update does not leave out the
//! others, a query does); and `$$REMOVE`, which only tables use.

use bson::Document;

/// Equalities that an upsert's filter states beside the `_id`.
///
/// MongoDB puts the fields of several into the new document in the order of a hash table.
pub(super) const MOST_TAKEN_OVER: usize = 1;

/// Whether a `$push` that sorts pushes something too.
///
/// Sorting an empty array counts as a change in MongoDB where the collection has a validator, and does not where it has none.
pub(super) const PUSH_SORTS_SOMETHING: bool = true;

/// Arrays that `$unwind` takes apart while it preserves documents without elements.
///
/// Where it removes an empty array MongoDB keeps a hole in the document, which a later stage of the same pipeline fills in
/// place; here the field comes last. No other stage writes to these paths.
pub(super) const PRESERVED: [&str; 3] = ["q", "zz", "x"];

/// Paths that `$unset` and exclusions take out, none of which another stage fills again.
///
/// MongoDB keeps the place of a removed field within one pipeline; here a new field comes last.
pub(super) const REMOVED: [&str; 5] = ["s", "n.i", "w", "l.c", "t"];

/// Fields that `$lookup` fills, none that the documents have, and the only places where `$set` writes after it.
///
/// Over a field that is there MongoDB's optimizer no longer reads it, and the new one comes last; a `$set` of something else it
/// puts before the `$lookup`.
pub(super) const JOINED: [(&str, &str); 2] = [("found", "found.z"), ("joined", "joined.z")];

/// What `$project` keeps, and a path that it computes inside a field, unless `$set` wrote a whole field before.
///
/// MongoDB then no longer reads what `$set` wrote over, so that this comes last.
pub(super) const OVERWRITTEN: [&str; 2] = ["a", "o.z"];

/// What the accumulators of one `$group` sort by, each by something else.
///
/// Several `$top` with one sort are computed together in MongoDB, and their fields come last.
pub(super) const SORTED_BY: [&str; 4] = ["a", "i", "s", "b"];

/// Keywords of the schemas of validators only.
///
/// In a `findAndModify` whose query has them below the top MongoDB fails: "Unexpected child count!".
pub(super) const ONLY_VALIDATING: [&str; 2] = ["patternProperties", "dependencies"];

/// Paths that no index goes by: places in arrays.
///
/// An index of MongoDB holds what stands at the place only, where a scan also asks the documents among the elements for a field
/// of that name.
pub(super) fn is_place(path: &str) -> bool {
    path.split('.').any(|name| name.starts_with(|first: char| first.is_ascii_digit()))
}

/// Paths that no sort goes by either: places in arrays whose elements may be arrays, empty ones among them.
pub(super) const NESTED_PLACES: [&str; 5] = ["q.0.0", "q.0", "l.0", "l.1.c", "l.0.b"];

/// Whether a sort goes by a path inside a field of which a projection shows a part only.
///
/// Without a limit MongoDB projects such a find before it sorts it, and sorts what is left; with one, and here, it sorts first.
pub(super) fn sorts_by_a_rest(keys: &Document, projection: &Document) -> bool {
    let inside = |path: &String| Some(path.split_once('.')?.0.to_owned());
    keys.keys().filter_map(inside).any(|field| projection.keys().filter_map(inside).any(|part| part == field))
}

/// Types that `$convert` and its kin take since MongoDB 8.3, and refuse here.
pub(super) const WITHOUT_TEXT: [&str; 7] =
    ["array", "object", "regex", "binData", "timestamp", "minKey", "maxKey"];

/// Functions that keep one of several equal numbers: of which type it is, is not compared where one of them is called.
///
/// MongoDB's optimizer puts their constants together first.
const KEEPING_ONE: [&str; 6] = ["$min", "$max", "$setUnion", "$setIntersection", "$minN", "$maxN"];

/// Whether a command calls a function that keeps one of several equal numbers.
pub(super) fn keeps_one(command: &Document) -> bool {
    let text = command.to_string();
    KEEPING_ONE.iter().any(|name| text.contains(&format!("\"{name}\"")))
}

/// Functions of which a decimal is no argument, with the reason.
const WITHOUT_DECIMALS: [(&str, &str); 5] = [
    ("$exp", "the last of 34 digits is not always the nearest there"),
    ("$pow", "the last digits of a power of a decimal differ"),
    ("$sin", "computed in doubles here, in 34 digits there"),
    ("$cos", "computed in doubles here, in 34 digits there"),
    ("$tan", "computed in doubles here, in 34 digits there"),
];

/// Whether a function's arguments are made doubles first.
pub(super) fn takes_no_decimal(function: &str) -> bool {
    WITHOUT_DECIMALS.iter().any(|(name, _)| *name == function)
}
