//! Every statement of the closed list: PostgreSQL's in, SQLite's out.

use whimbrel_engine::Relational as _;

use crate::support::{apply, full, memory, step, wait};

/// What stands before each case.
const BEFORE: &str = "
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE TABLE users (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), email varchar(40) NOT NULL UNIQUE, age integer, feeling mood, made timestamptz DEFAULT now(), tags text[] NOT NULL DEFAULT '{}', paid numeric(8,2), active boolean NOT NULL DEFAULT true);
CREATE INDEX idx_users_age ON users (age);
";

fn sent(sql: &str) -> Vec<String> {
    let mut engine = memory();
    apply(&mut engine, "1", BEFORE).unwrap_or_else(|error| panic!("{}", full(&error)));
    let steps = [step("2", sql)];
    let lists = wait(engine.preview(&steps)).unwrap_or_else(|error| panic!("{sql}\n{}", full(&error)));
    // A preview changes nothing, so what it sent must run.
    apply(&mut engine, "2", sql).unwrap_or_else(|error| panic!("{sql}\n{}", full(&error)));
    lists.into_iter().flatten().collect()
}

#[test]
fn each_statement_becomes_sqlites() {
    let cases: &[(&str, &[&str])] = &[
        (
            "CREATE UNIQUE INDEX CONCURRENTLY i ON users USING btree (lower(email), age DESC NULLS LAST) INCLUDE (paid) WITH (fillfactor = 70) WHERE active AND age IS NOT NULL",
            &[
                "CREATE UNIQUE INDEX \"i\" ON \"users\" ((lower_unicode(\"email\")), \"age\" DESC) WHERE \"active\" AND \"age\" IS NOT NULL",
            ],
        ),
        (
            "CREATE INDEX ON users (email varchar_pattern_ops)",
            &["CREATE INDEX \"users_email_idx\" ON \"users\" (\"email\")"],
        ),
        ("CREATE INDEX IF NOT EXISTS idx_users_age ON users (age)", &[]),
        ("DROP INDEX idx_users_age", &["DROP INDEX \"idx_users_age\""]),
        ("DROP INDEX IF EXISTS nothing", &[]),
        (
            "ALTER INDEX idx_users_age RENAME TO other",
            &["DROP INDEX \"idx_users_age\"", "CREATE INDEX \"other\" ON \"users\" (\"age\")"],
        ),
        (
            "ALTER TABLE users ADD COLUMN nick varchar(5) DEFAULT 'x'",
            &[
                "ALTER TABLE \"users\" ADD COLUMN \"nick\" varchar(5) DEFAULT 'x' CONSTRAINT \"whimbrel_type_nick\" CHECK (typeof(\"nick\") IN ('text', 'null') AND length(\"nick\") <= 5)",
            ],
        ),
        ("ALTER TABLE users ADD COLUMN IF NOT EXISTS age integer", &[]),
        ("ALTER TABLE users RENAME TO people", &["ALTER TABLE \"users\" RENAME TO \"people\""]),
        (
            "ALTER TABLE users RENAME COLUMN age TO years",
            &["ALTER TABLE \"users\" RENAME COLUMN \"age\" TO \"years\""],
        ),
        ("ALTER TABLE users SET (fillfactor = 80)", &[]),
        ("ALTER TABLE IF EXISTS nothing ADD COLUMN a integer", &[]),
        ("COMMENT ON COLUMN users.age IS 'in years'", &[]),
        ("CREATE TYPE other AS ENUM ('a')", &[]),
        (
            "CREATE VIEW grown AS SELECT u.email, count(*) AS n FROM users AS u WHERE u.age >= 18 AND u.email ILIKE '%x' GROUP BY u.email ORDER BY n DESC LIMIT 3",
            &[
                "CREATE VIEW \"grown\" AS SELECT \"u\".\"email\", count(*) AS \"n\" FROM \"users\" AS \"u\" WHERE \"u\".\"age\" >= 18 AND like_nocase('%x', \"u\".\"email\") GROUP BY \"u\".\"email\" ORDER BY \"n\" DESC LIMIT 3",
            ],
        ),
        (
            "INSERT INTO users (email, made, tags, paid, feeling) VALUES ('a''b', '2024-01-02 03:04:05+01', ARRAY['x', 'y'], 1.005, 'low')",
            &[
                "INSERT INTO \"users\" (\"email\", \"made\", \"tags\", \"paid\", \"feeling\") VALUES ('a''b', '2024-01-02T02:04:05.000Z', '[\"x\",\"y\"]', 1.01, 'low')",
            ],
        ),
        (
            "INSERT INTO users (email, made, active) VALUES ('d', DEFAULT, 'yes') ON CONFLICT (email) DO UPDATE SET age = excluded.age + 1 RETURNING id",
            &[
                "INSERT INTO \"users\" (\"email\", \"made\", \"active\") VALUES ('d', (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')), TRUE) ON CONFLICT (\"email\") DO UPDATE SET \"age\" = \"excluded\".\"age\" + 1 RETURNING \"id\"",
            ],
        ),
        (
            "INSERT INTO users (email, feeling) SELECT email || '2', 'high'::mood FROM users ON CONFLICT DO NOTHING",
            &[
                "INSERT INTO \"users\" (\"email\", \"feeling\") SELECT \"email\" || '2', 'high' FROM \"users\" WHERE TRUE ON CONFLICT DO NOTHING",
            ],
        ),
        (
            "UPDATE users SET age = 3, made = now() WHERE made < '2024-01-01' AND feeling IS DISTINCT FROM 'low' AND id <> '6F9619FF-8B86-D011-B42D-00C04FC964FF'",
            &[
                "UPDATE \"users\" SET \"age\" = 3, \"made\" = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE \"made\" < '2024-01-01T00:00:00.000Z' AND \"feeling\" IS NOT 'low' AND \"id\" <> '6f9619ff-8b86-d011-b42d-00c04fc964ff'",
            ],
        ),
        (
            "UPDATE users SET (age, paid) = (1, 2.5), feeling = DEFAULT WHERE age = ANY (ARRAY[1, 2]) AND cardinality(tags) > 0",
            &[
                "UPDATE \"users\" SET (\"age\", \"paid\") = (1, 2.5), \"feeling\" = NULL WHERE \"age\" IN (1, 2) AND json_array_length(\"tags\") > 0",
            ],
        ),
        (
            "DELETE FROM users WHERE paid / 2 > 1 AND age / 2 = 1 AND email !~* '^a' AND NOT active",
            &[
                "DELETE FROM \"users\" WHERE CAST(\"paid\" AS REAL) / 2 > 1 AND \"age\" / 2 = 1 AND (NOT regexp_nocase('^a', \"email\")) AND NOT \"active\"",
            ],
        ),
        (
            "SELECT CASE WHEN age IN (1, 2) THEN 'x' ELSE coalesce(email, '') END FROM users WHERE EXISTS (SELECT 1 FROM users)",
            &[
                "SELECT CASE WHEN \"age\" IN (1, 2) THEN 'x' ELSE coalesce(\"email\", '') END FROM \"users\" WHERE EXISTS (SELECT 1 FROM \"users\")",
            ],
        ),
        ("DROP TYPE IF EXISTS nothing", &[]),
        ("DROP TABLE users", &["DROP TABLE \"users\""]),
    ];
    for (sql, expected) in cases {
        assert_eq!(sent(sql), *expected, "{sql}");
    }
}

