//! What a server is found to be able to do, and what the URL asks of it.

use bson::doc;
use whimbrel_engine::document::{Commands as _, Deployment, Topology};
use whimbrel_mongo::{Mongo, MongoOptions};
use whimbrel_testkit::{MongoKind, mongo_database};

async fn deployment(kind: MongoKind) -> Deployment {
    let database = mongo_database(kind).unwrap();
    let commands = Mongo::connect(&MongoOptions::new(database.url())).await.unwrap();
    assert!(commands.whole_transactions().is_none());
    commands.deployment().clone()
}

#[tokio::test]
async fn each_server_says_what_it_can_do() {
    let engine = deployment(MongoKind::Engine).await;
    let secantus = deployment(MongoKind::SecantusDb).await;
    assert_eq!((engine.topology, secantus.topology), (Topology::Standalone, Topology::ReplicaSet));
    assert_eq!((engine.transactions, secantus.transactions), (false, true));
    assert_eq!((engine.change_streams, secantus.change_streams), (false, true));
    assert_eq!((engine.collection_changes, secantus.collection_changes), (false, true));
    assert_eq!((engine.hidden_indexes, secantus.hidden_indexes), (false, true));
    assert_eq!((engine.text_indexes, secantus.text_indexes), (true, false));
    assert_eq!(engine.server.product, "MongoDB");
    assert!(engine.server.version.starts_with('9') && secantus.server.version.starts_with('8'));
    assert_eq!(engine.server.encrypted, Some(false));
}

#[tokio::test]
async fn the_urls_write_concern_holds_for_commands_that_name_none() {
    let database = mongo_database(MongoKind::Engine).unwrap();
    // No server of one member can promise that two have it.
    let url = format!("{}&w=2", database.url());
    let commands = Mongo::connect(&MongoOptions::new(url)).await.unwrap();
    let insert = doc! { "insert": "a", "documents": [{ "_id": 1 }] };
    for refused in [insert.clone(), doc! { "create": "b" }] {
        let error = commands.run(refused).await.unwrap_err();
        assert!(error.to_string().contains("'w' > 1"), "{error}");
    }
    let mut named = insert;
    named.insert("writeConcern", doc! { "w": 1 });
    commands.run(named).await.unwrap();
    let found = commands.run(doc! { "find": "a" }).await.unwrap();
    assert_eq!(found.get_document("cursor").unwrap().get_array("firstBatch").unwrap().len(), 1);
}
