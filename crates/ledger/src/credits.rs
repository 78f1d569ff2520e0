//! Amounts of credits: exact fixed point with nine decimal places.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use ethnum::I256;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Decimal places of a credit amount.
pub(crate) const PLACES: usize = 9;
const SCALE: i128 = 1_000_000_000;

/// An amount of credits, exact to nine decimal places.
///
/// Inside it counts nano-credits in an `i128`. Amounts that enter from outside are at most [`Credits::MAX`],
/// which leaves room to add 10^11 of them before an `i128` could overflow; an overflow is an error all the same.
/// Written as a plain decimal without trailing zeros: `12.5`, `0.000000001`, `-3`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Credits(i128);

/// Why a text or a number is not an amount of credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a plain decimal.
    #[error(
        "an amount is a plain decimal such as \"12.5\": digits, and optionally a point and 1 to 9 digits"
    )]
    NotDecimal,
    /// More than nine decimal places.
    #[error("an amount has at most 9 decimal places")]
    TooManyPlaces,
    /// Beyond [`Credits::MAX`], or an overflow in arithmetic.
    #[error("the amount is out of range")]
    OutOfRange,
    /// A sign where none belongs.
    #[error("an amount must not be negative here")]
    Negative,
    /// Zero where something must move.
    #[error("an amount must be greater than zero here")]
    Zero,
}

impl Credits {
    /// No credits.
    pub const ZERO: Self = Self(0);
    /// The largest amount that may enter: 10^18 credits.
    pub const MAX: Self = Self(1_000_000_000_000_000_000 * SCALE);

    /// From nano-credits (10^-9 credits).
    pub const fn from_nanos(nanos: i128) -> Self {
        Self(nanos)
    }

    /// In nano-credits (10^-9 credits).
    pub const fn nanos(self) -> i128 {
        self.0
    }

    /// Whether it is nothing.
    pub const fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// Whether it is above zero.
    pub const fn is_positive(&self) -> bool {
        self.0 > 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(&self) -> bool {
        self.0 < 0
    }

    /// The sum. Errors: [`AmountError::OutOfRange`].
    pub fn plus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_add(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The difference, which may be negative. Errors: [`AmountError::OutOfRange`].
    pub fn minus(self, other: Self) -> Result<Self, AmountError> {
        self.0.checked_sub(other.0).map(Self).ok_or(AmountError::OutOfRange)
    }

    /// The part of `self` above `other`, or zero.
    pub fn above(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).map_or(0, |difference| difference.max(0)))
    }

    /// The part of it that an amount of money is of a whole, both in minor units, rounded down; all of it at most.
    pub fn part(self, minor: u64, of: u64) -> Self {
        if minor >= of {
            return self;
        }
        let product = I256::from(self.0).checked_mul(I256::from(minor));
        let quotient = product.and_then(|product| product.checked_div(I256::from(of)));
        Self(quotient.and_then(|quotient| i128::try_from(quotient).ok()).unwrap_or(0))
    }

    /// An amount that moves something: above zero and at most [`Credits::MAX`].
    pub fn moving(self) -> Result<Self, AmountError> {
        match self.not_negative()? {
            zero if zero.is_zero() => Err(AmountError::Zero),
            amount => Ok(amount),
        }
    }

    /// An amount that is at least zero and at most [`Credits::MAX`].
    pub fn not_negative(self) -> Result<Self, AmountError> {
        match self.0 {
            negative if negative < 0 => Err(AmountError::Negative),
            nanos if nanos > Self::MAX.0 => Err(AmountError::OutOfRange),
            nanos => Ok(Self(nanos)),
        }
    }

    /// The sum of many. Errors: [`AmountError::OutOfRange`].
    pub fn total(amounts: impl IntoIterator<Item = Self>) -> Result<Self, AmountError> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }
}

/// Sums what is known to be in range; use [`Credits::total`] for what comes from outside.
impl Sum for Credits {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.fold(0i128, |sum, amount| sum.saturating_add(amount.0)))
    }
}

impl FromStr for Credits {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        let amount = Self::parse(text)?;
        if amount.0.unsigned_abs() > Self::MAX.0.unsigned_abs() {
            Err(AmountError::OutOfRange)
        } else {
            Ok(amount)
        }
    }
}

impl Credits {
    /// Parses an amount of any size that is held inside.
    fn parse(text: &str) -> Result<Self, AmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(AmountError::NotDecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(AmountError::NotDecimal);
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(AmountError::NotDecimal);
        }
        if fraction.len() > PLACES {
            return Err(AmountError::TooManyPlaces);
        }
        let padding = PLACES.saturating_sub(fraction.len());
        let nanos = whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', padding))
            .try_fold(0i128, |value, digit| {
                value.checked_mul(10)?.checked_add(i128::from(digit.checked_sub(b'0')?))
            })
            .ok_or(AmountError::OutOfRange)?;
        if negative && nanos == 0 {
            return Err(AmountError::Negative);
        }
        Ok(Self(if negative { nanos.checked_neg().ok_or(AmountError::OutOfRange)? } else { nanos }))
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(write_decimal(self.0 < 0, self.0.unsigned_abs(), PLACES, &mut [0; DECIMAL_BUFFER]))
    }
}

