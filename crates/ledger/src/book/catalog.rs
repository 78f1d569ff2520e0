//! A catalog: the products that are sold and the rates that calls are charged by.

use std::fmt;
use std::str::FromStr;

use compact_str::{CompactString, ToCompactString};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::credits::FromText;
use crate::time::Period;
use crate::{Credits, Money, Token};

/// Decimal places of a rate.
const RATE_PLACES: u32 = 15;
/// A rate is below 10^9.
const RATE_LIMIT: i64 = 1_000_000_000;
/// `per` is at most 10^9.
const PER_LIMIT: u64 = 1_000_000_000;

/// Units that every catalog may rate by (CONTRACT: Queries).
pub const STANDARD_UNITS: [&str; 11] = [
    "input_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "images",
    "video_seconds",
    "audio_seconds",
    "characters",
    "calls",
    "tasks",
];

/// One version of a book's catalog.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Catalog {
    /// Counts up from 1. A version that has been in force never changes.
    pub version: u32,
    /// What can be bought.
    pub products: Vec<Product>,
    /// What can be subscribed to.
    pub plans: Vec<Plan>,
    /// The limits of models that have some.
    pub models: Vec<Model>,
    /// Units of its own, besides [`STANDARD_UNITS`].
    pub units: Vec<CompactString>,
    /// Sorted by model and endpoint, so that a call's rates are one slice.
    rates: Vec<Rate>,
}

/// Something that is sold: so many credits for so much money.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id in the catalog.
    pub id: Token,
    /// Its price, before tax and fees.
    pub price: Money,
    /// The credits it brings.
    pub credits: Credits,
    /// How long they last; without it, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<Days>,
    /// Its lots' place in a burn order by priority: the lower, the sooner.
    #[serde(default)]
    pub priority: u16,
}

/// What can be subscribed to: credits by the period (I1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its id in the catalog.
    pub id: Token,
    /// The price of one period, before tax and fees.
    pub price: Money,
    /// How long a period is, on the calendar of the book's time zone.
    pub every: Period,
    /// The credits that each period brings.
    pub credits: Credits,
    /// How long they last, from the beginning of their period; without it, as long as the period.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for: Option<Period>,
    /// Its lots' place in a burn order by priority: the lower, the sooner.
    #[serde(default)]
    pub priority: u16,
}

/// What a model can do at most.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The name that callers use.
    pub id: CompactString,
    /// The most output tokens of one call: what a hold is estimated by when a request sets no limit.
    pub max_output_tokens: u64,
}

/// The price of one unit of a model at an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WrittenRate", into = "WrittenRate")]
pub struct Rate {
    /// The model's name.
    pub model: CompactString,
    /// Where it is called, such as `chat/completions`.
    pub endpoint: CompactString,
    /// The unit, such as `input_tokens`.
    pub unit: CompactString,
    /// Credits for `per` units: below 10^9, at most 15 places.
    pub rate: Decimal,
    /// The rate as lines show it.
    pub rate_text: CompactString,
    /// How many units the rate is for: a power of ten, at most 10^9.
    pub per: u64,
    /// The provider's own rate and what it is multiplied by, where the book sells at a discount:
    /// `rate = upstream_rate × discount`, exactly (A1).
    pub discounted_from: Option<(Decimal, Decimal)>,
}

/// A number of days of 24 hours, written as an ISO 8601 duration: `P365D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub u64);

/// Why something is not a catalog.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// A product twice.
    #[error("the product {0:?} stands twice")]
    RepeatedProduct(String),
    /// A rate twice.
    #[error("the rate of {0:?} at {1:?} by {2:?} stands twice")]
    RepeatedRate(String, String, String),
    /// A model's limits twice.
    #[error("the model {0:?} stands twice")]
    RepeatedModel(String),
    /// A product that brings nothing, or more than there can be.
    #[error("the product {0:?} must bring more than 0 credits, and at most 10^18")]
    NoCredits(String),
    /// A plan twice.
    #[error("the plan {0:?} stands twice")]
    RepeatedPlan(String),
    /// A plan that brings nothing, or more than there can be.
    #[error("the plan {0:?} must bring more than 0 credits, and at most 10^18")]
    NoPlanCredits(String),
    /// Below zero, 10^9 or more, or beyond 15 places.
    #[error("a rate is at least 0 and below 1000000000, with at most 15 decimal places")]
    RateRange,
    /// `per` is not 1, 10, 100, … 10^9.
    #[error("per must be a power of ten, at most 1000000000")]
    Per,
    /// Neither `rate` nor `upstream_rate` with `discount`, or they disagree.
    #[error("give a rate, or an upstream_rate with its discount; given both, rate must be their product")]
    Discount,
    /// A unit that is neither a standard one nor the catalog's own.
    #[error("{model:?} is rated by the unknown unit {unit:?}: name it in units, or use a standard one")]
    UnknownUnit {
        /// The rate's model.
        model: String,
        /// The unit.
        unit: String,
    },
    /// A unit of the catalog's own twice, or one that is standard.
    #[error("the unit {0:?} stands twice")]
    RepeatedUnit(String),
    /// An empty or overlong name.
    #[error("a model, an endpoint and a unit have 1 to 100 characters each")]
    Name,
}

