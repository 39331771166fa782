//! `migrate import alembic`: what Alembic's own script builds, the written migration files build too.

use std::path::PathBuf;
use std::sync::LazyLock;

use whimbrel_testkit::toolchain::Toolchain;
use whimbrel_testkit::{ALEMBIC_PROJECTS, AlembicProject, PostgresVersion};

use crate::catalogue::{dump, introspect};
use crate::project::{Engine, Project, source_folder};

static TOOLCHAIN: LazyLock<Toolchain> = LazyLock::new(|| Toolchain::locate().unwrap());

/// The revisions of this test's own project.
fn revisions(kind: &str) -> PathBuf {
    source_folder("fixtures/alembic").join(kind)
}

/// A script and its way back, as Alembic writes them of one of the folders.
fn scripts(kind: &str, options: &[&str]) -> (String, String) {
    let folder = revisions(kind);
    let up = TOOLCHAIN.alembic_offline(&folder, "heads", false, options).unwrap();
    let down = TOOLCHAIN.alembic_offline(&folder, "heads:base", true, options).unwrap();
    (up, down)
}

/// A project into whose folder a script was imported.
fn imported(engine: Engine, up: &str, down: Option<&str>) -> Project {
    let project = Project::bare(engine);
    project.sandbox.write("up.sql", up).unwrap();
    let mut words = vec!["migrate", "import", "alembic", "up.sql"];
    if let Some(down) = down {
        project.sandbox.write("down.sql", down).unwrap();
        words.extend(["--down", "down.sql"]);
    }
    project.run(&words, 0);
    project
}

/// A database that Alembic's script built, without Alembic's own table.
fn built_by_psql(version: PostgresVersion, scripts: &[&str]) -> Project {
    let project = Project::bare(Engine::Postgres(version));
    for script in scripts {
        project.database().psql(script).unwrap();
    }
    project.database().psql("DROP TABLE alembic_version").unwrap();
    project
}

/// Both databases hold the same objects and rows, by the server's words and by the library's.
fn assert_same(one: &Project, other: &Project, what: &str) {
    assert_eq!(dump(one), dump(other), "{what}");
    assert_eq!(introspect(one), introspect(other), "{what}");
}

fn public_project(name: &str, versions: &[PostgresVersion]) {
    let project: &AlembicProject = ALEMBIC_PROJECTS.iter().find(|project| project.name == name).unwrap();
    let scripts = TOOLCHAIN.alembic_scripts(project).unwrap();
    for version in versions {
        let ours = imported(Engine::Postgres(*version), &scripts.up, scripts.down.as_deref());
        let files = std::fs::read_dir(ours.sandbox.path("migrations")).unwrap();
        let count = files.filter(|file| file.as_ref().unwrap().file_name() != "whimbrel.sum").count();
        assert_eq!(count, project.revisions, "a file a revision");
        ours.run(&["migrate"], 0);
        let theirs = built_by_psql(*version, &[&scripts.up]);
        assert!(!introspect(&theirs).tables.is_empty(), "{name} has tables");
        assert_same(&ours, &theirs, name);
        if let Some(down) = &scripts.down {
            ours.run(&["rollback", "--to", "0"], 0);
            assert_same(&ours, &built_by_psql(*version, &[&scripts.up, down]), "the way back");
        }
    }
}

#[test]
fn argilla() {
    public_project("argilla", &[PostgresVersion::V15, PostgresVersion::V18]);
}

#[test]
fn keylime() {
    public_project("keylime", &[PostgresVersion::V15]);
}

#[test]
fn ckan() {
    public_project("ckan", &[PostgresVersion::V15]);
}

#[test]
fn quetz() {
    public_project("quetz", &[PostgresVersion::V15]);
}

#[test]
fn conda_store() {
    public_project("conda-store", &[PostgresVersion::V15]);
}

#[test]
fn invenio() {
    public_project("invenio", &[PostgresVersion::V15]);
}

#[test]
fn sahara() {
    public_project("sahara", &[PostgresVersion::V15]);
}

#[test]
fn cloudkitty() {
    public_project("cloudkitty", &[PostgresVersion::V15]);
}

#[test]
fn masakari() {
    public_project("masakari", &[PostgresVersion::V15]);
}

#[test]
fn barbican() {
    public_project("barbican", &[PostgresVersion::V15]);
}

#[test]
fn every_shape_of_a_revision_builds_the_same() {
    let (up, down) = scripts("postgres", &["dialect=postgresql"]);
    for version in PostgresVersion::ALL {
        let ours = imported(Engine::Postgres(version), &up, Some(&down));
        ours.run(&["migrate"], 0);
        assert_same(&ours, &built_by_psql(version, &[&up]), "upwards");
        ours.run(&["rollback", "--to", "0"], 0);
        assert_same(&ours, &built_by_psql(version, &[&up, &down]), "the way back");
        ours.run(&["migrate"], 0);
    }
}

#[test]
fn a_transaction_for_each_revision_changes_nothing() {
    let (one, _) = scripts("postgres", &["dialect=postgresql"]);
    let (each, _) = scripts("postgres", &["dialect=postgresql", "each=yes"]);
    assert_ne!(one, each);
    let files = |script: &str| {
        let project = imported(Engine::Sqlite, script, None);
        project.sandbox.read("migrations/whimbrel.sum").unwrap()
    };
    assert_eq!(files(&one), files(&each));
}

