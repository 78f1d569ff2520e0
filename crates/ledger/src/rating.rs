//! Rating: what a usage costs at given rates, exactly, with one rounding per call.
//!
//! `rust_decimal` multiplies within 28 digits and rounds beyond them without a word, so products are formed from
//! mantissas as 256-bit integers. The digit limits below make an overflow impossible; it is checked all the same.

use std::fmt;
use std::str::FromStr;

use compact_str::{CompactString, ToCompactString};
use ethnum::I256;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::book::Rate;
use crate::credits::{DECIMAL_BUFFER, PLACES, write_decimal};
use crate::{AmountError, Credits};

/// Decimal places of a quantity: video seconds to the microsecond.
const QUANTITY_PLACES: u32 = 6;
/// Largest quantity of one line: 10^15 of a unit.
const QUANTITY_MAX: i128 = 1_000_000_000_000_000;
/// Most units that one call may be rated by.
pub const MAX_LINES: usize = 32;

/// How a call's exact total becomes [`Credits`]: once, by the book's rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest nano-credit, ties to the even one (IEEE 754 roundTiesToEven).
    HalfEven,
    /// To the next nano-credit above, if anything is left over.
    Up,
}

/// A quantity of a unit: at least zero, at most 10^15, at most six decimal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity(Decimal);

/// What was used, or is expected to be: quantities by unit, in the order given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage(Vec<(CompactString, Quantity)>);

/// One line of a debit: a unit's quantity at its rate, unrounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Line {
    /// The unit, such as `input_tokens`.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub unit: CompactString,
    /// How much of it, an exact decimal.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub quantity: CompactString,
    /// Credits for `per` of the unit, an exact decimal: upstream rate × discount where the book has a discount.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub rate: CompactString,
    /// How many of the unit the rate is for, a power of ten.
    pub per: u64,
    /// quantity × rate ÷ per, exact and unrounded.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub amount: CompactString,
}

/// Why a usage cannot be rated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RatingError {
    /// The catalog has no rate for this unit of this model at this endpoint.
    #[error("the model is not rated by the unit {0:?} at this endpoint")]
    UnknownUnit(CompactString),
    /// The total is beyond what credits can hold.
    #[error(transparent)]
    Amount(#[from] AmountError),
}

/// An exact decimal of any length that rating can reach: `mantissa × 10^-scale`.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    mantissa: I256,
    scale: u32,
}

impl Exact {
    const ZERO: Self = Self { mantissa: I256::ZERO, scale: 0 };

    /// quantity × rate ÷ per, exactly.
    fn product(quantity: Quantity, rate: &Rate) -> Result<Self, AmountError> {
        let (quantity_mantissa, rate_mantissa) = (quantity.0.mantissa(), rate.rate.mantissa());
        // Nearly all products fit 128 bits, where they cost a fraction.
        let mantissa = match quantity_mantissa.checked_mul(rate_mantissa) {
            Some(small) => I256::from(small),
            None => I256::from(quantity_mantissa)
                .checked_mul(I256::from(rate_mantissa))
                .ok_or(AmountError::OutOfRange)?,
        };
        let scale = quantity
            .0
            .scale()
            .checked_add(rate.rate.scale())
            .and_then(|s| s.checked_add(rate.per_exponent()));
        Ok(Self { mantissa, scale: scale.ok_or(AmountError::OutOfRange)? })
    }

    fn plus(self, other: Self) -> Result<Self, AmountError> {
        let scale = self.scale.max(other.scale);
        let mantissa =
            self.at_scale(scale)?.checked_add(other.at_scale(scale)?).ok_or(AmountError::OutOfRange)?;
        Ok(Self { mantissa, scale })
    }

    /// The mantissa at a scale that is not below this one's.
    fn at_scale(self, scale: u32) -> Result<I256, AmountError> {
        match scale.saturating_sub(self.scale) {
            0 => Ok(self.mantissa),
            more => power_of_ten(more)
                .and_then(|factor| self.mantissa.checked_mul(factor))
                .ok_or(AmountError::OutOfRange),
        }
    }

