//! Dates: their arithmetic, their parts, and those far away.

use bson::{Bson, bson, doc};

use super::expressions::{call, compute};
use super::run;
use super::values::date;

fn dates() -> Vec<Bson> {
    let when = date(1_709_210_096_789);
    let later = date(1_730_000_000_000);
    let mut cases = Vec::new();
    for unit in ["year", "quarter", "month", "week", "day", "hour", "minute", "second", "millisecond", "foo"]
    {
        for zone in ["UTC", "+05:30", "America/Sao_Paulo"] {
            cases.push(bson!({ "$dateAdd": { "startDate": when.clone(), "unit": unit, "amount": 5, "timezone": zone } }));
            cases.push(bson!({ "$dateSubtract": { "startDate": when.clone(), "unit": unit, "amount": 13, "timezone": zone } }));
            cases.push(bson!({ "$dateDiff": { "startDate": when.clone(), "endDate": later.clone(), "unit": unit, "timezone": zone } }));
            cases.push(bson!({ "$dateTrunc": { "date": when.clone(), "unit": unit, "timezone": zone } }));
            cases.push(bson!({ "$dateTrunc": { "date": when.clone(), "unit": unit, "binSize": 3, "timezone": zone } }));
        }
        // Into summers of before 1970, when clocks were set as they were in no later year.
        for zone in ["America/Sao_Paulo", "Europe/Madrid", "Europe/London"] {
            for amount in [1, 3, 7, 41] {
                cases.push(bson!({ "$dateSubtract": { "startDate": date(0), "unit": unit, "amount": amount, "timezone": zone } }));
            }
        }
        cases.push(bson!({ "$dateDiff": { "startDate": when.clone(), "endDate": later.clone(), "unit": unit, "startOfWeek": "monday" } }));
        cases.push(bson!({ "$dateTrunc": { "date": when.clone(), "unit": unit, "startOfWeek": "Wed" } }));
    }
    for zone in ["UTC", "-03", "+0530", "Europe/Madrid", "Foo"] {
        for part in [
            "$year",
            "$month",
            "$dayOfMonth",
            "$hour",
            "$minute",
            "$dayOfWeek",
            "$dayOfYear",
            "$week",
            "$isoWeek",
            "$isoDayOfWeek",
        ] {
            cases.push(Bson::Document(call(part, doc! { "date": when.clone(), "timezone": zone })));
        }
        cases.push(bson!({ "$dateToString": { "date": when.clone(), "timezone": zone } }));
        cases.push(bson!({ "$dateToString": { "date": when.clone(), "timezone": zone, "format": "%Y-%m-%d %H:%M:%S.%L %j %u %w %U %V %G %z %Z %% %b %B" } }));
        cases.push(bson!({ "$dateToParts": { "date": when.clone(), "timezone": zone } }));
        cases.push(bson!({ "$dateToParts": { "date": when.clone(), "timezone": zone, "iso8601": true } }));
        cases.push(
            bson!({ "$dateFromString": { "dateString": "2024-02-29T10:11:12.345", "timezone": zone } }),
        );
        cases.push(bson!({ "$dateFromParts": { "year": 2024, "month": 14, "day": -3, "hour": 30, "timezone": zone } }));
    }
    for text in [
        "2024-02-29",
        "2024-02-29T10:11:12Z",
        "2024-02-29T10:11:12+02:00",
        "2024-02-29 10:11",
        "2024-02-30",
        "x",
        "",
        "2024-02-29T10:11:12.3456Z",
        "20240229",
        "20240229T101112Z",
        "20240229 10:11",
    ] {
        cases.push(bson!({ "$dateFromString": { "dateString": text, "onError": "E" } }));
        cases.push(bson!({ "$toDate": text }));
    }
    for (text, format) in
        [("29/02/2024", "%d/%m/%Y"), ("29/02/2024 10:11", "%d/%m/%Y %H:%M"), ("2024x", "%Y")]
    {
        cases.push(bson!({ "$dateFromString": { "dateString": text, "format": format, "onError": "E" } }));
    }
    for expression in [
        bson!({ "$dateToString": { "date": Bson::Null, "onNull": "none" } }),
        bson!({ "$dateToString": { "date": "$zz" } }),
        bson!({ "$dateToString": { "date": when.clone(), "format": "%q" } }),
        bson!({ "$dateFromString": { "dateString": Bson::Null, "onNull": 5 } }),
        bson!({ "$dateFromParts": { "year": 2024 } }),
        bson!({ "$dateFromParts": { "year": "x" } }),
        bson!({ "$add": [when.clone(), 1000] }),
        bson!({ "$subtract": [later.clone(), when.clone()] }),
        bson!({ "$subtract": [later, 1000] }),
        bson!({ "$dateAdd": { "startDate": date(1_706_659_200_000), "unit": "month", "amount": 1 } }),
        bson!({ "$dateAdd": { "startDate": when, "unit": "day", "amount": 1.5 } }),
    ] {
        cases.push(expression);
    }
    cases
}