impl CatalogError {
    /// The key of the file that it is about; of a list, since what stands twice has no one place in it.
    pub(super) const fn key(&self) -> &'static str {
        match self {
            Self::RepeatedUnit(_) => "units",
            Self::RepeatedProduct(_) | Self::NoCredits(_) => "products",
            Self::RepeatedPlan(_) | Self::NoPlanCredits(_) => "plans",
            Self::RepeatedModel(_) => "models",
            Self::RepeatedRate(..)
            | Self::UnknownUnit { .. }
            | Self::RateRange
            | Self::Per
            | Self::Discount
            | Self::Name => "rates",
        }
    }
}

impl Catalog {
    /// The rates of a model at an endpoint; empty if it is not sold there.
    pub fn rates(&self, model: &str, endpoint: &str) -> &[Rate] {
        let key = (model, endpoint);
        let start = self.rates.partition_point(|rate| rate.key() < key);
        let end = self.rates.partition_point(|rate| rate.key() <= key);
        self.rates.get(start..end).unwrap_or(&[])
    }

    /// What is checked of a catalog that is about to be published: it rates by units that are known.
    pub(super) fn checked(self) -> Result<Self, CatalogError> {
        for (at, unit) in self.units.iter().enumerate() {
            if STANDARD_UNITS.contains(&unit.as_str())
                || self.units.iter().take(at).any(|other| other == unit)
            {
                return Err(CatalogError::RepeatedUnit(unit.to_string()));
            }
            if !(1..=100).contains(&unit.len()) {
                return Err(CatalogError::Name);
            }
        }
        let known = |unit: &CompactString| {
            STANDARD_UNITS.contains(&unit.as_str()) || self.units.iter().any(|own| own == unit)
        };
        match self.rates.iter().find(|rate| !known(&rate.unit)) {
            Some(Rate { model, unit, .. }) => {
                Err(CatalogError::UnknownUnit { model: model.to_string(), unit: unit.to_string() })
            }
            None => Ok(self),
        }
    }

    /// Every rate, by model and endpoint.
    pub fn all_rates(&self) -> &[Rate] {
        &self.rates
    }

    /// A product by its id.
    pub fn product(&self, id: &Token) -> Option<&Product> {
        self.products.iter().find(|product| product.id == *id)
    }

    /// A plan by its id.
    pub fn plan(&self, id: &Token) -> Option<&Plan> {
        self.plans.iter().find(|plan| plan.id == *id)
    }

    /// A model's limits.
    pub fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }
}

impl Rate {
    /// A rate that stands for itself.
    pub fn new(
        model: &str,
        endpoint: &str,
        unit: &str,
        rate: Decimal,
        per: u64,
    ) -> Result<Self, CatalogError> {
        Self::checked([model, endpoint, unit], rate, per, None)
    }

    fn checked(
        [model, endpoint, unit]: [&str; 3],
        rate: Decimal,
        per: u64,
        discounted_from: Option<(Decimal, Decimal)>,
    ) -> Result<Self, CatalogError> {
        let rate = rate.normalize();
        let in_range = |value: Decimal| !value.is_sign_negative() && value < Decimal::from(RATE_LIMIT);
        if !in_range(rate) || rate.scale() > RATE_PLACES {
            return Err(CatalogError::RateRange);
        }
        if per == 0 || per > PER_LIMIT || 10u64.checked_pow(per.ilog10()) != Some(per) {
            return Err(CatalogError::Per);
        }
        if [model, endpoint, unit].iter().any(|name| !(1..=100).contains(&name.len())) {
            return Err(CatalogError::Name);
        }
        Ok(Self {
            model: model.into(),
            endpoint: endpoint.into(),
            unit: unit.into(),
            rate,
            rate_text: rate.to_compact_string(),
            per,
            discounted_from,
        })
    }

    /// `per` as a power of ten.
    pub(crate) fn per_exponent(&self) -> u32 {
        self.per.checked_ilog10().unwrap_or(0)
    }

    fn key(&self) -> (&str, &str) {
        (&self.model, &self.endpoint)
    }
}

/// A catalog as it is written in a file or an event.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    version: u32,
    products: Vec<Product>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    plans: Vec<Plan>,
    #[serde(default)]
    models: Vec<Model>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    units: Vec<CompactString>,
    rates: Vec<Rate>,
}

impl TryFrom<Written> for Catalog {
    type Error = CatalogError;

