//! What is outside the closed list is refused by name, with its place and the way out.

use whimbrel_engine::EngineError;

use crate::support::{apply, catalog, full, memory, pointed};

const BEFORE: &str = "CREATE TABLE users (id uuid PRIMARY KEY, name text, born date, paid numeric(8,2)); CREATE TABLE notes (id serial PRIMARY KEY, user_id uuid REFERENCES users (id));";

fn refusal(sql: &str) -> EngineError {
    let mut engine = memory();
    apply(&mut engine, "1", BEFORE).unwrap_or_else(|error| panic!("{}", full(&error)));
    let before = catalog(&mut engine);
    let file = format!(
        "-- a file\nINSERT INTO users (id) VALUES ('6f9619ff-8b86-d011-b42d-00c04fc964ff');\n\n  {sql};\n"
    );
    let error = apply(&mut engine, "2", &file).expect_err(sql);
    assert_eq!(catalog(&mut engine), before, "{sql} left something");
    error
}

#[test]
fn each_refusal_names_and_points() {
    for (sql, place, says) in [
        ("CREATE EXTENSION pgcrypto", "CREATE EXTENSION pgcrypto", "CREATE EXTENSION"),
        ("CREATE SEQUENCE s", "CREATE SEQUENCE s", "CREATE SEQUENCE"),
        ("CREATE SCHEMA billing", "CREATE SCHEMA billing", "CREATE SCHEMA"),
        ("DO $$ BEGIN END $$", "DO $$ BEGIN END $$", "`DO`"),
        ("CREATE TABLE billing.t (a int)", "billing.t", "schemas"),
        ("CREATE TABLE t (a inet)", "inet", "inet"),
        ("CREATE TABLE t (a numeric(20,2))", "numeric(20,2)", "15 digits"),
        ("CREATE TABLE t (a numeric)", "numeric", "15 digits"),
        ("CREATE TABLE t (a mood)", "mood", "no enum"),
        (
            "CREATE TABLE t (a serial, b int PRIMARY KEY)",
            "CREATE TABLE t (a serial, b int PRIMARY KEY)",
            "serial",
        ),
        ("CREATE TABLE t (a text CHECK (to_tsvector(a) IS NOT NULL))", "to_tsvector(a)", "to_tsvector"),
        ("CREATE TABLE t (a text COLLATE \"de_DE\")", "COLLATE \"de_DE\"", "de_DE"),
        ("CREATE TABLE t (a text UNIQUE NULLS NOT DISTINCT)", "NULLS NOT DISTINCT", "NULLS NOT DISTINCT"),
        ("CREATE TABLE t (a text) PARTITION BY LIST (a)", "PARTITION BY LIST (a)", "PARTITION"),
        ("CREATE INDEX i ON users USING gin (name)", "USING gin", "gin"),
        ("ALTER TABLE users ENABLE ROW LEVEL SECURITY", "ENABLE ROW LEVEL SECURITY", "ROW LEVEL"),
        ("UPDATE users SET born = born + interval '1 day'", "born + interval '1 day'", "two numbers"),
        ("UPDATE users SET name = md5(name)", "md5(name)", "md5"),
        ("UPDATE users SET name = 'x' WHERE name ~ '(?=a)'", "'(?=a)'", "look-around"),
        ("DELETE FROM users USING notes WHERE notes.user_id = users.id", "USING notes", "USING"),
        (
            "INSERT INTO users (id) SELECT gen_random_uuid() FROM generate_series(1, 3)",
            "generate_series(1, 3)",
            "generate_series",
        ),
        (
            "SELECT now() AT TIME ZONE 'Europe/Berlin' FROM users",
            "now() AT TIME ZONE 'Europe/Berlin'",
            "AT TIME ZONE 'Europe/Berlin': of time zones it knows 'UTC'",
        ),
        (
            "SELECT born AT TIME ZONE 'UTC' FROM users",
            "born AT TIME ZONE 'UTC'",
            "not known to be a timestamp",
        ),
        ("TRUNCATE users", "TRUNCATE users", "TRUNCATE"),
    ] {
        let error = refusal(sql);
        assert!(matches!(error, EngineError::Unsupported { .. }), "{sql}: {}", full(&error));
        assert_eq!(pointed(&error), place, "{}", full(&error));
        let text = full(&error);
        assert!(text.contains(says), "{sql}: {text}");
        assert!(text.contains(".sqlite.sql") && text.contains("whimbrel:engine postgres"), "{text}");
    }
}

#[test]
fn mistakes_are_pointed_at_too() {
    for (sql, place, says) in [
        ("CREATE TABLE users (a int)", "users", "exists already"),
        ("ALTER TABLE nothing ADD COLUMN a int", "nothing", "no table `nothing`"),
        ("ALTER TABLE users DROP COLUMN nothing", "DROP COLUMN nothing", "no column `nothing`"),
        ("CREATE INDEX i ON users (nothing)", "nothing", "no column"),
        ("DROP TABLE users", "DROP TABLE users", "notes_user_id_fkey"),
        (
            "ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users (name)",
            "ALTER TABLE notes ADD FOREIGN KEY (user_id) REFERENCES users (name)",
            "no primary key or unique",
        ),
        (
            "INSERT INTO users (id, born) VALUES (gen_random_uuid(), '2024-02-31')",
            "'2024-02-31'",
            "no value of type date",
        ),
        (
            "INSERT INTO users (id) VALUES ('6f9619ff-8b86-d011-b42d-00c04fc964ff')",
            "INSERT INTO users (id) VALUES ('6f9619ff-8b86-d011-b42d-00c04fc964ff')",
            "UNIQUE",
        ),
        ("COMMIT", "COMMIT", "one transaction"),
        ("SELECT nothing FROM users", "SELECT nothing FROM users", "no such column"),
    ] {
        let error = refusal(sql);
        assert!(matches!(error, EngineError::StatementFailed { .. }), "{sql}: {}", full(&error));
        assert_eq!(pointed(&error), place, "{}", full(&error));
        assert!(full(&error).contains(says), "{sql}: {}", full(&error));
    }
}

#[test]
fn a_syntax_error_shows_its_place() {
    let mut engine = memory();
    let mut step = crate::support::step("1", "CREATE TABLE t (a int)");
    step.source.text = "CREATE TABLE t (a int,, b int)".into();
    step.statements[0].sql = step.source.text.to_string();
    let error = crate::support::wait(whimbrel_engine::Relational::apply(
        &mut engine,
        &step,
        &mut whimbrel_engine::Unwatched,
    ))
    .unwrap_err();
    assert!(matches!(error, EngineError::StatementFailed { .. }), "{error}");
    assert!(error.to_string().contains("syntax error"), "{error}");
}
