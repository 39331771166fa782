//! Numbers as bytes whose order is the order of the values, whatever type they were stored as.
//!
//! A number is a class byte (NaN, −∞, negative, zero, positive, +∞) and, for the finite ones, a binary exponent and
//! the leading bits of the magnitude. Sixty-four bits hold every integer and every double; a decimal that has more
//! follows with sixty-four others and a byte that says whether something is left after them. Two decimals differ by
//! more than one part in 2¹¹⁴, so those bits tell any two numbers apart.

use bson::Decimal128;

const NOT_A_NUMBER: u8 = 0x01;
const NEGATIVE_INFINITY: u8 = 0x02;
const NEGATIVE: u8 = 0x03;
const ZERO: u8 = 0x04;
const POSITIVE: u8 = 0x05;
const POSITIVE_INFINITY: u8 = 0x06;

/// Puts an exponent, which a decimal keeps within ±21,000, above zero.
const EXPONENT_BIAS: i32 = 0x8000;

/// The bias of the exponent of a Decimal128.
const DECIMAL_EXPONENT_BIAS: i32 = 6176;

/// The largest coefficient that a Decimal128 may hold; what is above counts as zero.
const LARGEST_COEFFICIENT: u128 = 10_u128.pow(34) - 1;

/// The largest power of ten within 32 bits.
const TEN_TO_NINE: u32 = 1_000_000_000;

/// A magnitude: 0.f × 2^exponent, with the leading bit of the fraction set.
struct Magnitude {
    exponent: i32,
    high: u64,
    low: u64,
    /// Whether bits are left after those.
    has_rest: bool,
}

/// Writes an integer.
pub(super) fn integer(value: i64, out: &mut Vec<u8>) {
    if value == 0 {
        out.push(ZERO);
        return;
    }
    finite(value < 0, &whole(u128::from(value.unsigned_abs())), out);
}

/// Writes a double.
pub(super) fn double(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.push(NOT_A_NUMBER);
    } else if value.is_infinite() {
        out.push(if value < 0.0 { NEGATIVE_INFINITY } else { POSITIVE_INFINITY });
    } else if value == 0.0 {
        out.push(ZERO);
    } else {
        let bits = value.abs().to_bits();
        let stored = i32::try_from(bits >> 52).expect("eleven bits");
        let fraction = bits & ((1 << 52) - 1);
        // A subnormal has no hidden bit and the exponent of the smallest normal number.
        let (mantissa, exponent) =
            if stored == 0 { (fraction, -1074) } else { (fraction | 1 << 52, stored - 1075) };
        let mut magnitude = whole(u128::from(mantissa));
        magnitude.exponent += exponent;
        finite(value < 0.0, &magnitude, out);
    }
}

/// Writes a decimal.
pub(super) fn decimal(value: Decimal128, out: &mut Vec<u8>) {
    let bits = u128::from_le_bytes(value.bytes());
    let is_negative = bits >> 127 == 1;
    let combination = u32::try_from((bits >> 122) & 0x1f).expect("five bits");
    if combination == 0b11111 {
        out.push(NOT_A_NUMBER);
        return;
    }
    if combination == 0b11110 {
        out.push(if is_negative { NEGATIVE_INFINITY } else { POSITIVE_INFINITY });
        return;
    }
    // The form with the two leading bits set only holds coefficients that are too large, which count as zero.
    let (exponent_bits, coefficient) = if combination >> 3 == 0b11 {
        ((bits >> 111) & 0x3fff, 0)
    } else {
        ((bits >> 113) & 0x3fff, bits & ((1 << 113) - 1))
    };
    if coefficient == 0 || coefficient > LARGEST_COEFFICIENT {
        out.push(ZERO);
        return;
    }
    let exponent = i32::try_from(exponent_bits).expect("fourteen bits") - DECIMAL_EXPONENT_BIAS;
    finite(is_negative, &scaled(coefficient, exponent), out);
}

