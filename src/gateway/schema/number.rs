//! Numbers as the decimals they are written as: `0.3` is a multiple of `0.1`, and `1.0` is a whole number.

use std::cmp::Ordering;

use serde_json::Number;

/// `digits` times ten to the power of `exponent`.
struct Decimal {
    digits: i128,
    exponent: i32,
}

pub fn is_whole(number: &Number) -> bool {
    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}

pub fn order(one: &Number, other: &Number) -> Ordering {
    match (one.as_i128(), other.as_i128()) {
        (Some(one), Some(other)) => one.cmp(&other),
        _ => float(one).total_cmp(&float(other)),
    }
}

/// `of` is not nought.
pub fn is_multiple(number: &Number, of: &Number) -> bool {
    if let (Some(number), Some(of)) = (decimal(number), decimal(of))
        && let Some(divides) = divides(&number, &of)
    {
        return divides;
    }
    // Too far apart for anything better.
    let quotient = float(number) / float(of);
    quotient.is_finite() && quotient.fract() == 0.0
}

fn divides(number: &Decimal, of: &Decimal) -> Option<bool> {
    let apart = number.exponent.checked_sub(of.exponent)?;
    let power = 10_i128.checked_pow(apart.unsigned_abs())?;
    let (number, of) = match apart >= 0 {
        true => (number.digits.checked_mul(power)?, of.digits),
        false => (number.digits, of.digits.checked_mul(power)?),
    };
    Some(number.checked_rem(of)? == 0)
}

/// `None` for one of too many digits.
fn decimal(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let places = i32::try_from(fraction.len()).ok()?;
    Some(Decimal {
        digits: format!("{whole}{fraction}").parse().ok()?,
        exponent: exponent.parse::<i32>().ok()?.checked_sub(places)?,
    })
}

fn float(number: &Number) -> f64 {
    // Minus nought is nought.
    number.as_f64().unwrap_or(f64::NAN) + 0.0
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn number(value: Value) -> Number {
        value.as_number().unwrap().clone()
    }

    #[test]
    fn decimals_divide_as_they_are_written() {
        let is_multiple = |one: Value, of: Value| is_multiple(&number(one), &number(of));
        for (one, of) in [
            (json!(0.3), json!(0.1)),
            (json!(19.99), json!(0.01)),
            (json!(6), json!(3)),
            (json!(-7.5), json!(2.5)),
            (json!(1e300), json!(1)),
            (json!(0), json!(0.7)),
            (json!(u64::MAX), json!(5)),
        ] {
            assert!(is_multiple(one.clone(), of.clone()), "{one} of {of}");
        }
        for (one, of) in [
            (json!(0.35), json!(0.1)),
            (json!(7), json!(2)),
            (json!(u64::MAX), json!(2)),
            (json!(1e-300), json!(1)),
        ] {
            assert!(!is_multiple(one.clone(), of.clone()), "{one} of {of}");
        }
    }

    #[test]
    fn numbers_are_ordered_whatever_they_are_written_as() {
        let order = |one: Value, other: Value| order(&number(one), &number(other));
        assert_eq!(order(json!(1), json!(1.0)), Ordering::Equal);
        assert_eq!(order(json!(-0.0), json!(0)), Ordering::Equal);
        assert_eq!(
            order(json!(u64::MAX), json!(u64::MAX - 1)),
            Ordering::Greater
        );
        assert_eq!(order(json!(-1), json!(0.5)), Ordering::Less);
        assert!(is_whole(&number(json!(2.0))));
        assert!(!is_whole(&number(json!(2.5))));
    }
}
