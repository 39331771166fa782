use super::*;
use crate::catalog::{
    CheckConstraint, Column, ColumnType, ForeignKeyConstraint, PrimaryKey, Table, Unmanaged,
};

fn catalog() -> Catalog {
    let column = |name: &str, ty: &str| Column { nullable: true, ..Column::new(name, ColumnType::parse(ty)) };
    let mut users = Table::new(QualifiedName::plain("users"));
    users.columns =
        vec![Column::new("id", ColumnType::BigInt), column("email", "text"), column("age", "bigint")];
    users.primary_key = Some(PrimaryKey { name: "users_pkey".to_owned(), columns: vec!["id".to_owned()] });
    users.checks = vec![CheckConstraint {
        name: "adult".to_owned(),
        expression: "age >= 18".to_owned(),
        not_valid: true,
    }];
    let mut posts = Table::new(QualifiedName::plain("posts"));
    posts.columns = vec![
        Column::new("id", ColumnType::BigInt),
        column("author", "bigint"),
        column("price", "numeric(10,2)"),
    ];
    posts.foreign_keys = vec![ForeignKeyConstraint {
        name: "posts_author_fkey".to_owned(),
        columns: vec!["author".to_owned()],
        references: QualifiedName::plain("users"),
        referenced_columns: vec!["id".to_owned()],
        on_delete: Default::default(),
        on_update: Default::default(),
        deferral: Default::default(),
        not_valid: true,
    }];
    let mut logs = Table::new(QualifiedName::plain("logs"));
    logs.columns = vec![column("line", "text")];
    Catalog { tables: vec![logs, posts, users], ..Catalog::default() }
}

fn counts(statements: &[&str]) -> Vec<String> {
    probes(statements, &catalog()).into_iter().map(|probe| probe.count).collect()
}

#[test]
fn every_kind_of_demand_has_its_query() {
    for (sql, expected) in [
        (
            "ALTER TABLE users ALTER email SET NOT NULL",
            vec!["SELECT count(*) FROM users WHERE email IS NULL"],
        ),
        ("ALTER TABLE users ALTER id SET NOT NULL", vec![]),
        ("ALTER TABLE users ADD CHECK (age > 0)", vec!["SELECT count(*) FROM users WHERE NOT (age > 0)"]),
        ("ALTER TABLE users ADD CHECK (age > 0) NOT VALID", vec![]),
        (
            "ALTER TABLE users VALIDATE CONSTRAINT adult",
            vec!["SELECT count(*) FROM users WHERE NOT (age >= 18)"],
        ),
        (
            "ALTER TABLE users ADD UNIQUE (email)",
            vec![
                "SELECT count(*) FROM (SELECT count(*) AS rows FROM users WHERE email IS NOT NULL GROUP BY email \
                 HAVING count(*) > 1) AS duplicates",
            ],
        ),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY i ON users (lower(email)) WHERE age > 1",
            vec![
                "SELECT count(*) FROM (SELECT count(*) AS rows FROM users WHERE (age > 1) AND lower(email) IS NOT NULL \
                 GROUP BY lower(email) HAVING count(*) > 1) AS duplicates",
            ],
        ),
        (
            "ALTER TABLE posts VALIDATE CONSTRAINT posts_author_fkey",
            vec![
                "SELECT count(*) FROM posts AS child WHERE child.author IS NOT NULL AND NOT EXISTS \
                 (SELECT 1 FROM users AS parent WHERE parent.id = child.author)",
            ],
        ),
        ("ALTER TABLE users ADD COLUMN x int NOT NULL", vec!["SELECT count(*) FROM users WHERE true"]),
        ("ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 1", vec![]),
        (
            "ALTER TABLE users ALTER age TYPE smallint",
            vec!["SELECT count(*) FROM users WHERE (age < -32768 OR age > 32767)"],
        ),
        (
            "ALTER TABLE users ALTER email TYPE varchar(5)",
            vec!["SELECT count(*) FROM users WHERE length(email) > 5"],
        ),
        ("DROP TABLE users", vec!["SELECT count(*) FROM users WHERE true"]),
        ("ALTER TABLE users DROP COLUMN email", vec!["SELECT count(*) FROM users WHERE email IS NOT NULL"]),
        (
            "TRUNCATE users CASCADE",
            vec!["SELECT count(*) FROM users WHERE true", "SELECT count(*) FROM posts WHERE true"],
        ),
        ("CREATE INDEX i ON users (email)", vec![]),
    ] {
        assert_eq!(counts(&[sql]), expected, "{sql}");
    }
}