    /// The one rounding: to nano-credits by the book's rule.
    fn round(self, rounding: Rounding) -> Result<Credits, AmountError> {
        let places = PLACES as u32;
        let nanos = if self.scale <= places {
            self.at_scale(places)?
        } else {
            let divisor = power_of_ten(self.scale.saturating_sub(places)).ok_or(AmountError::OutOfRange)?;
            divide(self.mantissa, divisor, rounding).ok_or(AmountError::OutOfRange)?
        };
        i128::try_from(nanos)
            .map_err(|_| AmountError::OutOfRange)
            .and_then(|nanos| Credits::from_nanos(nanos).not_negative())
    }
}

fn power_of_ten(exponent: u32) -> Option<I256> {
    match 10i128.checked_pow(exponent) {
        Some(small) => Some(I256::from(small)),
        None => I256::new(10).checked_pow(exponent),
    }
}

/// Divides what is not negative by what is positive, rounding by the rule.
fn divide(mantissa: I256, divisor: I256, rounding: Rounding) -> Option<I256> {
    // Most totals fit 128 bits, where a division is ten times cheaper.
    if let (Ok(small), Ok(divisor)) = (i128::try_from(mantissa), i128::try_from(divisor)) {
        let (quotient, remainder) = (small.checked_div(divisor)?, small.checked_rem(divisor)?);
        let rest = divisor.checked_sub(remainder)?;
        let up = match rounding {
            Rounding::Up => remainder > 0,
            Rounding::HalfEven => remainder > rest || (remainder == rest && quotient & 1 == 1),
        };
        return Some(I256::from(if up { quotient.checked_add(1)? } else { quotient }));
    }
    let (quotient, remainder) = (mantissa.checked_div(divisor)?, mantissa.checked_rem(divisor)?);
    let rest = divisor.checked_sub(remainder)?;
    let odd = quotient.checked_rem(I256::new(2))? == I256::ONE;
    let up = match rounding {
        Rounding::Up => remainder > I256::ZERO,
        Rounding::HalfEven => remainder > rest || (remainder == rest && odd),
    };
    if up { quotient.checked_add(I256::ONE) } else { Some(quotient) }
}

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.scale as usize;
        if let (Ok(small), true) = (u128::try_from(self.mantissa), scale <= 39) {
            return f.write_str(write_decimal(false, small, scale, &mut [0; DECIMAL_BUFFER]));
        }
        let digits = format!("{:0>width$}", self.mantissa.to_string(), width = scale.saturating_add(1));
        let (whole, fraction) =
            digits.split_at_checked(digits.len().saturating_sub(scale)).unwrap_or((&digits, ""));
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { f.write_str(whole) } else { write!(f, "{whole}.{fraction}") }
    }
}

/// Rates a usage: its lines, exact, and their total, rounded once.
///
/// Errors: a unit without a rate; a total beyond [`Credits::MAX`].
pub fn rate(rates: &[Rate], usage: &Usage, rounding: Rounding) -> Result<(Vec<Line>, Credits), RatingError> {
    let mut total = Exact::ZERO;
    let mut lines = Vec::with_capacity(usage.0.len());
    for (unit, quantity) in &usage.0 {
        let rate = rates
            .iter()
            .find(|rate| rate.unit == *unit)
            .ok_or_else(|| RatingError::UnknownUnit(unit.clone()))?;
        let amount = Exact::product(*quantity, rate)?;
        total = total.plus(amount)?;
        lines.push(Line {
            unit: unit.clone(),
            quantity: quantity.0.to_compact_string(),
            rate: rate.rate_text.clone(),
            per: rate.per,
            amount: amount.to_compact_string(),
        });
    }
    Ok((lines, total.round(rounding)?))
}

impl Quantity {
    /// A whole number of a unit. Errors above 10^15.
    pub fn whole(count: u64) -> Result<Self, AmountError> {
        Self::new(Decimal::from(count))
    }

