//! Names for what stands only while a migration runs.

use sha2::{Digest as _, Sha256};

/// PostgreSQL's longest name.
const NAME_LENGTH_BYTES: usize = 63;
/// How much of a hash keeps two long names apart that begin alike.
const HASH_LENGTH: usize = 8;

/// `base` with `suffix`, cut to what fits, and not among the names that are taken.
pub(super) fn derived(base: &str, suffix: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2_u32..).map(|number| format!("{suffix}{number}"));
    std::iter::once(suffix.to_owned())
        .chain(numbered)
        .map(|suffix| fitted(base, &suffix))
        .find(|name| !is_taken(name))
        .expect("the numbers do not end before a free name is found")
}

fn fitted(base: &str, suffix: &str) -> String {
    if base.len() + suffix.len() <= NAME_LENGTH_BYTES {
        return format!("{base}{suffix}");
    }
    let hash: String =
        Sha256::digest(base.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut length = NAME_LENGTH_BYTES - suffix.len() - HASH_LENGTH - "_".len();
    while !base.is_char_boundary(length) {
        length -= 1;
    }
    format!("{}_{}{suffix}", &base[..length], &hash[..HASH_LENGTH])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_and_are_free() {
        assert_eq!(derived("budget", "__new", |_| false), "budget__new");
        assert_eq!(derived("budget", "__new", |name| name == "budget__new"), "budget__new2");
        let (one, other) = (format!("{}a", "é".repeat(31)), format!("{}b", "é".repeat(31)));
        let (one, other) = (derived(&one, "__new", |_| false), derived(&other, "__new", |_| false));
        assert!(one.len() <= 63 && other.len() <= 63);
        assert_ne!(one, other);
    }
}
