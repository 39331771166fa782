//! History, state and journal.

use std::time::Duration;

use bson::doc;
use whimbrel_engine::{
    ActKind, Documents as _, Engine as _, EngineError, HistoryChange, HistoryEntry, HistoryKind,
    JournalEntry, JournalState, ScriptAct,
};

use super::Place;

const LEASE: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(5);

fn entry(version: &str) -> HistoryEntry {
    HistoryEntry {
        version: version.to_owned(),
        name: format!("name-{version}"),
        checksum: "00ff".to_owned(),
        chain: "ff00".to_owned(),
        schema_hash: Some("$hash".to_owned()),
        kind: HistoryKind::Applied,
        applied_at: String::new(),
        duration_ms: 0,
        applied_by: "$ana@host".to_owned(),
    }
}

fn unit(position: i64, state: JournalState) -> JournalEntry {
    JournalEntry {
        version: "3".to_owned(),
        direction: "up".to_owned(),
        position,
        checksum: "c0".to_owned(),
        state,
        cursor: Some("k".to_owned()),
        rows: 7,
        duration_ms: 9,
        act: Some(ScriptAct {
            kind: ActKind::Step,
            what: "fill".to_owned(),
            idempotent: true,
            result: Some("{}".to_owned()),
        }),
    }
}

fn versions(history: &[HistoryEntry]) -> Vec<&str> {
    history.iter().map(|entry| entry.version.as_str()).collect()
}

pub async fn the_history_keeps_the_order_of_application(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    assert!(engine.history().await.unwrap().is_empty());
    assert!(engine.prepare().await.unwrap());
    assert!(!engine.prepare().await.unwrap());
    engine.lock(PATIENCE).await.unwrap();
    for (version, duration_ms) in [("10", 5), ("9", 6), ("11", 7)] {
        engine.change_history(&HistoryChange::Insert(entry(version)), duration_ms, None).await.unwrap();
    }
    let history = engine.history().await.unwrap();
    assert_eq!(versions(&history), ["10", "9", "11"]);
    let first = &history[0];
    assert!(first.applied_at.starts_with("20") && first.applied_at.ends_with('Z'), "{first:?}");
    let expected = HistoryEntry { applied_at: first.applied_at.clone(), duration_ms: 5, ..entry("10") };
    assert_eq!(first, &expected);

    let again = engine.change_history(&HistoryChange::Insert(entry("9")), 1, None).await.unwrap_err();
    assert!(again.to_string().contains("version 9 stands in the history already"), "{again}");
    engine.change_history(&HistoryChange::Remove { version: "9".to_owned() }, 0, None).await.unwrap();
    engine.change_history(&HistoryChange::Nothing, 0, None).await.unwrap();
    engine.change_history(&HistoryChange::Insert(entry("9")), 1, None).await.unwrap();
    assert_eq!(versions(&engine.history().await.unwrap()), ["10", "11", "9"]);
    engine.unlock().await.unwrap();
}

pub async fn a_squashed_entry_takes_the_place_of_several(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    engine.mark(&["1", "2", "3", "4"].map(entry)).await.unwrap();
    let before = engine.history().await.unwrap();
    let squashed = HistoryEntry { applied_by: "other".to_owned(), ..entry("3") };
    let change = HistoryChange::Replace {
        versions: ["1", "2", "3"].map(str::to_owned).to_vec(),
        entry: HistoryEntry { name: "all".to_owned(), ..squashed },
    };
    engine.change_history(&change, 0, None).await.unwrap();
    let after = engine.history().await.unwrap();
    assert_eq!(versions(&after), ["3", "4"]);
    assert_eq!((after[0].name.as_str(), &after[0].applied_by), ("all", &before[2].applied_by));
    assert_eq!(after[0].applied_at, before[2].applied_at);
    assert!(place.documents("whimbrel_history").await.iter().all(|stored| !stored.contains_key("replaces")));
}

pub async fn a_replacement_that_was_cut_off_is_whole(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    engine.mark(&["1", "2"].map(entry)).await.unwrap();
    // As a crash after the first of its writes leaves it.
    let update = doc! { "q": { "_id": "2" }, "u": { "$set": { "replaces": ["1", "2"] } } };
    place.run(doc! { "update": "whimbrel_history", "updates": [update] }).await;
    assert_eq!(versions(&engine.history().await.unwrap()), ["2"]);
}

