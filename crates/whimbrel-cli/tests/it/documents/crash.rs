//! Killed at every moment of the journal, one run a moment.

use std::os::unix::process::ExitStatusExt as _;

use bson::doc;

use super::scripts::{COLLECTIONS, ONCE, REPEATABLE, STEPPED};
use super::{Kind, Project, items};
use crate::crash::in_parallel;

/// SIGKILL's number.
const KILLED: i32 = 9;

/// Begun and done; ten commands that write; the commit of the transaction, with the history in it.
const TOGETHER: usize = 2 + 10 + 1;
/// The same with the sixteen commands that change collections, indexes and documents.
const EVERYTHING: usize = 2 + 16 + 1;
/// The same with the seven commands of its way back.
const BACK: usize = 2 + 7 + 1;
/// Begun, done and the history; ten commands.
const REPEATED: usize = 3 + 10;
/// Begun, done and the history; the intent and the end of three steps, and their five commands; five chunks with an intent, a
/// command and an end each; the end of the batch.
const IN_STEPS: usize = 3 + 3 * 2 + 5 + 5 * 3 + 1;
/// The same where each step and each chunk is a transaction with its end: no intents. Begun, done and the history; five
/// commands and the end of three steps; a command and an end of five chunks; the end of the batch.
const IN_STEPS_TOGETHER: usize = 3 + 5 + 3 + 5 * 2 + 1;
/// Begun, done and the history; seven commands that cannot be repeated, with an intent each, whose end is written with the
/// next one's; three that can.
const AT_MOST_ONCE: usize = 3 + 7 * 2 + 3;

/// The moments of an uninterrupted run.
fn moments(project: &Project) -> Vec<String> {
    let output = project.driver(&["up", "0"]).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(output.stderr));
    text(output.stdout).lines().map(str::to_owned).collect()
}

/// Runs the driver until it ends itself at the moment.
pub(super) fn crash_at(project: &Project, moment: usize) {
    let output = project.driver(&["up", &moment.to_string()]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.signal(), Some(KILLED), "moment {moment}: {}: {stderr}", output.status);
}

/// What an uninterrupted run leaves, after its moments were counted.
fn uninterrupted(kind: Kind, text: &str, expected: usize) -> String {
    let project = Project::prepared(kind, text, "[pool]\nlease = \"1s\"\n");
    let seen = moments(&project);
    assert_eq!(seen.len(), expected, "{seen:#?}");
    project.standing()
}

fn prepared(kind: Kind, text: &str) -> Project {
    Project::prepared(kind, text, "[pool]\nlease = \"1s\"\n")
}

fn finishes(kind: Kind, text: &str, moments: usize) {
    let expected = uninterrupted(kind, text, moments);
    in_parallel(moments, |number| {
        let moment = number + 1;
        let project = prepared(kind, text);
        crash_at(&project, moment);
        let left = project.journal();
        project.run(&["migrate"], 0);
        assert_eq!(project.standing(), expected, "killed at moment {moment}, with the journal {left:?}");
        let again = project.run(&["migrate"], 0);
        assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    });
}

/// With transactions nothing of it or all of it stands, whenever it is looked at.
fn is_whole(kind: Kind, text: &str, moments: usize) {
    let before = prepared(kind, text).standing();
    let after = uninterrupted(kind, text, moments);
    assert_ne!(before, after);
    in_parallel(moments, |number| {
        let moment = number + 1;
        let project = prepared(kind, text);
        crash_at(&project, moment);
        // The commit is the moment before the last but one.
        let expected = if moment < moments - 1 { &before } else { &after };
        assert_eq!(&project.standing(), expected, "killed at moment {moment}");
        project.run(&["migrate"], 0);
        assert_eq!(project.standing(), after, "killed at moment {moment}, and run again");
    });
}

#[test]
fn a_transaction_is_whole_or_not_there() {
    is_whole(Kind::SecantusDb, ONCE, TOGETHER);
}

#[test]
fn a_transaction_of_the_embedded_engine_is_whole_or_not_there() {
    is_whole(Kind::Embedded, ONCE, TOGETHER);
}

/// No command stands alone there: neither what makes and drops collections and indexes, nor a step, nor what is caught.
#[test]
fn a_script_of_every_command_is_whole_or_not_there_on_the_embedded_engine() {
    is_whole(Kind::Embedded, COLLECTIONS, EVERYTHING);
}

#[test]
fn a_repeatable_script_is_whole_or_not_there_on_the_embedded_engine() {
    is_whole(Kind::Embedded, REPEATABLE, TOGETHER);
}

