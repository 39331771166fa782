//! Tables, their schemas and storage parameters, and enumerated types.

use super::sample::{check, column_of, foreign_key, index, key, plain, strings, trips_of};
use super::{Case, case, check_all, same};
use crate::catalog::{Catalog, Column, ColumnType as T, EnumDefinition, QualifiedName, Table};
use crate::rename::Rename;

/// A table with an identifier, and a reference to another one where a name is given.
fn small(name: &str, references: Option<&str>) -> Table {
    let mut table = Table::new(plain(name));
    table.columns = vec![Column { serial: true, ..Column::new("id", T::BigInt) }];
    table.primary_key = Some(key(&format!("{name}_pkey"), &["id"]));
    if let Some(other) = references {
        table.columns.push(Column { nullable: true, ..Column::new("other_id", T::BigInt) });
        table.foreign_keys = vec![foreign_key(&format!("{name}_fkey"), &["other_id"], other, &["id"])];
    }
    table
}

const CREATE_A: &str = "CREATE TABLE a (
    id bigserial NOT NULL,
    other_id bigint,
    CONSTRAINT a_pkey PRIMARY KEY (id),
    CONSTRAINT a_fkey FOREIGN KEY (other_id) REFERENCES b (id) ON DELETE CASCADE
)";

const CREATE_B: &str = "CREATE TABLE b (
    id bigserial NOT NULL,
    CONSTRAINT b_pkey PRIMARY KEY (id)
)";

#[test]
fn tables_come_and_go() {
    check_all(&[
        case(
            "tables come after those that they refer to",
            same,
            |catalog| catalog.tables.extend([small("a", Some("b")), small("b", None)]),
            &["creates table b", "creates table a"],
            &[CREATE_B, CREATE_A],
            &["DROP TABLE a", "DROP TABLE b"],
        ),
        case(
            "tables go before those that they refer to",
            |catalog| catalog.tables.extend([small("a", Some("b")), small("b", None)]),
            same,
            &["drops table a", "drops table b"],
            &["DROP TABLE a", "DROP TABLE b"],
            &[CREATE_B, CREATE_A],
        ),
        case(
            "a circle is closed afterwards",
            same,
            |catalog| catalog.tables.extend([small("a", Some("b")), small("b", Some("a"))]),
            &["creates table a", "creates table b", "adds foreign key a_fkey from a (other_id) to b (id)"],
            &[
                "CREATE TABLE a (
    id bigserial NOT NULL,
    other_id bigint,
    CONSTRAINT a_pkey PRIMARY KEY (id)
)",
                "CREATE TABLE b (
    id bigserial NOT NULL,
    other_id bigint,
    CONSTRAINT b_pkey PRIMARY KEY (id),
    CONSTRAINT b_fkey FOREIGN KEY (other_id) REFERENCES a (id) ON DELETE CASCADE
)",
                "ALTER TABLE a ADD CONSTRAINT a_fkey FOREIGN KEY (other_id) REFERENCES b (id) ON DELETE CASCADE",
            ],
            &["ALTER TABLE a DROP CONSTRAINT a_fkey", "DROP TABLE b", "DROP TABLE a"],
        ),
        case(
            "a table comes with all that belongs to it",
            same,
            |catalog| {
                let mut table = small("notes", None);
                table.columns.push(Column {
                    nullable: true,
                    comment: Some("markdown".into()),
                    ..Column::new("text", T::Text)
                });
                let mut unchecked = check("notes_check", "text <> ''");
                unchecked.not_valid = true;
                table.checks = vec![unchecked];
                table.indexes = vec![index("idx_notes_text", &["text"])];
                table.with = vec![("fillfactor".into(), "70".into())];
                table.comment = Some("free text".into());
                catalog.tables.push(table);
            },
            &["creates table notes"],
            &[
                "CREATE TABLE notes (
    id bigserial NOT NULL,
    text text,
    CONSTRAINT notes_pkey PRIMARY KEY (id)
) WITH (fillfactor = 70)",
                "ALTER TABLE notes ADD CONSTRAINT notes_check CHECK (text <> '') NOT VALID",
                "CREATE INDEX idx_notes_text ON notes (text)",
                "COMMENT ON TABLE notes IS 'free text'",
                "COMMENT ON COLUMN notes.text IS 'markdown'",
            ],
            &["DROP TABLE notes"],
        ),
        case(
            "a table goes first whose index holds a name that is wanted",
            |catalog| {
                let mut table = small("old", None);
                table.indexes = vec![index("by_id", &["id"])];
                catalog.tables.push(table);
            },
            |catalog| trips_of(catalog).indexes.push(index("by_id", &["id"])),
            &["drops table old", "creates index by_id on trips (id)"],
            &["DROP TABLE old", "CREATE INDEX by_id ON trips (id)"],
            &[
                "DROP INDEX by_id",
                "CREATE TABLE old (
    id bigserial NOT NULL,
    CONSTRAINT old_pkey PRIMARY KEY (id)
)",
                "CREATE INDEX by_id ON old (id)",
            ],
        ),
    ]);
}

