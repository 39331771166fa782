//! History, documents, lock, files.

use std::time::Duration;

use rusqlite::Connection;
use whimbrel_engine::{Engine as _, EngineError, HistoryChange, Relational as _, Step, Unwatched};
use whimbrel_schema::catalog::{ColumnType, Identity, UnmanagedKind};
use whimbrel_sqlite::{Sqlite, SqliteOptions};

use crate::support::{apply, catalog, entry, full, memory, normalise, scope, step, wait};

#[test]
fn the_history_is_kept_and_taken_back() {
    let mut engine = memory();
    assert!(wait(engine.history()).unwrap().is_empty());
    assert!(wait(engine.prepare()).unwrap());
    assert!(!wait(engine.prepare()).unwrap());
    apply(&mut engine, "1", "CREATE TABLE a (id int PRIMARY KEY)").unwrap();
    wait(engine.mark(&[entry("2"), entry("3")])).unwrap();
    let history = wait(engine.history()).unwrap();
    assert_eq!(history.iter().map(|entry| entry.version.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    assert!(history[0].applied_at.ends_with('Z') && history[0].duration_ms >= 0);
    assert!(apply(&mut engine, "2", "CREATE TABLE b (id int)").is_err(), "a version is applied once");
    assert_eq!(catalog(&mut engine).tables.len(), 1);
    let down = Step { history: HistoryChange::Remove { version: "1".into() }, ..step("1", "DROP TABLE a") };
    wait(engine.apply(&down, &mut Unwatched)).unwrap();
    assert!(
        wait(engine.apply(&Step { statements: Vec::new(), ..down }, &mut Unwatched)).is_err(),
        "it is no longer there"
    );
    assert!(catalog(&mut engine).is_empty());
    wait(engine.record("schema", "one")).unwrap();
    wait(engine.record("schema", "two")).unwrap();
    assert_eq!(wait(engine.recorded("schema")).unwrap().as_deref(), Some("two"));
    assert_eq!(wait(engine.recorded("other")).unwrap(), None);
}

#[test]
fn a_file_that_does_not_exist_reads_as_empty_and_is_made_by_the_first_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/a.db");
    let mut engine = Sqlite::open(&SqliteOptions { create: false, ..SqliteOptions::file(&path) }).unwrap();
    assert!(wait(engine.history()).unwrap().is_empty());
    assert!(catalog(&mut engine).is_empty());
    assert_eq!(wait(engine.inventory(&scope())).unwrap().tables.len(), 0);
    assert_eq!(wait(engine.preview(&[step("1", "CREATE TABLE a (id int)")])).unwrap()[0].len(), 1);
    assert!(!path.exists());
    apply(&mut engine, "1", "CREATE TABLE a (id int); INSERT INTO a VALUES (1), (2)").unwrap();
    assert!(path.exists());
    let inventory = wait(engine.inventory(&scope())).unwrap();
    assert_eq!((inventory.tables[0].rows, inventory.tables[0].size_bytes), (2, 8192));
    assert!(inventory.database_size_bytes >= 3 * 8192);
    assert_eq!(
        wait(engine.clear(&scope())).unwrap(),
        ["table a", "table whimbrel_history", "table whimbrel_journal", "table whimbrel_state"]
    );
    assert!(wait(engine.history()).unwrap().is_empty());
}

#[test]
fn a_preview_changes_nothing() {
    let mut engine = memory();
    apply(&mut engine, "1", "CREATE TABLE a (id int PRIMARY KEY)").unwrap();
    let before = catalog(&mut engine);
    let steps = [
        step("2", "ALTER TABLE a ADD COLUMN b text"),
        step("3", "ALTER TABLE a ALTER COLUMN b SET DEFAULT 'x'"),
    ];
    let lists = wait(engine.preview(&steps)).unwrap();
    assert_eq!(lists[0].len(), 1);
    assert_eq!(lists[1].first().map(String::as_str), Some("PRAGMA foreign_keys = OFF"));
    assert!(lists[1].iter().any(|sql| sql.starts_with("CREATE TABLE \"whimbrel_rebuilt\"")));
    assert_eq!(catalog(&mut engine), before);
}

#[test]
fn one_deployer_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::file(folder.path().join("a.db"));
    let (mut one, mut two) = (Sqlite::open(&options).unwrap(), Sqlite::open(&options).unwrap());
    wait(one.lock(Duration::ZERO)).unwrap();
    let error = wait(two.lock(Duration::from_millis(120))).unwrap_err();
    let holder = format!("process {}", std::process::id());
    assert!(
        matches!(&error, EngineError::LockTimeout { holder: named } if named.contains(&holder)),
        "{error}"
    );
    wait(one.unlock()).unwrap();
    wait(two.lock(Duration::ZERO)).unwrap();
    drop(two);
    wait(one.lock(Duration::ZERO)).unwrap();
}

#[test]
fn a_file_that_cannot_be_used_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text.db");
    std::fs::write(
        &text,
        "this is no database, but it is long enough to have a header that can be looked at by anyone",
    )
    .unwrap();
    let open = |path: &std::path::Path| Sqlite::open(&SqliteOptions::file(path)).unwrap_err();
    assert!(matches!(open(&text), EngineError::Unusable { .. }), "{}", open(&text));
    assert!(matches!(open(folder.path()), EngineError::Unusable { .. }));
    assert!(
        matches!(open(&text.join("below.db")), EngineError::NotWritable { .. }),
        "{}",
        open(&text.join("below.db"))
    );
}

