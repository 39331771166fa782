//! One folder a change of the schema: what `migrate create --auto` writes for it, and that it goes up and down.
//!
//! A folder of `golden/` holds `before.rs` and `after.rs` (bodies of schema.rs), `check.txt` (what `migrate check` says
//! of the difference) and `expected.sql` (the file that is written). It may hold `rows.sql` (inserted before the change),
//! `rename` (one `--rename` a line) and `setup.sql` (what `psql` does to the database before the project adopts it).
//! `check.sqlite.txt` says the same where SQLite prints an expression otherwise. `WHIMBREL_BLESS=1` writes what is expected
//! anew, from PostgreSQL 17 first and from SQLite in a second run.

use std::fs;
use std::path::PathBuf;

use whimbrel_testkit::PostgresVersion;

use crate::catalogue::dump;
use crate::project::{Engine, Project, source_folder};

/// What the difference must find. Each needs a case.
const ITEMS: &[&str] = &[
    // What other tools miss.
    "check",
    "collation",
    "enum values",
    "generated expression",
    "identity",
    "include",
    "index method",
    "invalid index",
    "not valid",
    "operator class",
    "other schema",
    "partial predicate",
    "primary key",
    "renamed column",
    "renamed enum type",
    "renamed enum value",
    "renamed table",
    "sequence",
    "server default",
    "storage parameters",
    "view",
    // What they see.
    "column",
    "column type",
    "comment",
    "deferrable",
    "descending index",
    "expression index",
    "foreign key",
    "index",
    "nullability",
    "nulls not distinct",
    "table",
    "unique constraint",
];

/// Declares the cases, each with the item that it stands for, and a test for each engine that can hold it.
macro_rules! cases {
    (everywhere { $($case:ident: $item:literal,)* } postgres_only { $($server_case:ident: $server_item:literal,)* }) => {
        const CASES: &[(&str, &str)] =
            &[$((stringify!($case), $item),)* $((stringify!($server_case), $server_item),)*];
        $(mod $case {
            #[test]
            fn sqlite() {
                super::run(stringify!($case), super::Engine::Sqlite);
            }
            cases!(@servers $case);
        })*
        $(mod $server_case {
            cases!(@servers $server_case);
        })*
    };
    (@servers $case:ident) => {
        #[test]
        fn postgres_15() {
            super::run(stringify!($case), super::Engine::Postgres(super::PostgresVersion::V15));
        }
        #[test]
        fn postgres_17() {
            super::run(stringify!($case), super::Engine::Postgres(super::PostgresVersion::V17));
        }
        #[test]
        fn postgres_18() {
            super::run(stringify!($case), super::Engine::Postgres(super::PostgresVersion::V18));
        }
    };
}

