//! Sessions, transactions, change streams and the forms of writes.

use std::time::Duration;

use futures_util::StreamExt as _;
use mongodb::bson::{Document, doc};
use mongodb::{ClientSession, Collection};

use super::{DATABASE, Outcome::*, Row, Server, is, number, row};

/// How long a change may take to arrive.
const CHANGE_TIMEOUT: Duration = Duration::from_secs(10);

#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    row("sessions", NotSent, Works, |server| {
        let command = async {
            let mut session = server.client.start_session().await?;
            let database = server.client.database(DATABASE);
            database.run_command(doc! { "ping": 1 }).session(&mut session).await
        };
        server.runtime.block_on(command).map(|_| true)
    }),
    row("transactions", NotSent, Works, |server| {
        let collection = collection(server, "transactions")?;
        server.runtime.block_on(async {
            let mut session = server.client.start_session().await?;
            session.start_transaction().await?;
            insert(&collection, &mut session, 1).await?;
            let unseen = collection.count_documents(doc! {}).await? == 0;
            session.abort_transaction().await?;
            session.start_transaction().await?;
            insert(&collection, &mut session, 2).await?;
            session.commit_transaction().await?;
            Ok(unseen && collection.find_one(doc! {}).await? == Some(doc! { "_id": 2 }))
        })
    }),
    row("create and createIndexes in a transaction", NotSent, Works, |server| {
        let indexed = collection(server, "ddl_indexed")?;
        server.runtime.block_on(async {
            let database = server.client.database(DATABASE);
            let mut session = server.client.start_session().await?;
            session.start_transaction().await?;
            database.run_command(doc! { "create": "ddl" }).session(&mut session).await?;
            let index = doc! { "createIndexes": "ddl", "indexes": [{ "key": { "a": 1 }, "name": "a" }] };
            database.run_command(index).session(&mut session).await?;
            insert(&indexed, &mut session, 1).await?;
            session.abort_transaction().await?;
            let names = database.list_collection_names().await?;
            Ok(!names.contains(&"ddl".to_owned()) && indexed.count_documents(doc! {}).await? == 0)
        })
    }),
    row("write conflict of two transactions is refused with 112", NotSent, Works, |server| {
        let collection = collection(server, "conflict_writes")?;
        server.runtime.block_on(async {
            collection.insert_one(doc! { "_id": 1 }).await?;
            let mut first = server.client.start_session().await?;
            let mut second = server.client.start_session().await?;
            first.start_transaction().await?;
            second.start_transaction().await?;
            let update = doc! { "$set": { "a": 1 } };
            collection.update_one(doc! { "_id": 1 }, update.clone()).session(&mut first).await?;
            let refused = collection.update_one(doc! { "_id": 1 }, update).session(&mut second).await;
            let is_conflict = refused.is_err_and(|error| {
                error.contains_label("TransientTransactionError") && super::outcome(Err(error)) == Refuses(112)
            });
            first.commit_transaction().await?;
            Ok(is_conflict)
        })
    }),
    row("change streams", Refuses(40573), Works, |server| {
        let collection = collection(server, "changes")?;
        server.runtime.block_on(async {
            let mut changes = collection.watch().await?;
            collection.insert_one(doc! { "_id": 7 }).await?;
            let change = tokio::time::timeout(CHANGE_TIMEOUT, changes.next()).await;
            let Ok(Some(change)) = change else { return Ok(false) };
            Ok(change?.full_document == Some(doc! { "_id": 7 }))
        })
    }),
    row("change streams with the document before the change", Refuses(40573), Works, |server| {
        server.run(doc! { "create": "images", "changeStreamPreAndPostImages": { "enabled": true } })?;
        let collection: Collection<Document> = server.client.database(DATABASE).collection("images");
        server.runtime.block_on(async {
            collection.insert_one(doc! { "_id": 7, "a": 1 }).await?;
            let before = mongodb::options::FullDocumentBeforeChangeType::Required;
            let mut changes = collection.watch().full_document_before_change(before).await?;
            collection.update_one(doc! { "_id": 7 }, doc! { "$set": { "a": 2 } }).await?;
            let change = tokio::time::timeout(CHANGE_TIMEOUT, changes.next()).await;
            let Ok(Some(change)) = change else { return Ok(false) };
            Ok(change?.full_document_before_change == Some(doc! { "_id": 7, "a": 1 }))
        })
    }),
    row("local.oplog.rs", Ignores, Works, |server| {
        server.insert("logged", [doc! { "_id": 1 }])?;
        let find = doc! { "find": "oplog.rs", "filter": { "ns": "capabilities.logged", "op": "i" } };
        let reply = server.run_in("local", find)?;
        Ok(!reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap().is_empty())
    }),
    row("retryable writes: a statement sent twice is done once", NotSent, Works, |server| {
        let collection = collection(server, "retried")?;
        server.runtime.block_on(async {
            let database = server.client.database(DATABASE);
            let mut session = server.client.start_session().await?;
            let update = doc! {
                "update": "retried", "txnNumber": 1_i64,
                "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } }, "upsert": true }],
            };
            for _ in 0..2 {
                database.run_command(update.clone()).session(&mut session).await?;
            }
            Ok(collection.find_one(doc! {}).await? == Some(doc! { "_id": 1, "n": 1 }))
        })
    }),
    row("findAndModify returns the new document", Works, Works, |server| {
        server.insert("modified", [doc! { "_id": 1, "n": 1 }])?;
        let command = doc! { "findAndModify": "modified", "query": { "_id": 1 }, "update": { "$inc": { "n": 1 } }, "new": true };
        let reply = server.run(command)?;
        let before = server.run(doc! { "findAndModify": "modified", "query": { "_id": 1 }, "remove": true })?;
        Ok(is(&reply, "value", doc! { "_id": 1, "n": 2 })
            && is(&before, "value", doc! { "_id": 1, "n": 2 }))
    }),
    row("updates with arrayFilters", Works, Works, |server| {
        server.insert("filters", [doc! { "_id": 1, "a": [{ "n": 1 }, { "n": 5 }] }])?;
        let update = doc! { "q": {}, "u": { "$set": { "a.$[big].n": 9 } }, "arrayFilters": [{ "big.n": { "$gt": 3 } }], "multi": true };
        server.run(doc! { "update": "filters", "updates": [update] })?;
        Ok(server.find("filters", doc! {})? == [doc! { "_id": 1, "a": [{ "n": 1 }, { "n": 9 }] }])
    }),
    row("updates by a pipeline", Works, Works, |server| {
        server.insert("piped", [doc! { "_id": 1, "a": 2 }])?;
        let update = doc! { "q": {}, "u": [{ "$set": { "b": { "$multiply": ["$a", 3] } } }, { "$unset": "a" }] };
        server.run(doc! { "update": "piped", "updates": [update] })?;
        Ok(server.find("piped", doc! {})? == [doc! { "_id": 1, "b": 6 }])
    }),
    row("upsert tells the new _id", Works, Works, |server| {
        let update = doc! { "q": { "_id": 4 }, "u": { "$setOnInsert": { "a": 1 } }, "upsert": true };
        let reply = server.run(doc! { "update": "upserted", "updates": [update] })?;
        let upserted = reply.get_array("upserted").unwrap();
        Ok(is(upserted[0].as_document().unwrap(), "_id", 4) && number(reply.get("nModified")) == Some(0))
    }),
    row("ordered: false goes on after an error", Works, Works, |server| {
        let documents = vec![doc! { "_id": 1 }, doc! { "_id": 1 }, doc! { "_id": 2 }];
        let reply = server.run(doc! { "insert": "unordered", "documents": documents, "ordered": false })?;
        Ok(number(reply.get("n")) == Some(2) && Server::write_code(&reply) == Some(11000))
    }),
    row("bulkWrite command", Works, Works, |server| {
        let operation = doc! { "insert": 0, "document": { "_id": 1 } };
        let command = doc! { "bulkWrite": 1, "ops": [operation], "nsInfo": [{ "ns": "capabilities.bulk" }] };
        let reply = server.admin(command)?;
        Ok(number(reply.get("nInserted")) == Some(1) && server.find("bulk", doc! {})?.len() == 1)
    }),
    row("writeConcern majority", Works, Works, |server| {
        let reply = server.run(doc! { "insert": "majority", "documents": [{ "a": 1 }], "writeConcern": { "w": "majority", "j": true } })?;
        Ok(reply.get("writeConcernError").is_none() && number(reply.get("n")) == Some(1))
    }),
    row("readConcern majority and snapshot", Works, Works, |server| {
        server.insert("concern", [doc! { "a": 1 }])?;
        for level in ["majority", "snapshot"] {
            server.run(doc! { "find": "concern", "readConcern": { "level": level } })?;
        }
        Ok(true)
    }),
];

fn collection(server: &Server, name: &str) -> Result<Collection<Document>, mongodb::error::Error> {
    server.run(doc! { "create": name })?;
    Ok(server.client.database(DATABASE).collection(name))
}

async fn insert(
    collection: &Collection<Document>,
    session: &mut ClientSession,
    id: i32,
) -> Result<(), mongodb::error::Error> {
    collection.insert_one(doc! { "_id": id }).session(session).await.map(drop)
}
