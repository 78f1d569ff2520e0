//! The chart of accounts, and what is counted in it.
//!
//! An account's path is its name for ever: `liabilities:deferred-revenue`. Money and credits never meet in an account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::book::GrantSource;
use crate::credits::FromText;
use crate::{Credits, Currency, Token};

/// What a posting counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Commodity {
    /// Credits of the book that the account runs under: those of two books are two commodities.
    Credits,
    /// Money of a currency, in its minor units.
    Money(Currency),
}

/// A text that names no account of the chart, or no commodity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such account or commodity in the chart")]
pub struct NotInTheChart;

/// On which side of the books an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// What the service has: debits.
    Assets,
    /// What it owes: credits.
    Liabilities,
    /// Where credits come from, and what became of them.
    Equity,
    /// What it has earned: credits.
    Revenue,
    /// What it has lost: debits.
    Expenses,
}

/// Why credits came into being.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Issued {
    /// They were bought.
    TopUp,
    /// They came with a period of a subscription.
    Subscription,
    /// They were granted.
    Grant(GrantSource),
}

/// Lists the accounts that have no parts of their own: the variant, its class and its path.
macro_rules! chart {
    ($($(#[$doc:meta])* $name:ident = $class:ident $path:literal,)*) => {
        /// An account of the chart.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ChartAccount {
            $($(#[$doc])* $name,)*
            /// Money that a payment provider has for the service; of an unknown provider where the log does not tell.
            ProcessorClearing(Option<Token>),
            /// Credits that came into being, by why they did.
            CreditsIssued(Issued),
        }

        impl ChartAccount {
            /// Every account that has no parts of its own.
            pub const PLAIN: &'static [Self] = &[$(Self::$name,)*];

            /// On which side of the books it is.
            pub const fn class(&self) -> Class {
                match self {
                    $(Self::$name => Class::$class,)*
                    Self::ProcessorClearing(_) => Class::Assets,
                    Self::CreditsIssued(_) => Class::Equity,
                }
            }

            /// The path of an account that has no parts of its own.
            const fn plain(&self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($path),)*
                    Self::ProcessorClearing(_) | Self::CreditsIssued(_) => None,
                }
            }
        }
    };
}

chart! {
    /// Money that the service itself has received or paid.
    Bank = Assets "assets:bank",
    /// Prices of subscription periods that have begun and are not paid.
    UnpaidPeriods = Assets "assets:receivables:subscriptions",
    /// Compensation that the service claims from holders.
    Claims = Assets "assets:receivables:claims",
    /// Credits that holders owe, which new credits repay.
    CreditsReceivable = Assets "assets:credits:receivable",
    /// What was paid for credits that are left.
    DeferredRevenue = Liabilities "liabilities:deferred-revenue",
    /// Refunds and withdrawals that are owed.
    RefundsPayable = Liabilities "liabilities:refunds-payable",
    /// Tax that payments included.
    Tax = Liabilities "liabilities:tax",
    /// Fees that payments included.
    ProcessorFees = Liabilities "liabilities:processor-fees",
    /// What unpaid periods will defer once they are paid.
    UnearnedPeriods = Liabilities "liabilities:unearned-periods",
    /// Claims that are neither paid nor given up: not earned yet.
    ContestedClaims = Liabilities "liabilities:contested-claims",
    /// What was paid for credits on their way to another account.
    InTransit = Liabilities "liabilities:in-transit",
    /// Credits left in lots that were paid for, or will be.
    OutstandingPaid = Liabilities "liabilities:credits:outstanding:paid",
    /// Credits left in lots that were granted.
    OutstandingPromotional = Liabilities "liabilities:credits:outstanding:promotional",
    /// Credits on their way to another account.
    CreditsInTransit = Liabilities "liabilities:credits:in-transit",
    /// Credits that calls and corrections have used, net of what was given back.
    Used = Equity "equity:credits:used",
    /// Credits that have expired.
    Expired = Equity "equity:credits:expired",
    /// Credits that were forfeited.
    Forfeited = Equity "equity:credits:forfeited",
    /// Credits that were taken back with their order's money.
    Reclaimed = Equity "equity:credits:reclaimed",
    /// Credits that were paid out.
    Withdrawn = Equity "equity:credits:withdrawn",
    /// Credits that are owed for payments which were taken back after they were spent.
    ChargedBack = Equity "equity:credits:charged-back",
    /// Paid credits that were used.
    UsageRevenue = Revenue "revenue:usage",
    /// Breakage: paid credits that expired.
    BreakageExpired = Revenue "revenue:breakage:expired",
    /// Breakage: paid credits that were forfeited.
    BreakageForfeited = Revenue "revenue:breakage:forfeited",
    /// What was paid for credits that were taken back, less what is given back for them.
    RefundDifferences = Revenue "revenue:refund-differences",
    /// Minor units that migrations gain or lose.
    Rounding = Revenue "revenue:rounding",
    /// Claims that were paid.
    Compensation = Revenue "revenue:compensation",
    /// Payments that were taken back for credits that had been spent.
    Chargebacks = Expenses "expenses:chargebacks",
    /// Credits that calls used and nobody paid.
    Absorbed = Expenses "expenses:credits:absorbed",
}

const CLEARING: &str = "assets:processor-clearing";
const ISSUED: &str = "equity:credits:issued";

impl Issued {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::TopUp,
        Self::Subscription,
        Self::Grant(GrantSource::Promotional),
        Self::Grant(GrantSource::Signup),
        Self::Grant(GrantSource::Manual),
        Self::Grant(GrantSource::Compensation),
        Self::Grant(GrantSource::Adjustment),
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TopUp => "top-up",
            Self::Subscription => "subscription",
            Self::Grant(source) => source.as_str(),
        }
    }
}

