//! Checks of Rust source: lengths, names, ignored tests, printing.

use std::path::Path;

use super::{Finding, Tree};

/// More lines than this are a warning.
const WARN_LINES: usize = 600;
/// More lines than this are an error.
const MAX_LINES: usize = 1_000;
/// Folders whose files are data for tests, not source that people maintain.
const DATA_FOLDERS: [&str; 3] = ["golden", "fixtures", "snapshots"];
/// Module names that say nothing about what stands in them.
const EMPTY_NAMES: [&str; 7] = ["util", "utils", "helper", "helpers", "common", "manager", "managers"];
/// Crates that may print: they are programs.
const PROGRAMS: [&str; 2] = ["crates/whimbrel-cli", "xtask"];

fn is_data(path: &Path) -> bool {
    path.components().any(|part| DATA_FOLDERS.iter().any(|folder| part.as_os_str() == *folder))
}

/// No Rust file is longer than a reader can hold in mind.
pub(super) fn lengths(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files().filter(|(path, _)| !is_data(path)) {
        let lines = text.lines().count();
        let place = path.display().to_string();
        if lines > MAX_LINES {
            findings.push(Finding::failure(place, format!("{lines} lines; the limit is {MAX_LINES}")));
        } else if lines > WARN_LINES {
            findings.push(Finding::warning(
                place,
                format!("{lines} lines; split it before it reaches {MAX_LINES}"),
            ));
        }
    }
    findings
}

/// Modules are named for their noun or their CLI verb.
pub(super) fn module_names(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        let names = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let of_path = names.map(|name| name.trim_end_matches(".rs").to_owned());
        // An inline module is declared in the text only.
        let of_text = text.lines().filter_map(|line| {
            let line = line.trim().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
            line.strip_prefix("mod ")?.split([' ', ';', '{']).next().map(str::to_owned)
        });
        for name in of_path.chain(of_text).filter(|name| EMPTY_NAMES.contains(&name.as_str())) {
            findings.push(Finding::failure(
                path.display().to_string(),
                format!("a module named `{name}` says nothing; name it for its noun or verb"),
            ));
        }
    }
    findings
}

/// No test is skipped.
pub(super) fn ignored_tests(tree: &Tree) -> Vec<Finding> {
    let attribute = concat!("#[", "ignore");
    let mut findings = Vec::new();
    for (path, text) in tree.rust_files() {
        for (number, _) in
            text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with(attribute))
        {
            findings.push(Finding::failure(
                format!("{}:{}", path.display(), number + 1),
                "an ignored test is never run; make it fast, or a run of `cargo xtask soak`",
            ));
        }
    }
    findings
}

/// Only programs print: no other crate lifts the lint against it.
pub(super) fn printing(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in
        tree.rust_files().filter(|(path, _)| !PROGRAMS.iter().any(|program| path.starts_with(program)))
    {
        for (number, line) in text.lines().enumerate() {
            if line.contains("clippy::print_stdout") || line.contains("clippy::print_stderr") {
                findings.push(Finding::failure(
                    format!("{}:{}", path.display(), number + 1),
                    "only the CLI and xtask print",
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Severity;

    fn places(findings: &[Finding]) -> Vec<(Severity, &str)> {
        findings.iter().map(|finding| (finding.severity, finding.place.as_str())).collect()
    }

    #[test]
    fn long_files_warn_and_then_fail() {
        let lines = |count: usize| "x\n".repeat(count);
        let tree = Tree::of(&[
            ("a/short.rs", &lines(600)),
            ("a/long.rs", &lines(601)),
            ("a/most.rs", &lines(1_000)),
            ("a/over.rs", &lines(1_001)),
            ("a/golden/data.rs", &lines(5_000)),
            ("a/notes.md", &lines(5_000)),
        ]);
        let findings = lengths(&tree);
        let expected = [
            (Severity::Warning, "a/long.rs"),
            (Severity::Warning, "a/most.rs"),
            (Severity::Failure, "a/over.rs"),
        ];
        assert_eq!(places(&findings), expected);
    }

    #[test]
    fn empty_module_names_are_found_in_paths_and_in_text() {
        let tree = Tree::of(&[
            ("a/src/utils.rs", ""),
            ("a/src/common/x.rs", ""),
            ("a/src/inline.rs", "pub(crate) mod helpers {\n}\n"),
            ("a/src/fine.rs", "mod manager_election;\nmod common_table_expression;\n"),
        ]);
        assert_eq!(
            places(&module_names(&tree)),
            [
                (Severity::Failure, "a/src/common/x.rs"),
                (Severity::Failure, "a/src/inline.rs"),
                (Severity::Failure, "a/src/utils.rs")
            ]
        );
    }

    #[test]
    fn ignored_tests_are_found_and_mentions_are_not() {
        let ignored = ["    #[", "ignore = \"slow\"]"].concat();
        let text = format!("#[test]\n{ignored}\nfn a() {{}}\n");
        let mention = format!("// {}\n", ignored.trim());
        let tree = Tree::of(&[("a.rs", &text), ("b.rs", &mention)]);
        assert_eq!(places(&ignored_tests(&tree)), [(Severity::Failure, "a.rs:2")]);
    }

    #[test]
    fn only_programs_may_lift_the_printing_lint() {
        let lifted = "#![expect(clippy::print_stdout)]\n";
        let tree = Tree::of(&[
            ("crates/whimbrel-cli/src/main.rs", lifted),
            ("xtask/src/main.rs", lifted),
            ("crates/whimbrel-schema/src/lib.rs", lifted),
        ]);
        assert_eq!(places(&printing(&tree)), [(Severity::Failure, "crates/whimbrel-schema/src/lib.rs:1")]);
    }
}
