//! Decimal128: IEEE 754 arithmetic over BSON's bytes.

use std::str::FromStr;

use bson::Decimal128;
use dec::{Context, Decimal, Decimal128 as Quad};

/// The digits of a decimal that a double is rounded to when the two meet in arithmetic.
const DOUBLE_DIGITS: usize = 15;
/// The digits of a decimal.
const DIGITS: usize = 34;

/// What the exponent of a BSON decimal is stored with.
const EXPONENT_BIAS: i32 = 6176;
/// The combination bits of what is infinite.
const INFINITE: u128 = 0b11110 << 122;
/// The combination bits of what is no number.
const NOT_A_NUMBER: u128 = 0b11111 << 122;
/// The largest exponent with which logarithms and powers are computed.
const LARGEST_EXPONENT: isize = 99_999;
/// The sign bit.
const SIGN: u128 = 1 << 127;

/// Reads BSON's bytes: a binary coefficient, where the arithmetic packs three digits into ten bits.
pub(crate) fn quad(value: Decimal128) -> Quad {
    let bits = u128::from_le_bytes(value.bytes());
    let is_negative = bits & SIGN != 0;
    let mut context = Context::<Quad>::default();
    if bits & NOT_A_NUMBER == NOT_A_NUMBER {
        return Quad::NAN;
    }
    if bits & NOT_A_NUMBER == INFINITE {
        return if is_negative { context.minus(infinity()) } else { infinity() };
    }
    // The form with the two leading bits set only holds coefficients that are too large, which count as zero.
    let (exponent, coefficient) = if (bits >> 125) & 0b11 == 0b11 {
        ((bits >> 111) & 0x3fff, 0)
    } else {
        ((bits >> 113) & 0x3fff, bits & ((1 << 113) - 1))
    };
    let coefficient = if coefficient < 10_u128.pow(34) { coefficient } else { 0 };
    let exponent = i32::try_from(exponent).unwrap_or_default() - EXPONENT_BIAS;
    if coefficient == 0 && is_negative {
        return parse(&format!("-0E{exponent}")).unwrap_or(Quad::ZERO);
    }
    let mut number = context.from_u128(coefficient);
    context.set_exponent(&mut number, exponent);
    if is_negative { context.minus(number) } else { number }
}

/// Writes BSON's bytes.
pub(crate) fn decimal(value: Quad) -> Decimal128 {
    let sign = if value.is_signed() { SIGN } else { 0 };
    let bits = if value.is_nan() {
        NOT_A_NUMBER
    } else if value.is_infinite() {
        sign | INFINITE
    } else {
        let exponent = u128::try_from(value.exponent() + EXPONENT_BIAS).unwrap_or_default();
        sign | exponent << 113 | value.coefficient().unsigned_abs()
    };
    Decimal128::from_bytes(bits.to_le_bytes())
}

fn infinity() -> Quad {
    parse("Infinity").unwrap_or(Quad::NAN)
}

/// The zero of the least exponent: added to a number, it fills its digits up.
pub(crate) fn least_zero() -> Quad {
    parse("0E-6176").unwrap_or(Quad::ZERO)
}

/// The decimal of an integer.
pub(crate) fn from_i64(value: i64) -> Quad {
    Context::<Quad>::default().from_i128(i128::from(value))
}

/// The decimal of a double, rounded to 15 digits as MongoDB does before arithmetic.
pub(crate) fn from_f64(value: f64) -> Quad {
    rounded_from_f64(value, DOUBLE_DIGITS)
}

/// The decimal nearest to a double's exact value, for comparing the two.
pub(crate) fn exact_from_f64(value: f64) -> Quad {
    rounded_from_f64(value, DIGITS)
}

