//! Accumulators: what `$group`, `$bucket` and their kin compute over many documents.

use std::cmp::Ordering;
use std::collections::HashSet;

use bson::{Bson, Document};

use super::array::checked_count;
use super::parse::Parser;
use super::statistics_state::{Deviation, Total};
use super::{Expression, Frame, Value, shown, type_of};
use crate::refusal::{Result, at_location, not_implemented};
use crate::sort::SortKeys;
use crate::value::{DocRef, HashedKey, Number, ValueRef, compare, compare_bson};

/// The accumulators of one argument.
const SIMPLE: [&str; 12] = [
    "$sum",
    "$avg",
    "$min",
    "$max",
    "$first",
    "$last",
    "$push",
    "$addToSet",
    "$stdDevPop",
    "$stdDevSamp",
    "$mergeObjects",
    "$count",
];
/// The accumulators that keep so many values.
const COUNTED: [&str; 4] = ["$firstN", "$lastN", "$minN", "$maxN"];
/// The accumulators that keep the values of the documents at one end of an order.
const ORDERED: [&str; 4] = ["$top", "$bottom", "$topN", "$bottomN"];
/// Accumulators that MongoDB knows and this engine refuses by name.
const REFUSED: [&str; 5] = ["$accumulator", "$percentile", "$median", "$concatArrays", "$setUnion"];

/// A parsed accumulator of a group.
#[derive(Clone, Debug)]
pub(crate) struct Accumulator {
    name: &'static str,
    argument: Expression,
    count: Option<Expression>,
    order: Option<SortKeys>,
}

/// The names of all accumulators.
pub(crate) fn accumulator_names() -> impl Iterator<Item = &'static str> {
    SIMPLE.into_iter().chain(COUNTED).chain(ORDERED)
}

impl Accumulator {
    /// Parses `field: {$sum: "$x"}`.
    pub(crate) fn parse(parser: &Parser, field: &str, stated: &Bson) -> Result<Self> {
        let Bson::Document(document) = stated else {
            return Err(at_location(40234, format!("The field '{field}' must be an accumulator object")));
        };
        let mut entries = document.iter();
        let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
            return Err(at_location(40238, format!("The field '{field}' must specify one accumulator")));
        };
        if REFUSED.contains(&name.as_str()) {
            return Err(not_implemented(&format!("the accumulator {name}")));
        }
        let Some(name) = accumulator_names().find(|known| known == name) else {
            return Err(at_location(15952, format!("unknown group operator '{name}'")));
        };
        if SIMPLE.contains(&name) {
            return Self::parse_simple(parser, name, argument);
        }
        let Bson::Document(options) = argument else {
            return Err(at_location(
                if ORDERED.contains(&name) { 5_788_001 } else { 5_787_801 },
                format!(
                    "specification must be an object; found {name}: {}",
                    crate::value::show(argument.into())
                ),
            ));
        };
        let part = |key: &str, code| match options.get(key) {
            Some(value) => parser.parse(value),
            None => Err(at_location(code, format!("Missing value for '{key}'"))),
        };
        let counted = name.ends_with('N');
        let count = if counted { Some(part("n", 5_787_906)?) } else { None };
        if COUNTED.contains(&name) {
            return Ok(Accumulator { name, argument: part("input", 5_787_907)?, count, order: None });
        }
        let order = match options.get("sortBy") {
            Some(Bson::Document(keys)) => SortKeys::parse(keys)?,
            _ => return Err(at_location(5_788_005, "Missing value for 'sortBy'")),
        };
        Ok(Accumulator { name, argument: part("output", 5_788_004)?, count, order: Some(order) })
    }

    fn parse_simple(parser: &Parser, name: &'static str, argument: &Bson) -> Result<Self> {
        if name == "$count" {
            return match argument {
                Bson::Document(document) if document.is_empty() => Ok(Accumulator {
                    name,
                    argument: parser.parse(&Bson::Int32(1))?,
                    count: None,
                    order: None,
                }),
                _ => Err(crate::refusal::type_mismatch("$count takes no arguments, i.e. $count:{}")),
            };
        }
        if let Bson::Array(items) = argument {
            let [single] = items.as_slice() else {
                return Err(at_location(40237, format!("The {name} accumulator is a unary operator")));
            };
            return Ok(Accumulator { name, argument: parser.parse(single)?, count: None, order: None });
        }
        Ok(Accumulator { name, argument: parser.parse(argument)?, count: None, order: None })
    }

    /// The state before the first document of a group.
    ///
    /// # Errors
    /// A count that is none.
    pub(crate) fn state(&self, frame: Option<&Frame<'_>>) -> Result<AccumulatorState> {
        let empty = Document::new();
        let count = match &self.count {
            Some(count) => checked_count(&count.evaluate(DocRef::Parsed(&empty), frame)?)?,
            None => 1,
        };
        Ok(match self.name {
            "$firstN" => AccumulatorState::FirstN { count, items: Vec::new() },
            "$lastN" => AccumulatorState::LastN { count, items: Vec::new() },
            "$minN" => AccumulatorState::Extremes { count, largest: false, items: Vec::new() },
            "$maxN" => AccumulatorState::Extremes { count, largest: true, items: Vec::new() },
            "$top" | "$bottom" | "$topN" | "$bottomN" => AccumulatorState::Ordered {
                count,
                top: self.name.starts_with("$top"),
                many: self.name.ends_with('N'),
                items: Vec::new(),
            },
            name => AccumulatorState::simple(name),
        })
    }

    /// Adds a document.
    ///
    /// # Errors
    /// The argument cannot be evaluated, or the accumulator does not take it.
    pub(crate) fn accumulate(
        &self,
        state: &mut AccumulatorState,
        document: DocRef<'_>,
        frame: Option<&Frame<'_>>,
    ) -> Result<()> {
        // What is not asked for any more is not evaluated.
        match state {
            AccumulatorState::First(Some(_)) => return Ok(()),
            AccumulatorState::FirstN { count, items } if items.len() >= *count => return Ok(()),
            _ => {}
        }
        if self.order.is_none()
            && let Some(value) = self.argument.borrowed(document)
        {
            return state.add_borrowed(value);
        }
        let value = self.argument.evaluate(document, frame)?;
        match (&self.order, state) {
            (Some(order), AccumulatorState::Ordered { items, top, count, .. }) => {
                let key = order.key_of(document)?;
                items.push((key, value.unwrap_or(Bson::Null)));
                // Sorting only now and then keeps the work of a long group small.
                if items.len() > count.saturating_mul(2) + 64 {
                    trim_ordered(items, *top, *count);
                }
                Ok(())
            }
            (_, state) => state.add(value),
        }
    }

    /// The result of a group.
    pub(crate) fn finish(&self, state: AccumulatorState) -> Bson {
        match state {
            AccumulatorState::Ordered { count, top, many, mut items } => {
                trim_ordered(&mut items, top, count);
                let mut values = items.into_iter().map(|(_, value)| value);
                if many { Bson::Array(values.collect()) } else { values.next().unwrap_or(Bson::Null) }
            }
            state => state.finish().unwrap_or(Bson::Null),
        }
    }
}

