//! The choice among the indexes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bson::{Bson, Document};

use super::bounds::{Interval, Predicate, intersect, predicate};
use super::implication::{conjuncts, implies};
use super::{Access, Plan, Ranges, Tree};
use crate::catalog::{Collection, Index, IndexKind};
use crate::index::{Cap, search_expression};
use crate::key::KeyPart;
use crate::matcher::{GeoTest, Matcher, Node, Test};
use crate::refusal::{bad_value, refuse};
use crate::storage::Outcome;

/// How many ranges the values of several parts may make together.
const MOST_RANGES: usize = 2_000;

/// What the caller says about the index.
#[derive(Clone, Debug, Default)]
pub(crate) enum Hint {
    /// Nothing.
    #[default]
    None,
    /// `{$natural: 1}` or `-1`.
    Natural { is_reverse: bool },
    /// An index's name.
    Name(String),
    /// An index's key pattern.
    Pattern(Document),
}

/// What is to be found.
pub(crate) struct Request<'r> {
    pub(crate) matcher: &'r Matcher,
    /// Paths, each with whether it descends; empty where the order does not matter.
    pub(crate) sort: &'r [KeyPart],
    pub(crate) hint: &'r Hint,
}

/// An index that may be taken.
struct Candidate<'c> {
    tree: Tree,
    parts: &'c [KeyPart],
    is_multikey: bool,
    is_sparse: bool,
    is_unique: bool,
    only_points: bool,
}

/// What an index can do for a query.
struct Offer {
    ranges: Ranges,
    score: u32,
    is_sorted: bool,
    is_reverse: bool,
}

/// Chooses how to find the documents.
///
/// # Errors
/// The hint names no index, or the filter needs one that there is not.
pub(crate) fn choose(collection: &Collection, request: &Request<'_>) -> Outcome<Plan> {
    let nodes = conjuncts(request.matcher.root());
    if request.matcher.text().is_some() {
        return words_plan(collection, &nodes, request.matcher);
    }
    if let Some((path, near)) = request.matcher.near() {
        let index = sphere_index(collection, path.as_str()).ok_or_else(|| {
            let message = format!(
                "error processing query: ns={} planner returned error :: caused by :: unable to find index for \
                 $geoNear query",
                collection.namespace()
            );
            refuse(291, "NoQueryExecutionPlans", message)
        })?;
        let cube = if near.spherical {
            Cap::around(near.from, near.max_distance)
        } else {
            Cap::around(near.from, 1e12)
        };
        return Ok(unsorted(Access::Space { index, cube: cube.cube() }));
    }
    let id_part = [KeyPart { path: vec!["_id".to_owned()], is_descending: false }];
    let candidates = candidates(collection, &id_part, &nodes, request.hint)?;
    if let Hint::Natural { is_reverse } = request.hint {
        return Ok(Plan::collection(*is_reverse));
    }
    let is_hinted = !matches!(request.hint, Hint::None);
    let predicates = predicates(&nodes);
    let best = candidates
        .iter()
        .filter_map(|candidate| offer(candidate, &predicates, request.sort, is_hinted))
        .reduce(|best, next| if next.score > best.score { next } else { best });
    if let Some(best) = best {
        return Ok(Plan {
            access: Access::Ranges(best.ranges),
            is_reverse: best.is_reverse,
            is_sorted: best.is_sorted,
        });
    }
    if is_hinted {
        return Ok(
            hinted_special(collection, request.hint, &nodes).unwrap_or_else(|| Plan::collection(false))
        );
    }
    if let Some(access) = union(collection, &nodes).or_else(|| space(collection, &nodes)) {
        return Ok(unsorted(access));
    }
    Ok(Plan::collection(false))
}

fn unsorted(access: Access) -> Plan {
    Plan { access, is_reverse: false, is_sorted: false }
}

