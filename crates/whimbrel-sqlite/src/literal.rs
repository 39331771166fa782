//! The values that PostgreSQL's text literals stand for, in the forms that SQLite keeps.

use whimbrel_schema::catalog::ColumnType;

/// `2026-01-31`.
pub(crate) fn date(text: &str) -> Option<String> {
    let (year, month, day) = civil(text.trim())?;
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// `15:04:05.000`.
pub(crate) fn time(text: &str) -> Option<String> {
    clock(text.trim()).filter(|milliseconds| *milliseconds < DAY_MS).map(clock_text)
}

/// `2026-01-31T15:04:05.000`; an offset is ignored, as PostgreSQL does.
pub(crate) fn timestamp(text: &str) -> Option<String> {
    let (date, milliseconds, _) = moment(text.trim())?;
    Some(moment_text(days(date) * DAY_MS + milliseconds))
}

/// `2026-01-31T15:04:05.000Z`: moved to UTC; a text without an offset is taken to be in UTC.
pub(crate) fn timestamp_utc(text: &str) -> Option<String> {
    let (date, milliseconds, offset_minutes) = moment(text.trim())?;
    Some(format!(
        "{}Z",
        moment_text(days(date) * DAY_MS + milliseconds - offset_minutes.unwrap_or(0) * 60_000)
    ))
}

const DAY_MS: i64 = 86_400_000;

fn digits(text: &str, length: usize) -> Option<i64> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn civil(text: &str) -> Option<(i64, i64, i64)> {
    let mut parts = text.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2)?;
    let day = digits(parts.next()?, 2)?;
    let valid =
        parts.next().is_none() && (1..=12).contains(&month) && (1..=month_length(year, month)).contains(&day);
    valid.then_some((year, month, day))
}

fn month_length(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Milliseconds since midnight.
fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':');
    let hours = digits(parts.next()?, 2)?;
    let minutes = digits(parts.next()?, 2)?;
    let seconds = parts.next().map_or(Some(0), |part| digits(part, 2))?;
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.len() > 9 {
        return None;
    }
    let padded = format!("{fraction:0<4}");
    let ten_thousandths: i64 = padded[..4].parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1000 + (ten_thousandths + 5) / 10)
}

/// A day, the milliseconds since its midnight, and the offset from UTC in minutes where one is given.
type Moment = ((i64, i64, i64), i64, Option<i64>);

fn moment(text: &str) -> Option<Moment> {
    let Some((day, rest)) = text.split_once(['T', 't', ' ']) else {
        return Some((civil(text)?, 0, None));
    };
    let rest = rest.trim();
    let (clock_part, offset) = match rest.strip_suffix(['Z', 'z']) {
        Some(before) => (before, Some(0)),
        None => match rest.rfind(['+', '-']) {
            Some(at) => (&rest[..at], Some(offset_minutes(&rest[at..])?)),
            None => match rest.strip_suffix(" UTC") {
                Some(before) => (before, Some(0)),
                None => (rest, None),
            },
        },
    };
    Some((civil(day)?, clock(clock_part.trim())?, offset))
}

