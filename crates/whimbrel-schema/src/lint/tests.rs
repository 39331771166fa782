use super::*;
use crate::catalog::{
    Catalog, CheckConstraint, Column, ColumnType, ForeignKeyConstraint, IndexDefinition, IndexPart,
    IndexPartTarget, PrimaryKey, Table,
};

mod contract;

/// A database with a large table `orders`, a middling `users`, a small `shops` and an empty `drafts`.
struct Shop {
    catalog: Catalog,
}

impl Shop {
    fn new() -> Self {
        let column = |name: &str, ty: &str, nullable: bool| Column {
            nullable,
            ..Column::new(name, ColumnType::parse(ty))
        };
        let mut orders = Table::new(QualifiedName::plain("orders"));
        orders.columns = vec![
            column("id", "bigint", false),
            column("user_id", "bigint", false),
            column("shop_id", "bigint", true),
            column("code", "varchar(20)", false),
            column("note", "text", true),
            column("checked", "text", true),
            column("quantity", "integer", false),
            column("total", "numeric(10,2)", false),
        ];
        orders.primary_key =
            Some(PrimaryKey { name: "orders_pkey".to_owned(), columns: vec!["id".to_owned()] });
        orders.checks = vec![CheckConstraint {
            name: "checked_present".to_owned(),
            expression: "checked IS NOT NULL".to_owned(),
            not_valid: false,
        }];
        orders.foreign_keys = vec![ForeignKeyConstraint {
            name: "orders_user_fkey".to_owned(),
            columns: vec!["user_id".to_owned()],
            references: QualifiedName::plain("users"),
            referenced_columns: vec!["id".to_owned()],
            on_delete: Default::default(),
            on_update: Default::default(),
            deferral: Default::default(),
            not_valid: false,
        }];
        orders.indexes = vec![index("idx_orders_user_id", "user_id"), index("idx_orders_note", "note")];
        let mut tables = vec![orders];
        for name in ["drafts", "shops", "users"] {
            let mut table = Table::new(QualifiedName::plain(name));
            table.columns = vec![column("id", "bigint", false), column("name", "text", true)];
            tables.push(table);
        }
        Shop { catalog: Catalog { tables, ..Catalog::default() } }
    }
}

fn index(name: &str, column: &str) -> IndexDefinition {
    IndexDefinition {
        name: name.to_owned(),
        method: "btree".to_owned(),
        keys: vec![IndexPart {
            target: IndexPartTarget::Column(column.to_owned()),
            descending: false,
            nulls_first: false,
            operator_class: None,
            collation: None,
        }],
        unique: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    }
}

impl Facts for Shop {
    fn size(&self, table: &QualifiedName) -> Size {
        let known = |rows| Size::Known { rows, estimated: false, bytes: Some(rows * 100) };
        match table.name.as_str() {
            "orders" => Size::Known { rows: 1_000_000, estimated: true, bytes: Some(100 << 20) },
            "users" => known(50_000),
            "shops" => known(10),
            "drafts" => known(0),
            _ => Size::Unknown,
        }
    }

    fn catalog(&self) -> Option<&Catalog> {
        Some(&self.catalog)
    }
}

/// A file from a script with `-- whimbrel:` directives, a statement or a directive a line or more.
fn file(script: &str) -> LintFile {
    let mut file = LintFile { reversal: Some(Reversal::Present), ..LintFile::default() };
    let outside = script.to_uppercase().contains("CONCURRENTLY") && !script.contains("transaction on");
    let (mut alone, mut unit, mut batched) = (outside, 0, false);
    let mut allowed = Vec::new();
    let mut offset = 0;
    let mut open: Option<(usize, String)> = None;
    for line in script.split_inclusive('\n') {
        let (start, text) = (offset, line.trim());
        offset += line.len();
        if let Some(directive) = text.strip_prefix("-- whimbrel:") {
            match directive.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["transaction", "off"] => alone = true,
                ["transaction", "on"] => {
                    alone = false;
                    unit += 1;
                }
                ["batch", ..] => batched = true,
                ["allow", code, ..] => {
                    allowed.push(Allowed { code: (*code).to_owned(), span: start..start + text.len() });
                }
                other => panic!("{other:?}"),
            }
            continue;
        }
        if text.starts_with("--") {
            continue;
        }
        let code = text.split("  --").next().unwrap_or(text).trim_end();
        let (begin, mut sql) = open.take().unwrap_or((start, String::new()));
        sql.push_str(code);
        if let Some(done) = sql.strip_suffix(';') {
            if alone {
                unit += 1;
            }
            let outside = batched || done.to_uppercase().contains("CONCURRENTLY") && alone;
            let mut statement = LintStatement::new(done, begin);
            statement.unit = (!outside).then_some(unit);
            statement.batched = std::mem::take(&mut batched);
            statement.allowed = std::mem::take(&mut allowed);
            file.statements.push(statement);
        } else {
            sql.push(' ');
            open = Some((begin, sql));
        }
    }
    assert!(open.is_none(), "{script}");
    file
}

