//! `migrate adopt migrate-mongo`, of changelogs that migrate-mongo itself has written.

use bson::{DateTime, Document, doc};
use whimbrel_testkit::MongoKind;

use super::Project;
use crate::project::{Engine, Project as Relational};

const ONE: &str = "20240101120000-add_roles.js";
const TWO: &str = "20240102120000-add_index.js";
const THREE: &str = "20240103120000-rename.js";

/// Runs a test on both servers.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn engine() {
                super::$name(super::MongoKind::Engine);
            }

            #[test]
            fn secantusdb() {
                super::$name(super::MongoKind::SecantusDb);
            }
        }
    )*};
}

on_both! { what_it_applied a_changelog_of_another_name what_cannot_be_matched }

/// Three files of which migrate-mongo has applied two.
fn two_of_three(kind: MongoKind, settings: &str) -> Project {
    let project = Project::new(kind);
    project.settings(settings);
    project.insert("users", vec![doc! { "_id": 1, "name": "Ana" }]);
    project.file(
        ONE,
        "module.exports = {\n  async up(db) { await db.collection('users').updateMany({}, { $set: { role: 'user' } }); },\n  \
         async down(db) { await db.collection('users').updateMany({}, { $unset: { role: '' } }); },\n};\n",
    );
    project.file(
        TWO,
        "export const up = async (db) => { await db.collection('users').createIndex({ role: 1 }); };\n\
         export const down = async (db) => { await db.collection('users').dropIndex('role_1'); };\n",
    );
    project.migrate_mongo(&["up"]);
    project.file(
        THREE,
        "module.exports = {\n  async up(db) { await db.collection('users').updateMany({}, { $rename: { name: 'fullName' } }); },\n  \
         async down(db) { await db.collection('users').updateMany({}, { $rename: { fullName: 'name' } }); },\n};\n",
    );
    project
}

fn marked(project: &Project) -> Vec<String> {
    let printed = project.whimbrel(&["migrate", "history", "--json"], 0).stdout;
    let entries: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let mut words: Vec<String> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["version"].as_str().unwrap(), entry["kind"].as_str().unwrap()))
        .collect();
    words.sort();
    words
}

/// Everything but Whimbrel's own.
fn standing(project: &Project) -> Vec<Document> {
    let mut found = Vec::new();
    for collection in project.collections() {
        let name = collection.get_str("name").unwrap().to_owned();
        if !name.starts_with("whimbrel_") {
            found.push(collection);
            found.extend(project.documents(&name));
        }
    }
    found
}

/// Nothing is changed, and nothing counts as applied.
fn refused(project: &Project, words: &[&str], code: &str, named: &[&str]) {
    let before = standing(project);
    let failed = project.whimbrel(&[&["migrate", "adopt"], words].concat(), 1).stderr;
    // A message is wrapped where the line ends.
    let flat = |text: &str| text.replace([' ', '\n', '│'], "");
    for word in std::iter::once(&code).chain(named) {
        assert!(flat(&failed).contains(&flat(word)), "{word} is not named in\n{failed}");
    }
    assert_eq!(standing(project), before);
    assert!(marked(project).is_empty(), "{code}");
}

fn what_it_applied(kind: MongoKind) {
    let project = two_of_three(kind, "");
    // The template of the team's own new files is no migration to either tool.
    project.file("sample-migration.js", "module.exports = { async up() {}, async down() {} };\n");
    let before = standing(&project);
    let dry = project.whimbrel(&["migrate", "adopt", "--dry-run"], 0).stdout;
    assert!(dry.contains("Would count as applied") && dry.contains("20240102120000-add_index"), "{dry}");
    assert!(marked(&project).is_empty());
    let report = project.whimbrel(&["migrate", "adopt"], 0).stdout;
    for word in [
        "migrate-mongo's history in changelog: 2 files applied",
        "20240103120000-rename",
        "collection changelog",
    ] {
        assert!(report.contains(word), "{word} is not in\n{report}");
    }
    assert_eq!(marked(&project), ["20240101120000 baseline", "20240102120000 baseline"]);
    for words in [&["migrate", "adopt"][..], &["migrate", "adopt", "migrate-mongo"]] {
        let again = project.whimbrel(words, 0).stdout;
        assert!(again.contains("taken over already"), "{again}");
    }
    assert_eq!(standing(&project), before, "nothing but Whimbrel's own collections is touched");

    let pulled = project.whimbrel(&["schema", "pull"], 0).stdout;
    let schema = project.sandbox.read("src/schema.rs").unwrap();
    assert!(pulled.contains("changelog") && !schema.contains("changelog"), "{pulled}{schema}");
    let changelog = project.documents("changelog");
    project.whimbrel(&["migrate"], 0);
    assert_eq!(project.documents("users"), [doc! { "_id": 1, "role": "user", "fullName": "Ana" }]);
    project.whimbrel(&["rollback", "--to", "0"], 0);
    assert_eq!(project.documents("users"), [doc! { "_id": 1, "name": "Ana" }]);
    assert_eq!(project.documents("changelog"), changelog, "the changelog stays as it was");
}

