//! What each kind of change does to the statements of an application that goes on meanwhile: the plain form, run by
//! `psql` without a time-out, and the form that `--auto` writes, run by the product.

use std::thread;
use std::time::Duration;

use whimbrel_testkit::PostgresVersion;

use crate::load::{Connection, Load, Measured, under_load};
use crate::project::{Engine, Project};

const ROWS: i64 = 50_000;
/// How long a statement of the migration waits for a lock, and so may hold up those that come after it.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
/// What the statement itself takes once it has its lock, and the server's own pace.
const SLACK: Duration = Duration::from_millis(100);
const PAUSE: Duration = Duration::from_millis(2);
/// How often a plain form is begun at most.
const PLAIN_ATTEMPTS: usize = 5;
/// How long a report keeps its transaction open: every exclusive lock waits for it.
const REPORT: Duration = Duration::from_millis(150);

const SCHEMA: &str = r#"
#[derive(Enum)]
pub enum Kind {
    Small,
    Large,
}

#[derive(Model)]
#[db(table = "owners")]
pub struct Owner {
    #[db(id)]
    pub id: i64,
}

#[derive(Model)]
#[db(table = "items")]
#[db(index(seen))]
pub struct Item {
    #[db(id)]
    pub id: i64,
    pub owner_id: i64,
    #[db(varchar = 80)]
    pub label: String,
    pub amount: i32,
    pub seen: i64,
    #[db(default = Small)]
    pub kind: Kind,
    pub note: Option<String>,
    pub former: Option<String>,
    pub spare: Option<String>,
}

#[derive(Model)]
#[db(table = "marks")]
pub struct Mark {
    #[db(id)]
    pub id: i64,
    #[db(references = Item::id)]
    pub item_id: i64,
}
"#;

/// A row of the table of costs.
enum Change {
    /// A change of the schema: what is replaced by what.
    Declared(&'static str, &'static str),
    /// Statements up and down that no schema declares.
    Written(&'static str, &'static str),
}

use Change::{Declared, Written};

const CHANGES: &[(&str, Change)] = &[
    ("CREATE INDEX", Declared("#[db(index(seen))]", "#[db(index(seen))]\n#[db(index(amount))]")),
    ("DROP INDEX", Declared("#[db(index(seen))]\n", "")),
    (
        "ADD COLUMN, constant default",
        Declared("pub amount: i32,", "pub amount: i32,\n#[db(default = 7)] pub extra: i32,"),
    ),
    (
        "ADD COLUMN, volatile default",
        Declared("pub amount: i32,", "pub amount: i32,\n#[db(default = uuid)] pub token: Uuid,"),
    ),
    ("SET NOT NULL", Declared("pub note: Option<String>", "pub note: String")),
    (
        "ADD CHECK",
        Declared("#[db(table = \"items\")]", "#[db(table = \"items\")]\n#[db(check(sane = amount >= 0))]"),
    ),
    ("ADD FOREIGN KEY", Declared("pub owner_id", "#[db(references = Owner::id)] pub owner_id")),
    (
        "CREATE TABLE with FK",
        Declared(
            "#[derive(Model)]\n#[db(table = \"marks\")]",
            "#[derive(Model)]\n#[db(table = \"tags\")]\npub struct Tag { #[db(id)] pub id: i64, #[db(references = Item::id)] pub item_id: i64 }\n\n#[derive(Model)]\n#[db(table = \"marks\")]",
        ),
    ),
    ("ADD UNIQUE", Declared("#[db(varchar = 80)]", "#[db(varchar = 80, unique)]")),
    ("ALTER TYPE", Declared("pub amount: i32", "pub amount: i64")),
    ("text to varchar", Declared("pub note: String", "#[db(varchar = 60)] pub note: String")),
    ("rename column", Declared("pub former:", "#[db(was = \"former\")] pub renamed:")),
    ("drop column", Declared("pub spare: Option<String>,", "")),
    (
        "DROP TABLE with FK",
        Declared(
            "#[derive(Model)]\n#[db(table = \"marks\")]\npub struct Mark {\n    #[db(id)]\n    pub id: i64,\n    #[db(references = Item::id)]\n    pub item_id: i64,\n}\n",
            "",
        ),
    ),
    ("ALTER TYPE … ADD VALUE", Declared("Large,", "Large,\n    Huge,")),
    (
        "ENABLE ROW LEVEL SECURITY",
        Written(
            "ALTER TABLE items ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE items DISABLE ROW LEVEL SECURITY",
        ),
    ),
    (
        "CREATE POLICY",
        Written("CREATE POLICY everyone ON items USING (true)", "DROP POLICY everyone ON items"),
    ),
];

/// One connection of the application.
enum Worker {
    /// Inserts, updates and deletes rows of its own.
    Writer { next_id: i64 },
    /// Reads some rows.
    Reader { at: i64 },
    /// Reads in a transaction that stays open for a while.
    Report,
}

impl Worker {
    fn all() -> Vec<Worker> {
        vec![
            Worker::Writer { next_id: 1_000_000 },
            Worker::Writer { next_id: 2_000_000 },
            Worker::Reader { at: 1 },
            Worker::Report,
        ]
    }

