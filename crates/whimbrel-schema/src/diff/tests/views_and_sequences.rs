//! Sequences, views, and what is unmanaged.

use super::sample::{column_of, foreign_key, plain, trips_of};
use super::{case, check_all, same};
use crate::catalog::{Catalog, ColumnType as T, SequenceDefinition, Unmanaged, UnmanagedKind, View};

fn sequence(change: fn(&mut SequenceDefinition)) -> impl Fn(&mut Catalog) {
    move |catalog| {
        let mut definition = SequenceDefinition {
            name: plain("tickets"),
            start: 1,
            increment: 1,
            min: 1,
            max: i64::MAX,
            cache: 1,
            cycle: false,
        };
        change(&mut definition);
        catalog.sequences.push(definition);
    }
}

#[test]
fn sequences_change() {
    check_all(&[
        case(
            "a sequence as the server makes it",
            same,
            sequence(|_| {}),
            &["creates sequence tickets"],
            &["CREATE SEQUENCE tickets"],
            &["DROP SEQUENCE tickets"],
        ),
        case(
            "options of a sequence",
            sequence(|definition| definition.max = 99),
            sequence(|definition| {
                definition.increment = 5;
                definition.start = 10;
                definition.cycle = true;
            }),
            &["changes sequence tickets"],
            &["ALTER SEQUENCE tickets INCREMENT BY 5 MAXVALUE 9223372036854775807 START WITH 10 CYCLE"],
            &[
                "SELECT setval('tickets', LEAST(GREATEST(last_value, 1), 99), is_called AND last_value BETWEEN 1 AND 99) FROM tickets",
                "ALTER SEQUENCE tickets INCREMENT BY 1 MAXVALUE 99 START WITH 1 NO CYCLE",
            ],
        ),
        case(
            "a falling sequence goes",
            sequence(|definition| {
                definition.increment = -1;
                definition.start = -1;
                definition.min = -9;
                definition.max = -1;
            }),
            same,
            &["drops sequence tickets"],
            &["DROP SEQUENCE tickets"],
            &["CREATE SEQUENCE tickets INCREMENT BY -1 MINVALUE -9 MAXVALUE -1 START WITH -1 CACHE 1"],
        ),
    ]);
}

fn view(name: &str, query: &str) -> View {
    View { name: plain(name), query: query.into(), materialized: false, comment: None }
}

#[test]
fn views_change() {
    let both = |query: &'static str| {
        move |catalog: &mut Catalog| {
            catalog.views = vec![view("open", query), view("counts", "SELECT count(*) FROM open")];
        }
    };
    check_all(&[
        case(
            "a view over a view goes first and comes last",
            both("SELECT id FROM trips"),
            both("SELECT id, title FROM trips"),
            &["drops view counts", "drops view open", "creates view open", "creates view counts"],
            &[
                "DROP VIEW counts",
                "DROP VIEW open",
                "CREATE VIEW open AS\nSELECT id, title FROM trips",
                "CREATE VIEW counts AS\nSELECT count(*) FROM open",
            ],
            &[
                "DROP VIEW counts",
                "DROP VIEW open",
                "CREATE VIEW open AS\nSELECT id FROM trips",
                "CREATE VIEW counts AS\nSELECT count(*) FROM open",
            ],
        ),
        case(
            "a view makes way for a change of type below it",
            |catalog| catalog.views = vec![view("titles", "SELECT title FROM trips")],
            |catalog| {
                catalog.views = vec![view("titles", "SELECT title FROM trips")];
                column_of(catalog, "title").ty = T::Varchar(Some(200));
            },
            &[
                "drops view titles",
                "changes type of column trips.title from text to varchar(200)",
                "creates view titles",
            ],
            &[
                "DROP VIEW titles",
                "ALTER TABLE trips ALTER COLUMN title TYPE varchar(200)",
                "CREATE VIEW titles AS\nSELECT title FROM trips",
            ],
            &[
                "DROP VIEW titles",
                "ALTER TABLE trips ALTER COLUMN title TYPE text",
                "CREATE VIEW titles AS\nSELECT title FROM trips",
            ],
        ),
        case(
            "a view becomes materialized, another gets a comment",
            |catalog| catalog.views = vec![view("a", "SELECT 1 AS x"), view("b", "SELECT 2 AS y")],
            |catalog| {
                let stored = View { materialized: true, ..view("a", "SELECT 1 AS x") };
                catalog.views =
                    vec![stored, View { comment: Some("two".into()), ..view("b", "SELECT 2 AS y") }];
            },
            &["drops view a", "creates view a", "sets comment of view b"],
            &["DROP VIEW a", "CREATE MATERIALIZED VIEW a AS\nSELECT 1 AS x", "COMMENT ON VIEW b IS 'two'"],
            &["COMMENT ON VIEW b IS NULL", "DROP MATERIALIZED VIEW a", "CREATE VIEW a AS\nSELECT 1 AS x"],
        ),
    ]);
}

#[test]
fn what_is_unmanaged_is_left_alone() {
    let trigger = |name: &str| Unmanaged { kind: UnmanagedKind::Trigger, name: plain(name) };
    check_all(&[
        case(
            "triggers stand in the database and in no declaration",
            |catalog| catalog.unmanaged = vec![trigger("trips.audit")],
            same,
            &[],
            &[],
            &[],
        ),
        case(
            "a foreign key may refer to an unmanaged table",
            |catalog| {
                let kind = UnmanagedKind::PartitionedTable;
                catalog.unmanaged = vec![Unmanaged { kind, name: plain("events") }];
            },
            |catalog| {
                let key = foreign_key("trips_event_fkey", &["id"], "events", &["id"]);
                trips_of(catalog).foreign_keys.push(key);
            },
            &["adds foreign key trips_event_fkey from trips (id) to events (id)"],
            &[
                "ALTER TABLE trips ADD CONSTRAINT trips_event_fkey FOREIGN KEY (id) REFERENCES events (id) ON DELETE CASCADE",
            ],
            &["ALTER TABLE trips DROP CONSTRAINT trips_event_fkey"],
        ),
    ]);
}