/// The ordered indexes that hold every match, or the hinted one.
fn candidates<'c>(
    collection: &'c Collection,
    id_part: &'c [KeyPart],
    nodes: &[&Node],
    hint: &Hint,
) -> Outcome<Vec<Candidate<'c>>> {
    let id = Candidate {
        tree: Tree::Id,
        parts: id_part,
        is_multikey: false,
        is_sparse: false,
        is_unique: true,
        only_points: false,
    };
    let of = |index: &'c Arc<Index>| Candidate {
        tree: Tree::Index(Arc::clone(index)),
        parts: &index.extraction.parts,
        is_multikey: index.is_multikey,
        is_sparse: index.extraction.is_sparse,
        is_unique: index.is_unique,
        only_points: !index.is_ordered(),
    };
    let has_keys = |index: &Index| matches!(index.kind, IndexKind::Ordered | IndexKind::Hashed);
    let hinted = |matches: &dyn Fn(&Index) -> bool| {
        let found = collection.indexes.iter().find(|index| !index.is_hidden && matches(index));
        match found {
            Some(index) if has_keys(index) => Ok(vec![of(index)]),
            Some(_) => Ok(Vec::new()),
            None => Err(unknown_hint(collection).into()),
        }
    };
    match hint {
        Hint::None | Hint::Natural { .. } => {
            let usable = collection.indexes.iter().filter(|index| {
                has_keys(index)
                    && !index.is_hidden
                    && index.partial.as_ref().is_none_or(|partial| implies(nodes, partial.matcher.root()))
            });
            Ok(std::iter::once(id).chain(usable.map(of)).collect())
        }
        Hint::Name(name) if name == "_id_" => Ok(vec![id]),
        Hint::Name(name) => hinted(&|index| index.name == *name),
        Hint::Pattern(pattern) if is_id_pattern(pattern) => Ok(vec![id]),
        Hint::Pattern(pattern) => hinted(&|index| same_pattern(&index.key_pattern(), pattern)),
    }
}

fn unknown_hint(collection: &Collection) -> whimbrel_engine::document::Refusal {
    bad_value(format!(
        "error processing query: ns={} planner returned error :: caused by :: hint provided does not correspond to \
         an existing index",
        collection.namespace()
    ))
}

fn is_id_pattern(pattern: &Document) -> bool {
    pattern.len() == 1 && pattern.contains_key("_id")
}

/// Whether two key patterns say the same, whatever type their numbers have.
pub(crate) fn same_pattern(left: &Document, right: &Document) -> bool {
    left.len() == right.len()
        && left.iter().zip(right).all(|((path, value), (other, wanted))| {
            path == other && (value == wanted || crate::value::equal_bson(value, wanted))
        })
}

/// What the conjuncts say of each path.
fn predicates(nodes: &[&Node]) -> BTreeMap<String, Vec<Predicate>> {
    let mut known: BTreeMap<String, Vec<Predicate>> = BTreeMap::new();
    for node in nodes {
        gather(node, "", &mut known);
    }
    known
}

fn gather(node: &Node, prefix: &str, known: &mut BTreeMap<String, Vec<Predicate>>) {
    let Node::Field { path, test } = node else { return };
    // A number may be a place in an array or a name, and the two leave different keys.
    if path.names().any(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        return;
    }
    let full =
        if prefix.is_empty() { path.as_str().to_owned() } else { format!("{prefix}.{}", path.as_str()) };
    if let Test::ElementObject(inner) = test {
        for node in conjuncts(inner) {
            // A missing path in one element leaves the same key as one in another.
            gather(node, &full, known);
        }
        return;
    }
    if let Some(predicate) = predicate(test) {
        known.entry(full).or_default().push(predicate);
    }
}

/// What an index can do; none where it can do nothing.
fn offer(
    candidate: &Candidate<'_>,
    predicates: &BTreeMap<String, Vec<Predicate>>,
    sort: &[KeyPart],
    is_hinted: bool,
) -> Option<Offer> {
    let mut parts: Vec<Vec<Interval>> = Vec::new();
    let mut rejects_missing = false;
    let mut points = 0;
    let mut has_range = false;
    let mut combinations = 1;
    for (position, part) in candidate.parts.iter().enumerate() {
        let path = part.path.join(".");
        let given = predicates.get(&path).map_or(&[][..], Vec::as_slice);
        rejects_missing |= given.iter().any(|predicate| !predicate.accepts_missing);
        // Two paths into one array may be matched by two of its elements, which leave two keys.
        let shares_array = candidate.is_multikey
            && candidate.parts[..position].iter().any(|earlier| earlier.path.first() == part.path.first());
        if has_range || parts.len() < position || shares_array {
            continue;
        }
        let Some(intervals) = bounds_of(given, candidate) else { continue };
        combinations *= intervals.len().max(1);
        if combinations > MOST_RANGES {
            continue;
        }
        let are_points = intervals.iter().all(|interval| interval.is_point);
        points += u32::from(are_points);
        has_range |= !are_points;
        parts.push(intervals);
    }
    if candidate.is_sparse && !rejects_missing && !is_hinted {
        return None;
    }
    let equal = parts.iter().take_while(|intervals| intervals.len() == 1 && intervals[0].is_point).count();
    let order = if candidate.is_multikey || candidate.only_points {
        None
    } else {
        sorted_by(candidate.parts, equal, &parts, sort)
    };
    if parts.is_empty() && order.is_none() && !is_hinted {
        return None;
    }
    let is_whole = candidate.is_unique && equal == candidate.parts.len() && !candidate.parts.is_empty();
    let score = u32::from(is_whole) * 1_000
        + points * 10
        + u32::from(has_range) * 6
        + u32::from(order.is_some()) * 4
        + u32::from(matches!(candidate.tree, Tree::Id) && points > 0) * 500;
    Some(Offer {
        ranges: ranges(candidate, &parts),
        score,
        is_sorted: order.is_some(),
        is_reverse: order == Some(true),
    })
}

