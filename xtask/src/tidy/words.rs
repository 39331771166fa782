//! Words that must not stand in the tree: this checkout's place, and hosts of package registries.

use std::path::Path;

use super::{Finding, Tree};

/// Hosts of package registries, in two parts each so that this file does not hold what it forbids.
const REGISTRY_HOSTS: [(&str, &str); 8] = [
    ("registry.", "npmjs.org"),
    ("registry.", "yarnpkg.com"),
    ("deb.", "debian.org"),
    ("security.", "debian.org"),
    ("crates", ".io/api"),
    ("static.", "crates.io"),
    ("pypi", ".org"),
    ("files.", "pythonhosted.org"),
];

/// The words for a checkout at `root`: its own path, the folder above it, and the hosts.
pub(super) fn list(root: &Path) -> Vec<String> {
    let mut words: Vec<String> = REGISTRY_HOSTS.iter().map(|(start, end)| format!("{start}{end}")).collect();
    words.push(root.display().to_string());
    // The file system's own root is in every path, and the folder of temporary files is everybody's.
    let shared = |folder: &Path| folder.parent().is_none() || folder == std::env::temp_dir();
    if let Some(parent) = root.parent().filter(|parent| !shared(parent)) {
        words.push(format!("{}/", parent.display()));
    }
    words
}

/// None of the words stands in a file; a path counts only where a path can begin.
pub(super) fn forbidden(tree: &Tree, words: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.iter() {
        for (number, line) in text.lines().enumerate() {
            for word in words.iter().filter(|word| stands_in(line, word)) {
                findings.push(Finding::failure(
                    format!("{}:{}", path.display(), number + 1),
                    format!("`{word}` must not stand in the repository"),
                ));
            }
        }
    }
    findings
}

fn stands_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !word.starts_with('/')
            || !before.is_some_and(|character| character.is_alphanumeric() || "._-/~}".contains(character))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_checkout_paths_are_found_where_they_stand() {
        let host = ["https://registry.", "npmjs.org/x"].concat();
        let tree = Tree::of(&[
            ("a.md", "see /place/checkout/file\nand \"/place/other\""),
            ("b.json", &host),
            ("c.md", "in work/place/checkout and /places/ and https://example.org/place/x"),
        ]);
        let found: Vec<_> = forbidden(&tree, &list(Path::new("/place/checkout")))
            .into_iter()
            .map(|finding| finding.place)
            .collect();
        assert_eq!(found, ["a.md:1", "a.md:1", "a.md:2", "b.json:1"]);
    }

    #[test]
    fn folders_that_everybody_shares_are_no_words() {
        assert!(!list(Path::new("/checkout")).contains(&"/".to_owned()));
        let temporary = std::env::temp_dir();
        assert!(!list(&temporary.join("checkout")).contains(&format!("{}/", temporary.display())));
        assert!(list(Path::new("/place/checkout")).contains(&"/place/".to_owned()));
    }
}
