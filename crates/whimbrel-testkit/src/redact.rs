//! Replaces what differs between two runs, so that outputs can be compared as snapshots.

use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// Patterns and their replacements, in the order in which they apply.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z| ?UTC|[+-]\d\d(:?\d\d)?)?", "[TIME]"),
        (r"\b20\d{12}\b", "[VERSION]"),
        (r"\bwhimbrel_test_\d+_\d+_[0-9a-f]{16}\b", "[DATABASE]"),
        (r"(127\.0\.0\.1|localhost):\d+", "$1:[PORT]"),
        (r"\b\d+(\.\d+)? ?(ns|µs|us|ms|s)\b", "[DURATION]"),
    ]
    .into_iter()
    .map(|(pattern, replacement)| {
        (Regex::new(pattern).expect("the patterns are constants that compile"), replacement)
    })
    .collect()
});

/// Replaces temporary paths, ports, test databases, timestamps, durations and timestamp versions with fixed words.
#[must_use]
pub fn redact(text: &str, root: &Path) -> String {
    let mut text = text.replace(&root.display().to_string(), "[ROOT]");
    if let Ok(canonical) = root.canonicalize() {
        text = text.replace(&canonical.display().to_string(), "[ROOT]");
    }
    for (pattern, replacement) in RULES.iter() {
        text = pattern.replace_all(&text, *replacement).into_owned();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_runs_is_replaced() {
        let cases = [
            ("at /tmp/x1/whimbrel.toml", "at [ROOT]/whimbrel.toml"),
            (
                "postgres://u:***@127.0.0.1:4711/whimbrel_test_12_0_0123456789abcdef",
                "postgres://u:***@127.0.0.1:[PORT]/[DATABASE]",
            ),
            ("applied 2026-01-02T03:04:05.678Z in 12.5 ms", "applied [TIME] in [DURATION]"),
            ("applied 2026-01-02 03:04:05 UTC in 3s", "applied [TIME] in [DURATION]"),
            ("20260102030405-init.sql", "[VERSION]-init.sql"),
            ("7 tables, 3 indexes, version 15.18", "7 tables, 3 indexes, version 15.18"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text, Path::new("/tmp/x1")), expected);
        }
    }
}
