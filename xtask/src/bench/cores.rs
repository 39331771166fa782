//! The cores that this process may use, and how busy the machine is.

use std::fmt;

use anyhow::{Context, Result};

/// The cores that this process may use.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cores {
    first: usize,
    /// As `taskset` understands it: `0-1,4`.
    list: String,
}

impl Cores {
    pub(super) fn first(&self) -> usize {
        self.first
    }

    fn parse(list: &str) -> Option<Self> {
        let first = list.split([',', '-']).next()?.trim().parse().ok()?;
        Some(Self { first, list: list.trim().to_owned() })
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.list)
    }
}

/// The cores that this process may use.
pub(super) fn allowed() -> Result<Cores> {
    let status = std::fs::read_to_string("/proc/self/status").context("read /proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.and_then(Cores::parse).context("/proc/self/status names no cores")
}

/// The average number of processes that wanted to run in the last minute.
pub(super) fn load() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_core_of_a_list() {
        for (list, first) in [("\t0-1", 0), ("2,4-7", 2), ("12", 12)] {
            let cores = Cores::parse(list).unwrap();
            assert_eq!((cores.first(), cores.to_string()), (first, list.trim().to_owned()));
        }
        assert_eq!(Cores::parse("none"), None);
        allowed().unwrap();
        load().unwrap().parse::<f64>().unwrap();
    }
}
