//! The documents that every side holds, and what is asked of them.

use bson::oid::ObjectId;
use bson::{DateTime, Document, RawDocument, doc};

/// Documents in the collection.
pub(crate) const DOCUMENTS: u32 = 100_000;
/// Documents that one insertion brings.
pub(crate) const BATCH: u32 = 1_000;
/// Documents that the range holds.
pub(crate) const RANGE: u32 = 10_000;
/// Point finds of one run.
pub(crate) const FINDS: u32 = 3_000;
/// The collection.
pub(crate) const COLLECTION: &str = "people";

/// Coprime to the number of documents, so that its multiples visit every document once in no visible order.
const STRIDE: u32 = 61_803;
const CITIES: u32 = 50;
/// 2024-01-01.
const FIRST_DAY_MS: i64 = 1_704_067_200_000;
const MINUTE_MS: i64 = 60_000;

/// A number of its own for each document, in another order than that of the insertion.
fn shuffled(number: u32) -> u32 {
    u32::try_from(u64::from(number) * u64::from(STRIDE) % u64::from(DOCUMENTS))
        .expect("below the number of documents")
}

fn joined(rank: u32) -> DateTime {
    DateTime::from_millis(FIRST_DAY_MS + i64::from(rank) * MINUTE_MS)
}

fn email(rank: u32) -> String {
    format!("person{rank:06}@example.org")
}

fn city(rank: u32) -> String {
    format!("city {:02}", rank % CITIES)
}

fn balance(rank: u32) -> f64 {
    f64::from(rank % 1_000) + 0.25
}

fn is_active(rank: u32) -> bool {
    !rank.is_multiple_of(3)
}

/// A document of about three hundred bytes.
pub(crate) fn document(number: u32) -> Document {
    let rank = shuffled(number);
    let mut id = [0; 12];
    id[..4].copy_from_slice(&0x6592_0080_u32.to_be_bytes());
    id[8..].copy_from_slice(&number.to_be_bytes());
    doc! {
        "_id": ObjectId::from_bytes(id),
        "email": email(rank),
        "name": format!("Person {rank}"),
        "city": city(rank),
        "age": i32::try_from(18 + rank % 60).expect("an age"),
        "balance": balance(rank),
        "joined": joined(rank),
        "active": is_active(rank),
        "address": { "street": format!("{} Long Street", rank % 400), "zip": format!("{:05}", rank % 90_000) },
        "tags": ["reader", "writer"],
        "note": "Prefers to be written to in the morning, and answers within a day.",
    }
}

/// The documents in the batches in which they are inserted.
pub(crate) fn batches() -> Vec<Vec<Document>> {
    (0..DOCUMENTS / BATCH).map(|batch| (batch * BATCH..(batch + 1) * BATCH).map(document).collect()).collect()
}

/// The indexes that stand before the insertion: a compound one and a simple one.
pub(crate) fn secondary_indexes() -> [(&'static str, Document); 2] {
    [("city_1_age_1", doc! { "city": 1, "age": 1 }), ("joined_1", doc! { "joined": 1 })]
}

/// The index that is built over all documents, and by which one of them is found.
pub(crate) fn unique_index() -> (&'static str, Document) {
    ("email_1", doc! { "email": 1 })
}

/// What is found by the unique index.
pub(crate) fn sought() -> Vec<String> {
    (0..FINDS).map(|find| email(shuffled(find * 31 % DOCUMENTS))).collect()
}

/// Where the range begins and ends.
pub(crate) fn range() -> (DateTime, DateTime) {
    (joined(DOCUMENTS / 3), joined(DOCUMENTS / 3 + RANGE))
}

/// The filter of the range.
pub(crate) fn range_filter() -> Document {
    let (from, to) = range();
    doc! { "joined": { "$gte": from, "$lt": to } }
}

/// The least balance that the scan lets through.
pub(crate) const LEAST_BALANCE: f64 = 990.0;

/// A filter that no index helps with.
pub(crate) fn scan_filter() -> Document {
    doc! { "balance": { "$gte": LEAST_BALANCE }, "active": true }
}

/// The pipeline that groups every document.
pub(crate) fn group_pipeline() -> Vec<Document> {
    vec![doc! { "$group": {
        "_id": "$city", "people": { "$sum": 1 }, "total": { "$sum": "$balance" }, "oldest": { "$max": "$age" },
    } }]
}

/// Documents that have been shown, added up.
#[derive(Default)]
pub(crate) struct Sum {
    documents: usize,
    balance: f64,
    /// Of groups.
    people: u32,
}

impl Sum {
    /// Adds a document, or a group of them.
    pub(crate) fn add(&mut self, document: &RawDocument) -> Result<(), bson::error::Error> {
        self.documents += 1;
        match document.get_i32("people") {
            Ok(people) => {
                self.people += people.unsigned_abs();
                self.balance += document.get_f64("total")?;
            }
            Err(_) => self.balance += document.get_f64("balance")?,
        }
        Ok(())
    }

    /// Says whether these are the documents that a workload leads to.
    pub(crate) fn check(&self, workload: &str) -> Result<(), String> {
        let ranks = 0..DOCUMENTS;
        let expected = match workload {
            "range" => of(ranks.filter(|rank| (DOCUMENTS / 3..DOCUMENTS / 3 + RANGE).contains(rank))),
            "scan" => of(ranks.filter(|rank| balance(*rank) >= LEAST_BALANCE && is_active(*rank))),
            _ => Sum { documents: CITIES as usize, people: DOCUMENTS, ..of(ranks) },
        };
        let is_right = self.documents == expected.documents
            && self.people == expected.people
            && (self.balance - expected.balance).abs() < 1.0;
        let told = |sum: &Self| {
            format!("{} documents with {} people and {}", sum.documents, sum.people, sum.balance)
        };
        if is_right {
            Ok(())
        } else {
            Err(format!("{workload} found {}, not {}", told(self), told(&expected)))
        }
    }
}

fn of(ranks: impl Iterator<Item = u32>) -> Sum {
    ranks.fold(Sum::default(), |sum, rank| Sum {
        documents: sum.documents + 1,
        balance: sum.balance + balance(rank),
        people: 0,
    })
}