/// The way back is as whole as the way there.
#[test]
fn the_way_back_is_whole_or_not_there_on_the_embedded_engine() {
    let applied = || {
        let project = prepared(Kind::Embedded, COLLECTIONS);
        project.run(&["migrate"], 0);
        project
    };
    let project = applied();
    let before = project.standing();
    let output = project.driver(&["down", "0"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), BACK);
    let after = project.standing();
    in_parallel(BACK, |number| {
        let (project, moment) = (applied(), number + 1);
        let output = project.driver(&["down", &moment.to_string()]).output().unwrap();
        assert_eq!(output.status.signal(), Some(KILLED), "{output:?}");
        let expected = if moment < BACK - 1 { &before } else { &after };
        assert_eq!(&project.standing(), expected, "killed at moment {moment}");
    });
}

#[test]
fn a_repeatable_script_finishes_without_transactions() {
    finishes(Kind::Engine, REPEATABLE, REPEATED);
}

#[test]
fn a_stepped_script_finishes_without_transactions() {
    finishes(Kind::Engine, STEPPED, IN_STEPS);
}

/// A batch is never one with the rest.
#[test]
fn a_script_with_a_batch_finishes_on_the_embedded_engine() {
    finishes(Kind::Embedded, STEPPED, IN_STEPS_TOGETHER);
}

#[test]
fn what_may_run_once_stops_without_transactions() {
    stops(Kind::Engine, ONCE.to_owned());
}

#[test]
fn what_wants_no_transaction_stops_on_the_embedded_engine() {
    stops(Kind::Embedded, format!("// whimbrel:transaction off\n{ONCE}"));
}

/// What may run once only stops, lists what ran, and `migrate resolve` gets out of it, either way.
fn stops(kind: Kind, text: String) {
    let text = text.as_str();
    let expected = uninterrupted(kind, text, AT_MOST_ONCE);
    in_parallel(AT_MOST_ONCE, |number| {
        let moment = number + 1;
        let project = prepared(kind, text);
        crash_at(&project, moment);
        let left = project.journal();
        if moment == 1 || moment >= AT_MOST_ONCE - 1 {
            assert!(left.is_empty(), "moment {moment}: {left:?}");
            project.run(&["migrate"], 0);
            assert_eq!(project.standing(), expected, "killed at moment {moment}");
            return;
        }
        let content = project.content();
        let failed = project.fails(&["migrate"], &["migrate::script_interrupted", "migrate resolve 0002"]);
        for row in &left {
            let what = row.split(' ').nth(1).unwrap();
            assert!(failed.stderr.contains(what), "{what} is not listed in {}", failed.stderr);
        }
        assert_eq!(project.content(), content, "it stopped, and changed something");
        let status = project.run(&["migrate", "status"], 0);
        assert!(status.stdout.contains("unfinished"), "{}", status.stdout);
        if moment % 2 == 0 {
            project.run(&["migrate", "resolve", "0002", "--applied"], 0);
            assert_eq!(project.history().len(), 2);
        } else {
            undo_by_hand(&project);
            project.run(&["migrate", "resolve", "0002", "--undone"], 0);
            project.run(&["migrate"], 0);
            assert_eq!(project.standing(), expected, "undone by hand, and run again");
        }
        assert!(project.journal().is_empty());
        let again = project.run(&["migrate"], 0);
        assert!(again.stdout.contains("Nothing to do"), "{}", again.stdout);
    });
}

/// Cut off between the history and the deletion of the journal's rows: they do not mix with the next file's.
#[test]
fn rows_that_are_left_behind_are_deleted() {
    let project = prepared(Kind::Engine, STEPPED);
    crash_at(&project, 6);
    let left = project.documents("whimbrel_journal");
    assert!(left.len() > 1, "{left:?}");
    project.run(&["migrate"], 0);
    project.database.run(doc! { "insert": "whimbrel_journal", "documents": left }).unwrap();
    project.file(
        "0003-third.js",
        "exports.up = async (db) => { await db.collection('notes').insertOne({ _id: 9 }); };",
    );
    project.run(&["migrate", "seal"], 0);
    // Begun, the intent and the command; its end is not written.
    crash_at(&project, 3);
    assert_eq!(project.journal(), ["command notes.insertOne intended"]);
}

/// Puts back what the first file made.
fn undo_by_hand(project: &Project) {
    let other = prepared(project.kind, ONCE);
    for name in ["items", "counters", "notes"] {
        let delete = doc! { "delete": name, "deletes": [{ "q": {}, "limit": 0 }] };
        project.database.run(delete).unwrap();
        project.database.run(doc! { "insert": name, "documents": other.documents(name) }).unwrap();
    }
    assert_eq!(project.count("items", doc! {}), items());
}