#[test]
fn a_cut_by_a_cast_is_a_loss_and_a_failure_without_one_a_violation() {
    let kind = |sql: &str| probes(&[sql], &catalog()).first().map(|probe| probe.kind);
    assert_eq!(kind("ALTER TABLE users ALTER email TYPE varchar(5)"), Some(ProbeKind::Violation));
    assert_eq!(
        kind("ALTER TABLE users ALTER email TYPE varchar(5) USING email::varchar(5)"),
        Some(ProbeKind::Loss)
    );
    assert_eq!(kind("ALTER TABLE users ALTER email TYPE int USING email::int"), None);
    assert_eq!(kind("ALTER TABLE users ALTER email TYPE int"), None);
}

#[test]
fn nothing_is_counted_where_the_answer_may_be_outdated() {
    let wanted = "ALTER TABLE users ALTER email SET NOT NULL";
    for before in [
        "UPDATE users SET email = ''",
        "ALTER TABLE users ADD COLUMN a int",
        "ALTER TABLE users RENAME TO people",
        "SELECT fill()",
        "DO $$ BEGIN NULL; END $$",
        "DROP TABLE users",
    ] {
        let found: Vec<Probe> =
            probes(&[before, wanted], &catalog()).into_iter().filter(|probe| probe.statement == 1).collect();
        assert!(found.is_empty(), "{before}");
    }
    assert_eq!(counts(&["UPDATE logs SET line = ''", wanted]).len(), 1);
    assert_eq!(counts(&["CREATE INDEX i ON users (age)", wanted]).len(), 1);
    assert!(counts(&["ALTER TABLE strangers ALTER a SET NOT NULL"]).is_empty());
    assert!(counts(&["ALTER TABLE users ALTER unknown SET NOT NULL"]).is_empty());
    let key = "ALTER TABLE posts ADD FOREIGN KEY (author) REFERENCES users (id)";
    assert!(counts(&["DELETE FROM users WHERE id = 1", key]).is_empty());
    assert!(
        counts(&["DELETE FROM users WHERE id = 1", "ALTER TABLE posts ALTER author SET NOT NULL"]).is_empty()
    );
}

#[test]
fn a_cheap_look_agrees_with_the_long_one() {
    for (sql, expected) in [
        ("CREATE UNIQUE INDEX i ON users (email)", true),
        ("create\n unique index concurrently i ON users (email)", true),
        ("create /* odd */ unique index i ON users (email)", true),
        ("DROP TABLE users", true),
        ("CREATE INDEX i ON users (email)", false),
        ("CREATE TABLE made (id int UNIQUE)", false),
        ("INSERT INTO users VALUES (1)", false),
        ("ALTER TABLE users ADD COLUMN a int", false),
    ] {
        assert_eq!(is_worth_probing(sql), expected, "{sql}");
    }
}

#[test]
fn a_trigger_may_change_any_table() {
    let mut catalog = catalog();
    catalog.unmanaged =
        vec![Unmanaged { kind: UnmanagedKind::Trigger, name: QualifiedName::plain("logs.copy_lines") }];
    let statements = ["INSERT INTO logs VALUES ('a')", "ALTER TABLE users ALTER email SET NOT NULL"];
    assert!(probes(&statements, &catalog).is_empty());
}

#[test]
fn a_column_that_is_swapped_in_loses_nothing() {
    let swap = ["ALTER TABLE users DROP COLUMN email", "ALTER TABLE users RENAME COLUMN email_new TO email"];
    assert!(counts(&swap).is_empty());
}

#[test]
fn a_constraint_that_the_transaction_added_is_counted_when_it_is_validated() {
    let both = [
        "ALTER TABLE users ADD CONSTRAINT c CHECK (age < 200) NOT VALID",
        "ALTER TABLE users VALIDATE CONSTRAINT c",
    ];
    let found = probes(&both, &catalog());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].statement, 1);
    assert_eq!(found[0].words(1), "1 row of `users` does not keep `age < 200`");
    assert_eq!(found[0].words(3), "3 rows of `users` do not keep `age < 200`");
    let labels: Vec<&str> = found[0].columns.iter().map(|column| column.label.as_str()).collect();
    assert_eq!(labels, ["id", "age"]);
}
