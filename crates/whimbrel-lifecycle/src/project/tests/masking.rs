//! No password in anything that can be shown.

use super::super::{DatabaseUrl, EnvironmentVariables, Secret, SqliteLocation, UrlError};
use super::{Case, everything};

/// Passwords as someone writes them into a URL; every one holds the word that must never be seen.
const AWKWARD: [&str; 22] = [
    "hunter2x",
    "p@hunter2x",
    "hunter2x@",
    "@hunter2x",
    "a:hunter2x",
    ":hunter2x:",
    "hunter2x#1",
    "hunter2x/1",
    "1/hunter2x",
    "hunter2x?a=b",
    "1?hunter2x",
    "1?a=hunter2x",
    "hunter2x%2F",
    "50%hunter2x",
    "%zzhunter2x",
    "hunter2x&x",
    "hunter2x=;'\\",
    "h[hunter2x]",
    "$hunter2x",
    "hunter2x é",
    "//hunter2x",
    "a@b/hunter2x@c",
];

#[test]
fn no_password_is_ever_shown() {
    for password in AWKWARD {
        for template in [
            "postgres://user:PW@host:5432/db",
            "postgres://user:PW@host",
            "postgres://user:PW@",
            "postgres://user:PW",
            "postgresql+psycopg2://:PW@host/db?sslmode=require",
            "mongodb://user:PW@a:27017,b:27018/db?replicaSet=r",
            "mongodb+srv://user:PW@cluster/db",
            "mysql://user:PW@host/db",
            "user:PW@host/db",
            "PW",
            "sqlite:user:PW?key=1",
            "postgres://host/db?password=PW",
            "postgres://host:99999999/db?user=u&passwd=PW",
            "host=h password=PW dbname=d",
        ] {
            // Without a host these are well-formed URLs of another meaning: `p@host` and `host:1/database`.
            if template.ends_with("user:PW") && (password.contains('@') || password.starts_with('1')) {
                continue;
            }
            let text = template.replace("PW", password);
            for case in [
                Case::new("").url(&text),
                Case::new("").process(&[("DATABASE_URL", &text)]),
                Case::new("").dotenv(&format!("DATABASE_URL='{}'\n", text.replace('\'', ""))),
                Case::new(&format!("[environments.development]\nurl = '''{text}'''\n[pool]\nsize = 1\n")),
                Case::new(&format!("[environments.development]\nurl = '''{text}'''\n[pool]\nsise = 1\n")),
                Case::new(&format!("environments.development.url = '''{text}'''\n[pool\nsize = 1\n")),
                Case::new(&format!("# url = '{text}'\n[pool]\nsise = 1\n")),
            ] {
                let shown = match case.open() {
                    Ok(project) => format!("{project:?}{:?}{}", project.settings(), project.url.value),
                    Err(error) => everything(&error),
                };
                assert!(!shown.contains("hunter2x"), "{text}\n{shown}");
                assert!(!format!("{:?}{:?}", case.overrides, case.process).contains("hunter2x"));
            }
        }
    }
}

#[test]
fn the_password_behind_the_mask_is_the_real_one() {
    let table = [
        ("postgres://u:p@w@h/d", "u", "p@w", "postgres://u:p%40w@h/d", "postgres://u:****@h/d"),
        ("postgresql://u:a:b@h", "u", "a:b", "postgres://u:a%3Ab@h", "postgres://u:****@h"),
        ("POSTGRES://u:p%2Fq@h:1/d", "u", "p/q", "postgres://u:p%2Fq@h:1/d", "postgres://u:****@h:1/d"),
        ("postgres://u:50%off@h/d", "u", "50%off", "postgres://u:50%25off@h/d", "postgres://u:****@h/d"),
        ("postgresql+asyncpg://u:p#q@h/d", "u", "p#q", "postgres://u:p%23q@h/d", "postgres://u:****@h/d"),
        ("mongodb://u:p@a,b:2/d?x=1", "u", "p", "mongodb://u:p@a,b:2/d?x=1", "mongodb://u:****@a,b:2/d?x=1"),
        ("postgres://u:p@[::1]:5/d", "u", "p", "postgres://u:p@[::1]:5/d", "postgres://u:****@[::1]:5/d"),
    ];
    for (text, user, password, exposed, shown) in table {
        let url = DatabaseUrl::parse(text).unwrap();
        assert_eq!(url.user().as_deref(), Some(user), "{text}");
        assert_eq!(url.password(), Some(Secret::from(password)), "{text}");
        assert_eq!(url.expose(), exposed);
        assert_eq!(url.to_string(), shown);
        assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
        assert_eq!(DatabaseUrl::parse(&url.expose()).as_ref(), Ok(&url), "parse(print(x)) = x");
    }
    let url = DatabaseUrl::parse("postgres://h/d?user=u&password=s3cret&application_name=a").unwrap();
    assert_eq!(url.to_string(), "postgres://h/d?user=u&password=****&application_name=a");
    assert_eq!(url.expose(), "postgres://h/d?user=u&password=s3cret&application_name=a");
}

#[test]
fn sqlite_urls() {
    let file = |path: &str| Ok(SqliteLocation::File(path.into()));
    let table = [
        ("sqlite:a/b.db", file("a/b.db")),
        ("sqlite://a/b.db", file("a/b.db")),
        ("sqlite:///a/b.db", file("/a/b.db")),
        ("sqlite:/a/b.db", file("/a/b.db")),
        ("sqlite:////a/b.db", file("/a/b.db")),
        ("sqlite+aiosqlite:///b.db", file("b.db")),
        ("sqlite+aiosqlite:////a/b.db", file("/a/b.db")),
        ("sqlite::memory:", Ok(SqliteLocation::Memory)),
        ("sqlite://:memory:", Ok(SqliteLocation::Memory)),
        ("sqlite:", Err(UrlError::NoPath)),
        ("sqlite:///", Err(UrlError::NoPath)),
        ("sqlite:a.db?mode=ro", Err(UrlError::SqliteParameters)),
    ];
    for (text, expected) in table {
        let found = DatabaseUrl::parse(text).map(|url| url.sqlite().cloned().unwrap());
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn wrong_urls_say_what_is_wrong() {
    let table = [
        ("", UrlError::NoScheme),
        ("localhost:5432", UrlError::NoScheme),
        ("postgres:h/d", UrlError::NoScheme),
        ("mysql://h/d", UrlError::UnknownScheme { scheme: "mysql".into() }),
        ("mongodb+foo://h/d", UrlError::UnknownScheme { scheme: "mongodb+foo".into() }),
        ("postgres://u:a/b@h/d", UrlError::Ambiguous),
        ("postgres://h:0/d", UrlError::Port),
        ("postgres://h:70000/d", UrlError::Port),
        ("postgres://h:x/d", UrlError::Port),
        ("postgres://u:p@:5432/d", UrlError::NoHost),
        ("mongodb:///d", UrlError::NoHost),
        ("mongodb+srv://a,b/d", UrlError::Srv),
        ("mongodb+srv://a:1/d", UrlError::Srv),
    ];
    for (text, expected) in table {
        assert_eq!(DatabaseUrl::parse(text), Err(expected), "{text}");
    }
    assert!(DatabaseUrl::parse("postgres:///d?host=/run/postgresql").is_ok());
}

#[test]
fn secrets_and_variables_do_not_show_themselves() {
    assert_eq!(format!("{:?}", Secret::from("hunter2x")), "****");
    let variables = EnvironmentVariables::new().with("DB_PASSWORD", "hunter2x");
    assert_eq!(format!("{variables:?}"), "{\"DB_PASSWORD\"}");
}