#[test]
fn tables_are_renamed_and_moved() {
    let journeys = |catalog: &mut Catalog| {
        let table = trips_of(catalog);
        table.name = plain("journeys");
        table.primary_key = Some(key("journeys_pkey", &["id"]));
        table.foreign_keys[0].name = "journeys_user_id_fkey".into();
        table.checks[0].name = "journeys_budget_check".into();
        table.indexes[0].name = "idx_journeys_user_id".into();
    };
    check_all(&[
        case(
            "a table, and all that is named after it",
            same,
            journeys,
            &[
                "renames table trips to journeys",
                "renames constraint trips_pkey of journeys to journeys_pkey",
                "renames constraint trips_user_id_fkey of journeys to journeys_user_id_fkey",
                "renames constraint trips_budget_check of journeys to journeys_budget_check",
                "renames index idx_trips_user_id to idx_journeys_user_id",
            ],
            &[
                "ALTER TABLE trips RENAME TO journeys",
                "ALTER TABLE journeys RENAME CONSTRAINT trips_pkey TO journeys_pkey",
                "ALTER TABLE journeys RENAME CONSTRAINT trips_user_id_fkey TO journeys_user_id_fkey",
                "ALTER TABLE journeys RENAME CONSTRAINT trips_budget_check TO journeys_budget_check",
                "ALTER INDEX idx_trips_user_id RENAME TO idx_journeys_user_id",
            ],
            &[
                "ALTER INDEX idx_journeys_user_id RENAME TO idx_trips_user_id",
                "ALTER TABLE journeys RENAME CONSTRAINT journeys_budget_check TO trips_budget_check",
                "ALTER TABLE journeys RENAME CONSTRAINT journeys_user_id_fkey TO trips_user_id_fkey",
                "ALTER TABLE journeys RENAME CONSTRAINT journeys_pkey TO trips_pkey",
                "ALTER TABLE journeys RENAME TO trips",
            ],
        )
        .renaming(Rename::Table { from: plain("trips"), to: plain("journeys") }),
        case(
            "a table moves to a new schema under a new name",
            |catalog| catalog.tables.push(small("a", None)),
            |catalog| {
                catalog.schemas = vec!["app".into()];
                let mut table = small("b", None);
                table.name = QualifiedName::new("app", "b");
                catalog.tables.push(table);
            },
            &[
                "creates schema app",
                "moves table a to schema app",
                "renames table app.a to app.b",
                "renames sequence app.a_id_seq of app.b to app.b_id_seq",
                "renames constraint a_pkey of app.b to b_pkey",
            ],
            &[
                "CREATE SCHEMA app",
                "ALTER TABLE a SET SCHEMA app",
                "ALTER TABLE app.a RENAME TO b",
                "ALTER SEQUENCE IF EXISTS app.a_id_seq RENAME TO b_id_seq",
                "ALTER TABLE app.b RENAME CONSTRAINT a_pkey TO b_pkey",
            ],
            &[
                "ALTER TABLE app.b RENAME CONSTRAINT b_pkey TO a_pkey",
                "ALTER SEQUENCE IF EXISTS app.b_id_seq RENAME TO a_id_seq",
                "ALTER TABLE app.b RENAME TO a",
                "ALTER TABLE app.a SET SCHEMA public",
                "DROP SCHEMA app",
            ],
        )
        .renaming(Rename::Table { from: plain("a"), to: QualifiedName::new("app", "b") }),
        case(
            "another schema with its table and index",
            same,
            |catalog| {
                catalog.schemas = vec!["app".into()];
                let mut table = Table::new(QualifiedName::new("app", "user"));
                table.columns = vec![Column::new("id", T::Integer)];
                table.indexes = vec![index("by_id", &["id"])];
                catalog.tables.push(table);
            },
            &["creates schema app", "creates table app.user"],
            &[
                "CREATE SCHEMA app",
                "CREATE TABLE app.\"user\" (\n    id integer NOT NULL\n)",
                "CREATE INDEX by_id ON app.\"user\" (id)",
            ],
            &["DROP TABLE app.\"user\"", "DROP SCHEMA app"],
        ),
        case(
            "storage parameters of a table",
            |catalog| trips_of(catalog).with = vec![("fillfactor".into(), "90".into())],
            |catalog| trips_of(catalog).with = vec![("autovacuum_enabled".into(), "false".into())],
            &["changes storage parameters of table trips"],
            &["ALTER TABLE trips SET (autovacuum_enabled = false)", "ALTER TABLE trips RESET (fillfactor)"],
            &["ALTER TABLE trips SET (fillfactor = 90)", "ALTER TABLE trips RESET (autovacuum_enabled)"],
        ),
    ]);
}

