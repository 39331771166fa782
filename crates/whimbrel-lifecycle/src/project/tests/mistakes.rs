//! Every kind of mistake in whimbrel.toml has its code, its line, its caret and a next step.

use miette::Diagnostic;

use super::super::ProjectError;
use super::{Case, code, everything, under_caret};

/// A text, and what is expected: code, line, the text under the caret, a part of the help or the message.
type Mistake = (&'static str, &'static str, usize, &'static str, &'static str);

const UNKNOWN: &str = "project::unknown_key";
const TYPE: &str = "project::wrong_type";
const VALUE: &str = "project::bad_value";

const MISTAKES: &[Mistake] = &[
    ("nmae = \"x\"", UNKNOWN, 1, "nmae", "did you mean `name`?"),
    ("\n[pool]\nsise = 1", UNKNOWN, 3, "sise", "did you mean `size`?"),
    ("size = 5", UNKNOWN, 1, "size", "`size` stands in [pool]"),
    ("[pool]\nmodel = \"document\"", UNKNOWN, 2, "model", "at the head of the file"),
    ("[pol]\nsize = 1", UNKNOWN, 1, "pol", "did you mean `pool`?"),
    ("[pool]\nxyzzy = 1", UNKNOWN, 2, "xyzzy", "[pool] takes acquire_timeout, connect_timeout"),
    ("\"pool.size\" = 1", UNKNOWN, 1, "\"pool.size\"", "`size` stands in [pool]"),
    ("[environments.test]\nulr = \"sqlite:x\"", UNKNOWN, 2, "ulr", "did you mean `url`?"),
    ("[environments.test.pool]\nsizes = 1", UNKNOWN, 2, "sizes", "did you mean `size`?"),
    ("[environments.\"a/b\"]\n", UNKNOWN, 1, "\"a/b\"", "letters, digits"),
    ("[variables]\nusr = \"X\"", UNKNOWN, 2, "usr", "did you mean `user`?"),
    ("name = 5", TYPE, 1, "5", "a string, not an integer"),
    ("name = { a = 1 }", TYPE, 1, "{ a = 1 }", "not a table"),
    ("pool = 5", TYPE, 1, "5", "[pool]"),
    ("environments = \"x\"", TYPE, 1, "\"x\"", "[environments]"),
    ("[pool]\nsize = \"10\"", TYPE, 2, "\"10\"", "leave the quotes out"),
    ("[pool]\nsize = 1.5", TYPE, 2, "1.5", "a number with a fraction"),
    ("[pool]\npre_ping = \"true\"", TYPE, 2, "\"true\"", "without quotes"),
    ("[pool]\npre_ping = 1", TYPE, 2, "1", "true or false"),
    ("[pool]\nrecycle = 3600", TYPE, 2, "3600", "write the unit"),
    ("[pool]\nrecycle = 2026-01-01", TYPE, 2, "2026-01-01", "a date or time"),
    ("[postgres]\nschemas = \"public\"", TYPE, 2, "\"public\"", "a list of strings"),
    ("[postgres]\nschemas = [1]", TYPE, 2, "[1]", "a list of other things"),
    ("[variables]\nurl = true", TYPE, 2, "true", "a variable's name"),
    ("[pool]\nsize = 0", VALUE, 2, "0", "from 1 to 10000"),
    ("[pool]\nsize = -1", VALUE, 2, "-1", "from 1 to 10000"),
    ("[pool]\nsize = 9_999_999_999", VALUE, 2, "9_999_999_999", "from 1 to 10000"),
    ("[pool]\nrecycle = \"3600\"", VALUE, 2, "\"3600\"", "is not a duration"),
    ("[pool]\nrecycle = \"1 hour\"", VALUE, 2, "\"1 hour\"", "is not a duration"),
    ("[pool]\nrecycle = \"60d\"", VALUE, 2, "\"60d\"", "longer than 24 days"),
    ("[pool]\nconnect_timeout = \"0s\"", VALUE, 2, "\"0s\"", "cannot be zero"),
    ("model = \"relationl\"", VALUE, 1, "\"relationl\"", "did you mean \"relational\"?"),
    ("[sqlite]\nsynchronous = \"off\"", VALUE, 2, "\"off\"", "\"full\" or \"normal\""),
    ("[postgres]\nssl_mode = \"verify_full\"", VALUE, 2, "\"verify_full\"", "did you mean \"verify-full\"?"),
    ("[variables]\nurl = \"postgres-x\"", VALUE, 2, "\"postgres-x\"", "never the value itself"),
    ("[variables]\nurl = []", VALUE, 2, "[]", "at least one name"),
    ("schema = \"\"", VALUE, 1, "\"\"", "is empty"),
    ("schema = \"${A\"", VALUE, 1, "\"${A\"", "neither `${NAME}`"),
    ("schema = \"${A:-b\"", VALUE, 1, "\"${A:-b\"", "no `}` closes"),
    ("schema = \"${}\"", VALUE, 1, "\"${}\"", "without a variable's name"),
    ("[pool]\nsize = \"${N:-many}\"", VALUE, 2, "\"${N:-many}\"", "from 1 to 10000"),
    ("schema = \"db/${DIR}/s.rs\"", "project::unset_variable", 1, "${DIR}", "set DIR"),
    (
        "default_environment = \"stagin\"\n[environments.staging]\n",
        "project::unknown_environment",
        1,
        "\"stagin\"",
        "did you mean `staging`?",
    ),
    (
        "[environments.development]\nurl = \"mysql://h/d\"",
        "project::bad_url",
        2,
        "\"mysql://****\"",
        "`mysql` is not known; accepted are postgres://",
    ),
    (
        "[environments.development]\nurl = \"mongodb://h/d\"",
        "project::bad_url",
        2,
        "\"mongodb://h/d\"",
        "does not fit model = \"relational\"",
    ),
    ("name = x", "project::syntax", 1, "x", "quotes"),
    ("name = \"a\"\nname = \"b\"", "project::syntax", 2, "name", "each key stands once"),
    ("[pool\nsize = 1", "project::syntax", 1, "", "TOML"),
];

