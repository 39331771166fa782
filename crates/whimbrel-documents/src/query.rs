//! A filter, its plan and its order: the documents of a collection that a command is about.

use std::collections::BinaryHeap;

use bson::{Bson, Document, RawDocument, RawDocumentBuf};

use crate::catalog::Collection;
use crate::command::fields::is_direction;
use crate::index::unindexable;
use crate::key::{Extraction, KeyPart, extract, invert, key_of};
use crate::matcher::Matcher;
use crate::planner::{Candidate, Hint, Plan, Request, Scan, Statistics, choose};
use crate::refusal::{bad_value, refuse};
use crate::storage::{Link, Outcome};
use crate::value::{DocRef, ValueRef, show};

/// What a blocking sort may hold in memory: what MongoDB lets it.
const SORT_MEMORY_BYTES: usize = 100 * 1024 * 1024;

/// The order of the results.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sort {
    parts: Vec<SortPart>,
}

#[derive(Clone, Debug)]
enum SortPart {
    Path(KeyPart),
    /// `{$meta: "textScore"}`.
    Score,
}

/// A query with its plan.
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) matcher: Matcher,
    pub(crate) plan: Plan,
    pub(crate) sort: Sort,
}

/// A document that was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) row: i64,
    pub(crate) document: RawDocumentBuf,
    pub(crate) score: Option<f64>,
}

impl Sort {
    /// Parses a sort pattern.
    ///
    /// # Errors
    /// A path or a direction is none.
    pub(crate) fn parse(pattern: &Document) -> Outcome<Self> {
        let mut parts = Vec::with_capacity(pattern.len());
        for (path, direction) in pattern {
            if path == "$natural" {
                return Err(bad_value("$natural can only stand alone in a sort").into());
            }
            if path.is_empty() || path.split('.').any(str::is_empty) {
                return Err(refuse(
                    40352,
                    "Location40352",
                    "FieldPath cannot be constructed with empty string",
                )
                .into());
            }
            if let Bson::Document(meta) = direction {
                match meta.get_str("$meta") {
                    Ok("textScore") => parts.push(SortPart::Score),
                    _ => return Err(illegal_key(path, direction).into()),
                }
                continue;
            }
            if !matches!(direction, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_)) {
                return Err(illegal_key(path, direction).into());
            }
            parts.push(SortPart::Path(KeyPart {
                path: path.split('.').map(str::to_owned).collect(),
                is_descending: is_direction(direction)?,
            }));
        }
        Ok(Self { parts })
    }

    /// Whether any order will do.
    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The paths, where it is made of nothing else.
    pub(crate) fn paths(&self) -> Vec<KeyPart> {
        let paths: Option<Vec<KeyPart>> = self
            .parts
            .iter()
            .map(|part| match part {
                SortPart::Path(path) => Some(path.clone()),
                SortPart::Score => None,
            })
            .collect();
        paths.unwrap_or_default()
    }

    /// Bytes in whose order the documents come.
    pub(crate) fn key(&self, document: &RawDocument, score: Option<f64>) -> Outcome<Vec<u8>> {
        let paths = self.paths();
        if paths.len() == self.parts.len() {
            return least_key(document, paths);
        }
        let mut key = Vec::new();
        for part in &self.parts {
            match part {
                SortPart::Path(path) => key.extend(least_key(document, vec![path.clone()])?),
                SortPart::Score => {
                    let mut score = key_of(bson::RawBsonRef::Double(score.unwrap_or_default()));
                    invert(&mut score);
                    key.extend(score);
                }
            }
        }
        Ok(key)
    }
}

fn illegal_key(path: &str, direction: &Bson) -> whimbrel_engine::document::Refusal {
    let shown = show(ValueRef::from(direction));
    refuse(15974, "Location15974", format!("Illegal key in $sort specification: {path}: {shown}"))
}

/// A document with arrays is sorted by the element that comes first.
fn least_key(document: &RawDocument, parts: Vec<KeyPart>) -> Outcome<Vec<u8>> {
    let wanted = Extraction { parts, is_sparse: false };
    let keys = extract(document, &wanted).map_err(|trouble| match trouble {
        crate::key::Unindexable::ParallelArrays(..) => {
            bad_value("cannot sort with keys that are parallel arrays")
        }
        other @ crate::key::Unindexable::AmbiguousField(..) => unindexable(&other),
    })?;
    Ok(keys.keys.into_iter().next().unwrap_or_default())
}

impl Query {
    /// Parses a filter and a sort pattern, and plans the search.
    ///
    /// # Errors
    /// The filter or the pattern cannot be parsed, or the hint names no index.
    pub(crate) fn new(
        collection: &Collection,
        filter: &Document,
        sort: &Document,
        hint: &Hint,
    ) -> Outcome<Self> {
        let matcher = Matcher::parse(filter)?;
        if sort.len() == 1
            && let Some(direction) = sort.get("$natural")
        {
            let hint = Hint::Natural { is_reverse: is_direction(direction)? };
            return Self::planned(collection, matcher, Sort::default(), &hint);
        }
        Self::planned(collection, matcher, Sort::parse(sort)?, hint)
    }

    /// Plans the search for what a parsed filter lets through, in any order.
    ///
    /// # Errors
    /// The hint names no index, or the filter needs one that there is not.
    pub(crate) fn of_matcher(collection: &Collection, matcher: Matcher, hint: &Hint) -> Outcome<Self> {
        Self::planned(collection, matcher, Sort::default(), hint)
    }