fn offset_minutes(text: &str) -> Option<i64> {
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let rest = text[1..].replace(':', "");
    let (hours, minutes) = match rest.len() {
        2 => (digits(&rest, 2)?, 0),
        4 => (digits(&rest[..2], 2)?, digits(&rest[2..], 2)?),
        _ => return None,
    };
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// Days since 1970-01-01, by the usual arithmetic over eras of 400 years.
fn days((year, month, day): (i64, i64, i64)) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn civil_of(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted - era * 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

fn clock_text(milliseconds: i64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:03}", seconds % 60, milliseconds % 1000)
}

fn moment_text(milliseconds: i64) -> String {
    let (year, month, day) = civil_of(milliseconds.div_euclid(DAY_MS));
    format!("{year:04}-{month:02}-{day:02}T{}", clock_text(milliseconds.rem_euclid(DAY_MS)))
}

/// The decimal rounded half away from zero, as PostgreSQL does.
pub(crate) fn round_decimal(text: &str, scale: u32) -> Option<String> {
    let text = text.trim();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !all_digits || whole.len() > 18 {
        return None;
    }
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() <= scale {
        let point = if fraction.is_empty() { "" } else { "." };
        return Some(format!("{sign}{}{point}{fraction}", if whole.is_empty() { "0" } else { whole }));
    }
    let kept: i128 = format!("0{whole}{}", &fraction[..scale]).parse().ok()?;
    let rounded = kept + i128::from(fraction.as_bytes()[scale] >= b'5');
    let padded = format!("{rounded:0>width$}", width = scale + 1);
    let (whole, fraction) = padded.split_at(padded.len() - scale);
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

/// The hexadecimal digits of `\x…`, or of plain ASCII text without backslashes.
pub(crate) fn bytes(text: &str) -> Option<String> {
    if let Some(hex) = text.strip_prefix("\\x") {
        let valid = hex.len().is_multiple_of(2) && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return valid.then(|| hex.to_owned());
    }
    (text.is_ascii() && !text.contains('\\'))
        .then(|| text.bytes().map(|byte| format!("{byte:02x}")).collect())
}

/// The elements of `{a,"b c",NULL}`; none where it is no array of one dimension.
pub(crate) fn array(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut items = Vec::new();
    if inner.trim().is_empty() {
        return Some(items);
    }
    let mut characters = inner.chars().peekable();
    loop {
        while characters.next_if(|next| next.is_whitespace()).is_some() {}
        if characters.next_if_eq(&'"').is_some() {
            let mut item = String::new();
            loop {
                match characters.next()? {
                    '"' => break,
                    '\\' => item.push(characters.next()?),
                    other => item.push(other),
                }
            }
            items.push(Some(item));
            while characters.next_if(|next| next.is_whitespace()).is_some() {}
        } else {
            let mut item = String::new();
            while let Some(next) = characters.next_if(|next| *next != ',') {
                match next {
                    '{' | '}' | '"' => return None,
                    '\\' => item.push(characters.next()?),
                    other => item.push(other),
                }
            }
            let item = item.trim_end();
            if item.is_empty() {
                return None;
            }
            items.push((!item.eq_ignore_ascii_case("null")).then(|| item.to_owned()));
        }
        match characters.next() {
            None => return Some(items),
            Some(',') => {}
            Some(_) => return None,
        }
    }
}

/// The elements as a JSON array.
pub(crate) fn json_array(element: &ColumnType, items: &[Option<String>]) -> Result<String, String> {
    let values = items
        .iter()
        .map(|item| match item {
            None => Ok(serde_json::Value::Null),
            Some(text) => json_element(element, text),
        })
        .collect::<Result<Vec<_>, String>>()?;
    Ok(serde_json::Value::Array(values).to_string())
}

fn json_element(element: &ColumnType, text: &str) -> Result<serde_json::Value, String> {
    let bad = || format!("'{text}' is no value of type {element}");
    let form = |form: Option<String>| form.map(serde_json::Value::String).ok_or_else(bad);
    match element {
        ColumnType::SmallInt | ColumnType::Integer | ColumnType::BigInt => {
            text.trim().parse::<i64>().map(Into::into).map_err(|_| bad())
        }
        ColumnType::DoublePrecision | ColumnType::Numeric(_) => {
            text.trim().parse::<f64>().map(Into::into).map_err(|_| bad())
        }
        ColumnType::Boolean => match text.to_lowercase().as_str() {
            "t" | "true" => Ok(true.into()),
            "f" | "false" => Ok(false.into()),
            _ => Err(bad()),
        },
        ColumnType::Uuid => {
            uuid::Uuid::parse_str(text).map(|id| id.hyphenated().to_string().into()).map_err(|_| bad())
        }
        ColumnType::Date => form(date(text)),
        ColumnType::Time => form(time(text)),
        ColumnType::Timestamp => form(timestamp(text)),
        ColumnType::TimestampTz => form(timestamp_utc(text)),
        ColumnType::Jsonb => serde_json::from_str(text).map_err(|_| bad()),
        _ => Ok(text.into()),
    }
}
