//! The values of the wire: how they are read, how they are shown, and how the description of the API names them.
//!
//! A [`Given`] value is read without failing, so that what is wrong with it gets the code that belongs to it; a
//! JSON value of another type altogether still makes the request malformed.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use compact_str::CompactString;
use scrip_ledger::book::{GrantSource, Outcome};
use scrip_ledger::event::{ClosedBy, Resolution};
use scrip_ledger::{AmountError, Credits, Minted, Quantity, Timestamp, Token};
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::problem::{Code, Problem};

/// A value that stands in a JSON string.
pub(crate) trait Value: Sized {
    /// Its name in the description of the API.
    const NAME: &'static str;
    /// What it is.
    const DESCRIPTION: &'static str;
    /// A regular expression for it.
    const PATTERN: Option<&'static str> = None;
    /// All there are, if they can be counted.
    const ALLOWED: &'static [&'static str] = &[];

    /// Reads one.
    fn read(text: &str) -> Result<Self, Wrong>;

    /// Reads one from a whole JSON number; nothing if a number is of the wrong type altogether.
    fn read_whole(_: u64) -> Option<Result<Self, Wrong>> {
        None
    }

    /// What a negative number or one with a point is; nothing if a number is of the wrong type altogether.
    fn number() -> Option<Wrong> {
        None
    }
}

/// What is wrong with a value.
#[derive(Clone, Debug)]
pub(crate) struct Wrong {
    code: Code,
    detail: Cow<'static, str>,
    allowed: &'static [&'static str],
}

impl Wrong {
    fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), allowed: &[] }
    }

    /// The problem of a request whose field it is.
    pub(crate) fn at(self, field: &str) -> Problem {
        let problem = Problem::new(self.code, self.detail).with("field", field);
        if self.allowed.is_empty() { problem } else { problem.with("allowed", self.allowed) }
    }
}

impl From<AmountError> for Wrong {
    fn from(error: AmountError) -> Self {
        Self::new(Code::INVALID_AMOUNT, error.to_string())
    }
}

const AMOUNT_AS_NUMBER: &str = "an amount is a JSON string holding a decimal, never a JSON number";

impl Value for Credits {
    const NAME: &'static str = "Credits";
    const DESCRIPTION: &'static str = "An exact amount of credits with at most nine decimal places.";
    const PATTERN: Option<&'static str> = Some(r"^-?(0|[1-9][0-9]*)(\.[0-9]{1,9})?$");

    fn read(text: &str) -> Result<Self, Wrong> {
        Ok(text.parse()?)
    }

    fn read_whole(_: u64) -> Option<Result<Self, Wrong>> {
        Self::number().map(Err)
    }

    fn number() -> Option<Wrong> {
        Some(Wrong::new(Code::INVALID_AMOUNT, AMOUNT_AS_NUMBER))
    }
}

impl Value for Quantity {
    const NAME: &'static str = "Quantity";
    const DESCRIPTION: &'static str =
        "A quantity of a unit: a whole JSON number, or a string holding a decimal with at most six places.";

    fn read(text: &str) -> Result<Self, Wrong> {
        Ok(text.parse()?)
    }

    fn read_whole(count: u64) -> Option<Result<Self, Wrong>> {
        Some(Self::whole(count).map_err(Wrong::from))
    }

    fn number() -> Option<Wrong> {
        const DETAIL: &str =
            "a quantity is a whole JSON number of at least zero, or a string holding a decimal";
        Some(Wrong::new(Code::INVALID_AMOUNT, DETAIL))
    }
}

impl Value for Token {
    const NAME: &'static str = "Id";
    const DESCRIPTION: &'static str = "An id or a code.";
    const PATTERN: Option<&'static str> = Some("^[A-Za-z0-9_-]{1,64}$");

    fn read(text: &str) -> Result<Self, Wrong> {
        Self::new(text).map_err(|error| Wrong::new(Code::INVALID_ID, error.to_string()))
    }
}

impl Value for Timestamp {
    const NAME: &'static str = "Time";
    const DESCRIPTION: &'static str = "RFC 3339, UTC, microseconds.";

    fn read(text: &str) -> Result<Self, Wrong> {
        text.parse::<Self>().map_err(|error| Wrong::new(Code::INVALID_TIME, error.to_string()))
    }
}

impl Value for Minted {
    const NAME: &'static str = "MintedId";
    const DESCRIPTION: &'static str = "An id that was minted here. Opaque.";

    fn read(text: &str) -> Result<Self, Wrong> {
        text.parse().map_err(|_| Wrong::new(Code::INVALID_ID, "this is no id that was minted here"))
    }
}