    fn planned(collection: &Collection, matcher: Matcher, sort: Sort, hint: &Hint) -> Outcome<Self> {
        let paths = sort.paths();
        let plan = choose(collection, &Request { matcher: &matcher, sort: &paths, hint })?;
        Ok(Self { matcher, plan, sort })
    }

    /// Whether all matches have to be seen before the first can be told.
    pub(crate) fn is_blocking(&self) -> bool {
        (!self.sort.is_empty() && !self.plan.is_sorted)
            || (self.sort.is_empty() && self.matcher.near().is_some())
    }

    /// Whether a candidate is a match.
    pub(crate) fn accepts(&self, document: &RawDocument) -> Outcome<bool> {
        Ok(self.matcher.is_trivial() || self.matcher.matches(document)?)
    }

    /// Every match in the order asked for, after so many and up to so many.
    ///
    /// # Errors
    /// The filter fails on a document, or the sort holds too much.
    pub(crate) fn collect(
        &self,
        link: &Link,
        collection: &Collection,
        skip: u64,
        limit: Option<u64>,
    ) -> Outcome<(Vec<Found>, Statistics)> {
        let mut scan = Scan::new(&self.plan);
        if self.is_blocking() {
            let found =
                self.sorted(&mut scan, link, collection, limit.map(|limit| limit.saturating_add(skip)))?;
            let skip = usize::try_from(skip).unwrap_or(usize::MAX);
            return Ok((found.into_iter().skip(skip).collect(), scan.statistics));
        }
        let mut found = Vec::new();
        let mut to_skip = skip;
        if limit == Some(0) {
            return Ok((found, scan.statistics));
        }
        let limit = limit.and_then(|limit| usize::try_from(limit).ok());
        scan.run(link, collection, &mut |candidate| {
            if !self.accepts(candidate.document)? {
                return Ok(true);
            }
            if to_skip > 0 {
                to_skip -= 1;
                return Ok(true);
            }
            found.push(Found::of(candidate));
            Ok(limit.is_none_or(|limit| found.len() < limit))
        })?;
        Ok((found, scan.statistics))
    }

    /// The matches by their keys; the later of two equal ones stays behind.
    fn sorted(
        &self,
        scan: &mut Scan,
        link: &Link,
        collection: &Collection,
        limit: Option<u64>,
    ) -> Outcome<Vec<Found>> {
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let mut heap: BinaryHeap<Ranked> = BinaryHeap::new();
        let mut order = 0_u64;
        let mut size = 0_usize;
        scan.run(link, collection, &mut |candidate| {
            if !self.accepts(candidate.document)? {
                return Ok(true);
            }
            let key = self.rank(candidate)?;
            order += 1;
            if heap.len() >= limit && heap.peek().is_none_or(|last| last.key <= key) {
                return Ok(true);
            }
            size += candidate.document.as_bytes().len() + key.len();
            heap.push(Ranked { key, order, found: Found::of(candidate) });
            if heap.len() > limit
                && let Some(last) = heap.pop()
            {
                size -= last.found.document.as_bytes().len() + last.key.len();
            }
            if size > SORT_MEMORY_BYTES {
                return Err(too_much_to_sort().into());
            }
            Ok(true)
        })?;
        Ok(heap.into_sorted_vec().into_iter().map(|ranked| ranked.found).collect())
    }

    fn rank(&self, candidate: Candidate<'_>) -> Outcome<Vec<u8>> {
        if self.sort.is_empty()
            && let Some((path, near)) = self.matcher.near()
        {
            let distance = near.distance(DocRef::Raw(candidate.document), path).unwrap_or(f64::INFINITY);
            return Ok(key_of(bson::RawBsonRef::Double(distance)));
        }
        self.sort.key(candidate.document, candidate.score)
    }

    /// The rows of every match, in the order asked for.
    ///
    /// # Errors
    /// As [`Query::collect`].
    pub(crate) fn rows(&self, link: &Link, collection: &Collection, limit: Option<u64>) -> Outcome<Vec<i64>> {
        if self.is_blocking() || limit.is_some() {
            let (found, _) = self.collect(link, collection, 0, limit)?;
            return Ok(found.into_iter().map(|found| found.row).collect());
        }
        let mut rows = Vec::new();
        Scan::new(&self.plan).run(link, collection, &mut |candidate| {
            if self.accepts(candidate.document)? {
                rows.push(candidate.row);
            }
            Ok(true)
        })?;
        Ok(rows)
    }
}

fn too_much_to_sort() -> whimbrel_engine::document::Refusal {
    refuse(
        292,
        "QueryExceededMemoryLimitNoDiskUseAllowed",
        format!(
            "Executor error during find command :: caused by :: Sort exceeded memory limit of {SORT_MEMORY_BYTES} \
             bytes, but did not opt in to external sorting."
        ),
    )
}

impl Found {
    fn of(candidate: Candidate<'_>) -> Self {
        Self { row: candidate.row, document: candidate.document.to_owned(), score: candidate.score }
    }
}

/// A match with its place in the order.
struct Ranked {
    key: Vec<u8>,
    order: u64,
    found: Found,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key).then(self.order.cmp(&other.order))
    }
}
