//! Money that was paid: an ISO 4217 currency and an amount with that currency's minor units.

use std::fmt;
use std::str::FromStr;

use ethnum::I256;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Credits;
use crate::credits::FromText;

/// An ISO 4217 currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

/// Why something is not money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not an ISO 4217 code of a currency that is paid with.
    #[error("the currency is not an ISO 4217 code")]
    UnknownCurrency,
    /// Not a plain decimal with at most the currency's minor units.
    #[error("an amount of money is a plain decimal with at most the currency's minor units")]
    NotAnAmount,
}

/// An amount of money, at least zero, in whole minor units (cents).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    currency: Currency,
    minor: u64,
}

impl Money {
    /// Parses an amount such as `"10.00"` in a currency.
    pub fn parse(currency: Currency, amount: &str) -> Result<Self, MoneyError> {
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
        let places = currency.places();
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let dangling = amount.ends_with('.') || (whole.len() > 1 && whole.starts_with('0'));
        if whole.is_empty()
            || fraction.len() > places
            || dangling
            || !is_digits(whole)
            || !is_digits(fraction)
        {
            return Err(MoneyError::NotAnAmount);
        }
        let padding = places.saturating_sub(fraction.len());
        whole
            .bytes()
            .chain(fraction.bytes())
            .chain(std::iter::repeat_n(b'0', padding))
            .try_fold(0u64, |value, digit| {
                value.checked_mul(10)?.checked_add(u64::from(digit.checked_sub(b'0')?))
            })
            .map(|minor| Self { currency, minor })
            .ok_or(MoneyError::NotAnAmount)
    }

    /// So many minor units of a currency.
    pub const fn of_minor(currency: Currency, minor: u64) -> Self {
        Self { currency, minor }
    }

    /// Both together; nothing of two currencies, or beyond what can be written.
    pub fn plus(self, other: Self) -> Option<Self> {
        let minor = self.minor.checked_add(other.minor).filter(|_| self.currency == other.currency)?;
        Some(Self { minor, ..self })
    }

    /// What is left when so much of the same currency is taken, zero at least.
    pub fn above(self, taken: u64) -> Self {
        Self { minor: self.minor.saturating_sub(taken), ..self }
    }

    /// The part of it that some credits are of all that it paid for, rounded down to the minor unit; all of it at most.
    pub fn part(self, credits: Credits, of: Credits) -> Self {
        Self { minor: share(self.minor, credits.nanos(), of.nanos()), ..self }
    }

    /// The part of it that an amount is of a whole, both in minor units, rounded down; all of it at most.
    pub fn proportion(self, amount: u64, of: u64) -> Self {
        Self { minor: share(self.minor, i128::from(amount), i128::from(of)), ..self }
    }

    /// Its currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// In minor units: cents, or whole yen.
    pub fn minor(&self) -> u64 {
        self.minor
    }

    /// The amount alone, with all minor units: `10.00`, `1200` for yen.
    pub fn amount(&self) -> String {
        self.currency.decimal(i128::from(self.minor))
    }
}

/// minor × part ÷ whole, rounded down, exact in between; nothing of a whole that is nothing.
fn share(minor: u64, part: i128, whole: i128) -> u64 {
    let part = part.min(whole);
    if part <= 0 {
        return 0;
    }
    // Nearly all amounts fit, and dividing 256-bit numbers takes many times as long.
    let small = u128::try_from(part).ok().and_then(|part| part.checked_mul(u128::from(minor)));
    if let (Some(product), Ok(whole)) = (small, u128::try_from(whole)) {
        return product.checked_div(whole).and_then(|part| u64::try_from(part).ok()).unwrap_or(0);
    }
    let product = I256::from(minor).checked_mul(I256::from(part));
    let quotient = product.and_then(|product| product.checked_div(I256::from(whole)));
    quotient.and_then(|quotient| u64::try_from(quotient).ok()).unwrap_or(0)
}

impl Currency {
    /// Decimal places of its minor unit (ISO 4217).
    pub fn places(self) -> usize {
        usize::from(self.0.exponent().unwrap_or(0))
    }

    /// So many of its minor units as a decimal with all of them: `-0.05`, `1200` for yen.
    pub fn decimal(self, minor: i128) -> String {
        let places = self.places();
        let sign = if minor < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", minor.unsigned_abs(), width = places.saturating_add(1));
        match digits.len().checked_sub(places).and_then(|point| digits.split_at_checked(point)) {
            Some((whole, fraction)) if places > 0 => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{digits}"),
        }
    }

    /// Its three letters.
    pub fn code(self) -> &'static str {
        self.0.code()
    }
}

impl PartialOrd for Currency {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// By their codes.
impl Ord for Currency {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.code().cmp(other.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.exponent().is_some())
            .map(Self)
            .ok_or(MoneyError::UnknownCurrency)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

/// The JSON form of money.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    currency: Currency,
    amount: String,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written { currency: self.currency, amount: self.amount() }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        Self::parse(written.currency, &written.amount).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_exact_and_rounded_down_once() {
        let usd: Currency = "USD".parse().unwrap();
        let credits = |text: &str| text.parse::<Credits>().unwrap();
        let part = |minor, of: &str, whole: &str| {
            Money::of_minor(usd, minor).part(credits(of), credits(whole)).minor()
        };
        assert_eq!(part(1000, "1", "3"), 333);
        assert_eq!(part(1000, "2.999999999", "3"), 999);
        assert_eq!(part(1000, "3", "3"), 1000);
        assert_eq!(part(1000, "4", "3"), 1000);
        assert_eq!((part(1000, "0", "3"), part(1000, "0", "0")), (0, 0));
        assert_eq!(part(u64::MAX, "1000000000000000000", "1000000000000000000"), u64::MAX);
        assert_eq!(Money::of_minor(usd, 199).proportion(333, 1000).minor(), 66);
    }

    #[test]
    fn money_keeps_its_minor_units() {
        let usd: Currency = "USD".parse().unwrap();
        assert_eq!(Money::parse(usd, "10").unwrap().amount(), "10.00");
        assert_eq!(Money::parse(usd, "0.05").unwrap().amount(), "0.05");
        let jpy: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::parse(jpy, "1200").unwrap().amount(), "1200");
        assert_eq!(Money::parse(jpy, "12.5"), Err(MoneyError::NotAnAmount));
        for amount in ["", "10.001", "-1", "1.", ".5", "1e2", "01", "99999999999999999999"] {
            assert_eq!(Money::parse(usd, amount), Err(MoneyError::NotAnAmount), "{amount:?}");
        }
        for code in ["", "usd", "US", "XXX", "ZZZ"] {
            assert_eq!(code.parse::<Currency>(), Err(MoneyError::UnknownCurrency), "{code:?}");
        }
    }
}