fn codes(script: &str) -> Vec<&'static str> {
    lint(&file(script), &Shop::new(), &Options::default()).into_iter().map(|finding| finding.code).collect()
}

#[test]
fn every_rule_finds_its_naive_example_and_leaves_its_safe_one_alone() {
    for rule in rules() {
        let naive = codes(rule.naive);
        assert!(naive.contains(&rule.code), "{}: {:?}", rule.code, naive);
        let safe = codes(rule.safe);
        assert!(!safe.contains(&rule.code), "{}: {:?}", rule.code, safe);
    }
}

#[test]
fn codes_are_slugs_and_stand_once() {
    let mut seen = std::collections::BTreeSet::new();
    for rule in rules() {
        assert!(rule.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.code);
        assert!(seen.insert(rule.code), "{} stands twice", rule.code);
        assert!(reference_markdown().contains(&format!("\n### {}\n", rule.code)));
    }
}

#[test]
fn every_lock_finding_names_lock_table_size_and_the_way_round() {
    let found = lint(&file("CREATE INDEX i ON orders (note);"), &Shop::new(), &Options::default());
    let finding = &found[0];
    assert_eq!(finding.severity, Severity::Error);
    assert_eq!(finding.locks[0].mode, LockMode::Share);
    assert_eq!(
        finding.lock_words().unwrap(),
        "SHARE on orders (about 1,000,000 rows, 100.0 MiB): writers wait while an index is built over every row"
    );
    assert_eq!(finding.rewrite.as_deref(), Some("CREATE INDEX CONCURRENTLY i ON orders (note);"));
    for rule in rules().into_iter().filter(|rule| rule.class == Class::Lock) {
        for finding in lint(&file(rule.naive), &Shop::new(), &Options::default()) {
            assert!(finding.rewrite.is_some() || finding.class != Class::Lock, "{}", finding.code);
        }
    }
}

#[test]
fn tables_that_keep_nobody_waiting_are_left_alone() {
    for script in [
        "CREATE TABLE made (id int, n int);\nCREATE INDEX i ON made (n);\nALTER TABLE made ALTER n SET NOT NULL;",
        "CREATE INDEX i ON drafts (name);",
        "ALTER TABLE drafts ADD CONSTRAINT c CHECK (name <> '');",
        "ALTER TABLE drafts ALTER COLUMN name TYPE varchar(3);",
        "DROP TABLE drafts;",
        "CREATE TABLE made (id int);\nALTER TABLE made RENAME TO other;\nCREATE INDEX i ON other (id);",
        "CREATE TABLE made (id int, n int);\nCREATE INDEX i ON made (n);\nDROP INDEX i;",
    ] {
        assert_eq!(codes(script), [""; 0], "{script}");
    }
}

#[test]
fn a_lock_on_a_small_table_is_a_note_and_on_an_unknown_one_an_error() {
    let severity = |script: &str| {
        let found = lint(&file(script), &Shop::new(), &Options::default());
        found.into_iter().map(|finding| finding.severity).max()
    };
    assert_eq!(severity("CREATE INDEX i ON shops (name);"), Some(Severity::Note));
    assert_eq!(severity("CREATE INDEX i ON users (name);"), Some(Severity::Error));
    assert_eq!(severity("CREATE INDEX i ON strangers (name);"), Some(Severity::Error));
    let options = Options { big_table_rows: 100_000, ..Options::default() };
    let found = lint(&file("CREATE INDEX i ON users (name);"), &Shop::new(), &options);
    assert_eq!(found[0].severity, Severity::Note);
}

