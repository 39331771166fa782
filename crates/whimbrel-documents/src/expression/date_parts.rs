//! The parts of a date: `$year`, `$dayOfWeek`, `$dateToParts`, and putting one together.

use bson::{Bson, doc};
use jiff::civil;

use super::arithmetic::number_of;
use super::calendar::{Local, overflow, zone};
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, is_true, shown, type_of};
use crate::refusal::{Result, at_location};

const PART: Arguments = Arguments::NamedOrPlain(
    &[("date", true), ("timezone", false)],
    Codes { not_object: 40536, unknown: 40535, missing: 40539 },
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$year", arguments: PART, apply: part },
    Function { name: "$month", arguments: PART, apply: part },
    Function { name: "$dayOfMonth", arguments: PART, apply: part },
    Function { name: "$dayOfWeek", arguments: PART, apply: part },
    Function { name: "$dayOfYear", arguments: PART, apply: part },
    Function { name: "$hour", arguments: PART, apply: part },
    Function { name: "$minute", arguments: PART, apply: part },
    Function { name: "$second", arguments: PART, apply: part },
    Function { name: "$millisecond", arguments: PART, apply: part },
    Function { name: "$week", arguments: PART, apply: part },
    Function { name: "$isoWeek", arguments: PART, apply: part },
    Function { name: "$isoWeekYear", arguments: PART, apply: part },
    Function { name: "$isoDayOfWeek", arguments: PART, apply: part },
    Function {
        name: "$dateToParts",
        arguments: Arguments::Named(
            &[("date", true), ("timezone", false), ("iso8601", false)],
            Codes { not_object: 40524, unknown: 40520, missing: 40522 },
        ),
        apply: to_parts,
    },
    Function {
        name: "$dateFromParts",
        arguments: Arguments::Named(
            &[
                ("year", false),
                ("month", false),
                ("day", false),
                ("hour", false),
                ("minute", false),
                ("second", false),
                ("millisecond", false),
                ("timezone", false),
            ],
            Codes { not_object: 40519, unknown: 40518, missing: 40516 },
        ),
        apply: from_parts,
    },
];

/// The milliseconds of a value that is a date, or holds one.
pub(super) fn millis_of(value: &Value) -> Result<Option<i64>> {
    match value {
        Some(Bson::DateTime(date)) => Ok(Some(date.timestamp_millis())),
        Some(Bson::Timestamp(timestamp)) => Ok(Some(i64::from(timestamp.time) * 1000)),
        Some(Bson::ObjectId(id)) => Ok(Some(id.timestamp().timestamp_millis())),
        value if is_nullish(value) => Ok(None),
        value => Err(at_location(16006, format!("can't convert from BSON type {} to Date", type_of(value)))),
    }
}

/// The date of two arguments, seen in the zone of the second.
pub(super) fn local(date: &Value, timezone: &Value) -> Result<Option<Local>> {
    let given = timezone.is_some();
    let Some(millis) = millis_of(date)? else { return Ok(None) };
    let Some(zone) = zone(timezone, given)? else { return Ok(None) };
    Ok(Some(Local::at(millis, zone)))
}

/// The week of the year, counted from the first Sunday.
pub(super) fn week_of_year(date: &Local) -> i32 {
    let weekday = i32::from(date.weekday().to_sunday_zero_offset());
    (i32::from(date.day_of_year()) + 6 - weekday) / 7
}

/// A year as a reply holds it: 64 bits of milliseconds are fewer than 300 million years.
fn year(number: i64) -> i32 {
    i32::try_from(number).expect("a date's year has 32 bits")
}

fn part(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(date) = local(&values[0], &values[1])? else { return Ok(Some(Bson::Null)) };
    let iso = date.date().iso_week_date();
    Ok(Some(Bson::Int32(match name {
        "$year" => year(date.year()),
        "$month" => i32::from(date.month()),
        "$dayOfMonth" => i32::from(date.day()),
        "$dayOfWeek" => i32::from(date.weekday().to_sunday_one_offset()),
        "$dayOfYear" => i32::from(date.day_of_year()),
        "$hour" => i32::from(date.hour()),
        "$minute" => i32::from(date.minute()),
        "$second" => i32::from(date.second()),
        "$millisecond" => i32::from(date.millisecond()),
        "$week" => week_of_year(&date),
        "$isoWeek" => i32::from(iso.week()),
        "$isoWeekYear" => return Ok(Some(Bson::Int64(date.iso_year()))),
        _ => i32::from(date.weekday().to_monday_one_offset()),
    })))
}

