//! Many tables: the time that a file takes grows with its statements, not with their square.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::support::{apply, catalog, full, memory, step, wait};
use whimbrel_engine::Relational as _;

/// As many tables as show a square in a build without optimisation.
const TABLES: usize = 300;

/// Many times what the statements take, and a fraction of what they take when each reads every table.
const LIMIT: Duration = Duration::from_secs(15);

fn created(count: usize) -> String {
    let mut sql = String::new();
    for at in 0..count {
        let previous = at.saturating_sub(1);
        writeln!(
            sql,
            "CREATE TABLE t{at} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, previous_id bigint REFERENCES t{previous} (id), \
             name varchar(40) NOT NULL, email text, age integer DEFAULT 3, made timestamptz NOT NULL DEFAULT now(), \
             paid numeric(8,2), active boolean NOT NULL DEFAULT true);\n\
             CREATE INDEX idx_t{at}_name ON t{at} (name);\n\
             CREATE INDEX idx_t{at}_email ON t{at} (lower(email)) WHERE active;"
        )
        .unwrap();
    }
    sql
}

fn dropped(count: usize) -> String {
    (0..count).rev().map(|at| format!("DROP TABLE t{at};\n")).collect()
}

#[test]
fn a_file_of_many_tables_takes_a_time_that_grows_with_their_number() {
    let mut engine = memory();
    let created = created(TABLES);
    let started = Instant::now();
    apply(&mut engine, "1", &created).unwrap_or_else(|error| panic!("{}", full(&error)));
    let made = started.elapsed();
    assert_eq!(catalog(&mut engine).tables.len(), TABLES);
    let renames: String = (0..5).map(|at| format!("ALTER TABLE t{at} RENAME COLUMN age TO years;\nALTER TABLE t{at} RENAME TO u{at};\nALTER TABLE u{at} RENAME TO t{at};\n")).collect();
    let started = Instant::now();
    apply(&mut engine, "1r", &renames).unwrap_or_else(|error| panic!("{}", full(&error)));
    let renamed = started.elapsed();
    let started = Instant::now();
    let shown = wait(engine.preview(&[step("2", &dropped(TABLES))])).unwrap();
    assert_eq!(shown[0].len(), TABLES);
    apply(&mut engine, "2", &dropped(TABLES)).unwrap_or_else(|error| panic!("{}", full(&error)));
    let gone = started.elapsed();
    assert!(catalog(&mut engine).tables.is_empty());
    assert!(
        made + renamed + gone < LIMIT,
        "made in {made:?}, renamed in {renamed:?}, shown and dropped in {gone:?}"
    );
}

#[test]
fn renames_and_references_from_many_tables_are_followed() {
    let mut engine = memory();
    apply(&mut engine, "1", &created(20)).unwrap_or_else(|error| panic!("{}", full(&error)));
    let sql = "ALTER TABLE t3 RENAME TO u3;\n\
         ALTER TABLE u3 RENAME COLUMN id TO key;\n\
         COMMENT ON TABLE t4 IS 'after u3';\n\
         CREATE INDEX ON u3 (age);\n\
         DROP TABLE t19;\n\
         CREATE TABLE t19 (id integer PRIMARY KEY REFERENCES u3 (key));\n\
         CREATE INDEX IF NOT EXISTS idx_t19_name ON t19 (id);\n\
         DROP TABLE t0 CASCADE;";
    apply(&mut engine, "2", sql).unwrap_or_else(|error| panic!("{}", full(&error)));
    let found = catalog(&mut engine);
    let table = |name: &str| found.tables.iter().find(|table| table.name.name == name).unwrap();
    assert_eq!(table("t4").foreign_keys[0].references.name, "u3");
    assert_eq!(table("t4").foreign_keys[0].referenced_columns, ["key"]);
    assert_eq!(table("t4").comment.as_deref(), Some("after u3"));
    assert_eq!(table("u3").indexes.len(), 3);
    assert_eq!(table("u3").columns[0].name, "key");
    assert_eq!(table("t19").columns.len(), 1);
    assert_eq!(table("t19").indexes[0].name, "idx_t19_name");
    assert!(table("t1").foreign_keys.is_empty());
    assert_eq!(found.tables.len(), 19);
}