#[test]
fn a_database_that_takes_no_writes_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    apply(&mut engine, "1", "CREATE TABLE a (id int PRIMARY KEY, t text)").unwrap();
    let mut reader = Sqlite::open(&SqliteOptions { read_only: true, ..SqliteOptions::file(&path) }).unwrap();
    assert_eq!(wait(reader.history()).unwrap().len(), 1);
    let error = apply(&mut reader, "2", "CREATE TABLE b (id int)").unwrap_err();
    assert!(matches!(error, EngineError::NotWritable { .. }), "{error}");
}

#[test]
fn a_full_disk_leaves_nothing_of_the_file() {
    let mut engine = memory();
    apply(&mut engine, "1", "CREATE TABLE a (id int PRIMARY KEY, t text)").unwrap();
    let before = catalog(&mut engine);
    engine.limit_pages(20).unwrap();
    let rows: String =
        (0..200).map(|id| format!("INSERT INTO a VALUES ({id}, '{}');\n", "x".repeat(4000))).collect();
    let error = apply(&mut engine, "2", &format!("CREATE TABLE b (id int);\n{rows}")).unwrap_err();
    assert!(matches!(error, EngineError::NotWritable { .. }), "{}", full(&error));
    assert_eq!(catalog(&mut engine), before);
    assert_eq!(wait(engine.history()).unwrap().len(), 1);
}

#[test]
fn a_database_of_others_is_read_sensibly() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch(
        "CREATE TABLE [users] (id INTEGER PRIMARY KEY AUTOINCREMENT, email VARCHAR(40) NOT NULL UNIQUE, born DATETIME DEFAULT CURRENT_TIMESTAMP, age INT CHECK (age > 0));
         CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INT REFERENCES users ON DELETE CASCADE, score REAL DEFAULT 1.5, CONSTRAINT both UNIQUE (user_id, score));
         CREATE INDEX by_age ON users (age DESC, lower(email)) WHERE age > 18;
         CREATE VIEW grown AS SELECT * FROM users WHERE age > 18;
         CREATE TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END;
         CREATE VIRTUAL TABLE words USING fts5(body);",
    )
    .unwrap();
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    let present = catalog(&mut engine);
    let table = |name: &str| present.tables.iter().find(|table| table.name.name == name).unwrap();
    assert_eq!(present.tables.len(), 2);
    let users = table("users");
    assert_eq!(users.column("id").unwrap().identity, Some(Identity::ByDefault));
    assert_eq!(users.column("email").unwrap().ty, ColumnType::Varchar(Some(40)));
    assert_eq!(users.column("born").unwrap().ty, ColumnType::Timestamp);
    assert_eq!(
        (users.uniques[0].name.as_str(), users.checks[0].name.as_str()),
        ("users_email_key", "users_age_check")
    );
    assert_eq!(users.indexes[0].predicate.as_deref(), Some("age > 18"));
    let posts = table("posts");
    assert_eq!(posts.foreign_keys[0].referenced_columns, ["id"]);
    assert_eq!(posts.uniques[0].name, "both");
    assert_eq!(posts.column("score").unwrap().default.as_deref(), Some("1.5"));
    assert_eq!(present.views[0].query, "SELECT * FROM users WHERE age > 18");
    let kinds: Vec<_> =
        present.unmanaged.iter().map(|object| (object.kind, object.name.name.as_str())).collect();
    assert_eq!(kinds, [(UnmanagedKind::Trigger, "users.t"), (UnmanagedKind::VirtualTable, "words")]);
}

/// What SQLite's own text and pragmas tell must agree with the notes, so that the notes hide nothing.
#[test]
fn the_notes_agree_with_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    apply(&mut engine, "1", "CREATE TYPE mood AS ENUM ('low'); CREATE TABLE a (id bigserial PRIMARY KEY, n varchar(5) NOT NULL DEFAULT 'x', m mood, u uuid, p numeric(5,2), CONSTRAINT named UNIQUE (n, m), CONSTRAINT big CHECK (p > 1)); CREATE TABLE b (id uuid, x integer, a_id bigint CONSTRAINT fk REFERENCES a ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED, PRIMARY KEY (id, x)); CREATE UNIQUE INDEX i ON a (p DESC, u) WHERE p > 2").unwrap();
    let noted = catalog(&mut engine);
    Connection::open(&path)
        .unwrap()
        .execute_batch("DELETE FROM whimbrel_state WHERE key LIKE 'sqlite:table:%'")
        .unwrap();
    let mut read = catalog(&mut engine);
    for table in &mut read.tables {
        for check in &mut table.checks {
            check.expression = check.expression.replace('"', "");
        }
        for index in &mut table.indexes {
            index.predicate = index.predicate.take().map(|text| text.replace('"', ""));
        }
    }
    assert_eq!(read, noted);
    assert_eq!(normalise(&mut engine, &noted).unwrap(), noted);
}

#[test]
fn a_table_changed_by_other_means_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    apply(&mut engine, "1", "CREATE TABLE a (id int PRIMARY KEY)").unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("ALTER TABLE a ADD COLUMN b text; CREATE INDEX i ON a (b)").unwrap();
    let present = catalog(&mut engine);
    assert_eq!(present.tables[0].columns.len(), 2);
    assert_eq!(present.tables[0].indexes[0].name, "i");
}
