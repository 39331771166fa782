//! Ranges of keys that hold every value a predicate accepts.

use bson::Bson;

use crate::key::{invert, key_of_bson, tag};
use crate::matcher::{Comparison, Node, Test};

/// An end of an interval, to be shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bound {
    pub(crate) value: Bson,
    pub(crate) is_included: bool,
}

/// A range of one part's ascending keys: from the lower, included, to the upper, excluded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Interval {
    pub(crate) low: Vec<u8>,
    pub(crate) high: Vec<u8>,
    /// Whether it holds one value alone.
    pub(crate) is_point: bool,
    pub(crate) from: Bound,
    pub(crate) to: Bound,
}

/// What a conjunct says of one path.
#[derive(Clone, Debug)]
pub(crate) struct Predicate {
    /// Ordered, without overlap. None where the predicate only says that the path is there.
    pub(crate) intervals: Option<Vec<Interval>>,
    /// Whether a document without the path may pass.
    pub(crate) accepts_missing: bool,
}

impl Interval {
    /// Every value.
    pub(crate) fn everything() -> Self {
        Self {
            low: vec![tag::MIN_KEY],
            high: vec![tag::MAX_KEY + 1],
            is_point: false,
            from: Bound { value: Bson::MinKey, is_included: true },
            to: Bound { value: Bson::MaxKey, is_included: true },
        }
    }

    fn point(value: &Bson) -> Option<Self> {
        let low = key_of_bson(value)?;
        let bound = Bound { value: value.clone(), is_included: true };
        Some(Self { high: successor(&low), low, is_point: true, from: bound.clone(), to: bound })
    }

    /// Null and what is missing. An empty array leaves `undefined` behind, and may hide a missing path.
    fn null() -> Self {
        let bound = |value| Bound { value, is_included: true };
        Self {
            low: vec![tag::UNDEFINED],
            high: vec![tag::NULL + 1],
            is_point: false,
            from: bound(Bson::Undefined),
            to: bound(Bson::Null),
        }
    }

    /// What is in both.
    fn intersection(&self, other: &Self) -> Option<Self> {
        let (low, from) =
            if self.low >= other.low { (&self.low, &self.from) } else { (&other.low, &other.from) };
        let (high, to) =
            if self.high <= other.high { (&self.high, &self.to) } else { (&other.high, &other.to) };
        (low < high).then(|| Self {
            low: low.clone(),
            high: high.clone(),
            is_point: self.is_point || other.is_point,
            from: from.clone(),
            to: to.clone(),
        })
    }

    /// The same range where larger values come first.
    pub(crate) fn descending(&self) -> Self {
        let inverted = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            invert(&mut bytes);
            successor(&bytes)
        };
        Self {
            low: inverted(&self.high),
            high: inverted(&self.low),
            is_point: self.is_point,
            from: self.to.clone(),
            to: self.from.clone(),
        }
    }
}

/// The least bytes above everything that begins with these.
pub(crate) fn successor(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(last) = bytes.pop() {
        if last < 0xff {
            bytes.push(last + 1);
            return bytes;
        }
    }
    // Keys begin with a type byte, which is neither 0xff nor becomes it.
    vec![0xff]
}

/// What is in both lists.
pub(crate) fn intersect(left: &[Interval], right: &[Interval]) -> Vec<Interval> {
    let mut both: Vec<Interval> =
        left.iter().flat_map(|one| right.iter().filter_map(|other| one.intersection(other))).collect();
    both.sort_by(|one, other| one.low.cmp(&other.low));
    both
}

/// What a test says of the values that it accepts.
pub(crate) fn predicate(test: &Test) -> Option<Predicate> {
    match test {
        Test::Compare(comparison, value) => comparison_predicate(*comparison, value),
        Test::In(list) if !list.has_patterns() => in_predicate(list.values()),
        Test::Exists => Some(Predicate { intervals: None, accepts_missing: false }),
        Test::Regex(pattern) => {
            let prefix = pattern.literal_prefix().filter(|prefix| !prefix.contains('\0'));
            let intervals = prefix.map(|prefix| regex_intervals(prefix, pattern.source()));
            Some(Predicate { intervals, accepts_missing: false })
        }
        Test::ElementValue(tests) => element_predicate(tests),
        _ => None,
    }
}

