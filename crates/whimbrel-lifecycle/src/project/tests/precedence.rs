//! Which of several places decides, and that the place is told.

use super::super::{DataModel, EnvironmentVariables, Origin, Overrides, Project, VariableFrom};
use super::{Case, code, setting};

/// Each rank of a URL alone beats all below it.
#[test]
fn url_follows_the_ranks() {
    let toml = "[variables]\nurl = [\"APP_DB\", \"APP_DB_OLD\"]\nhost = \"PG_HOST\"\n\
                [environments.development]\nurl = \"postgres://file/d\"\n";
    let ranks: [(&str, &str, &str, &str); 7] = [
        ("WHIMBREL_URL", "postgres://own/d", "postgres://own/d", "WHIMBREL_URL in the environment"),
        ("APP_DB", "postgres://mapped/d", "postgres://mapped/d", "APP_DB in the environment"),
        ("APP_DB_OLD", "postgres://second/d", "postgres://second/d", "APP_DB_OLD in the environment"),
        ("PG_HOST", "part", "postgres://part", "PG_HOST in the environment"),
        ("DATABASE_URL", "postgres://known/d", "postgres://known/d", "DATABASE_URL in the environment"),
        ("DB_NAME", "shop", "postgres://localhost/shop", "DB_NAME in the environment"),
        ("UNRELATED", "x", "postgres://file/d", "whimbrel.toml:5"),
    ];
    for from in 0..ranks.len() {
        let mut case = Case::new(toml);
        for (name, value, ..) in &ranks[from..] {
            // The database's name would complete the composed URL of the mapped host.
            if *name != "DB_NAME" || from >= 4 {
                case = case.process(&[(name, value)]);
            }
        }
        let (_, _, url, origin) = ranks[from];
        let expected = (url.to_owned(), origin.to_owned());
        assert_eq!(setting(&case.project(), "url"), expected, "rank {from}");
        let flagged = case.url("sqlite:flag.db").project();
        assert_eq!(setting(&flagged, "url"), ("sqlite:flag.db".into(), "--url".into()));
    }
}

#[test]
fn a_process_variable_goes_before_dotenv_and_both_tell_their_place() {
    let case = Case::new("").dotenv("# first\nDATABASE_URL=postgres://dotenv/d\n");
    let project = case.project();
    assert_eq!(project.url.to_string(), "postgres://dotenv/d");
    let Origin::Variable(source) = &project.url.origin else { panic!("{:?}", project.url.origin) };
    let expected = VariableFrom::DotEnv { path: case.path().join(".env"), line: 2 };
    assert_eq!((source.name.as_str(), &source.from), ("DATABASE_URL", &expected));
    let case = case.process(&[("DATABASE_URL", "postgres://process/d")]);
    assert_eq!(setting(&case.project(), "url").1, "DATABASE_URL in the environment");
    // An empty variable of the process says nothing, and hides the one of .env as it would in a shell.
    let case = case.process(&[("DATABASE_URL", "")]);
    assert_eq!(setting(&case.project(), "url"), ("sqlite:.whimbrel/development.db".into(), "default".into()));
}

#[test]
fn environment_follows_the_ranks() {
    let toml = "default_environment = \"ci\"\n[variables]\nenvironment = \"NODE_ENV\"\n\
                [environments.ci]\nurl = \"sqlite:ci.db\"\n";
    let case = Case::new(toml);
    assert_eq!(setting(&case.project(), "environment"), ("ci".into(), "whimbrel.toml:1".into()));
    let case = case.process(&[("NODE_ENV", "test")]);
    assert_eq!(
        setting(&case.project(), "environment"),
        ("test".into(), "NODE_ENV in the environment".into())
    );
    let case = case.process(&[("WHIMBREL_ENV", "development")]);
    let expected = ("development".into(), "WHIMBREL_ENV in the environment".into());
    assert_eq!(setting(&case.project(), "environment"), expected);
    assert_eq!(setting(&case.env("ci").project(), "environment"), ("ci".into(), "--env".into()));
    assert_eq!(setting(&Case::new("").project(), "environment"), ("development".into(), "default".into()));
}

