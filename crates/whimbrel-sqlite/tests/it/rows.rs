//! Rows survive what happens to their tables, and bad rows are refused as PostgreSQL would.

use rusqlite::Connection;
use whimbrel_engine::Engine as _;
use whimbrel_sqlite::{Sqlite, SqliteOptions, register_functions};

use crate::support::{apply, catalog, full, wait};

const TABLES: &str = "
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE users (id serial PRIMARY KEY, name varchar(20) NOT NULL, boss integer REFERENCES users (id) ON DELETE CASCADE, feeling mood DEFAULT 'low', paid numeric(8,2), born text, note text, CONSTRAINT long CHECK (char_length(name) > 0));
CREATE TABLE posts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, title text UNIQUE);
CREATE INDEX idx_users_name ON users (lower(name)) WHERE paid > 0;
CREATE VIEW rich AS SELECT name FROM users WHERE paid > 1;
INSERT INTO users (name, boss, paid, born) VALUES ('ann', NULL, 2.50, '2001-02-03'), ('bob', 1, 0.5, NULL), ('eve', 2, NULL, '1999-01-01');
INSERT INTO posts (user_id, title) VALUES (1, 'one'), (2, 'two'), (3, 'three');
DELETE FROM users WHERE name = 'eve';
";

struct Database {
    engine: Sqlite,
    raw: Connection,
    _folder: tempfile::TempDir,
}

fn database() -> Database {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    apply(&mut engine, "1", TABLES).unwrap_or_else(|error| panic!("{}", full(&error)));
    let raw = Connection::open(&path).unwrap();
    register_functions(&raw).unwrap();
    raw.pragma_update(None, "foreign_keys", true).unwrap();
    Database { engine, raw, _folder: folder }
}

