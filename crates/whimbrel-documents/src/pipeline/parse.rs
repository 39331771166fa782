//! Parsing pipelines.

use bson::{Bson, Document, doc};

use super::bucket::{BucketAuto, parse_bucket, parse_sort_by_count};
use super::geo_near::GeoNear;
use super::group::Group;
use super::lookup::Lookup;
use super::merge::Merge;
use super::transform::Transform;
use super::unwind::Unwind;
use super::{Pipeline, Stage};
use crate::expression::Parser;
use crate::matcher::Matcher;
use crate::matcher::exact_integer;
use crate::refusal::{Refusal, Result, at_location, failed_to_parse, not_implemented, refuse, type_mismatch};
use crate::sort::SortKeys;
use crate::value::{Number, show, type_name};

/// Where a pipeline stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    Facet,
    /// Inside a `$lookup` or `$unionWith`.
    Inner,
}

/// The stages that this engine runs.
pub(crate) const STAGES: [&str; 26] = [
    "$match",
    "$project",
    "$set",
    "$addFields",
    "$unset",
    "$replaceRoot",
    "$replaceWith",
    "$sort",
    "$skip",
    "$limit",
    "$count",
    "$group",
    "$bucket",
    "$bucketAuto",
    "$sortByCount",
    "$unwind",
    "$lookup",
    "$facet",
    "$sample",
    "$unionWith",
    "$geoNear",
    "$indexStats",
    "$collStats",
    "$out",
    "$merge",
    "$comment",
];
/// The stages that MongoDB knows and this engine refuses by name.
pub(crate) const REFUSED_STAGES: [&str; 19] = [
    "$changeStream",
    "$changeStreamSplitLargeEvent",
    "$currentOp",
    "$densify",
    "$documents",
    "$fill",
    "$graphLookup",
    "$listLocalSessions",
    "$listSearchIndexes",
    "$listSessions",
    "$planCacheStats",
    "$queryStats",
    "$querySettings",
    "$rankFusion",
    "$redact",
    "$search",
    "$searchMeta",
    "$setWindowFields",
    "$vectorSearch",
];

/// Whether MongoDB has a stage of this name.
pub(crate) fn known_stage(name: &str) -> bool {
    (STAGES.contains(&name) && name != "$comment") || REFUSED_STAGES.contains(&name)
}

/// Refuses a pipeline with a stage that is none, as the server does before it looks at anything else.
///
/// # Errors
/// A stage has a name that MongoDB does not know.
pub(crate) fn check_stage_names(stages: &[Bson]) -> Result<()> {
    let names = stages.iter().filter_map(Bson::as_document).filter_map(|stage| stage.keys().next());
    match names.into_iter().find(|name| !known_stage(name)) {
        Some(name) => Err(unknown_stage(name)),
        None => Ok(()),
    }
}

/// The refusal of a stage that is none.
pub(crate) fn unknown_stage(name: &str) -> Refusal {
    at_location(40324, format!("Unrecognized pipeline stage name: '{name}'"))
}

/// Parses the stages of a pipeline.
pub(super) fn parse_pipeline(parser: &Parser, stages: &[Bson], place: Place) -> Result<Pipeline> {
    let mut parsed = Vec::with_capacity(stages.len());
    for (at, stage) in stages.iter().enumerate() {
        let Bson::Document(stage) = stage else {
            return Err(type_mismatch("Each element of the 'pipeline' array must be an object"));
        };
        let mut entries = stage.iter();
        let (Some((name, argument)), None) = (entries.next(), entries.next()) else {
            return Err(at_location(
                40323,
                "A pipeline stage specification object must contain exactly one field.",
            ));
        };
        check_place(name, at, stages.len(), place)?;
        parse_stage(parser, name, argument, &mut parsed)?;
    }
    Ok(Pipeline { stages: parsed })
}

fn check_place(name: &str, at: usize, count: usize, place: Place) -> Result<()> {
    let writes = matches!(name, "$out" | "$merge");
    let first_only = matches!(name, "$geoNear" | "$indexStats" | "$collStats");
    if place == Place::Facet && (writes || first_only || name == "$facet") {
        return Err(at_location(40600, format!("{name} is not allowed to be used within a $facet stage")));
    }
    if place == Place::Inner && writes {
        return Err(at_location(51047, format!("{name} is not allowed to be used within a $lookup stage")));
    }
    if writes && at + 1 < count {
        return Err(at_location(40601, format!("{name} can only be the final stage in the pipeline")));
    }
    if first_only && at > 0 {
        return Err(at_location(40602, format!("{name} is only valid as the first stage in a pipeline")));
    }
    Ok(())
}

