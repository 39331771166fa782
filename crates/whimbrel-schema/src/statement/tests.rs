use super::*;

fn only(sql: &str) -> Action {
    let mut found = actions(sql);
    assert_eq!(found.len(), 1, "{sql}: {found:?}");
    found.remove(0).action
}

#[test]
fn every_action_of_one_statement_has_its_place() {
    let sql = "ALTER TABLE a.b ADD COLUMN c int, DROP COLUMN \"D\", ALTER e SET NOT NULL";
    let found = actions(sql);
    let texts: Vec<&str> = found.iter().map(|act| &sql[act.span.clone()]).collect();
    assert_eq!(texts, ["ADD COLUMN c int", "DROP COLUMN \"D\"", "ALTER e SET NOT NULL"]);
    assert!(matches!(&found[1].action, Action::DropColumn { column, .. } if column == "D"));
    assert_eq!(found[0].action.table(), Some(&QualifiedName::new("a", "b")));
}

#[test]
fn a_column_says_where_its_values_come_from() {
    for (definition, fill, not_null) in [
        ("int", Fill::Null, false),
        ("int NOT NULL DEFAULT 3", Fill::Constant("3".to_owned()), true),
        ("uuid DEFAULT gen_random_uuid()", Fill::Volatile("gen_random_uuid()".to_owned()), false),
        ("bigserial", Fill::Sequence, true),
        ("int GENERATED ALWAYS AS IDENTITY", Fill::Sequence, true),
        ("int DEFAULT NULL", Fill::Null, false),
        ("timestamptz DEFAULT CURRENT_TIMESTAMP", Fill::Constant("CURRENT_TIMESTAMP".to_owned()), false),
    ] {
        let Action::AddColumn { column, .. } = only(&format!("ALTER TABLE t ADD c {definition}")) else {
            panic!("{definition}");
        };
        assert_eq!((column.fill, column.not_null), (fill, not_null), "{definition}");
    }
    let Action::AddColumn { column, .. } = only("ALTER TABLE t ADD c int GENERATED ALWAYS AS (a + 1) STORED")
    else {
        panic!("no column");
    };
    assert!(matches!(column.fill, Fill::Stored(_)));
}

#[test]
fn constraints_are_read_with_their_columns() {
    let Action::AddConstraint { constraint, .. } = only(
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES p (x, y) ON DELETE CASCADE NOT VALID",
    ) else {
        panic!("no constraint");
    };
    assert_eq!(constraint.name.as_deref(), Some("k"));
    assert!(constraint.not_valid);
    assert_eq!(
        constraint.kind,
        ConstraintKind::ForeignKey {
            columns: vec!["a".to_owned(), "b".to_owned()],
            references: QualifiedName::plain("p"),
            referenced_columns: vec!["x".to_owned(), "y".to_owned()],
        }
    );
    assert!(constraint.text.starts_with("FOREIGN KEY (a, b)"), "{}", constraint.text);
    for (text, expected) in [
        (
            "UNIQUE (a)",
            ConstraintKind::Unique {
                columns: vec!["a".to_owned()],
                nulls_not_distinct: false,
                using_index: None,
            },
        ),
        (
            "PRIMARY KEY USING INDEX i",
            ConstraintKind::PrimaryKey { columns: Vec::new(), using_index: Some("i".to_owned()) },
        ),
        ("CHECK (a > 0)", ConstraintKind::Check("a > 0".to_owned())),
        ("NOT NULL a", ConstraintKind::NotNull("a".to_owned())),
    ] {
        let Action::AddConstraint { constraint, .. } = only(&format!("ALTER TABLE t ADD {text}")) else {
            panic!("{text}");
        };
        assert_eq!(constraint.kind, expected, "{text}");
    }
}

#[test]
fn using_counts_only_where_it_is_more_than_the_cast() {
    for (sql, expected) in [
        ("ALTER TABLE t ALTER c TYPE int", None),
        ("ALTER TABLE t ALTER c TYPE int USING c::int", None),
        ("ALTER TABLE t ALTER c SET DATA TYPE int USING c::integer", None),
        ("ALTER TABLE t ALTER c TYPE int USING length(c)", Some("length(c)")),
        ("ALTER TABLE t ALTER c TYPE int USING d::int", Some("d::int")),
    ] {
        let Action::AlterType { using, .. } = only(sql) else { panic!("{sql}") };
        assert_eq!(using.as_deref(), expected, "{sql}");
    }
}

#[test]
fn other_statements_are_told_apart() {
    let index = |sql| match only(sql) {
        Action::CreateIndex(index) => index,
        other => panic!("{sql}: {other:?}"),
    };
    let made = index("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a, lower(b)) WHERE c > 0");
    assert!(made.unique && made.concurrently);
    assert_eq!(made.keys, [IndexKey::Column("a".to_owned()), IndexKey::Expression("lower(b)".to_owned())]);
    assert_eq!(made.predicate.as_deref(), Some("c > 0"));
    assert_eq!(index("CREATE INDEX ON t (a)").name, None);
    for (sql, expected) in [
        ("REINDEX (CONCURRENTLY) TABLE t", true),
        ("REINDEX INDEX CONCURRENTLY i", true),
        ("REINDEX TABLE t", false),
    ] {
        assert!(
            matches!(only(sql), Action::Reindex { concurrently, .. } if concurrently == expected),
            "{sql}"
        );
    }
    assert!(matches!(only("SET LOCAL lock_timeout = '2s'"), Action::SetLockTimeout { limited: true }));
    assert!(matches!(only("SET lock_timeout TO 0"), Action::SetLockTimeout { limited: false }));
    assert!(matches!(only("SET lock_timeout TO DEFAULT"), Action::SetLockTimeout { limited: false }));
    assert!(matches!(only("UPDATE ONLY t SET a = 1"), Action::Update { filtered: false, .. }));
    assert!(matches!(only("DELETE FROM t WHERE a"), Action::Delete { filtered: true, .. }));
    assert!(matches!(only("VACUUM (FULL) t"), Action::Rewrite { .. }));
    assert!(matches!(only("ALTER TABLE t ENABLE ROW LEVEL SECURITY"), Action::Brief { exclusive: true, .. }));
    assert!(matches!(only("CREATE POLICY p ON t USING (true)"), Action::Brief { exclusive: true, .. }));
    assert!(
        matches!(only("ALTER TYPE m ADD VALUE 'x' BEFORE 'y'"), Action::AddEnumValue { value, .. } if value == "x")
    );
    assert!(matches!(only("SELECT 1"), Action::Opaque));
    assert!(matches!(only("DO $$ BEGIN NULL; END $$"), Action::Opaque));
    assert!(matches!(only("COMMENT ON TABLE t IS 'x'"), Action::Other));
    assert!(actions("ALTER TABLE oops (").is_empty());
    assert_eq!(actions("DROP TABLE a, b.c CASCADE").len(), 2);
    assert_eq!(actions("TRUNCATE a, b").len(), 2);
}
