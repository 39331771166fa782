//! `migrate adopt`: the histories of other tools, made by the tools themselves where they are at hand, else as they make them.

use std::process::Command;

use sha2::{Digest as _, Sha384};
use whimbrel_testkit::PostgresVersion;
use whimbrel_testkit::toolchain::Toolchain;

use crate::catalogue::{dump, introspect};
use crate::project::{Engine, Project, source_folder};

/// Runs a test on a server and on a file.
macro_rules! on_both {
    ($($name:ident)*) => {$(
        mod $name {
            #[test]
            fn postgres() {
                super::$name(super::POSTGRES);
            }

            #[test]
            fn sqlite() {
                super::$name(super::Engine::Sqlite);
            }
        }
    )*};
}

on_both! {
    dbmate goose sqlx sqlx_refuses flyway flyway_with_dots alembic alembic_of_several_heads alembic_after_an_import django rails
    what_is_not_a_history a_gap
}

const POSTGRES: Engine = Engine::Postgres(PostgresVersion::V15);

/// Runs SQL as another tool would.
fn execute(project: &Project, sql: &str) {
    match project.engine {
        Engine::Postgres(_) => drop(project.database().psql(sql).unwrap()),
        Engine::Sqlite => {
            rusqlite::Connection::open(project.database_path()).unwrap().execute_batch(sql).unwrap();
        }
    }
}

/// The words of a type on either engine.
fn per_engine<'t>(project: &Project, postgres: &'t str, sqlite: &'t str) -> &'t str {
    if project.engine == Engine::Sqlite { sqlite } else { postgres }
}

/// What stands, but not Whimbrel's own tables.
fn standing(project: &Project) -> String {
    dump(project)
}

/// The versions that count as applied, and how.
fn marked(project: &Project) -> Vec<String> {
    let history = project.run(&["migrate", "history", "--json"], 0).stdout;
    let entries: serde_json::Value = serde_json::from_str(&history).unwrap();
    let mut marked: Vec<String> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["version"].as_str().unwrap(), entry["kind"].as_str().unwrap()))
        .collect();
    marked.sort();
    marked
}

/// Adopts twice: the first time with a look before, the second time nothing is left to do.
fn adopt(project: &Project, words: &[&str]) -> String {
    let before = standing(project);
    let words = [&["migrate", "adopt"], words].concat();
    let dry = project.run(&[&words[..], &["--dry-run"]].concat(), 0).stdout;
    assert!(dry.contains("Would"), "{dry}");
    assert!(marked(project).is_empty(), "a dry run marks nothing");
    let report = project.run(&words, 0).stdout;
    assert!(report.contains("Next: "), "{report}");
    let once = marked(project);
    let again = project.run(&words, 0).stdout;
    assert!(again.contains("taken over already"), "{again}");
    assert_eq!(marked(project), once);
    assert_eq!(standing(project), before, "nothing but Whimbrel's own tables is touched");
    report
}

fn refused(project: &Project, words: &[&str], code: &str, named: &[&str]) {
    let before = standing(project);
    let failed = project.run(&[&["migrate", "adopt"], words].concat(), 1).stderr;
    for word in std::iter::once(&code).chain(named) {
        assert!(failed.contains(word), "{word} is not named in\n{failed}");
    }
    assert_eq!(standing(project), before);
    let history = project.run(&["migrate", "history", "--json"], 0).stdout;
    assert_eq!(history.trim(), "[]");
}

/// A file that makes one table and can undo it, in a tool's form.
fn table_file(up: &str, name: &str, down: &str) -> String {
    format!("{up}\nCREATE TABLE {name} (id integer PRIMARY KEY);\n\n{down}\nDROP TABLE {name};\n")
}