pub async fn state_is_kept_by_key(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    assert_eq!(engine.recorded("reached").await.unwrap(), None);
    engine.record("reached", "{\"$a\":1}").await.unwrap();
    engine.record("reached", "{\"$a\":2}").await.unwrap();
    let change = HistoryChange::Record { key: "other".to_owned(), document: "x".to_owned() };
    engine.change_history(&change, 0, None).await.unwrap();
    assert_eq!(engine.recorded("reached").await.unwrap().as_deref(), Some("{\"$a\":2}"));
    assert_eq!(engine.recorded("other").await.unwrap().as_deref(), Some("x"));
}

pub async fn the_journal_ends_with_the_history(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    engine.lock(PATIENCE).await.unwrap();
    let journal = engine.journal();
    assert!(journal.entries().await.unwrap().is_empty());
    for entry in [
        unit(2, JournalState::Intended),
        unit(1, JournalState::Done),
        JournalEntry { act: None, cursor: None, ..unit(3, JournalState::Running) },
        unit(2, JournalState::Done),
    ] {
        journal.write(&entry).await.unwrap();
    }
    let expected = [
        unit(1, JournalState::Done),
        unit(2, JournalState::Done),
        JournalEntry { act: None, cursor: None, ..unit(3, JournalState::Running) },
    ];
    assert_eq!(journal.entries().await.unwrap(), expected);
    journal.finish(&HistoryChange::Insert(entry("3")), 42).await.unwrap();
    assert!(engine.journal().entries().await.unwrap().is_empty());
    assert_eq!(engine.history().await.unwrap()[0].duration_ms, 42);

    // A crash between the two writes of a server without transactions leaves this.
    engine.journal().write(&unit(1, JournalState::Done)).await.unwrap();
    assert!(engine.journal().entries().await.unwrap().is_empty(), "version 3 is finished");
    engine.journal().discard().await.unwrap();
    assert!(place.documents("whimbrel_journal").await.is_empty());
    engine.unlock().await.unwrap();
}

/// Where the two are no transaction, a single row may outlast its file; nobody sees it as unfinished at any moment.
pub async fn a_row_that_outlasts_its_file_never_counts(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    engine.lock(PATIENCE).await.unwrap();
    assert!(engine.journal().entries().await.unwrap().is_empty());
    let row = |version: &str, direction: &str| JournalEntry {
        version: version.to_owned(),
        direction: direction.to_owned(),
        ..unit(1, JournalState::Intended)
    };
    let up = |version: &str| HistoryChange::Insert(entry(version));
    let down = |version: &str| HistoryChange::Remove { version: version.to_owned() };
    // Files with a row and without one, up and down again; `stays` says whether a row is left behind.
    for (change, written, stays) in [
        (up("3"), Some(row("3", "up")), true),
        (down("3"), Some(row("3", "down")), true),
        // Undoing what the row that is left says was done.
        (up("3"), None, false),
        (up("4"), Some(row("4", "up")), true),
        (down("4"), None, false),
    ] {
        if let Some(row) = &written {
            engine.journal().write(row).await.unwrap();
            assert_eq!(engine.journal().entries().await.unwrap(), std::slice::from_ref(row), "{change:?}");
            let other = place.engine("b", LEASE).journal().entries().await.unwrap();
            assert_eq!(other, std::slice::from_ref(row));
        }
        engine.journal().finish(&change, 1).await.unwrap();
        assert_eq!(place.documents("whimbrel_journal").await.len(), usize::from(stays), "{change:?}");
        for other in [&mut engine, &mut place.engine("b", LEASE)] {
            assert!(other.journal().entries().await.unwrap().is_empty(), "{change:?}");
        }
    }
    // A file of several rows, and marking by hand, after one that left its row.
    engine.journal().write(&row("4", "up")).await.unwrap();
    engine.journal().finish(&up("4"), 1).await.unwrap();
    for position in [1, 2] {
        engine.journal().write(&JournalEntry { position, ..row("5", "up") }).await.unwrap();
    }
    engine.journal().finish(&up("5"), 1).await.unwrap();
    assert!(place.documents("whimbrel_journal").await.is_empty());
    engine.journal().write(&row("6", "up")).await.unwrap();
    engine.journal().finish(&up("6"), 1).await.unwrap();
    engine.mark(&[entry("7")]).await.unwrap();
    assert!(place.documents("whimbrel_journal").await.is_empty());
    engine.journal().write(&row("7", "down")).await.unwrap();
    engine.journal().finish(&down("7"), 1).await.unwrap();
    assert_eq!(place.documents("whimbrel_journal").await.len(), 1);
    engine.unlock().await.unwrap();
    assert!(place.documents("whimbrel_journal").await.is_empty(), "it goes with the lock");
    assert_eq!(versions(&engine.history().await.unwrap()), ["3", "4", "5", "6"]);
}