fn finite(is_negative: bool, magnitude: &Magnitude, out: &mut Vec<u8>) {
    out.push(if is_negative { NEGATIVE } else { POSITIVE });
    let start = out.len();
    let exponent = u16::try_from(magnitude.exponent + EXPONENT_BIAS).expect("exponents stay within the bias");
    out.extend_from_slice(&exponent.to_be_bytes());
    out.extend_from_slice(&magnitude.high.to_be_bytes());
    if magnitude.low == 0 && !magnitude.has_rest {
        out.push(0);
    } else {
        out.push(1);
        out.extend_from_slice(&magnitude.low.to_be_bytes());
        out.push(u8::from(magnitude.has_rest));
    }
    if is_negative {
        for byte in &mut out[start..] {
            *byte = !*byte;
        }
    }
}

fn whole(value: u128) -> Magnitude {
    let zeros = value.leading_zeros();
    let aligned = value << zeros;
    Magnitude {
        exponent: 128 - i32::try_from(zeros).expect("at most 128"),
        high: high_half(aligned),
        low: low_half(aligned),
        has_rest: false,
    }
}

fn high_half(value: u128) -> u64 {
    u64::try_from(value >> 64).expect("sixty-four bits")
}

fn low_half(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).expect("sixty-four bits")
}

/// `coefficient × 10^exponent` in binary, cut after 128 bits.
fn scaled(mut coefficient: u128, mut exponent: i32) -> Magnitude {
    // One value has one form: 10, 1.0 × 10 and 100 × 0.1 are the same bits and the same rest.
    while coefficient.is_multiple_of(10) {
        coefficient /= 10;
        exponent += 1;
    }
    let mut digits = Limbs::of(coefficient);
    if exponent >= 0 {
        digits.multiply_by_power_of_ten(exponent.unsigned_abs());
        digits.leading(0, false)
    } else {
        let power = exponent.unsigned_abs();
        // log2(10) < 3.33: enough zeros below that at least 128 bits of the quotient stand.
        let shift_limbs = (power * 333 / 100 + 160) / 32 + 1;
        digits.shift_left(shift_limbs);
        let has_rest = digits.divide_by_power_of_ten(power);
        digits.leading(-32 * i32::try_from(shift_limbs).expect("a few hundred"), has_rest)
    }
}

/// A large whole number; the least significant limb first.
struct Limbs(Vec<u32>);

impl Limbs {
    fn of(mut value: u128) -> Self {
        let mut limbs = Vec::with_capacity(4);
        while value > 0 {
            limbs.push(u32::try_from(value & u128::from(u32::MAX)).expect("thirty-two bits"));
            value >>= 32;
        }
        Self(limbs)
    }

    fn shift_left(&mut self, limbs: u32) {
        let zeros = usize::try_from(limbs).expect("a few hundred");
        self.0.splice(0..0, std::iter::repeat_n(0, zeros));
    }

    fn multiply_by_power_of_ten(&mut self, mut power: u32) {
        while power > 0 {
            let step = power.min(9);
            let factor = u64::from(10_u32.pow(step));
            let mut carry = 0_u64;
            for limb in &mut self.0 {
                let product = u64::from(*limb) * factor + carry;
                *limb = u32::try_from(product & u64::from(u32::MAX)).expect("thirty-two bits");
                carry = product >> 32;
            }
            if carry > 0 {
                self.0.push(u32::try_from(carry).expect("a carry is below the factor"));
            }
            power -= step;
        }
    }

    /// Divides, and says whether anything was left.
    fn divide_by_power_of_ten(&mut self, mut power: u32) -> bool {
        let mut has_rest = false;
        while power > 0 {
            let step = power.min(9);
            let divisor = if step == 9 { TEN_TO_NINE } else { 10_u32.pow(step) };
            let mut rest = 0_u64;
            for limb in self.0.iter_mut().rev() {
                let part = rest << 32 | u64::from(*limb);
                *limb = u32::try_from(part / u64::from(divisor)).expect("the rest is below the divisor");
                rest = part % u64::from(divisor);
            }
            while self.0.last() == Some(&0) {
                self.0.pop();
            }
            has_rest |= rest != 0;
            power -= step;
        }
        has_rest
    }

