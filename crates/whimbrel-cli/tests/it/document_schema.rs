//! A schema of documents as it grows: `--auto` upwards and downwards over documents that stand, what is kept, what is counted, and
//! what is refused, by the binary on real servers.

use bson::{Bson, Document, doc};
use whimbrel_testkit::Sandbox;

use crate::documents::{Kind, Project};

const FIRST: &str = r#"use whimbrel::prelude::*;

#[derive(Enum)]
pub enum Status { Active, Idle }

#[derive(Model)]
#[db(collection = "users")]
pub struct User {
    #[db(id)] pub id: ObjectId,
    #[db(unique)] pub email: String,
    pub tel: Option<String>,
    pub age: i32,
    pub status: Status,
    #[db(index)] pub city: Option<String>,
}
"#;

const SECOND: &str = r#"use whimbrel::prelude::*;

#[derive(Enum)]
pub enum Status { Active, #[db(was = "idle")] Resting, Banned }

#[derive(Embedded)]
pub struct Point { pub longitude: f64, pub latitude: f64 }

#[derive(Model)]
#[db(collection = "users", index(status, city desc))]
pub struct User {
    #[db(id)] pub id: ObjectId,
    #[db(unique)] pub email: String,
    #[db(was = "tel")] pub phone: Option<String>,
    pub age: String,
    pub status: Status,
    pub city: Option<String>,
    #[db(default = 1)] pub level: i32,
    pub home: Option<Point>,
}

#[derive(Model)]
#[db(collection = "visits")]
pub struct Visit {
    #[db(id)] pub id: ObjectId,
    #[db(index)] pub user_id: ObjectId,
    #[db(ttl = "30d")] pub at: Timestamp,
}
"#;

/// Users as the first schema has them.
const USERS: i32 = 2_500;

fn declare(project: &Project, source: &str) {
    project.sandbox.write("src/schema.rs", source).unwrap();
}

fn users() -> Vec<Document> {
    (0..USERS)
        .map(|number| {
            let mut user = doc! {
                "_id": number,
                "email": format!("user{number}@example.org"),
                "age": i64::from(20 + number % 60),
                "status": if number % 3 == 0 { "idle" } else { "active" },
            };
            if number % 2 == 0 {
                user.insert("tel", format!("+34 {number}"));
            }
            user
        })
        .collect()
}

fn insert(project: &Project, collection: &str, documents: Vec<Document>) {
    for part in documents.chunks(500) {
        let reply = project.database.run(doc! { "insert": collection, "documents": part }).unwrap();
        assert_eq!(reply.get("writeErrors"), None, "{reply}");
    }
}

/// The codes that a document fails a validator with.
fn refusal(project: &Project, user: Document) -> Option<i32> {
    let reply = project.database.run(doc! { "insert": "users", "documents": [user] }).unwrap();
    let errors = reply.get_array("writeErrors").ok()?;
    errors.first()?.as_document()?.get_i32("code").ok()
}

/// On SecantusDB alone: MongoDB's engine, as it is embedded, knows no `collMod`, as the test after this one shows.
#[test]
fn a_schema_grows_over_documents_and_goes_back() {
    let project = Project::new(Kind::SecantusDb);
    declare(&project, FIRST);
    project.run(&["migrate", "create", "--auto", "--name", "create users"], 0);
    project.run(&["migrate"], 0);
    project.run(&["check"], 0);
    insert(&project, "users", users().into_iter().map(with_object_id).collect());
    let before = project.content();

    declare(&project, SECOND);
    let created = project.run(&["migrate", "create", "--auto", "--name", "know users better"], 0);
    for change in [
        "renames field users.tel to phone",
        "converts field users.age",
        "replaces value idle of field users.status by resting",
        "creates collection visits",
    ] {
        assert!(created.stdout.contains(change), "no {change:?} in {}", created.stdout);
    }
    let rehearsed = project.run(&["migrate", "--dry-run"], 0);
    assert!(rehearsed.stdout.contains("2500 documents"), "{}", rehearsed.stdout);
    assert_eq!(project.content(), before, "a rehearsal changes nothing");

    project.run(&["migrate"], 0);
    project.run(&["check"], 0);
    let found = project.documents("users");
    assert_eq!(found.len(), users().len());
    for (number, user) in (0..USERS).zip(&found) {
        let phone = (number % 2 == 0).then(|| format!("+34 {number}"));
        assert_eq!(user.get_str("phone").ok().map(str::to_owned), phone, "{user}");
        assert!(!user.contains_key("tel"), "{user}");
        assert_eq!(user.get_str("age").unwrap(), (20 + number % 60).to_string(), "{user}");
        assert_eq!(user.get_str("status").unwrap(), if number % 3 == 0 { "resting" } else { "active" });
        assert_eq!(user.get("level"), Some(&Bson::Int32(1)), "{user}");
    }
    let good = doc! { "email": "new@example.org", "age": "8", "status": "banned", "level": 2 };
    assert_eq!(
        refusal(&project, doc! { "email": "other@example.org", "age": 8, "status": "active", "level": 1 }),
        Some(121)
    );
    assert_eq!(refusal(&project, good.clone()), None);
    project.database.run(doc! { "delete": "users", "deletes": [{ "q": good, "limit": 1 }] }).unwrap();

    project.run(&["rollback"], 0);
    // A value that was filled in cannot be told from one that was written, and stays.
    let unset = doc! { "q": {}, "u": { "$unset": { "level": 1 } }, "multi": true };
    project
        .database
        .run(doc! { "update": "users", "updates": [unset], "bypassDocumentValidation": true })
        .unwrap();
    let after = project.content();
    assert_eq!(after, before, "the way down leads to where the way up began");
    project.run(&["migrate"], 0);
    project.run(&["rollback", "--to", "0"], 0);
    assert_eq!(project.content(), "", "all the way down nothing is left");
}

/// A user with an id of the type that the schema asks for, in the order of its number.
fn with_object_id(mut user: Document) -> Document {
    let number = user.get_i32("_id").unwrap();
    let mut bytes = [0; 12];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    user.insert("_id", bson::oid::ObjectId::from_bytes(bytes));
    user
}

#[test]
fn a_server_that_changes_no_validator_says_so_and_the_run_can_go_on() {
    let project = Project::new(Kind::Engine);
    declare(&project, FIRST);
    project.run(&["migrate", "create", "--auto", "--name", "create users"], 0);
    project.run(&["migrate"], 0);
    declare(&project, &FIRST.replace("pub age: i32,", "pub age: i32,\n    pub bio: Option<String>,"));
    project.run(&["migrate", "create", "--auto", "--name", "add bio"], 0);
    let before = project.content();
    project.fails(&["migrate"], &["script::failed", "no such command: 'collMod'", "0002-add-bio.js"]);
    assert_eq!(project.content(), before);
    project.run(&["migrate", "resolve", "0002", "--undone"], 0);
    assert_eq!((project.history().len(), project.journal()), (1, Vec::new()));
}

#[test]
fn what_no_declaration_can_say_is_kept() {
    let project = Project::new(Kind::Engine);
    declare(&project, FIRST);
    project.run(&["migrate", "create", "--auto", "--name", "create users"], 0);
    project.run(&["migrate"], 0);
    let folded =
        doc! { "key": { "city": 1 }, "name": "city_folded", "collation": { "locale": "en", "strength": 2 } };
    project.database.run(doc! { "createIndexes": "users", "indexes": [folded] }).unwrap();
    project.database.run(doc! { "create": "other", "capped": true, "size": 4096 }).unwrap();

    declare(&project, &FIRST.replace("pub age: i32,", "#[db(index)] pub age: i32,"));
    let created = project.run(&["migrate", "create", "--auto", "--name", "find by age"], 0);
    assert!(created.stdout.contains("age_1") && !created.stdout.contains("drops"), "{}", created.stdout);
    project.run(&["migrate"], 0);
    project.run(&["rollback", "--to", "1"], 0);
    let content = project.content();
    assert!(content.contains("city_folded") && content.contains("other {\"capped\":true"), "{content}");
}

#[test]
fn rows_in_the_way_are_counted_before_anything_runs() {
    let project = Project::new(Kind::Engine);
    insert(
        &project,
        "users",
        (0..40).map(|n| doc! { "_id": n, "email": format!("u{}@example.org", n / 2) }).collect(),
    );
    project.file(
        "0001-unique.js",
        "module.exports = { async up(db) { await db.collection('users').createIndex({ email: 1 }, { unique: true }); } };\n",
    );
    project.run(&["migrate", "seal"], 0);
    let before = project.content();
    project.fails(&["migrate"], &["0001-unique.js", "email", "20"]);
    assert_eq!(project.content(), before);
    assert_eq!(project.history(), Vec::<String>::new());

    project.file(
        "0001-unique.js",
        "module.exports = { async up(db) { await db.command({ collMod: 'users', validator: { age: { $type: 'int' } } }); } };\n",
    );
    project.run(&["migrate", "seal"], 0);
    project.fails(&["migrate"], &["0001-unique.js", "40"]);
    assert_eq!(project.content(), before);
}

#[test]
fn what_works_on_sql_is_refused_with_a_reason() {
    let mut sandbox = Sandbox::new(env!("CARGO_BIN_EXE_whimbrel")).unwrap();
    sandbox.env("WHIMBREL_URL", "mongodb://127.0.0.1:1/case");
    sandbox.write("whimbrel.toml", "name = \"case\"\nmodel = \"document\"\n").unwrap();
    sandbox.write("migrations/0001-first.js", "module.exports = { async up(db) {} };\n").unwrap();
    sandbox.write("other.sql", "CREATE TABLE t (id int);\n").unwrap();
    sandbox.write("src/schema.rs", FIRST).unwrap();
    let page = sandbox.run(["schema", "print", "--format", "markdown"]).unwrap();
    for line in [
        "| email | string | yes |",
        "| status | `\"active\"` or `\"idle\"` | yes |",
        "- index `email_1` (email 1), unique",
    ] {
        assert!(page.stdout.lines().any(|found| found == line), "no {line:?} in {}", page.stdout);
    }
    for arguments in [
        &["migrate", "--sql"][..],
        &["migrate", "import", "alembic", "other.sql"],
        &["schema", "print", "--format", "sql"],
    ] {
        let output = sandbox.run(arguments).unwrap();
        assert_eq!(output.code, Some(1), "{}{}", output.stdout, output.stderr);
        assert!(output.stderr.contains("migrate::sql_only"), "{}", output.stderr);
    }

    let project = Project::new(Kind::Engine);
    project.file("0001-first.js", "module.exports = { async up(db) {} };\n");
    project.file("0002-second.js", "module.exports = { async up(db) {} };\n");
    project.run(&["migrate"], 0);
    project.fails(&["migrate", "squash", "1..2"], &["migrate::sql_only"]);
    project.file("R-views.sql", "CREATE OR REPLACE VIEW v AS SELECT 1;\n");
    project.fails(&["migrate"], &["migrate::language", "R-views.sql"]);
}
