//! Columns: types, nullability, defaults, identity, generated expressions, collation, comments, renames.

use super::sample::{check, column_of, index, plain, trips_of, with_column};
use super::{case, check_all, same};
use crate::catalog::{Catalog, Column, ColumnType as T, Identity};
use crate::rename::Rename;

#[test]
fn columns_come_and_go() {
    let rating = || Column { nullable: true, ..Column::new("rating", T::SmallInt) };
    check_all(&[
        case(
            "a new column in the middle",
            same,
            |catalog| trips_of(catalog).columns.insert(1, rating()),
            &["adds column trips.rating smallint"],
            &["ALTER TABLE trips ADD COLUMN rating smallint"],
            &["ALTER TABLE trips DROP COLUMN rating"],
        ),
        case(
            "a column goes",
            with_column(rating()),
            same,
            &["drops column trips.rating smallint"],
            &["ALTER TABLE trips DROP COLUMN rating"],
            &["ALTER TABLE trips ADD COLUMN rating smallint"],
        ),
        case(
            "a column with everything, under a reserved name",
            same,
            with_column(Column {
                default: Some("'it''s'::text".into()),
                collation: Some("C".into()),
                comment: Some("who's first".into()),
                ..Column::new("order", T::Text)
            }),
            &["adds column trips.order text"],
            &[
                "ALTER TABLE trips ADD COLUMN \"order\" text COLLATE \"C\" NOT NULL DEFAULT 'it''s'::text",
                "COMMENT ON COLUMN trips.\"order\" IS 'who''s first'",
            ],
            &["ALTER TABLE trips DROP COLUMN \"order\""],
        ),
        case(
            "the order of columns is no difference",
            same,
            |catalog| trips_of(catalog).columns.reverse(),
            &[],
            &[],
            &[],
        ),
    ]);
}