#[test]
fn a_pool_setting_follows_the_ranks() {
    let toml = "[variables]\npool.size = \"DB_POOL_SIZE\"\npool.recycle = \"DB_RECYCLE\"\n[pool]\nsize = 3\n\
                [environments.test]\npool.size = 4\n";
    let size = |case: &Case| setting(&case.project(), "pool.size");
    assert_eq!(size(&Case::new("")), ("10".into(), "default".into()));
    assert_eq!(size(&Case::new(toml)), ("3".into(), "whimbrel.toml:5".into()));
    let case = Case::new(toml).env("test");
    assert_eq!(size(&case), ("4".into(), "whimbrel.toml:7".into()));
    let case = case.process(&[("DB_POOL_SIZE", "5"), ("DB_RECYCLE", "3600")]);
    assert_eq!(size(&case), ("5".into(), "DB_POOL_SIZE in the environment".into()));
    assert_eq!(setting(&case.project(), "pool.recycle").0, "1h");
    let case = case.process(&[("WHIMBREL_POOL_SIZE", "6")]);
    assert_eq!(size(&case), ("6".into(), "WHIMBREL_POOL_SIZE in the environment".into()));
}

#[test]
fn parts_make_a_url_with_every_letter_encoded() {
    let case = Case::new("").process(&[
        ("DB_HOST", "db.example"),
        ("DB_PORT", "5433"),
        ("DB_NAME", "my shop"),
        ("DB_USER", "a@b"),
        ("DB_PASSWORD", "p:/?#@ %"),
    ]);
    let url = case.project().url;
    assert_eq!(url.expose(), "postgres://a%40b:p%3A%2F%3F%23%40%20%25@db.example:5433/my%20shop");
    assert_eq!(url.password().unwrap().expose(), "p:/?#@ %");
    assert_eq!(url.database().as_deref(), Some("my shop"));
    let Origin::Variables { variables } = &url.origin else { panic!("{:?}", url.origin) };
    let names: Vec<&str> = variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DB_NAME"]);
    // A password or a user alone makes no URL.
    let lonely = Case::new("").process(&[("DB_PASSWORD", "x"), ("DB_USER", "y"), ("DB_PORT", "1")]);
    assert_eq!(lonely.project().url.origin, Origin::Default);
}

#[test]
fn documents_have_their_own_variables() {
    let toml = "model = \"document\"\n";
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[("MONGODB_URI", "mongodb://a/x"), ("MONGODB_URL", "mongodb://b/y")], "mongodb://a/x"),
        (
            &[("MONGODB_URL", "mongodb://b/?maxPoolSize=50"), ("MONGODB_DATABASE", "travel")],
            "mongodb://b/travel?maxPoolSize=50",
        ),
        (&[("MONGODB_URI", "mongodb://b"), ("DATABASE_NAME", "wayra")], "mongodb://b/wayra"),
        (
            &[("MONGODB_URI", "mongodb://u:p@b/admin"), ("MONGODB_DATABASE", "t")],
            "mongodb://u:****@b/t?authSource=admin",
        ),
        (&[("DB_HOST", "h"), ("DB_NAME", "n")], "mongodb://h/n"),
        (&[("MONGODB_DATABASE", "alone")], "sqlite:.whimbrel/development.db"),
    ];
    for (variables, url) in cases {
        let project = Case::new(toml).process(variables).project();
        assert_eq!(project.url.to_string(), url);
        assert_eq!(project.model.value, DataModel::Document);
    }
}

#[test]
fn defaults_depend_on_the_environment() {
    let toml = "[environments.staging]\nurl = \"postgres://s/d\"\n[environments.production]\nurl = \"postgres://p/d\"\n";
    let table = [
        ("development", "false", "debug", "text", "true", "sqlite:.whimbrel/development.db"),
        ("test", "false", "warn", "text", "false", "sqlite:.whimbrel/test.db"),
        ("staging", "true", "info", "text", "false", "postgres://s/d"),
        ("production", "true", "info", "json", "false", "postgres://p/d"),
    ];
    for (environment, protected, level, format, sql, url) in table {
        let project = Case::new(toml).env(environment).project();
        let value = |key| setting(&project, key).0;
        assert_eq!(value("protected"), protected, "{environment}");
        assert_eq!(value("logging.level"), level, "{environment}");
        assert_eq!(value("logging.format"), format, "{environment}");
        assert_eq!(value("logging.sql"), sql, "{environment}");
        assert_eq!(value("url"), url, "{environment}");
    }
}