cases! {
    everywhere {
        check_added: "check",
        check_changed: "check",
        check_dropped: "check",
        check_renamed: "check",
        column_added: "column",
        column_dropped: "column",
        column_moved_to_another_table: "column",
        odd_names: "column",
        column_type_with_dependents: "column type",
        decimal_scale: "column type",
        everything_of_a_column: "column type",
        integer_to_bigint: "column type",
        key_and_reference_widened: "column type",
        text_array_added: "column type",
        text_to_integer: "column type",
        text_to_varchar: "column type",
        timestamp_to_timestamptz: "column type",
        timestamptz_to_timestamp: "column type",
        varchar_length: "column type",
        foreign_key_deferrable: "deferrable",
        index_descending: "descending index",
        enum_became_text: "enum values",
        enum_created: "enum values",
        enum_default_removed: "enum values",
        enum_dropped: "enum values",
        enum_value_appended: "enum values",
        enum_value_as_default: "enum values",
        enum_value_inserted: "enum values",
        enum_value_removed: "enum values",
        enum_value_removed_with_dependents: "enum values",
        enum_values_reordered: "enum values",
        text_became_enum: "enum values",
        index_expression: "expression index",
        foreign_key_added: "foreign key",
        foreign_key_composite: "foreign key",
        foreign_key_dropped: "foreign key",
        foreign_key_on_delete: "foreign key",
        foreign_key_renamed: "foreign key",
        foreign_key_to_itself: "foreign key",
        generated_added: "generated expression",
        generated_became_plain: "generated expression",
        generated_changed: "generated expression",
        generated_dropped: "generated expression",
        identity_added: "identity",
        identity_changed: "identity",
        identity_dropped: "identity",
        identity_widened: "identity",
        serial_added: "identity",
        serial_became_identity: "identity",
        serial_widened: "identity",
        index_added: "index",
        index_became_unique: "index",
        index_dropped: "index",
        index_renamed: "index",
        null_allowed: "nullability",
        null_refused: "nullability",
        index_predicate_added: "partial predicate",
        index_predicate_changed: "partial predicate",
        primary_key_changed: "primary key",
        primary_key_changed_under_references: "primary key",
        primary_key_dropped: "primary key",
        primary_key_renamed: "primary key",
        column_renamed_and_widened: "renamed column",
        column_renamed_by_option: "renamed column",
        column_renamed_by_was: "renamed column",
        enum_type_renamed_by_option: "renamed enum type",
        enum_type_renamed_by_was: "renamed enum type",
        enum_value_renamed: "renamed enum value",
        renamed_table_under_a_view: "renamed table",
        serial_table_renamed: "renamed table",
        table_and_column_renamed: "renamed table",
        table_renamed_by_option: "renamed table",
        table_renamed_by_was: "renamed table",
        default_added: "server default",
        default_changed: "server default",
        default_dropped: "server default",
        table_and_enum_dropped: "table",
        table_dropped: "table",
        tables_created_in_a_circle: "table",
        referenced_unique_dropped: "unique constraint",
        unique_added: "unique constraint",
        unique_became_index: "unique constraint",
        unique_dropped: "unique constraint",
        view_changed: "view",
        view_created: "view",
        view_dropped: "view",
        view_over_changed_column: "view",
        view_under_a_view_changed: "view",
    }
    postgres_only {
        collation_changed: "collation",
        index_collation: "collation",
        json_to_jsonb: "column type",
        column_comment: "comment",
        column_comment_dropped: "comment",
        table_comment: "comment",
        view_comment: "comment",
        unique_deferred: "deferrable",
        index_include_added: "include",
        index_include_changed: "include",
        unique_include: "include",
        index_method_gin: "index method",
        index_method_hash: "index method",
        index_invalid: "invalid index",
        check_not_valid: "not valid",
        foreign_key_not_valid: "not valid",
        unique_nulls_not_distinct: "nulls not distinct",
        index_operator_class: "operator class",
        other_schema_changed: "other schema",
        other_schema_created: "other schema",
        other_schema_dropped: "other schema",
        other_schema_enum: "other schema",
        sequence_altered: "sequence",
        sequence_became_default: "sequence",
        sequence_created: "sequence",
        sequence_dropped: "sequence",
        index_storage_parameters: "storage parameters",
        table_storage_parameters: "storage parameters",
        materialized_view_changed: "view",
    }
}

#[test]
fn every_item_has_a_case_and_every_folder_is_one() {
    for item in ITEMS {
        assert!(CASES.iter().any(|(_, covered)| covered == item), "no case stands for: {item}");
    }
    for (case, item) in CASES {
        assert!(ITEMS.contains(item), "{case} stands for {item}, which is not in the list");
        for file in ["before.rs", "after.rs", "check.txt", "expected.sql"] {
            assert!(source_folder("golden").join(case).join(file).exists(), "{case} has no {file}");
        }
    }
    for entry in fs::read_dir(source_folder("golden")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(CASES.iter().any(|(case, _)| *case == name), "golden/{name} is not declared");
    }
}

/// A case's folder.
struct Case(PathBuf);