fn rows(raw: &Connection, sql: &str) -> Vec<String> {
    let mut statement = raw.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement
        .query_map([], |row| {
            let cells: Vec<String> = (0..width)
                .map(|at| match row.get_ref(at).unwrap() {
                    rusqlite::types::ValueRef::Null => "-".to_owned(),
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Real(number) => number.to_string(),
                    rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                    rusqlite::types::ValueRef::Blob(blob) => format!("{blob:?}"),
                })
                .collect();
            Ok(cells.join("|"))
        })
        .unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn a_rebuild_keeps_rows_indexes_references_and_views() {
    let mut database = database();
    let sql = "ALTER TABLE users ALTER COLUMN born TYPE date USING born::date, ALTER COLUMN note SET DEFAULT 'x', ALTER COLUMN name TYPE varchar(10), ADD COLUMN made timestamptz NOT NULL DEFAULT now(), DROP COLUMN feeling;
    ALTER TABLE users ADD CONSTRAINT young CHECK (born > '1900-01-01');
    INSERT INTO users (name) VALUES ('zoe');";
    apply(&mut database.engine, "2", sql).unwrap_or_else(|error| panic!("{}", full(&error)));
    // The third row is gone, and its number is not given again.
    assert_eq!(
        rows(
            &database.raw,
            "SELECT id, name, boss, paid, born, note, made IS NOT NULL FROM users ORDER BY id"
        ),
        ["1|ann|-|2.5|2001-02-03|-|1", "2|bob|1|0.5|-|-|1", "4|zoe|-|-|-|x|1"]
    );
    assert_eq!(rows(&database.raw, "SELECT title FROM posts ORDER BY 1"), ["one", "two"]);
    assert_eq!(rows(&database.raw, "SELECT name FROM rich"), ["ann"]);
    assert_eq!(rows(&database.raw, "PRAGMA foreign_key_check"), Vec::<String>::new());
    assert_eq!(rows(&database.raw, "PRAGMA integrity_check"), ["ok"]);
    let plan = rows(
        &database.raw,
        "EXPLAIN QUERY PLAN SELECT * FROM users WHERE lower_unicode(name) = 'ann' AND paid > 0",
    );
    assert!(plan[0].contains("idx_users_name"), "{plan:?}");
    // References still point to the table and act.
    database.raw.execute_batch("DELETE FROM users WHERE id = 1").unwrap();
    assert_eq!(rows(&database.raw, "SELECT count(*) FROM users"), ["1"]);
    assert_eq!(rows(&database.raw, "SELECT count(*) FROM posts"), ["0"]);
}

#[test]
fn renames_are_followed_everywhere() {
    let mut database = database();
    apply(&mut database.engine, "2", "DROP VIEW rich; ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME COLUMN id TO number; ALTER TABLE people RENAME COLUMN paid TO money; ALTER TABLE people RENAME CONSTRAINT long TO longer; ALTER TYPE mood RENAME TO temper; ALTER TYPE temper RENAME VALUE 'low' TO 'down'; ALTER TYPE temper ADD VALUE 'mid' BEFORE 'high'")
        .unwrap_or_else(|error| panic!("{}", full(&error)));
    let present = catalog(&mut database.engine);
    let posts = present.tables.iter().find(|table| table.name.name == "posts").unwrap();
    assert_eq!(posts.foreign_keys[0].references.name, "people");
    assert_eq!(posts.foreign_keys[0].referenced_columns, ["number"]);
    let people = present.tables.iter().find(|table| table.name.name == "people").unwrap();
    assert_eq!(people.foreign_keys[0].references.name, "people");
    assert_eq!(people.indexes[0].predicate.as_deref(), Some("money > 0"));
    assert_eq!(people.checks[0].name, "longer");
    assert_eq!(people.column("feeling").unwrap().default.as_deref(), Some("'down'"));
    assert_eq!(present.enums[0].values, ["down", "mid", "high"]);
    assert_eq!(rows(&database.raw, "SELECT DISTINCT feeling FROM people"), ["down"]);
    database.raw.execute_batch("INSERT INTO people (name, feeling) VALUES ('x', 'mid')").unwrap();
    assert!(database.raw.execute_batch("INSERT INTO people (name, feeling) VALUES ('x', 'low')").is_err());
    database.raw.execute_batch("DELETE FROM people WHERE number = 1").unwrap();
    assert_eq!(rows(&database.raw, "SELECT count(*) FROM posts"), ["0"]);
}

#[test]
fn a_change_that_rows_do_not_fit_is_refused_whole() {
    let mut database = database();
    let before = (catalog(&mut database.engine), rows(&database.raw, "SELECT * FROM users"));
    for (sql, says) in [
        ("ALTER TABLE users ALTER COLUMN boss SET NOT NULL", "NOT NULL constraint failed: users.boss"),
        ("ALTER TABLE users ALTER COLUMN name TYPE varchar(2)", "whimbrel_type_name"),
        ("ALTER TABLE users ALTER COLUMN name TYPE integer USING name::integer", "whimbrel_type_name"),
        ("ALTER TABLE users ADD CONSTRAINT c CHECK (paid > 1)", "CHECK constraint failed: c"),
        ("ALTER TABLE users ADD CONSTRAINT u UNIQUE (feeling)", "UNIQUE"),
        (
            "ALTER TABLE posts ADD CONSTRAINT f FOREIGN KEY (title) REFERENCES users (name)",
            "no primary key or unique",
        ),
        (
            "INSERT INTO users (name) VALUES ('a'); CREATE TABLE more (id int PRIMARY KEY); INSERT INTO posts (user_id) VALUES (99)",
            "FOREIGN KEY",
        ),
        ("ALTER TABLE users DROP COLUMN paid", "view `rich`"),
        ("ALTER TABLE users ALTER COLUMN note SET NOT NULL", "NOT NULL"),
        ("ALTER TABLE users DROP CONSTRAINT long; DELETE FROM users WHERE id = 1", "split in two"),
    ] {
        let error = apply(&mut database.engine, "2", sql).expect_err(sql);
        assert!(full(&error).contains(says), "{sql}: {}", full(&error));
        assert_eq!(
            (catalog(&mut database.engine), rows(&database.raw, "SELECT * FROM users")),
            before,
            "{sql}"
        );
        assert_eq!(wait(database.engine.history()).unwrap().len(), 1, "{sql}");
    }
    // Foreign keys are enforced again after a refused rebuild.
    apply(&mut database.engine, "2", "DELETE FROM users WHERE name = 'ann'").unwrap();
    assert_eq!(rows(&database.raw, "SELECT count(*) FROM posts"), ["0"]);
}

#[test]
fn bad_values_are_refused_and_good_ones_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    let raw = Connection::open(&path).unwrap();
    register_functions(&raw).unwrap();
    for (at, (ty, good, bad)) in [
        ("smallint", vec!["1", "-32768", "'7'", "NULL"], vec!["32768", "'x'", "1.5", "X'00'"]),
        ("integer", vec!["2147483647"], vec!["2147483648", "''"]),
        ("bigint", vec!["9223372036854775807"], vec!["'a'", "1.5"]),
        ("double precision", vec!["1", "1.5"], vec!["'x'"]),
        ("real", vec!["1.5"], vec!["'x'"]),
        ("numeric(4,2)", vec!["99.99", "-1", "'1.5'"], vec!["100", "99.999", "'x'"]),
        ("text", vec!["'a'", "1"], vec!["X'00'"]),
        ("varchar(2)", vec!["'éé'"], vec!["'abc'"]),
        ("char(2)", vec!["'ab'"], vec!["'abc'"]),
        ("boolean", vec!["TRUE", "0"], vec!["2", "'true'"]),
        (
            "uuid",
            vec!["gen_random_uuid()"],
            vec!["'x'", "'6F9619FF-8B86-D011-B42D-00C04FC964FF'", "'------------------------------------'"],
        ),
        ("date", vec!["'2024-02-29'", "NULL"], vec!["'2023-02-29'", "'2024-1-1'", "'now'", "20240101"]),
        ("time", vec!["'23:59:59.999'"], vec!["'24:00:00.000'", "'1:00'"]),
        (
            "timestamp",
            vec!["'2024-02-29T01:02:03.004'"],
            vec!["'2024-02-29 01:02:03'", "'2024-02-29T01:02:03.004Z'"],
        ),
        (
            "timestamptz",
            vec!["'2024-02-29T01:02:03.004Z'"],
            vec!["'2024-02-29T01:02:03.004'", "'2024-02-29T01:02:03.004+01'"],
        ),
        ("jsonb", vec!["'{\"a\":1}'", "'null'"], vec!["'{'", "''"]),
        ("text[]", vec!["'[\"a\"]'", "'[]'"], vec!["'{}'", "'x'", "1"]),
        ("bytea", vec!["X'00'"], vec!["'a'"]),
        ("point", vec!["'(1.5,-2e3)'"], vec!["'x'", "'(a,b)'"]),
        ("mood", vec!["'low'"], vec!["'x'", "''"]),
    ]
    .into_iter()
    .enumerate()
    {
        let prefix = if at == 0 { "CREATE TYPE mood AS ENUM ('low', 'high');" } else { "" };
        apply(&mut engine, &at.to_string(), &format!("{prefix} CREATE TABLE t{at} (v {ty});")).unwrap();
        for value in good {
            raw.execute_batch(&format!("INSERT INTO t{at} VALUES ({value})"))
                .unwrap_or_else(|error| panic!("{ty} {value}: {error}"));
        }
        for value in bad {
            assert!(
                raw.execute_batch(&format!("INSERT INTO t{at} VALUES ({value})")).is_err(),
                "{ty} took {value}"
            );
        }
    }
    apply(&mut engine, "keys", "CREATE TABLE k (a integer PRIMARY KEY, b text)").unwrap();
    assert!(
        raw.execute_batch("INSERT INTO k (b) VALUES ('x')").is_err(),
        "a key that is not serial takes no NULL"
    );
}