fn trim_ordered(items: &mut Vec<(Vec<u8>, Bson)>, top: bool, count: usize) {
    items.sort_by(|left, right| left.0.cmp(&right.0));
    if top {
        items.truncate(count);
    } else {
        let skip = items.len().saturating_sub(count);
        items.drain(..skip);
    }
}

/// What an accumulator has seen so far.
#[derive(Debug)]
pub(crate) enum AccumulatorState {
    Sum(Total),
    Average {
        total: Total,
        count: i64,
    },
    /// The smallest or largest value.
    Extreme {
        largest: bool,
        value: Value,
    },
    First(Option<Value>),
    Last(Value),
    Push(Vec<Bson>),
    Set {
        seen: HashSet<HashedKey>,
        items: Vec<Bson>,
    },
    Deviation {
        sample: bool,
        deviation: Deviation,
    },
    Merge(Document),
    FirstN {
        count: usize,
        items: Vec<Bson>,
    },
    LastN {
        count: usize,
        items: Vec<Bson>,
    },
    Extremes {
        count: usize,
        largest: bool,
        items: Vec<Bson>,
    },
    Ordered {
        count: usize,
        top: bool,
        many: bool,
        items: Vec<(Vec<u8>, Bson)>,
    },
}

impl AccumulatorState {
    /// The state of an accumulator of one argument.
    pub(crate) fn simple(name: &str) -> Self {
        match name {
            "$avg" => AccumulatorState::Average { total: Total::default(), count: 0 },
            "$min" => AccumulatorState::Extreme { largest: false, value: None },
            "$max" => AccumulatorState::Extreme { largest: true, value: None },
            "$first" => AccumulatorState::First(None),
            "$last" => AccumulatorState::Last(None),
            "$push" => AccumulatorState::Push(Vec::new()),
            "$addToSet" => AccumulatorState::Set { seen: HashSet::new(), items: Vec::new() },
            "$stdDevPop" => AccumulatorState::Deviation { sample: false, deviation: Deviation::default() },
            "$stdDevSamp" => AccumulatorState::Deviation { sample: true, deviation: Deviation::default() },
            "$mergeObjects" => AccumulatorState::Merge(Document::new()),
            _ => AccumulatorState::Sum(Total::default()),
        }
    }