    fn try_from(written: Written) -> Result<Self, CatalogError> {
        let Written { version, products, plans, models, units, mut rates } = written;
        for (at, product) in products.iter().enumerate() {
            if products.iter().take(at).any(|other| other.id == product.id) {
                return Err(CatalogError::RepeatedProduct(product.id.to_string()));
            }
            if product.credits.moving().is_err() {
                return Err(CatalogError::NoCredits(product.id.to_string()));
            }
        }
        for (at, plan) in plans.iter().enumerate() {
            if plans.iter().take(at).any(|other| other.id == plan.id) {
                return Err(CatalogError::RepeatedPlan(plan.id.to_string()));
            }
            if plan.credits.moving().is_err() {
                return Err(CatalogError::NoPlanCredits(plan.id.to_string()));
            }
        }
        for (at, model) in models.iter().enumerate() {
            if models.iter().take(at).any(|other| other.id == model.id) {
                return Err(CatalogError::RepeatedModel(model.id.to_string()));
            }
        }
        rates.sort_by(|one, other| (one.key(), &one.unit).cmp(&(other.key(), &other.unit)));
        for pair in rates.windows(2) {
            if let [one, other] = pair
                && (one.key(), &one.unit) == (other.key(), &other.unit)
            {
                let [model, endpoint, unit] =
                    [&one.model, &one.endpoint, &one.unit].map(|name| name.to_string());
                return Err(CatalogError::RepeatedRate(model, endpoint, unit));
            }
        }
        Ok(Self { version, products, plans, models, units, rates })
    }
}

impl From<Catalog> for Written {
    fn from(catalog: Catalog) -> Self {
        let Catalog { version, products, plans, models, units, rates } = catalog;
        Self { version, products, plans, models, units, rates }
    }
}

/// A rate as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    model: CompactString,
    endpoint: CompactString,
    unit: CompactString,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<Exactly>,
    per: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream_rate: Option<Exactly>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<Exactly>,
}

impl TryFrom<WrittenRate> for Rate {
    type Error = CatalogError;

    fn try_from(written: WrittenRate) -> Result<Self, CatalogError> {
        let given = written.rate.map(|Exactly(rate)| rate);
        let names = [written.model.as_str(), &written.endpoint, &written.unit];
        match (given, written.upstream_rate, written.discount) {
            (Some(rate), None, None) => Self::checked(names, rate, written.per, None),
            (given, Some(Exactly(upstream)), Some(Exactly(discount))) => {
                let product = multiply(upstream, discount).ok_or(CatalogError::RateRange)?;
                if upstream.is_sign_negative() || discount.is_sign_negative() {
                    return Err(CatalogError::RateRange);
                }
                if given.is_some_and(|rate| rate != product) {
                    return Err(CatalogError::Discount);
                }
                Self::checked(names, product, written.per, Some((upstream, discount)))
            }
            (_, Some(_), None) | (_, None, Some(_)) | (None, None, None) => Err(CatalogError::Discount),
        }
    }
}

/// The exact product, or nothing where 28 digits do not hold it: `Decimal` itself would round.
fn multiply(one: Decimal, other: Decimal) -> Option<Decimal> {
    let (one, other) = (one.normalize(), other.normalize());
    let mantissa = one.mantissa().checked_mul(other.mantissa())?;
    Decimal::try_from_i128_with_scale(mantissa, one.scale().checked_add(other.scale())?)
        .ok()
        .map(|d| d.normalize())
}

impl From<Rate> for WrittenRate {
    fn from(rate: Rate) -> Self {
        let (upstream_rate, discount) = rate.discounted_from.unzip();
        Self {
            model: rate.model,
            endpoint: rate.endpoint,
            unit: rate.unit,
            rate: Some(Exactly(rate.rate)),
            per: rate.per,
            upstream_rate: upstream_rate.map(Exactly),
            discount: discount.map(Exactly),
        }
    }
}

/// A decimal that is written as a string and holds exactly what was written.
struct Exactly(Decimal);

impl FromStr for Exactly {
    type Err = CatalogError;

    fn from_str(text: &str) -> Result<Self, CatalogError> {
        // `Decimal` reads more spellings than one.
        if text.starts_with(['+', '.']) || text.ends_with('.') || text.contains('_') {
            return Err(CatalogError::RateRange);
        }
        Decimal::from_str_exact(text).map(Self).map_err(|_| CatalogError::RateRange)
    }
}

impl Serialize for Exactly {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Exactly {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}

impl FromStr for Days {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let days =
            text.strip_prefix('P').and_then(|rest| rest.strip_suffix('D')).and_then(|days| days.parse().ok());
        days.filter(|days| (1..=36_525).contains(days))
            .map(Self)
            .ok_or("a validity is written P1D to P36525D")
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}D", self.0)
    }
}

impl Serialize for Days {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText(std::marker::PhantomData))
    }
}
