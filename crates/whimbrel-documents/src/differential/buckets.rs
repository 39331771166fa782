//! `$bucket`, `$bucketAuto` and `$sortByCount`, over their boundaries.

use bson::{Bson, Document, bson, doc};

use super::values::decimal;
use super::{Case, run};

fn documents() -> Vec<Document> {
    let values: [Bson; 14] = [
        bson!(-1),
        bson!(0),
        bson!(0.0),
        bson!(3),
        bson!(3.5),
        bson!(9_i64),
        bson!(10),
        decimal("10.0"),
        bson!(11),
        bson!("a"),
        bson!("b"),
        Bson::Null,
        bson!([1]),
        bson!({ "x": 1 }),
    ];
    let stated = |(id, value)| doc! { "_id": id, "v": value, "w": id % 3 };
    (0..).zip(values).map(stated).chain([doc! { "_id": 99, "w": 1 }]).collect()
}

/// A bucket over the numbers, or over all values where there is a place for the others.
fn bucket(boundaries: Bson, default: Option<Bson>) -> Case {
    let mut stated = doc! { "groupBy": "$v", "boundaries": boundaries };
    let mut stages = vec![];
    match default {
        Some(default) => _ = stated.insert("default", default),
        None => stages.push(doc! { "$match": { "v": { "$gte": 0, "$lt": 10 } } }),
    }
    stages.extend([doc! { "$bucket": stated }, doc! { "$sort": { "_id": 1 } }]);
    Case::aggregate("$bucket", stages)
}

#[tokio::test]
async fn buckets_hold_what_mongodb_puts_into_them() {
    let mut cases = Vec::new();
    for boundaries in [
        bson!([0, 10]),
        bson!([0, 3, 10]),
        bson!([0.0, 3.5, 10_i64]),
        bson!(["a", "b"]),
        bson!([0, 0]),
        bson!([10, 0]),
        bson!([0, "a"]),
        bson!([0]),
        bson!([]),
        bson!([0, "$w"]),
        bson!([0, { "$add": [4, 6] }]),
        bson!(5),
    ] {
        cases.push(bucket(boundaries.clone(), None));
        for default in [
            bson!(-1),
            bson!(0),
            bson!(3),
            bson!(9),
            bson!(10),
            bson!(10.0),
            bson!(11),
            bson!("rest"),
            Bson::Null,
            bson!("a"),
            bson!("b"),
            bson!({ "$add": [5, 5] }),
            bson!("$w"),
        ] {
            cases.push(bucket(boundaries.clone(), Some(default)));
        }
    }
    for buckets in [1, 2, 3, 5, 20, 0, -1] {
        for path in ["$v", "$w", "$_id", "$zz"] {
            let stages = vec![
                doc! { "$match": { "v": { "$nin": [0.0, "10.0"] } } },
                doc! { "$bucketAuto": { "groupBy": path, "buckets": buckets } },
            ];
            cases.push(Case::aggregate("$bucketAuto", stages));
        }
    }
    for path in ["$w", "$zz"] {
        let stages = vec![doc! { "$sortByCount": path }, doc! { "$sort": { "count": -1, "_id": 1 } }];
        cases.push(Case::aggregate("$sortByCount", stages));
    }
    run("buckets", &[("docs", documents())], cases).await;
}
