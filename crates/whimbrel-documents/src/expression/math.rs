//! Functions of one number, rounding, powers and logarithms.

use bson::Bson;
use dec::{Context, Decimal, Decimal128 as Quad, Rounding};

use super::arithmetic::{number_of, to_long};
use super::table::{Arguments, Function};
use super::{Value, is_nullish, shown, type_of};
use crate::refusal::{Result, at_location};
use crate::value::{Number, decimal};

const ONE: Arguments = Arguments::Exactly(1);

pub(super) const FUNCTIONS: &[Function] = &[
    Function { name: "$abs", arguments: ONE, apply: absolute },
    Function { name: "$ceil", arguments: ONE, apply: whole },
    Function { name: "$floor", arguments: ONE, apply: whole },
    Function { name: "$round", arguments: Arguments::Between(1, 2), apply: round },
    Function { name: "$trunc", arguments: Arguments::Between(1, 2), apply: round },
    Function { name: "$sqrt", arguments: ONE, apply: root },
    Function { name: "$exp", arguments: ONE, apply: exponential },
    Function { name: "$ln", arguments: ONE, apply: logarithm },
    Function { name: "$log10", arguments: ONE, apply: logarithm },
    Function { name: "$log", arguments: Arguments::Exactly(2), apply: logarithm_to_base },
    Function { name: "$pow", arguments: Arguments::Exactly(2), apply: power },
    Function { name: "$sin", arguments: ONE, apply: trigonometric },
    Function { name: "$cos", arguments: ONE, apply: trigonometric },
    Function { name: "$tan", arguments: ONE, apply: trigonometric },
    Function { name: "$degreesToRadians", arguments: ONE, apply: trigonometric },
    Function { name: "$radiansToDegrees", arguments: ONE, apply: trigonometric },
];

/// How many digits a decimal has.
const DECIMAL_DIGITS: i32 = 34;
/// The radians of a degree, in as many digits as a decimal has.
const RADIANS_OF_A_DEGREE: &str = "0.01745329251994329576923690768488613";
/// The degrees of a radian, in as many digits as a decimal has.
const DEGREES_OF_A_RADIAN: &str = "57.29577951308232087679815481410517";

/// The number of a function's only argument; `None` where it is null.
fn argument(name: &str, values: &[Value]) -> Result<Option<Number>> {
    let value = values.first().unwrap_or(&None);
    match number_of(value) {
        Some(number) => Ok(Some(number)),
        None if is_nullish(value) => Ok(None),
        None => {
            Err(at_location(28765, format!("{name} only supports numeric types, not {}", type_of(value))))
        }
    }
}

fn absolute(name: &'static str, values: Vec<Value>) -> Result<Value> {
    Ok(Some(match argument(name, &values)? {
        None => Bson::Null,
        Some(Number::Int32(number)) => {
            number.checked_abs().map_or_else(|| Bson::Int64(i64::from(number).abs()), Bson::Int32)
        }
        Some(Number::Int64(number)) => match number.checked_abs() {
            Some(number) => Bson::Int64(number),
            None => return Err(at_location(28680, "can't take $abs of long long min")),
        },
        Some(Number::Double(number)) => Bson::Double(number.abs()),
        Some(Number::Decimal(number)) => {
            let number = decimal::quad(number);
            let positive =
                if number.is_negative() { Context::<Quad>::default().minus(number) } else { number };
            Bson::Decimal128(decimal::decimal(positive))
        }
    }))
}

fn whole(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let up = name == "$ceil";
    Ok(Some(match argument(name, &values)? {
        None => Bson::Null,
        Some(Number::Double(number)) => Bson::Double(if up { number.ceil() } else { number.floor() }),
        Some(Number::Decimal(number)) => {
            let rounding = if up { Rounding::Ceiling } else { Rounding::Floor };
            Bson::Decimal128(decimal::decimal(quantize(decimal::quad(number), 0, rounding)))
        }
        Some(other) => other.to_bson(),
    }))
}

/// Rounds a decimal to so many places after the point.
fn quantize(number: Quad, places: i32, rounding: Rounding) -> Quad {
    if !number.is_finite() {
        return number;
    }
    let mut context = Context::<Quad>::default();
    context.set_rounding(rounding);
    let mut places = places;
    if places > -number.exponent() {
        // Zeros are written after the point as far as the digits allow.
        let room = DECIMAL_DIGITS - i32::try_from(number.digits()).unwrap_or(DECIMAL_DIGITS);
        places = places.min(room.max(0) - number.exponent());
    }
    let mut unit = context.from_i128(1);
    context.set_exponent(&mut unit, -places);
    context.quantize(number, unit)
}