/// Dates in years of more and of fewer than four digits, to the ends of what 64 bits hold.
fn far_dates() -> Vec<Bson> {
    let far = [
        i64::MIN,
        -9_007_199_254_740_992,
        -377_705_116_800_000,
        -214_588_000_000_000,
        -62_167_219_200_001,
        -62_135_596_800_001,
        214_588_000_000_000,
        253_402_300_800_000,
        9_007_199_254_740_992,
        i64::MAX,
    ];
    let units = ["year", "quarter", "month", "week", "day", "hour", "second", "millisecond"];
    let mut cases = Vec::new();
    for when in far.map(date) {
        for part in [
            "$year",
            "$month",
            "$dayOfMonth",
            "$dayOfWeek",
            "$dayOfYear",
            "$week",
            "$isoWeek",
            "$isoWeekYear",
            "$hour",
        ] {
            cases.push(Bson::Document(call(part, doc! { "date": when.clone(), "timezone": "-03:30" })));
        }
        cases.push(bson!({ "$toString": when.clone() }));
        cases.push(bson!({ "$dateToParts": { "date": when.clone(), "timezone": "+05:45" } }));
        cases.push(bson!({ "$dateToParts": { "date": when.clone(), "iso8601": true } }));
        for format in ["%Y", "%G", "%m-%d %H:%M:%S.%L %j %u %w %U %V"] {
            cases.push(bson!({ "$dateToString": { "date": when.clone(), "format": format } }));
        }
        for unit in units {
            for amount in [1, -1, 5_000, 400_000_000_000_i64] {
                cases.push(
                    bson!({ "$dateAdd": { "startDate": when.clone(), "unit": unit, "amount": amount } }),
                );
            }
            cases.push(bson!({ "$dateSubtract": { "startDate": when.clone(), "unit": unit, "amount": 77 } }));
            cases.push(
                bson!({ "$dateSubtract": { "startDate": when.clone(), "unit": unit, "amount": i64::MIN } }),
            );
            cases.push(
                bson!({ "$dateDiff": { "startDate": date(0), "endDate": when.clone(), "unit": unit } }),
            );
            cases.push(
                bson!({ "$dateDiff": { "startDate": when.clone(), "endDate": date(-1), "unit": unit } }),
            );
            for bin in [1, 7, 400_000_000_000_i64] {
                cases.push(bson!({ "$dateTrunc": { "date": when.clone(), "unit": unit, "binSize": bin } }));
            }
        }
    }
    cases
}

#[tokio::test]
async fn dates_compute_the_same() {
    let cases = dates().into_iter().map(|form| compute("date", form)).collect();
    run("dates", &[("docs", vec![doc! { "_id": 1 }])], cases).await;
}

/// Parts that are null, wrong or too large, in every order.
fn parts_of_dates() -> Vec<Bson> {
    let mut cases = Vec::new();
    let names = ["year", "month", "day", "hour", "minute", "second", "millisecond", "timezone"];
    let bad = [bson!("$nothing"), bson!("$list"), bson!("$large")];
    for first in names {
        for second in names.iter().filter(|name| **name != first) {
            for (left, right) in bad.iter().flat_map(|left| bad.iter().map(move |right| (left, right))) {
                let mut parts = doc! { "year": 2004 };
                parts.insert(first, left.clone());
                parts.insert(*second, right.clone());
                cases.push(Bson::Document(doc! { "$dateFromParts": parts }));
            }
        }
    }
    cases
}

#[tokio::test]
async fn dates_are_put_together_the_same() {
    let cases = parts_of_dates().into_iter().map(|form| compute("parts of a date", form)).collect();
    let document = doc! { "_id": 1, "list": [], "large": 99_999 };
    run("date_parts", &[("docs", vec![document])], cases).await;
}

#[tokio::test]
async fn far_dates_compute_the_same() {
    let cases = far_dates().into_iter().map(|form| compute("far date", form)).collect();
    run("far_dates", &[("docs", vec![doc! { "_id": 1 }])], cases).await;
}
