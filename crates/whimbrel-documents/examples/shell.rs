use bson::{Bson, Document};
use std::io::BufRead;
use whimbrel_documents::{DocumentOptions, DocumentStore, Location};
use whimbrel_engine::document::{CommandError, Commands, SessionId};
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let path = std::env::args().nth(1);
    let location = path.map_or(Location::Memory, |p| Location::File(p.into()));
    let store = DocumentStore::open(&DocumentOptions::new(location, "wb_probe")).unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let Bson::Document(request) = Bson::try_from(value).unwrap() else { panic!() };
        let db = request.get_str("db").unwrap().to_owned();
        let cmd: Document = request.get_document("cmd").unwrap().clone();
        let session = request.get("session").and_then(|s| s.as_i32().map(|s| SessionId(s as u64)));
        let first = cmd.keys().next().unwrap().clone();
        let done = match first.as_str() {
            "_start" => store.start_session().await.map(|s| bson::doc! {"session": s.0 as i64}),
            "_begin" => store.start_transaction(session.unwrap()).await.map(|()| bson::doc! {"ok": 1.0}),
            "_commit" => store.commit_transaction(session.unwrap()).await.map(|()| bson::doc! {"ok": 1.0}),
            "_abort" => store.abort_transaction(session.unwrap()).await.map(|()| bson::doc! {"ok": 1.0}),
            _ => store.run_on(&db, cmd, session).await,
        };
        let reply = match done {
            Ok(r) => r,
            Err(CommandError::Refused(r)) => r.reply.clone(),
            Err(e) => bson::doc! {"engine": e.to_string()},
        };
        println!("{}", Bson::Document(reply).into_canonical_extjson());
    }
}