#[test]
fn a_timestamp_becomes_the_instant_in_utc_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut engine = Sqlite::open(&SqliteOptions::file(&path)).unwrap();
    let sql = "CREATE TABLE trips (id integer PRIMARY KEY, at timestamp, until timestamptz NOT NULL DEFAULT now(), \
                 since timestamp DEFAULT (now() AT TIME ZONE 'UTC'), \
                 CONSTRAINT late CHECK (until AT TIME ZONE 'UTC' > '2000-01-01 00:00:00'::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'UTC'));
               INSERT INTO trips (id, at, until) VALUES (1, '2024-02-29 23:59:59.987', '2024-03-01 00:30:00.001+05:30'), (2, NULL, '2024-12-31 23:30:00-01');";
    apply(&mut engine, "1", sql).unwrap_or_else(|error| panic!("{}", full(&error)));
    let before = catalog(&mut engine);
    let raw = Connection::open(&path).unwrap();
    let stored = "SELECT id, at, until, since GLOB '????-??-??T??:??:??.???' FROM trips ORDER BY id";
    let first = ["1|2024-02-29T23:59:59.987|2024-02-29T19:00:00.001Z|1", "2|-|2025-01-01T00:30:00.000Z|1"];
    assert_eq!(rows(&raw, stored), first);
    // What `migrate create --auto` writes for both directions.
    let there = "ALTER TABLE trips DROP CONSTRAINT late;
        ALTER TABLE trips ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC', \
        ALTER COLUMN until TYPE timestamp USING \"until\" AT TIME ZONE 'UTC';";
    apply(&mut engine, "2", there).unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(
        rows(&raw, stored),
        ["1|2024-02-29T23:59:59.987Z|2024-02-29T19:00:00.001|1", "2|-|2025-01-01T00:30:00.000|1"]
    );
    let found = catalog(&mut engine);
    assert_eq!(found.tables[0].column("at").unwrap().ty.to_string(), "timestamp with time zone");
    assert_eq!(found.tables[0].column("until").unwrap().ty.to_string(), "timestamp without time zone");
    let back = "ALTER TABLE trips ALTER COLUMN at TYPE timestamp USING at AT TIME ZONE 'UTC', \
        ALTER COLUMN until TYPE timestamptz USING (until) at time zone ('UTC');
        ALTER TABLE trips ADD CONSTRAINT late CHECK (until AT TIME ZONE 'UTC' > '2000-01-01 00:00:00'::timestamp AT TIME ZONE 'UTC' AT TIME ZONE 'UTC');
        UPDATE trips SET at = until AT TIME ZONE 'UTC' WHERE at AT TIME ZONE 'UTC' > '2024-02-29 23:00:00+00';";
    apply(&mut engine, "3", back).unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(
        rows(&raw, stored),
        ["1|2024-02-29T19:00:00.001|2024-02-29T19:00:00.001Z|1", "2|-|2025-01-01T00:30:00.000Z|1"]
    );
    assert_eq!(catalog(&mut engine), before);
    let normalised =
        crate::support::normalise(&mut engine, &before).unwrap_or_else(|error| panic!("{}", full(&error)));
    assert_eq!(normalised, before);
    let refused =
        apply(&mut engine, "4", "INSERT INTO trips (id, until) VALUES (3, '1999-01-01 00:00:00+00');");
    assert!(full(&refused.unwrap_err()).contains("late"));
    assert!(whimbrel_sqlite::supported_markdown().contains("AT TIME ZONE 'UTC'"));
}