#[test]
fn ssl_mode_of_the_url_goes_before_the_file_and_behind_a_variable() {
    let toml = "[postgres]\nssl_mode = \"disable\"\n";
    let case = Case::new(toml).url("postgres://h/d?sslmode=verify-full&sslrootcert=ca.pem");
    let project = case.project();
    assert_eq!(setting(&project, "postgres.ssl_mode"), ("verify-full".into(), "--url".into()));
    assert_eq!(setting(&project, "postgres.ssl_root_cert").0, "ca.pem");
    let plain = project.url.value.without_parameters(&["sslmode", "sslrootcert"]);
    assert_eq!(plain.expose(), "postgres://h/d");
    let case = case.process(&[("WHIMBREL_POSTGRES_SSL_MODE", "require")]);
    assert_eq!(setting(&case.project(), "postgres.ssl_mode").0, "require");
}

#[test]
fn debug_variable_raises_the_level_for_its_namespace() {
    let toml = "name = \"wayra\"\n[variables]\ndebug = \"DEBUG\"\n[logging]\nlevel = \"error\"\n";
    let table = [
        ("wayra:database", "debug"),
        ("wayra:*", "debug"),
        ("express:*,wayra:data*", "debug"),
        ("*", "debug"),
        ("1", "debug"),
        ("0", "error"),
        ("express:*", "error"),
        ("*,-wayra:*", "error"),
    ];
    for (value, level) in table {
        let project = Case::new(toml).process(&[("DEBUG", value)]).project();
        assert_eq!(setting(&project, "logging.level").0, level, "{value}");
    }
}

#[test]
fn the_nearest_file_upwards_is_found() {
    let case = Case::new("name = \"up\"\n");
    let deep = case.path().join("a/b");
    std::fs::create_dir_all(&deep).unwrap();
    assert_eq!(Project::find(&deep).unwrap(), case.path());
    let none = EnvironmentVariables::new();
    let error = Project::open(Some(&deep), &Overrides::default(), &none).unwrap_err();
    assert_eq!(code(&error), "project::not_found");
    let file = case.path().join("whimbrel.toml");
    let project = Project::open(Some(&file), &Overrides::default(), &none).unwrap();
    assert_eq!((project.name.value.as_str(), project.folder.as_path()), ("up", case.path()));
}

#[test]
fn paths_begin_at_the_projects_folder() {
    let case = Case::new("schema = \"./db/schema.json\"\n");
    let project = case.project();
    assert_eq!(*project.schema_path, case.path().join("db/schema.json"));
    assert_eq!(*project.migrations_folder, case.path().join("migrations"));
    let expected = format!("sqlite:{}", case.path().join(".whimbrel/development.db").display());
    assert_eq!(project.url.expose(), expected);
    assert_eq!(setting(&project, "schema"), ("db/schema.json".into(), "whimbrel.toml:1".into()));
}

#[test]
fn mongodb_settings_of_the_url_go_before_the_file() {
    let toml = "model = \"document\"\n[mongodb]\ntls = true\ntls_ca_file = \"own.pem\"\nserver_selection_timeout = \"3s\"\n";
    let case = Case::new(toml).url("mongodb://h/d?tls=false&serverSelectionTimeoutMS=700&appName=x");
    let project = case.project();
    assert_eq!(setting(&project, "mongodb.tls"), ("false".into(), "--url".into()));
    assert_eq!(setting(&project, "mongodb.server_selection_timeout"), ("700ms".into(), "--url".into()));
    assert_eq!(setting(&project, "mongodb.application_name").0, "x");
    assert_eq!(setting(&project, "mongodb.tls_ca_file").0, "own.pem");
    let case = case.process(&[("WHIMBREL_MONGODB_SERVER_SELECTION_TIMEOUT", "2s")]);
    assert_eq!(setting(&case.project(), "mongodb.server_selection_timeout").0, "2s");
}