/// The intervals of one part; none where the predicates do not bound it.
fn bounds_of(given: &[Predicate], candidate: &Candidate<'_>) -> Option<Vec<Interval>> {
    let usable = given.iter().filter(|predicate| {
        // A sparse index of one part does not hold what lacks the path.
        !(predicate.accepts_missing && candidate.is_sparse)
    });
    let lists = usable.filter_map(|predicate| predicate.intervals.as_ref());
    let lists = lists.filter(|list| !candidate.only_points || list.iter().all(|interval| interval.is_point));
    if candidate.is_multikey {
        // Different elements may satisfy different predicates, so that only one of them bounds the scan.
        return lists
            .min_by_key(|list| (!list.iter().all(|interval| interval.is_point), list.len()))
            .cloned();
    }
    lists.cloned().reduce(|left, right| intersect(&left, &right))
}

/// Whether an index yields the order that is asked for: in its own direction, or in reverse.
fn sorted_by(parts: &[KeyPart], equal: usize, bounded: &[Vec<Interval>], sort: &[KeyPart]) -> Option<bool> {
    if sort.is_empty() {
        return None;
    }
    // Several values of an earlier part come one after the other, each with its own order.
    let first = if bounded[equal..].is_empty() { equal } else { equal.min(bounded.len()) };
    let is_fixed = |part: &KeyPart| parts[..equal].iter().any(|fixed| fixed.path == part.path);
    let wanted: Vec<&KeyPart> = sort.iter().filter(|part| !is_fixed(part)).collect();
    if wanted.is_empty() {
        return Some(false);
    }
    let offered = &parts[first..];
    if wanted.len() > offered.len() {
        return None;
    }
    let mut reverse = None;
    for (wanted, offered) in wanted.iter().zip(offered) {
        if wanted.path != offered.path {
            return None;
        }
        let is_reverse = wanted.is_descending != offered.is_descending;
        if *reverse.get_or_insert(is_reverse) != is_reverse {
            return None;
        }
    }
    // Only the first of the sorted parts may be bounded by several intervals: they follow each other in order.
    if bounded.len() > equal + 1 { None } else { reverse }
}

/// The ranges of keys that the parts' intervals make.
fn ranges(candidate: &Candidate<'_>, parts: &[Vec<Interval>]) -> Ranges {
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut ranges: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut shown = Vec::with_capacity(candidate.parts.len());
    let mut is_open = true;
    for (position, part) in candidate.parts.iter().enumerate() {
        let intervals: Vec<Interval> = match parts.get(position) {
            Some(intervals) => intervals.clone(),
            None => vec![Interval::everything()],
        };
        let mut intervals = intervals;
        if part.is_descending {
            intervals = intervals.iter().rev().map(Interval::descending).collect();
        }
        if position < parts.len() && is_open {
            let extended = |prefix: &Vec<u8>, bytes: &[u8]| [prefix.as_slice(), bytes].concat();
            ranges = prefixes
                .iter()
                .flat_map(|prefix| {
                    intervals.iter().map(|one| (extended(prefix, &one.low), extended(prefix, &one.high)))
                })
                .collect();
            if intervals.iter().all(|interval| interval.is_point) {
                prefixes = ranges.iter().map(|(low, _)| low.clone()).collect();
            } else {
                is_open = false;
            }
        }
        shown.push((part.path.join("."), intervals));
    }
    if parts.is_empty() {
        // Every key lies between nothing and the byte that no key begins with.
        ranges = vec![(Vec::new(), vec![0xff])];
    }
    ranges.sort();
    Ranges { tree: candidate.tree.clone(), ranges, bounds: shown }
}