/// An amount of money as it was written: its currency says what may be in it.
#[derive(Clone, Debug)]
pub(crate) struct MoneyText(CompactString);

impl MoneyText {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for MoneyText {
    const NAME: &'static str = "MoneyAmount";
    const DESCRIPTION: &'static str =
        "An amount of money: a plain decimal with at most the currency's minor units.";
    const PATTERN: Option<&'static str> = Some(r"^(0|[1-9][0-9]*)(\.[0-9]+)?$");

    fn read(text: &str) -> Result<Self, Wrong> {
        Ok(Self(text.into()))
    }

    fn read_whole(_: u64) -> Option<Result<Self, Wrong>> {
        Self::number().map(Err)
    }

    fn number() -> Option<Wrong> {
        Some(Wrong::new(Code::INVALID_AMOUNT, AMOUNT_AS_NUMBER))
    }
}

/// A provider's status: a code, or an HTTP status as a number.
#[derive(Clone, Debug)]
pub(crate) struct ProviderStatus(pub(crate) Token);

impl Value for ProviderStatus {
    const NAME: &'static str = "ProviderStatus";
    const DESCRIPTION: &'static str = "What a provider answered: a code, or an HTTP status.";

    fn read(text: &str) -> Result<Self, Wrong> {
        Token::read(text).map(Self)
    }

    fn read_whole(status: u64) -> Option<Result<Self, Wrong>> {
        Some(Self::read(&status.to_string()))
    }
}

macro_rules! words {
    ($($type:ty = $name:literal, $description:literal, [$($word:literal),*];)*) => {$(
        impl Value for $type {
            const NAME: &'static str = $name;
            const DESCRIPTION: &'static str = $description;
            const ALLOWED: &'static [&'static str] = &[$($word),*];

            fn read(text: &str) -> Result<Self, Wrong> {
                let word: StrDeserializer<'_, WordError> = text.into_deserializer();
                Self::deserialize(word).map_err(|_| Wrong {
                    allowed: Self::ALLOWED,
                    ..Wrong::new(Code::MALFORMED, concat!("this is no ", $name))
                })
            }
        }
    )*};
}

words! {
    Outcome = "Outcome", "How a call ended.", [
        "completed", "partial", "client_disconnected", "usage_unknown", "failed", "provider_limited", "retried",
        "moderation_blocked", "policy_violation"
    ];
    GrantSource = "GrantSource", "Why credits are granted.", ["promotional", "signup", "manual", "compensation"];
    ClosedBy = "ClosedBy", "Who closes an account.", ["holder", "operator"];
    Resolution = "DisputeOutcome", "How a dispute is resolved.", ["credited", "rejected"];
    ClaimOutcome = "ClaimOutcome", "How a claim for compensation ends.", ["paid", "waived"];
    ScopeWord = "FreezeScope", "How far a freeze reaches.", [
        "account", "amount", "lots", "key", "owner"
    ];
    Verdict = "Verdict", "What was decided of an appeal.", ["upheld", "rejected"];
}

/// What was decided of an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Upheld,
    Rejected,
}

/// How far a freeze reaches, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ScopeWord {
    Account,
    Amount,
    Lots,
    Key,
    /// The account, and all others of its owner.
    Owner,
}

/// How a claim for compensation ends, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ClaimOutcome {
    Paid,
    #[serde(alias = "given_up")]
    Waived,
}

/// A value as a caller gave it.
#[derive(Clone, Debug)]
pub(crate) struct Given<T>(Result<T, Wrong>);

/// Credits as given.
pub(crate) type AmountIn = Given<Credits>;
/// A quantity as given.
pub(crate) type QuantityIn = Given<Quantity>;
/// An id as given.
pub(crate) type IdIn = Given<Token>;
/// A time as given.
pub(crate) type TimeIn = Given<Timestamp>;
/// An outcome as given.
pub(crate) type OutcomeIn = Given<Outcome>;
/// A grant's source as given.
pub(crate) type SourceIn = Given<GrantSource>;
/// An amount of money as given.
pub(crate) type MoneyIn = Given<MoneyText>;
/// A provider's status as given.
pub(crate) type ProviderStatusIn = Given<ProviderStatus>;
/// A freeze's scope as given.
pub(crate) type ScopeIn = Given<ScopeWord>;
/// A decision as given.
pub(crate) type VerdictIn = Given<Verdict>;
/// How a dispute is resolved, as given.
pub(crate) type ResolutionIn = Given<Resolution>;
/// How a claim ends, as given.
pub(crate) type ClaimOutcomeIn = Given<ClaimOutcome>;
/// Who closes, as given.
pub(crate) type ClosedByIn = Given<ClosedBy>;

