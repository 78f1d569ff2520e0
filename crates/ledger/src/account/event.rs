//! What happened to an account. Wire names and shapes are kept for ever; `schemas/events/` has them as JSON Schema.
//!
//! A lot, a hold, a key, a freeze or a debit is named by the revision of the event that made it. Amounts are
//! exact decimals in strings. No prompt, response, address, name or free text is ever in an event.

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::{Balance, FreezeScope};
use crate::book::{GrantSource, Outcome};
use crate::{BookId, Credits, Line, Money, Timestamp, Token};

/// An amount of one lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LotAmount {
    /// The lot: the revision of the event that made it.
    pub lot: u64,
    /// How much of it.
    pub amount: Credits,
}

/// A lot past its expiry that lives on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Revived {
    /// The lot.
    pub lot: u64,
    /// Its new end.
    pub expires_at: Timestamp,
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $wire:literal { $($(#[$attribute:meta])* $field:ident: $type:ty,)* })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
            pub struct $name { $($(#[$attribute])* pub $field: $type,)* }
        )*

        /// Something that happened to an account.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($(#[$doc])* $name($name),)* }

        $(impl From<$name> for Event {
            fn from(event: $name) -> Self { Self::$name(event) }
        })*

        impl Event {
            /// Every wire name, in the order of this page.
            pub const WIRE_NAMES: &'static [&'static str] = &[$($wire),*];

            /// The type's name on the wire.
            pub const fn wire_name(&self) -> &'static str {
                match self { $(Self::$name(_) => $wire,)* }
            }

            pub(crate) fn write(&self, payload: &mut Vec<u8>) -> serde_json::Result<()> {
                match self { $(Self::$name(event) => serde_json::to_writer(payload, event),)* }
            }

            pub(crate) fn read(wire_name: &str, payload: &str) -> Option<serde_json::Result<Self>> {
                match wire_name {
                    $($wire => Some(serde_json::from_str::<$name>(payload).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// The JSON Schema of every event's payload, by wire name.
            #[cfg(feature = "schema")]
            pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($wire, schemars::schema_for!($name)),)*]
            }
        }
    };
}

events! {
    /// The account exists. Always the first event of its stream.
    AccountOpened = "account_opened" {
        /// The book whose terms it runs under.
        book: BookId,
        /// Who holds it: the service's own opaque id. Several accounts may have one owner (A8).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Token>,
        /// Where the holder is, ISO 3166-1 alpha-2.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        region: Option<CompactString>,
        /// What the holder attested.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attestations: Option<Attestations>,
        /// The version of the terms that the holder accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        terms_version: Option<Token>,
    }
    /// An API key exists: its secret's SHA-256, never the secret.
    KeyIssued = "key_issued" {
        /// SHA-256 of the secret, in hex.
        secret_sha256: SecretHash,
    }
    /// A key has a new secret; the old one is refused from now on (P6, A7).
    KeyRotated = "key_rotated" {
        /// The key.
        key: u64,
        /// SHA-256 of the new secret, in hex.
        secret_sha256: SecretHash,
    }
    /// A key is refused from now on.
    KeyRevoked = "key_revoked" {
        /// The key.
        key: u64,
    }
    /// A payment brought credits: a lot with its order and cost basis.
    ToppedUp = "topped_up" {
        /// The order.
        order_id: Token,
        /// The product of the catalog that was bought (P2).
        product_id: Token,
        /// The version of the catalog that it was bought from.
        catalog: u32,
        /// The payment.
        payment: Payment,
        /// The credits that it brought.
        credits: Credits,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// The lot's place in a burn order by priority.
        priority: u16,
    }
    /// Credits were granted without a payment: a lot without a cost basis.
    Granted = "granted" {
        /// Why.
        source: GrantSource,
        /// The campaign that it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        campaign: Option<Token>,
        /// How many.
        credits: Credits,
        /// When they expire.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
        /// The lot's place in a burn order by priority.
        priority: u16,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    }
    /// Credits are reserved for a call.
    HoldPlaced = "hold_placed" {
        /// The caller's id of the call.
        request_id: Token,
        /// The model, as the caller names it.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        model: CompactString,
        /// Where it is called.
        #[cfg_attr(feature = "schema", schemars(with = "String"))]
        endpoint: CompactString,
        /// The key that the call was made with.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<u64>,
        /// What is reserved: the sum of `lots` and `on_credit`.
        amount: Credits,
        /// What of which lots.
        lots: Vec<LotAmount>,
        /// The part that leans on the credit line.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        on_credit: Credits,
        /// When it frees itself.
        expires_at: Timestamp,
        /// The version of the catalog that the call will be rated by.
        catalog: u32,
        /// The version of the policy that it will be settled by.
        policy: u32,
        /// The balance with this hold in place: what the caller was told, and what a replay is checked against.
        after: Balance,
    }
    /// A hold reserves more, or for longer.
    HoldExtended = "hold_extended" {
        /// The hold.
        hold: u64,
        /// What it reserves from now on, in all.
        amount: Credits,
        /// What was added, of which lots.
        lots: Vec<LotAmount>,
        /// What was added on the credit line.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        on_credit: Credits,
        /// When it frees itself.
        expires_at: Timestamp,
    }
    /// A call that had a hold is charged; what the hold reserved beyond that is released.
    HoldCaptured = "hold_captured" {
        /// The hold.
        hold: u64,
        /// The hold had expired: what it reserved was free already.
        #[serde(default, skip_serializing_if = "is_false")]
        late: bool,
        /// What was charged and how it was paid.
        charge: Charged,
        /// What the hold had reserved and was not charged.
        released: Credits,
    }
    /// A hold is given up and what it reserved is released.
    HoldVoided = "hold_voided" {
        /// The hold.
        hold: u64,
        /// How the call ended.
        outcome: Outcome,
        /// What it had reserved.
        released: Credits,
    }
    /// A hold reached its end unsettled and what it reserved is released.
    HoldExpired = "hold_expired" {
        /// The hold.
        hold: u64,
        /// What it had reserved.
        released: Credits,
        /// The end that it reached; the event takes effect then.
        expired_at: Timestamp,
    }
    /// A call is charged in one step.
    Debited = "debited" {
        /// What was charged and how it was paid.
        charge: Charged,
    }
    /// What a call was charged returns, to the debt and the lots that had paid it.
    UsageRefunded = "usage_refunded" {
        /// The debit.
        debit: u64,
        /// Why: an outcome or a reason code.
        reason: Token,
        /// What returns: the sum of `debt`, `lots` and `repaid`.
        credits: Credits,
        /// What of it reduces the debt.
        #[serde(default, skip_serializing_if = "Credits::is_zero")]
        debt: Credits,
        /// What of it goes back to the lots that the call was charged to.
        lots: Vec<LotAmount>,
        /// What of it goes back to lots that had repaid the debt which the call was charged to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        repaid: Vec<LotAmount>,
        /// Lots past their expiry that live on for what has returned to them, and until when.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        revived: Vec<Revived>,
    }
    /// A lot's free credits reached their end.
    LotExpired = "lot_expired" {
        /// The lot.
        lot: u64,
        /// What was free of it.
        amount: Credits,
        /// The end that was reached; the event takes effect then.
        expired_at: Timestamp,
    }
    /// A lot's free credits are forfeited.
    LotForfeited = "lot_forfeited" {
        /// The lot.
        lot: u64,
        /// What was free of it.
        amount: Credits,
        /// A reason code.
        reason: Token,
    }
    /// New credits first repay the debt.
    DebtRepaid = "debt_repaid" {
        /// What of which lots.
        lots: Vec<LotAmount>,
    }
    /// The account, an amount, some lots or a key may not be used for now.
    Frozen = "frozen" {
        /// How far it reaches.
        scope: FreezeScope,
        /// A reason code.
        reason: Token,
    }
    /// A freeze is lifted.
    Thawed = "thawed" {
        /// The freeze.
        freeze: u64,
        /// A reason code.
        reason: Token,
    }
    /// The account may owe up to so much.
    CreditLineSet = "credit_line_set" {
        /// The limit; zero for none.
        limit: Credits,
    }
    /// The account takes no more calls and no more credits.
    AccountClosed = "account_closed" {
        /// `holder` or `operator`.
        by: ClosedBy,
        /// A reason code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Token>,
    }
}

/// What a call was charged, by which rates, and what paid for it: `charged = lots + debt + absorbed`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Charged {
    /// The caller's id of the call.
    pub request_id: Token,
    /// The model, as the caller names it.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub model: CompactString,
    /// Where it was called.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub endpoint: CompactString,
    /// The key that it was called with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the provider called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<ProviderAnswer>,
    /// What was used, unit by unit, at which rate; empty if the caller gave an amount.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Line>,
    /// The charge: the lines' total rounded once, or zero if the outcome is not charged.
    pub charged: Credits,
    /// What of it was taken from which lots.
    pub lots: Vec<LotAmount>,
    /// What of it is now owed.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub debt: Credits,
    /// What of it the operator carries.
    #[serde(default, skip_serializing_if = "Credits::is_zero")]
    pub absorbed: Credits,
    /// The version of the catalog that rated it.
    pub catalog: u32,
    /// The version of the policy that settled it.
    pub policy: u32,
}

/// What the provider said of a call: an id and a status, never a body (P3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProviderAnswer {
    /// The provider's id of the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Token>,
    /// The provider's status, as a code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Token>,
}