#[test]
fn types_change() {
    let json = || Column::new("extra", T::Other("json".into()));
    let array = |element: T| Column::new("tags", T::Array(Box::new(element)));
    check_all(&[
        case(
            "a longer varchar keeps its default",
            with_column(Column { default: Some("''".into()), ..Column::new("code", T::Varchar(Some(10))) }),
            with_column(Column { default: Some("''".into()), ..Column::new("code", T::Varchar(Some(20))) }),
            &["changes type of column trips.code from varchar(10) to varchar(20)"],
            &["ALTER TABLE trips ALTER COLUMN code TYPE varchar(20)"],
            &["ALTER TABLE trips ALTER COLUMN code TYPE varchar(10)"],
        ),
        case(
            "varchar becomes text; the default is set anew, since it would stay a varchar",
            with_column(Column { default: Some("'x'".into()), ..Column::new("code", T::Varchar(Some(10))) }),
            with_column(Column { default: Some("'x'".into()), ..Column::new("code", T::Text) }),
            &[
                "drops default of column trips.code",
                "changes type of column trips.code from varchar(10) to text",
                "sets default of column trips.code to 'x'",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN code DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN code TYPE text",
                "ALTER TABLE trips ALTER COLUMN code SET DEFAULT 'x'",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN code DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN code TYPE varchar(10)",
                "ALTER TABLE trips ALTER COLUMN code SET DEFAULT 'x'",
            ],
        ),
        case(
            "with and without a time zone",
            with_column(Column::new("at", T::Timestamp)),
            with_column(Column::new("at", T::TimestampTz)),
            &["changes type of column trips.at from timestamp to timestamptz"],
            &["ALTER TABLE trips ALTER COLUMN at TYPE timestamptz USING at AT TIME ZONE 'UTC'"],
            &["ALTER TABLE trips ALTER COLUMN at TYPE timestamp USING at AT TIME ZONE 'UTC'"],
        ),
        case(
            "json becomes jsonb",
            with_column(json()),
            with_column(Column::new("extra", T::Jsonb)),
            &["changes type of column trips.extra from json to jsonb"],
            &["ALTER TABLE trips ALTER COLUMN extra TYPE jsonb"],
            &["ALTER TABLE trips ALTER COLUMN extra TYPE json"],
        ),
        case(
            "arrays follow their elements",
            with_column(array(T::Text)),
            with_column(array(T::Integer)),
            &["changes type of column trips.tags from text[] to integer[]"],
            &["ALTER TABLE trips ALTER COLUMN tags TYPE integer[] USING tags::integer[]"],
            &["ALTER TABLE trips ALTER COLUMN tags TYPE text[]"],
        ),
        case(
            "text becomes integer; the default goes and comes back",
            with_column(Column { default: Some("'1'".into()), ..Column::new("rank", T::Text) }),
            with_column(Column { default: Some("1".into()), ..Column::new("rank", T::Integer) }),
            &[
                "drops default of column trips.rank",
                "changes type of column trips.rank from text to integer",
                "sets default of column trips.rank to 1",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN rank DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN rank TYPE integer USING rank::integer",
                "ALTER TABLE trips ALTER COLUMN rank SET DEFAULT 1",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN rank DROP DEFAULT",
                "ALTER TABLE trips ALTER COLUMN rank TYPE text",
                "ALTER TABLE trips ALTER COLUMN rank SET DEFAULT '1'",
            ],
        ),
        case(
            "a check and a partial index over a converted column go and come back",
            |catalog| {
                with_column(Column::new("rank", T::Text))(catalog);
                trips_of(catalog).checks.push(check("rank_check", "rank IS NOT NULL"));
                let mut partial = index("rank_index", &["title"]);
                partial.predicate = Some("rank IS NOT NULL".into());
                trips_of(catalog).indexes.push(partial);
            },
            |catalog| {
                with_column(Column::new("rank", T::Integer))(catalog);
                trips_of(catalog).checks.push(check("rank_check", "rank IS NOT NULL"));
                let mut partial = index("rank_index", &["title"]);
                partial.predicate = Some("rank IS NOT NULL".into());
                trips_of(catalog).indexes.push(partial);
            },
            &[
                "drops index rank_index of trips",
                "drops check rank_check of trips",
                "changes type of column trips.rank from text to integer",
                "adds check rank_check on trips: rank IS NOT NULL",
                "creates index rank_index on trips (title)",
            ],
            &[
                "DROP INDEX rank_index",
                "ALTER TABLE trips DROP CONSTRAINT rank_check",
                "ALTER TABLE trips ALTER COLUMN rank TYPE integer USING rank::integer",
                "ALTER TABLE trips ADD CONSTRAINT rank_check CHECK (rank IS NOT NULL)",
                "CREATE INDEX rank_index ON trips (title) WHERE rank IS NOT NULL",
            ],
            &[
                "DROP INDEX rank_index",
                "ALTER TABLE trips DROP CONSTRAINT rank_check",
                "ALTER TABLE trips ALTER COLUMN rank TYPE text",
                "ALTER TABLE trips ADD CONSTRAINT rank_check CHECK (rank IS NOT NULL)",
                "CREATE INDEX rank_index ON trips (title) WHERE rank IS NOT NULL",
            ],
        ),
        case(
            "a collation",
            same,
            |catalog| column_of(catalog, "title").collation = Some("C".into()),
            &["changes type of column trips.title from text to text collate C"],
            &["ALTER TABLE trips ALTER COLUMN title TYPE text COLLATE \"C\""],
            &["ALTER TABLE trips ALTER COLUMN title TYPE text"],
        ),
    ]);
}

#[test]
fn nullability_defaults_and_comments_change() {
    check_all(&[
        case(
            "NULL is refused",
            same,
            |catalog| column_of(catalog, "budget").nullable = false,
            &["refuses NULL in column trips.budget"],
            &["ALTER TABLE trips ALTER COLUMN budget SET NOT NULL"],
            &["ALTER TABLE trips ALTER COLUMN budget DROP NOT NULL"],
        ),
        case(
            "a server default comes",
            same,
            |catalog| column_of(catalog, "budget").default = Some("0".into()),
            &["sets default of column trips.budget to 0"],
            &["ALTER TABLE trips ALTER COLUMN budget SET DEFAULT 0"],
            &["ALTER TABLE trips ALTER COLUMN budget DROP DEFAULT"],
        ),
        case(
            "a server default changes",
            |catalog| column_of(catalog, "budget").default = Some("0".into()),
            |catalog| column_of(catalog, "budget").default = Some("1".into()),
            &["sets default of column trips.budget to 1"],
            &["ALTER TABLE trips ALTER COLUMN budget SET DEFAULT 1"],
            &["ALTER TABLE trips ALTER COLUMN budget SET DEFAULT 0"],
        ),
        case(
            "a server default goes",
            |catalog| column_of(catalog, "budget").default = Some("0".into()),
            same,
            &["drops default of column trips.budget"],
            &["ALTER TABLE trips ALTER COLUMN budget DROP DEFAULT"],
            &["ALTER TABLE trips ALTER COLUMN budget SET DEFAULT 0"],
        ),
        case(
            "comments of column and table",
            |catalog| column_of(catalog, "budget").comment = Some("old".into()),
            |catalog| trips_of(catalog).comment = Some("what's planned".into()),
            &["drops comment of column trips.budget", "sets comment of table trips"],
            &["COMMENT ON COLUMN trips.budget IS NULL", "COMMENT ON TABLE trips IS 'what''s planned'"],
            &["COMMENT ON TABLE trips IS NULL", "COMMENT ON COLUMN trips.budget IS 'old'"],
        ),
    ]);
}

