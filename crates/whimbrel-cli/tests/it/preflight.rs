//! What stands in a statement's way, and what it would take away, counted before it runs.

use crate::lint::{add, on_every_engine, standing};
use crate::project::{Engine, Project};

on_every_engine! {
    violations_are_counted_with_examples,
    sensitive_values_are_never_shown,
    what_an_earlier_statement_changes_is_left_to_the_server,
    losses_need_their_flag_where_it_is_protected,
    losses_are_told_elsewhere,
    each_file_is_counted_as_the_files_before_it_left_the_tables,
}

/// A function for each version of the server.
macro_rules! on_every_server {
    ($($name:ident),* $(,)?) => {$(
        mod $name {
            use crate::project::Engine;
            use whimbrel_testkit::PostgresVersion;

            #[test]
            fn postgres_15() {
                super::$name(Engine::Postgres(PostgresVersion::V15));
            }
            #[test]
            fn postgres_17() {
                super::$name(Engine::Postgres(PostgresVersion::V17));
            }
            #[test]
            fn postgres_18() {
                super::$name(Engine::Postgres(PostgresVersion::V18));
            }
        }
    )*};
}

on_every_server! { safe_forms_pass_where_it_is_protected, each_unit_is_counted_when_its_turn_comes }

/// Statement, the words of its count, and a row of its examples.
const VIOLATIONS: &[(&str, &str, &str)] = &[
    (
        "ALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "1 row of `orders` has no value in `note`",
        "id = 2",
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT dear CHECK (total > 2);",
        "2 rows of `orders` do not keep `total > 2`",
        "id = 1, total = 1",
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT one_each UNIQUE (shop_id);",
        "1 value of `shop_id` stands in more than one row of `orders`",
        "shop_id = 1, rows = 2",
    ),
    (
        "CREATE UNIQUE INDEX one_each ON orders (shop_id);",
        "1 value of `shop_id` stands in more than one row of `orders`",
        "shop_id = 1, rows = 2",
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT of_shop FOREIGN KEY (shop_id) REFERENCES shops (id);",
        "1 row of `orders` refers by `shop_id` to a row that `shops` does not have",
        "id = 3, shop_id = 9",
    ),
    (
        "ALTER TABLE orders ADD COLUMN channel text NOT NULL;",
        "3 rows of `orders` would have no value in the required column `channel`",
        "id = 1",
    ),
    (
        "ALTER TABLE shops ALTER COLUMN name TYPE varchar(3);",
        "1 value of `shops.name` does not fit character varying(3)",
        "id = 1, name = north",
    ),
];

/// What the project is like: the schema is needed to tell which values may be shown.
fn declared(engine: Engine, sensitive: &str) -> Project {
    let project = standing(engine);
    let schema = format!(
        "#[derive(Model)]\n#[db(table = \"shops\")]\npub struct Shop {{\n    #[db(id)]\n    pub id: i32,\n    {sensitive}\n    pub name: Option<String>,\n}}\n\n\
         #[derive(Model)]\n#[db(table = \"orders\")]\npub struct Order {{\n    #[db(id)]\n    pub id: i32,\n    pub shop_id: Option<i32>,\n    pub note: Option<String>,\n    #[db(decimal(10, 2))]\n    pub total: Option<Decimal>,\n}}\n"
    );
    project.declare(&schema);
    project
}

fn violations_are_counted_with_examples(engine: Engine) {
    let project = declared(engine, "");
    for (statement, count, example) in VIOLATIONS {
        add(&project, statement, "SELECT 1;");
        for environment in ["development", "production"] {
            let flags = ["migrate", "--env", environment, "--allow-locking", "--allow-destructive"];
            if environment == "production" && statement.contains("channel") {
                continue;
            }
            let failed = project.run(&flags, 1).stderr;
            assert!(failed.contains("migrate::violations"), "{statement}\n{failed}");
            let flat = failed.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
            assert!(flat.contains(count), "{statement}\n{failed}");
            assert!(flat.contains(example), "{statement}\n{failed}");
            assert!(failed.contains("0002-second.sql:2"), "{statement}\n{failed}");
        }
        assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0001\n");
    }
}

fn sensitive_values_are_never_shown(engine: Engine) {
    let project = declared(engine, "#[db(sensitive)]");
    add(&project, "ALTER TABLE shops ADD CONSTRAINT named CHECK (name = 'south');", "SELECT 1;");
    let failed = project.run(&["migrate"], 1).stderr;
    assert!(failed.contains("id = 1, name = ****") && !failed.contains("north"), "{failed}");
    // Without a schema nobody knows which values may be shown.
    std::fs::remove_file(project.sandbox.path("src/schema.rs")).unwrap();
    let failed = project.run(&["migrate"], 1).stderr;
    assert!(failed.contains("name = ****") && !failed.contains("north"), "{failed}");
}

fn what_an_earlier_statement_changes_is_left_to_the_server(engine: Engine) {
    let project = declared(engine, "");
    add(
        &project,
        "UPDATE orders SET note = '' WHERE note IS NULL;\nALTER TABLE orders ALTER COLUMN note SET NOT NULL;",
        "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;",
    );
    project.run(&["migrate"], 0);
    assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0002\n");
}