fn round(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let (value, places) = (values.first().unwrap_or(&None), values.get(1));
    let Some(number) = number_of(value) else {
        if is_nullish(value) {
            return Ok(Some(Bson::Null));
        }
        return Err(at_location(
            51081,
            format!("{name} only supports numeric types, not {}", type_of(value)),
        ));
    };
    let places = match places {
        None => 0,
        Some(value) if is_nullish(value) => return Ok(Some(Bson::Null)),
        Some(value) => {
            let whole = number_of(value).ok_or_else(|| {
                at_location(16004, format!("can't convert from BSON type {} to long", type_of(value)))
            })?;
            to_long(whole, value)?;
            let exact =
                whole.as_exact_i64().and_then(|exact| i32::try_from(exact).ok()).ok_or_else(|| {
                    at_location(51082, format!("precision argument to  {name} must be a integral value"))
                })?;
            Some(exact).filter(|places| (-20..=100).contains(places)).ok_or_else(|| {
                at_location(
                    51083,
                    format!("cannot apply {name} with precision value {exact} value must be in [-20, 100]"),
                )
            })?
        }
    };
    let rounding = if name == "$round" { Rounding::HalfEven } else { Rounding::Down };
    Ok(Some(match number {
        Number::Decimal(number) => {
            Bson::Decimal128(decimal::decimal(quantize(decimal::quad(number), places, rounding)))
        }
        Number::Double(number) => Bson::Double(round_double(number, places, rounding)),
        other if places >= 0 => other.to_bson(),
        other => round_integer(other, places, rounding)?,
    }))
}

/// Rounds a double through the decimal that it is written as.
fn round_double(number: f64, places: i32, rounding: Rounding) -> f64 {
    if !number.is_finite() {
        return number;
    }
    if places == 0 {
        return match rounding {
            Rounding::HalfEven => number.round_ties_even(),
            _ => number.trunc(),
        };
    }
    decimal::to_f64(quantize(decimal::exact_from_f64(number), places, rounding))
}

fn round_integer(number: Number, places: i32, rounding: Rounding) -> Result<Bson> {
    let rounded = quantize(number.to_quad(), places, rounding);
    let whole = decimal::truncated_i64(rounded).ok_or_else(|| {
        at_location(51080, "invalid conversion from Decimal128 result in $round resulting from arguments")
    })?;
    Ok(match (number, i32::try_from(whole)) {
        (Number::Int32(_), Ok(small)) => Bson::Int32(small),
        _ => Bson::Int64(whole),
    })
}

/// Applies a function to a double, or its counterpart to a decimal.
fn transform(
    number: Number,
    double: fn(f64) -> f64,
    exact: fn(&mut Context<Decimal<12>>, &mut Decimal<12>),
) -> Bson {
    match number {
        Number::Decimal(number) => {
            Bson::Decimal128(decimal::decimal(decimal::transform(decimal::quad(number), exact)))
        }
        other => Bson::Double(double(other.to_f64())),
    }
}

fn is_negative(number: Number) -> bool {
    number.to_f64() < 0.0
}

fn root(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(number) = argument(name, &values)? else { return Ok(Some(Bson::Null)) };
    if is_negative(number) {
        return Err(at_location(28714, "$sqrt's argument must be greater than or equal to 0"));
    }
    Ok(Some(transform(number, f64::sqrt, |context, number| context.sqrt(number))))
}

fn exponential(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(number) = argument(name, &values)? else { return Ok(Some(Bson::Null)) };
    Ok(Some(transform(number, f64::exp, |context, number| context.exp(number))))
}

fn logarithm(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(number) = argument(name, &values)? else { return Ok(Some(Bson::Null)) };
    if number.to_f64() <= 0.0 {
        let code = if name == "$ln" { 28766 } else { 28761 };
        let found = shown(&Some(number.to_bson()));
        return Err(at_location(
            code,
            format!("{name}'s argument must be a positive number, but is {found}"),
        ));
    }
    if number.is_nan() {
        return Ok(Some(Bson::Double(f64::NAN)));
    }
    Ok(Some(if name == "$ln" {
        transform(number, f64::ln, |context, number| context.ln(number))
    } else {
        transform(number, f64::log10, |context, number| context.log10(number))
    }))
}