#[test]
fn an_engine_that_locks_as_a_whole_hears_of_losses_and_mistakes_alone() {
    let options = Options { locks_tables: false, ..Options::default() };
    let script = "CREATE INDEX i ON orders (note);\nALTER TABLE orders DROP COLUMN note;";
    let found = lint(&file(script), &Shop::new(), &options);
    let codes: Vec<_> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["drop-column", "irreversible"]);
}

#[test]
fn facts_follow_a_table_through_its_new_name() {
    let script = "ALTER TABLE orders RENAME TO purchases;\nCREATE INDEX i ON purchases (note);";
    let found = lint(&file(script), &Shop::new(), &Options::default());
    let index = found.iter().find(|finding| finding.code == "index-not-concurrent").unwrap();
    assert_eq!(index.locks[0].size, Size::Known { rows: 1_000_000, estimated: true, bytes: Some(100 << 20) });
}

#[test]
fn an_allowance_silences_one_statement_or_the_file_and_never_in_vain() {
    let drop = "DROP TABLE orders;";
    assert!(codes(drop).contains(&"drop-table"));
    assert!(!codes(&format!("-- whimbrel:allow drop-table nobody reads it\n{drop}")).contains(&"drop-table"));
    let other = codes(&format!("-- whimbrel:allow drop-table nobody reads it\nSELECT 1;\n{drop}"));
    assert!(other.contains(&"drop-table") && other.contains(&"unused-allowance"), "{other:?}");
    let mut whole = file(&format!("SELECT 1;\n{drop}"));
    whole.allowed = vec![Allowed { code: "drop-table".to_owned(), span: 0..1 }];
    let found = lint(&whole, &Shop::new(), &Options::default());
    assert!(found.iter().all(|finding| finding.code != "drop-table" && finding.code != "unused-allowance"));
    let unknown = lint(&file("-- whimbrel:allow drop-tabel x\nSELECT 1;"), &Shop::new(), &Options::default());
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].rewrite.as_ref().unwrap().contains("`drop-table`"));
}

#[test]
fn ignored_codes_are_left_out() {
    let options = Options { ignore: vec!["drop-table".to_owned()], ..Options::default() };
    let found = lint(&file("DROP TABLE orders;"), &Shop::new(), &options);
    assert!(found.iter().all(|finding| finding.code != "drop-table"));
}

#[test]
fn a_finding_points_at_its_action() {
    let script = "SELECT 1;\nALTER TABLE orders ADD COLUMN a int, DROP COLUMN note;";
    let found = lint(&file(script), &Shop::new(), &Options::default());
    let dropped = found.iter().find(|finding| finding.code == "drop-column").unwrap();
    assert_eq!(&script[dropped.span.clone()], "DROP COLUMN note");
    assert_eq!(dropped.statement, Some(1));
}

#[test]
fn on_the_way_down_nothing_is_in_use_any_more() {
    let mut dropping = file("DROP TABLE orders;");
    dropping.is_rollback = true;
    let found = lint(&dropping, &Shop::new(), &Options::default());
    let dropped = found.iter().find(|finding| finding.code == "drop-table").unwrap();
    assert_eq!(dropped.severity, Severity::Note);
    let mut down = file(
        "DROP VIEW totals;\nALTER TABLE orders RENAME TO purchases;\nCREATE INDEX i ON purchases (note);",
    );
    down.is_rollback = true;
    let found = lint(&down, &Shop::new(), &Options::default());
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["index-not-concurrent"]);
}

#[test]
fn a_file_without_a_way_down_is_told() {
    let mut one_way = file("ALTER TABLE orders ADD COLUMN a int;");
    one_way.reversal = Some(Reversal::Missing);
    let found = lint(&one_way, &Shop::new(), &Options::default());
    assert_eq!(found.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["irreversible"]);
    assert_eq!(found[0].severity, Severity::Warning);
}
