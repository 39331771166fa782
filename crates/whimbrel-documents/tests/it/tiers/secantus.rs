//! What MongoDB's embeddable library does not answer, compared with SecantusDB.

use bson::{Bson, doc};

use crate::reference::Pair;

#[tokio::test]
async fn collections_are_modified_as_secantusdb_modifies_them() {
    let pair = Pair::with_secantusdb().await;
    let mut different = Vec::new();
    for command in [
        doc! { "create": "t" },
        doc! { "createIndexes": "t", "indexes": [{ "key": { "a": 1 }, "name": "a_1" }, { "key": { "d": 1 }, "name": "d_1", "expireAfterSeconds": 60 }], "commitQuorum": 1 },
        doc! { "collMod": "t", "validator": { "a": { "$gt": 0 } } },
        doc! { "insert": "t", "documents": [{ "_id": 1, "a": 1 }] },
        doc! { "collMod": "t", "validationAction": "error", "validationLevel": "strict" },
        doc! { "update": "t", "updates": [{ "q": { "_id": 1 }, "u": { "$set": { "a": 2 } } }] },
        doc! { "collMod": "t", "validationLevel": "off" },
        doc! { "insert": "t", "documents": [{ "_id": 2, "a": -1 }] },
        doc! { "collMod": "t", "validator": {}, "validationLevel": "strict" },
        doc! { "insert": "t", "documents": [{ "_id": 3, "a": -1 }] },
        doc! { "collMod": "t", "index": { "name": "a_1", "hidden": true } },
        doc! { "collMod": "t", "index": { "keyPattern": { "a": 1 }, "hidden": false } },
        doc! { "collMod": "t", "index": { "name": "d_1", "expireAfterSeconds": 120 } },
        doc! { "collMod": "t", "index": { "name": "nope", "hidden": true } },
        doc! { "collMod": "nope", "validationLevel": "off" },
        doc! { "find": "t", "sort": { "_id": 1 } },
        doc! { "endSessions": [] },
    ] {
        let (mut theirs, mut ours) = pair.run("", &command).await;
        without_width_and_visibility(&mut theirs);
        without_width_and_visibility(&mut ours);
        if theirs != ours {
            different.push(format!("{command}\n  SecantusDB: {theirs}\n  here:       {ours}"));
        }
    }
    pair.finish().await;
    assert!(different.is_empty(), "{}", different.join("\n"));
}

/// MongoDB's reply tells how visible an index was and is, which SecantusDB leaves out, and counts seconds in 64 bits.
fn without_width_and_visibility(reply: &mut Bson) {
    let Bson::Document(reply) = reply else { return };
    reply.remove("hidden_old");
    reply.remove("hidden_new");
    for seconds in ["expireAfterSeconds_old", "expireAfterSeconds_new"] {
        if let Some(Bson::Int32(number)) = reply.get(seconds).cloned() {
            reply.insert(seconds, i64::from(number));
        }
    }
}

#[tokio::test]
async fn a_write_conflict_is_told_as_secantusdb_tells_it() {
    let pair = Pair::with_secantusdb().await;
    let (theirs, ours) = pair.conflict().await;
    pair.finish().await;
    assert_eq!(theirs, ours);
    assert_eq!(ours, (112, vec!["TransientTransactionError".to_owned()]));
}
