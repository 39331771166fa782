//! `whimbrel explain` from outside: the plan on every engine, what is refused, and that nothing is left behind.

use serde_json::Value;

use crate::documents;
use crate::documents::Kind;
use crate::project::{Engine, Project};
use crate::snapshots::{expect, shown};

const TABLES: &str = "-- whimbrel:up
CREATE TABLE users (id serial PRIMARY KEY, email varchar(80) NOT NULL, name text, CONSTRAINT users_email_key UNIQUE (email));
CREATE TABLE trips (id serial PRIMARY KEY, user_id integer NOT NULL REFERENCES users (id) ON DELETE CASCADE, status text);
CREATE INDEX trips_user ON trips (user_id);
INSERT INTO users (email, name) VALUES ('a@b', 'ann'), ('c@d', 'bob');
INSERT INTO trips (user_id, status) VALUES (1, 'draft'), (1, 'open'), (2, 'draft');

-- whimbrel:down
DROP TABLE trips;
DROP TABLE users;
";

const COLLECTION: &str = "module.exports.up = async (db) => {
    await db.collection('users').insertMany(Array.from({ length: 1500 }, (_, n) => ({ _id: n, email: `u${n}`, n: n % 7 })));
    await db.collection('users').createIndex({ email: 1 });
};
module.exports.down = async (db) => { await db.collection('users').drop(); };
";

fn filled(engine: Engine) -> Project {
    let project = Project::bare(engine);
    project.sandbox.write("migrations/0001-tables.sql", TABLES).unwrap();
    project.run(&["migrate"], 0);
    project
}

fn documents(kind: Kind) -> documents::Project {
    let project = documents::Project::new(kind);
    project.file("0001-users.js", COLLECTION);
    project.run(&["migrate"], 0);
    project
}

fn json(output: &whimbrel_testkit::RunOutput) -> Value {
    serde_json::from_str(&output.stdout).unwrap()
}

#[test]
fn sql_on_the_embedded_engine() {
    let project = filled(Engine::Sqlite);
    project
        .sandbox
        .write("query.sql", "SELECT * FROM trips\nWHERE status = 'draft' ORDER BY id DESC;\n")
        .unwrap();
    let mut text = String::new();
    for arguments in [
        &["explain", "SELECT * FROM users WHERE email = $1", "--param", "a@b"][..],
        &["explain", "SELECT name FROM users WHERE id = $1"],
        &["explain", "--file", "query.sql"],
        &[
            "explain",
            "SELECT u.name FROM users u JOIN trips t ON t.user_id = u.id WHERE lower(u.name) = 'ann'",
        ],
        &["explain", "UPDATE trips SET status = 'open' WHERE user_id = 1"],
        &["explain", "SELECT colour FROM users"],
        &["explain", "SELECT 1; SELECT 2"],
        &["explain", "COMMIT"],
        &["explain", "VACUUM"],
        &["explain", ""],
        &["explain", "--file", "nowhere.sql"],
        &["explain", "SELECT * FROM users WHERE id = $1", "--analyze"],
        &["explain", "SELECT * FROM users", "--param", "1"],
        &["explain", "DELETE FROM users", "--analyze", "--env", "production"],
        &["explain"],
    ] {
        let output = project.sandbox.run(arguments).unwrap();
        text.push_str(&shown(&project, arguments, &output));
        text.push('\n');
    }
    expect("explain/sqlite", &text);
}

#[test]
fn a_run_leaves_nothing_behind() {
    for engine in Engine::ALL {
        let project = filled(engine);
        let count = || {
            let query = "SELECT * FROM users";
            json(&project.run(&["explain", query, "--analyze", "--json"], 0))["plan"]["rows_returned"].clone()
        };
        for query in [
            "INSERT INTO users (email) VALUES ('x')",
            "DELETE FROM users",
            "UPDATE users SET email = 'y' WHERE id = 1",
        ] {
            let output = project.run(&["explain", query, "--analyze"], 0);
            assert!(output.stdout.contains("that was rolled back"), "{engine:?}: {}", output.stdout);
            assert_eq!(count(), 2, "{engine:?}: {query}");
            project.run(&["explain", query], 0);
            let refused = project.run(&["explain", query, "--analyze", "--env", "production"], 5);
            assert!(refused.stderr.contains("guard::protected_environment"), "{}", refused.stderr);
        }
        let locks = project
            .run(&["explain", "SELECT * FROM users FOR UPDATE", "--analyze", "--env", "production"], 5);
        assert!(
            locks.stderr.contains("without") || locks.stderr.contains("leave --analyze out"),
            "{}",
            locks.stderr
        );
        project.run(&["explain", "SELECT * FROM users", "--analyze", "--env", "production"], 0);
    }
}