    /// Checks a decimal: at least zero, at most 10^15, at most six places.
    pub fn new(value: Decimal) -> Result<Self, AmountError> {
        let value = value.normalize();
        if value.is_sign_negative() && !value.is_zero() {
            Err(AmountError::Negative)
        } else if value.scale() > QUANTITY_PLACES {
            Err(AmountError::TooManyPlaces)
        } else if value > Decimal::from(QUANTITY_MAX) {
            Err(AmountError::OutOfRange)
        } else {
            Ok(Self(value))
        }
    }
}

impl FromStr for Quantity {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        if text.starts_with(['+', '.']) || text.ends_with('.') || text.contains('_') {
            return Err(AmountError::NotDecimal);
        }
        let quantity = Decimal::from_str_exact(text).map_err(|_| AmountError::NotDecimal)?;
        // Not even "-0": a sign does not belong here.
        if text.starts_with('-') { Err(AmountError::Negative) } else { Self::new(quantity) }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Usage {
    /// Quantities by unit. A unit may stand once; at most [`MAX_LINES`].
    pub fn new(entries: impl IntoIterator<Item = (CompactString, Quantity)>) -> Result<Self, UsageError> {
        let mut usage = Self::default();
        for (unit, quantity) in entries {
            usage.push(unit, quantity)?;
        }
        Ok(usage)
    }

    fn push(&mut self, unit: CompactString, quantity: Quantity) -> Result<(), UsageError> {
        if self.0.iter().any(|(known, _)| *known == unit) {
            return Err(UsageError::Repeated(unit));
        }
        if self.0.len() >= MAX_LINES {
            return Err(UsageError::TooManyUnits);
        }
        self.0.push((unit, quantity));
        Ok(())
    }

    /// The quantities by unit, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Quantity)> {
        self.0.iter().map(|(unit, quantity)| (unit.as_str(), *quantity))
    }

    /// Whether nothing was used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Why quantities do not make a usage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// The same unit twice.
    #[error("the unit {0:?} stands twice")]
    Repeated(CompactString),
    /// More than [`MAX_LINES`].
    #[error("a call has at most {MAX_LINES} units")]
    TooManyUnits,
}

/// By unit, whatever the order given: a retry whose writer orders its keys differently is the same command.
impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut units: Vec<_> = self.0.iter().collect();
        units.sort_unstable_by_key(|(unit, _)| unit);
        serializer
            .collect_map(units.into_iter().map(|(unit, quantity)| (unit, quantity.0.to_compact_string())))
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Units;
        impl<'de> de::Visitor<'de> for Units {
            type Value = Usage;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of quantities by unit")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Usage, A::Error> {
                let mut usage = Usage::default();
                while let Some((unit, Quantity(quantity))) = map.next_entry::<CompactString, Quantity>()? {
                    usage.push(unit, Quantity(quantity)).map_err(de::Error::custom)?;
                }
                Ok(usage)
            }
        }
        deserializer.deserialize_map(Units)
    }
}