fn losses_need_their_flag_where_it_is_protected(engine: Engine) {
    for (statement, loss) in [
        ("DROP TABLE orders;", "3 rows of `orders` are dropped"),
        ("ALTER TABLE orders DROP COLUMN note;", "2 values of `orders.note` are dropped"),
    ] {
        let project = declared(engine, "");
        add(&project, statement, "SELECT 1;");
        let refused = project.run(&["migrate", "--env", "production", "--allow-locking"], 5).stderr;
        assert!(refused.contains("guard::data_loss") && refused.contains("--allow-destructive"), "{refused}");
        let flat = refused.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
        assert!(flat.contains(loss), "{refused}");
        assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0001\n");
        // An accepted finding silences lint, not the guard: who deploys decides.
        add(&project, &format!("-- whimbrel:allow drop-table gone\n{statement}"), "SELECT 1;");
        project.run(&["migrate", "--env", "production", "--allow-locking"], 5);
        add(&project, statement, "SELECT 1;");
        project.run(&["migrate", "--env", "production", "--allow-locking", "--allow-destructive"], 0);
    }
}

fn losses_are_told_elsewhere(engine: Engine) {
    let project = declared(engine, "");
    add(&project, "DROP TABLE orders;", "SELECT 1;");
    let told = project.run(&["migrate"], 0).stderr;
    assert!(told.contains("3 rows of `orders` are dropped"), "{told}");
    // A column that holds nothing is nobody's loss.
    let project = declared(engine, "");
    add(&project, "ALTER TABLE orders ADD COLUMN empty text;", "SELECT 1;");
    project.run(&["migrate"], 0);
    let text = "-- whimbrel:up\nALTER TABLE orders DROP COLUMN empty;\n-- whimbrel:down\nSELECT 1;\n";
    project.sandbox.write("migrations/0003-third.sql", text).unwrap();
    project.run(&["migrate", "seal"], 0);
    project.run(&["migrate", "--env", "production"], 0);
}

/// The catalogue is read once for a plan, and again where a file needs what one before it changed.
fn each_file_is_counted_as_the_files_before_it_left_the_tables(engine: Engine) {
    let project = declared(engine, "");
    let files = [
        ("0002-second", "ALTER TABLE orders DROP COLUMN total;"),
        ("0003-third", "ALTER TABLE orders RENAME COLUMN note TO remark;"),
        ("0004-fourth", "ALTER TABLE orders DROP COLUMN remark;"),
        ("0005-fifth", "CREATE TABLE copies (id int PRIMARY KEY);\nINSERT INTO copies VALUES (1), (2), (3);"),
        ("0006-sixth", "DROP TABLE copies;"),
        ("0007-seventh", "DROP TABLE orders;"),
    ];
    for (name, up) in files {
        let text = format!("-- whimbrel:up\n{up}\n-- whimbrel:down\nSELECT 1;\n");
        project.sandbox.write(format!("migrations/{name}.sql"), &text).unwrap();
    }
    let told = project.run(&["migrate"], 0).stderr;
    for loss in [
        "3 values of `orders.total` are dropped",
        "2 values of `orders.remark` are dropped",
        "3 rows of `copies` are dropped",
        "3 rows of `orders` are dropped",
    ] {
        assert!(told.contains(loss), "{loss}: {told}");
    }
}

/// Built concurrently, validated apart, proved by a check: nothing to refuse, no flag.
fn safe_forms_pass_where_it_is_protected(engine: Engine) {
    let project = declared(engine, "");
    let up = "-- whimbrel:transaction off\n\
              CREATE INDEX CONCURRENTLY idx_orders_shop_id ON orders (shop_id);\n\
              DELETE FROM orders WHERE id = 3;\n\
              ALTER TABLE orders ADD CONSTRAINT of_shop FOREIGN KEY (shop_id) REFERENCES shops (id) NOT VALID;\n\
              ALTER TABLE orders VALIDATE CONSTRAINT of_shop;\n\
              UPDATE orders SET note = '' WHERE note IS NULL;\n\
              ALTER TABLE orders ADD CONSTRAINT note_present CHECK (note IS NOT NULL) NOT VALID;\n\
              ALTER TABLE orders VALIDATE CONSTRAINT note_present;\n\
              ALTER TABLE orders ALTER COLUMN note SET NOT NULL;\n\
              ALTER TABLE orders DROP CONSTRAINT note_present;";
    add(&project, up, "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL;");
    project.run(&["migrate", "--env", "production"], 0);
    assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0002\n");
}

/// A unit's own rows are counted after those before it ran: here the second finds what the first let in.
fn each_unit_is_counted_when_its_turn_comes(engine: Engine) {
    let project = declared(engine, "");
    let up = "-- whimbrel:transaction off\n\
              ALTER TABLE orders ADD CONSTRAINT dear CHECK (total > 2) NOT VALID;\n\
              ALTER TABLE orders VALIDATE CONSTRAINT dear;";
    add(&project, up, "ALTER TABLE orders DROP CONSTRAINT dear;");
    let failed = project.run(&["migrate"], 1).stderr;
    assert!(failed.contains("migrate::violations") && failed.contains("0002-second.sql:4"), "{failed}");
    let flat = failed.split_whitespace().collect::<Vec<_>>().join(" ").replace(" │ ", " ");
    assert!(flat.contains("2 rows of `orders` do not keep"), "{failed}");
    // The first unit stands, and once the rows are right the next run goes on from there.
    project.database().psql("UPDATE orders SET total = 10").unwrap();
    project.run(&["migrate"], 0);
    assert_eq!(project.run(&["migrate", "current"], 0).stdout, "0002\n");
}