impl<T: Value> Given<T> {
    /// Reads one from a text.
    pub(crate) fn read(text: &str) -> Self {
        Self(T::read(text))
    }
}

impl<T> Given<T> {
    /// The value, or the problem of the request whose field it is.
    pub(crate) fn get(self, field: &str) -> Result<T, Problem> {
        self.0.map_err(|wrong| wrong.at(field))
    }
}

/// The value of an optional field.
pub(crate) fn optional<T>(given: Option<Given<T>>, field: &str) -> Result<Option<T>, Problem> {
    given.map(|given| given.get(field)).transpose()
}

impl<'de, T: Value> Deserialize<'de> for Given<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);

        impl<T: Value> de::Visitor<'_> for Reader<T> {
            type Value = Given<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Given<T>, E> {
                Ok(Given(T::read(text)))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Given<T>, E> {
                T::read_whole(number)
                    .map(Given)
                    .ok_or_else(|| E::invalid_type(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Given<T>, E> {
                let wrong = T::number().map(|wrong| Given(Err(wrong)));
                wrong.ok_or_else(|| E::invalid_type(de::Unexpected::Signed(number), &self))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Given<T>, E> {
                let wrong = T::number().map(|wrong| Given(Err(wrong)));
                wrong.ok_or_else(|| E::invalid_type(de::Unexpected::Float(number), &self))
            }
        }

        deserializer.deserialize_any(Reader(PhantomData))
    }
}

/// A value as an answer shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown<T>(pub(crate) T);

/// Credits in an answer.
pub(crate) type Amount = Shown<Credits>;
/// An id in an answer.
pub(crate) type Id = Shown<Token>;
/// A time in an answer.
pub(crate) type Time = Shown<Timestamp>;
/// A minted id in an answer.
pub(crate) type MintedId = Shown<Minted>;
/// An outcome in an answer.
pub(crate) type OutcomeOut = Shown<Outcome>;
/// A grant's source in an answer.
pub(crate) type SourceOut = Shown<GrantSource>;
/// A decision in an answer.
pub(crate) type VerdictOut = Shown<Verdict>;
/// How a dispute was resolved, in an answer.
pub(crate) type ResolutionOut = Shown<Resolution>;
/// Who closed, in an answer.
pub(crate) type ClosedByOut = Shown<ClosedBy>;

impl<T> From<T> for Shown<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Serialize> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn schema_of<T: Value>() -> RefOr<Schema> {
    let words = (!T::ALLOWED.is_empty()).then(|| T::ALLOWED.iter().copied());
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(T::DESCRIPTION))
        .pattern(T::PATTERN)
        .enum_values(words)
        .into()
}

macro_rules! described {
    ($($wrapper:ident),*) => {$(
        impl<T: Value> utoipa::PartialSchema for $wrapper<T> {
            fn schema() -> RefOr<Schema> {
                schema_of::<T>()
            }
        }

        impl<T: Value> utoipa::ToSchema for $wrapper<T> {
            fn name() -> Cow<'static, str> {
                T::NAME.into()
            }
        }
    )*};
}

described!(Given, Shown);

/// A text that names something of a catalog: what it may be, the catalog says.
pub(crate) type Name = CompactString;

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: Value>(json: &str) -> &'static str {
        match serde_json::from_str::<Given<T>>(json) {
            Err(_) => "malformed",
            Ok(given) => given.get("field").err().map_or("ok", |problem| problem.code().name),
        }
    }

    #[test]
    fn what_is_wrong_with_a_value_has_its_own_code() {
        for (json, expected) in [
            ("\"12.5\"", "ok"),
            ("12.5", "invalid_amount"),
            ("12", "invalid_amount"),
            ("-1", "invalid_amount"),
            ("\"NaN\"", "invalid_amount"),
            ("\"0.0000000001\"", "invalid_amount"),
            ("true", "malformed"),
            ("[]", "malformed"),
        ] {
            assert_eq!(code::<Credits>(json), expected, "{json}");
        }
        for (json, expected) in [
            ("7", "ok"),
            ("\"4.5\"", "ok"),
            ("4.5", "invalid_amount"),
            ("-1", "invalid_amount"),
            ("{}", "malformed"),
        ] {
            assert_eq!(code::<Quantity>(json), expected, "{json}");
        }
        for (json, expected) in [("\"a-1\"", "ok"), ("\"a b\"", "invalid_id"), ("7", "malformed")] {
            assert_eq!(code::<Token>(json), expected, "{json}");
        }
        for word in Outcome::ALLOWED {
            assert_eq!(Outcome::read(word).map(Outcome::as_str).ok(), Some(*word));
        }
        assert_eq!(code::<Outcome>("\"done\""), "malformed");
    }
}
