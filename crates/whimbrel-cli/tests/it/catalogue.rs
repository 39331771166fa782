//! What stands in a database, read through the product's library and, on PostgreSQL, by `psql` as well.

use whimbrel_engine::Scope;
use whimbrel_postgres::{Postgres, PostgresOptions};
use whimbrel_schema::catalog::Catalog;
use whimbrel_sqlite::{Sqlite, SqliteOptions, register_functions};

use crate::project::{Engine, Project};

/// What the server says of every object, in its own words and without any of the product's code.
/// Columns are sorted by name: PostgreSQL puts one that comes back last.
const SERVER_WORDS: &str = include_str!("fixtures/catalogue.sql");
/// A statement per table that shows its rows, whatever the order of their columns.
const ROWS: &str = r"
    SELECT format('SELECT %L, to_jsonb(t) FROM %I.%I t ORDER BY 2', tablename, schemaname, tablename)
    FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename NOT LIKE 'whimbrel\_%'
    ORDER BY 1 \gexec";

/// The same of SQLite.
const SQLITE_WORDS: &str = include_str!("fixtures/catalogue.sqlite.sql");

/// Runs a future on this thread.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Connects to the project's database through the library.
pub(crate) async fn connect(project: &Project) -> Box<dyn whimbrel_engine::Engine> {
    match project.engine {
        Engine::Postgres(_) => {
            Box::new(Postgres::connect(&PostgresOptions::new(project.url())).await.unwrap())
        }
        Engine::Sqlite => Box::new(Sqlite::open(&SqliteOptions::file(project.database_path())).unwrap()),
    }
}

/// The whole catalogue as the library reads it.
pub(crate) fn introspect(project: &Project) -> Catalog {
    let scope = Scope { schemas: ["public", "billing"].map(str::to_owned).to_vec() };
    wait(async {
        let mut engine = connect(project).await;
        engine.relational().expect("the engine is relational").introspect(&scope).await.unwrap()
    })
}

/// What asks the server for every object and every row; `psql` runs it.
pub(crate) fn server_words() -> String {
    format!("{SERVER_WORDS}\n{ROWS}")
}

/// Every object of the database as text, and every row.
pub(crate) fn dump(project: &Project) -> String {
    match project.engine {
        Engine::Postgres(_) => project.database().psql(&server_words()).unwrap(),
        Engine::Sqlite => sqlite_dump(project),
    }
}

/// What SQLite says of its tables, what the library reads (conditions, enums), and the rows.
fn sqlite_dump(project: &Project) -> String {
    let mut catalogue = introspect(project);
    for table in &mut catalogue.tables {
        table.columns.sort_by(|a, b| a.name.cmp(&b.name));
    }
    let connection = rusqlite::Connection::open(project.database_path()).unwrap();
    register_functions(&connection).unwrap();
    let query = |sql: &str| -> String {
        let mut statement = connection.prepare(sql).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(Result::unwrap).fold(String::new(), |text, line| text + &line + "\n")
    };
    let mut dump = query(SQLITE_WORDS);
    for table in &catalogue.tables {
        // JSON has no bytes.
        let value =
            |name: &str| format!("'{name}', iif(typeof(\"{name}\") = 'blob', hex(\"{name}\"), \"{name}\")");
        let pairs: Vec<_> = table.columns.iter().map(|column| value(&column.name)).collect();
        let object = format!("json_object({})", pairs.join(", "));
        dump += &query(&format!("SELECT '{0}|' || {object} FROM \"{0}\" ORDER BY 1", table.name));
    }
    format!("{dump}{}", serde_json::to_string_pretty(&catalogue).unwrap())
}