impl Class {
    /// The first part of its accounts' paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assets => "assets",
            Self::Liabilities => "liabilities",
            Self::Equity => "equity",
            Self::Revenue => "revenue",
            Self::Expenses => "expenses",
        }
    }
}

impl fmt::Display for ChartAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.plain(), self) {
            (Some(path), _) => f.write_str(path),
            (None, Self::ProcessorClearing(Some(provider))) => write!(f, "{CLEARING}:{provider}"),
            (None, Self::CreditsIssued(issued)) => write!(f, "{ISSUED}:{}", issued.as_str()),
            (None, _) => f.write_str(CLEARING),
        }
    }
}

impl FromStr for ChartAccount {
    type Err = NotInTheChart;

    fn from_str(path: &str) -> Result<Self, NotInTheChart> {
        if let Some(plain) = Self::PLAIN.iter().find(|known| known.plain() == Some(path)) {
            return Ok(plain.clone());
        }
        if path == CLEARING {
            return Ok(Self::ProcessorClearing(None));
        }
        match path.rsplit_once(':') {
            Some((CLEARING, provider)) => Token::new(provider)
                .map(|token| Self::ProcessorClearing(Some(token)))
                .map_err(|_| NotInTheChart),
            Some((ISSUED, name)) => {
                let known = Issued::ALL.into_iter().find(|issued| issued.as_str() == name);
                known.map(Self::CreditsIssued).ok_or(NotInTheChart)
            }
            Some(_) | None => Err(NotInTheChart),
        }
    }
}

impl Commodity {
    /// A posting's quantity as a decimal: money with all minor units, credits without trailing zeros.
    pub fn amount(self, quantity: i128) -> String {
        match self {
            Self::Credits => Credits::from_nanos(quantity).to_string(),
            Self::Money(currency) => currency.decimal(quantity),
        }
    }
}

impl fmt::Display for Commodity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credits => f.write_str("credits"),
            Self::Money(currency) => currency.fmt(f),
        }
    }
}

impl FromStr for Commodity {
    type Err = NotInTheChart;

    fn from_str(text: &str) -> Result<Self, NotInTheChart> {
        match text {
            "credits" => Ok(Self::Credits),
            code => code.parse().map(Self::Money).map_err(|_| NotInTheChart),
        }
    }
}

/// Both are texts in JSON.
macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(FromText(std::marker::PhantomData))
            }
        }
    )*};
}

as_text!(ChartAccount Commodity);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_is_found_again_by_its_path_and_begins_with_its_class() {
        let stripe = ChartAccount::ProcessorClearing(Token::new("stripe").ok());
        let with_parts = [stripe, ChartAccount::ProcessorClearing(None)];
        let issued = Issued::ALL.map(ChartAccount::CreditsIssued);
        for account in ChartAccount::PLAIN.iter().chain(&with_parts).chain(&issued) {
            let path = account.to_string();
            assert_eq!(path.parse::<ChartAccount>().as_ref(), Ok(account));
            assert!(path.starts_with(&format!("{}:", account.class().as_str())), "{path}");
        }
        for text in
            ["", "assets", "assets:processor-clearing:a b", "equity:credits:issued:x", "revenue:usage:"]
        {
            assert_eq!(text.parse::<ChartAccount>(), Err(NotInTheChart), "{text:?}");
        }
        assert_eq!("USD".parse::<Commodity>().map(|usd| usd.to_string()), Ok("USD".to_owned()));
        assert_eq!("credits".parse(), Ok(Commodity::Credits));
        let usd: Commodity = "USD".parse().unwrap();
        assert_eq!([usd.amount(-5), usd.amount(100_000)], ["-0.05", "1000.00"]);
        assert_eq!(Commodity::Credits.amount(-1_500_000_000), "-1.5");
        assert_eq!("dollars".parse::<Commodity>(), Err(NotInTheChart));
    }
}