fn logarithm_to_base(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [value, base] = values.as_slice() else { return Ok(None) };
    if is_nullish(value) || is_nullish(base) {
        return Ok(Some(Bson::Null));
    }
    let number = number_of(value).ok_or_else(|| {
        at_location(28756, format!("$log's argument must be numeric, not {}", type_of(value)))
    })?;
    let to = number_of(base)
        .ok_or_else(|| at_location(28757, format!("$log's base must be numeric, not {}", type_of(base))))?;
    if number.to_f64() <= 0.0 {
        let found = shown(value);
        return Err(at_location(28758, format!("$log's argument must be a positive number, but is {found}")));
    }
    if to.to_f64() <= 0.0 || (to.to_f64() - 1.0).abs() == 0.0 {
        let found = shown(base);
        return Err(at_location(
            28759,
            format!("$log's base must be a positive number not equal to 1, but is {found}"),
        ));
    }
    if matches!(number, Number::Decimal(_)) || matches!(to, Number::Decimal(_)) {
        let of = |number: Number| decimal::transform(number.to_quad(), |context, number| context.ln(number));
        let quotient = decimal::combine(of(number), of(to), Context::<Quad>::div);
        return Ok(Some(Bson::Decimal128(decimal::decimal(quotient))));
    }
    Ok(Some(Bson::Double(number.to_f64().ln() / to.to_f64().ln())))
}

fn power(_: &'static str, values: Vec<Value>) -> Result<Value> {
    let [base, exponent] = values.as_slice() else { return Ok(None) };
    if is_nullish(base) || is_nullish(exponent) {
        return Ok(Some(Bson::Null));
    }
    let of_base = number_of(base)
        .ok_or_else(|| at_location(28762, format!("$pow's base must be numeric, not {}", type_of(base))))?;
    let to = number_of(exponent).ok_or_else(|| {
        at_location(28763, format!("$pow's exponent must be numeric, not {}", type_of(exponent)))
    })?;
    if of_base.is_zero() && is_negative(to) {
        return Err(at_location(28764, "$pow cannot take a base of 0 and a negative exponent"));
    }
    Ok(Some(match (of_base, to) {
        (Number::Decimal(_), _) | (_, Number::Decimal(_)) => {
            let exponent = Decimal::<12>::from(to.to_quad());
            let result = decimal::transform(of_base.to_quad(), |context, base| context.pow(base, &exponent));
            // The server adds a zero of the least exponent, which fills the digits up.
            let filled = decimal::combine(result, decimal::least_zero(), Context::<Quad>::add);
            Bson::Decimal128(decimal::decimal(filled))
        }
        (Number::Int32(_) | Number::Int64(_), Number::Int32(_) | Number::Int64(_)) => {
            integer_power(of_base, to)
        }
        _ => Bson::Double(of_base.to_f64().powf(to.to_f64())),
    }))
}

/// An integer where it fits: an int32 for two int32s, an int64 otherwise, and a double beyond.
fn integer_power(base: Number, exponent: Number) -> Bson {
    let double = Bson::Double(base.to_f64().powf(exponent.to_f64()));
    let (Some(whole), Some(times)) = (base.as_exact_i64(), exponent.as_exact_i64()) else { return double };
    let result = match (whole, u32::try_from(times)) {
        (1, _) => Some(1),
        (-1, _) => Some(if times % 2 == 0 { 1 } else { -1 }),
        (0, _) if times > 0 => Some(0),
        (_, Ok(times)) => whole.checked_pow(times),
        _ => None,
    };
    match (result, base, exponent) {
        (None, ..) => double,
        (Some(result), Number::Int32(_), Number::Int32(_)) => {
            i32::try_from(result).map_or(Bson::Int64(result), Bson::Int32)
        }
        (Some(result), ..) => Bson::Int64(result),
    }
}

fn trigonometric(name: &'static str, values: Vec<Value>) -> Result<Value> {
    let Some(number) = argument(name, &values)? else { return Ok(Some(Bson::Null)) };
    let angle = number.to_f64();
    if angle.is_infinite() && matches!(name, "$sin" | "$cos" | "$tan") {
        let found = shown(&values[0]);
        return Err(at_location(
            50989,
            format!("cannot apply {name} to {found}, value must be in (-inf,inf)"),
        ));
    }
    let result = match name {
        "$sin" => angle.sin(),
        "$cos" => angle.cos(),
        "$tan" => angle.tan(),
        "$degreesToRadians" | "$radiansToDegrees" if let Number::Decimal(angle) = number => {
            let factor = if name == "$degreesToRadians" { RADIANS_OF_A_DEGREE } else { DEGREES_OF_A_RADIAN };
            let factor = decimal::parse(factor).unwrap_or_else(|| decimal::from_i64(0));
            let product = decimal::combine(decimal::quad(angle), factor, Context::<Quad>::mul);
            return Ok(Some(Bson::Decimal128(decimal::decimal(product))));
        }
        "$degreesToRadians" => angle.to_radians(),
        _ => angle.to_degrees(),
    };
    Ok(Some(match number {
        Number::Decimal(_) => Bson::Decimal128(decimal::decimal(decimal::exact_from_f64(result))),
        _ => Bson::Double(result),
    }))
}
