//! Calculating with dates: `$dateAdd`, `$dateSubtract`, `$dateDiff`, `$dateTrunc`.

use bson::Bson;
use jiff::Zoned;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;

use super::arithmetic::number_of;
use super::calendar::{Unit, day_number, out_of_range, start_of_week, zone, zoned};
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Result, at_location};

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

fn date(zoned: &Zoned) -> Value {
    Some(Bson::DateTime(bson::DateTime::from_millis(zoned.timestamp().as_millisecond())))
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
    let amount = if name == "$dateSubtract" { -amount } else { amount };
    let overflow = || at_location(5_976_500, format!("{name} amount argument is out of range for the unit"));
    let span = unit.span(amount).ok_or_else(overflow)?;
    let moved = zoned(millis, zone)?.checked_add(span).map_err(|_| out_of_range())?;
    Ok(date(&moved))
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
    let (first, last) = (zoned(start, zone.clone())?, zoned(end, zone.clone())?);
    let months = |date: &Zoned| i64::from(date.year()) * 12 + i64::from(date.month()) - 1;
    Ok(match unit {
        Unit::Year => i64::from(last.year()) - i64::from(first.year()),
        Unit::Quarter => months(&last).div_euclid(3) - months(&first).div_euclid(3),
        Unit::Month => months(&last) - months(&first),
        Unit::Week => week_number(&last, week_start) - week_number(&first, week_start),
        Unit::Day => day_number(last.date()) - day_number(first.date()),
        Unit::Millisecond => end - start,
        Unit::Hour | Unit::Minute | Unit::Second => {
            let length = unit.fixed_millis().unwrap_or(1);
            let local =
                |date: &Zoned| date.timestamp().as_millisecond() + i64::from(date.offset().seconds()) * 1000;
            let same_offset = first.offset() == last.offset();
            if same_offset {
                local(&last).div_euclid(length) - local(&first).div_euclid(length)
            } else {
                end.div_euclid(length) - start.div_euclid(length)
            }
        }
    })
}

fn week_number(date: &Zoned, week_start: Weekday) -> i64 {
    // Day 0 was a Thursday, the fourth offset from a Sunday.
    let shift = i64::from(week_start.to_sunday_zero_offset());
    (day_number(date.date()) + 4 - shift).div_euclid(7)
}

/// The day that bins are counted from.
const REFERENCE_MILLIS: i64 = 946_684_800_000;

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
    truncated(millis, unit, bin, &zone, week_start)
        .map(|date| Some(Bson::DateTime(bson::DateTime::from_millis(date))))
}

fn truncated(millis: i64, unit: Unit, bin: i64, zone: &TimeZone, week_start: Weekday) -> Result<i64> {
    let local = zoned(millis, zone.clone())?;
    if let Some(length) = unit.fixed_millis() {
        let length = length.checked_mul(bin).ok_or_else(out_of_range)?;
        let reference = jiff::civil::date(2000, 1, 1).to_zoned(zone.clone()).map_err(|_| out_of_range())?;
        let from = reference.timestamp().as_millisecond();
        return Ok(from + (millis - from).div_euclid(length) * length);
    }
    let reference = zoned(REFERENCE_MILLIS, TimeZone::UTC)?.date();
    let start = match unit {
        Unit::Year | Unit::Quarter | Unit::Month => {
            let months_each = match unit {
                Unit::Year => 12,
                Unit::Quarter => 3,
                _ => 1,
            } * bin;
            let months = (i64::from(local.year()) - 2000) * 12 + i64::from(local.month()) - 1;
            let floor = months.div_euclid(months_each) * months_each;
            reference.checked_add(Unit::Month.span(floor).ok_or_else(out_of_range)?)
        }
        _ => {
            let (days_each, origin) = if unit == Unit::Week {
                let first = first_weekday(day_number(reference), week_start);
                (7 * bin, first)
            } else {
                (bin, day_number(reference))
            };
            let floor = (day_number(local.date()) - origin).div_euclid(days_each) * days_each + origin;
            reference.checked_add(Unit::Day.span(floor - day_number(reference)).ok_or_else(out_of_range)?)
        }
    };
    let start = start.map_err(|_| out_of_range())?.to_zoned(zone.clone()).map_err(|_| out_of_range())?;
    Ok(start.timestamp().as_millisecond())
}

/// The first day with this weekday at or after a day.
fn first_weekday(day: i64, wanted: Weekday) -> i64 {
    let weekday = (day + 4).rem_euclid(7);
    day + (i64::from(wanted.to_sunday_zero_offset()) - weekday).rem_euclid(7)
}