impl Case {
    fn text(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file))
            .unwrap_or_else(|error| panic!("{}: {file}: {error}", self.0.display()))
    }

    fn optional(&self, file: &str) -> Option<String> {
        self.0.join(file).exists().then(|| self.text(file))
    }

    /// Compares with the engine's own file of the folder, else with every engine's; or writes it.
    fn expect(&self, file: &str, own: &str, found: &str, engine: Engine) {
        if std::env::var_os("WHIMBREL_BLESS").is_some() {
            self.bless(file, own, found, engine);
        }
        let file = if engine == Engine::Sqlite && self.0.join(own).exists() { own } else { file };
        assert_same(&self.text(file), found, &format!("{engine:?}: {}/{file}", self.0.display()));
    }

    /// PostgreSQL 17 writes the file; SQLite writes its own where it differs, once the other is there.
    fn bless(&self, file: &str, own: &str, found: &str, engine: Engine) {
        match engine {
            Engine::Postgres(PostgresVersion::V17) => fs::write(self.0.join(file), found).unwrap(),
            Engine::Sqlite if file != own && self.optional(file).is_some_and(|text| text != found) => {
                fs::write(self.0.join(own), found).unwrap();
            }
            Engine::Sqlite | Engine::Postgres(_) => {}
        }
    }
}

fn run(name: &str, engine: Engine) {
    let case = Case(source_folder("golden").join(name));
    let project = Project::bare(engine);
    build_before(&case, &project);
    let before = dump(&project);

    project.declare(&case.text("after.rs"));
    let found = project.run(&["migrate", "check"], 3);
    case.expect("check.txt", "check.sqlite.txt", &found.stdout, engine);

    let renames = case.optional("rename").unwrap_or_default();
    let mut create = vec!["migrate", "create", "--auto", "--name", "the change"];
    create.extend(renames.lines().flat_map(|rename| ["--rename", rename]));
    project.run(&create, 0);
    let written = project.migration("-the-change.sql");
    case.expect("expected.sql", "expected.sql", &project.sandbox.read(&written).unwrap(), engine);

    project.run(&["migrate"], 0);
    let after = dump(&project);
    assert_ne!(before, after, "{engine:?}: the migration changes the database");
    project.run(&["migrate", "check"], 0);

    project.run(&["rollback"], 0);
    // A repaired index stays repaired.
    let repaired = CASES.contains(&(name, "invalid index"));
    assert_same(
        if repaired { &after } else { &before },
        &dump(&project),
        &format!("{engine:?}: {name}: the catalogue after rolling back"),
    );
    project.run(&["migrate"], 0);
    assert_same(
        &after,
        &dump(&project),
        &format!("{engine:?}: {name}: the catalogue after the second way up"),
    );
    project.run(&["migrate", "check"], 0);
    let again = project.run(&["migrate", "create", "--auto", "--name", "nothing"], 0);
    assert!(again.stdout.contains("Nothing to write"), "{engine:?}: {}", again.stdout);
}

/// The database before the change, reached by migrations or adopted.
fn build_before(case: &Case, project: &Project) {
    project.declare(&case.text("before.rs"));
    project.run(&["migrate", "create", "--auto", "--name", "the start"], 0);
    if let Some(rows) = case.optional("rows.sql") {
        project
            .sandbox
            .write("migrations/0002-rows.sql", format!("-- whimbrel:up\n{rows}-- whimbrel:down\n"))
            .unwrap();
    }
    project.run(&["migrate"], 0);
    if let Some(setup) = case.optional("setup.sql") {
        let database = project.database();
        database.psql(&setup).unwrap();
        database.psql("DROP TABLE whimbrel_history, whimbrel_state").unwrap();
        project.run(&["migrate", "baseline"], 0);
    }
}

fn assert_same(expected: &str, found: &str, what: &str) {
    if expected != found {
        panic!("{what}\n{}", difference(expected, found));
    }
}

/// The lines that stand in one text only.
fn difference(expected: &str, found: &str) -> String {
    let only = |these: &str, those: &str, sign: char| -> String {
        these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect()
    };
    format!("{}{}\nfound in whole:\n{found}", only(expected, found, '-'), only(found, expected, '+'))
}