#[test]
fn postgresql_says_why_a_table_is_read_whole() {
    for engine in Engine::ALL.into_iter().filter(|engine| *engine != Engine::Sqlite) {
        let project = filled(engine);
        project
            .database()
            .psql(
                "INSERT INTO users (email, name) SELECT 'u' || n, 'n' || n FROM generate_series(1, 4000) n;
                 CREATE INDEX users_named ON users (name) WHERE id > 3999; CREATE INDEX users_late ON users (id, name); ANALYZE",
            )
            .unwrap();
        for (query, reason) in [
            ("SELECT * FROM users WHERE lower(email) = 'x'", "is an expression over email"),
            ("SELECT * FROM users WHERE name LIKE '%x'", "begins with a wildcard"),
            ("SELECT * FROM users WHERE name = 'x' AND id + 1 > 3", "users_named is partial"),
            ("SELECT * FROM trips WHERE status = 'draft'", "no index of trips begins with status"),
            (
                "SELECT * FROM trips WHERE user_id = 1",
                "trips_user could answer, and the planner holds reading the whole table for cheaper: the table is small",
            ),
            ("SELECT * FROM users WHERE id::text = '3'", "is a cast over id"),
        ] {
            let output = project.run(&["explain", query], 0);
            assert!(output.stdout.contains(reason), "{engine:?}: {query}\n{}", output.stdout);
        }
        let report = json(&project.run(&["explain", "SELECT * FROM users WHERE email = $1", "--json"], 0));
        assert_eq!(report["summary"]["indexes_used"], serde_json::json!(["users.users_email_key"]));
        assert_eq!(report["plan"]["root"]["kind"], "index_scan");
        let wrong = project.run(&["explain", "SELECT colour FROM users"], 1);
        assert!(
            wrong.stderr.contains("explain::refused") && wrong.stderr.contains("42703"),
            "{}",
            wrong.stderr
        );
    }
}

#[test]
fn document_commands_on_every_engine() {
    for kind in Kind::ALL {
        let project = documents(kind);
        let by_index = project.run(&["explain", "db.users.find({email: 'u5'})"], 0);
        assert!(
            by_index.stdout.contains("reads the index email_1 of users")
                && by_index.stdout.contains("Indexes used: users.email_1"),
            "{}: {}",
            kind.name(),
            by_index.stdout
        );
        let whole = project
            .run(&["explain", "{\"find\": \"users\", \"filter\": {\"n\": 3}}", "--analyze", "--json"], 0);
        let report = json(&whole);
        assert_eq!(report["plan"]["rows_examined"], 1500, "{}", kind.name());
        assert_eq!(report["plan"]["rows_returned"], 214, "{}", kind.name());
        assert_eq!(report["summary"]["scanned_whole"], serde_json::json!(["users"]));
        assert_eq!(report["plan"]["root"]["notes"][0], "no index of users begins with n");
        assert!(report["summary"]["next"].as_str().unwrap().contains("index-users-n"), "{report}");
        // What it would write is not written, and a protected environment does not even try.
        let removed = "db.users.deleteMany({n: 3})";
        project.run(&["explain", removed, "--analyze"], 0);
        let refused = project.run(&["explain", removed, "--analyze", "--env", "production"], 5);
        assert!(refused.stderr.contains("guard::protected_environment"), "{}", refused.stderr);
        project.run(&["explain", "db.users.aggregate([{$out: 'x'}])", "--analyze", "--env", "production"], 5);
        let again = json(&project.run(&["explain", "db.users.find()", "--analyze", "--json"], 0));
        assert_eq!(again["plan"]["rows_returned"], 1500, "{}", kind.name());
        let no_query = project.run(&["explain", "db.users.insertOne({a: 1})"], 1);
        assert!(no_query.stderr.contains("explain::command"), "{}", no_query.stderr);
    }
}

#[test]
fn the_embedded_document_engine_says_what_it_does_not_explain() {
    let project = documents(Kind::Embedded);
    for query in [
        "db.users.aggregate([{$match: {n: 1}}])",
        "db.users.distinct('n')",
        "db.users.findOneAndDelete({n: 1})",
    ] {
        let output = project.run(&["explain", query], 1);
        assert!(
            output.stderr.contains("explain::refused") && output.stderr.contains("238"),
            "{}",
            output.stderr
        );
    }
    let project = documents(Kind::Engine);
    let grouped = "db.users.aggregate([{$match: {email: 'u4'}}, {$group: {_id: '$n'}}])";
    let output = project.run(&["explain", grouped, "--analyze"], 0);
    assert!(
        output.stdout.contains("groups documents by \"$n\"") && output.stdout.contains("email_1"),
        "{}",
        output.stdout
    );
}

#[test]
fn document_commands_on_the_embedded_engine() {
    let project = Project::new(Engine::Sqlite);
    project.sandbox.write("whimbrel.toml", "name = \"case\"\nmodel = \"document\"\n").unwrap();
    project.sandbox.write("migrations/0001-users.js", COLLECTION).unwrap();
    project.run(&["migrate"], 0);
    let mut text = String::new();
    for arguments in [
        &["explain", "db.users.find({email: 'u5', n: {$gte: 2}}).sort({n: -1}).limit(10)"][..],
        &["explain", "db.users.find({n: 3, email: /x$/i})"],
        &["explain", "{\"count\": \"users\", \"query\": {\"email\": \"u7\"}}"],
        &["explain", "db.users.updateOne({_id: 3}, {$set: {n: 1}})"],
        &["explain", "db.elsewhere.find({a: 1})"],
        &["explain", "db.users.aggregate([{$match: {n: 1}}])"],
        &["explain", "db.users.drop()"],
        &["explain", "db.users.find({"],
        &["explain", "{\"find\": }"],
        &["explain", "db.users.find()", "--param", "1"],
    ] {
        let output = project.sandbox.run(arguments).unwrap();
        text.push_str(&shown(&project, arguments, &output));
        text.push('\n');
    }
    expect("explain/documents", &text);
}