/// One plan for each branch of an `$or`, where an index bounds every one of them.
fn union(collection: &Collection, nodes: &[&Node]) -> Option<Access> {
    let branches = nodes.iter().find_map(|node| match node {
        Node::Or(branches) => Some(branches),
        _ => None,
    })?;
    let id_part = [KeyPart { path: vec!["_id".to_owned()], is_descending: false }];
    let mut members = Vec::with_capacity(branches.len());
    for branch in branches {
        let mut known = conjuncts(branch);
        known.extend(nodes.iter().filter(|node| !matches!(node, Node::Or(_))));
        let candidates = candidates(collection, &id_part, &known, &Hint::None).ok()?;
        let known = predicates(&known);
        let best = candidates
            .iter()
            .filter_map(|candidate| offer(candidate, &known, &[], false))
            .reduce(|best, next| if next.score > best.score { next } else { best })?;
        members.push(Access::Ranges(best.ranges));
    }
    Some(Access::Union(members))
}

fn words_plan(collection: &Collection, nodes: &[&Node], matcher: &Matcher) -> Outcome<Plan> {
    let index = collection.indexes.iter().find(|index| matches!(index.kind, IndexKind::Text(_)));
    let Some(index) = index else {
        return Err(refuse(27, "IndexNotFound", "text index required for $text query").into());
    };
    let is_conjunct = nodes.iter().any(|node| matches!(node, Node::Text(_)));
    let Some(query) = matcher.text().filter(|_| is_conjunct) else {
        return Err(refuse(
            291,
            "NoQueryExecutionPlans",
            "the embedded document engine finds $text only beside other conditions, not inside $or, $nor or $not",
        )
        .into());
    };
    let IndexKind::Text(text) = &index.kind else { unreachable!("chosen for its kind") };
    let language = query.language.as_deref().unwrap_or(&text.default_language);
    let expression = search_expression(&query.search, language);
    Ok(unsorted(Access::Words { index: Arc::clone(index), expression }))
}

fn sphere_index(collection: &Collection, path: &str) -> Option<Arc<Index>> {
    let over_path = |index: &&Arc<Index>| {
        matches!(&index.kind, IndexKind::Sphere(paths) if paths.iter().any(|known| known == path))
            && !index.is_hidden
            && index.partial.is_none()
    };
    collection.indexes.iter().find(over_path).cloned()
}

/// A box on the globe, where a test of place has an index.
fn space(collection: &Collection, nodes: &[&Node]) -> Option<Access> {
    nodes.iter().find_map(|node| {
        let Node::Field { path, test: Test::Geo(test) } = node else { return None };
        let cap = match &**test {
            GeoTest::Within(geometry) | GeoTest::Intersects(geometry) => Cap::holding(geometry),
            GeoTest::CenterSphere(middle, radians) => {
                Cap::around(*middle, radians * crate::matcher::EARTH_RADIUS_M)
            }
            // Shapes in the plane have other edges than those on the globe.
            GeoTest::Box(..) | GeoTest::Center(..) | GeoTest::FlatPolygon(_) => return None,
        };
        let index = sphere_index(collection, path.as_str())?;
        Some(Access::Space { index, cube: cap.cube() })
    })
}

/// A hint that names an index of words or places.
fn hinted_special(collection: &Collection, hint: &Hint, nodes: &[&Node]) -> Option<Plan> {
    let index = collection.indexes.iter().find(|index| match hint {
        Hint::Name(name) => index.name == *name,
        Hint::Pattern(pattern) => same_pattern(&index.key_pattern(), pattern),
        Hint::None | Hint::Natural { .. } => false,
    })?;
    match &index.kind {
        IndexKind::Sphere(_) => space(collection, nodes).map(unsorted),
        IndexKind::Text(_) | IndexKind::Ordered | IndexKind::Hashed => None,
    }
}

/// A hint as a command gives it.
///
/// # Errors
/// It is neither a name nor a document.
pub(crate) fn parse_hint(value: Option<&Bson>) -> Outcome<Hint> {
    match value {
        None => Ok(Hint::None),
        Some(Bson::String(name)) => Ok(Hint::Name(name.clone())),
        Some(Bson::Document(pattern)) if pattern.is_empty() => Ok(Hint::None),
        Some(Bson::Document(pattern)) => match pattern.get("$natural") {
            Some(direction) => {
                let is_reverse = crate::value::compare_bson(direction, &Bson::Int32(0)).is_lt();
                Ok(Hint::Natural { is_reverse })
            }
            None => Ok(Hint::Pattern(pattern.clone())),
        },
        Some(_) => Err(refuse(9, "FailedToParse", "Hint must be a string or an object").into()),
    }
}
