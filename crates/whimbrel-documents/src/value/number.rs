//! Numbers: comparison by value, and arithmetic with MongoDB's promotion (int32, int64, double, decimal).

use std::cmp::Ordering;

use bson::{Bson, Decimal128};
use dec::{Context, Decimal128 as Quad};

use super::decimal;
use super::view::ValueRef;

/// A number of any of BSON's four types.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Number {
    Int32(i32),
    Int64(i64),
    Double(f64),
    Decimal(Decimal128),
}

impl Number {
    /// The number that a value is.
    pub(crate) fn of(value: ValueRef<'_>) -> Option<Self> {
        match value {
            ValueRef::Int32(number) => Some(Number::Int32(number)),
            ValueRef::Int64(number) => Some(Number::Int64(number)),
            ValueRef::Double(number) => Some(Number::Double(number)),
            ValueRef::Decimal(number) => Some(Number::Decimal(number)),
            _ => None,
        }
    }

    /// The value of a number.
    pub(crate) fn to_bson(self) -> Bson {
        match self {
            Number::Int32(number) => Bson::Int32(number),
            Number::Int64(number) => Bson::Int64(number),
            Number::Double(number) => Bson::Double(number),
            Number::Decimal(number) => Bson::Decimal128(number),
        }
    }

    /// The nearest double.
    #[expect(clippy::cast_precision_loss, reason = "MongoDB rounds a long to the nearest double here")]
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Number::Int32(number) => f64::from(number),
            Number::Int64(number) => number as f64,
            Number::Double(number) => number,
            Number::Decimal(number) => decimal::to_f64(decimal::quad(number)),
        }
    }

    /// The decimal of it, doubles rounded to 15 digits.
    pub(crate) fn to_quad(self) -> Quad {
        match self {
            Number::Int32(number) => decimal::from_i64(i64::from(number)),
            Number::Int64(number) => decimal::from_i64(number),
            Number::Double(number) => decimal::from_f64(number),
            Number::Decimal(number) => decimal::quad(number),
        }
    }

    /// The integer that it is exactly.
    pub(crate) fn as_exact_i64(self) -> Option<i64> {
        match self {
            Number::Int32(number) => Some(i64::from(number)),
            Number::Int64(number) => Some(number),
            Number::Double(_) | Number::Decimal(_) => {
                let whole = self.truncated()?;
                (compare_numbers(self, Number::Int64(whole)) == Ordering::Equal).then_some(whole)
            }
        }
    }

    /// The integer that is left without the fraction, where 64 bits hold it.
    pub(crate) fn truncated(self) -> Option<i64> {
        match self {
            Number::Int32(number) => Some(i64::from(number)),
            Number::Int64(number) => Some(number),
            Number::Double(number) => truncate_double(number),
            Number::Decimal(number) => decimal::truncated_i64(decimal::quad(number)),
        }
    }

    /// The integer that stands for it where one is wanted, where 64 bits hold it: a double without its fraction, a decimal
    /// rounded to the nearest, of two to the even one. MongoDB's `safeNumberLong` and `coerceToLong` differ in this way.
    pub(crate) fn coerced(self) -> Option<i64> {
        match self {
            Number::Decimal(number) => decimal::nearest_i64(decimal::quad(number)),
            other => other.truncated(),
        }
    }

    /// As [`Number::coerced`], with the nearest end of 64 bits for what they do not hold, and zero for what is not a number.
    pub(crate) fn saturated(self) -> i64 {
        self.coerced().unwrap_or_else(|| match self.to_f64() {
            number if number.is_nan() => 0,
            number if number < 0.0 => i64::MIN,
            _ => i64::MAX,
        })
    }

    /// Whether it is not a number.
    pub(crate) fn is_nan(self) -> bool {
        match self {
            Number::Double(number) => number.is_nan(),
            Number::Decimal(number) => decimal::quad(number).is_nan(),
            _ => false,
        }
    }

    /// Whether it is zero.
    pub(crate) fn is_zero(self) -> bool {
        match self {
            Number::Int32(number) => number == 0,
            Number::Int64(number) => number == 0,
            Number::Double(number) => number == 0.0,
            Number::Decimal(number) => decimal::is_zero(number),
        }
    }

    /// The sum; 32 bits widen to 64, and 64 to a double, as MongoDB's expressions do.
    pub(crate) fn add(self, other: Number) -> Number {
        self.combine(other, i64::checked_add, |left, right| left + right, Context::<Quad>::add)
    }

    /// The difference.
    pub(crate) fn subtract(self, other: Number) -> Number {
        self.combine(other, i64::checked_sub, |left, right| left - right, Context::<Quad>::sub)
    }

    /// The product.
    pub(crate) fn multiply(self, other: Number) -> Number {
        self.combine(other, i64::checked_mul, |left, right| left * right, Context::<Quad>::mul)
    }

    /// The sum as updates know it: an int64 that overflows is refused instead of widened.
    pub(crate) fn add_strictly(self, other: Number) -> Option<Number> {
        self.strictly(other, i64::checked_add, Number::add)
    }

    /// The product as updates know it.
    pub(crate) fn multiply_strictly(self, other: Number) -> Option<Number> {
        self.strictly(other, i64::checked_mul, Number::multiply)
    }

    fn strictly(
        self,
        other: Number,
        whole: fn(i64, i64) -> Option<i64>,
        wide: fn(Number, Number) -> Number,
    ) -> Option<Number> {
        match (self.as_integer(), other.as_integer()) {
            (Some(left), Some(right)) => whole(left, right).map(|sum| self.narrowed(other, sum)),
            _ => Some(wide(self, other)),
        }
    }

    fn as_integer(self) -> Option<i64> {
        match self {
            Number::Int32(number) => Some(i64::from(number)),
            Number::Int64(number) => Some(number),
            _ => None,
        }
    }

    /// An int32 where both operands were and it fits.
    fn narrowed(self, other: Number, result: i64) -> Number {
        match (self, other, i32::try_from(result)) {
            (Number::Int32(_), Number::Int32(_), Ok(small)) => Number::Int32(small),
            _ => Number::Int64(result),
        }
    }

    fn combine(
        self,
        other: Number,
        whole: fn(i64, i64) -> Option<i64>,
        double: fn(f64, f64) -> f64,
        exact: fn(&mut Context<Quad>, Quad, Quad) -> Quad,
    ) -> Number {
        if matches!(self, Number::Decimal(_)) || matches!(other, Number::Decimal(_)) {
            let result = decimal::combine(self.to_quad(), other.to_quad(), exact);
            return Number::Decimal(decimal::decimal(result));
        }
        if let (Some(left), Some(right)) = (self.as_integer(), other.as_integer())
            && let Some(result) = whole(left, right)
        {
            return self.narrowed(other, result);
        }
        Number::Double(double(self.to_f64(), other.to_f64()))
    }
}