/// A case in which the values of `trip_status` change.
fn values_case(
    name: &'static str,
    values: &'static [&'static str],
    operations: &'static [&'static str],
    up: &'static [&'static str],
    down: &'static [&'static str],
) -> Case {
    case(name, same, move |catalog| catalog.enums[0].values = strings(values), operations, up, down)
}

#[test]
fn values_of_types_change() {
    check_all(&[
        values_case(
            "a value at the end",
            &["planned", "done", "gone"],
            &["adds value gone to type trip_status"],
            &["ALTER TYPE trip_status ADD VALUE 'gone'"],
            &[
                "CREATE TYPE trip_status__new AS ENUM ('planned', 'done')",
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
        ),
        values_case(
            "values before and between; one way back",
            &["draft", "planned", "going", "done"],
            &["adds value draft to type trip_status before planned", "adds value going to type trip_status after planned"],
            &[
                "ALTER TYPE trip_status ADD VALUE 'draft' BEFORE 'planned'",
                "ALTER TYPE trip_status ADD VALUE 'going' AFTER 'planned'",
            ],
            &[
                "CREATE TYPE trip_status__new AS ENUM ('planned', 'done')",
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
        ),
        values_case(
            "a value goes",
            &["planned"],
            &["recreates type trip_status with values planned (were planned, done)"],
            &[
                "CREATE TYPE trip_status__new AS ENUM ('planned')",
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
            &[
                "CREATE TYPE trip_status__new AS ENUM ('planned', 'done')",
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
        ),
        values_case(
            "a value is renamed, the default with it",
            &["drafted", "done"],
            &["renames value planned of type trip_status to drafted"],
            &["ALTER TYPE trip_status RENAME VALUE 'planned' TO 'drafted'"],
            &["ALTER TYPE trip_status RENAME VALUE 'drafted' TO 'planned'"],
        )
        .renaming(Rename::EnumValue {
            name: plain("trip_status"),
            from: "planned".into(),
            to: "drafted".into(),
        })
        .with_default("'drafted'::trip_status"),
        values_case(
            "a value that is the new default at once: the type is recreated",
            &["planned", "done", "gone"],
            &[
                "drops default of column trips.status",
                "recreates type trip_status with values planned, done, gone (were planned, done)",
                "sets default of column trips.status to 'gone'::trip_status",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "CREATE TYPE trip_status__new AS ENUM ('planned', 'done', 'gone')",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'gone'::trip_status",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "CREATE TYPE trip_status__new AS ENUM ('planned', 'done')",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
                "DROP TYPE trip_status",
                "ALTER TYPE trip_status__new RENAME TO trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
        )
        .with_default("'gone'::trip_status"),
    ]);
}

impl Case {
    /// The default of `trips.status` afterwards.
    fn with_default(mut self, default: &str) -> Self {
        column_of(&mut self.to, "status").default = Some(default.to_owned());
        self
    }
}

#[test]
fn a_type_is_recreated_under_all_that_uses_it() {
    let users = |catalog: &mut Catalog| {
        let table = trips_of(catalog);
        table.columns.push(Column::new("past", T::Array(Box::new(T::Enum(plain("trip_status"))))));
        table.checks.push(check("trips_done", "status <> 'done'::trip_status OR budget > 0"));
        let mut partial = index("idx_open", &["title"]);
        partial.predicate = Some("status = 'planned'::trip_status".into());
        table.indexes.push(partial);
    };
    check_all(&[case(
        "check, partial index and array",
        users,
        |catalog| {
            users(catalog);
            catalog.enums[0].values = strings(&["done", "planned"]);
        },
        &["recreates type trip_status with values done, planned (were planned, done)"],
        &[
            "DROP INDEX idx_open",
            "ALTER TABLE trips DROP CONSTRAINT trips_done",
            "CREATE TYPE trip_status__new AS ENUM ('done', 'planned')",
            "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
            "ALTER TABLE trips ALTER COLUMN past TYPE trip_status__new[] USING past::text[]::trip_status__new[]",
            "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
            "DROP TYPE trip_status",
            "ALTER TYPE trip_status__new RENAME TO trip_status",
            "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            "ALTER TABLE trips ADD CONSTRAINT trips_done CHECK (status <> 'done'::trip_status OR budget > 0)",
            "CREATE INDEX idx_open ON trips (title) WHERE status = 'planned'::trip_status",
        ],
        &[
            "DROP INDEX idx_open",
            "ALTER TABLE trips DROP CONSTRAINT trips_done",
            "CREATE TYPE trip_status__new AS ENUM ('planned', 'done')",
            "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
            "ALTER TABLE trips ALTER COLUMN past TYPE trip_status__new[] USING past::text[]::trip_status__new[]",
            "ALTER TABLE trips ALTER COLUMN status TYPE trip_status__new USING status::text::trip_status__new",
            "DROP TYPE trip_status",
            "ALTER TYPE trip_status__new RENAME TO trip_status",
            "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            "ALTER TABLE trips ADD CONSTRAINT trips_done CHECK (status <> 'done'::trip_status OR budget > 0)",
            "CREATE INDEX idx_open ON trips (title) WHERE status = 'planned'::trip_status",
        ],
    )]);
}

#[test]
fn types_come_go_and_are_renamed() {
    let mood = || EnumDefinition {
        name: plain("mood"),
        values: strings(&["good", "it's bad"]),
        comment: Some("how it went".into()),
    };
    check_all(&[
        case(
            "a type comes with a column of it",
            same,
            |catalog| {
                catalog.enums.push(mood());
                let column = Column { nullable: true, ..Column::new("mood", T::Enum(plain("mood"))) };
                trips_of(catalog).columns.push(column);
            },
            &["creates type mood (good, it's bad)", "adds column trips.mood mood"],
            &[
                "CREATE TYPE mood AS ENUM ('good', 'it''s bad')",
                "COMMENT ON TYPE mood IS 'how it went'",
                "ALTER TABLE trips ADD COLUMN mood mood",
            ],
            &["ALTER TABLE trips DROP COLUMN mood", "DROP TYPE mood"],
        ),
        case(
            "a type goes after its column became text",
            same,
            |catalog| {
                catalog.enums.clear();
                column_of(catalog, "status").ty = T::Text;
                column_of(catalog, "status").default = Some("'planned'::text".into());
            },
            &[
                "drops default of column trips.status",
                "changes type of column trips.status from trip_status to text",
                "sets default of column trips.status to 'planned'::text",
                "drops type trip_status",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE text",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::text",
                "DROP TYPE trip_status",
            ],
            &[
                "CREATE TYPE trip_status AS ENUM ('planned', 'done')",
                "ALTER TABLE trips ALTER COLUMN status DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN status TYPE trip_status USING status::trip_status",
                "ALTER TABLE trips ALTER COLUMN status SET DEFAULT 'planned'::trip_status",
            ],
        ),
        case(
            "a type is renamed, the casts to it with it",
            same,
            |catalog| {
                catalog.enums[0].name = plain("state");
                catalog.enums[0].comment = Some("of a trip".into());
                column_of(catalog, "status").ty = T::Enum(plain("state"));
                column_of(catalog, "status").default = Some("'planned'::state".into());
            },
            &["renames type trip_status to state", "sets comment of type state"],
            &["ALTER TYPE trip_status RENAME TO state", "COMMENT ON TYPE state IS 'of a trip'"],
            &["COMMENT ON TYPE state IS NULL", "ALTER TYPE state RENAME TO trip_status"],
        )
        .renaming(Rename::Enum { from: plain("trip_status"), to: plain("state") }),
    ]);
}
