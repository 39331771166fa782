//! What counts up ten thousand documents happens exactly once, whenever it is killed.

use std::collections::BTreeMap;
use std::time::Instant;

use bson::doc;

use super::random::{crashes, seed};
use super::{Kind, Project};
use crate::crash::random::fraction;

/// How often each way is killed, one after the other: SecantusDB fails at commits of many large transactions at once.
/// `WHIMBREL_TEST_CRASHES` asks for another number.
const CRASHES: usize = 4;
/// The documents that one transaction counts up.
const DOCUMENTS: i32 = 10_000;
/// The documents that are counted up in batches of a tenth.
const FEWER: i32 = 1_000;
const WHOLE: &str =
    "exports.up = async (db) => { await db.collection('many').updateMany({}, { $inc: { n: 1 } }); };\n";
const IN_BATCHES: &str = "exports.up = async (db) => {
  await batch({ collection: 'many', size: 100 }, async (documents) => {
    const ids = documents.map((document) => document._id);
    await db.collection('many').updateMany({ _id: { $in: ids } }, { $inc: { n: 1 } });
  });
};\n";

/// Runs a file undisturbed, and kills the run of each later one at a random time. Tells how often how much stood.
fn exactly_once(kind: Kind, text: &str, documents: i32, seed: u64) -> BTreeMap<&'static str, usize> {
    let project = Project::with_settings(kind, "[pool]\nlease = \"1s\"\n");
    let zeros: Vec<_> = (0..documents).map(|number| doc! { "_id": number, "n": 0 }).collect();
    project.database.run(doc! { "insert": "many", "documents": zeros }).unwrap();
    project.file("0001-count.js", text);
    let begin = Instant::now();
    project.run(&["migrate"], 0);
    let duration = begin.elapsed();
    let whole = i64::from(documents);
    let mut hits = BTreeMap::new();
    for run in 0..crashes(CRASHES) {
        project.file(&format!("{:04}-count.js", run + 2), text);
        let mut child = project.start(&["migrate"]);
        std::thread::sleep(duration.mul_f64(fraction(seed, run)));
        child.kill().unwrap();
        child.wait().unwrap();
        let expected = doc! { "n": i64::try_from(run).unwrap() + 2 };
        let counted = project.count("many", expected.clone());
        let stood = if counted == 0 {
            "nothing stood"
        } else if counted == whole {
            "everything stood"
        } else {
            assert_eq!((text, counted % 100), (IN_BATCHES, 0), "a part of {counted} documents stands");
            "some batches stood"
        };
        *hits.entry(stood).or_default() += 1;
        project.run(&["migrate"], 0);
        assert_eq!(project.count("many", expected), whole, "killed when {stood}, seed {seed}");
        assert!(project.journal().is_empty(), "{:?}", project.journal());
    }
    hits
}

/// Runs it with a seed of its own, and tells what was hit.
fn told(kind: Kind, text: &str, documents: i32) -> String {
    let seed = seed();
    format!("seed {seed}: {:?}", exactly_once(kind, text, documents, seed))
}

#[test]
fn as_one_transaction() {
    println!("{}", told(Kind::SecantusDb, WHOLE, DOCUMENTS));
}

#[test]
fn in_batches() {
    println!("{}", told(Kind::SecantusDb, IN_BATCHES, FEWER));
}

#[test]
fn as_one_transaction_of_the_embedded_engine() {
    println!("{}", told(Kind::Embedded, WHOLE, DOCUMENTS));
}

#[test]
fn in_batches_of_the_embedded_engine() {
    println!("{}", told(Kind::Embedded, IN_BATCHES, FEWER));
}