    /// The 128 leading bits of a number above zero, times 2^`exponent`.
    fn leading(&self, exponent: i32, had_rest: bool) -> Magnitude {
        let top = self.0.len();
        let mut window = 0_u128;
        let mut has_rest = had_rest;
        let zeros = self.0.last().expect("a number above zero").leading_zeros();
        for (taken, limb) in self.0.iter().rev().enumerate() {
            match taken {
                0 => window = u128::from(*limb) << (96 + zeros),
                1..=3 => window |= (u128::from(*limb) << (96 - 32 * taken)) << zeros,
                4 => {
                    window |= (u128::from(*limb) << zeros) >> 32;
                    has_rest |= (*limb << zeros) != 0;
                }
                _ => has_rest |= *limb != 0,
            }
        }
        let bits = i32::try_from(top).expect("a few hundred") * 32 - i32::try_from(zeros).expect("below 32");
        Magnitude { exponent: exponent + bits, high: high_half(window), low: low_half(window), has_rest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        out
    }

    fn d(text: &str) -> Vec<u8> {
        key(|out| decimal(text.parse().unwrap(), out))
    }

    #[test]
    fn one_value_has_one_form() {
        for (text, number) in [("1", 1), ("1.0", 1), ("10E-1", 1), ("-250", -250), ("0E+3", 0), ("-0", 0)] {
            assert_eq!(d(text), key(|out| integer(number, out)), "{text}");
            #[expect(clippy::cast_precision_loss, reason = "small whole numbers")]
            let number = number as f64;
            assert_eq!(d(text), key(|out| double(number, out)), "{text}");
        }
        for (text, number) in [("0.5", 0.5), ("-1234.0625", -1234.0625), ("1E+22", 1e22)] {
            assert_eq!(d(text), key(|out| double(number, out)), "{text}");
        }
        assert_eq!(d("9223372036854775807"), key(|out| integer(i64::MAX, out)));
        assert_eq!(d("-9223372036854775808"), key(|out| integer(i64::MIN, out)));
    }

    #[test]
    fn the_order_is_that_of_the_values() {
        let keys = [
            d("NaN"),
            d("-Infinity"),
            d("-9.999999999999999999999999999999999E+6144"),
            key(|out| double(-f64::MAX, out)),
            key(|out| integer(i64::MIN, out)),
            key(|out| integer(i64::MIN + 1, out)),
            d("-1.000000000000000000000000000000001"),
            key(|out| integer(-1, out)),
            d("-0.1"),
            key(|out| double(-f64::MIN_POSITIVE, out)),
            d("-1E-6176"),
            d("0"),
            d("1E-6176"),
            d("2E-6176"),
            key(|out| double(5e-324, out)),
            d("0.1"),
            // The double nearest to a tenth is above it.
            key(|out| double(0.1, out)),
            d("0.1000000000000000055511151231257828"),
            key(|out| double(0.3, out)),
            d("0.3"),
            d("0.9999999999999999999999999999999999"),
            d("1"),
            key(|out| integer(9_007_199_254_740_992, out)),
            key(|out| integer(9_007_199_254_740_993, out)),
            d("9007199254740993.5"),
            key(|out| double(9_007_199_254_740_994.0, out)),
            key(|out| integer(i64::MAX, out)),
            key(|out| double(9.223_372_036_854_776e18, out)),
            key(|out| double(f64::MAX, out)),
            d("9.999999999999999999999999999999998E+6144"),
            d("9.999999999999999999999999999999999E+6144"),
            d("Infinity"),
        ];
        for (index, pair) in keys.windows(2).enumerate() {
            assert!(pair[0] < pair[1], "{index}: {:x?} {:x?}", pair[0], pair[1]);
        }
    }
}
