//! The command primitive.

use bson::{Document, doc};
use whimbrel_engine::document::CommandError;

use super::Place;

pub async fn asking_leaves_nothing_behind(place: &Place) {
    let reply = place.run(doc! { "listCollections": 1 }).await;
    let found = reply.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    assert!(found.is_empty(), "{found:?}");
}

pub async fn a_refusal_has_the_servers_code_and_the_whole_reply(place: &Place) {
    let error = place.commands.run(doc! { "listIndexes": "absent" }).await.unwrap_err();
    let CommandError::Refused(refusal) = error else { panic!("{error}") };
    assert_eq!((refusal.code, refusal.code_name.as_str()), (26, "NamespaceNotFound"));
    assert_eq!(refusal.reply.get_i32("code").unwrap(), 26);
    assert!(refusal.message.contains("absent"), "{refusal}");
}

pub async fn write_errors_stay_in_the_reply(place: &Place) {
    let insert = doc! { "insert": "a", "documents": [{ "_id": 1 }, { "_id": 1 }] };
    let reply = place.run(insert).await;
    let errors = reply.get_array("writeErrors").unwrap();
    assert_eq!(errors[0].as_document().unwrap().get_i32("code").unwrap(), 11000);
    assert_eq!(reply.get_i32("n").unwrap(), 1);
}

pub async fn a_cursor_is_read_to_its_end(place: &Place) {
    let documents: Vec<Document> = (0..5).map(|number| doc! { "_id": number }).collect();
    place.run(doc! { "insert": "a", "documents": documents }).await;
    let reply = place.run(doc! { "find": "a", "batchSize": 2 }).await;
    let id = reply.get_document("cursor").unwrap().get_i64("id").unwrap();
    let rest = place.run(doc! { "getMore": id, "collection": "a" }).await;
    let batch = rest.get_document("cursor").unwrap().get_array("nextBatch").unwrap();
    assert_eq!(batch.len(), 3);
}

pub async fn a_transaction_is_seen_whole_or_not_at_all(place: &Place) {
    let commands = &place.commands;
    place.run(doc! { "create": "a" }).await;
    for (number, commits) in [(1, true), (2, false), (3, true)] {
        let session = commands.start_session().await.unwrap();
        commands.start_transaction(session).await.unwrap();
        let insert = doc! { "insert": "a", "documents": [{ "_id": number }] };
        commands.run_on(commands.database(), insert, Some(session)).await.unwrap();
        let seen =
            place.documents("a").await.iter().any(|document| document.get_i32("_id").unwrap() == number);
        assert!(!seen, "it is not committed yet");
        if commits {
            commands.commit_transaction(session).await.unwrap();
        } else {
            commands.abort_transaction(session).await.unwrap();
        }
        commands.end_session(session).await;
        let error =
            commands.run_on(commands.database(), doc! { "ping": 1 }, Some(session)).await.unwrap_err();
        assert_eq!(error.code(), Some(206), "{error}");
    }
    assert_eq!(place.documents("a").await, [doc! { "_id": 1 }, doc! { "_id": 3 }]);
}

pub async fn an_ended_session_takes_its_transaction_along(place: &Place) {
    let commands = &place.commands;
    place.run(doc! { "create": "a" }).await;
    let session = commands.start_session().await.unwrap();
    commands.start_transaction(session).await.unwrap();
    let insert = doc! { "insert": "a", "documents": [{ "_id": 1 }] };
    commands.run_on(commands.database(), insert.clone(), Some(session)).await.unwrap();
    commands.end_session(session).await;
    assert!(place.documents("a").await.is_empty());
    // Nothing of it is in the way.
    place.run(insert).await;
}

pub async fn a_conflict_bears_the_label_of_a_transient_error(place: &Place) {
    let commands = &place.commands;
    place.run(doc! { "insert": "a", "documents": [{ "_id": 1, "n": 0 }] }).await;
    let raise = || doc! { "update": "a", "updates": [{ "q": { "_id": 1 }, "u": { "$inc": { "n": 1 } } }] };
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let session = commands.start_session().await.unwrap();
        commands.start_transaction(session).await.unwrap();
        sessions.push(session);
    }
    commands.run_on(commands.database(), raise(), Some(sessions[0])).await.unwrap();
    let error = commands.run_on(commands.database(), raise(), Some(sessions[1])).await.unwrap_err();
    assert!(error.has_label("TransientTransactionError"), "{error:?}");
    commands.commit_transaction(sessions[0]).await.unwrap();
    for session in sessions {
        commands.end_session(session).await;
    }
    assert_eq!(place.documents("a").await, [doc! { "_id": 1, "n": 1 }]);
}

pub async fn a_server_without_sessions_says_so(place: &Place) {
    let session = whimbrel_engine::document::SessionId(1);
    for error in [
        place.commands.start_session().await.unwrap_err(),
        place.commands.start_transaction(session).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Some(20), "{error}");
    }
    let error = place.commands.commit_transaction(session).await.unwrap_err();
    assert_eq!(error.code(), Some(206), "{error}");
}

pub async fn another_database_is_apart(place: &Place) {
    let name = format!("{}_b", place.commands.database());
    let other = place.commands.on_database(&name);
    assert_eq!(
        (other.database(), other.deployment().server.database.as_str()),
        (name.as_str(), name.as_str())
    );
    other.run(doc! { "insert": "a", "documents": [{ "_id": 1 }] }).await.unwrap();
    assert!(place.documents("a").await.is_empty());
    other.run(doc! { "dropDatabase": 1 }).await.unwrap();
}
