//! `$bucket`, `$bucketAuto` and `$sortByCount`.

use bson::{Bson, Document, doc};

use super::Records;
use super::group::{Group, finish, new_states, parse_fields};
use crate::expression::{Accumulator, Expression, Frame, Parser};
use crate::refusal::{Result, at_location, not_implemented};
use crate::value::{Number, ValueRef, canonical_rank, compare_bson, show, type_name};

/// Whether a value can be an expression: a path, or an operator.
fn is_expression(value: &Bson) -> bool {
    match value {
        Bson::String(path) => path.starts_with('$'),
        Bson::Document(document) => document.keys().next().is_some_and(|key| key.starts_with('$')),
        _ => false,
    }
}

/// The group of a `$sortByCount`.
pub(super) fn parse_sort_by_count(parser: &Parser, argument: &Bson) -> Result<Group> {
    match argument {
        Bson::Document(document) if document.len() != 1 || !is_expression(argument) => {
            return Err(at_location(
                40147,
                "the sortByCount field must be defined as a $-prefixed path or an expression inside an object",
            ));
        }
        Bson::String(path) if !path.starts_with('$') => {
            return Err(at_location(
                40148,
                "the sortByCount field must be defined as a $-prefixed path or an expression inside an object",
            ));
        }
        Bson::Document(_) | Bson::String(_) => {}
        _ => {
            return Err(at_location(
                40149,
                "the sortByCount field must be specified as a string or as an object",
            ));
        }
    }
    Group::parse(parser, &Bson::Document(doc! { "_id": argument.clone(), "count": { "$sum": 1 } }))
}

fn output_or_count(output: Option<&Bson>, name: &str, code: i32) -> Result<Document> {
    match output {
        None => Ok(doc! { "count": { "$sum": 1 } }),
        Some(Bson::Document(output)) => Ok(output.clone()),
        Some(other) => {
            let found = type_name(other.into());
            Err(at_location(
                code,
                format!("The {name} 'output' field must be an object, but found type: {found}."),
            ))
        }
    }
}