#[test]
fn what_runs_outside_a_transaction_does_so_here() {
    let (up, down) = scripts("outside", &["dialect=postgresql"]);
    let ours = imported(Engine::Postgres(PostgresVersion::V15), &up, Some(&down));
    let file = ours.sandbox.read("migrations/0003-o003.sql").unwrap();
    let order = [
        "transaction on",
        "ADD COLUMN",
        "transaction off",
        "CONCURRENTLY",
        "transaction on",
        "orders_size_known",
    ];
    let mut rest = file.as_str();
    for word in order {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("{word} is not next in\n{file}")).1;
    }
    ours.run(&["migrate"], 0);
    assert_same(&ours, &built_by_psql(PostgresVersion::V15, &[&up]), "upwards");
    ours.run(&["rollback", "--to", "0"], 0);
    assert_same(&ours, &built_by_psql(PostgresVersion::V15, &[&up, &down]), "the way back");
}

#[test]
fn sqlite_s_script_builds_the_same_tables() {
    let (up, down) = scripts("sqlite", &["dialect=sqlite"]);
    let ours = imported(Engine::Sqlite, &up, Some(&down));
    ours.run(&["migrate"], 0);
    let theirs = Project::bare(Engine::Sqlite);
    let connection = rusqlite::Connection::open(theirs.database_path()).unwrap();
    connection.execute_batch(&up).unwrap();
    connection.execute_batch("DROP TABLE alembic_version").unwrap();
    let tables = |project: &Project| {
        let mut tables = introspect(project).tables;
        for table in &mut tables {
            // What SQLite prints as it was written, and what it numbers without saying so.
            table.checks.iter_mut().for_each(|check| check.expression.retain(|letter| letter != '"'));
            for column in &mut table.columns {
                column.serial = false;
                column.default = None;
            }
            table.primary_key.iter_mut().for_each(|key| key.name.clear());
            table.foreign_keys.iter_mut().for_each(|key| key.name.clear());
        }
        tables
    };
    assert_eq!(tables(&ours), tables(&theirs));
    let emails = |project: &Project| -> Vec<String> {
        let connection = rusqlite::Connection::open(project.database_path()).unwrap();
        let mut statement = connection.prepare("SELECT id || email FROM customers").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(emails(&ours), emails(&theirs));
    assert_eq!(emails(&ours), ["1ana; -- of the north"]);
    ours.run(&["rollback", "--to", "0"], 0);
    assert!(introspect(&ours).tables.is_empty());
}

#[test]
fn files_are_named_after_their_revisions_and_written_once() {
    let (up, down) = scripts("sqlite", &["dialect=sqlite"]);
    let project = Project::bare(Engine::Sqlite);
    project.sandbox.write("up.sql", &up).unwrap();
    project.sandbox.write("down.sql", &down).unwrap();
    project.sandbox.copy(&revisions("sqlite"), "versions").unwrap();
    let words = ["migrate", "import", "alembic", "up.sql", "--down", "down.sql", "--revisions", "versions"];
    let dry = project.run(&[&words[..], &["--dry-run"]].concat(), 0);
    assert!(dry.stdout.contains("Would write:"), "{}", dry.stdout);
    assert!(!project.sandbox.path("migrations").exists());
    project.run(&words, 0);
    let first = project.sandbox.read("migrations/0001-s001-customers.sql").unwrap();
    assert!(first.starts_with("-- Alembic revision s001\n-- customers\n\n-- whimbrel:up\n"), "{first}");
    assert!(!first.contains("alembic_version"), "{first}");
    project.run(&["migrate", "--to", "0001"], 0);
    let again = project.run(&words, 0);
    assert!(again.stdout.contains("Nothing to write"), "{}", again.stdout);
    assert_eq!(project.sandbox.read("migrations/0001-s001-customers.sql").unwrap(), first);
    project.run(&["migrate"], 0);
}

#[test]
fn a_script_is_read_from_standard_input() {
    use std::io::Write as _;
    let (up, _) = scripts("sqlite", &["dialect=sqlite"]);
    let project = Project::bare(Engine::Sqlite);
    let mut command = project.sandbox.command();
    command.args(["migrate", "import", "alembic", "-"]).stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(up.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    project.run(&["migrate"], 0);
    assert_eq!(introspect(&project).tables.len(), 2);
}

#[test]
fn mistakes_are_named_and_nothing_is_written() {
    let project = Project::bare(Engine::Sqlite);
    let down = "-- Running downgrade a -> \n\nDROP TABLE t;\n";
    for (text, code, words) in [
        ("CREATE TABLE t (id int);\n", "import::syntax", "before the first revision"),
        ("", "import::not_alembic", "holds no revision"),
        ("-- Running upgrade  -> a\n\n\\connect x\n", "import::syntax", "psql"),
        ("-- Running upgrade  -> a\n\nCREATE TABLE `t` (id int);\n", "import::syntax", "MySQL"),
        ("-- Running upgrade  -> a\n\nSELECT 1;\n\n-- Running upgrade  -> a\n", "import::duplicate", "twice"),
        (down, "import::direction", "--down"),
    ] {
        project.sandbox.write("up.sql", text).unwrap();
        let failed = project.run(&["migrate", "import", "alembic", "up.sql"], 1);
        assert!(failed.stderr.contains(code) && failed.stderr.contains(words), "{text:?}: {}", failed.stderr);
    }
    let missing = project.run(&["migrate", "import", "alembic", "nowhere.sql"], 1);
    assert!(missing.stderr.contains("import::file"), "{}", missing.stderr);
    assert!(!project.sandbox.path("migrations").exists());
}