/// A payment: what was paid for the credits, and what came on top of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Payment {
    /// The payment provider.
    pub provider: Token,
    /// The provider's id of the payment; used once for ever.
    pub payment_id: Token,
    /// How it was paid, as a code.
    pub method: Token,
    /// The price of the credits: their cost basis.
    pub amount: Money,
    /// Tax on top of it, in the same currency; it does not turn into credits (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax: Option<Money>,
    /// Fees on top of it, in the same currency; they do not turn into credits (P9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Money>,
}

/// What a holder attested when opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attestations {
    /// Years of age that the holder has at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_at_least: Option<u8>,
    /// What was given is accurate.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accurate_information: bool,
    /// The holder is under no sanctions.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_sanctioned: bool,
}

/// Who closed an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// Its holder.
    Holder,
    /// The service.
    Operator,
}

/// SHA-256 of a key's secret; hex on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of a secret.
    pub fn of(secret: &str) -> Self {
        use sha2::{Digest, Sha256};
        Self(Sha256::digest(secret.as_bytes()).into())
    }
}

impl std::str::FromStr for SecretHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a hash is 64 hex digits";
        let mut hash = [0u8; 32];
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(WRONG);
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| WRONG)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(hash))
    }
}

impl std::fmt::Display for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for SecretHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SecretHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(crate::credits::FromText(std::marker::PhantomData))
    }
}

impl Event {
    /// When it took effect, if that is not when it was recorded: an expiry takes effect at the end it names.
    pub const fn effective_at(&self) -> Option<Timestamp> {
        match self {
            Self::HoldExpired(event) => Some(event.expired_at),
            Self::LotExpired(event) => Some(event.expired_at),
            Self::AccountOpened(_)
            | Self::KeyIssued(_)
            | Self::KeyRotated(_)
            | Self::KeyRevoked(_)
            | Self::ToppedUp(_)
            | Self::Granted(_)
            | Self::HoldPlaced(_)
            | Self::HoldExtended(_)
            | Self::HoldCaptured(_)
            | Self::HoldVoided(_)
            | Self::Debited(_)
            | Self::UsageRefunded(_)
            | Self::LotForfeited(_)
            | Self::DebtRepaid(_)
            | Self::Frozen(_)
            | Self::Thawed(_)
            | Self::CreditLineSet(_)
            | Self::AccountClosed(_) => None,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}