pub async fn a_row_that_a_dead_deployer_left_is_in_nobodys_way(place: &Place) {
    are_in_nobodys_way(place, 1).await;
}

pub async fn rows_that_a_dead_deployer_left_are_in_nobodys_way(place: &Place) {
    are_in_nobodys_way(place, 2).await;
}

async fn are_in_nobodys_way(place: &Place, rows: i64) {
    let mut dead = place.engine("dead", Duration::from_secs(1));
    dead.prepare().await.unwrap();
    dead.mark(&[entry("1"), entry("3")]).await.unwrap();
    for position in 1..=rows {
        dead.journal().write(&unit(position, JournalState::Done)).await.unwrap();
    }
    drop(dead);
    let mut engine = place.engine("a", LEASE);
    engine.lock(PATIENCE).await.unwrap();
    assert!(engine.journal().entries().await.unwrap().is_empty());
    let next = JournalEntry { version: "4".to_owned(), ..unit(1, JournalState::Intended) };
    engine.journal().write(&next).await.unwrap();
    let found = engine.journal().entries().await.unwrap();
    assert_eq!(found, std::slice::from_ref(&next), "{rows} rows were left");
    assert_eq!(place.engine("b", LEASE).journal().entries().await.unwrap(), [next]);
    engine.unlock().await.unwrap();
}

pub async fn what_a_newer_version_wrote_is_said(place: &Place) {
    let mut engine = place.engine("a", LEASE);
    engine.mark(&[entry("1")]).await.unwrap();
    let update = doc! { "q": { "_id": "1" }, "u": { "$set": { "kind": "dreamt" } } };
    place.run(doc! { "update": "whimbrel_history", "updates": [update] }).await;
    let error = engine.history().await.unwrap_err();
    assert!(matches!(&error, EngineError::UnreadableHistory { table: "whimbrel_history", .. }));
    assert!(error.to_string().contains("version 1 has the kind `dreamt`"), "{error}");
}

pub async fn history_and_data_are_one_transaction(place: &Place) {
    let commands = &place.commands;
    let mut engine = place.engine("a", LEASE);
    engine.prepare().await.unwrap();
    engine.lock(PATIENCE).await.unwrap();
    place.run(doc! { "create": "trips" }).await;
    for (version, commits) in [("1", false), ("2", true)] {
        let session = commands.start_session().await.unwrap();
        commands.start_transaction(session).await.unwrap();
        let insert = doc! { "insert": "trips", "documents": [{ "_id": version }] };
        commands.run_on(commands.database(), insert, Some(session)).await.unwrap();
        engine.write_journal(&[unit(1, JournalState::Done)], Some(session)).await.unwrap();
        engine.change_history(&HistoryChange::Insert(entry(version)), 3, Some(session)).await.unwrap();
        assert!(engine.history().await.unwrap().is_empty());
        if commits {
            commands.commit_transaction(session).await.unwrap();
        }
        commands.end_session(session).await;
    }
    assert_eq!(versions(&engine.history().await.unwrap()), ["2"]);
    assert_eq!(place.documents("trips").await, [doc! { "_id": "2" }]);
    assert_eq!(place.documents("whimbrel_journal").await.len(), 1);
    engine.unlock().await.unwrap();
}
