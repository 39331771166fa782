//! The table of keys and the page that is written from it.

use super::super::keys::{KEYS, OVERRIDABLE_TABLES, places};
use super::super::reference_markdown;
use super::{Case, setting};

#[test]
fn every_key_is_listed_once_and_documented() {
    let page = reference_markdown();
    for key in KEYS {
        let name = key.path.rsplit('.').next().unwrap();
        assert!(page.contains(&format!("| `{name}` |")), "{name}");
        assert!(key.doc.ends_with('.') && !key.default.is_empty(), "{}", key.path);
    }
    let mut paths: Vec<String> = places().into_iter().map(|place| place.path).collect();
    let count = paths.len();
    paths.sort();
    paths.dedup();
    assert_eq!(paths.len(), count);
    assert!(page.lines().filter(|line| line.starts_with("| ")).all(|line| line.split(" | ").count() <= 4));
}

/// Each fixed default of the table is what an empty file gives, and each overridable key is a row of `config`.
#[test]
fn defaults_of_the_table_are_in_force() {
    let project = Case::new("").project();
    let listed: Vec<String> = project.settings().into_iter().map(|row| row.key).collect();
    for key in KEYS {
        let table = key.path.split('.').next().unwrap();
        if OVERRIDABLE_TABLES.contains(&table) {
            assert!(listed.iter().any(|row| row == key.path), "{}", key.path);
        }
        if listed.iter().any(|row| row == key.path) && !key.default.starts_with('(') {
            let expected = if key.default == "0s" { "off" } else { key.default };
            assert_eq!(
                setting(&project, key.path),
                (expected.to_owned(), "default".to_owned()),
                "{}",
                key.path
            );
        }
    }
}

/// Each overridable key is accepted at all of its places, and the later places go first.
#[test]
fn overridable_keys_stand_in_an_environment_and_behind_a_variable() {
    for key in KEYS.iter().filter(|key| OVERRIDABLE_TABLES.contains(&key.path.split('.').next().unwrap())) {
        let variable = format!("WHIMBREL_{}", key.path.replace('.', "_").to_ascii_uppercase());
        let value = match key.kind {
            super::super::keys::Kind::Integer { .. } => "7",
            super::super::keys::Kind::Boolean => "false",
            super::super::keys::Kind::Duration { .. } => "7s",
            super::super::keys::Kind::Choice(names) => names[1],
            _ => "seven",
        };
        let literal = match key.kind {
            super::super::keys::Kind::Integer { .. } | super::super::keys::Kind::Boolean => value.to_owned(),
            super::super::keys::Kind::TextList => format!("[\"{value}\"]"),
            _ => format!("\"{value}\""),
        };
        let in_environment = Case::new(&format!("[environments.development]\n{} = {literal}\n", key.path));
        let row = setting(&in_environment.project(), key.path);
        assert_eq!(row, (value.to_owned(), "whimbrel.toml:2".to_owned()));
        let own = Case::new("").process(&[(&variable, value)]);
        assert_eq!(
            setting(&own.project(), key.path),
            (value.to_owned(), format!("{variable} in the environment"))
        );
        let mapped = Case::new(&format!("[variables]\n{} = \"X7\"\n", key.path)).process(&[("X7", value)]);
        assert_eq!(setting(&mapped.project(), key.path).1, "X7 in the environment");
    }
}
