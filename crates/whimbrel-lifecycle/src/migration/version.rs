//! Versions: the prefixes of migration file names, and their order.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A migration's version: the digits that its file name begins with (`0001`, `20260101120000`).
///
/// Versions compare as numbers, so `2` comes before `0010`; leading zeros mean nothing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// The version that these digits write; none where there is anything but digits, or nothing.
    #[must_use]
    pub fn parse(digits: &str) -> Option<Self> {
        let valid =
            !digits.is_empty() && digits.len() <= 32 && digits.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| Version(digits.to_owned()))
    }

    /// The digits as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for "before the first migration".
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.significant().is_empty()
    }

    /// Whether it reads as a UTC time (`YYYYMMDDHHmmss`) rather than a number.
    #[must_use]
    pub fn is_timestamp(&self) -> bool {
        self.0.len() == 14
    }

    /// The version after this one, as wide as this one.
    #[must_use]
    pub fn next(&self) -> Self {
        let number: u128 = self.significant().parse().unwrap_or(0);
        Version(format!("{:0width$}", number + 1, width = self.0.len()))
    }

    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.significant(), other.significant());
        mine.len().cmp(&theirs.len()).then_with(|| mine.cmp(theirs))
    }
}

impl std::hash::Hash for Version {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.significant().hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(digits: &str) -> Version {
        Version::parse(digits).expect("digits")
    }

    #[test]
    fn versions_compare_as_numbers() {
        assert!(version("2") < version("0010"));
        assert_eq!(version("1"), version("0001"));
        assert!(version("0999") < version("20260101120000"));
        assert!(version("000").is_zero() && !version("1").is_zero());
    }

    #[test]
    fn the_next_version_keeps_the_width() {
        assert_eq!(version("0009").next().as_str(), "0010");
        assert_eq!(version("9").next().as_str(), "10");
    }

    #[test]
    fn anything_but_digits_is_no_version() {
        for bad in ["", "1a", "-1", "v1", "1.2"] {
            assert!(Version::parse(bad).is_none(), "{bad:?}");
        }
    }
}