/// The group of a `$bucket`: its key is the lower boundary that a value reaches.
pub(super) fn parse_bucket(parser: &Parser, argument: &Bson) -> Result<Group> {
    let Bson::Document(options) = argument else {
        let found = type_name(argument.into());
        return Err(at_location(
            40201,
            format!("Argument to $bucket stage must be an object, but found type: {found}."),
        ));
    };
    if let Some(key) =
        options.keys().find(|key| !["groupBy", "boundaries", "default", "output"].contains(&key.as_str()))
    {
        return Err(at_location(40197, format!("Unrecognized option to $bucket: {key}.")));
    }
    if let Some(by) = options.get("groupBy").filter(|by| !is_expression(by)) {
        let found = show(by.into());
        return Err(at_location(
            40202,
            format!(
                "The $bucket 'groupBy' field must be defined as a $-prefixed path or an expression, but found: {found}."
            ),
        ));
    }
    let boundaries = options.get("boundaries").map(|stated| parse_boundaries(parser, stated)).transpose()?;
    let (Some(by), Some(boundaries)) = (options.get("groupBy"), boundaries) else {
        return Err(at_location(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified."));
    };
    let literal = |value: &Bson| Bson::Document(doc! { "$literal": value.clone() });
    let mut branches = Vec::with_capacity(boundaries.len());
    for pair in boundaries.windows(2) {
        let at_least = doc! { "$gte": [by.clone(), literal(&pair[0])] };
        let below = doc! { "$lt": [by.clone(), literal(&pair[1])] };
        branches.push(doc! { "case": { "$and": [at_least, below] }, "then": literal(&pair[0]) });
    }
    let mut switch = doc! { "branches": branches };
    if let Some(default) = options.get("default") {
        let Some(default) = parser.parse(default)?.constant()? else {
            let found = show(default.into());
            return Err(at_location(
                40195,
                format!("The $bucket 'default' field must be a constant expression, but found: {found}."),
            ));
        };
        check_default(&default, &boundaries)?;
        switch.insert("default", literal(&default));
    }
    let mut group = doc! { "_id": { "$switch": switch } };
    group.extend(output_or_count(options.get("output"), "$bucket", 40196)?);
    Group::parse(parser, &Bson::Document(group))
}

fn check_default(default: &Bson, boundaries: &[Bson]) -> Result<()> {
    let (Some(first), Some(last)) = (boundaries.first(), boundaries.last()) else { return Ok(()) };
    if compare_bson(default, first).is_ge() && compare_bson(default, last).is_lt() {
        return Err(at_location(
            40199,
            "The $bucket 'default' field must be less than the lowest boundary or greater than or equal to the highest boundary.",
        ));
    }
    Ok(())
}

fn parse_boundaries(parser: &Parser, value: &Bson) -> Result<Vec<Bson>> {
    let Bson::Array(stated) = value else {
        let found = type_name(value.into());
        return Err(at_location(
            40200,
            format!("The $bucket 'boundaries' field must be an array, but found type: {found}."),
        ));
    };
    if stated.len() < 2 {
        let count = stated.len();
        return Err(at_location(
            40192,
            format!(
                "The $bucket 'boundaries' field must have at least 2 values, but found {count} value(s)."
            ),
        ));
    }
    let mut boundaries = Vec::with_capacity(stated.len());
    for value in stated {
        boundaries.push(parser.parse(value)?.constant()?.ok_or_else(|| {
            let found = show(value.into());
            at_location(
                40191,
                format!("The $bucket 'boundaries' field must be an array of constant values, but found value: {found}."),
            )
        })?);
    }
    for (at, pair) in boundaries.windows(2).enumerate() {
        let (left, right) = (ValueRef::from(&pair[0]), ValueRef::from(&pair[1]));
        if canonical_rank(left) != canonical_rank(right) {
            let (left, right) = (type_name(left), type_name(right));
            return Err(at_location(
                40193,
                format!(
                    "All values in the the 'boundaries' option to $bucket must have the same type. Found conflicting types {left} and {right}."
                ),
            ));
        }
        if compare_bson(&pair[0], &pair[1]).is_ge() {
            let (left, right) = (show(left), show(right));
            return Err(at_location(
                40194,
                format!(
                    "The 'boundaries' option to $bucket must be sorted, but elements {at} and {} are not in ascending order ({left} is not less than {right}).",
                    at + 1
                ),
            ));
        }
    }
    Ok(boundaries)
}

/// A parsed `$bucketAuto`.
#[derive(Clone, Debug)]
pub(crate) struct BucketAuto {
    by: Expression,
    buckets: usize,
    fields: Vec<(String, Accumulator)>,
}

impl BucketAuto {
    /// Parses `{groupBy, buckets, output}`.
    pub(super) fn parse(parser: &Parser, argument: &Bson) -> Result<Self> {
        let Bson::Document(options) = argument else {
            let found = type_name(argument.into());
            return Err(at_location(
                40240,
                format!("The argument to $bucketAuto must be an object, but found type: {found}"),
            ));
        };
        if options.contains_key("granularity") {
            return Err(not_implemented("the granularity of $bucketAuto"));
        }
        if let Some(key) =
            options.keys().find(|key| !["groupBy", "buckets", "output"].contains(&key.as_str()))
        {
            return Err(at_location(40245, format!("Unrecognized option to $bucketAuto: {key}")));
        }
        let (Some(by), Some(buckets)) = (options.get("groupBy"), options.get("buckets")) else {
            return Err(at_location(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified"));
        };
        if !is_expression(by) {
            let found = show(by.into());
            return Err(at_location(
                40239,
                format!(
                    "The $bucketAuto 'groupBy' field must be defined as a $-prefixed path or an expression object, but found: {found}"
                ),
            ));
        }
        let number = Number::of(buckets.into()).ok_or_else(|| {
            let found = type_name(buckets.into());
            at_location(
                40241,
                format!("The $bucketAuto 'buckets' field must be a numeric value, but found type: {found}"),
            )
        })?;
        let whole = number.as_exact_i64().filter(|whole| i32::try_from(*whole).is_ok()).ok_or_else(|| {
            at_location(
                40242,
                format!(
                    "The $bucketAuto 'buckets' field must be representable as a 32-bit integer, but found {}",
                    show(buckets.into())
                ),
            )
        })?;
        let count = usize::try_from(whole).ok().filter(|count| *count > 0).ok_or_else(|| {
            at_location(
                40243,
                format!("The $bucketAuto 'buckets' field must be greater than 0, but found: {whole}"),
            )
        })?;
        let output = output_or_count(options.get("output"), "$bucketAuto", 40244)?;
        Ok(BucketAuto { by: parser.parse(by)?, buckets: count, fields: parse_fields(parser, &output)? })
    }

    /// Sorts records into buckets of about the same size; equal values stay together.
    pub(super) fn run(&self, records: Records<'_>, frame: Option<&Frame<'_>>) -> Result<Vec<Document>> {
        let mut keyed = Vec::new();
        for record in records {
            let record = record?;
            keyed.push((self.by.evaluate(record.as_doc(), frame)?.unwrap_or(Bson::Null), record));
        }
        keyed.sort_by(|left, right| compare_bson(&left.0, &right.0));
        let size =
            (keyed.len() / self.buckets + usize::from(keyed.len() % self.buckets * 2 >= self.buckets)).max(1);
        let mut buckets: Vec<(Bson, Bson, Vec<_>)> = Vec::new();
        let mut filled = 0;
        for (key, record) in &keyed {
            let same = buckets.last().is_some_and(|(_, max, _)| compare_bson(max, key).is_eq());
            if buckets.is_empty() || (filled >= size && !same && buckets.len() < self.buckets) {
                buckets.push((key.clone(), key.clone(), new_states(&self.fields, frame)?));
                filled = 0;
            }
            let Some((_, max, states)) = buckets.last_mut() else { break };
            max.clone_from(key);
            for ((_, accumulator), state) in self.fields.iter().zip(states) {
                accumulator.accumulate(state, record.as_doc(), frame)?;
            }
            filled += 1;
        }
        // A bucket ends where the next begins; the last one holds its own maximum.
        let starts: Vec<Bson> = buckets.iter().skip(1).map(|(min, _, _)| min.clone()).collect();
        let mut starts = starts.into_iter();
        Ok(buckets
            .into_iter()
            .map(|(min, max, states)| {
                let id = doc! { "min": min, "max": starts.next().unwrap_or(max) };
                finish(Bson::Document(id), &self.fields, states)
            })
            .collect())
    }
}