fn dbmate(engine: Engine) {
    let mut project = Project::bare(engine);
    project.sandbox.env("WHIMBREL_ENV", "production");
    let folder = project.sandbox.path("db/migrations");
    let file = |name: &str| table_file("-- migrate:up", name, "-- migrate:down");
    let run_dbmate = |project: &Project| {
        let program = Toolchain::locate().unwrap().dbmate().unwrap();
        let url = match engine {
            Engine::Postgres(_) => format!("{}?sslmode=disable", project.url()),
            Engine::Sqlite => format!("sqlite:{}", project.database_path().display()),
        };
        let mut command = Command::new(program);
        command.arg("--url").arg(url).arg("--migrations-dir").arg(&folder).args(["--no-dump-schema", "up"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    project.sandbox.write("db/migrations/20260101000000_one.sql", file("one")).unwrap();
    project.sandbox.write("db/migrations/20260102000000_two.sql", file("two")).unwrap();
    run_dbmate(&project);
    project.sandbox.write("db/migrations/20260103000000_three.sql", file("three")).unwrap();
    let report = adopt(&project, &["--from", "db/migrations"]);
    assert!(report.contains("20260103000000-three") && report.contains("schema_migrations"), "{report}");
    assert_eq!(marked(&project), ["20260101000000 baseline", "20260102000000 baseline"]);
    project.run(&["migrate"], 0);
    project.run(&["rollback", "--to", "0", "--allow-destructive"], 0);
    let left: Vec<_> = introspect(&project).tables.into_iter().map(|table| table.name.name).collect();
    assert_eq!(left, ["schema_migrations"], "the way back of dbmate's files is ours");
}

fn goose(engine: Engine) {
    let project = Project::bare(engine);
    let columns = per_engine(
        &project,
        "id integer PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, version_id bigint NOT NULL, is_applied boolean NOT NULL, \
         tstamp timestamp NOT NULL DEFAULT now()",
        "id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, is_applied INTEGER NOT NULL, \
         tstamp TIMESTAMP DEFAULT (datetime('now'))",
    );
    let yes = per_engine(&project, "true", "1");
    let no = per_engine(&project, "false", "0");
    execute(
        &project,
        &format!(
            "CREATE TABLE goose_db_version ({columns}); CREATE TABLE one (id integer PRIMARY KEY);
             INSERT INTO goose_db_version (version_id, is_applied) VALUES (0, {yes}), (1, {yes}), (2, {yes}), (2, {no});"
        ),
    );
    for (number, name) in [(1, "one"), (2, "two")] {
        let file = table_file("-- +goose Up", name, "-- +goose Down");
        project.sandbox.write(format!("migrations/0000{number}_{name}.sql"), file).unwrap();
    }
    let report = adopt(&project, &["goose"]);
    assert!(report.contains("00002-two"), "what goose rolled back is pending: {report}");
    assert_eq!(marked(&project), ["00001 baseline"]);
    let pulled = project.run(&["schema", "pull"], 0).stdout;
    let schema = project.sandbox.read("src/schema.rs").unwrap();
    assert!(
        pulled.contains("table goose_db_version") && !schema.contains("goose_db_version"),
        "{pulled}{schema}"
    );
    project.run(&["migrate"], 0);
    project.run(&["rollback", "2"], 0);
}

/// sqlx's table with the files of the folder, as sqlx fills it.
fn sqlx_history(project: &Project, files: &[(i64, &str, &str)], success: bool) {
    let (flag, bytes) = (per_engine(project, "boolean", "BOOLEAN"), per_engine(project, "bytea", "BLOB"));
    let moment = per_engine(
        project,
        "timestamptz NOT NULL DEFAULT now()",
        "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
    );
    execute(
        project,
        &format!(
            "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on {moment}, \
             success {flag} NOT NULL, checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL);"
        ),
    );
    for (version, description, text) in files {
        let checksum: String = Sha384::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        let checksum = match project.engine {
            Engine::Sqlite => format!("x'{checksum}'"),
            Engine::Postgres(_) => format!("'\\x{checksum}'"),
        };
        let success =
            per_engine(project, if success { "true" } else { "false" }, if success { "1" } else { "0" });
        execute(
            project,
            &format!(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ({version}, '{description}', {success}, {checksum}, 1);"
            ),
        );
    }
}

const SQLX_ONE: &str = "CREATE TABLE one (id integer PRIMARY KEY);\n";
const SQLX_TWO: &str = "-- no-transaction\nCREATE TABLE two (id integer PRIMARY KEY)";

fn sqlx(engine: Engine) {
    let project = Project::bare(engine);
    sqlx_history(&project, &[(1, "one", SQLX_ONE), (20_260_102, "the second", SQLX_TWO)], true);
    execute(&project, &format!("{SQLX_ONE}{SQLX_TWO};"));
    for (name, text) in [
        ("0001_one.up.sql", SQLX_ONE),
        ("0001_one.down.sql", "DROP TABLE one;\n"),
        ("20260102_the_second.sql", SQLX_TWO),
        ("20260103_third.sql", "CREATE TABLE three (id integer PRIMARY KEY);"),
    ] {
        project.sandbox.write(format!("migrations/{name}"), text).unwrap();
    }
    let stays = project.run(&["migrate", "adopt", "sqlx"], 1).stderr;
    assert!(stays.contains("adopt::same_folder") && stays.contains("--from sqlx-migrations"), "{stays}");
    std::fs::rename(project.sandbox.path("migrations"), project.sandbox.path("sqlx-migrations")).unwrap();
    let report = adopt(&project, &["--from", "sqlx-migrations"]);
    assert!(report.contains("20260103-third"), "{report}");
    assert_eq!(marked(&project), ["0001 baseline", "20260102 baseline"]);
    let second = project.sandbox.read("migrations/20260102-the-second.sql").unwrap();
    assert!(second.contains("-- whimbrel:transaction off"), "{second}");
    another_database_is_adopted_by_the_files_alone(&project, |other| {
        sqlx_history(other, &[(1, "one", SQLX_ONE)], true);
        execute(other, SQLX_ONE);
    });
    project.run(&["migrate"], 0);
}

/// The tool's own files are gone by then; the converted ones know what they were.
fn another_database_is_adopted_by_the_files_alone(project: &Project, history: impl Fn(&Project)) {
    let other = Project::bare(project.engine);
    other.sandbox.copy(&project.sandbox.path("migrations"), "migrations").unwrap();
    history(&other);
    other.run(&["migrate", "adopt"], 0);
    assert_eq!(marked(&other), ["0001 baseline"]);
    other.run(&["migrate"], 0);
}

fn sqlx_refuses(engine: Engine) {
    let failed = Project::bare(engine);
    sqlx_history(&failed, &[(1, "one", SQLX_ONE)], false);
    failed.sandbox.write("from/0001_one.sql", SQLX_ONE).unwrap();
    refused(&failed, &["--from", "from"], "adopt::failed_entries", &["1 (one)"]);

    let changed = Project::bare(engine);
    sqlx_history(&changed, &[(1, "one", SQLX_ONE), (2, "two", SQLX_TWO)], true);
    changed.sandbox.write("from/0001_one.sql", SQLX_ONE).unwrap();
    refused(&changed, &["--from", "from"], "adopt::missing_files", &["2"]);
    changed.sandbox.write("from/0002_two.sql", format!("{SQLX_TWO} ")).unwrap();
    refused(&changed, &["--from", "from"], "adopt::checksum_mismatch", &["0002_two.sql"]);
    changed.sandbox.write("from/0002_two.sql", SQLX_TWO).unwrap();
    changed.sandbox.write("migrations/0001-one.sql", "-- whimbrel:up\nSELECT 1;\n").unwrap();
    refused(&changed, &["--from", "from"], "adopt::exists", &["0001-one.sql"]);
    refused(&changed, &["--from", "nowhere"], "adopt::no_files", &["nowhere"]);
}

/// Flyway's table with these rows: version, kind, script, checksum, success.
fn flyway_history(project: &Project, rows: &[(&str, &str, &str, &str, bool)]) {
    execute(
        project,
        "CREATE TABLE flyway_schema_history (installed_rank integer NOT NULL PRIMARY KEY, version varchar(50), \
         description varchar(200) NOT NULL, type varchar(20) NOT NULL, script varchar(1000) NOT NULL, checksum integer, \
         installed_by varchar(100) NOT NULL, installed_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP, \
         execution_time integer NOT NULL, success boolean NOT NULL);",
    );
    for (rank, (version, kind, script, checksum, success)) in rows.iter().enumerate() {
        let success =
            per_engine(project, if *success { "true" } else { "false" }, if *success { "1" } else { "0" });
        execute(
            project,
            &format!(
                "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script, checksum, installed_by, \
                 execution_time, success) VALUES ({}, {version}, 'x', '{kind}', '{script}', {checksum}, 'me', 1, {success});",
                rank + 1
            ),
        );
    }
}

/// CRC-32 over the lines without their ends, as zlib has it, signed as Flyway keeps it.
const FLYWAY_ONE: (&str, &str) = ("CREATE TABLE one (id integer PRIMARY KEY);\n", "-917709362");

fn flyway(engine: Engine) {
    let project = Project::bare(engine);
    let (text, checksum) = FLYWAY_ONE;
    flyway_history(
        &project,
        &[
            ("NULL", "SCHEMA", "\"app\"", "NULL", true),
            ("'1'", "SQL", "V1__one.sql", checksum, true),
            ("NULL", "SQL", "R__views.sql", "5", true),
        ],
    );
    execute(&project, text);
    let folder = "src/main/resources/db/migration";
    project.sandbox.write(format!("{folder}/V1__one.sql"), text.replace('\n', "\r\n")).unwrap();
    project.sandbox.write(format!("{folder}/U1__one.sql"), "DROP TABLE one;\n").unwrap();
    project
        .sandbox
        .write(format!("{folder}/V2__two.sql"), "CREATE TABLE two (id integer PRIMARY KEY);\n")
        .unwrap();
    project
        .sandbox
        .write(format!("{folder}/R__views.sql"), "CREATE VIEW v AS SELECT id FROM one;\n")
        .unwrap();
    let report = adopt(&project, &[]);
    for word in ["R__views.sql", "2-two", "Flyway"] {
        assert!(report.contains(word), "{report}");
    }
    assert_eq!(marked(&project), ["1 baseline"]);
    assert!(project.sandbox.path("migrations/R__views.sql").exists());
    project.run(&["migrate"], 0);
    assert!(standing(&project).contains("two"));
    let failed = Project::bare(engine);
    flyway_history(&failed, &[("'1'", "SQL", "V1__one.sql", checksum, false)]);
    failed.sandbox.write("sql/V1__one.sql", text).unwrap();
    refused(&failed, &[], "adopt::failed_entries", &["V1__one.sql", "Flyway"]);
    let code = Project::bare(engine);
    flyway_history(&code, &[("'1'", "JDBC", "db.migration.V1__One", "NULL", true)]);
    refused(&code, &[], "adopt::code_migrations", &["db.migration.V1__One"]);
}

fn flyway_with_dots(engine: Engine) {
    let project = Project::bare(engine);
    let (text, checksum) = FLYWAY_ONE;
    flyway_history(
        &project,
        &[
            ("'1.2'", "BASELINE", "<< Flyway Baseline >>", "NULL", true),
            ("'1.10'", "SQL", "V1_10__one.sql", checksum, true),
        ],
    );
    execute(&project, text);
    for (name, text) in [
        ("V1__first.sql", "CREATE TABLE first (id integer PRIMARY KEY);"),
        ("V1.2__second.sql", "CREATE TABLE second (id integer PRIMARY KEY);"),
        ("V1_10__one.sql", text),
        ("V2__two.sql", "CREATE TABLE two (id integer PRIMARY KEY);"),
    ] {
        project.sandbox.write(format!("sql/{name}"), text).unwrap();
    }
    let report = adopt(&project, &["flyway"]);
    assert!(report.contains("0004-two"), "{report}");
    assert_eq!(marked(&project), ["0001 baseline", "0002 baseline", "0003 baseline"]);
    project.run(&["migrate"], 0);
}

/// The script of Alembic's that makes the tables of this test's own revisions.
fn alembic_script(project: &Project) -> String {
    let (kind, dialect) = match project.engine {
        Engine::Postgres(_) => ("outside", "dialect=postgresql"),
        Engine::Sqlite => ("sqlite", "dialect=sqlite"),
    };
    let versions = source_folder("fixtures/alembic").join(kind);
    Toolchain::locate().unwrap().alembic_offline(&versions, "heads", false, &[dialect]).unwrap()
}

/// A schema that was taken over is complete, and builds the same from nothing.
fn schema_is_complete(project: &Project, own_tables: &[&str]) {
    let status = project.run(&["status", "--exit-code"], 0).stdout;
    let schema = project.sandbox.read("src/schema.rs").unwrap();
    let baseline = project.sandbox.read(project.migration("-baseline.sql")).unwrap();
    for table in own_tables {
        assert!(status.contains(table), "{table} is not reported in\n{status}");
        assert!(
            !schema.contains(table) && !baseline.contains(table),
            "{table} is no part of the schema:\n{schema}"
        );
    }
    project.run(&["migrate", "check"], 0);
    let fresh = Project::bare(project.engine);
    for part in ["src", "migrations"] {
        fresh.sandbox.copy(&project.sandbox.path(part), part).unwrap();
    }
    fresh.run(&["init"], 0);
    let tables = |project: &Project| -> Vec<String> {
        let tables = introspect(project).tables.into_iter().map(|table| table.name.name);
        tables.filter(|name| !own_tables.contains(&name.as_str())).collect()
    };
    assert_eq!(tables(&fresh), tables(project));
}

fn alembic(engine: Engine) {
    let project = Project::bare(engine);
    let script = alembic_script(&project);
    execute(&project, &script);
    let head = per_engine(&project, "o004", "s003");
    let report = adopt(&project, &[]);
    for word in [head, "alembic_version", "src/schema.rs", "0001-baseline", "programs"] {
        assert!(report.contains(word), "{word} is not in\n{report}");
    }
    schema_is_complete(&project, &["alembic_version"]);
    let baseline = project.sandbox.read("migrations/0001-baseline.sql").unwrap();
    assert!(baseline.contains(&format!("Alembic at {head}")), "{baseline}");

    let other = Project::bare(engine);
    for part in ["src", "migrations"] {
        other.sandbox.copy(&project.sandbox.path(part), part).unwrap();
    }
    execute(&other, &script);
    execute(&other, "UPDATE alembic_version SET version_num = 'older'");
    refused(&other, &[], "adopt::other_revision", &["older", head]);
    execute(&other, &format!("UPDATE alembic_version SET version_num = '{head}'"));
    adopt(&other, &["alembic"]);
    other.run(&["migrate", "check"], 0);
    execute(&other, "UPDATE alembic_version SET version_num = 'newer'");
    let gone_on = other.run(&["migrate", "adopt"], 0).stdout;
    assert!(gone_on.contains("gone on to newer"), "{gone_on}");
}

fn alembic_of_several_heads(engine: Engine) {
    let project = Project::bare(engine);
    execute(
        &project,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
         INSERT INTO alembic_version VALUES ('b2'), ('a1');
         CREATE TABLE one (id integer PRIMARY KEY);",
    );
    let report = adopt(&project, &["alembic"]);
    assert!(report.contains("2 heads, a1, b2"), "{report}");
    let declared = Project::bare(engine);
    execute(
        &declared,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY); CREATE TABLE one (id int);",
    );
    declared.declare("// mine\n");
    refused(&declared, &[], "schema::exists", &["--force"]);
    declared.sandbox.write("migrations/0001-a.sql", "-- whimbrel:up\n").unwrap();
    refused(&declared, &[], "adopt::folder_not_empty", &["Alembic"]);
}

/// Files that were imported from a script are marked up to where Alembic stands.
fn alembic_after_an_import(engine: Engine) {
    let project = Project::bare(engine);
    let script = alembic_script(&project);
    project.sandbox.write("up.sql", &script).unwrap();
    project.run(&["migrate", "import", "alembic", "up.sql"], 0);
    let second = per_engine(&project, "o002", "s002");
    let cut = script.find(&format!("-- Running upgrade {second}")).unwrap();
    let end = per_engine(&project, "COMMIT;", "");
    execute(&project, &format!("{}{end}", &script[..cut]));
    let report = adopt(&project, &["alembic"]);
    assert!(report.contains("0003-"), "the third is pending: {report}");
    assert_eq!(marked(&project), ["0001 baseline", "0002 baseline"]);
    assert_eq!(project.run(&["current"], 0).stdout, "0002\n");
    let third = per_engine(&project, "o003", "s003");
    let script = project.run(&["upgrade", &format!("{second}:{third}"), "--sql"], 0).stdout;
    assert!(script.contains("0003") && !script.contains("CREATE TABLE orders"), "{script}");
    project.run(&["upgrade", third], 0);
    assert_eq!(project.run(&["current"], 0).stdout, "0003\n");
    assert!(project.run(&["show", third], 0).stdout.contains(&format!("Alembic revision {third}")));
    project.run(&["migrate"], 0);
    execute(&project, "UPDATE alembic_version SET version_num = 'unknown'");
    let unknown = project.run(&["migrate", "adopt", "alembic"], 1).stderr;
    assert!(unknown.contains("adopt::missing_files") && unknown.contains("unknown"), "{unknown}");
}

fn django(engine: Engine) {
    let project = Project::bare(engine);
    let database = match engine {
        Engine::Postgres(_) => project.url().to_owned(),
        Engine::Sqlite => project.database_path().display().to_string(),
    };
    Toolchain::locate().unwrap().django_migrate(&database).unwrap();
    let report = adopt(&project, &[]);
    for word in ["auth.0012_alter_user_first_name_max_length", "sessions.0001_initial", "django_migrations"] {
        assert!(report.contains(word), "{word} is not in\n{report}");
    }
    schema_is_complete(&project, &["django_migrations"]);
}

fn rails(engine: Engine) {
    let project = Project::bare(engine);
    execute(
        &project,
        "CREATE TABLE schema_migrations (version character varying NOT NULL PRIMARY KEY);
         CREATE TABLE ar_internal_metadata (key character varying NOT NULL PRIMARY KEY, value character varying, \
         created_at timestamp(6) NOT NULL, updated_at timestamp(6) NOT NULL);
         INSERT INTO schema_migrations VALUES ('20260101000000'), ('20260301000000'), ('20260201000000');
         CREATE TABLE posts (id integer PRIMARY KEY, title character varying);",
    );
    let report = adopt(&project, &[]);
    for word in ["Rails", "3 versions", "20260301000000", "ar_internal_metadata"] {
        assert!(report.contains(word), "{word} is not in\n{report}");
    }
    schema_is_complete(&project, &["schema_migrations", "ar_internal_metadata"]);
}

fn what_is_not_a_history(engine: Engine) {
    let project = Project::bare(engine);
    refused(&project, &[], "adopt::not_found", &["alembic_version", "flyway_schema_history"]);
    execute(
        &project,
        "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",
    );
    refused(&project, &["dbmate"], "adopt::not_found", &["version, dirty"]);
    execute(&project, "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)");
    refused(&project, &["django"], "adopt::not_found", &["django_migrations"]);
    execute(
        &project,
        "CREATE TABLE django_migrations (id integer PRIMARY KEY, app text, name text, applied text)",
    );
    refused(&project, &[], "adopt::several", &["alembic", "django"]);
    project.run(&["migrate", "adopt", "liquibase"], 2);
}

fn a_gap(engine: Engine) {
    let project = Project::bare(engine);
    execute(
        &project,
        "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY); INSERT INTO schema_migrations VALUES ('1'), ('3');",
    );
    for (number, name) in [(1, "one"), (2, "two"), (3, "three")] {
        let file = table_file("-- migrate:up", name, "-- migrate:down");
        project.sandbox.write(format!("migrations/{number}_{name}.sql"), file).unwrap();
    }
    refused(&project, &[], "adopt::gap", &["2-two", "dbmate up"]);
    std::fs::remove_file(project.sandbox.path("migrations/3_three.sql")).unwrap();
    refused(&project, &[], "adopt::missing_files", &["3", "dbmate"]);
}