/// Room for a sign, 39 digits, a point and leading zeros of any scale up to 39.
pub(crate) const DECIMAL_BUFFER: usize = 84;

/// Writes `mantissa × 10^-scale` as a plain decimal without trailing zeros, from the buffer's end.
pub(crate) fn write_decimal(
    negative: bool,
    mantissa: u128,
    scale: usize,
    buffer: &mut [u8; DECIMAL_BUFFER],
) -> &str {
    let mut at = DECIMAL_BUFFER;
    let mut rest = mantissa;
    let mut place = 0usize;
    let mut significant = false;
    while place < scale || rest > 0 || place == scale {
        if place == scale && significant && scale > 0 {
            at = put(buffer, at, b'.');
        }
        // Dividing 64-bit numbers is several times faster, and most amounts fit.
        let digit = match u64::try_from(rest) {
            Ok(small) => {
                rest = u128::from(small / 10);
                small % 10
            }
            Err(_) => {
                let digit = rest % 10;
                rest /= 10;
                u64::try_from(digit).unwrap_or(0)
            }
        };
        significant |= digit != 0 || place >= scale;
        if significant {
            at = put(buffer, at, b'0'.saturating_add(u8::try_from(digit).unwrap_or(0)));
        }
        place = place.saturating_add(1);
    }
    if negative && mantissa > 0 {
        at = put(buffer, at, b'-');
    }
    buffer.get(at..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or("")
}

fn put(buffer: &mut [u8; DECIMAL_BUFFER], at: usize, byte: u8) -> usize {
    let at = at.saturating_sub(1);
    if let Some(slot) = buffer.get_mut(at) {
        *slot = byte;
    }
    at
}

impl Serialize for Credits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(write_decimal(
            self.0 < 0,
            self.0.unsigned_abs(),
            PLACES,
            &mut [0; DECIMAL_BUFFER],
        ))
    }
}

/// Takes any amount that is held inside: a balance in an event may sum up to more than [`Credits::MAX`], and what was
/// written must be read. What a command brings is checked against the range when it is decided.
impl<'de> Deserialize<'de> for Credits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Stored(Credits);
        impl FromStr for Stored {
            type Err = AmountError;

            fn from_str(text: &str) -> Result<Self, AmountError> {
                Credits::parse(text).map(Self)
            }
        }
        let Stored(amount) = deserializer.deserialize_str(FromText(std::marker::PhantomData))?;
        Ok(amount)
    }
}

/// A value that is written as a JSON string and parsed from one, and from nothing else.
pub(crate) struct FromText<T>(pub(crate) std::marker::PhantomData<T>);

impl<T> de::Visitor<'_> for FromText<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_without_trailing_zeros() {
        for (text, printed) in [
            ("0", "0"),
            ("12.5", "12.5"),
            ("12.500000000", "12.5"),
            ("0.000000001", "0.000000001"),
            ("-3", "-3"),
            ("-0.10", "-0.1"),
            ("100", "100"),
            ("1000000000000000000", "1000000000000000000"),
        ] {
            assert_eq!(text.parse::<Credits>().unwrap().to_string(), printed);
        }
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        use AmountError::*;
        for (text, error) in [
            ("", NotDecimal),
            ("1.", NotDecimal),
            (".5", NotDecimal),
            ("+1", NotDecimal),
            ("1e3", NotDecimal),
            ("NaN", NotDecimal),
            ("00.5", NotDecimal),
            ("1,5", NotDecimal),
            (" 1", NotDecimal),
            ("١", NotDecimal),
            ("--1", NotDecimal),
            ("-", NotDecimal),
            ("-0", Negative),
            ("-0.000", Negative),
            ("0.0000000001", TooManyPlaces),
            ("1000000000000000000.000000001", OutOfRange),
            ("99999999999999999999", OutOfRange),
        ] {
            assert_eq!(text.parse::<Credits>(), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_json_number_is_not_an_amount() {
        assert!(serde_json::from_str::<Credits>("12.5").is_err());
        assert_eq!(serde_json::from_str::<Credits>("\"12.5\"").unwrap(), Credits(12_500_000_000));
    }

    #[test]
    fn a_sum_beyond_what_may_enter_is_read_back() {
        let sum = Credits::MAX.plus(Credits::MAX).unwrap();
        let stored = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<Credits>(&stored).unwrap(), sum);
        assert_eq!(sum.to_string().parse::<Credits>(), Err(AmountError::OutOfRange));
        assert!(serde_json::from_str::<Credits>(&format!("\"{}\"", "9".repeat(40))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_to_the_same(nanos in -Credits::MAX.0..=Credits::MAX.0) {
            let amount = Credits(nanos);
            prop_assert_eq!(amount.to_string().parse::<Credits>(), Ok(amount));
        }
    }
}