    fn step(&mut self, connection: &mut Connection) {
        match self {
            Worker::Writer { next_id } => {
                let id = *next_id;
                *next_id += 1;
                connection.run(&format!(
                    "INSERT INTO items (id, owner_id, label, amount, seen, note) VALUES ({id}, 1, 'item {id}', 5, 0, '')"
                ));
                let known = id % ROWS + 1;
                connection.run(&format!("UPDATE items SET seen = seen + 1, amount = 6 WHERE id = {known}"));
                connection.run(&format!("DELETE FROM items WHERE id = {id} AND {id} % 2 = 0"));
            }
            Worker::Reader { at } => {
                *at = (*at + 997) % ROWS;
                connection
                    .run(&format!("SELECT sum(amount) FROM items WHERE id BETWEEN {at} AND {at} + 100"));
            }
            Worker::Report => {
                connection.run("BEGIN");
                connection.run("SELECT sum(amount) FROM items WHERE id < 1000");
                thread::sleep(REPORT);
                connection.run("COMMIT");
            }
        }
    }
}

fn start() -> Project {
    let project = Project::new(Engine::Postgres(PostgresVersion::V17));
    let timeout = LOCK_TIMEOUT.as_millis();
    let file = format!("name = \"case\"\nmodel = \"relational\"\n\n[pool]\nlock_timeout = \"{timeout}ms\"\n");
    project.sandbox.write("whimbrel.toml", file).unwrap();
    project.declare(SCHEMA);
    project.run(&["migrate", "create", "--auto", "--name", "the start"], 0);
    project.run(&["migrate"], 0);
    let fill = format!(
        "INSERT INTO owners SELECT id FROM generate_series(1, 100) AS id;
         INSERT INTO items (id, owner_id, label, amount, seen, note)
         SELECT id, id % 100 + 1, 'item ' || id, id % 1000, 0, '' FROM generate_series(1, {ROWS}) AS id;
         INSERT INTO marks SELECT id, id FROM generate_series(1, 1000) AS id;
         ANALYZE"
    );
    project.database().psql(&fill).unwrap();
    project
}

/// The plain statements up and down, each list as one transaction.
fn plain_forms(project: &Project) -> (String, String) {
    let output = project.run(&["schema", "diff", "--json"], 0).stdout;
    let value: serde_json::Value = serde_json::from_str(&output).unwrap();
    let script = |direction: &str| {
        let statements = value[direction].as_array().unwrap().iter();
        let text: String = statements.map(|sql| format!("{};\n", sql.as_str().unwrap())).collect();
        assert!(!text.is_empty(), "{output}");
        format!("BEGIN;\n{text}COMMIT;\n")
    };
    (script("up"), script("down"))
}

/// Runs a plain form. A deadlock with the application may end it, and it is begun again.
fn plainly(project: &Project, sql: &str) {
    let mut failures = Vec::new();
    while failures.len() < PLAIN_ATTEMPTS {
        match project.database().psql(sql) {
            Ok(_) => return,
            Err(error) => failures.push(format!("{error:#}")),
        }
    }
    panic!("{sql}\n{}", failures.join("\n"));
}

/// Makes one change in the plain form, undoes it, and makes it in the safe form.
fn both_forms(
    project: &Project,
    load: &Load,
    schema: &mut String,
    number: usize,
    change: &Change,
) -> [Measured; 2] {
    let (up, down) = match change {
        Declared(from, to) => {
            assert!(schema.contains(from), "the schema has no {from}");
            *schema = schema.replacen(from, to, 1);
            project.declare(schema);
            plain_forms(project)
        }
        Written(up, down) => (format!("{up};"), format!("{down};")),
    };
    load.take();
    plainly(project, &up);
    let plain = load.take();
    plainly(project, &down);
    match change {
        Declared(..) => {
            let name = format!("change {number}");
            project.run(&["migrate", "create", "--auto", "--name", &name], 0);
        }
        Written(up, down) => {
            let text = format!("-- whimbrel:up\n{up};\n-- whimbrel:down\n{down};\n");
            project.sandbox.write(format!("migrations/9{number:03}-written.sql"), text).unwrap();
        }
    }
    load.take();
    project.run(&["migrate"], 0);
    [plain, load.take()]
}

#[test]
fn no_safe_form_blocks_a_statement_for_longer_than_the_lock_timeout() {
    let project = start();
    let (_, found) = under_load(project.url(), Worker::all(), PAUSE, Worker::step, |load| {
        let mut schema = SCHEMA.to_owned();
        let each = CHANGES.iter().enumerate();
        each.map(|(number, (name, change))| (name, both_forms(&project, load, &mut schema, number, change)))
            .collect::<Vec<_>>()
    });
    println!(
        "longest wait of a statement for a lock, {ROWS} rows; how many the plain form made fail; how many ran"
    );
    println!("{:<30} {:>9} {:>9} {:>8} {:>6}", "", "plain", "safe", "failed", "ran");
    let mut too_long = Vec::new();
    for (name, [plain, safe]) in found {
        println!(
            "{name:<30} {:>6} ms {:>6} ms {:>8} {:>6}",
            plain.blocked.as_millis(),
            safe.blocked.as_millis(),
            plain.failed.len(),
            safe.statements
        );
        if safe.blocked > LOCK_TIMEOUT + SLACK || !safe.failed.is_empty() {
            too_long.push(format!("{name}: {safe:?}"));
        }
    }
    assert!(too_long.is_empty(), "{}", too_long.join("\n"));
}
