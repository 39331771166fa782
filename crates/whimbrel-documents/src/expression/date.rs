//! Calculating with dates: `$dateAdd`, `$dateSubtract`, `$dateDiff`, `$dateTrunc`.

use bson::Bson;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::arithmetic::number_of;
use super::calendar::{Local, Size, Unit, overflow, start_of_day, start_of_month, start_of_week, zone};
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Result, at_location, refuse};

const ADD: Arguments = Arguments::Named(
    &[("startDate", true), ("unit", true), ("amount", true), ("timezone", false)],
    Codes { not_object: 5_166_400, unknown: 5_166_401, missing: 5_166_402 },
);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$dateAdd", arguments: ADD, apply: add },
    Function { name: "$dateSubtract", arguments: ADD, apply: add },
    Function {
        name: "$dateDiff",
        arguments: Arguments::Named(
            &[
                ("startDate", true),
                ("endDate", true),
                ("unit", true),
                ("timezone", false),
                ("startOfWeek", false),
            ],
            Codes { not_object: 5_166_301, unknown: 5_166_302, missing: 5_166_303 },
        ),
        apply: difference,
    },
    Function {
        name: "$dateTrunc",
        arguments: Arguments::Named(
            &[
                ("date", true),
                ("unit", true),
                ("binSize", false),
                ("timezone", false),
                ("startOfWeek", false),
            ],
            Codes { not_object: 5_439_007, unknown: 5_439_008, missing: 5_439_009 },
        ),
        apply: truncate,
    },
];

fn date(millis: i64) -> Value {
    Some(Bson::DateTime(bson::DateTime::from_millis(millis)))
}

/// The milliseconds of a value that has to be a date.
fn required_date(name: &str, key: &str, value: &Value) -> Result<i64> {
    super::date_parts::millis_of(value).ok().flatten().ok_or_else(|| match name {
        "$dateAdd" | "$dateSubtract" => {
            at_location(5_166_403, format!("{name} requires {key} to be convertible to a date"))
        }
        _ => at_location(
            5_166_307,
            format!("{name} requires '{key}' to be a date, but got {}", type_of(value)),
        ),
    })
}

fn add(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [start, unit, amount, timezone] = values.as_slice() else { return Ok(None) };
    let Some(unit) = Unit::parse(name, unit)? else { return Ok(Some(Bson::Null)) };
    if is_nullish(start) || is_nullish(amount) {
        return Ok(Some(Bson::Null));
    }
    let millis = required_date(name, "startDate", start)?;
    let Some(zone) = zone(timezone, timezone.is_some())? else { return Ok(Some(Bson::Null)) };
    let amount = number_of(amount)
        .and_then(|number| number.as_exact_i64())
        .ok_or_else(|| at_location(5_166_405, format!("{name} expects integer amount of time units")))?;
    let signed = if name == "$dateSubtract" { amount.checked_neg() } else { Some(amount) };
    let signed = signed.ok_or_else(|| {
        at_location(6_045_000, format!("invalid {name} 'amount' parameter value: {amount}"))
    })?;
    if !unit.takes(signed) {
        let unit = unit.name();
        return Err(at_location(
            5_976_500,
            format!("invalid dateAdd 'amount' parameter value: {signed} {unit}"),
        ));
    }
    Local::at(millis, zone).plus(unit, signed).map(date).ok_or_else(|| match unit {
        Unit::Millisecond => refuse(
            159,
            "DurationOverflow",
            format!("Overflow while adding {signed}ms to {}ms", millis.wrapping_add(signed)),
        ),
        _ => overflow(name),
    })
}

fn difference(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [start, end, unit, timezone, week] = values.as_slice() else { return Ok(None) };
    let Some(unit) = Unit::parse(name, unit)? else { return Ok(Some(Bson::Null)) };
    if is_nullish(start) || is_nullish(end) {
        return Ok(Some(Bson::Null));
    }
    let Some(zone) = zone(timezone, timezone.is_some())? else { return Ok(Some(Bson::Null)) };
    let week_start = start_of_week(name, week)?;
    let start = required_date(name, "startDate", start)?;
    let end = required_date(name, "endDate", end)?;
    Ok(Some(Bson::Int64(units_between(start, end, unit, &zone, week_start)?)))
}