/// Tests that one element passes together.
fn element_predicate(tests: &[Node]) -> Option<Predicate> {
    let mut together: Option<Vec<Interval>> = None;
    for node in tests {
        let Node::Field { test, .. } = node else { continue };
        let Some(Predicate { intervals: Some(intervals), .. }) = predicate(test) else { continue };
        together = Some(match together {
            Some(known) => intersect(&known, &intervals),
            None => intervals,
        });
    }
    // Null in an element is a key of its own, yet the array itself stands in the way of a missing path.
    Some(Predicate { intervals: together, accepts_missing: false })
}

fn comparison_predicate(comparison: Comparison, value: &Bson) -> Option<Predicate> {
    let present =
        |interval: Interval| Some(Predicate { intervals: Some(vec![interval]), accepts_missing: false });
    match value {
        // An array is found by its elements, or as an element; the two have different keys.
        Bson::Array(_) | Bson::Undefined | Bson::MinKey | Bson::MaxKey | Bson::RegularExpression(_) => None,
        Bson::Null => match comparison {
            Comparison::Equal | Comparison::LessOrEqual | Comparison::GreaterOrEqual => {
                Some(Predicate { intervals: Some(vec![Interval::null()]), accepts_missing: true })
            }
            Comparison::Less | Comparison::Greater => None,
        },
        _ if comparison == Comparison::Equal => present(Interval::point(value)?),
        _ => present(bracket(comparison, value)?),
    }
}

/// The values of the same type on one side of another.
fn bracket(comparison: Comparison, value: &Bson) -> Option<Interval> {
    let key = key_of_bson(value)?;
    let kind = *key.first()?;
    let (least, most) = ends_of_type(value);
    let at = |is_included| Bound { value: value.clone(), is_included };
    let (low, high, from, to) = match comparison {
        Comparison::Less => (vec![kind], key, least, at(false)),
        Comparison::LessOrEqual => (vec![kind], successor(&key), least, at(true)),
        Comparison::Greater => (successor(&key), vec![kind + 1], at(false), most),
        Comparison::GreaterOrEqual => (key, vec![kind + 1], at(true), most),
        Comparison::Equal => return Interval::point(value),
    };
    (low < high).then_some(Interval { low, high, is_point: false, from, to })
}

/// The ends of a type, as they are shown.
fn ends_of_type(value: &Bson) -> (Bound, Bound) {
    let included = |value| Bound { value, is_included: true };
    let excluded = |value| Bound { value, is_included: false };
    match value {
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
            (included(Bson::Double(f64::NEG_INFINITY)), included(Bson::Double(f64::INFINITY)))
        }
        Bson::String(_) | Bson::Symbol(_) => {
            (included(Bson::String(String::new())), excluded(Bson::Document(bson::Document::new())))
        }
        Bson::DateTime(_) => {
            (included(Bson::DateTime(bson::DateTime::MIN)), included(Bson::DateTime(bson::DateTime::MAX)))
        }
        Bson::Boolean(_) => (included(Bson::Boolean(false)), included(Bson::Boolean(true))),
        _ => (included(Bson::MinKey), included(Bson::MaxKey)),
    }
}

fn in_predicate(values: &[Bson]) -> Option<Predicate> {
    let mut intervals = Vec::with_capacity(values.len());
    let mut accepts_missing = false;
    for value in values {
        let one = comparison_predicate(Comparison::Equal, value)?;
        accepts_missing |= one.accepts_missing;
        intervals.extend(one.intervals?);
    }
    intervals.sort_by(|one, other| one.low.cmp(&other.low));
    intervals.dedup_by(|one, other| one.low == other.low);
    Some(Predicate { intervals: Some(intervals), accepts_missing })
}

/// Texts that begin with a prefix, and the regular expressions that are values themselves.
fn regex_intervals(prefix: &str, source: &str) -> Vec<Interval> {
    let mut low = vec![tag::STRING];
    low.extend_from_slice(prefix.as_bytes());
    let high = successor(&low);
    let above = successor(prefix.as_bytes());
    let above = String::from_utf8_lossy(&above).into_owned();
    let regex = Bson::String(format!("/{source}/"));
    vec![
        Interval {
            low,
            high,
            is_point: false,
            from: Bound { value: Bson::String(prefix.to_owned()), is_included: true },
            to: Bound { value: Bson::String(above), is_included: false },
        },
        Interval {
            low: vec![tag::REGEX],
            high: vec![tag::REGEX + 1],
            is_point: false,
            from: Bound { value: regex.clone(), is_included: true },
            to: Bound { value: regex, is_included: true },
        },
    ]
}
