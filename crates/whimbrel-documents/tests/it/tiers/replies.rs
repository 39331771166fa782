//! What cannot be one line of a table: cursors, whose numbers the engine gives, and what an engine says of itself.

use bson::{Bson, Document, doc};

use crate::reference::{Pair, compared};

fn cursor_of(reply: &Document) -> Bson {
    reply.get_document("cursor").unwrap().get("id").cloned().unwrap()
}

#[tokio::test]
async fn cursors_go_on_and_end_as_mongodb_lets_them() {
    let pair = Pair::new().await;
    let database = pair.database.clone();
    let documents: Vec<Document> = (0..7).map(|id| doc! { "_id": id }).collect();
    pair.run("", &doc! { "insert": "t", "documents": documents }).await;
    let open = doc! { "find": "t", "sort": { "_id": 1 }, "batchSize": 2 };
    let theirs = cursor_of(&pair.on_server(&database, &open).await);
    let ours = cursor_of(&pair.on_store(&database, &open).await);
    for size in [3, 1, 5] {
        let next = |id: &Bson| doc! { "getMore": id.clone(), "collection": "t", "batchSize": size };
        let reply = compared(pair.on_server(&database, &next(&theirs)).await.into());
        assert_eq!(compared(pair.on_store(&database, &next(&ours)).await.into()), reply);
    }
    let theirs = cursor_of(&pair.on_server(&database, &open).await);
    let ours = cursor_of(&pair.on_store(&database, &open).await);
    let kill = |id: &Bson| doc! { "killCursors": "t", "cursors": [id.clone()] };
    for (is_known, others) in [("cursorsKilled", "cursorsNotFound"), ("cursorsNotFound", "cursorsKilled")] {
        for (reply, id) in [
            (pair.on_server(&database, &kill(&theirs)).await, &theirs),
            (pair.on_store(&database, &kill(&ours)).await, &ours),
        ] {
            assert_eq!(reply.get_array(is_known).unwrap(), &vec![id.clone()]);
            assert!(reply.get_array(others).unwrap().is_empty());
        }
    }
    pair.finish().await;
}

/// The parts of a reply that a program reads, each by its path.
const OF_ITSELF: [(&str, &[&str]); 3] = [
    ("buildInfo", &["version", "versionArray", "maxBsonObjectSize"]),
    (
        "hello",
        &[
            "isWritablePrimary",
            "maxBsonObjectSize",
            "maxMessageSizeBytes",
            "maxWriteBatchSize",
            "minWireVersion",
        ],
    ),
    ("serverStatus", &["version", "localTime", "process"]),
];

#[tokio::test]
async fn an_engine_says_of_itself_what_mongodb_says() {
    let pair = Pair::new().await;
    let mut different = Vec::new();
    for (command, fields) in OF_ITSELF {
        let theirs = pair.on_server("admin", &doc! { command: 1 }).await;
        let ours = pair.on_store("admin", &doc! { command: 1 }).await;
        for field in fields {
            let kind = |reply: &Document| reply.get(field).map(Bson::element_type);
            if kind(&theirs).is_none() || kind(&theirs) != kind(&ours) {
                different.push(format!("{command}.{field}: {:?} and here {:?}", kind(&theirs), kind(&ours)));
            }
        }
    }
    assert!(different.is_empty(), "{different:#?}");
    for limit in ["maxBsonObjectSize", "maxMessageSizeBytes", "maxWriteBatchSize"] {
        let hello = doc! { "hello": 1 };
        assert_eq!(
            pair.on_server("admin", &hello).await.get(limit),
            pair.on_store("admin", &hello).await.get(limit)
        );
    }
    // MongoDB's embeddable library has no connections and no host: the documented fields of these two are expected here.
    for (command, field) in [("connectionStatus", "authInfo"), ("hostInfo", "system")] {
        let ours = pair.on_store("admin", &doc! { command: 1 }).await;
        assert!(ours.get_document(field).is_ok(), "{command}: {ours}");
    }
    pair.finish().await;
}