    /// Adds a value that stands in its document, and decodes it only where it is kept.
    fn add_borrowed(&mut self, value: Option<ValueRef<'_>>) -> Result<()> {
        match self {
            AccumulatorState::Sum(total) => total.extend(value.and_then(Number::of)),
            AccumulatorState::Average { total, count } => {
                let number = value.and_then(Number::of);
                *count += i64::from(number.is_some());
                total.extend(number);
            }
            AccumulatorState::Deviation { deviation, .. } => deviation.extend(value.and_then(Number::of)),
            AccumulatorState::Extreme { largest, value: best } => {
                let Some(value) =
                    value.filter(|value| !matches!(value, ValueRef::Null | ValueRef::Undefined))
                else {
                    return Ok(());
                };
                let better = if *largest { Ordering::Greater } else { Ordering::Less };
                if best.as_ref().is_none_or(|best| compare(value, best.into()) == better) {
                    *best = Some(value.to_bson());
                }
            }
            AccumulatorState::First(Some(_)) => {}
            _ => return self.add(value.map(ValueRef::to_bson)),
        }
        Ok(())
    }

    /// Adds a value.
    ///
    /// # Errors
    /// The accumulator does not take it.
    pub(crate) fn add(&mut self, value: Value) -> Result<()> {
        let number = value.as_ref().and_then(|value| Number::of(value.into()));
        match self {
            AccumulatorState::Sum(total) => total.extend(number),
            AccumulatorState::Average { total, count } => {
                *count += i64::from(number.is_some());
                total.extend(number);
            }
            AccumulatorState::Extreme { largest, value: best } => {
                if let Some(value) = value.filter(|value| !matches!(value, Bson::Null | Bson::Undefined)) {
                    let better = if *largest { Ordering::Greater } else { Ordering::Less };
                    if best.as_ref().is_none_or(|best| compare_bson(&value, best) == better) {
                        *best = Some(value);
                    }
                }
            }
            AccumulatorState::First(first) => {
                first.get_or_insert(value);
            }
            AccumulatorState::Last(last) => *last = value,
            AccumulatorState::Push(items) => items.extend(value),
            AccumulatorState::Set { seen, items } => {
                if let Some(value) = value
                    && seen.insert(HashedKey(value.clone()))
                {
                    items.push(value);
                }
            }
            AccumulatorState::Deviation { deviation, .. } => deviation.extend(number),
            AccumulatorState::Merge(merged) => match value {
                Some(Bson::Document(document)) => merged.extend(document),
                None | Some(Bson::Null | Bson::Undefined) => {}
                other => {
                    let (found, kind) = (shown(&other), type_of(&other));
                    return Err(at_location(
                        40400,
                        format!("$mergeObjects requires object inputs, but input {found} is of type {kind}"),
                    ));
                }
            },
            AccumulatorState::FirstN { count, items } => {
                if items.len() < *count {
                    items.push(value.unwrap_or(Bson::Null));
                }
            }
            AccumulatorState::LastN { count, items } => {
                items.push(value.unwrap_or(Bson::Null));
                if items.len() > *count {
                    items.remove(0);
                }
            }
            AccumulatorState::Extremes { count, largest, items } => {
                if let Some(value) = value.filter(|value| !matches!(value, Bson::Null | Bson::Undefined)) {
                    let at = items.partition_point(|known| {
                        let order = compare_bson(known, &value);
                        if *largest { order.is_ge() } else { order.is_le() }
                    });
                    items.insert(at, value);
                    items.truncate(*count);
                }
            }
            AccumulatorState::Ordered { .. } => {}
        }
        Ok(())
    }

    /// The result.
    pub(crate) fn finish(self) -> Value {
        match self {
            AccumulatorState::Sum(total) => Some(total.sum().to_bson()),
            AccumulatorState::Average { count: 0, .. } => Some(Bson::Null),
            AccumulatorState::Average { total, count } => Some(total.average(count)),
            AccumulatorState::Extreme { value, .. } => value,
            AccumulatorState::First(value) => value.flatten(),
            AccumulatorState::Last(value) => value,
            AccumulatorState::Push(items)
            | AccumulatorState::Set { items, .. }
            | AccumulatorState::FirstN { items, .. }
            | AccumulatorState::LastN { items, .. }
            | AccumulatorState::Extremes { items, .. } => Some(Bson::Array(items)),
            AccumulatorState::Deviation { sample, deviation } => Some(deviation.result(sample)),
            AccumulatorState::Merge(document) => Some(Bson::Document(document)),
            AccumulatorState::Ordered { items, .. } => {
                Some(Bson::Array(items.into_iter().map(|(_, value)| value).collect()))
            }
        }
    }
}
