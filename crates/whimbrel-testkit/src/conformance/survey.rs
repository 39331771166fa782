//! What is asked of the documents before a rule is set.

use bson::{Bson, doc};
use serde_json::json;
use whimbrel_engine::document::{duplicates, sample, violations};
use whimbrel_schema::document::{CollectionIndex, KeyKind};

use super::Place;

fn unique(paths: &[&str]) -> CollectionIndex {
    CollectionIndex {
        name: "u".to_owned(),
        keys: paths.iter().map(|path| ((*path).to_owned(), KeyKind::Ascending)).collect(),
        unique: true,
        ..CollectionIndex::default()
    }
}

async fn insert(place: &Place, documents: Vec<bson::Document>) {
    place.run(doc! { "insert": "users", "documents": documents }).await;
}

pub async fn what_breaks_a_validator_is_counted(place: &Place) {
    let rule = doc! { "$jsonSchema": { "required": ["a"], "properties": { "a": { "bsonType": "int" } } } };
    let none = violations(place.commands.as_ref(), None, "users", &rule, 3).await.unwrap();
    assert_eq!((none.documents, none.examples.len()), (0, 0), "a collection that is not there");
    insert(place, vec![doc! { "_id": 1, "a": 1 }, doc! { "_id": 2, "a": "x" }, doc! { "_id": 3 }]).await;
    let few = violations(place.commands.as_ref(), None, "users", &rule, 3).await.unwrap();
    assert_eq!((few.documents, few.examples.len()), (2, 2));
    let more = (10..30).map(|number| doc! { "_id": number }).collect();
    insert(place, more).await;
    let many = violations(place.commands.as_ref(), None, "users", &rule, 3).await.unwrap();
    assert_eq!((many.documents, many.examples.len()), (22, 3));
    assert!(!many.examples.contains(&Bson::Int32(1)), "{many:?}");
    let counted = violations(place.commands.as_ref(), None, "users", &rule, 0).await.unwrap();
    assert_eq!((counted.documents, counted.examples.len()), (22, 0));
}

pub async fn a_rule_that_is_no_query_is_refused(place: &Place) {
    insert(place, vec![doc! { "_id": 1 }]).await;
    let rule = doc! { "$nonsense": 1 };
    let error = violations(place.commands.as_ref(), None, "users", &rule, 3).await.unwrap_err();
    assert!(error.to_string().contains("counting what breaks the validator of `users`"), "{error}");
}

/// Whether a unique index finds what was counted: the server itself is asked.
async fn is_refused(place: &Place, index: &CollectionIndex) -> bool {
    let mut key = bson::Document::new();
    for (path, _) in &index.keys {
        key.insert(path, 1);
    }
    let mut specification = doc! { "key": key, "name": "u", "unique": true, "sparse": index.sparse };
    if let Some(filter) = &index.partial_filter {
        let filter = bson::Document::try_from(filter.as_object().unwrap().clone()).unwrap();
        specification.remove("sparse");
        specification.insert("partialFilterExpression", filter);
    }
    if let Some(collation) = &index.collation {
        let collation = bson::Document::try_from(collation.as_object().unwrap().clone()).unwrap();
        specification.insert("collation", collation);
    }
    let made = place.commands.run(doc! { "createIndexes": "users", "indexes": [specification] }).await;
    if made.is_ok() {
        place.run(doc! { "dropIndexes": "users", "index": "u" }).await;
    }
    made.is_err()
}

pub async fn duplicates_are_those_that_the_index_would_find(place: &Place) {
    insert(
        place,
        vec![
            doc! { "_id": 1, "email": "a", "n": 1, "tags": ["x", "x"], "kind": "p", "only": 1 },
            doc! { "_id": 2, "email": "a", "n": 1.0, "tags": ["y"], "kind": "q", "only": 2 },
            doc! { "_id": 3, "email": "A", "n": 2_i64, "tags": ["z"], "kind": "q", "only": 3 },
            doc! { "_id": 4, "n": 3, "tags": ["y", "w"], "kind": "p", "only": 4 },
            doc! { "_id": 5, "email": null, "n": 4, "tags": [], "kind": "p", "only": 5 },
        ],
    )
    .await;
    let sparse = |index: CollectionIndex| CollectionIndex { sparse: true, ..index };
    let partial =
        |index: CollectionIndex| CollectionIndex { partial_filter: Some(json!({ "kind": "p" })), ..index };
    for (index, expected) in [
        (unique(&["email"]), 2),
        (sparse(unique(&["email"])), 1),
        (partial(unique(&["email"])), 1),
        (partial(unique(&["n"])), 0),
        (unique(&["n"]), 1),
        (unique(&["tags"]), 1),
        (unique(&["email", "n"]), 1),
        (unique(&["only"]), 0),
        (unique(&["email", "only"]), 0),
    ] {
        let found = duplicates(place.commands.as_ref(), None, "users", &index, 5).await.unwrap();
        assert_eq!(found.keys, expected, "{index:?} {found:?}");
        assert_eq!(is_refused(place, &index).await, expected > 0, "{index:?}");
    }
    let found =
        duplicates(place.commands.as_ref(), None, "users", &unique(&["n", "email"]), 5).await.unwrap();
    let example = &found.examples[0];
    assert_eq!((example.documents, &example.ids), (2, &[Bson::Int32(1), Bson::Int32(2)]));
    assert_eq!(example.key[1], Bson::String("a".to_owned()));
    let one = duplicates(place.commands.as_ref(), None, "users", &unique(&["email"]), 1).await.unwrap();
    assert_eq!((one.keys, one.examples.len()), (2, 1));
}

pub async fn duplicates_are_those_that_the_indexs_collation_finds(place: &Place) {
    let emails = ["a", "A", "b"].into_iter().enumerate();
    let documents = emails.map(|(id, email)| doc! { "_id": i32::try_from(id).unwrap(), "email": email });
    insert(place, documents.collect()).await;
    let collation = Some(json!({ "locale": "en", "strength": 2 }));
    let folded = CollectionIndex { collation, ..unique(&["email"]) };
    for (index, expected) in [(unique(&["email"]), 0), (folded, 1)] {
        let found = duplicates(place.commands.as_ref(), None, "users", &index, 5).await.unwrap();
        assert_eq!(found.keys, expected, "{index:?} {found:?}");
        assert_eq!(is_refused(place, &index).await, expected > 0, "{index:?}");
    }
}

pub async fn a_sample_is_extended_json(place: &Place) {
    assert!(sample(place.commands.as_ref(), "users", 5, false).await.unwrap().is_empty());
    insert(place, vec![doc! { "_id": 1, "n": 5_i64, "d": 1.0 }]).await;
    let relaxed = sample(place.commands.as_ref(), "users", 5, false).await.unwrap();
    assert_eq!(relaxed, [json!({ "_id": 1, "n": 5, "d": 1.0 })]);
    let canonical = sample(place.commands.as_ref(), "users", 5, true).await.unwrap();
    assert_eq!(
        canonical,
        [json!({
            "_id": { "$numberInt": "1" }, "n": { "$numberLong": "5" }, "d": { "$numberDouble": "1.0" }
        })]
    );
    insert(place, (10..40).map(|number| doc! { "_id": number }).collect()).await;
    assert_eq!(sample(place.commands.as_ref(), "users", 5, false).await.unwrap().len(), 5);
}