#[test]
fn a_table_holds_every_type_under_its_declared_name() {
    let sql = "CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a uuid NOT NULL, b numeric(10,2) DEFAULT 0, c timestamp DEFAULT CURRENT_TIMESTAMP, d jsonb, e text[], f mood DEFAULT 'low'::mood, g text GENERATED ALWAYS AS (lower(d2)) STORED, d2 text, CONSTRAINT k CHECK (b >= 0::numeric), FOREIGN KEY (a) REFERENCES users ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED)";
    let expected = r#"CREATE TABLE "t" (
  "id" INTEGER NOT NULL CONSTRAINT "t_pkey" PRIMARY KEY AUTOINCREMENT CONSTRAINT "whimbrel_auto_bigint_always" CHECK (typeof("id") IN ('integer', 'null')),
  "a" uuid_text NOT NULL CONSTRAINT "whimbrel_type_a" CHECK ("a" GLOB '????????-????-????-????-????????????' AND "a" NOT GLOB '*[^0-9a-f-]*' AND length(replace("a", '-', '')) = 32),
  "b" numeric(10,2) DEFAULT 0 CONSTRAINT "whimbrel_type_b" CHECK (typeof("b") IN ('integer', 'real', 'null') AND abs(round("b", 2)) < 100000000),
  "c" timestamp_text DEFAULT (strftime('%Y-%m-%dT%H:%M:%f', 'now')) CONSTRAINT "whimbrel_type_c" CHECK (strftime('%Y-%m-%dT%H:%M:%f', "c") IS "c"),
  "d" jsonb_text CONSTRAINT "whimbrel_type_d" CHECK (typeof("d") IN ('text', 'null') AND json_valid("d")),
  "e" text_array_text CONSTRAINT "whimbrel_type_e" CHECK (CASE WHEN json_valid("e") THEN json_type("e") = 'array' ELSE "e" IS NULL END),
  "f" "mood_enum_text" DEFAULT 'low' CONSTRAINT "whimbrel_type_f" CHECK ("f" IN ('low', 'high')),
  "g" text GENERATED ALWAYS AS (lower_unicode("d2")) STORED CONSTRAINT "whimbrel_type_g" CHECK (typeof("g") IN ('text', 'null')),
  "d2" text CONSTRAINT "whimbrel_type_d2" CHECK (typeof("d2") IN ('text', 'null')),
  CONSTRAINT "k" CHECK ("b" >= 0),
  CONSTRAINT "t_a_fkey" FOREIGN KEY ("a") REFERENCES "users" ("id") ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
)"#;
    assert_eq!(sent(sql), [expected]);
}

#[test]
fn the_list_is_written_down() {
    let text = whimbrel_sqlite::supported_markdown();
    for word in
        ["ALTER TABLE", "gen_random_uuid", "numeric(p, s)", "regexp()", "| timestamptz | timestamptz_text |"]
    {
        assert!(text.contains(word), "{word}");
    }
}
