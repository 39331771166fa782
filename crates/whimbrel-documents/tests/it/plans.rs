//! Every indexed plan finds what a full scan finds, over random documents, queries and indexes.

use bson::{Bson, Decimal128, Document, doc};
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::Commands;

const DOCUMENTS: usize = 120;
const QUERIES: usize = 60;
const ROUNDS: usize = 6;

/// A small generator: the tests only need the same numbers for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }

    fn scalar(&mut self) -> Bson {
        let small = i32::try_from(self.below(5)).unwrap();
        match self.below(12) {
            0 => Bson::Null,
            1 => Bson::Double(f64::from(small) + 0.5),
            2 => Bson::Double(f64::from(small)),
            3 => Bson::Int64(i64::from(small)),
            4 => Bson::Decimal128(format!("{small}.0").parse::<Decimal128>().unwrap()),
            5 | 6 => Bson::String(["", "a", "ab", "b", "a\u{0}b"][self.below(5)].to_owned()),
            7 => Bson::Boolean(self.below(2) == 0),
            8 => Bson::DateTime(bson::DateTime::from_millis(i64::from(small))),
            9 => Bson::Document(doc! { "b": small }),
            _ => Bson::Int32(small),
        }
    }

    fn value(&mut self, depth: usize) -> Bson {
        match self.below(10) {
            0 | 1 if depth > 0 => {
                let length = self.below(4);
                Bson::Array((0..length).map(|_| self.value(depth - 1)).collect())
            }
            2 | 3 if depth > 0 => {
                let mut document = Document::new();
                for name in ["b", "c"] {
                    if self.below(3) > 0 {
                        document.insert(name, self.value(depth - 1));
                    }
                }
                Bson::Document(document)
            }
            _ => self.scalar(),
        }
    }

    fn document(&mut self, id: usize) -> Document {
        let mut document = doc! { "_id": i32::try_from(id).unwrap() };
        for name in ["a", "d", "e"] {
            if self.below(4) > 0 {
                document.insert(name, self.value(2));
            }
        }
        document
    }

    fn path(&mut self) -> &'static str {
        ["a", "d", "e", "a.b", "a.c", "d.b", "a.0", "a.b.c", "_id"][self.below(9)]
    }

    fn test(&mut self) -> Bson {
        let operator = ["$gt", "$gte", "$lt", "$lte", "$eq", "$ne"][self.below(6)];
        match self.below(11) {
            0 => self.scalar(),
            1 => self.value(1),
            2 => Bson::Document(doc! { "$in": [self.scalar(), self.scalar(), self.scalar()] }),
            3 => Bson::Document(doc! { "$gt": self.scalar(), "$lt": self.scalar() }),
            4 => Bson::Document(doc! { "$exists": self.below(2) == 0 }),
            5 => Bson::Document(doc! { "$elemMatch": { "$gte": self.scalar(), "$lte": self.scalar() } }),
            6 => Bson::Document(doc! { "$elemMatch": { "b": self.scalar() } }),
            7 => Bson::Document(doc! { "$not": { "$gt": self.scalar() } }),
            8 => Bson::Document(doc! { "$regex": "^a" }),
            9 => Bson::Document(doc! { "$nin": [self.scalar(), Bson::Null] }),
            _ => Bson::Document(doc! { operator: self.scalar() }),
        }
    }

    fn filter(&mut self, depth: usize) -> Document {
        let mut filter = Document::new();
        for _ in 0..=self.below(2) {
            filter.insert(self.path(), self.test());
        }
        if depth > 0 && self.below(4) == 0 {
            let branches = vec![self.filter(0), self.filter(0)];
            filter.insert(["$or", "$and"][self.below(2)], branches);
        }
        filter
    }

    fn sort(&mut self) -> Document {
        let mut sort = Document::new();
        for _ in 0..self.below(3) {
            sort.insert(["a", "d", "e", "a.b"][self.below(4)], [1, -1][self.below(2)]);
        }
        sort
    }

    fn index(&mut self, number: usize) -> Document {
        let mut key = Document::new();
        for _ in 0..=self.below(2) {
            key.insert(["a", "d", "e", "a.b", "a.c", "d.b", "a.0"][self.below(7)], [1, -1][self.below(2)]);
        }
        let mut index = doc! { "key": key, "name": format!("i{number}") };
        match self.below(5) {
            0 => {
                index.insert("sparse", true);
            }
            1 => {
                index.insert("partialFilterExpression", doc! { "d": { "$gt": 1 } });
            }
            2 => {
                index.insert("key", doc! { "a": "hashed" });
            }
            _ => {}
        }
        index
    }
}