/// The integer part of a double, where 64 bits hold it.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked first")]
fn truncate_double(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    (-LIMIT..LIMIT).contains(&number).then_some(number as i64)
}

/// The integer part of a value that is a number, where 64 bits hold it.
pub(crate) fn truncated_i64(value: ValueRef<'_>) -> Option<i64> {
    Number::of(value)?.truncated()
}

/// Compares two numbers by value: NaN stands before all others, and the two zeroes are equal.
pub(crate) fn compare_numbers(left: Number, right: Number) -> Ordering {
    match (left, right) {
        (Number::Int32(left), Number::Int32(right)) => left.cmp(&right),
        (Number::Double(left), Number::Double(right)) => compare_doubles(left, right),
        (Number::Decimal(_), _) | (_, Number::Decimal(_)) => compare_quads(exactly(left), exactly(right)),
        (Number::Double(left), right) => compare_double_with_integer(left, integer(right)),
        (left, Number::Double(right)) => compare_double_with_integer(right, integer(left)).reverse(),
        (left, right) => integer(left).cmp(&integer(right)),
    }
}

fn integer(number: Number) -> i64 {
    number.as_integer().unwrap_or_default()
}

fn exactly(number: Number) -> Quad {
    match number {
        Number::Double(number) => decimal::exact_from_f64(number),
        other => other.to_quad(),
    }
}

fn compare_doubles(left: f64, right: f64) -> Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| right.is_nan().cmp(&left.is_nan()))
}

fn compare_quads(left: Quad, right: Quad) -> Ordering {
    match (left.is_nan(), right.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => Context::<Quad>::default().partial_cmp(left, right).unwrap_or(Ordering::Equal),
    }
}

/// Compares without rounding the integer to a double.
fn compare_double_with_integer(left: f64, right: i64) -> Ordering {
    if left.is_nan() {
        return Ordering::Less;
    }
    match truncate_double(left) {
        None if left < 0.0 => Ordering::Less,
        None => Ordering::Greater,
        Some(whole) => whole.cmp(&right).then_with(|| {
            let fraction = left.fract();
            fraction.partial_cmp(&0.0).unwrap_or(Ordering::Equal)
        }),
    }
}
