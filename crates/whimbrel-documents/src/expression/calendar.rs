//! Instants, time zones and units of time.

use jiff::civil::{self, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{Span, Timestamp, Zoned};

use super::{Value, is_nullish, type_of};
use crate::refusal::{Refusal, Result, at_location, failed_to_parse};

/// The time zone of an argument; `None` where the argument is null.
pub(super) fn zone(value: &Value, given: bool) -> Result<Option<TimeZone>> {
    match value {
        None if !given => Ok(Some(TimeZone::UTC)),
        Some(bson::Bson::String(name)) => named_zone(name).map(Some),
        value if is_nullish(value) => Ok(None),
        value => {
            Err(at_location(40517, format!("timezone must evaluate to a string, found {}", type_of(value))))
        }
    }
}

fn named_zone(name: &str) -> Result<TimeZone> {
    if matches!(name, "UTC" | "GMT" | "Z") {
        return Ok(TimeZone::UTC);
    }
    let unknown = || at_location(40485, format!("unrecognized time zone identifier: \"{name}\""));
    if name.starts_with(['+', '-']) {
        return fixed_offset(name).ok_or_else(unknown);
    }
    TimeZone::get(name).map_err(|_| unknown())
}

/// Reads `+hh`, `+hhmm` and `+hh:mm`.
fn fixed_offset(text: &str) -> Option<TimeZone> {
    let negative = text.starts_with('-');
    let digits: String = text[1..].replacen(':', "", 1);
    let well_formed = matches!((digits.len(), text.len()), (2, 3) | (4, 5 | 6));
    if !well_formed || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 =
        digits.get(2..).filter(|rest| !rest.is_empty()).map_or(Some(0), |rest| rest.parse().ok())?;
    let seconds = (hours * 60 + minutes) * 60;
    Offset::from_seconds(if negative { -seconds } else { seconds }).ok().map(TimeZone::fixed)
}

/// An instant in a time zone.
pub(super) fn zoned(millis: i64, zone: TimeZone) -> Result<Zoned> {
    let instant = Timestamp::from_millisecond(millis).map_err(|_| out_of_range())?;
    Ok(instant.to_zoned(zone))
}

/// The refusal of an instant outside the calendar's years.
pub(super) fn out_of_range() -> Refusal {
    at_location(5_166_406, "date is out of the range of years -9999 to 9999")
}

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
}

impl Unit {
    /// Reads the argument `unit`; `None` where it is null.
    pub(super) fn parse(name: &str, value: &Value) -> Result<Option<Self>> {
        let bson::Bson::String(text) = (match value {
            value if is_nullish(value) => return Ok(None),
            Some(value) => value,
            None => return Ok(None),
        }) else {
            return Err(at_location(
                5_439_013,
                format!("{name} requires 'unit' to be a string, but got {}", type_of(value)),
            ));
        };
        Ok(Some(match text.as_str() {
            "year" => Unit::Year,
            "quarter" => Unit::Quarter,
            "month" => Unit::Month,
            "week" => Unit::Week,
            "day" => Unit::Day,
            "hour" => Unit::Hour,
            "minute" => Unit::Minute,
            "second" => Unit::Second,
            "millisecond" => Unit::Millisecond,
            _ => {
                return Err(failed_to_parse(format!(
                    "{name} parameter 'unit' value parsing failed :: caused by :: unknown time unit value: {text}"
                )));
            }
        }))
    }

    /// The milliseconds of the units that always have the same number of them.
    pub(super) fn fixed_millis(self) -> Option<i64> {
        match self {
            Unit::Hour => Some(3_600_000),
            Unit::Minute => Some(60_000),
            Unit::Second => Some(1000),
            Unit::Millisecond => Some(1),
            _ => None,
        }
    }

    /// So many units as a span; `None` where they are too many.
    pub(super) fn span(self, amount: i64) -> Option<Span> {
        let span = Span::new();
        match self {
            Unit::Year => span.try_years(amount),
            Unit::Quarter => return amount.checked_mul(3).and_then(|months| span.try_months(months).ok()),
            Unit::Month => span.try_months(amount),
            Unit::Week => span.try_weeks(amount),
            Unit::Day => span.try_days(amount),
            Unit::Hour => span.try_hours(amount),
            Unit::Minute => span.try_minutes(amount),
            Unit::Second => span.try_seconds(amount),
            Unit::Millisecond => span.try_milliseconds(amount),
        }
        .ok()
    }
}

/// The days since 1970-01-01, which was a Thursday.
pub(super) fn day_number(date: civil::Date) -> i64 {
    let epoch = civil::date(1970, 1, 1);
    i64::from(date.since(epoch).map_or(0, |span| span.get_days()))
}

/// The first day of a week, Sunday where nothing is said.
pub(super) fn start_of_week(name: &str, value: &Value) -> Result<Weekday> {
    let text = match value {
        Some(bson::Bson::String(text)) => text.to_lowercase(),
        value if is_nullish(value) => return Ok(Weekday::Sunday),
        value => {
            return Err(at_location(
                5_439_015,
                format!("{name} requires 'startOfWeek' to be a string, but got {}", type_of(value)),
            ));
        }
    };
    Ok(match text.as_str() {
        "monday" | "mon" => Weekday::Monday,
        "tuesday" | "tue" => Weekday::Tuesday,
        "wednesday" | "wed" => Weekday::Wednesday,
        "thursday" | "thu" => Weekday::Thursday,
        "friday" | "fri" => Weekday::Friday,
        "saturday" | "sat" => Weekday::Saturday,
        "sunday" | "sun" => Weekday::Sunday,
        _ => {
            return Err(failed_to_parse(format!(
                "{name} parameter 'startOfWeek' value parsing failed :: caused by :: unknown day of week value: {text}"
            )));
        }
    })
}