async fn found(store: &DocumentStore, command: &Document) -> Result<Vec<i32>, i32> {
    match store.run(command.clone()).await {
        Ok(reply) => {
            let batch = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().clone();
            Ok(batch.iter().map(|found| found.as_document().unwrap().get_i32("_id").unwrap()).collect())
        }
        Err(error) => Err(error.code().expect("a refusal")),
    }
}

/// The plan, and the documents that only the scan has found.
async fn difference(
    store: &DocumentStore,
    command: &Document,
    by_index: &Result<Vec<i32>, i32>,
    by_scan: &Result<Vec<i32>, i32>,
) -> String {
    let plan = store.run(doc! { "explain": command.clone(), "verbosity": "queryPlanner" }).await.unwrap();
    let plan = plan.get_document("queryPlanner").unwrap();
    let (Ok(by_index), Ok(by_scan)) = (by_index, by_scan) else { return plan.to_string() };
    let missing = by_scan.iter().filter(|id| !by_index.contains(id)).copied().collect::<Vec<_>>();
    let missed = store.run(doc! { "find": "plain", "filter": { "_id": { "$in": missing } } }).await.unwrap();
    format!("{plan}\nmissed: {missed}")
}

fn seed() -> u64 {
    if let Ok(seed) = std::env::var("WHIMBREL_TEST_SEED") {
        return seed.parse().expect("WHIMBREL_TEST_SEED is a number");
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::from(now.subsec_nanos()) << 16 | 1
}

#[tokio::test]
async fn indexes_never_change_a_result() {
    let seed = seed();
    println!("WHIMBREL_TEST_SEED={seed}");
    let mut random = Random(seed);
    let mut bounded = 0;
    for round in 0..ROUNDS {
        let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, "test")).unwrap();
        for number in 0..4 {
            // What cannot be indexed together refuses documents, which then stand in neither collection.
            let index = random.index(number);
            let made = store.run(doc! { "createIndexes": "indexed", "indexes": [index] }).await;
            assert!(made.is_ok() || made.as_ref().is_err_and(|error| error.code() == Some(85)), "{made:?}");
        }
        for id in 0..DOCUMENTS {
            let document = random.document(id);
            let insert = doc! { "insert": "indexed", "documents": [document.clone()] };
            let reply = store.run(insert).await.unwrap();
            if reply.get_i32("n").unwrap() == 1 {
                store.run(doc! { "insert": "plain", "documents": [document] }).await.unwrap();
            }
        }
        for _ in 0..QUERIES {
            let (filter, sort) = (random.filter(1), random.sort());
            let mut command = doc! { "find": "indexed", "filter": filter, "batchSize": 10_000 };
            let is_sorted = !sort.is_empty();
            if is_sorted {
                let mut sort = sort;
                sort.insert("_id", 1);
                command.insert("sort", sort);
            }
            let mut plain = command.clone();
            plain.insert("find", "plain");
            plain.insert("hint", doc! { "$natural": 1 });
            let plan = store.run(doc! { "explain": command.clone(), "verbosity": "queryPlanner" }).await;
            bounded += usize::from(plan.is_ok_and(|plan| plan.to_string().contains("IXSCAN")));
            let (mut by_index, mut by_scan) = (found(&store, &command).await, found(&store, &plain).await);
            if !is_sorted {
                let _ = by_index.as_mut().map(|found| found.sort_unstable());
                let _ = by_scan.as_mut().map(|found| found.sort_unstable());
            }
            if by_index != by_scan {
                let more = difference(&store, &command, &by_index, &by_scan).await;
                panic!(
                    "seed {seed}, round {round}: {command}: {by_index:?} by index, {by_scan:?} by a scan\n{more}"
                );
            }
        }
    }
    assert!(bounded > ROUNDS * QUERIES / 8, "only {bounded} plans used an index");
}

#[tokio::test]
async fn a_document_is_found_once_by_whichever_branch_and_key() {
    let store = DocumentStore::open(&DocumentOptions::new(Location::Memory, "test")).unwrap();
    store.run(doc! { "createIndexes": "c", "indexes": [{ "key": { "a": 1 }, "name": "a" }] }).await.unwrap();
    store.run(doc! { "insert": "c", "documents": [{ "_id": 1, "a": [1, 2, 3] }] }).await.unwrap();
    for filter in [
        doc! { "$or": [{ "a": { "$gte": 1 } }] },
        doc! { "$or": [{ "a": { "$gte": 1 } }, { "a": { "$lte": 3 } }] },
        doc! { "a": { "$in": [1, 2] } },
    ] {
        let command = doc! { "find": "c", "filter": filter, "hint": "a" };
        let plan = store.run(doc! { "explain": command.clone(), "verbosity": "queryPlanner" }).await.unwrap();
        assert!(plan.to_string().contains("IXSCAN"), "{plan}");
        assert_eq!(found(&store, &command).await.unwrap(), [1], "{command}");
    }
}
