//! Primary keys, unique constraints, foreign keys, checks and indexes.

use super::sample::{check, foreign_key, index, key, part, table_of, trips_of, unique};
use super::{case, check_all, same};
use crate::catalog::ReferentialAction;
use crate::catalog::{Catalog, Column, ColumnType as T, Deferral, IndexDefinition, IndexPartTarget};

#[test]
fn keys_change() {
    check_all(&[
        case(
            "a primary key over other columns",
            same,
            |catalog| trips_of(catalog).primary_key = Some(key("trips_pkey", &["user_id", "id"])),
            &["drops primary key trips_pkey of trips", "adds primary key trips_pkey on trips (user_id, id)"],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_pkey",
                "ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY (user_id, id)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_pkey",
                "ALTER TABLE trips ADD CONSTRAINT trips_pkey PRIMARY KEY (id)",
            ],
        ),
        case(
            "a primary key that a foreign key refers to",
            same,
            |catalog| {
                table_of(catalog, "users").primary_key = Some(key("users_pkey", &["id", "email"]));
                table_of(catalog, "users").uniques.push(unique("users_id_key", &["id"]));
            },
            &[
                "drops foreign key trips_user_id_fkey of trips",
                "drops primary key users_pkey of users",
                "adds primary key users_pkey on users (id, email)",
                "adds unique constraint users_id_key on users (id)",
                "adds foreign key trips_user_id_fkey from trips (user_id) to users (id)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE users DROP CONSTRAINT users_pkey",
                "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id, email)",
                "ALTER TABLE users ADD CONSTRAINT users_id_key UNIQUE (id)",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE users DROP CONSTRAINT users_id_key",
                "ALTER TABLE users DROP CONSTRAINT users_pkey",
                "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id)",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
        ),
        case(
            "NULLS NOT DISTINCT, carried columns and deferral of a unique constraint",
            |catalog| trips_of(catalog).uniques.push(unique("trips_title_key", &["title"])),
            |catalog| {
                let mut changed = unique("trips_title_key", &["title"]);
                changed.nulls_not_distinct = true;
                changed.include = vec!["budget".into()];
                changed.deferral = Deferral::InitiallyDeferred;
                trips_of(catalog).uniques.push(changed);
            },
            &[
                "drops unique constraint trips_title_key of trips",
                "adds unique constraint trips_title_key on trips (title)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_title_key",
                "ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE NULLS NOT DISTINCT (title) INCLUDE (budget) DEFERRABLE INITIALLY DEFERRED",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_title_key",
                "ALTER TABLE trips ADD CONSTRAINT trips_title_key UNIQUE (title)",
            ],
        ),
        case(
            "only the name of a unique constraint",
            same,
            |catalog| table_of(catalog, "users").uniques[0].name = "one_email".into(),
            &["renames constraint users_email_key of users to one_email"],
            &["ALTER TABLE users RENAME CONSTRAINT users_email_key TO one_email"],
            &["ALTER TABLE users RENAME CONSTRAINT one_email TO users_email_key"],
        ),
    ]);
}