fn to_parts(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let iso8601 = match &values[2] {
        None => false,
        Some(Bson::Boolean(flag)) => *flag,
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            return Err(at_location(
                40521,
                format!("iso8601 must evaluate to a bool, found {}", type_of(value)),
            ));
        }
    };
    let Some(date) = local(&values[0], &values[1])? else { return Ok(Some(Bson::Null)) };
    let mut parts = if iso8601 {
        let week = date.date().iso_week_date();
        doc! {
            "isoWeekYear": year(date.iso_year()),
            "isoWeek": i32::from(week.week()),
            "isoDayOfWeek": i32::from(date.weekday().to_monday_one_offset()),
        }
    } else {
        doc! { "year": year(date.year()), "month": i32::from(date.month()), "day": i32::from(date.day()) }
    };
    parts.insert("hour", i32::from(date.hour()));
    parts.insert("minute", i32::from(date.minute()));
    parts.insert("second", i32::from(date.second()));
    parts.insert("millisecond", i32::from(date.millisecond()));
    Ok(Some(Bson::Document(parts)))
}

fn from_parts(_: &'static str, values: Vec<Value>) -> Result<Value> {
    const NAMES: [&str; 7] = ["year", "month", "day", "hour", "minute", "second", "millisecond"];
    const OTHERWISE: [i64; 7] = [1970, 1, 1, 0, 0, 0, 0];
    if values[0].is_none() {
        return Err(at_location(
            40516,
            "$dateFromParts requires either 'year' or 'isoWeekYear' to be present",
        ));
    }
    let mut parts = OTHERWISE;
    for (at, part) in parts.iter_mut().enumerate() {
        let value = &values[at];
        match value {
            None => {}
            value if is_nullish(value) => return Ok(Some(Bson::Null)),
            value => {
                *part = number_of(value).and_then(|number| number.as_exact_i64()).ok_or_else(|| {
                    let (name, found, kind) = (NAMES[at], shown(value), type_of(value));
                    at_location(
                        40515,
                        format!("'{name}' must evaluate to an integer, found {kind} with value {found}"),
                    )
                })?;
            }
        }
    }
    let [year, month, day, hour, minute, second, milli] = parts;
    if !(1..=9999).contains(&year) {
        return Err(at_location(
            40523,
            format!("'year' must evaluate to an integer in the range 1 to 9999, found {year}"),
        ));
    }
    for (at, part) in parts.iter().enumerate().skip(1) {
        if i16::try_from(*part).is_err() && at < 5 {
            let name = NAMES[at];
            return Err(at_location(
                31034,
                format!(
                    "'{name}' must evaluate to a value in the range [-32768, 32767]; value {part} is not in range"
                ),
            ));
        }
    }
    let Some(zone) = zone(&values[7], is_true(values[7].as_ref()))? else { return Ok(Some(Bson::Null)) };
    let carried = || -> Option<civil::DateTime> {
        let months = (year * 12).checked_add(month - 1)?;
        let year = i16::try_from(months.div_euclid(12)).ok()?;
        let first = civil::Date::new(year, i8::try_from(months.rem_euclid(12) + 1).ok()?, 1).ok()?;
        let span = jiff::Span::new().try_days(day - 1).ok()?;
        let time = jiff::Span::new()
            .try_hours(hour)
            .ok()?
            .try_minutes(minute)
            .ok()?
            .try_seconds(second)
            .ok()?
            .try_milliseconds(milli)
            .ok()?;
        first.checked_add(span).ok()?.at(0, 0, 0, 0).checked_add(time).ok()
    };
    let date = carried().ok_or_else(|| overflow("$dateFromParts"))?;
    let instant = date.to_zoned(zone).map_err(|_| overflow("$dateFromParts"))?;
    Ok(Some(Bson::DateTime(bson::DateTime::from_millis(instant.timestamp().as_millisecond()))))
}