/// How many boundaries of a unit lie between two instants.
fn units_between(start: i64, end: i64, unit: Unit, zone: &TimeZone, week_start: Weekday) -> Result<i64> {
    let (first, last) = (Local::at(start, zone.clone()), Local::at(end, zone.clone()));
    Ok(match unit {
        Unit::Year => last.year() - first.year(),
        Unit::Quarter => last.months().div_euclid(3) - first.months().div_euclid(3),
        Unit::Month => last.months() - first.months(),
        Unit::Week => week_number(&last, week_start) - week_number(&first, week_start),
        Unit::Day => last.day_number() - first.day_number(),
        Unit::Millisecond => end.checked_sub(start).ok_or_else(|| overflow("$dateDiff"))?,
        Unit::Hour | Unit::Minute | Unit::Second => {
            let Size::Millis(length) = unit.size() else { unreachable!("they have a fixed length") };
            let same_offset = first.offset() == last.offset();
            let shift = if same_offset { i64::from(first.offset().seconds()) * 1000 } else { 0 };
            let count = |millis: i64| (i128::from(millis) + i128::from(shift)).div_euclid(i128::from(length));
            i64::try_from(count(end) - count(start)).map_err(|_| overflow("$dateDiff"))?
        }
    })
}

fn week_number(date: &Local, week_start: Weekday) -> i64 {
    // Day 0 was a Thursday, the fourth offset from a Sunday.
    let shift = i64::from(week_start.to_sunday_zero_offset());
    (date.day_number() + 4 - shift).div_euclid(7)
}

/// The day that bins are counted from, 2000-01-01.
const REFERENCE_DAY: i64 = 10_957;
/// Its month, since the year 0.
const REFERENCE_MONTH: i64 = 24_000;

fn truncate(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let [value, unit, bin, timezone, week] = values.as_slice() else { return Ok(None) };
    let Some(unit) = Unit::parse(name, unit)? else { return Ok(Some(Bson::Null)) };
    if is_nullish(value) {
        return Ok(Some(Bson::Null));
    }
    let bin = match bin {
        None => 1,
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let whole = number_of(value).and_then(|number| number.as_exact_i64()).ok_or_else(|| {
                let (found, kind) = (shown(value), type_of(value));
                at_location(5_439_017, format!("{name} requires 'binSize' to be a 64-bit integer, but got value '{found}' of type {kind}"))
            })?;
            if whole <= 0 {
                return Err(at_location(
                    5_439_018,
                    format!("{name} requires 'binSize' to be greater than 0, but got value {whole}"),
                ));
            }
            whole
        }
    };
    let Some(zone) = zone(timezone, timezone.is_some())? else { return Ok(Some(Bson::Null)) };
    let week_start = start_of_week(name, week)?;
    let millis = required_date(name, "date", value)?;
    truncated(millis, unit, bin, &zone, week_start).map(date)
}

/// The most days or months that a bin may be made of.
const MOST_BINNED: i64 = 100_000_000_000;

fn truncated(millis: i64, unit: Unit, bin: i64, zone: &TimeZone, week_start: Weekday) -> Result<i64> {
    if bin > MOST_BINNED && !matches!(unit.size(), Size::Millis(_)) {
        return Err(at_location(5_439_006, "dateTrunc unsupported binSize value"));
    }
    // The beginning of the bin of this size that holds a number, where one begins at the origin.
    let floor = |number: i64, origin: i64, size: i64| {
        let size = size.checked_mul(bin)?;
        number.checked_sub(origin)?.div_euclid(size).checked_mul(size)?.checked_add(origin)
    };
    let start = match unit.size() {
        Size::Millis(length) => {
            let origin = start_of_day(REFERENCE_DAY, zone);
            return origin
                .and_then(|origin| floor(millis, origin, length))
                .ok_or_else(|| overflow("$dateTrunc"));
        }
        Size::Months(each) => floor(Local::at(millis, zone.clone()).months(), REFERENCE_MONTH, each)
            .and_then(|months| start_of_month(months, zone)),
        Size::Days(each) => {
            let origin =
                if unit == Unit::Week { first_weekday(REFERENCE_DAY, week_start) } else { REFERENCE_DAY };
            floor(Local::at(millis, zone.clone()).day_number(), origin, each)
                .and_then(|day| start_of_day(day, zone))
        }
    };
    start.ok_or_else(|| overflow("$dateAdd"))
}

/// The first day with this weekday at or after a day.
fn first_weekday(day: i64, wanted: Weekday) -> i64 {
    let weekday = (day + 4).rem_euclid(7);
    day + (i64::from(wanted.to_sunday_zero_offset()) - weekday).rem_euclid(7)
}