fn parse_stage(parser: &Parser, name: &str, argument: &Bson, stages: &mut Vec<Stage>) -> Result<()> {
    if let Some(transform) = Transform::parse(parser, name, argument)? {
        stages.push(Stage::Transform(transform));
        return Ok(());
    }
    let stage = match name {
        "$match" => parse_match(parser, argument)?,
        "$sort" => match argument {
            Bson::Document(keys) => Stage::Sort(SortKeys::parse(keys)?),
            _ => return Err(at_location(15973, "the $sort key specification must be an object")),
        },
        "$skip" => Stage::Skip(parse_amount("$skip", argument, 5_107_200)?),
        "$limit" => match parse_amount("$limit", argument, 5_107_201)? {
            0 => return Err(at_location(15958, "the limit must be positive")),
            limit => Stage::Limit(limit),
        },
        "$count" => Stage::Count(parse_count(argument)?),
        "$group" => Stage::Group(Group::parse(parser, argument)?),
        "$bucket" => {
            stages.push(Stage::Group(parse_bucket(parser, argument)?));
            Stage::Sort(SortKeys::parse(&doc! { "_id": 1 })?)
        }
        "$sortByCount" => {
            stages.push(Stage::Group(parse_sort_by_count(parser, argument)?));
            Stage::Sort(SortKeys::parse(&doc! { "count": -1 })?)
        }
        "$bucketAuto" => Stage::BucketAuto(BucketAuto::parse(parser, argument)?),
        "$unwind" => Stage::Unwind(Unwind::parse(argument)?),
        "$lookup" => Stage::Lookup(Box::new(Lookup::parse(parser, argument)?)),
        "$facet" => Stage::Facet(parse_facet(parser, argument)?),
        "$sample" => Stage::Sample(parse_sample(argument)?),
        "$unionWith" => parse_union(parser, argument)?,
        "$geoNear" => Stage::GeoNear(Box::new(GeoNear::parse(argument)?)),
        "$indexStats" => match argument {
            Bson::Document(options) if options.is_empty() => Stage::IndexStats,
            _ => {
                return Err(at_location(
                    28803,
                    "The $indexStats stage specification must be an empty object",
                ));
            }
        },
        "$collStats" => Stage::CollStats(parse_coll_stats(argument)?),
        "$out" => parse_out(argument)?,
        "$merge" => Stage::Merge(Box::new(Merge::parse(parser, argument)?)),
        _ if REFUSED_STAGES.contains(&name) => return Err(not_implemented(&format!("the stage {name}"))),
        _ => return Err(unknown_stage(name)),
    };
    stages.push(stage);
    Ok(())
}

fn parse_match(parser: &Parser, argument: &Bson) -> Result<Stage> {
    let Bson::Document(filter) = argument else {
        return Err(at_location(15959, "the match filter must be an expression in an object"));
    };
    if filter.contains_key("$where") {
        return Err(crate::refusal::bad_value("$where is not allowed in this context"));
    }
    let matcher = Matcher::parse_with(filter, parser)?;
    if matcher.near().is_some() {
        return Err(at_location(
            5_626_500,
            "$geoNear, $near, and $nearSphere are not allowed in this context, as these operators require sorting geospatial data. If you do not need sort, consider using $geoWithin instead.",
        ));
    }
    Ok(Stage::Match(matcher))
}

fn parse_amount(name: &str, argument: &Bson, code: i32) -> Result<u64> {
    let shown = format!("{name}: {}", show(argument.into()));
    let refuse = |what: String| at_location(code, format!("invalid argument to {name} stage: {what}"));
    let whole = exact_integer(argument.into(), &shown).map_err(refuse)?;
    u64::try_from(whole).map_err(|_| refuse(format!("Expected a non-negative number in: {shown}")))
}

fn parse_count(argument: &Bson) -> Result<String> {
    match argument {
        Bson::String(name) if name.is_empty() => {
            Err(at_location(40157, "the count field must be a non-empty string"))
        }
        Bson::String(name) if name.starts_with('$') => {
            Err(at_location(40158, "the count field cannot be a $-prefixed path"))
        }
        Bson::String(name) if name.contains('.') => {
            Err(at_location(40160, "the count field cannot contain '.'"))
        }
        Bson::String(name) => Ok(name.clone()),
        _ => Err(at_location(40156, "the count field must be a non-empty string")),
    }
}

