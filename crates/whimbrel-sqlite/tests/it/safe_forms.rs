//! The forms that keep a PostgreSQL table usable while it changes build on SQLite what the plain forms build.

use crate::support::{apply, catalog, full, memory};

const BEFORE: &str = "
CREATE TABLE owners (id bigint NOT NULL, CONSTRAINT owners_pkey PRIMARY KEY (id));
CREATE TABLE items (id bigint NOT NULL, owner_id bigint, label text, extra text, CONSTRAINT items_pkey PRIMARY KEY (id));
CREATE INDEX items_label ON items (label);
INSERT INTO owners (id) VALUES (1);
INSERT INTO items (id, owner_id, label) VALUES (1, 1, 'one'), (2, 1, 'two'), (3, NULL, 'three');
";

/// Safe statements, and the plain ones that they stand for.
const CASES: &[(&str, &str)] = &[
    (
        "CREATE UNIQUE INDEX CONCURRENTLY labels ON items (label) INCLUDE (extra);
         ALTER TABLE items ADD CONSTRAINT labels UNIQUE USING INDEX labels",
        "ALTER TABLE items ADD CONSTRAINT labels UNIQUE (label) INCLUDE (extra)",
    ),
    (
        "CREATE UNIQUE INDEX CONCURRENTLY items_pkey__new ON items (id, label);
         ALTER TABLE items DROP CONSTRAINT items_pkey;
         ALTER TABLE items ADD CONSTRAINT items_pkey PRIMARY KEY USING INDEX items_pkey__new",
        "ALTER TABLE items DROP CONSTRAINT items_pkey;
         ALTER TABLE items ADD CONSTRAINT items_pkey PRIMARY KEY (id, label)",
    ),
    (
        "CREATE INDEX CONCURRENTLY items_label__new ON items (label, id);
         DROP INDEX items_label;
         ALTER INDEX items_label__new RENAME TO items_label",
        "DROP INDEX items_label; CREATE INDEX items_label ON items (label, id)",
    ),
    ("DROP INDEX CONCURRENTLY items_label", "DROP INDEX items_label"),
    ("REINDEX INDEX CONCURRENTLY items_label", "REINDEX INDEX items_label"),
    (
        "ALTER TABLE items ADD CONSTRAINT items_label__not_null CHECK (label IS NOT NULL) NOT VALID;
         ALTER TABLE items VALIDATE CONSTRAINT items_label__not_null;
         ALTER TABLE items ALTER COLUMN label SET NOT NULL;
         ALTER TABLE items DROP CONSTRAINT items_label__not_null",
        "ALTER TABLE items ALTER COLUMN label SET NOT NULL",
    ),
    (
        "ALTER TABLE items ADD CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES owners (id) NOT VALID;
         ALTER TABLE items VALIDATE CONSTRAINT owned",
        "ALTER TABLE items ADD CONSTRAINT owned FOREIGN KEY (owner_id) REFERENCES owners (id)",
    ),
    (
        "ALTER TABLE items ADD COLUMN token uuid;
         ALTER TABLE items ALTER COLUMN token SET DEFAULT gen_random_uuid();
         UPDATE items SET token = gen_random_uuid() WHERE items.id <= 2 AND (token IS NULL);
         UPDATE items SET token = gen_random_uuid() WHERE items.id > 2 AND (token IS NULL);
         ALTER TABLE items ADD CONSTRAINT items_token__not_null CHECK (token IS NOT NULL) NOT VALID;
         ALTER TABLE items VALIDATE CONSTRAINT items_token__not_null;
         ALTER TABLE items ALTER COLUMN token SET NOT NULL;
         ALTER TABLE items DROP CONSTRAINT items_token__not_null",
        "ALTER TABLE items ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
    ),
];

#[test]
fn safe_forms_build_what_plain_ones_build() {
    for (safe, plain) in CASES {
        let [safe_built, plain_built] = [safe, plain].map(|sql| {
            let mut engine = memory();
            apply(&mut engine, "1", BEFORE).unwrap_or_else(|error| panic!("{}", full(&error)));
            apply(&mut engine, "2", sql).unwrap_or_else(|error| panic!("{sql}\n{}", full(&error)));
            catalog(&mut engine)
        });
        assert_eq!(safe_built, plain_built, "{safe}");
    }
}