#[test]
fn serial_and_identity_change() {
    let number = |change: fn(&mut Column)| {
        move |catalog: &mut Catalog| {
            let mut column = Column::new("number", T::Integer);
            change(&mut column);
            trips_of(catalog).columns.push(column);
        }
    };
    check_all(&[
        case(
            "plain becomes serial",
            number(|_| {}),
            number(|column| column.serial = true),
            &["gives column trips.number a sequence of its own"],
            &[
                "CREATE SEQUENCE trips_number_seq AS integer OWNED BY trips.number",
                "ALTER TABLE trips ALTER COLUMN number SET DEFAULT nextval('trips_number_seq'::regclass)",
                "SELECT setval('trips_number_seq', (SELECT COALESCE(max(number), 0) + 1 FROM trips), false)",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN number DROP DEFAULT",
                "DROP SEQUENCE IF EXISTS trips_number_seq",
            ],
        ),
        case(
            "serial becomes identity",
            number(|column| column.serial = true),
            number(|column| column.identity = Some(Identity::ByDefault)),
            &["takes the sequence from column trips.number", "makes column trips.number an identity column"],
            &[
                "ALTER TABLE trips ALTER COLUMN number DROP DEFAULT",
                "DROP SEQUENCE IF EXISTS trips_number_seq",
                "ALTER TABLE trips ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY",
                "SELECT setval(pg_get_serial_sequence('trips', 'number'), (SELECT COALESCE(max(number), 0) + 1 FROM trips), false)",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN number DROP IDENTITY",
                "CREATE SEQUENCE trips_number_seq AS integer OWNED BY trips.number",
                "ALTER TABLE trips ALTER COLUMN number SET DEFAULT nextval('trips_number_seq'::regclass)",
                "SELECT setval('trips_number_seq', (SELECT COALESCE(max(number), 0) + 1 FROM trips), false)",
            ],
        ),
        case(
            "serial grows",
            number(|column| column.serial = true),
            number(|column| {
                column.serial = true;
                column.ty = T::BigInt;
            }),
            &["changes type of column trips.number from integer to bigint"],
            &[
                "ALTER TABLE trips ALTER COLUMN number TYPE bigint",
                "ALTER SEQUENCE IF EXISTS trips_number_seq AS bigint",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN number TYPE integer",
                "ALTER SEQUENCE IF EXISTS trips_number_seq AS integer",
            ],
        ),
        case(
            "identity changes",
            number(|column| column.identity = Some(Identity::ByDefault)),
            number(|column| column.identity = Some(Identity::Always)),
            &["changes identity of column trips.number"],
            &["ALTER TABLE trips ALTER COLUMN number SET GENERATED ALWAYS"],
            &["ALTER TABLE trips ALTER COLUMN number SET GENERATED BY DEFAULT"],
        ),
        case(
            "identity comes before NULL is refused",
            number(|column| column.nullable = true),
            number(|column| column.identity = Some(Identity::Always)),
            &["refuses NULL in column trips.number", "makes column trips.number an identity column"],
            &[
                "ALTER TABLE trips ALTER COLUMN number SET NOT NULL",
                "ALTER TABLE trips ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY",
                "SELECT setval(pg_get_serial_sequence('trips', 'number'), (SELECT COALESCE(max(number), 0) + 1 FROM trips), false)",
            ],
            &[
                "ALTER TABLE trips ALTER COLUMN number DROP IDENTITY",
                "ALTER TABLE trips ALTER COLUMN number DROP NOT NULL",
            ],
        ),
    ]);
}

