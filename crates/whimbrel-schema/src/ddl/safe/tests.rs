//! The safe form of each operation, and what keeps several in order.

use super::write;
use crate::catalog::{
    Catalog, CheckConstraint, Column, ColumnType as T, ForeignKeyConstraint, IndexDefinition, IndexPart,
    IndexPartTarget, PrimaryKey, QualifiedName, Table, UniqueConstraint, Unmanaged, UnmanagedKind, View,
};
use crate::ddl::{Forms, script};
use crate::diff::diff;
use crate::model::{Deferral, ReferentialAction};

fn plain(name: &str) -> QualifiedName {
    QualifiedName::plain(name)
}

fn column(name: &str, ty: T) -> Column {
    Column { nullable: true, ..Column::new(name, ty) }
}

fn index(name: &str, columns: &[&str]) -> IndexDefinition {
    let part = |column: &&str| IndexPart {
        target: IndexPartTarget::Column((*column).to_owned()),
        descending: false,
        nulls_first: false,
        operator_class: None,
        collation: None,
    };
    IndexDefinition {
        name: name.to_owned(),
        method: "btree".to_owned(),
        keys: columns.iter().map(part).collect(),
        unique: false,
        nulls_not_distinct: false,
        predicate: None,
        include: Vec::new(),
        with: Vec::new(),
        invalid: false,
    }
}

fn check(name: &str, expression: &str) -> CheckConstraint {
    CheckConstraint { name: name.to_owned(), expression: expression.to_owned(), not_valid: false }
}

fn unique(name: &str, columns: &[&str]) -> UniqueConstraint {
    UniqueConstraint {
        name: name.to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        nulls_not_distinct: false,
        deferral: Deferral::NotDeferrable,
        include: Vec::new(),
    }
}

fn reference(name: &str, column: &str, table: &str) -> ForeignKeyConstraint {
    ForeignKeyConstraint {
        name: name.to_owned(),
        columns: vec![column.to_owned()],
        references: plain(table),
        referenced_columns: vec!["id".to_owned()],
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
        deferral: Deferral::NotDeferrable,
        not_valid: false,
    }
}

fn table(name: &str, columns: Vec<Column>) -> Table {
    let mut table = Table::new(plain(name));
    table.columns = vec![Column::new("id", T::BigInt)];
    table.columns.extend(columns);
    table.primary_key = Some(PrimaryKey { name: format!("{name}_pkey"), columns: vec!["id".to_owned()] });
    table
}

/// Users, and trips with an index, a check and a reference.
fn start() -> Catalog {
    let mut trips = table(
        "trips",
        vec![
            column("title", T::Varchar(Some(40))),
            column("seats", T::Integer),
            column("user_id", T::BigInt),
        ],
    );
    trips.indexes.push(index("idx_trips_seats", &["seats"]));
    trips.checks.push(check("seated", "seats > 0"));
    let mut catalog = Catalog { tables: vec![trips, table("users", Vec::new())], ..Catalog::default() };
    catalog.sort();
    catalog
}

fn trips(catalog: &mut Catalog) -> &mut Table {
    catalog.tables.iter_mut().find(|table| table.name.name == "trips").expect("trips are there")
}

fn changed(change: impl FnOnce(&mut Table)) -> Catalog {
    let mut catalog = start();
    change(trips(&mut catalog));
    catalog.sort();
    catalog
}

/// The way from one to the other as a file has it, without empty lines.
fn way(from: &Catalog, to: &Catalog) -> String {
    let written = write(&diff(from, to, &[]), from);
    let text = written.section.text();
    text.lines().filter(|line| !line.is_empty()).map(|line| format!("{line}\n")).collect()
}

fn cautions(from: &Catalog, to: &Catalog) -> Vec<String> {
    write(&diff(from, to, &[]), from).cautions
}

#[track_caller]
fn assert_way(from: &Catalog, to: &Catalog, expected: &str) {
    let expected: String = expected.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let found: String = way(from, to).lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert_eq!(found, expected.trim_start_matches('\n'), "\n{found}");
}

#[test]
fn what_is_instant_stays_one_transaction() {
    let to = changed(|trips| {
        trips.columns.push(Column { default: Some("now()".to_owned()), ..Column::new("at", T::TimestampTz) });
        trips.columns[1].ty = T::Varchar(Some(80));
        trips.comment = Some("All trips.".to_owned());
    });
    assert_way(
        &start(),
        &to,
        "
        ALTER TABLE trips ADD COLUMN at timestamptz NOT NULL DEFAULT now();
        ALTER TABLE trips ALTER COLUMN title TYPE varchar(80);
        COMMENT ON TABLE trips IS 'All trips.';",
    );
}

