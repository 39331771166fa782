//! Decimal128: IEEE 754 arithmetic over BSON's bytes.

use std::str::FromStr;

use bson::Decimal128;
use dec::{Context, Decimal, Decimal128 as Quad};

/// The digits of a decimal that a double is rounded to when the two meet in arithmetic.
const DOUBLE_DIGITS: usize = 15;
/// The digits of a decimal.
const DIGITS: usize = 34;

/// Reads BSON's bytes.
pub(crate) fn quad(value: Decimal128) -> Quad {
    Quad::from_le_bytes(value.bytes())
}

/// Writes BSON's bytes.
pub(crate) fn decimal(value: Quad) -> Decimal128 {
    Decimal128::from_bytes(value.to_le_bytes())
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
    if !value.is_finite() {
        return None;
    }
    let mut context = Context::<Quad>::default();
    context.set_rounding(dec::Rounding::Down);
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
    let mut wide = Decimal::<12>::from(value);
    apply(&mut context, &mut wide);
    Context::<Quad>::default().from_decimal(&wide)
}

/// Whether a decimal is zero.
pub(crate) fn is_zero(value: Decimal128) -> bool {
    quad(value).is_zero()
}
