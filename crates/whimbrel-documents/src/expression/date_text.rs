//! Dates as text: `$dateToString` and `$dateFromString`.

use bson::Bson;
use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::calendar::{Local, zone};
use super::date_parts::{local, week_of_year};
use super::table::{Arguments, Codes, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Refusal, Result, at_location, not_implemented, refuse};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "$dateToString",
        arguments: Arguments::Named(
            &[("date", true), ("format", false), ("timezone", false), ("onNull", false)],
            Codes { not_object: 18629, unknown: 18534, missing: 18628 },
        ),
        apply: to_string,
    },
    Function {
        name: "$dateFromString",
        arguments: Arguments::Named(
            &[
                ("dateString", true),
                ("format", false),
                ("timezone", false),
                ("onError", false),
                ("onNull", false),
            ],
            Codes { not_object: 40540, unknown: 40541, missing: 40542 },
        ),
        apply: from_string,
    },
];

/// How many digits a date without separators has: `20240131`.
const COMPACT_DATE_DIGITS: usize = 8;
const ISO: &str = "%Y-%m-%dT%H:%M:%S.%LZ";

/// An instant as MongoDB writes it: `2024-01-31T12:00:00.000Z`.
pub(crate) fn iso_text(millis: i64) -> String {
    converted(millis).unwrap_or_else(|_| millis.to_string())
}

/// The same where it is a value, which only years of four digits can be.
pub(super) fn converted(millis: i64) -> Result<String> {
    formatted(&Local::at(millis, TimeZone::UTC), ISO)
}

/// A timestamp as the server writes it where text is expected: `Jan  1 00:00:05:1`.
pub(super) fn timestamp_text(timestamp: bson::Timestamp) -> String {
    let date = Local::at(i64::from(timestamp.time) * 1000, TimeZone::UTC);
    let time = formatted(&date, "%b %H:%M:%S").expect("no year, and known letters");
    format!("{} {:>2} {}:{}", &time[..3], date.day(), &time[4..], timestamp.increment)
}

fn to_string(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let format = match &values[1] {
        None => None,
        Some(Bson::String(format)) => {
            check_format(format)?;
            Some(format.clone())
        }
        value if is_nullish(value) => return Ok(Some(Bson::Null)),
        value => {
            let found = type_of(value);
            return Err(at_location(
                18533,
                format!(
                    "$dateToString requires that 'format' be a string, found: {found} with value {}",
                    shown(value)
                ),
            ));
        }
    };
    if is_nullish(&values[0]) {
        return Ok(values[3].take().or(Some(Bson::Null)));
    }
    let in_zone = values[2].is_some();
    let Some(date) = local(&values[0], &values[2])? else { return Ok(Some(Bson::Null)) };
    let otherwise = if in_zone && date.offset() != Offset::UTC { "%Y-%m-%dT%H:%M:%S.%L" } else { ISO };
    formatted(&date, format.as_deref().unwrap_or(otherwise)).map(|text| Some(Bson::String(text)))
}

