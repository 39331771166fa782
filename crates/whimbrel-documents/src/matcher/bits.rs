//! `$bitsAllSet` and its three kin.

use bson::Bson;

use crate::refusal::{Result, bad_value, failed_to_parse};
use crate::value::{Number, ValueRef, show};

/// A test of bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BitTest {
    positions: Vec<u32>,
    /// What the bits should be.
    set: bool,
    /// Whether all of them, or any.
    all: bool,
}

impl BitTest {
    /// Reads one of the four operators and its argument: a number, binary, or a list of positions.
    pub(super) fn parse(path: &str, operator: &str, argument: &Bson) -> Result<Self> {
        let positions = match argument {
            Bson::Array(items) => {
                items.iter().enumerate().map(|(at, item)| position(at, item)).collect::<Result<_>>()?
            }
            Bson::Binary(binary) => bits_of(&binary.bytes),
            other => number_bits(path, operator, other)?,
        };
        Ok(BitTest { positions, set: operator.ends_with("Set"), all: operator.starts_with("$bitsAll") })
    }

    pub(super) fn matches(&self, value: ValueRef<'_>) -> bool {
        match value {
            ValueRef::Binary(_, bytes) => self.holds(|position| {
                let byte = bytes.get((position / 8) as usize).copied().unwrap_or(0);
                byte & (1 << (position % 8)) != 0
            }),
            other => match Number::of(other).and_then(Number::as_exact_i64) {
                // Beyond 64 bits the sign goes on.
                Some(number) => self.holds(|position| (number >> position.min(63)) & 1 == 1),
                None => false,
            },
        }
    }

    fn holds(&self, bit: impl Fn(u32) -> bool) -> bool {
        if self.all {
            self.positions.iter().all(|position| bit(*position) == self.set)
        } else {
            self.positions.iter().any(|position| bit(*position) == self.set)
        }
    }
}

fn position(at: usize, item: &Bson) -> Result<u32> {
    let value = ValueRef::from(item);
    let refuse =
        |what: &str| bad_value(format!("Failed to parse bit position. Expected {what}{at}: {}", show(value)));
    let number = Number::of(value).ok_or_else(|| refuse("a number in: "))?;
    let whole = number.as_exact_i64().ok_or_else(|| refuse("an integer: "))?;
    if whole < 0 {
        return Err(refuse("a non-negative number in: "));
    }
    u32::try_from(whole).map_err(|_| refuse("an integer: "))
}

fn number_bits(path: &str, operator: &str, argument: &Bson) -> Result<Vec<u32>> {
    let value = ValueRef::from(argument);
    if Number::of(value).is_none() {
        return Err(bad_value(format!(
            "{path} takes an Array, a number, or a BinData but received: {operator}: {}",
            show(value)
        )));
    }
    let shown = format!("{operator}: {}", show(value));
    let whole = super::exact_integer(value, &shown).map_err(failed_to_parse)?;
    if whole < 0 {
        let message = format!("Expected a non-negative number in: {operator}: {}", show(value));
        return Err(failed_to_parse(message));
    }
    Ok((0..64).filter(|position| whole >> position & 1 == 1).collect())
}

fn bits_of(bytes: &[u8]) -> Vec<u32> {
    let mut positions = Vec::new();
    for (at, byte) in (0u32..).zip(bytes) {
        positions.extend((0..8).filter(|bit| byte >> bit & 1 == 1).map(|bit| at * 8 + bit));
    }
    positions
}
