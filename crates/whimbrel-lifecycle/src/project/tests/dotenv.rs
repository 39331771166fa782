//! The grammar of `.env`.

use std::path::Path;

use miette::Diagnostic;

use super::super::dotenv::parse;
use super::{code, everything, under_caret};

/// A name, its value and its line.
type Line = (&'static str, &'static str, usize);

#[test]
fn values_are_read_as_written() {
    let table: [(&str, &[Line]); 20] = [
        ("", &[]),
        ("# only a comment\n\n", &[]),
        ("A=1", &[("A", "1", 1)]),
        ("\u{feff}A=1\r\nB=2\r\n", &[("A", "1", 1), ("B", "2", 2)]),
        ("  export A = 1  \n", &[("A", "1", 1)]),
        ("export=1", &[("export", "1", 1)]),
        ("export = 1", &[("export", "1", 1)]),
        ("A=\nB=2", &[("A", "", 1), ("B", "2", 2)]),
        ("A=a b  # comment", &[("A", "a b", 1)]),
        ("A=a#b", &[("A", "a#b", 1)]),
        ("A=#b", &[("A", "", 1)]),
        ("A=a=b=c", &[("A", "a=b=c", 1)]),
        ("A='x # \\n $y'", &[("A", "x # \\n $y", 1)]),
        ("A=\"x\\n\\t\\\"\\\\\\$\\q\" # c", &[("A", "x\n\t\"\\$\\q", 1)]),
        ("A=\"one\ntwo\"\nB=3", &[("A", "one\ntwo", 1), ("B", "3", 3)]),
        ("A='it\nis'\n", &[("A", "it\nis", 1)]),
        ("A=`say \"it's\"`", &[("A", "say \"it's\"", 1)]),
        ("A=it's", &[("A", "it's", 1)]),
        ("A=1\nA=2", &[("A", "1", 1), ("A", "2", 2)]),
        ("a.b-c=é", &[("a.b-c", "é", 1)]),
    ];
    for (text, expected) in table {
        let found = parse(Path::new(".env"), text).unwrap_or_else(|error| panic!("{text}\n{error}"));
        let found: Vec<(&str, &str, usize)> = found
            .iter()
            .map(|assignment| (assignment.name.as_str(), assignment.value.as_str(), assignment.line))
            .collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn mistakes_have_a_place_and_show_no_value() {
    let table = [
        ("A=1\nhunter2x\n", 2, "`=` is missing"),
        ("A=1\n\n=hunter2x\n", 3, "must begin with a letter"),
        ("1A=hunter2x", 1, "must begin with a letter"),
        ("A B=hunter2x", 1, "`=` is missing after the name `A`"),
        ("A=1\nB=\"hunter2x\nC=3\n", 2, "`B` is never closed"),
        ("B='hunter2x", 1, "never closed"),
        ("B=\"hunter2x\\", 1, "never closed"),
        ("P=hunter2x\nB='x'y\n", 2, "follows the closing quote of the value of `B`"),
        ("#P=hunter2x\nhunter2x: 1", 2, "`=` is missing"),
    ];
    for (text, line, part) in table {
        let Err(error) = parse(Path::new(".env"), text) else { panic!("{text} must not parse") };
        assert_eq!(code(&error), "project::dotenv_syntax", "{text}");
        assert_eq!(error.line(), Some(line), "{text}");
        assert!(error.to_string().contains(part), "{text}\n{error}");
        assert!(error.help().is_some());
        let shown = everything(&error);
        let named = error.to_string().contains("after the name `hunter2x`");
        assert!(named || !shown.contains("hunter2x"), "{text}\n{shown}");
        assert!(!under_caret(&error).contains("hunter2x"));
    }
}