#[test]
fn foreign_keys_change() {
    let without = |catalog: &mut Catalog| trips_of(catalog).foreign_keys.clear();
    check_all(&[
        case(
            "actions and deferral",
            same,
            |catalog| {
                let key = &mut trips_of(catalog).foreign_keys[0];
                key.on_delete = ReferentialAction::Restrict;
                key.on_update = ReferentialAction::SetNull;
                key.deferral = Deferral::InitiallyImmediate;
            },
            &[
                "drops foreign key trips_user_id_fkey of trips",
                "adds foreign key trips_user_id_fkey from trips (user_id) to users (id)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE RESTRICT ON UPDATE SET NULL DEFERRABLE",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
        ),
        case(
            "NOT VALID is validated",
            |catalog| trips_of(catalog).foreign_keys[0].not_valid = true,
            same,
            &["validates constraint trips_user_id_fkey of trips"],
            &["ALTER TABLE trips VALIDATE CONSTRAINT trips_user_id_fkey"],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE NOT VALID",
            ],
        ),
        case(
            "a foreign key over columns whose type changes on both sides",
            same,
            |catalog| {
                table_of(catalog, "users").columns[0].ty = T::Text;
                trips_of(catalog).columns[1].ty = T::Text;
            },
            &[
                "drops foreign key trips_user_id_fkey of trips",
                "changes type of column trips.user_id from uuid to text",
                "changes type of column users.id from uuid to text",
                "adds foreign key trips_user_id_fkey from trips (user_id) to users (id)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE trips ALTER COLUMN user_id TYPE text",
                "ALTER TABLE users ALTER COLUMN id TYPE text",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_user_id_fkey",
                "ALTER TABLE users ALTER COLUMN id TYPE uuid USING id::uuid",
                "ALTER TABLE trips ALTER COLUMN user_id TYPE uuid USING user_id::uuid",
                "ALTER TABLE trips ADD CONSTRAINT trips_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE",
            ],
        ),
        case(
            "a foreign key to a column that comes with it",
            without,
            |catalog| {
                let users = table_of(catalog, "users");
                users.columns.push(Column { nullable: true, ..Column::new("code", T::Uuid) });
                users.uniques.push(unique("users_code_key", &["code"]));
                trips_of(catalog).foreign_keys =
                    vec![foreign_key("trips_code_fkey", &["user_id"], "users", &["code"])];
            },
            &[
                "adds column users.code uuid",
                "adds unique constraint users_code_key on users (code)",
                "adds foreign key trips_code_fkey from trips (user_id) to users (code)",
            ],
            &[
                "ALTER TABLE users ADD COLUMN code uuid",
                "ALTER TABLE users ADD CONSTRAINT users_code_key UNIQUE (code)",
                "ALTER TABLE trips ADD CONSTRAINT trips_code_fkey FOREIGN KEY (user_id) REFERENCES users (code) ON DELETE CASCADE",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_code_fkey",
                "ALTER TABLE users DROP CONSTRAINT users_code_key",
                "ALTER TABLE users DROP COLUMN code",
            ],
        ),
    ]);
}

#[test]
fn checks_change() {
    check_all(&[
        case(
            "a check comes",
            same,
            |catalog| trips_of(catalog).checks.push(check("trips_title_check", "title <> ''::text")),
            &["adds check trips_title_check on trips: title <> ''::text"],
            &["ALTER TABLE trips ADD CONSTRAINT trips_title_check CHECK (title <> ''::text)"],
            &["ALTER TABLE trips DROP CONSTRAINT trips_title_check"],
        ),
        case(
            "a check changes",
            same,
            |catalog| trips_of(catalog).checks[0].expression = "budget > 0".into(),
            &[
                "drops check trips_budget_check of trips",
                "adds check trips_budget_check on trips: budget > 0",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_budget_check",
                "ALTER TABLE trips ADD CONSTRAINT trips_budget_check CHECK (budget > 0)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_budget_check",
                "ALTER TABLE trips ADD CONSTRAINT trips_budget_check CHECK (budget >= 0)",
            ],
        ),
        case(
            "a NOT VALID check is validated",
            |catalog| trips_of(catalog).checks[0].not_valid = true,
            same,
            &["validates constraint trips_budget_check of trips"],
            &["ALTER TABLE trips VALIDATE CONSTRAINT trips_budget_check"],
            &[
                "ALTER TABLE trips DROP CONSTRAINT trips_budget_check",
                "ALTER TABLE trips ADD CONSTRAINT trips_budget_check CHECK (budget >= 0) NOT VALID",
            ],
        ),
        case(
            "two checks change names with each other",
            |catalog| trips_of(catalog).checks = vec![check("a", "budget > 1"), check("b", "budget > 2")],
            |catalog| trips_of(catalog).checks = vec![check("c", "budget > 1"), check("a", "budget > 2")],
            &[
                "drops check a of trips",
                "drops check b of trips",
                "adds check a on trips: budget > 2",
                "adds check c on trips: budget > 1",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT a",
                "ALTER TABLE trips DROP CONSTRAINT b",
                "ALTER TABLE trips ADD CONSTRAINT a CHECK (budget > 2)",
                "ALTER TABLE trips ADD CONSTRAINT c CHECK (budget > 1)",
            ],
            &[
                "ALTER TABLE trips DROP CONSTRAINT c",
                "ALTER TABLE trips DROP CONSTRAINT a",
                "ALTER TABLE trips ADD CONSTRAINT b CHECK (budget > 2)",
                "ALTER TABLE trips ADD CONSTRAINT a CHECK (budget > 1)",
            ],
        ),
    ]);
}

