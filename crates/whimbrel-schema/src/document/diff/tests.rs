//! Golden cases and properties of the difference between catalogues of documents.

use std::fs;
use std::path::Path;

use super::*;
use crate::document::{apply_all, inverses, lower_documents, migration_file, script};
use crate::generate::{Random, random_documents};
use crate::read::read_schema;

fn lowered(name: &str, text: &str) -> crate::document::Lowered {
    let schema = read_schema(name, &|asked| (asked == name).then(|| text.to_owned()))
        .unwrap_or_else(|error| panic!("{name}: {:?}", error.problems));
    lower_documents(&schema).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Up leads to the one catalogue, down back to the other, and neither differs from itself.
fn check_round_trip(
    from: &DocumentCatalog,
    to: &DocumentCatalog,
    intent: &Intent,
    name: &str,
) -> Vec<DocumentOperation> {
    assert_eq!(
        diff(to, to, intent).expect("it has a difference"),
        [],
        "{name}: a catalogue does not differ from itself"
    );
    let operations = diff(from, to, intent).expect("there is a difference");
    let mut work = from.clone();
    work.normalize();
    apply_all(&operations, &mut work)
        .unwrap_or_else(|error| panic!("up of {name}: {error}: {}", error.reason));
    assert!(work.is_same(to), "up of {name} leads to {work:#?}, and not to {to:#?}");
    assert_eq!(diff(&work, to, intent).expect("it has a difference"), [], "{name}: nothing is left after up");
    apply_all(&inverses(&operations), &mut work)
        .unwrap_or_else(|error| panic!("down of {name}: {error}: {}", error.reason));
    assert!(work.is_same(from), "down of {name} leads to {work:#?}, and not to {from:#?}");
    operations
}

/// Each folder of `tests/documents` is a case: the schema before and after, and the migration between them.
#[test]
fn each_case_has_its_migration() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/documents");
    let write = std::env::var_os("WHIMBREL_WRITE_GOLDEN").is_some();
    let mut cases: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 15, "the folder of cases was not found");
    let mut differing = Vec::new();
    for case in cases {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let read = |file: &str| lowered(&name, &fs::read_to_string(case.join(file)).unwrap());
        let (before, after) = (read("before.rs"), read("after.rs"));
        let operations = check_round_trip(&before.catalog, &after.catalog, &after.intent, &name);
        assert!(!operations.is_empty(), "{name} changes nothing");
        let file = migration_file(&script(&operations), &name.replace('_', " "));
        let golden = case.join("migration.js");
        if write {
            fs::write(&golden, &file).unwrap();
        } else if fs::read_to_string(&golden).unwrap_or_default() != file {
            differing.push(format!("{name} now gives:\n{file}"));
        }
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// A catalogue with parts taken away and changed at random.
fn thinned(catalog: &DocumentCatalog, random: &mut Random) -> DocumentCatalog {
    let mut thinned = catalog.clone();
    thinned.collections.retain(|_| random.percent(80));
    for collection in &mut thinned.collections {
        collection.indexes.retain(|_| random.percent(75));
        for index in &mut collection.indexes {
            if random.percent(20) {
                index.hidden = !index.hidden;
            }
            if random.percent(30) && index.expire_after_seconds.is_some() {
                index.expire_after_seconds = Some(5);
            }
            if random.percent(15) {
                index.sparse = !index.sparse;
            }
        }
        if random.percent(15) {
            collection.validator = None;
        }
        if let Some(validator) = collection.validator.as_mut().filter(|_| random.percent(20)) {
            validator.level = super::super::ValidationLevel::Moderate;
        }
        if let Some(serde_json::Value::Object(properties)) = collection
            .validator
            .as_mut()
            .and_then(|validator| validator.rule.pointer_mut("/$jsonSchema/properties"))
        {
            properties.retain(|_, _| random.percent(85));
        }
    }
    thinned
}

#[test]
fn up_leads_there_and_down_leads_back() {
    const SEEDS: u64 = 60;
    let mut histogram = crate::generate::Histogram::default();
    let mut operations = 0;
    for seed in 0..SEEDS {
        let (schema, drawn) = random_documents(seed, 4);
        histogram.add(&drawn);
        let lowered = lower_documents(&schema).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let mut random = Random::new(seed ^ 0xD0C5);
        let other = thinned(&lowered.catalog, &mut random);
        let empty = DocumentCatalog::default();
        for (from, to) in [
            (&empty, &lowered.catalog),
            (&lowered.catalog, &other),
            (&other, &lowered.catalog),
            (&other, &empty),
        ] {
            let found = check_round_trip(from, to, &lowered.intent, &format!("seed {seed}"));
            let text = migration_file(&script(&found), "anything");
            assert!(!text.contains("$whimbrelExpression"), "seed {seed}: {text}");
            operations += found.len();
        }
    }
    println!("{operations} operations over the seeds 0 to {SEEDS} drew {:?}", histogram.counts);
    for kind in crate::generate::Histogram::DOCUMENT_KINDS {
        assert!(histogram.counts.contains_key(kind), "{kind} is never drawn");
    }
    assert!(operations > 500, "too little was tried");
}

#[test]
fn what_no_declaration_says_stays() {
    let options = |value: serde_json::Value| {
        let collection = Collection {
            name: "log".into(),
            options: serde_json::Map::from_iter([("capped".to_owned(), value)]),
            ..Collection::default()
        };
        DocumentCatalog { collections: vec![collection], views: vec!["recent".into()] }
    };
    let bare = DocumentCatalog {
        collections: vec![Collection { name: "log".into(), ..Collection::default() }],
        ..DocumentCatalog::default()
    };
    let capped = options(true.into());
    assert_eq!(diff(&capped, &bare, &Intent::default()).unwrap(), []);
    let error = diff(&bare, &capped, &Intent::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`capped` of the collection `log` cannot change: it is not set, and true is asked for"
    );
}

#[test]
fn an_id_never_changes() {
    let schema = |ty: &str| {
        format!("#[derive(Model)]\n#[db(collection = \"a\")]\npub struct A {{ #[db(id)] pub id: {ty} }}")
    };
    let (before, after) = (lowered("a", &schema("String")), lowered("a", &schema("ObjectId")));
    let operations = check_round_trip(&before.catalog, &after.catalog, &after.intent, "ids");
    let [DocumentOperation::SetValidator { cautions, .. }] = operations.as_slice() else {
        panic!("{operations:?}");
    };
    assert_eq!(
        cautions.as_slice(),
        ["the ids of a were string and become objectId, and no id can change: copy the documents yourself"]
    );
}