fn check_format(format: &str) -> Result<()> {
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            continue;
        }
        match letters.next() {
            None => return Err(at_location(18535, "Unmatched '%' at end of format string")),
            Some(known) if "YmdHMSLjwuUVGzZ%bB".contains(known) => {}
            Some(other) => {
                return Err(at_location(
                    18536,
                    format!("Invalid format character '%{other}' in format string"),
                ));
            }
        }
    }
    Ok(())
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn formatted(date: &Local, format: &str) -> Result<String> {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut letters = format.chars();
    let iso = date.date().iso_week_date();
    let offset = date.offset().seconds() / 60;
    let month = usize::try_from(date.month()).map_or("", |month| MONTHS[month - 1]);
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let written = match letters.next() {
            Some('Y') => write!(text, "{:04}", four_digits(date.year())?),
            Some('m') => write!(text, "{:02}", date.month()),
            Some('d') => write!(text, "{:02}", date.day()),
            Some('H') => write!(text, "{:02}", date.hour()),
            Some('M') => write!(text, "{:02}", date.minute()),
            Some('S') => write!(text, "{:02}", date.second()),
            Some('L') => write!(text, "{:03}", date.millisecond()),
            Some('j') => write!(text, "{:03}", date.day_of_year()),
            Some('w') => write!(text, "{}", date.weekday().to_sunday_one_offset()),
            Some('u') => write!(text, "{}", date.weekday().to_monday_one_offset()),
            Some('U') => write!(text, "{:02}", week_of_year(date)),
            Some('V') => write!(text, "{:02}", iso.week()),
            Some('G') => write!(text, "{:04}", four_digits(date.iso_year())?),
            Some('z') => {
                let sign = if offset < 0 { '-' } else { '+' };
                write!(text, "{sign}{:02}{:02}", offset.abs() / 60, offset.abs() % 60)
            }
            Some('Z') => write!(text, "{offset}"),
            Some('b') => write!(text, "{}", &month[..3]),
            Some('B') => write!(text, "{month}"),
            Some('%') => write!(text, "%"),
            other => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(at_location(
                    18536,
                    format!("Invalid format character '%{other}' in format string"),
                ));
            }
        };
        // Writing to a string cannot fail.
        let _ = written;
    }
    Ok(text)
}

fn four_digits(year: i64) -> Result<i64> {
    if (0..=9999).contains(&year) {
        return Ok(year);
    }
    let message =
        "Could not convert date to string: date component was outside the supported range of 0-9999";
    Err(at_location(18537, format!("{message}: {year}")))
}

fn failure(message: String) -> Refusal {
    refuse(241, "ConversionFailure", message)
}

fn from_string(_: &'static str, mut values: Vec<Value>) -> Result<Value> {
    let Some(zone) = zone(&values[2], values[2].is_some())? else { return Ok(Some(Bson::Null)) };
    let parsed = match &values[0] {
        value if is_nullish(value) => return Ok(values[4].take().or(Some(Bson::Null))),
        Some(Bson::String(text)) => match &values[1] {
            None => parse_in_zone(text, &zone),
            Some(Bson::String(format)) => parse_with_format(text, format, &zone),
            value if is_nullish(value) => return Ok(Some(Bson::Null)),
            value => {
                let found = type_of(value);
                return Err(at_location(
                    40684,
                    format!(
                        "$dateFromString requires that 'format' be a string, found: {found} with value {}",
                        shown(value)
                    ),
                ));
            }
        },
        value => {
            let (found, kind) = (shown(value), type_of(value));
            Err(failure(format!(
                "$dateFromString requires that 'dateString' be a string, found: {kind} with value {found}"
            )))
        }
    };
    match parsed {
        Ok(millis) => Ok(Some(Bson::DateTime(bson::DateTime::from_millis(millis)))),
        Err(refusal) if refusal.code == 241 => values[3].take().map(Some).ok_or(refusal),
        Err(refusal) => Err(refusal),
    }
}

/// Reads ISO 8601, in UTC where the text names no zone.
pub(super) fn parse_iso(text: &str) -> Result<i64> {
    parse_in_zone(text, &TimeZone::UTC)
}

fn incomplete(text: &str) -> Refusal {
    failure(format!("an incomplete date/time string has been found, with elements missing: \"{text}\""))
}

fn parse_in_zone(text: &str, zone: &TimeZone) -> Result<i64> {
    let trimmed = text.trim();
    let compact = trimmed.bytes().take_while(u8::is_ascii_digit).count() == COMPACT_DATE_DIGITS;
    let length = if compact { COMPACT_DATE_DIGITS } else { 10 };
    let (date, rest) = trimmed.split_at_checked(length).ok_or_else(|| incomplete(text))?;
    let digits = |range: std::ops::Range<usize>| date.get(range).and_then(|part| part.parse::<i16>().ok());
    let separators = compact || (date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-');
    let parts = if compact {
        (digits(0..4), digits(4..6), digits(6..8))
    } else {
        (digits(0..4), digits(5..7), digits(8..10))
    };
    let (Some(year), Some(month), Some(day)) = parts else { return Err(incomplete(text)) };
    let wrong = || failure(format!("Error parsing date string '{text}'"));
    if !separators {
        return Err(wrong());
    }
    let small = |number: i16| i8::try_from(number).map_err(|_| wrong());
    let date = civil::Date::new(year, small(month)?, small(day)?).map_err(|_| wrong())?;
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest).trim();
    let split = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, suffix) = rest.split_at(split);
    let time = parse_time(time.trim()).ok_or_else(wrong)?;
    let zone = parse_suffix(suffix, zone).ok_or_else(wrong)?;
    let instant = date.to_datetime(time).to_zoned(zone).map_err(|_| wrong())?;
    Ok(instant.timestamp().as_millisecond())
}