#[test]
fn what_only_new_tables_have_is_plain() {
    let to = start();
    let operations = diff(&Catalog::default(), &to, &[]);
    let [safe, plain] =
        [Forms::Safe, Forms::Plain].map(|forms| script(&operations, &Catalog::default(), forms));
    assert_eq!(safe, plain);
    assert_eq!(safe.up.units.len(), 1);
}

#[test]
fn indexes_come_and_go_concurrently() {
    let to = changed(|trips| {
        trips.indexes = vec![index("idx_trips_title", &["title"])];
    });
    assert_way(
        &start(),
        &to,
        "
        DROP INDEX CONCURRENTLY idx_trips_seats;
        CREATE INDEX CONCURRENTLY idx_trips_title ON trips (title);",
    );
}

#[test]
fn a_changed_index_is_built_before_the_old_one_goes() {
    let to = changed(|trips| trips.indexes = vec![index("idx_trips_seats", &["seats", "title"])]);
    assert_way(
        &start(),
        &to,
        "
        -- whimbrel:transaction off
        CREATE INDEX CONCURRENTLY idx_trips_seats__new ON trips (seats, title);
        -- whimbrel:transaction on
        DROP INDEX idx_trips_seats;
        ALTER INDEX idx_trips_seats__new RENAME TO idx_trips_seats;",
    );
}

#[test]
fn keys_rest_on_indexes_that_are_built_concurrently() {
    let to = changed(|trips| {
        let deferred = Deferral::InitiallyDeferred;
        trips.uniques.push(UniqueConstraint {
            deferral: deferred,
            nulls_not_distinct: true,
            include: vec!["seats".to_owned()],
            ..unique("titles", &["title"])
        });
        trips.primary_key =
            Some(PrimaryKey { name: "trips_pkey".to_owned(), columns: vec!["user_id".to_owned()] });
        trips.columns[3].nullable = false;
    });
    assert_way(
        &start(),
        &to,
        "
        -- whimbrel:transaction off
        ALTER TABLE trips ADD CONSTRAINT trips_user_id__not_null CHECK (user_id IS NOT NULL) NOT VALID;
        ALTER TABLE trips VALIDATE CONSTRAINT trips_user_id__not_null;
        -- whimbrel:transaction on
        ALTER TABLE trips ALTER COLUMN user_id SET NOT NULL;
        ALTER TABLE trips DROP CONSTRAINT trips_user_id__not_null;
        -- whimbrel:transaction off
        CREATE UNIQUE INDEX CONCURRENTLY trips_pkey__new ON trips (user_id);
        -- whimbrel:transaction on
        ALTER TABLE trips DROP CONSTRAINT trips_pkey;
        ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY USING INDEX trips_pkey__new;
        -- whimbrel:transaction off
        CREATE UNIQUE INDEX CONCURRENTLY titles ON trips (title) INCLUDE (seats) NULLS NOT DISTINCT;
        ALTER TABLE trips ADD CONSTRAINT titles UNIQUE USING INDEX titles DEFERRABLE INITIALLY DEFERRED;",
    );
}

#[test]
fn checks_and_references_are_validated_afterwards_and_both_at_once_are_added() {
    let to = changed(|trips| {
        trips.checks[0].expression = "seats > 1".to_owned();
        trips.foreign_keys.push(reference("trips_user", "user_id", "users"));
    });
    assert_way(
        &start(),
        &to,
        "
        -- whimbrel:transaction on
        ALTER TABLE trips DROP CONSTRAINT seated;
        ALTER TABLE trips ADD CONSTRAINT seated CHECK (seats > 1) NOT VALID;
        ALTER TABLE trips ADD CONSTRAINT trips_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
        -- whimbrel:transaction off
        ALTER TABLE trips VALIDATE CONSTRAINT seated;
        ALTER TABLE trips VALIDATE CONSTRAINT trips_user;",
    );
}