fn parse_facet(parser: &Parser, argument: &Bson) -> Result<Vec<(String, Pipeline)>> {
    let branches = match argument {
        Bson::Document(branches) if !branches.is_empty() => branches,
        other => {
            let found = show(other.into());
            return Err(at_location(
                40169,
                format!("the $facet specification must be a non-empty object, but found: $facet: {found}"),
            ));
        }
    };
    let parse = |(name, stages): (&String, &Bson)| {
        crate::expression::field_path(name)?;
        let Bson::Array(stages) = stages else {
            let found = type_name(stages.into());
            return Err(at_location(
                40170,
                format!("arguments to $facet must be arrays, {name} is type {found}"),
            ));
        };
        Ok((name.clone(), parse_pipeline(parser, stages, Place::Facet)?))
    };
    branches.iter().map(parse).collect()
}

fn parse_sample(argument: &Bson) -> Result<usize> {
    let Bson::Document(options) = argument else {
        return Err(at_location(28745, "the $sample stage specification must be an object"));
    };
    if let Some(key) = options.keys().find(|key| *key != "size") {
        return Err(at_location(28748, format!("unrecognized option to $sample: {key}")));
    }
    let Some(size) = options.get("size") else {
        return Err(at_location(28749, "$sample stage must specify a size"));
    };
    let number = Number::of(size.into())
        .ok_or_else(|| at_location(28746, "size argument to $sample must be a number"))?;
    Some(number.saturated())
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0)
        .ok_or_else(|| at_location(28747, "size argument to $sample must be a positive integer"))
}

/// The refusal of a field that a stage does not have.
pub(super) fn unknown_field(stage: &str, key: &str) -> Refusal {
    refuse(40415, "IDLUnknownField", format!("BSON field '{stage}.{key}' is an unknown field."))
}

/// The refusal of a field that is missing.
pub(super) fn missing_field(stage: &str, key: &str) -> Refusal {
    refuse(40414, "IDLFailedToParse", format!("BSON field '{stage}.{key}' is missing but a required field"))
}

fn parse_union(parser: &Parser, argument: &Bson) -> Result<Stage> {
    match argument {
        Bson::String(collection) => {
            Ok(Stage::UnionWith { collection: collection.clone(), pipeline: Pipeline { stages: Vec::new() } })
        }
        Bson::Document(options) => {
            if let Some(key) = options.keys().find(|key| !["coll", "pipeline"].contains(&key.as_str())) {
                return Err(unknown_field("$unionWith", key));
            }
            let Some(Bson::String(collection)) = options.get("coll") else {
                return Err(not_implemented("$unionWith without a collection"));
            };
            let pipeline = match options.get("pipeline") {
                None => Pipeline { stages: Vec::new() },
                Some(Bson::Array(stages)) => parse_pipeline(parser, stages, Place::Inner)?,
                Some(_) => return Err(type_mismatch("A pipeline must be an array of objects")),
            };
            Ok(Stage::UnionWith { collection: collection.clone(), pipeline })
        }
        other => Err(failed_to_parse(format!(
            "the $unionWith stage specification must be an object or string, but found {}",
            type_name(other.into())
        ))),
    }
}

fn parse_coll_stats(argument: &Bson) -> Result<Document> {
    let Bson::Document(options) = argument else {
        return Err(at_location(
            5_447_000,
            format!("$collStats must take a nested object but found: $collStats: {}", show(argument.into())),
        ));
    };
    match options
        .keys()
        .find(|key| !["latencyStats", "storageStats", "count", "queryExecStats"].contains(&key.as_str()))
    {
        Some(key) => Err(unknown_field("$collStats", key)),
        None => Ok(options.clone()),
    }
}

fn parse_out(argument: &Bson) -> Result<Stage> {
    match argument {
        Bson::String(collection) => Ok(Stage::Out { database: None, collection: collection.clone() }),
        Bson::Document(options) => {
            if options.contains_key("timeseries") {
                return Err(not_implemented("the option timeseries of $out"));
            }
            match (options.get("db"), options.get("coll")) {
                (Some(Bson::String(database)), Some(Bson::String(collection))) => {
                    Ok(Stage::Out { database: Some(database.clone()), collection: collection.clone() })
                }
                (None, _) => Err(missing_field("$out", "db")),
                _ => Err(missing_field("$out", "coll")),
            }
        }
        other => {
            let found = type_name(other.into());
            Err(at_location(
                16990,
                format!("$out only supports a string or object argument, but found {found}"),
            ))
        }
    }
}
