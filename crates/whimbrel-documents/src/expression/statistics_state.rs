//! Sums, averages and deviations that lose no digits on the way.

use bson::Bson;
use dec::{Context, Decimal128 as Quad};

use crate::value::{Number, decimal};

/// A running total of numbers of all types.
#[derive(Debug, Default)]
pub(crate) struct Total {
    /// The integers, which cannot overflow here.
    whole: i128,
    /// The doubles, with what rounding has lost.
    double: f64,
    lost: f64,
    exact: Option<Quad>,
    has_long: bool,
    has_double: bool,
}

impl Total {
    /// Adds a number; what is none does not count.
    pub(crate) fn extend(&mut self, number: Option<Number>) {
        match number {
            None => {}
            Some(Number::Int32(number)) => self.whole += i128::from(number),
            Some(Number::Int64(number)) => {
                self.whole += i128::from(number);
                self.has_long = true;
            }
            Some(Number::Double(number)) => {
                self.has_double = true;
                self.add_double(number);
            }
            Some(Number::Decimal(number)) => {
                let known = self.exact.unwrap_or(Quad::ZERO);
                self.exact = Some(decimal::combine(known, decimal::quad(number), Context::<Quad>::add));
            }
        }
    }

    /// Adds in two parts: the sum, and what its rounding lost.
    fn add_double(&mut self, number: f64) {
        let sum = self.double + number;
        let part = sum - self.double;
        let lost = (self.double - (sum - part)) + (number - part);
        self.double = sum;
        if lost.is_finite() {
            self.lost += lost;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "an integer beyond 64 bits becomes the nearest double")]
    fn as_double(&self) -> f64 {
        let whole = self.whole as f64;
        (self.double + whole) + self.lost
    }

    fn as_quad(&self, exact: Quad) -> Quad {
        let whole = Context::<Quad>::default().from_i128(self.whole);
        let mut sum = decimal::combine(exact, whole, Context::<Quad>::add);
        if self.has_double {
            for part in [self.double, self.lost] {
                sum = decimal::combine(sum, decimal::plain_from_f64(part), Context::<Quad>::add);
            }
        }
        sum
    }

    /// The sum, of the widest type that was added, or wider where it does not fit.
    pub(crate) fn sum(&self) -> Number {
        if let Some(exact) = self.exact {
            return Number::Decimal(decimal::decimal(self.as_quad(exact)));
        }
        if self.has_double {
            return Number::Double(self.as_double());
        }
        match (i32::try_from(self.whole), i64::try_from(self.whole)) {
            (Ok(small), _) if !self.has_long => Number::Int32(small),
            (_, Ok(long)) => Number::Int64(long),
            _ => Number::Double(self.as_double()),
        }
    }

    /// The average of so many numbers.
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
    pub(crate) fn average(&self, count: i64) -> Bson {
        match self.exact {
            Some(exact) => {
                let quotient =
                    decimal::combine(self.as_quad(exact), decimal::from_i64(count), Context::<Quad>::div);
                Bson::Decimal128(decimal::decimal(quotient))
            }
            None => Bson::Double(self.as_double() / count as f64),
        }
    }
}

/// A running deviation, by Welford's method.
#[derive(Debug, Default)]
pub(crate) struct Deviation {
    count: u32,
    mean: f64,
    squares: f64,
}

impl Deviation {
    /// Adds a number; what is none does not count.
    pub(crate) fn extend(&mut self, number: Option<Number>) {
        let Some(number) = number.map(Number::to_f64) else { return };
        self.count += 1;
        let before = number - self.mean;
        self.mean += before / f64::from(self.count);
        self.squares += before * (number - self.mean);
    }

    /// The deviation of the population or of a sample; null where there are too few numbers.
    pub(crate) fn result(&self, sample: bool) -> Bson {
        let freedom = if sample { self.count.saturating_sub(1) } else { self.count };
        if freedom == 0 {
            return Bson::Null;
        }
        Bson::Double((self.squares / f64::from(freedom)).sqrt())
    }
}