#[test]
fn a_reference_waits_for_the_key_that_it_refers_to() {
    let mut to = start();
    let users = to.tables.iter_mut().find(|table| table.name.name == "users").expect("users are there");
    users.uniques.push(unique("emails", &["id"]));
    trips(&mut to).foreign_keys.push(reference("trips_user", "user_id", "users"));
    assert_way(
        &start(),
        &to,
        "
        CREATE UNIQUE INDEX CONCURRENTLY emails ON users (id);
        ALTER TABLE users ADD CONSTRAINT emails UNIQUE USING INDEX emails;
        ALTER TABLE trips ADD CONSTRAINT trips_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
        ALTER TABLE trips VALIDATE CONSTRAINT trips_user;",
    );
}

#[test]
fn a_volatile_default_is_filled_in_batches() {
    let to = changed(|trips| {
        let default = Some("gen_random_uuid()".to_owned());
        trips.columns.push(Column { default, ..Column::new("token", T::Uuid) });
    });
    assert_way(
        &start(),
        &to,
        "
        -- whimbrel:transaction on
        ALTER TABLE trips ADD COLUMN token uuid;
        ALTER TABLE trips ALTER COLUMN token SET DEFAULT gen_random_uuid();
        -- whimbrel:transaction off
        -- whimbrel:batch size=2000
        UPDATE trips SET token = gen_random_uuid() WHERE token IS NULL;
        ALTER TABLE trips ADD CONSTRAINT trips_token__not_null CHECK (token IS NOT NULL) NOT VALID;
        ALTER TABLE trips VALIDATE CONSTRAINT trips_token__not_null;
        -- whimbrel:transaction on
        ALTER TABLE trips ALTER COLUMN token SET NOT NULL;
        ALTER TABLE trips DROP CONSTRAINT trips_token__not_null;",
    );
}

#[test]
fn a_table_without_a_key_of_one_column_takes_the_plain_form() {
    let keyless = |change: fn(&mut Table)| {
        changed(|trips| {
            trips.primary_key = None;
            change(trips);
        })
    };
    let from = keyless(|_| {});
    let filled = keyless(|trips| {
        let default = Some("random()".to_owned());
        trips.columns.push(Column { default, ..column("luck", T::DoublePrecision) });
    });
    assert_way(&from, &filled, "\nALTER TABLE trips ADD COLUMN luck double precision DEFAULT random();");
    assert_eq!(
        cautions(&from, &filled),
        [
            "adding trips.luck makes readers and writers of trips wait while all its rows are written anew: trips has no key of one column to fill it by"
        ]
    );
    let retyped = keyless(|trips| trips.columns[1].ty = T::Integer);
    assert_way(&from, &retyped, "\nALTER TABLE trips ALTER COLUMN title TYPE integer USING title::integer;");
    assert_eq!(cautions(&from, &retyped).len(), 1);
}

#[test]
fn a_type_changes_beside_the_old_column() {
    let to = changed(|trips| {
        trips.columns[2] = Column {
            default: Some("1".to_owned()),
            comment: Some("How many.".to_owned()),
            ..Column::new("seats", T::BigInt)
        };
    });
    assert_way(&start(), &to, include_str!("tests/type_change.sql"));
    assert_eq!(
        cautions(&start(), &to),
        ["trips.seats becomes the last column of trips; rights on that column alone are not carried over"]
    );
}

#[test]
fn two_types_of_a_table_change_in_one_pass() {
    let to = changed(|trips| {
        trips.columns[1].ty = T::Integer;
        trips.columns[2].ty = T::BigInt;
        trips.checks.clear();
        trips.indexes = vec![index("idx_trips_both", &["title", "seats"])];
    });
    let found = way(&start(), &to);
    for line in [
        "ALTER TABLE trips ADD COLUMN title__new integer, ADD COLUMN seats__new bigint;",
        "    NEW.title__new := NEW.title::integer;",
        "    NEW.seats__new := NEW.seats;",
        "UPDATE trips SET title__new = title::integer, seats__new = seats WHERE (title__new IS NULL AND title IS NOT NULL) OR (seats__new IS NULL AND seats IS NOT NULL);",
        "CREATE INDEX CONCURRENTLY idx_trips_both ON trips (title__new, seats__new);",
    ] {
        assert_eq!(found.lines().filter(|other| *other == line).count(), 1, "{line}\n{found}");
    }
}

#[test]
fn an_index_that_comes_to_a_column_of_another_type_leaves_its_old_one_early() {
    let from = changed(|trips| trips.indexes = vec![index("places", &["title"])]);
    let to = changed(|trips| {
        trips.columns[2].ty = T::BigInt;
        trips.indexes = vec![index("places", &["seats"])];
    });
    let found = way(&from, &to);
    let place = |line: &str| found.lines().position(|other| other == line);
    let dropped = place("DROP INDEX CONCURRENTLY places;").expect(&found);
    let built = place("CREATE INDEX CONCURRENTLY places ON trips (seats__new);").expect(&found);
    let plain = place("CREATE INDEX places ON trips (seats);").expect(&found);
    assert!(dropped < built && built < plain, "{found}");
}