fn a_changelog_of_another_name(kind: MongoKind) {
    let project = two_of_three(
        kind,
        "changelogCollectionName: 'applied', lockCollectionName: 'applied_lock', lockTtl: 60, useFileHash: true,",
    );
    refused(&project, &[], "adopt::not_found", &["changelog", "--changelog NAME"]);
    let named = ["migrate-mongo", "--changelog", "applied"];
    let text = project.sandbox.read(format!("migrations/{TWO}")).unwrap();
    project.file(TWO, &format!("{text}// edited since\n"));
    refused(&project, &named, "adopt::checksum_mismatch", &[TWO]);
    project.file(TWO, &text);
    std::fs::rename(project.sandbox.path("migrations"), project.sandbox.path("old")).unwrap();
    refused(&project, &named, "adopt::missing_files", &[ONE, TWO, "--from DIR"]);
    let moved = [&["migrate", "adopt"], &named[..], &["--from", "old"]].concat();
    let report = project.whimbrel(&moved, 0).stdout;
    assert!(report.contains("applied_lock") && report.contains(THREE), "{report}");
    assert_eq!(marked(&project), ["20240101120000 baseline", "20240102120000 baseline"]);
    assert_eq!(project.sandbox.read(format!("migrations/{TWO}")).unwrap(), text);
    project.whimbrel(&["migrate"], 0);
}

fn what_cannot_be_matched(kind: MongoKind) {
    let project = two_of_three(kind, "");
    let row = |file: &str, minute: i64| {
        doc! { "fileName": file, "appliedAt": DateTime::from_millis(minute * 60_000), "migrationBlock": 1_i64 }
    };
    let history = |rows: Vec<Document>| {
        project.database.run(doc! { "delete": "changelog", "deletes": [{ "q": {}, "limit": 0 }] }).unwrap();
        project.insert("changelog", rows);
    };
    history(vec![row(ONE, 1), row("20240101180000-gone.js", 2)]);
    refused(&project, &[], "adopt::missing_files", &["20240101180000-gone.js"]);
    history(vec![row(ONE, 1), row(THREE, 2)]);
    refused(&project, &[], "adopt::gap", &["20240102120000-add_index", "migrate-mongo up"]);
    history(vec![row(ONE, 2), row(TWO, 1)]);
    let way_out = "whimbrel migrate baseline 20240102120000";
    refused(&project, &[], "adopt::out_of_order", &[ONE, TWO, way_out]);
    history(vec![row(ONE, 1), doc! { "_id": "odd", "fileName": TWO }]);
    refused(&project, &[], "adopt::strange_entries", &["odd", "changelog"]);
    history(vec![doc! { "release": 1 }]);
    refused(&project, &[], "adopt::not_found", &["_id, release", "another tool's"]);
    history(vec![row(ONE, 1), row(TWO, 2)]);
    project.insert("changelog_lock", vec![doc! { "createdAt": DateTime::now() }]);
    refused(&project, &[], "adopt::locked", &["changelog_lock"]);
    project.database.run(doc! { "drop": "changelog_lock" }).unwrap();
    refused(&project, &["dbmate"], "relational", &[]);
    project.whimbrel(&["migrate", "adopt"], 0);
    assert_eq!(marked(&project).len(), 2);
}

#[test]
fn a_relational_project_has_no_changelog() {
    let project = Relational::bare(Engine::Sqlite);
    for words in [&["migrate-mongo"][..], &["--changelog", "changelog"]] {
        let failed = project.run(&[&["migrate", "adopt"], words].concat(), 1).stderr;
        assert!(failed.contains("document"), "{failed}");
    }
}