/// A whole number, or a string holding a decimal; a number with a point has already been a float somewhere.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl de::Visitor<'_> for Number {
            type Value = Quantity;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or a string holding a decimal")
            }

            fn visit_u64<E: de::Error>(self, count: u64) -> Result<Quantity, E> {
                Quantity::whole(count).map_err(E::custom)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rate_of(rate: &str, per: u64) -> Rate {
        Rate::new("m", "chat/completions", "u", rate.parse().unwrap(), per).unwrap()
    }

    fn total(quantity: &str, rate: &str, per: u64, rounding: Rounding) -> String {
        let usage = Usage::new([("u".into(), quantity.parse().unwrap())]).unwrap();
        super::rate(&[rate_of(rate, per)], &usage, rounding).unwrap().1.to_string()
    }

    #[test]
    fn a_call_is_rounded_once() {
        use Rounding::*;
        // 1 token at 0.15 per million is 0.00000015: 150 nano-credits, no rounding.
        assert_eq!(total("1", "0.15", 1_000_000, HalfEven), "0.00000015");
        assert_eq!(total("1", "0.0005", 1_000_000, HalfEven), "0", "half a nano-credit, ties to even");
        assert_eq!(total("3", "0.0005", 1_000_000, HalfEven), "0.000000002", "one and a half, ties to even");
        assert_eq!(total("1", "0.0005", 1_000_000, Up), "0.000000001");
        assert_eq!(total("0", "0.0005", 1_000_000, Up), "0");
        assert_eq!(total("4.5", "0.08", 1, Up), "0.36");
    }

    #[test]
    fn lines_are_exact_where_decimal_would_round() {
        let usage = Usage::new([("u".into(), "123456789012.123456".parse().unwrap())]).unwrap();
        let (lines, _) = rate(&[rate_of("0.123456789012345", 1_000_000)], &usage, Rounding::Up).unwrap();
        assert_eq!(lines[0].amount, "15241.57875321131800969744806432");
    }

    #[test]
    fn a_usage_is_written_one_way_however_it_was_given() {
        let usage = |json: &str| serde_json::from_str::<Usage>(json).unwrap();
        let written = r#"{"a":"1.5","b":"2"}"#;
        for given in [r#"{"a":"1.5","b":2}"#, r#"{"b":"2.000","a":"1.50"}"#, r#"{"b":"002","a":"1.5"}"#] {
            assert_eq!(serde_json::to_string(&usage(given)).unwrap(), written, "{given}");
        }
    }

    #[test]
    fn a_quantity_is_a_plain_decimal_of_at_least_nothing() {
        for text in
            ["", "-", "-1", "-0", "-0.0", "+1", "1e3", ".5", "1.", "1_0", " 1", "NaN", "0x1", "1.0000001"]
        {
            assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        }
        for json in ["1.5", "-1", "1e3", "null", "true", "[]", "1000000000000001"] {
            assert!(serde_json::from_str::<Quantity>(json).is_err(), "{json}");
        }
        assert_eq!("1000000000000000".parse::<Quantity>().unwrap().to_string(), "1000000000000000");
        assert_eq!("0.000001".parse::<Quantity>().unwrap().to_string(), "0.000001");
    }

    #[test]
    fn a_usage_beyond_the_range_is_an_error() {
        let usage = Usage::new([("u".into(), "1000000000000000".parse().unwrap())]).unwrap();
        assert_eq!(
            rate(&[rate_of("999999999", 1)], &usage, Rounding::Up),
            Err(RatingError::Amount(AmountError::OutOfRange))
        );
    }

    proptest! {
        /// Against big decimal arithmetic done by hand in u128, on numbers small enough for it.
        #[test]
        fn totals_agree_with_long_arithmetic(quantity in 0u64..10_000_000, milli_rate in 0u64..10_000_000) {
            let rate = Decimal::new(milli_rate as i64, 3);
            let exact = u128::from(quantity) * u128::from(milli_rate); // × 10^-3 ÷ 10^6 = × 10^-9
            prop_assert_eq!(
                total(&quantity.to_string(), &rate.to_string(), 1_000_000, Rounding::Up),
                Credits::from_nanos(exact as i128).to_string()
            );
        }

        #[test]
        fn rounding_up_is_never_below_and_never_a_nano_above(quantity in 0u64..1_000_000, rate in 0i64..1_000_000_000) {
            let rate = Decimal::new(rate, 15);
            let down = u128::from(quantity) * rate.mantissa() as u128 / 1_000_000; // scale 15 → 9
            let up: Credits = total(&quantity.to_string(), &rate.to_string(), 1, Rounding::Up).parse().unwrap();
            let even: Credits = total(&quantity.to_string(), &rate.to_string(), 1, Rounding::HalfEven).parse().unwrap();
            prop_assert!(up.nanos() as u128 - down <= 1);
            prop_assert!(even <= up && even.nanos() as u128 >= down);
        }
    }
}