#[test]
fn a_type_changes_in_place_where_more_is_built_on_the_column() {
    let retyped = |catalog: &Catalog| {
        let mut to = catalog.clone();
        trips(&mut to).columns[2].ty = T::BigInt;
        to
    };
    let with_view = Catalog {
        views: vec![View {
            name: plain("seat_list"),
            query: "SELECT seats FROM trips".to_owned(),
            materialized: false,
            comment: None,
        }],
        ..start()
    };
    let with_trigger = Catalog {
        unmanaged: vec![Unmanaged { kind: UnmanagedKind::Trigger, name: plain("trips.audit") }],
        ..start()
    };
    let with_unique = changed(|trips| trips.uniques.push(unique("places", &["seats"])));
    let with_generated = changed(|trips| {
        trips.columns.push(Column { generated: Some("seats * 2".to_owned()), ..column("twice", T::BigInt) });
    });
    for (from, reason) in [
        (with_view, "views read trips"),
        (with_trigger, "trigger trips.audit would take part in copying it"),
        (with_unique, "places is built on the column"),
        (with_generated, "the generated column twice is made from it"),
    ] {
        let to = retyped(&from);
        let found = way(&from, &to);
        assert!(found.contains("ALTER TABLE trips ALTER COLUMN seats TYPE bigint;"), "{found}");
        assert!(!found.contains("__new"), "{found}");
        let cautions = cautions(&from, &to);
        assert!(cautions.iter().any(|caution| caution.ends_with(reason)), "{cautions:?}");
    }
}

#[test]
fn views_come_back_before_what_takes_long() {
    let with_view = |change: fn(&mut Table)| {
        let query = "SELECT seats FROM trips".to_owned();
        let view = View { name: plain("seat_list"), query, materialized: false, comment: None };
        Catalog { views: vec![view], ..changed(change) }
    };
    let from = with_view(|_| {});
    let to = with_view(|trips| {
        trips.columns[1].ty = T::Text;
        trips.indexes = vec![index("idx_trips_title", &["title"])];
    });
    assert_way(
        &from,
        &to,
        "
        -- whimbrel:transaction on
        DROP VIEW seat_list;
        DROP INDEX idx_trips_seats;
        ALTER TABLE trips ALTER COLUMN title TYPE text;
        CREATE VIEW seat_list AS
        SELECT seats FROM trips;
        -- whimbrel:transaction off
        CREATE INDEX CONCURRENTLY idx_trips_title ON trips (title);",
    );
    assert_eq!(cautions(&from, &to), Vec::<String>::new());
}

#[test]
fn a_check_over_a_longer_text_does_not_hold_the_lock() {
    let from = changed(|trips| trips.checks = vec![check("titled", "title <> ''")]);
    let mut to = from.clone();
    trips(&mut to).columns[1].ty = T::Varchar(Some(80));
    assert_way(
        &from,
        &to,
        "
        -- whimbrel:transaction on
        ALTER TABLE trips DROP CONSTRAINT titled;
        ALTER TABLE trips ALTER COLUMN title TYPE varchar(80);
        ALTER TABLE trips ADD CONSTRAINT titled CHECK (title <> '') NOT VALID;
        -- whimbrel:transaction off
        ALTER TABLE trips VALIDATE CONSTRAINT titled;",
    );
}

#[test]
fn a_table_that_goes_gives_back_what_it_refers_to_first() {
    let mut from = start();
    let mut marks = table("marks", vec![column("trip_id", T::BigInt)]);
    marks.foreign_keys.push(reference("marks_trip", "trip_id", "trips"));
    from.tables.push(marks);
    from.sort();
    assert_way(
        &from,
        &start(),
        "
        -- whimbrel:transaction off
        ALTER TABLE marks DROP CONSTRAINT marks_trip;
        DROP TABLE marks;",
    );
}

#[test]
fn an_invalid_index_is_rebuilt_concurrently() {
    let from = changed(|trips| trips.indexes[0].invalid = true);
    assert_way(&from, &start(), "\nREINDEX INDEX CONCURRENTLY idx_trips_seats;");
}