#[test]
fn each_mistake_is_named_at_its_place() {
    for (toml, expected_code, line, caret, part) in MISTAKES {
        let error = Case::new(toml).error();
        assert_eq!(code(&error), *expected_code, "{toml}\n{error}");
        assert_eq!(error.line(), Some(*line), "{toml}");
        assert_eq!(under_caret(&error), *caret, "{toml}");
        let help = error.help().map(|help| help.to_string()).unwrap_or_default();
        assert!(!help.is_empty(), "{toml}");
        assert!(format!("{error} {help}").contains(part), "{toml}\n{error}\n{help}");
    }
}

#[test]
fn the_first_mistake_of_several_is_reported() {
    let error = Case::new("[sqlite]\nbusy_timeout = 5\n[pool]\nsise = 1\n").error();
    assert_eq!((code(&error).as_str(), error.line()), (TYPE, Some(2)));
}

#[test]
fn carets_stand_right_behind_a_masked_url() {
    let toml = "environments.test = { url = \"postgres://u:hunter2x@h/d\", protectd = true }\n";
    let error = Case::new(toml).error();
    assert_eq!(under_caret(&error), "protectd");
    let shown = everything(&error);
    assert!(shown.contains("url = \"postgres://u:****@h/d\", protectd = true"), "{shown}");
}

#[test]
fn only_values_in_use_need_their_variables() {
    let toml = "[environments.production]\nurl = \"postgres://app:${PROD_PASSWORD}@db/app\"\npool.size = \"${PROD_POOL}\"\n";
    let case = Case::new(toml);
    assert_eq!(case.project().environment.value, "development");
    let error = case.env("production").error();
    assert_eq!(code(&error), "project::unset_variable");
    let case = Case::new(toml).env("production").process(&[("PROD_PASSWORD", "a@b/c"), ("PROD_POOL", "7")]);
    let error = case.error();
    assert_eq!(code(&error), "project::bad_url");
    assert!(!everything(&error).contains("b/c"), "{}", everything(&error));
    let project = case.process(&[("PROD_PASSWORD", "a%40b%2Fc")]).project();
    assert_eq!(project.url.password().unwrap().expose(), "a@b/c");
    assert_eq!(project.url.origin.to_string(), "whimbrel.toml:2 through PROD_PASSWORD in the environment");
    assert_eq!(project.pool.size.value, 7);
}

#[test]
fn production_without_a_url_names_the_variable() {
    let table = [
        ("", "set DATABASE_URL or WHIMBREL_URL"),
        ("model = \"document\"", "set MONGODB_URI or WHIMBREL_URL"),
        ("[variables]\nurl = \"APP_DB\"", "set APP_DB or WHIMBREL_URL"),
        (
            "[variables]\nhost = \"DB_HOST\"\ndatabase = \"DB_NAME\"",
            "set DB_HOST and DB_NAME or WHIMBREL_URL",
        ),
        ("[environments.production]\nurl = \"${PROD_URL:-}\"", "set DATABASE_URL or WHIMBREL_URL"),
    ];
    for (toml, expected) in table {
        let error = Case::new(toml).env("production").error();
        assert_eq!(code(&error), "project::no_url", "{toml}");
        let help = error.help().unwrap().to_string();
        assert!(help.starts_with(expected), "{help}");
        assert!(help.contains("[environments.production]"), "{help}");
    }
}

#[test]
fn bad_variables_are_named_without_their_value() {
    let table = [
        ("WHIMBREL_POOL_SIZE", "many", "pool.size"),
        ("WHIMBREL_POOL_PRE_PING", "maybe", "pool.pre_ping"),
        ("WHIMBREL_POOL_LOCK_TIMEOUT", "soonish", "pool.lock_timeout"),
        ("WHIMBREL_LOGGING_LEVEL", "verbose", "logging.level"),
    ];
    for (name, value, key) in table {
        let error = Case::new("").process(&[(name, value)]).error();
        assert_eq!(code(&error), VALUE);
        let message = error.to_string();
        assert!(message.contains(name) && message.contains(key) && !message.contains(value), "{message}");
    }
    let error = Case::new("[pool]\nsize = 2\nmin = 3\n").error();
    assert_eq!(code(&error), VALUE);
    assert!(error.to_string().contains("above pool.size"), "{error}");
}

#[test]
fn unknown_environments_have_a_suggestion_and_an_origin() {
    for (name, near) in [("prod", "production"), ("dev", "development"), ("tset", "test")] {
        let error = Case::new("").env(name).error();
        assert_eq!(code(&error), "project::unknown_environment");
        assert!(error.to_string().contains("--env"), "{error}");
        assert!(error.help().unwrap().to_string().contains(near), "{name}");
    }
    let error = Case::new("").dotenv("WHIMBREL_ENV=../x\n").error();
    assert!(error.to_string().contains("WHIMBREL_ENV in .env:1"), "{error}");
}

#[test]
fn a_file_that_is_not_text_is_unreadable() {
    let case = Case::new("");
    std::fs::write(case.path().join("whimbrel.toml"), [0xff, 0xfe]).unwrap();
    assert!(matches!(case.error(), ProjectError::Unreadable { .. }));
}
