//! The numbers by which commands are bounded: limits, skips and sizes of batches.

use bson::{Bson, Document, bson, doc};

use super::values::decimal;
use super::{Case, run};

fn numbers() -> Vec<Bson> {
    vec![
        bson!(0),
        bson!(2),
        bson!(-2),
        bson!(3_i64),
        bson!(-3_i64),
        bson!(i64::MIN),
        bson!(i64::MAX),
        bson!(2.0),
        bson!(-2.0),
        bson!(1.5),
        bson!(-1.5),
        bson!(-0.5),
        bson!(1e18),
        bson!(1e30),
        bson!(f64::NAN),
        bson!(f64::INFINITY),
        decimal("2"),
        decimal("-2"),
        decimal("1.5"),
        decimal("2.5"),
        decimal("1E400"),
        decimal("NaN"),
        bson!("2"),
        bson!(true),
        Bson::Null,
        bson!({ "n": 2 }),
        bson!([2]),
    ]
}

#[tokio::test]
async fn commands_are_bounded_by_the_same_numbers() {
    let documents: Vec<Document> = (0..6).map(|id| doc! { "_id": id, "a": id % 2, "l": [1, 2, 3] }).collect();
    let mut cases = Vec::new();
    for number in numbers() {
        for field in ["limit", "skip"] {
            cases.push(Case::new("count", doc! { "count": "docs", field: number.clone() }));
            cases.push(Case::new(
                "count",
                doc! { "count": "docs", "query": { "a": 1 }, field: number.clone() },
            ));
            cases.push(Case::new(
                "find",
                doc! { "find": "docs", "sort": { "_id": 1 }, field: number.clone() },
            ));
            let stage = format!("${field}");
            cases.push(Case::aggregate(stage.clone(), vec![doc! { stage: number.clone() }]));
        }
        cases.push(Case::new(
            "batch",
            doc! { "find": "docs", "sort": { "_id": 1 }, "batchSize": number.clone() },
        ));
        for slice in [number.clone(), bson!([number.clone(), 1]), bson!([1, number.clone()])] {
            let shown = doc! { "l": { "$slice": slice } };
            cases.push(Case::new(
                "$slice",
                doc! { "find": "docs", "sort": { "_id": 1 }, "projection": shown },
            ));
        }
        for keyword in ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"] {
            let schema = doc! { "properties": { "l": { keyword: number.clone() } } };
            cases.push(Case::find(keyword, doc! { "$jsonSchema": schema }));
        }
        let cursor = doc! { "batchSize": number.clone() };
        cases.push(Case::new("batch", doc! { "aggregate": "docs", "pipeline": [], "cursor": cursor }));
        cases.push(Case::aggregate(
            "$sample",
            vec![doc! { "$sample": { "size": number } }, doc! { "$count": "n" }],
        ));
    }
    run("bounds", &[("docs", documents)], cases).await;
}