/// A case in which `idx_x` on `trips` changes from plain to something.
fn index_case(
    name: &'static str,
    change: fn(&mut IndexDefinition),
    words: &'static [&'static str],
    up: &'static [&'static str],
) -> super::Case {
    case(
        name,
        |catalog| trips_of(catalog).indexes.push(index("idx_x", &["title"])),
        move |catalog| {
            let mut changed = index("idx_x", &["title"]);
            change(&mut changed);
            trips_of(catalog).indexes.push(changed);
        },
        words,
        up,
        &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (title)"],
    )
}

#[test]
fn indexes_change() {
    check_all(&[
        index_case(
            "a partial predicate",
            |index| index.predicate = Some("budget > 0".into()),
            &["drops index idx_x of trips", "creates index idx_x on trips (title)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (title) WHERE budget > 0"],
        ),
        index_case(
            "the method",
            |index| index.method = "hash".into(),
            &["drops index idx_x of trips", "creates index idx_x on trips (title)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips USING hash (title)"],
        ),
        index_case(
            "carried columns",
            |index| index.include = vec!["budget".into()],
            &["drops index idx_x of trips", "creates index idx_x on trips (title)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (title) INCLUDE (budget)"],
        ),
        index_case(
            "an operator class and a collation",
            |index| {
                index.keys[0].operator_class = Some("text_pattern_ops".into());
                index.keys[0].collation = Some("C".into());
            },
            &["drops index idx_x of trips", "creates index idx_x on trips (title)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (title COLLATE \"C\" text_pattern_ops)"],
        ),
        index_case(
            "DESC, as the server orders NULLs",
            |index| {
                index.keys[0].descending = true;
                index.keys[0].nulls_first = true;
            },
            &["drops index idx_x of trips", "creates index idx_x on trips (title desc)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (title DESC)"],
        ),
        index_case(
            "DESC with NULLs last, and unique without distinct NULLs",
            |index| {
                index.keys[0].descending = true;
                index.unique = true;
                index.nulls_not_distinct = true;
            },
            &["drops index idx_x of trips", "creates unique index idx_x on trips (title desc)"],
            &[
                "DROP INDEX idx_x",
                "CREATE UNIQUE INDEX idx_x ON trips (title DESC NULLS LAST) NULLS NOT DISTINCT",
            ],
        ),
        index_case(
            "expressions",
            |index| {
                index.keys = vec![
                    part(IndexPartTarget::Expression("lower(title)".into())),
                    part(IndexPartTarget::Expression("budget * 2".into())),
                ];
            },
            &["drops index idx_x of trips", "creates index idx_x on trips (lower(title), budget * 2)"],
            &["DROP INDEX idx_x", "CREATE INDEX idx_x ON trips (lower(title), (budget * 2))"],
        ),
    ]);
}

#[test]
fn indexes_are_kept_up() {
    check_all(&[
        case(
            "an INVALID index",
            |catalog| trips_of(catalog).indexes[0].invalid = true,
            same,
            &["rebuilds INVALID index idx_trips_user_id of trips"],
            &["REINDEX INDEX idx_trips_user_id"],
            &[],
        ),
        case(
            "storage parameters of an index",
            |catalog| trips_of(catalog).indexes[0].with = vec![("fillfactor".into(), "90".into())],
            |catalog| trips_of(catalog).indexes[0].with = vec![("deduplicate_items".into(), "off".into())],
            &["changes storage parameters of index idx_trips_user_id"],
            &[
                "ALTER INDEX idx_trips_user_id SET (deduplicate_items = off)",
                "ALTER INDEX idx_trips_user_id RESET (fillfactor)",
            ],
            &[
                "ALTER INDEX idx_trips_user_id SET (fillfactor = 90)",
                "ALTER INDEX idx_trips_user_id RESET (deduplicate_items)",
            ],
        ),
        case(
            "only the name of an index",
            same,
            |catalog| trips_of(catalog).indexes[0].name = "trips_by_user".into(),
            &["renames index idx_trips_user_id to trips_by_user"],
            &["ALTER INDEX idx_trips_user_id RENAME TO trips_by_user"],
            &["ALTER INDEX trips_by_user RENAME TO idx_trips_user_id"],
        ),
        case(
            "an index comes with storage parameters",
            same,
            |catalog| {
                let mut new = index("idx_trips_title", &["title"]);
                new.with = vec![("fillfactor".into(), "70".into())];
                trips_of(catalog).indexes.push(new);
            },
            &["creates index idx_trips_title on trips (title)"],
            &["CREATE INDEX idx_trips_title ON trips (title) WITH (fillfactor = 70)"],
            &["DROP INDEX idx_trips_title"],
        ),
    ]);
}