/// A time without separators, `101112`, with them.
fn with_colons(time: &str) -> std::borrow::Cow<'_, str> {
    let compact = time.len() == 6 && time.bytes().all(|byte| byte.is_ascii_digit());
    if !compact {
        return time.into();
    }
    format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]).into()
}

fn parse_time(text: &str) -> Option<civil::Time> {
    if text.is_empty() {
        return Some(civil::Time::midnight());
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let colons = with_colons(whole);
    let mut parts = colons.split(':').map(|part| part.parse::<i8>().ok().filter(|_| part.len() <= 2));
    let hour = parts.next()??;
    let minute = parts.next()??;
    let second = parts.next().unwrap_or(Some(0))?;
    if parts.next().is_some() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let millis: i32 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    civil::Time::new(hour, minute, second, millis * 1_000_000).ok()
}

fn parse_suffix(suffix: &str, zone: &TimeZone) -> Option<TimeZone> {
    match suffix {
        "" => Some(zone.clone()),
        "Z" | "z" => Some(TimeZone::UTC),
        offset => super::calendar::zone(&Some(Bson::String(offset.to_owned())), true).ok().flatten(),
    }
}

/// Reads a text by a format of the letters that `$dateToString` writes.
fn parse_with_format(text: &str, format: &str, zone: &TimeZone) -> Result<i64> {
    let wrong = || failure(format!("Error parsing date string '{text}'; format '{format}' does not fit"));
    let (mut year, mut month, mut day) = (None, None, None);
    let mut time = [0i32; 4];
    let mut zone = zone.clone();
    let mut rest = text;
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            rest = rest.strip_prefix(letter).ok_or_else(wrong)?;
            continue;
        }
        let field = letters.next();
        let mut number = |width: usize| -> Option<i32> {
            let end = rest.bytes().take(width).take_while(u8::is_ascii_digit).count();
            let (digits, after) = rest.split_at(end);
            rest = after;
            digits.parse().ok()
        };
        match field {
            Some('Y') => year = Some(number(4).ok_or_else(wrong)?),
            Some('m') => month = Some(number(2).ok_or_else(wrong)?),
            Some('d') => day = Some(number(2).ok_or_else(wrong)?),
            Some('H') => time[0] = number(2).ok_or_else(wrong)?,
            Some('M') => time[1] = number(2).ok_or_else(wrong)?,
            Some('S') => time[2] = number(2).ok_or_else(wrong)?,
            Some('L') => time[3] = number(3).ok_or_else(wrong)?,
            Some('z') => {
                zone = parse_suffix(rest, &zone).ok_or_else(wrong)?;
                rest = "";
            }
            Some('%') => rest = rest.strip_prefix('%').ok_or_else(wrong)?,
            other => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(not_implemented(&format!("the format %{other} in $dateFromString")));
            }
        }
    }
    if !rest.is_empty() {
        return Err(wrong());
    }
    let (Some(year), Some(month), Some(day)) = (year, month, day) else { return Err(incomplete(text)) };
    let build = || -> Option<i64> {
        let date =
            civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?)
                .ok()?;
        let [hour, minute, second, milli] = time;
        let time = civil::Time::new(
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            milli * 1_000_000,
        );
        let instant = date.to_datetime(time.ok()?).to_zoned(zone.clone()).ok()?;
        Some(instant.timestamp().as_millisecond())
    };
    build().ok_or_else(wrong)
}