/// The decimal of a double's exact value in the fewest digits: 34 of them where it has more.
pub(crate) fn plain_from_f64(value: f64) -> Quad {
    if !value.is_finite() || value == 0.0 {
        return exact_from_f64(value);
    }
    let text = format!("{:.*e}", DIGITS - 1, value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = mantissa.trim_end_matches('0').trim_end_matches('.');
    // A whole number keeps its last zeros as digits: 100 is not written as 1E+2.
    let whole: usize = exponent.parse().unwrap_or(0);
    let known = digits.bytes().filter(u8::is_ascii_digit).count();
    let padding = (whole + 1).min(DIGITS).saturating_sub(known);
    let point = if padding > 0 && !digits.contains('.') { "." } else { "" };
    parse(&format!("{digits}{point}{}e{exponent}", "0".repeat(padding))).unwrap_or(Quad::ZERO)
}

fn rounded_from_f64(value: f64, digits: usize) -> Quad {
    let text = if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value < 0.0 { "-Infinity".to_owned() } else { "Infinity".to_owned() }
    } else if value == 0.0 {
        if value.is_sign_negative() { "-0".to_owned() } else { "0".to_owned() }
    } else {
        format!("{:.*e}", digits - 1, value)
    };
    parse(&text).unwrap_or(Quad::ZERO)
}

/// Reads a decimal as text; `None` where it is none.
pub(crate) fn parse(text: &str) -> Option<Quad> {
    Context::<Quad>::default().parse(text).ok()
}

/// The double nearest to a decimal.
pub(crate) fn to_f64(value: Quad) -> f64 {
    f64::from_str(&value.to_string()).unwrap_or(f64::NAN)
}

/// The integer that a decimal is, where it is one that 64 bits hold, after dropping its fraction.
pub(crate) fn truncated_i64(value: Quad) -> Option<i64> {
    rounded_i64(value, dec::Rounding::Down)
}

/// The integer nearest to a decimal, of two the even one, where 64 bits hold it.
pub(crate) fn nearest_i64(value: Quad) -> Option<i64> {
    rounded_i64(value, dec::Rounding::HalfEven)
}

fn rounded_i64(value: Quad, rounding: dec::Rounding) -> Option<i64> {
    if !value.is_finite() {
        return None;
    }
    let mut context = Context::<Quad>::default();
    context.set_rounding(rounding);
    let whole = context.quantize(value, Quad::ZERO);
    let whole = if whole.is_finite() { whole } else { return None };
    i64::try_from(whole.coefficient()).ok().filter(|_| whole.exponent() == 0)
}

/// How MongoDB writes a decimal: `1.50`, `1E+3`, `NaN`, `Infinity`.
pub(crate) fn text(value: Quad) -> String {
    let text = value.to_string();
    if text.contains("NaN") { "NaN".to_owned() } else { text }
}

/// Applies a function of two decimals.
pub(crate) fn combine(left: Quad, right: Quad, apply: fn(&mut Context<Quad>, Quad, Quad) -> Quad) -> Quad {
    apply(&mut Context::<Quad>::default(), left, right)
}

/// Applies a function of arbitrary precision (root, logarithm, power) and rounds to 34 digits.
pub(crate) fn transform(
    value: Quad,
    apply: impl FnOnce(&mut Context<Decimal<12>>, &mut Decimal<12>),
) -> Quad {
    let mut context = Context::<Decimal<12>>::default();
    let _ = context.set_precision(DIGITS);
    // Logarithms and powers are refused by a context with a wider range of exponents.
    let _ = context.set_max_exponent(LARGEST_EXPONENT);
    let _ = context.set_min_exponent(-LARGEST_EXPONENT);
    let mut wide = Decimal::<12>::from(value);
    apply(&mut context, &mut wide);
    Context::<Quad>::default().from_decimal(&wide)
}

/// Whether a decimal is zero.
pub(crate) fn is_zero(value: Decimal128) -> bool {
    quad(value).is_zero()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_what_their_text_says() {
        let texts = [
            "0",
            "-0",
            "0E+10",
            "1",
            "-1",
            "3.0",
            "30",
            "999",
            "1000",
            "12345.678",
            "-9007199254740994",
            "9.999999999999999999999999999999999E+6144",
            "1E-6176",
            "Infinity",
            "-Infinity",
            "NaN",
            "0.1",
            "1234567890123456789012345678901234",
        ];
        for text in texts {
            let stored: Decimal128 = text.parse().unwrap();
            assert_eq!(quad(stored).to_string(), parse(text).unwrap().to_string(), "{text} is read");
            assert_eq!(decimal(parse(text).unwrap()).bytes(), stored.bytes(), "{text} is written");
        }
    }
}
