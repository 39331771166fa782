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

/// The years after which the Gregorian calendar repeats, its weekdays too.
const CYCLE_YEARS: i64 = 400;
const CYCLE_MONTHS: i64 = CYCLE_YEARS * 12;
const CYCLE_DAYS: i64 = 146_097;
const CYCLE_MILLIS: i64 = CYCLE_DAYS * 86_400_000;
/// The cycles around 1970 that are not moved. The calendar beneath knows the years from -9999 to 9999, and a cycle is added
/// to what is moved.
const HOME_CYCLES: i64 = 17;

/// An instant in a time zone. Those outside the calendar's years stand in one that is whole cycles away.
#[derive(Clone, Debug)]
pub(super) struct Local {
    home: Zoned,
    cycles: i64,
}

impl std::ops::Deref for Local {
    type Target = Zoned;

    /// What does not tell the cycles apart: everything but years.
    fn deref(&self) -> &Zoned {
        &self.home
    }
}

impl Local {
    pub(super) fn at(millis: i64, zone: TimeZone) -> Self {
        let cycles = cycles_away(millis, CYCLE_MILLIS);
        let home = Timestamp::from_millisecond(millis - cycles * CYCLE_MILLIS);
        Local { home: home.expect("within the calendar's years").to_zoned(zone), cycles }
    }

    pub(super) fn year(&self) -> i64 {
        i64::from(self.home.year()) + self.cycles * CYCLE_YEARS
    }

    /// The year that its ISO week belongs to.
    pub(super) fn iso_year(&self) -> i64 {
        i64::from(self.home.date().iso_week_date().year()) + self.cycles * CYCLE_YEARS
    }

    /// The months since the beginning of the year 0.
    pub(super) fn months(&self) -> i64 {
        self.year() * 12 + i64::from(self.home.month()) - 1
    }

    /// The days since 1970-01-01.
    pub(super) fn day_number(&self) -> i64 {
        day_number(self.home.date()) + self.cycles * CYCLE_DAYS
    }

    /// The instant so many units later; `None` where no date is so far away.
    pub(super) fn plus(&self, unit: Unit, amount: i64) -> Option<i64> {
        let (span, cycles) = match unit.size() {
            Size::Millis(each) => {
                let here = millis_at(&self.home, self.cycles)?;
                return here.checked_add(amount.checked_mul(each)?);
            }
            Size::Months(each) => {
                let months = amount.checked_mul(each)?;
                if let Some(home) = self.home_plus(Span::new().try_months(months)) {
                    return millis_at(&home, self.cycles);
                }
                (Span::new().months(months.rem_euclid(CYCLE_MONTHS)), months.div_euclid(CYCLE_MONTHS))
            }
            Size::Days(each) => {
                let days = amount.checked_mul(each)?;
                if let Some(home) = self.home_plus(Span::new().try_days(days)) {
                    return millis_at(&home, self.cycles);
                }
                (Span::new().days(days.rem_euclid(CYCLE_DAYS)), days.div_euclid(CYCLE_DAYS))
            }
        };
        millis_at(&self.home.checked_add(span).ok()?, self.cycles.checked_add(cycles)?)
    }

    /// So much later within the calendar's years, whose zones have their own history; `None` outside of them.
    fn home_plus(&self, span: std::result::Result<Span, jiff::Error>) -> Option<Zoned> {
        self.home.checked_add(span.ok()?).ok()
    }
}

/// How many cycles a number lies away from those around 1970.
fn cycles_away(number: i64, cycle: i64) -> i64 {
    let whole = number / cycle;
    if whole.abs() < HOME_CYCLES { 0 } else { whole - (HOME_CYCLES - 1) * whole.signum() }
}

fn millis_at(home: &Zoned, cycles: i64) -> Option<i64> {
    // The cycles alone may be too many where both together are not.
    let millis = i128::from(cycles) * i128::from(CYCLE_MILLIS);
    i64::try_from(millis + i128::from(home.timestamp().as_millisecond())).ok()
}

/// The beginning of a day, counted from 1970-01-01; `None` where no date is so far away.
pub(super) fn start_of_day(day: i64, zone: &TimeZone) -> Option<i64> {
    let cycles = cycles_away(day, CYCLE_DAYS);
    let date = civil::date(1970, 1, 1).checked_add(Span::new().try_days(day - cycles * CYCLE_DAYS).ok()?);
    millis_at(&date.ok()?.to_zoned(zone.clone()).ok()?, cycles)
}

/// The beginning of a month, counted from the year 0; `None` where no date is so far away.
pub(super) fn start_of_month(months: i64, zone: &TimeZone) -> Option<i64> {
    // The cycle from the year 2000 on has the weekdays of all others.
    let cycles = months.div_euclid(CYCLE_MONTHS) - 5;
    let home = months - cycles * CYCLE_MONTHS;
    let (year, month) = (i16::try_from(home / 12).ok()?, i8::try_from(home % 12 + 1).ok()?);
    start_of_day(day_number(civil::date(year, month, 1)) + cycles.checked_mul(CYCLE_DAYS)?, zone)
}

/// The refusal of an instant that no date can hold.
pub(super) fn overflow(function: &str) -> Refusal {
    let (code, name) = match function {
        "$dateDiff" => (5_166_308, "dateDiff"),
        "$dateTrunc" => (5_439_000, "dateTrunc"),
        _ => (5_166_406, "dateAdd"),
    };
    at_location(code, format!("{name} overflowed"))
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

    /// The word for the unit.
    pub(super) fn name(self) -> &'static str {
        match self {
            Unit::Year => "year",
            Unit::Quarter => "quarter",
            Unit::Month => "month",
            Unit::Week => "week",
            Unit::Day => "day",
            Unit::Hour => "hour",
            Unit::Minute => "minute",
            Unit::Second => "second",
            Unit::Millisecond => "millisecond",
        }
    }

    pub(super) fn size(self) -> Size {
        match self {
            Unit::Year => Size::Months(12),
            Unit::Quarter => Size::Months(3),
            Unit::Month => Size::Months(1),
            Unit::Week => Size::Days(7),
            Unit::Day => Size::Days(1),
            Unit::Hour => Size::Millis(3_600_000),
            Unit::Minute => Size::Millis(60_000),
            Unit::Second => Size::Millis(1000),
            Unit::Millisecond => Size::Millis(1),
        }
    }

    /// Whether so many units may be added at all: dates span 2⁶⁴ milliseconds, and a unit is at least so many days long.
    pub(super) fn takes(self, amount: i64) -> bool {
        let days: i128 = match self {
            Unit::Year => 365,
            Unit::Quarter => 90,
            Unit::Month => 28,
            Unit::Week => 7,
            Unit::Day => 1,
            Unit::Hour | Unit::Minute | Unit::Second | Unit::Millisecond => return true,
        };
        i128::from(amount).abs() <= (1_i128 << 64) / (days * 86_400_000)
    }
}

/// How long a unit is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Size {
    Months(i64),
    Days(i64),
    Millis(i64),
}

/// The days since 1970-01-01, which was a Thursday.
fn day_number(date: civil::Date) -> i64 {
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