#[test]
fn generated_expressions_change() {
    let gross = |expression: Option<&str>| Column {
        nullable: true,
        generated: expression.map(str::to_owned),
        ..Column::new("gross", T::Numeric(None))
    };
    let indexed = |column: Column| {
        move |catalog: &mut Catalog| {
            trips_of(catalog).columns.push(column.clone());
            trips_of(catalog).indexes.push(index("idx_trips_gross", &["gross"]));
        }
    };
    check_all(&[
        case(
            "another expression; the index over it goes and comes back",
            indexed(gross(Some("budget * 1.1"))),
            indexed(gross(Some("budget * 1.2"))),
            &[
                "drops index idx_trips_gross of trips",
                "drops column trips.gross numeric",
                "adds column trips.gross numeric",
                "creates index idx_trips_gross on trips (gross)",
            ],
            &[
                "DROP INDEX idx_trips_gross",
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.2) STORED",
                "CREATE INDEX idx_trips_gross ON trips (gross)",
            ],
            &[
                "DROP INDEX idx_trips_gross",
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.1) STORED",
                "CREATE INDEX idx_trips_gross ON trips (gross)",
            ],
        ),
        case(
            "generated becomes plain and keeps its values",
            with_column(gross(Some("budget * 1.1"))),
            with_column(gross(None)),
            &["makes generated column trips.gross a plain one"],
            &["ALTER TABLE trips ALTER COLUMN gross DROP EXPRESSION"],
            &[
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.1) STORED",
            ],
        ),
        case(
            "plain becomes generated",
            with_column(gross(None)),
            with_column(gross(Some("budget * 1.1"))),
            &["drops column trips.gross numeric", "adds column trips.gross numeric"],
            &[
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.1) STORED",
            ],
            &["ALTER TABLE trips DROP COLUMN gross", "ALTER TABLE trips ADD COLUMN gross numeric"],
        ),
        case(
            "the column below changes its type",
            with_column(gross(Some("budget * 1.1"))),
            |catalog| {
                with_column(gross(Some("budget * 1.1")))(catalog);
                column_of(catalog, "budget").ty = T::Numeric(Some((12, 2)));
            },
            &[
                "drops column trips.gross numeric",
                "changes type of column trips.budget from numeric(10,2) to numeric(12,2)",
                "adds column trips.gross numeric",
            ],
            &[
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ALTER COLUMN budget TYPE numeric(12,2)",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.1) STORED",
            ],
            &[
                "ALTER TABLE trips DROP COLUMN gross",
                "ALTER TABLE trips ALTER COLUMN budget TYPE numeric(10,2)",
                "ALTER TABLE trips ADD COLUMN gross numeric GENERATED ALWAYS AS (budget * 1.1) STORED",
            ],
        ),
    ]);
}

#[test]
fn columns_are_renamed() {
    let rename =
        |from: &str, to: &str| Rename::Column { table: plain("trips"), from: from.into(), to: to.into() };
    check_all(&[
        case(
            "a column, and the check and the index named after it",
            |catalog| trips_of(catalog).indexes.push(index("idx_trips_budget", &["budget"])),
            |catalog| {
                column_of(catalog, "budget").name = "cost".into();
                trips_of(catalog).checks = vec![check("trips_cost_check", "cost >= 0")];
                trips_of(catalog).indexes.push(index("idx_trips_cost", &["cost"]));
            },
            &[
                "renames column trips.budget to cost",
                "renames constraint trips_budget_check of trips to trips_cost_check",
                "renames index idx_trips_budget to idx_trips_cost",
            ],
            &[
                "ALTER TABLE trips RENAME COLUMN budget TO cost",
                "ALTER TABLE trips RENAME CONSTRAINT trips_budget_check TO trips_cost_check",
                "ALTER INDEX idx_trips_budget RENAME TO idx_trips_cost",
            ],
            &[
                "ALTER INDEX idx_trips_cost RENAME TO idx_trips_budget",
                "ALTER TABLE trips RENAME CONSTRAINT trips_cost_check TO trips_budget_check",
                "ALTER TABLE trips RENAME COLUMN cost TO budget",
            ],
        )
        .renaming(rename("budget", "cost")),
        case(
            "a rename that was done already counts for nothing",
            |catalog| column_of(catalog, "title").name = "heading".into(),
            |catalog| column_of(catalog, "title").name = "heading".into(),
            &[],
            &[],
            &[],
        )
        .renaming(rename("title", "heading")),
        case(
            "a rename whose old name is still wanted is a new column",
            same,
            |catalog| {
                let name = Column { nullable: true, ..Column::new("name", T::Text) };
                trips_of(catalog).columns.push(name);
            },
            &["adds column trips.name text"],
            &["ALTER TABLE trips ADD COLUMN name text"],
            &["ALTER TABLE trips DROP COLUMN name"],
        )
        .renaming(rename("title", "name")),
    ]);
}
